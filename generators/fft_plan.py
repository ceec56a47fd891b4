"""How a streaming FFT is made: stages, rotators, widths, tables; docs/fft.md 1, 3 and 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, cos, gcd, pi, sqrt
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from kolam.generators.design import bit_reversed
from kolam.generators.fft_config import (
    MOST_BITS,
    Architecture,
    Config,
    Direction,
    Order,
    Rotation,
)
from kolam.hdl import Format, Rounding, complex_multiply, word_multiply
from kolam.hdl.delay_line import RAM_WIDTH
from kolam.hdl.image import Image
from kolam.hdl.target import Target
from kolam.kernels import (
    lifting_chain,
    lifting_rotator,
    table_banks,
    tapped_stage,
    word_eighth,
    word_stage,
)
from kolam.kernels.lifting_rotator import Terms

_RING_FROM = {Target.GENERIC: 128, Target.XC7: 128}  # clocks of a line that is a memory
_RING_ELSE = 32
_SHIFTS = Target.GENERIC, Target.XC7  # have addressable shift registers, or are as good as those
_SHARED_CLOCKS = 512  # of two lines that fit a small block RAM, with words of half its width
_BLOCK_FROM = 64  # words of a table that is block RAM
_SHARED_FROM = 512  # words of a table that is worth a block RAM with two ports
CIRCLE_FROM = 256  # words of a table, word by word, that is block RAM
FOLDED_FROM = 2048  # words of a table of which an eighth of the circle is kept, for some 65 LUT
_BANK = 2048  # words of a DP16KD of ECP5, whose words are then a byte
_DIGITS = 40  # decimal, of a twiddle before it is rounded
_GROUP = 4  # stages between two rotators that multiply, where others lift
_GROUP_REAL = 3  # the same of real samples, where others add
_LIFT_ERROR = 2.0**-9  # of the constants, whose terms leave less than that; in three steps
_LIFT_ROUNDING = 10.0  # of seventeen terms, and of the last step
LIFT_FRACTION = 16  # bits of the factor of a lifting rotator


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A butterfly in each lane and their lines, or one for each pair of lanes.

    distance: of the two samples of a pair on the stream. clocks: the same in beats; 0 where they
    come at once, in two lanes. turns: x of some is turned by a quarter. size: bits of a part,
    before and behind. ring: the line is a memory. taps: it is read where words are wanted.
    prepared: operands are chosen in a clock of their own.
    """

    number: int
    distance: int
    clocks: int
    halves: bool
    turns: bool
    size_in: int
    size_out: int
    ring: bool
    taps: bool
    prepared: bool = False


@dataclass(frozen=True, kw_only=True)
class Rotator:
    """A rotator after a stage, in each lane; first, last: the range of stages that it serves.

    place_bits: of a sample's place in a frame that must be known; the first ones, as many as the
    range has stages, choose its turn. natural: whether stages take the first bits first. adds: it
    turns by eighths, and is made of shifts and additions.
    unmarked, bump: for the rounding at the output, added where the place has zeros in these bits.
    """

    after: int
    first: int
    last: int
    natural: bool
    lifts: bool
    adds: bool
    size_in: int
    size_out: int
    place_bits: int
    unmarked: int
    bump: int
    clocks: int
    multipliers: int

    @property
    def steps(self) -> int:
        """Turns are multiples of a circle divided by this."""
        return 1 << self.last - self.first + 1

    @property
    def blocks(self) -> int:
        """How many bits of the place, the first ones, are the factor of the others in a turn."""
        return self.after - self.first + 1 if self.natural else self.last - self.after

    def turns(self, lane: int, lanes: int) -> tuple[int, ...]:
        """Return the turns of a lane, in steps, by the place in beats; 1 if all are the same.

        Trailing bits of the place that make no difference are left out.
        """
        digits, bits, width = self.last - self.first + 1, self.place_bits, lanes.bit_length() - 1
        places = np.arange(1 << max(0, bits - width)) << width | lane % (1 << bits)
        turns = _steps(self.after, self.first, self.last, self.natural)[places >> bits - digits]
        while len(turns) > 1 and (turns[::2] == turns[1::2]).all():
            turns = turns[::2]
        return tuple(turns.tolist())


@dataclass(frozen=True, kw_only=True)
class Split:
    """What joins elements of the spectrum of real samples, all at once.

    words: twiddles of elements 1 … M / 2 - 1. size_in, size_out: bits of a part.
    """

    words: tuple[int, ...]
    size_in: int
    size_out: int


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where frames of a smaller size enter: in front of a part, by its number in the list.

    skipped: stages that they do not pass; shift: bits by which they are shifted to the left.
    """

    part: int
    skipped: int
    shift: int


@dataclass(frozen=True, eq=False)
class Table:
    """Twiddles of the rotator `after` in one lane, or of two: each a step through the words.

    banks: what the memory takes them from, one or more. folded: cosines and sines of an eighth of
    the circle, read by the angle.
    """

    image: Image
    readers: tuple[tuple[int, int, int], ...]  # (after, lane, step)
    style: str
    banks: tuple[Image, ...]
    folded: bool = False


def rotators(config: Config) -> tuple[tuple[int, int, int], ...]:
    """Return (after, first, last) of the rotators, in the order of the stages; page 1."""
    n = config.stages
    if config.architecture is Architecture.ITERATIVE:
        if config.stages_a_pass > 1:
            return tuple((s, s - 1, n) for s in range(2, n, 2))
        return tuple((s, s, n) for s in range(1, n - 1))
    if config.real and config.rotation is Rotation.MULTIPLY:
        found = _halved(1, n)
    elif config.rotation is Rotation.MULTIPLY:
        found = [(s, s - 1, n) for s in range(2, n, 2)]
    else:
        found, first = [], 1
        group = _GROUP_REAL if config.real else _GROUP
        for size in ([n % group] if n % group else []) + [group] * (n // group):
            last = first + size - 1
            if size > 2:
                found.append((first + 1, first, last))
            if last < n:
                found.append((last, first, n))
            first = last + 1
    if config.pipeline_order is Order.NATURAL:
        return tuple(found)
    return tuple((n - s, n + 1 - q, n + 1 - p) for s, p, q in reversed(found))


def behind(triples: tuple[tuple[int, int, int], ...], skipped: int) -> tuple[Any, ...]:
    """Return the rotators of frames that do not pass the first stages: their digits are zero."""
    return tuple(
        (after - skipped, max(first - skipped, 1), last - skipped)
        for after, first, last in triples
        if after > skipped
    )


def _halved(first: int, last: int) -> list[tuple[int, int, int]]:
    """Return rotators that halve a range, in pairs of stages, and the halves: one large table."""
    if last - first < 2:
        return []
    after = first - 1 + max(2, (last - first + 1) // 4 * 2)
    return [*_halved(first, after), (after, first, last), *_halved(after + 1, last)]


def lifted(config: Config) -> tuple[int, ...]:
    """Return the stages behind which a lifting rotator stands: those within groups of stages."""
    if config.real or config.rotation is Rotation.MULTIPLY:
        return ()
    return tuple(s for s, p, q in rotators(config) if q - p < _GROUP)


@cache
def lifting_constants() -> tuple[Terms, Terms, tuple[int, int]]:
    """Return terms of T and of S, and S times 2**16, for one and two sixteenths; page 2."""
    with mpmath.workdps(_DIGITS):
        tangents = [mpmath.tan(mpmath.pi * r / 16) for r in (1, 2)]
        sines = [mpmath.sin(mpmath.pi * r / 8) for r in (1, 2)]
        one, two = (int(mpmath.nint(value * (1 << LIFT_FRACTION))) for value in sines)
        tangent = tuple(zip(*(_terms(value, 6) for value in tangents), strict=True))
        sine = tuple(zip(*(_terms(value, 5) for value in sines), strict=True))
        return tangent, sine, (one, two)


def _terms(value: Any, count: int) -> list[tuple[int, int]]:
    """Return (sign, shift) of signed powers of two that add up to a constant, nearly."""
    found = []
    for _ in range(count):
        size = abs(value)
        shift = min(range(18), key=lambda k: abs(size - mpmath.mpf(2) ** -k))
        found.append((1 if value > 0 else -1, shift))
        value -= found[-1][0] * mpmath.mpf(2) ** -shift
    return found


def parts(config: Config) -> tuple[Stage | Rotator, ...]:
    """Return stages and rotators in order. Raises ValueError where a word is too wide."""
    iterative = config.architecture is Architecture.ITERATIVE
    made = _passes(config) if iterative else _pipeline(config)
    widest = max(part.size_out for part in made)
    if widest > MOST_BITS:
        raise ValueError(
            f"words must grow to at most {MOST_BITS} bits, not {widest}: scale more stages"
        )
    return tuple(made)


def _passes(config: Config) -> list[Stage | Rotator]:
    """Return what the passes of the iterative architecture do: all with one size of word."""
    size, width = memory_size(config), config.formats.twiddle.width
    cost = _product_cost(config.target, size, width)
    turning = {after: (first, last) for after, first, last in rotators(config)}
    made: list[Stage | Rotator] = []
    for s in range(1, config.stages + 1):
        made.append(
            Stage(
                number=s,
                distance=config.points // 2,
                clocks=0,
                halves=not config.block and s > min(config.growing, 1),
                turns=s - 1 in _quarters(config.stages, rotators(config)),
                size_in=size,
                size_out=size,
                ring=False,
                taps=False,
            )
        )
        if s in turning:
            first, last = turning[s]
            made.append(
                Rotator(
                    after=s,
                    first=first,
                    last=last,
                    natural=True,
                    lifts=False,
                    adds=False,
                    size_in=size,
                    size_out=size,
                    place_bits=last - first + 1,
                    unmarked=0,
                    bump=0,
                    **cost,
                )
            )
    return made


def _pipeline(config: Config) -> list[Stage | Rotator]:
    n, natural, lanes = config.stages, config.pipeline_order is Order.NATURAL, config.pairs
    turning = {after: (first, last) for after, first, last in rotators(config)}
    quarters = _quarters(n, rotators(config))
    scaling, drop = config.schedule[:-1], config.schedule[-1]
    rounds = drop > 0 and config.formats.rounding is not Rounding.TRUNCATE and not config.real
    twiddle = config.formats.twiddle
    bound = _Bound.of_input(config.formats.input.width)
    if config.halves_first:
        bound = bound.split(twiddle.fraction).half
    made: list[Stage | Rotator] = []
    for s in range(1, n + 1):
        distance = 1 << (n - s if natural else s - 1)
        clocks = distance * (1 + config.serial) // lanes  # words re and im, one by one
        size = bound.bits
        bound = bound.halved() if scaling[s - 1] else bound.doubled()
        made.append(
            Stage(
                number=s,
                distance=distance,
                clocks=clocks,
                halves=bool(scaling[s - 1]),
                turns=s - 1 in quarters,
                size_in=size,
                size_out=max(size, bound.bits),
                ring=clocks >= _RING_FROM.get(config.target, _RING_ELSE) * (1 + config.serial),
                taps=config.serial and config.target in _SHIFTS and clocks <= tapped_stage.LONGEST,
                prepared=config.pipelining > 1 and clocks > 0 and config.target is not Target.XC7,
            )
        )
        if s in turning:
            first, last = turning[s]
            final = s == max(turning)
            bump = 1 << drop - 1 + sum(scaling[s:]) if final and rounds else 0
            size = made[-1].size_out
            lifts = s in lifted(config)
            bound = bound.lifted(bump) if lifts else bound.turned(twiddle.fraction, bump)
            adds = config.serial and config.rotation is Rotation.SHIFT_ADD and last - first == 2
            if adds:
                cost = {"clocks": word_eighth.LATENCY, "multipliers": 0}
            elif config.serial:
                cost = {"clocks": word_multiply.LATENCY, "multipliers": word_multiply.MULTIPLIERS}
            elif lifts:
                cost = _lifting_cost(config, max(size, bound.bits))
            else:
                cost = _product_cost(config.target, size, twiddle.width)
            made.append(
                Rotator(
                    after=s,
                    first=first,
                    last=last,
                    natural=natural,
                    lifts=lifts,
                    adds=adds,
                    size_in=size,
                    size_out=max(size, bound.bits),
                    place_bits=n - first + 1 if natural else last,
                    unmarked=_unmarked(s, n, natural),
                    bump=bump,
                    **cost,
                )
            )
    return made


def memory_size(config: Config) -> int:
    """Return the bits of a part in the memory of the iterative architecture; page 3 and 5.

    There all stages halve, and for those that do not the input is shifted; half a code is added to
    the first sample.
    """
    if config.block:
        return config.formats.input.width + 2
    half = first_bump(config) << config.growing
    bound = _Bound.of_input(config.formats.input.width + config.growing)
    bound = _Bound(bound.part + half + half % 2, bound.modulus + sqrt(2) * half)
    for s in range(1, config.stages + 1):
        bound = bound.halved()
        if s % config.stages_a_pass == 0:
            bound = bound.turned(config.formats.twiddle.fraction, 0)
    return bound.bits


def first_bump(config: Config) -> int:
    """Return what is added to the first sample so that all outputs are half a code larger."""
    scaling, drop = config.schedule[:-1], config.schedule[-1]
    if drop == 0 or config.formats.rounding is Rounding.TRUNCATE:
        return 0
    return 1 << drop - 1 + sum(scaling)


def _product_cost(target: Target, size: int, width: int) -> dict[str, int]:
    return {
        "clocks": complex_multiply.latency(target, size, width),
        "multipliers": complex_multiply.multipliers(target, size, width),
    }


def _lifting_cost(config: Config, size: int) -> dict[str, int]:
    products = config.rotation is Rotation.LIFT
    clocks = lifting_rotator.latency(products)
    if config.pipelining:
        tangent, sine, _ = lifting_constants()
        factor = LIFT_FRACTION + 2 if products else None
        clocks = lifting_chain.latency(config.target, size, (len(tangent), len(sine)), factor)
    return {"clocks": clocks, "multipliers": int(products)}


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


def _unmarked(after: int, n: int, natural: bool) -> int:
    """Return the bits of the place that hold the digits which stages behind will take."""
    return sum(1 << (n - m if natural else m - 1) for m in range(after + 1, n + 1))


def _steps(after: int, first: int, last: int, natural: bool) -> NDArray[np.int64]:
    """Return a rotator's turns by the digits of its range, in units of 2**-(digits)."""
    count = last - first + 1
    places = np.arange(1 << count)

    def digit(m: int) -> NDArray[np.int64]:
        return places >> (last - m if natural else m - first) & 1

    steps = sum(
        digit(a) * digit(b) << count - (b - a + 1)
        for a in range(first, after + 1)
        for b in range(after + 1, last + 1)
    )
    return np.asarray(steps) % (1 << count)


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

    def split(self, fraction: int) -> "_Bound":
        """Of the spectrum of real samples, behind the split."""
        modulus = 2 * sqrt(2) * self.radius * (1 + sqrt(2) / 2 ** (fraction + 1)) + sqrt(2)
        modulus *= 1 + 1e-12
        return _Bound(2 * ceil((modulus + 1) / 2), modulus)

    @property
    def half(self) -> "_Bound":
        """Of halves, rounded already."""
        return _Bound(2 * ceil(self.part / 4), self.modulus / 2)

    @property
    def radius(self) -> float:
        """What the modulus is at most: where samples are small, their parts say more."""
        return min(self.modulus, sqrt(2) * self.part)

    def doubled(self) -> "_Bound":
        return _Bound(2 * self.part, 2 * self.modulus)

    def halved(self) -> "_Bound":
        return _Bound(self.part, self.modulus + sqrt(0.5))

    def turned(self, fraction: int, bump: int) -> "_Bound":
        modulus = self.radius * (1 + sqrt(2) / 2 ** (fraction + 1)) + sqrt(0.5) + sqrt(2) * bump
        modulus *= 1 + 1e-12  # what floats may have lost
        return _Bound(2 * ceil((modulus + 1) / 2), modulus)

    def lifted(self, bump: int) -> "_Bound":
        """Words between the steps are longer by 1 / cos(pi / 8), and all must fit the result."""
        modulus = (self.radius + sqrt(2) * bump) * (1 + _LIFT_ERROR) + _LIFT_ROUNDING
        return _Bound(2 * ceil((modulus / cos(pi / 8) + 1) / 2), modulus)


@cache
def twiddle(step: int, circle: int, fraction: int) -> tuple[int, int]:
    """Return the cosine and minus the sine of step / circle turns, as codes; page 2."""
    with mpmath.workdps(_DIGITS):
        angle, scale = mpmath.mpf(2 * step) / circle, mpmath.mpf(1 << fraction)
        cosine, sine = scale * mpmath.cospi(angle), scale * mpmath.sinpi(angle)
        return int(mpmath.nint(cosine)), int(mpmath.nint(-sine))


def twiddle_word(step: int, circle: int, fmt: Format) -> int:
    """Return a twiddle as a word of a table: cosine low, minus the sine high."""
    mask = (1 << fmt.width) - 1
    divisor = gcd(step, circle)
    c, d = twiddle(step // divisor, circle // divisor, fmt.fraction)
    return c & mask | (d & mask) << fmt.width


def folds(config: Config) -> bool:
    """Return whether the iterative architecture keeps an eighth of the circle; page 5."""
    return config.stages_a_pass == 1 and config.points // 2 >= FOLDED_FROM


def pass_tables(config: Config, name: str) -> tuple[Image, ...]:
    """Return the twiddles of the iterative architecture: of half a circle, or an eighth; page 5.

    With two stages a pass those of each rotator by the quad i: turns of 2 i, i and 3 i. A single
    butterfly turns the sums of the first stage by 0 and 2 i, then its differences by i and 3 i.
    """
    points, fmt = config.points, config.formats.twiddle
    quads = range(points // 4)

    def words(*factors: int) -> tuple[int, ...]:
        return tuple(twiddle_word(f * i, points, fmt) for f in factors for i in quads)

    if folds(config):
        return (folded_image(points, fmt, f"{name}_twiddles"),)
    if config.stages_a_pass == 1:
        half = tuple(twiddle_word(i, points, fmt) for i in range(points // 2))
        return (Image(f"{name}_twiddles", 2 * fmt.width, half),)
    each = {0: (0, 1), 1: (2, 3)} if config.butterflies == 1 else {1: (2,), 2: (1,), 3: (3,)}
    return tuple(
        Image(f"{name}_twiddles_{k}", 2 * fmt.width, words(*factors)) for k, factors in each.items()
    )


def split_size(config: Config) -> int:
    """Return the bits of a part behind the split of real samples; page 3."""
    bound = _Bound.of_input(config.formats.input.width)
    fraction = config.formats.twiddle.fraction
    if config.halves_first:
        return bound.split(fraction).half.bits
    turning = {after for after, _, _ in rotators(config)}
    for s, halves in enumerate(config.schedule[:-1], 1):
        bound = bound.halved() if halves else bound.doubled()
        if s in turning:
            bound = bound.turned(fraction, 0)
    return bound.split(fraction).bits


def split(config: Config) -> Split:
    """Return the split of real samples that come all at once."""
    fmt, inverse = config.formats.twiddle, config.halves_first
    mask = (1 << fmt.width) - 1
    codes = [twiddle(k, config.points, fmt.fraction) for k in range(1, config.points // 4)]
    words = (d & mask | ((c if inverse else -c) & mask) << fmt.width for c, d in codes)
    size_in = config.formats.input.width if inverse else _pipeline(config)[-1].size_out
    return Split(words=tuple(words), size_in=size_in, size_out=split_size(config))


def shared_lines(config: Config, parts: Sequence[Stage | Rotator]) -> tuple[int, ...]:
    """Return the places of two stages whose lines are in one memory, or nothing."""
    found = tuple(
        k
        for k, part in enumerate(parts)
        if isinstance(part, Stage) and part.ring and part.clocks <= _SHARED_CLOCKS
        if word_stage.line_width(part.size_out, True) <= RAM_WIDTH // 2
    )
    return found if config.target is Target.XC7 and len(found) == 2 else ()


def on_circle(config: Config, rotators: Sequence[Rotator]) -> int | None:
    """Return the stage behind which a rotator stands that reads the table of the split."""
    if config.points < CIRCLE_FROM:
        return None
    return next(r.after for r in rotators if r.last - r.first + 1 == config.stages)


def eighth(fraction: int) -> int:
    """Return the cosine of an eighth of a circle, as a code."""
    return twiddle(1, 8, fraction)[0]


def word_tables(config: Config, rotators: Sequence[Rotator], name: str) -> tuple[Image, ...]:
    """Return the tables of rotators, in order, and of the split, whose words come one by one.

    Or in place of the split's, and of that of the largest rotator, the sine of a circle. Of an
    inverse two words of it are those of element 0: odd ones of its second quarter, which nothing
    else reads.
    """
    fmt, points = config.formats.twiddle, config.points // 2
    mask = (1 << fmt.width) - 1
    made = []
    whole = on_circle(config, rotators)
    for rotator in (r for r in rotators if r.after != whole and not r.adds):
        codes = [twiddle(turn, rotator.steps, fmt.fraction) for turn in rotator.turns(0, 1)]
        made.append((f"{name}_twiddles_{rotator.after}", codes))
    inverse = config.direction is Direction.INVERSE
    natural = config.output_order is Order.NATURAL and not inverse
    order = range(points) if natural else bit_reversed(points)
    codes = [twiddle(k, config.points, fmt.fraction) for k in order]
    one = 1 << fmt.fraction
    first = (-one // 2, one // 2) if inverse else (-one, -one)
    if whole is None:
        made.append((f"{name}_twiddles_split", [first, *((d, -c) for c, d in codes[1:])]))
    else:
        sines = [-twiddle(k, config.points, fmt.fraction)[1] for k in range(config.points)]
        if inverse:
            sines[points // 2 + 1], sines[points // 2 + 3] = first
        made.append((f"{name}_sines", list(zip(sines[::2], sines[1::2], strict=True))))
    return tuple(
        Image(stem, fmt.width, tuple(part & mask for pair in pairs for part in pair))
        for stem, pairs in made
    )


def folded_image(circle: int, fmt: Format, stem: str) -> Image:
    """Return cosines (low) and sines of 1 … circle / 8 steps, the last at address 0."""
    size = fmt.width - 1  # they are not negative
    eighth = circle // 8
    codes = (twiddle(k or eighth, circle, fmt.fraction) for k in range(eighth))
    return Image(stem, 2 * size, tuple(c | -d << size for c, d in codes))


def tables(config: Config, rotators: Sequence[Rotator], name: str) -> tuple[Table, ...]:
    """Return the tables of a design, the largest first; large ones serve two rotators each."""
    fmt, lanes = config.formats.twiddle, config.pairs
    wanted, folding = [], []
    for rotator in (r for r in rotators if not r.lifts):
        for lane in range(lanes):
            turns = rotator.turns(lane, lanes)
            if len(turns) >= max(FOLDED_FROM, rotator.steps // 4):
                folding.append((rotator.steps, rotator.after, lane))
            elif len(turns) > 1:
                words = tuple(twiddle_word(turn, rotator.steps, fmt) for turn in turns)
                wanted.append((words, rotator.after, lane))

    def stem(after: int, lane: int) -> str:
        return f"{name}_twiddles_{after}" + (f"_lane{lane}" if lanes > 1 else "")

    made: list[Table] = []

    def add(
        image: Image, readers: list[tuple[int, int, int]], style: str, folded: bool = False
    ) -> None:
        deep = config.target is Target.ECP5 and image.depth > _BANK
        banks = table_banks.split(image, _BANK) if deep else (image,)
        made.append(Table(image, tuple(readers), style, banks, folded))

    folding.sort(key=lambda entry: -entry[0])
    for k in range(0, len(folding), 2):
        circle, after, lane = folding[k]
        readers = [(other[1], other[2], circle // other[0]) for other in folding[k : k + 2]]
        add(folded_image(circle, fmt, stem(after, lane)), readers, "block", folded=True)
    wanted.sort(key=lambda entry: -len(entry[0]))
    while wanted:
        words, after, lane = wanted.pop(0)
        readers = [(after, lane, 1)]
        if len(words) >= _SHARED_FROM:
            for other in wanted:
                step = len(words) // len(other[0])
                if words[::step] == other[0]:
                    readers.append((other[1], other[2], step))
                    wanted.remove(other)
                    break
        style = "block" if len(words) >= _BLOCK_FROM else "logic"
        add(Image(stem(after, lane), 2 * fmt.width, words), readers, style)
    return tuple(made)
