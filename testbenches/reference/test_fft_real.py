"""The FFT's golden model for real samples: a second one, a foreign FFT, and mathematics."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.fft
from numpy.testing import assert_array_equal

from kolam.reference import fft, fixed
from kolam.testbenches.fft_bounds import bounds_of, errors, gain, range_bounds
from kolam.testbenches.fft_plans import (
    as_complex,
    as_frames,
    as_pairs,
    corners,
    default_real,
    default_scaling,
    disc,
    every_plan,
    lifting_plans,
    make,
    make_real,
    mirrored,
    packed,
    radix16,
    random_codes,
    scalings,
    signals,
    trees,
)
from kolam.testbenches.fft_scalar import assert_both_agree


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
