"""FFTs on the command line: values and codes, real samples, settings at run time."""

import json
import re

import numpy as np
import pytest

from kolam.generators import fft, load

SMALL = ("fft-64", "--set", "points=16")
REAL = ("rfft-1024", "--set", "points=16")
INVERSE = (
    *("--set", "direction=inverse"),
    *("--set", "input_order=bit_reversed", "--set", "output_order=natural"),
)
SET = (  # an FFT with settings at run time
    "fft-64", "--set", "points=16", "--set", "output_order=bit_reversed",
    "--set", "run_time.direction=true", "--set", "run_time.least_points=8",
)  # fmt: skip


def test_show_an_fft(kolam, place):
    done = kolam("show", "fft-1024", "--clock", "200")
    assert done.status == 0
    for words in (
        "transform    forward, 1,024 points", "gain         1/1024 = 2^-10, exactly",
        "scaling      by 7 bits in the stages, by 3 at the output", "200,000,000 a second",
        "multipliers  12 = 3 + 3 + 3 + 3", "predicted    63.96 dB of signal to noise, 0.324 LSB",
        "measured     63.97 dB of signal to noise, 0.324 LSB", "turn by W1024", "divide by 8",
        "bit-reversed", "complex s0.15",
    ):  # fmt: skip
        assert words in done.out, words
    assert "weight" not in done.out
    found = json.loads(kolam("show", "fft-1024", "--clock", "200", "--json").out)
    assert found["samples_per_second"] == 200e6
    assert (found["gain"], found["gain_text"]) == (2.0**-10, "1/1024 = 2^-10")
    assert [s["order"] for s in found["streams"]] == ["natural", "bit_reversed"]
    assert not {"weights", "random_weights", "legal", "layers"} & found.keys()
    for name, step in (("lift", "turn by W16, lifted"), ("shift_add", "turn by W16, lifted")):
        assert step in kolam("show", "fft-64", "--set", f"rotation={name}").out
    assert "of lanes" in kolam("show", "fft-64", "--set", "lanes=4").out
    assert "pipelining" not in done.out
    deep = kolam("show", "fft-64", "--set", "pipelining=2", "--set", "rotation=lift").out
    assert "pipelining   2: a term a clock where it lifts, early operands of butterflies" in deep
    assert "latency      100 clocks" in deep
    iterative = kolam("show", "fft-1024-iterative").out
    assert "multipliers  3, of the butterfly that every stage takes" in iterative
    twice = kolam("show", "fft-1024-iterative", "--set", "stages_a_pass=2").out
    assert "multipliers  6, of the 2 butterflies that every pass takes" in twice
    assert "set by passes" in iterative
    assert "into the other order" not in iterative
    assert "into the other order  " in kolam("show", *SMALL, "--set", "output_order=natural").out
    lanes = kolam("show", "fft-64", "--set", "lanes=4", "--set", "output_order=natural").out
    assert "into the other order, in 4 banks" in lanes


def test_an_answer_that_is_limited_is_told(kolam):
    done = kolam("show", *SMALL, "--set", "scaling=unscaled", "--set", "formats.output=s0.15")
    assert re.search(r"measured .*; [\d,]+ parts were limited\n", done.out)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.exp(2j * np.pi * np.arange(48).reshape(3, 16) / 7) / 2, "complex numbers: quantised"),
        (np.exp(2j * np.pi * np.arange(16) / 7) / 2, "complex numbers: quantised to s0.15\n"),
        (np.linspace(-2, 2, 32).reshape(2, 16), "quantised to s0.15, and 16 of 64 beyond it limit"),
        (np.linspace(-0.9, 0.9, 32).reshape(16, 2), "x.npy holds floats: quantised to s0.15\n"),
    ],
    ids=["complex", "a frame", "real", "parts"],
)
def test_simulate_an_fft_of_values(x, said, kolam, place):
    """Values in, values out; natural order, whatever that on the stream."""
    np.save(place / "x.npy", x)
    done = kolam("simulate", *SMALL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert said in done.err
    y = np.load(place / "y.npy")
    values = x[:, 0] + 1j * x[:, 1] if x.shape[-1] == 2 else x
    values = values.reshape(-1, 16)
    assert (y.dtype, y.shape) == (np.dtype(complex), values.shape)
    limited = np.clip(values.real, -1, 1) + 1j * np.clip(values.imag, -1, 1)
    assert np.abs(y - np.fft.fft(limited) / 16).max() < 2 * 2.0**-15


@pytest.mark.parametrize("shape", [(3, 16, 2), (16, 2), (3, 16)])
def test_simulate_an_fft_of_codes(shape, kolam, place):
    """Codes in, codes out; of real ones the imaginary part is 0."""
    x = np.random.default_rng(0).integers(-(2**15), 2**15, shape)
    np.save(place / "x.npy", x)
    done = kolam("simulate", *SMALL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "quantised" not in done.err
    codes = np.stack([x, 0 * x], -1) if shape[-1] == 16 else x.reshape(-1, 16, 2)
    answer = load("fft-64", set={"points": 16}).reference(codes)
    np.testing.assert_array_equal(np.load(place / "y.npy"), answer)


def test_values_of_block_floating_point_have_their_exponent(kolam, place):
    """A frame far below full scale, too; 16 bits are far better than a 128th of its largest."""
    x = np.exp(2j * np.pi * np.arange(64).reshape(2, 32) / 5) * [[0.9], [0.01]]
    np.save(place / "x.npy", x)
    name = ("fft-1024-bfp", "--set", "points=32")
    assert kolam("simulate", *name, "--input", "x.npy", "--output", "y.npy").status == 0
    wanted = np.fft.fft(x)
    assert (abs(np.load(place / "y.npy") - wanted).max(1) < abs(wanted).max(1) / 128).all()


def test_generate_an_fft(kolam, place):
    done = kolam("generate", *SMALL, "--out", "out")
    assert done.status == 0, done.err
    assert done.out.endswith(" a frame every 16 clocks, gain 1/16 = 2^-4 exactly\n")
    found = json.loads(kolam("generate", *SMALL, "--out", "out", "--force", "--json").out)
    assert found["gain"] == 1 / 16
    assert kolam("simulate", "out").out.startswith("PASS ")
    shown = [json.loads(kolam("show", *name, "--json").out) for name in (("out",), SMALL)]
    assert shown[0] == shown[1]


def test_show_an_fft_of_real_samples(kolam):
    done = kolam("show", "rfft-1024", "--clock", "200")
    assert done.status == 0, done.err
    for words in (
        "transform    forward, 1,024 real points", "gain         1/1024 = 2^-10, exactly",
        "note         Element 0 of m_axis packs two real ones: re is X[0], im is X[512].",
        "scaling      by 8 bits in the stages, by 2 at the output", "200,000,000 a second",
        "multipliers  10 = 2 + 2 + 2 + 2 + 2", "predicted    62.26 dB of signal to noise, 0.323",
        "measured     62.25 dB of signal to noise, 0.323", "join pairs of 512 elements, turn",
        "divide by 8", "real s0.15", "complex s0.15",
    ):  # fmt: skip
        assert words in done.out, words
    found = json.loads(kolam("show", "rfft-1024", "--clock", "200", "--json").out)
    assert (found["samples"], found["samples_per_second"]) == ("real", 200e6)
    assert [(s["parts"], s["beats"]) for s in found["streams"]] == [(1, 1024), (2, 512)]
    assert found["notes"] == ["Element 0 of m_axis packs two real ones: re is X[0], im is X[512]."]
    inverse = kolam("show", *REAL, *INVERSE).out
    assert "by 1 bit in the split, by 2 bits in the stages, by 1 at the output" in inverse
    assert "Element 0 of s_axis packs" in inverse
    assert "set by m_axis" in inverse


@pytest.mark.parametrize("frames", [(), (3,)], ids=["a frame", "frames"])
def test_simulate_an_fft_of_real_values(frames, kolam, place):
    """Values in, half their spectrum out; and back, by the inverse."""
    x = np.sin(np.arange(np.prod((*frames, 16)))).reshape(*frames, 16) / 2
    np.save(place / "x.npy", x)
    done = kolam("simulate", *REAL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "x.npy holds floats: quantised to s0.15\n" in done.err
    y = np.load(place / "y.npy")
    assert (y.dtype, y.shape) == (np.dtype(complex), (x.size // 16, 8))
    exact = np.fft.rfft(x.reshape(-1, 16)) / 16
    assert np.abs(fft.RealFft.to_rfft(y) - exact).max() < 2 * 2.0**-15
    done = kolam("simulate", *REAL, *INVERSE, "--input", "y.npy", "--output", "z.npy")
    assert done.status == 0, done.err
    z = np.load(place / "z.npy")
    assert (z.dtype, z.shape) == (np.dtype(float), (x.size // 16, 16))
    assert np.abs(z - x.reshape(-1, 16) / 16).max() < 3 * 2.0**-15


def test_simulate_an_fft_of_real_codes(kolam, place):
    x = np.random.default_rng(0).integers(-(2**15), 2**15, (3, 16))
    np.save(place / "x.npy", x)
    done = kolam("simulate", *REAL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "quantised" not in done.err
    y = np.load(place / "y.npy")
    np.testing.assert_array_equal(y, load("rfft-1024", set={"points": 16}).reference(x))
    assert y.shape == (3, 8, 2)


def test_show_settings_at_run_time(kolam):
    found = json.loads(kolam("show", *SET, "--json").out)
    assert found["settings"] == [
        {
            "name": "direction", "bits": 1, "minimum": 0, "maximum": 1, "default": 0,
            "drains": False, "below": None, "meaning": "0 forward, 1 inverse",
        },
        {
            "name": "log2_points", "bits": 3, "minimum": 3, "maximum": 4, "default": 4,
            "drains": True, "below": None,
            "meaning": "frames of 2^log2_points, with gain, latency and interval of their own",
        },
    ]  # fmt: skip
    assert [s["name"] for s in found["streams"]] == ["s_axis", "m_axis", "s_axis_config"]
    assert found["under"][-1] == {
        "settings": {"direction": 0, "log2_points": 3}, "latency": 18, "interval": 8,
        "gain": "1/8 = 2^-3",
    }  # fmt: skip
    lines = kolam("show", *SET).out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("setting at run time"))
    rows = [re.split(r"\s{2,}", line.strip())[:5] for line in lines[at : at + 3]]
    assert rows == [
        ["setting at run time", "least", "most", "after a reset", "a change waits for"],
        ["direction", "0", "1", "0", "the frame that has begun"],
        ["log2_points", "3", "4", "4", "all frames under way"],
    ]
    assert "settings" not in json.loads(kolam("show", *SMALL, "--json").out)
    assert "setting at run time" not in kolam("show", *SMALL).out


def test_simulate_under_settings(kolam, place):
    """The words go in front; values in and out are those of the size and the direction."""
    x = np.exp(2j * np.pi * np.arange(24).reshape(3, 8) / 7) / 2
    np.save(place / "x.npy", x)
    under = ("--under", "direction=1", "--under", "log2_points=3")
    done = kolam("simulate", *SET, *under, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    design = load("fft-64", set={
        "points": 16, "output_order": "bit_reversed", "run_time.direction": True,
        "run_time.least_points": 8,
    }).under(direction=1, log2_points=3)  # fmt: skip
    y = np.load(place / "y.npy")
    np.testing.assert_array_equal(y, design.decode(design.reference(design.encode(x))))
    assert abs(y - np.fft.ifft(x)).max() < 2**-14
    found = json.loads(kolam("simulate", *SET, *under, "--json").out)
    assert (found["mismatches"], found["interval"]) == (0, {"promised": 8, "measured": 8})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--under", "size=3"], ["one of direction, log2_points", "'size'"]),
        (["--under", "direction"], ["--under must", "KEY=VALUE", "'direction'"]),
        (["--under", "direction=2"], ["direction must be 0 to 1, not 2"]),
        (["--under", "direction=-1"], ["direction must be 0 to 1, not -1"]),
        (["--under", "direction=inverse"], ["an integer, not 'inverse'"]),
        (["--under", "direction=true"], ["an integer, not True"]),
        (["--under", "log2_points=3.0"], ["an integer, not 3.0"]),
        (["--under", "log2_points=7"], ["log2_points must be 3 to 4, not 7"]),
        (
            ["--under", "direction=1", "--under", "direction=0"],
            ["--under must name direction once"],
        ),
    ],
)
def test_a_setting_is_refused(arguments, words, kolam):
    done = kolam("simulate", *SET, *arguments)
    done.refused(*words)
    assert done.err.count("\n") == 1


def test_output_of_a_design_with_sizes_is_that_of_one_size(kolam, place):
    done = kolam("simulate", *SET, "--output", "y.npy")
    assert done.status == 0, done.err
    assert np.load(place / "y.npy").shape[1:] == (16, 2)


def test_trace_under_settings(kolam):
    plain, other = (
        json.loads(kolam("trace", *SET, "--frames", "2", *under, "--json").out)
        for under in ((), ("--under", "log2_points=3"))
    )
    assert [found["input"]["words"] for found in (plain, other)] == [32, 16]
    assert len(other["layers"]) < len(plain["layers"])


def test_generate_with_settings(kolam, place):
    """The folder says what they are and runs, but not under others than its own."""
    done = kolam("generate", *SET, "--out", "out")
    assert done.status == 0, done.err
    assert kolam("simulate", "out").out.startswith("PASS ")
    kolam("simulate", "out", "--under", "direction=1").refused("--under", "folder")
    shown = [json.loads(kolam("show", *name, "--json").out) for name in (("out",), SET)]
    assert shown[0] == shown[1]
    manifest = json.loads((place / "out" / "manifest.json").read_text())
    assert manifest["settings"] == shown[0]["settings"]
    readme = (place / "out" / "README.md").read_text()
    words = "frames of 2^log2_points, with gain, latency and interval of their own"
    direction = (
        "| 0 | `direction` | 0 forward, 1 inverse | 0 | 1 | 0 | the frame that has begun |\n"
    )
    assert direction in readme
    assert f"| 1 | `log2_points` | {words} | 3 | 4 | 4 | all frames under way |\n" in readme
    assert "`event_config_error` and changes nothing" in readme
    assert manifest["vectors"]["frames"] > manifest["vectors"]["alike"]
    assert "| `s_axis_config_tdata` | input | 32 | data |" in readme
