"""First in, first out: words in an addressable shift register, so that data cost no LUT.

Latency 1, a word a clock. Two kinds of writer:

    stream_fifo  the writer waits: s_ready while there is a free word
    output_fifo  the writer cannot wait: it begins what brings words only after it saw `room`

style "shift" is for devices that make shift registers of LUTs (SRL), "ram" for all others.
"""

from typing import Any

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.hdl.memories import shift_ram
from kolam.kernels.bits import word

LATENCY = 1


@module
def stream_fifo(
    clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data, *,
    depth: int, style: str = "shift",
) -> Any:  # fmt: skip
    """FIFO of `depth` words (a power of two from 2); s_ready while there is a free one."""
    push, oldest = word(1), word(address_bits(depth))
    gate = fifo_gate(s_valid, s_ready, m_valid, oldest, push, depth=depth)
    level = fifo_level(clk, rst, push, m_valid, m_ready, oldest, depth=depth)
    words = shift_ram(clk, push, s_data, oldest, m_data, depth=depth, style=style)
    return instances()


@module
def output_fifo(
    clk, rst, s_valid, s_data, m_valid, m_ready, m_data, room, *,
    depth: int, reserve: int, style: str = "shift",
) -> Any:  # fmt: skip
    """FIFO of `depth` words (a power of two from 2) behind a writer that cannot wait.

    A writer that sees `room` (a register) may write `reserve` words from that clock on, those
    it has begun and not yet written among them. reserve is 1 to depth - 1. In simulation a word
    beyond the depth is an error.
    """
    oldest = word(address_bits(depth))
    if not 1 <= reserve < depth:
        raise ValueError(f"reserve must be 1 to {depth - 1}, not {reserve!r}")
    level = fifo_level(clk, rst, s_valid, m_valid, m_ready, oldest, depth=depth)
    free = fifo_room(clk, rst, m_valid, oldest, room, depth=depth, reserve=reserve)
    words = shift_ram(clk, s_valid, s_data, oldest, m_data, depth=depth, style=style)
    return instances()


@module
def fifo_level(clk, rst, push, m_valid, m_ready, oldest, *, depth: int) -> Any:
    """Level of a FIFO, kept as the address of the oldest word: its sign says that it is empty."""
    bits = len(oldest)
    last = Signal(intbv(-1, min=-1, max=depth))
    pop = Signal(bool(0))

    @always_comb
    def show():
        m_valid.next = last >= 0
        oldest.next = last[bits:]
        pop.next = last >= 0 and m_ready

    @always(clk.posedge)
    def count():
        if rst:
            last.next = -1
        elif push != pop:
            if push:
                last.next = last + 1
            else:
                last.next = last - 1

    return instances()


@module
def fifo_gate(s_valid, s_ready, m_valid, oldest, push, *, depth: int) -> Any:
    """Input side of a FIFO: words enter while one is free."""

    @always_comb
    def gate():
        s_ready.next = not m_valid or oldest != depth - 1
        push.next = s_valid and (not m_valid or oldest != depth - 1)

    return instances()


@module
def fifo_room(clk, rst, m_valid, oldest, room, *, depth: int, reserve: int) -> Any:
    """Register that says that `reserve` words are free, whatever is written in this clock."""

    @always(clk.posedge)
    def look():
        if rst:
            room.next = False
        else:
            room.next = not m_valid or oldest < depth - 1 - reserve

    return instances()


def address_bits(depth: int, name: str = "depth") -> int:
    """Return the bits of an address below depth, a power of two from 2; ValueError for another."""
    if depth < 2 or depth & (depth - 1):
        raise ValueError(f"{name} must be a power of two from 2, not {depth!r}")
    return depth.bit_length() - 1
