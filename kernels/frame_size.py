"""Sizes of frames that settings choose at run time: what counters compare with, and what it opens.

Sizes change only while no frame is under way (settings_port), so all here are constants to what
counts frames, and may be made of plain logic.
"""

from typing import Any

from myhdl import Signal, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.choice import choose


@module
def frame_size(log2_points, enters, last_beat, most, *, points, lanes):
    """What a size means. enters: bit k where samples enter behind the first k stages.

    last_beat: the number of the last beat of a frame; most: its beats less two.
    """
    stages = points.bit_length() - 1
    known = tuple(2 * lanes <= 1 << k <= points for k in range(1 << len(log2_points)))
    entries = tuple(1 << stages - k if here else 0 for k, here in enumerate(known))
    lasts = tuple((1 << k) // lanes - 1 if here else 0 for k, here in enumerate(known))
    mosts = tuple((1 << k) // lanes - 2 if here else 0 for k, here in enumerate(known))

    @always_comb
    def open_door():
        enters.next = entries[log2_points]

    @always_comb
    def bound():
        last_beat.next = lasts[log2_points]

    @always_comb
    def count():
        most.next = mosts[log2_points]

    return instances()


@module
def stage_entry(
    enters, first_next, entered, x_next, x, difference, y_next, y, turns
) -> Any:  # fmt: skip
    """In front of a stage: samples of the stage before, or where `enters` those of the input.

    A sample of the input is no difference, whatever the stage before says.
    """
    flags = choose(enters, x_next, first_next, y_next)
    samples = choose(enters, x, entered, y)
    turning = turn_of(enters, difference, turns)
    return instances()


@module
def turn_of(enters, difference, turns):
    """Whether a sample is turned: a difference of the stage before."""

    @always_comb
    def decide():
        turns.next = difference and not enters

    return instances()


@module
def place_inside(at, last_beat, y):
    """The place in a frame, of a count that goes on where frames are shorter than it counts."""

    @always_comb
    def cut():
        y.next = at & last_beat

    return instances()


@module
def prefix_beats(inner, lead, most):
    """Beats of a frame with `lead` of them in front, too; less two, as `inner` is."""
    whole = Signal(intbv(0)[len(most) :])

    @always_comb
    def widen():
        whole.next = lead

    @always_comb
    def add():
        most.next = whole + inner

    return instances()
