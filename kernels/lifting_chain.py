"""A lifting rotator with registers between its additions; docs/fft.md 2 and 4.

    x ─► choose quarter ─► add bump ─► a + T(b) ─► b - S(a) ─► a + T(b) ─► y

The words of kernels/lifting_rotator.py, later: a clock adds no more than one term. The other word
and the rest of the turn go through registers beside the sum, and with S as a product through those
of its block.
"""

from itertools import pairwise
from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.hdl.multiply_add import latency as product_latency
from kolam.hdl.multiply_add import multiply_add
from kolam.hdl.target import Target
from kolam.kernels.bits import concat as join
from kolam.kernels.bits import constant, counter, part, word
from kolam.kernels.lifting_rotator import Terms, factor_choice, lifting_term, turn_code, turn_codes
from kolam.kernels.link import connect

QUARTER = 2  # enabled clocks of the turn by quarters


def latency(target: Target, size: int, terms: tuple[int, int], factor: int | None) -> int:
    """Return the enabled clocks from a sample to the turned one.

    size: bits of a part of y. terms: of T and of S. factor: bits of S as a factor, None for a sum.
    """
    tangent, sine = terms
    middle = sine if factor is None else product_latency(target, size + 1, factor)
    return QUARTER + 2 * tangent + middle


@module
def lifting_chain(
    clk, ce, at, marks, x_re, x_im, y_re, y_im, *, turns: tuple[int, ...], bump: int,
    tangent: Terms, sine: Terms, factors: tuple[int, int] | None, fraction: int, target: Target,
) -> Any:  # fmt: skip
    """Turn samples as lifting_rotator does, `latency` enabled clocks later."""
    size = len(y_re)
    codes = turn_codes(turns)
    if len(turns) == 1:
        code = constant(codes[0], 4)
    else:
        code = word(4)
        kept = (len(turns) - 1).bit_length()
        decode = turn_code(clk, ce, part(at, len(at), len(at) - kept), code, codes=codes)
    chosen_a, chosen_b, told = word(len(x_re)), word(len(x_re)), word(5)
    choose = quarter_choice(clk, ce, x_re, x_im, code, marks, chosen_a, chosen_b, told)
    a_0, b_0, rest_0 = word(size), word(size), word(2)
    quarter = quarter_add(clk, ce, chosen_a, chosen_b, told, a_0, b_0, rest_0, bump=bump)

    a_seed, b_seed = join([constant(1), a_0]), join([constant(1), b_0])
    wide = size + 1
    a_1, b_1, a_2, b_2, a_3, b_3 = (word(wide) for _ in range(6))
    rest_1, rest_2, rest_3 = word(2), word(2), word(2)
    first = lifting_sums(clk, ce, a_seed, b_seed, rest_0, a_1, b_1, rest_1, terms=tangent)
    if factors is not None:
        factor = word(fraction + 2)
        clocks = product_latency(target, wide, len(factor))
        held = word(2)
        hold = shift_line(clk, ce, rest_0, held, clocks=len(tangent) - 1)
        pick = factor_choice(clk, ce, held, factor, factors=factors)
        product = multiply_add(
            clk, ce, a_1, factor, b_1, b_2, fraction=fraction, registered=True, target=target
        )
        a_line = shift_line(clk, ce, a_1, a_2, clocks=clocks)
        rest_line = shift_line(clk, ce, rest_1, rest_2, clocks=clocks)
    else:
        less = tuple(((-s, k), (-t, m)) for (s, k), (t, m) in sine)
        second = lifting_sums(clk, ce, b_1, a_1, rest_1, b_2, a_2, rest_2, terms=less)
    third = lifting_sums(clk, ce, a_2, b_2, rest_2, a_3, b_3, rest_3, terms=tangent)
    last_re = connect(part(a_3, wide, 1), y_re)
    last_im = connect(part(b_3, wide, 1), y_im)
    return instances()


@module
def quarter_choice(clk, ce, x_re, x_im, code, marks, a, b, told):
    """Turn by 0 to 3 quarters but for what has to be added where a part is complemented.

    told: that for a, for b, `marks`, and the rest of the turn.
    """
    width = len(x_re)
    ones = Constant(intbv((1 << width) - 1)[width:])
    chosen_a, chosen_b = counter(0, width), counter(0, width)
    less_b = Signal(bool(0))

    @always_comb
    def choose():
        less_b.next = code[0] ^ code[1]
        if code[0] and code[1]:
            chosen_a.next = x_im ^ ones
            chosen_b.next = x_re
        elif code[0]:
            chosen_a.next = x_im
            chosen_b.next = x_re ^ ones
        elif code[1]:
            chosen_a.next = x_re ^ ones
            chosen_b.next = x_im ^ ones
        else:
            chosen_a.next = x_re
            chosen_b.next = x_im

    @always(clk.posedge)
    def keep():
        if ce:
            a.next = chosen_a
            b.next = chosen_b
            told.next = concat(code[4:2], marks, less_b, code[1])

    return instances()


@module
def quarter_add(clk, ce, x_a, x_b, told, a, b, rest, *, bump):
    """Add what quarter_choice tells of, and `bump` to both parts of marked samples."""
    width = len(a)
    top = width + 1
    whole_a, whole_b = (
        Signal(intbv(0, min=-(1 << width - 1), max=1 << width - 1)) for _ in range(2)
    )
    w_a, w_b, added = (counter(0, width) for _ in range(3))
    total_a, total_b = counter(0, width + 1), counter(0, width + 1)

    @always_comb
    def read():
        whole_a.next = x_a.signed()
        whole_b.next = x_b.signed()

    @always_comb
    def name():
        w_a.next = whole_a[width:]
        w_b.next = whole_b[width:]

    @always_comb
    def mark():
        if told[2]:
            added.next = bump
        else:
            added.next = 0

    @always_comb
    def add():
        total_a.next = concat(w_a, told[0]) + concat(added, "1")
        total_b.next = concat(w_b, told[1]) + concat(added, "1")

    @always(clk.posedge)
    def keep():
        if ce:
            a.next = total_a[top:1]
            b.next = total_b[top:1]
            rest.next = told[5:3]

    return instances()


@module
def lifting_sums(clk, ce, p, v, rest, y, held, rest_held, *, terms: Terms) -> Any:
    """y = p plus the terms of v for the rest of a turn, one in each clock; held: v, as late."""
    last = len(terms) - 1
    words, others = ([word(len(p)) for _ in range(last)] for _ in range(2))
    rests = [word(2) for _ in range(last)]
    totals = [word(len(p)) for _ in terms]
    sums, kept, left = [p, *words, y], [v, *others, held], [rest, *rests, rest_held]
    adders = [
        lifting_term(sums[k], kept[k], left[k], totals[k], one=one, two=two)
        for k, (one, two) in enumerate(terms)
    ]
    sum_lines = [
        shift_line(clk, ce, *ends, clocks=1) for ends in zip(totals, sums[1:], strict=True)
    ]
    kept_lines = [shift_line(clk, ce, *ends, clocks=1) for ends in pairwise(kept)]
    rest_lines = [shift_line(clk, ce, *ends, clocks=1) for ends in pairwise(left)]
    return instances()
