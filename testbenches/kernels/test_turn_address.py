"""turn_address: words of twiddles by their angles, in the sine of a circle; docs/fft.md 1 and 2.

Turns and twiddles are written here once more, from the page.
"""

from itertools import product
from math import cos, pi, sin
from pathlib import Path
from random import Random

import pytest

from kolam.kernels.turn_address import circle_place, turn_address, turn_count
from kolam.testbenches.equivalence import bit, replay, run_model, word


def rows_of(record):
    """Return the ports of each clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


def turned(place, after, digits, natural):
    """Return the turn of a sample, in 2**-digits, by the sum over pairs of stages."""

    def digit(m):
        return place >> (digits - m if natural else m - 1) & 1

    pairs = product(range(1, after + 1), range(after + 1, digits + 1))
    return sum(digit(a) * digit(b) << digits - (b - a + 1) for a, b in pairs) % (1 << digits)


@pytest.mark.parametrize("natural", [True, False])
def test_turns_are_those_of_the_page(tmp_path: Path, natural: bool) -> None:
    """Of frames back to back and apart, in enabled clocks."""
    records = []
    for digits, after in ((3, 1), (5, 2), (7, 4)):
        random = Random(digits)
        counts = digits - after if natural else after
        places, ces, told = [], [], []
        for _ in range(3):
            for place in range(2 << digits):
                for ce in [0] * (random.random() < 0.3) + [1]:
                    places.append(place)
                    ces.append(ce)
                    told.append(1)
            for _ in range(random.randrange(3)):
                places.append(0)
                ces.append(random.getrandbits(1))
                told.append(0)
        slow = [place >> counts + 1 for place in places]
        step = [int(f"{s:0{digits - counts}b}"[::-1], 2) for s in slow]
        ports = {n: bit() for n in ("clk", "ce", "ahead")}
        ports |= {"at": word(digits + 1), "turn": word(digits)}
        ports["step"] = word(digits - counts) if digits - counts > 1 else bit()
        record = run_model(
            turn_count, {**ports, "counts": counts}, name=f"turns{digits}n{natural:d}",
            clocks=len(ces) + 1, vectors=[{"ahead": 0}],
            drive={
                "ce": [0, *ces], "ahead": [0, *told], "at": [0, *places], "step": [0, *step],
            },
        )  # fmt: skip
        seen = 0
        for row in rows_of(record):
            if row["ahead"]:
                assert row["turn"] == turned(row["at"] >> 1, after, digits, natural)
                seen += row["turn"] != 0
        assert seen > 1 << digits
        records.append(record)
    assert replay(records, tmp_path) == []


def test_words_of_a_turn_are_a_cosine_and_a_sine(tmp_path: Path) -> None:
    """cos at an even word, -sin at the next one, of every turn."""
    size = 6
    turns = [k // 2 for k in range(2 << size)]
    record = run_model(
        turn_address, {"second": bit(), "turn": word(size), "address": word(size + 1)},
        name="turn_words", clocks=len(turns),
        drive={"turn": turns, "second": [k % 2 for k in range(2 << size)]},
    )  # fmt: skip
    for row in rows_of(record):
        angle = 2 * pi * row["turn"] / (1 << size)
        wanted = -sin(angle) if row["second"] else cos(angle)
        assert abs(sin(2 * pi * row["address"] / (2 << size)) - wanted) < 1e-9
    assert replay([record], tmp_path) == []


@pytest.mark.parametrize("kept", [False, True])
def test_words_of_a_split(tmp_path: Path, kept: bool) -> None:
    """d and -c of element k; of element 0 what is -1, or words that no other element reads."""
    size, records, others, own = 6, [], set(), []
    circle = 2 << size
    record = run_model(
        circle_place,
        {"second": bit(), "element": word(size), "address": word(size + 1), "kept": kept},
        name=f"split_words{kept:d}", clocks=circle,
        drive={
            "element": [k // 2 for k in range(circle)], "second": [k % 2 for k in range(circle)],
        },
    )  # fmt: skip
    records.append(record)
    for row in rows_of(record):
        angle = 2 * pi * row["element"] / circle
        if row["element"]:
            wanted = -cos(angle) if row["second"] else -sin(angle)
            assert abs(sin(2 * pi * row["address"] / circle) - wanted) < 1e-9
            others.add(row["address"])
        else:
            own.append(row["address"])
    assert own == ([circle // 4 + 1, circle // 4 + 3] if kept else [3 * circle // 4] * 2)
    assert not kept or not others & set(own)
    assert replay(records, tmp_path) == []
