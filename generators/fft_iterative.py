"""What a memory-based FFT computes, promises and is made of; docs/fft.md 5."""

from functools import cached_property
from typing import Any

from kolam.generators import fft_plan
from kolam.generators.design import Memory
from kolam.generators.fft_config import (
    Direction,
    Order,
)
from kolam.generators.fft_streaming import Fft
from kolam.generators.iterative_fft import (
    choice_clocks,
    give_clocks,
    iterative_fft,
    table_style,
    write_clocks,
)
from kolam.hdl.image import Image
from kolam.hdl.module import module

_ENDS = 6  # clocks of a sample in front of the input buffer and behind the output buffer


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
        """The passes, or a stream: the one that is loaded from, or that is unloaded to."""
        if self.interval == self.config.passes * self.turn:
            return "passes"
        filled = self.config.points + self.turn + 1
        return "s_axis" if self.interval == filled else "m_axis"

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
