"""Radix-2 butterfly of two samples that come at once, in two lanes; docs/fft.md 2.

Sum and difference, or halved by P and D of the page. Additions as in kernels/butterfly.py: in
offset binary, so that no sign is extended, and written as subtractions of the complement.
"""

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def lane_butterfly(
    clk, ce, turns, f_re, f_im, x_re, x_im, sum_re, sum_im, rest_re, rest_im, *, halves
):
    """sum = f + x and rest = f - x, registered; where `turns`, x counts as -j x.

    Two's complement; the results have a bit more than f and x, or as many if it `halves`.
    """
    sign = len(x_re) - 1
    low = 1 if halves else 0
    size = len(x_re) - low
    top = size + 2
    ones = Constant(intbv((1 << size) - 1)[size:])
    h_re, h_im, u_re, u_im = (counter(0, size) for _ in range(4))
    not_re, not_im, less_re, less_im = (counter(0, size) for _ in range(4))
    all_re, all_im, left_re, left_im = (counter(0, size + 2) for _ in range(4))
    first_re, first_im, lead_re, lead_im = (Signal(bool(0)) for _ in range(4))
    carry_re, carry_im, back_re, back_im = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def read():
        first_re.next = not f_re[sign]
        first_im.next = not f_im[sign]
        lead_re.next = not x_re[sign]
        lead_im.next = not x_im[sign]

    @always_comb
    def offset():
        h_re.next = concat(first_re, f_re[sign:low])
        h_im.next = concat(first_im, f_im[sign:low])
        u_re.next = concat(lead_re, x_re[sign:low])
        u_im.next = concat(lead_im, x_im[sign:low])

    # the complements of what is added for the sum (not) and for the difference (less)
    @always_comb
    def choose():
        if turns:
            not_re.next = u_im ^ ones
            not_im.next = u_re
            less_re.next = u_im
            less_im.next = u_re ^ ones
        else:
            not_re.next = u_re ^ ones
            not_im.next = u_im ^ ones
            less_re.next = u_re
            less_im.next = u_im

    @always_comb
    def carry():
        if halves:
            back_re.next = True
            if turns:
                carry_re.next = x_im[0]
                carry_im.next = True
                back_im.next = x_re[0]
            else:
                carry_re.next = x_re[0]
                carry_im.next = x_im[0]
                back_im.next = True
        else:
            carry_re.next = False
            carry_im.next = turns
            back_re.next = True
            back_im.next = not turns

    @always_comb
    def add():
        all_re.next = concat("1", h_re, carry_re) - concat("1", not_re, "1")
        all_im.next = concat("1", h_im, carry_im) - concat("1", not_im, "1")
        left_re.next = concat("1", h_re, back_re) - concat("1", less_re, "1")
        left_im.next = concat("1", h_im, back_im) - concat("1", less_im, "1")

    @always(clk.posedge)
    def load():
        if ce:
            sum_re.next = all_re[top:1]
            sum_im.next = all_im[top:1]
            rest_re.next = left_re[top:1]
            rest_im.next = left_im[top:1]

    return instances()
