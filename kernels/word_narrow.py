"""The ends of a pipeline of words with an enable: samples taken apart, and put together again.

word_serial         {im, re} ─► re, im
word_narrow         word / 2**drop, rounded, within a format; re, im ─► {im, re}, or ─► im, re
word_pair_narrow    the same of re and im at once
"""

from typing import Any

from myhdl import Signal, always, always_comb, concat

from kolam.hdl import Overflow, Rounding, instances, module
from kolam.kernels.bits import counter, extended, part
from kolam.kernels.bits import word as wire
from kolam.kernels.delay import pulse_delay
from kolam.kernels.round_saturate import Activation, narrowing, round_saturate_latency


def latency(drop: int, rounding: Rounding) -> int:
    """Return the clocks from a word to its code."""
    left = 0 if rounding is Rounding.TRUNCATE else drop
    return round_saturate_latency(left, Overflow.SATURATE)


@module
def word_narrow(
    clk, rst, wash, ce, valid_next, x, put, y, overflow, *,
    drop: int, rounding: Rounding, swaps: bool,
) -> Any:  # fmt: skip
    """Narrow words to codes, free of the enable; put is high for one clock for each y.

    x: a word of each enabled clock, of a frame where valid_next said so a clock before. y: two
    codes, the first one low, or where it `swaps` one code, the second one of two before the first.
    overflow: a code was limited.
    """
    size = len(y) if swaps else len(y) // 2
    code = wire(size)
    limited, fresh, told = (wire(1) for _ in range(3))
    narrow = word_limit(clk, x, code, limited, drop=drop, rounding=rounding)
    begin = word_fresh(clk, rst, wash, ce, valid_next, fresh)
    follow = pulse_delay(clk, rst, fresh, told, clocks=latency(drop, rounding))
    join = (word_swap if swaps else word_join)(
        clk, rst, wash, told, code, limited, put, y, overflow
    )
    return instances()


@module
def word_pair_narrow(
    clk, rst, wash, ce, valid_next, re, im, put, y_re, y_im, overflow, *,
    drop: int, rounding: Rounding,
) -> Any:  # fmt: skip
    """Narrow both words of a sample at once; put is high for one clock for each."""
    fresh, over_re, over_im = (wire(1) for _ in range(3))
    narrow_re = word_limit(clk, re, y_re, over_re, drop=drop, rounding=rounding)
    narrow_im = word_limit(clk, im, y_im, over_im, drop=drop, rounding=rounding)
    begin = word_fresh(clk, rst, wash, ce, valid_next, fresh)
    follow = pulse_delay(clk, rst, fresh, put, clocks=latency(drop, rounding))
    tell = word_over(put, over_re, over_im, overflow)
    return instances()


@module
def word_limit(clk, x, code, limited, *, drop: int, rounding: Rounding) -> Any:
    """Narrow a word to a code, whether it is one of a frame or not."""
    left = 0 if rounding is Rounding.TRUNCATE else drop
    kernel, asked = narrowing(
        drop=left, rounding=rounding, overflow=Overflow.SATURATE, activation=Activation.NONE,
        signed=True, fraction=0,
    )  # fmt: skip
    cut = drop - left
    longer = extended(x, cut + 2)  # whatever is cut, its sign is left
    whole = extended(part(longer, len(longer), cut), left + len(code) + 1)
    narrow = kernel(clk, whole, code, limited, **asked)
    return instances()


@module
def word_over(put, over_re, over_im, overflow):
    """A part was limited."""

    @always_comb
    def look():
        overflow.next = put and (over_re or over_im)

    return instances()


@module
def word_fresh(clk, rst, wash, ce, valid_next, fresh):
    """A word of a frame has come with the last edge."""

    @always(clk.posedge)
    def tell():
        if rst or wash:  # flags from before the reset end here
            fresh.next = False
        else:
            fresh.next = ce and valid_next

    return instances()


@module
def word_join(clk, rst, wash, told, code, limited, put, y, overflow):
    """Put two codes side by side; `told`: here is one."""
    second = Signal(bool(0))
    first = counter(0, len(code))

    @always(clk.posedge)
    def hold():
        if rst or wash:
            second.next = False
        elif told:
            second.next = not second
        if told:
            first.next = code

    @always_comb
    def show():
        put.next = told and second
        y.next = concat(code, first)
        overflow.next = told and limited

    return instances()


@module
def word_swap(clk, rst, wash, told, code, limited, put, y, overflow):
    """Give the second one of two codes first, and the other one a clock later."""
    second, late = Signal(bool(0)), Signal(bool(0))
    first, left = counter(0, len(code)), counter(0, len(code))

    @always(clk.posedge)
    def hold():
        if rst or wash:
            second.next = False
            late.next = False
        else:
            late.next = told and second
            if told:
                second.next = not second
        if told:
            first.next = code
        if second:
            left.next = first

    @always_comb
    def show():
        put.next = late or (told and second)
        overflow.next = told and limited
        if late:
            y.next = left
        else:
            y.next = code

    return instances()


@module
def word_serial(clk, rst, s_valid, s_ready, s_first, s_data, m_valid, m_ready, m_first, m_data):
    """Offer the two words of a beat one after the other, the low one first."""
    second = Signal(bool(0))
    width, size = len(m_data), len(s_data)

    @always_comb
    def flow():
        m_valid.next = s_valid
        m_first.next = s_first and not second
        s_ready.next = m_ready and second
        if second:
            m_data.next = s_data[size:width]
        else:
            m_data.next = s_data[width:]

    @always(clk.posedge)
    def step():
        if rst:
            second.next = False
        elif s_valid and m_ready:
            second.next = not second

    return instances()
