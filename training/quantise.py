"""A folded network in the formats of hardware: formats from data, and training under rounding.

    y = clip(floor(2**f sum + 1/2)) / 2**f        f: fraction of the result; clip: to its codes

Every support has one format for its weights and one for its results: of all that have the bits
asked for, those with the least squared error on calibration images, found support by support,
each behind those before it as they round. Biases are integers at the scale of the sum.
`Rounded` computes what the hardware does, in floats, exactly as long as they hold the sums (24 bits
of a float32), and can be trained: the gradient passes a rounding as if there were none, and stops
where a result is limited.

Source: Bengio et al. 2013 (straight-through estimator); Jacob et al., CVPR 2018 (quantisation-
aware training).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kolam.generators.cyclic_sparse import Activation
from kolam.hdl import Format
from kolam.training.fold import Linear
from kolam.training.layers import Taps, sums

FINER = 12  # formats tried, each with one more bit of fraction, from the one that holds everything
LIMITS = {
    Activation.NONE: (-float("inf"), float("inf")),
    Activation.RELU: (0.0, float("inf")),
    Activation.CLIPPED_RELU: (0.0, 1.0),
}


def check_bits(bits: int) -> int:
    """Return the bits of weights and words; ValueError unless they are 2 to 16, TypeError."""
    if not isinstance(bits, int):
        raise TypeError(f"bits must be an integer, not {bits!r}")
    if not 2 <= bits <= 16:
        raise ValueError(f"bits must be 2 to 16, not {bits}")
    return bits


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Formats of one support: of its input, weights and results."""

    source: Format
    weight: Format
    result: Format

    def bias(self, fan_in: int) -> Format:
        """Return the format of a bias: the scale of the sum, and the width of so many products."""
        fraction = self.source.fraction + self.weight.fraction
        width = self.source.width + self.weight.width + fan_in.bit_length() - 1
        return Format(True, width - 1 - fraction, fraction)


class Rounded(nn.Module):
    """A chain of supports in the formats of hardware, from (images, inputs) to (images, outputs).

    Inputs are values of the input format. Parameters are real weights and biases, which forward
    rounds; `words` gives them as integers.
    """

    def __init__(self, chain: Sequence[Linear], formats: Sequence[Formats]) -> None:
        super().__init__()
        self.formats = tuple(formats)
        self.stages = nn.ModuleList(
            _Stage(part, which) for part, which in zip(chain, formats, strict=True)
        )
        self.float()

    def forward(self, x: Tensor) -> Tensor:
        """Return the results of the last support."""
        for stage in self.stages:
            x = stage(x)
        return x

    def words(self) -> list[tuple[Any, Any]]:
        """Return for each support its weights, and its biases or None, as integers."""
        return [stage.words() for stage in self.stages]


@torch.no_grad()
def forward(chain: Sequence[Linear], x: Tensor) -> Tensor:
    """Return (images, outputs) of a chain in float64, for (images, inputs), nothing rounded."""
    x = x.double()
    for part in chain:
        x = _Stage(part).real(x)
    return x


@torch.no_grad()
def rounded(chain: Sequence[Linear], x: Tensor, source: Format, bits: int) -> Rounded:
    """Return a chain in formats that suit x: (images, inputs), values of the format `source`.

    bits: of weights and of results; results behind an activation are unsigned.
    """
    formats: list[Formats] = []
    x = x.double()
    for part in chain:
        stage = _Stage(part)
        weight = _best(stage.weight, bits, True, partial(stage.sums, x))
        stage.formats = Formats(source=source, weight=weight, result=weight)
        values = stage.sum(x).clamp(*LIMITS[part.activation])
        result = _best(values, bits, part.activation is Activation.NONE)
        stage.formats = replace(stage.formats, result=result)
        formats.append(stage.formats)
        x, source = stage(x), result
    return Rounded(chain, formats)


def _best(
    values: Tensor, bits: int, signed: bool, effect: Callable[[Tensor], Tensor] = lambda v: v
) -> Format:
    """Return the format in which values have the least squared error, or what they effect has."""
    integer = int(np.frexp(float(values.abs().max()))[1])
    tried = [Format(signed, i, bits - signed - i) for i in range(integer, integer - FINER, -1)]
    wanted = effect(values)
    errors = [float((effect(_nearest(values, f)) - wanted).square().mean()) for f in tried]
    return tried[int(np.argmin(errors))]


def _nearest(values: Tensor, fmt: Format) -> Tensor:
    return _Nearest.apply(values, fmt)


class _Stage(nn.Module):
    """One support: in real numbers, or in formats."""

    def __init__(self, part: Linear, formats: Formats | None = None) -> None:
        super().__init__()
        self.formats: Any = formats
        self.activation = part.activation
        self.taps = None if part.support is None else Taps(part.inputs, part.support)
        self.weight = nn.Parameter(torch.tensor(part.weight))
        self.bias = None if part.bias is None else nn.Parameter(torch.tensor(part.bias))

    def sums(self, x: Tensor, weight: Tensor) -> Tensor:
        return (weight @ x.t()).t() if self.taps is None else sums(x, weight, self.taps)

    def real(self, x: Tensor) -> Tensor:
        y = self.sums(x, self.weight)
        return (y if self.bias is None else y + self.bias).clamp(*LIMITS[self.activation])

    def sum(self, x: Tensor) -> Tensor:
        y = self.sums(x, _nearest(self.weight, self.formats.weight))
        return y if self.bias is None else y + _nearest(self.bias, self.bias_format)

    @property
    def bias_format(self) -> Format:
        fmt: Format = self.formats.bias(self.weight.shape[1])
        return fmt

    def forward(self, x: Tensor) -> Tensor:
        fmt, (low, high) = self.formats.result, LIMITS[self.activation]
        least = max(fmt.to_float(fmt.minimum).item(), low)
        most = min(fmt.to_float(fmt.maximum).item(), high)
        return _Narrow.apply(self.sum(x), 2.0**fmt.fraction, least, most)

    def words(self) -> tuple[Any, Any]:
        weight, bias = (None if v is None else v.detach().numpy() for v in (self.weight, self.bias))
        codes = self.formats.weight.quantize(weight)
        return codes, None if bias is None else self.bias_format.quantize(bias)


class _Nearest(torch.autograd.Function):
    """Values of a format: the nearest, halves to even. The gradient passes, its limits too."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, fmt: Format) -> Tensor:
        codes = (values * 2.0**fmt.fraction).round_()
        return codes.clamp_(fmt.minimum, fmt.maximum).mul_(2.0**-fmt.fraction)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


class _Narrow(torch.autograd.Function):
    """Sums rounded half up to a multiple of 1 / scale, then limited, where the gradient stops."""

    @staticmethod
    def forward(ctx: Any, sums: Tensor, scale: float, least: float, most: float) -> Tensor:
        y = (sums * scale).add_(0.5).floor_().mul_(1 / scale)
        ctx.inside = (y >= least) & (y <= most)
        return y.clamp_(least, most)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return gradients[0] * ctx.inside, None, None, None
