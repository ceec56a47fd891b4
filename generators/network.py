"""Networks: layers of any structure in a row, as one core with one stream in and one out.

    x ─► layer 0 ─► … ─► layer L-1 ─► (arg-max) ─► y

A layer is a chain of supports, cyclic sparse or dense, joined to the next one by a link. All lanes
are chosen together, so that no layer waits for another. docs/network.md has equations, latency and
memories, and says what a structure must offer to be a layer.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kolam.generators import dense, inspection
from kolam.generators.chain import Chain
from kolam.generators.chain_config import (
    MAX_WORDS,
    ChainConfig,
    Formats,
    Support,
    check_rows,
    read_format,
    read_row,
    read_rows,
    read_support,
    stages_of,
)
from kolam.generators.design import Ints
from kolam.generators.fields import check_format, check_integer, check_keys, check_kind
from kolam.generators.support_plan import Stage
from kolam.hdl import Format
from kolam.hdl.names import check_identifier
from kolam.kernels.round_saturate import Activation
from kolam.reference import network as golden

__all__ = [
    "Activation",
    "Config",
    "CyclicSparseLayer",
    "DenseLayer",
    "Formats",
    "Layer",
    "LayerFormats",
    "Network",
    "Support",
    "build",
    "interval_for",
]


@dataclass(frozen=True, kw_only=True)
class LayerFormats:
    """Formats of one layer in place of the network's: one for all its supports, or a tuple."""

    weights: Format | tuple[Format, ...] | None = None
    outputs: Format | tuple[Format, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("weights", "outputs"):
            if getattr(self, name) is not None:
                check_format(self, name)


@dataclass(frozen=True, kw_only=True)
class Layer(ABC):
    """A layer of a network.

    name: an identifier, of this layer alone. bias, activation: at its end. formats: in place of
    the network's. Raises TypeError, ValueError.
    """

    structure: str
    name: str
    bias: bool = False
    activation: Activation = Activation.NONE
    formats: LayerFormats = LayerFormats()

    def __post_init__(self) -> None:
        check_identifier(self.name, "the name of a layer")
        check_kind(self, "bias", bool)
        check_kind(self, "activation", Activation)
        check_kind(self, "formats", LayerFormats)

    @abstractmethod
    def chain(self, inputs: int) -> tuple[Support, ...]:
        """Return the layer as supports in a row, of which the first takes so many words."""


@dataclass(frozen=True, kw_only=True)
class CyclicSparseLayer(Layer):
    """A chain of supports; bias and activation of the layer are those of the last one."""

    structure: str = field(default="cyclic_sparse", init=False)
    supports: tuple[Support, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_kind(self, "supports", tuple)
        if not self.supports or not all(isinstance(s, Support) for s in self.supports):
            raise TypeError(
                f"supports of {self.name} must be one Support or more, not {self.supports!r}"
            )
        given, last = self.activation, self.supports[-1].activation
        if Activation.NONE not in (given, last) and given is not last:
            raise ValueError(
                f"activation of {self.name} must be that of its last support ({last.value}) "
                f"where both have one, not {given.value}"
            )

    def chain(self, inputs: int) -> tuple[Support, ...]:
        """Return the supports, the last one with what the layer has at its end."""
        last = self.supports[-1]
        given = last.activation if self.activation is Activation.NONE else self.activation
        return (*self.supports[:-1], replace(last, bias=self.bias or last.bias, activation=given))


@dataclass(frozen=True, kw_only=True)
class DenseLayer(Layer):
    """A layer whose outputs all read all inputs."""

    structure: str = field(default="dense", init=False)
    outputs: int

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(self, "outputs", 1, MAX_WORDS)

    def chain(self, inputs: int) -> tuple[Support, ...]:
        """Return the layer as one support."""
        like = dense.Layer(outputs=self.outputs, bias=self.bias, activation=self.activation)
        return like.supports(inputs)


STRUCTURES: dict[str, type[Layer]] = {
    "cyclic_sparse": CyclicSparseLayer,
    "dense": DenseLayer,
}


@dataclass(frozen=True, kw_only=True)
class Config(ChainConfig):
    """Layers in a row; the other fields, and errors, as in ChainConfig.

    formats: of all layers that say no other. argmax: what leaves is the index of the largest word
    of the last layer, the lowest one of equals, and nothing else.
    """

    engine: ClassVar[str] = "network"
    rows: ClassVar[str] = "layers"

    layers: tuple[Layer, ...]
    argmax: bool = False  # type: ignore[misc]

    def __post_init__(self) -> None:
        check_rows(self, Layer)
        check_kind(self, "argmax", bool)
        for name in ("weights", "outputs"):
            if isinstance(given := getattr(self.formats, name, None), tuple):
                raise TypeError(
                    f"formats.{name} must be one Format, as layers may have their own, "
                    f"not {len(given)} of them"
                )
        taken: dict[str, str] = {}
        for name in self.names:
            if name.lower() in taken:  # names of files, which may not heed case
                raise ValueError(
                    f"the names of layers must differ, not {taken[name.lower()]} and {name}"
                )
            taken[name.lower()] = name
        super().__post_init__()

    @property
    def names(self) -> tuple[str, ...]:
        """The layers by name."""
        return tuple(layer.name for layer in self.layers)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The supports of all layers, without lanes."""
        stages: list[Stage] = []
        inputs, source = self.inputs, self.formats.input
        for layer in self.layers:
            formats = replace(
                self.formats,
                input=source,
                **{
                    name: given
                    for name in ("weights", "outputs")
                    if (given := getattr(layer.formats, name)) is not None
                },
            )
            stages += stages_of(layer.chain(inputs), inputs, formats, layer.name, len(stages))
            inputs, source = stages[-1].outputs, stages[-1].result
        return tuple(stages)

    @classmethod
    def read_row(cls, table: Mapping[str, Any]) -> Layer:
        """Return the layer that plain values describe."""
        given = dict(table)
        known = ", ".join(STRUCTURES)
        if "structure" not in given:
            raise ValueError(f"a table of layers must have a structure, one of {known}")
        structure = given.pop("structure")
        if not isinstance(structure, str) or structure not in STRUCTURES:
            raise ValueError(f"structure must be one of {known}, not {structure!r}")
        if "formats" in given:
            check_keys("formats of a layer", given["formats"], LayerFormats)
            given["formats"] = LayerFormats(
                **{name: read_format(value) for name, value in given["formats"].items()}
            )
        if "supports" in given:
            given["supports"] = read_rows("supports", given["supports"], read_support)
        layer: Layer = read_row(cls.rows, given, STRUCTURES[structure])
        return layer


class Network(Chain):
    """Layers in a row with their weights."""

    engine = "network"

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        count = len(self.config.layers)
        layers = "one layer" if count == 1 else f"{count} layers"
        return f"a network of {layers}" + ", which gives a class index" * self.config.argmax

    @property
    def notes(self) -> tuple[str, ...]:
        """What the element of `m_axis` is, where it is an index."""
        if not self.config.argmax:
            return ()
        tail = self.plans[-1]
        return (
            f"The element of `m_axis` is a class index, 0 to {tail.outputs - 1}: which of the "
            f"{tail.outputs} outputs of {tail.layer} is the largest, the lowest index of equals.",
        )

    def _layers(self, taken: inspection.Taken) -> Iterator[inspection.Layer]:
        """Yield the supports of all layers, and behind them the class indices if wanted."""
        layers = list(super()._layers(taken))
        yield from layers
        if self.config.argmax:
            scores = layers[-1]
            yield inspection.Classes(
                name="argmax",
                codes=golden.classes(scores.codes),
                format=self.outlet.format,
                exact=golden.classes(scores.exact).astype(np.float64),
                saturated=np.zeros_like(scores.saturated),
            )

    def reference(self, x: Any) -> Ints:
        """Return the exact output codes for input codes (frames, inputs).

        (frames, outputs), or (frames, 1) class indices.
        """
        codes = super().reference(x)
        return golden.classes(codes) if self.config.argmax else codes

    def predict(self, x: Any) -> NDArray[Any]:
        """Return the layers' own mathematics in floats, or the class index of what it gives."""
        values = super().predict(x)
        return golden.classes(values) if self.config.argmax else values

    def decode(self, codes: Any, exponents: Any = None) -> NDArray[Any]:
        """Return what output codes stand for: floats (frames, outputs), or class indices."""
        return np.asarray(codes) if self.config.argmax else super().decode(codes, exponents)


def build(config: Config, weights: Any = None, *, name: str = "network", seed: int = 0) -> Network:
    """Return the Design of a configuration.

    weights: for each support of each layer, in order, its weights or a pair of them and the biases;
    a dense layer is one support, its weights the matrix (outputs, inputs). Otherwise as in
    cyclic_sparse.build.
    """
    return Network.made(name, config, weights, seed)


def interval_for(fps: float, clock_mhz: float) -> int:
    """Return the clocks that a frame may take at a clock for so many frames a second.

    Raises ValueError unless both are positive numbers, and a frame may take a clock.
    """
    for name, value in (("fps", fps), ("clock_mhz", clock_mhz)):
        if not (isfinite(value) and value > 0):
            raise ValueError(f"{name} must be a number above 0, not {value}")
    clocks = clock_mhz * 1e6 / fps
    if clocks < 1:
        raise ValueError(f"fps must be at most a frame a clock, {clock_mhz * 1e6:.0f}, not {fps:g}")
    return int(clocks)
