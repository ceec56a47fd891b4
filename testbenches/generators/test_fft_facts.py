"""What an FFT says of itself, against what its golden model and its hardware are."""

import json
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from kolam.generators import fft, load
from kolam.hdl import Format

CASES = [
    {"points": 8},
    {"points": 64, "output_order": "bit_reversed"},
    {"points": 128, "input_order": "bit_reversed", "direction": "inverse"},
    {"points": 64, "scaling": "unscaled", "rotation": "shift_add"},
    {"points": 256, "rotation": "lift", "lanes": 4, "output_order": "bit_reversed"},
    {"points": 128, "lanes": 4, "direction": "inverse"},
    {"points": 16, "lanes": 16, "output_order": "bit_reversed", "scaling": [1, 1, 1, 1, 0]},
    {"points": 128, "output_order": "bit_reversed", "samples": "real"},
    {"points": 64, "samples": "real", "scaling": "unscaled"},
    {"points": 128, "input_order": "bit_reversed", "samples": "real", "direction": "inverse"},
    {"points": 16, "samples": "real", "lanes": 16, "direction": "inverse"},
]
REAL = CASES[-4:]


def made(case):
    return fft.build(fft.Config.from_dict(case))


@pytest.fixture(params=CASES, ids=lambda case: " ".join(map(str, case.values())))
def design(request):
    return made(request.param)


def test_plain_values(design):
    facts = design.facts()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["gain"] == design.gain
    assert facts["scaling"] == list(design.config.schedule)


def test_steps_are_those_of_the_golden_model(design):
    x = np.full((1, *design.streams[0].shape), design.streams[0].format.minimum)
    names = [step["name"] for step in design.facts()["steps"]]
    assert names == [*design.trace(x), *["reorder"] * design.reorders]


def test_words_fit_their_bits(design):
    """For corners and random codes; the last bit of the format is in use where it grows."""
    source = design.streams[0]
    low, high = source.format.minimum, source.format.maximum
    x = np.random.default_rng(1).integers(low, high, (60, *source.shape), endpoint=True)
    x[:2], x[2], x[3] = low, high, np.resize([low, high], source.shape)
    x[4:30] = np.where(x[4:30] < 0, low, high)
    trace, steps = design.trace(x), design.facts()["steps"]
    for step, layer in zip(steps, trace.values(), strict=False):
        fmt = Format.parse(step["format"])
        assert fmt == layer.format
        assert fmt.width == step["bits"][1]
        assert fmt.minimum <= layer.codes.min()
        assert layer.codes.max() <= fmt.maximum
    for before, after in pairwise(steps):
        assert before["bits"][1] == after["bits"][0]
    assert steps[0]["bits"][0] == source.format.width
    assert steps[-1]["bits"][1] == design.streams[1].format.width


def test_multipliers_add_up(design):
    steps = design.facts()["steps"]
    assert sum(step.get("multipliers", 0) for step in steps) == design.multipliers


def test_a_split_is_a_step():
    """Forward it comes last and its elements are halved at the output, inverse it comes first."""
    forward, unscaled, inverse, parallel = (made(case) for case in REAL)
    shown = {"name": "split", "elements": 64, "turns": 128, "words": 64, "memory": True}
    steps = forward.facts()["steps"]
    assert steps[-2] == {**shown, "multipliers": 2, "bits": [18, 20], "format": "s4.15"}
    assert (steps[-1]["drop"], forward.config.schedule[-1]) == (3, 2)
    assert unscaled.facts()["steps"][-2]["words"] == 2 * 32  # of frames in natural order, two
    steps = inverse.facts()["steps"]
    assert steps[0] == {**shown, "multipliers": 2, "bits": [16, 18], "format": "s2.15"}
    assert steps[-1]["drop"] == inverse.config.schedule[-1] == 1
    step = parallel.facts()["steps"][0]
    assert (step["name"], step["words"], step["memory"]) == ("split", 0, False)
    for design in (forward, unscaled, inverse):
        facts = design.facts()
        split = next(step for step in facts["steps"] if step["name"] == "split")
        (memory,) = (m for m in design.memories if m.path == "u_split/u_buffer")
        assert split["words"] == memory.depth
        assert facts["samples"] == "real"
    assert made(CASES[0]).facts()["samples"] == "complex"


@pytest.mark.parametrize(("points", "lanes"), [(64, 1), (64, 4), (64, 8), (64, 16)])
def test_a_reordering_is_a_step(points, lanes):
    """A bank a lane, of a frame, or of two where a frame has no more beats than lanes."""
    design = made({"points": points, "lanes": lanes})
    step = design.facts()["steps"][-1]
    frames = 1 + (points // lanes <= lanes)
    assert step == {
        "name": "reorder", "banks": lanes, "words": frames * points // lanes, "bits": [16, 16],
        "format": "s0.15",
    }  # fmt: skip
    buffers = [m for m in design.memories if m.path.startswith("u_turned_round/")]
    assert [(m.depth, m.width) for m in buffers] == [(step["words"], 32)] * lanes


def test_passes_have_neither_delays_nor_multipliers_of_their_own():
    for stages in (1, 2):
        design = made(
            {"points": 16, "architecture": "iterative", "butterflies": 2, "stages_a_pass": stages}
        )
        steps = design.facts()["steps"]
        names = list(design.trace(np.zeros((1, 16, 2), int)))
        assert [step["name"] for step in steps] == names
        assert not any({"delay", "memory", "multipliers"} & step.keys() for step in steps)
        assert design.facts()["stages_a_pass"] == stages


def test_noise_is_that_of_the_steps(design):
    facts = design.facts()
    named = {step["name"] for step in facts["steps"]} - {"reorder"}
    assert set(facts["noise"]) == {*named, "twiddles"}
    sqnr = facts["sqnr"]
    assert sum(facts["noise"].values()) == pytest.approx(sqnr["predicted"]["lsb_rms"] ** 2)
    assert sqnr["measured"]["limited"] == 0
    assert sqnr["measured"]["db"] == pytest.approx(sqnr["predicted"]["db"], abs=0.2)


@pytest.mark.parametrize(
    ("case", "gain", "text"),
    [
        ({"points": 1024}, 2.0**-10, "1/1024 = 2^-10"),
        ({"points": 64, "scaling": "unscaled"}, 1.0, "1 = 2^0"),
        ({"points": 64, "scaling": [1, 0, 0, 0, 0, 0, 2]}, 1 / 8, "1/8 = 2^-3"),
        (
            {"points": 64, "scaling": "unscaled", "formats": {"output": "s20.11"}},
            16.0,
            "16 = 2^4",
        ),
    ],
)
def test_gain(case, gain, text):
    """Exact, of values: a formatted output of fewer fraction bits has more."""
    design = made(case)
    assert (design.gain, design.gain_text) == (gain, text)


@pytest.mark.parametrize("case", CASES[:4])
def test_values_in_values_out(case):
    """Encoded, computed and decoded, they are the transform of NumPy times the gain, nearly."""
    design = made(case)
    draw = np.random.default_rng(2)
    shape = (5, design.config.points)
    x = (draw.uniform(-1, 1, shape) + 1j * draw.uniform(-1, 1, shape)) / 2
    codes = design.encode(x)
    assert codes.shape == (*shape, 2)
    np.testing.assert_array_equal(codes[..., 1], np.rint(x.imag * 2**15))
    y = design.decode(design.reference(codes))
    inverse = case.get("direction") == "inverse"
    exact = np.fft.ifft(x, norm="forward") if inverse else np.fft.fft(x)
    np.testing.assert_allclose(design.predict(x), design.gain * exact, rtol=1e-12)
    assert np.abs(y - design.gain * exact).max() < 100 * 2.0**-15


@pytest.mark.parametrize("case", REAL)
def test_real_samples_and_half_their_spectrum(case):
    """In NumPy's layout, too; element 0 has X[0] and X[points / 2]."""
    design = made(case)
    points = design.config.points
    samples = np.random.default_rng(3).uniform(-1, 1, (5, points)) / 2
    full = np.fft.rfft(samples)
    half = design.from_rfft(full)
    assert half.shape == (5, points // 2)
    np.testing.assert_allclose(half[:, 0], full[:, 0].real + 1j * full[:, -1].real)
    np.testing.assert_array_equal(half[:, 1:], full[:, 1:-1])
    np.testing.assert_allclose(design.to_rfft(half), full, atol=1e-12)
    np.testing.assert_allclose(design.to_rfft(half[0]), full[0], atol=1e-12)
    x, exact = samples, half
    if design.inverse:
        x = half / points
        exact = np.fft.irfft(full, norm="forward") / points
    codes = design.encode(x)
    assert codes.shape == (5, *design.streams[0].shape)
    np.testing.assert_allclose(design.predict(x), design.gain * exact, rtol=1e-9, atol=1e-12)
    y = design.decode(design.reference(codes))
    assert y.shape == exact.shape
    assert np.iscomplexobj(y) != design.inverse
    assert np.abs(y - design.gain * exact).max() < 3 * 2.0**-15 * (10 * ("scaling" in case) + 1)


def test_what_is_not_half_a_spectrum():
    forward, _, inverse, _ = (made(case) for case in REAL)
    for compute in (forward.encode, forward.predict):
        with pytest.raises(TypeError, match="must be real, not complex128"):
            compute(np.zeros((1, 128), complex))
    with pytest.raises(ValueError, match=r"x must be \(frames, 128\), not \(1, 64\)"):
        forward.predict(np.zeros((1, 64)))
    with pytest.raises(ValueError, match=r"x must be \(frames, 64\), not \(1, 65\)"):
        inverse.predict(np.zeros((1, 65), complex))
    with pytest.raises(ValueError, match=r"spectrum must be \(…, points / 2 \+ 1\), not \(2,\)"):
        forward.from_rfft([1, 2])


MEMORY = re.compile(r"    reg \[(\d+):0\] mem \[0:(\d+)\];")


REAL_1024 = {"points": 1024, "output_order": "bit_reversed", "samples": "real"}  # rfft-1024
LARGE = [
    REAL_1024,
    {**REAL_1024, "target": "xc7", "rotation": "shift_add"},
    {"points": 1024, "samples": "real", "direction": "inverse"},
]


@pytest.mark.parametrize(
    "case", [*LARGE, *REAL, *({**case, "target": "ecp5"} for case in REAL)],
    ids=lambda case: " ".join(map(str, case.values())),
)  # fmt: skip
def test_memories_of_real_samples_are_those_of_the_verilog(case):
    """Each is where its path says, of its words and bits, and none but the FIFO's is missing."""
    design = made(case)
    files = design.files()
    images = {f"mem/{m.contents}" for m in design.memories if m.contents}
    assert images == {name for name in files if name.startswith("mem/")}
    holding = []
    for memory in design.memories:
        module = design.name
        for instance in memory.path.split("/"):
            text = files[f"rtl/{module}.v"]
            (module,) = re.findall(rf"^    (\w+) (?:#\(.*\) )?{instance} \($", text, re.M)
        assert MEMORY.findall(files[f"rtl/{module}.v"]) == [
            (str(memory.width - 1), str(memory.depth - 1))
        ]
        holding.append(module)
    found = {
        name: count
        for name, count in design.emission.counts.items()
        if MEMORY.search(files.get(f"rtl/{name}.v", "")) and "shift_ram" not in name
    }
    assert found == Counter(holding)


def test_real_values_have_no_imaginary_part():
    design = made({"points": 8})
    codes = design.encode(np.linspace(-2, 2, 8))
    assert codes[:, 0].tolist() == [-32768, -32768, -28087, -9362, 9362, 28087, 32767, 32767]
    assert not codes[:, 1].any()
    with pytest.raises(ValueError, match="finite"):
        design.encode([np.nan] * 8)


def test_a_chain_of_layers_is_in_values_too():
    design = load("csc-small")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 256))
    np.testing.assert_array_equal(design.encode(x), np.rint(x * 2**14))
    np.testing.assert_array_equal(design.decode([[1 << 14, -1]]), [[1, -(2.0**-14)]])
    assert design.gain is design.gain_text is None


def test_another_size_takes_no_schedule_along():
    """A list is refused where it does not fit; the default, and "unscaled", fit any size."""
    assert len(load("fft-64", set={"points": 128}).config.schedule) == 8
    assert load("fft-64", set={"points": 16, "scaling": "unscaled"}).gain == 1
    with pytest.raises(ValueError, match=r"7 times 0 or 1 .* \(8 numbers\), not 7 numbers"):
        load("fft-64", set={"points": 128, "scaling": [1] * 6 + [0]})


def test_orders_have_names_in_plain_values():
    source, sink = load("fft-64").streams
    assert (source.order_name, sink.order_name) == ("natural", "bit_reversed")
    assert sink.to_dict()["order"] == "bit_reversed"
    for stream in (source, sink):
        assert type(stream).from_dict(json.loads(json.dumps(stream.to_dict()))) == stream
