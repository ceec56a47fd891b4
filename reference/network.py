"""Networks: layers in a row, and the class that the last one finds likeliest.

class = min { o : y[o] = max over all o of y[o] }
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def classes(scores: Any) -> NDArray[np.int64]:
    """Return (frames, 1): the lowest index of the largest of each row of (frames, outputs)."""
    return np.argmax(np.asarray(scores), axis=1)[:, None].astype(np.int64)
