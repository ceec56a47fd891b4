"""Where whole frames enter a pipeline that moves by one enable.

A pipeline whose samples have their places in a frame must not move past one that is missing; but
between frames it must move, or the last frame would never leave. The enable is a register, so it
is decided a clock ahead, from what the frame_guard in front is about to give.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import counter

LATENCY = 2


@module
def pipeline_entry(
    clk, rst, wash, room, s_valid, s_ready, s_first, s_pad, s_data, ce, valid_next, x
):  # fmt: skip
    """Two registers for a beat of a frame_guard, and the enable of all that follows.

    room: of an output_fifo with a reserve of 3. ce: room behind, and a beat in front or no frame
    begun. x: moves with ce; valid_next says that the sample behind the next edge is one of a
    frame. Beats that complete a frame (s_pad) are zeros. wash: no beat is taken.
    """
    full, free, going, filled = (Signal(bool(0)) for _ in range(4))
    stuck = Signal(bool(0))  # full and not ce, decided with it: ce is far away where it is used
    held = counter(0, len(x))

    @always_comb
    def flow():
        free.next = not stuck
        s_ready.next = not wash and not stuck
        valid_next.next = full
        going.next = room and (s_first or s_valid or stuck)
        filled.next = stuck or (s_valid and not wash)

    @always(clk.posedge)
    def control():
        if rst:
            full.next = False
            ce.next = False
            stuck.next = False
        else:
            ce.next = going
            full.next = filled
            stuck.next = filled and not going

    @always(clk.posedge)
    def hold():
        if free:
            if s_pad:
                held.next = 0
            else:
                held.next = s_data
        if ce:
            x.next = held

    return instances()


LEAD = 8  # clocks for the write addresses of memories to follow


def wash_clocks(turn: int) -> int:
    """Return for how many enabled clocks `wash` is high after a reset; turn: of the address."""
    return turn + min(LEAD, turn)


@module
def line_address(clk, rst, ce, at, wash):
    """Count enabled clocks, for the memories of delay lines; `wash` ends once all were written."""
    last = (1 << len(at)) - 1
    begin = max(0, last + 1 - LEAD)
    now = counter(0, len(at))
    leading = Signal(bool(0))

    @always(clk.posedge)
    def step():
        if rst:
            now.next = begin
            leading.next = True
            wash.next = True
        elif ce:
            now.next = now + 1
            if now == last:
                leading.next = False
                wash.next = leading

    @always_comb
    def show():
        at.next = now

    return instances()
