"""delay and pulse_delay: y(t) = x(t - clocks)."""

from pathlib import Path

from kolam.kernels.delay import delay, pulse_delay
from kolam.testbenches.equivalence import bit, replay, run_model, word


def test_delay_is_one_clock(tmp_path: Path) -> None:
    records = []
    for width in (1, 2, 9):
        x, y = (bit(), bit()) if width == 1 else (word(width), word(width))
        record = run_model(delay, {"clk": bit(), "x": x, "y": y}, name=f"delay{width}", clocks=100)
        given, got = ([row[k][0] for row in record.rows] for k in (0, 1))
        assert got[1:] == given[:-1]
        records.append(record)
    assert replay(records, tmp_path) == []


def test_pulses_come_later_unless_reset_comes_between(tmp_path: Path) -> None:
    records = []
    for clocks in (1, 2, 3, 8):
        case = {name: bit() for name in ("clk", "rst", "x", "y")}
        record = run_model(
            pulse_delay, {**case, "clocks": clocks}, name=f"pulse{clocks}", clocks=300,
            drive={"rst": lambda clock, random: clock < 2 or random.random() < 0.05},
        )  # fmt: skip
        (rst, x), y = zip(*(given for given, _ in record.rows), strict=True), record.rows
        for t in range(clocks, 300):
            assert y[t][1] == [x[t - clocks] and not any(rst[t - clocks : t])]
        assert sum(got for _, (got,) in record.rows) > 20
        records.append(record)
    assert replay(records, tmp_path) == []
