"""How exact a fixed-point FFT is: its noise by a closed formula, and as its golden model has it.

    noise of a part = (sum over sources of v · product over later stages of 2 / 4^h) / 4^drop
                      + (signal of the output) · mean over k, i of |sum of ε|²

v is the mean square that a source adds to a part, in codes where it is: 1/8 in a stage that
halves; 1/12 in a rotator for each turn that is no quarter of a circle, and of a lifting one what
it leaves of a sample; and at the end that of the last rounding. ε is the relative error of a
twiddle: from input i to output k there is one way, through one twiddle of each rotator.
docs/fft.md 1 and 2 have the rest. What later stages make of v is exact, as they are a unitary
matrix times a power of √2; that the codes to be rounded are even and their errors independent is
assumed, and holds for a signal that is some LSB strong.

A split of real samples (docs/fft.md 2) keeps white noise white: every element of X has the mean
square that those of Z have, but X[0] and X[M] as parts of one element have twice that. The error
δ of its twiddle turns half of an element, so it counts |δ|² / 2, and Re(ε of the element · δ*).

The signal is white and as large as the input holds in any direction: samples that are spread
evenly in the disc |x| < 2^(width - 1), or real ones that are spread evenly over all codes. Noise
is the difference to the exact transform of the codes times the exact gain; it is in codes of the
output, called LSB. Nothing of the hardware is used.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import inf, log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.reference import fft as golden
from kolam.reference.fft import Transform
from kolam.reference.fixed import Ints

MEASURED = 1 << 16  # points, in one frame or more


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise of the output. db: of signal to noise; rms: of a part, in LSB.

    limited: parts that saturated, whose error is no noise of rounding; 0 where it is predicted.
    """

    db: float
    rms: float
    limited: int = 0

    @classmethod
    def of(cls, signal: float, noise: float, limited: int = 0) -> "Noise":
        """Return it for mean squares of a part."""
        db = 10 * log10(signal / noise) if signal and noise else inf if signal else -inf
        return cls(db=db, rms=sqrt(noise), limited=limited)


def budget(plan: Transform, width: int) -> dict[str, float]:
    """Return the mean square that each source adds to a part of the output, in LSB², by name.

    Names are those of the golden model's steps, and "twiddles" for the errors of all of them.
    Raises ValueError for block floating point, where it depends on the frame.
    """
    scaling = _fixed(plan)
    turning = {rotator[0]: rotator for rotator in plan.rotators}
    sources = {"split": _split_rounding(plan)} if plan.real and plan.inverse else {}
    rotators: list[_Rotator] = []
    power = _power(plan, width)
    for s, halves in enumerate(scaling[:-1], 1):
        passed = 2 / 4**halves
        power *= passed
        sources = {name: v * passed for name, v in sources.items()}
        # what no rotator has turned yet keeps the zeros that a shift brought
        turned = max((after for after in turning if after < s), default=0)
        exact = 2.0**-turned if sum(scaling[:s]) <= plan.shift else 0.0
        sources[f"stage {s}"] = halves / 8 * (1 - exact)
        if s in turning:
            rotators.append((_lifts if s in plan.lifted else _multiplies)(turning[s], plan, power))
            sources[f"rotator {s}"] = rotators[-1].noise
    drop = scaling[-1]
    twiddles = power / 4**drop * (_together(rotators) + _turned_half(plan, rotators))
    rounded = _rounding(drop, plan.rounding)
    if plan.real and not plan.inverse:
        elements = plan.points // 2
        sources = {name: 4 * v * (1 + 1 / elements) for name, v in sources.items()}
        sources["split"] = _split_rounding(plan)
        drop += 1
        exact = 2 / elements  # elements 0 and M / 2 are even
        rounded = (1 - exact) * _rounding(drop, plan.rounding) + exact * rounded
    elif plan.real:  # half of its elements 0 are rounded up: that is 1/4 in all samples
        rounded += 2 * _mean(drop, plan.rounding) / 4 / 2 ** sum(scaling)
    sources = {name: v / 4**drop for name, v in sources.items()}
    return sources | {"output": rounded, "twiddles": twiddles}


def predicted(plan: Transform, width: int) -> Noise:
    """Return the noise by the formula, for the signal of an input of `width` bits."""
    signal = _power(plan, width) * 2**plan.stages / 4 ** sum(_fixed(plan))
    if plan.real:  # element 0 has two parts of two elements, and split again half of them
        signal *= 1 + (-1 / plan.points if plan.inverse else 2 / plan.points)
    return Noise.of(signal, sum(budget(plan, width).values()))


def _power(plan: Transform, width: int) -> float:
    """Return the mean square of a part of the signal: a fourth or a third of full scale's."""
    return 4.0 ** (width + plan.shift - 1) / (3 if plan.real and not plan.inverse else 4)


def _fixed(plan: Transform) -> tuple[int, ...]:
    if isinstance(plan.scaling, str):
        raise ValueError(f"scaling must be fixed for a prediction, not {plan.scaling}")
    return plan.scaling


def measured(plan: Transform, width: int, *, points: int = MEASURED, seed: int = 0) -> Noise:
    """Return the noise of the golden model, over at least one frame and about so many points."""
    shape = max(1, points // plan.points), *plan.shapes[plan.inverse]
    x = (line if len(shape) == 2 else disc)(shape[0], shape[1], width, seed)
    answer = golden.transform(x, plan)
    exact = golden.exact(x, inverse=plan.inverse, real=plan.real)
    exact *= 2.0 ** -answer.exponent[:, None]
    if answer.codes.ndim == 3:
        exact = np.stack([exact.real, exact.imag], axis=-1)
    return Noise.of(
        float(np.mean(exact**2)),
        float(np.mean((answer.codes - exact) ** 2)),
        int(answer.saturated.sum()),
    )


def disc(frames: int, points: int, width: int, seed: int = 0) -> Ints:
    """Return codes (frames, points, 2) that are spread evenly in the disc of so many bits."""
    count, radius = frames * points, 1 << width - 1
    raw = np.random.PCG64(seed).random_raw(4 * count)  # π/4 of them are in the disc
    pairs = raw.view(np.uint32).reshape(-1, 2).astype(np.int64) >> 32 - width
    pairs -= radius
    inside = pairs[(pairs**2).sum(axis=1) < radius**2]
    return inside[:count].reshape(frames, points, 2)


def line(frames: int, points: int, width: int, seed: int = 0) -> Ints:
    """Return codes (frames, points) that are spread evenly over all of so many bits."""
    raw = np.random.PCG64(seed).random_raw(frames * points)
    codes = (raw >> np.uint64(64 - width)).astype(np.int64) - (1 << width - 1)
    return codes.reshape(frames, points)


def _rounding(bits: int, rounding: str) -> float:
    """Return the mean square error of dropping bits, all values of which are equally frequent."""
    if bits == 0:
        return 0.0
    if rounding == "truncate":
        return (1 - 2.0**-bits) * (2 - 2.0**-bits) / 6
    return (1 + 2 * 4.0**-bits) / 12  # a half is as far from either side


def _mean(bits: int, rounding: str) -> float:
    """Return the mean error of dropping bits."""
    if bits == 0 or rounding == "half_even":
        return 0.0
    return -(1 - 2.0**-bits) / 2 if rounding == "truncate" else 2.0**-bits / 2


@dataclass(frozen=True, eq=False)
class _Rotator:
    """noise: mean square added to a part. error: ε, an axis of 2 for each of the digits."""

    noise: float
    error: NDArray[np.complex128]
    digits: list[str]

    @classmethod
    def of(cls, rotator: tuple[int, int, int], noise: Any, error: Any) -> "_Rotator":
        """Return it for arrays by the turn: k_after … k_first times i_after+1 … i_last."""
        after, first, last = rotator
        k, i = np.arange(1 << after - first + 1), np.arange(1 << last - after)
        digits = [f"k{a}" for a in range(after, first - 1, -1)]
        digits += [f"i{b}" for b in range(after + 1, last + 1)]
        turns = (np.outer(k, i) % len(error)).reshape([2] * len(digits))
        return cls(float(np.mean(noise[turns])), error[turns], digits)

    def averaged(self, kept: list[str]) -> NDArray[np.complex128]:
        """Return the mean of ε over the digits that are not kept."""
        axes = tuple(axis for axis, digit in enumerate(self.digits) if digit not in kept)
        return np.asarray(self.error.mean(axis=axes))


def _together(rotators: list[_Rotator]) -> float:
    """Return the mean of |sum of ε|² over all k and i; two rotators meet in common digits."""
    total = sum(float(np.mean(np.abs(one.error) ** 2)) for one in rotators)
    return total + sum(2 * _common(one, two) for one, two in combinations(rotators, 2))


def _common(one: _Rotator, two: _Rotator) -> float:
    """Return the mean of the real part of ε of one times ε* of the other."""
    first, second = one.averaged(two.digits), two.averaged(one.digits)
    return float(np.mean((first * second.conj()).real))


def _split_rounding(plan: Transform) -> float:
    """Return the mean square that the split adds; elements 0 and M / 2 are not turned."""
    elements = plan.points // 2
    if not plan.inverse:
        return (1 - 2 / elements) * _rounding(plan.fraction, "half_up")
    halved = _rounding(plan.fraction + 1, "half_up")
    return (1 - 2 / elements) * halved + _rounding(1, "half_up") / elements


def _turned_half(plan: Transform, rotators: list[_Rotator]) -> float:
    """Return what δ of a split adds to the mean of |sum of ε|²; it meets ε in the element's digits.

    They are k of its output forward, and inverse i of the input of the stages.
    """
    if not plan.real:
        return 0.0
    n = plan.stages
    kept, turn = _kept(plan.points, plan)
    error = (kept / turn - 1)[: plan.points // 2].reshape([2] * n)
    digits = (
        [f"i{s}" for s in range(1, n + 1)] if plan.inverse else [f"k{s}" for s in range(n, 0, -1)]
    )
    split = _Rotator(0.0, error, digits)
    return float(np.mean(np.abs(error) ** 2)) / 2 + sum(_common(one, split) for one in rotators)


def _multiplies(rotator: tuple[int, int, int], plan: Transform, power: float) -> _Rotator:
    circle = 1 << rotator[2] - rotator[1] + 1
    kept, turn = _kept(circle, plan)
    rounds = np.arange(circle) % (circle // 4) != 0
    return _Rotator.of(rotator, rounds * _rounding(plan.fraction, "half_up"), kept / turn - 1)


def _kept(circle: int, plan: Transform) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the twiddles of all turns of a circle, and those that they should be."""
    turn, unit = np.exp(-2j * np.pi * np.arange(circle) / circle), 2.0**plan.fraction
    return (np.rint(turn.real * unit) + 1j * np.rint(turn.imag * unit)) / unit, turn


def _lifts(rotator: tuple[int, int, int], plan: Transform, power: float) -> _Rotator:
    circle = 1 << rotator[2] - rotator[1] + 1
    near = [_lifted(r, plan.rotation, power) for r in (0, 1, 2, -1)]
    noise, error = np.array([near[t % 4] for t in range(0, 16, 16 // circle)]).T
    return _Rotator.of(rotator, noise.real, error)


@cache
def _lifted(r: int, rotation: str, power: float) -> tuple[float, complex]:
    """Return noise and ε of a turn by r sixteenths of samples whose parts have a mean square.

    Floors of words that are shorter than the shift tell their sign: that is no noise apart from
    the signal. So both are computed, of a fixed sample, nearly normal and of that power.
    """
    if r == 0:
        return 0.0, 0j
    tangent, sine, product = golden.lifting(r)

    def floors(word: Ints, terms: golden.Terms) -> Ints:
        return np.asarray(sum(sign * (word >> shift) for sign, shift in terms))

    x = disc(4, 1 << 14, 32).sum(axis=0)
    re, im = np.rint(x.T * sqrt(power) / 2**31).astype(np.int64)
    a, b = 2 * re + 1, 2 * im + 1
    a = a + floors(b, tangent)
    b = (b << 16) - a * product + (1 << 15) >> 16 if rotation == "lift" else b - floors(a, sine)
    a = a + floors(b, tangent)
    turned = (re + 1j * im) * np.exp(-1j * np.pi * r / 8)
    error = (a >> 1) + 1j * (b >> 1) - turned
    alike = complex(np.vdot(turned, error) / max(np.vdot(turned, turned).real, 1.0))
    return float(np.mean(np.abs(error - alike * turned) ** 2) / 2), alike
