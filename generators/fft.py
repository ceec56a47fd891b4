"""Fast Fourier transforms: y[k] = gain · sum over i of x[i] e^(-2 pi j ik / points), or with +.

A frame is `points` complex samples; codes are integers of shape (frames, points, 2), re and im,
in natural order whatever the order on the streams. docs/fft.md defines every bit.

Source: He and Torkelson, 1996 (radix 2^2, single-path delay feedback); widths, rounding and
control are this project's own.
"""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators import fft_facts, fft_plan
from kolam.generators.design import Design, Ints, Memory, Setting, Stream, bit_reversed
from kolam.generators.fft_config import (
    Architecture,
    Config,
    Direction,
    Formats,
    Order,
    Rotation,
    RunTime,
    Samples,
)
from kolam.generators.fft_plan import Door, Rotator, Stage, Table
from kolam.generators.iterative_fft import (
    USER_BITS,
    choice_clocks,
    give_clocks,
    iterative_fft,
    table_style,
    write_clocks,
)
from kolam.generators.real_fft import real_fft
from kolam.generators.real_fft import table_style as word_table_style
from kolam.generators.streaming_fft import QUEUE, streaming_fft
from kolam.hdl import complex_multiply, word_multiply
from kolam.hdl.image import Image
from kolam.hdl.module import module
from kolam.kernels import (
    frame_narrow,
    frame_reorder,
    lane_reorder,
    lane_split,
    pipeline_entry,
    real_split,
    sdf_stage,
    stream_fifo,
    table_banks,
    tapped_stage,
    word_narrow,
    word_stage,
)
from kolam.reference import fft as golden

__all__ = [
    "Architecture",
    "Config",
    "Direction",
    "Fft",
    "Formats",
    "Order",
    "Rotation",
    "RunTime",
    "Samples",
    "build",
]

_BYTE = 8
_ENDS = 6  # clocks of a sample in front of the input buffer and behind the output buffer
_SHORT = 32  # clocks in which flags leave all that is no delay line


class Fft(Design):
    """A streaming FFT."""

    engine = "fft"

    def __init__(self, name: str, config: Config) -> None:
        super().__init__(name, config)
        self.parts = fft_plan.parts(config)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The butterflies, in order."""
        return tuple(p for p in self.parts if isinstance(p, Stage))

    @property
    def rotators(self) -> tuple[Rotator, ...]:
        """The rotators, in order."""
        return tuple(p for p in self.parts if isinstance(p, Rotator))

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The twiddles as memories."""
        return fft_plan.tables(self.config, self.rotators, self.name)

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        inverse = "an inverse" if self.inverse else "an"
        return f"{inverse} FFT of {self.points} points"

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Direction, size and cyclic prefix, as far as they are set at run time; docs/fft.md 9."""
        config, chosen = self.config, self.config.run_time
        made = []
        if chosen.direction:
            start = int(config.direction is Direction.INVERSE)
            made.append(Setting(name="direction", bits=1, minimum=0, maximum=1, default=start))
        if chosen.least_points is not None:
            made.append(
                Setting(
                    name="log2_points",
                    bits=config.stages.bit_length(),
                    minimum=chosen.least_points.bit_length() - 1,
                    maximum=config.stages,
                    default=config.stages,
                    drains=True,
                )
            )
        if chosen.cyclic_prefix:
            made.append(
                Setting(
                    name="cyclic_prefix",
                    bits=config.points.bit_length() - 1,
                    minimum=0,
                    maximum=config.points - 1,
                    default=config.cyclic_prefix,
                    drains=True,
                    below=None if chosen.least_points is None else "log2_points",
                )
            )
        return tuple(made)

    @property
    def inverse(self) -> bool:
        """Whether it is the inverse transform."""
        start = self.config.direction is Direction.INVERSE
        return bool(self.chosen.get("direction", start))

    @property
    def points(self) -> int:
        """Points of a frame."""
        log2 = self.chosen.get("log2_points")
        return int(self.config.points) if log2 is None else 1 << log2

    @property
    def skipped(self) -> int:
        """Stages that frames of a smaller size do not pass, the first ones; docs/fft.md 9."""
        return int(self.config.points // self.points).bit_length() - 1

    def shift(self, skipped: int) -> int:
        """Return by how many bits samples are shifted that enter behind so many stages."""
        schedule = self.config.schedule
        return skipped - sum(schedule[:skipped]) if sum(schedule) else 0

    @property
    def prefix(self) -> int:
        """Points at the end of a frame that come in front of it, too."""
        return self.chosen.get("cyclic_prefix", int(self.config.cyclic_prefix))

    @property
    def gain(self) -> float:
        """What the transform of values is multiplied by: a power of two, exact."""
        left_out = sum(self.config.schedule[: self.skipped]) + self.shift(self.skipped)
        return float(2.0 ** (self.config.log2_gain + left_out))

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once."""
        lanes = self.config.lanes
        return sum(
            r.multipliers for r in self.rotators for j in range(lanes) if r.turns(j, lanes) != (0,)
        )

    @property
    def interval(self) -> int:
        """Clocks from frame to frame."""
        return int(self.points // self.config.lanes) + self.prefix + (self.prefix > 0)

    @property
    def bottleneck(self) -> str:
        """A sample a clock."""
        return "s_axis"

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat; docs/fft.md 4."""
        passed = self.skipped
        lines = sum(
            s.clocks + sdf_stage.LATENCY + s.prepared for s in self.stages if s.number > passed
        )
        turns = sum(r.clocks for r in self.rotators if r.after > passed)
        ends = pipeline_entry.LATENCY + frame_narrow.LATENCY + stream_fifo.LATENCY
        order = 0
        if self.reorders:
            frames = lane_reorder.frames_held(self.points, self.config.lanes)
            order = self.points // self.config.lanes - 2 + frames
            order += frame_reorder.latency(self.target) + (self.prefix > 0)
        return lines + turns + ends + order

    @property
    def reorders(self) -> bool:
        """Whether a buffer of a frame, or of two, puts the output into the other order."""
        alike = self.config.input_order is self.config.output_order
        return alike and self.config.lanes < self.config.points

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready: the delay lines are washed."""
        return pipeline_entry.wash_clocks(self.washing) + 2

    @property
    def _flying(self) -> int:
        """Frames that may be judged and not yet gone, at most, as a power of two."""
        least = self.config.run_time.least_points or self.config.points
        interval = self.interval * least // self.points
        flying = -(-(self.latency + QUEUE) // interval) + 2
        return 1 << (flying - 1).bit_length()

    @property
    def washing(self) -> int:
        """Clocks of a turn of the delay lines' address; flags elsewhere are gone by then, too."""
        return max(_SHORT, *(s.clocks for s in self.stages))

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Complex samples, in and out."""
        config = self.config
        sides = (
            ("s_axis", config.formats.input, config.input_order, 0),
            ("m_axis", config.output, config.output_order, self.prefix),
        )
        data = tuple(
            Stream(
                name=name,
                lanes=config.lanes,
                beats=self.points // config.lanes + prefix,
                format=fmt,
                parts=2,
                element_bits=2 * _BYTE * -(-fmt.width // _BYTE),
                order=(range if order is Order.NATURAL else bit_reversed)(self.points),
                user_bits=USER_BITS if config.block and name == "m_axis" else 0,
                prefix=prefix,
            )
            for name, fmt, order, prefix in sides
        )
        return data + self._config_streams

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Delay lines that are memories, a buffer for another order, and twiddles."""
        made, lanes = [], self.config.lanes

        def memory(path: str, depth: int, width: int, **fields: Any) -> None:
            plain = {"fields": 1, "ports": 2, "read_latency": 1, "style": "block"}
            rest = {"contents": None, "loadable": False}
            made.append(Memory(path=path, depth=depth, width=width, **{**plain, **rest, **fields}))

        for k, p in enumerate(self.parts):
            if isinstance(p, Stage) and p.ring:
                width = 2 * p.size_out
                memory(f"u_controls_{k}/u_line", p.clocks, sdf_stage.line_width(p.size_out, True))
                for lane in range(1, lanes):
                    memory(f"u_works_{k}_{lane - 1}/u_line", p.clocks, width)
        if self.reorders:
            points, width = self.config.points, 2 * self.config.output.width
            plain: dict[str, Any] = {"read_latency": frame_reorder.latency(self.target)}
            if lanes == 1:
                memory("u_turned_round/u_buffer", points, width, **plain)
            else:
                plain["style"] = lane_reorder.style(points, lanes)
                for bank in range(lanes):
                    path = f"u_turned_round/u_buffers_{bank}"
                    memory(path, lane_reorder.depth(points, lanes), width, **plain)
        for k, kept in enumerate(self.tables):
            inner = [""]
            if len(kept.banks) > 1:
                inner = [f"/{path}" for path in table_banks.paths(len(kept.banks))]
            for path, image in zip(inner, kept.banks, strict=True):
                memory(
                    f"u_lookups_{k}{path}", image.depth, image.width, ports=len(kept.readers),
                    style=kept.style, contents=image.name,
                )  # fmt: skip
        return tuple(made)

    @cached_property
    def transform(self) -> golden.Transform:
        """The golden model's own description."""
        config, skipped = self.config, self.skipped
        fmt = config.output
        return golden.Transform(
            points=self.points,
            scaling="block" if config.block else self._scaling,
            word_bits=self.stages[0].size_in if config.block else 0,
            rotators=fft_plan.behind(fft_plan.rotators(config), skipped),
            twiddle_bits=config.formats.twiddle.width,
            output=(fmt.signed, fmt.integer, fmt.fraction),
            rounding=config.formats.rounding.value,
            inverse=self.inverse,
            rotation=config.rotation.value,
            lifted=tuple(s - skipped for s in fft_plan.lifted(config) if s > skipped),
            real=config.real,
            shift=self._shift,
        )

    @property
    def _scaling(self) -> tuple[int, ...]:
        """What the stages that a frame passes scale by, and the output."""
        return tuple(self.config.schedule[self.skipped :])

    @property
    def _shift(self) -> int:
        """Bits by which samples are shifted in front of the first stage that they pass."""
        return self.shift(self.skipped)

    def trace(self, x: Any) -> list[tuple[str, Ints, Ints]]:
        """Return for each part its name, codes (frames, points, 2), saturated words a frame."""
        return [
            (s.name, s.codes, np.zeros(len(s.codes), np.int64))
            for s in golden.trace(x, self.transform)
        ]

    def reference(self, x: Any) -> Ints:
        """Return the exact output codes for input codes, both (frames, points, 2)."""
        return golden.transform(x, self.transform).codes

    def exponents(self, x: Any) -> Ints:
        """Return the exponent of each frame: the output counts in codes times 2**exponent."""
        return golden.transform(x, self.transform).exponent

    def saturated(self, x: Any) -> Ints:
        """Return how many parts saturate in each frame of input codes."""
        return golden.transform(x, self.transform).saturated

    def predict(self, x: Any) -> NDArray[np.complex128]:
        """Return the transform in floats, nothing rounded, of complex values (frames, points)."""
        z = np.asarray(x)
        if z.shape[1:] != (self.points,):
            raise ValueError(f"x must be (frames, {self.points}), not {z.shape}")
        return golden.exact(np.stack([z.real, z.imag], -1), inverse=self.inverse, gain=self.gain)

    def facts(self) -> dict[str, Any]:
        """Return what is computed, in which steps, and how exactly, as plain values."""
        return fft_facts.facts(self)

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        config = self.config
        source, sink = self._stream("s_axis"), self._stream("m_axis")
        return streaming_fft, {
            "parts": self.parts,
            "tables": self.tables,
            "twiddle": config.formats.twiddle,
            "drop": config.schedule[-1],
            "rounding": config.formats.rounding,
            "swaps": config.direction is Direction.INVERSE,
            "reorders": self.reorders,
            "frames": self._flying,
            "washing": self.washing,
            "pipelining": config.pipelining,
            "target": config.target,
            "source": source,
            "sink": sink,
            "settings": self.settings,
            "doors": self.doors,
        }

    @property
    def doors(self) -> tuple[Door, ...]:
        """Where frames of smaller sizes enter, the largest first."""
        least = self.config.run_time.least_points or self.config.points
        most = (self.config.points // least).bit_length() - 1
        return tuple(
            Door(part=k, skipped=p.number - 1, shift=self.shift(p.number - 1))
            for k, p in enumerate(self.parts)
            if isinstance(p, Stage) and 1 < p.number <= most + 1
        )


class RealFft(Fft):
    """A streaming FFT of real samples, a sample a clock: words re and im of half as many."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        what = "an inverse FFT to" if self.inverse else "an FFT of"
        return f"{what} {self.config.points} real samples"

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once: of the rotators and of the split."""
        return sum(r.multipliers for r in self.rotators) + word_multiply.MULTIPLIERS

    @property
    def interval(self) -> int:
        """Clocks from frame to frame."""
        return int(self.config.points)

    @property
    def reverses(self) -> bool:
        """Whether the spectrum is in bit-reversed order: the split then needs half a frame."""
        order = self.config.input_order if self.inverse else self.config.output_order
        return bool(order is Order.BIT_REVERSED)

    @property
    def bottleneck(self) -> str:
        """The side of the samples, one a clock."""
        return "m_axis" if self.inverse else "s_axis"

    @property
    def reorders(self) -> bool:
        """Whether a buffer puts the output into another order: the split's memory does it."""
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the two real elements of the spectrum are."""
        name, middle = "s_axis" if self.inverse else "m_axis", self.config.points // 2
        return (f"Element 0 of {name} packs two real ones: re is X[0], im is X[{middle}].",)

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat; docs/fft.md 4."""
        lines = sum(
            s.clocks + (tapped_stage if s.taps else word_stage).latency(s.turns)
            for s in self.stages
        )
        turns = sum(r.clocks for r in self.rotators)
        split = real_split.latency(self.config.points // 2, self.reverses)
        narrow = word_narrow.latency(self.drop, self.config.formats.rounding)
        ends = pipeline_entry.LATENCY + narrow + stream_fifo.LATENCY
        return lines + turns + split + ends + (not self.inverse)  # a beat is taken with im

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready."""
        return super().ready_after_reset + self.inverse

    @property
    def drop(self) -> int:
        """Bits dropped at the output; behind the split words are twice the elements."""
        return int(self.config.schedule[-1] + (not self.inverse))

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Real samples on one side, complex elements of half a spectrum on the other."""
        config = self.config
        made = []
        for name, fmt, real in (
            ("s_axis", config.formats.input, not self.inverse),
            ("m_axis", config.output, self.inverse),
        ):
            parts = 1 if real else 2
            count, lanes = config.points // parts, config.lanes if real else config.pairs
            made.append(
                Stream(
                    name=name,
                    lanes=lanes,
                    beats=count // lanes,
                    format=fmt,
                    parts=parts,
                    element_bits=parts * _BYTE * -(-fmt.width // _BYTE),
                    order=(range if real or not self.reverses else bit_reversed)(count),
                )
            )
        return tuple(made)

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """The places of two stages whose lines are in one memory, or nothing."""
        return fft_plan.shared_lines(self.config, self.parts)

    @cached_property
    def circle(self) -> int | None:
        """The stage behind which a rotator stands that reads the table of the split."""
        return fft_plan.on_circle(self.config, self.rotators)

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """The twiddles of rotators and split, word by word."""
        return fft_plan.word_tables(self.config, self.rotators, self.name)

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Delay lines that are memories, the split's, and twiddles."""
        plain: dict[str, Any] = {
            "fields": 1, "ports": 2, "read_latency": 1, "contents": None, "loadable": False,
        }  # fmt: skip
        rings = {
            k: (p.clocks, word_stage.line_width(p.size_out, True))
            for k, p in enumerate(self.parts)
            if isinstance(p, Stage) and p.ring
        }
        shared = [rings.pop(k) for k in self.shared]
        made = [
            Memory(path=f"u_works_{k}/u_line", depth=depth, width=width, style="block", **plain)
            for k, (depth, width) in rings.items()
        ]
        if shared:
            depth, width = (max(sizes) for sizes in zip(*shared, strict=True))
            made.append(
                Memory(path="u_lines", depth=2 * depth, width=width, style="block", **plain)
            )
        width = self.config.formats.input.width if self.inverse else self.parts[-1].size_out
        deep = real_split.depth(self.config.points // 2, self.reverses)
        made.append(
            Memory(path="u_split/u_buffer", depth=deep, width=2 * width, style="block", **plain)
        )
        circle = None if self.circle is None else len(self.images) - 1
        made += [
            Memory(
                path=f"u_lookups_{k}", depth=image.depth, width=image.width,
                style=word_table_style(image),
                **{**plain, "contents": image.name, "ports": 1 + (k == circle)},
            )
            for k, image in enumerate(self.images)
        ]  # fmt: skip
        return tuple(made)

    def predict(self, x: Any) -> NDArray[Any]:
        """Return the transform in floats, nothing rounded.

        Of real values (frames, points) half the spectrum, complex (frames, points / 2), where
        element 0 is X[0] + j X[points / 2]; inverse, real values of such a spectrum. Raises
        TypeError for complex samples, ValueError for another shape.
        """
        z = np.asarray(x)
        elements = self._stream("s_axis").elements
        if z.shape[1:] != (elements,):
            raise ValueError(f"x must be (frames, {elements}), not {z.shape}")
        if self.inverse:
            z = np.stack([z.real, z.imag], -1)
        elif np.iscomplexobj(z):
            raise TypeError(f"x must be real, not {z.dtype}")
        return golden.exact(z, inverse=self.inverse, gain=self.gain, real=True)

    @staticmethod
    def to_rfft(spectrum: Any) -> NDArray[np.complex128]:
        """Return what `numpy.fft.rfft` would: (…, points / 2 + 1) of (…, points / 2).

        Element 0, which is X[0] + j X[points / 2], becomes the first and the last. For values, as
        `decode` and `predict` give them; `from_rfft` is the reverse.
        """
        y = np.asarray(spectrum, np.complex128)
        return np.concatenate([y[..., :1].real, y[..., 1:], y[..., :1].imag], axis=-1)

    @staticmethod
    def from_rfft(spectrum: Any) -> NDArray[np.complex128]:
        """Return (…, points / 2), as `encode` of an inverse takes it, of `numpy.fft.rfft`'s layout.

        The imaginary parts of the first and of the last element, which are 0 in the spectrum of
        real samples, are left out. Raises ValueError for less than three elements.
        """
        y = np.asarray(spectrum, np.complex128)
        if y.ndim < 1 or y.shape[-1] < 3:
            raise ValueError(f"spectrum must be (…, points / 2 + 1), not {y.shape}")
        return np.concatenate([y[..., :1].real + 1j * y[..., -1:].real, y[..., 1:-1]], axis=-1)

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        config = self.config
        return real_fft, {
            "parts": self.parts,
            "tables": self.images,
            "circle": self.circle,
            "shared": self.shared,
            "split_size": fft_plan.split_size(config),
            "twiddle": config.formats.twiddle,
            "drop": self.drop,
            "rounding": config.formats.rounding,
            "inverse": self.inverse,
            "reverses": self.reverses,
            "frames": self._flying,
            "washing": self.washing,
            "target": config.target,
            "source": self._stream("s_axis"),
            "sink": self._stream("m_axis"),
        }


class ParallelRealFft(RealFft):
    """An FFT of real samples that all come at once."""

    @cached_property
    def split(self) -> fft_plan.Split:
        """What joins the elements of the spectrum."""
        return fft_plan.split(self.config)

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once: of the rotators and of the split."""
        lanes, width = self.config.pairs, self.config.formats.twiddle.width
        turning = [
            r.multipliers for r in self.rotators for j in range(lanes) if r.turns(j, lanes) != (0,)
        ]
        each = complex_multiply.multipliers(self.target, self.split.size_in + 1, width)
        return sum(turning) + each * len(self.split.words)

    @property
    def interval(self) -> int:
        """Clocks from frame to frame."""
        return 1

    @property
    def latency(self) -> int:
        """Clocks from the input beat to the output beat; docs/fft.md 4."""
        width = self.config.formats.twiddle.width
        steps = len(self.stages) * sdf_stage.LATENCY + sum(r.clocks for r in self.rotators)
        split = lane_split.latency(self.target, self.split.size_in, width)
        narrow = word_narrow.latency(self.drop, self.config.formats.rounding)
        return steps + split + pipeline_entry.LATENCY + narrow + stream_fifo.LATENCY

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready."""
        return pipeline_entry.wash_clocks(self.washing) + 2

    @property
    def memories(self) -> tuple[Memory, ...]:
        """None."""
        return ()

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        made, constants = super(RealFft, self).top  # that of complex samples
        return made, {**constants, "tables": (), "drop": self.drop, "split": self.split}


class IterativeFft(Fft):
    """A memory-based FFT: some butterflies that pass over a frame, a stage or two at once."""

    @property
    def _scaling(self) -> tuple[int, ...]:
        """All stages halve, but the first where any does not; docs/fft.md 5."""
        stages, growing = self.config.stages, min(self.config.growing, 1)
        return (*[0] * growing, *[1] * (stages - growing), self.config.schedule[-1])

    @property
    def _shift(self) -> int:
        """What other stages do not halve."""
        return max(0, self.config.growing - 1)

    @property
    def words(self) -> int:
        """Words of a frame in the memory, each the results of all butterflies in one clock."""
        return int(self.config.points // (2 * self.config.butterflies))

    @property
    def rotation(self) -> int:
        """Clocks of a rotator."""
        return max(r.clocks for r in self.rotators)

    @property
    def written(self) -> int:
        """Clocks from a step to its results in the memory; docs/fft.md 5."""
        return write_clocks(self.rotation, self.config.stages_a_pass)

    @property
    def given(self) -> int:
        """Clocks from a step of the last pass to its results in the output buffer."""
        stages = self.config.stages_a_pass
        return give_clocks(self.rotation, stages, alone=self.config.stages % stages > 0)

    @property
    def turn(self) -> int:
        """Clocks of a pass: a word each, but so many that what is read was written."""
        if self.config.block:  # a pass waits for the levels of the one before
            return self.words + self.written + 1
        late = 3 * self.words // 4 - 2 if self.config.stages_a_pass > 1 else self.words // 2
        return max(self.words, late + self.written)

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once."""
        b = self.config.butterflies
        turned = b if self.config.stages_a_pass == 1 else max(2, 3 * b // 2)
        return int(turned * self.rotators[0].multipliers)

    @property
    def interval(self) -> int:
        """Clocks from frame to frame: of all passes, or of a buffer; docs/fft.md 5."""
        filled = self.config.points + self.turn + 1
        emptied = self.config.points + self.prefix + self.words + self.given + 1
        return max(self.config.passes * self.turn, filled, emptied)

    @property
    def bottleneck(self) -> str:
        """The passes, or the stream."""
        return "passes" if self.interval == self.config.passes * self.turn else "s_axis"

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat; docs/fft.md 5."""
        passes = (self.config.passes - 1) * self.turn + self.words + self.given
        choice = choice_clocks(self.config.butterflies, self.config.block)
        return int(self.config.points + passes + _ENDS + choice)

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready."""
        return 0

    @property
    def folded(self) -> bool:
        """Whether twiddles are kept as an eighth of the circle."""
        return fft_plan.folds(self.config)

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """Twiddles, of one butterfly or of four samples that two stages join."""
        return fft_plan.pass_tables(self.config, self.name)

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Two banks of the input buffer, the memory, the output buffer, and twiddles."""
        size, b = self.stages[0].size_in, self.config.butterflies
        block = self.config.block
        held = self.config.formats.input.width if block else size - self.config.growing
        plain: dict[str, Any] = {
            "ports": 2, "style": "block", "contents": None, "loadable": False,
        }  # fmt: skip
        wide = 4 * size * b
        made = [
            Memory(
                path=path, depth=depth, width=width, fields=fields, read_latency=latency, **plain
            )
            for path, depth, width, fields, latency in (
                ("u_banks_0", self.words, 2 * held * b, b, 2),
                ("u_banks_1", self.words, 2 * held * b, b, 2),
                ("u_memory", 2 * self.words, wide, 1, 2),
                ("u_buffer", self.words, wide, 1, 2),
            )
        ]
        if self.config.stages_a_pass == 1:
            inside = "/u_lookup" if self.folded else ""
            readers = [(f"u_compute/u_works_each_{k}_4{inside}", self.images[0]) for k in range(b)]
        else:
            each = self.images * max(1, b // 2)
            readers = [(f"u_compute/u_lookups_{k}", image) for k, image in enumerate(each)]
        made += [
            Memory(
                path=path,
                depth=image.depth,
                width=image.width,
                fields=1,
                ports=1,
                read_latency=1,
                style="block" if self.folded else table_style(image),
                contents=image.name,
                loadable=False,
            )
            for path, image in readers
        ]
        return tuple(made)

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        config = self.config
        return iterative_fft, {
            "butterflies": config.butterflies,
            "stages": config.stages_a_pass,
            "turn": self.turn,
            "size": self.stages[0].size_in,
            "shift": config.growing,
            "bump": fft_plan.first_bump(config),
            "drop": config.schedule[-1],
            "twiddle": config.formats.twiddle,
            "twiddles": self.images,
            "folded": self.folded,
            "rotation": self.rotation,
            "rounding": config.formats.rounding,
            "block": config.block,
            "swaps": config.direction is Direction.INVERSE,
            "reverses_in": config.input_order is Order.BIT_REVERSED,
            "reverses_out": config.output_order is Order.BIT_REVERSED,
            "prefix": config.cyclic_prefix,
            "frames": 8,
            "target": config.target,
            "source": self._stream("s_axis"),
            "sink": self._stream("m_axis"),
            "settings": self.settings,
        }


def build(config: Config, weights: Any = None, *, name: str = "fft", seed: int = 0) -> Fft:
    """Return the Design of a configuration. weights must be None; nothing is random."""
    if weights is not None:
        raise ValueError("weights must not be given to an FFT, which has none")
    if config.architecture is Architecture.ITERATIVE:
        return IterativeFft(name, config)
    if config.real:
        return (RealFft if config.serial else ParallelRealFft)(name, config)
    return Fft(name, config)
