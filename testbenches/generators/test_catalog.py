"""The catalogue, and `load`: names, files, settings, and what is refused."""

import json
from importlib.resources import files

import numpy as np
import pytest

from kolam.generators import ENGINES, MAX_TEXT, Design, catalog, load
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


def test_bytes_that_are_no_text(toml):
    toml.write_bytes(b"inputs = \xff\xfe")
    with pytest.raises(ValueError, match=r"small net\.toml must be TOML: "):
        load(toml)


def test_a_source_is_a_name_or_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"a design must be one of csc-digits.* not 'csc-digit'"):
        load("csc-digit")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"formats\.input\.width must name a key"):
        load("csc-layer-16", set={"formats.input.width": 3})
