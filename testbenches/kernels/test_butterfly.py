"""butterfly: sums and differences of docs/fft.md 2, of pairs fed as a stage feeds them.

The line is of one sample: what is stored in a clock is read in the next one. What travels through
it is the butterfly's own business, so only results are compared with the page.
"""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.kernels.bits import word as wire
from kolam.kernels.butterfly import butterfly
from kolam.testbenches.equivalence import bit, replay, run_model, word


@module
def fed(clk, ce, adds, adds_next, turns, x_re, x_im, y_re, y_im, *, halves):
    """A butterfly that reads in a clock what it stored in the one before."""
    line_re, line_im = wire(len(y_re)), wire(len(y_im))
    compute = butterfly(  # noqa: F841
        clk, ce, adds, adds_next, turns, x_re, x_im, line_re, line_im, y_re, y_im,
        line_re, line_im, halves=halves,
    )  # fmt: skip
    return instances()


# ---------------------------------------------------------------------- the page


def half_sum(a, b):
    return a // 2 - (-b // 2)  # floor(a / 2) + ceil(b / 2)


def half_difference(a, b):
    return a // 2 - b // 2


def results(f, x, turns, halves):
    """Return what a stage gives for k = 0 and for k = 1, of f and x (re, im), by the page."""
    if not halves:  # exactly f + x and f - x
        c, d = (x[1], -x[0]) if turns else x
        return (f[0] + c, f[1] + d), (f[0] - c, f[1] - d)
    if turns:
        return (
            (half_sum(f[0], x[1]), half_difference(f[1], x[0])),
            (half_difference(f[0], x[1]), half_sum(f[1], x[0])),
        )
    return (
        (half_sum(f[0], x[0]), half_sum(f[1], x[1])),
        (half_difference(f[0], x[0]), half_difference(f[1], x[1])),
    )


# ---------------------------------------------------------------------- the kernel


def pairs_record(name, width, pairs, halves, enabled):
    """Feed pairs (f, x, turns) back to back, compare every result, and return the record.

    enabled: the probability of an enabled clock. Where it is not, garbage is shown.
    """
    size = width + (not halves)
    mask = (1 << width) - 1
    random = Random(f"{name} {width}")
    draw = random.getrandbits
    ports = {n: bit() for n in ("clk", "ce", "adds", "adds_next", "turns")}
    ports |= {n: word(width) for n in ("x_re", "x_im")} | {n: word(size) for n in ("y_re", "y_im")}
    samples = [(f, draw(1), 0) for f, _, _ in pairs]  # turns means nothing while f comes
    fed_in = [s for k, (_, x, turns) in enumerate(pairs) for s in (samples[k], (x, turns, 1))]
    rows = [dict.fromkeys(list(ports)[1:-2], 0)]
    for (re, im), turns, adds in fed_in:
        while random.random() >= enabled:
            rows.append({n: draw(max(1, len(ports[n]))) for n in rows[0]} | {"ce": 0})
        rows.append(
            {"ce": 1, "x_re": re & mask, "x_im": im & mask, "turns": turns, "adds": adds,
             "adds_next": not adds}
        )  # fmt: skip
    # the last difference leaves with two clocks more, of another pair that has begun
    rows += [rows[-2] | {"ce": 1, "adds": 0, "adds_next": 0}] * 2
    record = run_model(
        fed, {**ports, "halves": halves}, name=name, clocks=len(rows), vectors=rows, warm_up=64
    )
    want = [y for f, x, turns in pairs for y in results(f, x, turns, halves)]
    # y of the first f is not a result, and each enabled clock shows that of the one before
    enable = list(record.inputs).index("ce")
    shown = [got for given, got in record.rows if given[enable]][-len(want) :]
    words = [tuple(w - (w >> size - 1 << size) for w in row) for row in shown]
    for pair, (got, wanted) in enumerate(zip(words, want, strict=True)):
        assert got == wanted, (name, pairs[pair // 2], pair % 2)
    return record


def corner_pairs(width):
    """Return every combination of the ends of both samples' parts, turned and not."""
    ends = (-(1 << width - 1), (1 << width - 1) - 1, -1, 0)
    return [
        ((a, b), (c, d), turns) for a, b, c, d in product(ends, repeat=4) for turns in (False, True)
    ]


def random_pairs(width, count, seed):
    random = Random(f"{seed} {width}")
    low, high = -(1 << width - 1), (1 << width - 1) - 1

    def sample():
        return random.randint(low, high), random.randint(low, high)

    return [(sample(), sample(), random.random() < 0.5) for _ in range(count)]


@pytest.mark.parametrize("halves", [False, True])
def test_pairs_of_small_parts_all(tmp_path: Path, halves: bool) -> None:
    """Every pair of parts meets, in re, in im and across."""
    records = []
    for width in (3, 4) if halves else (2, 3, 4):  # a half of a bit is none
        values = range(-(1 << width - 1), 1 << width - 1)
        every = list(product(values, repeat=2))
        other = Random(width).sample(every, len(every))
        # f_re with x_re and f_im with x_im; then, turned, f_re with x_im and f_im with x_re
        pairs = [((a, c), (b, d), False) for (a, b), (c, d) in zip(every, other, strict=True)]
        pairs += [((a, c), (d, b), True) for (a, b), (c, d) in zip(every, other, strict=True)]
        records.append(pairs_record(f"all{width}", width, pairs, halves, enabled=1.0))
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("halves", [False, True])
def test_ends_of_wide_parts(tmp_path: Path, halves: bool) -> None:
    """The most negative with itself and with the most positive: no bit is missing, none wraps."""
    record = pairs_record("ends", 24, corner_pairs(24), halves, enabled=1.0)
    assert replay([record], tmp_path) == []


@pytest.mark.parametrize("halves", [False, True])
def test_random_pairs(tmp_path: Path, halves: bool) -> None:
    records = [
        pairs_record(f"drawn{width}", width, random_pairs(width, 120, 7), halves, enabled)
        for width, enabled in ((17, 0.9), (18, 0.3), (40, 0.6))
    ]
    assert replay(records, tmp_path) == []


def test_halves_have_no_mean_error() -> None:
    """A check of the page's own equations, as they are written above."""
    values = range(-8, 8)
    for exact, rounded in ((1, half_sum), (-1, half_difference)):
        errors = [2 * rounded(a, b) - (a + exact * b) for a, b in product(values, values)]
        assert sum(errors) == 0
        assert set(errors) == {-1, 0, 1}
