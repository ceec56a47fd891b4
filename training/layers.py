"""Cyclic sparse and dense layers as torch.nn modules, fast on a CPU.

    sum[o] = sum over j < fan_in of weight[o][j] x[(step o + j stride) mod inputs]

Modules take and give (images, features), as those of torch.nn do, but keep a feature's values of
all images next to each other in memory: a tap then reads one run of them, and the sums over taps
are what `embedding_bag` and `sampled_addmm` compute. Between our modules and elementwise ones
nothing is copied. Their time goes with the weights, not with inputs times outputs.

Source: Hosseini et al., DAC 2019 (CSC layers); Ioffe and Szegedy, ICML 2015 (batch norm).
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from kolam.generators.cyclic_sparse import Activation, Support

__all__ = ["CyclicSparse", "Dense", "Norm", "Taps", "sums"]

NORM_FROM = 3  # support layers in a chain from which batch norm inside is worth its time


class CyclicSparse(nn.Module):
    """A CSC layer: a chain of support layers, linear inside, then a bias.

    inputs: features taken. supports: the chain, as `cycle`, `fold`, `spread` and `local` of
    kolam.generators.cyclic_sparse make it. bias: whether one is added at the end. norm: whether
    batch norm follows every support layer but the last; None: in chains of three or more. rms,
    gain: root mean square of the inputs, and what is wanted of the outputs of the initial weights;
    sqrt(2) suits a ReLU.

    weights[k] is (outputs, fan_in) of support k in tap order, bias (outputs,) or None.
    Raises TypeError or ValueError for what is no chain, and for a support with an activation or
    a bias: both are of the layer.
    """

    def __init__(
        self,
        inputs: int,
        supports: Sequence[Support],
        *,
        bias: bool = True,
        norm: bool | None = None,
        rms: float = 1.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.inputs, self.supports = inputs, tuple(supports)
        if not self.supports or not all(isinstance(s, Support) for s in self.supports):
            raise TypeError(f"supports must be one Support or more, not {supports!r}")
        taps, weights, words = [], [], inputs
        for k, support in enumerate(self.supports):
            if support.activation is not Activation.NONE or support.bias:
                raise ValueError(
                    f"support {k} must have no activation and no bias: a bias is the layer's, "
                    f"and an activation is a module behind it"
                )
            if support.fan_in > words:
                raise ValueError(
                    f"fan_in of support {k} must be at most its inputs ({words}), "
                    f"not {support.fan_in}"
                )
            taps.append(Taps(words, support))
            scale = (1 if k else 1 / rms) * (gain if k + 1 == len(self.supports) else 1)
            shape = (support.outputs, support.fan_in)
            weights.append(nn.Parameter(scale / math.sqrt(support.fan_in) * torch.randn(shape)))
            words = support.outputs
        self.outputs = words
        self.taps = nn.ModuleList(taps)
        self.weights = nn.ParameterList(weights)
        inside = len(taps) >= NORM_FROM if norm is None else norm
        self.norms = nn.ModuleList(Norm(s.outputs) for s in self.supports[:-1] if inside)
        self.bias = nn.Parameter(torch.zeros(words)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return (images, outputs) for (images, inputs).

        Raises ValueError for another shape, TypeError for another dtype than that of the weights.
        """
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise ValueError(
                f"x of CyclicSparse must be (images, {self.inputs}), not {tuple(x.shape)}"
            )
        if x.dtype != (wanted := self.weights[0].dtype):
            raise TypeError(
                f"x of CyclicSparse must be {wanted}, as its weights are, not {x.dtype}"
            )
        for k, (taps, weight) in enumerate(zip(self.taps, self.weights, strict=True)):
            x = sums(x, weight, taps)
            if k < len(self.norms):
                x = self.norms[k](x)
        return x if self.bias is None else x + self.bias

    def extra_repr(self) -> str:
        """Return the shape of the chain."""
        chain = ", ".join(f"{s.outputs}x{s.fan_in}" for s in self.supports)
        return f"{self.inputs} -> {chain}, bias={self.bias is not None}"


class Dense(nn.Linear):
    """A fully connected layer: nn.Linear with the memory order and the initial values of ours.

    bias, rms, gain as in CyclicSparse.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        rms: float = 1.0,
        gain: float = 1.0,
    ) -> None:
        super().__init__(inputs, outputs, bias=bias)
        nn.init.normal_(self.weight, std=gain / rms / math.sqrt(inputs))
        if bias:
            nn.init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Return (images, outputs) for (images, inputs)."""
        y = (self.weight @ input.t()).t()
        return y if self.bias is None else y + self.bias


class Norm(nn.BatchNorm1d):
    """nn.BatchNorm1d of (images, features), in the memory order of ours, and several times faster.

    The same parameters and running statistics by the same names; features, eps and momentum as
    there. The default of eps is a tenth of the variance that initial weights give: sums that
    hardly ever vary, as of pixels at a border, then keep their size, for which the formats of all
    others would have to pay.
    """

    def __init__(self, features: int, *, eps: float = 0.1, momentum: float = 0.1) -> None:
        super().__init__(features, eps=eps, momentum=momentum)

    def forward(self, input: Tensor) -> Tensor:
        """Return (images, features), normalised by the batch, in evaluation by running values."""
        if not self.training:
            scale = self.weight * (self.running_var + self.eps).rsqrt()
            return input * scale + (self.bias - self.running_mean * scale)
        y, mean, deviation = _Normalised.apply(input.t(), self.weight, self.bias, self.eps)
        count = len(input)
        variance = (deviation**-2 - self.eps) * (count / max(count - 1, 1))
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
        self.running_var.lerp_(variance.to(self.running_var.dtype), self.momentum)
        self.num_batches_tracked += 1
        return y.t()


class Taps(nn.Module):
    """Which input each tap of a support layer reads, and which taps read an input."""

    def __init__(self, inputs: int, support: Support) -> None:
        super().__init__()
        rows, taps = torch.arange(support.outputs)[:, None], torch.arange(support.fan_in)
        read = (support.step * rows + support.stride * taps) % inputs
        flat = read.flatten()
        order = flat.argsort(stable=True)
        count = torch.bincount(flat, minlength=inputs)
        starts = torch.arange(0, flat.numel() + 1, support.fan_in)
        self.inputs = inputs
        for name, value in {
            "read": read,  # (outputs, fan_in)
            "starts": starts,  # of the rows in read.flatten()
            "order": order,  # the taps, sorted by the input that they read
            "readers": order // support.fan_in,  # their outputs
            "first": count.cumsum(0) - count,  # of each input in order
        }.items():
            self.register_buffer(name, value, persistent=False)


def sums(x: Tensor, weight: Tensor, taps: Taps) -> Tensor:
    """Return (images, outputs) of a support, for (images, inputs) and weights (outputs, fan_in)."""
    return _SumOfTaps.apply(x.t(), weight, taps).t()


class _SumOfTaps(torch.autograd.Function):
    """(outputs, images) from (inputs, images) and weights (outputs, fan_in)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, taps: Any) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.taps = taps
        return F.embedding_bag(taps.read, x, per_sample_weights=weight, mode="sum")

    @staticmethod  # the documentation is built with a Tensor that knows no |
    def backward(ctx: Any, *gradients: Tensor) -> "tuple[Tensor | None, Tensor, None]":
        x, weight = ctx.saved_tensors
        taps, dy, dx = ctx.taps, gradients[0].contiguous(), None
        if ctx.needs_input_grad[0]:
            by_input = weight.flatten()[taps.order]
            dx = F.embedding_bag(
                taps.readers, dy, taps.first, per_sample_weights=by_input, mode="sum"
            )
        with warnings.catch_warnings():  # what torch calls beta is a product that we test
            warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
            pattern = torch.sparse_csr_tensor(
                taps.starts,
                taps.read.flatten(),
                torch.zeros_like(weight).flatten(),
                (len(weight), taps.inputs),
                check_invariants=False,
            )
        dweight = torch.sparse.sampled_addmm(pattern, dy, x.t(), beta=0.0).values()
        return dx, dweight.view_as(weight), None


class _Normalised(torch.autograd.Function):
    """Rows of (features, images) with mean 0 and variance 1, times weight, plus bias.

    Layer norm over images is batch norm in this memory order, and torch has a fast one.
    Gives the means and inverse deviations of the rows, too, which carry no gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        unit, mean, inverse = torch.native_layer_norm(
            x.contiguous(), (x.shape[1],), None, None, eps
        )
        ctx.save_for_backward(unit, inverse, weight)
        mean, inverse = mean[:, 0], inverse[:, 0]
        ctx.mark_non_differentiable(mean, inverse)
        return torch.addcmul(bias[:, None], unit, weight[:, None]), mean, inverse

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        unit, inverse, weight = ctx.saved_tensors
        dy = gradients[0].contiguous()
        dbias, dweight = dy.sum(1), (dy * unit).sum(1)
        count = dy.shape[1]
        dx = dy - (dbias / count)[:, None]
        dx.addcmul_(unit, (dweight / -count)[:, None])
        dx.mul_(weight[:, None] * inverse)
        return dx, dweight, dbias, None
