"""MNIST as it was published, and what is refused in its place."""

import gzip
import struct

import numpy as np
import pytest

from kolam.testbenches import mnist


def test_it_is_mnist(kolam_data):
    """The first labels as everybody knows them, and the mean of the pixels, 0.1307 of 255."""
    (x, y), (tx, ty) = mnist.training(), mnist.heldout()
    assert (x.shape, y.shape, tx.shape, ty.shape) == (
        (60000, 784),
        (60000,),
        (10000, 784),
        (10000,),
    )
    assert (x.dtype, y.dtype) == (np.uint8, np.int64)
    assert y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert ty[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(float(x.mean()) / 255, 4) == 0.1307


def test_no_place_for_it(monkeypatch):
    monkeypatch.delenv("KOLAM_DATA", raising=False)
    with pytest.raises(ValueError, match=r"^KOLAM_DATA must name the folder that holds mnist/, "):
        mnist.training()


def test_no_files(monkeypatch, tmp_path):
    monkeypatch.setenv("KOLAM_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"t10k-images-idx3-ubyte\.gz"):
        mnist.heldout()


def idx(array, magic=None):
    head = struct.pack(f">{1 + array.ndim}I", magic or 0x800 | array.ndim, *array.shape)
    return gzip.compress(head + array.tobytes())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no gzip", "must be a whole gzipped IDX file of bytes: "),
        (gzip.compress(b""), "must be a whole gzipped IDX file of bytes: "),
        (idx(np.zeros((2, 28, 28), np.uint8))[:-9], "must be a whole gzipped IDX file of bytes: "),
        (idx(np.zeros((2, 28, 28), np.uint8), 0xD03), "it begins with 0x00000d03"),
        (
            idx(np.zeros((2, 27, 28), np.uint8)),
            "must be 28x28 images with a label each, not images",
        ),
        (idx(np.zeros((3, 28, 28), np.uint8)), "of shape (3, 28, 28) and 2 labels"),
    ],
    ids=["no gzip", "empty", "cut off", "not bytes", "small", "too many"],
)
def test_bad_files(content, words, tmp_path, monkeypatch):
    monkeypatch.setenv("KOLAM_DATA", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    for name in ("train", "t10k"):
        images = content if name == "train" else idx(np.zeros((2, 28, 28), np.uint8))
        (tmp_path / "mnist" / f"{name}-images-idx3-ubyte.gz").write_bytes(images)
        labels = idx(np.zeros(2, np.uint8))
        (tmp_path / "mnist" / f"{name}-labels-idx1-ubyte.gz").write_bytes(labels)
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        mnist.training()
    assert words in str(error.value)
