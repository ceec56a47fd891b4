"""Between stages: links (frame_begin, valid, data, free; docs/design.md 4) of whole frames.

Once a frame is begun its producer never waits; it begins only where a frame buffer is free.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module


@module
def link_source(s_valid, s_ready, s_first, free, frame_begin, valid):
    """Feed a Link from a stream of whole frames whose first beats are marked."""

    @always_comb
    def decide():
        s_ready.next = free or not s_first
        valid.next = s_valid and (free or not s_first)
        frame_begin.next = s_valid and free and s_first

    return instances()


@module
def first_beat(clk, rst, valid, ready, last, first):
    """Mark the first beats of frames whose last ones are marked."""
    now = Signal(bool(1))

    @always(clk.posedge)
    def follow():
        if rst:
            now.next = True
        elif valid and ready:
            now.next = last

    @always_comb
    def show():
        first.next = now

    return instances()


@module
def connect(x, y):
    """Name a word that is put together from others."""

    @always_comb
    def give():
        y.next = x

    return instances()


@module
def any_flag(clk, rst, valid, flags, seen):
    """Tell, one clock later, whether a valid beat has a flag."""

    @always(clk.posedge)
    def look():
        if rst:
            seen.next = False
        else:
            seen.next = valid and flags != 0

    return instances()


@module
def any_event(clk, rst, events, seen):
    """Tell, one clock later, whether there is an event."""

    @always(clk.posedge)
    def look():
        if rst:
            seen.next = False
        else:
            seen.next = events != 0

    return instances()


@module
def any_flag_now(flags, seen):
    """Tell whether one flag or more is set."""

    @always_comb
    def look():
        seen.next = flags != 0

    return instances()


@module
def either_event(one, other, seen):
    """Join two events; two in the same clock show as one."""

    @always_comb
    def look():
        seen.next = one or other

    return instances()


@module
def both(one, other, seen):
    """Tell whether two flags are set at once."""

    @always_comb
    def look():
        seen.next = one and other

    return instances()


@module
def equals(x, seen, *, value):
    """Tell whether a word is `value`."""

    @always_comb
    def look():
        seen.next = x == value

    return instances()
