"""commutator: pairs that come clocks apart leave together, by docs/fft.md 5."""

from pathlib import Path
from random import Random

from kolam.kernels.commutator import commutator, opposite
from kolam.testbenches.equivalence import bit, replay, run_model, word

LATENCY = 2


def commutator_record(width, breaks):
    """Send groups of four clocks, p: a a b b and q: c c d d; r gives a a c c, and s b b d d.

    breaks: clocks of garbage between groups, that begin like the next group, straight.
    """
    random = Random(f"{width} {breaks}")
    rows, wanted = [], {}

    def clock(swaps, p, q):
        rows.append({"swaps": swaps, "p": p, "q": q})

    for _ in range(40):
        a, b, c, d = ([random.getrandbits(width) for _ in range(2)] for _ in range(4))
        start = len(rows) + LATENCY
        for k in range(2):
            wanted[start + k], wanted[start + 2 + k] = (a[k], b[k]), (c[k], d[k])
            clock(0, a[k], c[k])
        for k in range(2):
            clock(1, b[k], d[k])
        for k in range(random.choice(breaks)):
            clock(k // 2 % 2, random.getrandbits(width), random.getrandbits(width))
    for _ in range(LATENCY):
        clock(0, 0, 0)
    record = run_model(
        commutator,
        {"clk": bit(), "swaps": bit(), **{n: word(width) for n in "pqrs"}, "clocks": LATENCY},
        name=f"commutator{width}x{len(breaks)}", clocks=len(rows), vectors=rows,
    )  # fmt: skip
    assert {n: tuple(got) for n, (_, got) in enumerate(record.rows) if n in wanted} == wanted
    return record


def test_pairs_meet(tmp_path: Path) -> None:
    """Back to back, and with any number of clocks between, which go on counting."""
    records = [commutator_record(width, breaks) for width in (2, 36) for breaks in ([0], range(8))]
    assert replay(records, tmp_path) == []


def test_opposite(tmp_path: Path) -> None:
    record = run_model(opposite, {"x": bit(), "y": bit()}, name="opposite", clocks=20)
    assert all(y == 1 - x for (x,), (y,) in record.rows)
    assert replay([record], tmp_path) == []
