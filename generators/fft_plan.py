"""How a streaming FFT is made: stages, rotators, widths, tables; docs/fft.md 1, 3 and 4."""

from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt

import mpmath
import numpy as np
from numpy.typing import NDArray

from kolam.generators.fft_config import MOST_BITS, Config, Order
from kolam.hdl import Rounding, complex_multiply
from kolam.hdl.image import Image
from kolam.hdl.target import Target

_RING_FROM = {Target.GENERIC: 128, Target.XC7: 128}  # clocks of a line that is a memory
_RING_ELSE = 32
_BLOCK_FROM = 64  # words of a table that is block RAM
_DIGITS = 40  # decimal, of a twiddle before it is rounded


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A butterfly and its line. size: bits of a part, before and behind."""

    number: int
    clocks: int
    halves: bool
    turns: bool
    size_in: int
    size_out: int
    ring: bool


@dataclass(frozen=True, kw_only=True)
class Rotator:
    """A rotator after a stage; first, last: the range of stages that it serves.

    place_bits: of the place in a frame that choose its twiddle. unmarked, bump: for the rounding
    at the output, added where the place has zeros in these bits.
    """

    after: int
    first: int
    last: int
    size_in: int
    size_out: int
    place_bits: int
    unmarked: int
    bump: int
    clocks: int
    multipliers: int


@dataclass(frozen=True, eq=False)
class Table:
    """Twiddles of one rotator, or of two: then the other takes every `step`-th word."""

    image: Image
    rotators: tuple[int, ...]
    step: int
    style: str


def rotators(config: Config) -> tuple[tuple[int, int, int], ...]:
    """Return (after, first, last) of the rotators of radix 2^2, in the order of the stages."""
    n = config.stages
    if config.input_order is Order.NATURAL:
        return tuple((s, s - 1, n) for s in range(2, n, 2))
    return tuple((n - s, 1, n - s + 2) for s in range(2, n, 2))[::-1]


def parts(config: Config) -> tuple[Stage | Rotator, ...]:
    """Return the parts of the pipeline in order. Raises ValueError where a word is too wide."""
    n, natural = config.stages, config.input_order is Order.NATURAL
    turning = {after: (first, last) for after, first, last in rotators(config)}
    quarters = _quarters(n, rotators(config))
    scaling, drop = config.schedule[:-1], config.schedule[-1]
    rounds = drop > 0 and config.formats.rounding is not Rounding.TRUNCATE
    twiddle = config.formats.twiddle
    bound = _Bound.of_input(config.formats.input.width)
    made: list[Stage | Rotator] = []
    for s in range(1, n + 1):
        clocks = 1 << (n - s if natural else s - 1)
        size = bound.bits
        bound = bound.halved() if scaling[s - 1] else bound.doubled()
        made.append(
            Stage(
                number=s,
                clocks=clocks,
                halves=bool(scaling[s - 1]),
                turns=s - 1 in quarters,
                size_in=size,
                size_out=max(size, bound.bits),
                ring=clocks >= _RING_FROM.get(config.target, _RING_ELSE),
            )
        )
        if s in turning:
            first, last = turning[s]
            final = s == max(turning)
            bump = 1 << drop - 1 + sum(scaling[s:]) if final and rounds else 0
            size = made[-1].size_out
            bound = bound.turned(twiddle.fraction, bump)
            made.append(
                Rotator(
                    after=s,
                    first=first,
                    last=last,
                    size_in=size,
                    size_out=bound.bits,
                    place_bits=last - first + 1,
                    unmarked=_unmarked(s, last, natural),
                    bump=bump,
                    clocks=complex_multiply.latency(config.target, size, twiddle.width),
                    multipliers=complex_multiply.multipliers(config.target, size, twiddle.width),
                )
            )
    widest = max(part.size_out for part in made)
    if widest + twiddle.width > 2 * MOST_BITS or widest > MOST_BITS:
        raise ValueError(
            f"words must grow to at most {MOST_BITS} bits, not {widest}: scale more stages"
        )
    return tuple(made)


def _quarters(n: int, triples: tuple[tuple[int, int, int], ...]) -> set[int]:
    """Return the stages p behind which x of the next is turned by a quarter where k_p = 1."""
    left: set[int] = set()
    ranges = [(1, n)]
    while ranges:
        p, q = ranges.pop()
        cut = next((after for after, first, last in triples if (first, last) == (p, q)), None)
        if cut is not None:
            ranges += [(p, cut), (cut + 1, q)]
        elif q > p:
            left.add(p)
    return left


def _unmarked(after: int, last: int, natural: bool) -> int:
    """Return the bits of the place that hold the digits which stages behind will take."""
    digits = range(after + 1, last + 1)
    return sum(1 << (last - m if natural else m - 1) for m in digits)


@dataclass(frozen=True)
class _Bound:
    """Parts are -part … part - 1 (part even), of samples of at most `modulus`."""

    part: int
    modulus: float

    @classmethod
    def of_input(cls, width: int) -> "_Bound":
        return cls(1 << width - 1, sqrt(2) * (1 << width - 1))

    @property
    def bits(self) -> int:
        return (self.part - 1).bit_length() + 1

    def doubled(self) -> "_Bound":
        return _Bound(2 * self.part, 2 * self.modulus)

    def halved(self) -> "_Bound":
        return _Bound(self.part, self.modulus + sqrt(0.5))

    def turned(self, fraction: int, bump: int) -> "_Bound":
        modulus = self.modulus * (1 + sqrt(2) / 2 ** (fraction + 1)) + sqrt(0.5) + sqrt(2) * bump
        limit = min(modulus, 2 * self.part) * (1 + 1e-12)  # what floats may have lost
        return _Bound(2 * ceil((limit + 1) / 2), modulus * (1 + 1e-12))


@cache
def twiddles(after: int, first: int, last: int, natural: bool, fraction: int) -> NDArray[np.int64]:
    """Return (places, 2) cosines and minus sines of a rotator's turns, by place; page 2."""
    count = last - first + 1
    places = np.arange(1 << count)

    def digit(m: int) -> NDArray[np.int64]:
        return places >> (last - m if natural else m - 1) & 1

    steps = sum(
        digit(a) * digit(b) << count - (b - a + 1)
        for a in range(first, after + 1)
        for b in range(after + 1, last + 1)
    )
    circle = 1 << count
    with mpmath.workdps(_DIGITS):
        scale = mpmath.mpf(1 << fraction)
        turns = {
            k: (
                int(mpmath.nint(scale * mpmath.cospi(mpmath.mpf(2 * k) / circle))),
                int(mpmath.nint(-scale * mpmath.sinpi(mpmath.mpf(2 * k) / circle))),
            )
            for k in set((np.asarray(steps) % circle).tolist())
        }
    return np.array([turns[k] for k in (np.asarray(steps) % circle).tolist()], np.int64)


def tables(config: Config, name: str) -> tuple[Table, ...]:
    """Return the tables of a design, the largest first; large ones serve two rotators each."""
    natural, fmt = config.input_order is Order.NATURAL, config.formats.twiddle
    mask = (1 << fmt.width) - 1
    order = sorted(rotators(config), key=lambda r: r[1] - r[2])
    made: list[Table] = []
    shared: set[int] = set()
    for number, (after, first, last) in enumerate(order):
        if after in shared:
            continue
        words = [
            int(c) & mask | (int(d) & mask) << fmt.width
            for c, d in twiddles(after, first, last, natural, fmt.fraction)
        ]
        image = Image(f"{name}_twiddles_{len(words)}", 2 * fmt.width, tuple(words))
        served, step = (after,), 1
        if len(words) >= _BLOCK_FROM * 8 and number + 1 < len(order):
            other = order[number + 1]
            step = 1 << (last - first) - (other[2] - other[1])
            served = (after, other[0])
            shared.add(other[0])
        style = "block" if len(words) >= _BLOCK_FROM else "logic"
        made.append(Table(image, served, step, style))
    return tuple(made)
