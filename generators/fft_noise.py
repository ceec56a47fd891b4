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

The signal is white: samples that are spread evenly in the disc |x| < 2^(width - 1), the largest
that the input holds in any direction. Noise is the difference to the exact transform of the codes
times the exact gain; it is in codes of the output, called LSB. Nothing of the hardware is used.
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
    sources: dict[str, float] = {}
    rotators: list[_Rotator] = []
    power = 4.0 ** (width - 2)  # of a part in the disc: the radius squared, by 4
    for s, halves in enumerate(scaling[:-1], 1):
        passed = 2 / 4**halves
        power *= passed
        sources = {name: v * passed for name, v in sources.items()}
        sources[f"stage {s}"] = halves / 8
        if s in turning:
            rotators.append((_lifts if s in plan.lifted else _multiplies)(turning[s], plan, power))
            sources[f"rotator {s}"] = rotators[-1].noise
    drop = scaling[-1]
    sources = {name: v / 4**drop for name, v in sources.items()}
    sources["output"] = _rounding(drop, plan.rounding)
    return sources | {"twiddles": power / 4**drop * _together(rotators)}


def predicted(plan: Transform, width: int) -> Noise:
    """Return the noise by the formula, for a signal in the disc of an input of `width` bits."""
    signal = 4.0 ** (width - 2) * 2**plan.stages / 4 ** sum(_fixed(plan))
    return Noise.of(signal, sum(budget(plan, width).values()))


def _fixed(plan: Transform) -> tuple[int, ...]:
    if isinstance(plan.scaling, str):
        raise ValueError(f"scaling must be fixed for a prediction, not {plan.scaling}")
    return plan.scaling


def measured(plan: Transform, width: int, *, points: int = MEASURED, seed: int = 0) -> Noise:
    """Return the noise of the golden model, over at least one frame and about so many points."""
    x = disc(max(1, points // plan.points), plan.points, width, seed)
    answer = golden.transform(x, plan)
    exact = golden.exact(x, inverse=plan.inverse) * 2.0 ** -answer.exponent[:, None]
    error = answer.codes - np.stack([exact.real, exact.imag], axis=-1)
    return Noise.of(
        float(np.mean(np.abs(exact) ** 2) / 2),
        float(np.mean(error**2)),
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


def _rounding(bits: int, rounding: str) -> float:
    """Return the mean square error of dropping bits, all values of which are equally frequent."""
    if bits == 0:
        return 0.0
    if rounding == "truncate":
        return (1 - 2.0**-bits) * (2 - 2.0**-bits) / 6
    return (1 + 2 * 4.0**-bits) / 12  # a half is as far from either side


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
    for one, two in combinations(rotators, 2):
        both = one.averaged(two.digits) * two.averaged(one.digits).conj()
        total += 2 * float(np.mean(both.real))
    return total


def _multiplies(rotator: tuple[int, int, int], plan: Transform, power: float) -> _Rotator:
    circle, unit = 1 << rotator[2] - rotator[1] + 1, 2.0**plan.fraction
    turn = np.exp(-2j * np.pi * np.arange(circle) / circle)
    kept = (np.rint(turn.real * unit) + 1j * np.rint(turn.imag * unit)) / unit
    rounds = np.arange(circle) % (circle // 4) != 0
    return _Rotator.of(rotator, rounds * _rounding(plan.fraction, "half_up"), kept / turn - 1)


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
