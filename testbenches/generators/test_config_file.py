"""A configuration as resolved makes the same design again, byte for byte."""

import tomllib

import pytest

from kolam.flows import bundle
from kolam.generators import catalog, config_file, cyclic_sparse, fft, load
from kolam.testbenches.random_configs import random_config
from kolam.testbenches.random_fft import random_fft, random_iterative, random_real

VARIED = {
    "interval": ("csc-small", {"interval": 128}),
    "one lane each": ("csc-1024", {"parallelism": 80, "target": "ecp5"}),
    "lanes of streams": ("csc-small", {"input_lanes": 3, "output_lanes": 5, "loadable": True}),
    "a list of formats": ("dense-small", {"parallelism": 5}),
    "a class index": ("net-64-32-10-csc", {"argmax": True, "interval": 200}),
    "settings": ("fft-64", {"run_time.direction": True, "run_time.least_points": 16}),
    "scaling": ("fft-64", {"scaling": "unscaled", "formats.output": "s9.9"}),
    "block": ("fft-1024-bfp", {"points": 64, "run_time.cyclic_prefix": True}),
}


def again(design, tmp_path, **options):
    path = tmp_path / "again.toml"
    path.write_text(config_file.text(design), encoding="utf-8")
    return load(path, **options)


def weights(design, tmp_path):
    """Return the options that give trained weights back."""
    if design.weights_from != "its own":
        return {}
    path = tmp_path / "weights.npz"
    path.write_bytes(bundle._model(design, design.encode([[0.0] * design.config.inputs])))
    return {"weights": path}


@pytest.mark.parametrize("name", catalog.ENTRIES)
def test_every_design_with_a_name(name, tmp_path):
    design = load(name)
    twin = again(design, tmp_path, **weights(design, tmp_path))
    assert twin.name == design.name
    assert twin.files() == design.files()
    assert config_file.text(twin).splitlines()[5:] == config_file.text(design).splitlines()[5:]


@pytest.mark.parametrize("case", VARIED)
def test_what_was_chosen_stays(case, tmp_path):
    name, changes = VARIED[case]
    design = load(name, set=changes, seed=3)
    twin = again(design, tmp_path, seed=3)
    assert twin.files() == design.files()
    for promise in ("latency", "interval", "parallelism", "streams", "memories", "settings"):
        if promise != "parallelism":
            assert getattr(twin, promise) == getattr(design, promise)
    assert twin.parallelism["lanes"] == design.parallelism["lanes"]


@pytest.mark.parametrize("seed", range(8))
def test_random_chains(seed, tmp_path):
    design = cyclic_sparse.build(random_config(seed), name="again", seed=seed)
    twin = again(design, tmp_path, seed=seed)
    assert twin.parallelism["lanes"] == design.parallelism["lanes"]
    assert (twin.latency, twin.interval) == (design.latency, design.interval)
    assert twin.files() == design.files()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("random", [random_fft, random_iterative, random_real])
def test_random_ffts(random, seed, tmp_path):
    config = random(seed)
    made = fft.build(config, name="again")
    assert again(made, tmp_path).config == config


def test_what_is_left_to_the_engine_is_a_comment():
    """It follows when a number is changed, as nothing pins it."""
    text = config_file.text(load("csc-small"))
    assert "# left to the engine: input_lanes = " in text
    assert "input_lanes" not in tomllib.loads(text)
    text = config_file.text(load("fft-64"))
    assert "# left to the engine: scaling = [0, 1, 1, 1, 0, 0, 3]\n" in text
    assert '# left to the engine: formats.output = "s0.15"\n' in text
    assert {"scaling", "output"} & {*tomllib.loads(text), *tomllib.loads(text)["formats"]} == set()
    pinned = config_file.text(load("csc-small", set={"input_lanes": 4}))
    assert tomllib.loads(pinned)["input_lanes"] == 4
    assert "left to the engine: input_lanes" not in pinned


@pytest.mark.parametrize(
    ("name", "seed", "words"),
    [
        ("csc-digits", None, "# its weights are not in here: give them by --weights"),
        ("csc-small", None, "# weights: random, of seed 0: for trials only\n"),
        ("csc-small", 7, "# weights: random, of seed 7: for trials only; give --seed 7\n"),
        ("fft-64", None, "# multipliers 6, latency 81, interval 64 clocks\n# left"),
    ],
)
def test_weights_are_spoken_of(name, seed, words):
    assert words in config_file.text(load(name, seed=seed))
