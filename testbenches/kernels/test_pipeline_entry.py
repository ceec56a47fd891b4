"""pipeline_entry: every beat once, and nothing moves past a beat that is missing; line_address."""

from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from myhdl import StopSimulation, delay

from kolam.kernels.pipeline_entry import LATENCY, line_address, pipeline_entry, wash_clocks
from kolam.testbenches.equivalence import (
    bit,
    forgotten_signals,
    replay,
    run_model,
    simulate,
    word,
)

BEATS, WIDTH = 5, 8


def run(
    clocks=500,
    *,
    gap=0.0,
    full=0.0,
    pad=0.0,
    washes=(),
    resets=(0,),
    seed=0,
    width=WIDTH,
):
    """Feed what a frame_guard gives: frames of BEATS beats; return what every clock showed.

    gap: probability that no beat is offered; full: that there is no room; pad: that a beat
    completes a frame. A beat that is offered stays until it is taken. washes, resets: their clocks.
    """
    random = Random(f"entry {seed}")
    names = ("clk", "rst", "wash", "room", "s_valid", "s_ready", "s_first", "s_pad", "ce")
    ports = {n: bit() for n in (*names, "valid_next")}
    ports |= {"s_data": word(width), "x": word(width)}
    shown = []

    def bench():
        beat, offered = 0, False
        for clock in range(clocks):
            if clock - 1 in resets:  # nothing of what was before
                beat, offered = 0, False
            if not offered:
                offered = random.random() >= gap
                ports["s_pad"].next = beat > 0 and random.random() < pad
                ports["s_data"].next = random.getrandbits(width)
            ports["rst"].next = clock in resets
            ports["wash"].next = clock in washes
            ports["room"].next = random.random() >= full
            ports["s_valid"].next = offered
            ports["s_first"].next = beat == 0
            yield delay(1)
            now = SimpleNamespace(**{n: int(s) for n, s in ports.items()})
            now.taken = now.s_valid and now.s_ready and not now.rst
            now.word = 0 if now.s_pad else now.s_data
            shown.append(now)
            if now.taken:
                beat, offered = (beat + 1) % BEATS, False
            ports["clk"].next = True
            yield delay(1)
            ports["clk"].next = False
            yield delay(1)
        raise StopSimulation

    with forgotten_signals():
        simulate(pipeline_entry(**ports), bench())
    return shown


def epochs(shown):
    """Return the clocks from each reset to the next."""
    starts = [n for n, now in enumerate(shown) if now.rst]
    return [shown[a + 1 : b] for a, b in zip(starts, [*starts[1:], len(shown)], strict=True)]


def entered(shown):
    """Return (clock, word) of each sample that the pipeline saw: x, a clock behind its flag."""
    pairs = pairwise(shown)
    return [(n + 1, after.x) for n, (now, after) in enumerate(pairs) if now.ce and now.valid_next]


@pytest.mark.parametrize(
    ("gap", "full"), [(0, 0), (0.5, 0), (0, 0.5), (0.3, 0.8), (0.8, 0.3), (0.95, 0.1), (0.1, 0.95)]
)
def test_every_beat_enters_once_and_in_order(gap: float, full: float) -> None:
    for seed in range(3):
        shown = run(gap=gap, full=full, pad=0.3 * seed, seed=seed)
        taken = [now.word for now in shown if now.taken]
        got = [x for _, x in entered(shown)]
        assert got == taken[: len(got)]
        assert len(taken) - len(got) <= 2  # a register, and x, which nobody saw yet
        assert len(got) > 10


def test_a_beat_a_clock() -> None:
    shown = run(100)
    taken = [n for n, now in enumerate(shown) if now.taken and not now.rst]
    assert taken == list(range(1, 100))
    clocks = [n for n, _ in entered(shown)]
    assert clocks == list(range(1 + LATENCY, 100))


def test_beats_that_complete_a_frame_are_zeros() -> None:
    shown = run(pad=0.5, gap=0.3)
    padded = [now.s_pad for now in shown if now.taken]
    words = [x for _, x in entered(shown)]
    assert all(x == 0 for x, pad in zip(words, padded, strict=False) if pad)
    assert 50 < sum(padded) < len(padded) - 50


def test_the_enable_waits_for_a_beat_in_a_frame_only() -> None:
    """Between frames it does not, or the last frame would never leave; it waits for room always."""
    for seed in range(4):
        shown = run(gap=0.6, full=0.2 * seed, seed=seed)[1:]
        given = 0
        for before, now in pairwise(shown):
            assert not now.ce or before.room
            if now.ce:
                assert now.valid_next or given % BEATS == 0
                given += now.valid_next
            elif before.room:  # what keeps it from moving is a frame that waits for a beat
                assert not before.s_first
                assert not before.s_valid
                assert before.ce or not before.valid_next
        assert given > 50


def test_an_idle_pipeline_moves() -> None:
    shown = run(60, gap=1.0)
    assert all(now.ce for now in shown[2:])
    assert not any(now.valid_next for now in shown[1:])


def test_no_beat_is_taken_while_it_is_washed() -> None:
    """And the pipeline moves, for the lines to be written."""
    shown = run(100, washes=range(1, 40))
    assert not any(now.s_ready or now.valid_next for now in shown[1:40])
    assert all(now.ce for now in shown[2:40])
    assert next(n for n, now in enumerate(shown) if now.taken) == 40
    taken = [now.word for now in shown[1:] if now.taken]
    got = [x for _, x in entered(shown)]
    assert got == taken[: len(got)]
    assert len(got) == 100 - 40 - LATENCY


def test_reset_at_any_clock() -> None:
    for clock in range(1, 25):
        shown = run(80, gap=0.4, full=0.3, resets=(0, clock, clock + 11), seed=clock)
        for epoch in epochs(shown):
            if epoch:
                assert not epoch[0].ce
                assert not epoch[0].valid_next
            taken = [now.word for now in epoch if now.taken]
            got = [x for _, x in entered(epoch)]
            assert got == taken[: len(got)]
            assert len(taken) - len(got) <= 2


def test_verilog_is_the_model(tmp_path: Path) -> None:
    """Whatever comes, also what no frame_guard would give."""
    records = []
    for width in (2, 24):
        ports = {n: bit() for n in ("clk", "rst", "wash", "room", "s_valid", "s_ready", "s_first")}
        ports |= {n: bit() for n in ("s_pad", "ce", "valid_next")}
        ports |= {n: word(width) for n in ("s_data", "x")}
        records.append(run_model(pipeline_entry, ports, name=f"entry{width}", clocks=800))
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- line_address


def test_wash_lasts_as_long_as_it_says(tmp_path: Path) -> None:
    """In enabled clocks from the last clock of any reset; the address counts them."""
    records = []
    for abits in (1, 2, 3, 4, 6):
        turn = 1 << abits
        at = bit() if abits == 1 else word(abits)
        ports = {n: bit() for n in ("clk", "rst", "ce", "wash")} | {"at": at}
        again = {0, 1, 3 * turn + 30, 3 * turn + 40}  # the last one while it washes
        record = run_model(
            line_address, ports, name=f"address{abits}", clocks=8 * turn + 150,
            drive={"rst": lambda clock, _, again=again: clock in again,
                   "ce": lambda _, random: random.random() < 0.7},
        )  # fmt: skip
        names = [*record.inputs, *record.outputs]
        left, before, ended = None, None, 0
        for given, got in record.rows:
            row = dict(zip(names, [*given, *got], strict=True))
            if left is not None:
                assert row["wash"] == (left > 0)
            if before is not None:
                assert row["at"] == (before["at"] + before["ce"]) % turn
            before = None if row["rst"] else row
            if row["rst"]:
                left = wash_clocks(turn)
            elif row["ce"] and left:
                left -= 1
                ended += left == 0
        assert ended >= 2
        records.append(record)
    assert replay(records, tmp_path) == []


def test_every_address_is_written_though_writes_follow_late() -> None:
    """Addresses of writes come up to 4 clocks late; the first ones after a reset are of before."""
    for turn in (4, 8, 16, 64, 4096):
        assert turn + 4 <= wash_clocks(turn) <= turn + 8
