"""bits: widths, and the words that modules exchange."""

import pytest
from myhdl import intbv

from kolam.kernels.bits import bits, concat, constant, counter, field, word


def test_bits_hold_every_value_and_not_fewer() -> None:
    for count in range(1, 300):
        width = bits(count)
        assert count <= 2**width
        assert width == 1 or count > 2 ** (width - 1)


def test_words_are_unsigned_and_a_bit_is_a_bool() -> None:
    for width in (2, 3, 64, 200):
        assert (word(width).min, word(width).max) == (0, 2**width)
        assert len(constant(5 % 2**width, width)) == width
        assert int(constant(5 % 2**width, width)) == 5 % 2**width
    assert word(1)._type is bool
    assert constant(1)._type is bool
    assert [int(constant(0)), int(constant(1))] == [0, 1]


def test_fields_of_what_was_put_together() -> None:
    for width in (1, 2, 7):
        for count in (1, 2, 5):
            values = [(3 * k + 1) % 2**width for k in range(count)]
            bus = concat([constant(value, width) for value in values])
            assert len(bus) == count * width
            assert int(bus) == sum(value << k * width for k, value in enumerate(values))
            assert [int(field(bus, k, width)) for k in range(count)] == values


def test_a_counter_wraps() -> None:
    for width in (1, 5):
        now = counter(3 % 2**width, width)
        for value in (2**width, 2**width + 1, -1):
            now.next = value
            assert now.next == value % 2**width


def test_a_word_does_not_wrap() -> None:
    with pytest.raises(ValueError, match="16 >= maximum 16"):
        word(4).next = intbv(16)
