"""exchange_step: every lane at every key, in the model and in Verilog."""

from pathlib import Path

import pytest

from kolam.hdl.lane_exchange import exchange_step
from kolam.hdl.module import emit
from kolam.testbenches.equivalence import assert_equivalent, bit, word

STEPS = [(1, 2, 1), (1, 4, 2), (2, 4, 1), (1, 8, 4), (2, 8, 2), (2, 16, 4)]


def ports(key, lanes, width):
    return {
        "key": bit() if key == 1 else word(key), "x": word(lanes * width), "y": word(lanes * width),
    }  # fmt: skip


@pytest.mark.parametrize(("key", "lanes", "distance"), STEPS)
def test_exchange(tmp_path: Path, key: int, lanes: int, distance: int) -> None:
    width = 5
    made = {**ports(key, lanes, width), "lanes": lanes, "distance": distance}
    record = assert_equivalent(exchange_step, made, folder=tmp_path, clocks=120)
    assert {row[0] for row, _ in record.rows} == set(range(1 << key))
    for (chosen, x), (y,) in record.rows:
        words, moved = ([v >> k * width & (1 << width) - 1 for k in range(lanes)] for v in (x, y))
        assert moved == [words[k ^ distance * chosen] for k in range(lanes)]


@pytest.mark.parametrize("whole", [False, True])
def test_whole_is_told_to_synthesis(whole: bool) -> None:
    made = emit(
        exchange_step, "dut", {**ports(2, 4, 3), "lanes": 4, "distance": 1, "whole": whole}
    )  # fmt: skip
    assert made.files["rtl/dut.v"].count("(* keep_hierarchy *)") == whole
