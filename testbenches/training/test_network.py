"""From a configuration to a module and back: the same structure, and formats where they belong."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from kolam.generators import load, network
from kolam.generators.cyclic_sparse import Activation, local, spread
from kolam.hdl import Format
from kolam.training import CyclicSparse, Dense, Norm, module
from kolam.training.fold import folded
from kolam.training.network import (
    config_of,
    connectivity,
    dense_weights,
    layers,
    with_formats,
)
from kolam.training.quantise import rounded

NAMES = (
    "csc-digits", "csc-small", "dense-small", "net-64-32-10", "net-64-32-10-csc", "dense-lenet300",
    "csc-lenet300-10x", "csc-lenet300-46x", "csc-lenet300-46x-local",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_module_has_the_structure_of_the_configuration(name):
    config = load(name).config
    chain = folded(module(config).eval())
    shapes = [
        (p.inputs, p.outputs, p.weight.shape[1], p.bias is not None, p.activation) for p in chain
    ]
    assert shapes == [(s.inputs, s.outputs, s.fan_in, s.bias, s.activation) for s in config.stages]
    for part, stage in zip(chain, config.stages, strict=True):
        if part.support is not None:
            assert (part.support.stride, part.support.step) == (stage.stride, stage.step)
        assert (part.support is None) == stage.anchored


def test_batch_norm_is_where_there_is_a_bias_to_fold_it_into():
    made = module(load("csc-lenet300-46x").config)
    kinds = [type(part) for part in made]
    assert kinds == [CyclicSparse, Norm, nn.ReLU, CyclicSparse, Norm, nn.ReLU, CyclicSparse]
    assert [len(part.norms) for part in made if isinstance(part, CyclicSparse)] == [3, 3, 1]
    assert [part.bias is None for part in made if isinstance(part, CyclicSparse)] == [1, 1, 0]
    made = module(load("csc-1024").config)  # no bias at all
    assert [type(part) for part in made] == [CyclicSparse, nn.ReLU]
    assert (len(made[0].norms), made[0].bias) == (0, None)
    assert [type(part) for part in module(load("dense-small").config)] == [
        Dense,
        Norm,
        nn.ReLU,
        Dense,
    ]


def test_some_biases_inside_a_layer_are_none_of_ours():
    config = load("csc-lenet300-46x").config
    first = config.layers[0]
    supports = (replace(first.supports[0], bias=False), *first.supports[1:])
    config = replace(config, layers=(replace(first, supports=supports), *config.layers[1:]))
    with pytest.raises(
        ValueError, match=r"^the inner supports of fc1_0 must all have a bias, or none$"
    ):
        module(config)


@pytest.mark.parametrize("name", ["csc-digits", "dense-small", "net-64-32-10-csc"])
def test_formats_go_where_they_belong(name):
    config = load(name).config
    chain = folded(module(config).eval())
    found = rounded(chain, torch.rand(50, 64), Format.parse("u0.8"), 7)
    made = with_formats(config, found.formats)
    assert type(made) is type(config)
    assert [(s.source, s.weight, s.result) for s in made.stages] == [
        (f.source, f.weight, f.result) for f in found.formats
    ]
    assert type(made).from_dict(made.to_dict()) == made
    for field in ("inputs", "parallelism", "target", "widths"):
        assert getattr(made, field) == getattr(config, field)


def test_a_module_becomes_the_configuration_that_makes_it():
    parts = network.Config(
        inputs=49,
        layers=(
            network.CyclicSparseLayer(
                name="one",
                supports=tuple(replace(s, bias=True) for s in spread(49, 20, (3, 3, 3))),
                bias=True,
                activation=Activation.RELU,
            ),
            network.CyclicSparseLayer(
                name="two", supports=local(16, 3, 4, row=5), bias=True,
                activation=Activation.CLIPPED_RELU,
            ),
            network.DenseLayer(name="three", outputs=4, bias=True),
        ),
        formats=network.Formats(
            input=Format.parse("u0.8"), weights=Format.parse("s0.7"), outputs=Format.parse("s1.6")
        ),
    )  # fmt: skip
    chain = folded(module(parts).eval())
    found = rounded(chain, torch.rand(50, 49), Format.parse("u0.8"), 8)
    made = config_of(chain, found.formats)
    shapes = [
        [
            (s.inputs, s.outputs, s.fan_in, s.stride, s.step, s.bias, s.activation, s.anchored)
            for s in c.stages
        ]
        for c in (made, parts)
    ]
    assert shapes[0] == shapes[1]
    assert made.names == ("one_0", "two_0", "three_0")
    assert made.stages[0].weight == found.formats[0].weight


def test_what_is_linear_is_a_layer():
    parts = {name: [s.number for s in stages] for name, stages in layers(load("csc-digits").config)}
    assert parts == {"layer0_0": [0, 1], "layer0_2": [2, 3], "layer0_4": [4]}
    assert dense_weights(load("csc-lenet300-10x").config) == 784 * 300 + 300 * 100 + 100 * 10


def test_connectivity():
    found = {name: connectivity(stages) for name, stages in layers(load("csc-lenet300-46x").config)}
    assert found == {"fc1_0": 1.0, "fc2_0": 1.0, "fc3_0": 1.0}  # as the paper has it
    found = {
        name: connectivity(stages) for name, stages in layers(load("csc-lenet300-46x-local").config)
    }
    # a window of 6 rows by 6 words of 3 pixels: 36 of 784 inputs, at least
    assert 36 / 784 <= found["fc1_0"] < 0.05
    assert found["fc3_0"] == 1
    assert connectivity(load("dense-small").config.stages[:1]) == 1
