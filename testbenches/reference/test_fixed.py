"""Two implementations of number formats, written apart, agree; and known values by hand."""

import itertools

import numpy as np
import pytest

from kolam.hdl import Format, Overflow, Rounding
from kolam.reference import fixed

EVERY = list(itertools.product(Rounding, Overflow))


def narrowed(format_, acc, fraction, rounding, overflow):
    plain = (format_.signed, format_.integer, format_.fraction)
    return fixed.narrow(acc, fraction, plain, rounding.value, overflow.value)


@pytest.mark.parametrize("width", range(1, 13))
@pytest.mark.parametrize("signed", [False, True])
def test_both_implementations_agree_on_every_word_of_up_to_12_bits(width, signed):
    for fraction in (-2, 0, width // 2, width + 1):
        format_ = Format(signed, width - signed - fraction, fraction)
        plain = (signed, width - signed - fraction, fraction)
        assert fixed.width(plain) == format_.width == width
        assert fixed.limits(plain) == (format_.minimum, format_.maximum)
        # every code and its quarters, and well beyond on either side
        margin = max(2**width // 4, 16)
        acc = np.arange(4 * (format_.minimum - margin), 4 * (format_.maximum + margin) + 1)
        values = np.ldexp(acc.astype(float), -fraction - 2)
        codes = np.arange(format_.minimum, format_.maximum + 1)
        np.testing.assert_array_equal(fixed.to_float(codes, fraction), format_.to_float(codes))
        for rounding, overflow in EVERY:
            expected = format_.quantize(values, rounding, overflow)
            actual, saturated = narrowed(format_, acc, fraction + 2, rounding, overflow)
            np.testing.assert_array_equal(actual, expected)
            quantized = fixed.quantize(values, plain, rounding.value, overflow.value)
            np.testing.assert_array_equal(quantized, expected)
            unlimited = Format(True, 20 - fraction, fraction).quantize(values, rounding)
            beyond = (unlimited != expected) & (overflow is Overflow.SATURATE)
            np.testing.assert_array_equal(saturated, beyond)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [31, 32, 33, 52, 53, 54, 61, 62, 63, 64])
def test_both_implementations_agree_on_wide_words(width, signed):
    rng = np.random.default_rng(width)
    format_ = Format(signed, width - signed - 3, 3)
    values = rng.standard_normal(300) * 2.0 ** rng.integers(-70, 90, 300)
    edges = [float(format_.minimum), float(format_.maximum), 0.0625, -0.0625, 0.1875]
    values = np.concatenate([values, np.ldexp(edges, -3), edges])
    for rounding, overflow in EVERY:
        expected = format_.quantize(values, rounding, overflow)
        actual = fixed.quantize(
            values, (signed, width - signed - 3, 3), rounding.value, overflow.value
        )
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("truncate", [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2]),
        ("half_up", [-2, -2, -1, -1, 0, 0, 1, 1, 2, 3]),
        ("half_even", [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2]),
    ],
)
def test_roundings_by_hand(rounding, expected):
    halves = np.array([-5, -4, -3, -2, -1, 0, 1, 2, 3, 5])
    np.testing.assert_array_equal(fixed.round_shift(halves, 1, rounding), expected)
    # the same ties beyond int64, and by a shift that int64 has not
    wide = halves.astype(object) * 2**70
    np.testing.assert_array_equal(fixed.round_shift(wide, 71, rounding), expected)


@pytest.mark.parametrize("rounding", fixed.ROUNDINGS)
@pytest.mark.parametrize("shift", [1, 2, 31, 61, 62, 63, 64, 80])
def test_rounding_is_exact_at_the_ends_of_int64(rounding, shift):
    ends = [2**63 - 1, 2**62, 2**62 - 1, 1, 0, -1, -(2**62), -(2**63) + 1, -(2**63)]
    halves = [sign * 2 ** (shift - 1) + i for sign in (-1, 1) for i in (-1, 0, 1)]
    values = [*ends, *(h for h in halves if abs(h) < 2**63)]
    actual = fixed.round_shift(np.array(values), shift, rounding)
    for value, word in zip(values, actual, strict=True):
        down, rest = divmod(value, 2**shift)
        up = {
            "truncate": False,
            "half_up": 2 * rest >= 2**shift,
            "half_even": 2 * rest > 2**shift or (2 * rest == 2**shift and down % 2 == 1),
        }[rounding]
        assert int(word) == down + up


def test_a_negative_shift_is_exact_and_leaves_int64_when_it_must():
    near = fixed.round_shift(np.array([3, -3]), -60, "truncate")
    assert near.dtype == np.int64
    assert near.tolist() == [3 * 2**60, -3 * 2**60]
    far = fixed.round_shift(np.array([3, -3]), -62, "truncate")
    assert far.tolist() == [3 * 2**62, -3 * 2**62]
    assert fixed.round_shift(np.array([0]), -100, "half_up").tolist() == [0]
    codes, saturated = fixed.narrow(np.array([3, -3]), 0, (True, 60, 3), "half_up", "saturate")
    assert codes.tolist() == [24, -24]
    assert not saturated.any()
    codes, saturated = fixed.narrow(np.array([3, -3]), 0, (True, 2, 61), "half_up", "wrap")
    assert codes.tolist() == [3 * 2**61, -3 * 2**61]
    codes, saturated = fixed.narrow(np.array([3, -3]), 0, (True, 1, 62), "half_up", "wrap")
    assert codes.tolist() == [-(2**62), 2**62]
    codes, saturated = fixed.narrow(np.array([3, -3]), 0, (True, 1, 62), "half_up", "saturate")
    assert codes.tolist() == [2**63 - 1, -(2**63)]
    assert saturated.tolist() == [True, True]


def test_sixty_four_bits_unsigned_are_python_integers():
    longest = (False, 64, 0)
    codes, saturated = fixed.narrow([2**64 - 1, 2**64, -1], 0, longest, "truncate", "saturate")
    assert codes.dtype == object
    assert codes.tolist() == [2**64 - 1, 2**64 - 1, 0]
    assert saturated.tolist() == [False, True, True]
    codes, _ = fixed.narrow([2**64 + 5, -1], 0, longest, "truncate", "wrap")
    assert codes.tolist() == [5, 2**64 - 1]


def test_wrap_keeps_the_low_bits():
    codes, saturated = fixed.narrow([7, 8, -8, -9, 23], 0, (True, 3, 0), "truncate", "wrap")
    assert codes.tolist() == [7, -8, -8, 7, 7]
    assert not saturated.any()


def test_rounding_up_beyond_the_largest_code_saturates():
    codes, saturated = fixed.narrow([30, 31, -33, -34], 1, (True, 4, 0), "half_up", "saturate")
    assert codes.tolist() == [15, 15, -16, -16]
    assert saturated.tolist() == [False, True, False, True]


def test_shapes_are_kept_and_emptiness_allowed():
    codes, saturated = fixed.narrow(np.zeros((2, 3), int), 4, (True, 3, 0), "half_up", "wrap")
    assert codes.shape == saturated.shape == (2, 3)
    assert fixed.quantize(np.zeros((0, 3)), (True, 3, 0)).shape == (0, 3)
    assert fixed.quantize(0.5, (False, 0, 8)).shape == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_quantize_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="values must be finite, not NaN or infinite"):
        fixed.quantize([0.0, value], (True, 3, 4))


def test_unknown_words_and_kinds_are_refused():
    with pytest.raises(ValueError, match=r"rounding must be one of .*, not 'floor'"):
        fixed.round_shift([1], 1, "floor")
    with pytest.raises(ValueError, match=r"overflow must be one of .*, not 'clip'"):
        fixed.narrow([1], 1, (True, 3, 0), "half_up", "clip")
    with pytest.raises(TypeError, match="values must be integers, not float64"):
        fixed.narrow([1.5], 1, (True, 3, 0), "half_up", "wrap")
    with pytest.raises(TypeError, match="values must be integers, not objects of another kind"):
        fixed.integers(np.array([1, 1.5], object))
