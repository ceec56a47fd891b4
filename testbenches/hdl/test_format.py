"""Format against the fixed-point reference, which was written apart."""

import numpy as np
import pytest

from kolam.hdl import Format, Overflow, Rounding
from kolam.reference import fixed


def plain(fmt):
    return fmt.signed, fmt.integer, fmt.fraction


FORMATS = [
    Format.parse(text)
    for text in (
        "u1.0", "s0.0", "u0.4", "s1.2", "s3.0", "u4.-2", "s-2.6", "s1.14", "u0.16", "s9.-2",
        "s0.31", "u2.40",
    )
]  # fmt: skip


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_limits_are_those_of_the_reference(fmt):
    assert fmt.width == fixed.width(plain(fmt))
    assert (fmt.minimum, fmt.maximum) == fixed.limits(plain(fmt))
    codes = np.array([fmt.minimum, 0, fmt.maximum])
    assert fmt.to_float(codes).tolist() == fixed.to_float(codes, fmt.fraction).tolist()


def values_around(fmt):
    """Every eighth of a code in and around a small range; corners and random ones of a large."""
    low, high = max(fmt.minimum - 3, -300), min(fmt.maximum + 3, 300)
    codes = np.arange(8 * low, 8 * high + 1) / 8
    rng = np.random.default_rng(fmt.width)
    wide = rng.uniform(2.0 * fmt.minimum - 1, 2.0 * fmt.maximum + 1, 200)
    edges = [edge + k / 4 for edge in (fmt.minimum, fmt.maximum) for k in range(-6, 7)]
    tiny = [5e-324, -5e-324, np.nextafter(0.5, 0), np.nextafter(0.5, 1), np.nextafter(-0.5, 0)]
    return np.ldexp(np.concatenate([codes, wide, edges, tiny]), -fmt.fraction)


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_quantizes_as_the_reference(fmt, rounding, overflow):
    values = values_around(fmt)
    codes = fmt.quantize(values, rounding, overflow)
    want = fixed.quantize(values, plain(fmt), rounding.value, overflow.value)
    assert codes.dtype == np.int64
    np.testing.assert_array_equal(codes, want)
    assert codes.min() >= fmt.minimum
    assert codes.max() <= fmt.maximum


def test_codes_of_64_bits_are_python_integers_where_they_must():
    wide = Format(False, 64, 0)
    codes = wide.quantize([1e30, 3.0])
    assert codes.dtype == object
    assert codes.tolist() == [2**64 - 1, 3]
    assert Format(True, 63, 0).quantize([-1e30]).tolist() == [-(2**63)]


def test_every_code_survives_the_way_to_floats_and_back():
    for fmt in FORMATS[:8]:
        codes = np.arange(fmt.minimum, fmt.maximum + 1)
        np.testing.assert_array_equal(fmt.quantize(fmt.to_float(codes)), codes)


def test_shapes_are_kept():
    assert Format.parse("s1.6").quantize(np.zeros((2, 0, 3))).shape == (2, 0, 3)
    assert Format.parse("s1.6").quantize(0.25).shape == ()


def test_text_and_back():
    for fmt in FORMATS:
        assert Format.parse(str(fmt)) == fmt
    assert str(Format(True, 1, 14)) == "s1.14"
    assert Format.parse("u0.8") == Format(False, 0, 8)


@pytest.mark.parametrize(
    "text",
    ["", "s1", "1.14", "s1.14 ", " s1.14", "S1.14", "s1,14", "s1.1e2", "s+1.2", "s1.", 5, None,
     "s1.14\n", "s0001.1", "s\u0661.2"],
)  # fmt: skip
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match=r"a format must be like s1\.14 or u0\.8, not "):
        Format.parse(text)


def test_fields_are_checked():
    with pytest.raises(TypeError, match="signed must be a bool, not 1"):
        Format(1, 2, 3)
    with pytest.raises(TypeError, match=r"fraction must be an integer, not 1\.0"):
        Format(True, 2, 1.0)
    for integer, fraction in ((0, 0), (60, 5), (-3, 2), (64, 1)):
        with pytest.raises(ValueError, match="must add up to 1 to 64, not"):
            Format(False, integer, fraction)
    assert Format(True, np.int64(2), np.int8(3)) == Format(True, 2, 3)
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="values must be finite, not NaN or infinite"):
            Format(True, 2, 3).quantize([0.0, value])
