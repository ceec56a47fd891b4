"""How exact a fixed-point FFT is: its noise by a closed formula, and as its golden model has it.

    noise of the output = (sum over sources of v · product over the later stages of 2 / 4^h) / 4^drop
                          + (signal of the output) · mean over k, i of |sum of ε|²

v is the mean square that a source adds to a part, in codes where it is: 1/8 in a stage that
halves; 1/12 in a rotator for each turn that is no quarter of a circle; and at the end what the
last rounding leaves. ε is the relative error of a twiddle: from input i to output k there is one
way, through one twiddle of each rotator. docs/fft.md 1 and 2 have the rest. What later stages
make of v is exact, as they are a unitary matrix times 2^(m/2); that the codes to be rounded are
even and their errors independent is assumed, and holds for a signal that is some LSB strong.

The signal is white: samples that are spread evenly in the disc |x| < 2^(width - 1), the largest
that the input holds in any direction. Noise is the difference to the exact transform of the codes
times the exact gain; it is in codes of the output, called LSB. Nothing of the hardware is used.
"""

from dataclasses import dataclass
from math import inf, log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.generators.design import Ints
from kolam.reference import fft as golden
from kolam.reference.fft import Transform

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
    """
    rotators = {rotator[0]: rotator for rotator in plan.rotators}
    sources: dict[str, float] = {}
    for s, halves in enumerate(plan.scaling[:-1], 1):
        sources = {name: v * 2 / 4**halves for name, v in sources.items()}
        sources[f"stage {s}"] = halves / 8
        if s in rotators:
            turning = np.mean(_steps(rotators[s]) % (_circle(rotators[s]) // 4) != 0)
            sources[f"rotator {s}"] = float(turning) * _rounding(plan.fraction, "half_up")
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
        turn = np.exp(-2j * np.pi * np.arange(_circle(rotator)) / _circle(rotator))
        unit = 2.0**plan.fraction
        kept = (np.rint(turn.real * unit) + 1j * np.rint(turn.imag * unit)) / unit
        error = (kept / turn - 1)[_steps(rotator)]
        digits = [f"k{a}" for a in range(after, first - 1, -1)]
        digits += [f"i{b}" for b in range(after + 1, last + 1)]
        total += float(np.mean(np.abs(error) ** 2))
        for other, names in before:
            one, two = _averaged(error, digits, names), _averaged(other, names, digits)
            total += 2 * float(np.mean((one * two.conj()).real))
        before.append((error, digits))
    return total


def _averaged(values: NDArray[Any], digits: list[str], kept: list[str]) -> NDArray[Any]:
    """Return the mean over the axes of all digits that are not to be kept."""
    axes = tuple(axis for axis, digit in enumerate(digits) if digit not in kept)
    return np.asarray(values.mean(axis=axes))
