"""cycle_counter and every_turn: the clocks with enable since reset, modulo count."""

from pathlib import Path

from kolam.kernels.bits import bits
from kolam.kernels.cycle_counter import cycle_counter, every_turn
from kolam.testbenches.equivalence import bit, replay, run_model, word


def test_counts_enables_modulo_count(tmp_path: Path) -> None:
    records = []
    for count in (1, 2, 3, 4, 5, 7, 8, 13):
        case = {"clk": bit(), "rst": bit(), "enable": bit()}
        case["at"] = word(bits(count)) if bits(count) > 1 else bit()
        record = run_model(cycle_counter, {**case, "count": count}, name=f"count{count}")
        enabled, turned = 0, 0
        for n, ((rst, enable), (at,)) in enumerate(record.rows):
            if n:
                assert at == enabled % count
            turned += enabled > 0 and at == 0
            enabled = 0 if rst else enabled + enable
        assert turned > 1
        records.append(record)
    assert replay(records, tmp_path) == []


def test_marks_the_first_of_every_turn(tmp_path: Path) -> None:
    records = []
    for turn in (1, 2, 3, 4, 7):
        case = {**{name: bit() for name in ("clk", "rst", "enable", "first")}, "turn": turn}
        record = run_model(every_turn, case, name=f"turn{turn}", clocks=250)
        enabled = 0
        for n, ((rst, enable), (first,)) in enumerate(record.rows):
            if n:
                assert first == (enable and enabled % turn == 0)
            enabled = 0 if rst else enabled + enable
        records.append(record)
    assert replay(records, tmp_path) == []
