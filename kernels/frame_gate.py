"""Output side of a core: offers good frames, drops bad ones, and makes the last-beat flag.

Latency 0, a beat a clock, no register in the way of the data. The verdicts of frames that are
still on their way wait in a queue. The first beat of a frame waits for its verdict, which is in
force from the clock after `verdict_valid`.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.hdl.memories import shift_ram
from kolam.kernels.bits import concat, word
from kolam.kernels.link import both, connect
from kolam.kernels.stream_fifo import address_bits, fifo_level


@module
def frame_gate(
    clk, rst, s_valid, s_ready, s_data, verdict_valid, verdict_good, m_valid, m_ready, m_data,
    m_last, verdict_mark=None, mark=None, most=None, again=None, gone=None, *, beats: int,
    frames: int, style: str = "shift",
) -> Any:  # fmt: skip
    """Frames of `beats` beats, let through or dropped as their verdicts say.

    frames (a power of two from 2): how many may be judged and not yet through, at most; in
    simulation one more is an error. verdict_mark: a bit that comes with the verdict, and is `mark`
    while the frame leaves. most: the beats of a frame less two, at run time; it changes where
    `again` is high, while no frame is under way. gone: a frame is.
    """
    judged, good, done = word(1), word(1), word(1)
    told, kept = verdict_good, good
    if verdict_mark is not None:
        told, kept = concat([verdict_good, verdict_mark]), word(2)
        verdict = connect(kept(0), good)
        marked = connect(kept(1), mark)
    verdicts = verdict_queue(
        clk, rst, verdict_valid, told, judged, kept, done, frames=frames, style=style
    )
    gate = beat_gate(
        clk, rst, s_valid, s_ready, s_data, judged, good, done, m_valid, m_ready, m_data, m_last,
        most, again, beats=beats,
    )  # fmt: skip
    if gone is not None:
        ending = both(judged, done, gone)
    return instances()


@module
def verdict_queue(clk, rst, push, told, judged, kept, done, *, frames: int, style: str) -> Any:
    """Verdicts in order: the oldest one is `kept` while `judged`, until it is `done`.

    Latency 1. done counts while `judged`. Of style "ram" the oldest one is in a register: between
    the level and what moves a stream, a small memory would be the slowest path of a core.
    """
    oldest = word(address_bits(frames, "frames"))
    if style == "shift":
        level = fifo_level(clk, rst, push, judged, done, oldest, depth=frames)
        line = shift_ram(clk, push, told, oldest, kept, depth=frames)
    else:
        late, waiting, move, saved = word(1), word(1), word(1), word(len(told))
        level = fifo_level(clk, rst, late, waiting, move, oldest, depth=frames)
        line = shift_ram(clk, late, told, oldest, saved, depth=frames, style=style)
        head = verdict_head(clk, rst, push, told, late, waiting, saved, move, judged, kept, done)
    return instances()


@module
def verdict_head(clk, rst, push, told, late, waiting, saved, move, judged, kept, done):
    """Register of the oldest verdict, which comes from the queue behind, or past it if empty."""
    held = Signal(bool(0))

    @always_comb
    def route():
        move.next = done or not held
        late.next = push and (waiting or (held and not done))
        judged.next = held

    @always(clk.posedge)
    def hold():
        if rst:
            held.next = False
        elif done or not held:
            held.next = waiting or push
        if done or not held:
            if waiting:
                kept.next = saved
            else:
                kept.next = told

    return instances()


@module
def beat_gate(
    clk, rst, s_valid, s_ready, s_data, judged, good, done, m_valid, m_ready, m_data, m_last,
    most=None, again=None, *, beats: int,
) -> Any:  # fmt: skip
    """Beats of judged frames: offered where good, dropped where not, counted in both cases.

    done: the frame's last beat leaves, if `judged`. beats: of a frame, or at most if `most` says.
    """
    if beats < 1:
        raise ValueError(f"beats must be at least 1, not {beats!r}")
    # beats after the next one, less one: its sign marks the last beat
    top = max(beats - 1, 1) if most is None else 1 << len(most)
    left = Signal(intbv(beats - 2, min=-1, max=top))
    leave, move, at_last = (Signal(bool(0)) for _ in range(3))

    @always_comb
    def flow():
        at_last.next = left < 0
        leave.next = s_valid and (m_ready or not good)
        m_valid.next = s_valid and judged and good
        m_data.next = s_data
        s_ready.next = judged and (m_ready or not good)

    @always_comb
    def finish():
        m_last.next = at_last
        move.next = leave and judged
        done.next = leave and at_last

    if most is None:

        @always(clk.posedge)
        def count():
            if rst or (move and at_last):
                left.next = beats - 2
            elif move:
                left.next = left - 1

    else:

        @always(clk.posedge)
        def count():
            if rst:
                left.next = beats - 2
            elif again or (move and at_last):
                left.next = most
            elif move:
                left.next = left - 1

    return instances()
