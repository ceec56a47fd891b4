"""A bias, added exactly: total = sum + bias, one clock, all three of one width."""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def bias_add(clk, products, bias, total):
    """Two's complement words; the total fits by the choice of their width."""
    added = counter(0, len(total))

    @always(clk.posedge)
    def add():
        added.next = products + bias

    @always_comb
    def show():
        total.next = added

    return instances()
