"""Delay lines: y(t) = x(t - clocks) in enabled clocks, in the text of every target."""

import re
from collections import deque
from pathlib import Path

import pytest

from kolam.hdl.delay_line import ring_line, ring_pair, shift_line
from kolam.hdl.target import Target
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def filled_then_random(clocks):
    """Enabled until the line is full, so that Verilog's x must be gone by then; then now and then.

    For 16 clocks not at all, so that a line that moves without its enable is empty.
    """
    rest = clocks + 20

    def ce(clock, random):
        return clock < rest or (clock >= rest + 16 and random.random() < 0.6)

    return ce


def check_delay(record, clocks, suffix=""):
    """Compare y with the words that were taken, from the clock on that the line is full."""
    names = [*record.inputs, *record.outputs]
    want = None
    line = deque(maxlen=clocks)  # what enabled clocks took
    seen = 0
    for n, (given, got) in enumerate(record.rows):
        row = dict(zip(names, [*given, *got], strict=True))
        if want is not None:
            assert row[f"y{suffix}"] == want, (record.name, n)
            seen += 1
        if row["ce"]:
            line.append(row[f"x{suffix}"])
            want = line[0] if len(line) == clocks else None
    assert seen > 100


def shift_record(width, clocks):
    ports = {"clk": bit(), "ce": bit(), "x": word(width), "y": word(width)}
    return run_model(
        shift_line, {**ports, "clocks": clocks}, name=f"shift{clocks}x{width}",
        clocks=clocks + 240, drive={"ce": filled_then_random(clocks)}, warm_up=clocks,
    )  # fmt: skip


def ring_record(width, abits, target, start=0):
    """Run a ring whose address counts enabled clocks from `start`."""
    size = 1 << abits
    ports = {"clk": bit(), "ce": bit(), "at": word(abits), "x": word(width), "y": word(width)}

    def count(clock, _):  # the signals still hold what the clock before was given
        return (int(ports["at"]) + int(ports["ce"])) % size if clock else start

    # words of the first clocks go where nobody knows, until the write address has followed
    lead = 4 if target is Target.ECP5 else 2
    return run_model(
        ring_line, {**ports, "target": target}, name=f"ring{abits}x{width}", clocks=size + 240,
        drive={"ce": filled_then_random(size), "at": count}, warm_up=size - 1 + lead,
    )  # fmt: skip


def test_shift_line_delays_by_enabled_clocks(tmp_path: Path) -> None:
    records = []
    for clocks in (1, 2, 3, 16, 17, 32, 33, 100):
        for width in (1, 9):
            records.append(shift_record(width, clocks))
            check_delay(records[-1], clocks)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", Target)
def test_ring_line_delays_by_enabled_clocks(tmp_path: Path, target: Target) -> None:
    """From any address on, and round the ring more than once."""
    records = []
    for abits, width, start in ((3, 8, 0), (3, 1, 5), (5, 36, 31), (7, 9, 64)):
        records.append(ring_record(width, abits, target, start=start))
        check_delay(records[-1], (1 << abits) - 1)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize(("abits", "width", "sizes"), [(12, 9, (4, 4, 1)), (13, 3, (2, 1))])
def test_deep_rings_of_ecp5_are_columns(tmp_path: Path, abits, width, sizes) -> None:
    """Of as many bits as one of its block RAMs has at that depth; others, and shallow ones, not."""
    record = ring_record(width, abits, Target.ECP5)
    check_delay(record, (1 << abits) - 1)
    text = record.files[f"rtl/{record.name}.v"]
    made = re.findall(r"reg (?:\[(\d):0\] )?mem_\d+ \[0:(\d+)\]", text)
    assert made == [(str(n - 1) if n > 1 else "", str((1 << abits) - 1)) for n in sizes]
    assert replay([record], tmp_path) == []
    assert "mem_" not in ring_record(9, 11, Target.ECP5).files["rtl/ring11x9.v"]


def test_ring_pair_delays_two_words(tmp_path: Path) -> None:
    """By as many clocks or others, with words as wide or not, more than once round both."""
    records = []
    for clocks, clocks_b, width, width_b in ((7, 7, 8, 8), (31, 15, 9, 12), (15, 63, 18, 1)):
        ports = {"clk": bit(), "ce": bit()}
        for suffix, size in (("", width), ("_b", width_b)):
            ports |= {f"x{suffix}": word(size), f"y{suffix}": word(size)}
        longest = max(clocks, clocks_b)
        records.append(
            run_model(
                ring_pair, {**ports, "clocks": clocks, "clocks_b": clocks_b},
                name=f"pair{clocks}x{clocks_b}", clocks=3 * longest + 240,
                drive={"ce": filled_then_random(longest)}, warm_up=longest,
            )
        )  # fmt: skip
        check_delay(records[-1], clocks)
        check_delay(records[-1], clocks_b, "_b")
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("clocks", [3, 8, 30])
def test_ring_pair_takes_one_less_than_a_power_of_two(clocks: int) -> None:
    ports = {n: word(4) for n in ("x", "y", "x_b", "y_b")} | {"clk": bit(), "ce": bit()}
    with pytest.raises(ValueError, match="clocks must be one less than a power of two from 8"):
        run_model(ring_pair, {**ports, "clocks": 7, "clocks_b": clocks}, name="bad", clocks=9)


def test_targets_differ_where_their_memories_do() -> None:
    """On ECP5 the word that was read passes a second register, which moves into the memory."""
    slow = {
        target for target in Target if "fetched" in ring_record(8, 3, target).files["rtl/ring3x8.v"]
    }
    assert slow == {Target.ECP5}
