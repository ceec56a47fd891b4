"""The FFT of real samples behind AXI4-Stream, a sample a clock: the top of real fft cores.

s_axis ─► frame_guard ─► pipeline_entry ─► stages, rotators ─► split ─► word_narrow ─► output_fifo
               │ verdict of each frame       ce: one enable for all                      │
               └───────────────────────────────────────► frame_gate ◄────────────────────┘ ─► m_axis

Two real samples are one complex sample: its words re and im, which the pipeline takes one by one,
with half the adders and two multipliers a rotator.
"""

from typing import Any

from kolam.generators.design import Stream
from kolam.generators.fft_plan import CIRCLE_FROM, Rotator, Stage, eighth
from kolam.hdl import Format, Rounding, instances, module
from kolam.hdl.delay_line import ring_pair
from kolam.hdl.image import Image
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.hdl.word_multiply import word_multiply
from kolam.kernels.bits import bits, concat, part, word
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.pipeline_entry import line_address, pipeline_entry
from kolam.kernels.real_split import real_split
from kolam.kernels.rotator import flag_delay, sample_place
from kolam.kernels.stream_exit import stream_exit
from kolam.kernels.tapped_stage import tapped_stage
from kolam.kernels.turn_address import circle_place, turn_address, turn_count
from kolam.kernels.word_eighth import word_eighth
from kolam.kernels.word_narrow import word_narrow, word_serial
from kolam.kernels.word_stage import line_width, word_stage

QUEUE = 16  # samples of the output FIFO
RESERVE = 6  # samples that come once there is no room


def table_style(image: Image) -> str:
    """Return where a table of twiddles is kept."""
    return "block" if image.depth >= CIRCLE_FROM else "logic"


@module
def real_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow, *,
    parts: tuple[Stage | Rotator, ...], tables: tuple[Image, ...], circle: int | None,
    shared: tuple[int, ...], split_size: int, twiddle: Format, drop: int, rounding: Rounding,
    inverse: bool, reverses: bool, frames: int, washing: int, target: Target, source: Stream,
    sink: Stream,
) -> Any:  # fmt: skip
    """Half the spectrum of real samples, or where `inverse` the samples of such a spectrum.

    tables: of the rotators and the split, word by word. circle: the last one is a circle, which
    serves the rotator behind that stage too. shared: places of two stages whose lines are in one
    memory. split_size: bits of a word behind the
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
    width_kept = {k: line_width(parts[k].size_out, True) for k in shared}
    kept, back = ({k: word(size) for k, size in width_kept.items()} for _ in range(2))
    works: list[Any] = []
    lookups: list[Any] = []
    ports: list[Any] = []  # of a circle: address and word of its rotator
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
            turns = differences[k - 1] if p.turns else None
            told = soons[k], nexts[k], words[k], differences[k]
            if p.taps:
                works.append(
                    tapped_stage(
                        clk, ce, wash, x_next, x, turns, *told, clocks=p.clocks, halves=p.halves
                    )
                )
            else:
                place_of = k - inverse  # among the parts
                works.append(
                    word_stage(
                        clk, ce, wash, at if p.ring and place_of not in shared else None, x_next, x,
                        turns, *told, kept.get(place_of), back.get(place_of),
                        clocks=p.clocks, halves=p.halves, ring=p.ring, target=target,
                    )
                )  # fmt: skip
        else:
            second, looked_up = spots[k](0), word(twiddle.width)
            works.append(
                [
                    flag_delay(clk, ce, x_next, nexts[k], clocks=p.clocks),
                    sample_place(clk, ce, x_next, spots[k]),
                    flag_delay(clk, ce, second, seconds[k], clocks=1),
                ]
            )
            if p.adds:
                works[-1].append(
                    word_eighth(
                        clk, ce, seconds[k], x, part(spots[k], p.place_bits + 1, 1), words[k],
                        turns=p.turns(0, 1), factor=eighth(twiddle.fraction),
                        fraction=twiddle.fraction,
                    )
                )  # fmt: skip
            elif p.after == circle:
                turn, where = word(p.place_bits), word(len(place))
                counts = p.last - p.after if p.natural else p.after
                step = [spots[k](j) for j in reversed(range(counts + 1, p.place_bits + 1))]
                works[-1] += [
                    turn_count(clk, ce, x_next, spots[k], concat(step), turn, counts=counts),
                    turn_address(second, turn, where),
                ]
                ports = [where, looked_up]
            else:
                image, looked_up = tables[len(lookups)], twiddles[len(lookups)]
                used = (image.depth // 2).bit_length() - 1
                first = part(spots[k], p.place_bits + 1, p.place_bits + 1 - used)
                style_k = table_style(image)
                lookups.append(
                    table(
                        clk, ce, concat([second, first]), looked_up, image=image, latency=1,
                        style=style_k, whole=style_k == "logic" and target is Target.XC7,
                    )
                )  # fmt: skip
            if not p.adds:
                works[-1].append(
                    word_multiply(
                        clk, ce, seconds[k], x, looked_up, words[k],
                        fraction=twiddle.fraction, shift=twiddle.fraction,
                    )
                )  # fmt: skip
        x_next, x = nexts[k], words[k]
    if shared:
        one, two = shared
        lines = ring_pair(
            clk, ce, kept[one], back[one], kept[two], back[two],
            clocks=parts[one].clocks - 1, clocks_b=parts[two].clocks - 1,
        )  # fmt: skip
    address_of = place
    if circle is not None:
        reversed_out = reverses or inverse
        order = range(len(place) - 1, 0, -1) if reversed_out else range(1, len(place))
        address_of = word(len(place))
        element = concat([place(j) for j in order])
        to_circle = circle_place(place(0), element, address_of, kept=inverse)
    lookups.append(
        table(
            clk, ce, address_of, twiddles[-1], *ports, image=tables[-1], latency=1,
            style=table_style(tables[-1]),
        )
    )  # fmt: skip

    # output: results wait for their place and for the frame's verdict
    size = sink.format.width
    push, codes = word(1), word(sink.parts * size)
    narrow = word_narrow(
        clk, rst, wash, ce, x_next, x, push, codes, event_overflow,
        drop=drop, rounding=rounding, swaps=inverse,
    )  # fmt: skip
    exit_side = stream_exit(
        clk, rst, push, codes, room, verdict_valid, verdict_good, m_axis_tvalid, m_axis_tready,
        m_axis_tdata, m_axis_tlast, parts=sink.parts, size=size, beats=sink.beats, depth=QUEUE,
        reserve=RESERVE, frames=frames, style=style,
    )  # fmt: skip
    return instances()
