"""The estimate before synthesis; what yosys counts is compared with it in testbenches/shown."""

from dataclasses import replace

import pytest

from kolam.generators import load
from kolam.generators.design import Memory
from kolam.generators.estimate import _choices, memory_cost


def memory(width, depth, style="block", fields=1):
    return Memory(
        path="u", depth=depth, width=width, fields=fields, ports=2, read_latency=1, style=style,
        contents=None, loadable=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "luts"), [(1, 0), (2, 1), (4, 1), (5, 2), (6, 3), (8, 3), (16, 5), (17, 6)]
)
def test_selectors_of_four_to_one(words, luts):
    assert _choices(words) == luts


@pytest.mark.parametrize(("made", "cost"), [
    (memory(36, 512), {"half_blocks": 1, "lut": 0}),
    (memory(72, 512), {"half_blocks": 2, "lut": 0}),
    (memory(16, 4096), {"half_blocks": 4, "lut": 0}),
    (memory(1, 16384), {"half_blocks": 1, "lut": 0}),
    (memory(64, 512, fields=4), {"half_blocks": 2, "lut": 0}),  # 4 × 18 bits
    (memory(8, 6144), {"half_blocks": 3, "lut": 8}),
    (memory(8, 8400), {"half_blocks": 4, "lut": 40}),  # nine words of four bits in 36
    (memory(8, 13800), {"half_blocks": 6, "lut": 40}),
    (memory(12, 4200), {"half_blocks": 3, "lut": 60}),
    (memory(24, 32, "distributed"), {"lutram": 16, "lut": 5, "ff": 10}),
    (memory(24, 32, "distributed", fields=3), {"lutram": 24, "lut": 5, "ff": 10}),
    (memory(8, 64, "distributed"), {"lutram": 12, "lut": 6, "ff": 12}),
    (memory(8, 128, "distributed"), {"lutram": 24, "lut": 15, "ff": 14}),
    (memory(256, 16, "logic"), {"lut": 256, "ff": 256}),
    (memory(256, 2, "logic"), {"lut": 4, "ff": 4}),
])  # fmt: skip
def test_memories(made, cost):
    assert memory_cost(made) == cost


def test_words_of_36_bits_are_read_by_one():
    table = replace(memory(36, 512), contents="words.hex")
    assert memory_cost(table)["half_blocks"] == 2
    assert memory_cost(replace(table, ports=1))["half_blocks"] == 1
    assert memory_cost(replace(table, loadable=True))["half_blocks"] == 1  # one writes, one reads


def test_more_multipliers_cost_more():
    legal = load("csc-1024").config.legal
    made = [load("csc-1024", set={"parallelism": way[0]}).estimate for way in legal]
    assert [cost["dsp"] for cost in made] == [way[0] for way in legal]
    assert [cost["ff"] for cost in made] == sorted(cost["ff"] for cost in made)
    assert made[0]["lut"] < made[-1]["lut"]
