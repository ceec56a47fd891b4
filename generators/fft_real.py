"""What an FFT of real samples computes, promises and is made of; docs/fft.md 2 and 4."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators import fft_plan
from kolam.generators.design import Memory, Stream, bit_reversed
from kolam.generators.fft_config import (
    Order,
)
from kolam.generators.fft_plan import Stage
from kolam.generators.fft_streaming import BYTE, Fft
from kolam.generators.real_fft import real_fft
from kolam.generators.real_fft import table_style as word_table_style
from kolam.hdl import complex_multiply, word_multiply
from kolam.hdl.image import Image
from kolam.hdl.module import module
from kolam.kernels import (
    lane_split,
    pipeline_entry,
    real_split,
    sdf_stage,
    stream_fifo,
    tapped_stage,
    word_narrow,
    word_stage,
)
from kolam.reference import fft as golden


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
                    element_bits=parts * BYTE * -(-fmt.width // BYTE),
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
