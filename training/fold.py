"""What a torch module computes, as a chain of linear supports: batch norm folded away, exactly.

    norm(w x + b) = (g w) x + (g (b - mean) + beta),    g = gamma / sqrt(variance + eps)

The module may be anyone's, as long as torch.fx sees a row of layers: CyclicSparse, Dense or
nn.Linear, each followed by batch norm or not, and by ReLU, nn.Hardtanh(0, 1) or nothing. All is
computed in float64.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

from kolam.generators.cyclic_sparse import Activation, Support
from kolam.training.layers import CyclicSparse

Floats = NDArray[np.float64]
# what changes nothing in evaluation, or only the shape of an image
_IDLE = (nn.Identity, nn.Dropout, nn.Flatten)
_IDLE_CALLS = (
    *(torch.flatten, "flatten", torch.reshape, "reshape", "view", "contiguous"),
    nn.functional.dropout,
)
_RELU_CALLS = (torch.relu, nn.functional.relu, "relu", "relu_", torch.relu_)


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """One support, or one dense layer, in float64.

    layer: the name of the layer. support: geometry of a support, None of a dense layer. weight:
    (outputs, fan_in) in tap order, or the matrix (outputs, inputs). bias: (outputs,), or None.
    activation: what follows.
    """

    layer: str
    inputs: int
    support: Support | None
    weight: Floats
    bias: Floats | None = None
    activation: Activation = Activation.NONE

    @property
    def outputs(self) -> int:
        """Words it gives."""
        return len(self.weight)

    def normed(self, norm: nn.BatchNorm1d) -> "Linear":
        """Return what this and a batch norm behind it compute together, in evaluation."""
        gain, shift = _affine(norm)
        bias = shift if self.bias is None else gain * self.bias + shift
        return replace(self, weight=gain[:, None] * self.weight, bias=bias)


def folded(module: nn.Module) -> list[Linear]:
    """Return what a module computes in evaluation, support by support.

    Raises ValueError, with one sentence, for a module that is no such row of layers.
    """
    found: list[Linear] = []
    for target, part in _row(module if _step(module) is None else nn.Sequential(module)):
        last = found[-1] if found else None
        if isinstance(part, CyclicSparse):
            found += _supports(_name(target), part)
        elif isinstance(part, nn.Linear):
            weight, bias = _array(part.weight), _array(part.bias)
            made = Linear(
                layer=_name(target), inputs=part.in_features, support=None, weight=weight, bias=bias
            )
            found.append(made)
        elif last is None or last.activation is not Activation.NONE:
            raise ValueError(
                f"{target} must follow a layer (CyclicSparse, Dense or nn.Linear), as batch norm "
                f"and activations of a network do"
            )
        elif isinstance(part, nn.BatchNorm1d):
            found[-1] = last.normed(part)
        else:
            found[-1] = replace(last, activation=part)
    if not found:
        raise ValueError("a network must have a layer (CyclicSparse, Dense or nn.Linear)")
    for before, after in pairwise(found):
        if before.outputs != after.inputs:
            raise ValueError(
                f"{after.layer} must take the {before.outputs} words that {before.layer} gives, "
                f"not {after.inputs}"
            )
    return found


def _row(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield name and layer, batch norm or Activation of each step that a module takes."""
    tracer = _Tracer()
    try:
        nodes = list(tracer.trace(module).nodes)
    except (fx.proxy.TraceError, TypeError) as error:
        raise ValueError(f"the module must be one that torch.fx can trace: {error}") from None
    before: Any = None
    for node in nodes:
        if node.op == "placeholder":
            if before is not None:
                raise ValueError(f"the module must take one argument, not {node.name} as well")
        elif node.all_input_nodes != [before] or len(before.users) != 1:
            if before is not None and any(map(_asks_for_size, before.users)):
                raise ValueError(
                    "the module must not ask for the size of its images; x.flatten(1) needs none"
                )
            raise ValueError(f"the layers of a network must be in a row, not joined at {node.name}")
        elif node.op == "call_module":
            part = tracer.root.get_submodule(str(node.target))
            step = _step(part)
            if step is not None:
                yield str(node.target), step
            elif not isinstance(part, _IDLE):
                what = type(part).__name__
                raise ValueError(f"{node.target} must be {_KNOWN}, not {what}{_advice(what)}")
        elif node.op != "output":
            if node.target in _RELU_CALLS:
                yield node.name, Activation.RELU
            elif node.target not in _IDLE_CALLS:
                what = getattr(node.target, "__name__", node.target)
                raise ValueError(
                    f"{node.name} must be {_KNOWN}, not a call of {what}{_advice(what)}"
                )
        before = node


_KNOWN = (
    "one of CyclicSparse, Dense, nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Hardtanh(0, 1), "
    "nn.Dropout, nn.Flatten and nn.Identity"
)


def _asks_for_size(node: fx.Node) -> bool:
    """Tell whether a node is x.size(…) or x.shape."""
    return node.target == "size" or (node.target is getattr and node.args[1] == "shape")


def _advice(what: Any) -> str:
    """Return what to do about a step that is none of a network, where that is known."""
    if "softmax" in str(what).lower():
        return "; leave it to the loss: the largest score is the same without"
    return ""


def _step(part: nn.Module) -> Any:
    """Return a layer or batch norm as it is, or the Activation that a module is, or None."""
    if isinstance(part, CyclicSparse | nn.Linear | nn.BatchNorm1d):
        return part
    if isinstance(part, nn.ReLU):
        return Activation.RELU
    if isinstance(part, nn.Hardtanh) and (part.min_val, part.max_val) == (0, 1):
        return Activation.CLIPPED_RELU
    return None


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return _step(m) is not None or super().is_leaf_module(m, module_qualified_name)


def _supports(name: str, layer: CyclicSparse) -> Iterator[Linear]:
    words = layer.inputs
    for k, (support, weight) in enumerate(zip(layer.supports, layer.weights, strict=True)):
        made = Linear(layer=name, inputs=words, support=support, weight=_array(weight))
        if k < len(layer.norms):
            made = made.normed(layer.norms[k])
        if k + 1 == len(layer.supports):
            made = replace(made, bias=_array(layer.bias))
        yield made
        words = support.outputs


def _affine(norm: nn.BatchNorm1d) -> tuple[Floats, Floats]:
    """Return factor and summand of a batch norm in evaluation."""
    mean, variance = _array(norm.running_mean), _array(norm.running_var)
    if mean is None or variance is None:
        raise ValueError("batch norm must track running statistics, or it cannot be folded away")
    gain = (variance + norm.eps) ** -0.5
    if norm.affine:
        gain = gain * _array(norm.weight)
        return gain, _array(norm.bias) - gain * mean
    return gain, -gain * mean


def _array(tensor: Any) -> Any:
    """Return a tensor as float64, or None."""
    return None if tensor is None else tensor.detach().cpu().numpy().astype(np.float64)


def _name(target: str) -> str:
    """Return an identifier for a place in a module: fc1, block_0_fc, or layer0 of 0."""
    text = re.sub(r"\W", "_", target)
    return text if re.match(r"[A-Za-z]", text) else f"layer{text}"
