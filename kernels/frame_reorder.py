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
from kolam.kernels.bits import bits, concat, counter, word
from kolam.kernels.delay import pulse_delay


def latency(target: Target) -> int:
    """Return the clocks from an enabled edge that reads a word to its `put`."""
    return 2 if target is Target.ECP5 else 1


@module
def frame_reorder(
    clk, rst, ce, valid, x, put, y, *, points: int, target: Target = Target.GENERIC
) -> Any:  # fmt: skip
    """Frames of `points` words, a power of two; `put` is high for one clock for each word out."""
    size = bits(points)
    written, read, waddr, raddr = (word(size) for _ in range(4))
    swaps, we, re = word(1), word(1), word(1)
    count = reorder_control(clk, rst, ce, valid, written, read, swaps, we, re, points=points)
    write_place = place(swaps, written, concat([written(k) for k in reversed(range(size))]), waddr)
    read_place = place(swaps, read, concat([read(k) for k in reversed(range(size))]), raddr)
    buffer = ram(
        clk, we, waddr, x, re, raddr, y,
        depth=points, latency=latency(target), style="block", target=target,
    )  # fmt: skip
    told = pulse_delay(clk, rst, re, put, clocks=latency(target))
    return instances()


@module
def place(swaps, straight, reverse, at):
    """The count or its reverse."""

    @always_comb
    def choose():
        if swaps:
            at.next = reverse
        else:
            at.next = straight

    return instances()


@module
def reorder_control(clk, rst, ce, valid, written, read, swaps, we, re, *, points):
    """Counts of words written and read, and which places they mean."""
    last = points - 1
    into, out_of = counter(0, len(written)), counter(0, len(read))
    reading, whole, active, turned = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def look():
        whole.next = valid and into == last
        we.next = ce and valid

    @always_comb
    def go():
        active.next = reading or whole
        re.next = ce and (reading or whole)

    @always(clk.posedge)
    def write():
        if rst:
            into.next = 0
            turned.next = False
        elif ce and valid:
            into.next = into + 1
            if whole:
                turned.next = not turned

    @always(clk.posedge)
    def fetch():
        if rst:
            out_of.next = 0
            reading.next = False
        elif ce and active:
            out_of.next = out_of + 1
            reading.next = out_of != last

    @always_comb
    def show():
        written.next = into
        read.next = out_of
        swaps.next = turned

    return instances()
