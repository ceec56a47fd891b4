"""A rotator for turns of 0 to 3 eighths of a circle, of words re and im, by shifts and additions.

    y = floor((x c + half) / 2^F)        x = ± re ± im, c = nearest(2^F sqrt(1/2)), an odd turn
    y = ± re or ± im                     an even one

That is what docs/fft.md 2 has of a rotator, since c and d are alike or 0. So a word takes one
addition, and another three or four that multiply by the constant, in a Horner scheme of the words
x and 5 x. An enable holds all of it.
"""

from itertools import pairwise
from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter, part, word
from kolam.kernels.rotator import flag_delay

LATENCY = 7
Term = tuple[int, bool, int]  # sign, whether it is of 5 x, shift


def terms(factor: int) -> tuple[Term, ...]:
    """Return the terms that add up to a positive factor, shifts in falling order."""
    found = []
    while factor:
        sizes = [(5 if five else 1, five, k) for k in range(abs(factor).bit_length() + 1)
                 for five in (False, True)]  # fmt: skip
        size, five, shift = min(sizes, key=lambda one: abs(abs(factor) - (one[0] << one[2])))
        sign = 1 if factor > 0 else -1
        found.append((sign, five, shift))
        factor -= sign * size << shift
    return tuple(found)


@module
def word_eighth(
    clk, ce, second, x, at, y, *, turns: tuple[int, ...], factor: int, fraction: int
) -> Any:
    """Turn each sample by the eighths that `turns` has for the first bits of its place.

    at: the place, a clock ahead of the word; second: the word is im. factor: c. y: as many bits as
    the turned words need; it comes LATENCY clocks later.
    """
    size, needed = len(x), len(y)
    turn, quarters, scales, late = word(2), word(1), word(1), word(1)
    re, im = word(size), word(size)
    a, b, s = word(size + 1), word(size), word(size + 2)
    zero, less, scaled, scale_now = word(1), word(1), word(1), word(1)
    plain, held, five = word(size + 2), word(size + 2), word(size + 5)
    kept = (len(turns) - 1).bit_length()
    know = eighth_turn(clk, ce, part(at, len(at), len(at) - kept), turn, turns=turns)
    collect = eighth_pair(clk, ce, second, x, turn, re, im, quarters, scales, late)
    take = eighth_words(clk, ce, re, im, quarters, scales, late, a, b, zero, less, scaled)
    add = eighth_sum(clk, ce, a, b, zero, less, s)
    fives = eighth_fives(clk, ce, s, held, five)
    follow = flag_delay(clk, ce, scaled, scale_now, clocks=3)
    steps = terms(factor)
    sums = [five if steps[0][1] else held]
    adders = []
    for (_, _, above), (sign, of_five, shift) in pairwise(steps):
        sums.append(word(len(sums[-1]) + above - shift + 1))
        adders.append(
            eighth_step(
                sums[-2], five if of_five else held, sums[-1], shift=above - shift, less=sign < 0
            )
        )
    product = word(size + 3)
    finish = eighth_cut(
        clk, ce, sums[-1], held, product, plain, shift=steps[-1][2], fraction=fraction
    )
    choose = eighth_choice(clk, ce, product, plain, scale_now, y, needed=needed)
    return instances()


@module
def eighth_turn(clk, ce, at, turn, *, turns):
    """Look up, a clock later."""
    found = Signal(intbv(0)[2:])

    @always_comb
    def look():
        found.next = turns[at]

    @always(clk.posedge)
    def keep():
        if ce:
            turn.next = found

    return instances()


@module
def eighth_pair(clk, ce, second, x, turn, re, im, quarters, scales, late):
    """Hold both words of a sample, and its turn, for two clocks; late: it is the second one."""
    earlier = counter(0, len(x))
    fresh = Signal(bool(0))

    @always(clk.posedge)
    def hold():
        if ce:
            earlier.next = x
            fresh.next = second
            late.next = fresh
            if second:
                re.next = earlier
                im.next = x
                quarters.next = turn[1]
                scales.next = turn[0]

    return instances()


@module
def eighth_words(clk, ce, re, im, quarters, scales, late, a, b, zero, less, scaled):
    """im, its negative or nothing, and how re is added: not (zero), or subtracted (less).

    A word re of a turn is that word im of two eighths less: all are named by 0 to 5.
    """
    sign = len(im) - 1
    size = len(a)
    ones = Constant(intbv((1 << size) - 1)[size:])
    code = Signal(intbv(0)[3:])
    last, none, upper, lower = (Signal(bool(0)) for _ in range(4))
    way, total = counter(0, size), counter(0, size)

    @always_comb
    def name():
        upper.next = quarters and late
        lower.next = quarters != late
        last.next = quarters and late and scales
        none.next = not scales and quarters == late

    @always_comb
    def number():
        code.next = concat(upper, lower, scales)

    @always_comb
    def turn():
        if last:
            way.next = concat(im[sign], im) ^ ones
        else:
            way.next = concat(im[sign], im)

    @always_comb
    def negate():
        total.next = way + last

    @always(clk.posedge)
    def hold():
        if ce:
            if none:
                a.next = 0
            else:
                a.next = total
            b.next = re
            zero.next = code == 2
            less.next = code > 2
            scaled.next = scales

    return instances()


@module
def eighth_sum(clk, ce, a, b, zero, less, s):
    """s = a + b, or a - b, or a."""
    sign, top = len(b) - 1, len(a) - 1
    size = len(s)
    high = size + 1
    ones = Constant(intbv((1 << size) - 1)[size:])
    first, other, nots = (counter(0, size) for _ in range(3))
    total = counter(0, size + 1)
    carry = Signal(bool(0))

    @always_comb
    def extend():
        first.next = concat(a[top], a)
        other.next = concat(b[sign], b[sign], b)

    @always_comb
    def choose():
        carry.next = less and not zero
        if zero:
            nots.next = ones
        elif less:
            nots.next = other
        else:
            nots.next = other ^ ones

    # a sum as a difference of complements, which keeps the order of its operands (butterfly.py)
    @always_comb
    def add():
        total.next = concat(first, carry) - concat(nots, "1")

    @always(clk.posedge)
    def give():
        if ce:
            s.next = total[high:1]

    return instances()


@module
def eighth_fives(clk, ce, s, held, five):
    """The word and five times the word."""
    span = 1 << len(five) - 1
    whole, fourfold, total = (Signal(intbv(0, min=-span, max=span)) for _ in range(3))
    size = len(five)

    @always_comb
    def read():
        whole.next = s.signed()

    @always_comb
    def shift():
        fourfold.next = whole << 2

    @always_comb
    def add():
        total.next = fourfold + whole

    @always(clk.posedge)
    def keep():
        if ce:
            held.next = s
            five.next = total[size:]

    return instances()


@module
def eighth_step(p, v, y, *, shift, less):
    """y = p 2**shift + v, or - v."""
    span = 1 << len(y) - 1
    size = len(y)
    plain, above, below, total = (Signal(intbv(0, min=-span, max=span)) for _ in range(4))

    @always_comb
    def read():
        plain.next = p.signed()
        below.next = v.signed()

    @always_comb
    def move():
        above.next = plain << shift

    if less:

        @always_comb
        def add():
            total.next = above - below

    else:

        @always_comb
        def add():
            total.next = above + below

    @always_comb
    def show():
        y.next = total[size:]

    return instances()


@module
def eighth_cut(clk, ce, p, s, product, plain, *, shift, fraction):
    """product = p 2**shift, but for all of its fraction except the bit that rounds."""
    size = len(product)
    span = 1 << max(len(p) + shift, fraction + size) - 1
    cut = fraction - 1
    whole, moved, left = (Signal(intbv(0, min=-span, max=span)) for _ in range(3))

    @always_comb
    def read():
        whole.next = p.signed()

    @always_comb
    def move():
        moved.next = whole << shift

    @always_comb
    def drop():
        left.next = moved >> cut

    @always(clk.posedge)
    def keep():
        if ce:
            product.next = left[size:]
            plain.next = s

    return instances()


@module
def eighth_choice(clk, ce, product, plain, scaled, y, *, needed):
    """The product, rounded, or the word as it is."""
    top = needed + 1
    total = counter(0, len(product))

    @always_comb
    def lift():
        total.next = product + 1

    @always(clk.posedge)
    def give():
        if ce:
            if scaled:
                y.next = total[top:1]
            else:
                y.next = plain[needed:]

    return instances()
