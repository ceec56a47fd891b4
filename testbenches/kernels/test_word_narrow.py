"""word_narrow and word_serial: words become codes, pairs of them beats, and beats words."""

from pathlib import Path
from random import Random

import pytest

from kolam.hdl import Rounding
from kolam.kernels.word_narrow import latency, word_narrow, word_serial
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import signed

CLOCKS = 300


def code(value, drop, rounding, width):
    """Return value / 2**drop rounded, within the format, and whether it was limited."""
    whole, rest = divmod(value, 1 << drop)
    half = 1 << drop >> 1
    if rounding is Rounding.HALF_UP:
        whole += drop > 0 and rest >= half
    elif rounding is Rounding.HALF_EVEN:
        whole += drop > 0 and (rest > half or (rest == half and whole % 2))
    low, high = -(1 << width - 1), (1 << width - 1) - 1
    return min(max(whole, low), high), not low <= whole <= high


def narrow_record(name, size, width, drop, rounding, swaps):
    """Narrow words of `size` bits with pauses, and with resets; compare with the formula."""
    random = Random(name)
    ends = (1 << size - 1, (1 << size - 1) - 1, 0, (1 << size) - 1, 1 << drop >> 1, 3 << drop >> 1)
    rows, x, washing = [], 0, 0
    for n in range(CLOCKS):
        rst = n < 2 or n in (100, 200, 201)
        washing = 12 if rst else max(0, washing - 1)
        row = {"rst": rst, "wash": n > 0 and washing > 0, "x": x, "ce": random.random() < 0.8,
               "valid_next": random.random() < 0.7}  # fmt: skip
        rows.append({n: int(value) for n, value in row.items()})
        if row["ce"]:
            x = random.choice([random.getrandbits(size), random.choice(ends) % (1 << size)])
    ports = {n: bit() for n in ("clk", "rst", "wash", "ce", "valid_next", "put", "overflow")}
    beat = width if swaps else 2 * width
    record = run_model(
        word_narrow,
        {**ports, "x": word(size), "y": word(beat), "drop": drop, "rounding": rounding,
         "swaps": swaps},
        name=name, clocks=CLOCKS, vectors=rows[2:], when={"y": "put"},
        drive={"rst": [row["rst"] for row in rows], "wash": [row["wash"] for row in rows]},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    table = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    want, limits, first = {}, set(), None
    for n, row in enumerate(table[:-1]):
        if row["rst"] or row["wash"]:
            first = None
            for late in range(n + 1, n + 9):  # what was on its way is lost
                want.pop(late, None)
                limits.discard(late)
            continue
        if not (row["ce"] and row["valid_next"]):
            continue
        value, limited = code(signed(table[n + 1]["x"], size), drop, rounding, width)
        told = n + 1 + latency(drop, rounding)
        if limited:
            limits.add(told)
        value %= 1 << width
        if first is None:
            first = value
        else:
            want |= {told: value, told + 1: first} if swaps else {told: value << width | first}
            first = None
    got = {n: row["y"] for n, row in enumerate(table) if row["put"]}
    assert got == {n: y for n, y in want.items() if n < CLOCKS}, name
    told = {n for n, row in enumerate(table) if row["overflow"]}
    assert told == {n for n in limits if n < CLOCKS}, name
    return record


@pytest.mark.parametrize("swaps", [False, True], ids=["beats", "words"])
def test_words_become_codes(tmp_path: Path, swaps: bool) -> None:
    """Limited or not, extended where the code is wider, and cut down to the sign."""
    records = [
        narrow_record(f"{rounding.value}{n}", *sizes, rounding, swaps)
        for rounding in Rounding
        for n, sizes in enumerate(((12, 8, 3), (9, 8, 1), (6, 12, 2), (5, 3, 9), (8, 6, 0)))
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("width", [2, 9])
def test_words_of_a_beat_come_one_by_one(tmp_path: Path, width: int) -> None:
    random = Random(width)
    rows, beats, second = [], [], False
    offer = None
    for n in range(CLOCKS):
        rst = n < 2 or n == 100
        if offer is None and not rst and random.random() < 0.7:
            offer = {"s_first": int(random.random() < 0.3), "s_data": random.getrandbits(2 * width)}
        row = {"rst": int(rst), "m_ready": random.getrandbits(1), "s_valid": int(offer is not None)}
        row |= offer or {"s_first": random.getrandbits(1), "s_data": random.getrandbits(2 * width)}
        rows.append(row)
        if rst:
            offer, second = None, False
        elif offer and row["m_ready"]:
            word_now = row["s_data"] >> width if second else row["s_data"] % (1 << width)
            beats.append((n, word_now, int(row["s_first"] and not second), int(second)))
            offer, second = (None, False) if second else (offer, True)
    flags = "clk", "rst", "s_valid", "s_ready", "s_first", "m_valid", "m_ready", "m_first"
    record = run_model(
        word_serial,
        {**{n: bit() for n in flags}, "s_data": word(2 * width), "m_data": word(width)},
        name="serial", clocks=CLOCKS, drive={n: [row[n] for row in rows] for n in rows[0]},
        loose=("m_data", "s_ready", "m_first"),
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    found = []
    for n, (given, got) in enumerate(record.rows):
        row = dict(zip(names, [*given, *got], strict=True))
        if row["m_valid"] and row["m_ready"] and not row["rst"]:
            found.append((n, row["m_data"], row["m_first"], row["s_ready"]))
    assert found == beats
    assert len(found) > 60
    assert replay([record], tmp_path) == []
