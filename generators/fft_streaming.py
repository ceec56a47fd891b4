"""What a streaming FFT of complex samples computes, promises and is made of; docs/fft.md.

A frame is `points` complex samples; codes are integers of shape (frames, points, 2), re and im,
in natural order whatever the order on the streams.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators import fft_estimate, fft_facts, fft_plan, inspection
from kolam.generators.design import Design, Ints, Memory, Setting, Stream, bit_reversed
from kolam.generators.fft_config import (
    Config,
    Direction,
    Order,
)
from kolam.generators.fft_plan import Door, Rotator, Stage, Table
from kolam.generators.iterative_fft import (
    USER_BITS,
)
from kolam.generators.streaming_fft import QUEUE, streaming_fft
from kolam.hdl import Format
from kolam.hdl.module import module
from kolam.kernels import (
    frame_narrow,
    frame_reorder,
    lane_reorder,
    pipeline_entry,
    sdf_stage,
    stream_fifo,
    table_banks,
)
from kolam.reference import fft as golden

BYTE = 8
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
            made.append(
                Setting(
                    name="direction",
                    bits=1,
                    minimum=0,
                    maximum=1,
                    default=start,
                    meaning="0 forward, 1 inverse",
                )
            )
        if chosen.least_points is not None:
            made.append(
                Setting(
                    name="log2_points",
                    bits=config.stages.bit_length(),
                    minimum=chosen.least_points.bit_length() - 1,
                    maximum=config.stages,
                    default=config.stages,
                    drains=True,
                    meaning="frames of 2^log2_points, with gain, latency and interval of their own",
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
                    meaning="points at the end of a frame that come in front of it, too",
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
    def choices(self) -> dict[str, Any]:
        """Scaling and output format, where the configuration leaves them to the engine."""
        config = self.config
        found: dict[str, Any] = {}
        if config.scaling is None:
            found["scaling"] = list(config.schedule)
        if config.formats.output is None:
            found["formats.output"] = str(config.output)
        return found

    @property
    def interval(self) -> int:
        """Clocks from frame to frame."""
        return int(self.points // self.config.lanes) + self.prefix + (self.prefix > 0)

    @property
    def bottleneck(self) -> str:
        """A sample a clock, or what comes twice."""
        return "m_axis" if self.prefix else "s_axis"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a frame has in front, and where its exponent is."""
        made = []
        if "cyclic_prefix" in self.chosen:
            count = "As many of the last elements of a frame of m_axis as cyclic_prefix says"
        elif self.prefix:
            count = f"The last {self.prefix} elements of a frame of m_axis"
        if self.prefix or "cyclic_prefix" in self.chosen:
            made.append(f"{count} come in front of it, too, and are counted in its beats.")
        if self.config.block:
            made.append(
                "m_axis_tuser is the exponent of the frame, the same for all its beats: its codes "
                "count 2^exponent, and the gain is 2^-exponent times the one named."
            )
        return tuple(made)

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
                element_bits=2 * BYTE * -(-fmt.width // BYTE),
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

    def _layers(self, taken: inspection.Taken) -> Iterator[inspection.Layer]:
        """Yield the steps: exact values are scaled as the codes are, by the frame's exponent."""
        integers = golden.trace(taken.codes, self.transform)
        limited = golden.transform(taken.codes, self.transform).saturated
        floats = golden.trace_exact(taken.values, self.transform)
        fraction = self.config.formats.input.fraction
        for step, exact, fmt in zip(integers, floats, self._formats, strict=True):
            last = step is integers[-1]
            scale = fraction - fmt.fraction - step.exponent
            yield inspection.Layer(
                name=step.name,
                codes=step.codes,
                format=fmt,
                exact=np.ldexp(exact, scale.reshape(-1, *[1] * (exact.ndim - 1))),
                saturated=limited if last else np.zeros_like(limited),
            )

    @property
    def _formats(self) -> list[Format]:
        """The formats of the words behind the steps that a frame passes."""
        steps = [step for step in fft_facts.steps(self) if step["name"] != "reorder"]
        entered = next(k for k, p in enumerate(self.parts) if p is self.stages[self.skipped])
        return [Format.parse(step["format"]) for step in steps[entered:]]

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

    @property
    def estimate(self) -> dict[str, float] | None:
        """DSP blocks and block RAM of Artix-7, before synthesis; None for other families."""
        return fft_estimate.estimate(self)

    def facts(self) -> dict[str, Any]:
        """Return what the defaults of all settings compute, in which steps, and how exactly."""
        return fft_facts.facts(self._unset)

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
