"""What joins stages: promises of whole frames, and events."""

from itertools import pairwise, product
from pathlib import Path

from kolam.kernels.link import (
    any_event,
    any_flag,
    any_flag_now,
    both,
    connect,
    either_event,
    equals,
    first_beat,
    link_source,
)
from kolam.testbenches.equivalence import bit, replay, run_model, word


def bits_of(*names):
    return {name: bit() for name in names}


def test_a_frame_begins_where_it_has_a_place_and_then_never_waits(tmp_path: Path) -> None:
    case = bits_of("s_valid", "s_ready", "s_first", "free", "frame_begin", "valid")
    names = ("s_valid", "s_first", "free")
    every = [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=3)]
    record = run_model(link_source, case, name="source", clocks=60, vectors=every)
    for (s_valid, s_first, free), (s_ready, frame_begin, valid) in record.rows:
        moves = s_valid and s_ready
        assert valid == moves
        assert frame_begin == (moves and s_first)
        assert free or not frame_begin
        assert s_ready == (free or not s_first)
    assert replay([record], tmp_path) == []


def test_first_beats_follow_last_ones(tmp_path: Path) -> None:
    case = bits_of("clk", "rst", "valid", "ready", "last", "first")
    record = run_model(first_beat, case, name="first", clocks=300)
    first = 1
    for n, ((rst, valid, ready, last), (told,)) in enumerate(record.rows):
        if n:
            assert told == first
        if rst or (valid and ready):
            first = rst or last
    assert replay([record], tmp_path) == []


def test_flags_and_events_are_told_a_clock_later(tmp_path: Path) -> None:
    records = []
    for width in (1, 2, 5):
        flags = bit() if width == 1 else word(width)
        events = bit() if width == 1 else word(width)
        flagged = run_model(
            any_flag, {**bits_of("clk", "rst", "valid", "seen"), "flags": flags},
            name=f"flag{width}", clocks=150,
        )  # fmt: skip
        for ((rst, valid, given), _), (_, (seen,)) in pairwise(flagged.rows):
            assert seen == (not rst and valid and given != 0)
        happened = run_model(
            any_event, {**bits_of("clk", "rst", "seen"), "events": events},
            name=f"event{width}", clocks=150,
        )  # fmt: skip
        for ((rst, given), _), (_, (seen,)) in pairwise(happened.rows):
            assert seen == (not rst and given != 0)
        records += [flagged, happened]
    assert replay(records, tmp_path) == []


def test_flags_are_told_at_once(tmp_path: Path) -> None:
    """Every word, and each flag alone of many."""
    records = []
    for width in (1, 2, 3, 16):
        flags = bit() if width == 1 else word(width)
        few = [*range(min(8, 1 << width)), *(1 << k for k in range(width)), (1 << width) - 1]
        record = run_model(
            any_flag_now, {"flags": flags, "seen": bit()}, name=f"now{width}", clocks=60,
            vectors=[{"flags": v} for v in few],
        )  # fmt: skip
        assert all(seen == (given != 0) for (given,), (seen,) in record.rows)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_one_event_or_the_other(tmp_path: Path) -> None:
    every = [{"one": one, "other": other} for one, other in product((0, 1), repeat=2)]
    record = run_model(either_event, bits_of("one", "other", "seen"), clocks=20, vectors=every)
    assert all(seen == (one or other) for (one, other), (seen,) in record.rows)
    assert replay([record], tmp_path) == []


def test_both_of_two_flags(tmp_path: Path) -> None:
    every = [{"one": one, "other": other} for one, other in product((0, 1), repeat=2)]
    record = run_model(both, bits_of("one", "other", "seen"), clocks=20, vectors=every)
    assert all(seen == (one and other) for (one, other), (seen,) in record.rows)
    assert replay([record], tmp_path) == []


def test_one_value_of_a_word(tmp_path: Path) -> None:
    records = []
    for width, value in ((1, 0), (1, 1), (3, 0), (3, 5), (8, 255)):
        ports = {"x": bit() if width == 1 else word(width), "seen": bit()}
        record = run_model(
            equals, {**ports, "value": value}, name=f"equals{width}_{value}", clocks=300,
            vectors=[{"x": x} for x in range(1 << width)],
        )  # fmt: skip
        assert all(seen == (given == value) for (given,), (seen,) in record.rows)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_a_name_changes_nothing(tmp_path: Path) -> None:
    records = []
    for width in (1, 2, 40):
        x, y = (bit(), bit()) if width == 1 else (word(width), word(width))
        records.append(run_model(connect, {"x": x, "y": y}, name=f"wire{width}", clocks=40))
        assert all(given == got for given, got in records[-1].rows)
    assert replay(records, tmp_path) == []
