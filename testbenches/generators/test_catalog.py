"""The catalogue, and `load`: names, files, settings, and what is refused."""

import json
from importlib.resources import files

import numpy as np
import pytest

from kolam.flows import write
from kolam.generators import ENGINES, Design, catalog, load
from kolam.generators.config_file import MAX_TEXT
from kolam.hdl.names import check_identifier

TOML = """
engine = "cyclic_sparse"
inputs = 8
parallelism = 2
supports = [{ outputs = 8, fan_in = 2, stride = 1 }, { outputs = 4, fan_in = 3, stride = 2 }]
[formats]
input = "s1.6"
weights = "s1.6"
outputs = "s1.6"
"""


@pytest.fixture
def toml(tmp_path):
    path = tmp_path / "small net.toml"
    path.write_text(TOML)
    return path


@pytest.mark.parametrize("name", catalog.ENTRIES)
def test_every_entry_is_a_design(name):
    design = load(name)
    assert isinstance(design, Design)
    assert design.name == name.replace("-", "_")
    check_identifier(design.name, "an entry")
    values, _ = catalog.values(name)
    assert json.loads(json.dumps(values)) == values
    assert design.engine == values["engine"]
    assert ENGINES[design.engine].Config.from_dict(values) == design.config
    assert design.latency > 0
    assert design.interval > 0


def test_names_say_what_they_are():
    assert list(catalog.names()) == list(catalog.ENTRIES)
    assert all(40 < len(text) < 100 for text in catalog.names().values())
    assert all(
        (entry.config is None) != (entry.model is None) for entry in catalog.ENTRIES.values()
    )


def test_a_trained_model_brings_its_weights():
    values, weights = catalog.values("csc-digits")
    design = load("csc-digits", seed=5)
    with np.load(files("kolam.generators") / catalog.ENTRIES["csc-digits"].model) as arrays:
        first = next(name for name in arrays.files if name.endswith(".0.weight"))
        codes = arrays[first]
    assert len(weights) == len(values["supports"])
    np.testing.assert_array_equal(design.words[0].weight, codes)


def test_weights_without_a_model_follow_the_seed(toml):
    one, same, other = (load(toml, seed=seed).words[0].weight for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    np.testing.assert_array_equal(load(toml).words[0].weight, load(toml, seed=0).words[0].weight)


def test_a_file_of_its_own(toml):
    design = load(str(toml))
    assert design.name == "small_net"
    assert (design.config.inputs, design.multipliers) == (8, 2)
    toml.write_text('name = "other"\n' + TOML)
    assert load(toml).name == "other"


def test_settings_replace_what_the_file_says(toml):
    design = load(toml, set={"formats.rounding": "truncate", "parallelism": 4, "target": "ecp5"})
    assert design.config.formats.rounding.value == "truncate"
    assert design.parallelism["asked"] == 4
    assert design.target.value == "ecp5"
    assert load(toml, set={"interval": 30}).config.parallelism is None
    toml.write_text(TOML.replace("parallelism = 2", "interval = 30"))
    assert load(toml, set={"parallelism": 2}).config.interval is None


def test_weights_of_another_file(toml, tmp_path):
    path = tmp_path / "model.npz"
    weights = {"layer0.0.weight": np.full((8, 2), 5), "layer0.1.weight": np.full((4, 3), -7)}
    np.savez(path, config=np.array("{}"), **weights)
    design = load(toml, weights=path)
    assert [set(words.weight.flat) for words in design.words] == [{5}, {-7}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("inputs = ", r"small net\.toml must be TOML: "),
        ("inputs = 8\ninputs = 9", r"small net\.toml must be TOML: "),
        ("[" * 9999, r"small net\.toml must be TOML: "),
        ("a = 1\n" + "#" * MAX_TEXT, f"must be at most {MAX_TEXT} bytes"),
        (TOML.replace("cyclic_sparse", "magic"), "engine must be one of .*, not 'magic'"),
        (TOML.replace("inputs = 8", ""), "the configuration must have the key inputs"),
        (TOML.replace("inputs = 8", "inputs = 8\ninput = 8"), "must be among .*, not 'input'"),
        ("name = 'if'\n" + TOML, "the name of a design must be"),
    ],
)
def test_files_that_are_no_configuration(text, sentence, toml):
    toml.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        load(toml)


def test_a_byte_order_mark_is_no_key(toml):
    plain = load(toml).config
    toml.write_bytes(b"\xef\xbb\xbf" + toml.read_bytes())
    assert load(toml).config == plain


def test_bytes_that_are_no_text(toml):
    toml.write_bytes(b"inputs = \xff\xfe")
    with pytest.raises(ValueError, match=r"small net\.toml must be TOML: "):
        load(toml)


def test_a_source_is_a_name_or_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"a design must be a name of .* not 'csc-digit'"):
        load("csc-digit")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"formats\.input\.width must name a key"):
        load("csc-layer-16", set={"formats.input.width": 3})


def test_weights_in_other_formats_stand_for_the_same_numbers():
    """Codes are converted; an earlier fault took them as they were."""
    given = load("csc-digits")
    finer = load("csc-digits", set={"formats.weights": "s3.12", "formats.input": "u1.6"})
    for one, other, was, now in zip(
        given.words, finer.words, given.plans, finer.plans, strict=True
    ):
        np.testing.assert_array_equal(
            was.weight.to_float(one.weight), now.weight.to_float(other.weight)
        )
        if one.bias is not None:  # at the scale of the sum
            ahead = sum(p.fraction for p in (now.source, now.weight))
            ahead -= sum(p.fraction for p in (was.source, was.weight))
            np.testing.assert_array_equal(other.bias, one.bias << ahead)
    coarser = load("csc-digits", set={"formats.weights": "s0.3"})
    for one, other, was in zip(given.words, coarser.words, given.plans, strict=True):
        near = np.clip(np.rint(was.weight.to_float(one.weight) * 8), -8, 7)
        np.testing.assert_array_equal(other.weight, near)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inputs": 128}, "inputs of support 0 must be 64, for which the weights of csc-digits"),
        (
            {
                "supports": [{"outputs": 64, "fan_in": 8, "stride": 1}],
                "formats.weights": "s0.7",
                "formats.outputs": "s2.5",
                "parallelism": 1,
            },
            "the engine and its layers must be those of csc-digits, with its weights",
        ),
    ],
)
def test_weights_have_no_meaning_in_another_structure(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        load("csc-digits", set=change)


def test_a_weights_file_of_another_structure_is_refused(toml, tmp_path):
    words = {"layer0.0.weight": np.ones((8, 2), int), "layer0.1.weight": np.ones((4, 3), int)}
    config = load(toml).config.to_dict()
    path = tmp_path / "w.npz"
    np.savez(path, config=json.dumps(config), **words)
    assert load(toml, weights=path).words[0].weight[0, 0] == 1
    config["formats"]["weights"] = "s3.4"
    np.savez(path, config=json.dumps(config), **words)
    assert load(toml, weights=path).words[0].weight[0, 0] == 4
    config["supports"][0]["stride"] = 3
    np.savez(path, config=json.dumps(config), **words)
    with pytest.raises(ValueError, match=r"stride of support 0 must be 3, for which .* w.npz"):
        load(toml, weights=path)
    np.savez(path, config="{}", **words)
    assert load(toml, weights=path).words[0].weight[0, 0] == 1


def test_floats_beyond_a_format_are_counted(toml, tmp_path):
    words = {"layer0.0.weight": np.full((8, 2), 0.7), "layer0.1.weight": np.full((4, 3), 0.7)}
    words["layer0.1.weight"][1] = [5, -5, 2]  # s1.6 ends at 2 - 1/64: that is no more than near
    path = tmp_path / "w.npz"
    np.savez(path, config="{}", **words)
    assert load(toml, weights=path).limited == 2
    assert load(toml).limited == 0


def test_a_hand_off_folder_is_a_design(toml, tmp_path):
    made = load(toml, seed=3)
    again = load(write(made, tmp_path / "made", frames=2))
    assert again.files() == made.files()
