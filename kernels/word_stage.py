"""One stage of a streaming FFT whose samples come as two words, re and im, a word a clock.

At half the rate of samples a stage needs half the adders: one for sums, one for differences, each
for re and then for im. All else is that of sdf_stage, with lines of twice the clocks, since what
travels with the data does not care what a word is.

Where differences are turned by -j, re is paired with im: a sample waits until both of its words
are there, two clocks (TURN), and each word may be taken when it is wanted.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.delay_line import RAM_WIDTH, ring_line, shift_line
from kolam.hdl.target import Target
from kolam.kernels import sdf_stage
from kolam.kernels.bits import bits, constant, counter, part, word
from kolam.kernels.bits import concat as joined
from kolam.kernels.link import connect

LATENCY = sdf_stage.LATENCY
TURN = 2  # clocks more where differences are turned


def latency(turns: bool) -> int:
    """Return the clocks beside the line."""
    return LATENCY + TURN * turns


def line_width(width: int, ring: bool) -> int:
    """Return the bits of a line: a word, and its flags if they fit."""
    return width + (2 if not ring or width + 2 <= RAM_WIDTH // 2 else 0)


@module
def word_stage(
    clk, ce, wash, at, valid_next, x, turns, y_soon, y_next, y, difference, kept=None, back=None, *,
    clocks: int, halves: bool, ring: bool, target: Target,
) -> Any:  # fmt: skip
    """Pair each word with the one `clocks` before, a power of two, 2 or more.

    valid_next: the word behind the next enabled edge is one of a frame. turns: take -j x, None for
    never. y_next, y_soon: valid of y, one and two clocks ahead; difference: y is one. ring, at,
    wash: of the line, as in sdf_stage. kept, back: where a ring is elsewhere, what it is to delay
    by `clocks` - 1, and gives.
    """
    width = len(y)
    opens, valid, adds, adds_next = (word(1) for _ in range(4))
    stored = word(width)
    data, flags = [stored], [opens, valid]
    together = line_width(width, ring) > width
    whole = joined([*data, *flags] if together else data)
    if kept is not None:
        line = connect(whole, kept)
    else:
        back = word(len(whole))
        if ring:
            line = ring_line(clk, ce, part(at, bits(clocks), 0), whole, back, target=target)
        else:
            line = shift_line(clk, ce, whole, back, clocks=clocks - 1)
    told = back
    if not together:
        told = word(2)
        flag_line = shift_line(clk, ce, joined(flags), told, clocks=clocks - 1)
    f, opened, validated = part(back, width, 0), told(len(told) - 2), told(len(told) - 1)
    here, own, other, flips, minus = valid_next, x, x, constant(0), constant(0)
    if turns is not None:
        here, own, other, turned, second = word(1), word(len(x)), word(len(x)), word(1), word(1)
        flips, minus = word(1), word(1)
        wait = word_pair(clk, ce, valid_next, x, turns, here, own, other, turned, second)
        choice = word_choice(adds, turned, second, flips, minus)
    control = sdf_stage.sdf_control(
        clk, ce, wash, here, opened, validated, valid, adds_next, adds, opens, y_soon, y_next,
        difference,
    )  # fmt: skip
    compute = word_butterfly(
        clk, ce, adds, adds_next, flips, minus, own, other, f, y, stored, halves=halves
    )
    return instances()


@module
def word_pair(clk, ce, valid_next, x, turns, here_next, re, im, turned, second):
    """Hold both words of a sample, and `turns` of it, for the two clocks in which it is used.

    here_next: valid_next, as late as these; second: it is the turn of im.
    """
    here, waits, at_im, im_held, now_im = (Signal(bool(0)) for _ in range(5))
    earlier = counter(0, len(x))

    @always(clk.posedge)
    def follow():
        if ce:
            here.next = valid_next
            at_im.next = here and not at_im
            waits.next = here
            im_held.next = at_im
            now_im.next = im_held

    @always(clk.posedge)
    def hold():
        if ce:
            earlier.next = x
            if at_im:
                re.next = earlier
                im.next = x
                turned.next = turns

    @always_comb
    def show():
        here_next.next = waits
        second.next = now_im

    return instances()


@module
def word_choice(adds, turned, second, flips, minus):
    """Whether a word is taken for the other one of its sample, and subtracted: -j x."""
    now = Signal(bool(0))

    @always_comb
    def look():
        now.next = adds and turned

    @always_comb
    def choose():
        flips.next = second != now
        minus.next = second and now

    return instances()


@module
def word_butterfly(clk, ce, adds, adds_next, flips, minus, own, other, f, y, stored, *, halves):
    """Do for one word what `butterfly` does for two, whose docstring explains it.

    The word is `own`, or `other` where `flips`; `minus`: its negative is added. y and stored have
    a bit more than it, or as many if it `halves`.
    """
    sign = len(own) - 1
    low = 1 if halves else 0
    size = len(own) - low
    width = size + 1
    top = width + 1
    ones = Constant(intbv((1 << size) - 1)[size:])
    x = counter(0, len(own))
    h, k, nots, less = (counter(0, size) for _ in range(4))
    f_d1 = counter(0, width)
    total, rest = (counter(0, width + 1) for _ in range(2))
    first, carry, back = (Signal(bool(0)) for _ in range(3))

    @always_comb
    def take():
        if flips:
            x.next = other
        else:
            x.next = own

    @always_comb
    def read():
        first.next = not x[sign]

    @always_comb
    def offset():
        h.next = concat(first, x[sign:low])

    # the complements of h and adds (nots), and of h xor adds (less)
    @always_comb
    def choose():
        if not adds:
            nots.next = ones
            less.next = h ^ ones
        elif minus:
            nots.next = h
            less.next = h ^ ones
        else:
            nots.next = h ^ ones
            less.next = h

    if halves:

        @always_comb
        def lead():
            carry.next = adds and (minus or x[0])
            back.next = adds and (x[0] or not minus)

    else:

        @always_comb
        def lead():
            carry.next = adds and minus
            back.next = adds and not minus

    @always_comb
    def add():
        total.next = concat(f_d1, carry) - concat("1", nots, "1")
        rest.next = concat("1", k, back) - concat("1", less, "1")

    @always_comb
    def store():
        stored.next = rest[top:1]

    @always(clk.posedge)
    def load():
        if ce:
            y.next = total[top:1]
            f_d1.next = f
            if adds_next:
                k.next = f[size:]
            else:
                k.next = 0

    return instances()
