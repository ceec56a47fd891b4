"""The CSC model against values by hand, plain Python, the scattered matrix, and real numbers."""

from fractions import Fraction

import numpy as np
import pytest

from kolam.reference import fixed
from kolam.reference.cyclic_sparse import (
    Layer,
    Numbers,
    answer,
    connectivity,
    dense_matrix,
    forward,
    forward_float,
    in_float,
)

SHAPES = [  # inputs, outputs, fan_in, stride, step
    (1, 1, 1, 0, 1),
    (2, 3, 2, 1, 1),
    (3, 2, 3, 1, 2),
    (16, 16, 4, 4, 1),
    (12, 30, 3, 5, 1),
    (30, 12, 7, 11, 3),
    (784, 300, 6, 28, 3),
    (300, 100, 6, 50, 1),
    (100, 10, 98, 1, 1),
    (8, 8, 4, 4, 1),  # taps meet
]
SMALL = Numbers(input=(False, 4, 4), weight=(True, 1, 6), output=(True, 3, 4))


def random_codes(rng, fmt, shape):
    low, high = fixed.limits(fmt)
    codes = rng.integers(low, high, shape, endpoint=True)
    flat = codes.reshape(-1)
    flat[: min(2, flat.size)] = [low, high][: min(2, flat.size)]
    return codes


def random_layer(rng, shape, numbers=SMALL, activation="none", bias=True):
    inputs, outputs, fan_in, stride, step = shape
    scale = 2 ** (numbers.input[2] + numbers.weight[2])
    return Layer(
        inputs=inputs,
        stride=stride,
        step=step,
        weight=random_codes(rng, numbers.weight, (outputs, fan_in)),
        bias=rng.integers(-scale, scale, outputs) if bias else None,
        activation=activation,
        numbers=numbers,
    )


def one_word(x, layer, output):
    """Return (code, saturated) of one output of one frame, in Python integers, by the equations."""
    numbers = layer.numbers
    acc = 0 if layer.bias is None else int(layer.bias[output])
    for j in range(layer.fan_in):
        index = (layer.step * output + j * layer.stride) % layer.inputs
        acc += int(layer.weight[output, j]) * int(x[index])
    value = Fraction(acc, 2 ** (numbers.input[2] + numbers.weight[2])) * 2 ** numbers.output[2]
    whole = {
        "truncate": value.__floor__(),
        "half_up": (value + Fraction(1, 2)).__floor__(),
        "half_even": round(value),
    }[numbers.rounding]
    low, high = fixed.limits(numbers.output)
    saturated = numbers.overflow == "saturate" and not low <= whole <= high
    if numbers.overflow == "saturate":
        whole = min(max(whole, low), high)
    else:
        whole = (whole - low) % (high - low + 1) + low
    if layer.activation != "none":
        whole = max(whole, 0)
    if layer.activation == "clipped_relu":
        whole = min(whole, int(Fraction(2) ** numbers.output[2]))  # 0 where 1.0 is below a code
    return whole, saturated


def test_known_values():
    layer = Layer(
        inputs=4,
        stride=2,
        step=1,
        weight=[[1, 2], [3, 4], [5, 6], [7, 7]],
        bias=[0, -1, 0, 100],
        numbers=Numbers(input=(False, 4, 0), weight=(True, 3, 0), output=(True, 8, -1)),
    )
    # sums: 1*1+2*3, 3*2+4*4-1, 5*3+6*1, 7*4+7*2+100; halves of 7, 21, 21, 142 upwards
    (words,) = forward([[1, 2, 3, 4]], [layer])
    assert words.codes.tolist() == [[4, 11, 11, 71]]
    assert words.saturated.tolist() == [0]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_word_equals_the_equations_in_python_integers(shape):
    rng = np.random.default_rng(shape)
    layer = random_layer(rng, shape)
    x = random_codes(rng, SMALL.input, (2, shape[0]))
    (words,) = forward(x, [layer])
    expected = [[one_word(frame, layer, o) for o in range(layer.outputs)] for frame in x]
    assert words.codes.tolist() == [[code for code, _ in row] for row in expected]
    assert words.saturated.tolist() == [sum(hit for _, hit in row) for row in expected]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.int64, object])
def test_gathering_equals_the_scattered_matrix(shape, dtype):
    rng = np.random.default_rng(shape)
    layer = random_layer(rng, shape)
    x = random_codes(rng, SMALL.input, (shape[0], 5))
    expected = dense_matrix(layer) @ x
    np.testing.assert_array_equal(layer.sums(x.astype(dtype)), expected)
    np.testing.assert_array_equal(layer.sums(x.astype(np.float64)), expected)


@pytest.mark.parametrize("activation", ["none", "relu", "clipped_relu"])
@pytest.mark.parametrize("overflow", fixed.OVERFLOWS)
@pytest.mark.parametrize("rounding", fixed.ROUNDINGS)
@pytest.mark.parametrize("fraction", [-1, 0, 4, 12])  # 12: the sums are shifted left
def test_narrowing_and_activation(rounding, overflow, activation, fraction):
    numbers = Numbers(
        input=(True, 3, 4),
        weight=(True, 1, 6),
        output=(True, 9 - fraction, fraction),
        rounding=rounding,
        overflow=overflow,
    )
    rng = np.random.default_rng(fraction + 1)
    layer = random_layer(rng, (6, 5, 3, 2, 1), numbers, activation)
    x = random_codes(rng, numbers.input, (40, 6))
    (words,) = forward(x, [layer])
    expected = [[one_word(frame, layer, o) for o in range(5)] for frame in x]
    assert words.codes.tolist() == [[code for code, _ in row] for row in expected]
    assert words.saturated.tolist() == [sum(hit for _, hit in row) for row in expected]


def test_clipping_stops_at_the_largest_code_below_one():
    numbers = Numbers(input=(True, 3, 0), weight=(True, 3, 0), output=(False, 0, 4))
    layer = Layer(inputs=1, stride=0, weight=[[1]], activation="clipped_relu", numbers=numbers)
    (words,) = forward([[-3], [0], [5]], [layer])
    assert words.codes.tolist() == [[0], [0], [15]]
    assert words.saturated.tolist() == [0, 0, 1]  # below 0 it is the activation that clips


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        (Numbers(input=(True, 15, 0), weight=(True, 15, 0), output=(True, 15, 0)), np.float64),
        (Numbers(input=(True, 27, 0), weight=(True, 27, 0), output=(True, 31, 9)), np.int64),
        (Numbers(input=(True, 31, 0), weight=(True, 31, 0), output=(True, 63, 0)), object),
        (Numbers(input=(True, 63, 0), weight=(True, 63, 0), output=(True, 43, 20)), object),
        (Numbers(input=(False, 64, 0), weight=(True, 1, 0), output=(False, 64, 0)), object),
    ],
)
def test_wide_words_lose_nothing(numbers, dtype, monkeypatch):
    rng = np.random.default_rng(7)
    shape = (6, 5, 4, 2, 1)

    def wide(fmt, size):
        low, high = fixed.limits(fmt)
        span = high - low + 1
        codes = [low + int(v) % span for v in rng.bit_generator.random_raw(int(np.prod(size)) - 2)]
        return fixed.integers(np.array([low, high, *codes], object)).reshape(size)

    layer = Layer(
        inputs=6,
        stride=2,
        weight=wide(numbers.weight, (5, 4)),
        bias=rng.integers(-1000, 1000, 5),
        numbers=numbers,
    )
    used = []
    sums = Layer.sums
    monkeypatch.setattr(Layer, "sums", lambda self, x: used.append(x.dtype) or sums(self, x))
    x = wide(numbers.input, (9, shape[0]))
    (words,) = forward(x, [layer])
    assert used == [np.dtype(dtype)]
    expected = [[one_word(frame, layer, o) for o in range(5)] for frame in x]
    assert words.codes.tolist() == [[code for code, _ in row] for row in expected]
    assert words.saturated.tolist() == [sum(hit for _, hit in row) for row in expected]


def test_a_large_bias_is_added_exactly():
    numbers = Numbers(input=(True, 3, 0), weight=(True, 3, 0), output=(True, 64, -40))
    bias = [2**63 - 2, -(2**63) + 2, 2**62]
    layer = Layer(inputs=1, stride=0, weight=[[1], [-1], [7]], bias=bias, numbers=numbers)
    (words,) = forward([[7]], [layer])
    assert words.codes.tolist() == [
        [(b + s + 2**39) >> 40 for b, s in zip(bias, (7, -7, 49), strict=True)]
    ]


def random_chain(rng, numbers=SMALL, activations=("none", "relu", "clipped_relu")):
    shapes = [(12, 30, 3, 4, 1), (30, 20, 6, 5, 1), (20, 7, 20, 1, 3)]
    inner = Numbers(
        input=numbers.output, weight=numbers.weight, output=numbers.output,
        rounding=numbers.rounding, overflow=numbers.overflow,
    )  # fmt: skip
    return [
        random_layer(rng, shape, inner if i else numbers, activation)
        for i, (shape, activation) in enumerate(zip(shapes, activations, strict=True))
    ]


def test_a_chain_is_its_layers_one_by_one_and_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(3)
    layers = random_chain(rng)
    x = random_codes(rng, SMALL.input, (23, 12))
    whole = forward(x, layers)
    codes = x
    for layer, words in zip(layers, whole, strict=True):
        (alone,) = forward(codes, [layer])
        np.testing.assert_array_equal(words.codes, alone.codes)
        np.testing.assert_array_equal(words.saturated, alone.saturated)
        codes = words.codes
    monkeypatch.setattr("kolam.reference.chain.BLOCK_WORDS", 5 * 30)
    for words, blocked in zip(whole, forward(x, layers), strict=True):
        np.testing.assert_array_equal(words.codes, blocked.codes)
        np.testing.assert_array_equal(words.saturated, blocked.saturated)
    last = answer(x, layers)
    np.testing.assert_array_equal(last.codes, whole[-1].codes)
    np.testing.assert_array_equal(last.saturated, sum(words.saturated for words in whole))
    assert last.saturated.any()


def test_no_frames_give_no_words():
    layers = random_chain(np.random.default_rng(0))
    words = answer(np.zeros((0, 12), int), layers)
    assert words.codes.shape == (0, 7)
    assert words.saturated.shape == (0,)


def test_float_mathematics_is_linear():
    rng = np.random.default_rng(4)
    layers = [
        Layer(inputs=12, stride=4, weight=rng.standard_normal((30, 3))),
        Layer(inputs=30, stride=5, step=7, weight=rng.standard_normal((20, 6))),
    ]
    x, y = rng.standard_normal((2, 6, 12))
    together = forward_float(2 * x - 3 * y, layers)[-1]
    apart = 2 * forward_float(x, layers)[-1] - 3 * forward_float(y, layers)[-1]
    np.testing.assert_allclose(together, apart, rtol=0, atol=1e-12)
    matrix = dense_matrix(layers[1]) @ dense_matrix(layers[0])
    np.testing.assert_allclose(forward_float(x, layers)[-1], x @ matrix.T, rtol=0, atol=1e-12)


def test_a_cyclic_shift_of_the_input_shifts_the_output():
    # with step 1 and as many outputs as inputs, equal weights at every output are a convolution
    rng = np.random.default_rng(5)
    weight = np.tile(random_codes(rng, SMALL.weight, (1, 4)), (16, 1))
    layer = Layer(inputs=16, stride=3, weight=weight, activation="relu", numbers=SMALL)
    x = random_codes(rng, SMALL.input, (10, 16))
    for shift in range(16):
        (moved,) = forward(np.roll(x, shift, axis=1), [layer])
        (still,) = forward(x, [layer])
        np.testing.assert_array_equal(moved.codes, np.roll(still.codes, shift, axis=1))


@pytest.mark.parametrize(("fan_in", "supports"), [(2, 1), (2, 5), (3, 3), (4, 3), (8, 2), (5, 2)])
def test_the_cycle_has_exactly_one_path_a_pair(fan_in, supports):
    words = fan_in**supports
    ones = np.ones((words, fan_in), int)
    layers = [Layer(inputs=words, stride=fan_in**s, weight=ones) for s in range(supports)]
    paths = np.eye(words)
    for layer in layers:
        paths = dense_matrix(layer) @ paths
    np.testing.assert_array_equal(paths, np.ones((words, words)))
    assert connectivity(layers).all()
    if supports > 1:
        missing = connectivity(layers[:-1])
        np.testing.assert_array_equal(missing.sum(axis=1), np.full(words, words // fan_in))


def test_connectivity_counts_neither_values_nor_paths():
    layers = [
        Layer(inputs=6, stride=3, step=2, weight=np.zeros((4, 2))),
        Layer(inputs=4, stride=2, step=1, weight=np.zeros((3, 2))),
    ]
    first = np.array(
        [[1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 1], [0, 1, 0, 0, 1, 0], [1, 0, 0, 1, 0, 0]]
    )
    np.testing.assert_array_equal(connectivity(layers[:1]), first.astype(bool))
    second = np.array([first[0] | first[2], first[1] | first[3], first[2] | first[0]])
    np.testing.assert_array_equal(connectivity(layers), second.astype(bool))


@pytest.mark.parametrize("rounding", fixed.ROUNDINGS)
@pytest.mark.parametrize("fraction", [3, 8])
def test_integers_meet_float_mathematics(rounding, fraction):
    # Weights and biases are the same in both, and nothing saturates (asserted below). Then a layer
    # with matrix A turns an error of at most E (a vector, elementwise) in its input into at most
    # |A| E in its sum; the one rounding adds at most half a code (a code, downwards, if truncated)
    # and the activations, being 1-Lipschitz, add nothing: E' = |A| E + unit.
    numbers = Numbers(
        input=(False, 2, 4),
        weight=(True, 1, 6),
        output=(True, 15 - fraction, fraction),
        rounding=rounding,
    )
    rng = np.random.default_rng(fraction)
    layers = random_chain(rng, numbers, ("none", "relu", "none"))
    x = random_codes(rng, numbers.input, (200, 12))
    integer = forward(x, layers)
    assert not any(words.saturated.any() for words in integer)
    real = forward_float(fixed.to_float(x, 4), in_float(layers))
    bound = np.zeros(12)
    unit = 2.0**-fraction * (1 if rounding == "truncate" else 0.5)
    for layer, words, expected in zip(in_float(layers), integer, real, strict=True):
        bound = np.abs(dense_matrix(layer)) @ bound + unit
        error = fixed.to_float(words.codes, fraction) - expected
        assert (np.abs(error) <= bound + 1e-12).all()
    # the other side of the bound: where it meets all residues, one rounding errs by just as much
    error = fixed.to_float(integer[0].codes, fraction) - real[0]
    assert np.abs(error).max() == (unit - 2**-10 if rounding == "truncate" else unit)


def test_in_float_keeps_what_is_real():
    real = Layer(inputs=2, stride=1, weight=[[0.5, 0.25]])
    coded = random_layer(np.random.default_rng(1), (1, 4, 1, 0, 1))
    first, second = in_float([real, coded])
    assert first is real
    np.testing.assert_array_equal(second.weight * 2**6, coded.weight)
    np.testing.assert_array_equal(second.bias * 2**10, coded.bias)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inputs": 0}, "inputs must be at least 1, not 0"),
        ({"weight": [1, 2]}, r"weight must be \(outputs, taps\), not \(2,\)"),
        ({"weight": np.zeros((2, 0), int)}, r"weight must be \(outputs, taps\), not \(2, 0\)"),
        ({"bias": [1]}, r"bias must be \(2,\), not \(1,\)"),
        ({"activation": "tanh"}, "activation must be one of none, relu, clipped_relu, not 'tanh'"),
        (
            {"weight": [[127], [128]]},
            r"weight must be codes of s1.6, -128 to 127, not 127 to 128",
        ),
    ],
)
def test_wrong_layers_are_refused(change, sentence):
    good = {"inputs": 2, "stride": 1, "weight": [[1], [2]], "numbers": SMALL}
    Layer(**good)
    with pytest.raises(ValueError, match=sentence):
        Layer(**{**good, **change})


def test_wrong_chains_and_frames_are_refused():
    rng = np.random.default_rng(2)
    layers = random_chain(rng)
    x = np.zeros((3, 12), int)
    with pytest.raises(ValueError, match="layers must be at least one, not none"):
        forward(x, [])
    with pytest.raises(ValueError, match=r"layer 1 must take the words .* \(30\), not 20"):
        forward(x, [layers[0], layers[2]])
    with pytest.raises(ValueError, match="the input format of layer 1 must be the output format"):
        forward(x, [layers[0], random_layer(rng, (30, 3, 1, 1, 1))])
    with pytest.raises(ValueError, match=r"x must be \(frames, 12\), not \(12,\)"):
        forward(x[0], layers)
    with pytest.raises(ValueError, match=r"x must be codes of .* 0 to 255, not -1 to 256"):
        forward(np.array([[-1, 256] * 6]), layers)
    with pytest.raises(TypeError, match=r"x must be integers, codes of u4\.4, not float64"):
        forward(x / 2, layers)
    with pytest.raises(ValueError, match="layers must have numbers, not None"):
        forward(x, in_float(layers))
    with pytest.raises(ValueError, match="layers must hold real numbers"):
        forward_float(x, layers)
