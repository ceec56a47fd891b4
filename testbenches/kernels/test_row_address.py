"""row_address: at tap j of group t, row (row_step t + base[j] + extra[j]) mod rows."""

from itertools import pairwise
from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat, constant
from kolam.kernels.link import connect
from kolam.kernels.row_address import row_choice, row_move, row_walk
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
        "home": [
            clock < 2 or (end and r[0] == groups - 1)
            for clock, (end, r) in enumerate(zip(last, rows, strict=True))
        ],
        "tap": [0 if r is None else r[1] for r in rows],
        "next_tap": [0 if r is None else r[1] for r in rows[1:]],
    }
    return {
        name: lambda clock, _, column=column: int(column[clock]) for name, column in values.items()
    }


@module
def walked(
    clk, home, busy, next_tap, found, step_end=None, tap=None, *, rows, moves, extras
):  # fmt: skip
    """The rows of every class of banks, side by side, as a support layer places them."""
    width, taps = bits(rows), len(moves)
    tables = [(width, moves)]
    if rows & (rows - 1):
        tables.append((width + 1, tuple(m - rows + (2 << width) for m in moves)))
    steps = [word(w) if taps > 1 else constant(table[0], w) for w, table in tables]
    if taps > 1:
        movers = [  # noqa: F841, instances() finds it
            row_move(clk, busy, tap, step_end, step, moves=table)
            for step, (_, table) in zip(steps, tables, strict=True)
        ]
    nearby = [word(width) for _ in range(max(map(max, extras)) + 1)]
    walks = [  # noqa: F841
        row_walk(
            clk, busy, home, steps[0], steps[1] if len(steps) > 1 else None, near,
            rows=rows, start=k % rows,
        )
        for k, near in enumerate(nearby)
    ]  # fmt: skip
    chosen = [word(width) for _ in extras]
    choices = [  # noqa: F841
        row_choice(clk, next_tap, concat(nearby), row, width=width, extra=extra)
        for extra, row in zip(extras, chosen, strict=True)
    ]
    named = connect(concat(chosen), found)  # noqa: F841
    return instances()


def test_rows_of_every_tap(tmp_path: Path) -> None:
    """Also where rows is no power of two, a single row, and steps beyond a whole turn."""
    random, records = Random(1), []
    for rows, row_step, steps, groups in (
        (1, 1, 1, 1), (1, 1, 3, 2), (2, 1, 3, 2), (3, 1, 2, 3), (5, 3, 4, 2), (7, 9, 3, 5),
        (8, 5, 1, 8), (6, 4, 5, 4), (5, 2, 1, 3), (4, 3, 2, 4), (16, 5, 6, 11), (49, 3, 6, 19),
    ):  # fmt: skip
        base = (0, *(random.randrange(rows) for _ in range(steps - 1)))
        extras = tuple(tuple(random.randrange(k + 2) for _ in base) for k in range(3))
        ends = [after - now for now, after in pairwise(base)]
        moves = tuple(m % rows for m in (*ends, row_step - base[-1]))
        when = timeline(random, 200, steps, groups)
        ports = {name: bit() for name in ("clk", "home", "busy")}
        ports["next_tap"] = word(bits(steps))
        if steps > 1:
            ports |= {"step_end": bit(), "tap": word(bits(steps))}
        ports["found"] = word(3 * bits(rows))
        constants = {"rows": rows, "moves": moves, "extras": extras}
        drive = {n: d for n, d in driven(when, steps, groups).items() if n in ports}
        record = run_model(
            walked, {**ports, **constants}, name=f"walk{len(records)}", clocks=200, drive=drive
        )
        for at, (_, (found,)) in zip(when, record.rows, strict=False):
            if at is not None:
                group, tap = at
                want = [(row_step * group + base[tap] + extra[tap]) % rows for extra in extras]
                assert found == sum(row << k * bits(rows) for k, row in enumerate(want))
        records.append(record)
    assert replay(records, tmp_path) == []
