"""Networks: layers in a row, and the class that the last one finds likeliest.

    y = min { o : x[o] = max over all o of x[o] }

Layers are those of chain.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def classes(scores: Any) -> NDArray[np.int64]:
    """Return (frames, 1): the lowest index of the largest of each row of (frames, outputs)."""
    return np.argmax(np.asarray(scores), axis=1)[:, None].astype(np.int64)
