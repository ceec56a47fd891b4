"""A trace: its two chains, what it says of their difference, and a model's own outputs."""

import json
from math import inf

import numpy as np
import pytest

from kolam.generators import cyclic_sparse as csc
from kolam.generators import load
from kolam.generators.inspection import Layer, take
from kolam.hdl import Format
from kolam.reference import fft as golden
from kolam.testbenches import stimulus
from kolam.testbenches.random_configs import random_config

FFTS = {
    "fft-64": {},
    "fft-1024-small": {"points": 64, "rotation": "shift_add"},
    "ifft-1024": {"points": 32},
    "fft-1024-iterative": {"points": 64, "scaling": [0, 0, 0, 1, 1, 1, 0]},
    "fft-1024-bfp": {"points": 64},
    "rfft-1024": {"points": 64},
    "rfft-16-parallel": {"direction": "inverse"},
}


@pytest.fixture(params=FFTS)
def transform(request):
    return load(request.param, set=FFTS[request.param] or None)


@pytest.mark.parametrize("seed", range(6))
def test_the_chains_are_reference_and_predict(seed):
    """The last layer has the answers; saturated words add up; a layer is fed by the one before."""
    design = csc.build(random_config(seed), seed=seed)
    codes = stimulus.codes(design, 7, seed)
    trace = design.trace(codes)
    assert list(trace) == [f"support {k}" for k in range(len(design.plans))]
    assert len(trace) == len(design.plans)
    last = trace[list(trace)[-1]]
    np.testing.assert_array_equal(last.codes, design.reference(codes))
    np.testing.assert_array_equal(trace.saturated, design.saturated(codes))
    values = design.streams[0].format.to_float(codes)
    np.testing.assert_allclose(last.exact, design.predict(values), rtol=1e-12, atol=1e-12)
    assert trace.frames == 7
    assert [layer.format for layer in trace.values()] == [plan.result for plan in design.plans]


def test_layers_alone_are_the_layers_of_the_chain():
    """Each support by itself, fed with what the trace has in front of it, gives what it has."""
    design = load("csc-digits")
    trace = design.trace(stimulus.even(design, 5))
    codes = trace.input.codes
    for k, (layer, plan) in enumerate(zip(trace.values(), design.plans, strict=True)):
        alone = csc.build(
            csc.Config(
                inputs=plan.inputs,
                supports=(design.config.supports[k],),
                formats=csc.Formats(input=plan.source, weights=plan.weight, outputs=plan.result),
            ),
            [(design.words[k].weight, design.words[k].bias)],
        )
        np.testing.assert_array_equal(alone.reference(codes), layer.codes)
        codes = layer.codes


def test_the_steps_of_an_fft(transform):
    """The last step is the answer, of the integer model and of the mathematics."""
    codes = stimulus.even(transform, 6, seed=2)
    trace = transform.trace(codes)
    output = trace["output"]
    np.testing.assert_array_equal(output.codes, transform.reference(codes))
    np.testing.assert_array_equal(trace.saturated, transform.saturated(codes))
    source = transform.streams[0]
    x = source.format.to_float(codes)
    x = x if source.parts == 1 else x[..., 0] + 1j * x[..., 1]
    exact = transform.predict(x)
    if transform.config.block:
        exact = exact * 2.0 ** -transform.exponents(codes)[:, None]
    exact = exact if exact.dtype == np.float64 else np.stack([exact.real, exact.imag], -1)
    np.testing.assert_allclose(output.exact, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, changes in FFTS.items() if "rotation" not in changes])
def test_eight_bits_more_are_eight_bits_less_of_error(name):
    """At every step: both chains go to the same limit, and nothing but rounding is between them.

    Within a bit, as a few twiddles happen to be nearer to their codes in one width than in another.
    """
    found = []
    for bits in (15, 23):
        formats = {"formats.input": f"s0.{bits}", "formats.twiddle": f"s1.{bits + 1}"}
        design = load(name, set={**FFTS[name], **formats})
        trace = design.trace(stimulus.even(design, 200))
        found.append([layer.rms_error for layer in trace.values()])
    for plain, fine in zip(*found, strict=True):
        assert fine == plain == 0 or 2**7 < plain / fine < 2**9


def test_a_wrong_step_is_seen(transform, monkeypatch):
    """The chains share nothing: what one of them does wrong is no longer small."""
    monkeypatch.setattr(golden, "_stage", lambda v, *_, **__: v.copy())
    trace = transform.trace(stimulus.even(transform, 6, seed=2))
    assert trace["stage 2"].sqnr_db < 20


def test_smaller_frames_of_a_core_of_many_sizes():
    """Steps and formats are those that such a frame passes."""
    design = load("fft-64", set={"run_time.least_points": 8})
    whole = design.trace(stimulus.even(design, 3))
    small = design.under(log2_points=4)
    trace = small.trace(stimulus.even(small, 3))
    assert list(trace) == ["stage 1", "stage 2", "rotator 2", "stage 3", "stage 4", "output"]
    kept = list(whole.values())[-6:]
    assert [layer.format for layer in trace.values()] == [layer.format for layer in kept]
    assert min(layer.sqnr_db for layer in trace.values()) > 70


# what is given


def test_values_are_quantised_and_counted():
    """The float chain is fed with the values themselves, the integers with their codes."""
    design = load("dense-small")
    x = np.zeros((3, 64))
    x[0, :5], x[2, 0] = [0.5, 5, -5, 1.99, 1 / 3], 2.0
    trace = design.trace(x)
    assert trace.clipped == 3  # 1.99 is within half a step of 127/64, the largest
    assert trace.input.saturated.tolist() == [2, 0, 1]
    assert trace.input.codes[0, :5].tolist() == [32, 127, -128, 127, 21]
    np.testing.assert_array_equal(trace.input.exact, x)
    np.testing.assert_array_equal(trace["support 1"].exact, design.predict(x))
    assert design.trace(trace.input.codes).clipped == 0


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 63)), "x must hold one frame or more of 64 inputs, not an array of shape"),
        (np.zeros(64), r"not an array of shape \(64,\)"),
        (np.zeros((0, 64)), r"not an array of shape \(0, 64\)"),
        (np.full((1, 64), np.nan), "x must hold finite numbers, not NaN or infinite ones"),
        (np.full((1, 64), 128), "x must hold codes of -128 to 127, not 128 to 128"),
        (np.full((1, 64), 1j), "x must hold integer codes, or floats, not complex128"),
        ([["a"] * 64], "x must hold integer codes, or floats, not <U1"),
    ],
)
def test_what_is_no_frames(x, words):
    with pytest.raises(ValueError, match=words):
        load("dense-small").trace(x)


def test_complex_numbers_and_their_parts_are_one():
    design = load("fft-64")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 64, 2)) @ [1, 1j]
    parts = np.stack([x.real, x.imag], -1)
    for frames in (x, parts):
        taken = take(design, frames)
        np.testing.assert_array_equal(taken.values, parts)
        np.testing.assert_array_equal(taken.codes, design.encode(x))
    assert take(design, x[0]).codes.shape == (1, 64, 2)


# what is said


def layer(codes, exact, text="s1.2", saturated=(0,)):
    return Layer(
        name="one", codes=np.asarray(codes), format=Format.parse(text),
        exact=np.asarray(exact, float), saturated=np.asarray(saturated),
    )  # fmt: skip


def test_figures_by_hand():
    made = layer([[4, -8], [7, 0]], [[1.0, -2.5], [1.75, 0.0]], saturated=[1, 0])
    assert made.values.tolist() == [[1, -2], [1.75, 0]]
    assert made.error.tolist() == [[0, 0.5], [0, 0]]
    assert (made.max_error, made.rms_error, made.worst_frame) == (0.5, 0.25, 0)
    assert made.sqnr_db == pytest.approx(10 * np.log10((1 + 6.25 + 1.75**2) / 0.25))
    assert (made.saturated_share, made.span, made.limits) == (0.25, (-2.5, 1.75), (-2, 1.75))
    assert made.spare_bits == -1


@pytest.mark.parametrize(
    ("text", "span", "spare"),
    [
        ("s1.2", (-2, 1.75), 0),  # all codes
        ("s1.2", (-2.25, 0), -1),
        ("s1.2", (0, 2), -1),
        ("s1.2", (-1, 0.75), 1),
        ("s1.2", (-0.25, 0), 3),
        ("s1.2", (0, 0), 3),
        ("u3.1", (0, 7.5), 0),
        ("u3.1", (0, 8), -1),
        ("u3.1", (-5, 3.5), 1),  # below zero no integer bit helps
        ("s-1.4", (-0.5, 0.375), 0),
        ("s0.63", (-(2.0**70), 0), -70),
    ],
)
def test_spare_bits(text, span, spare):
    """Exact: with so many integer bits less the codes nearest to the values fit, with less not."""
    made = layer([[0, 0]], [span], text)
    assert made.spare_bits == spare
    fmt = made.format
    if fmt.width - spare <= 64 and fmt.signed and spare < fmt.width - 1:
        fits = Format(fmt.signed, fmt.integer - spare, fmt.fraction)
        np.testing.assert_array_equal(fits.to_float(fits.quantize(span)), span)


def test_without_noise_or_signal():
    assert layer([[4]], [[1]]).sqnr_db == inf
    assert layer([[4]], [[0]]).sqnr_db == -inf
    assert layer([[4]], [[1]]).to_dict()["sqnr_db"] is None


def test_plain_values():
    trace = load("csc-digits").trace(stimulus.even(load("csc-digits"), 4))
    found = json.loads(json.dumps(trace.to_dict(), allow_nan=False))
    assert found == trace.to_dict()
    assert [each["name"] for each in found["layers"]] == list(trace)
    assert (found["frames"], found["input"]["format"]) == (4, "u1.4")


@pytest.mark.parametrize("outputs", ["u0.64", "u64.0", "s0.63"])
def test_words_of_64_bits(outputs):
    """Codes beyond int64 and sums far beyond it are traced; weights are given back as they were."""
    design = load("csc-small", set={"formats.outputs": outputs})
    trace = design.trace(np.random.default_rng(0).uniform(-1, 1, (3, 256)))
    assert trace["support 3"].codes.dtype == (object if outputs[0] == "u" else np.int64)
    np.testing.assert_array_equal(trace["support 3"].codes, design.reference(trace.input.codes))
    json.dumps(trace.to_dict(), allow_nan=False)
    twin = design.with_weights([(words.weight, words.bias) for words in design.words])
    assert twin.files() == design.files()


# a model of one's own


def test_against_a_model():
    """Only what is named is compared anew; the weights' own error shows there alone."""
    design = load("csc-digits")
    trace = design.trace(stimulus.even(design, 4))
    own = trace["support 4"].exact + 0.25
    other = trace.against({"support 4": own})
    assert other["support 4"].given
    np.testing.assert_allclose(
        other["support 4"].error, trace["support 4"].error - 0.25, atol=1e-12
    )
    assert not other["support 3"].given
    assert other["support 3"] is trace["support 3"]
    assert not trace["support 4"].given


def test_a_model_names_layers_of_several_supports():
    """fc1 is the last of fc1.0, fc1.1; complex numbers are their parts."""
    design = load("net-64-32-10-csc")
    trace = design.trace(stimulus.even(design, 3))
    assert list(trace) == ["fc1.0", "fc1.1", "fc2.0"]
    other = trace.against({"fc1": np.ones((3, 32)), "fc2.0": np.zeros((3, 10))})
    assert [each.given for each in other.values()] == [False, True, True]
    assert (other["fc1.1"].exact == 1).all()
    turned = load("fft-64").trace(np.zeros((2, 64), int))
    own = turned.against({"output": np.ones((2, 64)) * 1j})["output"]
    assert own.exact[0, 0].tolist() == [0, 1]


def test_class_indices_agree_or_not():
    """A wrong class is an error of 1, however far its index is."""
    design = load("net-64-32-10", set={"argmax": True})
    codes = stimulus.even(design, 40)
    trace = design.trace(codes)
    classes = trace["argmax"]
    np.testing.assert_array_equal(classes.codes, design.reference(codes))
    wanted = design.predict(design.streams[0].format.to_float(codes))
    np.testing.assert_array_equal(classes.exact, wanted)
    differ = (design.reference(codes) != wanted).mean()
    assert 0 < differ < 0.5
    assert classes.agreement == pytest.approx(1 - differ)
    assert classes.max_error == 1
    found = classes.to_dict()
    assert (found["agreement"], found["sqnr_db"]) == (classes.agreement, None)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({}, "outputs must name one layer or more, not none"),
        ({"fc1": np.zeros((2, 10))}, "outputs must be of support 0, support 1, not of 'fc1'"),
        ({"support": np.zeros((2, 10))}, "not of 'support'"),
        ({"support 1": np.zeros((2, 9))}, r"must be of shape \(2, 10\), not \(2, 9\)"),
        ({"support 1": np.full((2, 10), np.inf)}, "outputs of support 1 must be finite"),
        ({"support 1": np.full((2, 10), "x")}, "outputs of support 1 must be numbers, not <U1"),
    ],
)
def test_what_is_no_models_output(outputs, words):
    trace = load("dense-small").trace(np.zeros((2, 64), int))
    with pytest.raises(ValueError, match=words):
        trace.against(outputs)
