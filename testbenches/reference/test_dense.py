"""The dense model against matrix products, and against the CSC model that reads every input."""

import numpy as np
import pytest

from kolam.reference import cyclic_sparse, fixed
from kolam.reference.dense import Layer, Numbers, answer, forward, forward_float, in_float

NUMBERS = Numbers(input=(True, 3, 4), weight=(True, 1, 6), output=(True, 5, 4))


def random_layer(rng, outputs, inputs, activation="none"):
    return Layer(
        weight=rng.integers(-128, 128, (outputs, inputs)),
        bias=rng.integers(-2000, 2000, outputs),
        activation=activation,
        numbers=NUMBERS,
    )


def test_known_values():
    layer = Layer(
        weight=[[1, -2, 3], [-128, 127, 0]],
        bias=[-3, 0],
        numbers=Numbers(input=(True, 7, 0), weight=(True, 7, 0), output=(True, 8, -1)),
    )
    # sums: 3 - 8 + 15 - 3 = 7 and -384 + 508 = 124; 127 + 256 - 3 = 380 and -32512: halved, both
    # are beyond -128 to 127
    (words,) = forward([[3, 4, 5], [127, -128, 0]], [layer])
    assert words.codes.tolist() == [[4, 62], [127, -128]]
    assert words.saturated.tolist() == [0, 2]


@pytest.mark.parametrize(("outputs", "inputs"), [(1, 1), (3, 2), (10, 64), (64, 10)])
@pytest.mark.parametrize("activation", ["none", "relu", "clipped_relu"])
def test_dense_is_a_support_layer_that_reads_every_input(outputs, inputs, activation):
    rng = np.random.default_rng(outputs)
    layer = random_layer(rng, outputs, inputs, activation)
    # tap j of output o reads input o + j, so it holds weight[o][o + j]
    taps = np.add.outer(np.arange(outputs), np.arange(inputs)) % inputs
    sparse = cyclic_sparse.Layer(
        inputs=inputs,
        stride=1,
        weight=np.take_along_axis(layer.weight, taps, axis=1),
        bias=layer.bias,
        activation=activation,
        numbers=NUMBERS,
    )
    x = rng.integers(-128, 128, (20, inputs))
    for words, other in zip(forward(x, [layer]), forward(x, [sparse]), strict=True):
        np.testing.assert_array_equal(words.codes, other.codes)
        np.testing.assert_array_equal(words.saturated, other.saturated)


@pytest.mark.parametrize("dtype", [np.float64, np.int64, object])
def test_sums_are_the_same_in_every_number(dtype):
    rng = np.random.default_rng(1)
    layer = random_layer(rng, 5, 7)
    x = rng.integers(-128, 128, (7, 3))
    np.testing.assert_array_equal(layer.sums(x.astype(dtype)), layer.weight @ x)


def test_integers_meet_float_mathematics():
    # one rounding a layer, half a code; a layer with matrix A passes an error E on as |A| E, and
    # the activations do not enlarge it; no word saturates
    rng = np.random.default_rng(2)
    numbers = Numbers(input=(True, 3, 4), weight=(True, 0, 7), output=(True, 15, 4))
    after = Numbers(input=numbers.output, weight=(True, 0, 7), output=numbers.output)
    layers = [
        Layer(weight=rng.integers(-128, 128, (30, 20)), activation="relu", numbers=numbers),
        Layer(weight=rng.integers(-128, 128, (10, 30)), bias=np.arange(10), numbers=after),
    ]
    x = rng.integers(-128, 128, (100, 20))
    words = forward(x, layers)
    assert not answer(x, layers).saturated.any()
    real = forward_float(fixed.to_float(x, 4), in_float(layers))
    first = fixed.to_float(words[0].codes, 4) - real[0]
    assert 0.9 * 2**-5 < np.abs(first).max() <= 2**-5
    bound = np.abs(in_float(layers)[1].weight) @ np.full(30, 2**-5) + 2**-5
    second = fixed.to_float(words[1].codes, 4) - real[1]
    assert (np.abs(second) <= bound + 1e-12).all()
