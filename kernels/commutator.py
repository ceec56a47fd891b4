"""Two words a clock change places in time: what came in two clocks leaves in one.

    in    p: a0 a1 b0 b1    q: c0 c1 d0 d1
    out   r: a0 a1 c0 c1    s: b0 b1 d0 d1    `clocks` (here two) behind p and q

Between the two stages of a pass over a memory: a and b, or c and d, are the two samples that the
second stage joins. docs/fft.md 5.
"""

from typing import Any

from myhdl import always_comb

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.kernels.bits import constant, word


@module
def commutator(clk, swaps, p, q, r, s, *, clocks: int) -> Any:
    """swaps: in the clocks of b and d. A wait of `clocks` in front of q, and one behind r."""
    waiting, early = word(len(q)), word(len(p))
    wait = shift_line(clk, constant(1), q, waiting, clocks=clocks)
    switch = crossing(swaps, p, waiting, early, s)
    hold = shift_line(clk, constant(1), early, r, clocks=clocks)
    return instances()


@module
def crossing(swaps, p, q, r, s):
    """p and q, straight or swapped; combinational."""

    @always_comb
    def choose():
        if swaps:
            r.next = q
            s.next = p
        else:
            r.next = p
            s.next = q

    return instances()


@module
def opposite(x, y):
    """not x."""

    @always_comb
    def choose():
        y.next = not x

    return instances()
