"""Frames in another order: bit-reversed in, natural out, or the reverse; a bank of words a lane.

Each frame is written where the frame before was read, one beat behind the reader. So places
alternate, frame by frame, between those of the stream and those with the bits reversed, and reader
and writer always agree on which: the choice changes when a frame is whole, and then the reader
begins.

    in    0 1 2 … M-1 │ 0 1 2 …          a beat in places that were read a clock before
    out             0 │ 1 2 3 …          begins with the last beat in

Word p lies in bank (lane) XOR (first bits of the beat, reversed), and p reversed in the same one: a
beat is a word of each bank either way, exchanged by one XOR; docs/fft.md 4. Where the first beat
out needs a word of the last one in, there are places for two frames, and the reader begins a clock
later. All moves by the enable of the pipeline in front; frames may follow each other at any
distance.
"""

from itertools import pairwise
from typing import Any

from myhdl import Constant, Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.hdl.memories import ram
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, constant, counter, field, part, word
from kolam.kernels.delay import delay, pulse_delay
from kolam.kernels.link import connect

_BLOCK_FROM = 33  # words of a bank; 32 are one level of LUT memory


def latency(target: Target) -> int:
    """Return the clocks from an enabled edge that reads a beat to its `put`."""
    return 2 if target is Target.ECP5 else 1


def frames_held(points: int, lanes: int) -> int:
    """Return the frames that there are places for."""
    return 2 if points <= lanes**2 else 1


def wait(points: int, lanes: int) -> int:
    """Return the enabled clocks from the first beat of a frame to the edge that reads one of it."""
    return points // lanes - 2 + frames_held(points, lanes)


def depth(points: int, lanes: int) -> int:
    """Return the words of a bank."""
    return frames_held(points, lanes) * points // lanes


def style(points: int, lanes: int) -> str:
    """Return what a bank is made of."""
    return "block" if depth(points, lanes) >= _BLOCK_FROM else "distributed"


@module
def frame_reorder(
    clk, rst, ce, valid, x, put, y, room=None, allows=None, enters=None, last_beat=None, lead=None,
    *, points: int, lanes: int = 1, target: Target = Target.GENERIC,
) -> Any:  # fmt: skip
    """Frames of `points` words, `lanes` a beat, powers of two; a frame has two beats or more.

    `put` is high for one clock for each beat out. The first lane of a beat is in the lowest bits.
    Of one lane, where `lead` is given, so many of the last words come in front of a frame, too, for
    which the pipeline stands still: `ce` must be what `allows` was a clock before, or low; it is no
    more than `room`. enters (bit k: frames of points / 2**k), last_beat: of a size at run time.
    """
    held, size, width = frames_held(points, lanes), bits(points // lanes), len(x) // lanes
    banks, clocks = range(lanes), latency(target)
    digits = min(lanes.bit_length() - 1, size)  # that a lane and a beat exchange
    written, read, swaps, turns, we, re = word(size), word(size), *(word(1) for _ in range(4))
    if lead is None:
        count = reorder_control(
            clk, rst, ce, valid, written, read, swaps, turns, we, re, late=held == 2
        )
    else:
        count = prefix_control(
            clk, rst, ce, room, valid, last_beat, lead, written, read, swaps, turns, we, re, allows
        )

    # words to their banks, and back; those of a beat are found in bank (lane) XOR (key)
    entering, fetched, not_written, not_read = x, [y], written, read
    if lanes > 1:
        entering, fetched, not_read = word(len(x)), [word(width) for _ in banks], word(size)
        keys = [_key(read, digits), *(word(digits) for _ in range(clocks))]
        ages = [delay(clk, early, late) for early, late in pairwise(keys)]
        scatter = exchange(_key(written, digits), x, entering, lanes=lanes)
        back = concat([fetched[_middle_reversed(lane, digits, lanes)] for lane in banks])
        gather = exchange(keys[-1], back, y, lanes=lanes)
        opposite_read = complement(read, not_read)
        if held == 1:
            not_written = word(size)
            opposite_written = complement(written, not_written)

    # words of a smaller frame are spread, so that they are those of a turned one, reversed
    write_straight, read_straight = written, read
    if enters is not None:
        write_straight, read_straight = word(size), word(size)
        write_spread = spread(enters, written, write_straight)
        read_spread = spread(enters, read, read_straight)

    # places of one frame, taken in turns, or of two frames, in halves
    waddrs, raddrs = [concat([written, swaps])] * lanes, []
    read_turned = [_turned(read, not_read, bank, digits) for bank in banks]
    if held == 2:
        raddrs = [concat([at, turns]) for at in read_turned]
    else:
        waddrs, raddrs = [word(size) for _ in banks], [word(size) for _ in banks]
        written_turned = [_turned(written, not_written, bank, digits) for bank in banks]
        write_places = [place(swaps, write_straight, written_turned[k], waddrs[k]) for k in banks]
        read_places = [place(turns, read_straight, read_turned[k], raddrs[k]) for k in banks]
    buffers = [
        ram(
            clk, we, waddrs[k], field(entering, k, width), re, raddrs[k], fetched[k],
            depth=depth(points, lanes), latency=clocks, style=style(points, lanes), target=target,
        )
        for k in banks
    ]  # fmt: skip
    told = pulse_delay(clk, rst, re, put, clocks=clocks)
    return instances()


def _bit(count: Any, index: int) -> Any:
    return part(count, index + 1, index)


def _key(count: Any, digits: int) -> Any:
    """Return the first digits of a beat, reversed: what lanes and banks differ by."""
    size = len(count)
    return concat([_bit(count, size - 1 - k) for k in range(digits)])


def _turned(count: Any, opposite: Any, bank: int, digits: int) -> Any:
    """Return where a bank keeps a word of the beat `count` in a frame that is turned round.

    The first digits of the beat, XOR those of the bank reversed, and then its others reversed.
    """
    size = len(count)
    others = [_bit(count, k) for k in reversed(range(size - digits))]
    first = [
        _bit(opposite if bank >> size - 1 - k & 1 else count, k) for k in range(size - digits, size)
    ]
    return concat(others + first)


def _middle_reversed(lane: int, digits: int, lanes: int) -> int:
    """Return a lane with the digits reversed that no beat has, those behind the first `digits`."""
    low, high = lane % (1 << digits), lane >> digits
    width = lanes.bit_length() - 1 - digits
    return low | sum(1 << digits + width - 1 - k for k in range(width) if high >> k & 1)


@module
def spread(enters, count, y) -> Any:
    """The count, times two for each stage that its frame has left out."""
    steps = range(1, len(enters))
    words = [count, *(word(len(count)) for _ in steps[1:]), y]
    choices = [
        place(
            enters(k), words[k - 1],
            concat([constant(0, k), part(count, len(count) - k, 0)]), words[k],
        )
        for k in steps
    ]  # fmt: skip
    return instances()


@module
def place(swaps, straight, other, y):
    """One of two words."""

    @always_comb
    def choose():
        if swaps:
            y.next = other
        else:
            y.next = straight

    return instances()


@module
def complement(x, y):
    """All bits inverted."""
    ones = Constant(intbv((1 << len(x)) - 1)[len(x) :])

    if len(x) == 1:

        @always_comb
        def invert():
            y.next = not x

    else:

        @always_comb
        def invert():
            y.next = x ^ ones

    return instances()


@module
def exchange(key, x, y, *, lanes):
    """Word (lane) of y is word (lane) XOR (key) of x: a selector for each two bits of the key."""
    width, steps = len(x) // lanes, range(0, len(key), 2)
    words = [x, *(word(len(x)) for _ in steps[1:]), y]
    swaps = [
        exchange_step(part(key, min(k + 2, len(key)), k), old, new, lanes=lanes, distance=1 << k)
        for k, (old, new) in zip(steps, pairwise(words), strict=True)
    ]
    return instances()


@module
def exchange_step(key, x, y, *, lanes, distance):
    """Word (lane) of y is word (lane) XOR (distance) (key) of x, of one bit or two of the key."""
    width, all_lanes = len(x) // lanes, range(lanes)
    chosen = [word(width) for _ in all_lanes]
    steps = range(1 << len(key))
    near = [[field(x, lane ^ distance * step, width) for step in steps] for lane in all_lanes]
    if len(key) == 1:
        selectors = [place(key, *near[lane], chosen[lane]) for lane in all_lanes]
    else:
        # the bits in either order, so that no two lanes share half a selector: a LUT6 is whole
        selectors = [
            place_of_four(key(0), key(1), *near[lane], chosen[lane])
            if (lane // distance).bit_count() % 2
            else place_of_four(key(1), key(0), *[near[lane][k] for k in (0, 2, 1, 3)], chosen[lane])
            for lane in all_lanes
        ]
    given = connect(concat(chosen), y)
    return instances()


@module
def place_of_four(low, high, zero, one, two, three, y):
    """One of four words, by number."""

    @always_comb
    def choose():
        if high:
            if low:
                y.next = three
            else:
                y.next = two
        elif low:
            y.next = one
        else:
            y.next = zero

    return instances()


@module
def reorder_control(clk, rst, ce, valid, written, read, swaps, turns, we, re, *, late):
    """Count beats written and read, and say which places they mean.

    `swaps` is that of the frame being written, and `turns` of the one being read: whether it lies
    turned round, or where there are two frames (late), in which half. There the reader begins a
    clock later.
    """
    last = (1 << len(read)) - 1
    into, out_of = counter(0, len(written)), counter(0, len(read))
    reading, whole, turned = (Signal(bool(0)) for _ in range(3))

    @always_comb
    def look():
        whole.next = valid and into == last
        we.next = ce and valid

    @always(clk.posedge)
    def write():
        if rst:
            into.next = 0
            turned.next = False
        elif ce and valid:
            into.next = into + 1
            if whole:
                turned.next = not turned

    if late:

        @always_comb
        def go():
            re.next = ce and reading
            turns.next = not turned

        @always(clk.posedge)
        def fetch():
            if rst:
                out_of.next = 0
                reading.next = False
            elif ce:
                if reading:
                    out_of.next = out_of + 1
                if whole:
                    reading.next = True
                elif out_of == last:
                    reading.next = False

    else:

        @always_comb
        def go():
            re.next = ce and (reading or whole)
            turns.next = turned == reading  # it is turned a clock after the first beat is read

        @always(clk.posedge)
        def fetch():
            if rst:
                out_of.next = 0
                reading.next = False
            elif ce and (reading or whole):
                out_of.next = out_of + 1
                reading.next = out_of != last

    @always_comb
    def show():
        written.next = into
        read.next = out_of
        swaps.next = turned

    return instances()


@module
def prefix_control(
    clk, rst, ce, room, valid, last_beat, lead, written, read, swaps, turns, we, re, allows
):  # fmt: skip
    """Count as reorder_control does, of one lane, with the last `lead` words in front, too.

    These and the first word of the frame are read while the pipeline stands still, one for each
    clock with `room`: what is written next takes the place of the first word.
    """
    into, out_of = counter(0, len(written)), counter(0, len(read))
    reading, leading, turned, whole, leads, done, under_way = (Signal(bool(0)) for _ in range(7))

    @always_comb
    def look():
        whole.next = valid and into == last_beat
        we.next = ce and valid
        done.next = leading and room and out_of == 0
        under_way.next = reading or leading

    @always_comb
    def decide():
        leads.next = ce and whole and lead != 0

    @always_comb
    def go():
        allows.next = room and not leads and (done or not leading)
        re.next = (leading and room) or (ce and (reading or (whole and lead == 0)))
        turns.next = turned == under_way

    @always(clk.posedge)
    def write():
        if rst:
            into.next = 0
            turned.next = False
        elif ce and valid:
            if whole:
                into.next = 0
                turned.next = not turned
            else:
                into.next = into + 1

    @always(clk.posedge)
    def fetch():
        if rst:
            out_of.next = 0
            reading.next = False
            leading.next = False
        elif leads:
            out_of.next = last_beat + 1 - lead
            leading.next = True
        elif leading:
            if room:
                if out_of == last_beat:
                    out_of.next = 0
                else:
                    out_of.next = out_of + 1
                if done:
                    leading.next = False
                    reading.next = True
        elif ce and (reading or whole):
            if out_of == last_beat:
                out_of.next = 0
                reading.next = False
            else:
                out_of.next = out_of + 1
                reading.next = True

    @always_comb
    def show():
        written.next = into
        read.next = out_of
        swaps.next = turned

    return instances()
