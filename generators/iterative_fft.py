"""The memory-based FFT behind AXI4-Stream: butterflies that pass over a frame, stage by stage.

    s_axis ─► frame_guard ─► entry_register ─► input buffer ─┐
                                              ┌─ memory ◄────┼──┐
                                              └─► pair_fetch ─► butterflies ─► output buffer
                                                            m_axis ◄─ gate ◄─ narrow ◄─┘

The memory has constant geometry: whatever the stage, step i of b butterflies reads elements i and
i + N/2 and writes 2i and 2i + 1, so words of 2b samples need one read and one write port, two
halves change roles with each pass, and no bank is ever asked for twice. A pass does one stage, or
two with b butterflies each. docs/fft.md 5.
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
from kolam.kernels.commutator import commutator, opposite
from kolam.kernels.delay import pulse_delay
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.frame_hold import frames_under_way
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
    give_results,
    pass_control,
    read_place,
    store_results,
    twiddle_index,
)
from kolam.kernels.result_select import word_choice
from kolam.kernels.settings_port import settings_door
from kolam.kernels.stream_exit import stream_exit
from kolam.kernels.twiddle_table import LOOKUP, twiddle_lookup

QUEUE, RESERVE = 16, 6
USER_BITS = 8  # of an exponent
_BLOCK_FROM = 64  # words of a table that is block RAM
_AHEAD = 5  # clocks from a step to the results of its butterfly
_WAIT = 2  # of a commutator
_SECOND = _AHEAD + _WAIT + 1  # clocks from a step to the results of the second stage


def write_clocks(rotation: int, stages: int) -> int:
    """Return the clocks from a step to its results in memory; rotation: those of a rotator."""
    return (_SECOND if stages > 1 else _AHEAD) + rotation


def give_clocks(rotation: int, stages: int, alone: bool) -> int:
    """Return those to its results in the output buffer; alone: of the last stage, alone."""
    return _AHEAD if alone else write_clocks(rotation, stages)


def choice_clocks(butterflies: int, block: bool) -> int:
    """Return the clocks between the output buffer and the narrowing, for the choice of a sample.

    None where one look-up table does both.
    """
    return int(butterflies > 1 or block)


def table_style(image: Image) -> str:
    """Return what a table of twiddles is made of."""
    return "block" if image.depth >= _BLOCK_FROM else "logic"


@module
def iterative_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
    s_axis_config_tdata=None, s_axis_config_tvalid=None, s_axis_config_tready=None,
    s_axis_config_tlast=None, event_config_error=None, m_axis_tuser=None, *,
    butterflies: int, stages: int, turn: int, size: int, shift: int, bump: int, drop: int,
    twiddle: Format, twiddles: tuple[Image, ...], folded: bool, rotation: int, rounding: Rounding,
    block: bool, swaps: bool, reverses_in: bool, reverses_out: bool, prefix: int, frames: int,
    target: Target, source: Stream, sink: Stream, settings: tuple[Setting, ...],
) -> Any:  # fmt: skip
    """An FFT in constant geometry. stages: of a pass, one or two; turn: clocks of a pass.

    size: bits of a part in the memory, to which the input is shifted by `shift`; bump: added to the
    first sample of a frame. swaps: re and im change places at both ends. reverses_in, reverses_out:
    the frame comes or goes in bit-reversed order. prefix: so many of the last points come in front,
    too. settings: what s_axis_config sets, of which swaps and prefix are the defaults. block: block
    floating point, with the exponent of a frame on m_axis_tuser. twiddles: one table, or those of
    the rotators of a pass of two stages.
    """
    style = "shift" if target in (Target.GENERIC, Target.XC7) else "ram"
    points, b = source.elements, butterflies
    log2 = points.bit_length() - 1
    words = points // (2 * b)
    address = bits(words)
    alone = log2 % stages > 0  # the last stage

    # input: whole frames only, into the two banks of the input buffer
    width = source.format.width
    ends = [
        part(s_axis_tdata, k * source.part_bits + width, k * source.part_bits) for k in range(2)
    ]
    framed, entered = word(2 * width), word(2 * width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    e_valid, e_ready, e_first = (word(1) for _ in range(3))
    offered, may, admits = concat(ends[::-1] if swaps else ends), g_valid, g_ready
    inverse, lead, most, changed, gone = (None,) * 5
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
        offered = word(2 * width)
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
    # registered, since an addition is in front of it
    fill = [*sample, part(element, log2 - 1, log2 - 1 - address), concat(lows), concat(highs)]
    filled = [word(len(signal)) for signal in fill]
    fill_line = [
        shift_line(clk, constant(1), fill[k], filled[k], clocks=1) for k in range(len(fill))
    ]

    # passes
    works, first, last, reads_half, writes_half, ends = (word(1) for _ in range(6))
    step, mask = word(bits(turn)), word(log2 - stages)
    unloaded = word(1)
    control = pass_control(
        clk, rst, loaded, unloaded, step, works, first, last, reads_half,
        writes_half, mask, taken, ends,
        words=words, turn=turn, passes=-(-log2 // stages), stages=stages,
    )  # fmt: skip
    reads_input, reads_memory = word(1), word(1)
    wherefrom = read_place(works, first, reads_input, reads_memory)
    index = part(step, address, 0)
    # a clock later than from the memory, where two words make a pair
    reads_input_d1, index_d1 = word(1), word(address)
    wait_input = shift_line(clk, constant(1), reads_input, reads_input_d1, clocks=1)
    wait_index = shift_line(clk, constant(1), index, index_d1, clocks=1)
    given = [word(2 * held * b), word(2 * held * b)]
    lane_parts = (2 * held,) * b if b > 1 else ()
    banks = [
        ram(
            clk, filled[3 + k], filled[2], concat(filled[:2] * b), reads_input_d1,
            _pair_place(index_d1, stages), given[k],
            depth=words, parts=lane_parts, latency=2, style="block", target=target,
        )
        for k in range(2)
    ]  # fmt: skip

    # fetch: f and x of each butterfly
    fetched = word(4 * size * b)
    fetches_f, first_d3 = word(1), word(1)
    phase = fetch_phase(clk, index_d1, fetches_f)
    first_line = shift_line(clk, constant(1), first, first_d3, clocks=3)
    f, x = word(2 * size * b), word(2 * size * b)
    fetch = pair_fetch(
        clk,
        fetched,
        fetches_f,
        first_d3,
        *(_shifted(bank, held, size, block) for bank in given),
        f,
        x,
    )

    # compute
    both, halves = word(4 * size * b), word(1)
    drops, exponent = word(2), word(USER_BITS)
    given_up = word(4 * size * b) if alone else both
    common = {
        "butterflies": b, "size": size, "twiddle": twiddle, "twiddles": twiddles,
        "rotation": rotation, "target": target,
    }  # fmt: skip
    compute = (
        two_stages(clk, index, mask, f, x, both, given_up if alone else None, **common)
        if stages > 1
        else one_stage(
            clk, index, mask, f, x, both, halves if block else None, folded=folded, **common
        )
    )

    # write: back into the other half of the memory, or into the output buffer
    late = write_clocks(rotation, stages)
    done, done_works = word(address + 2), word(1)
    flag_line = pulse_delay(clk, rst, works, done_works, clocks=late)
    place_line = shift_line(clk, constant(1), concat([index, last, writes_half]), done, clocks=late)
    stores, gives, written = (word(1) for _ in range(3))
    store = store_results(done_works, done(address), stores)
    memory = ram(
        clk, stores,
        concat([_write_word(part(done, address, 0), stages), done(address + 1)]), both,
        reads_memory, concat([_read_word(index, stages), reads_half]), fetched,
        depth=2 * words, latency=2, style="block", target=target,
    )  # fmt: skip
    if alone:  # sums and differences as they are
        told, told_works = word(address + 1), word(1)
        told_line = pulse_delay(clk, rst, works, told_works, clocks=_AHEAD)
        told_places = shift_line(clk, constant(1), concat([index, last]), told, clocks=_AHEAD)
        told_word = _pair_place(part(told, address, 0), stages)
        give = give_results(told_works, told(address), told_word, gives, written)
    else:
        told_word = _write_word(part(done, address, 0), stages)
        give = give_results(done_works, done(address), told_word, gives, written)

    if block:
        watch = block_watch(
            clk, rst, both, done_works, ends, last, written, halves, drops, exponent, size=size
        )

    # output: one sample at a time, once a frame is whole
    room, reads, reads_late = word(1), word(1), word(1)
    place_out, lane_out = word(log2), word(bits(2 * b))
    unload = frame_unload(
        clk, rst, last, written, room, place_out, reads, unloaded, lead, points=points,
        prefix=prefix,
    )  # fmt: skip
    spot = place_out if reverses_out else _reversed(place_out)
    lanes_out, sample_out = word(4 * size * b), word(2 * size)
    waits = choice_clocks(b, block)
    picked = word(2 * size) if waits else sample_out
    buffer = ram(
        clk, gives, told_word, given_up, reads, part(spot, log2, log2 - address), lanes_out,
        depth=words, latency=2, style="block", target=target,
    )  # fmt: skip
    reads_line = pulse_delay(clk, rst, reads, reads_late, clocks=1 + waits)
    lane_line = shift_line(clk, constant(1), part(spot, bits(2 * b), 0), lane_out, clocks=2)
    choose = word_choice(lane_out, lanes_out, picked, words=2 * b)
    if waits:
        picked_line = shift_line(clk, constant(1), picked, sample_out, clocks=waits)
    bits_out = sink.format.width
    valid_out, put = word(1), word(1)
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
                clk, rst, constant(0), constant(1), reads_late, *fitted, *limits, valid_out, put,
                *codes, event_overflow,
            )
        ]  # fmt: skip
    else:
        narrow = frame_narrow(
            clk, rst, constant(0), constant(1), reads_late,
            *(extended(v, drop + bits_out) for v in ends_out), valid_out, put, *codes,
            event_overflow, drop=drop, rounding=rounding,
        )  # fmt: skip
    leaving = codes[::-1] if swaps and inverse is None else codes
    leaving = [*leaving, exponent] if block else leaving
    exit_side = stream_exit(
        clk, rst, put, concat(leaving), room, verdict_valid, verdict_good, m_axis_tvalid,
        m_axis_tready, m_axis_tdata, m_axis_tlast, m_axis_tuser, inverse, most, changed, gone,
        parts=2, size=bits_out, beats=sink.beats, depth=QUEUE, reserve=RESERVE, frames=frames,
        style=style,
    )  # fmt: skip
    return instances()


@module
def one_stage(
    clk, index, mask, f, x, results, halves=None, *, butterflies: int, size: int, twiddle: Format,
    twiddles: tuple[Image, ...], folded: bool, rotation: int, target: Target,
) -> Any:  # fmt: skip
    """b butterflies, and a rotator behind the difference of each. halves: of a block, or always.

    folded: the table is of an eighth of the circle.
    """
    b, wide = butterflies, len(index) + bits(butterflies) * (butterflies > 1)
    sides = [[word(size) for _ in range(4)] for _ in range(b)]
    late = [word(2 * size) for _ in range(b)]
    turned = [[word(size), word(size)] for _ in range(b)]
    indices, addresses = [word(wide) for _ in range(b)], [word(wide) for _ in range(b)]
    looked_up = [word(2 * twiddle.width) for _ in range(b)]
    ahead = _lookup_clocks(target)
    waits = _AHEAD - 1 - (LOOKUP if folded else ahead)
    works_each = [
        [
            lane_butterfly(
                clk, constant(1), constant(0), *_pair(f, k, size), *_pair(x, k, size), *sides[k],
                halves=True,
            )
            if halves is None
            else scaled_butterfly(
                clk, halves, *_pair(f, k, size), *_pair(x, k, size), *sides[k]
            ),
            shift_line(clk, constant(1), concat(sides[k][:2]), late[k], clocks=rotation),
            twiddle_index(clk, _index(index, k, b), mask, indices[k]),
            shift_line(clk, constant(1), indices[k], addresses[k], clocks=waits),
            twiddle_lookup(
                clk, concat([addresses[k], constant(0)]), looked_up[k],
                image=twiddles[0], latency=ahead,
            )
            if folded
            else table(
                clk, constant(1), addresses[k], looked_up[k],
                image=twiddles[0], latency=ahead, style=table_style(twiddles[0]),
            ),
            complex_multiply(
                clk, constant(1), *sides[k][2:], looked_up[k], *turned[k],
                fraction=twiddle.fraction, target=target,
            ),
        ]
        for k in range(b)
    ]  # fmt: skip
    out = connect(concat([v for k in range(b) for v in (late[k], *turned[k])]), results)
    return instances()


@module
def two_stages(
    clk, index, mask, f, x, results, halfway=None, *, butterflies: int, size: int,
    twiddle: Format, twiddles: tuple[Image, ...], rotation: int, target: Target,
) -> Any:  # fmt: skip
    """b butterflies, b behind them, and rotators for what needs one: of radix 2^2.

    halfway: the results of the first stage. Two samples that the second stage joins come two
    clocks apart, in the same lane; so lanes change places with clocks in between. A single
    butterfly for the second stage takes the sums of the first ones, then the differences.
    """
    b, single = butterflies, butterflies == 1
    quads = max(1, b // 2)
    sides = [[word(size) for _ in range(4)] for _ in range(b)]
    first_stage = [
        lane_butterfly(
            clk, constant(1), constant(0), *_pair(f, k, size), *_pair(x, k, size), *sides[k],
            halves=True,
        )
        for k in range(b)
    ]  # fmt: skip
    all_sides = concat([concat(side) for side in sides])
    if halfway is not None:
        out_halfway = connect(all_sides, halfway)
    swaps, straight, half = word(1), word(1), 2 * size * b
    joined = [word(half), word(half)]
    phase = shift_line(clk, constant(1), index(1), swaps, clocks=_AHEAD)
    switch = commutator(
        clk, swaps, part(all_sides, half, 0), part(all_sides, 2 * half, half), *joined,
        clocks=_WAIT,
    )  # fmt: skip
    if single:  # x of a difference is turned by a quarter
        unswapped = opposite(swaps, straight)
    quarters = [straight] if single else [constant(0), constant(1)] * quads
    y = [[word(size) for _ in range(4)] for _ in range(b)]
    second_stage = [
        lane_butterfly(
            clk, constant(1), quarters[k], *_pair(joined[0], k, size), *_pair(joined[1], k, size),
            *y[k], halves=True,
        )
        for k in range(b)
    ]  # fmt: skip

    # rotators: of all but the sum of sums, which is not turned and only waits
    wide = len(mask) + single
    kept = concat([mask, constant(1)]) if single else mask
    indices, addresses = [word(wide) for _ in range(quads)], [word(wide) for _ in range(quads)]
    ahead = _lookup_clocks(target)
    indexing = [
        [
            twiddle_index(clk, _quad(index, q, b), kept, indices[q]),
            shift_line(clk, constant(1), indices[q], addresses[q], clocks=_SECOND - 1 - ahead),
        ]
        for q in range(quads)
    ]
    samples = [side for both in y for side in (both[:2], both[2:])]
    turning = [k for k in range(2 * b) if single or k % 4]
    looked_up = [word(2 * twiddle.width) for _ in turning]
    lookups = [
        table(
            clk, constant(1), addresses[n // len(twiddles)], looked_up[n],
            image=twiddles[n % len(twiddles)], latency=ahead, style=table_style(twiddles[0]),
        )
        for n in range(len(turning))
    ]  # fmt: skip
    turned = [[word(size), word(size)] for _ in turning]
    rotators = [
        complex_multiply(
            clk, constant(1), *samples[turning[n]], looked_up[n], *turned[n],
            fraction=twiddle.fraction, target=target,
        )
        for n in range(len(turning))
    ]  # fmt: skip
    waiting = [k for k in range(2 * b) if k not in turning]
    late = [word(2 * size) for _ in waiting]
    waits = [
        shift_line(clk, constant(1), concat(samples[waiting[n]]), late[n], clocks=rotation)
        for n in range(len(waiting))
    ]
    ends = {**dict(zip(turning, map(concat, turned), strict=True)),
            **dict(zip(waiting, late, strict=True))}  # fmt: skip
    out = connect(concat([ends[k] for k in range(2 * b)]), results)
    return instances()


def _lookup_clocks(target: Target) -> int:
    """Return the clocks of a table: a block RAM of ECP5 is slow without an output register."""
    return 2 if target is Target.ECP5 else 1


def _reversed(value: Any) -> Any:
    """Return a word with its bits in the reverse order."""
    return concat([value(k) for k in reversed(range(len(value)))])


def _rest(step: Any) -> list[Any]:
    """Return the bits of a step above the lowest two, if any."""
    return [part(step, len(step), 2)] if len(step) > 2 else []


def _pair_place(step: Any, stages: int) -> Any:
    """Return which word of pairs a step takes: i, or with two stages i and then i + N/4."""
    return step if stages == 1 else concat([step(0), *_rest(step), step(1)])


def _read_word(step: Any, stages: int) -> Any:
    """Return the word that a step reads: that of its f for an even step, else that of its x."""
    if stages > 1:
        return concat([*_rest(step), step(1), step(0)])
    return concat([part(step, len(step), 1), step(0)])


def _write_word(step: Any, stages: int) -> Any:
    """Return the word that a step writes: two stages end two words two clocks apart."""
    return step if stages == 1 else concat([step(1), step(0), *_rest(step)])


def _quad(step: Any, number: int, butterflies: int) -> Any:
    """Return the index of four samples that two stages join, from that which their sums get.

    For a single butterfly, whose sums come two clocks before the differences, the latter in front.
    """
    if butterflies == 1:
        return concat([step(0), *_rest(step), step(1)])
    lanes = [constant(number, bits(butterflies // 2))] if butterflies > 2 else []
    return concat([*lanes, step(1), step(0), *_rest(step)])


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
