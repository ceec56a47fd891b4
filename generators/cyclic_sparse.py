"""Cyclic sparsely connected (CSC) layers: a chain of support layers, all of them at work at once.

    sum[o] = sum over j < fan_in of w[o][j] x[(step o + j stride) mod inputs]  (+ bias[o])
    y[o]   = activation(overflow(round(sum[o])))

The indices are cyclic, so no index is stored; the banks never clash. A frame enters every
`interval` clocks. docs/cyclic_sparse.md derives bank, lane and clock of every product.

Source: Hosseini et al., DAC 2019 (CSC layers, support layers, no indexing); the indices are
papers.md 1.3, the lanes csc-ideas.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from operator import index
from typing import Any

import numpy as np
from myhdl import ConcatSignal
from numpy.typing import NDArray

from kolam.generators.design import Design, Ints, Memory, Stream
from kolam.generators.support_layer import support_layer
from kolam.generators.support_plan import SupportPlan, legal_lanes, link_words
from kolam.hdl import Format, Overflow, Rounding, instances, module
from kolam.hdl.image import Image
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, constant, field, word
from kolam.kernels.delay import pulse_delay
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.link import any_event, connect, either_event, first_beat, link_source
from kolam.kernels.round_saturate import Activation
from kolam.kernels.stream_fifo import output_fifo
from kolam.kernels.weight_loader import frame_hold, weight_loader
from kolam.kernels.width_converter import moves, width_converter
from kolam.reference import cyclic_sparse as golden

MAX_WORDS = 1 << 20  # inputs, outputs or weights of a support layer that we dare to build
_BYTE = 8


def _integer(owner: Any, name: str, low: int, high: int | None = None) -> None:
    value = getattr(owner, name)
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None
    if number < low or high is not None and number > high:
        span = f"{low} to {high}" if high is not None else f"at least {low}"
        raise ValueError(f"{name} must be {span}, not {number}")
    object.__setattr__(owner, name, number)


def _kind(owner: Any, name: str, kind: type) -> None:
    if not isinstance(getattr(owner, name), kind):
        raise TypeError(f"{name} must be a {kind.__name__}, not {getattr(owner, name)!r}")


@dataclass(frozen=True, kw_only=True)
class Support:
    """One support layer: output o reads inputs (step o + j stride) mod inputs, j < fan_in.

    outputs: words it gives. fan_in: taps of an output. stride: from tap to tap. step: from
    output to output. bias: one integer an output, at the scale of the sum, added exactly.
    """

    outputs: int
    fan_in: int
    stride: int
    step: int = 1
    bias: bool = False
    activation: Activation = Activation.NONE

    @property
    def anchored(self) -> bool:
        """Whether every group of outputs reads from the first input on: dense layers do."""
        return False

    def __post_init__(self) -> None:
        _integer(self, "outputs", 1, MAX_WORDS)
        _integer(self, "fan_in", 1, MAX_WORDS)
        _integer(self, "stride", 0, MAX_WORDS)
        _integer(self, "step", 1, MAX_WORDS)
        _kind(self, "bias", bool)
        _kind(self, "activation", Activation)


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Number formats of a chain: of its input, and of each support's weights and outputs.

    weights, outputs: one Format for all supports, or a tuple with one for each. rounding and
    overflow are those of the one narrowing of every support.
    """

    input: Format
    weights: Format | tuple[Format, ...]
    outputs: Format | tuple[Format, ...]
    rounding: Rounding = Rounding.HALF_UP
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        _kind(self, "input", Format)
        _kind(self, "rounding", Rounding)
        _kind(self, "overflow", Overflow)
        for name in ("weights", "outputs"):
            value = getattr(self, name)
            each = value if isinstance(value, tuple) else (value,)
            if not all(isinstance(f, Format) for f in each):
                raise TypeError(f"{name} must be a Format or a tuple of them, not {value!r}")

    def of(self, name: str, support: int) -> Format:
        """Return the format `name` (weights or outputs) of a support."""
        value = getattr(self, name)
        return value[support] if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class Config:
    """A chain of support layers, and how much hardware it may have.

    parallelism: at most so many multipliers; the smallest interval reachable with them is
    taken, then the fewest lanes. interval: instead, at most so many clocks a frame with the
    fewest lanes. Neither: one lane a support layer. input_lanes, output_lanes: elements a
    beat of the streams; None: the engine's own rate. Raises TypeError, ValueError.
    """

    inputs: int
    supports: tuple[Support, ...]
    formats: Formats
    parallelism: int | None = None
    interval: int | None = None
    input_lanes: int | None = None
    output_lanes: int | None = None
    loadable: bool = False
    target: Target = Target.GENERIC

    def __post_init__(self) -> None:
        _integer(self, "inputs", 1, MAX_WORDS)
        _kind(self, "supports", tuple)
        _kind(self, "formats", Formats)
        _kind(self, "loadable", bool)
        _kind(self, "target", Target)
        if not self.supports or not all(isinstance(s, Support) for s in self.supports):
            raise TypeError(f"supports must be a tuple of Support, not {self.supports!r}")
        for name in ("weights", "outputs"):
            formats = getattr(self.formats, name)
            if isinstance(formats, tuple) and len(formats) != len(self.supports):
                raise ValueError(
                    f"formats.{name} must be one Format, or one for each of the "
                    f"{len(self.supports)} supports, not {len(formats)}"
                )
        for k, support in enumerate(self.supports):
            if support.fan_in > self.widths[k]:
                raise ValueError(
                    f"fan_in of support {k} must be at most its inputs ({self.widths[k]}), "
                    f"not {support.fan_in}"
                )
            if support.fan_in * support.outputs > MAX_WORDS:
                raise ValueError(
                    f"weights of support {k} must be at most {MAX_WORDS}, "
                    f"not {support.fan_in * support.outputs}"
                )
            clips = support.activation is Activation.CLIPPED_RELU
            if clips and self.formats.of("outputs", k).fraction < 0:
                raise ValueError(
                    f"outputs of support {k} must have fraction bits for CLIPPED_RELU, "
                    f"not {self.formats.of('outputs', k)}"
                )
        if self.parallelism is not None and self.interval is not None:
            raise ValueError("parallelism and interval must not both be given")
        for name in ("parallelism", "interval", "input_lanes", "output_lanes"):
            if getattr(self, name) is not None:
                _integer(self, name, 1)
        for name, words in (("input_lanes", self.inputs), ("output_lanes", self.widths[-1])):
            if getattr(self, name) is not None and getattr(self, name) > words:
                raise ValueError(
                    f"{name} must be at most the words of a frame ({words}), "
                    f"not {getattr(self, name)}"
                )
        _ = self.plans  # refuses a parallelism that cannot be had

    @property
    def widths(self) -> tuple[int, ...]:
        """Words before, between and after the supports."""
        return (self.inputs, *(s.outputs for s in self.supports))

    @cached_property
    def _choices(self) -> list[dict[int, int]]:
        """For each support the lanes it can have, and the clocks a frame they need.

        The first support also takes a frame in, at most a word a lane and clock.
        """
        return [
            {
                p: max(s.fan_in * ceil(s.outputs / p), 0 if k else self.inputs // p)
                for p in legal_lanes(self.widths[k], s.outputs, s.step)
            }
            for k, s in enumerate(self.supports)
        ]

    def _fewest(self, interval: int) -> tuple[int, ...] | None:
        """Return the fewest lanes of each support that keep an interval, by dynamic programming.

        A link of u words a beat must divide the lanes at both its ends and keep up with the
        producer.
        """
        best: dict[int, tuple[int, tuple[int, ...]]] = {
            p: (p, (p,)) for p, clocks in self._choices[0].items() if clocks <= interval
        }
        for k in range(1, len(self.supports)):
            fan_in = self.supports[k - 1].fan_in
            following = {}
            for p, clocks in self._choices[k].items():
                if clocks > interval:
                    continue
                ways = [
                    (total + p, (*lanes, p))
                    for before, (total, lanes) in best.items()
                    if link_words(before, fan_in, p) is not None
                ]
                if ways:
                    following[p] = min(ways)
            best = following
        return min(best.values())[1] if best else None

    @cached_property
    def legal(self) -> tuple[tuple[int, int, tuple[int, ...]], ...]:
        """(multipliers, clocks a frame, lanes of each support), fewest multipliers first.

        Only what no other choice beats in both is listed.
        """
        found = []
        for interval in sorted({c for choice in self._choices for c in choice.values()}):
            lanes = self._fewest(interval)
            if lanes is not None and (not found or sum(lanes) < found[-1][0]):
                found.append((sum(lanes), interval, lanes))
        return tuple(reversed(found))

    @cached_property
    def lanes(self) -> tuple[int, ...]:
        """Lanes of each support, as chosen."""
        fewest, most = self.legal[0], self.legal[-1]
        if self.interval is not None:
            kept = [way for way in self.legal if way[1] <= self.interval]
            if not kept:
                raise ValueError(
                    f"interval must be at least {most[1]} clocks, not {self.interval}"
                )
            return kept[0][2]
        if self.parallelism is None:
            return fewest[2]
        if not fewest[0] <= self.parallelism <= most[0]:
            nearest = fewest[0] if self.parallelism < fewest[0] else most[0]
            raise ValueError(
                f"parallelism must be {fewest[0]} to {most[0]}, not {self.parallelism}; "
                f"the nearest is {nearest}"
            )
        return [way for way in self.legal if way[0] <= self.parallelism][-1][2]

    @property
    def clocks(self) -> int:
        """Clocks a frame that the slowest support needs."""
        return max(self._choices[k][p] for k, p in enumerate(self.lanes))

    @cached_property
    def plans(self) -> tuple[SupportPlan, ...]:
        """The support layers with lanes, links and buffers."""
        plans: list[SupportPlan] = []
        clocks = self.clocks
        words_in = next(
            u
            for u in range(1, self.lanes[0] + 1)
            if self.lanes[0] % u == 0 and (self.inputs // u <= clocks or u == self.lanes[0])
        )
        for k, support in enumerate(self.supports):
            lanes = self.lanes[k]
            after = self.lanes[k + 1] if k + 1 < len(self.supports) else lanes
            words_out = link_words(lanes, support.fan_in, after)
            assert words_out is not None  # _fewest saw to it
            plans.append(
                SupportPlan(
                    number=k,
                    inputs=self.widths[k],
                    outputs=support.outputs,
                    fan_in=support.fan_in,
                    stride=support.stride,
                    step=support.step,
                    lanes=lanes,
                    words_in=words_in,
                    words_out=words_out,
                    buffers=2,
                    bias=support.bias,
                    activation=support.activation,
                    source=self.formats.of("outputs", k - 1) if k else self.formats.input,
                    weight=self.formats.of("weights", k),
                    result=self.formats.of("outputs", k),
                    rounding=self.formats.rounding,
                    overflow=self.formats.overflow,
                    loadable=self.loadable,
                    target=self.target,
                    anchored=support.anchored,
                )
            )
            words_in = words_out
        return self._with_buffers(plans)

    def _with_buffers(self, plans: list[SupportPlan]) -> tuple[SupportPlan, ...]:
        """Give every layer the frame buffers with which no producer ever waits for one.

        A buffer is taken when a frame is promised and freed after its last tap; around the
        loop of B buffers a frame may take B intervals.
        """
        timeline = Timeline.of(plans, self.input_lanes or plans[0].words_in)
        roomy = []
        for plan, promise, end in zip(plans, timeline.promises, timeline.ends, strict=True):
            need = -(-(end + 1 - promise) // self.clocks)
            roomy.append(replace(plan, buffers=max(2, 1 << (need - 1).bit_length())))
        return tuple(roomy)

    @property
    def connectivity(self) -> NDArray[np.bool_]:
        """(outputs, inputs): whether an output depends on an input, by the Boolean product."""
        layers = [
            golden.Layer(
                inputs=self.widths[k],
                stride=s.stride,
                step=s.step,
                weight=np.ones((s.outputs, s.fan_in)),
            )
            for k, s in enumerate(self.supports)
        ]
        return golden.connectivity(layers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML; `from_dict` takes them back."""

        def formats(value: Format | tuple[Format, ...]) -> str | list[str]:
            return [str(f) for f in value] if isinstance(value, tuple) else str(value)

        values: dict[str, Any] = {
            "engine": "cyclic_sparse",
            "inputs": self.inputs,
            "supports": [
                {
                    "outputs": s.outputs,
                    "fan_in": s.fan_in,
                    "stride": s.stride,
                    "step": s.step,
                    "bias": s.bias,
                    "activation": s.activation.value,
                }
                for s in self.supports
            ],
            "formats": {
                "input": str(self.formats.input),
                "weights": formats(self.formats.weights),
                "outputs": formats(self.formats.outputs),
                "rounding": self.formats.rounding.value,
                "overflow": self.formats.overflow.value,
            },
            "loadable": self.loadable,
            "target": self.target.value,
        }
        for name in ("parallelism", "interval", "input_lanes", "output_lanes"):
            if getattr(self, name) is not None:
                values[name] = getattr(self, name)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """Return the configuration that plain values describe.

        Raises ValueError for an unknown or missing key, TypeError for a wrong kind.
        """
        required = ("outputs", "fan_in", "stride")
        return cls(**parsed(values, "cyclic_sparse", cls, "supports", Support, required))


def parsed(
    values: Mapping[str, Any], engine: str, kind: Any, rows: str, row_kind: Any,
    required: tuple[str, ...],
) -> dict[str, Any]:  # fmt: skip
    """Return the fields of a configuration, from plain values; rows: the key of its layers."""
    given = dict(values)
    named = given.pop("engine", engine)
    if named != engine:
        raise ValueError(f"engine must be {engine}, not {named!r}")
    _known("the configuration", given, kind, required=("inputs", rows, "formats"))
    tables = given[rows]
    if not isinstance(tables, list | tuple) or not all(isinstance(r, Mapping) for r in tables):
        raise TypeError(f"{rows} must be a list of tables, not {tables!r}")
    made = []
    for table in tables:
        _known(f"each of {rows}", table, row_kind, required=required)
        fields = dict(table)
        if "activation" in fields:
            fields["activation"] = _member(Activation, "activation", fields["activation"])
        made.append(row_kind(**fields))
    given[rows], given["formats"] = tuple(made), _formats(given["formats"])
    if "target" in given:
        given["target"] = _member(Target, "target", given["target"])
    return given


def _formats(table: Any) -> Formats:
    if not isinstance(table, Mapping):
        raise TypeError(f"formats must be a table, not {table!r}")
    _known("formats", table, Formats, required=("input", "weights", "outputs"))
    fields = dict(table)
    for name in ("input", "weights", "outputs"):
        value = fields[name]
        fields[name] = (
            tuple(Format.parse(v) for v in value)
            if isinstance(value, list | tuple) and name != "input"
            else Format.parse(value)
        )
    for name, kind in (("rounding", Rounding), ("overflow", Overflow)):
        if name in fields:
            fields[name] = _member(kind, name, fields[name])
    return Formats(**fields)


@dataclass(frozen=True)
class Timeline:
    """The clocks of the first frame, its first input beat in clock 0, nobody waiting.

    taken: of its last input beat. begins[k]: of each group of layer k. promises[k], ends[k]:
    when layer k's frame buffer is taken, and its last tap. departures: of each beat of results.
    """

    taken: int
    begins: tuple[NDArray[np.int64], ...]
    promises: tuple[int, ...]
    ends: tuple[int, ...]
    departures: NDArray[np.int64]

    @classmethod
    def of(cls, plans: list[SupportPlan], input_lanes: int) -> "Timeline":
        """Return the timeline of a chain, from the recurrences of its parts."""
        head = plans[0]
        beats = np.arange(-(-head.inputs // input_lanes))
        taken = len(beats) - 1
        if input_lanes != head.words_in:
            put, get = moves(beats.tolist(), input_lanes, head.words_in, head.inputs)
            taken, beats = put[-1], np.array(get)
        promise, begins, promises, ends = int(beats[0]), [], [], []
        for plan in plans:
            promises.append(promise)
            begins.append(plan.begins(beats))
            ends.append(int(begins[-1][-1]) + plan.fan_in)
            promise = int(begins[-1][0])
            beats = plan.departures(begins[-1])
        return cls(taken, tuple(begins), tuple(promises), tuple(ends), beats)


def _known(what: str, given: Mapping[str, Any], kind: Any, required: tuple[str, ...]) -> None:
    allowed = list(kind.__dataclass_fields__)
    for key in given:
        if key not in allowed:
            raise ValueError(f"the keys of {what} must be among {', '.join(allowed)}, not {key!r}")
    for key in required:
        if key not in given:
            raise ValueError(f"{what} must have the key {key}")


def _member(kind: Any, name: str, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(m.value for m in kind)
        raise ValueError(f"{name} must be one of {words}, not {value!r}") from None


@dataclass(frozen=True, eq=False)
class Words:
    """Integers of one support: weight codes (outputs, fan_in), biases (outputs,) or None."""

    weight: Ints
    bias: Ints | None = None


class CyclicSparse(Design):
    """A chain of support layers with its weights."""

    engine = "cyclic_sparse"

    def __init__(self, name: str, config: Config, words: tuple[Words, ...], *, seed: int | None):
        super().__init__(name, config)
        self.words = words
        self.seed = seed  # of random weights; None: they were given

    @cached_property
    def timeline(self) -> Timeline:
        """The clocks of the first frame."""
        return Timeline.of(list(self.plans), self._stream("s_axis").lanes)

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
            ("s_axis", config.input_lanes or plans[0].words_in, config.formats.input, config.inputs),
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
                    order=tuple(range(words)),
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
                    order=tuple(range(size * beats)),
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
                        path=f"u_layers_{plan.number}/u_banks_{k}",
                        depth=plan.bank_depth,
                        width=len(members) * plan.source.width,
                        fields=len(members),
                        ports=2,
                        read_latency=plan.read_latency,
                        style=plan.bank_style,
                        contents=None,
                        loadable=False,
                    )
                )
            for image, style in zip(words, (plan.weight_style, plan.bias_style), strict=True):
                if image is not None:
                    made.append(
                        Memory(
                            path=f"u_layers_{plan.number}/u_{image.stem.rsplit('_', 1)[1]}",
                            depth=image.depth,
                            width=image.width,
                            fields=1,
                            ports=1,
                            read_latency=plan.read_latency if image is words[0] else 1,
                            style=style,
                            contents=image.name,
                            loadable=plan.loadable,
                        )
                    )
        return tuple(made)

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
    def layers(self) -> list[golden.Layer]:
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
        """Return the float answer (frames, outputs) to float inputs (frames, inputs)."""
        return golden.forward_float(x, golden.in_float(self.layers))[-1]

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        plans = tuple(zip(self.plans, self.images, strict=True))
        source, sink = self._stream("s_axis"), self._stream("m_axis")
        return core, {"layers": plans, "source": source, "sink": sink}


@module
def core(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
    s_axis_weight_tdata=None, s_axis_weight_tvalid=None, s_axis_weight_tready=None,
    s_axis_weight_tlast=None, *, layers: tuple[Any, ...], source: Stream, sink: Stream,
) -> Any:  # fmt: skip
    """A chain of cyclic sparsely connected support layers behind AXI4-Stream."""
    plans = [plan for plan, _ in layers]
    head, tail = plans[0], plans[-1]
    style = "shift" if head.target in (Target.GENERIC, Target.XC7) else "ram"

    # input: whole frames only, each announced to the first layer
    width = source.format.width
    elements = [
        s_axis_tdata(k * source.element_bits + width, k * source.element_bits)
        for k in range(source.lanes)
    ]
    guarded = word(source.lanes * width)
    g_valid, g_ready, g_first, verdict_valid, verdict_good = (word(1) for _ in range(5))
    frame_error = word(1) if head.loadable else event_frame_error
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, concat(elements),
        g_valid, g_ready, guarded, g_first, verdict_valid, verdict_good, frame_error,
        beats=source.beats,
    )  # fmt: skip
    images = [image for _, pair in layers for image in pair if image is not None]
    frame_ends = [word(1) for _ in plans]
    loads: list[Any] = [None] * len(images)
    load_at, load_word = None, None
    if head.loadable:
        n_valid, n_ready, hold, begun, ended, load_error = (word(1) for _ in range(6))
        frames = sum(p.buffers for p in plans) + 2
        deepest = max(image.depth for image in images)
        enables, load_at = word(len(images)), word(bits(deepest))
        gone = pulse_delay(
            clk, rst, frame_ends[-1], ended, clocks=tail.tail_latency + tail.phases_out
        )
        loader = weight_loader(
            clk, rst, s_axis_weight_tvalid, s_axis_weight_tready, s_axis_weight_tlast, begun,
            ended, hold, enables, load_at, load_error,
            depths=tuple(image.depth for image in images), frames=frames,
        )  # fmt: skip
        door = frame_hold(g_valid, g_ready, g_first, hold, n_valid, n_ready, begun)
        either = either_event(frame_error, load_error, event_frame_error)
        loads = [field(enables, k, 1) for k in range(len(images))]
        load_word = s_axis_weight_tdata
    else:
        n_valid, n_ready = g_valid, g_ready
    if source.lanes == head.words_in:
        taken, e_valid, e_ready, e_first = guarded, n_valid, n_ready, g_first
    else:
        taken = word(head.words_in * width)
        e_valid, e_ready, e_first, e_last = (word(1) for _ in range(4))
        widen_in = width_converter(
            clk, rst, n_valid, n_ready, guarded, e_valid, e_ready, taken, e_last,
            s_lanes=source.lanes, m_lanes=head.words_in, elements=source.elements,
        )  # fmt: skip
        first_in = first_beat(clk, rst, e_valid, e_ready, e_last, e_first)

    # the layers between their links
    count = len(plans)
    begins = [word(1) for _ in range(count + 1)]
    valids = [word(1) for _ in range(count + 1)]
    frees = [word(1) for _ in range(count)] + [constant(1)]
    datas = [taken] + [word(p.words_out * p.result.width) for p in plans]
    over = [word(1) for _ in plans]
    room = word(1)
    entry = link_source(e_valid, e_ready, e_first, frees[0], begins[0], valids[0])
    stages = [
        support_layer(
            clk, rst, begins[k], valids[k], datas[k], frees[k],
            begins[k + 1], valids[k + 1], datas[k + 1], frees[k + 1],
            room if k == count - 1 else constant(1), frame_ends[k], over[k],
            loads[images.index(weights)], loads[images.index(biases)] if biases else None,
            load_at, load_word, number=k, plan=plan, weights=weights, biases=biases,
        )
        for k, (plan, (weights, biases)) in enumerate(layers)
    ]  # fmt: skip
    overflow = any_event(clk, rst, concat(over), event_overflow)

    # output: results wait for their place and for the frame's verdict
    reserve = flight(tail)
    depth = 1 << (reserve + tail.phases_out).bit_length()
    queued = word(len(datas[-1]))
    q_valid, q_ready = word(1), word(1)
    queue = output_fifo(
        clk, rst, valids[-1], datas[-1], q_valid, q_ready, queued, room,
        depth=depth, reserve=reserve, style=style,
    )  # fmt: skip
    judged = 1 << (sum(p.buffers for p in plans) + depth + 2).bit_length()
    passed = word(len(datas[-1]))
    if sink.lanes == tail.words_out:
        gate = frame_gate(
            clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
            m_axis_tvalid, m_axis_tready, passed, m_axis_tlast,
            beats=tail.beats_out, frames=judged, style=style,
        )  # fmt: skip
        results = passed
    else:
        p_valid, p_ready, p_last = (word(1) for _ in range(3))
        gate = frame_gate(
            clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
            p_valid, p_ready, passed, p_last,
            beats=tail.beats_out, frames=judged, style=style,
        )  # fmt: skip
        results = word(sink.lanes * sink.format.width)
        widen_out = width_converter(
            clk, rst, p_valid, p_ready, passed, m_axis_tvalid, m_axis_tready, results, m_axis_tlast,
            s_lanes=tail.words_out, m_lanes=sink.lanes, elements=sink.elements,
        )  # fmt: skip
    out = connect(_bytes(results, sink), m_axis_tdata)
    return instances()


def flight(plan: SupportPlan) -> int:
    """Return the beats that a last layer may still write once it no longer sees room."""
    groups = -(-(plan.fan_in + plan.tail_latency + 2) // plan.fan_in) + 1
    return groups * plan.phases_out


def _bytes(results: Any, sink: Stream) -> Any:
    """Return the words of a beat, each extended to whole bytes."""
    width, parts = sink.format.width, []
    for k in range(sink.lanes):
        parts.append(results((k + 1) * width, k * width) if width > 1 else results(k))
        spare = sink.element_bits - width
        if spare and sink.format.signed:
            parts += [results((k + 1) * width - 1)] * spare
        elif spare:
            parts.append(constant(0, spare))
    return concat(parts)


def build(
    config: Config, weights: Any = None, *, name: str = "csc", seed: int = 0
) -> CyclicSparse:
    """Return the Design of a configuration.

    weights: for each support its weights (outputs, fan_in), or a pair of them and the biases
    (outputs,); integers are codes, floats are quantised to nearest even. None: random, by seed.
    Raises ValueError for a wrong shape, a code beyond the format, or a value that is not finite.
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
        weight = _codes(f"weights of support {k}", pair[0], (plan.outputs, plan.fan_in), plan.weight)
        bias = None
        if plan.bias:
            fraction = plan.source.fraction + plan.weight.fraction
            wide = Format(True, plan.product_width - 1 - fraction, fraction)
            if pair[1] is None:
                raise ValueError(f"support {k} must have a bias: its configuration says so")
            bias = _codes(f"biases of support {k}", pair[1], (plan.outputs,), wide)
        elif pair[1] is not None:
            raise ValueError(f"support {k} must have no bias: its configuration says so")
        words.append(Words(weight, bias))
    return tuple(words)


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
            f"{what} must be {fmt.minimum} to {fmt.maximum}, "
            f"not {array.min()} to {array.max()}"
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
    (bias, activation) are for the last support. Source: papers.md 1.3.
    """
    strides = [1]
    while strides[-1] * fan_in < words:
        strides.append(strides[-1] * fan_in)
    chain = [Support(outputs=words, fan_in=fan_in, stride=d) for d in strides]
    return (*chain[:-1], replace(chain[-1], **last))


def fold(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a fully connected rectangle: fold the inputs to `outputs` words, then cycle.

    The product of fan_ins must be outputs. Source: training.md 2, fold then cycle.
    """
    if int(np.prod(fan_ins)) != outputs:
        raise ValueError(f"the product of fan_ins must be outputs ({outputs}), not {np.prod(fan_ins)}")
    chain = [Support(outputs=outputs, fan_in=-(-inputs // outputs), stride=outputs)]
    stride = outputs
    for fan_in in fan_ins:
        stride //= fan_in
        chain.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*chain[:-1], replace(chain[-1], **last))


def spread(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a chain of descending strides, for hidden layers; the first has the output width.

    It reaches all inputs, or nearly, where the product of fan_ins is at least inputs. Source:
    training.md 2.
    """
    chain, stride = [], inputs
    for fan_in in fan_ins:
        stride = -(-stride // fan_in)
        chain.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*chain[:-1], replace(chain[-1], **last))


def local(
    outputs: int, rows: int, columns: int, *, row: int = 28, step: int = 3, **last: Any
) -> tuple[Support, ...]:
    """Return the two supports that see a window of an image, rows by about step columns pixels.

    row: pixels of a row; step: pixels from output to output. Source: training.md 2.
    """
    first = Support(outputs=outputs, fan_in=rows, stride=row, step=step)
    second = Support(outputs=outputs, fan_in=columns, stride=1)
    return (first, replace(second, **last))
