"""word_stage: words `clocks` apart are paired as docs/fft.md 2 says, whenever frames begin.

The stage stands behind the line_address that makes its `at` and `wash`. Time is counted in enabled
clocks.
"""

from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.hdl.target import Target
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.pipeline_entry import line_address
from kolam.kernels.word_stage import LATENCY, TURN, line_width, word_stage
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import check_words, schedule, watch


@module
def washed_words(
    clk, rst, ce, valid_next, x, turns, y_soon, y_next, y, difference, y_valid, washed, *,
    turn, clocks, halves, ring, target,
):  # fmt: skip
    """A stage and what washes it; turn: clocks in which `at` goes round."""
    at, wash = wire(bits(turn)), wire(1)
    address = line_address(clk, rst, ce, at, wash)  # noqa: F841
    stage = word_stage(  # noqa: F841
        clk, ce, wash, at if ring else None, valid_next, x, turns, y_soon, y_next, y, difference,
        clocks=clocks, halves=halves, ring=ring, target=target,
    )  # fmt: skip
    seen = watch(clk, ce, wash, y_next, y_valid, washed)  # noqa: F841
    return instances()


def stage_record(
    name, width, clocks, *, turns=False, halves=True, ring=False, target=Target.GENERIC, turn=None,
    gap=0.5, enabled=0.7, blocks=6,
):  # fmt: skip
    """Run a stage, compare what it gave with the page, and return the record."""
    random = Random(name)
    size, turn = width + (not halves), turn or 2 * clocks
    turn = max(turn, 8)  # flags in the stage have left by then
    ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
    rows = schedule(random, turn, 2 * clocks, blocks, gap, enabled)
    for row in rows:
        row["x"] = random.choice([random.getrandbits(width), random.choice(ends)])
        if turns:
            row["turns"] = random.getrandbits(1)
    flags = "clk", "rst", "ce", "valid_next", "y_soon", "y_next", "difference", "y_valid", "washed"
    ports = {n: bit() for n in flags} | {"x": word(width), "y": word(size)}
    record = run_model(
        washed_words,
        {**ports, "turns": bit() if turns else None, "turn": turn, "clocks": clocks,
         "halves": halves, "ring": ring, "target": target},
        name=name, clocks=len(rows), warm_up=64,
        drive={n: [int(row[n]) for row in rows] for n in rows[0]},
        when={"y": "y_valid", "difference": "y_valid", "y_soon": "washed"},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    table = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    second = next(n for n in range(4, len(rows)) if rows[n]["rst"])
    late = LATENCY + TURN * turns
    given = [
        check_words(name, table[start:stop], (width, size), clocks, halves, late)
        for start, stop in ((2, second), (second + 2, None))
    ]
    assert given[1] == 2 * clocks * blocks
    assert given[0] > 0
    return record


def test_lines_that_are_registers(tmp_path: Path) -> None:
    records = [
        stage_record(f"line{clocks}x{width}{'t' * how.get('turns', 0)}", width, clocks, **how)
        for clocks, width, how in (
            (2, 5, {"blocks": 12}),
            (2, 18, {"blocks": 10, "gap": 0.0, "enabled": 1.0, "halves": False}),
            (2, 3, {"blocks": 12, "gap": 0.9, "enabled": 0.4}),
            (2, 5, {"blocks": 12, "turns": True}),
            (2, 7, {"blocks": 16, "turns": True, "halves": False, "gap": 0.1}),
            (4, 16, {"blocks": 6, "gap": 0.2, "turn": 16, "turns": True}),
            (4, 6, {"blocks": 8, "turn": 16, "halves": False}),
            (8, 24, {"turn": 16, "blocks": 4, "turns": True, "halves": False}),
        )
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_lines_that_are_memories(tmp_path: Path, target: Target) -> None:
    """With flags beside the words, or in registers where the memory's word is full."""
    records = [
        stage_record(f"ring{clocks}x{width}", width, clocks, ring=True, target=target, **how)
        for clocks, width, how in (
            (8, 5, {"turn": 8, "halves": False, "blocks": 4}),
            (8, 17, {"turn": 16, "gap": 0.1, "blocks": 4, "turns": True}),
            (16, 16, {"turn": 32, "gap": 0.8, "blocks": 3, "turns": True, "halves": False}),
        )
    ]
    assert replay(records, tmp_path) == []


def test_flags_go_where_there_is_room() -> None:
    """A memory gives 18 bits at once to one port; registers cost the same wherever they are."""
    widths = {(width, ring): line_width(width, ring) for width in (15, 16, 17) for ring in (0, 1)}
    assert widths == {
        (15, 0): 17, (15, 1): 17, (16, 0): 18, (16, 1): 18, (17, 0): 19, (17, 1): 17,
    }  # fmt: skip
