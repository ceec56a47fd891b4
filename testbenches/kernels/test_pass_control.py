"""Control of the iterative FFT: passes in order, waiting only where they say, and the buffers."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.kernels.bits import bits
from kolam.kernels.pass_control import (
    bank_enable,
    fetch_phase,
    first_bump,
    frame_load,
    frame_unload,
    give_results,
    pass_control,
    read_place,
    store_results,
    twiddle_index,
)
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def bits_of(*names):
    return {name: bit() for name in names}


def signed(code, width):
    return code - (code >> width - 1 << width)


def rows_of(record):
    """Return the ports of each clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


# ---------------------------------------------------------------------- passes


def begins(rows, turn, passes):
    """Return (clock, pass) of each pass that begins, by the head of the kernel.

    rows: rst, loaded, unloaded. A pass may begin behind the one before; the first of a frame does
    so in the clock after one with `loaded`, and the last of a frame after one with `unloaded`.
    """
    found, number, running = [], 0, 0  # the pass that comes, and clocks left of the one before
    for n, row in enumerate(rows):
        if row["rst"]:
            number, running = 0, 0
            continue
        running = max(0, running - 1)
        if running == 0:
            gates = {0: row["loaded"], passes - 1: row["unloaded"]}
            if gates.get(number, True):
                found.append((n + 1, number))
                number, running = (number + 1) % passes, turn
    return found


def pass_record(name, words, turn, passes, stages, *, clocks=260, full=0.5, empty=0.5, resets=True):
    """Run the control, compare every clock with the passes that must run, and return the record.

    full, empty: how often the buffers allow a pass that needs them.
    """
    random = Random(name)
    size = max(2, stages * (passes - 1))
    rows, flags = [], [0, 0]
    for n in range(clocks):
        for k, share in enumerate((full, empty)):
            if random.random() < max(1 / turn, 1 / 8) or share in (0, 1):
                flags[k] = int(random.random() < share)
        rst = int(n < 2 or (resets and random.random() < 1 / 90))
        rows.append({"rst": rst, "loaded": flags[0], "unloaded": flags[1]})
    told = ("works", "first", "last", "reads_half", "writes_half", "taken", "ends")
    ports = bits_of("clk", "rst", "loaded", "unloaded", *told)
    ports |= {"step": word(bits(turn)), "mask": word(size)}
    record = run_model(
        pass_control,
        {**ports, "words": words, "turn": turn, "passes": passes, "stages": stages}, name=name,
        clocks=clocks, drive={n: [row[n] for row in rows] for n in rows[0]},
    )  # fmt: skip
    starts = dict(begins(rows, turn, passes))
    since, number = None, 0
    for n, row in enumerate(rows_of(record)):
        if n < 2:
            continue
        if n in starts and not rows[n - 1]["rst"]:
            since, number = n, starts[n]
        if since is not None and n == since + turn:  # what comes next is shown while it waits
            since, number = None, (number + 1) % passes
        if rows[n - 1]["rst"]:
            since, number = None, 0
        step = None if since is None else n - since
        wanted = {
            "works": step is not None and step < words,
            "first": number == 0,
            "last": number == passes - 1,
            "writes_half": number % 2,
            "taken": number == 0 and step == turn - 1,
            "ends": step == turn - 1,
            "mask": (1 << size) - 1 >> number * stages << number * stages,
        }
        assert {key: row[key] for key in wanted} == wanted, (name, n)
        if step is not None:
            assert row["step"] == step, (name, n)
            assert row["reads_half"] == (number - 1) % 2  # where the pass before has written
    return record, sorted(starts.items())


SHAPES = [  # words, turn, passes, stages
    (4, 16, 3, 1), (16, 16, 4, 2), (2, 2, 2, 1), (3, 5, 5, 1), (4, 8, 8, 1), (1, 1, 3, 2),
    (2, 3, 2, 2),
]  # fmt: skip


def test_passes_and_where_they_wait(tmp_path: Path) -> None:
    """Buffers are full and empty at random, and for long; resets come at any time."""
    records = []
    for words, turn, passes, stages in SHAPES:
        for full, empty in ((0.3, 0.8), (0.8, 0.3)):
            made, starts = pass_record(
                f"pass{len(records)}", words, turn, passes, stages, full=full, empty=empty
            )
            assert len({number for _, number in starts}) == passes
            records.append(made)
    assert replay(records, tmp_path) == []


def test_no_pause_where_buffers_allow(tmp_path: Path) -> None:
    """Also from frame to frame; a pass that waits needs nothing but its own buffer."""
    records = []
    for words, turn, passes, stages in SHAPES:
        made, starts = pass_record(
            f"free{len(records)}", words, turn, passes, stages, full=1, empty=1, resets=False,
            clocks=200,
        )  # fmt: skip
        assert starts == [(3 + k * turn, k % passes) for k in range(len(starts))]
        assert len(starts) >= 198 // turn
        records.append(made)
        for full, empty, stops in ((0, 1, 0), (1, 0, passes - 1)):
            made, starts = pass_record(
                f"stop{len(records)}", words, turn, passes, stages, full=full, empty=empty,
                resets=False, clocks=60 + passes * turn,
            )  # fmt: skip
            assert [number for _, number in starts] == list(range(stops))
            records.append(made)
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- buffers


@pytest.mark.parametrize("free", [False, True])
def test_samples_are_loaded_until_the_buffer_is_full(tmp_path: Path, free: bool) -> None:
    """It takes none until it is `taken`; then the next one, place 0, in the clock after."""
    records = []
    for points in (2, 8, 32):
        random = Random(points)
        loaded_for, rows = 0, []
        place, full = 0, False
        wanted = []
        for n in range(400):
            row = {"rst": int(n < 2 or random.random() < 1 / 120), "valid": 1, "taken": 0}
            if not free:
                row["valid"] = int(random.random() < 0.7)
            row["taken"] = int(full and loaded_for > (0 if free else random.randrange(9)))
            rows.append(row)
            ready = not full
            wanted.append((ready, int(ready and row["valid"]), place, int(full)))
            if row["rst"]:
                place, full = 0, False
            elif full:
                full = not row["taken"]
            elif row["valid"]:
                full = place == points - 1
                place = (place + 1) % points
            loaded_for = loaded_for + 1 if full else 0
        ports = bits_of("clk", "rst", "valid", "ready", "taken", "we", "loaded")
        record = run_model(
            frame_load, {**ports, "place": word(bits(points)), "points": points},
            name=f"load{points}", clocks=len(rows),
            drive={n: [row[n] for row in rows] for n in rows[0]},
        )  # fmt: skip
        for n, row in enumerate(rows_of(record)):
            if n > 1:
                assert tuple(row[k] for k in ("ready", "we", "place", "loaded")) == wanted[n], n
        assert sum(row["taken"] for row in rows) > 3
        records.append(record)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("free", [False, True])
def test_samples_are_unloaded_once_they_are_written(tmp_path: Path, free: bool) -> None:
    """Not empty from `begun` until the last one is read; where the next pass waits, for a clock."""
    records = []
    for points in (2, 8, 32):
        random = Random(points)
        place, full, empty, told_empty = 0, False, True, 0
        begun = left = 0  # whether a last pass waits or runs, and clocks until it has written
        rows, wanted = [], []
        for n in range(500):
            row = {"rst": int(n < 2 or random.random() < 1 / 150), "begun": begun, "written": 0}
            row["room"] = 1 if free else int(random.random() < 0.6)
            if left:
                left -= 1
                row["written"] = int(left == 0)
            if row["rst"]:
                row["written"] = left = 0
            reads = int(full and row["room"])
            wanted.append((reads, place, int(empty)))
            rows.append(row)
            told_empty += empty
            was_empty = empty
            if row["begun"]:
                empty = False
            if row["written"]:
                full = True
            if reads:
                place = (place + 1) % points
                if place == 0:
                    full, empty = False, True
            if row["rst"]:
                place, full, empty = 0, False, True
            # a last pass begins behind a clock in which the buffer was empty, and not before
            if row["rst"]:
                begun = 0
            elif begun and was_empty and not left:
                left = random.randrange(2, 12)
            elif begun and left == 1:
                begun = random.getrandbits(1)
            elif not begun and not left:
                begun = int(random.random() < (0.9 if free else 0.1))
        ports = bits_of("clk", "rst", "begun", "written", "room", "reads", "unloaded")
        record = run_model(
            frame_unload, {**ports, "place": word(bits(points)), "points": points},
            name=f"unload{points}", clocks=len(rows),
            drive={n: [row[n] for row in rows] for n in rows[0]},
        )  # fmt: skip
        for n, row in enumerate(rows_of(record)):
            if n > 1:
                assert tuple(row[k] for k in ("reads", "place", "unloaded")) == wanted[n], n
        assert sum(row["written"] for row in rows) > 4
        records.append(record)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("free", [False, True])
def test_the_last_samples_come_in_front_too(tmp_path: Path, free: bool, chosen: bool) -> None:
    """A fixed prefix, or one that changes while the buffer is empty and no last pass waits."""
    records = []
    for points, fixed in ((2, 1), (8, 0), (8, 1), (8, 7), (32, 5)):
        random = Random(f"{points} {fixed}")
        prefix = fixed
        order: list[int] = []  # places still to be read
        full, empty, begun, left, done = False, True, 0, 0, 0
        rows, wanted = [], []
        for n in range(900):
            if chosen and empty and not begun and n > 2:
                prefix = random.choice([0, 1, points // 2, points - 1])
            row = {"rst": int(n < 2 or random.random() < 1 / 200), "begun": begun, "written": 0}
            row["room"] = 1 if free else int(random.random() < 0.6)
            row["lead"] = prefix
            if left:
                left -= 1
                row["written"] = int(left == 0)
            if row["rst"]:
                row["written"] = left = 0
            reads = int(full and row["room"])
            wanted.append((reads, order[0] if reads else None, int(empty)))
            rows.append(row)
            was_empty = empty
            if row["begun"]:
                empty = False
            if row["written"]:
                full, order = True, [*range(points - prefix, points), *range(points)]
            if reads:
                order.pop(0)
                if not order:
                    full, empty, done = False, True, done + 1
            if row["rst"]:
                full, empty = False, True
            if row["rst"]:
                begun = 0
            elif begun and was_empty and not left:
                left = random.randrange(2, 12)
            elif begun and left == 1:
                begun = 0 if chosen else random.getrandbits(1)
            elif not begun and not left:
                begun = int(random.random() < (0.5 if free else 0.1))
        ports = bits_of("clk", "rst", "begun", "written", "room", "reads", "unloaded")
        ports |= {"place": word(bits(points)), "points": points}
        ports |= {"lead": word(bits(points))} if chosen else {"prefix": fixed}
        record = run_model(
            frame_unload, ports, name=f"unload{points}p{fixed}", clocks=len(rows),
            drive={n: [row[n] for row in rows] for n in rows[0] if n != "lead" or chosen},
        )  # fmt: skip
        for n, row in enumerate(rows_of(record)):
            reads, place, told = wanted[n]
            assert n < 2 or (row["reads"], row["unloaded"]) == (reads, told), n
            assert place is None or row["place"] == place, n
        assert done > 4
        records.append(record)
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- places and twiddles


def test_twiddles_lose_a_low_bit_with_each_pass(tmp_path: Path) -> None:
    """The page: t = i without its s - 1 lowest bits; a clock later."""
    record = run_model(
        twiddle_index, {**bits_of("clk"), **{n: word(6) for n in ("step", "mask", "at")}},
        name="index", clocks=200, drive={"mask": lambda n, _: 63 >> n // 20 % 7 << n // 20 % 7},
    )  # fmt: skip
    before = None
    for row in rows_of(record):
        assert before is None or row["at"] == before["step"] & before["mask"]
        before = row
    phase = run_model(
        fetch_phase, {**bits_of("clk", "fetches_f"), "step": word(4)}, name="phase", clocks=60
    )
    steps = [row["step"] for row in rows_of(phase)]
    told = [row["fetches_f"] for row in rows_of(phase)]
    assert told[1:] == [step % 2 == 0 for step in steps[:-1]]
    assert replay([record, phase], tmp_path) == []


def test_where_samples_come_from_and_go_to(tmp_path: Path) -> None:
    reading = bits_of("works", "first", "reads_input", "reads_memory")
    every = [dict(zip(("works", "first"), v, strict=True)) for v in product((0, 1), repeat=2)]
    records = [run_model(read_place, reading, name="read", clocks=20, vectors=every)]
    for row in rows_of(records[0]):
        assert row["reads_input"] == (row["works"] and row["first"])
        assert row["reads_memory"] == (row["works"] and not row["first"])
    records.append(run_model(
        store_results, bits_of("works", "last", "stores"), name="store", clocks=20,
        vectors=[dict(zip(("works", "last"), v, strict=True)) for v in product((0, 1), repeat=2)],
    ))  # fmt: skip
    for row in rows_of(records[1]):
        assert row["stores"] == (row["works"] and not row["last"])
    for size in (1, 2, 5):
        ports = bits_of("works", "last", "gives", "written") | {"word": word(size)}
        words = (0, (1 << size) - 1, (1 << size) - 2)
        every = [dict(zip(("works", "last", "word"), v, strict=True))
                 for v in product((0, 1), (0, 1), words)]  # fmt: skip
        record = run_model(give_results, ports, name=f"give{size}", clocks=60, vectors=every)
        for row in rows_of(record):
            assert row["gives"] == (row["works"] and row["last"])
            assert row["written"] == (row["gives"] and row["word"] == (1 << size) - 1)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_a_sample_goes_into_one_bank(tmp_path: Path) -> None:
    records = []
    for lanes in (1, 2, 8):
        size = bits(lanes)
        for number in {0, lanes // 2, lanes - 1}:
            ports = bits_of("fills", "bank", "low", "high") | {"lane": word(size)}
            every = [dict(zip(("fills", "bank", "lane"), v, strict=True))
                     for v in product((0, 1), (0, 1), range(1 << size))]  # fmt: skip
            record = run_model(
                bank_enable, {**ports, "number": number}, name=f"bank{lanes}x{number}",
                clocks=len(every), vectors=every,
            )  # fmt: skip
            for row in rows_of(record):
                here = row["fills"] and row["lane"] == number
                assert (row["low"], row["high"]) == (here and not row["bank"], here and row["bank"])
            records.append(record)
    assert replay(records, tmp_path) == []


def test_the_first_sample_is_bumped(tmp_path: Path) -> None:
    """Both of its parts, at their ends too; all others are extended."""
    records = []
    for width, size, places, bump in (
        (4, 6, 3, 5),
        (4, 4, 2, 0),
        (16, 20, 10, 1 << 17),
        (3, 9, 3, 96),
    ):
        ports = {n: word(width) for n in ("x_re", "x_im")} | {"place": word(places)}
        ports |= {n: word(size) for n in ("y_re", "y_im")}
        ends = (1 << width - 1, (1 << width - 1) - 1, 0)
        spots = (0, 1, 1 << places - 1, (1 << places) - 1)
        every = [
            dict(zip(("place", "x_re", "x_im"), v, strict=True)) for v in product(spots, ends, ends)
        ]
        record = run_model(
            first_bump, {**ports, "bump": bump}, name=f"bump{len(records)}", clocks=120,
            vectors=every,
        )  # fmt: skip
        for row in rows_of(record):
            for part in ("re", "im"):
                wanted = signed(row[f"x_{part}"], width) + (0 if row["place"] else bump)
                assert signed(row[f"y_{part}"], size) == wanted
        records.append(record)
    assert replay(records, tmp_path) == []
