"""word_eighth: samples are turned by eighths as docs/fft.md 2 has it, bit for bit.

Twiddles are written here once more, from the page; time is counted in enabled clocks.
"""

from dataclasses import replace
from math import cos, isqrt, pi, sin
from pathlib import Path
from random import Random

import pytest

from kolam.kernels.word_eighth import LATENCY, terms, word_eighth
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import signed


def root(fraction):
    """Return 2**fraction sqrt(1/2), to the nearest integer."""
    return (isqrt(2 << 2 * fraction) + 1) // 2


def turned(sample, eighths, fraction):
    """Return re and im by the formula of a rotator."""
    re, im = sample
    one, half = 1 << fraction, 1 << fraction - 1
    angle = pi * eighths / 4
    c, d = round(one * cos(angle)), round(-one * sin(angle))
    return (re * c - im * d + half) >> fraction, (re * d + im * c + half) >> fraction


def eighth_record(name, width, fraction, turns, *, enabled=0.7, clocks=500):
    """Run a rotator, compare what it gave with the page, and return the record."""
    random = Random(name)
    bits = (len(turns) - 1).bit_length() + 2  # two more digits choose nothing
    ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
    rows, places = [], [random.getrandbits(bits) for _ in range(clocks)]
    count = 0
    while len(rows) < clocks:
        ce = len(rows) < 2 * LATENCY or random.random() < enabled
        rows.append({
            "ce": ce, "second": count % 2, "at": places[(count + 1) // 2],
            "x": random.choice([random.getrandbits(width), random.choice(ends)]),
        })  # fmt: skip
        count += ce
    ports = {n: bit() for n in ("clk", "ce", "second")}
    ports |= {"x": word(width), "at": word(bits), "y": word(width + 1)}
    record = run_model(
        word_eighth,
        {**ports, "turns": turns, "factor": root(fraction), "fraction": fraction},
        name=name, clocks=clocks, warm_up=2 * LATENCY,
        drive={n: [int(row[n]) for row in rows] for n in rows[0]},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    found = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    found = [row for row in found if row["ce"]]
    seen = set()
    for e in range(2, len(found) - LATENCY - 1, 2):
        sample = tuple(signed(found[k]["x"], width) for k in (e, e + 1))
        turn = turns[found[e - 1]["at"] >> 2]
        y = tuple(signed(found[e + LATENCY + k]["y"], width + 1) for k in (0, 1))
        assert y == turned(sample, turn, fraction), (name, e)
        seen.add(turn)
    assert seen == set(turns)
    return record


def test_samples_are_turned_by_the_page(tmp_path: Path) -> None:
    """All turns, words at their ends, few and many bits of a twiddle."""
    records = [
        eighth_record(name, width, fraction, turns, **how)
        for name, width, fraction, turns, how in (
            ("usual", 18, 16, (0, 0, 0, 1, 0, 2, 0, 3), {}),
            ("steady", 17, 16, (0, 3, 1, 2), {"enabled": 1.0}),
            ("least", 3, 1, (0, 1, 2, 3), {}),
            ("short", 6, 4, (0, 1, 2, 3), {"enabled": 0.3}),
            ("long", 24, 22, (3, 1, 0, 2), {}),
        )
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("fraction", range(1, 24))
def test_terms_add_up_to_the_factor(fraction: int) -> None:
    made = terms(root(fraction))
    assert sum(sign * (5 if five else 1) << k for sign, five, k in made) == root(fraction)
    assert [k for _, _, k in made] == sorted((k for _, _, k in made), reverse=True)
    assert len(made) <= 7
    assert fraction != 16 or len(made) == 4


def test_a_fault_is_seen(tmp_path: Path) -> None:
    """Negative control: a sign, the bit that rounds, a word in place of the product."""
    record = eighth_record("mutant", 6, 5, (0, 1, 2, 3))
    for n, (good, bad) in enumerate(
        [
            ("less <= code > 2", "less <= code > 3"),
            ("= product + 1", "= product + 0"),
            ("if (scaled)", "if (!scaled)"),
        ]
    ):
        (path,) = (p for p, text in record.files.items() if good in text)
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert replay([replace(record, files=files)], tmp_path / str(n)), bad
