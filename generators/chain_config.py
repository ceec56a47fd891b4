"""The configuration of a chain of support layers: what it computes, and its lanes in time.

Whole and checked at birth; what it promises is computed, nothing is built. Cyclic sparse and
dense engines and networks of both share it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cached_property
from math import ceil
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from kolam.generators.fields import (
    check_format,
    check_integer,
    check_keys,
    check_kind,
    member,
    span,
)
from kolam.generators.support_plan import Stage, SupportPlan, legal_lanes, link_words
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.frame_guard import REGISTER_LATENCY
from kolam.kernels.round_saturate import Activation
from kolam.kernels.width_converter import moves
from kolam.reference import chain as golden
from kolam.reference import cyclic_sparse, dense

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
            check_format(self, name)

    def of(self, name: str, support: int) -> Format:
        """Return the format `name` (weights or outputs) of a support."""
        value = getattr(self, name)
        return value[support] if isinstance(value, tuple) else value


@dataclass(frozen=True, kw_only=True)
class ChainConfig(ABC):
    """A chain of support layers, and how much hardware it may have.

    parallelism: at most so many multipliers; the smallest interval reachable with them is
    taken, then the fewest lanes. interval: instead, at most so many clocks a frame with the
    fewest lanes. Neither: one lane a support layer. input_lanes, output_lanes: elements a
    beat of the streams; None: the engine's own rate. loadable: weights and biases can be
    replaced by a stream, s_axis_weight. Raises TypeError, ValueError.

    An engine adds the rows that say what its layers are, and makes `stages` of them.
    """

    engine: ClassVar[str]
    rows: ClassVar[str]  # the field that holds what the layers are
    argmax: ClassVar[bool] = False

    inputs: int
    formats: Formats
    parallelism: int | None = None
    interval: int | None = None
    input_lanes: int | None = None
    output_lanes: int | None = None
    loadable: bool = False
    target: Target = Target.GENERIC

    @cached_property
    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """The support layers, without lanes."""

    @classmethod
    @abstractmethod
    def read_row(cls, table: Mapping[str, Any]) -> Any:
        """Return the row that plain values describe."""

    def __post_init__(self) -> None:
        check_integer(self, "inputs", 1, MAX_WORDS)
        check_kind(self, "formats", Formats)
        check_kind(self, "loadable", bool)
        check_kind(self, "target", Target)
        for stage in self.stages:
            if stage.fan_in > stage.inputs:
                raise ValueError(
                    f"fan_in of {stage.title} must be at most its inputs ({stage.inputs}), "
                    f"not {stage.fan_in}"
                )
            if stage.fan_in * stage.outputs > MAX_WORDS:
                raise ValueError(
                    f"weights of {stage.title} must be at most {MAX_WORDS}, "
                    f"not {stage.fan_in * stage.outputs}"
                )
            result = stage.result
            if result.signed and result.width == 1:
                raise ValueError(
                    f"outputs of {stage.title} must have two bits or more where signed, "
                    f"not {result}"
                )
            if stage.activation is Activation.CLIPPED_RELU and result.fraction < 0:
                raise ValueError(
                    f"outputs of {stage.title} must have a fraction of at least 0 for "
                    f"CLIPPED_RELU, not {result}"
                )
        if self.parallelism is not None and self.interval is not None:
            raise ValueError("parallelism and interval must not both be given")
        for name in ("parallelism", "interval", "input_lanes", "output_lanes"):
            if getattr(self, name) is not None:
                check_integer(self, name, 1)
        ends = (("input_lanes", self.inputs), ("output_lanes", self.elements_out))
        for name, words in ends:
            lanes = getattr(self, name)
            if lanes is not None and lanes > words:
                raise ValueError(
                    f"{name} must be at most the words of a frame ({words}), not {lanes}"
                )
            if None not in (lanes, self.interval) and -(-words // lanes) > self.interval:
                raise ValueError(
                    f"interval must be at least the {-(-words // lanes)} beats of a frame "
                    f"that {name} ({lanes}) makes, not {self.interval}"
                )
        _ = self.plans  # refuses a parallelism that cannot be had

    @property
    def widths(self) -> tuple[int, ...]:
        """Words before, between and after the support layers."""
        return (self.inputs, *(stage.outputs for stage in self.stages))

    @property
    def elements_out(self) -> int:
        """Elements of a frame of results."""
        return 1 if self.argmax else self.widths[-1]

    @cached_property
    def _choices(self) -> list[dict[int, int]]:
        """For each support the lanes it can have, and the clocks a frame they need.

        The first support also takes a frame in, at most a word a lane and clock.
        """
        return [
            {
                p: max(s.fan_in * ceil(s.outputs / p), 0 if s.number else s.inputs // p)
                for p in legal_lanes(s.inputs, s.outputs, s.step, anchored=s.anchored)
            }
            for s in self.stages
        ]

    def _fewest(self, interval: int) -> tuple[int, ...] | None:
        """Return the fewest lanes of each support that keep an interval, by dynamic programming.

        A link of u words a beat must divide the lanes at both its ends, or the inputs of a layer
        that is anchored, and keep up with the producer.
        """
        best: dict[int, tuple[int, tuple[int, ...]]] = {
            p: (p, (p,)) for p, clocks in self._choices[0].items() if clocks <= interval
        }
        for k in range(1, len(self.stages)):
            fan_in = self.stages[k - 1].fan_in
            following = {}
            for p, clocks in self._choices[k].items():
                if clocks > interval:
                    continue
                ways = [
                    (total + p, (*lanes, p))
                    for before, (total, lanes) in best.items()
                    if link_words(before, fan_in, self._row(k, p)) is not None
                ]
                if ways:
                    following[p] = min(ways)
            best = following
        return min(best.values())[1] if best else None

    def _row(self, stage: int, lanes: int) -> int:
        """Return what the words of a beat must divide."""
        return self.stages[stage].inputs if self.stages[stage].anchored else lanes

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
                f"parallelism must be {span(fewest[0], most[0])}, not {self.parallelism}; "
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
        rows = [self._row(k, lanes) for k, lanes in enumerate(self.lanes)]
        words_in = next(
            u
            for u in range(1, rows[0] + 1)
            if rows[0] % u == 0 and (self.inputs // u <= clocks or u == rows[0])
        )
        for stage, lanes, after in zip(
            self.stages, self.lanes, (*rows[1:], self.lanes[-1]), strict=True
        ):
            words_out = link_words(lanes, stage.fan_in, after)
            assert words_out is not None  # _fewest saw to it
            plans.append(
                SupportPlan(
                    **vars(stage),
                    lanes=lanes,
                    words_in=words_in,
                    words_out=words_out,
                    buffers=2,
                    early_free=bool(plans)
                    and stage.fan_in <= plans[-1].fan_in + plans[-1].tail_latency,
                    rounding=self.formats.rounding,
                    overflow=self.formats.overflow,
                    loadable=self.loadable,
                    target=self.target,
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
        layers: list[golden.Layer] = []
        for s in self.stages:
            ones = np.ones((s.outputs, s.fan_in))
            layers.append(
                dense.Layer(weight=ones)
                if s.anchored
                else cyclic_sparse.Layer(inputs=s.inputs, stride=s.stride, step=s.step, weight=ones)
            )
        return golden.connectivity(layers)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML; `from_dict` takes them back."""
        return {"engine": self.engine, **plain(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the configuration that plain values describe.

        Raises ValueError for an unknown or missing key, TypeError for a wrong kind.
        """
        given = dict(values)
        named = given.pop("engine", cls.engine)
        if named != cls.engine:
            raise ValueError(f"engine must be {cls.engine}, not {named!r}")
        check_keys("the configuration", given, cls)
        given[cls.rows] = read_rows(cls.rows, given[cls.rows], cls.read_row)
        given["formats"] = _formats(given["formats"])
        if "target" in given:
            given["target"] = member(Target, "target", given["target"])
        return cls(**given)


def stages_of(
    supports: Iterable[Support], inputs: int, formats: Formats, layer: str = "", number: int = 0
) -> list[Stage]:
    """Return the stages of supports in a row, the first of which has a number in the chain.

    Raises ValueError where formats are not for so many supports.
    """
    supports = tuple(supports)
    for name in ("weights", "outputs"):
        given = getattr(formats, name)
        if isinstance(given, tuple) and len(given) != len(supports):
            owner = f" of {layer}" if layer else ""
            raise ValueError(
                f"formats.{name}{owner} must be one Format, or one for each of the "
                f"{len(supports)} supports, not {len(given)}"
            )
    stages: list[Stage] = []
    for k, support in enumerate(supports):
        stages.append(
            Stage(
                **vars(support),
                number=number + k,
                layer=layer,
                support=k,
                inputs=stages[-1].outputs if stages else inputs,
                source=stages[-1].result if stages else formats.input,
                weight=formats.of("weights", k),
                result=formats.of("outputs", k),
                anchored=support.anchored,
            )
        )
    return stages


def check_rows(config: ChainConfig, kind: type) -> None:
    """Raise TypeError unless the rows of a configuration are one of a kind or more, in a tuple."""
    check_kind(config, config.rows, tuple)
    rows = getattr(config, config.rows)
    if not rows or not all(isinstance(row, kind) for row in rows):
        raise TypeError(f"{config.rows} must be one {kind.__name__} or more, not {rows!r}")


def plain(value: Any) -> Any:
    """Return a field of a configuration as plain values, for JSON or TOML."""
    if isinstance(value, Format):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if is_dataclass(value):
        named = {f.name: plain(getattr(value, f.name)) for f in fields(value)}
        return {name: each for name, each in named.items() if each is not None}
    return value


def read_rows(name: str, tables: Any, read: Any) -> tuple[Any, ...]:
    """Return what tables describe, each read by itself; TypeError for what is no list of them.

    What is wrong in one of them is said with its place.
    """
    if not isinstance(tables, list | tuple) or not all(isinstance(t, Mapping) for t in tables):
        raise TypeError(f"{name} must be a list of tables, not {tables!r}")
    made = []
    for place, table in enumerate(tables):
        try:
            made.append(read(table))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{place}]: {error}") from None
    return tuple(made)


def read_row(name: str, table: Mapping[str, Any], kind: Any) -> Any:
    """Return the row of a kind that a table of plain values describes."""
    check_keys(f"a table of {name}", table, kind)
    given = dict(table)
    if "activation" in given:
        given["activation"] = member(Activation, "activation", given["activation"])
    return kind(**given)


def read_support(table: Mapping[str, Any]) -> Support:
    """Return the Support that plain values describe."""
    support: Support = read_row("supports", table, Support)
    return support


def _formats(table: Any) -> Formats:
    check_keys("formats", table, Formats)
    given = {**table, "input": Format.parse(table["input"])}
    for name in ("weights", "outputs"):
        given[name] = read_format(given[name])
    for name, kind in (("rounding", Rounding), ("overflow", Overflow)):
        if name in given:
            given[name] = member(kind, name, given[name])
    return Formats(**given)


def read_format(value: Any) -> Format | tuple[Format, ...]:
    """Return the format that a text names, or those that texts in a list do."""
    if isinstance(value, list | tuple):
        return tuple(Format.parse(v) for v in value)
    return Format.parse(value)


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
