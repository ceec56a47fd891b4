"""scikit-learn's 1,797 handwritten digits of 8x8 pixels, split once and for all.

A pixel of 0 to 16 is the code of u1.4 as it stands: 16 is 1.0. Images are rows of 64, line by line.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

PIXELS = (False, 1, 4)
HELD_OUT = 599  # a third
SEED = 1797

Images = tuple[NDArray[np.int64], NDArray[np.int64]]


def heldout() -> Images:
    """Return (codes (599, 64), labels (599,)), which no training and no choice has seen.

    Raises ModuleNotFoundError if scikit-learn is missing.
    """
    codes, labels, order = _load()
    return codes[order[:HELD_OUT]], labels[order[:HELD_OUT]]


def training() -> Images:
    """Return (codes (1198, 64), labels (1198,)): all others. Raises as heldout."""
    codes, labels, order = _load()
    return codes[order[HELD_OUT:]], labels[order[HELD_OUT:]]


def _load() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "scikit-learn must be installed for the digits: pip install 'kolam[demo]'"
        ) from None
    codes, labels = load_digits(return_X_y=True)
    # raw output is the part of NumPy's generators that is promised never to change
    order = np.argsort(np.random.PCG64(SEED).random_raw(len(labels)), kind="stable")
    return codes.astype(np.int64), labels.astype(np.int64), order
