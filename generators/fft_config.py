"""What an FFT is asked to be: a configuration, checked at birth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import log
from typing import Any

from kolam.generators.fields import check_integer, check_keys, check_kind, member, powers
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target

LEAST, MOST = 8, 1 << 16  # points
LEAST_REAL = 16
FLAT = 64  # points up to which all may come at once
MOST_LANES = 16
MOST_STAGES = 2  # of a pass
MOST_PIPELINING = 2
BLOCK = "block"
WIDEST = 32  # bits of a part of the input, and of a twiddle
MOST_BITS = 64  # of any word inside
LEAST_BITS = 2  # of a part of the output
_SAMPLE, _TWIDDLE = Format(True, 0, 15), Format(True, 1, 16)


class Order(Enum):
    """In which order the points of a frame come."""

    NATURAL = "natural"
    BIT_REVERSED = "bit_reversed"


class Direction(Enum):
    """e^(-2 pi j ik/N), or e^(+2 pi j ik/N)."""

    FORWARD = "forward"
    INVERSE = "inverse"


class Architecture(Enum):
    """How butterflies are laid out."""

    STREAMING = "streaming"  #: a pipeline, `lanes` samples a clock
    ITERATIVE = "iterative"  #: some butterflies that pass over a memory


class Samples(Enum):
    """Of the time domain: the input of a forward transform, the output of an inverse one."""

    COMPLEX = "complex"
    REAL = "real"


class Rotation(Enum):
    """How samples are turned by sixteenths of a circle; by other turns they are multiplied.

    Of real samples by eighths.
    """

    MULTIPLY = "multiply"  #: as by all others
    LIFT = "lift"  #: shifts and additions, and one product
    SHIFT_ADD = "shift_add"  #: shifts and additions alone


@dataclass(frozen=True, kw_only=True)
class Formats:
    """Of a part (re or im) of the input and of the output, and of a twiddle.

    output: None is the input's with as many integer bits more as the scaling lets the frame grow
    (for 1/N none; where nothing is scaled log2 N + 1, so that nothing is ever limited). twiddle:
    s1.f, f at least 1. rounding: of the one narrowing, at the output. Raises TypeError, ValueError.
    """

    input: Format = _SAMPLE
    output: Format | None = None
    twiddle: Format = _TWIDDLE
    rounding: Rounding = Rounding.HALF_EVEN

    def __post_init__(self) -> None:
        check_kind(self, "input", Format)
        check_kind(self, "twiddle", Format)
        check_kind(self, "rounding", Rounding)
        if self.output is not None:
            check_kind(self, "output", Format)
        for name, least in (("input", 3), ("output", LEAST_BITS), ("twiddle", 3)):
            fmt = getattr(self, name)
            if fmt is None:
                continue
            most = MOST_BITS if name == "output" else WIDEST
            if not fmt.signed or not least <= fmt.width <= most:
                raise ValueError(
                    f"formats.{name} must be signed, of {least} to {most} bits, not {fmt}"
                )
        if self.twiddle.integer != 1:
            raise ValueError(
                f"formats.twiddle must have one integer bit, like s1.16, not {self.twiddle}"
            )


@dataclass(frozen=True, kw_only=True)
class RunTime:
    """What s_axis_config sets between frames; what is not named here is fixed.

    direction: setting `direction`, 0 forward, 1 inverse. least_points: setting `log2_points`, from
    that of least_points, a power of two, to that of `points`; None: `points` is fixed.
    cyclic_prefix: setting `cyclic_prefix`, 0 to `points` - 1. Raises TypeError.
    """

    direction: bool = False
    least_points: int | None = None
    cyclic_prefix: bool = False

    def __post_init__(self) -> None:
        for name in ("direction", "cyclic_prefix"):  # names of other fields of Config, too
            if not isinstance(getattr(self, name), bool):
                raise TypeError(
                    f"run_time.{name} must be true or false, not {getattr(self, name)!r}"
                )
        if self.least_points is not None:
            check_integer(self, "least_points", LEAST, MOST)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML."""
        least = {} if self.least_points is None else {"least_points": self.least_points}
        return {"direction": self.direction, **least, "cyclic_prefix": self.cyclic_prefix}


@dataclass(frozen=True, kw_only=True)
class Config:
    """A discrete Fourier transform of `points` samples.

    points: N, a power of two. samples: REAL takes N real samples, in natural order, and gives the
    elements 0 … N/2 - 1 of their spectrum, of which element 0 is X[0] + j X[N/2]; N is 16 or more,
    and it streams a sample a clock, or up to 64 points at once; the inverse takes such a spectrum.
    lanes: samples a clock, a power of two up to 16, and for up to 64 points up to N. butterflies:
    of the iterative architecture, a power of two up to N / 8; it takes a sample a clock, scales by
    a bit in each stage but some in front, and multiplies. stages_a_pass: 2 has as many
    butterflies again behind them, and half the passes; it is radix 2^2. direction: forward or
    inverse; the gain is that of scaling in both.
    input_order, output_order: of the points in a frame. scaling: for each of the log2 N stages
    (log2 N - 1 of real samples) the bits (0 or 1) by which it scales down, and last the bits that
    are dropped at the output; the gain is 2 to the minus their sum. None: one bit a stage in all,
    most of it early and the rest at the end, where it costs the least accuracy; gain 1/N. "block":
    block floating point, of the iterative architecture, with an output of as many bits as the
    input. rotation: MULTIPLY is radix 2^2, LIFT and SHIFT_ADD are radix 2^4 with fewer multipliers;
    of real samples SHIFT_ADD is radix 2^3, and LIFT is not.
    pipelining: registers for a faster clock, of the streaming architecture and complex samples: 0,
    the fewest; 1, a lifting rotator adds one term a clock; 2, a butterfly also chooses its operands
    a clock before it adds them (not on xc7, where that costs no time). Results are the same, later.
    cyclic_prefix: so many of a frame's last points come in front of it, too, where the output has
    natural order and a buffer: one sample a clock with both orders natural, or the iterative
    architecture. run_time: what s_axis_config may change, with the values here as defaults: the
    direction of complex samples, points where the input has natural order and samples stream, and
    the cyclic prefix where there may be one. Raises TypeError and ValueError.

    Source: He and Torkelson, 1996 (radix 2^2, single-path delay feedback); docs/fft.md.
    """

    points: int
    samples: Samples = Samples.COMPLEX
    architecture: Architecture = Architecture.STREAMING
    lanes: int = 1
    butterflies: int = 1
    stages_a_pass: int = 1
    direction: Direction = Direction.FORWARD
    input_order: Order = Order.NATURAL
    output_order: Order = Order.NATURAL
    scaling: tuple[int, ...] | str | None = None
    rotation: Rotation = Rotation.MULTIPLY
    pipelining: int = 0
    cyclic_prefix: int = 0
    run_time: RunTime = field(default_factory=RunTime)
    formats: Formats = field(default_factory=Formats)
    target: Target = Target.GENERIC

    def __post_init__(self) -> None:
        check_integer(self, "points", LEAST, MOST)
        if self.points & self.points - 1:
            raise ValueError(f"points must be {powers(LEAST, MOST)}, not {self.points}")
        most = self.points if self.points <= FLAT else MOST_LANES
        check_integer(self, "lanes", 1, most)
        if self.lanes & self.lanes - 1:
            raise ValueError(f"lanes must be {powers(1, most)}, not {self.lanes}")
        for name, kind in (
            ("samples", Samples), ("architecture", Architecture), ("direction", Direction),
            ("input_order", Order), ("output_order", Order), ("rotation", Rotation),
            ("run_time", RunTime), ("formats", Formats), ("target", Target),
        ):  # fmt: skip
            check_kind(self, name, kind)
        check_integer(self, "cyclic_prefix", 0, self.points - 1)
        self._check_architecture()
        self._check_pipelining()
        if self.real:
            self._check_real()
        self._check_run_time()
        if self.scaling is not None:
            self._check_scaling(self.scaling)
        left = self.formats.input.width + self._growth
        if self.formats.output is None and not self.block and left < LEAST_BITS:
            raise ValueError(
                f"scaling must leave the output at least {LEAST_BITS} bits a part, not {left}: "
                f"name formats.output, or scale by fewer bits"
            )
        if self.output.width > MOST_BITS:
            raise ValueError(
                f"the output must be at most {MOST_BITS} bits a part, not {self.output.width}: "
                f"scale by {self.output.width - MOST_BITS} bits more"
            )

    def _check_architecture(self) -> None:
        most = max(1, self.points // 8)
        check_integer(self, "butterflies", 1, most)
        if self.butterflies & self.butterflies - 1:
            raise ValueError(f"butterflies must be {powers(1, most)}, not {self.butterflies}")
        check_integer(self, "stages_a_pass", 1, MOST_STAGES)
        if self.architecture is Architecture.STREAMING:
            for name in ("butterflies", "stages_a_pass"):
                if getattr(self, name) > 1:
                    raise ValueError(
                        f"{name} must be 1 where architecture is streaming, "
                        f"not {getattr(self, name)}"
                    )
        elif self.lanes > 1:
            raise ValueError(f"lanes must be 1 where architecture is iterative, not {self.lanes}")
        elif self.rotation is not Rotation.MULTIPLY:
            raise ValueError(
                f"rotation must be multiply where architecture is iterative, "
                f"not {self.rotation.value}"
            )

    def _check_run_time(self) -> None:
        iterative = self.architecture is Architecture.ITERATIVE
        natural = self.output_order is Order.NATURAL
        buffered = (
            not self.real
            and natural
            and (iterative or (self.lanes == 1 and self.input_order is Order.NATURAL))
        )
        where = (
            "one complex sample a clock streams in natural order at both sides, or architecture is "
            "iterative with output_order natural"
        )
        if self.cyclic_prefix and not buffered:
            raise ValueError(f"cyclic_prefix must be 0 unless {where}, not {self.cyclic_prefix}")
        if self.run_time.cyclic_prefix and not buffered:
            raise ValueError(f"run_time.cyclic_prefix must be false unless {where}, not true")
        if self.run_time.direction and self.real:
            raise ValueError("run_time.direction must be false where samples are real, not true")
        least = self.run_time.least_points
        if least is None:
            return
        for refused, where in (
            (iterative, "architecture is iterative"),
            (self.real, "samples are real"),
            (self.input_order is not Order.NATURAL, "input_order is bit_reversed"),
            (self.lanes > 1 and natural, f"lanes are {self.lanes} and output_order is natural"),
        ):
            if refused:
                raise ValueError(f"run_time.least_points must be absent where {where}, not {least}")
        if self.cyclic_prefix >= least:
            raise ValueError(
                f"cyclic_prefix must be less than run_time.least_points ({least}), "
                f"not {self.cyclic_prefix}"
            )
        low = max(LEAST, 2 * self.lanes)
        if self.points < 2 * low:
            raise ValueError(
                f"points must be {2 * low} or more where run_time.least_points is given and lanes "
                f"are {self.lanes}, not {self.points}"
            )
        if least & least - 1 or not low <= least < self.points:
            raise ValueError(
                f"run_time.least_points must be {powers(low, self.points // 2)}, not {least}"
            )

    def _check_pipelining(self) -> None:
        check_integer(self, "pipelining", 0, MOST_PIPELINING)
        for plain, where in (
            (self.architecture is Architecture.STREAMING, "architecture is iterative"),
            (not self.real, "samples are real"),
        ):
            if self.pipelining and not plain:
                raise ValueError(f"pipelining must be 0 where {where}, not {self.pipelining}")

    def _check_real(self) -> None:
        if self.points < LEAST_REAL:
            raise ValueError(
                f"points must be {LEAST_REAL} to {MOST} where samples are real, not {self.points}"
            )
        forward = self.direction is Direction.FORWARD
        for name, wanted in (
            ("architecture", Architecture.STREAMING),
            ("input_order" if forward else "output_order", Order.NATURAL),
        ):
            found = getattr(self, name)
            if found is not wanted:
                how = f" and direction is {self.direction.value}" * name.endswith("_order")
                raise ValueError(
                    f"{name} must be {wanted.value} where samples are real{how}, not {found.value}"
                )
        if self.rotation is Rotation.LIFT:
            raise ValueError(
                f"rotation must be multiply or shift_add where samples are real, "
                f"not {self.rotation.value}"
            )
        flat = self.points <= FLAT
        if self.lanes > 1 and (self.lanes != self.points or not flat):
            allowed = f"1 or {self.points}" if flat else "1"
            raise ValueError(f"lanes must be {allowed} where samples are real, not {self.lanes}")
        if self.lanes > 1 and self.rotation is not Rotation.MULTIPLY:
            raise ValueError(
                f"rotation must be multiply where real samples come all at once, "
                f"not {self.rotation.value}"
            )

    def _check_scaling(self, scaling: Any) -> None:
        if scaling == BLOCK:
            if self.architecture is not Architecture.ITERATIVE:
                raise ValueError(
                    "scaling must be numbers where architecture is streaming, not block"
                )
            if self.output.width != self.formats.input.width:
                raise ValueError(
                    f"formats.output must have the bits of formats.input "
                    f"({self.formats.input.width}) where scaling is block, not {self.output.width}"
                )
            if self.stages_a_pass > 1:
                raise ValueError(
                    f"stages_a_pass must be 1 where scaling is block, not {self.stages_a_pass}"
                )
            self._check_block()
            return
        stages = self.stages
        wanted = f"scaling must be {stages} times 0 or 1 and the bits dropped at the end"
        if not isinstance(scaling, tuple) or not all(
            isinstance(v, int) and not isinstance(v, bool) for v in scaling
        ):
            raise TypeError(f"{wanted}, not {scaling!r}")
        if len(scaling) != stages + 1:
            raise ValueError(f"{wanted} ({stages + 1} numbers), not {len(scaling)} numbers")
        if self.architecture is Architecture.ITERATIVE and list(scaling[:-1]) != sorted(
            scaling[:-1]
        ):
            raise ValueError(
                f"scaling must be 1 for all stages behind the first one with 1 where architecture "
                f"is iterative, not {list(scaling)}"
            )
        if not set(scaling[:-1]) <= {0, 1} or not 0 <= scaling[-1] <= stages + 1:
            raise ValueError(f"{wanted} (0 to {stages + 1}), not {list(scaling)}")

    def _check_block(self) -> None:
        """Raise ValueError where rounding could leave the words of the memory; page 3."""
        width, twiddle = self.formats.input.width, self.formats.twiddle.width
        if self.stages * (2.0**-width + 2.0 ** (1.5 - twiddle)) > log(2) / 2:
            raise ValueError(
                f"formats.input and formats.twiddle must have more bits where scaling is block and "
                f"points are {self.points}, not {width} and {twiddle}"
            )

    @property
    def real(self) -> bool:
        """Whether the samples are real."""
        return self.samples is Samples.REAL

    @property
    def serial(self) -> bool:
        """Whether re and im of a sample come one after the other."""
        return self.real and self.lanes == 1

    @property
    def pairs(self) -> int:
        """Complex samples a clock, or one in two."""
        return max(1, self.lanes // 2) if self.real else self.lanes

    @property
    def stages(self) -> int:
        """log2 N, or one less where two real samples are one complex sample."""
        return self.points.bit_length() - 1 - self.real

    @property
    def passes(self) -> int:
        """Passes over a frame, of the iterative architecture."""
        return -(-self.stages // self.stages_a_pass)

    @property
    def block(self) -> bool:
        """Whether each frame has an exponent of its own."""
        return self.scaling == BLOCK

    @property
    def schedule(self) -> tuple[int, ...]:
        """The scaling, in numbers."""
        if self.block:
            return (0,) * (self.stages + 1)  # in front of the frame's own exponent
        if isinstance(self.scaling, tuple):
            return self.scaling
        if self.architecture is Architecture.ITERATIVE:
            return (0, *[1] * (self.stages - 1), 1)
        if self.real:
            return (0, *[1] * (self.stages - 1), 2 if self.direction is Direction.FORWARD else 1)
        return (0, *[1] * (self.stages - 3), 0, 0, 3)

    @property
    def growing(self) -> int:
        """Stages in front that do not halve; of the iterative architecture a shift; page 5."""
        return 0 if self.block else (*self.schedule[:-1], 1).index(1)

    @property
    def output(self) -> Format:
        """The format of a part of the output."""
        if self.formats.output is not None:
            return self.formats.output
        source = self.formats.input
        if self.block:
            return source
        return Format(True, source.integer + self._growth, source.fraction)

    @property
    def _growth(self) -> int:
        """Integer bits that the output has more than the input, where none are named."""
        shift = sum(self.schedule)
        return self.stages + self.real - shift - self.halves_first + (shift == 0)

    @property
    def halves_first(self) -> bool:
        """Whether what comes first halves already: the split of an inverse to real samples."""
        return self.real and self.direction is Direction.INVERSE

    @property
    def log2_gain(self) -> int:
        """Of values: y = 2**log2_gain times the sum of the transform."""
        shift = sum(self.schedule) + self.halves_first
        return self.formats.input.fraction - self.output.fraction - shift

    @property
    def pipeline_order(self) -> Order:
        """The order in which stages take points."""
        if self.real:
            forward = self.direction is Direction.FORWARD
            return Order.NATURAL if forward else Order.BIT_REVERSED
        return self.input_order

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON or TOML; `from_dict` takes them back."""
        formats = {
            "input": str(self.formats.input),
            "twiddle": str(self.formats.twiddle),
            "rounding": self.formats.rounding.value,
        }
        if self.formats.output is not None:
            formats["output"] = str(self.formats.output)
        values: dict[str, Any] = {
            "engine": "fft",
            "points": self.points,
            "samples": self.samples.value,
            "architecture": self.architecture.value,
            "lanes": self.lanes,
            "butterflies": self.butterflies,
            "stages_a_pass": self.stages_a_pass,
            "direction": self.direction.value,
            "input_order": self.input_order.value,
            "output_order": self.output_order.value,
            "rotation": self.rotation.value,
            "pipelining": self.pipelining,
            "cyclic_prefix": self.cyclic_prefix,
            "run_time": self.run_time.to_dict(),
            "formats": formats,
            "target": self.target.value,
        }
        if self.scaling is not None:
            values["scaling"] = BLOCK if self.block else list(self.scaling)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """Return the configuration that plain values describe.

        scaling may also be the text "unscaled". Raises ValueError for an unknown or missing key,
        TypeError for a wrong kind.
        """
        given = dict(values)
        named = given.pop("engine", "fft")
        if named != "fft":
            raise ValueError(f"engine must be fft, not {named!r}")
        check_keys("the configuration", given, cls)
        for name, kind in (
            ("samples", Samples), ("architecture", Architecture), ("direction", Direction),
            ("input_order", Order), ("output_order", Order), ("rotation", Rotation),
            ("target", Target),
        ):  # fmt: skip
            if name in given:
                given[name] = member(kind, name, given[name])
        given["formats"] = _formats(given.get("formats", {}))
        if "run_time" in given:
            table = given["run_time"]
            if not isinstance(table, Mapping):
                raise TypeError(f"run_time must be a table, not {table!r}")
            check_keys("run_time", table, RunTime)
            given["run_time"] = RunTime(**table)
        scaling = given.get("scaling")
        if scaling == "unscaled":
            points = given["points"]
            stages = points.bit_length() - 1 if isinstance(points, int) else 0
            real = given.get("samples") is Samples.REAL
            given["scaling"] = (0,) * (stages + 1 - real)
        elif isinstance(scaling, list):
            given["scaling"] = tuple(scaling)
        return cls(**given)


def _formats(table: Any) -> Formats:
    if not isinstance(table, Mapping):
        raise TypeError(f"formats must be a table, not {table!r}")
    check_keys("formats", table, Formats)
    fields: dict[str, Any] = {
        k: v if k == "rounding" else Format.parse(v) for k, v in table.items()
    }
    if "rounding" in fields:
        fields["rounding"] = member(Rounding, "rounding", fields["rounding"])
    return Formats(**fields)
