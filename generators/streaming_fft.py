"""The streaming FFT behind AXI4-Stream, a sample a clock: the top of fft cores.

s_axis ─► frame_guard ─► pipeline_entry ─► stages, rotators ─► frame_narrow ─► output_fifo
               │ verdict of each frame       ce: one enable for all                  │
               └───────────────────────────────────────────► frame_gate ◄────────────┘ ─► m_axis
"""

from typing import Any

from kolam.generators.design import Setting, Stream, bit_reversed, port_limits, setting_fields
from kolam.generators.fft_plan import (
    LIFT_FRACTION,
    Door,
    Rotator,
    Split,
    Stage,
    Table,
    lifting_constants,
    twiddle_word,
)
from kolam.hdl import Format, Rounding, instances, module
from kolam.hdl.complex_multiply import complex_multiply
from kolam.hdl.delay_line import shift_line
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, constant, extended, field, part, word
from kolam.kernels.choice import exchange
from kolam.kernels.frame_guard import frame_guard
from kolam.kernels.frame_hold import frames_under_way
from kolam.kernels.frame_narrow import frame_narrow
from kolam.kernels.frame_reorder import frame_reorder
from kolam.kernels.frame_size import frame_size, place_inside, prefix_beats, stage_entry
from kolam.kernels.lane_butterfly import lane_butterfly
from kolam.kernels.lane_reorder import lane_reorder
from kolam.kernels.lane_split import lane_split, lane_split_ends
from kolam.kernels.lane_split import latency as lane_split_latency
from kolam.kernels.lifting_chain import lifting_chain
from kolam.kernels.lifting_rotator import lifting_rotator
from kolam.kernels.link import any_flag_now, both
from kolam.kernels.pipeline_entry import line_address, pipeline_entry
from kolam.kernels.rotator import bump_add, bump_mark, flag_delay, sample_place
from kolam.kernels.sdf_stage import sdf_lane, sdf_stage
from kolam.kernels.settings_port import settings_door
from kolam.kernels.stream_exit import stream_exit
from kolam.kernels.table_banks import table_banks
from kolam.kernels.twiddle_table import HOW, twiddle_seek, twiddle_unfold
from kolam.kernels.word_narrow import word_pair_narrow

QUEUE = 16  # samples of the output FIFO
RESERVE = 4  # samples that come once there is no room
_EIGHTH = 3  # bits of an angle that say in which eighth of the circle it is


@module
def streaming_fft(
    clk, rst, s_axis_tdata, s_axis_tvalid, s_axis_tready, s_axis_tlast,
    m_axis_tdata, m_axis_tvalid, m_axis_tready, m_axis_tlast, event_frame_error, event_overflow,
    s_axis_config_tdata=None, s_axis_config_tvalid=None, s_axis_config_tready=None,
    s_axis_config_tlast=None, event_config_error=None, *,
    parts: tuple[Stage | Rotator, ...], tables: tuple[Table, ...], twiddle: Format, drop: int,
    rounding: Rounding, swaps: bool, reorders: bool, frames: int, washing: int, target: Target,
    source: Stream, sink: Stream, split: Split | None = None, settings: tuple[Setting, ...] = (),
    doors: tuple[Door, ...] = (), pipelining: int = 0,
) -> Any:  # fmt: skip
    """A radix 2^2 or 2^4 FFT. swaps: re and im change places at both ends.

    reorders: a buffer behind it puts frames into the other order. frames: judged and not yet gone,
    at most. washing: turn of the address of delay lines. split: samples are real, two of them a
    complex one, and all of a frame come at once; it is the last step, or the first of an inverse.
    settings: what s_axis_config sets; of `direction` swaps is only the default. doors: where frames
    of a smaller size enter. pipelining: as in the configuration.
    """
    style = "shift" if target in (Target.GENERIC, Target.XC7) else "ram"
    lanes = source.lanes * source.parts // 2
    points, log2 = source.elements, source.elements.bit_length() - 1

    # input: whole frames only
    width = source.format.width
    ends = [
        part(s_axis_tdata, k * source.part_bits + width, k * source.part_bits)
        for k in range(2 * lanes)
    ]
    begins = split is not None and swaps  # with the split
    framed, entered = word(2 * lanes * width), word(2 * lanes * width)
    g_valid, g_ready, g_first, g_pad, verdict_valid, verdict_good = (word(1) for _ in range(6))
    ce, wash, room, first_next = (word(1) for _ in range(4))
    at = word(bits(washing))
    offered, may, taken = concat(_exchanged(ends, swaps and not begins)), g_valid, g_ready
    unset: tuple[Any, ...] = (None,) * 7
    inverse, size_in, lead_in, changed, most, gone, enters = unset
    last_beat, pace = constant(source.beats - 1, bits(source.beats)), room
    if settings:
        values, empty = word(sum(each.bits for each in settings)), constant(1)
        may, taken, fresh, begun = (word(1) for _ in range(4))
        chosen = setting_fields(settings, values)
        inverse, size_in, lead_in = map(chosen.get, ("direction", "log2_points", "cyclic_prefix"))
        if size_in is not None or lead_in is not None:
            empty, gone, changed = word(1), word(1), fresh
            census = frames_under_way(clk, rst, begun, gone, empty, most=2 * frames)
        if size_in is not None:
            most = word(bits(source.beats))
            enters, last_beat = word(log2 + 1), word(bits(source.beats))
            sizes = frame_size(size_in, enters, last_beat, most, points=points, lanes=lanes)
        door = settings_door(
            clk, rst, s_axis_config_tvalid, s_axis_config_tready, s_axis_config_tlast,
            s_axis_config_tdata, g_valid, g_ready, g_first, may, taken, begun, empty, fresh,
            values, event_config_error, limits=port_limits(settings),
        )  # fmt: skip
    if inverse is not None:
        offered = word(2 * lanes * width)
        turn_in = exchange(inverse, concat(ends), offered, parts=2 * lanes)
    guard = frame_guard(
        clk, rst, s_axis_tvalid, s_axis_tready, s_axis_tlast, offered,
        g_valid, g_ready, framed, g_first, g_pad, verdict_valid, verdict_good, event_frame_error,
        most, changed if most is not None else None, beats=source.beats,
    )  # fmt: skip
    prefixed = sink.prefix > 0 or lead_in is not None
    if reorders and (prefixed or size_in is not None):
        pace = word(1)
    entry = pipeline_entry(
        clk, rst, wash, pace, may, taken, g_first, g_pad, framed, ce, first_next, entered
    )
    address = line_address(clk, rst, ce, at, wash)

    # the pipeline; flags come a clock ahead of samples, which are re and im of each lane
    steps: list[Stage | Rotator | Split] = list(parts)
    if split is not None:
        steps = [split, *parts] if begins else [*parts, split]
    nexts, soons, marks = ([word(1) for _ in steps] for _ in range(3))
    differences, adds, adds_nexts = ([word(1) for _ in steps] for _ in range(3))
    samples = [[word(p.size_out) for _ in range(2 * lanes)] for p in steps]
    bumped = [[word(p.size_out) for _ in range(2 * lanes)] for p in steps]
    tangent, sine, factors = lifting_constants()
    spots = [word(max(1, _spot_bits(p, lanes))) for p in steps]
    places: list[Any] = [None] * len(steps)
    entries: list[Any] = []
    door_at = {door.part: door for door in doors}
    door_nexts, door_turns, door_parts = ([word(1) for _ in steps] for _ in range(3))
    twiddles = [[word(2 * twiddle.width) for _ in range(lanes)] for _ in steps]
    ahead = 2 if target is Target.ECP5 else 1
    folded = {after for kept in tables if kept.folded for after, _, _ in kept.readers}
    controls: list[Any] = []
    works: list[Any] = []
    x_next, x_soon = first_next, first_next
    x = [[field(entered, 2 * j, width), field(entered, 2 * j + 1, width)] for j in range(lanes)]
    if size_in is not None:
        whole_next = word(1)
        whole = both(first_next, enters(0), whole_next)
        x_next = whole_next
    for k, p in enumerate(steps):
        y = [samples[k][2 * lane : 2 * lane + 2] for lane in range(lanes)]
        if isinstance(p, Stage):
            turned = _turned(p, steps[k - 1], differences[k - 1], lanes)
        if k in door_at:  # frames of a smaller size enter here
            size_x = len(x[0][0])
            door_parts[k] = word(2 * lanes * size_x)
            short = [
                _shifted(field(entered, j, width), door_at[k].shift, size_x)
                for j in range(2 * lanes)
            ]
            entries.append(
                stage_entry(
                    enters(door_at[k].skipped), first_next, concat(short), x_next,
                    concat([v for pair in x for v in pair]), turned[0], door_nexts[k],
                    door_parts[k], door_turns[k],
                )
            )  # fmt: skip
            x_next, turned = door_nexts[k], [door_turns[k]] * lanes
            x = [[field(door_parts[k], 2 * j + m, size_x) for m in range(2)] for j in range(lanes)]
        if isinstance(p, Split):
            at_end = sink.order if not begins else source.order
            lane_of = {element: lane for lane, element in enumerate(at_end)}
            inner = {element: lane for lane, element in enumerate(bit_reversed(lanes))}
            into, out_of = (lane_of, inner) if begins else (inner, lane_of)
            clocks = lane_split_latency(target, p.size_in, twiddle.width)
            controls.append(flag_delay(clk, ce, x_next, nexts[k], clocks=clocks))
            a = [x[into[element]] for element in range(lanes)]
            b = [_exchanged(y[out_of[element]], begins) for element in range(lanes)]
            half = lanes // 2
            works.append(
                [
                    lane_split_ends(
                        clk, ce, *a[0], *a[half], *b[0], *b[half], clocks=clocks, inverse=begins
                    )
                ]
                + [
                    lane_split(
                        clk, ce, *a[element], *a[lanes - element],
                        constant(code, 2 * twiddle.width), *b[element], *b[lanes - element],
                        fraction=twiddle.fraction, inverse=begins, target=target,
                    )
                    for element, code in enumerate(p.words, 1)
                ]
            )  # fmt: skip
            x_soon = x_next
        elif isinstance(p, Stage) and p.clocks:
            line = {
                "clocks": p.clocks,
                "halves": p.halves,
                "ring": p.ring,
                "target": target,
                "prepared": p.prepared,
            }
            at_line = at if p.ring else None
            adding = None if p.prepared else adds[k]
            controls.append(
                sdf_stage(
                    clk, ce, wash, at_line, x_next, *x[0], turned[0], adds_nexts[k], adding,
                    soons[k], nexts[k], *y[0], differences[k], **line,
                )
            )  # fmt: skip
            works.append(
                [
                    sdf_lane(
                        clk, ce, at_line, adding, adds_nexts[k], turned[j], *x[j], *y[j], **line
                    )
                    for j in range(1, lanes)
                ]
            )  # fmt: skip
            x_soon = soons[k]
        elif isinstance(p, Stage):
            controls.append(flag_delay(clk, ce, x_next, nexts[k], clocks=1))
            works.append(
                [
                    lane_butterfly(
                        clk, ce, turned[j], *x[j], *x[j | p.distance], *y[j], *y[j | p.distance],
                        halves=p.halves,
                    )
                    for j in range(lanes)
                    if not j & p.distance
                ]
            )  # fmt: skip
            x_soon = x_next
        else:
            early = 1 if p.lifts else ahead
            controls.append([flag_delay(clk, ce, x_next, nexts[k], clocks=p.clocks)])
            marked = p.bump > 0 and p.unmarked // lanes > 0
            if _spot_bits(p, lanes) > 0 and (marked or p.after not in folded):
                flag = x_next if early == 1 else x_soon
                controls[k].append(sample_place(clk, ce, flag, spots[k]))
                places[k] = spots[k]
                if _cut(p, doors):
                    places[k] = word(len(spots[k]))
                    near = part(last_beat, len(spots[k]), 0)
                    controls[k].append(place_inside(spots[k], near, places[k]))
            if marked:
                some = bump_mark(
                    clk, ce, places[k], marks[k], unmarked=p.unmarked // lanes, clocks=early
                )
                controls[k].append(some)
            works.append([])
            for j in range(lanes):
                turns = p.turns(j, lanes)
                bump = 0 if p.unmarked % lanes & j else p.bump
                mark = marks[k] if marked and bump else None
                if turns == (0,):
                    wide = [extended(v, p.size_out) for v in x[j]]
                    if bump:
                        wide = bumped[k][2 * j : 2 * j + 2]
                        works[k].append(bump_add(clk, ce, mark, *x[j], *wide, bump=bump))
                    works[k] += [
                        shift_line(clk, ce, v, w, clocks=p.clocks - (bump > 0))
                        for v, w in zip(wide, y[j], strict=True)
                    ]
                elif p.lifts:
                    lift, kind = (
                        (lifting_chain, {"target": target}) if pipelining else (lifting_rotator, {})
                    )
                    works[k].append(
                        lift(
                            clk, ce, places[k] if len(turns) > 1 else None,
                            constant(0) if mark is None else mark, *x[j], *y[j],
                            turns=tuple(16 * t // p.steps for t in turns), bump=bump,
                            tangent=tangent, sine=sine,
                            factors=factors if p.multipliers else None, fraction=LIFT_FRACTION,
                            **kind,
                        )
                    )  # fmt: skip
                else:
                    looked_up = twiddles[k][j]
                    if len(turns) == 1:
                        code = twiddle_word(turns[0], p.steps, twiddle)
                        looked_up = constant(code, 2 * twiddle.width)
                    works[k].append(
                        complex_multiply(
                            clk, ce, *x[j], looked_up, *y[j], mark,
                            fraction=twiddle.fraction, bump=bump, target=target,
                        )
                    )  # fmt: skip
        x_next, x = nexts[k], y
    turning = {p.after: (k, p) for k, p in enumerate(steps) if isinstance(p, Rotator)}
    lookups, folds = [], []
    rests, founds, hows = [], [], []  # of readers of folded tables
    for kept in tables:
        ports = []
        for after, lane, step in kept.readers:
            k, rotator = turning[after]
            if kept.folded:
                zeros, size_k = step.bit_length() - 1, len(spots[k])
                rests.append(word(bits(rotator.steps) - _EIGHTH))
                founds.append(word(kept.image.width))
                hows.append(word(HOW))
                near = part(last_beat, size_k, 0) if _cut(rotator, doors) else None
                folds += [
                    twiddle_seek(
                        clk, ce, nexts[k - 1], rests[-1], hows[-1], near, blocks=rotator.blocks,
                        size=size_k, lane=lane, lanes=lanes, latency=ahead,
                    ),
                    twiddle_unfold(clk, ce, founds[-1], hows[-1], twiddles[k][lane]),
                ]  # fmt: skip
                where = concat([constant(0, zeros), rests[-1]]) if zeros else rests[-1]
                ports += [where, founds[-1]]
            else:
                ports += [_address(places[k], kept, step), twiddles[k][lane]]
        if len(kept.banks) > 1:
            lookups.append(table_banks(clk, ce, *ports, images=kept.banks, latency=ahead))
            continue
        lookups.append(
            table(
                clk, ce, *ports, image=kept.image, latency=ahead, style=kept.style,
                whole=kept.style == "logic" and target is Target.XC7,
            )
        )  # fmt: skip

    # output: results wait for their place and for the frame's verdict
    size = sink.format.width
    swaps_out = swaps and inverse is None
    valids, puts, overflows = ([word(1) for _ in range(lanes)] for _ in range(3))
    codes = [[word(size), word(size)] for _ in range(lanes)]
    if split is None:
        narrows = [
            frame_narrow(
                clk, rst, wash, ce, x_next, *(extended(v, drop + size) for v in x[j]), valids[j],
                puts[j], *codes[j], overflows[j], drop=drop, rounding=rounding,
            )
            for j in range(lanes)
        ]  # fmt: skip
    else:
        narrows = [
            word_pair_narrow(
                clk, rst, wash, ce, x_next, *x[j], puts[j], *codes[j], overflows[j],
                drop=drop, rounding=rounding,
            )
            for j in range(lanes)
        ]  # fmt: skip
    over = any_flag_now(concat(overflows), event_overflow)
    leaving = codes
    if split is None and not reorders and sink.order == source.order:  # all come at once
        leaving = [codes[k] for k in bit_reversed(lanes)]
    entering, push = concat(_exchanged([v for pair in leaving for v in pair], swaps_out)), puts[0]
    if reorders and lanes > 1:
        straight, entering, push = entering, word(2 * lanes * size), word(1)
        turned_round = lane_reorder(
            clk, rst, ce, valids[0], straight, push, entering,
            points=points, lanes=lanes, target=target,
        )  # fmt: skip
    elif reorders:
        straight, entering, push = entering, word(2 * size), word(1)
        variable: tuple[Any, ...] = ()
        if pace is not room:
            lead = constant(sink.prefix, log2) if lead_in is None else lead_in
            doorways = None if enters is None else part(enters, 1 + doors[-1].skipped, 0)
            variable = (room, pace, doorways, last_beat, lead)
        turned_round = frame_reorder(
            clk, rst, ce, valids[0], straight, push, entering, *variable,
            points=points, target=target,
        )  # fmt: skip
    most_out = most
    if lead_in is not None:
        most_out = word(bits(2 * points))
        inner = constant(points - 2, log2) if most is None else most
        beats_out = prefix_beats(inner, lead_in, most_out)
    exit_side = stream_exit(
        clk, rst, push, entering, room, verdict_valid, verdict_good, m_axis_tvalid, m_axis_tready,
        m_axis_tdata, m_axis_tlast, None, inverse, most_out, changed, gone, parts=2 * lanes,
        size=size, beats=sink.beats, depth=QUEUE, reserve=RESERVE, frames=frames, style=style,
    )  # fmt: skip
    return instances()


def _shifted(value: Any, shift: int, size: int) -> Any:
    """Return a word shifted to the left, and extended by its sign to a size."""
    return extended(concat([constant(0, shift), value]) if shift else value, size)


def _spot_bits(p: Stage | Rotator | Split, lanes: int) -> int:
    """Return the bits of the place in a frame, in beats, that a rotator must know."""
    return p.place_bits - (lanes.bit_length() - 1) if isinstance(p, Rotator) else 0


def _cut(p: Rotator, doors: tuple[Door, ...]) -> bool:
    """Return whether some frames are shorter than the places that a rotator counts."""
    return any(p.first <= door.skipped < p.after for door in doors)


def _turned(p: Stage, before: Stage | Rotator | Split, difference: Any, lanes: int) -> list[Any]:
    """Return for each lane which x are turned: differences of the stage before."""
    if not p.turns or not isinstance(before, Stage):
        return [constant(0)] * lanes
    if before.clocks:
        return [difference] * lanes
    return [constant(bool(j & before.distance)) for j in range(lanes)]


def _address(spot: Any, kept: Table, step: int) -> Any:
    """Return where a reader looks: the first bits of the place, times its step."""
    zeros, used = step.bit_length() - 1, (kept.image.depth // step).bit_length() - 1
    first = part(spot, len(spot), len(spot) - used)
    return concat([constant(0, zeros), first]) if zeros else first


def _exchanged(ends: list[Any], swaps: bool) -> list[Any]:
    """Return re and im of each lane, exchanged if so wanted."""
    return [ends[k ^ swaps] for k in range(len(ends))]
