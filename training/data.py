"""Labelled images as the hardware takes them: integer codes of one format, rows of features.

Three sources: `digits` (scikit-learn's, 8x8), `mnist` (28x28, from KOLAM_DATA/mnist), and folders
of arrays (train_x.npy, train_y.npy, test_x.npy, test_y.npy). Test images are for the last figure
only; what is chosen is chosen on training images that are held out (`Data.held_out`).
"""

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.hdl import Format
from kolam.testbenches import digits, mnist

PIXELS = Format(False, 0, 8)  # a byte c is the value c / 256
SEED = 28  # of the order in which images are held out


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """codes: (images, features), integers of Data.format. labels: (images,), from 0."""

    codes: NDArray[Any]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> "Images":
        """Return the images at some places."""
        return Images(codes=self.codes[places], labels=self.labels[places])


@dataclass(frozen=True, kw_only=True, eq=False)
class Data:
    """Images to train on, to choose by and to judge by.

    format: of a feature. shape: (rows, columns) of an image whose features are its pixels line by
    line, else None. held: training images that no training sees, or None.
    """

    name: str
    format: Format
    shape: tuple[int, int] | None
    train: Images
    test: Images
    held: Images | None = None

    @property
    def features(self) -> int:
        """Features of an image."""
        return int(self.train.codes.shape[1])

    @property
    def classes(self) -> int:
        """Classes: the largest label and one."""
        return int(max(self.train.labels.max(), self.test.labels.max())) + 1

    def held_out(self, images: int) -> "Data":
        """Return the same with so many training images held out, the same ones every time.

        Raises ValueError unless at least one image is left to train on.
        """
        if not 0 <= images < len(self.train):
            raise ValueError(
                f"the images held out must be 0 to {len(self.train) - 1}, not {images}"
            )
        order = np.argsort(np.random.PCG64(SEED).random_raw(len(self.train)), kind="stable")
        held = self.train.take(order[:images]) if images else None
        return replace(self, train=self.train.take(np.sort(order[images:])), held=held)


def load_data(source: str, bits: int = 8) -> Data:
    """Return the data that `digits`, `mnist` or a folder holds.

    bits: of the format that is found for a folder's floats. Raises ValueError with one sentence,
    OSError for what cannot be read, ModuleNotFoundError without scikit-learn.
    """
    if source == "digits":
        return _data(
            "digits", Format(*digits.PIXELS), (8, 8), *digits.training(), *digits.heldout()
        )
    if source == "mnist":
        return _data("mnist", Format(*mnist.PIXELS), (28, 28), *mnist.training(), *mnist.heldout())
    if not Path(source).is_dir():
        raise ValueError(f"data must be digits, mnist or a folder of arrays, not {source!r}")
    return _folder(Path(source), bits)


def _data(name: str, fmt: Format, shape: tuple[int, int] | None, *arrays: Any) -> Data:
    x, y, tx, ty = arrays
    train, test = Images(codes=x, labels=y), Images(codes=tx, labels=ty)
    return Data(name=name, format=fmt, shape=shape, train=train, test=test)


def _folder(folder: Path, bits: int) -> Data:
    x, tx = (_features(folder / f"{part}_x.npy") for part in ("train", "test"))
    y, ty = (_labels(folder / f"{part}_y.npy") for part in ("train", "test"))
    for images, labels, part in ((x, y, "train"), (tx, ty, "test")):
        if len(images) != len(labels):
            raise ValueError(
                f"{part}_y.npy must hold a label for each of the {len(images)} images of "
                f"{part}_x.npy, not {len(labels)}"
            )
    if x.shape[1:] != tx.shape[1:] or (x.dtype == np.uint8) != (tx.dtype == np.uint8):
        raise ValueError(
            f"test_x.npy must hold images like those of train_x.npy, {x.dtype} of shape "
            f"{x.shape[1:]}, not {tx.dtype} of shape {tx.shape[1:]}"
        )
    shape = (x.shape[1], x.shape[2]) if x.ndim == 3 else None
    x, tx = (v.reshape(len(v), -1) for v in (x, tx))
    if x.dtype == np.uint8:
        return _data(folder.name, PIXELS, shape, x, y, tx, ty)
    fmt = covering(x, bits)
    codes = (fmt.quantize(v).astype(np.int16 if bits <= 16 else np.int64) for v in (x, tx))
    (cx, ctx) = codes
    return _data(folder.name, fmt, shape, cx, y, ctx, ty)


def covering(values: NDArray[Any], bits: int) -> Format:
    """Return the format of so many bits that holds all values with the longest fraction.

    Unsigned where no value is negative.
    """
    low, high = float(values.min()), float(values.max())
    least = int(np.frexp(max(-low, high))[1]) - 1  # -2**least may be a code, 2**least is none
    for integer in count(least):
        fmt = Format(low < 0, integer, bits - (low < 0) - integer)
        step = 2.0**-fmt.fraction
        if fmt.minimum * step <= low and high <= (fmt.maximum + 0.5) * step:
            return fmt
    raise AssertionError("there is always a format that is wide enough")


def _array(path: Path) -> NDArray[Any]:
    try:
        # mapped, so that a header cannot claim more than the file holds
        return np.array(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, TokenError) as error:
        raise ValueError(f"{path.name} must be a .npy file of numbers: {error}") from None


def _features(path: Path) -> NDArray[Any]:
    x = _array(path)
    if x.ndim not in (2, 3) or not x.size:
        raise ValueError(
            f"{path.name} must be (images, features) or (images, rows, columns), "
            f"not of shape {x.shape}"
        )
    if x.dtype == np.uint8:
        return x
    if x.dtype.kind != "f":
        raise ValueError(f"{path.name} must hold bytes (uint8) or floats, not {x.dtype}")
    if not np.isfinite(x).all():
        raise ValueError(f"{path.name} must hold finite numbers, not NaN or infinite ones")
    return x.astype(np.float64)


def _labels(path: Path) -> NDArray[np.int64]:
    y = _array(path)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise ValueError(
            f"{path.name} must hold one integer label an image, not {y.dtype} of shape {y.shape}"
        )
    if y.size and y.min() < 0:
        raise ValueError(f"{path.name} must hold labels from 0, not {y.min()}")
    return y.astype(np.int64)
