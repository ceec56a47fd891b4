"""Widths of counters and words, and the signals between modules."""

from typing import Any

from myhdl import ConcatSignal, Constant, Signal, intbv, modbv


def bits(count: int) -> int:
    """Return the bits of a counter over `count` values, at least one."""
    return max(1, (count - 1).bit_length())


def word(width: int) -> Any:
    """Return a wire between modules: an unsigned word, or a bool of one bit."""
    return Signal(intbv(0)[width:]) if width > 1 else Signal(bool(0))


def constant(value: int, width: int = 1) -> Any:
    """Return a word that never changes."""
    return Constant(intbv(value)[width:]) if width > 1 else Constant(bool(value))


def concat(parts: list[Any]) -> Any:
    """Return one word of parts, the first in the lowest bits."""
    return parts[0] if len(parts) == 1 else ConcatSignal(*reversed(parts))


def part(bus: Any, high: int, low: int) -> Any:
    """Return bits low and up to high, exclusive, of a word."""
    if (high, low) == (len(bus), 0):
        return bus
    return bus(high, low) if high - low > 1 else bus(low)


def field(bus: Any, index: int, width: int) -> Any:
    """Return word number `index` of a bus of words."""
    return part(bus, (index + 1) * width, index * width)


def extended(value: Any, width: int) -> Any:
    """Return a two's complement word, extended by its sign to a width if it has less."""
    missing = width - len(value)
    return concat([value, *[value(len(value) - 1)] * missing]) if missing > 0 else value


def counter(start: int, width: int) -> Any:
    """Return a signal that wraps at 2**width, for use inside a kernel: counter or sum."""
    return Signal(modbv(start, min=0, max=1 << width))
