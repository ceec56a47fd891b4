"""prepared_butterfly: results of a butterfly, which has its own test, of samples a clock early."""

from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.kernels.bits import word as wire
from kolam.kernels.butterfly import butterfly
from kolam.kernels.prepared_butterfly import LATENCY, prepared_butterfly
from kolam.testbenches.equivalence import bit, replay, run_model, word


@module
def both(clk, ce, adds_next, turns, x_re, x_im, y_re, y_im, z_re, z_im, *, halves):
    """A prepared butterfly, to y, and a plain one whose sample waits, to z; lines of a clock."""
    line_re, line_im, other_re, other_im = (wire(len(y_re)) for _ in range(4))
    adds, turned, held_re, held_im = wire(1), wire(1), wire(len(x_re)), wire(len(x_im))
    prepared = prepared_butterfly(  # noqa: F841
        clk, ce, adds_next, turns, x_re, x_im, line_re, line_im, y_re, y_im, line_re, line_im,
        halves=halves,
    )  # fmt: skip
    hold_adds = shift_line(clk, ce, adds_next, adds, clocks=LATENCY)  # noqa: F841
    hold_turns = shift_line(clk, ce, turns, turned, clocks=LATENCY)  # noqa: F841
    hold_re = shift_line(clk, ce, x_re, held_re, clocks=LATENCY)  # noqa: F841
    hold_im = shift_line(clk, ce, x_im, held_im, clocks=LATENCY)  # noqa: F841
    plain = butterfly(  # noqa: F841
        clk, ce, adds, adds_next, turned, held_re, held_im, other_re, other_im, z_re, z_im,
        other_re, other_im, halves=halves,
    )  # fmt: skip
    return instances()


@pytest.mark.parametrize("halves", [False, True])
def test_it_gives_the_results_of_a_butterfly(tmp_path: Path, halves: bool) -> None:
    """Of ends and of random parts, turned and not, with pauses; adds in turn, and in any order."""
    records = []
    for width, in_turn in ((3, True), (4, False), (18, True), (33, False)):
        random = Random(f"{width} {halves}")
        ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
        rows = []
        for n in range(600):
            parts = [random.choice((random.getrandbits(width), *ends)) for _ in "ri"]
            rows.append(
                {"ce": int(n < 8 or random.random() < 0.8), "turns": random.getrandbits(1),
                 "adds_next": n % 2 if in_turn else random.getrandbits(1),
                 "x_re": parts[0], "x_im": parts[1]}
            )  # fmt: skip
        size = width + (not halves)
        ports = {n: bit() for n in ("clk", "ce", "adds_next", "turns")}
        ports |= {n: word(width) for n in ("x_re", "x_im")}
        ports |= {n: word(size) for n in ("y_re", "y_im", "z_re", "z_im")}
        record = run_model(
            both, {**ports, "halves": halves}, name=f"both{width}", clocks=len(rows), vectors=rows,
        )  # fmt: skip
        shown = [got for _, got in record.rows[8:]]
        assert [got[:2] for got in shown] == [got[2:] for got in shown]
        assert len({tuple(got) for got in shown}) > min(60, 1 << size)
        records.append(record)
    assert replay(records, tmp_path) == []
