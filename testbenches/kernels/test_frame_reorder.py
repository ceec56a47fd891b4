"""frame_reorder: every word of every frame in its turn, at the clock that the page promises.

The memory raises, in the model and in Verilog, where a word is read while it is written.
"""

from pathlib import Path
from random import Random

import pytest
from myhdl import StopSimulation, delay

from kolam.hdl.target import Target
from kolam.kernels.bits import bits
from kolam.kernels.frame_reorder import frame_reorder, latency, spread
from kolam.testbenches.equivalence import (
    assert_equivalent,
    bit,
    forgotten_signals,
    replay,
    run_model,
    simulate,
    word,
)

WIDTH = 9


def reverse(place, points):
    """Return a place with its bits in the reverse order."""
    bits = points.bit_length() - 1
    return int(f"{place:0{bits}b}"[::-1], 2)


def schedule(random, points, distances, enabled, resets, gaps):
    """Return rst, ce, valid and the word of each clock; frames are `distances` clocks apart.

    Distances are counted in enabled clocks; where it is not enabled or there is no frame, garbage
    is shown. resets: enabled clocks before which there is a reset; frames begin anew there.
    """
    rows = [{"rst": 1, "ce": random.getrandbits(1), "valid": 0} for _ in range(2)]
    left = [k for n, distance in enumerate(distances, 1) for k in [0] * distance + [n] * points]
    if gaps:  # within frames as well
        left = [k for n in left for k in [0] * random.choice((0, 0, 1, points)) + [n]]
    left += [0] * (points + 4)
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
    return [row | {"valid": int(row["valid"]), "x": random.getrandbits(WIDTH)} for row in rows]


def wanted(rows, points, target):
    """Return the word of each clock in which one is `put`, and how many frames were whole.

    By the head of the kernel: the reader begins in the clock of the last word, and goes on.
    """
    put, frame, reading, frames = {}, [], [], 0
    for n, row in enumerate(rows):
        if row["rst"]:
            frame, reading = [], []
            put = {clock: v for clock, v in put.items() if clock <= n}
            continue
        if not row["ce"]:
            continue
        if row["valid"]:
            frame.append(row["x"])
        if len(frame) == points:
            assert not reading  # there is room for one frame
            reading = [frame[reverse(k, points)] for k in range(points)]
            frame, frames = [], frames + 1
        if reading:
            put[n + latency(target)] = reading.pop(0)
    return {clock: v for clock, v in put.items() if clock < len(rows)}, frames


def reorder_record(
    name, points, distances, *, enabled=1.0, target=Target.GENERIC, resets=(), gaps=False
):
    """Run the model, compare every word and its clock, and return the record."""
    random = Random(name)
    rows = schedule(random, points, distances, enabled, set(resets), gaps)
    ports = {n: bit() for n in ("clk", "rst", "ce", "valid", "put")}
    ports |= {n: word(WIDTH) for n in ("x", "y")}
    record = run_model(
        frame_reorder, {**ports, "points": points, "target": target}, name=name, clocks=len(rows),
        drive={n: [row[n] for row in rows] for n in rows[0]}, when={"y": "put"},
    )  # fmt: skip
    put, frames = wanted(rows, points, target)
    assert len(distances) - len(resets) <= frames <= len(distances)
    assert len(put) == points * frames or resets
    index = list(record.outputs).index("put")
    got = {n: out[1 - index] for n, (_, out) in enumerate(record.rows) if out[index]}
    assert got == put, name
    return record


def test_frames_at_every_distance(tmp_path: Path) -> None:
    """Back to back, one clock apart, and so on until the buffer is long empty."""
    records = [
        reorder_record(f"apart{points}", points, [*range(points + 3), 0, 0, 1, 0])
        for points in (4, 8)
    ]
    records += [
        reorder_record("apart16", 16, [0, 0, 1, 2, 15, 16, 17, 0]),
        reorder_record("apart64", 64, [0, 0, 1, 63, 64, 3]),
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_with_pauses(tmp_path: Path, target: Target) -> None:
    """Words come as many clocks after an enabled edge, whether the next is enabled or not."""
    records = []
    for points, enabled in ((4, 0.3), (8, 0.8), (32, 0.5)):
        random = Random(points)
        distances = [random.choice((0, 0, 1, 2, points - 1, points)) for _ in range(7)]
        records.append(
            reorder_record(f"n{points}", points, distances, enabled=enabled, target=target)
        )
    records.append(reorder_record("free", 16, [0] * 6, target=target))
    records.append(reorder_record("gaps", 8, [0] * 6, target=target, enabled=0.7, gaps=True))
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_reset_in_mid_frame(tmp_path: Path, target: Target) -> None:
    """At every enabled clock of the second frame, while the first one leaves."""
    records = [
        reorder_record(
            f"reset{at}", 8, [2, 0, 0, 1, 0, 0], target=target, resets=[at, at + 17], enabled=0.8
        )
        for at in range(9, 19)
    ]
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- smaller frames, prefixes


def prefix_ports(points, doors):
    """Return fresh signals of a buffer with a prefix, and of sizes from points down, or none."""
    ports = {n: bit() for n in ("clk", "rst", "ce", "valid", "put", "room", "allows")}
    ports |= {n: word(WIDTH) for n in ("x", "y")}
    ports |= {n: word(bits(points)) for n in ("last_beat", "lead")}
    return ports | ({"enters": word(doors)} if doors > 1 else {})


def prefix_rows(random, points, size, lead, frames, *, room, enabled, doors, target):
    """Feed frames as a pipeline that moves only where it was allowed; return inputs, and words out.

    Frames are of garbage, in bit-reversed order, with bubbles between and within them.
    """
    ports = prefix_ports(points, doors)
    fixed = {"last_beat": size - 1, "lead": lead}
    if doors > 1:
        fixed["enters"] = 1 << (points // size).bit_length() - 1
    left = [None] * 3
    for _ in range(frames):
        left += [None] * random.choice((0, 0, 1, 3))
        left += [v for _ in range(size) for v in [*[None] * (random.random() < 0.1), 1]]
    words = [random.getrandbits(WIDTH) for _ in range(frames * size)]
    sent, rows, out = iter(words), [], []

    def bench():
        allowed = False
        value = 0
        for clock in range(40 * len(left)):
            ce = clock > 3 and allowed and random.random() < enabled
            if ce and left:  # what the last edge brought is written, and what is next is shown
                left.pop(0)
            here = bool(left) and left[0] is not None
            if ce or clock == 4:
                value = next(sent) if here else random.getrandbits(WIDTH)
            row = {
                "rst": clock < 3, "ce": ce, "valid": here, "x": value,
                "room": random.random() < room, **fixed,
            }  # fmt: skip
            rows.append({n: int(v) for n, v in row.items()})
            for name, v in rows[-1].items():
                ports[name].next = v
            ports["clk"].next = 0
            yield delay(1)
            allowed = bool(ports["allows"])
            assert not allowed or row["room"]
            if clock > 3 and ports["put"]:
                out.append((clock, int(ports["y"])))
            if not left and len(out) == frames * (size + lead):
                raise StopSimulation
            ports["clk"].next = 1
            yield delay(1)
        raise AssertionError("all frames must leave in the end")

    with forgotten_signals():
        simulate(frame_reorder(**ports, points=points, target=target), bench())
    return rows, words, out


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_the_last_words_come_in_front_too(tmp_path: Path, target: Target) -> None:
    """By the page, 9: a prefix and then the frame in order, whatever pauses there are."""
    records = []
    for number, (points, size, lead, doors) in enumerate(
        [
            (8, 8, 0, 1), (8, 8, 1, 1), (8, 8, 7, 1), (16, 16, 5, 1), (16, 4, 3, 3), (16, 8, 0, 2),
            (32, 8, 2, 3), (32, 32, 31, 3),
        ]
    ):  # fmt: skip
        for room, enabled in ((1.0, 1.0), (0.6, 1.0), (0.7, 0.6)):
            random = Random(f"{number} {room} {enabled}")
            rows, words, out = prefix_rows(
                random, points, size, lead, 5, room=room, enabled=enabled, doors=doors,
                target=target,
            )  # fmt: skip
            wanted = []
            for k in range(0, len(words), size):
                frame = [words[k + reverse(place, size)] for place in range(size)]
                wanted += frame[size - lead :] + frame
            assert [v for _, v in out] == wanted
            records.append(
                run_model(
                    frame_reorder,
                    {**prefix_ports(points, doors), "points": points, "target": target},
                    name=f"p{number}_{len(records)}", clocks=len(rows), when={"y": "put"},
                    drive={n: [row[n] for row in rows] for n in rows[0]},
                )
            )  # fmt: skip
    assert replay(records, tmp_path) == []


def test_spread(tmp_path: Path) -> None:
    """A place of a smaller frame, times two for each stage that it has left out."""
    ports = {"enters": word(4), "count": word(6), "y": word(6)}
    drive = {"enters": [1, 2, 4, 8], "count": range(8)}
    record = assert_equivalent(spread, ports, folder=tmp_path, drive=drive)
    for (enters, count), (y,) in record.rows:
        assert y == count << enters.bit_length() - 1


def test_natural_and_reversed_are_each_others_reverse() -> None:
    """The same order of places serves both ways."""
    for points in (2, 4, 8, 16, 32, 64):
        places = [reverse(k, points) for k in range(points)]
        assert sorted(places) == list(range(points))
        assert [places[p] for p in places] == list(range(points))
    assert [reverse(k, 8) for k in range(8)] == [0, 4, 2, 6, 1, 5, 3, 7]
