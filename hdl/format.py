"""Number formats, and the one quantiser through which words enter hardware.

A code c of a Format stands for the value c / 2**fraction.
"""

import re
from dataclasses import dataclass
from enum import Enum
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

_EXACT = 53  # bits up to which a float64 holds every code


class Rounding(Enum):
    """How bits below the last one are dropped."""

    TRUNCATE = "truncate"  #: towards minus infinity
    HALF_UP = "half_up"  #: to the nearest, a half upwards
    HALF_EVEN = "half_even"  #: to the nearest, a half to the even code


class Overflow(Enum):
    """What becomes of a value beyond the largest or below the smallest code."""

    WRAP = "wrap"  #: its low bits remain
    SATURATE = "saturate"  #: the nearest code


@dataclass(frozen=True)
class Format:
    """Two's complement fixed point: a sign bit if signed, integer bits, fraction bits.

    The width is 1 to 64 bits; integer and fraction may be negative as long as it is.
    Its text form is s1.14 (sign, one integer bit, 14 fraction bits) or u0.8 (unsigned).

    Raises TypeError for a field of the wrong kind and ValueError for a width out of range.
    """

    signed: bool
    integer: int
    fraction: int

    def __post_init__(self) -> None:
        if not isinstance(self.signed, bool):
            raise TypeError(f"signed must be a bool, not {self.signed!r}")
        for field in ("integer", "fraction"):
            value = getattr(self, field)
            try:
                object.__setattr__(self, field, index(value))
            except TypeError:
                raise TypeError(f"{field} must be an integer, not {value!r}") from None
        if not 1 <= self.width <= 64:
            raise ValueError(
                f"the bits of a format (sign, integer and fraction) must add up to 1 to 64, "
                f"not {self.width}"
            )

    @classmethod
    def parse(cls, text: str) -> "Format":
        """Return the format that a text like s1.14 or u0.8 names; ValueError for any other."""
        match = (
            re.fullmatch(r"([su])(-?[0-9]{1,3})\.(-?[0-9]{1,3})", text)
            if isinstance(text, str)
            else None
        )
        if match is None:
            raise ValueError(f"a format must be like s1.14 or u0.8, not {text!r}")
        return cls(match[1] == "s", int(match[2]), int(match[3]))

    def __str__(self) -> str:
        return f"{'s' if self.signed else 'u'}{self.integer}.{self.fraction}"

    @property
    def width(self) -> int:
        """Bits of a word."""
        return self.signed + self.integer + self.fraction

    @property
    def minimum(self) -> int:
        """The smallest code."""
        return -(1 << self.width - 1) if self.signed else 0

    @property
    def maximum(self) -> int:
        """The largest code."""
        return (1 << self.width - self.signed) - 1

    def quantize(
        self,
        values: Any,
        rounding: Rounding = Rounding.HALF_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> NDArray[Any]:
        """Return the codes nearest to finite real values, in the shape given.

        int64 codes, or Python integers in an object array where a code needs 64 bits unsigned.
        Raises ValueError where a value is not finite.
        """
        scaled = np.ldexp(np.asarray(values, np.float64), self.fraction)
        if not np.isfinite(scaled).all():
            raise ValueError("values must be finite, not NaN or infinite")
        if rounding is Rounding.TRUNCATE:
            whole = np.floor(scaled)
        elif rounding is Rounding.HALF_UP:
            whole = np.floor(scaled)
            whole = whole + (scaled - whole >= 0.5)  # adding the half first would round twice
        else:
            whole = np.rint(scaled)
        if overflow is Overflow.SATURATE and self.width <= _EXACT:
            return np.clip(whole, self.minimum, self.maximum).astype(np.int64)
        span = 1 << self.width
        codes = [int(v) for v in whole.ravel()]
        if overflow is Overflow.SATURATE:
            codes = [min(max(c, self.minimum), self.maximum) for c in codes]
        else:
            codes = [(c - self.minimum) % span + self.minimum for c in codes]
        dtype = np.int64 if self.maximum < 1 << 63 else object
        return np.array(codes, dtype).reshape(whole.shape)

    def to_float(self, codes: Any) -> NDArray[np.float64]:
        """Return the values that codes stand for."""
        return np.ldexp(np.asarray(codes, np.float64), -self.fraction)
