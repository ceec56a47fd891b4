"""The configuration of a chain of support layers: what it computes, and its lanes in time.

Whole and checked at birth; what it promises is computed, nothing is built. Cyclic sparse and
dense engines share it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators.fields import check_integer, check_keys, check_kind, member
from kolam.generators.support_plan import SupportPlan, legal_lanes, link_words
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.frame_guard import REGISTER_LATENCY
from kolam.kernels.round_saturate import Activation
from kolam.kernels.width_converter import moves
from kolam.reference import cyclic_sparse as golden

MAX_WORDS = 1 << 20  # inputs, outputs or weights of a support layer that we dare to build


@dataclass(frozen=True, kw_only=True)
class Support:
    """One support layer: output o reads inputs (step o + j stride) mod inputs, j < fan_in.

    outputs: words it gives. fan_in: taps of an output, at most the inputs. stride: from tap to
    tap, from 0. step: from output to output, from 1. bias: one integer an output, at the scale
    of the sum, added exactly. Raises TypeError, ValueError.
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
        check_integer(self, "outputs", 1, MAX_WORDS)
        check_integer(self, "fan_in", 1, MAX_WORDS)
        check_integer(self, "stride", 0, MAX_WORDS)
        check_integer(self, "step", 1, MAX_WORDS)
        check_kind(self, "bias", bool)
        check_kind(self, "activation", Activation)


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
        check_kind(self, "input", Format)
        check_kind(self, "rounding", Rounding)
        check_kind(self, "overflow", Overflow)
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
    beat of the streams; None: the engine's own rate. loadable: weights and biases can be
    replaced by a stream, s_axis_weight. Raises TypeError, ValueError.
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
        check_integer(self, "inputs", 1, MAX_WORDS)
        check_kind(self, "supports", tuple)
        check_kind(self, "formats", Formats)
        check_kind(self, "loadable", bool)
        check_kind(self, "target", Target)
        if not self.supports or not all(isinstance(s, Support) for s in self.supports):
            raise TypeError(f"supports must be one Support or more, not {self.supports!r}")
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
            result = self.formats.of("outputs", k)
            if result.signed and result.width == 1:
                raise ValueError(
                    f"outputs of support {k} must have two bits or more where signed, not {result}"
                )
            clips = support.activation is Activation.CLIPPED_RELU
            if clips and self.formats.of("outputs", k).fraction < 0:
                raise ValueError(
                    f"outputs of support {k} must have a fraction of at least 0 for CLIPPED_RELU, "
                    f"not {self.formats.of('outputs', k)}"
                )
        if self.parallelism is not None and self.interval is not None:
            raise ValueError("parallelism and interval must not both be given")
        for name in ("parallelism", "interval", "input_lanes", "output_lanes"):
            if getattr(self, name) is not None:
                check_integer(self, name, 1)
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
        found: list[tuple[int, int, tuple[int, ...]]] = []
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
                raise ValueError(f"interval must be at least {most[1]} clocks, not {self.interval}")
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
                    early_free=bool(plans)
                    and support.fan_in <= plans[-1].fan_in + plans[-1].tail_latency,
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

        A buffer is taken when a frame is promised; around the loop of B buffers a frame may
        take B intervals until it is free again.
        """
        timeline = Timeline.of(plans, self.input_lanes or plans[0].words_in)
        roomy = []
        for plan, promise, begins in zip(plans, timeline.promises, timeline.begins, strict=True):
            need = -(-(plan.freed(begins) - promise) // self.clocks)
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
    check_keys("the configuration", given, kind, required=("inputs", rows, "formats"))
    tables = given[rows]
    if not isinstance(tables, list | tuple) or not all(isinstance(r, Mapping) for r in tables):
        raise TypeError(f"{rows} must be a list of tables, not {tables!r}")
    made = []
    for table in tables:
        check_keys(f"each of {rows}", table, row_kind, required=required)
        fields = dict(table)
        if "activation" in fields:
            fields["activation"] = member(Activation, "activation", fields["activation"])
        made.append(row_kind(**fields))
    given[rows], given["formats"] = tuple(made), _formats(given["formats"])
    if "target" in given:
        given["target"] = member(Target, "target", given["target"])
    return given


def _formats(table: Any) -> Formats:
    if not isinstance(table, Mapping):
        raise TypeError(f"formats must be a table, not {table!r}")
    check_keys("formats", table, Formats, required=("input", "weights", "outputs"))
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
            fields[name] = member(kind, name, fields[name])
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
        beats = np.arange(-(-head.inputs // input_lanes)) + REGISTER_LATENCY
        taken = len(beats) - 1
        if input_lanes != head.words_in:
            put, get = moves(beats.tolist(), input_lanes, head.words_in, head.inputs)
            taken = max([taken, *put[-2:-1]])  # the register takes a beat as the one before leaves
            beats = np.array(get)
        promise, begins, promises, ends = int(beats[0]), [], [], []
        for plan in plans:
            promises.append(promise)
            begins.append(plan.begins(beats))
            ends.append(int(begins[-1][-1]) + plan.fan_in)
            promise = int(begins[-1][0])
            beats = plan.departures(begins[-1])
        return cls(taken, tuple(begins), tuple(promises), tuple(ends), beats)
