"""Dense layers: every input to every output, on the lanes of the cyclic sparse engine."""

import json

import numpy as np
import pytest

from kolam.flows import write
from kolam.generators import load
from kolam.generators.chain_config import Formats
from kolam.generators.dense import Config, Layer, build
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import simulate
from kolam.testbenches.stimulus import codes, script

S8 = Format.parse("s1.6")
FORMATS = Formats(input=S8, weights=S8, outputs=S8)
RELU = {"bias": True, "activation": Activation.RELU}


def config(inputs, *layers, **fields):
    return Config(inputs=inputs, layers=layers, **{"formats": FORMATS, **fields})


@pytest.mark.parametrize("parallelism", [2, 18, 37])
def test_dense_small(parallelism):
    design = load("dense-small", set={"parallelism": parallelism})
    run = simulate(design)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert design.multipliers <= parallelism
    assert design.config.connectivity.all()


SIZES = {
    "1 to 1": config(1, Layer(outputs=1)),
    "1 to 4": config(1, Layer(outputs=4, **RELU)),
    "5 to 1": config(5, Layer(outputs=1, bias=True)),
    "3 to 2 to 3": config(3, Layer(outputs=2), Layer(outputs=3)),
    "7 to 11": config(7, Layer(outputs=11, activation=Activation.CLIPPED_RELU), parallelism=7),
    "12 to 9 to 6": config(12, Layer(outputs=9, **RELU), Layer(outputs=6), parallelism=7),
    "8 to 8 on 8": config(8, Layer(outputs=8), parallelism=8),
    "uneven beats": config(
        10, Layer(outputs=6), Layer(outputs=5), parallelism=3, input_lanes=4, output_lanes=2
    ),
    "unequal widths": config(
        6,
        Layer(outputs=5, **RELU),
        Layer(outputs=4),
        formats=Formats(
            input=Format.parse("u0.8"),
            weights=(Format.parse("s1.14"), Format.parse("s0.3")),
            outputs=(Format.parse("s3.4"), Format.parse("s6.9")),
        ),
    ),
}


@pytest.mark.parametrize("number", range(len(SIZES)), ids=list(SIZES))
def test_sizes(number, tmp_path):
    """Exact and as promised, then exact with pauses and bad frames."""
    chosen = list(SIZES.values())[number]
    values = {**chosen.to_dict(), "target": ("generic", "xc7", "ecp5")[number % 3]}
    design = build(Config.from_dict(values), seed=number)
    run = simulate(design, folder=tmp_path)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    frames = script(design, codes(design, 10, number), 0.3, number)
    run = simulate(design, script=frames, gap=0.3, stall=0.4, folder=tmp_path)
    assert run.passed, run.line


@pytest.mark.parametrize("simulator", ["myhdl", "cosim"])
def test_other_simulators(simulator):
    run = simulate(build(SIZES["12 to 9 to 6"]), simulator=simulator)
    assert run.passed, run.line


def test_the_answer_is_the_matrix_product():
    wide = Formats(input=S8, weights=S8, outputs=Format.parse("s7.12"))
    rng = np.random.default_rng(2)
    weight, bias = rng.integers(-128, 128, (5, 7)), rng.integers(-500, 500, 5)
    made = Config(inputs=7, layers=(Layer(outputs=5, bias=True),), formats=wide)
    design = build(made, [(weight, bias)])
    x = codes(design, 6)
    np.testing.assert_array_equal(design.reference(x), x @ weight.T + bias)
    np.testing.assert_array_equal(design.predict(x / 64), (x / 64) @ (weight.T / 64) + bias / 4096)
    assert simulate(design, x).passed


def test_the_folder_of_a_dense_design_holds_its_matrices(tmp_path):
    """Matrices, not the order in which the lanes take them: whoever reads them gets the design."""
    design = build(SIZES["12 to 9 to 6"], seed=5)
    again = load(write(design, tmp_path / "made", frames=2) / "reference" / "model.npz")
    x = codes(design, 8)
    np.testing.assert_array_equal(again.reference(x), design.reference(x))
    assert again.config == design.config


def test_the_interval_is_that_of_the_slowest_layer():
    design = build(config(16, Layer(outputs=12), Layer(outputs=8), parallelism=8))
    assert design.interval == max(
        inputs * -(-outputs // lanes)
        for inputs, outputs, lanes in zip((16, 12), (12, 8), design.lanes, strict=True)
    )
    assert design.multipliers == sum(design.lanes) <= 8


def test_plain_values_and_back():
    for made in SIZES.values():
        assert Config.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("layers", "fields", "error", "sentence"),
    [
        ((), {}, TypeError, "layers must be one Layer or more, not ()"),
        ((3,), {}, TypeError, "layers must be one Layer or more, not (3,)"),
        ((Layer(outputs=4),), {"parallelism": 5}, ValueError,
         "parallelism must be 1 to 4, not 5; the nearest is 4"),
        ((Layer(outputs=4),), {"parallelism": 0}, ValueError,
         "parallelism must be at least 1, not 0"),
        ((Layer(outputs=4),), {"interval": 3}, ValueError,
         "interval must be at least 4 clocks, not 3"),
    ],
)  # fmt: skip
def test_a_configuration_is_refused(layers, fields, error, sentence):
    with pytest.raises(error) as refusal:
        config(4, *layers, **fields)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"outputs": 0}, ValueError, "outputs must be 1 to 1048576, not 0"),
        ({"outputs": "4"}, TypeError, "outputs must be an integer, not '4'"),
        ({"bias": 1}, TypeError, "bias must be true or false, not 1"),
        ({"activation": "relu"}, TypeError, "activation must be an Activation, not 'relu'"),
    ],
)
def test_a_layer_is_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        config(4, Layer(**{"outputs": 4, **fields}))
    assert str(refusal.value) == sentence


def test_weights_are_refused():
    with pytest.raises(ValueError, match=r"must be of shape \(4, 3\), not \(3, 4\)"):
        build(config(3, Layer(outputs=4)), [np.ones((3, 4), int)])


def test_a_target_is_kept():
    assert build(config(4, Layer(outputs=4), target=Target.ECP5)).target is Target.ECP5
