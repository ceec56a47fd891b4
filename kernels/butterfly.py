"""Radix-2 butterfly of a single-path delay feedback (SDF) stage; docs/fft.md 2 and 4.

One sample a clock. In the first half of a block (`adds` low) the sample x goes into the delay
line and what comes out of the line, a difference of the block before, is the result. In the
second half the sum f + x is the result and the difference f - x goes into the line. Where
`turns`, x counts as -j x. `halves`: sums and differences are halved, by P and D of the page, and
so is what is stored.

    y = f + (u and adds) + carry            stored = k + (u xor adds) + carry

f and k are both loaded from the line, but k is 0 in the first half: so neither the bypass nor the
turn nor the subtraction takes a LUT beside the adders' own. u is x or -j x, -a being ~a + carry.
Written as a subtraction of the complement, which keeps the order of the operands: on Xilinx
devices the first one, a plain register, must be the one that feeds the carry chain.

Two's complement words; y and stored have as many bits, and no sum may exceed them.
"""

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def butterfly(
    clk, ce, adds, adds_next, turns, x_re, x_im, f_re, f_im, y_re, y_im, stored_re, stored_im, *,
    halves,
):  # fmt: skip
    """f_re, f_im: from the line, a clock ahead; adds_next: `adds`, a clock ahead; y: registered."""
    size = len(x_re)
    width = len(y_re)
    shift = 1 if halves else 0
    ones = Constant(intbv((1 << width) - 1)[width:])
    half_re, half_im = (
        Signal(intbv(0, min=-(1 << width - 1), max=1 << width - 1)) for _ in range(2)
    )
    whole_re, whole_im = (
        Signal(intbv(0, min=-(1 << size - 1), max=1 << size - 1)) for _ in range(2)
    )
    h_re, h_im, f_re_d1, f_im_d1, k_re, k_im = (counter(0, width) for _ in range(6))
    not_re, not_im, less_re, less_im = (counter(0, width) for _ in range(4))
    sum_re, sum_im, rest_re, rest_im = (counter(0, width + 1) for _ in range(4))
    turned = Signal(bool(0))
    carry_re, carry_im, back_re, back_im = (Signal(bool(0)) for _ in range(4))
    top = width + 1

    @always_comb
    def read():
        whole_re.next = x_re.signed()
        whole_im.next = x_im.signed()

    @always_comb
    def cut():
        half_re.next = whole_re >> shift
        half_im.next = whole_im >> shift

    @always_comb
    def name():
        h_re.next = half_re[width:]
        h_im.next = half_im[width:]
        turned.next = adds and turns

    # the complements of u and adds (not), and of u xor adds (less)
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
        sum_re.next = concat(f_re_d1, carry_re) - concat(not_re, "1")
        sum_im.next = concat(f_im_d1, carry_im) - concat(not_im, "1")
        rest_re.next = concat(k_re, back_re) - concat(less_re, "1")
        rest_im.next = concat(k_im, back_im) - concat(less_im, "1")

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
                k_re.next = f_re
                k_im.next = f_im
            else:
                k_re.next = 0
                k_im.next = 0

    return instances()
