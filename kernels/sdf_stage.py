"""One stage of a streaming FFT: a radix-2 butterfly with its delay line fed back (SDF).

    x ─► butterfly ─► y        result of f + x, or of the difference that comes out of the line
          ▲     │
          └─line┘              `clocks` long: the distance of the two samples of a pair

Control travels with the data. `valid` of each sample and `opens`, whether it opens a pair, go
through a line as long as that of the data. So frames may begin at any clock behind each other,
and no stage counts. All move with `ce`; valid flags come a clock ahead of their samples.
"""

from typing import Any

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.hdl.delay_line import RAM_WIDTH, ring_line, shift_line
from kolam.hdl.target import Target
from kolam.kernels.bits import bits, concat, part, word
from kolam.kernels.butterfly import butterfly
from kolam.kernels.prepared_butterfly import prepared_butterfly

LATENCY = 1  # beside the line


def line_width(width: int, ring: bool) -> int:
    """Return the bits of a line: samples of parts of `width` bits, and their flags if they fit."""
    return 2 * width + (2 if not ring or 2 * width + 2 <= RAM_WIDTH else 0)


@module
def sdf_stage(
    clk, ce, wash, at, valid_next, x_re, x_im, turns, adds_next, adds, y_soon, y_next, y_re, y_im,
    difference, *, clocks: int, halves: bool, ring: bool, target: Target, prepared: bool = False,
) -> Any:  # fmt: skip
    """Pair each sample with the one `clocks` before, a power of two.

    valid_next: the sample behind the next enabled edge is one of a frame. turns: take -j x.
    y_next, y_soon: valid of y, one and two clocks ahead; difference: y is one. ring: the line is
    a memory, addressed by `at`, which counts enabled clocks. wash: high after a reset for at least
    `clocks` enabled clocks, in which y is not valid, so that what was in the line is lost. adds,
    adds_next: for other lanes (sdf_lane). prepared: operands are chosen in a clock of their own, so
    y comes one later; adds is None.
    """
    width = len(y_re)
    opens, valid = word(1), word(1)
    stored_re, stored_im = word(width), word(width)
    data, flags = [stored_re, stored_im], [opens, valid]
    together = line_width(width, ring) > 2 * width
    if clocks == 1:
        f_re, f_im, opened, validated = *data, *flags
    else:
        kept = concat([*data, *flags] if together else data)
        back = word(len(kept))
        if ring:
            line = ring_line(clk, ce, part(at, bits(clocks), 0), kept, back, target=target)
        else:
            line = shift_line(clk, ce, kept, back, clocks=clocks - 1)
        told = back
        if not together:
            told = word(2)
            flag_line = shift_line(clk, ce, concat(flags), told, clocks=clocks - 1)
        f_re, f_im = part(back, width, 0), part(back, 2 * width, width)
        opened, validated = told(len(told) - 2), told(len(told) - 1)
    steer, tells = (prepared_control, [adds_next]) if prepared else (sdf_control, [adds_next, adds])
    control = steer(
        clk, ce, wash, valid_next, opened, validated, valid, *tells, opens, y_soon, y_next,
        difference,
    )  # fmt: skip
    place, when = (prepared_butterfly, [adds_next]) if prepared else (butterfly, [adds, adds_next])
    compute = place(
        clk, ce, *when, turns, x_re, x_im, f_re, f_im, y_re, y_im, stored_re, stored_im,
        halves=halves,
    )  # fmt: skip
    return instances()


@module
def sdf_lane(
    clk, ce, at, adds, adds_next, turns, x_re, x_im, y_re, y_im, *, clocks: int, halves: bool,
    ring: bool, target: Target, prepared: bool = False,
) -> Any:  # fmt: skip
    """One more lane of samples beside that of an sdf_stage, whose control it shares."""
    width = len(y_re)
    stored_re, stored_im = word(width), word(width)
    if clocks == 1:
        f_re, f_im = stored_re, stored_im
    else:
        kept, back = concat([stored_re, stored_im]), word(2 * width)
        if ring:
            line = ring_line(clk, ce, part(at, bits(clocks), 0), kept, back, target=target)
        else:
            line = shift_line(clk, ce, kept, back, clocks=clocks - 1)
        f_re, f_im = part(back, width, 0), part(back, 2 * width, width)
    place, when = (prepared_butterfly, [adds_next]) if prepared else (butterfly, [adds, adds_next])
    compute = place(
        clk, ce, *when, turns, x_re, x_im, f_re, f_im, y_re, y_im, stored_re, stored_im,
        halves=halves,
    )  # fmt: skip
    return instances()


@module
def sdf_control(
    clk, ce, wash, valid_next, opened, validated, valid, adds_next, adds, opens, y_soon,
    y_next, difference,
):  # fmt: skip
    """Flags of a stage. opened, validated: `opens` and `valid`, out of the line."""
    here, second = Signal(bool(0)), Signal(bool(0))

    @always_comb
    def foresee():
        adds_next.next = valid_next and opened
        y_soon.next = validated
        opens.next = here and not second

    @always_comb
    def show():
        valid.next = here
        adds.next = second

    @always(clk.posedge)
    def follow():
        if ce:
            here.next = valid_next
            second.next = valid_next and opened
            difference.next = not second

    @always(clk.posedge)
    def announce():
        if wash:
            y_next.next = False
        elif ce:
            y_next.next = validated

    return instances()


@module
def prepared_control(
    clk, ce, wash, valid_next, opened, validated, valid, adds_next, opens, y_soon, y_next,
    difference,
):  # fmt: skip
    """As sdf_control, for an x that waits for a clock; adds_next is a register.

    Flags enter the line a clock before what is stored for them, and leave it as early.
    """
    here, coming, found = (Signal(bool(0)) for _ in range(3))
    second = Signal(bool(0))

    @always_comb
    def show():
        valid.next = here
        opens.next = here and not coming
        adds_next.next = coming
        y_soon.next = found

    @always(clk.posedge)
    def follow():
        if ce:
            here.next = valid_next
            coming.next = valid_next and opened
            found.next = validated
            second.next = coming
            difference.next = not second

    @always(clk.posedge)
    def announce():
        if wash:
            y_next.next = False
        elif ce:
            y_next.next = found

    return instances()
