"""Block floating point for passes over a frame: what decides the scaling, and what obeys it.

A frame is halved before a stage where a part of one of its values has left a quarter of the range
of words, and so never leaves the range; docs/fft.md 2. The last narrowing drops as much as it
must. The sum of all that is the frame's exponent.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import concat, counter, part, word


@module
def block_watch(
    clk, rst, values, seen, begins, starts, written, halves, drop, exponent, *, size: int
) -> Any:
    """Watch what is written, `seen`, of a pass; decide as the next pass begins.

    values: words of `size` bits. begins: the last clock before a pass; starts: that pass is the
    first of a frame, which never halves. written: the last word of a frame is. halves: the pass
    halves. drop, exponent: of the frame that was written last.
    """
    count = len(values) // size
    wide_each, wider_each = [word(1) for _ in range(count)], [word(1) for _ in range(count)]
    looks = [
        part_level(part(values, (k + 1) * size, k * size), wide_each[k], wider_each[k])
        for k in range(count)
    ]
    decide = level_control(
        clk, rst, concat(wide_each), concat(wider_each), seen, begins, starts, written, halves,
        drop, exponent,
    )  # fmt: skip
    return instances()


@module
def part_level(value, wide, wider):
    """Whether a word is beyond a quarter of the range, and beyond half of it."""
    size = len(value)
    low = size - 3
    mid = size - 2

    @always_comb
    def look():
        wide.next = value[size:low] != 0 and value[size:low] != 7
        wider.next = value[size:mid] != 0 and value[size:mid] != 3

    return instances()


@module
def level_control(clk, rst, wide, wider, seen, begins, starts, written, halves, drop, exponent):
    """Gather the levels of a pass."""
    now = counter(0, len(exponent))
    total = counter(0, len(exponent))
    any_wide, any_wider, halving, ended = (Signal(bool(0)) for _ in range(4))
    amount = Signal(intbv(0)[2:])

    @always(clk.posedge)
    def gather():
        ended.next = written
        if rst or begins:
            any_wide.next = False
            any_wider.next = False
        elif seen:
            any_wide.next = any_wide or wide != 0
            any_wider.next = any_wider or wider != 0

    @always(clk.posedge)
    def decide():
        if rst:
            halving.next = False
            now.next = 0
        elif begins:
            if starts:
                halving.next = False
                now.next = 0
            else:
                halving.next = any_wide
                now.next = now + any_wide

    @always_comb
    def level():
        if any_wider:
            amount.next = 2
        elif any_wide:
            amount.next = 1
        else:
            amount.next = 0

    @always(clk.posedge)
    def finish():
        if ended:
            drop.next = amount
            total.next = now + amount

    @always_comb
    def show():
        halves.next = halving
        exponent.next = total

    return instances()


@module
def scaled_butterfly(clk, halves, f_re, f_im, x_re, x_im, sum_re, sum_im, rest_re, rest_im):
    """sum = f + x and rest = f - x, or halved by P and D of the page; registered.

    Two's complement words of one size, which all results must fit.
    """
    size = len(f_re)
    bound = 1 << size - 1
    low_f_re, low_f_im, low_x_re, low_x_im = (
        Signal(intbv(0, min=-bound, max=bound)) for _ in range(4)
    )
    a_re, a_im, b_re, b_im = (Signal(intbv(0, min=-bound, max=bound)) for _ in range(4))
    u_re, u_im, w_re, w_im = (counter(0, size) for _ in range(4))
    add_re, add_im, sub_re, sub_im = (counter(0, size) for _ in range(4))
    carry_re, carry_im = Signal(bool(0)), Signal(bool(0))

    @always_comb
    def read():
        a_re.next = f_re.signed()
        a_im.next = f_im.signed()
        b_re.next = x_re.signed()
        b_im.next = x_im.signed()

    @always_comb
    def half():
        low_f_re.next = a_re >> 1
        low_f_im.next = a_im >> 1
        low_x_re.next = b_re >> 1
        low_x_im.next = b_im >> 1

    @always_comb
    def choose():
        if halves:
            u_re.next = low_f_re[size:]
            u_im.next = low_f_im[size:]
            w_re.next = low_x_re[size:]
            w_im.next = low_x_im[size:]
            carry_re.next = x_re[0]
            carry_im.next = x_im[0]
        else:
            u_re.next = a_re[size:]
            u_im.next = a_im[size:]
            w_re.next = b_re[size:]
            w_im.next = b_im[size:]
            carry_re.next = False
            carry_im.next = False

    @always_comb
    def add():
        add_re.next = u_re + w_re + carry_re
        add_im.next = u_im + w_im + carry_im
        sub_re.next = u_re - w_re
        sub_im.next = u_im - w_im

    @always(clk.posedge)
    def load():
        sum_re.next = add_re
        sum_im.next = add_im
        rest_re.next = sub_re
        rest_im.next = sub_im

    return instances()


@module
def block_narrow(v, drop, code, over, *, rounding_even, rounds):
    """v / 2**drop for a drop of 0, 1 or 2, rounded, within two bits less; combinational.

    rounding_even: ties to even, else up; rounds: else cut.
    """
    size = len(v)
    width = len(code)
    top = size - 1
    most = (1 << width - 1) - 1
    whole, shifted = (Signal(intbv(0, min=-(1 << size - 1), max=1 << size - 1)) for _ in range(2))
    moved, word_out = counter(0, width), counter(0, width)
    up = Signal(bool(0))
    sign = width - 1

    @always_comb
    def read():
        whole.next = v.signed()

    @always_comb
    def shift():
        shifted.next = whole >> drop

    if rounds and rounding_even:

        @always_comb
        def round_up():
            if drop == 0:
                up.next = False
            elif drop == 1:
                up.next = v[0] and v[1]
            else:
                up.next = v[1] and (v[0] or v[2])

    elif rounds:

        @always_comb
        def round_up():
            if drop == 0:
                up.next = False
            elif drop == 1:
                up.next = v[0]
            else:
                up.next = v[1]

    else:

        @always_comb
        def round_up():
            up.next = drop == 3

    @always_comb
    def name():
        moved.next = shifted[width:]

    @always_comb
    def add():
        word_out.next = moved + up

    @always_comb
    def look():
        over.next = up and moved == most

    @always_comb
    def limit():
        if over:
            code.next = most
        else:
            code.next = word_out

    return instances()
