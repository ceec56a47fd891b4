"""sdf_stage: pairs `clocks` apart come out as docs/fft.md 2 says, whenever frames begin.

A second lane of samples (sdf_lane) shares its control, and is compared in the same way. The stage
stands behind the line_address that makes its `at` and `wash`. Time is counted in enabled clocks.
"""

from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from kolam.hdl import instances, module
from kolam.hdl.target import Target
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.pipeline_entry import line_address
from kolam.kernels.sdf_stage import LATENCY, line_width, sdf_lane, sdf_stage
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import results, schedule, signed, watch


@module
def washed_stage(
    clk, rst, ce, valid_next, x_re, x_im, u_re, u_im, turns, y_soon, y_next, y_re, y_im,
    v_re, v_im, difference, y_valid, washed, *, turn, clocks, halves, ring, target,
    prepared,
):  # fmt: skip
    """A stage, x to y, a lane, u to v, and what washes them; turn: clocks in which `at` goes round.

    u_re None: no lane.
    """
    at, wash, adds, adds_next = wire(bits(turn)), wire(1), wire(1), wire(1)
    address = line_address(clk, rst, ce, at, wash)  # noqa: F841
    how = {
        "clocks": clocks, "halves": halves, "ring": ring, "target": target, "prepared": prepared,
    }  # fmt: skip
    stage = sdf_stage(  # noqa: F841
        clk, ce, wash, at if ring else None, valid_next, x_re, x_im, turns, adds_next,
        None if prepared else adds, y_soon, y_next, y_re, y_im, difference, **how,
    )  # fmt: skip
    if u_re is not None:
        lane = sdf_lane(  # noqa: F841
            clk,
            ce,
            at if ring else None,
            None if prepared else adds,
            adds_next,
            turns,
            u_re,
            u_im,
            v_re,
            v_im,
            **how,
        )
    seen = watch(clk, ce, wash, y_next, y_valid, washed)  # noqa: F841
    return instances()


def stage_record(name, width, clocks, **how):
    """Run a stage, compare what it gave with the page, and return the record."""
    how = SimpleNamespace(
        **{"halves": True, "ring": False, "target": Target.GENERIC, "turn": 2 * clocks,
           "gap": 0.5, "enabled": 0.7, "blocks": 6, "lane": False,
           "prepared": False, **how}
    )  # fmt: skip
    random = Random(name)
    size = width + (not how.halves)
    ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
    rows = schedule(random, how.turn, 2 * clocks, how.blocks, how.gap, how.enabled)
    lanes = (("x", "y"), ("u", "v")) if how.lane else (("x", "y"),)
    parts = [f"{lane[0]}_{part}" for lane in lanes for part in ("re", "im")]
    for row in rows:
        for part in parts:
            row[part] = random.choice([random.getrandbits(width), random.choice(ends)])
        row["turns"] = random.getrandbits(1)
    ports = {n: bit() for n in ("clk", "rst", "ce", "valid_next", "turns", "y_soon", "y_next")}
    ports |= {n: bit() for n in ("difference", "y_valid", "washed")}
    ports |= dict.fromkeys(("u_re", "u_im", "v_re", "v_im"))
    ports |= {n: word(width) for n in parts}
    results_of = [f"{lane[1]}_{part}" for lane in lanes for part in ("re", "im")]
    ports |= {n: word(size) for n in results_of}
    constants = {n: getattr(how, n) for n in ("turn", "halves", "ring", "target", "prepared")}
    record = run_model(
        washed_stage, {**ports, **constants, "clocks": clocks}, name=name, clocks=len(rows),
        drive={n: [int(row[n]) for row in rows] for n in rows[0]}, warm_up=64,
        when={**dict.fromkeys([*results_of, "difference"], "y_valid"), "y_soon": "washed"},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    table = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    second = next(n for n in range(4, len(rows)) if rows[n]["rst"])
    for lane in lanes:
        given = [check_epoch(name, table[start:stop], lane, (width, size), clocks, how)
                 for start, stop in ((2, second), (second + 2, None))]  # fmt: skip
        assert given[1] == 2 * clocks * how.blocks
        assert given[0] > 0
    return record


def check_epoch(name, table, lane, sizes, clocks, how):
    """Compare the results of the enabled clocks from a reset to the next; return how many."""
    (x_re, x_im), (y_re, y_im) = ((f"{end}_re", f"{end}_im") for end in lane)
    width, size = sizes
    late = LATENCY + how.prepared
    table = [row for row in table if row["ce"]]
    valid = [0, *(row["valid_next"] for row in table)]  # of the sample in each clock
    want = {}  # by clock: re, im, difference
    opened = None  # since when a block runs
    for e, row in enumerate(table):
        if not valid[e]:
            opened = None
            continue
        if opened is None or e == opened + 2 * clocks:
            opened = e
        if e < opened + clocks:
            continue
        f, x = (
            (signed(table[k][x_re], width), signed(table[k][x_im], width)) for k in (e - clocks, e)
        )
        both = results(f, x, row["turns"], how.halves)
        want[e + late] = (*both[0], 0)
        want[e + clocks + late] = (*both[1], 1)
    want = {e: y for e, y in want.items() if e < len(table)}
    got = {
        e: (signed(row[y_re], size), signed(row[y_im], size), row["difference"])
        for e, row in enumerate(table)
        if row["y_valid"]
    }
    assert got == want, name
    for flag, ahead in (("y_next", 1), ("y_soon", 2)):
        told = [
            e + ahead
            for e, row in enumerate(table)
            if row[flag] and (row["washed"] or flag == "y_next")
        ]
        assert [e for e in told if e < len(table)] == sorted(want), (name, flag)
    return len(got)


def test_lines_that_are_registers(tmp_path: Path) -> None:
    records = [
        stage_record(f"line{clocks}x{width}", width, clocks, **how)
        for clocks, width, how in (
            (1, 5, {"blocks": 20}),
            (1, 18, {"blocks": 16, "gap": 0.0, "enabled": 1.0, "halves": False}),
            (1, 7, {"blocks": 10, "lane": True}),
            (2, 5, {"blocks": 12, "halves": False}),
            (2, 3, {"blocks": 12, "gap": 0.9, "enabled": 0.4}),
            (4, 16, {"blocks": 5, "gap": 0.2, "turn": 16, "lane": True}),
            (8, 6, {"turn": 8, "blocks": 5}),
            (16, 24, {"turn": 16, "blocks": 3, "halves": False}),
        )
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_lines_that_are_memories(tmp_path: Path, target: Target) -> None:
    """With flags beside the samples, or in registers where the word is full."""
    records = [
        stage_record(f"ring{clocks}x{width}", width, clocks, ring=True, target=target, **how)
        for clocks, width, how in (
            (8, 5, {"turn": 8, "halves": False}),
            (8, 17, {"turn": 32, "gap": 0.1, "lane": True, "blocks": 5}),
            (16, 18, {"turn": 16, "gap": 0.8, "blocks": 3}),
            (32, 17, {"turn": 32, "blocks": 2, "enabled": 0.95}),
        )
    ]
    assert replay(records, tmp_path) == []


def test_operands_a_clock_before_they_are_added(tmp_path: Path) -> None:
    """With a line of any kind, and another lane."""
    records = [
        stage_record(f"prepared{clocks}x{width}", width, clocks, prepared=True, **how)
        for clocks, width, how in (
            (1, 5, {"blocks": 14, "lane": True}),
            (2, 18, {"blocks": 8, "halves": False, "gap": 0.1}),
            (8, 6, {"turn": 8, "blocks": 4}),
            (16, 17, {"turn": 16, "blocks": 3, "ring": True, "target": Target.ECP5, "lane": True}),
        )
    ]
    assert replay(records, tmp_path) == []


def test_flags_go_where_there_is_room() -> None:
    """A memory gives 36 bits at once; registers cost the same wherever they are."""
    widths = {(width, ring): line_width(width, ring) for width in (16, 17, 18) for ring in (0, 1)}
    assert widths == {
        (16, 0): 34, (16, 1): 34, (17, 0): 36, (17, 1): 36, (18, 0): 38, (18, 1): 36,
    }  # fmt: skip
