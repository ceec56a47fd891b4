"""tapped_stage: words a short distance apart are paired as docs/fft.md 2 says, by one adder.

The stage stands behind the line_address that washes it. Time is counted in enabled clocks.
"""

from dataclasses import replace
from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.pipeline_entry import line_address
from kolam.kernels.tapped_stage import LONGEST, latency, tapped_stage
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import check_words, schedule, watch

TURN = 32  # clocks of washing: more than any flag needs to leave


@module
def washed_taps(
    clk, rst, ce, valid_next, x, turns, y_soon, y_next, y, difference, y_valid, washed, *,
    clocks, halves,
):  # fmt: skip
    at, wash = wire(bits(TURN)), wire(1)
    address = line_address(clk, rst, ce, at, wash)  # noqa: F841
    stage = tapped_stage(  # noqa: F841
        clk, ce, wash, valid_next, x, turns, y_soon, y_next, y, difference, clocks=clocks,
        halves=halves,
    )  # fmt: skip
    seen = watch(clk, ce, wash, y_next, y_valid, washed)  # noqa: F841
    return instances()


def stage_record(
    name, width, clocks, *, turns=False, halves=True, gap=0.5, enabled=0.7, blocks=8
):  # fmt: skip
    """Run a stage, compare what it gave with the page, and return the record."""
    random = Random(name)
    size = width + (not halves)
    ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
    rows = schedule(random, TURN, 2 * clocks, blocks, gap, enabled)
    for row in rows:
        row["x"] = random.choice([random.getrandbits(width), random.choice(ends)])
        if turns:
            row["turns"] = random.getrandbits(1)
    flags = "clk", "rst", "ce", "valid_next", "y_soon", "y_next", "difference", "y_valid", "washed"
    ports = {n: bit() for n in flags} | {"x": word(width), "y": word(size)}
    record = run_model(
        washed_taps,
        {**ports, "turns": bit() if turns else None, "clocks": clocks, "halves": halves},
        name=name, clocks=len(rows), warm_up=64,
        drive={n: [int(row[n]) for row in rows] for n in rows[0]},
        when={"y": "y_valid", "difference": "y_valid", "y_soon": "washed"},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    table = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    second = next(n for n in range(4, len(rows)) if rows[n]["rst"])
    given = [
        check_words(name, table[start:stop], (width, size), clocks, halves, latency(turns))
        for start, stop in ((2, second), (second + 2, None))
    ]
    assert given[1] == 2 * clocks * blocks
    assert given[0] > 0
    return record


def test_words_are_paired_by_the_page(tmp_path: Path) -> None:
    """All distances, turned or not, whatever the pauses."""
    records = [
        stage_record(f"taps{clocks}x{width}{'t' * how.get('turns', 0)}", width, clocks, **how)
        for clocks, width, how in (
            (2, 5, {"blocks": 12}),
            (2, 18, {"gap": 0.0, "enabled": 1.0, "halves": False}),
            (2, 6, {"blocks": 16, "turns": True, "halves": False, "gap": 0.1}),
            (2, 3, {"blocks": 12, "gap": 0.9, "enabled": 0.4, "turns": True}),
            (4, 16, {"gap": 0.2, "turns": True}),
            (4, 6, {"halves": False}),
            (8, 24, {"blocks": 6, "turns": True, "halves": False}),
            (LONGEST, 18, {"blocks": 4, "gap": 0.1}),
            (LONGEST, 7, {"blocks": 5, "turns": True}),
        )
    ]
    assert replay(records, tmp_path) == []


def test_a_fault_is_seen(tmp_path: Path) -> None:
    """Negative control: a word from the wrong place, a sign, the bit that rounds."""
    record = stage_record("mutant", 6, 4, turns=True)
    for n, (good, bad) in enumerate(
        (
            ("from_f = 9", "from_f = 8"),
            ("adds_next == at_im", "adds_next"),
            ("minus || b[0]", "minus"),
        )
    ):
        (path,) = (p for p, text in record.files.items() if good in text)
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert replay([replace(record, files=files)], tmp_path / str(n)), bad
