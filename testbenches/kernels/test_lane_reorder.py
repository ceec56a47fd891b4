"""lane_reorder: every word of every frame in its turn, at the clock that the page promises.

The memory raises, in the model and in Verilog, where a word is read while it is written.
"""

from pathlib import Path
from random import Random

import pytest

from kolam.hdl.target import Target
from kolam.kernels.frame_reorder import latency
from kolam.kernels.lane_reorder import frames_held, lane_exchange, lane_reorder
from kolam.testbenches.equivalence import assert_equivalent, bit, replay, run_model, word

WIDTH = 9


def reverse(place, points):
    """Return a place with its bits in the reverse order."""
    bits = points.bit_length() - 1
    return int(f"{place:0{bits}b}"[::-1], 2)


def late(points, lanes):
    """Return whether the first beat out needs a word of the last one in: then it is a clock later.

    It begins with the last one in else, and nothing leaves earlier than that.
    """
    return max(reverse(k, points) for k in range(lanes)) // lanes == points // lanes - 1


def schedule(random, points, distances, enabled, resets, gaps, lanes):
    """Return rst, ce, valid and the beat of each clock; frames are `distances` clocks apart.

    Distances are counted in enabled clocks; where it is not enabled or there is no frame, garbage
    is shown. resets: enabled clocks before which there is a reset; frames begin anew there.
    """
    rows = [{"rst": 1, "ce": random.getrandbits(1), "valid": 0} for _ in range(2)]
    beats = points // lanes
    left = [k for n, distance in enumerate(distances, 1) for k in [0] * distance + [n] * beats]
    if gaps:  # within frames as well
        left = [k for n in left for k in [0] * random.choice((0, 0, 1, beats)) + [n]]
    left += [0] * (beats + 5)
    e = begun = 0
    while left:
        if e in resets:
            resets = resets - {e}
            left = [k for k in left if k == 0 or k != begun]  # the rest of a frame never comes
            rows += [{"rst": 1, "ce": random.getrandbits(1), "valid": 0}] * random.choice((1, 2))
        ce = random.random() < enabled
        rows.append(
            {"rst": 0, "ce": int(ce), "valid": left[0] > 0 if ce else random.getrandbits(1)}
        )
        if ce:
            begun = left.pop(0)
            e += 1
    return [
        row | {"valid": int(row["valid"]), "x": random.getrandbits(WIDTH * lanes)} for row in rows
    ]


def wanted(rows, points, target, lanes):
    """Return the beat of each clock in which one is `put`, and how many frames were whole.

    By the head of the kernel: the reader begins in the clock of the last beat, or a clock later.
    """
    put, frame, reading, frames, e = {}, [], [], 0, 0
    for n, row in enumerate(rows):
        if row["rst"]:
            frame, reading = [], []
            put = {clock: v for clock, v in put.items() if clock <= n}
            continue
        if not row["ce"]:
            continue
        if row["valid"]:
            frame += [row["x"] >> WIDTH * lane & (1 << WIDTH) - 1 for lane in range(lanes)]
        if len(frame) == points:
            first = e + late(points, lanes)
            assert not reading or reading[-1][0] < first
            left = [frame[reverse(k, points)] for k in range(points)]
            for beat in range(points // lanes):
                words = left[lanes * beat : lanes * (beat + 1)]
                packed = sum(v << WIDTH * lane for lane, v in enumerate(words))
                reading.append((first + beat, packed))
            frame, frames = [], frames + 1
        if reading and reading[0][0] == e:
            put[n + latency(target)] = reading.pop(0)[1]
        e += 1
    return {clock: v for clock, v in put.items() if clock < len(rows)}, frames


def reorder_record(
    name, points, lanes, distances, *, enabled=1.0, target=Target.GENERIC, resets=(), gaps=False
):
    """Run the model, compare every beat and its clock, and return the record."""
    random = Random(name)
    rows = schedule(random, points, distances, enabled, set(resets), gaps, lanes)
    ports = {n: bit() for n in ("clk", "rst", "ce", "valid", "put")}
    ports |= {n: word(WIDTH * lanes) for n in ("x", "y")}
    record = run_model(
        lane_reorder, {**ports, "points": points, "lanes": lanes, "target": target}, name=name,
        clocks=len(rows), drive={n: [row[n] for row in rows] for n in rows[0]}, when={"y": "put"},
    )  # fmt: skip
    put, frames = wanted(rows, points, target, lanes)
    assert len(distances) - len(resets) <= frames <= len(distances)
    assert len(put) == points // lanes * frames or resets
    index = list(record.outputs).index("put")
    got = {n: out[1 - index] for n, (_, out) in enumerate(record.rows) if out[index]}
    assert got == put, name
    return record


SIZES = [
    (8, 2), (16, 2), (128, 2), (32, 4), (64, 4), (128, 8),  # of one frame
    (4, 2), (16, 4), (64, 8), (8, 4), (32, 8), (64, 16), (128, 16), (64, 32),  # of two
]  # fmt: skip


def test_frames_at_every_distance(tmp_path: Path) -> None:
    """Back to back, one clock apart, and so on until the buffer is long empty."""
    records = [
        reorder_record(f"apart{points}x{lanes}", points, lanes, [*range(11), 0, 0, 1, 0])
        for points, lanes in ((16, 2), (16, 4), (8, 4))
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_sizes(tmp_path: Path, target: Target) -> None:
    """Freely, and with pauses and gaps; also where lane and beat share digits."""
    records = []
    for points, lanes in SIZES:
        apart, size = [0, 0, 0, 1, 2, points // lanes, 0, 0], f"{points}x{lanes}"
        records += [
            reorder_record(f"free{size}", points, lanes, apart, target=target),
            reorder_record(
                f"paused{size}", points, lanes, apart[:6], target=target, enabled=0.5, gaps=True
            ),
        ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize(("points", "lanes"), [(32, 4), (16, 4), (8, 4)])
def test_reset_in_mid_frame(tmp_path: Path, points: int, lanes: int) -> None:
    """At every enabled clock of the second frame, while the first one leaves."""
    beats = points // lanes
    records = [
        reorder_record(
            f"reset{at}", points, lanes, [2, 0, 0, 1, 0, 0], resets=[at, at + 2 * beats + 1],
            enabled=0.8,
        )
        for at in range(beats + 1, 2 * beats + 3)
    ]  # fmt: skip
    assert replay(records, tmp_path) == []


def test_two_frames_are_held_where_a_beat_would_leave_too_early() -> None:
    for points, lanes in [*SIZES, (1024, 2), (1024, 16), (256, 16), (512, 16)]:
        assert frames_held(points, lanes) == 1 + late(points, lanes)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_lane_exchange(tmp_path: Path, digits: int) -> None:
    ports = {"key": word(digits) if digits > 1 else bit(), "x": word(3 * 8), "y": word(3 * 8)}
    sizes = {"lanes": 8, "target": Target.XC7}
    record = assert_equivalent(lane_exchange, {**ports, **sizes}, folder=tmp_path)
    for (key, x), (y,) in record.rows:
        words, swapped = ([v >> 3 * lane & 7 for lane in range(8)] for v in (x, y))
        assert swapped == [words[lane ^ key] for lane in range(8)]
