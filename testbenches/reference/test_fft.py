"""The FFT's golden model against a second one of scalars, two foreign FFTs, and mathematics."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pyfftw
import pytest
import scipy.fft
from numpy.testing import assert_array_equal

from kolam.reference import fft, fixed


def natural(n):
    """Radix 2^2 for natural input, as the page's table has it."""
    return tuple((s, s - 1, n) for s in range(2, n, 2))


def mirror(n, rotators):
    """Stage s becomes stage n + 1 - s."""
    return tuple((n - s, n + 1 - q, n + 1 - p) for s, p, q in rotators)


def mirrored(n):
    """Radix 2^2 for bit-reversed input."""
    return mirror(n, natural(n))


def radix16(n, *, reverse=False):
    """Return radix 2^4 as fields: the rotators, and which are lifted."""
    stages = list(range(1, n + 1))
    groups = [stages[: n % 4]] if n % 4 else []
    groups += [stages[i : i + 4] for i in range(n % 4, n, 4)]
    between = tuple((group[-1], group[0], n) for group in groups[:-1])
    own = tuple((group[0] + 1, group[0], group[-1]) for group in groups if len(group) > 2)
    if reverse:
        between, own = mirror(n, between), mirror(n, own)
    return {"rotators": between + own, "lifted": tuple(s for s, _, _ in own)}


def lifting_forms(n, rng):
    """Return radix 2^4, its mirror, and a random tree with whatever can be lifted, as fields."""
    tree = random_tree(n, rng)
    short = tuple(s for s, p, q in tree if q - p <= 3)
    return [radix16(n), radix16(n, reverse=True), {"rotators": tree, "lifted": short}]


def lifting_plans(n, rng, **fields):
    """Yield plans with every form of lifting_forms, every scaling, and both rotations."""
    for form, scaling in itertools.product(lifting_forms(n, rng), scalings(n, rng)):
        for rotation in ("lift", "shift_add"):
            yield make(n, **{"scaling": scaling, "rotation": rotation, **form, **fields})


def iterative(n):
    return tuple((s, s, n) for s in range(1, n - 1))


def random_tree(n, rng):
    def grow(p, q):
        if p == q or (q == p + 1 and rng.random() < 0.5):
            return []
        s = int(rng.integers(p, q))
        return [(s, p, q), *grow(p, s), *grow(s + 1, q)]

    tree = grow(1, n)
    rng.shuffle(tree)  # the order of the list says nothing
    return tuple(tuple(int(v) for v in rotator) for rotator in tree)


def trees(n, rng):
    return [natural(n), mirrored(n), iterative(n), random_tree(n, rng)]


def default_scaling(n):
    """(0, 1, ... 1, 0, 0, and drop 3), which needs three stages."""
    return (0, *[1] * (n - 3), 0, 0, 3)


def default_real(n, *, inverse=False):
    """Of n stages and real samples: 1/N, N = 2^(n + 1)."""
    if n < 4:
        return (0,) * n + (n + 1 - inverse,)
    return (0, *[1] * (n - 3), 0, 0, 4 - inverse)


def scalings(n, rng):
    return [
        (0,) * (n + 1),
        (*[1] * n, 0),
        default_scaling(n) if n >= 3 else (*[0] * n, n),
        (*(int(h) for h in rng.integers(0, 2, n)), int(rng.integers(0, 5))),
    ]


def make(n, **fields):
    """Return a plan of n stages: 2^n points, or twice as many real ones."""
    fields = {
        "points": 2 ** (n + fields.get("real", False)),
        "scaling": (0,) * (n + 1),
        "rotators": natural(n),
        "twiddle_bits": 18,
        "output": (True, 40, 0),
        **fields,
    }
    return fft.Transform(**fields)


def make_block(n, word_bits, **fields):
    """Return a plan of block floating point: radix 2, input and output of word_bits - 2 bits."""
    fields = {"rotators": iterative(n), "output": (True, word_bits - 3, 0), **fields}
    return make(n, scaling="block", word_bits=word_bits, **fields)


def random_codes(rng, frames, points, width):
    half = 2 ** (width - 1)
    return rng.integers(-half, half, (frames, points, 2))


def as_complex(codes):
    codes = np.asarray(codes, float)
    return codes[..., 0] + 1j * codes[..., 1]


def as_frames(pairs, plan):
    """Return pairs (frames, 2^n, 2) as the plan takes them: the page's z, if samples are real."""
    return pairs.reshape(len(pairs), -1) if plan.real and not plan.inverse else pairs


def as_pairs(values):
    """Return real samples as the page's z, and any pairs as they are."""
    return values.reshape(len(values), -1, 2)


def as_codes(z, width):
    """Return the nearest codes of the width."""
    half = 2 ** (width - 1)
    return np.clip(np.rint(np.stack([z.real, z.imag], -1)), -half, half - 1).astype(np.int64)


def tones(points, amplitude, width=16, bins=None):
    """Return one frame for each bin (all of them): a tone of it."""
    bins = np.arange(points) if bins is None else np.asarray(bins)
    turns = bins[:, None] * np.arange(points) % points / points
    return as_codes(amplitude * np.exp(2j * np.pi * turns), width)


# The page once more, one value of one frame at a time.

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


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("inverse", [False, True])
def test_both_implementations_agree(n, inverse):
    rng = np.random.default_rng([n, inverse])
    limited = 0
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        for rounding in fixed.ROUNDINGS:
            width = int(rng.integers(2, 25))
            plan = make(
                n,
                scaling=scaling,
                rotators=rotators,
                twiddle_bits=int(rng.choice([3, 4, 9, 18, 30])),
                output=(True, width - 1, 0) if rng.random() < 0.8 else (False, width - 3, 3),
                rounding=rounding,
                inverse=inverse,
            )
            limited += assert_both_agree(random_codes(rng, 2, 2**n, width), plan)[0]
    assert limited


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_both_implementations_agree_on_lifting(n):
    rng = np.random.default_rng([18, n])
    plans = list(lifting_plans(n, rng)) + list(
        # what 2 * 2 stages never ask for: turns of 5 and 7 sixteenths
        lifting_plans(n, rng, rotators=((1, 1, 4), (2, 2, 4)), lifted=(1, 2)) if n == 4 else ()
    )
    for i, plan in enumerate(plans):
        width = int(rng.integers(2, 25))
        fields = {
            "output": (True, width - 1, 0),
            "rounding": fixed.ROUNDINGS[i % 3],
            "inverse": bool(rng.integers(2)),
        }
        assert_both_agree(random_codes(rng, 1, 2**n, width), replace(plan, **fields))


def test_both_implementations_agree_where_the_product_of_a_lift_is_a_tie():
    # 25080 a' is 2^15 beyond a multiple of 2^16 where a' = 4096 (mod 8192). What is at i = 1 only
    # comes unchanged to the rotator, and is turned there by 0, 1, 2 and 3 sixteenths.
    rng = np.random.default_rng(25)
    plan, pairs = make(4, **radix16(4), rotation="lift"), []
    for r, im in itertools.product((1, -1), range(-40, 40)):
        rest = scalar_times(2 * im + 1, scalar_constants(1)[0], 6, r) + 1
        if rest % 2 == 0:
            pairs.append(((4096 - rest) // 2 + 4096 * int(rng.integers(-4, 4)), im))
    x = np.zeros((len(pairs), 16, 2), int)
    x[:, 1] = pairs
    assert_both_agree(x, plan)


def test_both_implementations_agree_on_lifting_beyond_int64():
    rng = np.random.default_rng(19)
    for width in (44, 60, 64, 200):
        x = [[[int.from_bytes(rng.bytes(25)) % 2**width - 2 ** (width - 1) for _ in range(2)]
              for _ in range(16)]]  # fmt: skip
        for plan in lifting_plans(4, rng, output=(True, 63, 0)):
            assert_both_agree(np.array(x, object), plan)


def test_both_implementations_agree_beyond_int64():
    rng = np.random.default_rng(4)
    for n, width, bits in ((4, 24, 70), (4, 60, 18), (3, 64, 64), (5, 50, 14), (2, 200, 3)):
        x = [[[int.from_bytes(rng.bytes(25)) % 2**width - 2 ** (width - 1) for _ in range(2)]
              for _ in range(2**n)] for _ in range(2)]  # fmt: skip
        for scaling in scalings(n, rng):
            plan = make(n, scaling=scaling, twiddle_bits=bits, output=(True, 63, 0))
            assert_both_agree(np.array(x, object), plan)
    # unsigned of 64 bits: what the codes of the output need
    plan = make(2, scaling=(0, 0, 0), output=(False, 60, 4))
    x = np.full((1, 4, 2), 2**62 - 1)
    assert_both_agree(x, plan)
    assert fft.transform(x, plan).codes[0, 0].tolist() == [2**64 - 4, 2**64 - 4]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("inverse", [False, True])
def test_both_implementations_agree_on_real_samples(n, inverse):
    rng = np.random.default_rng([35, n, inverse])
    limited = 0
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        for rounding in fixed.ROUNDINGS:
            width = int(rng.integers(2, 25))
            plan = make(
                n,
                real=True,
                scaling=scaling,
                rotators=rotators,
                twiddle_bits=int(rng.choice([3, 4, 9, 18, 30])),
                output=(True, width - 1, 0) if rng.random() < 0.8 else (False, width - 3, 3),
                rounding=rounding,
                inverse=inverse,
            )
            x = as_frames(random_codes(rng, 2, 2**n, width), plan)
            limited += assert_both_agree(x, plan)[0]
    assert limited


@pytest.mark.parametrize("inverse", [False, True])
def test_both_implementations_agree_on_real_samples_lifted_and_beyond_int64(inverse):
    rng = np.random.default_rng([36, inverse])
    real = {"real": True, "inverse": inverse, "output": (True, 63, 0)}
    plans = [plan for n in (3, 4) for plan in lifting_plans(n, rng, **real)]
    plans += [make(3, twiddle_bits=bits, **real) for bits in (3, 63, 64, 65, 100)]
    for i, plan in enumerate(plans):
        for width in (16, 44, 60) if i % 4 == 0 else (int(rng.integers(2, 64)),):
            x = random_codes(rng, 1, 2 ** (plan.points.bit_length() - 2), width)
            rounded = replace(plan, rounding=fixed.ROUNDINGS[i % 3])
            assert_both_agree(as_frames(x, plan), rounded)


def test_a_quarter_is_a_rotator_of_one_pair():
    # P(a, -b) = D(a, b), so -j x may as well be taken before the stage
    rng = np.random.default_rng(3)
    for n in (2, 3, 6):
        x = random_codes(rng, 20, 2**n, 12)
        for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
            pairs = tuple((p - 1, p - 1, p) for p in scalar_quarters(rotators, 1, n))
            plans = [make(n, scaling=scaling, rotators=r) for r in (rotators, rotators + pairs)]
            assert_array_equal(*(fft.transform(x, plan).codes for plan in plans))


def test_int64_is_left_before_it_would_lose_a_bit(monkeypatch):
    rng = np.random.default_rng(5)
    for n, bits in ((4, 18), (7, 25), (6, 3), (3, 40), (4, 3)):
        wide = {"twiddle_bits": bits, "output": (True, 63, 0)}
        plans = [make(n, scaling=scaling, **wide) for scaling in scalings(n, rng)]
        plans += list(lifting_plans(n, rng, **wide)) if n < 5 else []
        plans += [replace(plan, points=2 * plan.points, real=True, inverse=inverse)
                  for plan in plans[:4] for inverse in (False, True)]  # fmt: skip
        for plan in plans:
            peak = next(2**b for b in range(62, 0, -1) if fft._fits(plan, 2**b))
            x = np.concatenate([
                np.full((1, 2**n, 2), -peak),
                rng.choice([-peak, peak], (20, 2**n, 2)),
                corners(2**n, peak, [-1, 0, 1, 2]),
            ])  # fmt: skip
            x = as_frames(x, plan)
            fast = fft.transform(x, plan)
            assert fft._fits(plan, peak)
            with monkeypatch.context() as patch:
                patch.setattr(fft, "_fits", lambda plan, peak: False)
                slow = fft.transform(x, plan)
            assert_array_equal(fast.codes, slow.codes)
            assert fast.codes.dtype == slow.codes.dtype == np.int64


@pytest.mark.parametrize("fraction", [1, 2, 7, 16, 22, 61, 62, 63, 100])
def test_twiddles_are_the_nearest_integers(fraction):
    for m in range(2, 9):
        table = fft.twiddles(2**m, fraction)
        expected = [scalar_twiddle(Fraction(t, 2**m), fraction) for t in range(2**m)]
        assert [tuple(int(v) for v in pair) for pair in table] == expected
    assert table.dtype == (np.int64 if fraction < 63 else object)


def test_lifting_constants_are_those_of_the_page():
    for r in (1, 2):
        tan, sin = scalar_constants(r)
        assert math.isclose(tan, math.tan(math.pi * r / 16), rel_tol=1e-15)
        assert math.isclose(sin, math.sin(math.pi * r / 8), rel_tol=1e-15)
        right = fft.Lifting(
            tuple(scalar_terms(tan, 6)), tuple(scalar_terms(sin, 5)), round(2**16 * sin)
        )
        assert fft.lifting(r) == right
    tan, sin, product = fft.lifting(1)
    negative = (tuple((-sign, shift) for sign, shift in terms) for terms in (tan, sin))
    assert fft.lifting(-1) == (*negative, -product)
    # by hand: sqrt(1/2) = 1/2 + 1/4 - 1/32 - 1/128 - 1/256 + 0.0000755
    assert fft.lifting(2).sin == ((1, 1), (1, 2), (-1, 5), (-1, 7), (-1, 8))
    assert (product, fft.lifting(2).product) == (25080, 46341)


def test_a_lifting_constant_that_is_wrong_shows(monkeypatch):
    rng = np.random.default_rng(20)
    x, lifting = random_codes(rng, 200, 16, 16), fft.lifting
    for rotation in ("lift", "shift_add"):
        plan = make(4, **radix16(4), rotation=rotation)
        right = fft.transform(x, plan).codes
        for r, name, i in itertools.product((-1, 1, 2), ("tan", "sin", "product"), range(5)):
            wrong = getattr(lifting(r), name)
            if name == "product":
                wrong += 1
            else:  # one shift more
                wrong = (*wrong[:i], (wrong[i][0], wrong[i][1] + 1), *wrong[i + 1 :])
            wrong = lifting(r)._replace(**{name: wrong})
            with monkeypatch.context() as patch:
                patch.setattr(fft, "lifting", lambda q, r=r, w=wrong: w if q == r else lifting(q))
                changed = np.any(fft.transform(x, plan).codes != right)
            unused = "sin" if rotation == "lift" else "product"
            assert changed == (name != unused)


@pytest.mark.parametrize("inverse", [False, True])
def test_a_twiddle_of_the_split_that_is_wrong_by_one_shows(monkeypatch, inverse):
    rng = np.random.default_rng(37)
    plan = make(3, real=True, rotators=mirrored(3), twiddle_bits=12, inverse=inverse)
    x = as_frames(random_codes(rng, 50, 8, 16), plan)
    right, twiddles = fft.transform(x, plan).codes, fft.twiddles
    for turn, part in itertools.product(range(16), range(2)):
        wrong = twiddles(16, 10).copy()
        wrong[turn, part] += 1
        with monkeypatch.context() as patch:  # the rotator's circle is of 8
            patch.setattr(fft, "twiddles", lambda n, f, w=wrong: w if n == 16 else twiddles(n, f))
            changed = np.any(fft.transform(x, plan).codes != right)
        assert changed == (1 <= turn <= 4)


@pytest.mark.parametrize("rotation", ["lift", "shift_add"])
def test_lifting_turns_quarters_exactly(rotation):
    rng = np.random.default_rng(21)
    x = random_codes(rng, 20, 16, 16)
    for rotators in (natural(4), ((1, 1, 4), (2, 2, 4)), ((3, 1, 4), (1, 1, 3), (2, 2, 3))):
        for after, p, q in rotators:
            plan = make(4, rotators=rotators, rotation=rotation, lifted=(after,))
            steps = {step.name: as_complex(step.codes) for step in fft.trace(x, plan)}
            pairs = itertools.product(range(p, after + 1), range(after + 1, q + 1))
            digit = {m: np.arange(16) >> (4 - m) & 1 for m in range(1, 5)}
            turn = 4 * sum(digit[a] * digit[b] * 2.0 ** (a - b - 1) for a, b in pairs)
            exact = steps[f"stage {after}"] * (-1j) ** np.floor(turn)
            same = (steps[f"rotator {after}"] == exact).all(axis=0)
            assert_array_equal(same, turn % 1 == 0)
    # a rotator of one pair has quarters only, and may as well be none
    plan = make(6, scaling=default_scaling(6), rotation=rotation)
    x = random_codes(rng, 20, 64, 16)
    pairs = tuple((s - 1, s - 1, s) for s in sorted(plan.quarters))
    lifted = replace(plan, rotators=plan.rotators + pairs, lifted=tuple(s for s, _, _ in pairs))
    assert_array_equal(fft.transform(x, lifted).codes, fft.transform(x, plan).codes)


def test_nothing_lifted_is_multiply():
    rng = np.random.default_rng(22)
    x = random_codes(rng, 5, 64, 16)
    plan = make(6, scaling=default_scaling(6))
    for rotation in ("lift", "shift_add"):
        same = replace(plan, rotation=rotation)
        assert_array_equal(fft.transform(x, same).codes, fft.transform(x, plan).codes)


def test_a_twiddle_that_is_wrong_by_one_shows(monkeypatch):
    rng = np.random.default_rng(6)
    plan = make(4, twiddle_bits=12)
    x = random_codes(rng, 50, 16, 16)
    right, table = fft.transform(x, plan).codes, fft.twiddles(16, 10)
    used = {k * i for k in range(4) for i in range(4)}  # of the one rotator (2, 1, 4)
    for turn, part in itertools.product(range(16), range(2)):
        wrong = table.copy()
        wrong[turn, part] += 1
        monkeypatch.setattr(fft, "twiddles", lambda *_, wrong=wrong: wrong)
        assert np.any(fft.transform(x, plan).codes != right) == (turn in used)


# The judges in floating point. Let the exact values of a step be at most `peak` in modulus and
# `rms` in the root of their mean square over a frame (a stage that adds makes that sqrt 2 times
# as large: it is a DFT of two points), and e the largest error in modulus, e_rms its rms. Then
#
#   adding      the error of a sum: e <- 2 e; as a linear map, e_rms <- sqrt(2) e_rms
#   halving     e <- e, e_rms <- e_rms / sqrt(2), plus the rounding, <= 1/2 in each part: sqrt(1/2)
#   rotator     v w becomes v (w + t) + r with |t| <= sqrt(1/2) 2^-F, as either part of a twiddle
#               is off by half a unit at most, and |r| <= sqrt(1/2): e <- e + |v| |t| + |r|, with
#               |v| <= peak + e. The same in rms, by the triangle inequality.
#   lifting     the three steps as one matrix, with the constants that they have, off from a turn
#               by |t| in the operator norm, and r from the roundings: see lifting_error
#   split       2 X[k] = a (1 - j W) + conj b (1 + j W), at right angles: 2 sqrt(2) e at most. Of
#               k and k' together it is 2 e_rms, and k = 0 alone has 2 sqrt(2) e. The product is
#               that of a rotator, of u: |u| <= |a| + |b|, and twice the rms. An inverse one makes
#               half of all that, but rounds once, at the end: e <- |u| |t| / 2 + |r|; and then
#               the peak is sqrt(2) times as large, the rms no larger.
#   output      both over 2^drop, plus sqrt(2) times 1/2 (to nearest) or 1 (truncate) if drop > 0
#
# Rounding in the foreign FFT, some n units of 2^-52 of the frame's norm, is added generously.


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
    return 2.0 ** -(sum(plan.scaling) + (plan.real and plan.inverse))


def fftw(x, plan):
    """Return what FFTW says, in long double."""
    z = as_complex(x).astype(np.clongdouble)
    y = np.empty_like(z)
    direction = "FFTW_BACKWARD" if plan.inverse else "FFTW_FORWARD"
    foreign = pyfftw.FFTW(z, y, axes=(1,), direction=direction, flags=("FFTW_ESTIMATE",))
    foreign.execute()
    return y * gain(plan)


def signals(rng, points, width):
    """Return frames: noise, tones between bins and on them, squares, corners, and extremes."""
    half = 2 ** (width - 1)
    i = np.arange(points)
    square = np.where(i < points // 2, half - 1, -half)
    flat = np.stack([
        np.stack([square, square], -1),
        np.stack([square, np.roll(square, points // 4)], -1),
        np.full((points, 2), -half),
        np.full((points, 2), half - 1),
        np.zeros((points, 2), int),
    ])  # fmt: skip
    between = (half - 1) * np.exp(2j * np.pi * rng.uniform(0, 1, (2, 1)) * i)
    return np.concatenate([
        flat,
        random_codes(rng, 3, points, width),
        as_codes(between, width),
        tones(points, half - 1, width, rng.integers(0, points, 2)),
        corners(points, half, rng.integers(1, points, 2)),
        rng.choice([-half, half - 1], (2, points, 2)),
    ])  # fmt: skip


def corners(points, half, bins):
    """Return, for each bin k, the corners of the square nearest to e^(2 pi j k i / points)."""
    # half a step off, so that no point is between two corners
    turns = (np.asarray(bins)[:, None] * np.arange(points) + 0.5) / points
    z = np.exp(2j * np.pi * turns)
    return np.where(np.stack([z.real, z.imag], -1) < 0, -half, half - 1)


@pytest.mark.parametrize("n", range(3, 13))
def test_scipy_and_fftw_agree_within_the_derived_bound(n):
    rng = np.random.default_rng([7, n])
    for i, (width, rotators) in enumerate(itertools.product((8, 12, 16, 24), trees(n, rng))):
        x = signals(rng, 2**n, width)
        plan = make(
            n,
            scaling=scalings(n, rng)[i % 3],
            rotators=rotators,
            twiddle_bits=int(rng.choice([width, width + 2, 26])),
            rounding=fixed.ROUNDINGS[i % 5 % 3],
            inverse=bool(rng.integers(2)),
        )
        codes, saturated, _ = fft.transform(x, plan)
        assert not saturated.any()
        largest, rms = bounds_of(x, plan)
        for judge in (fftw(x, plan), fft.exact(x, inverse=plan.inverse, gain=gain(plan))):
            error = np.abs(as_complex(codes) - judge)
            assert error.max() <= largest
            assert np.sqrt((error**2).mean(axis=1)).max() <= rms


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", range(3, 13))
def test_scipy_agrees_with_radix_16_within_the_derived_bound(n, reverse):
    rng = np.random.default_rng([23, n])
    for i, (width, rotation) in enumerate(itertools.product((8, 16, 24), ("lift", "shift_add"))):
        x = signals(rng, 2**n, width)
        plan = make(
            n,
            **radix16(n, reverse=reverse),
            rotation=rotation,
            scaling=scalings(n, rng)[i // 2 % 3],
            rounding=fixed.ROUNDINGS[i % 3],
            inverse=bool(rng.integers(2)),
        )
        codes, saturated, _ = fft.transform(x, plan)
        assert not saturated.any()
        largest, rms = bounds_of(x, plan)
        error = np.abs(as_complex(codes) - fft.exact(x, inverse=plan.inverse, gain=gain(plan)))
        assert error.max() <= largest
        assert np.sqrt((error**2).mean(axis=1)).max() <= rms


def packed(spectrum):
    """Return X[0] .. X[M] with X[0] and X[M] as the parts of one."""
    first = spectrum[:, :1].real + 1j * spectrum[:, -1:].real
    return np.concatenate([first, spectrum[:, 1:-1]], axis=1)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("n", range(1, 12))
def test_scipy_agrees_on_real_samples_within_the_derived_bound(n, inverse):
    rng = np.random.default_rng([38, n, inverse])
    forms = [{"rotators": rotators} for rotators in trees(n, rng)]
    forms += [{**radix16(n), "rotation": "lift"}] if n > 2 else []
    for i, (width, form) in enumerate(itertools.product((8, 16, 24), forms)):
        plan = make(
            n,
            real=True,
            scaling=scalings(n, rng)[i % 4],
            twiddle_bits=int(rng.choice([width, width + 2, 26])),
            rounding=fixed.ROUNDINGS[i % 5 % 3],
            inverse=inverse,
            **form,
        )
        x = as_frames(signals(rng, 2**n, width), plan)
        codes, saturated, _ = fft.transform(x, plan)
        assert not saturated.any()
        if inverse:
            half = as_complex(x)
            half = np.concatenate([half[:, :1].real, half[:, 1:], half[:, :1].imag], axis=1)
            judge = as_complex(as_pairs(scipy.fft.irfft(half) * 2 ** (n + 1)))
        else:
            judge = packed(scipy.fft.rfft(x))
        error = np.abs(as_complex(as_pairs(codes)) - gain(plan) * judge)
        largest, rms = bounds_of(x, plan)
        assert error.max() <= largest
        assert np.sqrt((error**2).mean(axis=1)).max() <= rms


def test_radix_16_is_what_the_page_says():
    rotators = ((2, 1, 10), (6, 3, 10), (4, 3, 6), (8, 7, 10))  # its table
    assert radix16(10) == {"rotators": rotators, "lifted": (4, 8)}
    rotators = ((8, 1, 10), (4, 1, 8), (6, 5, 8), (2, 1, 4))
    assert radix16(10, reverse=True) == {"rotators": rotators, "lifted": (6, 2)}
    assert radix16(3) == {"rotators": ((2, 1, 3),), "lifted": (2,)}
    assert radix16(4) == {"rotators": ((2, 1, 4),), "lifted": (2,)}
    assert radix16(5) == {"rotators": ((1, 1, 5), (3, 2, 5)), "lifted": (3,)}
    assert radix16(7) == {"rotators": ((3, 1, 7), (2, 1, 3), (5, 4, 7)), "lifted": (2, 5)}


@pytest.mark.parametrize("inverse", [False, True])
def test_exact_is_the_sum_of_the_page(inverse):
    rng = np.random.default_rng(8)
    for n in range(5):
        x = random_codes(rng, 3, 2**n, 16)
        i = np.arange(2**n)
        kernel = np.exp((2j if inverse else -2j) * np.pi * np.outer(i, i) / 2**n)
        actual = fft.exact(x, inverse=inverse, gain=0.25)
        assert actual.dtype == np.complex128
        np.testing.assert_allclose(actual, as_complex(x) @ kernel / 4, rtol=0, atol=1e-9)
    assert fft.exact(np.array([[[0.5, -1.5]]])).tolist() == [[0.5 - 1.5j]]


def test_exact_of_real_samples_is_the_sum_of_the_page():
    rng = np.random.default_rng(39)
    for points in (2, 4, 6, 16):
        x = rng.normal(size=(3, points))
        i = np.arange(points)
        kernel = np.exp(-2j * np.pi * np.outer(i, i) / points)
        whole = x @ kernel
        actual = fft.exact(x, gain=0.25, real=True)
        assert actual.dtype == np.complex128
        expected = packed(whole[:, : points // 2 + 1]) / 4
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)
        pairs = np.stack([actual.real, actual.imag], -1)
        back = fft.exact(pairs, inverse=True, gain=0.5, real=True)
        assert back.dtype == np.float64
        np.testing.assert_allclose(back, (whole @ kernel.conj()).real / 8, rtol=0, atol=1e-12)
        for real in (x, pairs):
            assert len(fft.exact(real[:0], inverse=real is pairs, real=True)) == 0


@pytest.mark.parametrize("inverse", [False, True])
def test_two_and_four_points_unscaled_are_exact(inverse):
    rng = np.random.default_rng(9)
    for n, rotators in ((1, ()), (2, ()), (2, ((1, 1, 2),))):
        x = random_codes(rng, 50, 2**n, 24)
        plan = make(n, rotators=rotators, inverse=inverse)
        expected = np.rint(fft.exact(x, inverse=inverse))
        assert_array_equal(as_complex(fft.transform(x, plan).codes), expected)


# Signals whose answer is known.


def every_plan(n, rng):
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        for inverse in (False, True):
            yield make(n, rotators=rotators, scaling=scaling, inverse=inverse)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7])
def test_the_gain_is_exact(n):
    # At i = 0 an impulse meets zeros and turns of zero only, and so does a constant; halving is
    # exact where the size divides.
    rng = np.random.default_rng(n)
    for plan in every_plan(n, rng):
        total = sum(plan.scaling)
        size = 2**total * np.array([3, -5])
        x = np.zeros((2, 2**n, 2), int)
        x[0, 0], x[1] = size, size
        expected = np.zeros_like(x)
        expected[0], expected[1, 0] = size >> total, size << n >> total
        assert_array_equal(fft.transform(x, plan).codes, expected)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_the_gain_on_real_samples_is_exact(n):
    # constants, alternating ones and impulses, as above: u = 0 wherever there is anything
    rng = np.random.default_rng(n)
    for complex_plan in every_plan(n, rng):
        plan = replace(complex_plan, points=2 ** (n + 1), real=True)
        total = sum(plan.scaling) + plan.inverse
        x = np.zeros((3, 2 ** (n + 1)), int)
        x[:2], x[1, 1::2], x[2, 0] = 3, -3, 3
        y = np.zeros((3, 2**n, 2), int)
        y[0, 0, 0] = y[1, 0, 1] = 3 * 2 ** (n + 1)
        y[2, :, 0], y[2, 0, 1] = 3, 3
        x, y = (y, x * 2 ** (n + 1)) if plan.inverse else (x, y)
        for sign in (1, -1):
            codes = fft.transform(sign * x << total, plan).codes
            assert_array_equal(codes, sign * y)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_real_samples_of_full_scale_meet_no_limit_by_default(n):
    points = 2 ** (n + 1)
    scaling = default_real(n)
    plan = make(n, real=True, scaling=scaling, output=(True, 15, 0))
    x = np.full((3, points), -32768)
    x[1] = x[2] = 32767
    x[1, 1::2] = -32767
    expected = np.zeros((3, points // 2, 2), int)
    expected[0, 0], expected[1, 0], expected[2, 0] = (-32768, 0), (0, 32767), (32767, 0)
    codes, saturated, exponent = fft.transform(x, plan)
    assert_array_equal(codes, expected)
    assert not saturated.any()
    assert exponent.tolist() == [n + 1] * 3  # 1/N
    # and an impulse comes back from a spectrum that is full everywhere
    y = np.zeros_like(expected)
    y[:, :, 0] = y[:, 0, 1] = 32767
    back = replace(plan, scaling=default_real(n, inverse=True), inverse=True)
    codes, saturated, exponent = fft.transform(y, back)
    assert_array_equal(codes, 32767 * np.eye(1, points, dtype=int).repeat(3, axis=0))
    assert not saturated.any()
    assert exponent.tolist() == [n + 1] * 3


def test_zeros_stay_zeros_and_extremes_meet_no_limit():
    rng = np.random.default_rng(10)
    for n in (3, 4, 9):
        for rotators in trees(n, rng):
            plan = make(n, rotators=rotators, scaling=default_scaling(n), output=(True, 15, 0))
            alternating = np.where(np.arange(2**n) % 2, 32767, -32767)[:, None] * [1, 1]
            x = np.stack([np.zeros((2**n, 2), int), np.full((2**n, 2), -32768), alternating])
            expected = np.zeros_like(x)
            expected[1, 0], expected[2, 2 ** (n - 1)] = -32768, -32767
            codes, saturated, _ = fft.transform(x, plan)
            assert_array_equal(codes, expected)
            assert not saturated.any()


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_a_full_scale_tone_lands_in_its_bin(n):
    rng = np.random.default_rng(n)
    for rotators, inverse in itertools.product(trees(n, rng), (False, True)):
        plan = make(
            n,
            rotators=rotators,
            scaling=default_scaling(n),
            output=(True, 15, 0),
            inverse=inverse,
        )
        x = tones(2**n, 32767)
        codes, saturated, _ = fft.transform(x, plan)
        # the tone's own rounding to codes, <= sqrt(1/2), comes on top
        largest = error_bounds(plan, 32768 * math.sqrt(2), 32768)[0] + math.sqrt(0.5)
        bins = np.eye(2**n)[:, -np.arange(2**n)] if inverse else np.eye(2**n)
        assert np.abs(as_complex(codes) - 32767 * bins).max() <= largest < 6
        assert not saturated.any()


@pytest.mark.parametrize(
    "kind", [{}, {"real": True}, {"real": True, "inverse": True}], ids="-".join
)
def test_saturation_limits_the_output_only_and_is_counted_by_parts(kind):
    rng = np.random.default_rng(11)
    for n in (3, 6):
        plan = make(n, scaling=default_scaling(n), **kind)
        x = np.concatenate([corners(2**n, 2**15, range(1, 2**n)), random_codes(rng, 4, 2**n, 16)])
        x = as_frames(x, plan)
        wide = fft.transform(x, plan).codes
        for output, low, high in (
            ((True, 15, 0), -(2**15), 2**15 - 1),
            ((True, 1, 12), -(2**13), 2**13 - 1),
            ((False, 18, -3), 0, 2**15 - 1),
        ):
            codes, saturated, _ = fft.transform(x, replace(plan, output=output))
            assert_array_equal(codes, np.clip(wide, low, high))
            limited = as_pairs((wide < low) | (wide > high))
            assert_array_equal(saturated, limited.sum(axis=(1, 2)))
            assert saturated.any()


# Relations between transforms: each of them has the error of error_bounds.


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("n", [3, 6, 9])
def test_relations_hold_within_the_derived_bounds(n, inverse):
    rng = np.random.default_rng([12, n])
    points, k = 2**n, np.arange(2**n)
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        plan = make(n, rotators=rotators, scaling=scaling, inverse=inverse)
        a, b = signals(rng, points, 14), rng.permutation(signals(rng, points, 14))

        def y(x, plan=plan):
            return as_complex(fft.transform(x, plan).codes)

        largest, rms = bounds_of(a, plan)

        # Parseval: the norm of a sum is off by the norm of the error at most
        norms = [np.linalg.norm(z, axis=1) for z in (y(a), as_complex(a))]
        off = np.abs(norms[0] - gain(plan) * math.sqrt(points) * norms[1])
        assert off.max() <= math.sqrt(points) * rms

        # linearity
        off = np.abs(y(a + b) - y(a) - y(b))
        assert off.max() <= largest + bounds_of(b, plan)[0] + bounds_of(a + b, plan)[0]

        # a shift in time turns each bin
        shift = int(rng.integers(1, points))
        turns = np.exp((2j if inverse else -2j) * np.pi * (k * shift % points) / points)
        off = np.abs(y(np.roll(a, shift, axis=1)) - y(a) * turns)
        assert off.max() <= 2 * largest

        # the spectrum of real input is symmetric
        real = a * [1, 0]
        off = np.abs(y(real) - y(real)[:, -k].conj())
        assert off.max() <= 2 * bounds_of(real, plan)[0]


@pytest.mark.parametrize("n", [2, 5, 8])
def test_relations_of_real_samples_hold_within_the_derived_bounds(n):
    rng = np.random.default_rng([40, n])
    points, k = 2 ** (n + 1), np.arange(2**n)
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        plan = make(n, real=True, rotators=rotators, scaling=scaling)
        back = replace(plan, scaling=default_real(n, inverse=True), inverse=True)
        i = rng.integers(0, points, (3, 1)) * np.arange(points) % points / points
        a = np.concatenate([
            as_frames(signals(rng, 2**n, 14), plan),
            np.rint(8191 * np.cos(2 * np.pi * (i + rng.random((3, 1))))).astype(int),
        ])  # fmt: skip
        b = rng.permutation(a)

        def y(x, plan=plan):
            return as_complex(as_pairs(fft.transform(x, plan).codes))

        largest, rms = bounds_of(a, plan)

        # Parseval: all bins but 0 and M are there twice
        energy = 2 * (np.abs(y(a)) ** 2).sum(axis=1) - np.abs(y(a)[:, 0]) ** 2
        off = np.abs(np.sqrt(energy) - gain(plan) * math.sqrt(points) * np.linalg.norm(a, axis=1))
        assert off.max() <= math.sqrt(points) * rms

        # linearity
        off = np.abs(y(a + b) - y(a) - y(b))
        assert off.max() <= largest + bounds_of(b, plan)[0] + bounds_of(a + b, plan)[0]

        # a shift in time turns each bin, and X[M] by half circles
        shift = int(rng.integers(1, points))
        turned = y(a) * np.exp(-2j * np.pi * (k * shift % points) / points)
        turned[:, 0] = y(a)[:, 0].real + 1j * y(a)[:, 0].imag * (-1) ** shift
        assert np.abs(y(np.roll(a, shift, axis=1)) - turned).max() <= 2 * largest

        # the complex transform says the same, and the conjugate in the other half
        same = make(n + 1, scaling=default_scaling(n + 1), rotators=trees(n + 1, rng)[3])
        pairs = np.stack([a, 0 * a], -1)
        whole = y(pairs, same) / gain(same)
        bound = largest / gain(plan) + math.sqrt(2) * bounds_of(pairs, same)[0] / gain(same)
        for half in (whole[:, : points // 2 + 1], whole[:, -np.arange(points // 2 + 1)].conj()):
            assert np.abs(y(a) / gain(plan) - packed(half)).max() <= bound

        # and the inverse leads back; of the first error comes its rms at most
        spectrum = fft.transform(a, plan).codes
        off = np.abs(y(spectrum, back) - gain(plan) * as_complex(as_pairs(a)))
        assert off.max() <= rms + bounds_of(spectrum, back)[0]


def test_an_inverse_is_a_forward_with_parts_exchanged_and_leads_back():
    rng = np.random.default_rng(13)
    n = 6
    x = signals(rng, 2**n, 16)
    for rotators in trees(n, rng):
        forward = make(n, rotators=rotators, scaling=(0,) * (n + 1))
        inverse = make(n, rotators=rotators, scaling=default_scaling(n), inverse=True)
        same = make(n, rotators=rotators, scaling=default_scaling(n))
        assert_array_equal(
            fft.transform(x, inverse).codes, fft.transform(x[..., ::-1], same).codes[..., ::-1]
        )
        y = fft.transform(x, forward).codes
        back = fft.transform(y, inverse).codes
        # of the first error a mean over k comes back, turned: its rms at most
        first = bounds_of(x, forward)[1]
        assert np.abs(as_complex(back - x)).max() <= first + bounds_of(y, inverse)[0]


# Section 3.


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


@pytest.mark.parametrize("n", [3, 5, 6, 8])
@pytest.mark.parametrize("width", [2, 8, 16])
def test_values_stay_in_the_range_that_the_page_promises(n, width):
    rng = np.random.default_rng([14, n, width])
    half = 2 ** (width - 1)
    x = np.concatenate([
        corners(2**n, half, rng.permutation(2**n)[:32]),
        np.full((1, 2**n, 2), -half),
        rng.choice([-half, half - 1], (32, 2**n, 2)),
        random_codes(rng, 8, 2**n, width),
    ])  # fmt: skip
    for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
        for bits in (3, 5, width + 2):
            plan = make(n, rotators=rotators, scaling=scaling, twiddle_bits=bits)
            steps = fft.trace(x, plan)[:-1]
            for step, (name, c, m) in zip(steps, range_bounds(plan, width), strict=True):
                assert step.name == name
                assert np.abs(step.codes).max() <= c
                assert np.abs(as_complex(step.codes)).max() <= m * (1 + 1e-12)
            # and the range is needed: the most negative everywhere reaches it
            assert np.abs(steps[0].codes).max() == half * (2 - scaling[0])


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("width", [2, 8, 16])
def test_real_samples_stay_in_the_range_that_the_page_promises(width, inverse):
    rng = np.random.default_rng([41, width])
    half = 2 ** (width - 1)
    for n in (1, 2, 5, 7):
        z = np.concatenate([
            corners(2**n, half, rng.permutation(2**n)[:32]),
            np.full((1, 2**n, 2), -half),
            rng.choice([-half, half - 1], (64, 2**n, 2)),
        ])  # fmt: skip
        for rotators, scaling in itertools.product(trees(n, rng), scalings(n, rng)):
            for bits in (3, 5, width + 2):
                plan = make(
                    n,
                    real=True,
                    rotators=rotators,
                    scaling=scaling,
                    twiddle_bits=bits,
                    inverse=inverse,
                )
                steps = fft.trace(as_frames(z, plan), plan)[:-1]
                for step, (name, c, m) in zip(steps, range_bounds(plan, width), strict=True):
                    assert step.name == name
                    assert np.abs(step.codes).max() <= c
                    assert np.abs(as_complex(step.codes)).max() <= m * (1 + 1e-12)
            # and the range is needed: the most negative everywhere reaches it, and inverse k near 0
            if not inverse:
                peak = 4 * half * 2 ** (n - sum(scaling[:-1]))
                assert np.abs(steps[-1].codes).max() >= peak
        if inverse and n == 7 and width > 2:
            assert np.abs(steps[0].codes).max() >= 0.95 * 2 * half


@pytest.mark.parametrize("width", [2, 8, 16])
def test_lifting_keeps_the_modulus_up_to_its_errors(width):
    rng = np.random.default_rng([24, width])
    n, half = 7, 2 ** (width - 1)
    x = np.concatenate([
        corners(2**n, half, rng.permutation(2**n)[:32]),
        np.full((1, 2**n, 2), -half),
        rng.choice([-half, half - 1], (32, 2**n, 2)),
        random_codes(rng, 8, 2**n, width),
    ])  # fmt: skip
    for plan in lifting_plans(n, rng):
        steps = fft.trace(x, plan)[:-1]
        for step, (name, c, m) in zip(steps, range_bounds(plan, width), strict=True):
            assert step.name == name
            assert np.abs(step.codes).max() <= c
            assert np.abs(as_complex(step.codes)).max() <= m * (1 + 1e-12)
    for rotation in ("lift", "shift_add"):  # what the model takes, to tell if int64 does
        off, rounding = lifting_error(rotation)
        assert off <= 2**-7
        assert rounding <= 9


# Accuracy where the page's default is meant to be used.

DEFAULT = make(10, scaling=(0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 3), output=(True, 15, 0))


def errors(x, plan):
    """Return the error of every part and the exact output."""
    y = fft.exact(x, inverse=plan.inverse, gain=gain(plan), real=plan.real)
    codes, saturated, _ = fft.transform(x, plan)
    assert not saturated.any()
    return codes - (y if np.isrealobj(y) else np.stack([y.real, y.imag], -1)), y


def disc(rng, frames):
    radius = 32767 * np.sqrt(rng.uniform(0, 1, (frames, 1024)))
    return as_codes(radius * np.exp(2j * np.pi * rng.uniform(0, 1, radius.shape)), 16)


def test_noise_of_1024_points_of_16_bits():
    rng = np.random.default_rng(15)
    error, y = errors(disc(rng, 200), DEFAULT)
    power = (error**2).mean()
    assert math.sqrt(power) <= 0.34  # reached: 0.324
    assert 10 * math.log10((np.abs(y) ** 2).mean() / 2 / power) >= 63.5  # reached: 64.0
    assert abs(error.mean()) <= 5 * math.sqrt(power / error.size)  # no mean error


def test_a_full_scale_tone_of_1024_points_of_16_bits():
    error, y = errors(tones(1024, 32767), DEFAULT)
    noise = (error**2).sum(axis=(1, 2))
    ratio = (np.abs(y) ** 2).sum(axis=1) / np.maximum(noise, 1e-9)
    assert 10 * math.log10(ratio.min()) >= 90  # reached: 92.0, in the worst of all bins


@pytest.mark.parametrize(
    ("rotation", "least", "all_tones", "worst_tone"),
    [
        ("lift", 63.0, 80, 77),  # reached: 63.3, 83.0, 77.4
        ("shift_add", 62.8, 80, 75),  # reached: 63.1, 80.5, 75.5
    ],
)
def test_the_noise_of_lifting_at_1024_points_of_16_bits(rotation, least, all_tones, worst_tone):
    plan = replace(DEFAULT, **radix16(10), rotation=rotation)
    error, y = errors(disc(np.random.default_rng(15), 50), plan)
    assert 10 * math.log10((np.abs(y) ** 2).mean() / 2 / (error**2).mean()) >= least
    # tan(pi / 16) in five terms is off by 6.2e-5, and of a tone nothing hides it. It also lengthens
    # some: of 32767 a few would come out as 32768.
    error, y = errors(tones(1024, 32766, bins=np.arange(1, 1024, 2)), plan)
    power, noise = (np.abs(y) ** 2).sum(axis=1), (error**2).sum(axis=(1, 2))
    assert 10 * math.log10(power.mean() / noise.mean()) >= all_tones
    assert 10 * math.log10((power / np.maximum(noise, 1e-9)).min()) >= worst_tone
    # no single wrong value reaches -80 dB; reached: 80.9 and 80.8
    assert 20 * math.log10(32766 / np.hypot(*error.T).max()) >= 80


def make_real(inverse, **fields):
    """Return the default for 1024 real points."""
    return make(9, real=True, inverse=inverse, scaling=default_real(9, inverse=inverse), **fields)


@pytest.mark.parametrize(("inverse", "least"), [(False, 62.5), (True, 66.5)])  # reached: 63.0, 67.0
def test_the_noise_of_1024_real_points_of_16_bits(inverse, least):
    # Forward, of uniform noise: a third of full power where the disc of complex noise has a half,
    # which is 1.8 dB. An inverse has twice the power of its disc, for every bin counts twice.
    rng = np.random.default_rng(15)
    x = disc(rng, 200)[:, :512] if inverse else rng.integers(-(2**15), 2**15, (200, 1024))
    error, y = errors(x, make_real(inverse, output=(True, 15, 0)))
    power = (error**2).mean()
    assert math.sqrt(power) <= 0.34  # reached: 0.297, 0.323
    assert 10 * math.log10((np.abs(y) ** 2).sum() / (error**2).sum()) >= least
    assert abs(error.mean()) <= 5 * math.sqrt(power / error.size)  # no mean error


def test_a_full_scale_tone_of_1024_real_points_of_16_bits():
    turns = np.outer(np.arange(513), np.arange(1024)) % 1024 / 1024
    x = np.rint(32767 * np.cos(2 * np.pi * turns)).astype(int)
    error, y = errors(x, make_real(False, output=(True, 15, 0)))
    noise = (error**2).sum(axis=(1, 2))
    ratio = (np.abs(y) ** 2).sum(axis=1) / np.maximum(noise, 1e-9)
    assert 10 * math.log10(ratio.min()) >= 88.5  # reached: 89.2, in the worst of all bins


@pytest.mark.parametrize("bits", [10, 12, 18])
@pytest.mark.parametrize("make_tree", [natural, mirrored, iterative])
@pytest.mark.parametrize("kind", ["complex", "real", "real inverse"])
def test_the_noise_is_what_the_variances_of_the_page_add_up_to(make_tree, bits, kind):
    # For each part, with independent errors: a sum has both variances; a half sum a quarter of
    # that and 1/8. A rotator adds half the power of a value times that of its twiddle's error,
    # and 1/12 where the turn is no quarter, which is exact. Dropping uniform bits adds 1/12, less
    # (1/12) 4^-drop as they are discrete. A split is a sum of v and a rotated u, both of twice the
    # power; an inverse one half of that, rounded once.
    def rotated(turn):
        z = np.exp(-2j * np.pi * turn) * 2.0 ** (bits - 2)
        off = np.abs(np.rint(z) - z) * 2.0 ** (2 - bits)
        return power * (off**2).mean() / 2, (turn * 4 % 1 != 0).mean() / 12

    real, inverse = kind != "complex", kind == "real inverse"
    n, rng, fields = 10 - real, np.random.default_rng(16), {"twiddle_bits": bits}
    if real:
        plan = make_real(inverse, rotators=make_tree(n), **fields)
    else:
        plan = make(n, scaling=default_scaling(n), rotators=make_tree(n), **fields)
    x = random_codes(rng, 100, 2**n, 16)
    variance, power = 0.0, (np.abs(as_complex(x)) ** 2).mean()
    digit = {m: np.arange(2**n) >> (n - m) & 1 for m in range(1, n + 1)}
    split, drop = np.arange(1, 2**n // 2) / 2 ** (n + 1), plan.scaling[-1]
    if inverse:
        variance = 2 * rotated(split)[0] / 4 + 1 / 12
    for s, h in enumerate(plan.scaling[:-1], 1):
        variance, power = (variance / 2 + 1 / 8, power / 2) if h else (2 * variance, 2 * power)
        for _, p, q in (rotator for rotator in plan.rotators if rotator[0] == s):
            pairs = itertools.product(range(p, s + 1), range(s + 1, q + 1))
            variance += sum(
                rotated(sum(digit[a] * digit[b] * 2.0 ** (a - b - 1) for a, b in pairs))
            )
    if real and not inverse:
        twiddle, rounding = rotated(split)
        variance, drop = 4 * variance + 2 * twiddle + rounding, drop + 1
    variance = variance / 4**drop + (1 - 4**-drop) / 12
    error, _ = errors(as_frames(x, plan), plan)
    assert (error**2).mean() == pytest.approx(variance, rel=0.1)


# Block floating point.


def frame_scaling(x, plan):
    """Return the scaling of every frame as the page reads it off the values that trace gives."""
    inside = fft.trace(x, plan)[:-1]
    before = {int(step.name.split()[1]) + 1: step.codes for step in inside}  # the last one counts
    scaled = []
    for i, frame in enumerate(x):
        values = [frame, *(before[s][i] for s in range(2, plan.stages + 2))]
        low, high = (np.array([f(v) for v in values]) for f in (np.min, np.max))
        over = [
            (low < -(2**b)) | (high > 2**b - 1) for b in (plan.word_bits - 3, plan.word_bits - 2)
        ]
        scaled.append((*(int(h) for h in over[0][:-1]), int(over[0][-1]) + int(over[1][-1])))
    return scaled


def mixed_signals(rng, points, width):
    """Return frames of many sizes, shuffled."""
    half = 2 ** (width - 1)
    sizes = rng.integers(0, width + 1, 6)
    x = np.concatenate([
        signals(rng, points, width),
        random_codes(rng, 6, points, width) >> sizes[:, None, None],
        signals(rng, points, width) >> rng.integers(0, width),
        half // 2 * np.eye(points, dtype=int)[rng.integers(0, points, 2), :, None] * [1, -1],
    ])  # fmt: skip
    return rng.permutation(x)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("inverse", [False, True])
def test_both_implementations_agree_on_block(n, inverse):
    rng = np.random.default_rng([26, n, inverse])
    scaled, limited = [], 0
    for rounding, w in itertools.product(fixed.ROUNDINGS, (4, 7, 18)):
        plan = make_block(
            n,
            w,
            twiddle_bits=int(rng.choice([5, 9, 18])),
            output=(True, w - 3, 0) if rng.random() < 0.7 else (True, w - 6, 3),
            rounding=rounding,
            inverse=inverse,
        )
        x = mixed_signals(rng, 2**n, w - 2)[:: (2, 2, 3, 6, 12)[n - 1]]
        x = np.concatenate([x, corners(2**n, 2 ** (w - 3), [1, -1])])
        count, scalings = assert_both_agree(x, plan)
        assert scalings == frame_scaling(x, plan)
        scaled += scalings
        limited += count
    assert limited or n > 3
    *stages, drops = (set(values) for values in zip(*scaled, strict=True))
    assert stages == [{0}] + [{0, 1}] * (n - 1)
    assert drops == ({0, 1} if n < 3 else {0, 1, 2})  # two need a rotator


def test_both_implementations_agree_on_block_with_any_tree():
    rng = np.random.default_rng(27)
    forms = [{"rotators": rotators} for rotators in trees(4, rng)]
    forms += [{**form, "rotation": "lift"} for form in lifting_forms(4, rng)]
    for form in forms:
        for w in (6, 18):
            x = mixed_signals(rng, 16, w - 2)[:5]
            assert_both_agree(x, make_block(4, w, inverse=bool(rng.integers(2)), **form))


def test_both_implementations_agree_on_block_beyond_int64():
    rng = np.random.default_rng(28)
    for n, w, bits in ((3, 66, 18), (4, 64, 40), (4, 50, 18), (3, 20, 70), (2, 63, 18)):
        x = rng.integers(-(2 ** (w - 3)), 2 ** (w - 3), (5, 2**n, 2), dtype=np.int64)
        x >>= np.array([0, 0, 1, 7, w - 4])[:, None, None]
        x[1] = np.where(x[1] < 0, -(2 ** (w - 3)), 2 ** (w - 3) - 1)
        for rounding in fixed.ROUNDINGS:
            assert_both_agree(x, make_block(n, w, twiddle_bits=bits, rounding=rounding))


def test_block_leaves_int64_before_it_would_lose_a_bit(monkeypatch):
    rng = np.random.default_rng(29)
    lifted = {**radix16(4), "rotation": "lift"}
    for n, bits, form in ((4, 18, {}), (6, 25, {}), (6, 3, {}), (3, 40, {}), (4, 18, lifted)):
        plans = [make_block(n, w, twiddle_bits=bits, **form) for w in range(66, 3, -1)]
        plan = next(plan for plan in plans if fft._fits(plan, 0))
        half = 2 ** (plan.word_bits - 3)
        x = np.concatenate([
            np.full((1, 2**n, 2), -half),
            rng.choice([-half, half - 1], (10, 2**n, 2)),
            corners(2**n, half, range(1, 2**n)),
        ])  # fmt: skip
        fast = fft.transform(x, plan)
        assert fft._fits(plan, half)
        with monkeypatch.context() as patch:
            patch.setattr(fft, "_fits", lambda plan, peak: False)
            slow = fft.transform(x, plan)
        for a, b in zip(fast, slow, strict=True):
            assert_array_equal(a, b)
            assert a.dtype == b.dtype == np.int64


def test_block_decides_where_the_page_says():
    def answer(rounding, *x, **fields):
        plan = make_block(len(x) // 2, 10, rounding=rounding, **fields)
        codes, saturated, exponent = fft.transform([[[v, 0] for v in x]], plan)
        return codes[0, :, 0].tolist(), int(saturated[0]), int(exponent[0])

    # the sum of two, in -128 .. 127 as it is and else halved; W = 10
    for rounding in fixed.ROUNDINGS:
        assert answer(rounding, 100, 27) == ([127, 73], 0, 0)
        assert answer(rounding, -100, -28) == ([-128, -72], 0, 0)
        assert answer(rounding, 100, 28) == ([64, 36], 0, 1)
        assert answer(rounding, -128, -128) == ([-128, 0], 0, 1)
        assert answer(rounding, 0, 0) == ([0, 0], 0, 0)
    assert answer("truncate", -102, -27) == ([-65, -38], 0, 1)
    assert answer("half_up", -102, -27) == ([-64, -37], 0, 1)
    assert answer("half_even", -102, -27) == ([-64, -38], 0, 1)
    # 255 / 2 rounds up to 128, and is limited
    assert answer("truncate", 127, -128) == ([-1, 127], 0, 1)
    assert answer("half_up", 127, -128) == ([0, 127], 1, 1)
    assert answer("half_even", 127, -128) == ([0, 127], 1, 1)
    assert answer("half_even", 127, -128, inverse=True) == ([0, 127], 1, 1)
    # of four, x_0 + x_2 decides the second stage
    assert answer("half_even", 100, 0, 27, 0) == ([127, 73, 127, 73], 0, 0)
    assert answer("half_even", 100, 0, 28, 0) == ([64, 36, 64, 36], 0, 1)
    assert answer("half_even", 100, 100, 28, 28) == ([64, 18, 0, 18], 0, 2)
    assert answer("half_even", 127, 126, 127, 126) == ([126, 0, 0, 0], 0, 2)


@pytest.mark.parametrize("function", [fft.transform, fft.trace])
def test_block_refuses_parts_of_more_bits(function):
    rng = np.random.default_rng(34)
    for w, inverse in itertools.product((4, 18, 66), (False, True)):
        half, plan = 2 ** (w - 3), make_block(3, w, inverse=inverse)
        function(np.array([[[-half, half - 1]] * 8]), plan)
        for wrong in (half, -half - 1, 4 * half, 2**70):
            x = np.zeros((3, 8, 2), object)
            x[tuple(rng.integers(0, x.shape))] = wrong
            message = rf"parts of word_bits - 2 = {w - 2} bits, not of magnitude {abs(wrong)}$"
            with pytest.raises(ValueError, match=message):
                function(x, plan)


def test_frames_in_block_do_not_meet(monkeypatch):
    rng = np.random.default_rng(30)
    for n, inverse in ((3, True), (7, False)):
        plan = make_block(n, 18, inverse=inverse)
        x = mixed_signals(rng, 2**n, 16)
        before = x.copy()
        whole, stages = fft.transform(x, plan), fft.trace(x, plan)
        assert whole.exponent.dtype == np.int64
        assert len(set(whole.exponent.tolist())) > 2
        order = rng.permutation(len(x))
        moved, moved_stages = fft.transform(x[order], plan), fft.trace(x[order], plan)
        for a, b in zip(whole, moved, strict=True):
            assert_array_equal(a[order], b)
        for a, b in zip(stages, moved_stages, strict=True):
            assert_array_equal(a.codes[order], b.codes)
        assert_array_equal(stages[-1].codes, whole.codes)
        for i in range(len(x)):
            for a, b in zip(whole, fft.transform(x[i : i + 1], plan), strict=True):
                assert_array_equal(a[i : i + 1], b)
        with monkeypatch.context() as patch:
            patch.setattr(fft, "BLOCK_POINTS", 5 * 2**n)
            for a, b in zip(whole, fft.transform(x, plan), strict=True):
                assert_array_equal(a, b)
        assert_array_equal(x, before)


@pytest.mark.parametrize("n", [3, 5, 8, 10])
def test_scipy_agrees_with_block_within_the_derived_bound(n):
    rng = np.random.default_rng([31, n])
    for i, (width, inverse) in enumerate(itertools.product((10, 16, 24), (False, True))):
        plan = make_block(
            n,
            width + 2,
            twiddle_bits=int(rng.choice([width + 2, 26])),
            rounding=fixed.ROUNDINGS[i % 3],
            inverse=inverse,
        )
        x = mixed_signals(rng, 2**n, width)
        x = x[:: 4 if n < 10 else 8]
        codes, saturated, exponent = fft.transform(x, plan)
        exact = fft.exact(x, inverse=inverse)
        error = np.abs(as_complex(codes) * 2.0 ** exponent[:, None] - exact)
        for j, scaling in enumerate(frame_scaling(x, plan)):
            # the frame's own scaling as numbers is the same transform, but for what is limited
            wide = {"word_bits": 0, "output": (True, 40, 0)}
            same = replace(plan, scaling=scaling, **wide)
            free = fft.transform(x[j : j + 1], same)
            half = 2 ** (width - 1)
            assert_array_equal(codes[j], np.minimum(free.codes[0], half - 1))
            assert free.codes.max() <= half  # no more than what rounds up to it
            assert saturated[j] == (free.codes == half).sum()
            assert exponent[j] == free.exponent[0] == sum(scaling)
            largest, rms = bounds_of(x[j : j + 1], same)
            if saturated[j]:
                largest, rms = (bound + math.sqrt(2) for bound in (largest, rms))
            assert error[j].max() <= largest * 2.0 ** exponent[j]
            assert np.sqrt((error[j] ** 2).mean()) <= rms * 2.0 ** exponent[j]


@pytest.mark.parametrize("w", [7, 8, 12, 18])
def test_block_stays_in_its_words(w):
    # A modulus grows from sqrt(2) 2^(W-2) by what roundings and twiddles add: see Transform.
    rng, half = np.random.default_rng([32, w]), 2 ** (w - 3)
    peak, part = 0.0, 0
    for n, bits in itertools.product((2, 3, 5, 6, 8), (6, w, w + 4)):
        if n * (2.0 ** (2 - w) + 2 ** (1.5 - bits)) > math.log(2) / 2:
            continue
        plan = make_block(n, w, twiddle_bits=bits)
        x = np.concatenate([
            corners(2**n, half, rng.permutation(2**n)[:64]),
            np.full((1, 2**n, 2), -half),
            rng.choice([-half, half - 1], (32, 2**n, 2)),
            mixed_signals(rng, 2**n, w - 2),
        ])  # fmt: skip
        limit = math.sqrt(2) * 2 ** (w - 2)
        for step in fft.trace(x, plan)[:-1]:
            size = np.abs(as_complex(step.codes)).max()
            if step.name.startswith("rotator"):
                limit = limit * (1 + math.sqrt(2) * 2.0 ** (1 - bits)) + math.sqrt(0.5)
            elif step.name != "stage 1":
                limit += math.sqrt(0.5)
            assert size <= limit * (1 + 1e-12)
            assert limit < 2 ** (w - 1)
            peak, part = max(peak, size), max(part, int(np.abs(step.codes).max()))
    assert peak >= math.sqrt(2) * 2 ** (w - 2)
    assert part > 2 ** (w - 2)  # W bits are needed


@pytest.mark.parametrize("w", [4, 5, 10, 18])
def test_block_of_zeros_and_of_an_impulse_is_exact(w):
    half = 2 ** (w - 3)
    for n, inverse in itertools.product((1, 2, 3, 6, 10), (False, True)):
        plan = make_block(n, w, inverse=inverse)
        x = np.zeros((5, 2**n, 2), int)
        x[1, 0], x[2, 0], x[3, 0] = (1, 0), (0, 1), (half - 1, -half)
        x[4] = (-half, half // 2)
        expected = np.zeros_like(x)
        expected[1:4] = x[1:4, :1]
        codes, saturated, exponent = fft.transform(x, plan)
        # a constant is halved once its sum leaves the words, and once more at the end, so that
        # its bin is full
        expected[4, 0] = x[4, 0]
        assert_array_equal(codes, expected)
        assert exponent.tolist() == [0, 0, 0, 0, n]
        assert not saturated.any()


@pytest.mark.parametrize("n", [3, 6, 10])
def test_twice_the_input_is_one_more_in_the_exponent_at_most(n):
    # If 2 x has the larger exponent at a stage, its values are those of x up to rounding, and what
    # follows is the same; else they are twice as large, and it halves whenever x does.
    rng = np.random.default_rng([33, n])
    plan = make_block(n, 18, twiddle_bits=20)
    x = mixed_signals(rng, 2**n, 16) >> 1
    x = np.concatenate([x >> shift for shift in (0, 1, 4)])
    once, twice = fft.transform(x, plan), fft.transform(2 * x, plan)
    assert set((twice.exponent - once.exponent).tolist()) == {0, 1}


def test_twice_the_input_may_be_two_more_where_a_rounding_crosses_a_limit():
    plan = make_block(3, 6)
    x = np.zeros((1, 8, 2), int)
    x[0, [0, 4, 5], 0] = -4, 3, -2
    x = np.concatenate([x, 2 * x])
    assert_both_agree(x, plan)
    # 2 e^(-j pi / 4) becomes 1 - j, and twice that 3 - 3j, which a stage halves to 1 - 2j: the last
    # stage makes -7 - 1 = -8 of the first and -7 - 2 = -9 of the second, which needs a drop
    assert frame_scaling(x, plan) == [(0, 0, 0, 0), (0, 1, 0, 1)]


def block_ratio(gain):
    """Return dB at 1024 points of 16 bits, for noise of this gain, and the exponents."""
    x = np.rint(gain * disc(np.random.default_rng(15), 50)).astype(int)
    codes, saturated, exponent = fft.transform(x, make_block(10, 18))
    assert not saturated.any()
    y = fft.exact(x)
    error = as_complex(codes) * 2.0 ** exponent[:, None] - y
    ratio = 10 * math.log10((np.abs(y) ** 2).mean() / (np.abs(error) ** 2).mean())
    return ratio, set(exponent.tolist())


def test_the_noise_of_block_at_1024_points_of_16_bits():
    ratio, exponents = block_ratio(1)
    assert ratio >= 78.5  # reached: 78.9
    assert exponents == {6, 7}
    # At -40 dBFS nothing is halved, and the roundings of eight rotators remain: each adds 1/12 to
    # a part where its turn is no quarter, and every later stage doubles that.
    ratio, exponents = block_ratio(0.01)
    noise = sum((1 - 2.0 ** (s - 9)) / 2 / 12 * 2 ** (10 - s) for s in range(1, 9))
    power = 1024 * (32767 * 0.01) ** 2 / 2  # of the modulus
    assert ratio == pytest.approx(10 * math.log10(power / 2 / noise), abs=0.2)  # reached: 58.2
    assert exponents == {0}


# Shapes, kinds and words.


def test_frames_do_not_meet_and_blocks_do_not_show(monkeypatch):
    rng = np.random.default_rng(17)
    plan = make(4, scaling=default_scaling(4), output=(True, 13, 0))
    x = random_codes(rng, 37, 16, 16)
    before = x.copy()
    answer = codes, saturated, exponent = fft.transform(x, plan)
    assert codes.shape == x.shape
    assert codes.dtype == saturated.dtype == exponent.dtype == np.int64
    assert saturated.shape == (37,)
    assert exponent.tolist() == [sum(plan.scaling)] * 37
    for block in (1, 16, 48, 160):
        monkeypatch.setattr(fft, "BLOCK_POINTS", block)
        for actual, expected in zip(fft.transform(x, plan), answer, strict=True):
            assert_array_equal(actual, expected)
    assert_array_equal(fft.transform(x[5:6], plan).codes, codes[5:6])
    assert_array_equal(x, before)


def test_every_kind_of_integer_is_taken_and_no_frame_at_all():
    plan = make(2)
    x = np.array([[[1, 2], [3, 4], [5, 6], [7, 8]]])
    expected = fft.transform(x, plan).codes
    for kind in (np.int8, np.uint8, np.uint64, object):
        assert_array_equal(fft.transform(x.astype(kind), plan).codes, expected)
    assert_array_equal(fft.transform(x.tolist(), plan).codes, expected)
    for each in (plan, make_block(2, 8)):
        codes, saturated, exponent = fft.transform(x[:0], each)
        assert codes.shape == (0, 4, 2)
        assert saturated.shape == exponent.shape == (0,)
        assert [stage.codes.shape for stage in fft.trace(x[:0], each)] == [(0, 4, 2)] * 3
    assert fft.exact(x[:0]).shape == (0, 4)


def test_shapes_kinds_and_blocks_of_real_samples(monkeypatch):
    rng = np.random.default_rng(42)
    for inverse in (False, True):
        plan = make(3, real=True, scaling=(0, 1, 0, 1), output=(True, 6, 0), inverse=inverse)
        x = as_frames(rng.integers(0, 100, (13, 8, 2)), plan)
        shape = (16,) if inverse else (8, 2)
        answer = codes, saturated, exponent = fft.transform(x, plan)
        assert codes.shape == (13, *shape)
        assert saturated.shape == exponent.shape == (13,)
        assert exponent.tolist() == [2 + inverse] * 13
        assert codes.dtype == saturated.dtype == exponent.dtype == np.int64
        with monkeypatch.context() as patch:
            patch.setattr(fft, "BLOCK_POINTS", 48)
            for actual, expected in zip(fft.transform(x, plan), answer, strict=True):
                assert_array_equal(actual, expected)
        for kind in (np.int8, np.uint64, object):
            assert_array_equal(fft.transform(x.astype(kind), plan).codes, codes)
        assert_array_equal(fft.transform(x[::2].tolist(), plan).codes, codes[::2])
        assert fft.transform(x[:0], plan).codes.shape == (0, *shape)
        names = ["stage 1", "stage 2", "rotator 2", "stage 3"]
        names = ["split", *names, "output"] if inverse else [*names, "split", "output"]
        steps = fft.trace(x[:0], plan)
        assert [step.name for step in steps] == names
        assert [step.codes.shape for step in steps] == [(0, 8, 2)] * 5 + [(0, *shape)]
        for wrong in ((8, 2), (16,), (1, 8), (1, 16, 2), (1, 8, 3), (1, 2, 8), (1, 1, 16)):
            with pytest.raises(ValueError, match=r"x must be \(frames, (16|8, 2)\), not \("):
                fft.transform(np.zeros(wrong, int), plan)
        with pytest.raises(ValueError, match=r"x must be \(frames, (16|8, 2)\), not \("):
            fft.transform(codes, plan)  # what the other direction takes
        with pytest.raises(TypeError, match="x must be integers, not float64"):
            fft.transform(x / 2, plan)


@pytest.mark.parametrize("function", [fft.transform, fft.trace])
def test_what_is_no_frame_is_refused(function):
    plan = make(3)
    for shape in ((8, 2), (1, 8), (1, 8, 3), (1, 4, 2), (1, 16, 2), (1, 1, 8, 2)):
        with pytest.raises(ValueError, match=r"x must be \(frames, 8, 2\), not \("):
            function(np.zeros(shape, int), plan)
    with pytest.raises(TypeError, match="x must be integers, not float64"):
        function(np.zeros((1, 8, 2)), plan)
    with pytest.raises(TypeError, match="x must be integers, not complex128"):
        function(np.zeros((1, 8, 2), complex), plan)
    with pytest.raises(TypeError, match="integers, not objects of another kind"):
        function(np.full((1, 8, 2), 0.5, object), plan)


def test_exact_refuses_what_is_no_frame():
    for shape in ((8, 2), (1, 8, 3), (1, 0, 2), (1, 1, 8, 2)):
        with pytest.raises(ValueError, match=r"x must be \(frames, points, 2\), not \("):
            fft.exact(np.zeros(shape))
        with pytest.raises(ValueError, match=r"x must be \(frames, M, 2\), not \("):
            fft.exact(np.zeros(shape), inverse=True, real=True)
    for shape in ((8,), (1, 0), (1, 7), (1, 4, 2)):
        with pytest.raises(ValueError, match=r"x must be .*, an even number, not \("):
            fft.exact(np.zeros(shape), real=True)


LIFT = {"rotation": "lift"}
REAL = {"real": True, "scaling": (0,) * 4, "rotators": ((2, 1, 3),)}
FIVE = {"points": 32, "scaling": (0,) * 6, "rotators": ((1, 1, 5), (3, 2, 5))}


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"points": 1}, ValueError, "points must be a power of two from 2, not 1"),
        ({"points": 0}, ValueError, "points must be a power of two from 2, not 0"),
        ({"points": -8}, ValueError, "points must be a power of two from 2, not -8"),
        ({"points": 12}, ValueError, "points must be a power of two from 2, not 12"),
        ({"points": 8.0}, TypeError, "points must be an integer, not 8.0"),
        ({"points": True}, TypeError, "points must be an integer, not True"),
        ({"twiddle_bits": 2}, ValueError, "twiddle_bits must be 3 or more, not 2"),
        ({"twiddle_bits": "18"}, TypeError, "twiddle_bits must be an integer, not '18'"),
        ({"scaling": (0,) * 4}, ValueError, r"scaling must be 5 numbers, .*, not 4"),
        ({"scaling": (0,) * 6}, ValueError, r"scaling must be 5 numbers, .*, not 6"),
        ({"scaling": (0, 2, 0, 0, 0)}, ValueError, r"scaling must be 0 or 1 .*, not \(0, 2, 0"),
        ({"scaling": (0, -1, 0, 0, 0)}, ValueError, r"scaling must be 0 or 1 .*, not \(0, -1"),
        ({"scaling": (0, 0, 0, 0, -1)}, ValueError, r"scaling must be .* end, not .*-1\)"),
        ({"scaling": (0, 0.5, 0, 0, 0)}, TypeError, "of scaling must be an integer, not 0.5"),
        ({"scaling": "float", "word_bits": 18}, ValueError, "numbers or 'block', not 'float'"),
        ({"scaling": "block"}, ValueError, "word_bits must be 4 or more .* 'block', not 0"),
        ({"scaling": "block", "word_bits": 3}, ValueError, "word_bits must be 4 or .*, not 3"),
        ({"scaling": "block", "word_bits": -18}, ValueError, "word_bits must be .*, not -18"),
        ({"scaling": "block", "word_bits": 18.0}, TypeError, "word_bits must be an .*, not 18.0"),
        ({"scaling": "block", "word_bits": 17}, ValueError, "output must .* = 15 bits .* not 16"),
        ({"scaling": "block", "word_bits": 19}, ValueError, "output must .* = 17 bits .* not 16"),
        ({"word_bits": 18}, ValueError, "word_bits must be 0 if .* not 'block', not 18"),
        ({"word_bits": False}, TypeError, "word_bits must be an integer, not False"),
        ({"rotators": ()}, ValueError, r"every pair of stages once, not \(1, 3\) 0 times"),
        ({"rotators": ((1, 1, 4),)}, ValueError, r"stages once, not \(2, 4\) 0 times"),
        ({"rotators": ((2, 1, 4), (2, 1, 4))}, ValueError, r"once, not \(1, 3\) 2 times"),
        ({"rotators": ((2, 1, 4), (2, 2, 3))}, ValueError, r"once, not \(2, 3\) 2 times"),
        ({"rotators": ((1, 1, 4), (3, 1, 4))}, ValueError, r"once, not \(1, 4\) 2 times"),
        ({"rotators": ((2, 1, 4), (4, 3, 4))}, ValueError, r"<= 4, not \(4, 3, 4\)"),
        ({"rotators": ((2, 1, 5),)}, ValueError, r"a rotator must be .* <= 4, not \(2, 1, 5\)"),
        ({"rotators": ((2, 0, 4),)}, ValueError, r"a rotator must be .* <= 4, not \(2, 0, 4\)"),
        ({"rotators": ((1, 2, 4),)}, ValueError, r"a rotator must be .* <= 4, not \(1, 2, 4\)"),
        ({"rotators": ((2, 4),)}, ValueError, r"a rotator must be .* <= 4, not \(2, 4\)"),
        ({"rotators": ((2, 1, 4.0),)}, TypeError, "of a rotator must be an integer, not 4.0"),
        ({"output": (True, 64, 0)}, ValueError, r"output must be .* 1 to 64 bits, not \(True, 6"),
        ({"output": (False, 4, -4)}, ValueError, r"output must be .* 1 to 64 bits, not \(False"),
        ({"output": (True, 15)}, ValueError, r"output must be .*, not \(True, 15\)"),
        ({"output": (True, 15, 0.5)}, TypeError, "of output must be an integer, not 0.5"),
        ({"rounding": "floor"}, ValueError, r"rounding must be one of .*, not 'floor'"),
        ({"inverse": "no"}, TypeError, "inverse must be True or False, not 'no'"),
        ({"real": 1}, TypeError, "real must be True or False, not 1"),
        ({"real": True}, ValueError, "scaling must be 4 numbers, .*, not 5"),
        ({**REAL, "points": 2}, ValueError, "points must be a power of two from 4, not 2"),
        ({**REAL, "rotators": ((2, 1, 4),)}, ValueError, r"last <= 3, not \(2, 1, 4\)"),
        ({**REAL, "scaling": "block"}, ValueError, "numbers for real samples, not 'block'"),
        ({"rotation": "cordic"}, ValueError, "rotation must be one of .*, not 'cordic'"),
        ({"rotation": None}, ValueError, "rotation must be one of .*, not None"),
        ({"lifted": (2,)}, ValueError, r"lifted must be empty with .* 'multiply', not \(2,\)"),
        ({**LIFT, "lifted": (1,)}, ValueError, r"a number of lifted must be .* behind it, not 1"),
        ({**LIFT, "lifted": (2, 3)}, ValueError, r"a number of lifted must be .*, not 3"),
        ({**LIFT, "lifted": (2, 2)}, ValueError, r"lifted must name a stage once, not \(2, 2\)"),
        ({**LIFT, "lifted": (2.0,)}, TypeError, "of lifted must be an integer, not 2.0"),
        ({**LIFT, "lifted": (True,)}, TypeError, "of lifted must be an integer, not True"),
        ({**LIFT, **FIVE, "lifted": (3, 1)}, ValueError, r"last - first <= 3 behind it, not 1"),
    ],
)
def test_what_is_no_plan_is_refused(fields, error, message):
    plan = {
        "points": 16,
        "scaling": (0,) * 5,
        "rotators": ((2, 1, 4),),
        "twiddle_bits": 18,
        "output": (True, 15, 0),
    }
    fft.Transform(**plan)
    fft.Transform(**{**plan, **REAL})
    with pytest.raises(error, match=message):
        fft.Transform(**{**plan, **fields})


def test_counting_pairs_refuses_just_what_is_no_tree():
    """The page's rule for every list of up to three rotators of 2 to 4 stages, by recursion."""

    def is_tree(rotators, n):
        left = list(rotators)
        ranges = [(1, n)]
        while ranges:
            p, q = ranges.pop()
            split = [r for r in left if r[1:] == (p, q)]
            if split:
                left.remove(split[0])
                ranges += [(p, split[0][0]), (split[0][0] + 1, q)]
            elif q - p > 1:
                return False
        return not left

    for n in (2, 3, 4):
        every = [
            (s, p, q) for p, s, q in itertools.product(range(1, n + 1), repeat=3) if p <= s < q
        ]
        lists = itertools.chain.from_iterable(
            itertools.combinations_with_replacement(every, i) for i in range(4)
        )
        for rotators in lists:
            if is_tree(rotators, n):
                assert make(n, rotators=rotators).rotators == rotators
            else:
                with pytest.raises(ValueError, match="rotators must cover every pair"):
                    make(n, rotators=rotators)
