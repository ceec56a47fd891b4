"""result_select: sums that were loaded leave one after another, two clocks later."""

from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.kernels.bits import bits
from kolam.kernels.result_select import result_control, result_select
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model

SHAPES = [  # phases, groups, tail, width
    (1, 1, 1, 8), (1, 3, 1, 1), (2, 1, 1, 5), (2, 2, 2, 5), (3, 1, 2, 4), (4, 3, 1, 1),
    (5, 2, 4, 9),
    (6, 1, 6, 3), (8, 2, 5, 2), (9, 1, 2, 1), (16, 1, 16, 2), (18, 2, 17, 3),
]  # fmt: skip
CLOCKS = 200


def word(width):
    return equivalence.word(width) if width > 1 else bit()


@module
def results(clk, rst, load, lanes, phase, held, valid, word, *, phases, groups, tail):
    """What holds, what counts and what selects."""
    control = result_control(  # noqa: F841, instances() finds it
        clk, rst, load, phase, held, valid, phases=phases, groups=groups, tail=tail
    )
    select = result_select(  # noqa: F841
        clk, load, lanes, word, phase if phases > 1 else None, phases=phases
    )
    return instances()


def loads(random, phases):
    """Return when sums are loaded: as often as may be, and with pauses; the first after reset."""
    clocks, at = set(), 4
    while at < CLOCKS:
        clocks.add(at)
        at += phases + random.choice((0, 0, 0, 1, 2, 7))
    return clocks


def test_every_word_of_a_group_then_the_next(tmp_path: Path) -> None:
    records = []
    for phases, groups, tail, width in SHAPES:
        ports = {name: bit() for name in ("clk", "rst", "load", "held", "valid")}
        ports |= {"lanes": word(phases * width), "phase": word(bits(phases)), "word": word(width)}
        constants = {"phases": phases, "groups": groups, "tail": tail}
        loaded = loads(Random(phases), phases)
        record = run_model(
            results, {**ports, **constants}, name=f"results{len(records)}", clocks=CLOCKS,
            drive={
                "rst": lambda clock, _: int(clock < 2),
                "load": lambda clock, _, loaded=loaded: int(clock in loaded),
            },
            when={"word": "valid", "phase": "held"},
        )  # fmt: skip
        lanes = list(record.inputs).index("lanes")
        due, busy = {}, {}
        for group, clock in enumerate(sorted(loaded)):
            count = tail if group % groups == groups - 1 else phases
            sums = record.rows[clock][0][lanes]
            for k in range(count):
                busy[clock + 1 + k] = k
                due[clock + 2 + k] = sums >> k * width & (1 << width) - 1
        for n, (_, got) in enumerate(record.rows):
            given = dict(zip(record.outputs, got, strict=True))
            assert given["valid"] == (n in due)
            assert given["held"] == (n in busy)
            if n in due:
                assert given["word"] == due[n]
            if n in busy:
                assert given["phase"] == busy[n]
        records.append(record)
    assert replay(records, tmp_path) == []


def test_reset_forgets_where_it_was(tmp_path: Path) -> None:
    """The group that follows a reset is the first of a frame."""
    ports = {name: bit() for name in ("clk", "rst", "load", "held", "valid", "phase")}
    constants = {"phases": 2, "groups": 2, "tail": 1}
    loaded, resets = {4, 20, 24, 40}, {0, 1, 8, 28, 41}
    record = run_model(
        result_control, {**ports, **constants}, name="control", clocks=50,
        drive={
            "rst": lambda clock, _: int(clock in resets),
            "load": lambda clock, _: int(clock in loaded),
        },
        when={"phase": "held"},
    )  # fmt: skip
    held = list(record.outputs).index("held")
    assert [n for n, (_, got) in enumerate(record.rows) if got[held]] == [5, 6, 21, 22, 25, 41]
    assert replay([record], tmp_path) == []
