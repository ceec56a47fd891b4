"""Addresses that come round: 0, 1, ... count - 1, 0, ..."""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def cycle_counter(clk, rst, enable, at, *, count):
    """Step on at every clock with enable."""
    now = counter(0, bits(count))

    @always(clk.posedge)
    def step():
        if rst:
            now.next = 0
        elif enable:
            if now == count - 1:
                now.next = 0
            else:
                now.next = now + 1

    @always_comb
    def show():
        at.next = now

    return instances()


@module
def every_turn(clk, rst, enable, first, *, turn):
    """Mark the first of every `turn` clocks with enable."""
    now = counter(0, bits(turn))

    @always(clk.posedge)
    def step():
        if rst:
            now.next = 0
        elif enable:
            if now == turn - 1:
                now.next = 0
            else:
                now.next = now + 1

    @always_comb
    def show():
        first.next = enable and now == 0

    return instances()
