"""What an FFT will take of Artix-7, before synthesis, as far as that can be known.

DSP blocks and block RAM only: products and memories have the sizes that the design gives them. What
becomes of butterflies, control and delay lines in LUTs and flip-flops is for synthesis to count.
"""

from typing import Any

from kolam.generators.estimate import dsp_blocks, memory_cost
from kolam.generators.fft_config import Architecture
from kolam.generators.fft_plan import LIFT_FRACTION, Rotator, twiddle_word
from kolam.hdl import Format
from kolam.hdl.target import Target

Products = list[tuple[int, int]]


def estimate(design: Any) -> dict[str, float] | None:
    """Return dsp and bram36; None for a target that is made for blocks of another family."""
    if design.target not in (Target.GENERIC, Target.XC7):
        return None
    halves = sum(memory_cost(memory).get("half_blocks", 0) for memory in design.memories)
    return {"dsp": sum(dsp_blocks(*each) for each in _products(design)), "bram36": halves / 2}


def _products(design: Any) -> Products:
    """Return the bits of both factors of every product that takes a multiplier."""
    config, twiddle = design.config, design.config.formats.twiddle
    if config.architecture is Architecture.ITERATIVE:
        rotator = design.rotators[0]
        turned = design.multipliers // rotator.multipliers
        return _complex(rotator.size_in, twiddle) * turned
    if config.serial:
        sizes = [r.size_in for r in design.rotators if r.multipliers]
        split = config.formats.input.width if config.halves_first else design.parts[-1].size_out
        return [each for size in [*sizes, split + 1] for each in _word(size, twiddle.width)]
    lanes = config.pairs if config.real else config.lanes
    made = [
        each
        for r in design.rotators
        for lane in range(lanes)
        for each in _turn(r, lane, lanes, twiddle)
    ]
    if config.real:
        for word in design.split.words:
            made += _complex(design.split.size_in + 1, twiddle, word)
    return made


def _turn(rotator: Rotator, lane: int, lanes: int, twiddle: Format) -> Products:
    """Return those of a rotator in one lane, where all turns may be one."""
    turns = rotator.turns(lane, lanes)
    if turns == (0,) or not rotator.multipliers:
        return []
    if rotator.lifts:
        quarters = len(turns) == 1 and 4 * turns[0] % rotator.steps == 0
        return [] if quarters else [(rotator.size_out + 1, LIFT_FRACTION + 2)]
    word = twiddle_word(turns[0], rotator.steps, twiddle) if len(turns) == 1 else None
    return _complex(rotator.size_in, twiddle, word)


def _complex(size: int, twiddle: Format, word: int | None = None) -> Products:
    """Return those of hdl/complex_multiply; by a constant, a product with 0 or 2^k is none."""
    factors = [size + 1, size, size]
    if word is None:
        return list(zip(factors, (twiddle.width, *[twiddle.width + 1] * 2), strict=True))
    c, d = (_signed(part, twiddle.width) for part in (word, word >> twiddle.width))
    constants = zip(factors, (d, c - d, c + d), strict=True)
    return [(bits, abs(v).bit_length() + 1) for bits, v in constants if abs(v).bit_count() > 1]


def _word(size: int, width: int) -> Products:
    """Return those of hdl/word_multiply."""
    return [(size, width), (size + 1, width)]


def _signed(word: int, width: int) -> int:
    word %= 1 << width
    return word - (word >> width - 1 << width)
