"""Activations on codes: ReLU, clipped ReLU, and the index of the largest of a frame.

    relu          y = max(x, 0)
    clipped_relu  y = min(max(x, 0), bound)
    argmax        the lowest k with x[k] = max(x)

The first two are combinational, on signed codes of any width; the words between modules are
plain, so y has the bits of x. Where a rounding unit is at hand, round_saturate does the same at
less cost.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits


@module
def relu(x, y) -> Any:
    """Signed word x where it is positive, else 0."""
    top = len(x) - 1

    @always_comb
    def clip():
        if x[top]:
            y.next = 0
        else:
            y.next = x

    return instances()


@module
def clipped_relu(x, y, *, bound: int) -> Any:
    """Signed word x kept within 0 to bound, which is a code of its format, 0 or more."""
    top = len(x) - 1
    if not 0 <= bound < 1 << top:
        raise ValueError(f"bound must be 0 to {(1 << top) - 1}, not {bound!r}")
    below, above = Signal(bool(0)), Signal(bool(0))

    @always_comb
    def look():
        below.next = x[top]
        above.next = x[top:] > bound

    @always_comb
    def clip():
        if below:
            y.next = 0
        elif above:
            y.next = bound
        else:
            y.next = x

    return instances()


@module
def argmax(
    clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data, *,
    elements: int, signed: bool = True,
) -> Any:  # fmt: skip
    """Index of the largest element of a frame, the lowest one of equals; an element a beat.

    m_data has the bits of elements - 1, at least one. Latency: `elements` clocks. Interval: as
    much, but 2 at least, for the last element waits while the result before is not taken.
    """
    if elements < 1:
        raise ValueError(f"elements must be at least 1, not {elements!r}")
    size = len(s_data)
    low, high = (-(1 << size - 1), 1 << size - 1) if signed else (0, 1 << size)
    value, best = (Signal(intbv(0, min=low, max=high)) for _ in range(2))
    at, best_at = (Signal(intbv(0)[bits(elements) :]) for _ in range(2))
    at_last, take, better, full = (Signal(bool(0)) for _ in range(4))

    if signed:

        @always_comb
        def read():
            value.next = s_data.signed()
    else:

        @always_comb
        def read():
            value.next = s_data

    @always_comb
    def compare():
        at_last.next = at == elements - 1
        better.next = at == 0 or value > best

    @always_comb
    def flow():
        s_ready.next = not at_last or not full
        take.next = s_valid and (not at_last or not full)
        m_valid.next = full

    @always(clk.posedge)
    def count():
        if rst:
            at.next = 0
            full.next = False
        else:
            if take:
                if at_last:
                    at.next = 0
                else:
                    at.next = at + 1
            if take and at_last:
                full.next = True
            elif m_ready:
                full.next = False

    @always(clk.posedge)
    def hold():
        if take:
            if better:
                best.next = value
                best_at.next = at
            if at_last:
                if better:
                    m_data.next = at
                else:
                    m_data.next = best_at

    return instances()
