"""The FFT of real samples behind AXI4-Stream, a sample a clock: the top of real fft cores.

s_axis ─► frame_guard ─► pipeline_entry ─► stages, rotators ─► split ─► word_narrow ─► output_fifo
               │ verdict of each frame       ce: one enable for all                      │
               └───────────────────────────────────────► frame_gate ◄────────────────────┘ ─► m_axis

Two real samples are one complex sample: its words re and im, which the pipeline takes one by one,
with half the adders and two multipliers a rotator.
"""

from typing import Any

from kolam.generators.design import Stream
from kolam.generators.fft_plan import Rotator, Stage
from kolam.hdl import Format, Rounding, instances, module
from kolam.hdl.image import Image
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.hdl.word_multiply import word_multiply
from kolam.kernels.bits import bits, concat, extended, part, word
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.link import connect
from kolam.kernels.pipeline_entry import line_address, pipeline_entry
from kolam.kernels.real_split import real_split
from kolam.kernels.rotator import flag_delay, sample_place
from kolam.kernels.stream_fifo import output_fifo
from kolam.kernels.word_narrow import word_narrow, word_serial
from kolam.kernels.word_stage import word_stage

_BLOCK_FROM = 256  # words of a table that is block RAM
QUEUE = 16  # samples of the output FIFO
RESERVE = 6  # samples that come once there is no room


def table_style(image: Image) -> str:
    """Return where a table of twiddles is kept."""
    return "block" if image.depth >= _BLOCK_FROM else "logic"


@module
def real_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow, *,
    parts: tuple[Stage | Rotator, ...], tables: tuple[Image, ...], split_size: int,
    twiddle: Format, drop: int, rounding: Rounding, inverse: bool, reverses: bool, frames: int,
    washing: int, target: Target, source: Stream, sink: Stream,
) -> Any:  # fmt: skip
    """Half the spectrum of real samples, or where `inverse` the samples of such a spectrum.

    tables: of the rotators and the split, word by word. split_size: bits of a word behind the
    split, which is the last step, or the first one of an inverse. reverses: the spectrum is in
    bit-reversed order. frames: judged and not yet gone, at most. washing: turn of the address of
    delay lines.
    """
    style = "shift" if target in (Target.GENERIC, Target.XC7) else "ram"

    # input: whole frames only
    width = source.format.width
    ends = [part(s_axis_tdata, k * source.part_bits + width, k * source.part_bits)
            for k in range(source.parts)]  # fmt: skip
    framed, entered, told = word(source.parts * width), word(width), word(width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    ce, wash, room, first_next = (word(1) for _ in range(4))
    at = word(bits(washing))
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, concat(ends),
        g_valid, g_ready, framed, g_first, g_pad, verdict_valid, verdict_good, event_frame_error,
        beats=source.beats,
    )  # fmt: skip
    offer = (g_valid, g_ready, g_first, g_pad, framed)
    if inverse:
        w_valid, w_ready, w_first = (word(1) for _ in range(3))
        serial = word_serial(
            clk, rst, g_valid, g_ready, g_first, framed, w_valid, w_ready, w_first, told
        )
        offer = (w_valid, w_ready, w_first, g_pad, told)
    entry = pipeline_entry(clk, rst, wash, room, *offer, ce, first_next, entered)
    address = line_address(clk, rst, ce, at, wash)

    # the pipeline; flags come a clock ahead of words
    steps: list[Stage | Rotator | None] = [None, *parts] if inverse else [*parts, None]
    nexts, soons, differences, seconds = ([word(1) for _ in steps] for _ in range(4))
    words = [word(split_size if p is None else p.size_out) for p in steps]
    spots = [word(p.place_bits + 1 if isinstance(p, Rotator) else 1) for p in steps]
    twiddles = [word(twiddle.width) for _ in tables]
    place = word(bits(tables[-1].depth))
    works: list[Any] = []
    lookups: list[Any] = []
    x_next, x = first_next, entered
    for k, p in enumerate(steps):
        if p is None:
            split = real_split(
                clk, rst, ce, x_next, x, place, twiddles[-1], nexts[k], words[k],
                points=tables[-1].depth // 2, reverses_in=reverses or not inverse,
                reverses_out=reverses or inverse, inverse=inverse, fraction=twiddle.fraction,
                target=target,
            )  # fmt: skip
        elif isinstance(p, Stage):
            works.append(
                word_stage(
                    clk, ce, wash, at if p.ring else None, x_next, x,
                    differences[k - 1] if p.turns else None, soons[k], nexts[k], words[k],
                    differences[k], clocks=p.clocks, halves=p.halves, ring=p.ring, target=target,
                )
            )  # fmt: skip
        else:
            image, looked_up = tables[len(lookups)], twiddles[len(lookups)]
            used = (image.depth // 2).bit_length() - 1
            first = part(spots[k], p.place_bits + 1, p.place_bits + 1 - used)
            where = concat([spots[k](0), first])
            style_k = table_style(image)
            lookups.append(
                table(
                    clk, ce, where, looked_up, image=image, latency=1, style=style_k,
                    whole=style_k == "logic" and target is Target.XC7,
                )
            )  # fmt: skip
            works.append(
                [
                    flag_delay(clk, ce, x_next, nexts[k], clocks=p.clocks),
                    sample_place(clk, ce, x_next, spots[k]),
                    flag_delay(clk, ce, spots[k](0), seconds[k], clocks=1),
                    word_multiply(
                        clk, ce, seconds[k], x, looked_up, words[k],
                        fraction=twiddle.fraction, shift=twiddle.fraction,
                    ),
                ]
            )  # fmt: skip
        x_next, x = nexts[k], words[k]
    lookups.append(
        table(
            clk, ce, place, twiddles[-1], image=tables[-1], latency=1, style=table_style(tables[-1])
        )
    )

    # output: results wait for their place and for the frame's verdict
    size = sink.format.width
    q_valid, q_ready, push = word(1), word(1), word(1)
    codes, queued, passed = (word(sink.parts * size) for _ in range(3))
    narrow = word_narrow(
        clk, rst, wash, ce, x_next, x, push, codes, event_overflow,
        drop=drop, rounding=rounding, swaps=inverse,
    )  # fmt: skip
    queue = output_fifo(
        clk, rst, push, codes, q_valid, q_ready, queued, room,
        depth=QUEUE, reserve=RESERVE, style=style,
    )  # fmt: skip
    gate = frame_gate(
        clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
        m_axis_tvalid, m_axis_tready, passed, m_axis_tlast,
        beats=sink.beats, frames=frames, style=style,
    )  # fmt: skip
    bytes_out = [
        extended(part(passed, (k + 1) * size, k * size), sink.part_bits) for k in range(sink.parts)
    ]
    out = connect(concat(bytes_out), m_axis_tdata)
    return instances()
