"""Radix-2 butterfly of a single-path delay feedback (SDF) stage; docs/fft.md 2 and 4.

One sample a clock. In the first half of a block (`adds` low) the sample x goes into the delay
line and what comes out of the line, a difference of the block before, is the result. In the
second half the sum f + x is the result and the difference f - x goes into the line. Where
`turns`, x counts as -j x. `halves`: sums and differences are halved, by P and D of the page, and
so is what is stored.

    y = f + (h and adds) + carry            stored = k + (h xor adds) + carry

f and k are both loaded from the line, but k is 0 in the first half: so neither the bypass nor the
turn nor the subtraction takes a LUT beside the adders' own. h is x, or x / 2, in offset binary
(the first bit of two's complement inverted), so that it needs no extension by a sign: a result
has one bit more than h, which is the carry, or for a line that holds differences the carry
inverted. That bit, too, takes no LUT, as it would if a sign were added to a sign.

Sums are written as subtractions of the complement, which keeps the order of the operands: on
Xilinx devices the first one, a plain register, must be the one that feeds the carry chain.
"""

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def butterfly(
    clk, ce, adds, adds_next, turns, x_re, x_im, f_re, f_im, y_re, y_im, stored_re, stored_im, *,
    halves,
):  # fmt: skip
    """Two's complement; y and stored have a bit more than x, or as many if it `halves`.

    f: from the line, a clock ahead; adds_next: `adds`, a clock ahead; y: registered.
    """
    sign = len(x_re) - 1
    low = 1 if halves else 0
    size = len(x_re) - low
    width = size + 1
    top = width + 1
    ones = Constant(intbv((1 << size) - 1)[size:])
    h_re, h_im, k_re, k_im = (counter(0, size) for _ in range(4))
    f_re_d1, f_im_d1 = (counter(0, width) for _ in range(2))
    not_re, not_im, less_re, less_im = (counter(0, size) for _ in range(4))
    sum_re, sum_im, rest_re, rest_im = (counter(0, width + 1) for _ in range(4))
    first_re, first_im = Signal(bool(0)), Signal(bool(0))
    turned, carry_re, carry_im, back_re, back_im = (Signal(bool(0)) for _ in range(5))

    @always_comb
    def read():
        first_re.next = not x_re[sign]
        first_im.next = not x_im[sign]
        turned.next = adds and turns

    @always_comb
    def offset():
        h_re.next = concat(first_re, x_re[sign:low])
        h_im.next = concat(first_im, x_im[sign:low])

    # the complements of h and adds (not), and of h xor adds (less)
    @always_comb
    def choose():
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

    if halves:

        @always_comb
        def carry():
            if turned:
                carry_re.next = x_im[0]
                carry_im.next = True
                back_re.next = True
                back_im.next = x_re[0]
            else:
                carry_re.next = adds and x_re[0]
                carry_im.next = adds and x_im[0]
                back_re.next = adds
                back_im.next = adds

    else:

        @always_comb
        def carry():
            carry_re.next = False
            carry_im.next = turned
            back_re.next = adds
            back_im.next = adds and not turned

    @always_comb
    def add():
        sum_re.next = concat(f_re_d1, carry_re) - concat("1", not_re, "1")
        sum_im.next = concat(f_im_d1, carry_im) - concat("1", not_im, "1")
        rest_re.next = concat("1", k_re, back_re) - concat("1", less_re, "1")
        rest_im.next = concat("1", k_im, back_im) - concat("1", less_im, "1")

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
