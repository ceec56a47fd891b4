"""How exact a fixed-point FFT is: its noise by a closed formula, and as its golden model has it.

    noise of the output = (sum over sources of v · product over the later stages of 2 / 4^h) / 4^drop
                          + (signal of the output) · mean over k, i of |sum of ε|²

v is the mean square that a source adds to a part, in codes where it is: 1/8 in a stage that
halves; 1/12 in a rotator for each turn that is no quarter of a circle, or what the floors of a
lifting one leave; and at the end that of the last rounding. ε is the relative error of a twiddle:
from input i to output k there is one way, through one twiddle of each rotator. docs/fft.md 1 and
2 have the rest. What later stages make of v is exact, as they are a unitary matrix times a power
of √2; that the codes to be rounded are even and their errors independent is assumed, and holds
for a signal that is some LSB strong.

The signal is white: samples that are spread evenly in the disc |x| < 2^(width - 1), the largest
that the input holds in any direction. Noise is the difference to the exact transform of the codes
times the exact gain; it is in codes of the output, called LSB. Nothing of the hardware is used.
"""

from dataclasses import dataclass
from functools import cache
from math import inf, log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.reference import fft as golden
from kolam.reference.fft import Transform
from kolam.reference.fixed import Ints

MEASURED = 1 << 16  # points, in one frame or more
_NEAR = (0, 1, 2, -1)  # sixteenths that remain behind the nearest quarter


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
    """
    rotators = {rotator[0]: rotator for rotator in plan.rotators}
    sources: dict[str, float] = {}
    for s, halves in enumerate(plan.scaling[:-1], 1):
        sources = {name: v * 2 / 4**halves for name, v in sources.items()}
        sources[f"stage {s}"] = halves / 8
        if s in rotators:
            sources[f"rotator {s}"] = _turning(rotators[s], plan)
    drop = plan.scaling[-1]
    sources = {name: v / 4**drop for name, v in sources.items()}
    sources["output"] = _rounding(drop, plan.rounding)
    return sources | {"twiddles": _signal(plan, width) * _twiddles(plan)}


def predicted(plan: Transform, width: int) -> Noise:
    """Return the noise by the formula, for a signal in the disc of an input of `width` bits."""
    return Noise.of(_signal(plan, width), sum(budget(plan, width).values()))


def measured(plan: Transform, width: int, *, points: int = MEASURED, seed: int = 0) -> Noise:
    """Return the noise of the golden model, over at least one frame and about so many points."""
    x = disc(max(1, points // plan.points), plan.points, width, seed)
    answer = golden.transform(x, plan)
    exact = golden.exact(x, inverse=plan.inverse, gain=2.0 ** -sum(plan.scaling))
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


def _signal(plan: Transform, width: int) -> float:
    """Return the mean square of a part of the output: of the input the radius squared, by 4."""
    return 4.0 ** (width - 2) * 2**plan.stages / 4 ** sum(plan.scaling)


def _rounding(bits: int, rounding: str) -> float:
    """Return the mean square error of dropping bits, all values of which are equally frequent."""
    if bits == 0:
        return 0.0
    if rounding == "truncate":
        return (1 - 2.0**-bits) * (2 - 2.0**-bits) / 6
    return (1 + 2 * 4.0**-bits) / 12  # a half is as far from either side


def _turning(rotator: tuple[int, int, int], plan: Transform) -> float:
    """Return the mean square that the roundings of a rotator add to a part."""
    circle, steps = _circle(rotator), _steps(rotator)
    if rotator[0] not in plan.lifted:
        return float(np.mean(steps % (circle // 4) != 0)) * _rounding(plan.fraction, "half_up")
    ways = {r: _lift(r, plan.rotation)[1] for r in _NEAR}
    return float(np.mean([ways[_NEAR[t]] for t in (steps.ravel() * 16 // circle % 4).tolist()]))


def _circle(rotator: tuple[int, int, int]) -> int:
    _, first, last = rotator
    return 1 << last - first + 1


def _steps(rotator: tuple[int, int, int]) -> NDArray[np.int64]:
    """Return the turns of a rotator, in parts of its circle.

    One axis of 2 for each of k_after … k_first and of i_after+1 … i_last, highest digit first:
    the turn is the product of the numbers that they make.
    """
    after, first, last = rotator
    k, i = np.arange(1 << after - first + 1), np.arange(1 << last - after)
    return (np.outer(k, i) % _circle(rotator)).reshape([2] * (last - first + 1))


def _twiddles(plan: Transform) -> float:
    """Return the mean of |sum of ε|² over all pairs of k and i: rotators meet in common digits."""
    total, before = 0.0, []
    for rotator in plan.rotators:
        after, first, last = rotator
        errors = (_lifting_errors if after in plan.lifted else _errors)(_circle(rotator), plan)
        digits = [f"k{a}" for a in range(after, first - 1, -1)]
        digits += [f"i{b}" for b in range(after + 1, last + 1)]
        error, mirrored = errors[:, _steps(rotator)]
        total += float(np.mean(np.abs(error) ** 2 + np.abs(mirrored) ** 2))
        for other, names in before:
            one, two = _averaged(error, digits, names), _averaged(other, names, digits)
            total += 2 * float(np.mean((one * two.conj()).real))
        before.append((error, digits))
    return total


def _errors(circle: int, plan: Transform) -> NDArray[np.complex128]:
    """Return for each turn ε, and 0: the error of a product is one of the value alone."""
    turn, unit = np.exp(-2j * np.pi * np.arange(circle) / circle), 2.0**plan.fraction
    kept = (np.rint(turn.real * unit) + 1j * np.rint(turn.imag * unit)) / unit
    return np.stack([kept / turn - 1, np.zeros(circle)])


def _lifting_errors(circle: int, plan: Transform) -> NDArray[np.complex128]:
    """Return for each turn ε, and by how much the conjugate of the value is added to it."""
    ways = {r: _lift(r, plan.rotation)[0] for r in _NEAR}
    return np.array([ways[_NEAR[t % 4]] for t in range(0, 16, 16 // circle)]).T


@cache
def _lift(r: int, rotation: str) -> tuple[tuple[complex, complex], float]:
    """Return the two errors of a turn by r sixteenths, and the mean square added to a part.

    Errors of the steps are e1, e2 and e3, in halves of a code; the offsets are what the half code
    in front becomes, less what the last floor takes: a quarter on average, with variance 1/16.
    """
    if r == 0:
        return (0j, 0j), 0.0
    tangent, sine, product = golden.lifting(r)
    t, s = (sum(sign * 2.0**-shift for sign, shift in terms) for terms in (tangent, sine))
    (m1, v1), (m2, v2), (m3, v3) = _floors(tangent, 2), _floors(sine, 1), _floors(tangent, 1)
    if rotation == "lift":
        s, m2, v2 = product / 2**16, 0.0, 1 / 12
    c = 1 - t * s
    made = np.array([[c, t * (1 + c)], [-s, c]])
    exact = np.exp(-1j * np.pi * r / 8)
    turned = np.array([[exact.real, -exact.imag], [exact.imag, exact.real]])
    d = made @ turned.T - np.eye(2)
    errors = (
        complex(d[0, 0] + d[1, 1], d[1, 0] - d[0, 1]) / 2,
        complex(d[0, 0] - d[1, 1], d[1, 0] + d[0, 1]) / 2,
    )
    passed = np.array([[c, -t, 1], [-s, -1, 0]])  # from e1, e2, e3 to both parts
    mean = (made.sum(axis=1) + passed @ np.array([m1, m2, m3])) / 2 - 1 / 4
    variance = passed**2 @ np.array([v1, v2, v3]) / 4 + 1 / 16
    return errors, float(np.mean(mean**2 + variance))


def _floors(terms: golden.Terms, step: int) -> tuple[float, float]:
    """Return mean and variance of the error of a sum of floors, over all words or the odd ones."""
    v = np.arange(step - 1, 1 << max(shift for _, shift in terms), step)
    error = -sum(sign * (v % (1 << shift)) / (1 << shift) for sign, shift in terms)
    return float(np.mean(error)), float(np.var(error))


def _averaged(values: NDArray[Any], digits: list[str], kept: list[str]) -> NDArray[Any]:
    """Return the mean over the axes of all digits that are not to be kept."""
    axes = tuple(axis for axis, digit in enumerate(digits) if digit not in kept)
    return np.asarray(values.mean(axis=axes))
