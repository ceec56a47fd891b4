"""The LeNets of the catalog are worth what their files say, in integers."""

import json
from importlib.resources import files

import numpy as np
import pytest

from kolam.generators import catalog, load
from kolam.testbenches import mnist

# at least, of all test images of MNIST, and with so many times fewer weights than dense layers
LENET300 = {
    "csc-lenet300-10x": (0.985, 10),
    "csc-lenet300-46x": (0.970, 46),
    "csc-lenet300-46x-local": (0.977, 46),
    "dense-lenet300": (0.985, 1),
}
CONNECTED = ("csc-lenet300-46x", "dense-lenet300")


def arrays_of(name):
    with np.load(files("kolam.generators") / catalog.ENTRIES[name].model) as arrays:
        return dict(arrays)


def share(design, images):
    codes, labels = images
    answer = design.reference(codes)
    classes = answer[:, 0] if design.config.argmax else answer.argmax(axis=1)
    return round(float((classes == labels).mean()), 4)


@pytest.mark.parametrize("name", LENET300)
def test_all_test_images_of_mnist(name, kolam_data):
    design = load(name)
    stated = json.loads(str(arrays_of(name)["training"]))
    assert (stated["data"], stated["test"]["images"]) == ("mnist", 10000)
    found = share(design, mnist.heldout())
    assert found == stated["test"]["integer"]
    assert found >= LENET300[name][0]
    assert stated["held_out"]["images"] == 5000


@pytest.mark.parametrize("name", LENET300)
def test_eight_bits_and_few_weights(name):
    design = load(name)
    count = design.weight_count
    # 266,200 weights has LeNet-300-100 itself, from which some widths differ
    assert min(count["dense"], 266_200) >= LENET300[name][1] * count["stored"]
    assert str(design.config.formats.input) == "u0.8"
    for stage in design.config.stages:
        assert (stage.weight.width, stage.result.width) == (8, 8)
    assert design.limited == 0
    assert design.config.connectivity.all() or name not in CONNECTED


@pytest.mark.parametrize("name", LENET300)
def test_the_most_multipliers_become_verilog(name):
    most = load(name).config.legal[-1][0]
    design = load(name, set={"parallelism": most})
    assert f"rtl/{design.name}.v" in design.files()
    assert design.multipliers == most


@pytest.mark.parametrize("name", CONNECTED)
def test_every_layer_is_fully_connected(name):
    config = load(name).config
    for layer in config.names:
        ones = np.eye(next(s.inputs for s in config.stages if s.layer == layer), dtype=bool)
        for stage in (s for s in config.stages if s.layer == layer):
            taps = (
                stage.step * np.arange(stage.outputs)[:, None]
                + stage.stride * np.arange(stage.fan_in)
            ) % stage.inputs
            ones = ones[taps].any(axis=1)
        assert ones.all(), layer
