"""The memory-based FFT behind AXI4-Stream: b butterflies that pass over a frame once a stage.

    s_axis ─► frame_guard ─► entry_register ─► input buffer ─┐
                                              ┌─ memory ◄────┼──┐
                                              └─► pair_fetch ─► butterflies ─► output buffer
                                                            m_axis ◄─ gate ◄─ narrow ◄─┘

The memory has constant geometry: whatever the stage, step i reads elements i and i + N/2 and writes
2i and 2i + 1, so words of 2b samples need one read and one write port, two halves change roles
with each pass, and no bank is ever asked for twice. docs/fft.md 5.
"""

from typing import Any

from kolam.generators.design import Setting, Stream, port_limits, setting_fields
from kolam.hdl import Format, Rounding, instances, module
from kolam.hdl.complex_multiply import complex_multiply
from kolam.hdl.delay_line import shift_line
from kolam.hdl.image import Image
from kolam.hdl.memories import ram, table
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, constant, extended, part, word
from kolam.kernels.block_scaling import block_narrow, block_watch, scaled_butterfly
from kolam.kernels.choice import exchange
from kolam.kernels.delay import pulse_delay
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.frame_narrow import frame_narrow, narrow_register
from kolam.kernels.frame_size import prefix_beats
from kolam.kernels.lane_butterfly import lane_butterfly
from kolam.kernels.link import connect
from kolam.kernels.pair_fetch import pair_fetch
from kolam.kernels.pass_control import (
    bank_enable,
    fetch_phase,
    first_bump,
    frame_load,
    frame_unload,
    pass_control,
    read_place,
    twiddle_index,
    write_place,
)
from kolam.kernels.result_select import word_choice
from kolam.kernels.settings_port import frames_under_way, settings_door
from kolam.kernels.stream_fifo import output_fifo

QUEUE, RESERVE = 16, 4
USER_BITS = 8  # of an exponent
_BLOCK_FROM = 64  # words of a table that is block RAM
_AHEAD = 4  # clocks from a step to the results of its butterfly


def write_clocks(rotation: int) -> int:
    """Return the clocks from a step to its results in memory; rotation: those of a rotator."""
    return _AHEAD + rotation


def table_style(image: Image) -> str:
    """Return what a table of twiddles is made of."""
    return "block" if image.depth >= _BLOCK_FROM else "logic"


@module
def iterative_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
    s_axis_config_tdata=None, s_axis_config_tvalid=None, s_axis_config_tready=None,
    s_axis_config_tlast=None, event_config_error=None, m_axis_tuser=None, *,
    butterflies: int, turn: int, size: int, shift: int, bump: int, drop: int,
    twiddle: Format, twiddles: Image, rotation: int, rounding: Rounding, block: bool, swaps: bool,
    reverses_in: bool, reverses_out: bool, prefix: int, frames: int, target: Target, source: Stream,
    sink: Stream, settings: tuple[Setting, ...],
) -> Any:  # fmt: skip
    """A radix 2 FFT in constant geometry. turn: clocks of a pass.

    size: bits of a part in the memory, to which the input is shifted by `shift`; bump: added to the
    first sample of a frame. swaps: re and im change places at both ends. reverses_in, reverses_out:
    the frame comes or goes in bit-reversed order. prefix: so many of the last points come in front,
    too. settings: what s_axis_config sets, of which swaps and prefix are the defaults. block: block
    floating point, with the exponent of a frame on m_axis_tuser.
    """
    style = "shift" if target in (Target.GENERIC, Target.XC7) else "ram"
    points, b = source.elements, butterflies
    log2 = points.bit_length() - 1
    words = points // (2 * b)
    address = bits(words)

    # input: whole frames only, into the two banks of the input buffer
    width = source.format.width
    ends = [
        part(s_axis_tdata, k * source.part_bits + width, k * source.part_bits) for k in range(2)
    ]
    framed, entered = word(2 * width), word(2 * width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    e_valid, e_ready, e_first = (word(1) for _ in range(3))
    offered, may, admits = concat(ends[::-1] if swaps else ends), g_valid, g_ready
    inverse, left, lead, most, changed, gone = (None,) * 6
    if settings:
        values, empty = word(sum(each.bits for each in settings)), constant(1)
        may, admits, fresh, begun = (word(1) for _ in range(4))
        chosen = setting_fields(settings, values)
        inverse, lead = chosen.get("direction"), chosen.get("cyclic_prefix")
        if lead is not None:
            empty, gone, changed, most = word(1), word(1), fresh, word(bits(2 * points))
            census = frames_under_way(clk, rst, begun, gone, empty, most=frames + 1)
            beats_out = prefix_beats(constant(points - 2, log2), lead, most)
        door = settings_door(
            clk, rst, s_axis_config_tvalid, s_axis_config_tready, s_axis_config_tlast,
            s_axis_config_tdata, g_valid, g_ready, g_first, may, admits, begun, empty, fresh,
            values, event_config_error, limits=port_limits(settings),
        )  # fmt: skip
    if inverse is not None:
        offered, left = word(2 * width), word(1)
        turn_in = exchange(inverse, concat(ends), offered, parts=2)
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, offered,
        g_valid, g_ready, framed, g_first, g_pad, verdict_valid, verdict_good, event_frame_error,
        beats=source.beats,
    )  # fmt: skip
    register = entry_register(
        clk, rst, may, admits, g_first, g_pad, framed, e_valid, e_ready, e_first, entered
    )
    loaded, taken, fills = word(1), word(1), word(1)
    place_in = word(log2)
    load = frame_load(clk, rst, e_valid, e_ready, taken, place_in, fills, loaded, points=points)
    held = width if block else size - shift
    sample = [part(entered, width, 0), part(entered, 2 * width, width)]
    if not block:
        bumped = [word(held), word(held)]
        bumps = first_bump(place_in, *sample, *bumped, bump=bump)
        sample = bumped
    element = _reversed(place_in) if reverses_in else place_in
    lows, highs = [word(1) for _ in range(b)], [word(1) for _ in range(b)]
    lane_in = part(element, bits(b), 0) if b > 1 else constant(0)
    select = [
        bank_enable(fills, element(log2 - 1), lane_in, lows[k], highs[k], number=k)
        for k in range(b)
    ]

    # passes
    works, first, last, reads_half, writes_half, ends = (word(1) for _ in range(6))
    step, mask = word(bits(turn)), word(log2 - 1)
    unloaded = word(1)
    control = pass_control(
        clk, rst, loaded, unloaded, step, works, first, last, reads_half,
        writes_half, mask, taken, ends,
        words=words, turn=turn, passes=log2,
    )  # fmt: skip
    reads_input, reads_memory = word(1), word(1)
    wherefrom = read_place(works, first, reads_input, reads_memory)
    index = part(step, address, 0)
    given = [word(2 * held * b), word(2 * held * b)]
    lane_parts = (2 * held,) * b if b > 1 else ()
    banks = [
        ram(
            clk, concat((lows, highs)[k]), part(element, log2 - 1, log2 - 1 - address),
            concat(sample * b), reads_input, index, given[k],
            depth=words, parts=lane_parts, latency=2, style="block", target=target,
        )
        for k in range(2)
    ]  # fmt: skip

    # fetch: f and x of each butterfly
    fetched = word(4 * size * b)
    fetches_f, first_d2 = word(1), word(1)
    phase = fetch_phase(clk, step, fetches_f)
    first_line = shift_line(clk, constant(1), first, first_d2, clocks=2)
    f, x = word(2 * size * b), word(2 * size * b)
    fetch = pair_fetch(
        clk,
        fetched,
        fetches_f,
        first_d2,
        *(_shifted(bank, held, size, block) for bank in given),
        f,
        x,
    )

    # compute
    halves, drops, exponent = word(1), word(2), word(USER_BITS)
    results = [[word(size) for _ in range(4)] for _ in range(b)]
    late = [word(2 * size) for _ in range(b)]
    turned = [[word(size), word(size)] for _ in range(b)]
    indices = [word(log2 - 1) for _ in range(b)]
    addresses = [word(log2 - 1) for _ in range(b)]
    looked_up = [word(2 * twiddle.width) for _ in range(b)]
    ahead = 2 if target is Target.ECP5 else 1
    works_each = [
        [
            scaled_butterfly(clk, halves, *_pair(f, k, size), *_pair(x, k, size), *results[k])
            if block
            else lane_butterfly(
                clk, constant(1), constant(0), *_pair(f, k, size), *_pair(x, k, size), *results[k],
                halves=True,
            ),
            shift_line(clk, constant(1), concat(results[k][:2]), late[k], clocks=rotation),
            twiddle_index(clk, _index(index, k, b), mask, indices[k]),
            shift_line(clk, constant(1), indices[k], addresses[k], clocks=3 - ahead),
            table(
                clk, constant(1), addresses[k], looked_up[k],
                image=twiddles, latency=ahead, style=table_style(twiddles),
            ),
            complex_multiply(
                clk, constant(1), *results[k][2:], looked_up[k], *turned[k],
                fraction=twiddle.fraction, target=target,
            ),
        ]
        for k in range(b)
    ]  # fmt: skip

    # write: back into the other half of the memory, or into the output buffer
    done, done_works = word(address + 2), word(1)
    flag_line = pulse_delay(clk, rst, works, done_works, clocks=write_clocks(rotation))
    place_line = shift_line(
        clk, constant(1), concat([index, last, writes_half]), done, clocks=write_clocks(rotation)
    )
    done_word, done_last, done_half = part(done, address, 0), done(address), done(address + 1)
    stores, gives, written = (word(1) for _ in range(3))
    where = write_place(done_works, done_last, done_word, stores, gives, written)
    both = concat([v for k in range(b) for v in (late[k], *turned[k])])
    memory = ram(
        clk, stores, concat([done_word, done_half]), both, reads_memory,
        concat([_read_word(index), reads_half]), fetched,
        depth=2 * words, latency=1, style="block", target=target,
    )  # fmt: skip

    if block:
        watch = block_watch(
            clk, rst, both, done_works, ends, last, written, halves, drops, exponent, size=size
        )

    # output: one sample at a time, once a frame is whole
    room, reads, reads_d1 = word(1), word(1), word(1)
    place_out, lane_out = word(log2), word(bits(2 * b))
    unload = frame_unload(
        clk, rst, last, written, room, place_out, reads, unloaded, lead, points=points,
        prefix=prefix,
    )  # fmt: skip
    spot = place_out if reverses_out else _reversed(place_out)
    lanes_out, sample_out = word(4 * size * b), word(2 * size)
    buffer = ram(
        clk, gives, done_word, both, reads, part(spot, log2, log2 - address), lanes_out,
        depth=words, latency=1, style="block", target=target,
    )  # fmt: skip
    lane_line = shift_line(clk, constant(1), part(spot, bits(2 * b), 0), lane_out, clocks=1)
    choose = word_choice(lane_out, lanes_out, sample_out, words=2 * b)
    bits_out = sink.format.width
    valid_out, put, q_valid, q_ready = (word(1) for _ in range(4))
    codes = [word(bits_out), word(bits_out)]
    ends_out = [part(sample_out, size, 0), part(sample_out, 2 * size, size)]
    if block:
        fitted, limits = [word(bits_out), word(bits_out)], [word(1), word(1)]
        narrow = [
            block_narrow(
                ends_out[k], drops, fitted[k], limits[k],
                rounding_even=rounding is Rounding.HALF_EVEN,
                rounds=rounding is not Rounding.TRUNCATE,
            )
            for k in range(2)
        ] + [
            narrow_register(
                clk, rst, constant(0), constant(1), reads, *fitted, *limits, valid_out, put, *codes,
                event_overflow,
            )
        ]  # fmt: skip
    else:
        narrow = frame_narrow(
            clk, rst, constant(0), constant(1), reads,
            *(extended(v, drop + bits_out) for v in ends_out), valid_out, put, *codes,
            event_overflow, drop=drop, rounding=rounding,
        )  # fmt: skip
    user = [exponent] if block else []
    queued, passed = (word(2 * bits_out + len(user) * USER_BITS) for _ in range(2))
    queue = output_fifo(
        clk, rst, put, concat([*(codes[::-1] if swaps and inverse is None else codes), *user]),
        q_valid, q_ready, queued, room, depth=QUEUE, reserve=RESERVE, style=style,
    )  # fmt: skip
    gate = frame_gate(
        clk, rst, q_valid, q_ready, queued, verdict_valid, verdict_good,
        m_axis_tvalid, m_axis_tready, passed, m_axis_tlast, inverse, left, most, changed, gone,
        beats=sink.beats, frames=frames, style=style,
    )  # fmt: skip
    leaving = part(passed, 2 * bits_out, 0)
    if inverse is not None:
        leaving = word(2 * bits_out)
        turn_out = exchange(left, part(passed, 2 * bits_out, 0), leaving, parts=2)
    bytes_out = [
        extended(part(leaving, (k + 1) * bits_out, k * bits_out), sink.part_bits) for k in range(2)
    ]
    out = connect(concat(bytes_out), m_axis_tdata)
    if block:
        out_user = connect(part(passed, len(passed), 2 * bits_out), m_axis_tuser)
    return instances()


def _reversed(value: Any) -> Any:
    """Return a word with its bits in the reverse order."""
    return concat([value(k) for k in reversed(range(len(value)))])


def _read_word(step: Any) -> Any:
    """Return the word that a step reads: that of its f for an even step, else that of its x."""
    return concat([part(step, len(step), 1), step(0)]) if len(step) > 1 else step


def _index(step: Any, number: int, butterflies: int) -> Any:
    """Return the index of a butterfly's pair of samples."""
    return concat([constant(number, bits(butterflies)), step]) if butterflies > 1 else step


def _pair(words: Any, number: int, size: int) -> list[Any]:
    """Return re and im of one sample of a word of samples."""
    low = 2 * size * number
    return [part(words, low + size, low), part(words, low + 2 * size, low + size)]


def _shifted(words: Any, held: int, size: int, extends: bool) -> Any:
    """Return parts of `held` bits shifted to the left, or extended by their signs, to `size`."""
    parts = [part(words, k + held, k) for k in range(0, len(words), held)]
    if size == held:
        return words
    if extends:
        return concat([extended(p, size) for p in parts])
    return concat([v for p in parts for v in (constant(0, size - held), p)])
