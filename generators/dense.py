"""Fully connected layers on the lanes of the cyclic sparse engine.

    y[o] = activation(overflow(round(sum over i of w[o][i] x[i] (+ bias[o]))))

A dense layer is a support layer whose fan-in is all its inputs: at tap j lane b of group t
multiplies input (b + j) mod inputs, so every bank is read every clock and the sums hop one bank
on. Every group starts from the first row; the addresses are one counter and its delays. Cost,
promises and streams are those of cyclic_sparse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators import chain_config
from kolam.generators.chain_config import Formats, Support
from kolam.generators.cyclic_sparse import CyclicSparse, Words, checked_words, random_words
from kolam.generators.design import Ints
from kolam.generators.support_plan import SupportPlan
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation
from kolam.reference import chain
from kolam.reference import dense as golden


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One dense layer: outputs, an optional bias (an integer an output), an activation."""

    outputs: int
    bias: bool = False
    activation: Activation = Activation.NONE


class _Every(Support):
    """A support that reads every input, in an order that suits the lanes."""

    @property
    def anchored(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True)
class Config:
    """A chain of dense layers; the other fields as in cyclic_sparse.Config, and its errors."""

    inputs: int
    layers: tuple[Layer, ...]
    formats: Formats
    parallelism: int | None = None
    interval: int | None = None
    input_lanes: int | None = None
    output_lanes: int | None = None
    loadable: bool = False
    target: Target = Target.GENERIC

    def __post_init__(self) -> None:
        kinds = isinstance(self.layers, tuple) and all(isinstance(v, Layer) for v in self.layers)
        if not kinds or not self.layers:
            raise TypeError(f"layers must be one Layer or more, not {self.layers!r}")
        _ = self.chain

    @cached_property
    def chain(self) -> chain_config.Config:
        """The same layers as supports."""
        widths = (self.inputs, *(layer.outputs for layer in self.layers))
        return chain_config.Config(
            inputs=self.inputs,
            supports=tuple(
                _Every(
                    outputs=layer.outputs,
                    fan_in=widths[k],
                    stride=1,
                    bias=layer.bias,
                    activation=layer.activation,
                )
                for k, layer in enumerate(self.layers)
            ),
            formats=self.formats,
            parallelism=self.parallelism,
            interval=self.interval,
            input_lanes=self.input_lanes,
            output_lanes=self.output_lanes,
            loadable=self.loadable,
            target=self.target,
        )

    @property
    def plans(self) -> tuple[SupportPlan, ...]:
        """The layers with lanes, links and buffers."""
        return self.chain.plans

    @property
    def clocks(self) -> int:
        """Clocks a frame that the slowest layer needs."""
        return self.chain.clocks

    @property
    def legal(self) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
        """(multipliers, clocks a frame, lanes of each layer), fewest multipliers first."""
        return self.chain.legal

    @property
    def widths(self) -> tuple[int, ...]:
        """Words before, between and after the layers."""
        return self.chain.widths

    @property
    def connectivity(self) -> NDArray[np.bool_]:
        """(outputs, inputs): all of it."""
        return np.ones((self.widths[-1], self.inputs), bool)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML; `from_dict` takes them back."""
        values = self.chain.to_dict()
        rows = [{k: r[k] for k in ("outputs", "bias", "activation")} for r in values["supports"]]
        del values["supports"]
        return {**values, "engine": "dense", "layers": rows}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """Return the configuration that plain values describe; errors as in cyclic_sparse."""
        fields = chain_config.parsed(values, "dense", cls, "layers", Layer, ("outputs",))
        return cls(**fields)


class Dense(CyclicSparse):
    """A chain of dense layers with its weights."""

    engine = "dense"

    def __init__(self, name: str, config: Config, words: tuple[Words, ...], *, seed: int | None):
        ordered = tuple(
            replace(w, weight=in_tap_order(plan, w.weight))
            for plan, w in zip(config.plans, words, strict=True)
        )
        super().__init__(name, config, ordered, seed=seed)
        self.matrices = words

    @property
    def model_words(self) -> tuple[Words, ...]:
        """The matrices, as a model file holds them and as `build` takes them."""
        return self.matrices

    @cached_property
    def layers(self) -> list[chain.Layer]:
        """The golden model's own description of this chain, by whole matrices."""
        return [
            golden.Layer(
                weight=words.weight,
                bias=words.bias,
                activation=layer.activation,
                numbers=layer.numbers,
            )
            for words, layer in zip(self.matrices, super().layers, strict=True)
        ]

    def with_weights(self, weights: Any) -> "Dense":
        """Return the same design with other weights, given as to `build`."""
        return build(self.config, weights, name=self.name)


def in_tap_order(plan: SupportPlan, matrix: Ints) -> Ints:
    """Return (outputs, taps): column j of output o is its weight for input (o mod lanes + j)."""
    outputs, inputs = matrix.shape
    lane = np.arange(outputs)[:, None] % plan.lanes
    return np.take_along_axis(matrix, (lane + np.arange(inputs)) % inputs, axis=1)


def build(config: Config, weights: Any = None, *, name: str = "dense", seed: int = 0) -> Dense:
    """Return the Design of a configuration.

    weights: for each layer its matrix (outputs, inputs), or a pair of it and the biases;
    otherwise as in cyclic_sparse.build.
    """
    if weights is None:
        return Dense(name, config, random_words(config.chain, seed), seed=seed)
    return Dense(name, config, checked_words(config.chain, weights), seed=None)
