"""stream_register: words in order, pauses anywhere, a beat a clock, latency 1."""

from random import Random

import pytest

from kolam.kernels.stream_register import LATENCY, stream_register
from kolam.testbenches.equivalence import assert_equivalent, bit, word
from kolam.testbenches.streams import drained, exchange

WIDTH = 8


def run(count: int = 60, **how):
    """Send seeded words, each a frame of its own."""
    draw = Random(how.get("seed", 0))
    words = [[draw.randrange(1 << WIDTH)] for _ in range(count)]
    return exchange(
        lambda p: stream_register(**vars(p)), words, s_width=WIDTH, m_width=WIDTH, **how
    )


@pytest.mark.parametrize("shy", [False, True])
@pytest.mark.parametrize(("gap", "stall"), [(0, 0), (0.5, 0), (0, 0.5), (0.3, 0.8), (0.8, 0.3)])
def test_every_word_once_and_in_order(gap: float, stall: float, shy: bool) -> None:
    for seed in range(3):
        (epoch,) = run(gap=gap, stall=stall, shy=shy, seed=seed)
        assert len(epoch.taken) == 60
        drained(epoch, epoch.words_taken, last=True)


def test_a_beat_a_clock() -> None:
    (epoch,) = run()
    assert [clock for clock, _ in epoch.given] == [clock + LATENCY for clock, _ in epoch.taken]
    assert epoch.taken[-1][0] - epoch.taken[0][0] == 59


def test_reset_at_any_clock() -> None:
    for clock in range(1, 30):
        epochs = run(30, gap=0.3, stall=0.5, resets={clock, clock + 7}, seed=clock)
        assert len(epochs) == 3
        for number, epoch in enumerate(epochs):
            drained(epoch, epoch.words_taken, last=number == 2)
        assert sum(len(epoch.taken) for epoch in epochs) == 30


def test_verilog_is_the_model(tmp_path) -> None:
    for width in (1, 16):
        ports = {n: bit() for n in ("clk", "rst", "s_valid", "s_ready", "m_valid", "m_ready")}
        data = (bit(), bit()) if width == 1 else (word(width), word(width))
        assert_equivalent(
            stream_register, dict(ports, s_data=data[0], m_data=data[1]),
            folder=tmp_path, when={"m_data": "m_valid"},
        )  # fmt: skip
