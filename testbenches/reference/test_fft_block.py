"""The FFT's golden model in block floating point: every frame decides its own scaling."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kolam.reference import fft, fixed
from kolam.testbenches.fft_bounds import bounds_of
from kolam.testbenches.fft_plans import (
    as_complex,
    corners,
    disc,
    lifting_forms,
    make_block,
    radix16,
    random_codes,
    signals,
    trees,
)
from kolam.testbenches.fft_scalar import assert_both_agree

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
