"""A rotator for turns in sixteenths of a circle, of shifts and additions; docs/fft.md 2.

    x ─► quarter turns ─► a + T(b) ─► b - S(a) ─► a + T(b) ─► y

Each addition of a shifted word is one LUT a bit, the choice of the word included. S may be a
product instead: one DSP block, and one clock more.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.hdl.multiply_add import LATENCY as PRODUCT_LATENCY
from kolam.hdl.multiply_add import multiply_add
from kolam.kernels.bits import concat as join
from kolam.kernels.bits import constant, counter, part, word

Terms = tuple[tuple[tuple[int, int], tuple[int, int]], ...]  # (sign, shift) for 1 and 2 sixteenths


def latency(products: bool) -> int:
    """Return the enabled clocks from a sample to the turned one."""
    return 3 + (PRODUCT_LATENCY if products else 1)


@module
def lifting_rotator(
    clk, ce, at, marks, x_re, x_im, y_re, y_im, *, turns: tuple[int, ...], bump: int,
    tangent: Terms, sine: Terms, factors: tuple[int, int] | None, fraction: int,
) -> Any:  # fmt: skip
    """Turn each sample by the sixteenths that `turns` has for the first bits of its place.

    at: the place, a clock ahead of the sample; None where all places have one turn. y: as many
    bits as the words before lifting, which must hold the sample at any turn. bump: added to both
    parts of samples that `marks` says. factors: 2**fraction S for one and two sixteenths, to be
    multiplied; None: S is made of the terms `sine`.
    """
    size = len(y_re)
    rest, a_0, b_0 = word(2), word(size), word(size)
    codes = turn_codes(turns)
    if len(turns) == 1:
        code = constant(codes[0], 4)
    else:
        code = word(4)
        kept = (len(turns) - 1).bit_length()
        decode = turn_code(clk, ce, part(at, len(at), len(at) - kept), code, codes=codes)
    quarter = quarter_turn(clk, ce, x_re, x_im, code, marks, a_0, b_0, rest, bump=bump)

    a_seed, b_seed = join([constant(1), a_0]), join([constant(1), b_0])
    wide = size + 1
    a_sum, held_1, a_end = word(wide), word(2 * wide + 2), word(wide)
    first = lifting_step(a_seed, b_seed, rest, a_sum, terms=tangent)
    hold_1 = shift_line(clk, ce, join([a_sum, b_seed, rest]), held_1, clocks=1)
    a_1, b_1, rest_1 = _fields(held_1, wide)
    if factors is not None:
        factor, b_2, held_2 = word(fraction + 2), word(wide), word(wide + 2)
        choose = factor_choice(clk, ce, rest, factor, factors=factors)
        product = multiply_add(clk, ce, a_1, factor, b_1, b_2, fraction=fraction)
        hold_2 = shift_line(clk, ce, join([a_1, rest_1]), held_2, clocks=PRODUCT_LATENCY)
        a_2, rest_2 = part(held_2, wide, 0), part(held_2, wide + 2, wide)
    else:
        b_sum, held_2 = word(wide), word(2 * wide + 2)
        less = tuple(((-s, k), (-t, m)) for (s, k), (t, m) in sine)
        second = lifting_step(b_1, a_1, rest_1, b_sum, terms=less)
        hold_2 = shift_line(clk, ce, join([a_1, b_sum, rest_1]), held_2, clocks=1)
        a_2, b_2, rest_2 = _fields(held_2, wide)
    third = lifting_step(a_2, b_2, rest_2, a_end, terms=tangent)
    last_re = shift_line(clk, ce, part(a_end, wide, 1), y_re, clocks=1)
    last_im = shift_line(clk, ce, part(b_2, wide, 1), y_im, clocks=1)
    return instances()


def _fields(held: Any, wide: int) -> tuple[Any, Any, Any]:
    return part(held, wide, 0), part(held, 2 * wide, wide), part(held, 2 * wide + 2, 2 * wide)


def turn_codes(turns: tuple[int, ...]) -> tuple[int, ...]:
    """Return quarters (low) and rest of turns in sixteenths: 0, 1, -1 or 2 as 0, 1, 2, 3."""
    rests = (0, 1, 3, 2)  # of 0, 1, 2 and 3 sixteenths more
    return tuple((turn // 4 + (turn % 4 == 3)) % 4 + 4 * rests[turn % 4] for turn in turns)


@module
def turn_code(clk, ce, at, code, *, codes):
    """Look up, a clock later."""
    found = Signal(intbv(0)[4:])

    @always_comb
    def look():
        found.next = codes[at]

    @always(clk.posedge)
    def keep():
        if ce:
            code.next = found

    return instances()


@module
def quarter_turn(clk, ce, x_re, x_im, code, marks, a, b, rest, *, bump):
    """Turn by 0 to 3 quarters, clockwise; where `marks`, add `bump`."""
    size = len(x_re)
    width = len(a)
    ones = Constant(intbv((1 << width) - 1)[width:])
    plain_re, plain_im = (
        Signal(intbv(0, min=-(1 << width - 1), max=1 << width - 1)) for _ in range(2)
    )
    w_re, w_im, s_a, s_b, added, sum_a, sum_b = (counter(0, width) for _ in range(7))
    less_b = Signal(bool(0))

    @always_comb
    def read():
        plain_re.next = x_re.signed()
        plain_im.next = x_im.signed()
        less_b.next = code[0] ^ code[1]
        if marks:  # here, since marks may be constant
            added.next = bump
        else:
            added.next = 0

    @always_comb
    def name():
        w_re.next = plain_re[width:]
        w_im.next = plain_im[width:]

    @always_comb
    def choose():
        if code[0] and code[1]:
            s_a.next = w_im ^ ones
            s_b.next = w_re
        elif code[0]:
            s_a.next = w_im
            s_b.next = w_re ^ ones
        elif code[1]:
            s_a.next = w_re ^ ones
            s_b.next = w_im ^ ones
        else:
            s_a.next = w_re
            s_b.next = w_im

    @always_comb
    def add():
        sum_a.next = s_a + added + code[1]
        sum_b.next = s_b + added + less_b

    @always(clk.posedge)
    def keep():
        if ce:
            a.next = sum_a
            b.next = sum_b
            rest.next = code[4:2]

    return instances()


@module
def lifting_step(p, v, rest, y, *, terms: Terms) -> Any:
    """y = p plus the terms of v for the rest of a turn."""
    between = [word(len(p)) for _ in terms[:-1]]
    sums = [p, *between, y]
    adders = [
        lifting_term(sums[k], v, rest, sums[k + 1], one=one, two=two)
        for k, (one, two) in enumerate(terms)
    ]
    return instances()


@module
def lifting_term(p, v, rest, y, *, one, two):
    """y = p + sign floor(v / 2**shift), or - that for rest 2, or nothing for rest 0.

    one, two: (sign, shift) for one sixteenth (rest 1, and 2 its negative), and for two (rest 3).
    """
    size = len(p)
    near_shift = one[1]
    far_shift = two[1]
    less = one[0] < 0
    more = one[0] > 0
    far_less = two[0] < 0
    ones = (1 << size) - 1
    keep = Constant(intbv(ones if more else 0)[size:])
    flip = Constant(intbv(ones if less else 0)[size:])
    far_keep = Constant(intbv(0 if far_less else ones)[size:])
    whole, near, far = (Signal(intbv(0, min=-(1 << size - 1), max=1 << size - 1)) for _ in range(3))
    near_word, far_word, not_term = (counter(0, size) for _ in range(3))
    total = counter(0, size + 1)
    carry = Signal(bool(0))
    top = size + 1

    @always_comb
    def read():
        whole.next = v.signed()

    @always_comb
    def shift():
        near.next = whole >> near_shift
        far.next = whole >> far_shift

    @always_comb
    def name():
        near_word.next = near[size:]
        far_word.next = far[size:]

    @always_comb
    def choose():
        if rest == 0:
            not_term.next = ones
            carry.next = False
        elif rest == 1:
            not_term.next = near_word ^ keep
            carry.next = less
        elif rest == 2:
            not_term.next = near_word ^ flip
            carry.next = more
        else:
            not_term.next = far_word ^ far_keep
            carry.next = far_less

    @always_comb
    def add():
        total.next = concat(p, carry) - concat(not_term, "1")

    @always_comb
    def show():
        y.next = total[top:1]

    return instances()


@module
def factor_choice(clk, ce, rest, factor, *, factors):
    """Minus S as a factor, for the rest of a turn."""
    span = 1 << len(factor)
    one, minus_one, two = (-factors[0]) % span, factors[0] % span, (-factors[1]) % span

    @always(clk.posedge)
    def choose():
        if ce:
            if rest == 0:
                factor.next = 0
            elif rest == 1:
                factor.next = one
            elif rest == 2:
                factor.next = minus_one
            else:
                factor.next = two

    return instances()
