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

from kolam.generators import fft_plan
from kolam.generators.design import Design, Ints, Memory, Stream
from kolam.generators.fft_config import Config, Direction, Formats, Order, Rotation
from kolam.generators.fft_plan import Rotator, Stage, Table
from kolam.generators.streaming_fft import QUEUE, streaming_fft
from kolam.hdl.module import module
from kolam.kernels import frame_narrow, frame_reorder, pipeline_entry, sdf_stage, stream_fifo
from kolam.reference import fft as golden

__all__ = ["Config", "Direction", "Fft", "Formats", "Order", "Rotation", "build"]

_BYTE = 8


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
        return fft_plan.tables(self.config, self.name)

    @property
    def gain(self) -> float:
        """What the transform of values is multiplied by: a power of two, exact."""
        return float(2.0**self.config.log2_gain)

    @property
    def multipliers(self) -> int:
        """Multipliers, all busy at once."""
        return sum(r.multipliers for r in self.rotators)

    @property
    def interval(self) -> int:
        """Clocks from frame to frame."""
        return int(self.config.points)

    @property
    def bottleneck(self) -> str:
        """A sample a clock."""
        return "s_axis"

    @property
    def latency(self) -> int:
        """Clocks from the first input beat to the first output beat; docs/fft.md 5."""
        lines = sum(s.clocks + sdf_stage.LATENCY for s in self.stages)
        turns = sum(r.clocks for r in self.rotators)
        ends = pipeline_entry.LATENCY + frame_narrow.LATENCY + stream_fifo.LATENCY
        order = self.config.points - 1 + frame_reorder.latency(self.target) if self.reorders else 0
        return lines + turns + ends + order

    @property
    def reorders(self) -> bool:
        """Whether a buffer of one frame puts the output into the other order."""
        return bool(self.config.input_order is self.config.output_order)

    @property
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready: the delay lines are washed."""
        return pipeline_entry.wash_clocks(self.config.points // 2) + 2

    @property
    def streams(self) -> tuple[Stream, ...]:
        """One complex sample a beat, in and out."""
        config = self.config
        return tuple(
            Stream(
                name=name,
                lanes=1,
                beats=config.points,
                format=fmt,
                parts=2,
                element_bits=2 * _BYTE * -(-fmt.width // _BYTE),
                order=ordered(config.points, order),
            )
            for name, fmt, order in (
                ("s_axis", config.formats.input, config.input_order),
                ("m_axis", config.output, config.output_order),
            )
        )

    @property
    def memories(self) -> tuple[Memory, ...]:
        """Delay lines that are memories, and twiddles."""
        made = []
        for number, p in enumerate(self.parts):
            if isinstance(p, Stage) and p.ring:
                width = sdf_stage.line_width(p.size_out, p.ring)
                made.append(
                    Memory(
                        path=f"u_works_{number}/u_line",
                        depth=p.clocks,
                        width=width,
                        fields=1,
                        ports=2,
                        read_latency=1,
                        style="block",
                        contents=None,
                        loadable=False,
                    )
                )
        if self.reorders:
            made.append(
                Memory(
                    path="u_turned/u_buffer",
                    depth=self.config.points,
                    width=2 * self.config.output.width,
                    fields=1,
                    ports=2,
                    read_latency=frame_reorder.latency(self.target),
                    style="block",
                    contents=None,
                    loadable=False,
                )
            )
        for number, kept in enumerate(self.tables):
            made.append(
                Memory(
                    path=f"u_lookups_{number}",
                    depth=kept.image.depth,
                    width=kept.image.width,
                    fields=1,
                    ports=len(kept.rotators),
                    read_latency=1,
                    style=kept.style,
                    contents=kept.image.name,
                    loadable=False,
                )
            )
        return tuple(made)

    @cached_property
    def transform(self) -> golden.Transform:
        """The golden model's own description."""
        config = self.config
        fmt = config.output
        return golden.Transform(
            points=config.points,
            scaling=config.schedule,
            rotators=fft_plan.rotators(config),
            twiddle_bits=config.formats.twiddle.width,
            output=(fmt.signed, fmt.integer, fmt.fraction),
            rounding=config.formats.rounding.value,
            inverse=config.direction is Direction.INVERSE,
            rotation=config.rotation.value,
            lifted=fft_plan.lifted(config),
        )

    def trace(self, x: Any) -> list[tuple[str, Ints, Ints]]:
        """Return for each part its name, codes (frames, points, 2), saturated words a frame."""
        return [
            (s.name, s.codes, np.zeros(len(s.codes), np.int64))
            for s in golden.trace(x, self.transform)
        ]

    def reference(self, x: Any) -> Ints:
        """Return the exact output codes for input codes, both (frames, points, 2)."""
        return golden.transform(x, self.transform).codes

    def saturated(self, x: Any) -> Ints:
        """Return how many parts saturate in each frame of input codes."""
        return golden.transform(x, self.transform).saturated

    def predict(self, x: Any) -> NDArray[np.complex128]:
        """Return the transform in floats, nothing rounded, of complex values (frames, points)."""
        inverse = self.config.direction is Direction.INVERSE
        return golden.exact(x, inverse=inverse, gain=self.gain)

    @property
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""
        config = self.config
        source, sink = self._stream("s_axis"), self._stream("m_axis")
        flying = -(-(self.latency + QUEUE) // config.points) + 2
        return streaming_fft, {
            "parts": self.parts,
            "tables": self.tables,
            "fraction": config.formats.twiddle.fraction,
            "drop": config.schedule[-1],
            "rounding": config.formats.rounding,
            "swaps": config.direction is Direction.INVERSE,
            "reorders": self.reorders,
            "frames": 1 << (flying - 1).bit_length(),
            "target": config.target,
            "source": source,
            "sink": sink,
        }


def ordered(points: int, order: Order) -> Any:
    """Return the index of the k-th element of a frame, for each k."""
    if order is Order.NATURAL:
        return range(points)
    bits = points.bit_length() - 1
    places = np.arange(points)
    return tuple(sum((places >> b & 1) << bits - 1 - b for b in range(bits)).tolist())


def build(config: Config, weights: Any = None, *, name: str = "fft", seed: int = 0) -> Fft:
    """Return the Design of a configuration. weights must be None; nothing is random."""
    if weights is not None:
        raise ValueError("weights must not be given to an FFT, which has none")
    return Fft(name, config)
