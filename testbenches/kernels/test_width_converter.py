"""width_converter: every element once, in its place, at the promised clocks, for any lanes."""

from itertools import pairwise
from random import Random

import pytest
from myhdl import ConcatSignal

from kolam.kernels.width_converter import interval, latency, moves, width_converter
from kolam.testbenches.equivalence import assert_equivalent, bit, word
from kolam.testbenches.streams import Epoch, drained, exchange

WIDTH = 4
PORTS = ("clk", "rst", "s_valid", "s_ready", "m_valid", "m_ready", "m_last")
MASK = (1 << WIDTH) - 1
# ratios up, down, of two numbers without a common divisor, and with one; frames that fill their
# last beats, and frames that do not
TRIPLES = [
    (1, 8, 8), (8, 1, 8), (1, 4, 10), (4, 1, 10), (3, 4, 24), (4, 3, 24), (3, 4, 13), (4, 3, 13),
    (2, 3, 7), (3, 2, 7), (6, 4, 26), (4, 6, 26), (5, 2, 11), (2, 5, 11), (3, 3, 7), (7, 8, 20),
    (8, 7, 20), (4, 4, 1), (1, 5, 2), (5, 1, 2), (1, 1, 1), (6, 4, 3), (3, 5, 4),
]  # fmt: skip


def pack(elements: list[int], lanes: int, fill: Random | None) -> list[int]:
    """Return the words of a frame; beyond it are zeros, or garbage."""
    words = []
    for low in range(0, len(elements), lanes):
        beat = elements[low : low + lanes]
        beat += [fill.randrange(MASK + 1) if fill else 0 for _ in range(lanes - len(beat))]
        words.append(sum(e << WIDTH * k for k, e in enumerate(beat)))
    return words


def run(s_lanes: int, m_lanes: int, elements: int, count: int, **how):
    """Send seeded frames; return the epochs, and what each frame must become.

    m_last is the highest bit of the words given.
    """
    random = Random(how.get("seed", 0))

    def place(p):
        m_last = bit()
        converter = width_converter(
            **vars(p), m_last=m_last, s_lanes=s_lanes, m_lanes=m_lanes, elements=elements
        )
        return converter, {"m_data": ConcatSignal(m_last, p.m_data)}

    values = [[random.randrange(MASK + 1) for _ in range(elements)] for _ in range(count)]
    sent = [pack(v, s_lanes, random) for v in values]
    wanted = [pack(v, m_lanes, None) for v in values]
    for words in wanted:
        words[-1] |= 1 << m_lanes * WIDTH
    epochs = exchange(place, sent, s_width=s_lanes * WIDTH, m_width=m_lanes * WIDTH, **how)
    return epochs, wanted


def check(epoch: Epoch, wanted: list[list[int]], last: bool) -> None:
    """Compare an epoch with the frames begun in it."""
    drained(epoch, [w for n in epoch.frames for w in wanted[n]], last)


@pytest.mark.parametrize(("s_lanes", "m_lanes", "elements"), TRIPLES)
def test_every_element_in_its_place(s_lanes: int, m_lanes: int, elements: int) -> None:
    for seed, (gap, stall) in enumerate([(0.6, 0.1), (0.1, 0.6), (0.4, 0.4)]):
        (epoch,), wanted = run(
            s_lanes, m_lanes, elements, 6, gap=gap, stall=stall, shy=seed == 2, seed=seed
        )
        assert epoch.frames == list(range(6))
        check(epoch, wanted, last=True)


def measure(s_lanes: int, m_lanes: int, elements: int) -> None:
    """Compare latency and interval with what is promised."""
    count = 5
    (epoch,), wanted = run(s_lanes, m_lanes, elements, count, patience=8)
    check(epoch, wanted, last=True)
    put, get = [c for c, _ in epoch.taken], [c for c, _ in epoch.given]
    foretold = moves([put[0]] * -(-elements // s_lanes), s_lanes, m_lanes, elements)
    assert foretold == (put[: len(foretold.put)], get[: len(foretold.get)])
    starts = [clock for clock, _ in epoch.given][:: len(wanted[0])]
    assert starts[0] - epoch.taken[0][0] == latency(s_lanes, m_lanes, elements)
    steady = [after - before for before, after in pairwise(starts[1:])]
    assert steady == [interval(s_lanes, m_lanes, elements)] * (count - 2)


@pytest.mark.parametrize("s_lanes", range(1, 6))
def test_promises_hold(s_lanes: int) -> None:
    for m_lanes in range(1, 6):
        for elements in (1, 5, 13, 20):
            measure(s_lanes, m_lanes, elements)


@pytest.mark.parametrize(("s_lanes", "m_lanes", "elements"), TRIPLES)
def test_the_moves_of_a_first_frame_are_foretold(s_lanes: int, m_lanes: int, elements: int) -> None:
    (epoch,), _ = run(s_lanes, m_lanes, elements, 1, gap=0.5, seed=elements)
    put, get = [c for c, _ in epoch.taken], [c for c, _ in epoch.given]
    assert moves(put, s_lanes, m_lanes, elements) == (put, get)


@pytest.mark.shown
def test_promises_hold_everywhere() -> None:
    for s_lanes in range(1, 10):
        for m_lanes in range(1, 10):
            for elements in (2, 9, 30, 59):
                measure(s_lanes, m_lanes, elements)


@pytest.mark.parametrize(
    ("s_lanes", "m_lanes", "elements"), [(2, 3, 7), (3, 2, 7), (1, 4, 6), (4, 1, 6)]
)
def test_reset_at_any_clock(s_lanes: int, m_lanes: int, elements: int) -> None:
    for clock in range(1, 16, 2):
        epochs, wanted = run(
            s_lanes,
            m_lanes,
            elements,
            4,
            gap=0.1,
            stall=0.3,
            resets={clock},
            seed=clock,
            patience=20,
        )
        for number, epoch in enumerate(epochs):
            check(epoch, wanted, last=number == 1)


@pytest.mark.parametrize(
    ("lanes", "elements", "bits", "said"),
    [
        ((0, 1), 4, (8, 8), "s_lanes must be at least 1, not 0"),
        ((1, -2), 4, (8, 8), "m_lanes must be at least 1, not -2"),
        ((1, 1), 0, (8, 8), "elements must be at least 1, not 0"),
        ((2, 3), 6, (8, 10), "must be 2 and 3 elements of one width, not 8 and 10 bits"),
    ],
)
def test_bad_parameters_are_named(lanes, elements, bits, said: str) -> None:
    ports = {n: bit() for n in PORTS}
    ports.update(s_data=word(bits[0]), m_data=word(bits[1]))
    with pytest.raises(ValueError, match=said):
        width_converter(**ports, s_lanes=lanes[0], m_lanes=lanes[1], elements=elements)


@pytest.mark.parametrize(("s_lanes", "m_lanes", "elements"), TRIPLES[:14])
def test_verilog_is_the_model(tmp_path, s_lanes: int, m_lanes: int, elements: int) -> None:
    ports = {n: bit() for n in PORTS}
    ports.update(s_data=word(s_lanes * WIDTH), m_data=word(m_lanes * WIDTH))
    assert_equivalent(
        width_converter, dict(ports, s_lanes=s_lanes, m_lanes=m_lanes, elements=elements),
        folder=tmp_path, clocks=200, when={"m_data": "m_valid"},
    )  # fmt: skip
