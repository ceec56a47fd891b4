"""A rotator of a streaming FFT: turns each sample by a twiddle of its place; docs/fft.md 2.

The table is placed outside, since two rotators may share one: it is read `latency` enabled
clocks ahead of the sample, because valid flags come ahead of samples.
"""

from typing import Any

from myhdl import Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.hdl.complex_multiply import complex_multiply
from kolam.hdl.complex_multiply import latency as multiply_latency
from kolam.hdl.target import Target
from kolam.kernels.bits import counter, word


@module
def rotator(
    clk, ce, x_ahead, x_next, x_re, x_im, twiddle, at, y_next, y_re, y_im, *,
    fraction: int, bump: int, unmarked: int, ahead: int, target: Target,
) -> Any:  # fmt: skip
    """Turn x, whose valid flag is x_next a clock ahead, by the twiddle of its place in the frame.

    at: the place of the sample `ahead` clocks from now (1 or 2; x_ahead is its flag a clock
    before), modulo the table's depth. bump: added to samples whose place has zeros in the bits of
    the mask `unmarked`, so that the last narrowing rounds.
    """
    clocks = multiply_latency(target, len(x_re), len(twiddle) // 2)
    place = sample_place(clk, ce, x_ahead, at)
    flags = flag_delay(clk, ce, x_next, y_next, clocks=clocks)
    if bump:
        bumps = word(1)
        mark = bump_mark(clk, ce, at, bumps, unmarked=unmarked, clocks=ahead)
        multiply = complex_multiply(
            clk, ce, x_re, x_im, twiddle, y_re, y_im, bumps,
            fraction=fraction, bump=bump, target=target,
        )  # fmt: skip
    else:
        multiply = complex_multiply(
            clk, ce, x_re, x_im, twiddle, y_re, y_im, fraction=fraction, target=target
        )
    return instances()


@module
def sample_place(clk, ce, ahead, at):
    """Place in its frame, modulo a power of two, of the sample a clock behind the flag's."""
    now = counter(0, len(at))

    @always(clk.posedge)
    def count():
        if not ahead:  # whether enabled or not: this place is of no sample
            now.next = 0
        elif ce:
            now.next = now + 1

    @always_comb
    def show():
        at.next = now

    return instances()


@module
def bump_mark(clk, ce, at, marks, *, unmarked, clocks):
    """Mark places that have zeros in the bits of a mask, `clocks` (1 or 2) later."""
    found, line = Signal(intbv(0)[len(at) :]), Signal(bool(0))

    @always_comb
    def look():
        found.next = at & unmarked

    if clocks == 1:

        @always(clk.posedge)
        def tell():
            if ce:
                marks.next = found == 0

    else:

        @always(clk.posedge)
        def tell():
            if ce:
                line.next = found == 0
                marks.next = line

    return instances()


@module
def flag_delay(clk, ce, x, y, *, clocks):
    """Delay a flag by enabled clocks, 2 or more."""
    line = Signal(intbv(0)[clocks:])
    keep, last = clocks - 1, clocks - 1

    @always(clk.posedge)
    def move():
        if ce:
            line.next = concat(line[keep:], x)

    @always_comb
    def show():
        y.next = line[last]

    return instances()
