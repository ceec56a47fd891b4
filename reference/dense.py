"""Dense layers: every output reads every input, in natural order.

    sum[o] = sum over i < inputs of weight[o][i] * x[i]

Formats, bias and activation as in chain.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.reference import chain
from kolam.reference.chain import Numbers, Words, answer, forward, forward_float, in_float

__all__ = ["Layer", "Numbers", "Words", "answer", "forward", "forward_float", "in_float"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(chain.Layer):
    """One dense layer: weight is (outputs, inputs)."""

    @property
    def input_words(self) -> int:
        """Words that the layer takes."""
        return int(self.weight.shape[1])

    def sums(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the sums of products (outputs, frames), of x (inputs, frames) in x's own dtype."""
        return np.asarray(self.weight.astype(x.dtype) @ x)

    def reached(self, before: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (outputs, …): what outputs depend on, of (inputs, …): what inputs depend on."""
        return np.broadcast_to(before.any(axis=0), (self.outputs, *before.shape[1:]))
