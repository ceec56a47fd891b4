"""Sizes at run time: what they mean in beats, where frames enter, and places within them."""

from itertools import product
from pathlib import Path

from kolam.kernels.bits import bits, word
from kolam.kernels.frame_size import (
    frame_size,
    place_inside,
    prefix_beats,
    stage_entry,
    turn_of,
)
from kolam.testbenches.equivalence import bit, replay, run_model


def test_what_a_size_means(tmp_path: Path) -> None:
    """Every size from twice the lanes on; frames of M points pass the last log2 M stages."""
    records = []
    for points, lanes in ((16, 1), (64, 4), (256, 2), (1024, 1), (32, 8)):
        stages = points.bit_length() - 1
        ports = {"log2_points": word(stages.bit_length()), "enters": word(stages + 1)}
        ports |= {name: word(bits(points // lanes)) for name in ("last_beat", "most")}
        sizes = [{"log2_points": k} for k in range(lanes.bit_length(), stages + 1)]
        record = run_model(
            frame_size, {**ports, "points": points, "lanes": lanes}, name=f"size{points}x{lanes}",
            clocks=len(sizes), vectors=sizes,
        )  # fmt: skip
        seen = set()
        for (log2,), (enters, last_beat, most) in record.rows:
            beats = (1 << log2) // lanes
            assert beats >= 2
            assert enters == 1 << stages - log2  # behind so many stages, and nowhere else
            assert (last_beat, most) == (beats - 1, beats - 2)
            seen.add(log2)
        assert seen == {size["log2_points"] for size in sizes}
        records.append(record)
    assert replay(records, tmp_path) == []


def test_where_frames_enter(tmp_path: Path) -> None:
    """Flag, samples and turns at once of the input, or of the stage before, never of both."""
    names = ("enters", "first_next", "x_next", "difference", "y_next", "turns")
    ports = {name: bit() for name in names} | {n: word(6) for n in ("entered", "x", "y")}
    given = ("enters", "first_next", "x_next", "difference")
    every = [dict(zip(given, v, strict=True)) for v in product((0, 1), repeat=len(given))]
    record = run_model(stage_entry, ports, name="entry", clocks=120, vectors=every)
    for inputs, outputs in record.rows:
        row = dict(zip(record.inputs, inputs, strict=True))
        told = dict(zip(record.outputs, outputs, strict=True))
        here = row["enters"]
        assert told["y_next"] == row["first_next" if here else "x_next"]
        assert told["y"] == row["entered" if here else "x"]
        assert told["turns"] == (row["difference"] and not here)
    assert replay([record], tmp_path) == []


def test_a_sample_of_the_input_is_no_difference(tmp_path: Path) -> None:
    every = [dict(zip(("enters", "difference"), v, strict=True)) for v in product((0, 1), repeat=2)]
    ports = {name: bit() for name in ("enters", "difference", "turns")}
    record = run_model(turn_of, ports, name="turn", clocks=12, vectors=every)
    assert {tuple(given): got[0] for given, got in record.rows} == {
        (0, 0): 0, (0, 1): 1, (1, 0): 0, (1, 1): 0,
    }  # fmt: skip
    assert replay([record], tmp_path) == []


def test_places_go_round_in_a_shorter_frame(tmp_path: Path) -> None:
    """Of a count that is not begun again; last_beat is that of a power of two."""
    records = []
    for width in (1, 3, 9):
        ports = {name: word(width) for name in ("at", "last_beat", "y")}
        lasts = [(1 << k) - 1 for k in range(width + 1)]
        record = run_model(
            place_inside, ports, name=f"inside{width}", clocks=200, drive={"last_beat": lasts}
        )
        for (at, last_beat), (y,) in record.rows:
            assert y == at % (last_beat + 1)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_a_prefix_makes_frames_longer(tmp_path: Path) -> None:
    """By as many beats; of a frame of any size, both less two."""
    records = []
    for points in (8, 64, 1024):
        width = bits(points)
        ports = {"inner": word(width), "lead": word(width), "most": word(width + 1)}
        ends = (0, 1, points // 2, points - 2, points - 1)
        every = [
            dict(zip(("inner", "lead"), v, strict=True)) for v in product((0, 6, points - 2), ends)
        ]
        record = run_model(prefix_beats, ports, name=f"lead{points}", clocks=60, vectors=every)
        for inputs, (most,) in record.rows:
            assert most == sum(inputs)
        records.append(record)
    assert replay(records, tmp_path) == []
