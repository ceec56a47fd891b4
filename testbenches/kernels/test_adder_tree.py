"""adder_tree: exact sums, corners first, at the promised latency."""

from random import Random

import pytest
from myhdl import StopSimulation, delay

from kolam.kernels.adder_tree import adder_tree, latency
from kolam.testbenches.equivalence import assert_equivalent, bit, simulate, word


def sums(terms: int, width: int, rows: list[list[int]]) -> list[int]:
    """Return what the tree gives for rows of signed terms, one a clock."""
    clk, x = bit(), word(terms * width)
    y = word(width + (terms - 1).bit_length())
    got = []

    def bench():
        for row in rows + [rows[0]] * latency(terms):
            x.next = sum((term & (1 << width) - 1) << width * k for k, term in enumerate(row))
            yield delay(1)
            got.append(int(y.signed()))
            clk.next = True
            yield delay(1)
            clk.next = False
            yield delay(1)
        raise StopSimulation

    simulate(adder_tree(clk, x, y, terms=terms), bench())
    return got[latency(terms) :]


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 7, 8, 11])
def test_sums_are_exact(terms: int) -> None:
    random = Random(terms)
    for width in (2, 6):
        low, high = -(1 << width - 1), (1 << width - 1) - 1
        rows = [[low] * terms, [high] * terms, [low, high] * (terms // 2) + [low] * (terms % 2)]
        rows += [[random.randint(low, high) for _ in range(terms)] for _ in range(30)]
        assert sums(terms, width, rows) == [sum(row) for row in rows]


@pytest.mark.parametrize(
    ("terms", "bits", "said"),
    [(0, (8, 8), "terms must divide the 8 bits of x, not 0"),
     (3, (8, 8), "terms must divide the 8 bits of x, not 3"),
     (4, (8, 3), "y must have 4 bits for an exact sum, not 3")],
)  # fmt: skip
def test_bad_parameters_are_named(terms: int, bits: tuple[int, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        adder_tree(bit(), word(bits[0]), word(bits[1]), terms=terms)


@pytest.mark.parametrize("terms", [1, 2, 5, 8])
def test_verilog_is_the_model(tmp_path, terms: int) -> None:
    p = {"clk": bit(), "x": word(5 * terms), "y": word(5 + (terms - 1).bit_length())}
    assert_equivalent(adder_tree, dict(p, terms=terms), folder=tmp_path, clocks=200)
