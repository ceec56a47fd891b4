"""The sums of a group of outputs, which end at the same clock, leave one after another.

`load` takes a word from every lane; the word of lane `phase` leaves one clock later. One
rounding unit thus serves as many lanes as a group has steps.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat, counter, field, part, word
from kolam.kernels.delay import delay


@module
def result_select(clk, load, lanes, chosen, phase=None, *, phases):
    """lanes holds `phases` words, lane 0 lowest; a phase beyond them is idle. One has no phase.

    Four to one is what a look-up table of six inputs can choose, so four by four they are.
    """
    width = len(lanes) // phases
    hold = word(len(lanes))
    keep = result_hold(clk, load, lanes, hold)
    left = [field(hold, k, width) for k in range(phases)]
    choices, made = [], []
    for low in range(0, (phases - 1).bit_length(), 2):
        digit = part(phase, min(low + 2, len(phase)), low)
        fours = [left[k : k + 4] for k in range(0, len(left), 4)]
        left = [four[0] for four in fours]
        for k, four in enumerate(fours):
            if len(four) > 1:
                left[k] = word(width)
                made.append(left[k])
                choices.append(word_choice(digit, concat(four), left[k], words=len(four)))
    register = delay(clk, left[0], chosen)
    return instances()


@module
def result_hold(clk, load, lanes, hold):
    """Keep what is loaded."""

    @always(clk.posedge)
    def keep():
        if load:
            hold.next = lanes

    return instances()


@module
def word_choice(index, line, chosen, *, words):
    """Word number `index` of a line; one beyond it is idle."""
    width = len(chosen)

    @always_comb
    def choose():
        chosen.next = line[width:]
        for k in range(1, words):
            if index == k:
                chosen.next = line[k * width + width : k * width]

    return instances()


@module
def result_control(clk, rst, load, phase, held, valid, *, phases, groups, tail):
    """Count the phases of a group's results; the last group of a frame has `tail` of them.

    load comes at most once in `phases` clocks. phase belongs to the sums held (`held`), valid to
    the word that result_select gives.
    """
    now = counter(0, bits(phases))
    group_now = counter(0, bits(groups))
    holding, last, at_last = (Signal(bool(0)) for _ in range(3))

    if tail == phases:

        @always_comb
        def finish():
            last.next = now == phases - 1

    else:

        @always_comb
        def finish():
            last.next = (now == phases - 1) or (at_last and now == tail - 1)

    @always_comb
    def finish_frame():
        at_last.next = group_now == groups - 1

    @always_comb
    def show():
        phase.next = now
        held.next = holding

    @always(clk.posedge)
    def count():
        if load:
            now.next = 0
        else:
            now.next = now + 1

    @always(clk.posedge)
    def run():
        if rst:
            holding.next = False
            group_now.next = 0
            valid.next = False
        else:
            valid.next = holding
            if load:
                holding.next = True
            elif last:
                holding.next = False
            if holding and last:
                if at_last:
                    group_now.next = 0
                else:
                    group_now.next = group_now + 1

    return instances()
