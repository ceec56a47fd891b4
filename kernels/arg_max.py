"""The place of the largest word of a frame, the lowest one of equals.

    index = min { k : x[k] = max over all k of x[k] }

Words come in natural order, several a beat, a beat a clock if need be. Those of a beat meet in a
tree of registered pairs, of which the left one wins unless the right one is larger; the winner
then meets the best of the beats before. One index a frame, `arg_max_latency` clocks after its last
beat. Words beyond the frame, in its last beat, never win.
"""

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat, constant, counter, field, part, word
from kolam.kernels.cycle_counter import cycle_counter
from kolam.kernels.delay import delay, pulse_delay
from kolam.kernels.link import equals


def arg_max_latency(words: int) -> int:
    """Return the clocks from the last beat of a frame, of so many words, to its index."""
    return (words - 1).bit_length() + 1


@module
def arg_max(clk, rst, valid, data, found, index, *, words, elements, signed):
    """Find the largest of each frame of `elements` words, `words` a beat.

    found: for one clock, while `index` is that of a frame. signed: words are two's complement.
    """
    width = len(data) // words
    beats = -(-elements // words)
    rest = elements - (beats - 1) * words  # words of the last beat
    place = bits(words)
    beat, last = word(bits(beats)), word(1)
    count = cycle_counter(clk, rst, valid, beat, count=beats)
    ending = equals(beat, last, value=beats - 1)
    # a candidate: its place in the beat, and above it the word
    level = [concat([constant(k, place), field(data, k, width)]) for k in range(words)]
    lasts, winners, pairs, lines = [last], [], [], []
    for height in range(arg_max_latency(words) - 1):
        following = []
        for left in range(0, len(level), 2):
            winners.append(word(place + width))
            following.append(winners[-1])
            if left + 1 == len(level):
                lines.append(delay(clk, level[left], winners[-1]))
                continue
            beyond = (left + 1) << height >= rest  # of the right one, in a last beat
            pairs.append(
                larger(
                    clk, level[left], level[left + 1], winners[-1],
                    lasts[-1] if beyond else None, width=width, signed=signed,
                )
            )  # fmt: skip
        level = following
        lasts.append(word(1))
        lines.append(delay(clk, lasts[-2], lasts[-1]))
    come = valid
    if winners:
        come = word(1)
        coming = pulse_delay(clk, rst, valid, come, clocks=arg_max_latency(words) - 1)
    if beats == 1:
        finding = pulse_delay(clk, rst, come, found, clocks=1)
        keep = delay(clk, part(level[0], bits(elements), 0), index)
    else:
        best = largest_so_far(
            clk, rst, come, lasts[-1], level[0], found, index,
            words=words, width=width, signed=signed,
        )  # fmt: skip
    return instances()


@module
def larger(clk, left, right, winner, last=None, *, width, signed):
    """Pass the left candidate on, or the right one if its word is larger; in a last beat the left.

    A candidate's word is its upper `width` bits.
    """
    size = len(left)
    low = size - width
    half = 1 << width - 1
    least, most = (-half, half) if signed else (0, 2 * half)
    x, y = (Signal(intbv(0, min=least, max=most)) for _ in range(2))
    right_wins = Signal(bool(0))

    if signed:

        @always_comb
        def read():
            x.next = left[size:low].signed()
            y.next = right[size:low].signed()

    else:

        @always_comb
        def read():
            x.next = left[size:low]
            y.next = right[size:low]

    # its sign says which one is larger, as one chain of carries
    gap = Signal(intbv(0, min=least - most, max=most - least))

    @always_comb
    def subtract():
        gap.next = x - y

    if last is None:

        @always_comb
        def compare():
            right_wins.next = gap < 0

    else:

        @always_comb
        def compare():
            right_wins.next = gap < 0 and not last

    @always(clk.posedge)
    def choose():
        if right_wins:
            winner.next = right
        else:
            winner.next = left

    return instances()


@module
def largest_so_far(clk, rst, valid, last, candidate, found, index, *, words, width, signed):
    """Keep the best candidate of a frame, and where in the frame it is."""
    size = len(candidate)
    low = size - width
    half = 1 << width - 1
    least, most = (-half, half) if signed else (0, 2 * half)
    x, best = (Signal(intbv(0, min=least, max=most)) for _ in range(2))
    first, better = Signal(bool(1)), Signal(bool(0))
    base, place = counter(0, len(index)), counter(0, len(index))  # of the beat; of the best

    if signed:

        @always_comb
        def read():
            x.next = candidate[size:low].signed()

    else:

        @always_comb
        def read():
            x.next = candidate[size:low]

    # its sign says which one is larger, as one chain of carries
    gap = Signal(intbv(0, min=least - most, max=most - least))

    @always_comb
    def subtract():
        gap.next = best - x

    @always_comb
    def compare():
        better.next = first or gap < 0

    @always_comb
    def show():
        index.next = place

    @always(clk.posedge)
    def count():
        if rst:
            first.next = True
            base.next = 0
            found.next = False
        else:
            found.next = valid and last
            if valid:
                first.next = last
                if last:
                    base.next = 0
                else:
                    base.next = base + words

    @always(clk.posedge)
    def keep():
        if valid and better:
            best.next = x
            place.next = base + candidate[low:]

    return instances()
