"""Half the spectrum of real samples, or the reverse, where all elements come at once.

    a, b ─► a +- conj b ─► v ──────────────┐
                       └─► u ─► u w ─► v +- u w ─► y, z        w = d - j c, or d + j c inverse

Elements k and M - k are joined by lane_split, elements 0 and M / 2, which are their own pairs, by
lane_split_ends. docs/fft.md 2.
"""

from typing import Any

from myhdl import Signal, always, always_comb

from kolam.hdl import complex_multiply as product
from kolam.hdl import instances, module
from kolam.hdl.complex_multiply import complex_multiply
from kolam.hdl.delay_line import shift_line
from kolam.hdl.target import Target
from kolam.kernels.bits import concat as joined
from kolam.kernels.bits import constant, counter, extended, part, word
from kolam.kernels.lane_butterfly import lane_butterfly
from kolam.kernels.link import connect


def latency(target: Target, width: int, twiddle_width: int) -> int:
    """Return the enabled clocks from elements of parts of `width` bits to joined ones."""
    return 2 + product.latency(target, width + 1, twiddle_width)


@module
def lane_split(
    clk, ce, a_re, a_im, b_re, b_im, w, y_re, y_im, z_re, z_im, *,
    fraction: int, inverse: bool, target: Target,
) -> Any:  # fmt: skip
    """Join two elements: y = v + u w and z = conj(v - u w), all halved where `inverse`."""
    size = len(a_re) + 1
    width = size + 2 if inverse else max(len(y_re), size + 1)
    clocks = product.latency(target, size, len(w) // 2)
    v_re, v_im, u_re, u_im, late_re, late_im = (word(size) for _ in range(6))
    joined_to = [word(width + (-1 if inverse else 1)) for _ in range(4)]
    begin = lane_butterfly(
        clk, ce, constant(0), a_re, a_im, b_re, b_im, v_re, u_im, u_re, v_im, halves=False
    )
    wait_re = shift_line(clk, ce, v_re, late_re, clocks=clocks)
    wait_im = shift_line(clk, ce, v_im, late_im, clocks=clocks)
    wide_re, wide_im = extended(late_re, width), extended(late_im, width)
    whole = width + (fraction if inverse else 0)
    turned_re, turned_im = word(whole), word(whole)
    multiply = complex_multiply(
        clk, ce, u_re, u_im, w, turned_re, turned_im,
        fraction=0 if inverse else fraction, target=target,
    )  # fmt: skip
    if inverse:  # nothing of the product is lost until it is added
        more = word(1)
        found = lane_rest(part(turned_re, fraction, 0), more)
        floor_re, floor_im = (part(turned, whole, fraction) for turned in (turned_re, turned_im))
        halve_re = lane_halve(clk, ce, wide_re, floor_re, more, joined_to[0], joined_to[2])
        halve_im = lane_halve(clk, ce, floor_im, wide_im, constant(0), joined_to[1], joined_to[3])
    else:
        end = lane_butterfly(
            clk, ce, constant(0), wide_re, turned_im, turned_re, wide_im, *joined_to, halves=False
        )
    shows = [
        connect(_fitted(x, y), y) for x, y in zip(joined_to, (y_re, y_im, z_re, z_im), strict=True)
    ]
    return instances()


@module
def lane_split_ends(
    clk, ce, a_re, a_im, b_re, b_im, y_re, y_im, z_re, z_im, *, clocks: int, inverse: bool
) -> Any:  # fmt: skip
    """Elements 0 (a) and M / 2 (b): sum and difference of the parts of a, and the conjugate of b.

    Forward twice that, inverse half of the sum and of the difference. clocks: 2 or more.
    """
    size = len(a_re)
    early = [word(size) for _ in range(4)]
    total, rest, minus, unused = (word(size + 1) for _ in range(4))
    late = word(size)
    waits = [
        shift_line(clk, ce, x, x_d, clocks=clocks - 1)
        for x, x_d in zip((a_re, a_im, b_re, b_im), early, strict=True)
    ]
    hold = shift_line(clk, ce, early[2], late, clocks=1)
    if inverse:
        wide, none = [extended(x, size + 2) for x in early], constant(0, size + 2)
        twice = extended(joined([constant(0), early[3]]), size + 2)
        halve = lane_halve(clk, ce, wide[0], wide[1], constant(0), total, rest)
        turn = lane_halve(clk, ce, none, twice, constant(0), unused, minus)
        found = [total, rest, late, minus]
    else:
        add = lane_butterfly(
            clk, ce, constant(0), early[0], constant(0, size), early[1], early[3], total, unused,
            rest, minus, halves=False,
        )  # fmt: skip
        found = [joined([constant(0), x]) for x in (total, rest, late, minus)]
    shows = [
        connect(_fitted(x, y), y) for x, y in zip(found, (y_re, y_im, z_re, z_im), strict=True)
    ]
    return instances()


def _fitted(x: Any, y: Any) -> Any:
    """Return x with as many bits as y, which are enough for it."""
    return part(extended(x, len(y)), len(y), 0)


@module
def lane_rest(low, more):
    """Whether anything is left below the point."""

    @always_comb
    def look():
        more.next = low != 0

    return instances()


@module
def lane_halve(clk, ce, a, b, more, y, z):
    """y = floor((a + b + 1) / 2) and z = floor((a - b - more + 1) / 2); a bit less than a and b."""
    size = len(a)
    total, rest = counter(0, size), counter(0, size)
    one = Signal(bool(0))

    @always_comb
    def add():
        one.next = not more
        total.next = a + b + 1

    @always_comb
    def subtract():
        rest.next = a - b + one

    @always(clk.posedge)
    def keep():
        if ce:
            y.next = total[size:1]
            z.next = rest[size:1]

    return instances()
