"""Fixed-point numbers as plain tuples: the second implementation, for golden answers.

A format is (signed, integer, fraction); a code c of it stands for the value c / 2**fraction.
Rounding is "truncate" (downwards), "half_up" or "half_even"; overflow is "wrap" or "saturate".
Integers are int64 as long as nothing can overflow there, Python integers in object arrays beyond.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Format = tuple[bool, int, int]
Ints = NDArray[Any]  # int64, or Python integers

ROUNDINGS = ("truncate", "half_up", "half_even")
OVERFLOWS = ("wrap", "saturate")


def width(fmt: Format) -> int:
    """Return the bits of a word."""
    signed, integer, fraction = fmt
    return int(signed) + integer + fraction


def name(fmt: Format) -> str:
    """Return a format as it is written, like s1.14 or u0.8."""
    signed, integer, fraction = fmt
    return f"{'s' if signed else 'u'}{integer}.{fraction}"


def limits(fmt: Format) -> tuple[int, int]:
    """Return the smallest and the largest code."""
    half = 2 ** (width(fmt) - 1)
    return (-half, half - 1) if fmt[0] else (0, 2 * half - 1)


def integers(values: Any) -> Ints:
    """Return values as int64, or as Python integers if a magnitude needs more than 63 bits.

    Raises TypeError if they are not integers.
    """
    array = np.asarray(values)
    if array.dtype.kind == "O" and not all(isinstance(v, int | np.integer) for v in array.flat):
        raise TypeError("values must be integers, not objects of another kind")
    if array.dtype.kind not in "iubO":
        raise TypeError(f"values must be integers, not {array.dtype}")
    if peak(array) < 2**63:
        return array.astype(np.int64, copy=False)
    return np.array([int(v) for v in array.flat], object).reshape(array.shape)


def peak(values: Ints) -> int:
    """Return the largest magnitude, exactly; 0 if there are no values."""
    return max(int(values.max()), -int(values.min())) if values.size else 0


def round_shift(acc: Any, shift: int, rounding: str) -> Ints:
    """Return acc / 2**shift rounded to integers, in the shape of acc; exact if shift is negative.

    Raises ValueError for an unknown rounding.
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"rounding must be one of {', '.join(ROUNDINGS)}, not {rounding!r}")
    acc = integers(acc)
    if shift <= 0:
        fits = shift >= -62 and peak(acc) << -shift < 2**63
        exact: Ints = (acc if fits else acc.astype(object)) * 2**-shift
        return exact
    if shift > 62:  # 2**shift is no int64
        acc = acc.astype(object)
    down: Ints = acc // 2**shift
    if rounding == "truncate":
        return down
    rest, half = acc - down * 2**shift, 2 ** (shift - 1)
    stay = rest < half
    if rounding == "half_even":
        stay |= (rest == half) & (down % 2 == 0)
    nearest: Ints = np.where(stay, down, down + 1)
    return nearest


def narrow(
    acc: Any, from_fraction: int, fmt: Format, rounding: str, overflow: str
) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the codes in fmt of the values acc / 2**from_fraction, and which of them saturated.

    Both in the shape of acc; codes are int64, or Python integers if fmt reaches beyond. Nothing
    saturates when overflow is "wrap". Raises ValueError for an unknown rounding or overflow.
    """
    if overflow not in OVERFLOWS:
        raise ValueError(f"overflow must be one of {', '.join(OVERFLOWS)}, not {overflow!r}")
    low, high = limits(fmt)
    whole = round_shift(acc, from_fraction - fmt[2], rounding)
    if width(fmt) > 62:  # a limit, or the difference of both, is no int64
        whole = whole.astype(object)
    if overflow == "saturate":
        below, above = (whole < low).astype(bool), (whole > high).astype(bool)
        return _smallest(np.where(below, low, np.where(above, high, whole)), high), below | above
    bits = whole & (high - low)
    codes = np.where(bits > high, bits - (high - low) - 1, bits)
    return _smallest(codes, high), np.zeros(whole.shape, bool)


def quantize(
    values: Any, fmt: Format, rounding: str = "half_even", overflow: str = "saturate"
) -> Ints:
    """Return the codes in fmt of finite real values, in their shape, without intermediate error.

    Raises ValueError where a value is not finite.
    """
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("values must be finite, not NaN or infinite")
    mantissa, exponent = np.frexp(values)
    digits = (mantissa * 2.0**53).astype(np.int64)  # values == digits * 2**(exponent - 53)
    codes = np.zeros(values.shape, np.int64 if limits(fmt)[1] < 2**63 else object)
    for power in np.unique(exponent):
        here = exponent == power
        codes[here] = narrow(digits[here], 53 - int(power), fmt, rounding, overflow)[0]
    return codes


def to_float(codes: Any, fraction: int) -> NDArray[np.float64]:
    """Return the values codes / 2**fraction."""
    return np.asarray(codes, np.float64) * 2.0**-fraction


def _smallest(codes: Ints, high: int) -> Ints:
    return codes.astype(np.int64 if high < 2**63 else object)
