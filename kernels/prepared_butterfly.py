"""A butterfly (kernels/butterfly.py) whose operands were chosen a clock before they are added.

    x ─► bypass, turn, complement ─► register ─► f + x, f - x ─► y, stored

Where a carry chain has no LUT of its own in front, as on ECP5, choosing and adding in one clock are
two steps of logic; here they are two clocks. Where it has one, as on Xilinx devices, this only
costs LUTs.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter, word

LATENCY = 1  # more than that of a butterfly


@module
def prepared_butterfly(
    clk, ce, adds_next, turns, x_re, x_im, f_re, f_im, y_re, y_im, stored_re, stored_im, *, halves
) -> Any:  # fmt: skip
    """As butterfly, but x and turns come a clock earlier, with adds_next."""
    size = len(x_re) - (1 if halves else 0)
    not_re, not_im, less_re, less_im = (word(size) for _ in range(4))
    carries = word(4)
    prepare = butterfly_operands(
        clk, ce, adds_next, turns, x_re, x_im, not_re, not_im, less_re, less_im, carries,
        halves=halves,
    )  # fmt: skip
    add = butterfly_sums(
        clk, ce, adds_next, not_re, not_im, less_re, less_im, carries, f_re, f_im, y_re, y_im,
        stored_re, stored_im,
    )  # fmt: skip
    return instances()


@module
def butterfly_operands(
    clk, ce, adds, turns, x_re, x_im, not_re, not_im, less_re, less_im, carries, *, halves
):
    """Complements of h and adds (not), and of h xor adds (less); carries: of y, of what is stored.

    Those of re first.
    """
    sign = len(x_re) - 1
    low = 1 if halves else 0
    size = len(x_re) - low
    ones = Constant(intbv((1 << size) - 1)[size:])
    h_re, h_im = counter(0, size), counter(0, size)
    first_re, first_im, turned, straight = (Signal(bool(0)) for _ in range(4))
    carry_re, carry_im, back_im = (Signal(bool(0)) for _ in range(3))

    @always_comb
    def read():
        first_re.next = not x_re[sign]
        first_im.next = not x_im[sign]
        turned.next = adds and turns
        straight.next = adds and not turns

    @always_comb
    def offset():
        h_re.next = concat(first_re, x_re[sign:low])
        h_im.next = concat(first_im, x_im[sign:low])

    @always(clk.posedge)
    def choose():
        if ce:
            if not adds:
                not_re.next = ones
                not_im.next = ones
                less_re.next = h_re ^ ones
                less_im.next = h_im ^ ones
            elif turned:
                not_re.next = h_im ^ ones
                not_im.next = h_re
                less_re.next = h_im
                less_im.next = h_re ^ ones
            else:
                not_re.next = h_re ^ ones
                not_im.next = h_im ^ ones
                less_re.next = h_re
                less_im.next = h_im

    # gates, not a choice of zero: that would become a reset, which waits for more logic
    @always_comb
    def carry():
        if halves:
            carry_re.next = (turned and x_im[0]) or (straight and x_re[0])
            carry_im.next = turned or (straight and x_im[0])
            back_im.next = straight or (turned and x_re[0])
        else:
            carry_re.next = False
            carry_im.next = turned
            back_im.next = straight

    @always(clk.posedge)
    def tell():
        if ce:
            carries.next = concat(back_im, adds, carry_im, carry_re)

    return instances()


@module
def butterfly_sums(
    clk, ce, adds_next, not_re, not_im, less_re, less_im, carries, f_re, f_im, y_re, y_im,
    stored_re, stored_im,
):  # fmt: skip
    """Sums and differences of prepared operands, in offset binary; f: a clock ahead."""
    size = len(not_re)
    width = size + 1
    top = width + 1
    k_re, k_im = counter(0, size), counter(0, size)
    f_re_d1, f_im_d1 = counter(0, width), counter(0, width)
    sum_re, sum_im, rest_re, rest_im = (counter(0, width + 1) for _ in range(4))

    @always_comb
    def add():
        sum_re.next = concat(f_re_d1, carries[0]) - concat("1", not_re, "1")
        sum_im.next = concat(f_im_d1, carries[1]) - concat("1", not_im, "1")
        rest_re.next = concat("1", k_re, carries[2]) - concat("1", less_re, "1")
        rest_im.next = concat("1", k_im, carries[3]) - concat("1", less_im, "1")

    @always_comb
    def store():
        stored_re.next = rest_re[top:1]
        stored_im.next = rest_im[top:1]

    @always(clk.posedge)
    def load():
        if ce:
            y_re.next = sum_re[top:1]
            y_im.next = sum_im[top:1]
            f_re_d1.next = f_re
            f_im_d1.next = f_im
            if adds_next:
                k_re.next = f_re[size:]
                k_im.next = f_im[size:]
            else:
                k_re.next = 0
                k_im.next = 0

    return instances()
