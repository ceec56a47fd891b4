"""Where M complex elements become the half spectrum of 2M real samples, or the reverse.

Element k is joined with element M - k, which comes up to M / 2 elements later or earlier. So all
go through a memory, from which each is read twice: as itself and as the other one of a pair.

    own, other ─► v = own + conj other ─┐         v waits for the product
               └► u = own - conj other ─► u w + v ─► y        w = d - j c forward, d + j c inverse

In bit-reversed order the two lie within M / 2, M / 4, … elements, so reading begins once half of
a frame is written, and the frame behind never comes too near. In another order all of a frame
must be there, and there are two buffers. docs/fft.md 2 and 4.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl import word_multiply as product
from kolam.hdl.memories import ram
from kolam.hdl.target import Target
from kolam.hdl.word_multiply import word_multiply
from kolam.kernels.bits import bits, counter, part, word
from kolam.kernels.bits import concat as joined
from kolam.kernels.rotator import flag_delay, sample_place

_AHEAD = 6  # clocks from the last word written to the first that is multiplied


def depth(points: int, together: bool) -> int:
    """Return the words of the memory; together: elements come and go in bit-reversed order."""
    return points if together else 2 * points


def latency(points: int, together: bool) -> int:
    """Return clocks from a first word in to a first word out."""
    return depth(points, together) - 1 + _AHEAD + product.LATENCY


@module
def real_split(
    clk, rst, ce, valid_next, x, at, w, y_next, y, *, points: int, reverses_in: bool,
    reverses_out: bool, inverse: bool, fraction: int, target: Target,
) -> Any:  # fmt: skip
    """Words of elements, re then im; `points` elements a frame, a power of two.

    inverse: all is halved, and what goes out is exchanged, im then re. valid_next, y_next: the
    word behind the next enabled edge is one of a frame. reverses_in, reverses_out: elements come
    or go in bit-reversed order. at: the place of the word whose twiddle word w is wanted a clock
    later; of place 0 they are -1 and -1, inverse -1/2 and 1/2.
    """
    size, width = bits(points), len(x)
    together = reverses_in and reverses_out
    deep = bits(depth(points, together))
    we, re, begins, own_turn, ahead, minus, second, mark = (word(1) for _ in range(8))
    waddr, raddr, count, toward = word(deep), word(deep), word(size), word(size)
    pair, found = word(2 * width), word(2 * width)
    v, u_re, u_im = (word(width + 1) for _ in range(3))
    write = split_write(
        clk, rst, ce, valid_next, x, we, waddr, pair, begins,
        size=size, last=(points // 2 if together else points) - 1,
    )  # fmt: skip
    bank = None if together else waddr(size)
    read_bank = None if together else word(1)
    read = split_read(
        clk, rst, ce, begins, bank, re, own_turn, count, read_bank, minus, ahead, second
    )
    element = joined([count(k) for k in reversed(range(size))]) if reverses_out else count
    direction = split_address(own_turn, element, toward)
    place = joined([toward(k) for k in reversed(range(size))]) if reverses_in else toward
    to = place if together else joined([place, read_bank])
    buffer = ram(
        clk, we, waddr, pair, re, to, found,
        depth=depth(points, together), latency=1, style="block", target=target,
    )  # fmt: skip
    spot = sample_place(clk, ce, ahead, at)
    sums = split_sums(
        clk, ce, own_turn, minus, at, part(found, width, 0), part(found, 2 * width, width), v,
        u_re, u_im, mark, late=1 if reverses_out else size, inverse=inverse,
    )  # fmt: skip
    first, other = (u_im, u_re) if inverse else (u_re, u_im)
    multiply = word_multiply(
        clk, ce, second, first, w, y, None if inverse else mark, other, v,
        fraction=fraction, shift=fraction + inverse, bump=0 if inverse else -1,
    )  # fmt: skip
    follow = flag_delay(clk, ce, ahead, y_next, clocks=product.LATENCY)
    return instances()


@module
def split_write(clk, rst, ce, valid_next, x, we, waddr, pair, begins, *, size, last):
    """Put the two words of each element side by side; `begins`: enough of a frame is written."""
    here, at_im = Signal(bool(0)), Signal(bool(0))
    earlier = counter(0, len(x))
    into = counter(0, len(waddr))
    enough = Signal(bool(0))

    @always_comb
    def look():
        enough.next = into[size:] == last

    @always_comb
    def put():
        we.next = ce and here and at_im
        begins.next = ce and here and at_im and enough
        waddr.next = into
        pair.next = concat(x, earlier)

    @always(clk.posedge)
    def step():
        if rst:
            into.next = 0
        elif ce and here and at_im:
            into.next = into + 1

    @always(clk.posedge)
    def follow():
        if rst:  # a word from before would come with the first enable behind
            here.next = False
        elif ce:
            here.next = valid_next
        if ce:
            at_im.next = here and not at_im
            earlier.next = x

    return instances()


@module
def split_read(clk, rst, ce, begins, bank, re, own_turn, count, read_bank, minus, ahead, second):
    """Read all elements of a frame in the order of `count`, each time the other one first.

    minus, ahead, second: the sums of a pair are now its differences (u); the next word to multiply
    is one of a frame; it is im.
    """
    size = len(count) + 1
    last = (1 << size) - 1
    now = counter(0, size)
    going, read, caught, here, lower, later, at_im = (Signal(bool(0)) for _ in range(7))

    @always_comb
    def look():
        re.next = ce and going
        own_turn.next = now[0]
        count.next = now[size:1]

    @always(clk.posedge)
    def step():
        if rst:
            going.next = False
            now.next = 0
        else:
            if begins:
                going.next = True
            elif ce and now == last:
                going.next = False
            if ce and going:
                now.next = now + 1

    @always(clk.posedge)
    def follow():
        if ce:
            read.next = going
            caught.next = read
            here.next = caught
            ahead.next = here
            lower.next = here and not lower
            later.next = lower
            at_im.next = later

    @always_comb
    def show():
        minus.next = lower
        second.next = at_im

    if bank is not None:

        @always(clk.posedge)
        def choose():
            if begins:
                read_bank.next = bank

    return instances()


@module
def split_address(own_turn, element, toward):
    """The element, or the other one of its pair: its number, or the negative of that."""
    ones = Constant(intbv((1 << len(toward)) - 1)[len(toward) :])
    flipped, there = counter(0, len(toward)), counter(0, len(toward))
    negative = Signal(bool(0))

    @always_comb
    def flip():
        negative.next = not own_turn
        if own_turn:
            flipped.next = element
        else:
            flipped.next = element ^ ones

    @always_comb
    def add():
        there.next = flipped + negative

    @always_comb
    def show():
        toward.next = there

    return instances()


@module
def split_sums(
    clk, ce, own_turn, minus, at, found_re, found_im, v, u_re, u_im, mark, *, late, inverse
):
    """Sums v and differences u of what was read and of its pair, which was read before.

    v comes word by word, u side by side, each sample for two clocks. In place 0 both words of v
    are the real sum (half of it where `inverse`). mark: the element is in the upper half and the
    word is re, whose product is rounded the other way; late: bit of the place that says so.
    """
    width = len(found_re)
    size, top = width + 1, width + 2
    sign, behind = width - 1, len(at)
    caught_re, caught_im, mine_re, mine_im, other_re, other_im = (
        counter(0, width) for _ in range(6)
    )
    ones = Constant(intbv((1 << size) - 1)[size:])
    a_re, a_im, b_re, b_im, not_re, not_im, v_re, v_im = (counter(0, size) for _ in range(8))
    total_re, total_im = counter(0, top), counter(0, top)
    plus, first = Signal(bool(0)), Signal(bool(0))

    @always(clk.posedge)
    def hold():
        if ce:
            if own_turn:
                caught_re.next = found_re
                caught_im.next = found_im
            else:
                mine_re.next = found_re
                mine_im.next = found_im
                other_re.next = caught_re
                other_im.next = caught_im

    @always_comb
    def extend():
        a_re.next = concat(mine_re[sign], mine_re)
        a_im.next = concat(mine_im[sign], mine_im)
        b_re.next = concat(other_re[sign], other_re)
        b_im.next = concat(other_im[sign], other_im)
        plus.next = not minus
        first.next = at[behind:1] == 0

    @always_comb
    def choose():
        if minus:
            not_re.next = b_re
            not_im.next = b_im ^ ones
        else:
            not_re.next = b_re ^ ones
            not_im.next = b_im

    # sums as differences of complements, which keep the order of their operands (butterfly.py)
    @always_comb
    def add():
        total_re.next = concat(a_re, minus) - concat(not_re, "1")
        total_im.next = concat(a_im, plus) - concat(not_im, "1")

    @always(clk.posedge)
    def keep():
        if ce:
            mark.next = minus and at[late]
            if minus:
                u_re.next = total_re[top:1]
                u_im.next = total_im[top:1]
            else:
                v_re.next = total_re[top:1]
                v_im.next = total_im[top:1]

    if inverse:

        @always(clk.posedge)
        def tell():
            if ce:
                if first:
                    v.next = concat(v_re[width], v_re[size:1])
                elif minus:
                    v.next = v_im
                else:
                    v.next = v_re

    else:

        @always(clk.posedge)
        def tell():
            if ce:
                if minus or first:
                    v.next = v_re
                else:
                    v.next = v_im

    return instances()
