"""round_saturate: every word of small widths against the fixed-point reference, then wide ones.

The reference narrows and an activation follows; a word that saturates counts, unless it is
negative before an activation that an unsigned format follows: there the activation clips.
"""

from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from myhdl import Signal, StopSimulation, delay, intbv

from kolam.hdl import Format, Overflow, Rounding
from kolam.kernels.round_saturate import Activation, narrowing, round_saturate_latency
from kolam.reference import fixed
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, forgotten_signals, replay, run_model, simulate


def word(width):
    return equivalence.word(width) if width > 1 else bit()


@dataclass(frozen=True)
class Case:
    """One narrowing."""

    drop: int
    rounding: Rounding
    overflow: Overflow
    activation: Activation
    fmt: Format

    def place(self):
        """Return the module and its constants."""
        values = asdict(self)
        fmt = values.pop("fmt")
        return narrowing(**values, signed=fmt["signed"], fraction=fmt["fraction"])

    @property
    def latency(self):
        return round_saturate_latency(self.drop, self.overflow)

    def expected(self, words, size):
        """Return (code, saturated) for two's complement words of `size` bits."""
        values = np.array([w - (w >> size - 1 << size) for w in words], object)
        plain = (self.fmt.signed, self.fmt.integer, self.fmt.fraction)
        codes, saturated = fixed.narrow(
            values, self.fmt.fraction + self.drop, plain, self.rounding.value, self.overflow.value
        )
        codes = codes.astype(object)
        if self.activation is not Activation.NONE:
            codes = np.where(codes < 0, 0, codes)
            if not self.fmt.signed:
                saturated = saturated & (values > 0)
        if self.activation is Activation.CLIPPED_RELU:
            codes = np.minimum(codes, min(2**self.fmt.fraction, self.fmt.maximum))
        return [
            (int(c) % (1 << self.fmt.width), bool(s)) for c, s in zip(codes, saturated, strict=True)
        ]


def cases(size, formats, drops):
    """Return every narrowing from `size` bits to these formats.

    Fractions matter only where 1.0 is a limit; what truncates has nothing to drop unless it wraps.
    """
    found = []
    for fmt, drop in product(formats, drops):
        for rounding, overflow, activation in product(Rounding, Overflow, Activation):
            clipped = activation is Activation.CLIPPED_RELU
            cut = drop and (rounding, overflow) == (Rounding.TRUNCATE, Overflow.SATURATE)
            if size > fmt.width + drop and (clipped or not fmt.fraction) and not cut:
                found.append(Case(drop, rounding, overflow, activation, fmt))
    return found


def formats(widths):
    """Return formats of these widths, the 1.0 from the lowest code to beyond the largest."""
    return [
        Format(signed, width - signed - fraction, fraction)
        for signed, width in product((False, True), widths)
        for fraction in range(width + 2)
        if width > signed
    ]


@pytest.mark.parametrize(
    ("size", "widths", "drops"),
    [(3, [1, 2], [0, 1]), (5, [1, 2, 3, 4], [0, 1, 2, 3]), (7, [2], [0, 1, 4])],
)
def test_every_word(size, widths, drops):
    """All narrowings side by side in one simulation."""
    clk, given = bit(), Signal(intbv(0)[size:])
    todo = cases(size, formats(widths), drops)
    seen = [[] for _ in todo]
    with forgotten_signals():
        codes, flags = [word(case.fmt.width) for case in todo], [bit() for _ in todo]
        placed = []
        for case, code, flag in zip(todo, codes, flags, strict=True):
            hardware, constants = case.place()
            placed.append(hardware(clk, given, code, flag, **constants))

        def bench():
            for value in [*range(1 << size), 0, 0]:
                given.next = value
                yield delay(1)
                for rows, code, flag in zip(seen, codes, flags, strict=True):
                    rows.append((int(code), bool(flag)))
                clk.next = True
                yield delay(1)
                clk.next = False
                yield delay(1)
            raise StopSimulation

        simulate(placed, bench())
    count = 1 << size
    for case, rows in zip(todo, seen, strict=True):
        assert rows[case.latency : case.latency + count] == case.expected(range(count), size), case
    assert len(todo) > 60


def record(name, case, size, words):
    """Run one narrowing on words of `size` bits, and compare it with the reference."""
    hardware, constants = case.place()
    ports = {"clk": bit(), "word": word(size), "code": word(case.fmt.width), "saturated": bit()}
    made = run_model(
        hardware, {**ports, **constants}, name=name, clocks=len(words) + 2,
        drive={"word": lambda clock, _: words[clock % len(words)]},
    )  # fmt: skip
    got = [(code, bool(saturated)) for _, (code, saturated) in made.rows[case.latency :]]
    assert got[: len(words)] == case.expected(words, size)[: len(got)], case
    return made


def test_the_verilog_of_every_branch(tmp_path: Path) -> None:
    """Every word again, where no bit, one and two are dropped."""
    plain, with_one = (
        [Format(signed, 3 - signed - k, k) for signed in (True, False)] for k in (0, 1)
    )
    todo = [
        *(c for c in cases(6, plain, (0, 1, 2)) if c.activation is not Activation.CLIPPED_RELU),
        *(c for c in cases(6, with_one, (0, 1, 2))),
    ]
    records = [record(f"branch{n}", case, 6, range(64)) for n, case in enumerate(todo)]
    assert replay(records, tmp_path) == []
    assert len(records) == 2 * (18 + 15 + 15)


def test_wide_words(tmp_path: Path) -> None:
    random, records = Random(0), []
    wide = [
        (40, 12, Format(True, 1, 14)), (40, 1, Format(False, 0, 16)), (33, 0, Format(True, 3, 4)),
        (70, 5, Format(True, 31, 32)), (37, 34, Format(True, -7, 8)), (67, 2, Format(False, 0, 64)),
        (50, 1, Format(True, 0, 7)), (66, 33, Format(True, 0, 31)),
    ]  # fmt: skip
    for size, drop, fmt in wide:
        corners = [code for k in range(size) for code in (1 << k, (1 << k) - 1, -1 << k)]
        half = 1 << drop >> 1
        edges = [k << drop for k in (fmt.minimum, fmt.maximum, 0, 1 << fmt.fraction)]
        around = (-3 * half, -half - 1, -half, -1, 0, 1, half - 1, half, half + 1, 3 * half)
        corners += [edge + k for edge in edges for k in around]
        words = [k % (1 << size) for k in corners] + [random.getrandbits(size) for _ in range(60)]
        kinds = list(product((Rounding.HALF_UP, Rounding.HALF_EVEN), Overflow, Activation))
        for kind in random.sample(kinds, 4):
            records.append(record(f"wide{len(records)}", Case(drop, *kind, fmt), size, words))
    assert replay(records, tmp_path) == []


def test_bits_to_truncate_are_not_handed_on() -> None:
    """They would be rounded."""
    case = Case(2, Rounding.TRUNCATE, Overflow.SATURATE, Activation.NONE, Format(True, 1, 1))
    with pytest.raises(ValueError, match="drop must be 0 where TRUNCATE saturates, not 2"):
        case.place()
