"""How far the FFT's golden model may be from mathematics, and how large its values become.

The judges in floating point. Let the exact values of a step be at most `peak` in modulus and
`rms` in the root of their mean square over a frame (a stage that adds makes that sqrt 2 times
as large: it is a DFT of two points), and e the largest error in modulus, e_rms its rms. Then

  adding      the error of a sum: e <- 2 e; as a linear map, e_rms <- sqrt(2) e_rms
  halving     e <- e, e_rms <- e_rms / sqrt(2), plus the rounding, <= 1/2 in each part: sqrt(1/2)
  rotator     v w becomes v (w + t) + r with |t| <= sqrt(1/2) 2^-F, as either part of a twiddle
              is off by half a unit at most, and |r| <= sqrt(1/2): e <- e + |v| |t| + |r|, with
              |v| <= peak + e. The same in rms, by the triangle inequality.
  lifting     the three steps as one matrix, with the constants that they have, off from a turn
              by |t| in the operator norm, and r from the roundings: see lifting_error
  split       2 X[k] = a (1 - j W) + conj b (1 + j W), at right angles: 2 sqrt(2) e at most. Of
              k and k' together it is 2 e_rms, and k = 0 alone has 2 sqrt(2) e. The product is
              that of a rotator, of u: |u| <= |a| + |b|, and twice the rms. An inverse one makes
              half of all that, but rounds once, at the end: e <- |u| |t| / 2 + |r|; and then
              the peak is sqrt(2) times as large, the rms no larger.
  output      both over 2^drop, plus sqrt(2) times 1/2 (to nearest) or 1 (truncate) if drop > 0

Rounding in the foreign FFT, some n units of 2^-52 of the frame's norm, is added generously.
"""

import math
from fractions import Fraction
from functools import cache

import numpy as np

from kolam.reference import fft
from kolam.testbenches.fft_plans import as_complex, as_pairs
from kolam.testbenches.fft_scalar import scalar_constants, scalar_terms


@cache
def lifting_error(rotation):
    """Return the largest |t| and |r| of a lifting rotator.

    With the errors e1, e2, e3 of the steps, and u = 1 - tan sin, a'' is off by u e1 + tan e2 + e3
    and b' by e2 - sin e1. A sum of floors is off by less than its terms of one sign, the product
    by 1/2. What is left is the half code h of either part: its turned self, less 0 or 1/2 for the
    last floor.
    """
    off, rounding = 0.0, 0.0
    for r in (-1, 1, 2):
        terms = [
            scalar_terms(v, count)
            for v, count in zip(scalar_constants(abs(r)), (6, 5), strict=True)
        ]
        tan, sin = (float(sum(Fraction(sign, 2**n) for sign, n in pairs)) for pairs in terms)
        e1, e2 = (max([sign for sign, _ in pairs].count(s) for s in (-1, 1)) for pairs in terms)
        if rotation == "lift":
            sin, e2 = round(2**16 * scalar_constants(abs(r))[1]) / 2**16, 0.5
        u, sense, angle = 1 - tan * sin, math.copysign(1, r), math.pi * r / 8
        matrix = np.array([[u, sense * tan * (1 + u)], [-sense * sin, u]])
        turn = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
        off = max(off, np.linalg.norm(matrix - turn, 2))
        errors = np.array([u * e1 + tan * e2 + e1, e2 + sin * e1]) / 2
        half = matrix @ [0.5, 0.5]
        errors += np.maximum(np.abs(half), np.abs(half - 0.5))
        rounding = max(rounding, math.hypot(*errors))
    return off, rounding


def error_bounds(plan, peak, rms):
    """Return the bounds of the largest and of the rms error of the output, in modulus."""
    n, drop = plan.points.bit_length() - 1, plan.scaling[-1]
    turn_error, half = math.sqrt(0.5) * 2.0 ** (2 - plan.twiddle_bits), math.sqrt(0.5)
    e = e_rms = 0.0
    if plan.real and plan.inverse:
        e, e_rms, peak = peak * turn_error + half, rms * turn_error + half, peak * math.sqrt(2)
    for s, h in enumerate(plan.scaling[:-1], 1):
        if h:
            rms, e, e_rms = rms / math.sqrt(2), e + half, e_rms / math.sqrt(2) + half
        else:
            peak, rms, e, e_rms = 2 * peak, rms * math.sqrt(2), 2 * e, e_rms * math.sqrt(2)
        if any(after == s for after, _, _ in plan.rotators):
            lifted = s in plan.lifted
            t, r = lifting_error(plan.rotation) if lifted else (turn_error, half)
            e, e_rms = e + (peak + e) * t + r, e_rms + (rms + e_rms) * t + r
    if plan.real and not plan.inverse:
        product = 2 * (rms + e_rms) * turn_error + half
        e_rms = 2 * math.hypot(e_rms, e / math.sqrt(plan.points / 2)) + product
        e = math.sqrt(8) * e + 2 * (peak + e) * turn_error + half
        rms, drop = math.sqrt(8) * rms, drop + 1
    final = 0 if drop == 0 else 2 * half if plan.rounding == "truncate" else half
    floats = 8 * n * 2.0**-52 * math.sqrt(plan.points) * rms / 2**drop
    return e / 2**drop + final + floats, e_rms / 2**drop + final + floats


def bounds_of(x, plan):
    """Return error_bounds for the worst of the frames x."""
    size = np.abs(as_complex(as_pairs(x)))
    return error_bounds(plan, size.max(), np.sqrt((size**2).mean(axis=1).max()))


def gain(plan):
    """Return the gain on codes."""
    return 2.0 ** -(sum(plan.scaling) + (plan.real and plan.inverse))


def range_bounds(plan, width):
    """Yield the C and M of every stage and rotator."""
    c = 2.0 ** (width - 1)
    m = math.sqrt(2) * c

    def rotated(r):
        if s in plan.lifted:
            off, rounding = lifting_error(plan.rotation)
            return r * (1 + off) + rounding
        return r * (1 + math.sqrt(2) * 2.0 ** (1 - plan.twiddle_bits)) + math.sqrt(0.5)

    def split(r):
        return 2 * math.sqrt(2) * r * (
            1 + math.sqrt(2) * 2.0 ** (1 - plan.twiddle_bits)
        ) + math.sqrt(2)

    if plan.real and plan.inverse:
        c = m = split(m) / 2
        yield "split", c, m
    for s, h in enumerate(plan.scaling[:-1], 1):
        c, m = (c, m + math.sqrt(0.5)) if h else (2 * c, 2 * m)
        yield f"stage {s}", c, m
        if any(after == s for after, _, _ in plan.rotators):
            c, m = min(rotated(m), rotated(c * math.sqrt(2))), rotated(m)
            yield f"rotator {s}", c, m
    if plan.real and not plan.inverse:
        yield "split", split(m), split(m)


def errors(x, plan):
    """Return the error of every part and the exact output."""
    y = fft.exact(x, inverse=plan.inverse, gain=gain(plan), real=plan.real)
    codes, saturated, _ = fft.transform(x, plan)
    assert not saturated.any()
    return codes - (y if np.isrealobj(y) else np.stack([y.real, y.imag], -1)), y
