"""Cyclic sparsely connected (CSC) support layers.

    sum[o] = sum over j < fan_in of weight[o][j] * x[(step * o + j * stride) mod inputs]

Formats, bias and activation as in chain. A weight matrix is never needed, but tests ask for it.
Source: Hosseini et al., DAC 2019 (the idea); the cyclic indices are this project's construction.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kolam.reference import chain
from kolam.reference.chain import (
    Numbers,
    Words,
    answer,
    connectivity,
    forward,
    forward_float,
    in_float,
)

__all__ = [
    "Layer",
    "Numbers",
    "Words",
    "answer",
    "connectivity",
    "dense_matrix",
    "forward",
    "forward_float",
    "in_float",
]

DENSE_FROM = 1 / 16  # the fill from which BLAS on the whole matrix beats the sparse product


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(chain.Layer):
    """One support layer: weight is (outputs, fan_in), in tap order.

    inputs: words taken. stride: from tap to tap. step: from output to output.

    Raises ValueError as chain.Layer, and if inputs is less than 1.
    """

    inputs: int
    stride: int
    step: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inputs < 1:
            raise ValueError(f"inputs must be at least 1, not {self.inputs!r}")

    @property
    def input_words(self) -> int:
        """Words that the layer takes."""
        return self.inputs

    @property
    def fan_in(self) -> int:
        """Taps of an output."""
        return int(self.weight.shape[1])

    def indices(self) -> NDArray[np.int64]:
        """Return (outputs, fan_in): which input each tap reads."""
        rows, taps = np.ogrid[: self.outputs, : self.fan_in]
        step, stride = self.step % self.inputs, self.stride % self.inputs
        return np.asarray((step * rows + stride * taps) % self.inputs)

    def sums(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the sums of products (outputs, frames), of x (inputs, frames) in x's own dtype."""
        if x.dtype != np.float64:
            weight, taps = self.weight.astype(x.dtype), self.indices()
            acc = np.zeros((self.outputs, x.shape[1]), x.dtype)
            for j in range(self.fan_in):
                acc = acc + weight[:, j, None] * x[taps[:, j]]
            return acc
        if self.fan_in >= DENSE_FROM * self.inputs:
            return np.asarray(dense_matrix(self).astype(np.float64) @ x)
        starts = np.arange(0, self.weight.size + 1, self.fan_in)
        rows = (self.weight.astype(np.float64).ravel(), self.indices().ravel(), starts)
        return np.asarray(sparse.csr_array(rows, (self.outputs, self.inputs)) @ x)

    def reached(self, before: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (outputs, …): what outputs depend on, of (inputs, …): what inputs depend on."""
        return np.logical_or.reduce([before[taps] for taps in self.indices().T])


def dense_matrix(layer: Layer) -> NDArray[Any]:
    """Return the (outputs, inputs) matrix of the layer; taps that meet are added."""
    matrix = np.zeros((layer.outputs, layer.inputs), layer.weight.dtype)
    np.add.at(matrix, (np.arange(layer.outputs)[:, None], layer.indices()), layer.weight)
    return matrix
