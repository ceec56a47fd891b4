"""The committed digit classifier, as its file says it is, through the golden models alone."""

import json
import sys
from importlib import resources

import numpy as np
import pytest

from kolam.reference import fixed
from kolam.reference.cyclic_sparse import (
    Layer,
    Numbers,
    answer,
    connectivity,
)
from kolam.testbenches import digits


def plain(text):
    integer, fraction = text[1:].split(".")
    return (text[0] == "s", int(integer), int(fraction))


@pytest.fixture(scope="module")
def file():
    with resources.files("kolam.generators").joinpath("csc_digits.npz").open("rb") as stream:
        return dict(np.load(stream, allow_pickle=False))


@pytest.fixture(scope="module")
def layers(file):
    config = json.loads(str(file["config"]))
    formats = config["formats"]
    words = [formats["input"], *formats["outputs"]]
    result = []
    for i, support in enumerate(config["supports"]):
        inputs = config["supports"][i - 1]["outputs"] if i else config["inputs"]
        layer = Layer(
            inputs=inputs,
            stride=support["stride"],
            step=support["step"],
            weight=file[f"layer0.{i}.weight"],
            bias=file[f"layer0.{i}.bias"],
            activation=support["activation"],
            numbers=Numbers(
                input=plain(words[i]),
                weight=plain(formats["weights"][i]),
                output=plain(words[i + 1]),
                rounding=formats["rounding"],
                overflow=formats["overflow"],
            ),
        )
        assert (layer.outputs, layer.fan_in) == (support["outputs"], support["fan_in"])
        result.append(layer)
    return result


def test_accuracy_on_the_held_out_images(file, layers):
    codes, labels = digits.heldout()
    share = (answer(codes, layers).codes.argmax(axis=1) == labels).mean()
    assert share >= 0.965
    assert round(float(share), 4) == json.loads(str(file["training"]))["test"]["integer"]


def test_it_has_a_quarter_of_the_dense_weights_and_every_output_sees_every_pixel(layers):
    weights = sum(layer.weight.size for layer in layers)
    assert weights * 4 <= 64 * 64 + 64 * 64 + 64 * 10
    assert connectivity(layers).all()


def test_weights_and_words_have_eight_bits(layers):
    for layer in layers:
        assert fixed.width(layer.numbers.weight) == fixed.width(layer.numbers.output) == 8


def test_held_out_and_training_images_are_apart_and_complete():
    x, labels = digits.heldout()
    others, other_labels = digits.training()
    assert x.shape == (599, 64)
    assert others.shape == (1198, 64)
    assert x.dtype == labels.dtype == np.int64
    assert min(x.min(), others.min()) == 0
    assert max(x.max(), others.max()) == 16
    assert not {tuple(row) for row in x} & {tuple(row) for row in others}
    for part in (labels, other_labels):
        counts = np.bincount(part, minlength=10)
        assert counts.min() > 0.8 * counts.mean()
    # the split of the day the file was trained, for a changed one would test on training images
    assert labels[:12].tolist() == [0, 1, 3, 0, 1, 4, 0, 0, 6, 6, 8, 8]
    assert int((x @ np.arange(64)).sum()) == 5893392


def test_missing_scikit_learn_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match="scikit-learn must be installed for the digits"):
        digits.heldout()
