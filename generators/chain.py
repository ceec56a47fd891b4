"""A chain of support layers with its weights: what cyclic sparse, dense and network engines are.

What a configuration (chain_config) and its weights promise, compute and are made of. An engine
adds a name and its own words about itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kolam.generators import inspection
from kolam.generators.chain_config import ChainConfig, Timeline
from kolam.generators.design import Design, Ints, Memory, Stream
from kolam.generators.estimate import by_layer, estimate
from kolam.generators.stream_core import Outlet, core, outlet
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format, module
from kolam.hdl.image import Image
from kolam.kernels.round_saturate import Activation
from kolam.kernels.width_converter import moves
from kolam.reference import chain as golden
from kolam.reference import cyclic_sparse, dense

_BYTE = 8
_WORD = 64  # bits of an integer as weights and biases are given
_FAR = 1 << _WORD - 2  # a random bias, at most


@dataclass(frozen=True, eq=False)
class Words:
    """Integers of one support: weight codes (outputs, fan_in), biases (outputs,) or None.

    limited: floats that were given and did not fit the format.
    """

    weight: Ints
    bias: Ints | None = None
    limited: int = 0


class Chain(Design):
    """A chain of support layers with its weights."""

    def __init__(
        self, name: str, config: ChainConfig, words: tuple[Words, ...], *, seed: int | None
    ):
        super().__init__(name, config)
        self.words = words
        self.seed = seed  # of random weights; None: they were given

    @classmethod
    def made(cls, name: str, config: ChainConfig, weights: Any, seed: int = 0) -> Self:
        """Return the design of a configuration with weights as `build` takes them."""
        if weights is None:
            return cls(name, config, random_words(config, seed), seed=seed)
        return cls(name, config, checked_words(config, weights), seed=None)

    @property
    def limited(self) -> int:
        """Weights and biases given as floats beyond their format, and so limited to it."""
        return sum(words.limited for words in self.words)

    @property
    def model_words(self) -> dict[str, Words]:
        """The weights as a model file holds them, by name: those of layer0.0, or of fc1.0."""
        return {plan.key: words for plan, words in zip(self.plans, self.words, strict=True)}

    @cached_property
    def timeline(self) -> Timeline:
        """The clocks of the first frame."""
        return Timeline.of(list(self.plans), self._stream("s_axis").lanes)

    @property
    def weights_from(self) -> str:
        """Where its weights are from."""
        return "its own" if self.seed is None else f"random, of seed {self.seed}: for trials only"

    @property
    def weight_count(self) -> dict[str, int]:
        """How many weights are stored, and how many dense layers in place of it would need.

        One dense layer takes the place of every stretch of support layers without an activation
        between them.
        """
        stored = dense = 0
        start = None
        for plan in self.plans:
            stored += plan.outputs * plan.fan_in
            start = plan.inputs if start is None else start
            if plan is self.plans[-1] or plan.activation is not Activation.NONE:
                dense += start * plan.outputs
                start = None
        return {"stored": stored, "dense": dense}

    def facts(self) -> dict[str, Any]:
        """Return the choices of parallelism, weights, connectivity and layers as plain values."""
        matrix = self.config.connectivity
        return {
            "legal": [
                {"parallelism": multipliers, "interval": interval, "lanes": list(lanes)}
                for multipliers, interval, lanes in self.config.legal
            ],
            "random_weights": self.seed is not None,
            "weights": self.weight_count,
            "connectivity": {"connected": int(matrix.sum()), "pairs": matrix.size},
            "layers": [
                {**_layer_facts(plan), "memory_bits": bits, "estimate": cost}
                for plan, bits, cost in zip(
                    self.plans, self._layer_bits, by_layer(self.plans, self.memories), strict=True
                )
            ],
        }

    @property
    def _layer_bits(self) -> list[int]:
        """Bits stored in the memories of each layer."""
        return [
            sum(m.bits for m in self.memories if m.path.startswith(f"u_stages_{plan.number}/"))
            for plan in self.plans
        ]

    @property
    def resolved(self) -> dict[str, Any]:
        """The configuration with the multipliers that were chosen, whatever asked for them."""
        values = {**super().resolved, "parallelism": self.multipliers}
        values.pop("interval", None)
        return values

    @property
    def choices(self) -> dict[str, Any]:
        """Lanes of the streams that the configuration leaves to the engine."""
        sides = (("input_lanes", "s_axis"), ("output_lanes", "m_axis"))
        return {
            key: self._stream(name).lanes
            for key, name in sides
            if getattr(self.config, key) is None
        }

    @property
    def plans(self) -> tuple[SupportPlan, ...]:
        """The support layers with lanes, links and buffers."""
        plans: tuple[SupportPlan, ...] = self.config.plans
        return plans

    @property
    def outlet(self) -> Outlet:
        """What comes behind the last layer."""
        return outlet(self.plans[-1], self.config.argmax)

    @property
    def lanes(self) -> tuple[int, ...]:
        """Multipliers of each support layer."""
        return tuple(p.lanes for p in self.plans)

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once."""
        return sum(self.lanes)

    @property
    def parallelism(self) -> dict[str, Any]:
        """What was asked and what was chosen."""
        return {
            "asked": self.config.parallelism,
            "chosen": self.multipliers,
            "lanes": list(self.lanes),
        }

    @property
    def interval(self) -> int:
        """Clocks from frame to frame: of the slowest layer or stream."""
        return max(self.config.clocks, *(self._stream(s).beats for s in ("s_axis", "m_axis")))

    @property
    def bottleneck(self) -> str:
        """The layer or stream that sets the interval."""
        for plan in self.plans:
            if plan.interval == self.interval:
                return plan.title
        if self.config.clocks == self.interval:
            return f"the input of {self.plans[0].title}"
        return "s_axis" if self._stream("s_axis").beats == self.interval else "m_axis"

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat.

        The results pass the queue in 1 clock, and leave it once the frame is known to be good,
        2 clocks after its last input beat.
        """
        sink, last = self._stream("m_axis"), self.outlet
        given = self.timeline.departures[-last.beats :] + last.latency
        queued = np.maximum(given + 1, self.timeline.taken + 2)
        if sink.lanes == last.words:
            return int(queued[0])
        return moves(queued.tolist(), last.words, sink.lanes, sink.elements).get[0]

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready."""
        return 0

    @property
    def streams(self) -> tuple[Stream, ...]:
        """One stream in, one out, at the engine's own rate unless the configuration says other."""
        config, plans = self.config, self.plans
        made = []
        for name, lanes, fmt, words in (
            (
                "s_axis",
                config.input_lanes or plans[0].words_in,
                config.formats.input,
                config.inputs,
            ),
            (
                "m_axis",
                config.output_lanes or self.outlet.words,
                self.outlet.format,
                config.elements_out,
            ),
        ):
            made.append(
                Stream(
                    name=name,
                    lanes=lanes,
                    beats=-(-words // lanes),
                    format=fmt,
                    parts=1,
                    element_bits=-(-fmt.width // _BYTE) * _BYTE,
                    order=range(words),
                )
            )
        if config.loadable:
            size = -(-max(image.width for image in self.loaded) // _BYTE)
            beats = sum(image.depth for image in self.loaded)
            made.append(
                Stream(
                    name="s_axis_weight",
                    lanes=size,
                    beats=beats,
                    format=Format(False, _BYTE, 0),
                    parts=1,
                    element_bits=_BYTE,
                    order=range(size * beats),
                )
            )
        return tuple(made)

    @property
    def loaded(self) -> tuple[Image, ...]:
        """The memories in the order in which s_axis_weight fills them."""
        return tuple(image for pair in self.images for image in pair if image is not None)

    def weight_frame(self, weights: Any) -> list[int]:
        """Return the beats of s_axis_weight_tdata that load weights, given as to `build`.

        A beat is a word of a .hex file, in the lowest bits; the files follow each other layer
        by layer, weights before biases.
        """
        if not self.config.loadable:
            raise ValueError("loadable must be True in the configuration, not False")
        return [v for image in self.with_weights(weights).loaded for v in image.words]

    def with_weights(self, weights: Any) -> Self:
        """Return the same design with other weights, given as to `build`."""
        return self.made(self.name, self.config, weights)

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Activations, weights and biases of every layer."""
        made = []
        for plan, words in zip(self.plans, self.images, strict=True):
            for k, members in enumerate(plan.members):
                made.append(
                    Memory(
                        path=f"u_stages_{plan.number}/u_banks_{k}",
                        depth=plan.bank_depth,
                        width=len(members) * plan.source.width,
                        fields=len(plan.written[k]),
                        ports=2,
                        read_latency=plan.read_latency,
                        style=plan.bank_style,
                        contents=None,
                        loadable=False,
                    )
                )
            for image, name, style in zip(
                words, ("memory", "bias_memory"), (plan.weight_style, plan.bias_style), strict=True
            ):
                if image is not None:
                    made.append(
                        Memory(
                            path=f"u_stages_{plan.number}/u_{name}",
                            depth=image.depth,
                            width=image.width,
                            fields=1,
                            ports=1 + plan.loadable,
                            read_latency=plan.read_latency
                            if image is words[0]
                            else plan.bias_latency,
                            style=style,
                            contents=image.name,
                            loadable=plan.loadable,
                        )
                    )
        return tuple(made)

    @property
    def estimate(self) -> dict[str, float]:
        """What it may cost on Artix-7, with the keys of `synth --json`, before synthesis."""
        return estimate(self.plans, self.memories, self.config.argmax)

    @cached_property
    def images(self) -> tuple[tuple[Image, Image | None], ...]:
        """Weight and bias memory of every layer."""
        made = []
        for plan, words in zip(self.plans, self.words, strict=True):
            stem = f"{self.name}_{plan.stem}"
            weights = Image(
                f"{stem}_weights", plan.lanes * plan.weight.width, plan.weight_words(words.weight)
            )
            biases = None
            if words.bias is not None:
                width = plan.bias_fields * plan.sum_width
                biases = Image(f"{stem}_biases", width, plan.bias_words(words.bias))
            made.append((weights, biases))
        return tuple(made)

    @cached_property
    def layers(self) -> list[golden.Layer]:
        """The golden model's own description of this chain: dense layers are whole matrices."""

        def plain(fmt: Format) -> tuple[bool, int, int]:
            return fmt.signed, fmt.integer, fmt.fraction

        made: list[golden.Layer] = []
        for p, words in zip(self.plans, self.words, strict=True):
            common: dict[str, Any] = {
                "weight": words.weight,
                "bias": words.bias,
                "activation": p.activation.value,
                "numbers": golden.Numbers(
                    input=plain(p.source),
                    weight=plain(p.weight),
                    output=plain(p.result),
                    rounding=p.rounding.value,
                    overflow=p.overflow.value,
                ),
            }
            if p.anchored:
                made.append(dense.Layer(**common))
            else:
                made.append(
                    cyclic_sparse.Layer(inputs=p.inputs, stride=p.stride, step=p.step, **common)
                )
        return made

    def _layers(self, taken: inspection.Taken) -> Iterator[inspection.Layer]:
        integers = golden.forward(taken.codes, self.layers)
        floats = golden.forward_float(taken.values, golden.in_float(self.layers))
        for plan, words, exact in zip(self.plans, integers, floats, strict=True):
            yield inspection.Layer(
                name=plan.label if plan.layer else plan.title,
                codes=words.codes,
                format=plan.result,
                exact=exact,
                saturated=words.saturated,
            )

    def reference(self, x: Any) -> Ints:
        """Return the exact output codes (frames, outputs) for input codes (frames, inputs)."""
        return golden.answer(x, self.layers).codes

    def saturated(self, x: Any) -> Ints:
        """Return how many words saturate in each frame of input codes."""
        return golden.answer(x, self.layers).saturated

    def predict(self, x: Any) -> NDArray[np.float64]:
        """Return the layers' own mathematics in floats: (frames, outputs) for (frames, inputs).

        Not the hardware's answer: weights and biases are what their codes stand for, but no sum is
        rounded or limited, and x is not clipped to the input format. For the hardware's, use
        `reference`, with `formats` of the configuration: quantise x, and convert the codes back.
        """
        return golden.forward_float(x, golden.in_float(self.layers))[-1]

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        plans = tuple(zip(self.plans, self.images, strict=True))
        source, sink = self._stream("s_axis"), self._stream("m_axis")
        constants = {"layers": plans, "source": source, "sink": sink}
        return core, {**constants, "argmax": self.config.argmax}


def _layer_facts(plan: SupportPlan) -> dict[str, Any]:
    return {
        "name": plan.label,
        "inputs": plan.inputs,
        "outputs": plan.outputs,
        "fan_in": plan.fan_in,
        "stride": plan.stride,
        "step": plan.step,
        "bias": plan.bias,
        "activation": plan.activation.value,
        "lanes": plan.lanes,
        "interval": plan.interval,
        "input_format": str(plan.source),
        "weight_format": str(plan.weight),
        "sum_bits": plan.sum_width,
        "output_format": str(plan.result),
    }


def checked_words(config: ChainConfig, weights: Any) -> tuple[Words, ...]:
    """Return the integers of each support, from what `build` is given."""
    if len(weights) != len(config.stages):
        raise ValueError(
            f"weights must be given for {len(config.stages)} supports, not {len(weights)}"
        )
    words = []
    for plan, given in zip(config.plans, weights, strict=True):
        pair = given if isinstance(given, tuple) else (given, None)
        weight = _codes(
            f"weights of {plan.title}", pair[0], (plan.outputs, plan.fan_in), plan.weight
        )
        bias = None
        fraction = plan.source.fraction + plan.weight.fraction
        wide = Format(True, min(plan.bias_width, _WORD) - 1 - fraction, fraction)
        if plan.bias:
            if pair[1] is None:
                raise ValueError(f"{plan.title} must have a bias: its configuration says so")
            bias = _codes(f"biases of {plan.title}", pair[1], (plan.outputs,), wide)
        elif pair[1] is not None:
            raise ValueError(f"{plan.title} must have no bias: its configuration says so")
        limited = _limited(pair[0], weight, plan.weight)
        if bias is not None:
            limited += _limited(pair[1], bias, wide)
        words.append(Words(weight, bias, limited))
    return tuple(words)


def _limited(values: Any, codes: Ints, fmt: Format) -> int:
    """Return how many floats are more than a step from their codes: those beyond the format."""
    array = np.asarray(values)
    if array.dtype.kind != "f":
        return 0
    return int(np.count_nonzero(np.abs(array - fmt.to_float(codes)) > 2.0**-fmt.fraction))


def _codes(what: str, values: Any, shape: tuple[int, ...], fmt: Format) -> Ints:
    array = np.asarray(values)
    if array.shape != shape:
        raise ValueError(f"{what} must be of shape {shape}, not {array.shape}")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise ValueError(f"{what} must be finite, not NaN or infinite")
        return np.asarray(fmt.quantize(array))
    if array.dtype.kind not in "iu":
        raise TypeError(f"{what} must be integers or floats, not {array.dtype}")
    if array.size and (array.min() < fmt.minimum or array.max() > fmt.maximum):
        raise ValueError(
            f"{what} must be {fmt.minimum} to {fmt.maximum}, not {array.min()} to {array.max()}"
        )
    return array.astype(np.int64)


def random_words(config: ChainConfig, seed: int) -> tuple[Words, ...]:
    """Return weights (and biases) by seed, most of them not zero, for which some words saturate.

    Raw output of PCG64, which NumPy keeps stable, spread evenly; the amplitude is such that the
    output range is twice the standard deviation of the sums, if the weight format allows.
    """
    raw = np.random.PCG64(seed)
    words = []
    size = max(-config.formats.input.minimum, config.formats.input.maximum) / np.sqrt(3)
    for plan in config.plans:
        limit = max(-plan.result.minimum, plan.result.maximum)
        wanted = limit * 2.0**plan.shift / 2 / (np.sqrt(plan.fan_in) * size) * np.sqrt(3)
        top = int(min(max(round(wanted), 1), plan.weight.maximum))
        low = max(-top, plan.weight.minimum)
        weight = _uniform(raw, low, top, (plan.outputs, plan.fan_in))
        bias = None
        if plan.bias:
            reach = max(1, min(int(limit * 2.0**plan.shift / 4), plan.limits[1], _FAR))
            bias = _uniform(raw, -reach, reach, (plan.outputs,))
        words.append(Words(weight, bias))
        size = limit / 2 if plan.activation is Activation.NONE else limit / 3
    return tuple(words)


def _uniform(raw: np.random.PCG64, low: int, high: int, shape: tuple[int, ...]) -> Ints:
    draws = raw.random_raw(int(np.prod(shape))) >> np.uint64(11)
    span = high - low + 1
    values = [low + int(d) * span // (1 << 53) for d in draws]
    return np.array(values, np.int64).reshape(shape)
