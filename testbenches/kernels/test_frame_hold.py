"""frame_hold and frames_under_way: no frame begins while held, and the others are counted."""

from pathlib import Path
from random import Random

import pytest

from kolam.kernels.bits import word
from kolam.kernels.frame_hold import frame_hold, frames_under_way
from kolam.testbenches.equivalence import assert_equivalent, replay, run_model


def test_hold_equals_its_verilog(tmp_path: Path) -> None:
    names = ("s_valid", "s_ready", "s_first", "hold", "m_valid", "m_ready", "begun")
    assert_equivalent(frame_hold, {n: word(1) for n in names}, folder=tmp_path)


@pytest.mark.parametrize("most", [1, 3, 16])
def test_frames_under_way_are_counted(most: int, tmp_path: Path) -> None:
    """Frames that have begun and are not gone; one may begin and one go at once."""
    random, rows, flying = Random(most), [], 0
    wanted = []
    for n in range(600):
        row = {"rst": int(n < 2 or random.random() < 1 / 80)}
        row["gone"] = int(flying > 0 and random.random() < (0.2 if n // 100 % 2 else 0.6))
        row["begun"] = int(flying - row["gone"] < most and random.random() < 0.4)
        rows.append(row)
        wanted.append(flying)
        flying = 0 if row["rst"] else flying + row["begun"] - row["gone"]
    assert {0, most} <= set(wanted)
    ports = {name: word(1) for name in ("clk", "rst", "begun", "gone", "empty")}
    record = run_model(
        frames_under_way, {**ports, "most": most}, name=f"census{most}", clocks=len(rows),
        drive={key: [row[key] for row in rows] for key in rows[0]},
    )  # fmt: skip
    for n, ((_, (empty,)), count) in enumerate(zip(record.rows, wanted, strict=True)):
        assert n < 2 or empty == (count == 0)
    assert replay([record], tmp_path) == []
