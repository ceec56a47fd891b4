"""A word, some clocks later; data are not reset, control is.

y(t) = x(t - clocks), clocks 1 or more.
"""

from myhdl import Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module


@module
def delay(clk, x, y):
    """One register, without reset."""

    @always(clk.posedge)
    def move():
        y.next = x

    return instances()


@module
def pulse_delay(clk, rst, x, y, *, clocks):
    """Delay one bit of control by `clocks`, cleared by reset."""
    line = Signal(intbv(0)[clocks:])
    keep, last = clocks - 1, clocks - 1

    if clocks == 1:

        @always(clk.posedge)
        def move():
            y.next = x and not rst

    else:

        @always(clk.posedge)
        def move():
            if rst:
                line.next = 0
            else:
                line.next = concat(line[keep:], x)

        @always_comb
        def show():
            y.next = line[last]

    return instances()
