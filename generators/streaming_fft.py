"""The streaming FFT behind AXI4-Stream, a sample a clock: the top of fft cores.

    s_axis ─► frame_guard ─► pipeline_entry ─► stages and rotators ─► narrow ─► output_fifo ─► gate
                   │ verdict of each frame       ce: one enable for all  ▲ room ──┘             │
                   └────────────────────────────────────────────────────────► frame_gate ◄──────┘
"""

from typing import Any

from kolam.generators.design import Stream
from kolam.generators.fft_plan import LIFT_FRACTION, Rotator, Stage, Table, lifting_constants
from kolam.hdl import Rounding, instances, module
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.kernels.bits import concat, constant, part, word
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.frame_narrow import frame_narrow
from kolam.kernels.frame_reorder import frame_reorder
from kolam.kernels.lifting_rotator import lifting_rotator
from kolam.kernels.link import connect
from kolam.kernels.pipeline_entry import line_address, pipeline_entry
from kolam.kernels.rotator import rotator
from kolam.kernels.sdf_stage import sdf_stage
from kolam.kernels.stream_fifo import output_fifo

QUEUE = 16  # samples of the output FIFO
RESERVE = 4  # samples that come once there is no room


@module
def streaming_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow, *,
    parts: tuple[Stage | Rotator, ...], tables: tuple[Table, ...], fraction: int, drop: int,
    rounding: Rounding, swaps: bool, reorders: bool, frames: int,
    target: Target, source: Stream, sink: Stream,
) -> Any:  # fmt: skip
    """A radix 2^2 single-path delay feedback FFT. swaps: re and im change places at both ends.

    reorders: a buffer behind it puts frames into the other order. frames: judged and not yet gone, at most.
    """
    style = "shift" if target in (Target.GENERIC, Target.XC7) else "ram"
    points = source.elements

    # input: whole frames only
    width = source.format.width
    ends = [part(s_axis_tdata, k + width, k) for k in (0, source.element_bits // 2)]
    framed, entered = word(2 * width), word(2 * width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    ce, wash, room, first_next = (word(1) for _ in range(4))
    at = word(points.bit_length() - 2)
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, concat(_swapped(ends, swaps)),
        g_valid, g_ready, framed, g_first, g_pad, verdict_valid, verdict_good, event_frame_error,
        beats=source.beats,
    )  # fmt: skip
    entry = pipeline_entry(
        clk, rst, wash, room, g_valid, g_ready, g_first, g_pad, framed, ce, first_next, entered
    )
    address = line_address(clk, rst, ce, at, wash)

    # tables, each read by one rotator or two
    ahead = 2 if target is Target.ECP5 else 1
    places = {p.after: word(p.place_bits) for p in parts if isinstance(p, Rotator) and not p.turns}
    twiddles = {after: word(tables[0].image.width) for after in places}
    lookups = []
    for kept in tables:
        one, *others = kept.rotators
        if others:
            padding = constant(0, kept.step.bit_length() - 1)
            lookups.append(
                table(
                    clk, ce, places[one], twiddles[one],
                    concat([padding, places[others[0]]]), twiddles[others[0]],
                    image=kept.image, latency=ahead, style=kept.style,
                )
            )  # fmt: skip
        else:
            lookups.append(
                table(
                    clk, ce, places[one], twiddles[one],
                    image=kept.image, latency=ahead, style=kept.style,
                )
            )  # fmt: skip

    # the pipeline: flags a clock ahead of their samples
    nexts, soons, differences = ([word(1) for _ in parts] for _ in range(3))
    res, ims = ([word(p.size_out) for p in parts] for _ in range(2))
    works = []
    tangent, sine, factors = lifting_constants()
    x_next, x_re, x_im = first_next, part(entered, width, 0), part(entered, 2 * width, width)
    for k, p in enumerate(parts):
        if isinstance(p, Stage):
            works.append(
                sdf_stage(
                    clk, ce, wash, at if p.ring else None, x_next, x_re, x_im,
                    differences[k - 1] if p.turns else constant(0),
                    soons[k], nexts[k], res[k], ims[k], differences[k],
                    clocks=p.clocks, halves=p.halves, ring=p.ring, target=target,
                )
            )  # fmt: skip
        elif p.turns:
            works.append(
                lifting_rotator(
                    clk, ce, x_next, x_re, x_im, nexts[k], res[k], ims[k],
                    turns=p.turns, place_bits=p.place_bits, size=p.size_out, bump=p.bump,
                    unmarked=p.unmarked, tangent=tangent, sine=sine,
                    factors=factors if p.multipliers else None, fraction=LIFT_FRACTION,
                )
            )  # fmt: skip
        else:
            works.append(
                rotator(
                    clk, ce, soons[k - 1] if ahead > 1 else x_next, x_next, x_re, x_im,
                    twiddles[p.after], places[p.after], nexts[k], res[k], ims[k],
                    fraction=fraction, bump=p.bump, unmarked=p.unmarked, ahead=ahead,
                    target=target,
                )
            )  # fmt: skip
        x_next, x_re, x_im = nexts[k], res[k], ims[k]

    # output: results wait for their place and for the frame's verdict
    size = sink.format.width
    last_valid, put, q_valid, q_ready = (word(1) for _ in range(4))
    ends_out = [word(size), word(size)]
    queued, passed = word(2 * size), word(2 * size)
    end = frame_narrow(
        clk, rst, ce, x_next, _wide(x_re, drop + size), _wide(x_im, drop + size), last_valid, put,
        *ends_out, event_overflow, drop=drop, rounding=rounding,
    )  # fmt: skip
    entering, push = concat(_swapped(ends_out, swaps)), put
    if reorders:
        entering, push = word(2 * size), word(1)
        turned = frame_reorder(
            clk, rst, ce, last_valid, concat(_swapped(ends_out, swaps)), push, entering,
            points=points, target=target,
        )  # fmt: skip
    queue = output_fifo(
        clk, rst, push, entering, q_valid, q_ready, queued, room,
        depth=QUEUE, reserve=RESERVE, style=style,
    )  # fmt: skip
    gate = frame_gate(
        clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
        m_axis_tvalid, m_axis_tready, passed, m_axis_tlast,
        beats=sink.beats, frames=frames, style=style,
    )  # fmt: skip
    lanes = [
        _wide(part(passed, (k + 1) * size, k * size), sink.element_bits // 2) for k in range(2)
    ]
    out = connect(concat(lanes), m_axis_tdata)
    return instances()


def _swapped(ends: list[Any], swaps: bool) -> list[Any]:
    return ends[::-1] if swaps else ends


def _wide(value: Any, width: int) -> Any:
    """Return a signed word, extended to a width if it has less."""
    missing = width - len(value)
    return concat([value, *[value(len(value) - 1)] * missing]) if missing > 0 else value
