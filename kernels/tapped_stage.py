"""One stage of words whose distance is short: one adder, and the line is read where it is wanted.

    y = f + x for k = 0, and later f - x for k = 1        both of words that have come

`word_stage` adds and subtracts at once and lets differences wait, so half of the time its adders
rest. Here the words wait, in two addressable shift registers, and one adder makes the sum of a
pair when x comes and the difference `clocks` later: f is read `clocks` or twice as many back, x at
once or `clocks` back. Where x is turned by -j the other word of its sample is read, from the place
behind or ahead, which costs nothing.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.hdl.memories import shift_ram
from kolam.kernels import sdf_stage
from kolam.kernels.bits import bits, constant, counter, word
from kolam.kernels.bits import concat as joined
from kolam.kernels.rotator import flag_delay

LONGEST = 16  # clocks of a distance: twice as many are in reach of one shift register
_REACH = 32  # words of one shift register


def latency(turns: bool) -> int:
    """Return the clocks beside the distance."""
    return sdf_stage.LATENCY + 2 + turns


@module
def tapped_stage(
    clk, ce, wash, valid_next, x, turns, y_soon, y_next, y, difference, *,
    clocks: int, halves: bool,
) -> Any:  # fmt: skip
    """Pair each word with the one `clocks` before, a power of two, 2 to LONGEST.

    Ports are those of word_stage.
    """
    opens, valid, adds, adds_next = (word(1) for _ in range(4))
    here, told, minus = word(1), word(2), word(1)
    ahead = 1 if turns is None else 2  # clocks that reading is behind the words
    held = 2 if 2 * clocks + ahead > _REACH else 0  # words in registers in front of the far ones
    deep = 1 << bits(2 * clocks + ahead - held)
    near = 1 << bits(clocks + 2 * ahead - 1)
    f, x_read, a, b = (word(len(x)) for _ in range(4))
    from_f, from_x = word(bits(deep)), word(bits(near))
    waits = flag_delay(clk, ce, valid_next, here, clocks=1 + ahead)
    flag_line = shift_line(clk, ce, joined([opens, valid]), told, clocks=clocks - 1)
    control = sdf_stage.sdf_control(
        clk, ce, wash, here, told(0), told(1), valid, adds_next, adds, opens, y_soon, y_next,
        difference,
    )  # fmt: skip
    at_re, at_im = constant(0), constant(0)
    if turns is not None:
        at_re, at_im, fresh, past = word(1), word(1), word(2), word(2)
        mark = tapped_mark(clk, ce, valid_next, turns, fresh)
        marks = shift_line(clk, ce, fresh, past, clocks=clocks)
        choice = tapped_choice(adds_next, fresh, past, at_re, at_im)
    direct = tapped_places(
        adds_next, at_re, at_im, from_f, from_x, clocks=clocks, ahead=ahead, held=held
    )
    old = x
    if held:
        old = word(len(x))
        wait = shift_line(clk, ce, x, old, clocks=held)
    far = shift_ram(clk, ce, old, from_f, f, depth=deep, style="shift")
    close = shift_ram(clk, ce, x, from_x, x_read, depth=near, style="shift")
    hold = tapped_words(clk, ce, adds_next, at_im, f, x_read, a, b, minus)
    compute = tapped_sum(clk, ce, a, b, minus, y, halves=halves)
    return instances()


@module
def tapped_mark(clk, ce, valid_next, turns, fresh):
    """Mark the words of turned samples, re in the clock behind both, im in the next one."""
    here, second, at_re, at_im = (Signal(bool(0)) for _ in range(4))

    @always(clk.posedge)
    def follow():
        if ce:
            here.next = valid_next
            second.next = here and not second
            at_re.next = turns and second
            at_im.next = at_re

    @always_comb
    def show():
        fresh.next = concat(at_im, at_re)

    return instances()


@module
def tapped_choice(adds_next, fresh, past, at_re, at_im):
    """The marks of x: of the word that came, or of the one a distance before."""

    @always_comb
    def choose():
        if adds_next:
            at_re.next = fresh[0]
            at_im.next = fresh[1]
        else:
            at_re.next = past[0]
            at_im.next = past[1]

    return instances()


@module
def tapped_places(adds_next, at_re, at_im, from_f, from_x, *, clocks, ahead, held):
    """How far back f and x are, or the other word of x: of re it came behind, of im in front."""
    f_near, x_near = clocks + ahead - 1 - held, ahead - 1
    f_far, x_far = f_near + clocks, x_near + clocks
    x_near_next, x_far_next = max(0, x_near - 1), x_far - 1
    x_near_last, x_far_last = x_near + 1, x_far + 1

    @always_comb
    def find():
        if adds_next:
            from_f.next = f_near
        else:
            from_f.next = f_far
        if adds_next and at_re:
            from_x.next = x_near_next
        elif adds_next and at_im:
            from_x.next = x_near_last
        elif adds_next:
            from_x.next = x_near
        elif at_re:
            from_x.next = x_far_next
        elif at_im:
            from_x.next = x_far_last
        else:
            from_x.next = x_far

    return instances()


@module
def tapped_words(clk, ce, adds_next, at_im, f, x_read, a, b, minus):
    """Hold both words and the sign of the second one, which a turned im has reversed."""

    @always(clk.posedge)
    def hold():
        if ce:
            a.next = f
            b.next = x_read
            minus.next = adds_next == at_im

    return instances()


@module
def tapped_sum(clk, ce, a, b, minus, y, *, halves):
    """P(a, b), or where `minus` D(a, b); the exact sum or difference unless it `halves`."""
    width = len(a)
    sign = width - 1
    low = 1 if halves else 0
    size = len(y)
    top = size + 1
    ones = Constant(intbv((1 << size) - 1)[size:])
    first, other, nots = (counter(0, size) for _ in range(3))
    total = counter(0, size + 1)
    carry = Signal(bool(0))

    @always_comb
    def extend():
        first.next = concat(a[sign], a[width:low])
        other.next = concat(b[sign], b[width:low])

    @always_comb
    def choose():
        if minus:
            nots.next = other
        else:
            nots.next = other ^ ones

    if halves:

        @always_comb
        def lead():
            carry.next = minus or b[0]

    else:

        @always_comb
        def lead():
            carry.next = minus

    # a sum as a difference of complements, which keeps the order of its operands (butterfly.py)
    @always_comb
    def add():
        total.next = concat(first, carry) - concat(nots, "1")

    @always(clk.posedge)
    def give():
        if ce:
            y.next = total[top:1]

    return instances()
