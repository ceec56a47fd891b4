"""Sum of many signed words, a register after every adder: y(t) = sum of x[k](t - latency).

Exact: y has ceil(log2(terms)) bits more than a term. latency = ceil(log2(terms)) clocks, one
for a single term; a sum a clock; terms - 1 adders. No reset: data only.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import field, word


def latency(terms: int) -> int:
    """Return the clocks from terms to sum."""
    return max(1, (terms - 1).bit_length())


@module
def adder_tree(clk, x, y, *, terms: int) -> Any:
    """Add `terms` signed words of one width, side by side in x, the first in the lowest bits."""
    if terms < 1 or len(x) % terms:
        raise ValueError(f"terms must divide the {len(x)} bits of x, not {terms!r}")
    width = len(x) // terms
    if len(y) != width + (terms - 1).bit_length():
        raise ValueError(
            f"y must have {width + (terms - 1).bit_length()} bits for an exact sum, not {len(y)}"
        )
    level = [field(x, k, width) for k in range(terms)]
    adders, sums = [], []
    while len(level) > 2:
        width += 1
        above = [word(width) for _ in range(-(-len(level) // 2))]
        for k, total in enumerate(above):
            pair = level[2 * k : 2 * k + 2]
            adders.append(add(clk, *pair, total) if len(pair) == 2 else extend(clk, *pair, total))
        sums.append(above)
        level = above
    root = add(clk, *level, y) if len(level) == 2 else extend(clk, *level, y)
    return instances()


@module
def add(clk, a, b, y) -> Any:
    """Add two signed words of one width; y has one bit more."""
    half = 1 << len(a) - 1
    left, right = (Signal(intbv(0, min=-half, max=half)) for _ in range(2))
    total = Signal(intbv(0, min=-2 * half, max=2 * half))
    width = len(y)

    @always_comb
    def read():
        left.next = a.signed()
        right.next = b.signed()

    @always(clk.posedge)
    def store():
        total.next = left + right

    @always_comb
    def show():
        y.next = total[width:]

    return instances()


@module
def extend(clk, a, y) -> Any:
    """Hold a signed word for a clock; y may have more bits."""
    half = 1 << len(a) - 1
    value = Signal(intbv(0, min=-half, max=half))
    wide = 1 << len(y) - 1
    held = Signal(intbv(0, min=-wide, max=wide))
    width = len(y)

    @always_comb
    def read():
        value.next = a.signed()

    @always(clk.posedge)
    def store():
        held.next = value

    @always_comb
    def show():
        y.next = held[width:]

    return instances()
