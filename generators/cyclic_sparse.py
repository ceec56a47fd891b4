"""Cyclic sparsely connected (CSC) layers: a chain of support layers, all of them at work at once.

    sum[o] = sum over j < fan_in of w[o][j] x[(step o + j stride) mod inputs]  (+ bias[o])
    y[o]   = activation(overflow(round(sum[o])))

The indices are cyclic, so no index is stored; the banks never clash. A frame enters every
`interval` clocks. docs/cyclic_sparse.md derives bank, lane and clock of every product.

Source: Hosseini et al., DAC 2019 (CSC layers, support layers, no indexing); indices and lanes
are this project's own.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators.chain_config import Config, Formats, Support, Timeline
from kolam.generators.design import Design, Ints, Memory, Stream
from kolam.generators.estimate import estimate
from kolam.generators.stream_core import core
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format, module
from kolam.hdl.image import Image
from kolam.kernels.round_saturate import Activation
from kolam.kernels.width_converter import moves
from kolam.reference import chain
from kolam.reference import cyclic_sparse as golden

__all__ = [
    "Activation",
    "Config",
    "CyclicSparse",
    "Formats",
    "Support",
    "Words",
    "build",
    "cycle",
    "fold",
    "local",
    "spread",
]

_BYTE = 8


@dataclass(frozen=True, eq=False)
class Words:
    """Integers of one support: weight codes (outputs, fan_in), biases (outputs,) or None.

    limited: floats that were given and did not fit the format.
    """

    weight: Ints
    bias: Ints | None = None
    limited: int = 0


class CyclicSparse(Design):
    """A chain of support layers with its weights."""

    engine = "cyclic_sparse"

    def __init__(self, name: str, config: Any, words: tuple[Words, ...], *, seed: int | None):
        super().__init__(name, config)
        self.words = words
        self.seed = seed  # of random weights; None: they were given

    @property
    def limited(self) -> int:
        """Weights and biases given as floats beyond their format, and so limited to it."""
        return sum(words.limited for words in self.words)

    @property
    def model_words(self) -> tuple[Words, ...]:
        """The weights as a model file holds them, and as `build` takes them."""
        return self.words

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
            "layers": [_layer_facts(plan) for plan in self.plans],
        }

    @property
    def plans(self) -> tuple[SupportPlan, ...]:
        """The support layers with lanes, links and buffers."""
        plans: tuple[SupportPlan, ...] = self.config.plans
        return plans

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
                return f"support {plan.number}"
        if self.config.clocks == self.interval:
            return "the input of support 0"
        return "s_axis" if self._stream("s_axis").beats == self.interval else "m_axis"

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat.

        The results pass the queue in 1 clock, and leave it once the frame is known to be good,
        2 clocks after its last input beat.
        """
        sink, tail = self._stream("m_axis"), self.plans[-1]
        queued = np.maximum(self.timeline.departures + 1, self.timeline.taken + 2)
        if sink.lanes == tail.words_out:
            return int(queued[0])
        return moves(queued.tolist(), tail.words_out, sink.lanes, sink.elements).get[0]

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
                config.output_lanes or plans[-1].words_out,
                plans[-1].result,
                config.widths[-1],
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

    def with_weights(self, weights: Any) -> "CyclicSparse":
        """Return the same design with other weights, given as to `build`."""
        return build(self.config, weights, name=self.name)

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
                            read_latency=plan.read_latency if image is words[0] else 1,
                            style=style,
                            contents=image.name,
                            loadable=plan.loadable,
                        )
                    )
        return tuple(made)

    @property
    def estimate(self) -> dict[str, float]:
        """What it may cost on Artix-7, with the keys of `synth --json`, before synthesis."""
        return estimate(self.plans, self.memories)

    @cached_property
    def images(self) -> tuple[tuple[Image, Image | None], ...]:
        """Weight and bias memory of every layer."""
        made = []
        for plan, words in zip(self.plans, self.words, strict=True):
            stem = f"{self.name}_layer{plan.number}"
            weights = Image(
                f"{stem}_weights", plan.lanes * plan.weight.width, plan.weight_words(words.weight)
            )
            biases = None
            if words.bias is not None:
                width = plan.words_out * plan.sum_width
                biases = Image(f"{stem}_biases", width, plan.bias_words(words.bias))
            made.append((weights, biases))
        return tuple(made)

    @cached_property
    def layers(self) -> list[chain.Layer]:
        """The golden model's own description of this chain."""

        def plain(fmt: Format) -> tuple[bool, int, int]:
            return fmt.signed, fmt.integer, fmt.fraction

        return [
            golden.Layer(
                inputs=p.inputs,
                stride=p.stride,
                step=p.step,
                weight=words.weight,
                bias=words.bias,
                activation=p.activation.value,
                numbers=golden.Numbers(
                    input=plain(p.source),
                    weight=plain(p.weight),
                    output=plain(p.result),
                    rounding=p.rounding.value,
                    overflow=p.overflow.value,
                ),
            )
            for p, words in zip(self.plans, self.words, strict=True)
        ]

    def trace(self, x: Any) -> list[tuple[str, Ints, Ints]]:
        """Return for each layer its name, codes (frames, words), and saturated words a frame."""
        return [
            (f"support {k}", words.codes, words.saturated)
            for k, words in enumerate(golden.forward(x, self.layers))
        ]

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
        return core, {"layers": plans, "source": source, "sink": sink}


def _layer_facts(plan: SupportPlan) -> dict[str, Any]:
    return {
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


def build(config: Config, weights: Any = None, *, name: str = "csc", seed: int = 0) -> CyclicSparse:
    """Return the Design of a configuration.

    weights: for each support its weights (outputs, fan_in), or a pair of them and the biases
    (outputs,); integers are codes, floats are quantised to nearest even and limited to the format.
    None: random, by seed. Raises ValueError for a wrong shape, a code beyond the format, or a
    value that is not finite, TypeError for what are no numbers.
    """
    if weights is None:
        return CyclicSparse(name, config, random_words(config, seed), seed=seed)
    return CyclicSparse(name, config, checked_words(config, weights), seed=None)


def checked_words(config: Config, weights: Any) -> tuple[Words, ...]:
    """Return the integers of each support, from what `build` is given."""
    if len(weights) != len(config.supports):
        raise ValueError(
            f"weights must be given for {len(config.supports)} supports, not {len(weights)}"
        )
    words = []
    for k, (plan, given) in enumerate(zip(config.plans, weights, strict=True)):
        pair = given if isinstance(given, tuple) else (given, None)
        weight = _codes(
            f"weights of support {k}", pair[0], (plan.outputs, plan.fan_in), plan.weight
        )
        bias = None
        fraction = plan.source.fraction + plan.weight.fraction
        wide = Format(True, plan.product_width - 1 - fraction, fraction)
        if plan.bias:
            if pair[1] is None:
                raise ValueError(f"support {k} must have a bias: its configuration says so")
            bias = _codes(f"biases of support {k}", pair[1], (plan.outputs,), wide)
        elif pair[1] is not None:
            raise ValueError(f"support {k} must have no bias: its configuration says so")
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


def random_words(config: Config, seed: int) -> tuple[Words, ...]:
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
            reach = max(1, min(int(limit * 2.0**plan.shift / 4), plan.limits[1]))
            bias = _uniform(raw, -reach, reach, (plan.outputs,))
        words.append(Words(weight, bias))
        size = limit / 2 if plan.activation is Activation.NONE else limit / 3
    return tuple(words)


def _uniform(raw: np.random.PCG64, low: int, high: int, shape: tuple[int, ...]) -> Ints:
    draws = raw.random_raw(int(np.prod(shape))) >> np.uint64(11)
    span = high - low + 1
    values = [low + int(d) * span // (1 << 53) for d in draws]
    return np.array(values, np.int64).reshape(shape)


def cycle(words: int, fan_in: int, **last: Any) -> tuple[Support, ...]:
    """Return the chain of strides fan_in**s on `words` words that connects all to all.

    Where words is fan_in**L there is exactly one path from each input to each output. Keywords
    (bias, activation) are for the last support. Raises ValueError unless fan_in is 2 or more, or
    there is one word.
    """
    if fan_in < 2 <= words:
        raise ValueError(f"fan_in must be at least 2, not {fan_in}")
    strides = [1]
    while strides[-1] * fan_in < words:
        strides.append(strides[-1] * fan_in)
    supports = [Support(outputs=words, fan_in=fan_in, stride=d) for d in strides]
    return (*supports[:-1], replace(supports[-1], **last))


def fold(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a fully connected rectangle: fold the inputs to `outputs` words, then cycle.

    Raises ValueError unless the product of fan_ins is outputs.
    """
    if int(np.prod(fan_ins)) != outputs:
        raise ValueError(
            f"the product of fan_ins must be outputs ({outputs}), not {np.prod(fan_ins)}"
        )
    supports = [Support(outputs=outputs, fan_in=-(-inputs // outputs), stride=outputs)]
    stride = outputs
    for fan_in in fan_ins:
        stride //= fan_in
        supports.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*supports[:-1], replace(supports[-1], **last))


def spread(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a chain of descending strides, for hidden layers; the first has the output width.

    It reaches all inputs, or nearly, where the product of fan_ins is at least inputs, and else an
    even sample: see Config.connectivity. Raises ValueError for a fan-in below 1.
    """
    if min(fan_ins, default=0) < 1:
        raise ValueError(f"fan_ins must be at least 1 each, not {fan_ins!r}")
    supports, stride = [], inputs
    for fan_in in fan_ins:
        stride = -(-stride // fan_in)
        supports.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*supports[:-1], replace(supports[-1], **last))


def local(
    outputs: int, rows: int, columns: int, *, row: int = 28, step: int = 3, **last: Any
) -> tuple[Support, ...]:
    """Return the two supports that see a window of an image, rows by about step columns pixels.

    row: pixels of a row; step: pixels from output to output. Keywords are for the second.
    """
    first = Support(outputs=outputs, fan_in=rows, stride=row, step=step)
    second = Support(outputs=outputs, fan_in=columns, stride=1)
    return (first, replace(second, **last))
