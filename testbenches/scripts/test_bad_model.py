"""Models and weights that must be refused."""

import json
import pickle
import zlib

import numpy as np
import pytest

from kolam.generators import model_file
from kolam.testbenches.wrong_files import NO_SENSE, archive, forged

CONFIG = json.dumps(
    {
        "inputs": 8,
        "supports": [{"outputs": 8, "fan_in": 2, "stride": 1}],
        "formats": {"input": "s1.6", "weights": "s1.6", "outputs": "s1.6"},
    }
)
ONES = np.ones((8, 2))
WHOLE = {"config": CONFIG, "layer0__0__weight": ONES}
MODELS = {
    "empty": (b"", "must be"),
    "text": (b"layer0.0.weight = 1\n", "must be"),
    "cut off": (archive(**WHOLE)[:-30], "must be"),
    "spoilt": (archive(**WHOLE).replace(archive(**WHOLE)[60:70], bytes(10)), "must be"),
    "an array": (forged((8,)), "must be"),
    "pickle": (archive(config=CONFIG, layer0__0__weight=np.array([print], object)), "holds object"),
    "bare pickle": (pickle.dumps({"config": CONFIG}), "must be"),
    "huge shape": (archive(config=CONFIG, layer0__0__weight=forged((1 << 40, 8))), "claims"),
    "negative shape": (archive(config=CONFIG, layer0__0__weight=forged((-8, -2))), "must be"),
    "product of shapes overflows": (
        archive(config=CONFIG, layer0__0__weight=forged((1 << 32, 1 << 32))), "claims"),
    "more than it holds": (archive(config=CONFIG, layer0__0__weight=forged((9, 1))), "must be"),
    "header of no sense": (archive(config=CONFIG, layer0__0__weight=NO_SENSE), "must be"),
    "header that is code": (
        archive(config=CONFIG, layer0__0__weight=forged("__import__('os').abort()")), "must be"),
    "unknown version": (
        archive(config=CONFIG, layer0__0__weight=b"\x93NUMPY\x09\x00v\x00" + bytes(99)), "version"),
    "no config": (archive(layer0__0__weight=ONES), "must be a model, with a text `config`"),
    "config is a number": (archive(config=1, layer0__0__weight=ONES), "must be a model, with a "),
    "config is no JSON": (archive(config="{", layer0__0__weight=ONES), "must be JSON"),
    "config is a list": (archive(config="[1]", layer0__0__weight=ONES), "must be a table"),
    "config is deep": (archive(config="[" * 99999, layer0__0__weight=ONES), "must be"),
    "config has an unknown key": (
        archive(config=CONFIG.replace("inputs", "inputz"), layer0__0__weight=ONES), "inputz"),
    "config has a path for a name": (
        archive(config=CONFIG.replace('"inputs"', '"name": "../x", "inputs"'),
                layer0__0__weight=ONES), "the name of a design must be"),
    "NaN": (archive(config=CONFIG, layer0__0__weight=ONES * np.nan), "must be finite"),
    "infinite": (archive(config=CONFIG, layer0__0__weight=ONES * -np.inf), "must be finite"),
    "turned": (archive(config=CONFIG, layer0__0__weight=ONES.T), "must be of shape (8, 2)"),
    "flat": (archive(config=CONFIG, layer0__0__weight=ONES.ravel()), "must be of shape (8, 2)"),
    "a number": (archive(config=CONFIG, layer0__0__weight=1), "must be of shape (8, 2)"),
    "empty weights": (archive(config=CONFIG, layer0__0__weight=ONES[:0]), "must be of shape"),
    "text weights": (archive(config=CONFIG, layer0__0__weight=ONES.astype(str)), "must be"),
    "complex weights": (archive(config=CONFIG, layer0__0__weight=ONES * 1j), "holds complex128"),
    "Boolean weights": (archive(config=CONFIG, layer0__0__weight=ONES > 0), "holds bool"),
    "beyond the format": (
        archive(config=CONFIG, layer0__0__weight=ONES.astype(int) * 128), "must be -128 to 127"),
    "beyond 63 bits": (
        archive(config=CONFIG, layer0__0__weight=np.full((8, 2), 1 << 63, np.uint64)), "must be"),
    "a layer too many": (
        archive(**WHOLE, layer0__1__weight=ONES), "weights must be given for 1 supports, not 2"),
    "a bias too many": (archive(**WHOLE, layer0__0__bias=np.ones(8, int)), "must have no bias"),
    "bias alone": (archive(config=CONFIG, layer0__0__bias=np.ones(8, int)), "must have a weight"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_model(name, place, kolam):
    content, words = MODELS[name]
    (place / "model.npz").write_bytes(content)
    kolam("generate", "model.npz", "--out", "made").refused(words)


def test_a_good_model_is_good(place, kolam):
    (place / "model.npz").write_bytes(archive(**WHOLE))
    assert kolam("show", "model.npz").status == 0


def test_a_bomb_is_not_unpacked(place, kolam, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_BYTES", 1 << 16)
    bomb = archive(config=CONFIG, layer0__0__weight=forged((1 << 18,), content=bytes(1 << 21)))
    assert len(bomb) < 1 << 13
    (place / "model.npz").write_bytes(bomb)
    monkeypatch.setattr(zlib, "decompress", None)
    kolam("show", "model.npz").refused("claims 2097152 bytes")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(config=CONFIG, layer0__0__weight=ONES), "its layers must be those of weights.npz"),
        (archive(config=CONFIG), "weights.npz must hold weights, and holds none"),
        (b"PK", "weights.npz must be"),
    ],
    ids=["too few", "none", "no archive"],
)
def test_bad_weights(content, words, good, place, kolam):
    (place / "weights.npz").write_bytes(content)
    kolam("generate", good, "--weights", "weights.npz", "--out", "made").refused(words)


def test_an_fft_has_no_weights(place, kolam):
    (place / "weights.npz").write_bytes(archive(**WHOLE))
    words = "weights must not be given to an FFT, which has none"
    kolam("generate", "fft-64", "--weights", "weights.npz", "--out", "made").refused(words)
    config = json.dumps({"engine": "fft", "points": 8})
    (place / "model.npz").write_bytes(archive(config=config, layer0__0__weight=ONES))
    kolam("show", "model.npz").refused(words)
