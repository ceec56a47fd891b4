"""Sizes of frames that settings choose at run time: what counters compare with, and what it opens.

Sizes change only while no frame is under way (settings_port), so all here are constants to what
counts frames, and may be made of plain logic.
"""

from myhdl import Signal, always_comb, intbv

from kolam.hdl import instances, module


@module
def prefix_beats(lead, most, *, points):
    """Beats of a frame of `points` with `lead` of them in front, too: that less two."""
    whole = Signal(intbv(0)[len(most) :])

    @always_comb
    def widen():
        whole.next = lead

    @always_comb
    def add():
        most.next = whole + (points - 2)

    return instances()
