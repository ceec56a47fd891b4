"""What a rotator is made of: places, marks and flags, and with a table and a multiplier, turns.

Turns and twiddles are written here once more, from docs/fft.md 1 and 2.
"""

from itertools import product
from math import cos, pi, sin
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from kolam.hdl import instances, module
from kolam.hdl.complex_multiply import complex_multiply, latency
from kolam.hdl.image import Image
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.kernels.bits import word as wire
from kolam.kernels.rotator import bump_mark, flag_delay, sample_place
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def rows_of(record):
    """Return the ports of each clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


# ---------------------------------------------------------------------- places, marks and flags


def flags(random, clocks, enabled, longest):
    """Return the enable and a flag that moves with it, both low and enabled at the beginning."""
    ces, told = [1] * 8, [0] * 8
    while len(ces) < clocks:
        flag = random.random() < 0.7
        for _ in range(random.randint(1, longest)):
            while random.random() >= enabled:
                ces.append(0)
                told.append(flag)
            ces.append(1)
            told.append(flag)
    return ces[:clocks], told[:clocks]


def test_places_count_from_the_first_sample(tmp_path: Path) -> None:
    """For as long as samples follow each other, also beyond the end of the table."""
    records = []
    for size in (1, 2, 5):
        for enabled in (1.0, 0.5):
            name = f"place{size}x{enabled:.0f}"
            ces, told = flags(Random(name), 500, enabled, 1 << size + 1)
            ports = {n: bit() for n in ("clk", "ce", "ahead")} | {"at": word(size)}
            record = run_model(
                sample_place, ports, name=name, clocks=500, drive={"ce": ces, "ahead": told}
            )
            place, checked = 0, 0
            for n, row in enumerate(rows_of(record)):
                if row["ahead"]:  # else it is the place of no sample
                    assert row["at"] == place % (1 << size), (name, n)
                    checked += 1
                    place += row["ce"]
                else:
                    place = 0
            assert checked > 150
            records.append(record)
    assert replay(records, tmp_path) == []


def test_places_without_the_masked_bits_are_marked(tmp_path: Path) -> None:
    records = []
    for size, unmarked in ((1, 1), (3, 0b011), (3, 0), (6, 0b101000), (6, 63)):
        for clocks in (1, 2):
            name = f"mark{size}x{unmarked}x{clocks}"
            ports = {n: bit() for n in ("clk", "ce", "marks")} | {"at": word(size)}
            record = run_model(
                bump_mark, {**ports, "unmarked": unmarked, "clocks": clocks}, name=name, clocks=300,
                vectors=[{"ce": 1}] * 2,
            )  # fmt: skip
            taken, found = [], []
            for row in rows_of(record):
                if len(taken) >= clocks:
                    assert row["marks"] == (taken[-clocks] & unmarked == 0), name
                    found.append(row["marks"])
                if row["ce"]:
                    taken.append(row["at"])
            assert any(found)
            assert all(found) == (unmarked == 0)
            records.append(record)
    assert replay(records, tmp_path) == []


def test_flags_are_late_by_enabled_clocks(tmp_path: Path) -> None:
    records = []
    for clocks in (1, 2, 3, 5, 9):
        ports = {n: bit() for n in ("clk", "ce", "x", "y")}
        record = run_model(
            flag_delay, {**ports, "clocks": clocks}, name=f"flag{clocks}", clocks=300,
            vectors=[{"ce": 1}] * clocks,
        )  # fmt: skip
        taken = []
        for row in rows_of(record):
            if len(taken) >= clocks:
                assert row["y"] == taken[-clocks]
            if row["ce"]:
                taken.append(row["x"])
        assert 10 < sum(taken) < len(taken) - 10
        records.append(record)
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- the whole


def turn(place, after, first, last):
    """Return the part of a circle that the page gives to a place, whose first digit is highest."""
    digit = {m: place >> last - m & 1 for m in range(first, last + 1)}
    return sum(
        digit[a] * digit[b] * 2.0 ** -(b - a + 1)
        for a, b in product(range(first, after + 1), range(after + 1, last + 1))
    )


def twiddle(place, triple, fraction):
    """Return the integers c and d of the page."""
    angle = 2 * pi * turn(place, *triple)
    return round(2**fraction * cos(angle)), round(-(2**fraction) * sin(angle))


@module
def whole(
    clk, ce, x_ahead, x_next, x_re, x_im, at, y_next, y_re, y_im, *,
    image, fraction, bump, unmarked, ahead, target,
):  # fmt: skip
    """A rotator as an engine places it, and its table, read `ahead` clocks before the sample."""
    clocks = latency(target, len(x_re), image.width // 2)
    turns, bumps = wire(image.width), wire(1)
    place = sample_place(clk, ce, x_ahead, at)  # noqa: F841
    told = flag_delay(clk, ce, x_next, y_next, clocks=clocks)  # noqa: F841
    lookup = table(clk, ce, at, turns, image=image, latency=ahead)  # noqa: F841
    mark = bump_mark(clk, ce, at, bumps, unmarked=unmarked, clocks=ahead)  # noqa: F841
    multiply = complex_multiply(  # noqa: F841
        clk, ce, x_re, x_im, turns, y_re, y_im, bumps, fraction=fraction, bump=bump, target=target
    )
    return instances()


@pytest.mark.parametrize(
    ("triple", "width", "twiddle_bits", "bump", "target"),
    [
        ((2, 1, 4), 8, 8, 4, Target.XC7),
        ((4, 3, 5), 20, 18, 1, Target.GENERIC),
        ((2, 1, 4), 20, 14, 2, Target.ECP5),  # too wide for its blocks; its tables take two clocks
    ],
)
def test_samples_are_turned_by_their_place(
    tmp_path: Path, triple, width: int, twiddle_bits: int, bump: int, target: Target
) -> None:
    """Frames back to back and apart, of a table's length or twice that."""
    after, first, last = triple
    fraction, size, clocks = twiddle_bits - 2, last - first + 1, 700
    depth, mask = 1 << size, (1 << twiddle_bits) - 1
    how = SimpleNamespace(
        ahead=2 if target is Target.ECP5 else 1, unmarked=(1 << last - after) - 1, bump=bump
    )
    turns = [twiddle(place, triple, fraction) for place in range(depth)]
    image = Image("turns", 2 * twiddle_bits, tuple((d & mask) << twiddle_bits | c & mask
                                                   for c, d in turns))  # fmt: skip
    random = Random(str(triple))
    valid = [0] * 8  # by enabled clock, of the samples
    while len(valid) < clocks:
        valid += [1] * depth * random.randint(1, 2) + [0] * random.choice((0, 0, 1, 2, 5))
    ends = (1 << width - 1, (1 << width - 1) - 1)
    rows, e = [], 0
    for n in range(clocks):
        ce = n < 8 or random.random() < 0.8
        row = {"ce": ce, "x_next": valid[e + 1], "x_ahead": valid[e + how.ahead]}
        row |= {p: random.choice((*ends, random.getrandbits(width))) for p in ("x_re", "x_im")}
        rows.append(row)
        e += ce
    ports = {n: bit() for n in ("clk", "ce", "x_ahead", "x_next", "y_next")} | {"at": word(size)}
    ports |= {n: word(width) for n in ("x_re", "x_im")}
    ports |= {n: word(width + 2) for n in ("y_re", "y_im")}
    record = run_model(
        whole, {**ports, **vars(how), "image": image, "fraction": fraction, "target": target},
        name="turned", clocks=clocks, drive={n: [int(row[n]) for row in rows] for n in rows[0]},
    )  # fmt: skip
    shown = [row for row in rows_of(record) if row["ce"]]
    late = latency(target, width, twiddle_bits)
    place, bumped = 0, 0
    for e, row in enumerate(shown[:-late]):
        assert shown[e + late - 1]["y_next"] == valid[e] or e < 1
        if not valid[e]:
            place = 0
            continue
        a, b = (signed(row[part], width) for part in ("x_re", "x_im"))
        c, d = turns[place % depth]
        more = bump if place & how.unmarked == 0 else 0
        half = 2 ** (fraction - 1)
        want = ((a * c - b * d + half) // 2**fraction, (a * d + b * c + half) // 2**fraction)
        got = tuple(signed(shown[e + late][part], width + 2) for part in ("y_re", "y_im"))
        assert got == (want[0] + more, want[1] + more), (e, place)
        place += 1
        bumped += more > 0
    assert bumped > 60
    assert replay([record], tmp_path) == []


def signed(code, width):
    return code - (code >> width - 1 << width)


def test_quarters_of_a_circle_are_exact() -> None:
    """A check of the page's own equations, as they are written above."""
    assert {turn(place, 2, 1, 3) for place in range(8)} == {0, 0.25, 0.125, 0.375}
    assert twiddle(0b101, (2, 1, 3), 6) == (round(64 * cos(pi / 4)), -45)
    assert twiddle(0b011, (2, 1, 3), 6) == (0, -64)
