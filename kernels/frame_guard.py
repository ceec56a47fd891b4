"""Input side of a core: whatever the source sends, what follows sees whole frames.

A frame is `beats` beats, with s_last on the last of them and on no other. Latency 0, a beat a
clock, no register in the way of the data. s_ready follows m_ready, which must come from
registers.

    s_last early    the frame is completed with further beats, s_ready low meanwhile: bad
    s_last missing  what follows is discarded, up to and with the next s_last: bad

What follows has begun with a bad frame, so it gets all of it; `verdict_valid` pulses once a frame
and `verdict_good` says whether its results may be offered. `frame_error` pulses for a bad one.
All three are registers: they come one clock after the beat that decides.

Beats that complete a frame repeat what s_data shows, with m_pad; entry_register behind the guard
makes them zeros by the reset of its flip-flops, where a gate would cost a LUT a bit.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module

REGISTER_LATENCY = 1


@module
def frame_guard(
    clk, rst, s_valid, s_ready, s_last, s_data, m_valid, m_ready, m_data, m_first, m_pad,
    verdict_valid, verdict_good, frame_error, most=None, again=None, *, beats: int,
) -> Any:  # fmt: skip
    """Frames of exactly `beats` beats, from a source that may end them early or late.

    m_first is high while the next beat is the first of a frame, whether m_valid is or not;
    m_pad while beats complete a frame. most: the beats of a frame less two, at run time; it changes
    where `again` is high, while no frame has begun; `beats` are then those after a reset.
    """
    if beats < 1:
        raise ValueError(f"beats must be at least 1, not {beats!r}")
    # beats after the next one, less one: its sign marks the last beat
    top = max(beats - 1, 1) if most is None else 1 << len(most)
    left = Signal(intbv(beats - 2, min=-1, max=top))
    first = Signal(bool(1))
    pad, drop, at_last, move = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def flow():
        at_last.next = left < 0
        s_ready.next = drop or (m_ready and not pad)
        m_valid.next = pad or (s_valid and not drop)
        move.next = m_ready and (pad or (s_valid and not drop))
        m_first.next = first
        m_pad.next = pad
        m_data.next = s_data

    if most is None:

        @always(clk.posedge)
        def count():
            if rst or (move and at_last):
                left.next = beats - 2
                first.next = True
            elif move:
                left.next = left - 1
                first.next = False

    else:

        @always(clk.posedge)
        def count():
            if rst:
                left.next = beats - 2
                first.next = True
            elif again or (move and at_last):
                left.next = most
                first.next = True
            elif move:
                left.next = left - 1
                first.next = False

    @always(clk.posedge)
    def follow():
        if rst:
            pad.next = False
            drop.next = False
        elif move:
            pad.next = not at_last and (pad or s_last)
            drop.next = at_last and not pad and not s_last
        elif s_valid and s_last:
            drop.next = False

    @always(clk.posedge)
    def judge():
        verdict_good.next = at_last and s_last
        if rst:
            verdict_valid.next = False
            frame_error.next = False
        else:
            verdict_valid.next = move and not pad and (at_last or s_last)
            frame_error.next = move and not pad and at_last != s_last

    return instances()


@module
def entry_register(
    clk, rst, s_valid, s_ready, s_first, s_pad, s_data, m_valid, m_ready, m_first, m_data,
) -> Any:  # fmt: skip
    """One register for a beat and its mark, latency 1, a beat a clock; zeros where s_pad.

    s_ready is made of m_ready and a register.
    """
    full, move = Signal(bool(0)), Signal(bool(0))

    @always_comb
    def flow():
        move.next = m_ready or not full
        s_ready.next = m_ready or not full
        m_valid.next = full

    @always(clk.posedge)
    def control():
        if rst:
            full.next = False
        elif move:
            full.next = s_valid

    @always(clk.posedge)
    def hold():
        if move:
            m_first.next = s_first
            if s_pad:
                m_data.next = 0
            else:
                m_data.next = s_data

    return instances()
