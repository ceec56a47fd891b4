"""The discrete Fourier transform in fixed point, bit for bit: docs/fft.md, sections 1 to 3.

    y[k] = gain * sum over i < points of x[i] e^(-/+ 2 pi j i k / points)    - forward, + inverse

Written from the page alone. A frame is one array whose axis `name` counts k_1 .. k_s i_s+1 .. i_n
as a binary number, k_1 highest, so that each digit keeps its place through all stages: stage s
turns digit s from i_s into k_s. Frames lie along the last axis, where NumPy runs fastest.

Real samples x[2m], x[2m+1] are the parts of one complex point m, and a split makes their spectrum.
"""

import itertools
import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import mpmath
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from kolam.reference import fixed
from kolam.reference.fixed import Format, Ints

BLOCK_POINTS = 1 << 16  # points that transform holds at a time: they stay in the cache
ROTATIONS = ("multiply", "lift", "shift_add")
Terms = tuple[tuple[int, int], ...]  # (sign, shift) each: the sum of sign * 2**-shift


@dataclass(frozen=True, kw_only=True)
class Transform:
    """One transform, as in section 1 and 2 of the page.

    points: N = 2**n, n >= 1; of real samples n >= 2.
    scaling: n + 1 numbers, 0 or 1 for each stage, and the bits dropped at the end, >= 0; or
        "block", and every frame decides them. Of real samples n numbers, for n - 1 stages.
    rotators: (after, first, last) each, in any order; what they leave of a tree are quarters.
    twiddle_bits: F + 2 >= 3, for F fraction bits.
    output: the format of an output part; codes need no fraction, only limits.
    rounding: of the output: truncate, half_up or half_even.
    rotation: how a lifting rotator is made: lift or shift_add; with multiply there is none.
    lifted: the stages behind which it is a lifting one that turns, by sixteenths of a circle.
    word_bits: with "block", W >= 4; input and output parts have W - 2 bits. Otherwise 0.
    shift: bits by which codes are shifted to the left before stage 1, >= 0; with "block" 0.
    real: samples are real, and the stages and rotators are those of M = N / 2 complex points; not
        with "block".

    With "block" a stage makes a modulus of sqrt(2) 2**(W - 2) at most, or halves. What roundings
    and twiddles add to that (section 3) stays below 2**(W - 1), and so W bits hold all parts, if
    n (2**(2 - W) + 2**(1.5 - twiddle_bits)) <= ln sqrt(2) = 0.346 and no rotator is lifted; the
    model needs no words, and does not check it.

    Raises TypeError or ValueError for a field of another kind or beyond its range.
    """

    points: int
    scaling: tuple[int, ...] | Literal["block"]
    rotators: tuple[tuple[int, int, int], ...]
    twiddle_bits: int
    output: Format
    rounding: str = "half_even"
    inverse: bool = False
    rotation: str = "multiply"
    lifted: tuple[int, ...] = ()
    word_bits: int = 0
    real: bool = False
    shift: int = 0

    def __post_init__(self) -> None:
        _check_integers("points", self.points)
        _check_integers("shift", self.shift)
        if self.shift < 0 or (self.shift and self.scaling == "block"):
            raise ValueError(f"shift must be 0 or more, and 0 with 'block', not {self.shift}")
        _check_integers("twiddle_bits", self.twiddle_bits)
        for field in ("inverse", "real"):
            if not isinstance(getattr(self, field), bool):
                raise TypeError(f"{field} must be True or False, not {getattr(self, field)!r}")
        least = 4 if self.real else 2
        if self.points < least or self.points & (self.points - 1):
            raise ValueError(f"points must be a power of two from {least}, not {self.points}")
        if self.twiddle_bits < 3:
            raise ValueError(f"twiddle_bits must be 3 or more, not {self.twiddle_bits}")
        self._check_scaling()
        self._check_rotators()
        _check_integers("a number of output", *self.output[1:])
        if len(self.output) != 3 or not 1 <= fixed.width(self.output) <= 64:
            raise ValueError(
                f"output must be (signed, integer, fraction) of 1 to 64 bits, not {self.output}"
            )
        if self.rounding not in fixed.ROUNDINGS:
            words = ", ".join(fixed.ROUNDINGS)
            raise ValueError(f"rounding must be one of {words}, not {self.rounding!r}")
        self._check_lifted()
        if self.scaling == "block" and fixed.width(self.output) != self.word_bits - 2:
            raise ValueError(
                f"output must have word_bits - 2 = {self.word_bits - 2} bits with scaling 'block', "
                f"not {fixed.width(self.output)}"
            )

    @property
    def stages(self) -> int:
        """The stages: n, and n - 1 for real samples."""
        return int(self.points).bit_length() - 1 - self.real

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of a frame: of samples, and of their spectrum."""
        if self.real:
            return (self.points,), (self.points // 2, 2)
        return (self.points, 2), (self.points, 2)

    @property
    def fraction(self) -> int:
        """The fraction bits of a twiddle, F."""
        return self.twiddle_bits - 2

    @property
    def quarters(self) -> set[int]:
        """The stages s that take -j x instead of x where k_(s-1) = 1."""
        covered = Counter(p for rotator in self.rotators for p in _pairs(*rotator))
        return {s for s in range(2, self.stages + 1) if not covered[s - 1, s]}

    def _check_scaling(self) -> None:
        _check_integers("word_bits", self.word_bits)
        if isinstance(self.scaling, str):
            if self.scaling != "block":
                raise ValueError(f"scaling must be numbers or 'block', not {self.scaling!r}")
            if self.real:
                raise ValueError("scaling must be numbers for real samples, not 'block'")
            if self.word_bits < 4:
                raise ValueError(
                    f"word_bits must be 4 or more with scaling 'block', not {self.word_bits}"
                )
            return
        if self.word_bits != 0:
            raise ValueError(f"word_bits must be 0 if scaling is not 'block', not {self.word_bits}")
        _check_integers("a number of scaling", *self.scaling)
        if len(self.scaling) != self.stages + 1:
            raise ValueError(
                f"scaling must be {self.stages + 1} numbers, one for each stage and the bits "
                f"dropped at the end, not {len(self.scaling)}"
            )
        if not set(self.scaling[:-1]) <= {0, 1} or self.scaling[-1] < 0:
            raise ValueError(
                f"scaling must be 0 or 1 for a stage and 0 or more at the end, not {self.scaling}"
            )

    def _check_rotators(self) -> None:
        for rotator in self.rotators:
            _check_integers("a number of a rotator", *rotator)
            ordered = len(rotator) == 3 and 1 <= rotator[1] <= rotator[0] < rotator[2]
            if not (ordered and rotator[2] <= self.stages):
                raise ValueError(
                    f"a rotator must be (after, first, last) with 1 <= first <= after < last <= "
                    f"{self.stages}, not {rotator}"
                )
        # Counting tells a tree: pair (p, q) of a range of three stages or more is no neighbour
        # pair, so one rotator covers it and splits the range; any other that reached across that
        # split would cover a pair again. So neighbours are left in ranges of two stages only.
        covered = Counter(p for rotator in self.rotators for p in _pairs(*rotator))
        for a, b in itertools.combinations(range(1, self.stages + 1), 2):
            times = covered[a, b]
            if times > 1 or (times == 0 and b > a + 1):
                raise ValueError(
                    f"rotators must cover every pair of stages once, not {(a, b)} {times} times"
                )

    def _check_lifted(self) -> None:
        if self.rotation not in ROTATIONS:
            words = ", ".join(ROTATIONS)
            raise ValueError(f"rotation must be one of {words}, not {self.rotation!r}")
        _check_integers("a number of lifted", *self.lifted)
        if self.lifted and self.rotation == "multiply":
            raise ValueError(f"lifted must be empty with rotation 'multiply', not {self.lifted}")
        short = {after for after, first, last in self.rotators if last - first <= 3}
        for stage in self.lifted:
            if stage not in short:
                raise ValueError(
                    f"a number of lifted must be a stage with a rotator of last - first <= 3 "
                    f"behind it, not {stage}"
                )
        if len(set(self.lifted)) < len(self.lifted):
            raise ValueError(f"lifted must name a stage once, not {self.lifted}")


class Answer(NamedTuple):
    """What transform gives, for every frame.

    codes: (frames, points, 2) in natural order of k, last axis re, im; int64 (Python integers for
    an unsigned output of 64 bits). saturated: (frames,), the parts that were limited. exponent:
    (frames,), h_1 + .. + h_n + drop: codes times 2**exponent are those of the sums themselves.

    Of real samples codes are (frames, M, 2), k = 0 with X[0] and X[M] as its parts; and of their
    inverse (frames, points), where exponent has 1 more, as its split halves.
    """

    codes: Ints
    saturated: NDArray[np.int64]
    exponent: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stage:
    """The values behind one step.

    name: "stage s", "rotator s" (the one behind stage s), "split" (of real samples: last before
    the output, or first if inverse) or "output".
    codes: (frames, points, 2), last axis re, im; a point is named k_1 .. k_s i_s+1 .. i_n, read as
    a binary number with k_1 highest, and k in natural order at the output. An inverse transform
    exchanges parts first and last, so all but its output are exchanged. Of real samples there are
    M points, the split is in natural order and never exchanged, and the output as in Answer.
    exponent: (frames,), as in Answer: codes times 2**exponent are those of the sums themselves.
    """

    name: str
    codes: Ints
    exponent: NDArray[np.int64]


def transform(x: Any, plan: Transform) -> Answer:
    """Return the output of every frame, for codes x: (frames, points, 2), last axis re, im.

    Real samples are x: (frames, points), and the spectrum for their inverse (frames, M, 2), as in
    Answer. Any integers are codes, for there is no input format; only scaling "block" has limits.
    Raises TypeError if x holds no integers, ValueError if it has another shape or is beyond those
    limits.
    """
    x = _frames(x, plan)
    size = max(1, BLOCK_POINTS // plan.points)
    codes, saturated, exponent = [], [], []
    for start in range(0, max(len(x), 1), size):
        steps = deque(_steps(x[start : start + size], plan), maxlen=1)
        y, limited, dropped = _output(steps[0], plan)
        codes.append(_outward(y, plan))
        saturated.append(limited.sum(axis=(0, 1), dtype=np.int64))
        exponent.append(dropped)
    return Answer(*(np.concatenate(blocks) for blocks in (codes, saturated, exponent)))


def trace(x: Any, plan: Transform) -> list[Stage]:
    """Return the values behind every stage and rotator, and the output; x as for transform."""
    steps = list(_steps(_frames(x, plan), plan))
    stages = [
        Stage(s.name, np.ascontiguousarray(s.values.transpose(2, 1, 0)), _exponent(s, plan))
        for s in steps
    ]
    codes, _, exponent = _output(steps[-1], plan)
    return [*stages, Stage("output", np.ascontiguousarray(_outward(codes, plan)), exponent)]


def trace_exact(x: Any, plan: Transform) -> list[NDArray[np.float64]]:
    """Return in double precision what the steps of `trace` compute, nothing scaled or rounded.

    x: real numbers in the shape of `trace`'s codes. So are the results, step by step, each in the
    same layout; codes of `trace` times 2**exponent of their frame are near them where x are codes.
    Raises ValueError if x has another shape.
    """
    x = np.asarray(x, np.float64)
    shape = plan.shapes[plan.inverse]
    if x.shape[1:] != shape:
        raise ValueError(f"x must be (frames, {', '.join(map(str, shape))}), not {x.shape}")
    whole = exact(x, inverse=plan.inverse, real=plan.real)
    outward = whole if whole.dtype == np.float64 else _parts(whole)
    if plan.real:
        samples = whole if plan.inverse else x
        pairs = samples[:, ::2] + 1j * samples[:, 1::2]
        # of an inverse, the points that its stages make these samples of
        z = scipy.fft.fft(pairs, norm="forward") if plan.inverse else pairs
    else:
        z = x[..., 0] + 1j * x[..., 1]
    result = [_parts(z)] if plan.real and plan.inverse else []
    v = 1j * z.conj() if plan.inverse else z  # parts exchanged
    quarters = plan.quarters
    rotators = {after: (after, first, last) for after, first, last in plan.rotators}
    for s in range(1, plan.stages + 1):
        old = v.reshape(len(v), 2 ** (s - 1), 2, -1)
        first, second = old[:, :, 0], old[:, :, 1].copy()
        if s in quarters:
            second[:, 1::2] *= -1j
        v = np.stack([first + second, first - second], axis=2).reshape(v.shape)
        result.append(_parts(v))
        if s in rotators:
            turn, circle = _turns(*rotators[s], plan)
            v = v * np.exp(-2j * np.pi * turn / circle)
            result.append(_parts(v))
    if plan.real and not plan.inverse:
        result.append(outward)
    return [*result, outward]


def _parts(z: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.stack([z.real, z.imag], axis=-1)


def exact(x: Any, *, inverse: bool = False, gain: float = 1.0, real: bool = False) -> NDArray[Any]:
    """Return gain * sum over i of x[i] e^(-/+ 2 pi j i k / points) in double precision.

    x: (frames, points, 2) real numbers, last axis re, im. Result: (frames, points) complex128,
    natural order. With real, x: (frames, points), an even number, and the result (frames, M), M =
    points / 2, k = 0 with X[0] and X[M] as its parts; inverse, x: (frames, M, 2) such parts, and
    the result (frames, points) float64. Raises ValueError if x has another shape.
    """
    x = np.asarray(x, np.float64)
    if real and not inverse:
        if x.ndim != 2 or x.shape[1] < 2 or x.shape[1] % 2:
            raise ValueError(f"x must be (frames, points), an even number, not {x.shape}")
        y = scipy.fft.rfft(x)
        y[:, 0] += 1j * y[:, -1].real
        return np.asarray(gain * y[:, :-1])
    if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != 2:
        raise ValueError(f"x must be (frames, {'M' if real else 'points'}, 2), not {x.shape}")
    z = x[..., 0] + 1j * x[..., 1]
    # "forward" puts SciPy's 1/N into its forward transform, and so none into the inverse
    if real:
        z = np.concatenate([z[:, :1].real, z[:, 1:], z[:, :1].imag], axis=1)
        return np.asarray(gain * scipy.fft.irfft(z, norm="forward"))
    y = scipy.fft.ifft(z, norm="forward") if inverse else scipy.fft.fft(z)
    return np.asarray(gain * y)


@cache
def twiddles(circle: int, fraction: int) -> Ints:
    """Return the pairs c, d of the turns t / circle, t = 0 .. circle - 1: (circle, 2).

    c + j d is e^(-2 pi j t / circle) in units of 2**-fraction, each part rounded correctly: it is
    0, +-1 or irrational, so never a tie, and 128 bits (38 digits) below a unit tell its side.
    """
    with mpmath.workprec(fraction + 128):
        turns = [mpmath.expjpi(mpmath.mpf(-2 * t) / circle) for t in range(circle // 4)]
        parts = [[mpmath.ldexp(part, fraction) for part in (z.real, z.imag)] for z in turns]
        codes = [[int(mpmath.nint(part)) for part in pair] for pair in parts]
    quarter = fixed.integers(np.array(codes, object))
    # each further quarter is exactly -j times the one before: (c, d) becomes (d, -c)
    signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
    table = np.concatenate([quarter[:, :: (-1) ** i] * sign for i, sign in enumerate(signs)])
    table.setflags(write=False)  # it is shared
    return table


class Lifting(NamedTuple):
    """The constants of a turn by r sixteenths of a circle.

    tan, sin: tan(pi r / 16) as a sum of six terms, and sin(pi r / 8) of five. product: the sine in
    units of 2**-16, to the nearest.
    """

    tan: Terms
    sin: Terms
    product: int


@cache
def lifting(r: int) -> Lifting:
    """Return the constants of r sixteenths, for r = -1, 1 or 2.

    All are irrational, so neither the product nor the choice of a shift meets a tie, and 40 digits
    tell its side. A negative constant begins with the other sign and so has all signs reversed.
    """
    with mpmath.workdps(40):
        angle = mpmath.pi * r / 16
        tan, sin = mpmath.tan(angle), mpmath.sin(2 * angle)
        return Lifting(_terms(tan, 6), _terms(sin, 5), int(mpmath.nint(mpmath.ldexp(sin, 16))))


def _terms(left: Any, count: int) -> Terms:
    terms = []
    for _ in range(count):
        sign, powers = (1 if left > 0 else -1), [mpmath.ldexp(1, -shift) for shift in range(18)]
        off = [abs(abs(left) - power) for power in powers]
        shift = off.index(min(off))
        terms.append((sign, shift))
        left -= sign * powers[shift]
    return tuple(terms)


class _Step(NamedTuple):
    """values: (2, points, frames). halvings: (frames,), the stages that have halved so far."""

    name: str
    values: Ints
    halvings: NDArray[np.int64]


def _exponent(step: _Step, plan: Transform) -> NDArray[np.int64]:
    """Return (frames,): values of a step times 2**exponent are the sums themselves."""
    doubled = plan.real and not plan.inverse and step.name == "split"
    halved = plan.real and plan.inverse  # by the split, which comes first
    return step.halvings + halved - doubled - plan.shift


def _steps(x: Ints, plan: Transform) -> Iterator[_Step]:
    """Yield every stage and rotator, and the split."""
    rotators = {after: (after, first, last) for after, first, last in plan.rotators}
    quarters = plan.quarters
    halvings = np.zeros(len(x), np.int64)
    kind = np.int64 if _fits(plan, fixed.peak(x)) else object
    v = x.transpose(2, 1, 0)
    if plan.real and plan.inverse:
        v = _split(np.ascontiguousarray(v, kind), plan)
        yield _Step("split", v, halvings)
    v = np.ascontiguousarray(v[:: -1 if plan.inverse else 1], kind)
    for s in range(1, plan.stages + 1):
        if plan.scaling == "block":
            halve = _exceeds(v, plan.word_bits - 2)
            v = _mixed_stage(v, s, halve=halve, quarter=s in quarters)
            halvings = halvings + halve
        else:
            v = _stage(v, s, halve=plan.scaling[s - 1] == 1, quarter=s in quarters)
            halvings = halvings + plan.scaling[s - 1]
        yield _Step(f"stage {s}", v, halvings)
        if s in rotators:
            v = (_lifting_rotator if s in plan.lifted else _rotator)(v, *rotators[s], plan)
            yield _Step(f"rotator {s}", v, halvings)
    if plan.real and not plan.inverse:
        yield _Step("split", _split(_natural(v, plan), plan), halvings)


def _exceeds(v: Ints, bits: int) -> NDArray[np.bool_]:
    """Tell of every frame if a part needs more than these bits; v: (2, points, frames)."""
    low, high = fixed.limits((True, bits - 1, 0))
    return ((v < low) | (v > high)).any(axis=(0, 1)).astype(bool)


def _mixed_stage(v: Ints, s: int, *, halve: NDArray[np.bool_], quarter: bool) -> Ints:
    """As _stage, where halve tells of every frame if it is halved."""
    if halve.all() or not halve.any():
        return _stage(v, s, halve=bool(halve.any()), quarter=quarter)
    y = np.empty_like(v)
    for here, value in ((halve, True), (~halve, False)):
        # compress leaves frames contiguous, as _stage needs them
        y[:, :, here] = _stage(v.compress(here, axis=2), s, halve=value, quarter=quarter)
    return y


def _stage(v: Ints, s: int, *, halve: bool, quarter: bool) -> Ints:
    join = _half if halve else _whole
    y = np.empty_like(v)
    # parts, k_1 .. k_(s-1), digit s, the digits after it and the frames
    shape = (2, 2 ** (s - 1), 2, math.prod(v.shape[1:]) >> s)
    old, new = v.reshape(shape), y.reshape(shape)
    new[:, :, 0], new[:, :, 1] = join(old[:, :, 0], old[:, :, 1])
    if quarter:  # where k_(s-1) = 1: f_re +- x_im, f_im -+ x_re
        old, new = old[:, 1::2], new[:, 1::2]
        new[0, :, 0], new[0, :, 1] = join(old[0, :, 0], old[1, :, 1])
        new[1, :, 1], new[1, :, 0] = join(old[1, :, 0], old[0, :, 1])
    return y


def _whole(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    return a + b, a - b


def _half(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Return P(a, b) and D(a, b)."""
    return (a >> 1) + ((b + 1) >> 1), (a >> 1) - (b >> 1)


def _rotator(v: Ints, after: int, first: int, last: int, plan: Transform) -> Ints:
    fraction, half = plan.fraction, 2 ** (plan.fraction - 1)
    turn, circle = _turns(after, first, last, plan)
    c, d = twiddles(circle, fraction)[turn].T[:, :, None]
    re, im = v
    return np.stack([(re * c - im * d + half) >> fraction, (re * d + im * c + half) >> fraction])


def _lifting_rotator(v: Ints, after: int, first: int, last: int, plan: Transform) -> Ints:
    turn, circle = _turns(after, first, last, plan)
    y = np.empty_like(v)
    for t in np.unique(turn):
        here = turn == t
        re, im = v[:, here]
        y[0, here], y[1, here] = _lift(re, im, int(t) * (16 // circle), plan.rotation)
    return y


def _lift(re: Ints, im: Ints, t: int, rotation: str) -> tuple[Ints, Ints]:
    """Return the parts turned clockwise by t sixteenths of a circle."""
    r = t % 4 if t % 4 < 3 else -1
    for _ in range((t - r) // 4):
        re, im = im, -re
    if r == 0:
        return re, im
    tan, sin, product = lifting(r)
    a, b = 2 * re + 1, 2 * im + 1
    a = a + _times(b, tan)
    b = b + ((2**15 - a * product) >> 16 if rotation == "lift" else -_times(a, sin))
    a = a + _times(b, tan)
    return a >> 1, b >> 1


def _times(v: Ints, terms: Terms) -> Ints:
    total = np.zeros_like(v)
    for sign, shift in terms:
        total += sign * (v >> shift)
    return total


def _turns(
    after: int, first: int, last: int, plan: Transform
) -> tuple[NDArray[np.signedinteger[Any]], int]:
    """Return the turn of every name, in units of 1 / circle and less than 1, and the circle."""
    name = np.arange(2**plan.stages)
    digit = {m: name >> (plan.stages - m) & 1 for m in range(first, last + 1)}
    circle = 2 ** (last - first + 1)
    turn = np.zeros_like(name)
    for a, b in _pairs(after, first, last):
        turn += digit[a] * digit[b] * (circle >> (b - a + 1))
    return turn, circle


def _natural(v: Ints, plan: Transform) -> Ints:
    """Return values behind the last stage in natural order of k; v: (2, points, frames)."""
    # k_1 is its lowest digit: the name's digits backwards
    digits = v.reshape(2, *[2] * plan.stages, v.shape[2])
    digits = digits.transpose(0, *range(plan.stages, 0, -1), plan.stages + 1)
    return digits.reshape(v.shape)


def _split(x: Ints, plan: Transform) -> Ints:
    """Return Y of Z, or Z of X if inverse; both (2, M, frames) in natural order of k.

    All k = 1 .. M/2 at once. At M/2, where both elements are one, both formulas agree.
    """
    fraction, middle = plan.fraction, x.shape[1] // 2
    c, d = twiddles(plan.points, fraction)[1 : middle + 1].T[:, :, None]
    (a_re, a_im), (b_re, b_im) = x[:, 1 : middle + 1], x[:, : -middle - 1 : -1]
    v_re, v_im, u_re, u_im = a_re + b_re, a_im - b_im, a_re - b_re, a_im + b_im
    first_re, first_im = x[0, 0] + x[1, 0], x[0, 0] - x[1, 0]
    if plan.inverse:  # all in units of 2**-(fraction + 1), to be rounded at the end
        w_re, w_im = u_re * d - u_im * c, u_re * c + u_im * d
        v_re, v_im, first_re, first_im = (
            2**fraction * part for part in (v_re, v_im, first_re, first_im)
        )
    else:
        half = 2 ** (fraction - 1)
        w_re = (u_im * c + u_re * d + half) >> fraction
        w_im = (u_im * d - u_re * c + half) >> fraction
        first_re, first_im = 2 * first_re, 2 * first_im
    y = np.empty_like(x)
    y[0, 0], y[1, 0] = first_re, first_im
    y[0, 1 : middle + 1], y[1, 1 : middle + 1] = v_re + w_re, v_im + w_im
    y[0, : -middle - 1 : -1], y[1, : -middle - 1 : -1] = v_re - w_re, w_im - v_im
    return (y + 2**fraction) >> (fraction + 1) if plan.inverse else y


def _output(step: _Step, plan: Transform) -> tuple[Ints, NDArray[np.bool_], NDArray[np.int64]]:
    """Return the codes and which are limited, (2, points, frames) in natural order of k each.

    And the exponent of every frame, of a step that is the last.
    """
    v, exponent = step.values, _exponent(step, plan)
    split = plan.real and not plan.inverse  # v is natural already, and twice the spectrum
    natural = v if split else _natural(v, plan)[:: -1 if plan.inverse else 1]
    if plan.scaling != "block":
        drop = plan.scaling[-1] + split
        return *_drop(natural, drop, plan), exponent + drop
    drops = np.zeros(v.shape[2], np.int64)
    for bits in (plan.word_bits - 2, plan.word_bits - 1):
        drops += _exceeds(v, bits)
    codes, limited = _drop(natural, 0, plan)
    for count in (1, 2):
        here = drops == count
        codes[:, :, here], limited[:, :, here] = _drop(natural[:, :, here], count, plan)
    return codes, limited, exponent + drops


def _drop(v: Ints, drop: int, plan: Transform) -> tuple[Ints, NDArray[np.bool_]]:
    """Return v / 2**drop as codes of the output, and which are limited."""
    return fixed.narrow(v, drop + plan.output[2], plan.output, plan.rounding, overflow="saturate")


def _outward(y: Ints, plan: Transform) -> Ints:
    """Return codes (2, points, frames) in the shape that Answer has them."""
    return y.transpose(2, 1, 0).reshape(y.shape[2], *plan.shapes[not plan.inverse])


def _pairs(after: int, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Return the pairs of stages (a, b) whose turns a rotator applies."""
    return itertools.product(range(first, after + 1), range(after + 1, last + 1))


def _fits(plan: Transform, peak: int) -> bool:
    """Tell if no sum or product leaves int64 for parts of magnitude <= peak: section 3 of the page.

    One bit is spared: it covers what floats lose here, and the unit added before a halving.

    A lifting rotator makes of a modulus M at most M (1 + 2**-7) + 10. A term leaves a third of a
    constant at most, five 1/243: tan <= 0.415 is off by 0.0017 and sin <= 0.708 by 0.0030, so the
    entries 1 - tan sin (twice), 2 tan - tan**2 sin and -sin of its matrix are off by 0.0025, 0.005
    and 0.003, less than 2**-7 together. T and S are off by 6 and 5 units of half a code, which
    makes less than 17 in the end; the half code in front is turned too, to less than 1.5; and the
    last floor takes half a code of each part: (17 + 1.5) / 2 + sqrt(1/2) < 10. On the way a' is
    below 1.42 (2 part + 1) + 6 = 2.84 part + 7.42, and 0.708 * 2**16 times that is the largest
    product.
    """
    if peak >= 2**62 or plan.fraction > 62 or plan.word_bits > 62:
        return False
    part, modulus = float(peak), math.sqrt(2) * peak
    if plan.real and plan.inverse:
        modulus = _split_bound(modulus, plan)
        if modulus * 2**plan.fraction >= 2**62:
            return False
        part = modulus = modulus / 2
    after = {rotator[0] for rotator in plan.rotators}
    block = plan.scaling == "block"
    for s, h in enumerate([1] * plan.stages if block else plan.scaling[:-1], 1):
        part, modulus = (part, modulus + math.sqrt(0.5)) if h else (2 * part, 2 * modulus)
        if block:  # or a sum of parts up to 2**(W - 3) in magnitude
            part = max(part, 2.0 ** (plan.word_bits - 2))
            modulus = max(modulus, math.sqrt(2) * 2 ** (plan.word_bits - 2))
        if s in after:
            if s in plan.lifted:
                factor, addend = 1 + 2.0**-7, 10.0
            else:
                factor, addend = 1 + math.sqrt(2) * 2.0 ** -(plan.fraction + 1), math.sqrt(0.5)
            modulus, corner = (r * factor + addend for r in (modulus, math.sqrt(2) * part))
            part = min(corner, modulus)
            if s not in plan.lifted:
                inside = modulus * 2**plan.fraction
            else:  # part is 9 more than before at least: 4 part is above the a' of then
                inside = part * (2**18 if plan.rotation == "lift" else 4)
            if inside >= 2**62:
                return False
        if part >= 2**62:
            return False
    if plan.real and not plan.inverse:
        return _split_bound(modulus, plan) * 2**plan.fraction < 2**62
    return True


def _split_bound(modulus: float, plan: Transform) -> float:
    """Return M' of section 3: of a split, before the halving of an inverse one."""
    factor = 1 + math.sqrt(2) * 2.0 ** -(plan.fraction + 1)
    return 2 * math.sqrt(2) * modulus * factor + math.sqrt(2)


def _frames(x: Any, plan: Transform) -> Ints:
    x = np.asarray(x)
    if x.dtype.kind not in "iuO":
        raise TypeError(f"x must be integers, not {x.dtype}")
    shape = plan.shapes[plan.inverse]
    if x.ndim != 1 + len(shape) or x.shape[1:] != shape:
        raise ValueError(f"x must be (frames, {', '.join(map(str, shape))}), not {x.shape}")
    x = fixed.integers(x).reshape(len(x), 2**plan.stages, 2)
    if plan.scaling == "block" and _exceeds(x.T, plan.word_bits - 2).any():
        raise ValueError(
            f"x must have parts of word_bits - 2 = {plan.word_bits - 2} bits, not of magnitude "
            f"{fixed.peak(x)}"
        )
    if fixed.peak(x) >= 2 ** max(0, 62 - plan.shift):
        x = x.astype(object)
    return x << plan.shift


def _check_integers(field: str, *values: Any) -> None:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{field} must be an integer, not {value!r}")
