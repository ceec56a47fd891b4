"""A chain of layers on frames of words: float mathematics, and bit-exact integers.

    y = activation(narrow(sum of products + bias))

The sum is exact; bias is an integer at its scale, 2**-(input fraction + weight fraction); the only
rounding is that to the output format. "relu" is max(y, 0), "clipped_relu" is min(max(y, 0), 1).
What an activation clips has not saturated: with one of them before an unsigned output format, a
negative sum does not count.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kolam.reference import fixed
from kolam.reference.fixed import Format, Ints

ACTIVATIONS = ("none", "relu", "clipped_relu")
BLOCK_WORDS = 1 << 18  # words of the widest layer that are held at a time
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The formats around one layer, and how its sums become words.

    input, weight, output: (signed, integer, fraction).
    rounding: truncate, half_up or half_even. overflow: wrap or saturate.
    """

    input: Format
    weight: Format
    output: Format
    rounding: str = "half_up"
    overflow: str = "saturate"


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer(ABC):
    """What every layer has; how words are summed is the kind's own.

    weight: (outputs, taps); codes of numbers.weight, or real values when numbers is None.
    bias: (outputs,), integers at the scale of the sum, or real values; None for none.
    activation: none, relu or clipped_relu.

    Raises ValueError for a wrong shape, an unknown activation or a weight that is no code.
    """

    weight: NDArray[Any]
    bias: NDArray[Any] | None = None
    activation: str = "none"
    numbers: Numbers | None = None

    def __post_init__(self) -> None:
        convert = (lambda v: np.asarray(v, np.float64)) if self.numbers is None else fixed.integers
        object.__setattr__(self, "weight", convert(self.weight))
        if self.weight.ndim != 2 or not self.weight.size:
            raise ValueError(f"weight must be (outputs, taps), not {self.weight.shape}")
        if self.bias is not None:
            object.__setattr__(self, "bias", convert(self.bias))
            if self.bias.shape != (self.outputs,):
                raise ValueError(f"bias must be ({self.outputs},), not {self.bias.shape}")
        if self.activation not in ACTIVATIONS:
            words = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation must be one of {words}, not {self.activation!r}")
        if self.numbers is not None:
            _check_codes("weight", self.weight, self.numbers.weight)

    @property
    def outputs(self) -> int:
        """Words that the layer gives."""
        return int(self.weight.shape[0])

    @property
    @abstractmethod
    def input_words(self) -> int:
        """Words that the layer takes."""

    @abstractmethod
    def sums(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the sums of products (outputs, frames), of x (inputs, frames) in x's own dtype."""

    @abstractmethod
    def reached(self, before: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (outputs, …): what outputs depend on, of (inputs, …): what inputs depend on."""


class Words(NamedTuple):
    """codes: (frames, outputs) of one layer. saturated: (frames,), how many of them saturated."""

    codes: Ints
    saturated: NDArray[np.int64]


def forward(x: Any, layers: Sequence[Layer]) -> list[Words]:
    """Return the words of every layer, in order, for x: (frames, inputs) codes.

    Raises ValueError if layers do not fit each other, or x is not frames of codes.
    """
    x, frames = _frames(x, layers)
    blocks = [list(_steps(x[part], layers)) for part in _blocks(frames, layers)]
    return [
        Words(
            np.concatenate([block[i][0] for block in blocks]),
            np.concatenate([block[i][1] for block in blocks]),
        )
        for i in range(len(layers))
    ]


def answer(x: Any, layers: Sequence[Layer]) -> Words:
    """Return the words of the last layer, and how many saturated in all layers together.

    Arguments and errors as for forward; only one block of the layers between is ever held.
    """
    x, frames = _frames(x, layers)
    codes, saturated = [], []
    for part in _blocks(frames, layers):
        total = np.zeros(1, np.int64)
        for words in _steps(x[part], layers):
            total = total + words.saturated
        codes.append(words.codes)
        saturated.append(total)
    return Words(np.concatenate(codes), np.concatenate(saturated))


def forward_float(x: Any, layers: Sequence[Layer]) -> list[Floats]:
    """Return the real values (frames, outputs) of every layer, for real x: (frames, inputs).

    Layers hold real numbers (numbers is None; see in_float). Raises ValueError if they do not, if
    they do not fit each other or if x is not (frames, inputs).
    """
    _check_chain(layers)
    if any(layer.numbers is not None for layer in layers):
        raise ValueError("layers must hold real numbers, not codes: use in_float")
    x = np.asarray(x, np.float64)
    _check_shape(x, layers[0])
    values, result = x.T, []
    for layer in layers:
        values = layer.sums(np.ascontiguousarray(values))
        if layer.bias is not None:
            values = values + layer.bias[:, None]
        if layer.activation != "none":
            values = np.maximum(values, 0)
        if layer.activation == "clipped_relu":
            values = np.minimum(values, 1)
        result.append(values.T)
    return result


def connectivity(layers: Sequence[Layer]) -> NDArray[np.bool_]:
    """Return (outputs of the last, inputs of the first): whether a path leads from one to other."""
    reached = np.eye(layers[0].input_words, dtype=bool)
    for layer in layers:
        reached = layer.reached(reached)
    return reached


def in_float(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers with real weights and biases in place of their codes."""
    result = []
    for layer in layers:
        numbers = layer.numbers
        if numbers is None:
            result.append(layer)
            continue
        weight = fixed.to_float(layer.weight, numbers.weight[2])
        bias = layer.bias
        if bias is not None:
            bias = fixed.to_float(bias, numbers.input[2] + numbers.weight[2])
        result.append(replace(layer, weight=weight, bias=bias, numbers=None))
    return result


def _steps(x: Ints, layers: Sequence[Layer]) -> Iterator[Words]:
    """Yield the Words of one layer after the other."""
    codes = x.T
    for layer in layers:
        numbers = layer.numbers
        assert numbers is not None
        acc = layer.sums(np.ascontiguousarray(codes, _exact_dtype(layer)))
        if acc.dtype == np.float64:
            acc = acc.astype(np.int64)
        if layer.bias is not None:
            acc = acc + layer.bias[:, None]
        fraction = numbers.input[2] + numbers.weight[2]
        codes, saturated = fixed.narrow(
            acc, fraction, numbers.output, numbers.rounding, numbers.overflow
        )
        if layer.activation != "none" and not numbers.output[0]:
            saturated = saturated & (acc > 0)  # below 0 it is the activation that clips
        codes = _activate(codes, layer.activation, numbers.output)
        yield Words(np.ascontiguousarray(codes.T), saturated.sum(axis=0, dtype=np.int64))


def _activate(codes: Ints, activation: str, fmt: Format) -> Ints:
    if activation == "none":
        return codes
    rectified = np.where(codes < 0, 0, codes)
    if activation == "relu":
        return rectified
    one = 2 ** fmt[2] if fmt[2] >= 0 else 0  # the largest code whose value is not above 1.0
    return np.where(rectified > min(one, fixed.limits(fmt)[1]), one, rectified)


def _exact_dtype(layer: Layer) -> type:
    """Return the fastest number in which no partial sum of the layer can lose a bit."""
    assert layer.numbers is not None
    magnitudes = np.abs(layer.weight.astype(object)).sum(axis=1)
    low, high = fixed.limits(layer.numbers.input)
    bound = max(fixed.peak(magnitudes), 1) * max(-low, high)
    if layer.bias is not None:
        bound += fixed.peak(layer.bias)
    if bound < 2**53:
        return np.float64
    return np.int64 if bound < 2**63 else object


def _blocks(frames: int, layers: Sequence[Layer]) -> list[slice]:
    widest = max(max(layer.input_words, layer.outputs) for layer in layers)
    size = max(1, BLOCK_WORDS // widest)
    return [slice(i, i + size) for i in range(0, max(frames, 1), size)]


def _frames(x: Any, layers: Sequence[Layer]) -> tuple[Ints, int]:
    _check_chain(layers)
    if any(layer.numbers is None for layer in layers):
        raise ValueError("layers must have numbers, not None")
    assert layers[0].numbers is not None
    source = layers[0].numbers.input
    if (kind := np.asarray(x).dtype).kind == "f":
        raise TypeError(f"x must be integers, codes of {fixed.name(source)}, not {kind}")
    x = fixed.integers(x)
    _check_shape(x, layers[0])
    _check_codes("x", x, source)
    return x, x.shape[0]


def _check_chain(layers: Sequence[Layer]) -> None:
    if not layers:
        raise ValueError("layers must be at least one, not none")
    for i, (layer, after) in enumerate(pairwise(layers), 1):
        if after.input_words != layer.outputs:
            raise ValueError(
                f"layer {i} must take the words that layer {i - 1} gives ({layer.outputs}), "
                f"not {after.input_words}"
            )
        if layer.numbers and after.numbers and after.numbers.input != layer.numbers.output:
            raise ValueError(
                f"the input format of layer {i} must be the output format of layer {i - 1} "
                f"{fixed.name(layer.numbers.output)}, not {fixed.name(after.numbers.input)}"
            )


def _check_shape(x: NDArray[Any], layer: Layer) -> None:
    if x.ndim != 2 or x.shape[1] != layer.input_words:
        raise ValueError(f"x must be (frames, {layer.input_words}), not {x.shape}")


def _check_codes(field: str, codes: Ints, fmt: Format) -> None:
    low, high = fixed.limits(fmt)
    if codes.size and (int(codes.min()) < low or int(codes.max()) > high):
        raise ValueError(
            f"{field} must be codes of {fixed.name(fmt)}, {low} to {high}, "
            f"not {int(codes.min())} to {int(codes.max())}"
        )
