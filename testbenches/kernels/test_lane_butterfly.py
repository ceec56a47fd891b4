"""lane_butterfly: sums and differences of docs/fft.md 2, of pairs that come at once."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.kernels.bits import constant
from kolam.kernels.lane_butterfly import lane_butterfly
from kolam.testbenches.equivalence import bit, replay, run_model, word

PARTS = ("f_re", "f_im", "x_re", "x_im")
RESULTS = ("sum_re", "sum_im", "rest_re", "rest_im")


def signed(code, width):
    return code - (code >> width - 1 << width)


# ---------------------------------------------------------------------- the page


def half_sum(a, b):
    return a // 2 - (-b // 2)  # floor(a / 2) + ceil(b / 2)


def half_difference(a, b):
    return a // 2 - b // 2


def results(f_re, f_im, x_re, x_im, turns, halves):
    """Return what a stage gives: re and im for k = 0, then for k = 1."""
    if not halves:  # exactly f + x and f - x; -j x is x_im - j x_re
        c, d = (x_im, -x_re) if turns else (x_re, x_im)
        return f_re + c, f_im + d, f_re - c, f_im - d
    p, d = half_sum, half_difference
    if turns:
        return p(f_re, x_im), d(f_im, x_re), d(f_re, x_im), p(f_im, x_re)
    return p(f_re, x_re), p(f_im, x_im), d(f_re, x_re), d(f_im, x_im)


# ---------------------------------------------------------------------- the kernel


@module
def same_turn(
    clk, ce, f_re, f_im, x_re, x_im, sum_re, sum_im, rest_re, rest_im, *, turns, halves
):  # fmt: skip
    """A butterfly that turns all or none, as the lanes of an engine do."""
    compute = lane_butterfly(  # noqa: F841
        clk, ce, constant(turns), f_re, f_im, x_re, x_im, sum_re, sum_im, rest_re, rest_im,
        halves=halves,
    )  # fmt: skip
    return instances()


def pairs_record(name, width, pairs, halves, enabled=1.0, always=None):
    """Feed pairs (f_re, f_im, x_re, x_im, turns), compare every result, and return the record.

    enabled: the probability of an enabled clock. Where it is not, garbage is shown. always: what
    `turns` is, if it is a constant.
    """
    size = width + (not halves)
    mask = (1 << width) - 1
    random = Random(name)
    rows = []
    for *parts, turns in pairs:
        while random.random() >= enabled:
            rows.append({"ce": 0, "turns": random.getrandbits(1)}
                        | {n: random.getrandbits(width) for n in PARTS})  # fmt: skip
        rows.append(
            {"ce": 1, "turns": turns} | {n: v & mask for n, v in zip(PARTS, parts, strict=True)}
        )
    rows.append(rows[0] | {"ce": 0})  # to see the last result
    inputs = ("ce", *PARTS) if always is not None else ("ce", "turns", *PARTS)
    ports = {n: bit() for n in ("clk", "ce", "turns")} | {n: word(width) for n in PARTS}
    ports |= {n: word(size) for n in RESULTS}
    if always is not None:
        ports["turns"] = always
    record = run_model(
        lane_butterfly if always is None else same_turn, {**ports, "halves": halves}, name=name,
        clocks=len(rows), vectors=[{n: row[n] for n in row if n in inputs} for row in rows],
        warm_up=64,
    )  # fmt: skip
    held = None  # in clocks that are not enabled, too
    for n, (row, (_, got)) in enumerate(zip(rows, record.rows, strict=True)):
        if held is not None:
            assert tuple(signed(word, size) for word in got) == held, (name, n)
        if row["ce"]:
            parts = [signed(row[part], width) for part in PARTS]
            held = results(*parts, row["turns"], halves)
    return record


@pytest.mark.parametrize("halves", [False, True])
def test_pairs_of_3_bits_all(tmp_path: Path, halves: bool) -> None:
    """Every pair of parts meets in re, in im and across, turned and not; a half needs 3 bits."""
    records = []
    for width in (3, 4) if halves else (2, 3, 4):
        values = range(-(1 << width - 1), 1 << width - 1)
        every = list(product(values, repeat=2))
        other = Random(width).sample(every, len(every))
        # f_re with x_re and f_im with x_im; then, turned, f_re with x_im and f_im with x_re
        pairs = [(a, c, b, d, 0) for (a, b), (c, d) in zip(every, other, strict=True)]
        pairs += [(a, c, d, b, 1) for (a, b), (c, d) in zip(every, other, strict=True)]
        records.append(pairs_record(f"all{width}", width, pairs, halves))
    few = range(-4, 4, 1 + halves)  # and all four parts, or every other value of them
    some = [p for p in product(few, few, few, few, (0, 1)) if sum(p) % 3 == 0]
    records.append(pairs_record("four", 3, some, halves))
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("halves", [False, True])
def test_ends_of_wide_parts(tmp_path: Path, halves: bool) -> None:
    """The most negative with itself and with the most positive: no bit is missing, none wraps."""
    ends = (-(1 << 23), (1 << 23) - 1, -1, 0)
    pairs = list(product(ends, ends, ends, ends, (0, 1)))
    assert replay([pairs_record("ends", 24, pairs, halves)], tmp_path) == []


@pytest.mark.parametrize("halves", [False, True])
def test_random_pairs(tmp_path: Path, halves: bool) -> None:
    records = []
    for width, enabled in ((17, 0.9), (18, 0.3), (40, 0.6)):
        random, least = Random(width), -(1 << width - 1)
        pairs = [
            (*(random.randint(least, -1 - least) for _ in PARTS), random.getrandbits(1))
            for _ in range(150)
        ]
        records.append(pairs_record(f"drawn{width}", width, pairs, halves, enabled))
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("halves", [False, True])
def test_turns_that_are_constant(tmp_path: Path, halves: bool) -> None:
    ends = (-8, 7, -1, 2)
    records = []
    for turns in (0, 1):
        pairs = [(*parts, turns) for parts in product(ends, ends, ends, ends)][::2]
        records.append(pairs_record(f"same{turns}", 4, pairs, halves, always=turns))
    assert replay(records, tmp_path) == []
