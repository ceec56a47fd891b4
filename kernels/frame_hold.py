"""Between frames: no new one begins, and those under way come to their end."""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def frame_hold(s_valid, s_ready, s_first, hold, m_valid, m_ready, begun):
    """Let a frame begin only while not held; one that has begun goes on."""

    @always_comb
    def decide():
        m_valid.next = s_valid and not (s_first and hold)
        s_ready.next = m_ready and not (s_first and hold)
        begun.next = s_valid and m_ready and s_first and not hold

    return instances()


@module
def frames_under_way(clk, rst, begun, gone, empty, *, most):
    """Tell whether no frame is under way; at most `most` are. A reset ends all of them."""
    count = counter(0, bits(most + 1))

    @always_comb
    def look():
        empty.next = count == 0

    @always(clk.posedge)
    def census():
        if rst:
            count.next = 0
        elif begun and not gone:
            count.next = count + 1
        elif gone and not begun:
            count.next = count - 1

    return instances()
