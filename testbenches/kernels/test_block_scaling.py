"""block_scaling: the levels of words, the scaled butterfly and the last narrowing, to the page."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from kolam.hdl import Rounding
from kolam.kernels.block_scaling import block_narrow, block_watch, part_level, scaled_butterfly
from kolam.reference import fixed
from kolam.testbenches.equivalence import bit, replay, run_model, word


def signed(code, width):
    return code - (code >> width - 1 << width)


def test_levels_are_quarters_and_halves_of_the_range(tmp_path: Path) -> None:
    size = 6
    record = run_model(
        part_level, {"value": word(size), "wide": bit(), "wider": bit()}, name="level",
        clocks=1 << size, drive={"value": list(range(1 << size))},
    )  # fmt: skip
    for (code,), (wide, wider) in record.rows:
        value = signed(code, size)
        assert wide == (not -8 <= value <= 7)
        assert wider == (not -16 <= value <= 15)
    assert replay([record], tmp_path) == []


@pytest.mark.parametrize("halves", [0, 1])
def test_the_butterfly_adds_or_halves(tmp_path: Path, halves: int) -> None:
    """All pairs of parts that stay within the word: 4 bits, of which 3 are used if not halved."""
    size, bound = 4, 8 if halves else 4
    pairs = [(f, x) for f in range(-bound, bound) for x in range(-bound, bound)]
    drive = {
        "halves": [halves] * len(pairs),
        **{f"f_{part}": [f % 16 for f, _ in pairs] for part in ("re", "im")},
        **{f"x_{part}": [x % 16 for _, x in pairs[:: 1 if part == "re" else -1]]
           for part in ("re", "im")},
    }  # fmt: skip
    ports = ("f_re", "f_im", "x_re", "x_im", "sum_re", "sum_im", "rest_re", "rest_im")
    record = run_model(
        scaled_butterfly,
        {"clk": bit(), "halves": bit(), **{name: word(size) for name in ports}},
        name=f"butterfly{halves}", clocks=len(pairs), drive=drive,
    )  # fmt: skip
    for (given, _), (_, got) in zip(record.rows, record.rows[1:], strict=False):
        f_re, f_im, x_re, x_im = (signed(v, size) for v in given[1:])
        for f, x, total, rest in ((f_re, x_re, got[0], got[2]), (f_im, x_im, got[1], got[3])):
            if halves:
                assert signed(total, size) == f // 2 - (-x // 2)  # floor and ceiling
                assert signed(rest, size) == f // 2 - x // 2
            else:
                assert (signed(total, size), signed(rest, size)) == (f + x, f - x)
    assert replay([record], tmp_path) == []


@pytest.mark.parametrize("rounding", Rounding)
def test_every_word_is_narrowed_by_what_it_must(tmp_path: Path, rounding: Rounding) -> None:
    size, width = 6, 4
    cases = [
        (value % 64, drop)
        for drop in (0, 1, 2)
        for value in range(-(1 << width - 1 + drop), 1 << width - 1 + drop)
    ]
    record = run_model(
        block_narrow,
        {"v": word(size), "drop": word(2), "code": word(width), "over": bit(),
         "rounding_even": rounding is Rounding.HALF_EVEN,
         "rounds": rounding is not Rounding.TRUNCATE},
        name="narrow", clocks=len(cases),
        drive={"v": [v for v, _ in cases], "drop": [d for _, d in cases]},
    )  # fmt: skip
    limited = 0
    for (v, drop), (code, over) in record.rows:
        codes, saturated = fixed.narrow(
            np.array([signed(v, size)], object), drop, (True, width - 1, 0), rounding.value,
            "saturate",
        )  # fmt: skip
        assert (code, over) == (int(codes[0]) % 16, bool(saturated[0])), (v, drop)
        limited += over
    assert (limited > 0) == (rounding is not Rounding.TRUNCATE)
    assert replay([record], tmp_path) == []


def test_passes_are_scaled_by_what_was_written(tmp_path: Path) -> None:
    """Frames of three passes of some words each, a level picked for each pass."""
    random, size, words = Random(1), 6, 3
    names = ("values", "seen", "begins", "starts", "written")
    rows = {name: [] for name in ("rst", *names)}
    halving, ends, now = {}, {}, 0

    def clock(**given):
        for name, column in rows.items():
            column.append(given.get(name, 0))

    clock(rst=1)
    for _ in range(60):
        total, level = 0, 0
        for stage in range(3):
            halving[len(rows["rst"])] = level > 0 and stage > 0
            total += level > 0 and stage > 0
            level = random.choice((0, 1, 2))
            at = random.randrange(words)
            for k in range(words):
                top = (7, random.choice((8, -9, 15, -16)), random.choice((16, -17, 31, -32)))
                low = random.choice((7, -8, 0, -1)) % 64
                high = top[level] % 64 if k == at else low
                pair = [low, high] if random.random() < 0.5 else [high, low]
                clock(values=pair[0] | pair[1] << size, seen=1,
                      written=stage == 2 and k == words - 1)  # fmt: skip
                for _ in range(random.choice((0, 0, 1))):
                    clock(values=0b100000)  # not written, so it does not count
            clock()
            if stage == 2:
                ends[len(rows["rst"])] = (level, total + level)
            clock(begins=1, starts=stage == 2)
    clocks = len(rows["rst"])
    record = run_model(
        block_watch,
        {"clk": bit(), "rst": bit(), "values": word(2 * size),
         **{name: bit() for name in names[1:]},
         "halves": bit(), "drop": word(2), "exponent": word(8), "size": size},
        name="watch", clocks=clocks, drive=rows,
    )  # fmt: skip
    for n, (_, (halves, drop, exponent)) in enumerate(record.rows):
        now = halving.get(n, now)
        assert halves == now, n
        if n in ends:
            assert (drop, exponent) == ends[n], n
    assert {level for level, _ in ends.values()} == {0, 1, 2}
    assert replay([record], tmp_path) == []
