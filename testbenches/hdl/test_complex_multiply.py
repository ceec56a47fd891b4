"""complex_multiply: every sample by the formula, in exact integers, whatever the form of a target.

Vendor cells are replaced by their simulation models, those of hdl/primitives.py.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import primitives
from kolam.hdl.complex_multiply import complex_multiply, latency, multipliers
from kolam.hdl.target import Target
from kolam.testbenches.equivalence import bit, replay, run_model, word

CLOCKS = 420


def signed(code, width):
    return code - (code >> width - 1 << width)


def turned(a, b, c, d, fraction, bump):
    """Return the page's re' and im' of the sample a + jb by the twiddle c + jd, and the bump."""
    half = 2 ** (fraction - 1)
    re = (a * c - b * d + half) // 2**fraction
    im = (a * d + b * c + half) // 2**fraction
    return re + bump, im + bump


def corners(x, w, most):
    """Return every combination of the ends of a sample's and of a twiddle's parts."""
    low = 1 << x - 1  # the codes of the most negative and the most positive
    mask = (1 << w) - 1
    turns = [most & mask, -most & mask, 0, mask] if most else [1 << w - 1, (1 << w - 1) - 1, mask]
    return [
        {"ce": 1, "x_re": a, "x_im": b, "w": d << w | c}
        for a, b, c, d in product((low, low - 1, 0), (low, low - 1), turns, turns)
    ]


def twiddle_drive(w, fraction):
    """Twiddles only: parts of at most 1.0."""
    mask = (1 << w) - 1

    def draw(_, random: Random):
        re, im = (random.randint(-(1 << fraction), 1 << fraction) for _ in range(2))
        return (im & mask) << w | re & mask

    return draw


def turn_record(name, x, w, target, *, y=None, bump=0, only_twiddles=False):
    """Run the model, compare every product with the formula, and return the record.

    y: its bits, by default enough for any codes. Only twiddles: what y is must be enough for them.
    """
    fraction = w - 2
    y = y or x + 3
    ports = {"clk": bit(), "ce": bit(), "w": word(2 * w)}
    ports |= {n: word(x) for n in ("x_re", "x_im")} | {n: word(y) for n in ("y_re", "y_im")}
    if bump:
        ports["bumps"] = bit()
    record = run_model(
        complex_multiply, {**ports, "fraction": fraction, "bump": bump, "target": target},
        name=name, clocks=CLOCKS, vectors=corners(x, w, 1 << fraction if only_twiddles else 0),
        drive={"w": twiddle_drive(w, fraction)} if only_twiddles else None,
    )  # fmt: skip
    clocks = latency(target, x, w)
    due, checked = [None] * clocks, 0
    for n, (given, got) in enumerate(record.rows):
        row = dict(zip([*record.inputs, *record.outputs], [*given, *got], strict=True))
        if due[0] is not None:
            assert (signed(row["y_re"], y), signed(row["y_im"], y)) == due[0], (name, n)
            checked += 1
        if row["ce"]:
            a, b = signed(row["x_re"], x), signed(row["x_im"], x)
            c, d = signed(row["w"] % 2**w, w), signed(row["w"] >> w, w)
            marked = bump if bump and row["bumps"] else 0
            due = [*due[1:], turned(a, b, c, d, fraction, marked)]
    assert checked > CLOCKS - 40
    return record


def differences(records, folder):
    """Replay records in Icarus, with a model of every vendor cell that they need."""
    needed = {
        f"rtl/{name}": text for r in records for name, text in primitives.models(r.files).items()
    }
    first = replace(records[0], files={**records[0].files, **needed})
    return replay([first, *records[1:]], folder)


def cells(record):
    return record.files[f"rtl/{record.name}.v"].count("MULT18X18D #(")


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_samples_are_turned_by_the_formula(tmp_path: Path, target: Target) -> None:
    records = [
        turn_record("least", 2, 3, target),
        turn_record("plain", 8, 8, target),
        turn_record("broad", 16, 18, target),
        turn_record("tall", 18, 16, target),
        turn_record("most", 18, 18, target),
        turn_record("beyond", 19, 18, target),
        turn_record("beyond_too", 18, 19, target),
        turn_record("wide", 24, 24, target),
        turn_record("widest", 36, 28, target),
        turn_record("apart", 5, 20, target),
        turn_record("roomy", 6, 6, target, y=24),
    ]
    assert differences(records, tmp_path) == []
    if target is Target.ECP5:
        assert [cells(r) for r in records] == [4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 4]
    else:
        assert not any(cells(r) for r in records)


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_a_twiddle_needs_one_bit_more(tmp_path: Path, target: Target) -> None:
    """|re| + |im| < 2**x for parts of x bits: y may be that narrow, whatever was cut above it."""
    records = [
        turn_record(f"turn{x}x{w}", x, w, target, y=x + 2, only_twiddles=True)
        for x, w in ((4, 4), (17, 18), (18, 18), (24, 18), (16, 24))
    ]
    assert differences(records, tmp_path) == []


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_marked_samples_are_bumped(tmp_path: Path, target: Target) -> None:
    records = [
        turn_record("bump1", 4, 5, target, bump=1),
        turn_record("bump4", 18, 18, target, bump=4),
        turn_record("bump64", 24, 18, target, bump=64),
        turn_record("more", 4, 6, target, bump=32, y=9),  # a bump larger than any sample
    ]
    assert differences(records, tmp_path) == []


def test_three_multipliers_or_four() -> None:
    for target in Target:
        for x, w in ((2, 3), (16, 18), (18, 18), (19, 18), (18, 19), (24, 24)):
            four = target is Target.ECP5 and x <= 18 and w <= 18
            assert multipliers(target, x, w) == (4 if four else 3)
            assert latency(target, x, w) == (5 if four else 4)


def test_a_fault_in_a_text_is_seen(tmp_path: Path) -> None:
    """Negative control: signs, pairs of factors and registers all matter."""
    three = turn_record("three", 8, 8, Target.XC7, bump=4)
    four = turn_record("four", 16, 16, Target.ECP5, bump=4)
    faults = [
        (three, "minus <= wr_d1 - wi_d1", "minus <= wr_d1 + wi_d1"),
        (three, "b_d2 <= b_d1", "b_d2 <= b"),
        (three, "bump_d2 <= bump_d1;", "bump_d2 <= bumps;"),
        (four, "half_re - rest_re", "half_re + rest_re"),
        (four, "bump_d3 <= bump_d2;", "bump_d3 <= bump_d1;"),
        (four, ".SIGNEDB(1'b1)", ".SIGNEDB(1'b0)"),
        (four, ".CE0(ce)", ".CE0(1'b1)"),
    ]
    for n, (record, good, bad) in enumerate(faults):
        path = f"rtl/{record.name}.v"
        assert good in record.files[path]
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert differences([replace(record, files=files)], tmp_path / str(n)), bad
