"""The hardware of a support layer: banks, weights, lanes, rounding; see support_plan.

in ──► row_writer ──► banks ──┐                                ┌► round ──► out
                        ▲     ├─► multiply_accumulate × lanes ─┤  saturate
group_schedule ──► row_address│       (sums hop)   hold, select└  activation
        └───────────► weights ┘
"""

from itertools import pairwise
from typing import Any

from myhdl import ConcatSignal

from kolam.generators.support_plan import SupportPlan
from kolam.hdl import instances, module
from kolam.hdl.image import Image
from kolam.hdl.memories import ram, rom
from kolam.hdl.multiply_accumulate import multiply_accumulate, multiply_hop
from kolam.kernels.bias_add import bias_add
from kolam.kernels.bits import bits, concat, constant, field, part, word
from kolam.kernels.cycle_counter import cycle_counter, every_turn
from kolam.kernels.delay import delay, pulse_delay
from kolam.kernels.group_schedule import group_schedule
from kolam.kernels.link import any_flag, connect, either_event
from kolam.kernels.result_select import result_control, result_select, word_choice
from kolam.kernels.round_saturate import narrowing
from kolam.kernels.row_address import row_choice, row_move, row_walk
from kolam.kernels.row_writer import row_writer
from kolam.kernels.rows_ready import frame_ready, rows_ready, rows_ready_even


def rescaled(bus: Any, low: int, width: int) -> Any:
    """Return bits low and up of a two's complement bus as a word of `width` bits."""
    size = len(bus)
    parts = []
    if low < 0:
        parts.append(constant(0, -low))
    start, stop = max(low, 0), min(low + width, size)
    if start < stop:
        parts.append(part(bus, stop, start))
    missing = width - sum(len(p) for p in parts)
    parts += [bus(size - 1)] * missing
    return concat(parts)


@module
def support_layer(
    clk, rst, in_begin, in_valid, in_data, in_free, out_begin, out_valid, out_data, out_free,
    go, frame_end, saturated, load_weights=None, load_biases=None, load_at=None, load_word=None,
    *, number: int, plan: SupportPlan, weights: Image, biases: Image | None,
) -> Any:  # fmt: skip
    """One support layer between two links; go: its results have a place.

    frame_end: the last tap of a frame. load_weights, load_biases: write load_word to the
    memory at load_at; only where weights are loadable.
    """
    p = plan
    taps, lanes, latency = p.fan_in, p.lanes, p.read_latency
    row_bits, buffer_bits, width = bits(p.rows), bits(p.buffers), p.source.width

    # writer
    row_done, last_begin = word(1), word(1)
    enables = word(p.phases_in)
    row, write_buffer = word(row_bits), word(buffer_bits)
    writer = row_writer(
        clk, rst, in_begin, in_valid, last_begin if p.early_free else frame_end, in_free,
        row_done, enables, row, write_buffer,
        phases=p.phases_in, rows=p.rows, buffers=p.buffers,
    )  # fmt: skip

    # schedule
    ready, group_begin, ahead, group_last, busy, first, step_end = (word(1) for _ in range(7))
    tap, next_tap = word(bits(taps)), word(bits(taps))
    group_tap = word(bits(p.groups))
    read_buffer, buffer_soon = word(buffer_bits), word(buffer_bits)
    schedule = group_schedule(
        clk, rst, ready, out_free, go, out_begin, group_begin, last_begin, ahead, group_last,
        busy, tap, group_tap, first, step_end, frame_end, read_buffer, buffer_soon, next_tap,
        steps=taps, groups=p.groups, buffers=p.buffers,
    )  # fmt: skip
    if p.anchored:
        written = frame_ready(
            clk, rst, row_done, row, last_begin, ready, rows=p.rows, buffers=p.buffers
        )
    elif p.even:
        written = rows_ready_even(
            clk, rst, row_done, group_begin, write_buffer, buffer_soon, ready,
            rows=p.rows, reach=p.reach, buffers=p.buffers,
        )  # fmt: skip
    else:
        written = rows_ready(
            clk, rst, row_done, last_begin, ahead, group_last, step_end, ready,
            rows=p.rows, row_step=p.row_step, reach=p.reach, buffers=p.buffers,
        )  # fmt: skip

    # row addresses, one a class of banks
    read_rows = [tap] if p.address == "tap" else [word(row_bits) for _ in p.classes]
    if p.address == "turn":
        turn = word(1)
        turns = every_turn(clk, rst, busy, turn, turn=p.banks)
        lead = cycle_counter(clk, rst, turn, read_rows[0], count=p.rows)
    elif p.address == "counter":
        lead = cycle_counter(clk, rst, first, read_rows[0], count=p.rows)
        lags = [delay(clk, a, b) for a, b in pairwise(read_rows)]
    elif p.address == "walk":
        span = max(max(c) for c in p.classes) + 1
        home = rst
        if not p.cyclic:
            home = word(1)
            homing = either_event(rst, frame_end, home)
        step_sizes = [(row_bits, p.moves)]
        if p.rows & (p.rows - 1):
            step_sizes.append((row_bits + 1, p.moves_back))
        steps = [word(w) if taps > 1 else constant(table[0], w) for w, table in step_sizes]
        if taps > 1:
            movers = [
                row_move(clk, busy, tap, step_end, step, moves=table)
                for step, (_, table) in zip(steps, step_sizes, strict=True)
            ]
        nearby = [word(row_bits) for _ in range(span)]
        walks = [
            row_walk(
                clk, busy, home, steps[0], steps[1] if len(steps) > 1 else None, near,
                rows=p.rows, start=k % p.rows,
            )
            for k, near in enumerate(nearby)
        ]  # fmt: skip
        choices = []
        for k, extra in enumerate(p.classes):
            if max(extra) == 0:
                read_rows[k] = nearby[0]
            else:
                choices.append(
                    row_choice(
                        clk, next_tap, concat(nearby), read_rows[k], width=row_bits, extra=extra
                    )
                )

    # banks: one wide memory a class
    write_at = ConcatSignal(row, write_buffer)
    operands: list[Any] = [None] * p.banks
    read_words = [word(width * len(m)) for m in p.members]
    banks = []
    for k, members in enumerate(p.members):
        beats = sorted({b // p.words_in for b in members})
        banks.append(
            ram(
                clk,
                concat([field(enables, beat, 1) for beat in beats]),
                write_at,
                concat([field(in_data, b % p.words_in, width) for b in members]),
                busy,
                ConcatSignal(read_rows[k], read_buffer),
                read_words[k],
                depth=p.bank_depth,
                parts=tuple(width * count for count in p.written[k]),
                latency=latency,
                style=p.bank_style,
                target=p.target,
            )
        )
        for index, bank in enumerate(members):
            operands[bank] = field(read_words[k], index, width)
    if p.address == "turn":  # one word of the row at a time, the last one first
        turn_word = [word(bits(p.banks)) for _ in range(latency + 1)]
        words_count = cycle_counter(clk, rst, busy, turn_word[0], count=p.banks)
        words_late = [delay(clk, a, b) for a, b in pairwise(turn_word)]
        given = word(width)
        row_words = concat([operands[-1], *operands[:-1]])
        sharing = word_choice(turn_word[-1], row_words, given, words=p.banks)
        operands = [given]
    if p.anchored:
        operands *= lanes

    # weights
    weight_bits = p.weight.width
    weight_words = word(lanes * weight_bits)
    if taps & (taps - 1) == 0 and taps > 1 and p.groups > 1:
        weight_at = ConcatSignal(group_tap, tap)
    else:
        weight_at = word(bits(p.weight_depth))
        weight_count = cycle_counter(clk, rst, busy, weight_at, count=p.weight_depth)
    if p.loadable:
        memory = ram(
            clk, load_weights, field(load_at, 0, len(weight_at)),
            field(load_word, 0, len(weight_words)), busy, weight_at, weight_words,
            depth=p.weight_depth, latency=latency, style=p.weight_style, target=p.target,
            image=weights,
        )  # fmt: skip
    else:
        memory = rom(
            clk, busy, weight_at, weight_words,
            image=weights, latency=latency, style=p.weight_style, target=p.target,
        )  # fmt: skip

    # lanes
    first_m, load = word(1), word(1)
    first_delay = pulse_delay(clk, rst, first, first_m, clocks=latency + 1)
    load_delay = pulse_delay(clk, rst, step_end, load, clocks=latency + 3)
    sums = [word(p.product_width) for _ in range(lanes)]
    factors = [field(weight_words, b, weight_bits) for b in range(lanes)]
    if not p.source.signed:
        operands = [ConcatSignal(constant(0), x) for x in operands]
    if not p.weight.signed:
        factors = [ConcatSignal(constant(0), w) for w in factors]
    if p.hop:
        macs = [
            multiply_hop(
                clk, first_m, operands[b], factors[b], sums[(b - p.hop) % lanes], sums[b],
                target=p.target,
            )
            for b in range(lanes)
        ]  # fmt: skip
    else:
        if p.bias_early:
            start_words = word(lanes * p.sum_width)
            bias_memory = rom(
                clk, first, group_tap, start_words,
                image=biases, style=p.bias_style, target=p.target,
            )  # fmt: skip
            starts = [field(start_words, b, p.sum_width) for b in range(lanes)]
        else:
            starts = [constant(0 if p.bias else p.half, p.product_width)] * lanes
        macs = [
            multiply_accumulate(
                clk, first_m, starts[b], operands[b], factors[b], sums[b], target=p.target
            )
            for b in range(lanes)
        ]  # fmt: skip

    # results: hold, select, round
    phase, held, selected = word(bits(p.phases_out)), word(1), word(1)
    control = result_control(
        clk, rst, load, phase, held, selected,
        phases=p.phases_out, groups=p.groups, tail=p.tail,
    )  # fmt: skip
    seen_width = p.sum_width if p.bias_late else p.word_width
    seen = [word(seen_width) for _ in range(p.words_out)]
    selectors = []
    for u in range(p.words_out):
        ends = [sums[p.result_lanes[k * p.words_out + u]] for k in range(p.phases_out)]
        scaled = [rescaled(s, 0 if p.bias_late else p.low, seen_width) for s in ends]
        selectors.append(
            result_select(
                clk, load, concat(scaled), seen[u], phase if p.phases_out > 1 else None,
                phases=p.phases_out,
            )
        )  # fmt: skip
    if p.bias_late:
        assert biases is not None
        bias_at = word(bits(p.beats_out))
        bias_words = word(p.words_out * p.sum_width)
        bias_count = cycle_counter(clk, rst, held, bias_at, count=p.beats_out)
        if p.loadable:
            bias_memory = ram(
                clk, load_biases, field(load_at, 0, len(bias_at)),
                field(load_word, 0, len(bias_words)), held, bias_at, bias_words,
                depth=p.beats_out, latency=p.bias_latency, style=p.bias_style, target=p.target,
                image=biases,
            )  # fmt: skip
        else:
            bias_memory = rom(
                clk, held, bias_at, bias_words,
                image=biases, latency=p.bias_latency, style=p.bias_style, target=p.target,
            )  # fmt: skip
        totals = [word(p.sum_width) for _ in range(p.words_out)]
        if p.bias_latency == 1:
            met = seen
        else:
            met = [word(seen_width) for _ in range(p.words_out)]
            waits = [delay(clk, seen[u], met[u]) for u in range(p.words_out)]
        adders = [
            bias_add(clk, met[u], field(bias_words, u, p.sum_width), totals[u])
            for u in range(p.words_out)
        ]
        rounded = [rescaled(t, p.low, p.word_width) for t in totals]
    else:
        rounded = seen
    codes = [word(p.result.width) for _ in range(p.words_out)]
    over = [word(1) for _ in range(p.words_out)]
    narrow, options = narrowing(
        drop=p.drop, rounding=p.rounding, overflow=p.overflow, activation=p.activation,
        signed=p.result.signed, fraction=p.result.fraction,
    )  # fmt: skip
    narrowers = [narrow(clk, rounded[u], codes[u], over[u], **options) for u in range(p.words_out)]
    late = pulse_delay(clk, rst, selected, out_valid, clocks=p.tail_latency - latency - 5)
    joined = connect(concat(codes), out_data)
    flagged = any_flag(clk, rst, out_valid, concat(over), saturated)
    return instances()
