"""One register in a stream, with a spare one, so that neither direction is combinational.

A beat a clock, latency 1. `s_ready` and `m_valid` are registers. The beat that arrives in the
clock in which the sink stops waits in the spare register; while it does, s_ready is low.
"""

from typing import Any

from myhdl import always

from kolam.hdl import instances, module
from kolam.kernels.bits import word

LATENCY = 1


@module
def stream_register(clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data) -> Any:
    """Skid buffer: two words deep, a beat a clock, latency 1.

    After rst, s_ready rises one clock late.
    """
    spare = word(len(s_data))

    @always(clk.posedge)
    def control():
        if rst:
            s_ready.next = False
            m_valid.next = False
        elif m_ready or not m_valid:
            s_ready.next = True
            if s_ready:
                m_valid.next = s_valid
        elif s_valid:
            s_ready.next = False

    @always(clk.posedge)
    def hold():
        if s_ready:
            spare.next = s_data
        if m_ready or not m_valid:
            if s_ready:
                m_data.next = s_data
            else:
                m_data.next = spare

    return instances()
