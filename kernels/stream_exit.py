"""Output side of a core that cannot wait: a FIFO, the gate of good frames, whole bytes.

    results ─► output_fifo ─► frame_gate ─► (re, im exchanged) ─► words extended to bytes ─► m_axis
                 │ room            ▲ verdicts

The latency is that of the FIFO, a beat a clock.
"""

from typing import Any

from kolam.hdl import instances, module
from kolam.kernels.bits import concat, extended, field, part, word
from kolam.kernels.choice import exchange
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.link import connect
from kolam.kernels.stream_fifo import output_fifo


@module
def stream_exit(
    clk, rst, put, x, room, verdict_valid, verdict_good, m_valid, m_ready, m_data, m_last,
    m_user=None, inverse=None, most=None, again=None, gone=None, *, parts: int, size: int,
    beats: int, depth: int, reserve: int, frames: int, style: str,
) -> Any:  # fmt: skip
    """Frames of `beats` beats of `parts` words of `size` bits, with the bits of m_user behind.

    put, room, depth, reserve: of an output_fifo; verdict_…, most, again, gone, frames: of a
    frame_gate. inverse: re and im of this frame change places, as it is with its verdict.
    """
    bare = parts * size
    s_valid, s_ready = word(1), word(1)
    queued, passed = word(len(x)), word(len(x))
    turns = word(1) if inverse is not None else None
    gate = frame_gate(
        clk, rst, s_valid, s_ready, queued, verdict_valid, verdict_good, m_valid, m_ready, passed,
        m_last, inverse, turns, most, again, gone, beats=beats, frames=frames, style=style,
    )  # fmt: skip
    queue = output_fifo(
        clk, rst, put, x, s_valid, s_ready, queued, room, depth=depth, reserve=reserve, style=style
    )
    y = part(passed, bare, 0)
    if inverse is not None:
        y = word(bare)
        turn = exchange(turns, part(passed, bare, 0), y, parts=parts)
    octets = [extended(field(y, k, size), len(m_data) // parts) for k in range(parts)]
    out = connect(concat(octets), m_data)
    if m_user is not None:
        told = connect(part(passed, len(x), bare), m_user)
    return instances()
