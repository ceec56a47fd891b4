"""frame_gate: good frames pass whole and without a bubble, bad ones leave no trace."""

from random import Random

import pytest
from myhdl import ConcatSignal, StopSimulation, delay

from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.stream_fifo import stream_fifo
from kolam.testbenches.equivalence import assert_equivalent, bit, simulate, word
from kolam.testbenches.streams import exchange

WIDTH = 8
LAST = 1 << WIDTH


def run(beats: int, lengths: list[int], style: str = "shift", **how):
    """Send frames through guard, FIFO and gate; return the epochs and the frames."""
    random = Random(how.get("seed", 0))
    frames = []
    for length in lengths:
        words = [random.randrange(LAST) for _ in range(length)]
        frames.append([*words[:-1], words[-1] | LAST])

    def place(p):
        a_valid, a_ready, a_data = bit(), bit(), word(WIDTH)
        b_valid, b_ready, b_data = bit(), bit(), word(WIDTH)
        valid, good, last = bit(), bit(), bit()
        guard = frame_guard(
            p.clk, p.rst, p.s_valid, p.s_ready, p.s_data(WIDTH), p.s_data(WIDTH, 0), a_valid,
            a_ready, a_data, bit(), bit(), valid, good, bit(), beats=beats,
        )  # fmt: skip
        fifo = stream_fifo(
            p.clk, p.rst, a_valid, a_ready, a_data, b_valid, b_ready, b_data, depth=8
        )
        gate = frame_gate(
            p.clk, p.rst, b_valid, b_ready, b_data, valid, good, p.m_valid, p.m_ready, p.m_data,
            last, beats=beats, frames=16, style=style,
        )  # fmt: skip
        return [guard, fifo, gate], {"m_data": ConcatSignal(last, p.m_data)}

    return exchange(place, frames, s_width=WIDTH + 1, m_width=WIDTH, **how), frames


@pytest.mark.parametrize("style", ["shift", "ram"])
@pytest.mark.parametrize("beats", [1, 2, 5])
@pytest.mark.parametrize(("gap", "stall"), [(0, 0), (0.4, 0), (0, 0.4), (0.5, 0.5)])
def test_good_frames_and_nothing_else(beats: int, gap: float, stall: float, style: str) -> None:
    for seed in range(3):
        random = Random(seed)
        lengths = [
            random.choice([beats, beats, random.randrange(1, 2 * beats + 2)]) for _ in range(20)
        ]
        (epoch,), frames = run(
            beats, lengths, style, gap=gap, stall=stall, shy=seed == 2, seed=seed
        )
        assert epoch.words_given == [w for f in frames if len(f) == beats for w in f]


def test_reset_at_any_clock() -> None:
    lengths = [3, 5, 3, 1, 3, 3, 2, 3, 7, 3]
    for clock in range(1, 30):
        epochs, frames = run(3, lengths, gap=0.1, stall=0.3, resets={clock}, seed=clock)
        for number, epoch in enumerate(epochs):
            good = [w for n in epoch.frames if len(frames[n]) == 3 for w in frames[n]]
            assert epoch.words_given == good[: len(epoch.given)]
            assert number == 0 or len(epoch.given) == len(good)


def trace(beats: int, verdicts: list[tuple[int, int]], clocks: int):
    """Offer a word in every clock, verdicts (clock, good) given; return clocks and words out."""
    names = "clk rst s_valid s_ready verdict_valid verdict_good m_valid m_ready m_last"
    p = {name: bit() for name in names.split()}
    p.update(s_data=word(WIDTH), m_data=word(WIDTH))
    out, left = [], dict(verdicts)

    def bench():
        number = 0
        for clock in range(clocks):
            p["rst"].next = clock == 0
            p["s_valid"].next = p["m_ready"].next = True
            p["s_data"].next = number
            p["verdict_valid"].next = clock in left
            p["verdict_good"].next = left.get(clock, 0)
            yield delay(1)
            if clock and p["m_valid"]:
                out.append((clock, int(p["m_data"]), int(p["m_last"])))
            number += clock > 0 and bool(p["s_ready"])
            p["clk"].next = True
            yield delay(1)
            p["clk"].next = False
            yield delay(1)
        raise StopSimulation

    simulate(frame_gate(**p, beats=beats, frames=4), bench())
    return out


def test_a_verdict_counts_from_the_next_clock_and_frames_follow_at_once() -> None:
    out = trace(2, [(3, 1), (4, 1), (6, 0), (7, 1)], 16)
    # two good frames without a bubble; two clocks in which the bad one is dropped; a good one
    assert out == [(4, 0, 0), (5, 1, 1), (6, 2, 0), (7, 3, 1), (10, 6, 0), (11, 7, 1)]


@pytest.mark.parametrize("frames", [0, 1, 6])
def test_frames_must_be_a_power_of_two(frames: int) -> None:
    p = {n: bit() for n in ("clk", "rst", "s_valid", "s_ready", "m_valid", "m_ready", "m_last")}
    with pytest.raises(ValueError, match=f"frames must be a power of two from 2, not {frames}"):
        frame_gate(
            **p, s_data=word(4), m_data=word(4), verdict_valid=bit(), verdict_good=bit(),
            beats=2, frames=frames,
        )  # fmt: skip


@pytest.mark.parametrize("style", ["shift", "ram"])
@pytest.mark.parametrize("beats", [1, 3])
def test_verilog_is_the_model(tmp_path, beats: int, style: str) -> None:
    names = "clk rst s_valid s_ready verdict_valid verdict_good m_valid m_ready m_last"
    p = {name: bit() for name in names.split()}
    p.update(s_data=word(WIDTH), m_data=word(WIDTH))
    pending = []

    def judge(_, random: Random) -> int:
        """Give a verdict while fewer than four wait, counted with a clock's delay to be safe."""
        if p["rst"]:
            pending.clear()
        if p["m_last"] and p["s_ready"] and p["s_valid"] and pending:
            pending.pop()
        if len(pending) < 2 and random.random() < 0.4:
            pending.append(1)
            return 1
        return 0

    assert_equivalent(
        frame_gate, dict(p, beats=beats, frames=4, style=style), folder=tmp_path,
        drive={"verdict_valid": judge},
    )  # fmt: skip


# at run time


def play(plan, most: bool, seed: int):
    """Send spans of frames of one size each: (beats, [(length, mark)]); return what comes out.

    A span begins where no frame is under way, a frame with another mark two clocks late. Returns
    (word, last, mark) of each beat out, (beats, words, mark) of each frame in, and for each clock
    `gone` and how many beats are out.
    """
    random = Random(seed)
    names = (
        "clk rst s_valid s_ready s_last m_valid m_ready m_last again mark_in mark gone a_valid "
        "a_ready b_valid b_ready verdict good"
    )
    p = {name: bit() for name in names.split()}
    p |= {n: word(WIDTH) for n in ("s_data", "a_data", "b_data", "m_data")} | {"most": word(4)}
    size, again, gone = (p["most"], p["again"], p["gone"]) if most else (None, None, p["gone"])
    first = plan[0][0]
    placed = [
        frame_guard(
            p["clk"], p["rst"], p["s_valid"], p["s_ready"], p["s_last"], p["s_data"], p["a_valid"],
            p["a_ready"], p["a_data"], bit(), bit(), p["verdict"], p["good"], bit(), size, again,
            beats=first,
        ),
        stream_fifo(
            p["clk"], p["rst"], p["a_valid"], p["a_ready"], p["a_data"], p["b_valid"], p["b_ready"],
            p["b_data"], depth=32,
        ),
        frame_gate(
            p["clk"], p["rst"], p["b_valid"], p["b_ready"], p["b_data"], p["verdict"], p["good"],
            p["m_valid"], p["m_ready"], p["m_data"], p["m_last"], p["mark_in"], p["mark"], size,
            again, gone, beats=first, frames=16,
        ),
    ]  # fmt: skip
    out, sent, counts = [], [], []

    def clocks(steps: int = 1):
        for _ in range(steps):
            assert len(counts) < 4000, "frames must all be gone in the end"
            p["m_ready"].next = random.random() < 0.7
            yield delay(1)
            if p["m_valid"] and p["m_ready"]:
                out.append((int(p["m_data"]), int(p["m_last"]), int(p["mark"])))
            counts.append((int(p["gone"]), len(out)))
            p["clk"].next = True
            yield delay(1)
            p["clk"].next = False
            yield delay(1)

    def bench():
        p["rst"].next = True
        yield from clocks()
        p["rst"].next = False
        begun = 0
        for number, (beats, frames) in enumerate(plan):
            while sum(gone for gone, _ in counts) < begun:
                yield from clocks()
            if number:
                p["again"].next, p["most"].next = True, beats - 2
                yield from clocks()
                p["again"].next = False
            for length, mark in frames:
                if mark != int(p["mark_in"]):
                    yield from clocks(2)
                    p["mark_in"].next = mark
                words = [random.randrange(1 << WIDTH) for _ in range(length)]
                sent.append((beats, words, mark))
                begun += 1
                for k, value in enumerate(words):
                    while random.random() < 0.2:
                        yield from clocks()
                    p["s_valid"].next, p["s_data"].next = True, value
                    p["s_last"].next = k + 1 == length
                    ready = False
                    while not ready:
                        yield delay(1)
                        ready = bool(p["s_ready"])
                        yield from clocks()
                    p["s_valid"].next = False
        yield from clocks(60)
        raise StopSimulation

    simulate(placed, bench())
    return out, sent, counts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(1,), (5,), (2, 16, 3, 2, 9)], ids=str)
def test_sizes_marks_and_frames_that_are_gone(sizes: tuple[int, ...], seed: int) -> None:
    """Good frames of each size with its own mark, and every frame, good or bad, is gone once."""
    random = Random(seed)
    plan = []
    for beats in sizes:
        lengths = [random.choice([beats, beats, random.randrange(1, 2 * beats)]) for _ in range(6)]
        plan.append((beats, [(length, random.getrandbits(1)) for length in lengths]))
    out, sent, counts = play(plan, len(sizes) > 1, seed)
    wanted = [
        (value, int(k + 1 == beats), mark)
        for beats, words, mark in sent
        if len(words) == beats
        for k, value in enumerate(words)
    ]
    assert out == wanted
    assert sum(gone for gone, _ in counts) == len(sent)
    # a good one in the clock of its last beat
    ends = [number for number, (_, last, _) in enumerate(out, 1) if last]
    clocks = [counts[next(n for n, (_, come) in enumerate(counts) if come == end)] for end in ends]
    assert all(gone for gone, _ in clocks)


@pytest.mark.parametrize("most", [False, True])
def test_verilog_is_the_model_at_run_time(tmp_path, most: bool) -> None:
    names = "clk rst s_valid s_ready verdict_valid verdict_good m_valid m_ready m_last"
    p = {name: bit() for name in [*names.split(), "verdict_mark", "mark", "gone"]}
    p.update(s_data=word(WIDTH), m_data=word(WIDTH))
    drive = {}
    if most:
        p.update(most=word(3), again=bit())
        drive["again"] = lambda _, random: random.random() < 0.03
    waiting = [0]

    def judge(_, random: Random) -> int:
        """Give a verdict while fewer than two wait, counted by the frames that are gone."""
        waiting[0] = 0 if p["rst"] else waiting[0] - (p["gone"] and waiting[0] > 0)
        given = waiting[0] < 2 and random.random() < 0.4
        waiting[0] += given
        return int(given)

    record = assert_equivalent(
        frame_gate, dict(p, beats=4, frames=4), folder=tmp_path, clocks=800,
        drive={"verdict_valid": judge, **drive}, when={"mark": "m_valid"},
    )  # fmt: skip
    gone = list(record.outputs).index("gone")
    assert sum(outputs[gone] for _, outputs in record.rows) > 20
