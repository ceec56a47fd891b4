"""Fully connected layers on the lanes of the cyclic sparse engine.

    y[o] = activation(overflow(round(sum over i of w[o][i] x[i] (+ bias[o]))))

A dense layer is a support layer whose fan-in is all its inputs: at tap j lane b of group t
multiplies input (b + j) mod inputs, so every bank is read every clock and the sums hop one bank
on. Every group starts from the first row; the addresses are one counter and its delays. Cost,
promises and streams are those of cyclic_sparse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from kolam.generators.chain import Chain
from kolam.generators.chain_config import (
    MAX_WORDS,
    ChainConfig,
    Support,
    check_rows,
    read_row,
    stages_of,
)
from kolam.generators.fields import check_integer, check_kind
from kolam.generators.support_plan import Stage
from kolam.kernels.round_saturate import Activation


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One dense layer: outputs, an optional bias (an integer an output), an activation."""

    outputs: int
    bias: bool = False
    activation: Activation = Activation.NONE

    def __post_init__(self) -> None:
        check_integer(self, "outputs", 1, MAX_WORDS)
        check_kind(self, "bias", bool)
        check_kind(self, "activation", Activation)

    def supports(self, inputs: int) -> tuple[Support, ...]:
        """Return the layer as a support that reads every input, in an order that suits lanes."""
        return (
            _Every(
                outputs=self.outputs,
                fan_in=inputs,
                stride=1,
                bias=self.bias,
                activation=self.activation,
            ),
        )


class _Every(Support):
    @property
    def anchored(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class Config(ChainConfig):
    """A chain of dense layers; the other fields, and errors, as in ChainConfig."""

    engine: ClassVar[str] = "dense"
    rows: ClassVar[str] = "layers"

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        check_rows(self, Layer)
        super().__post_init__()

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The layers as supports, without lanes."""
        widths = (self.inputs, *(layer.outputs for layer in self.layers))
        supports = [
            support
            for inputs, layer in zip(widths, self.layers, strict=False)
            for support in layer.supports(inputs)
        ]
        return tuple(stages_of(supports, self.inputs, self.formats))

    @classmethod
    def read_row(cls, table: Mapping[str, Any]) -> Layer:
        """Return the Layer that plain values describe."""
        layer: Layer = read_row(cls.rows, table, Layer)
        return layer


class Dense(Chain):
    """A chain of dense layers with its weights."""

    engine = "dense"


def build(config: Config, weights: Any = None, *, name: str = "dense", seed: int = 0) -> Dense:
    """Return the Design of a configuration.

    weights: for each layer its matrix (outputs, inputs), or a pair of it and the biases;
    otherwise as in cyclic_sparse.build.
    """
    return Dense.made(name, config, weights, seed)
