"""activation: every code of small formats against Python; arg-max of frames with ties."""

from random import Random

import numpy as np
import pytest
from myhdl import StopSimulation, delay

from kolam.kernels.activation import argmax, clipped_relu, relu
from kolam.kernels.bits import bits
from kolam.testbenches.equivalence import assert_equivalent, bit, simulate, word
from kolam.testbenches.streams import exchange


def table(kernel, width: int, **constants) -> list[tuple[int, int]]:
    """Return (x, y) as signed codes, for every x of a width."""
    x, y = word(width), word(width)
    pairs = []

    def bench():
        for code in range(1 << width):
            x.next = code
            yield delay(1)
            pairs.append((int(x.signed()), int(y.signed())))
        raise StopSimulation

    simulate(kernel(x, y, **constants), bench())
    return pairs


@pytest.mark.parametrize("width", [2, 5, 8])
def test_relu_on_every_code(width: int) -> None:
    assert all(y == max(x, 0) for x, y in table(relu, width))


@pytest.mark.parametrize(("width", "bound"), [(2, 1), (5, 0), (5, 4), (5, 15), (8, 64), (8, 100)])
def test_clipped_relu_on_every_code(width: int, bound: int) -> None:
    assert all(y == min(max(x, 0), bound) for x, y in table(clipped_relu, width, bound=bound))


@pytest.mark.parametrize("bound", [-1, 16])
def test_bound_must_be_a_code(bound: int) -> None:
    with pytest.raises(ValueError, match=f"bound must be 0 to 15, not {bound}"):
        table(clipped_relu, 5, bound=bound)


def classify(elements: int, signed: bool, count: int, width: int = 4, **how):
    """Send seeded frames of few values, so that many are equal; return epochs and answers."""
    random = Random(how.get("seed", 0))
    codes = [-8, -7, -1, 0, 3, 7] if signed else [0, 1, 7, 8, 15]
    frames = [[random.choice(codes) for _ in range(elements)] for _ in range(count)]
    frames[0] = [codes[0]] * elements
    answers = [int(np.argmax(frame)) for frame in frames]
    sent = [[code & (1 << width) - 1 for code in frame] for frame in frames]
    epochs = exchange(
        lambda p: argmax(**vars(p), elements=elements, signed=signed),
        sent, s_width=width, m_width=bits(elements), **how,
    )  # fmt: skip
    return epochs, answers


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("elements", [1, 2, 3, 10])
def test_argmax_is_that_of_numpy(elements: int, signed: bool) -> None:
    for seed, (gap, stall) in enumerate([(0, 0), (0.5, 0), (0, 0.8), (0.3, 0.5)]):
        (epoch,), answers = classify(elements, signed, 20, gap=gap, stall=stall, seed=seed)
        assert epoch.words_given == answers


@pytest.mark.parametrize("elements", [1, 2, 10])
def test_argmax_keeps_its_promises(elements: int) -> None:
    (epoch,), _ = classify(elements, True, 6)
    clocks = [clock for clock, _ in epoch.given]
    assert clocks[0] - epoch.taken[0][0] == elements
    assert set(np.diff(clocks)) == {max(elements, 2)}


def test_argmax_reset_at_any_clock() -> None:
    for clock in range(1, 20):
        epochs, answers = classify(3, True, 8, stall=0.4, resets={clock}, seed=clock)
        for number, epoch in enumerate(epochs):
            wanted = [answers[n] for n in epoch.frames]
            assert epoch.words_given == wanted[: len(epoch.given)]
            assert number == 0 or len(epoch.given) == len(wanted)


def test_verilog_is_the_model(tmp_path) -> None:
    for number, (kernel, arguments) in enumerate([
        (relu, {}), (clipped_relu, {"bound": 64}), (clipped_relu, {"bound": 100}),
    ]):  # fmt: skip
        x, y = word(8), word(8)
        vectors = [{"x": code} for code in range(256)]
        assert_equivalent(
            kernel, dict(arguments, x=x, y=y), folder=tmp_path / str(number), vectors=vectors,
            clocks=260,
        )  # fmt: skip


@pytest.mark.parametrize("signed", [False, True])
def test_verilog_of_argmax_is_the_model(tmp_path, signed: bool) -> None:
    for elements in (1, 3, 8):
        p = {n: bit() for n in ("clk", "rst", "s_valid", "s_ready", "m_valid", "m_ready")}
        m_data = word(bits(elements)) if elements > 2 else bit()
        assert_equivalent(
            argmax, dict(p, s_data=word(5), m_data=m_data, elements=elements, signed=signed),
            folder=tmp_path / str(elements), when={"m_data": "m_valid"},
        )  # fmt: skip
