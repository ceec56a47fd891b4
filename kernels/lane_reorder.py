"""Frames in another order, several words a beat: bit-reversed in, natural out, or the reverse.

As in frame_reorder each frame is written where the frame before was read, a beat behind the reader,
and places alternate between those of the stream and those with all digits reversed. A bank of
words a lane: word p lies in bank (lane) XOR (first digits of the beat, reversed), and word p
reversed in the same one, so a beat is a word of each bank either way. docs/fft.md 4.

    in    0 1 2 … M-1 │ 0 1 2 …          a beat in places that were read a clock before
    out             0 │ 1 2 3 …          begins with the last beat in

Where the first beat out needs a word of the last one in, banks hold two frames, and the reader
begins a clock later. All moves by the enable of the pipeline in front; frames may follow each other
at any distance.
"""

from itertools import pairwise
from typing import Any

from myhdl import Constant, always_comb, intbv

from kolam.hdl import instances, module
from kolam.hdl.lane_exchange import exchange_step
from kolam.hdl.memories import ram
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, field, part, word
from kolam.kernels.choice import choose
from kolam.kernels.delay import delay, pulse_delay
from kolam.kernels.frame_reorder import latency, reorder_control

_BLOCK_FROM = 33  # words of a bank; 32 are one level of LUT memory


def frames_held(points: int, lanes: int) -> int:
    """Return the frames that there are places for."""
    return 2 if points <= lanes**2 else 1


def depth(points: int, lanes: int) -> int:
    """Return the words of a bank."""
    return frames_held(points, lanes) * points // lanes


def style(points: int, lanes: int) -> str:
    """Return what a bank is made of."""
    return "block" if depth(points, lanes) >= _BLOCK_FROM else "distributed"


@module
def lane_reorder(
    clk, rst, ce, valid, x, put, y, *, points: int, lanes: int, target: Target = Target.GENERIC
) -> Any:  # fmt: skip
    """Frames of `points` words, `lanes` a beat, powers of two; 2 lanes and 2 beats at least.

    `put` is high for one clock for each beat out, frame_reorder.latency clocks after the edge that
    reads it. The first lane of a beat is in the lowest bits.
    """
    held, size, width = frames_held(points, lanes), bits(points // lanes), len(x) // lanes
    banks, clocks = range(lanes), latency(target)
    digits = min(lanes.bit_length() - 1, size)  # that a lane and a beat exchange
    written, read, swaps, turns, we, re = word(size), word(size), *(word(1) for _ in range(4))
    count = reorder_control(
        clk, rst, ce, valid, written, read, swaps, turns, we, re, late=held == 2
    )

    # words to their banks, and back; those of a beat are found in bank (lane) XOR (key)
    entering, fetched = word(len(x)), [word(width) for _ in banks]
    keys = [_key(read, digits), *(word(digits) for _ in range(clocks))]
    ages = [delay(clk, early, late) for early, late in pairwise(keys)]
    scatter = lane_exchange(_key(written, digits), x, entering, lanes=lanes, target=target)
    back = concat([fetched[_middle_reversed(lane, digits, lanes)] for lane in banks])
    gather = lane_exchange(keys[-1], back, y, lanes=lanes, target=target)

    # places of one frame, taken in turns, or of two frames, in halves
    not_read = word(size)
    opposite_read = complement(read, not_read)
    read_turned = [_turned(read, not_read, bank, digits) for bank in banks]
    if held == 2:
        waddrs = [concat([written, swaps])] * lanes
        raddrs = [concat([at, turns]) for at in read_turned]
    else:
        not_written = word(size)
        opposite_written = complement(written, not_written)
        written_turned = [_turned(written, not_written, bank, digits) for bank in banks]
        waddrs, raddrs = [word(size) for _ in banks], [word(size) for _ in banks]
        write_places = [choose(swaps, written, written_turned[k], waddrs[k]) for k in banks]
        read_places = [choose(turns, read, read_turned[k], raddrs[k]) for k in banks]
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
def lane_exchange(key, x, y, *, lanes, target):
    """Word (lane) of y is word (lane) XOR (key) of x: a selector for each two bits of the key."""
    steps = range(0, len(key), 2)
    words = [x, *(word(len(x)) for _ in steps[1:]), y]
    swaps = [
        exchange_step(
            part(key, min(k + 2, len(key)), k), words[n], words[n + 1],
            lanes=lanes, distance=1 << k, whole=target is Target.XC7 and len(key) > 1,
        )
        for n, k in enumerate(steps)
    ]  # fmt: skip
    return instances()
