"""One of two words; the parts of complex samples as they are, or exchanged."""

from typing import Any

from myhdl import always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import concat, field


@module
def choose(other, x, x_other, y):
    """A word, or where `other` is set the other one."""

    @always_comb
    def decide():
        if other:
            y.next = x_other
        else:
            y.next = x

    return instances()


@module
def exchange(swaps, x, y, *, parts: int) -> Any:
    """Words of `parts` parts, re and im of complex numbers in turn; exchanged where `swaps`."""
    size = len(x) // parts
    turned = concat([field(x, k ^ 1, size) for k in range(parts)])
    choice = choose(swaps, x, turned, y)
    return instances()
