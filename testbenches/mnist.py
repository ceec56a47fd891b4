"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28 bytes.

Read from KOLAM_DATA/mnist, the gzipped IDX files as they were published. A pixel of 0 to 255 is
the code of u0.8 as it stands: it is the value pixel / 256. Images are rows of 784, line by line.
"""

import gzip
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PIXELS = (False, 0, 8)
_BYTES = 0x08  # the type of an IDX file's elements, in its magic number

Images = tuple[NDArray[np.uint8], NDArray[np.int64]]


def training() -> Images:
    """Return (codes (60000, 784), labels (60000,)).

    Raises ValueError with one sentence where KOLAM_DATA is not set or a file is not whole, OSError
    where it cannot be read.
    """
    return _pair("train")


def heldout() -> Images:
    """Return (codes (10000, 784), labels (10000,)), the test images. Raises as training."""
    return _pair("t10k")


def _pair(name: str) -> Images:
    place = os.environ.get("KOLAM_DATA")
    if not place:
        raise ValueError("KOLAM_DATA must name the folder that holds mnist/, and is not set")
    folder = Path(place) / "mnist"
    images = _idx(folder / f"{name}-images-idx3-ubyte.gz", dimensions=3)
    labels = _idx(folder / f"{name}-labels-idx1-ubyte.gz", dimensions=1)
    if images.shape[1:] != (28, 28) or len(images) != len(labels):
        raise ValueError(
            f"{name} of MNIST must be 28x28 images with a label each, not images of shape "
            f"{images.shape} and {len(labels)} labels"
        )
    return images.reshape(len(images), -1), labels.astype(np.int64)


def _idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Return the bytes of a gzipped IDX file as an array."""
    try:
        content = gzip.decompress(path.read_bytes())
        magic, *shape = struct.unpack_from(f">{1 + dimensions}I", content)
        if magic != _BYTES << 8 | dimensions:
            raise ValueError(f"it begins with {magic:#010x}")
        words = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
        return words.reshape(shape).copy()  # which can be written to, as PyTorch wants it
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error, struct.error) as error:
        raise ValueError(
            f"{path.name} must be a whole gzipped IDX file of bytes: {error}"
        ) from None
