"""Hold the sums of some lanes, and give them out one after another.

`load` takes a word from every lane; the word of lane `phase` leaves one clock later. One
rounding unit thus serves as many lanes as a group has steps.
"""

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def result_select(clk, load, phase, lanes, word, *, phases):
    """lanes holds `phases` words, two or more, lane 0 lowest; a phase beyond them is idle."""
    hold = Signal(intbv(0)[len(lanes) :])
    width = len(lanes) // phases

    @always(clk.posedge)
    def keep():
        if load:
            hold.next = lanes

    @always(clk.posedge)
    def choose():
        for k in range(phases):
            if phase == k:
                word.next = hold[k * width + width : k * width]

    return instances()


@module
def result_hold(clk, load, lanes, word):
    """The same for a single lane."""
    hold = Signal(intbv(0)[len(lanes) :])

    @always(clk.posedge)
    def keep():
        if load:
            hold.next = lanes
        word.next = hold

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
