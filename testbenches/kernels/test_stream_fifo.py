"""stream_fifo and output_fifo: order, depth, room, latency 1, whatever the pauses."""

from random import Random

import pytest
from myhdl import StopSimulation, delay

from kolam.kernels.stream_fifo import LATENCY, output_fifo, stream_fifo
from kolam.testbenches.equivalence import assert_equivalent, bit, simulate, word
from kolam.testbenches.streams import drained, exchange

WIDTH = 8


def run(depth: int, style: str = "shift", count: int = 80, **how):
    """Send seeded words, each a frame of its own."""
    draw = Random(how.get("seed", 0))
    words = [[draw.randrange(1 << WIDTH)] for _ in range(count)]
    return exchange(
        lambda p: stream_fifo(**vars(p), depth=depth, style=style),
        words, s_width=WIDTH, m_width=WIDTH, **how,
    )  # fmt: skip


@pytest.mark.parametrize("depth", [2, 4, 16])
@pytest.mark.parametrize(("gap", "stall"), [(0, 0), (0.5, 0), (0, 0.5), (0.3, 0.8), (0.8, 0.3)])
def test_every_word_once_and_in_order(depth: int, gap: float, stall: float) -> None:
    for seed in range(3):
        (epoch,) = run(depth, gap=gap, stall=stall, shy=seed == 2, seed=seed)
        assert len(epoch.taken) == 80
        drained(epoch, epoch.words_taken, last=True)


def test_a_word_a_clock() -> None:
    (epoch,) = run(4)
    assert [clock for clock, _ in epoch.given] == [clock + LATENCY for clock, _ in epoch.taken]
    assert epoch.taken[-1][0] - epoch.taken[0][0] == 79


def test_it_holds_as_many_words_as_it_says() -> None:
    for depth in (2, 8, 32):
        (epoch,) = run(depth, stall=1.0)
        assert len(epoch.taken) == depth


def test_reset_at_any_clock() -> None:
    for clock in range(1, 30):
        epochs = run(4, count=40, gap=0.2, stall=0.6, resets={clock, clock + 9}, seed=clock)
        for number, epoch in enumerate(epochs):
            drained(epoch, epoch.words_taken, last=number == 2)
        assert sum(len(epoch.taken) for epoch in epochs) == 40


@pytest.mark.parametrize("depth", [0, 1, 3, 24, -2])
def test_depth_must_be_a_power_of_two(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth must be a power of two from 2, not {depth}"):
        run(depth)


def output_run(depth: int, reserve: int, burst: int, stall: float, seed: int, clocks: int = 400):
    """Begin bursts of words whenever room is seen, each word reserve - burst clocks on its way.

    So the whole reserve may be due when room is seen. Returns words in, words out, clocks of
    the beginnings.
    """
    random = Random(f"output {seed}")
    names = ("clk", "rst", "s_valid", "m_valid", "m_ready", "room")
    clk, rst, s_valid, m_valid, m_ready, room = (bit() for _ in names)
    s_data, m_data = word(WIDTH), word(WIDTH)
    sent, got, begun = [], [], []
    line = [None] * (reserve - burst)  # words on their way

    def bench():
        rest = 0
        for clock in range(clocks):
            rst.next = clock == 0
            m_ready.next = random.random() >= stall
            yield delay(1)
            if clock:
                if rest == 0 and room and random.random() < 0.8:
                    rest = burst
                    begun.append(clock)
                line.append(random.randrange(1 << WIDTH) if rest else None)
                rest -= rest > 0
                coming = line.pop(0)
                s_valid.next = coming is not None
                if coming is not None:
                    s_data.next = coming
                    sent.append(coming)
                yield delay(1)
                if m_valid and m_ready:
                    got.append(int(m_data))
            clk.next = True
            yield delay(1)
            clk.next = False
            yield delay(1)
        raise StopSimulation

    simulate(
        output_fifo(
            clk, rst, s_valid, s_data, m_valid, m_ready, m_data, room, depth=depth, reserve=reserve
        ),
        bench(),
    )
    return sent, got, begun


@pytest.mark.parametrize(
    ("depth", "reserve", "burst"), [(16, 15, 4), (16, 4, 4), (32, 20, 4), (8, 1, 1), (2, 1, 1)]
)
def test_a_writer_that_asked_for_room_never_overruns(depth: int, reserve: int, burst: int) -> None:
    for seed, stall in enumerate((0.0, 0.3, 0.9, 1.0)):
        sent, got, begun = output_run(depth, reserve, burst, stall, seed)
        assert got == sent[: len(got)]
        assert len(sent) - len(got) <= depth
        assert (stall == 1.0) == (not got)
        assert begun  # room was seen


def test_a_writer_that_does_not_ask_is_caught() -> None:
    names = ("clk", "rst", "s_valid", "m_valid", "m_ready", "room")
    clk, rst, s_valid, m_valid, m_ready, room = (bit() for _ in names)
    s_data, m_data = word(WIDTH), word(WIDTH)

    def bench():
        for clock in range(20):
            rst.next = clock == 0
            s_valid.next = clock > 0
            clk.next = True
            yield delay(1)
            clk.next = False
            yield delay(1)
        raise StopSimulation

    fifo = output_fifo(
        clk, rst, s_valid, s_data, m_valid, m_ready, m_data, room, depth=16, reserve=4
    )
    with pytest.raises(ValueError, match="16 >= maximum 16"):
        simulate(fifo, bench())


@pytest.mark.parametrize("reserve", [0, 16, -1])
def test_reserve_must_leave_a_word(reserve: int) -> None:
    with pytest.raises(ValueError, match=f"reserve must be 1 to 15, not {reserve}"):
        output_run(16, reserve, 1, 0.0, 0)


@pytest.mark.parametrize("style", ["shift", "ram"])
def test_verilog_is_the_model(tmp_path, style: str) -> None:
    for width in (1, 8):
        data = (bit(), bit()) if width == 1 else (word(width), word(width))
        ports = {n: bit() for n in ("clk", "rst", "s_valid", "s_ready", "m_valid", "m_ready")}
        assert_equivalent(
            stream_fifo, dict(ports, s_data=data[0], m_data=data[1], depth=4, style=style),
            folder=tmp_path, when={"m_data": "m_valid"},
        )  # fmt: skip


@pytest.mark.parametrize("style", ["shift", "ram"])
def test_verilog_of_the_output_fifo_is_the_model(tmp_path, style: str) -> None:
    ports = {n: bit() for n in ("clk", "rst", "s_valid", "m_valid", "m_ready", "room")}
    ports.update(s_data=word(8), m_data=word(8))
    assert_equivalent(
        output_fifo, dict(ports, depth=16, reserve=7, style=style), folder=tmp_path,
        # one word at a time on its way
        drive={"s_valid": lambda _, random: int(ports["room"] and random.random() < 0.7)},
        when={"m_data": "m_valid"},
    )  # fmt: skip
