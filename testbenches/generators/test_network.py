"""Networks: what they compute, promise, call things and refuse; and that they keep their word."""

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from kolam.flows import write
from kolam.generators import catalog, cyclic_sparse, load, network
from kolam.generators.cyclic_sparse import local, spread
from kolam.generators.network import (
    Activation,
    Config,
    CyclicSparseLayer,
    DenseLayer,
    Formats,
    LayerFormats,
    Support,
    build,
    interval_for,
)
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.testbenches import simulate
from kolam.testbenches.networks import MULTIPLIERS, RESOURCES
from kolam.testbenches.random_configs import random_network
from kolam.testbenches.stimulus import codes, script

S8, U8, S16 = Format.parse("s1.6"), Format.parse("u0.8"), Format.parse("s5.10")
FORMATS = Formats(input=S8, weights=S8, outputs=Format.parse("s3.4"))
SEEDS = (0, 1, 2, 3, 5, 8, 11, 14)
TARGETS = (Target.GENERIC, Target.XC7, Target.ECP5)
SPARSE = CyclicSparseLayer(
    name="fc1", supports=spread(18, 12, (3, 4)), bias=True, activation=Activation.RELU
)
ALL = DenseLayer(name="fc2", outputs=7, bias=True)


def config(*layers, inputs=18, **fields):
    return Config(inputs=inputs, layers=layers, **{"formats": FORMATS, **fields})


def mixed(**fields):
    return config(SPARSE, ALL, **fields)


# what it promises


@pytest.mark.parametrize("seed", SEEDS, ids="seed-{}".format)
def test_random_networks(seed, tmp_path):
    """Exact, and as promised, streaming freely; exact with pauses and bad frames as well."""
    made = random_network(seed, target=TARGETS[seed % 3], lanes=seed % 2 == 1)
    design = build(made, seed=seed)
    run = simulate(design, seed=seed, folder=tmp_path)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    frames = script(design, codes(design, 12, seed), 0.3, seed)
    for pauses in ({"stall": 0.5}, {"gap": 0.5, "stall": 0.2}):
        run = simulate(design, script=frames, seed=seed, folder=tmp_path, **pauses)
        assert run.passed, run.line


def test_the_random_networks_leave_nothing_out():
    drawn = [random_network(seed, lanes=seed % 2 == 1) for seed in SEEDS]
    assert {made.argmax for made in drawn} == {True, False}
    assert {layer.structure for made in drawn for layer in made.layers} == set(network.STRUCTURES)
    assert {len(made.layers) for made in drawn} == {1, 2, 3}
    assert any(plan.anchored and k for made in drawn for k, plan in enumerate(made.plans))
    assert any(made.argmax and made.plans[-1].words_out > 1 for made in drawn)
    assert any(made.argmax and made.plans[-1].beats_out == 1 for made in drawn)


@pytest.mark.parametrize(
    ("simulator", "target"),
    [
        ("icarus", Target.XC7), ("icarus", Target.ECP5), ("verilator", Target.GENERIC),
        ("myhdl", Target.GENERIC), ("cosim", Target.GENERIC),
    ],
    ids=lambda value: getattr(value, "value", value),
)  # fmt: skip
def test_simulators_and_targets(simulator, target):
    design = build(mixed(parallelism=8, argmax=True, target=target))
    run = simulate(design, simulator=simulator)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert run.saturated > 0
    assert len(np.unique(run.output)) > 2  # of class indices


EDGES = [  # inputs, layers; of every legal number of multipliers the least and the most are tried
    (1, (DenseLayer(name="a", outputs=1),)),
    (1, (DenseLayer(name="a", outputs=3, bias=True),)),
    (7, (DenseLayer(name="a", outputs=5), DenseLayer(name="b", outputs=3))),
    (9, (CyclicSparseLayer(name="a", supports=(Support(outputs=11, fan_in=2, stride=4),)),)),
    (12, (DenseLayer(name="a", outputs=9), replace(SPARSE, supports=spread(9, 10, (3, 3))))),
    (10, (replace(ALL, outputs=4), replace(SPARSE, supports=(
        Support(outputs=6, fan_in=4, stride=1),)), replace(ALL, name="fc3", outputs=3))),
]  # fmt: skip


@pytest.mark.parametrize("argmax", [False, True])
@pytest.mark.parametrize("number", range(len(EDGES)))
def test_the_least_and_the_most_multipliers(number, argmax):
    inputs, layers = EDGES[number]
    made = config(*layers, inputs=inputs, argmax=argmax)
    for multipliers in {made.legal[0][0], made.legal[-1][0]}:
        design = build(replace(made, parallelism=multipliers), seed=number)
        run = simulate(design)
        assert run.passed, run.line
        assert (run.latency, run.interval) == (design.latency, design.interval)


@pytest.mark.parametrize("output_lanes", [None, 1])
def test_an_index_is_one_element(output_lanes):
    design = build(mixed(argmax=True, output_lanes=output_lanes))
    sink = design.streams[1]
    assert (sink.lanes, sink.beats, sink.elements, sink.element_bits) == (1, 1, 1, 8)
    assert str(sink.format) == "u3.0"
    many = build(config(replace(ALL, outputs=257), argmax=True))
    assert (str(many.streams[1].format), many.streams[1].element_bits) == ("u9.0", 16)


@pytest.mark.parametrize("name", ["net-64-32-10", "net-64-32-10-csc", "csc-lenet300-46x-local"])
def test_networks_of_the_catalogue(name):
    """The others, and more multipliers, are in testbenches/shown."""
    design = load(name)
    run = simulate(design)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)


# what it chooses


def test_an_interval_for_so_many_frames_a_second():
    assert [interval_for(*asked) for asked in ((1e6, 100), (3e6, 100), (999, 12.5))] == [
        100, 33, 12512,
    ]  # fmt: skip
    made = load("csc-lenet300-46x-local").config
    for fps in (1e4, 1e5, 8e5):
        design = build(replace(made, parallelism=None, interval=interval_for(fps, 100)))
        assert 100e6 / design.interval >= fps
        slower = [way for way in made.legal if way[0] < design.multipliers]
        assert all(100e6 / interval < fps for _, interval, _ in slower)


@pytest.mark.parametrize(
    ("fps", "clock", "sentence"),
    [
        (0, 100, "fps must be a number above 0, not 0"),
        (float("nan"), 100, "fps must be a number above 0, not nan"),
        (5, float("inf"), "clock_mhz must be a number above 0, not inf"),
        (5, -1, "clock_mhz must be a number above 0, not -1"),
        (2e8, 100, "fps must be at most a frame a clock, 100000000, not 2e+08"),
    ],
)
def test_a_speed_is_refused(fps, clock, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        interval_for(fps, clock)


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_more_multipliers_are_faster_and_no_smaller(name):
    """Of all choices the slower takes fewer multipliers; of five none takes more of anything."""
    legal = load(name).config.legal
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(legal))
    chosen = MULTIPLIERS[name]
    assert set(chosen) <= {way[0] for way in legal}
    assert chosen[0] == legal[0][0]
    costs = [load(name, set={"parallelism": z, "target": "xc7"}).estimate for z in chosen]
    assert [cost["dsp"] for cost in costs] == list(chosen)
    for resource in (*RESOURCES, "ff"):
        found = [cost[resource] for cost in costs]
        assert found == sorted(found), resource


def test_the_bottleneck_by_name():
    assert build(mixed()).bottleneck == "fc2"
    slow = replace(SPARSE, supports=(Support(outputs=60, fan_in=9, stride=2),))
    assert build(config(slow, ALL)).bottleneck == "fc1, support 0"
    fast = mixed(parallelism=mixed().legal[-1][0])
    assert build(replace(fast, input_lanes=1)).bottleneck == "s_axis"


# what it computes


def test_a_network_is_its_layers_one_after_another():
    """The same words as the engines of the layers alone, and as the matrix product."""
    wide = LayerFormats(outputs=S16)
    design = build(config(replace(SPARSE, formats=wide), replace(ALL, formats=wide)), seed=3)
    first = cyclic_sparse.build(
        cyclic_sparse.Config(
            inputs=18, supports=SPARSE.chain(18), formats=replace(FORMATS, outputs=S16)
        ),
        [w.weight if w.bias is None else (w.weight, w.bias) for w in design.words[:2]],
    )
    x = codes(design, 9)
    between = first.reference(x)
    matrix, bias = design.words[2].weight, design.words[2].bias
    sums = between @ matrix.T + bias  # fraction bits: 10 + 6, of which 10 stay
    np.testing.assert_array_equal(
        design.reference(x), np.clip((sums + 32) >> 6, S16.minimum, S16.maximum)
    )
    np.testing.assert_array_equal(design.trace(x)["fc1.1"].codes, between)


def test_the_index_is_that_of_the_largest_word():
    words, index = (build(mixed(argmax=argmax), seed=2) for argmax in (False, True))
    x = codes(words, 60)
    scores = words.reference(x)
    found = index.reference(x)
    assert found.shape == (60, 1)
    assert [k for (k,) in found.tolist()] == [row.index(max(row)) for row in scores.tolist()]
    assert any((row == row.max()).sum() > 1 for row in scores)  # equals are tried
    np.testing.assert_array_equal(index.saturated(x), words.saturated(x))
    values = S8.to_float(x)
    np.testing.assert_array_equal(
        index.predict(values), np.argmax(words.predict(values), axis=1)[:, None]
    )
    assert index.decode(found).dtype.kind == "i"
    np.testing.assert_array_equal(index.decode(found), found)
    np.testing.assert_array_equal(index.trace(x)["argmax"].codes, found)


def test_the_rule_of_equals_reaches_the_hardware():
    """All weights alike, so all scores are: the index is 0, except where a bias says other."""
    weights = [(np.ones((7, 18), int), np.array([0, 0, 5000, 0, 5000, 0, 0]))]
    design = build(config(ALL, argmax=True, parallelism=6), weights)
    x = np.zeros((4, 18), int)
    run = simulate(design, x)
    assert run.passed, run.line
    assert run.output.tolist() == [[2]] * 4
    flat = design.with_weights([(weights[0][0], np.zeros(7, int))])
    assert simulate(flat, x).output.tolist() == [[0]] * 4


# what it is called


def test_names(tmp_path):
    design = build(mixed(parallelism=6), name="net")
    assert list(design.trace(codes(design, 1))) == ["fc1.0", "fc1.1", "fc2.0"]
    assert {name for name in design.files() if name.startswith("mem/")} == {
        "mem/net_fc1_0_weights.hex", "mem/net_fc1_1_weights.hex", "mem/net_fc1_1_biases.hex",
        "mem/net_fc2_0_weights.hex", "mem/net_fc2_0_biases.hex",
    }  # fmt: skip
    assert [layer["name"] for layer in design.facts()["layers"]] == ["fc1.0", "fc1.1", "fc2.0"]
    folder = write(design, tmp_path / "made", frames=2)
    with np.load(folder / "reference" / "model.npz") as arrays:
        held = {name for name in arrays.files if name.startswith("fc")}
        assert arrays["fc2.0.weight"].shape == (7, 12)  # the matrix, not in the order of lanes
    assert held == {
        "fc1.0.weight", "fc1.1.weight", "fc1.1.bias", "fc2.0.weight", "fc2.0.bias",
    }  # fmt: skip
    again = load(folder)
    assert again.config == design.config
    assert again.files() == build(design.config, name="net").files()


def test_what_a_class_index_is_is_said(tmp_path):
    design = build(mixed(argmax=True), name="net")
    text = "class index, 0 to 6: which of the 7 outputs of fc2 is the largest, the lowest index"
    assert text in design.notes[0]
    folder = write(design, tmp_path / "made", frames=2)
    assert text in " ".join((folder / "README.md").read_text().split())
    assert json.loads((folder / "manifest.json").read_text())["notes"] == list(design.notes)
    assert design.title == "a network of 2 layers, which gives a class index"
    assert build(mixed()).notes == ()


# model files


def saved(path, config, **arrays):
    np.savez(path, config=np.array(json.dumps(config)), **arrays)
    return path


def test_weights_by_the_names_of_layers(tmp_path):
    """In whatever order, of the design or of another file's configuration, ints or floats."""
    design = build(mixed(), seed=4)
    arrays = {}
    for name, words in reversed(design.model_words.items()):
        arrays[f"{name}.weight"] = words.weight
        if words.bias is not None:
            arrays[f"{name}.bias"] = words.bias
    whole = load(saved(tmp_path / "whole.npz", design.config.to_dict(), **arrays))
    x = codes(design, 6)
    np.testing.assert_array_equal(whole.reference(x), design.reference(x))
    toml = load(tmp_path / "whole.npz", set={"parallelism": 6})
    np.testing.assert_array_equal(toml.reference(x), design.reference(x))
    bare = saved(tmp_path / "bare.npz", {}, **arrays)
    given = load(tmp_path / "whole.npz", weights=bare)
    np.testing.assert_array_equal(given.reference(x), design.reference(x))
    values = {name: S8.to_float(array) for name, array in arrays.items() if name.endswith("weight")}
    floats = saved(tmp_path / "floats.npz", design.config.to_dict(), **{**arrays, **values})
    np.testing.assert_array_equal(load(floats).reference(x), design.reference(x))


def test_weights_of_no_layer_are_refused(tmp_path):
    design = build(mixed())
    path = tmp_path / "w.npz"
    saved(path, design.config.to_dict(), **{"fc9.0.weight": np.ones((2, 2))})
    message = r"^the weights in w\.npz must be those of the layers fc1, fc2, not fc9\.0\.weight$"
    with pytest.raises(ValueError, match=message):
        load(path)
    saved(path, design.config.to_dict(), **{"fc1.0.bias": np.ones(12)})
    with pytest.raises(ValueError, match=r"^fc1\.0 of w\.npz must have a weight$"):
        load(path)
    saved(path, design.config.to_dict(), **{"fc1.0.weight": np.ones((12, 3))})
    with pytest.raises(ValueError, match=r"^weights must be given for 3 supports, not 1$"):
        load(path)
    arrays = {f"{name}.weight": words.weight for name, words in design.model_words.items()}
    saved(path, design.config.to_dict(), **arrays)
    with pytest.raises(ValueError, match=r"^fc1, support 1 must have a bias: its configuration"):
        load(path)


def test_weights_of_another_structure_are_refused(tmp_path):
    """A support that reads all its inputs, too, has its weights in another order."""
    design = build(mixed())
    arrays = {}
    for name, words in design.model_words.items():
        arrays[f"{name}.weight"] = words.weight
        if words.bias is not None:
            arrays[f"{name}.bias"] = words.bias
    path = saved(tmp_path / "w.npz", design.config.to_dict(), **arrays)
    like = CyclicSparseLayer(
        name="fc2", supports=(Support(outputs=7, fan_in=12, stride=1, bias=True),)
    )
    values = config(SPARSE, like).to_dict()
    (tmp_path / "other.npz").write_bytes(saved(tmp_path / "o.npz", values).read_bytes())
    with pytest.raises(ValueError, match=r"^the engine and its layers must be those of w\.npz"):
        load(tmp_path / "other.npz", weights=path)


# as plain values


@pytest.mark.parametrize("seed", range(8))
def test_plain_values_and_back(seed):
    made = random_network(seed, lanes=seed % 2 == 1, target=Target.XC7)
    assert Config.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_the_ends_of_a_layer_are_those_of_its_last_support():
    made = config(SPARSE, ALL)
    assert [(p.bias, p.activation) for p in made.plans] == [
        (False, Activation.NONE), (True, Activation.RELU), (True, Activation.NONE),
    ]  # fmt: skip
    inner = replace(SPARSE, supports=local(12, 2, 3, row=6, bias=True))
    assert config(inner).plans[1].activation is Activation.RELU


def test_formats_of_a_layer_stand_before_those_of_the_network():
    own = LayerFormats(weights=(U8, S16), outputs=S16)
    made = config(replace(SPARSE, formats=own), ALL)
    assert [p.weight for p in made.plans] == [U8, S16, S8]
    assert [p.result for p in made.plans] == [S16, S16, FORMATS.outputs]
    assert [p.source for p in made.plans] == [S8, S16, S16]


@pytest.mark.parametrize(
    ("layers", "fields", "error", "sentence"),
    [
        ((), {}, TypeError, "layers must be one Layer or more, not ()"),
        ([ALL], {}, TypeError, f"layers must be a tuple, not {[ALL]!r}"),
        ((ALL, ALL), {}, ValueError, "the names of layers must differ, not fc2 and fc2"),
        ((ALL, replace(ALL, name="FC2")), {}, ValueError,
         "the names of layers must differ, not fc2 and FC2"),
        ((ALL,), {"argmax": 1}, TypeError, "argmax must be true or false, not 1"),
        ((ALL,), {"argmax": True, "output_lanes": 2}, ValueError,
         "output_lanes must be at most the words of a frame (1), not 2"),
        ((ALL,), {"formats": replace(FORMATS, weights=(S8,))}, TypeError,
         "formats.weights must be one Format, as layers may have their own, not 1 of them"),
        ((replace(SPARSE, formats=LayerFormats(weights=(S8,))),), {}, ValueError,
         "formats.weights of fc1 must be one Format, or one for each of the 2 supports, not 1"),
        ((replace(SPARSE, supports=(Support(outputs=4, fan_in=19, stride=1),)),), {}, ValueError,
         "fan_in of fc1, support 0 must be at most its inputs (18), not 19"),
        ((replace(ALL, outputs=60_000),), {}, ValueError,
         "weights of fc2 must be at most 1048576, not 1080000"),
        ((ALL,), {"interval": 18, "input_lanes": 1, "output_lanes": 1, "inputs": 19}, ValueError,
         "interval must be at least the 19 beats of a frame that input_lanes (1) makes, not 18"),
    ],
)  # fmt: skip
def test_a_configuration_is_refused(layers, fields, error, sentence):
    with pytest.raises(error) as refusal:
        Config(**{"inputs": 18, "formats": FORMATS, "layers": layers, **fields})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: DenseLayer(name="if", outputs=1), ValueError, "the name of a layer must"),
        (lambda: DenseLayer(name="a b", outputs=1), ValueError, "the name of a layer must"),
        (lambda: DenseLayer(name=3, outputs=1), TypeError, "the name of a layer must"),
        (lambda: DenseLayer(name="a", outputs=0), ValueError, "outputs must be 1 to 1048576"),
        (lambda: DenseLayer(name="a", outputs=1, bias=1), TypeError, "bias must be true or false"),
        (lambda: CyclicSparseLayer(name="a", supports=()), TypeError,
         "supports of a must be one Support or more, not ()"),
        (lambda: CyclicSparseLayer(
            name="a", activation=Activation.RELU,
            supports=(Support(outputs=1, fan_in=1, stride=1,
                              activation=Activation.CLIPPED_RELU),)),
         ValueError, "activation of a must be that of its last support (clipped_relu) where both"),
        (lambda: LayerFormats(weights="s1.6"), TypeError, "weights must be a Format or a tuple"),
    ],
)  # fmt: skip
def test_a_layer_is_refused(make, error, sentence):
    with pytest.raises(error) as refusal:
        make()
    assert str(refusal.value).startswith(sentence)


def test_weights_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^weights of fc2 must be of shape \(7, 18\), not"):
        build(config(ALL), [np.ones((18, 7), int)])


def test_the_networks_of_the_catalogue_are_those_that_are_measured():
    named = {name for name in catalog.ENTRIES if load(name).engine == "network"}
    assert named == set(MULTIPLIERS)
