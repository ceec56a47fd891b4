"""Twiddles of all the circle from a table of an eighth of it; docs/fft.md 4.

    place ─► factor · step ─► angle ─► fold ─► table ─► unfold ─► y        y: cos, -sin of the angle

The table holds cosines and sines of 1 … C/8 steps of a circle of C steps, that of C/8 at address 0.
An angle is so many quarters, and a rest, which is looked up as it is, or where it is more than an
eighth as what is missing to a quarter, with cosine and sine exchanged. Quarters are exact, and in
no table. Each word is the one that a table of the circle would hold: rounding to nearest is
symmetric.

A rotator does not turn in the first block of its places. So all of this looks some places further
than the flag that comes ahead of samples: at the end of a frame it is in the first block already,
and rests there until the next one comes, so nothing must be known earlier.
"""

from typing import Any

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.hdl.memories import table
from kolam.kernels.bits import bits, constant, counter, part, word
from kolam.kernels.bits import concat as joined
from kolam.kernels.frame_size import place_inside
from kolam.kernels.rotator import sample_place

HOW = 4  # bits that say how a twiddle is made: exchange, negate cosine, negate sine, a quarter
LOOKUP = 3  # clocks of a twiddle_lookup
_AHEAD = 2  # clocks in front of the table


@module
def twiddle_seek(
    clk, ce, ahead, address, how, last_beat=None, *, blocks: int, size: int, lane: int, lanes: int,
    latency: int,
) -> Any:  # fmt: skip
    """Where the next twiddle of a rotator is in the table, and what is made of what is found there.

    ahead: the sample behind the next enabled edge is one of a frame. Its place in the frame, in
    beats, has `size` bits. The first ones, `blocks`, are a factor in reverse order, and the others
    a step: the angle is factor · (lanes · step + lane). how: of the word that the table, which
    takes `latency` clocks, gives now. last_beat: of frames that may have fewer blocks.
    """
    low = size - blocks
    count, at, angle = word(size), word(size), word(size + lanes.bit_length() - 1)
    folded, made = word(len(address)), word(HOW)
    places = sample_place(clk, ce, ahead, count, lead=latency + _AHEAD)
    if last_beat is None:
        at = count
    else:
        inside = place_inside(count, last_beat, at)
    factor = joined([*(at(k) for k in reversed(range(low, size))), constant(0)])
    turns = twiddle_angle(clk, ce, ahead, factor, part(at, low, 0), angle, lane=lane, lanes=lanes)
    fold = twiddle_fold(angle, folded, made)
    keep = shift_line(clk, ce, folded, address, clocks=1)
    follow = shift_line(clk, ce, made, how, clocks=1 + latency)
    return instances()


@module
def twiddle_lookup(clk, angle, y, *, image, latency):
    """The twiddle of any angle, 3 clocks later, of which the table takes `latency`, 1 or 2."""
    folded, address = word(bits(image.depth)), word(bits(image.depth))
    made, how, found = word(HOW), word(HOW), word(image.width)
    fold = twiddle_fold(angle, folded, made)
    if latency == 1:
        keep = shift_line(clk, constant(1), folded, address, clocks=1)
    else:
        address = folded
    follow = shift_line(clk, constant(1), made, how, clocks=2)
    lookup = table(clk, constant(1), address, found, image=image, latency=latency, style="block")
    unfold = twiddle_unfold(clk, constant(1), found, how, y)
    return instances()


@module
def twiddle_angle(clk, ce, ahead, factor, step, angle, *, lane, lanes):
    """factor · (lanes · step + lane), a clock later, by additions: step counts up.

    0 where no sample is ahead.
    """
    now, added, start = (counter(0, len(angle)) for _ in range(3))
    begins = Signal(bool(0))

    @always_comb
    def look():
        begins.next = step == 0
        added.next = factor * lanes
        start.next = factor * lane

    @always(clk.posedge)
    def add():
        if not ahead:
            now.next = 0
        elif ce:
            if begins:
                now.next = start
            else:
                now.next = now + added

    @always_comb
    def show():
        angle.next = now

    return instances()


@module
def twiddle_fold(angle, address, how):
    """Where an angle is looked up, and what is made of what is found there."""
    low = len(angle) - 3
    odd, second, first = low, low + 1, low + 2
    ones = Constant(intbv((1 << low) - 1)[low:])
    rest, flipped, there = (counter(0, low) for _ in range(3))
    back, swaps, less, down, exact = (Signal(bool(0)) for _ in range(5))

    @always_comb
    def read():
        rest.next = angle[low:]
        back.next = angle[odd]
        swaps.next = angle[odd] ^ angle[second]
        less.next = angle[first] ^ angle[second]
        down.next = not angle[first]
        exact.next = angle[second:] == 0

    @always_comb
    def flip():
        if back:
            flipped.next = rest ^ ones
        else:
            flipped.next = rest

    @always_comb
    def add():
        there.next = flipped + back

    @always_comb
    def show():
        address.next = there
        how.next = concat(exact, down, less, swaps)

    return instances()


@module
def twiddle_unfold(clk, ce, found, how, y):
    """The twiddle, cosine low and minus the sine high, of a cosine (low) and a sine; registered."""
    size = len(found) // 2
    both, width = 2 * size, size + 1
    one = 1 << size - 1
    ones = Constant(intbv((1 << width) - 1)[width:])
    cosine, sine, flat, up = (counter(0, width) for _ in range(4))
    total_re, total_im, kept_re, kept_im = (counter(0, width) for _ in range(4))
    swaps, less, down, exact = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def read():
        swaps.next = how[0]
        less.next = how[1]
        down.next = how[2]
        exact.next = how[3]

    @always_comb
    def name():
        if exact:
            cosine.next = one
            sine.next = 0
        else:
            cosine.next = found[size:]
            sine.next = found[both:size]

    @always_comb
    def exchange():
        if swaps:
            if less:
                flat.next = sine ^ ones
            else:
                flat.next = sine
            if down:
                up.next = cosine ^ ones
            else:
                up.next = cosine
        else:
            if less:
                flat.next = cosine ^ ones
            else:
                flat.next = cosine
            if down:
                up.next = sine ^ ones
            else:
                up.next = sine

    @always_comb
    def negate():
        total_re.next = flat + less
        total_im.next = up + down

    @always(clk.posedge)
    def keep():
        if ce:
            kept_re.next = total_re
            kept_im.next = total_im

    @always_comb
    def show():
        y.next = concat(kept_im, kept_re)

    return instances()
