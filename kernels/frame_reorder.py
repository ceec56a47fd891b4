"""Frames in another order: bit-reversed in, natural out, or the reverse; one buffer of one frame.

Each frame is written where the frame before was read, one word behind the reader. So places
alternate, frame by frame, between the count and the count with its bits reversed, and reader and
writer always agree on which: the choice changes when a frame is whole, and then the reader begins.

    in    0 1 2 … N-1 │ 0 1 2 …          a word in a place that was read a clock before
    out             0 │ 1 2 3 …          begins with the last word in; place 0 is 0 either way

All moves by the enable of the pipeline in front; frames may follow each other at any distance.
"""

from typing import Any

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.hdl.memories import ram
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, constant, counter, part, word
from kolam.kernels.choice import choose
from kolam.kernels.delay import pulse_delay


def latency(target: Target) -> int:
    """Return the clocks from an enabled edge that reads a word to its `put`."""
    return 2 if target is Target.ECP5 else 1


@module
def frame_reorder(
    clk, rst, ce, valid, x, put, y, room=None, allows=None, enters=None, last_beat=None, lead=None,
    *, points: int, target: Target = Target.GENERIC,
) -> Any:  # fmt: skip
    """Frames of `points` words, a power of two; `put` is high for one clock for each word out.

    Where `lead` is given, so many of the last words come in front of a frame, too, for which the
    pipeline stands still: `ce` must be what `allows` was a clock before, or low; it is no more than
    `room`. enters (bit k: frames of points / 2**k), last_beat: of a size at run time.
    """
    size = bits(points)
    written, read, waddr, raddr = (word(size) for _ in range(4))
    swaps, turns, we, re = (word(1) for _ in range(4))
    if lead is None:
        count = reorder_control(
            clk, rst, ce, valid, written, read, swaps, turns, we, re, late=False
        )
    else:
        count = prefix_control(
            clk, rst, ce, room, valid, last_beat, lead, written, read, swaps, turns, we, re, allows
        )

    # words of a smaller frame are spread, so that they are those of a turned one, reversed
    write_straight, read_straight = written, read
    if enters is not None:
        write_straight, read_straight = word(size), word(size)
        write_spread = spread(enters, written, write_straight)
        read_spread = spread(enters, read, read_straight)

    write_turned, read_turned = (
        concat([number(k) for k in reversed(range(size))]) for number in (written, read)
    )
    write_place = choose(swaps, write_straight, write_turned, waddr)
    read_place = choose(turns, read_straight, read_turned, raddr)
    buffer = ram(
        clk, we, waddr, x, re, raddr, y,
        depth=points, latency=latency(target), style="block", target=target,
    )  # fmt: skip
    told = pulse_delay(clk, rst, re, put, clocks=latency(target))
    return instances()


@module
def spread(enters, count, y) -> Any:
    """The count, times two for each stage that its frame has left out."""
    steps = range(1, len(enters))
    words = [count, *(word(len(count)) for _ in steps[1:]), y]
    choices = [
        choose(
            enters(k), words[k - 1],
            concat([constant(0, k), part(count, len(count) - k, 0)]), words[k],
        )
        for k in steps
    ]  # fmt: skip
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
