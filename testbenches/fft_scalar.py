"""The page of the FFT once more, one value of one frame at a time: a second golden model.

docs/fft.md 1 to 3 in fractions and recursion, written from the page alone.
"""

import itertools
import math
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.testing import assert_array_equal

from kolam.reference import fft

ONE = 2**240


@cache
def root(m):
    """Return cos and sin of 2 pi / 2^m, m >= 1, in units of 1 / ONE: half angles from -1 on."""
    if m == 1:
        return -ONE, 0
    c = math.isqrt((ONE + root(m - 1)[0]) * ONE // 2)
    return c, math.isqrt(ONE**2 - c**2)


@cache
def scalar_twiddle(turn, fraction):
    """Return c and d of a turn, a product of the roots that its binary digits ask for."""
    re, im = ONE, 0
    for m in range(1, turn.denominator.bit_length()):
        if math.floor(turn * 2**m) % 2:
            c, s = root(m)
            re, im = (re * c - im * s) // ONE, (re * s + im * c) // ONE
    return round(Fraction(re * 2**fraction, ONE)), round(Fraction(-im * 2**fraction, ONE))


def scalar_quarters(rotators, p, q):
    """Return the stages p + 1 of the ranges (p, p + 1) that have no rotator, by the tree rule."""
    split = [s for s, first, last in rotators if (first, last) == (p, q)]
    if split:
        return scalar_quarters(rotators, p, split[0]) + scalar_quarters(rotators, split[0] + 1, q)
    assert q - p <= 1
    return [q] if q == p + 1 else []


def scalar_stage(f, x, k, halve, turned):
    """Return what a stage gives for k = 0 or 1, of f and x."""

    def up(v):
        return math.ceil(Fraction(v, 2))

    def down(v):
        return math.floor(Fraction(v, 2))

    (f_re, f_im), (x_re, x_im) = f, x
    if not halve:
        if turned:
            x_re, x_im = x_im, -x_re
        return (f_re - x_re, f_im - x_im) if k else (f_re + x_re, f_im + x_im)

    def total(a, b):
        return down(a) + up(b)

    def difference(a, b):
        return down(a) - down(b)

    if not turned:
        join = difference if k else total
        return join(f_re, x_re), join(f_im, x_im)
    if k:
        return difference(f_re, x_im), total(f_im, x_re)
    return total(f_re, x_im), difference(f_im, x_re)


def scalar_rotator(value, turn, fraction):
    """Return a value turned by a multiplication."""
    (re, im), (c, d) = value, scalar_twiddle(turn, fraction)
    half, unit = 2 ** (fraction - 1), 2**fraction
    return (re * c - im * d + half) // unit, (re * d + im * c + half) // unit


@cache
def scalar_constants(r):
    """Return tan(pi r / 16) and sin(pi r / 8), r = 1 or 2."""
    cos, sin = root({1: 4, 2: 3}[r])
    return Fraction(sin, ONE + cos), Fraction(sin, ONE)


@cache
def scalar_terms(constant, count):
    """Return the signs and shifts of a constant."""
    terms, left = [], constant
    for _ in range(count):
        distance = [(abs(Fraction(1, 2**shift) - abs(left)), shift) for shift in range(18)]
        shift = min(distance)[1]
        terms.append((1 if left > 0 else -1, shift))
        left -= Fraction(terms[-1][0], 2**shift)
    return terms


def scalar_times(v, constant, count, r):
    """Return v times a constant by shifts; r = -1 makes it the negative of that for r = 1."""
    terms = scalar_terms(constant, count)
    total = sum(sign * math.floor(Fraction(v, 2**shift)) for sign, shift in terms)
    return total if r > 0 else -total


def scalar_lift(value, turn, rotation):
    """Return a value turned in steps of a sixteenth."""
    re, im = value
    t = 16 * turn % 16
    assert t.denominator == 1
    r = {0: 0, 1: 1, 2: 2, 3: -1}[int(t) % 4]
    for _ in range(int(t - r) // 4):
        re, im = im, -re
    if r == 0:
        return re, im
    tan, sin = scalar_constants(abs(r))
    a, b = 2 * re + 1, 2 * im + 1
    a += scalar_times(b, tan, 6, r)
    if rotation == "lift":
        factor = round(2**16 * sin * (1 if r > 0 else -1))
        b = math.floor(Fraction(2**16 * b - factor * a + 2**15, 2**16))
    else:
        b -= scalar_times(a, sin, 5, r)
    a += scalar_times(b, tan, 6, r)
    return math.floor(Fraction(a, 2)), math.floor(Fraction(b, 2))


def scalar_fits(values, bits):
    """Tell if every part of a frame has these bits at most."""
    half = 2 ** (bits - 1)
    return all(-half <= part <= half - 1 for pair in values.values() for part in pair)


def scalar_output(part, plan, drop):
    """Return the code of a part, and what it would be without limits."""
    value = Fraction(part, 2**drop)
    code = {
        "truncate": math.floor(value),
        "half_up": math.floor(value + Fraction(1, 2)),
        "half_even": round(value),
    }[plan.rounding]
    signed, integer, fraction = plan.output
    high = 2 ** (integer + fraction) - 1
    return min(max(code, -high - 1 if signed else 0), high), code


def scalar_split(z, fraction):
    """Return the spectrum of real samples, of that of their pairs."""
    y = [None] * len(z)
    (a_re, a_im), half = z[0], Fraction(1, 2)
    y[0] = 2 * a_re + 2 * a_im, 2 * a_re - 2 * a_im
    for k in range(1, len(z) // 2 + 1):
        (a_re, a_im), (b_re, b_im) = z[k], z[-k]
        v_re, v_im, u_re, u_im = a_re + b_re, a_im - b_im, a_re - b_re, a_im + b_im
        c, d = (Fraction(v, 2**fraction) for v in scalar_twiddle(Fraction(k, 2 * len(z)), fraction))
        w_re = math.floor(u_im * c + u_re * d + half)
        w_im = math.floor(u_im * d - u_re * c + half)
        y[-k] = v_re - w_re, w_im - v_im
        y[k] = v_re + w_re, v_im + w_im
    return y


def scalar_inverse_split(x, fraction):
    """Return the spectrum of pairs, of that of real samples."""

    def nearest(re, im):
        return math.floor((re + 1) / 2), math.floor((im + 1) / 2)

    z = [None] * len(x)
    a_re, a_im = (Fraction(part) for part in x[0])
    z[0] = nearest(a_re + a_im, a_re - a_im)
    for k in range(1, len(x) // 2 + 1):
        (a_re, a_im), (b_re, b_im) = x[k], x[-k]
        v_re, v_im, u_re, u_im = a_re + b_re, a_im - b_im, a_re - b_re, a_im + b_im
        c, d = (Fraction(v, 2**fraction) for v in scalar_twiddle(Fraction(k, 2 * len(x)), fraction))
        w_re, w_im = u_re * d - u_im * c, u_re * c + u_im * d
        z[-k] = nearest(v_re - w_re, w_im - v_im)
        z[k] = nearest(v_re + w_re, v_im + w_im)
    return z


def scalar(frame, plan):
    """Return the steps, name -> list of [re, im], the output among them, and the count limited.

    And the frame's scaling: h_1 .. h_n and drop.
    """
    n, fraction = plan.points.bit_length() - 1 - plan.real, plan.twiddle_bits - 2
    frame, steps = [[int(v) for v in pair] for pair in np.reshape(frame, (-1, 2))], {}
    if plan.real and plan.inverse:
        frame = scalar_inverse_split(frame, fraction)
        steps["split"] = [list(value) for value in frame]
    names = list(itertools.product((0, 1), repeat=n))  # the first digit is the highest

    def put(digits, place, digit):
        return (*digits[: place - 1], digit, *digits[place:])

    values = {name: tuple(pair) for name, pair in zip(names, frame, strict=True)}
    if plan.inverse:
        values = {name: (im, re) for name, (re, im) in values.items()}
    quarters = scalar_quarters(plan.rotators, 1, n)
    block, w, scaling = plan.scaling == "block", plan.word_bits, []
    for s in range(1, n + 1):
        scaling.append(int(not scalar_fits(values, w - 2)) if block else plan.scaling[s - 1])
        values = {
            name: scalar_stage(
                values[put(name, s, 0)],
                values[put(name, s, 1)],
                k=name[s - 1],
                halve=scaling[-1],
                turned=s in quarters and name[s - 2] == 1,
            )
            for name in names
        }
        steps[f"stage {s}"] = [list(values[name]) for name in names]
        for after, p, q in plan.rotators:
            if after == s:
                for name in names:
                    turn = sum(
                        Fraction(name[a - 1] * name[b - 1], 2 ** (b - a + 1))
                        for a in range(p, s + 1)
                        for b in range(s + 1, q + 1)
                    )
                    if s in plan.lifted:
                        values[name] = scalar_lift(values[name], turn, plan.rotation)
                    else:
                        values[name] = scalar_rotator(values[name], turn, fraction)
                steps[f"rotator {s}"] = [list(values[name]) for name in names]
    if not block:
        drop = plan.scaling[n]
    elif scalar_fits(values, w - 2):
        drop = 0
    else:
        drop = 1 if scalar_fits(values, w - 1) else 2
    # k_1 is the lowest digit
    natural = [values[tuple(k >> m & 1 for m in range(n))] for k in range(2**n)]
    split = plan.real and not plan.inverse
    if split:
        natural = scalar_split(natural, fraction)
        steps["split"] = [list(value) for value in natural]
    output, limited = [], 0
    for value in natural:
        ordered = value[::-1] if plan.inverse else value
        parts = [scalar_output(part, plan, drop + split) for part in ordered]
        limited += sum(code != wide for code, wide in parts)
        output.append([code for code, _ in parts])
    flat = plan.real and plan.inverse
    steps["output"] = list(itertools.chain.from_iterable(output)) if flat else output
    return steps, limited, (*scaling, drop)


def assert_both_agree(x, plan):
    """Return the parts that were limited, and the scaling of every frame."""
    codes, saturated, exponent = fft.transform(x, plan)
    stages, scaled = fft.trace(x, plan), []
    assert_array_equal(stages[-1].codes, codes)
    for i, frame in enumerate(x):
        steps, limited, scaling = scalar(frame, plan)
        assert [stage.name for stage in stages] == list(steps)
        for stage in stages:
            assert stage.codes[i].tolist() == steps[stage.name]
        assert saturated[i] == limited
        assert exponent[i] == sum(scaling) + (plan.real and plan.inverse)
        scaled.append(scaling)
    return int(saturated.sum()), scaled
