"""When a group of outputs begins, and which step of it runs.

A group takes `steps` clocks, one a tap; a frame has `groups`. A group begins when `ready` says
that its rows are written, `go` that its results have a place, and, for the first of a frame,
`free` that a whole frame has. The decision comes from registers, one clock early, where a
group has three steps or more: it is the critical path.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def group_schedule(
    clk, rst, ready, free, go,
    frame_begin, group_begin, last_begin, ahead, group_last, busy, tap, group_tap, first, step_end,
    frame_end, read_buffer, buffer_soon, next_tap, *,
    steps, groups, buffers,
):  # fmt: skip
    """Run the groups of each frame; frame_begin and frame_end mark its first and last clock.

    ready is asked for the group after the present one while `ahead`, and for the read buffer
    `buffer_soon`; group_begin and last_begin mark every and the frame's last group's begin.
    The first step runs in the clock after: busy, tap, group_tap, read_buffer belong to the step
    that runs, first and step_end mark a group's first and last, next_tap is the step to come;
    group_last: the group is the frame's last. buffers is a power of two.
    """
    early = steps > 2
    before_last, only = max(groups - 2, 0), groups == 1
    running, last, at_last, ok, beginning, done, frame_done = (Signal(bool(0)) for _ in range(7))
    # which group begins is told by flags, not found in a sum: others wait for it in this clock
    nearly, now_first, now_last, begins_frame, begins_last = (Signal(bool(0)) for _ in range(5))
    step_now, step_next = (counter(0, bits(steps)) for _ in range(2))
    group_now, group_after, group_next = (counter(0, bits(groups)) for _ in range(3))
    buffer_now, buffer_next, buffer_then = (counter(0, bits(buffers)) for _ in range(3))

    @always_comb
    def finish():
        done.next = running and last
        frame_done.next = running and last and at_last

    @always_comb
    def follow():
        if at_last:
            group_after.next = 0
        else:
            group_after.next = group_now + 1

    @always_comb
    def choose():
        if done:
            group_next.next = group_after
        else:
            group_next.next = group_now

    @always_comb
    def turn():
        if frame_done:
            buffer_next.next = buffer_now + 1
        else:
            buffer_next.next = buffer_now

    @always_comb
    def advance():
        if running and not last:
            step_next.next = step_now + 1
        else:
            step_next.next = 0

    if early:

        @always_comb
        def look_ahead():
            ahead.next = running
            if running and at_last:
                buffer_then.next = buffer_now + 1
            else:
                buffer_then.next = buffer_now

        @always(clk.posedge)
        def foresee():
            ok.next = ready and not rst
            last.next = running and step_now == steps - 2 and not rst
            at_last.next = group_now == groups - 1
            nearly.next = group_now == before_last

    else:

        @always_comb
        def look_ahead():
            ahead.next = done
            buffer_then.next = buffer_next

        @always_comb
        def foresee():
            ok.next = ready
            last.next = step_now == steps - 1
            at_last.next = group_now == groups - 1
            nearly.next = group_now == before_last

    @always_comb
    def tell():
        if done:
            begins_frame.next = at_last
            begins_last.next = nearly
        else:
            begins_frame.next = now_first
            begins_last.next = now_last

    @always_comb
    def start_group():
        if ok and go and (last or not running):
            beginning.next = free or not begins_frame
        else:
            beginning.next = False

    @always_comb
    def show():
        frame_begin.next = beginning and begins_frame
        group_begin.next = beginning
        last_begin.next = beginning and begins_last
        group_last.next = at_last
        busy.next = running
        tap.next = step_now
        group_tap.next = group_now
        first.next = running and step_now == 0
        step_end.next = done
        frame_end.next = frame_done
        read_buffer.next = buffer_now
        next_tap.next = step_next
        buffer_soon.next = buffer_then

    @always(clk.posedge)
    def run():
        if rst:
            running.next = False
            step_now.next = 0
            group_now.next = 0
            now_first.next = True
            now_last.next = only
            buffer_now.next = 0
        else:
            if last or not running:
                running.next = beginning
            step_now.next = step_next
            group_now.next = group_next
            now_first.next = group_next == 0
            now_last.next = group_next == groups - 1
            buffer_now.next = buffer_next

    return instances()
