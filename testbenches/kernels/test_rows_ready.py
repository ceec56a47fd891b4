"""rows_ready, between a writer and a schedule: each group begins at the first clock that it may.

That is: the group before has run, its rows are written and known to be, and `go` is given.
"""

from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, constant
from kolam.kernels.group_schedule import group_schedule
from kolam.kernels.row_writer import row_writer
from kolam.kernels.rows_ready import frame_ready, rows_ready, rows_ready_even
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


@module
def stage(
    clk, rst, frame_start, valid, go, free, row_done, beginning, frame_end,
    *, form, rows, groups, row_step, reach, steps, phases, buffers,
):  # fmt: skip
    """A writer, a schedule, and what tells the one about the other."""
    enables, row = word(phases), word(bits(rows))
    write_buffer, read_buffer, soon = (word(bits(buffers)) for _ in range(3))
    ready, first_begin, last_begin, ahead, group_last, busy, first, step_end = (
        bit() for _ in range(8)
    )
    tap, next_tap, group_tap = word(bits(steps)), word(bits(steps)), word(bits(groups))
    writer = row_writer(  # noqa: F841, instances() finds it
        clk, rst, frame_start, valid, frame_end, free, row_done, enables, row, write_buffer,
        phases=phases, rows=rows, buffers=buffers,
    )  # fmt: skip
    schedule = group_schedule(  # noqa: F841
        clk, rst, ready, constant(1), go, first_begin, beginning, last_begin, ahead, group_last,
        busy, tap, group_tap, first, step_end, frame_end, read_buffer, soon, next_tap,
        steps=steps, groups=groups, buffers=buffers,
    )  # fmt: skip
    if form is frame_ready:
        told = frame_ready(clk, rst, row_done, row, last_begin, ready, rows=rows, buffers=buffers)
    elif form is rows_ready_even:
        told = rows_ready_even(
            clk, rst, row_done, beginning, write_buffer, soon, ready,
            rows=rows, reach=reach, buffers=buffers,
        )  # fmt: skip
    else:
        told = rows_ready(  # noqa: F841
            clk, rst, row_done, last_begin, ahead, group_last, step_end, ready,
            rows=rows, row_step=row_step, reach=reach, buffers=buffers,
        )  # fmt: skip
    return instances()


PORTS = "clk rst frame_start valid go free row_done beginning frame_end"


def run(name, clocks, *, pace, rest=0, **shape):
    """Run a stage; pace: how often a beat comes and `go` is given.

    rest: of every other so many clocks `go` is never given, so that all buffers fill.
    """
    ports = {port: bit() for port in PORTS.split()}
    beats, left = shape["phases"] * shape["rows"], 0
    now = {}

    def decide(clock, random):
        """Begin a frame where there is room, then give its beats."""
        nonlocal left, now
        rst = clock < 2 or clock == clocks // 2
        start = not rst and left == 0 and bool(ports["free"]) and random.random() < pace[0]
        left = 0 if rst else beats if start else left
        valid = left > 0 and random.random() < pace[0]
        left -= valid
        go = not rst and random.random() < pace[1] and not (rest and clock // rest % 2 == 0)
        now = {"frame_start": start, "valid": valid, "go": go}
        return int(rst)

    drive = {
        port: lambda _, __, port=port: int(now[port]) for port in ("frame_start", "valid", "go")
    }
    return run_model(
        stage, {**ports, **shape}, name=name, clocks=clocks, drive={"rst": decide, **drive}
    )


def begins(record, *, rows, groups, row_step, reach, steps, **_):
    """Return the clocks in which groups should begin, and how many frames they finish."""
    found, last, count, written = [], None, 0, []  # written: the clock of each row since reset
    decision = 2 if steps > 2 else 1
    for t, (given, got) in enumerate(record.rows):
        x = {
            **dict(zip(record.inputs, given, strict=True)),
            **dict(zip(record.outputs, got, strict=True)),
        }
        frame, group = divmod(count, groups)
        needed = frame * rows + min(row_step * group + reach, rows - 1)
        known = needed < len(written) and written[needed] + decision <= t
        if known and x["go"] and (last is None or t >= last + steps):
            found.append(t)
            last, count = t, count + 1
        if x["row_done"]:
            written.append(t)
        if x["rst"]:
            last, count, written = None, 0, []
    return found


def check(record, shape):
    begin = list(record.outputs).index("beginning")
    got = [t for t, (_, row) in enumerate(record.rows) if row[begin] and t > 1]
    assert got == begins(record, **shape), shape
    return got


CORNERS = [  # rows, groups, row_step, reach
    (1, 1, 1, 0), (4, 4, 1, 3), (4, 4, 1, 0), (5, 5, 1, 2), (6, 2, 3, 2), (6, 2, 1, 1),
    (3, 7, 1, 2), (2, 5, 3, 1), (7, 1, 1, 4), (5, 3, 0, 4), (1, 4, 0, 0), (5, 5, 1, 0),
    (7, 3, 3, 1), (5, 2, 4, 2),
]  # fmt: skip


def shapes():
    random = Random(0)
    for number, (rows, groups, row_step, reach) in enumerate(CORNERS):
        for steps in (1, 2, 3, 4) if number < 2 else (1 + number % 4,):
            yield {
                "rows": rows, "groups": groups, "row_step": row_step, "reach": reach,
                "steps": steps, "phases": random.randint(1, 3), "buffers": random.choice((2, 4)),
            }  # fmt: skip


def test_groups_begin_as_soon_as_they_may(tmp_path: Path) -> None:
    records = []
    for shape in shapes():
        forms = [rows_ready]
        if shape["rows"] == shape["groups"] and shape["row_step"] == 1:
            forms.append(rows_ready_even)
        if shape["reach"] == shape["rows"] - 1:
            forms.append(frame_ready)
        for form in forms:
            pace = ((1.0, 1.0), (0.5, 0.8))[len(records) % 3 > 0]
            beats = shape["rows"] * shape["phases"]
            clocks = 60 + 7 * max(shape["groups"] * shape["steps"], beats)
            rest = shape["buffers"] * (beats + 2)
            for now in (
                run(f"stage{len(records)}", clocks, pace=pace, form=form, **shape),
                run(f"rested{len(records)}", clocks + 4 * rest, pace=(1.0, 1.0), rest=rest,
                    form=form, **shape),
            ):  # fmt: skip
                assert len(check(now, shape)) > 2 * shape["groups"]
                records.append(now)
    assert replay(records, tmp_path) == []


def test_a_row_too_few_is_seen() -> None:
    """Negative control: a schedule that believes in a shorter reach begins too early."""
    shape = {
        "rows": 6, "groups": 6, "row_step": 1, "reach": 2, "steps": 2, "phases": 3, "buffers": 2
    }  # fmt: skip
    for form in (rows_ready, rows_ready_even):
        record = run("short", 120, pace=(1.0, 1.0), form=form, **{**shape, "reach": 1})
        with pytest.raises(AssertionError):
            check(record, shape)
