"""row_address: at tap j of group t, row (row_step t + base[j] + extra[j]) mod rows."""

from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat
from kolam.kernels.link import connect
from kolam.kernels.row_address import row_ahead, row_choice, row_origin, row_stepper
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def timeline(random, clocks, steps, groups):
    """Return (group, tap) clock by clock, None between groups; now and then nothing happens."""
    rows, group = [None, None], 0
    while len(rows) < clocks + 1:
        if random.random() < 0.3:
            rows += [None] * random.randint(1, 4)
        rows += [(group, tap) for tap in range(steps)]
        group = (group + 1) % groups
    return rows


def driven(rows, steps, groups):
    """Return what drives the ports of the schedule."""
    last = [r is not None and r[1] == steps - 1 for r in rows]
    values = {
        "busy": [r is not None for r in rows],
        "step_end": last,
        "frame_end": [end and r[0] == groups - 1 for end, r in zip(last, rows, strict=True)],
        "next_tap": [0 if r is None else r[1] for r in rows[1:]],
    }
    drive = {
        name: lambda clock, _, column=column: int(column[clock]) for name, column in values.items()
    }
    return {**drive, "rst": lambda clock, _: int(clock < 2)}


def test_a_stepper_adds_and_wraps(tmp_path: Path) -> None:
    records = []
    for rows, row_step, ahead, steps, groups in (
        (1, 1, 0, 1, 1), (2, 1, 1, 3, 4), (4, 3, 2, 4, 4), (8, 1, 5, 3, 8), (8, 2, 3, 1, 4),
        (16, 5, 7, 6, 16),
    ):  # fmt: skip
        when = timeline(Random(rows), 160, steps, groups)
        ports = {name: bit() for name in ("clk", "rst", "busy", "step_end")}
        wrap = (row_step - (steps - 1) * ahead) % rows
        constants = {"rows": rows, "tap": ahead % rows, "wrap": wrap}
        drive = driven(when, steps, groups)
        ports["row"] = word(bits(rows))
        record = run_model(
            row_stepper, {**ports, **constants}, name=f"step{len(records)}", clocks=160,
            drive={name: drive[name] for name in ("rst", "busy", "step_end")},
        )  # fmt: skip
        for at, (_, (row,)) in zip(when, record.rows, strict=False):
            if at is not None:
                assert row % rows == (row_step * at[0] + ahead * at[1]) % rows
        records.append(record)
    assert replay(records, tmp_path) == []


@module
def selector(clk, rst, step_end, frame_end, next_tap, found, *, rows, row_step, base, extras):
    """The rows of every class of banks, side by side."""
    width = bits(rows)
    start = word(width)
    origin = row_origin(  # noqa: F841, instances() finds it
        clk, rst, step_end, frame_end, next_tap, start, rows=rows, row_step=row_step, base=base
    )
    nearby = [word(width) for _ in range(max(map(max, extras)) + 1)]
    aheads = [  # noqa: F841
        row_ahead(clk, start, near, rows=rows, ahead=k % rows) for k, near in enumerate(nearby)
    ]
    chosen = [word(width) for _ in extras]
    choices = [  # noqa: F841
        row_choice(clk, next_tap, concat(nearby), row, width=width, extra=extra)
        for extra, row in zip(extras, chosen, strict=True)
    ]
    named = connect(concat(chosen), found)  # noqa: F841
    return instances()


def test_any_rows_from_an_origin(tmp_path: Path) -> None:
    """Also where rows is no power of two, a single row, and steps beyond a whole turn."""
    random, records = Random(1), []
    for rows, row_step, steps, groups in (
        (1, 1, 1, 1), (2, 1, 3, 2), (3, 1, 2, 3), (5, 3, 4, 2), (7, 9, 3, 5), (8, 5, 1, 8),
        (6, 4, 5, 4),
    ):  # fmt: skip
        base = tuple(random.randrange(rows) for _ in range(steps))
        extras = tuple(tuple(random.randrange(k + 2) for _ in base) for k in range(3))
        when = timeline(random, 160, steps, groups)
        ports = {name: bit() for name in ("clk", "rst", "step_end", "frame_end")}
        ports |= {"next_tap": word(bits(steps)), "found": word(3 * bits(rows))}
        constants = {"rows": rows, "row_step": row_step, "base": base, "extras": extras}
        drive = driven(when, steps, groups)
        del drive["busy"]
        record = run_model(
            selector, {**ports, **constants}, name=f"origin{len(records)}", clocks=160, drive=drive
        )
        for at, (_, (found,)) in zip(when, record.rows, strict=False):
            if at is not None:
                group, tap = at
                want = [(row_step * group + base[tap] + extra[tap]) % rows for extra in extras]
                assert found == sum(row << k * bits(rows) for k, row in enumerate(want))
        records.append(record)
    assert replay(records, tmp_path) == []
