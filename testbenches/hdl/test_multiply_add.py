"""multiply_add: every sum by the formula, in exact integers."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import primitives
from kolam.hdl.multiply_add import LATENCY, latency, multiply_add
from kolam.hdl.target import Target
from kolam.testbenches.equivalence import bit, replay, run_model, word

CLOCKS = 400


def signed(code, width):
    return code - (code >> width - 1 << width)


def rounded(a, g, c, fraction):
    """Return c + a g / 2**fraction, rounded to the nearest, a half upwards."""
    return (c * 2**fraction + a * g + 2 ** (fraction - 1)) // 2**fraction


def ends(width):
    return 1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1


def sum_record(name, a, g, c, fraction, *, y=None, registered=None):
    """Run the model, compare every sum with the formula, and return the record.

    y: its bits, by default enough for any codes; where it has fewer, c is drawn so that sums fit.
    registered: the target of one with registers; None: one without.
    """
    roomy = max(c, a + g - fraction, 1) + 2
    y = y or roomy
    widths = {"a": a, "g": g, "c": c}
    random = Random(name)
    low, high = -(1 << y - 1), (1 << y - 1) - 1
    rows = [dict(zip(widths, codes, strict=True)) for codes in product(*map(ends, (a, g, c)))]
    rows += [
        {n: random.choice((random.getrandbits(w), *ends(w))) for n, w in widths.items()}
        for _ in range(CLOCKS)
    ]
    rows = [
        row
        for row in rows
        if low <= rounded(*(signed(row[n], w) for n, w in widths.items()), fraction) <= high
    ]
    how = {} if registered is None else {"registered": True, "target": registered}
    clocks = LATENCY if registered is None else latency(registered, a, g)
    # the enable is high in the first clocks, so that every port is known
    rows = [
        {**row, "ce": int(n < clocks + 2 or random.random() < 0.7)} for n, row in enumerate(rows)
    ]
    ports = {n: bit() for n in ("clk", "ce")} | {n: word(w) for n, w in widths.items()}
    record = run_model(
        multiply_add, {**ports, "y": word(y), "fraction": fraction, **how},
        name=name, clocks=len(rows), vectors=rows,
    )  # fmt: skip
    due, checked, largest = [None] * clocks, 0, 0
    for n, (given, (got,)) in enumerate(record.rows):
        row = dict(zip(record.inputs, given, strict=True))
        if due[0] is not None:
            assert signed(got, y) == due[0], (name, n)
            checked += 1
        if row["ce"]:
            due = [*due[1:], rounded(*(signed(row[n], w) for n, w in widths.items()), fraction)]
            largest = max(largest, due[-1], -1 - due[-1])
    assert checked > len(rows) - 12 > 100
    assert y == roomy or largest > high // 2  # a narrow y is used
    return record


def test_sums_are_the_formula(tmp_path: Path) -> None:
    records = [
        sum_record("least", 2, 2, 2, 1),
        sum_record("plain", 8, 8, 8, 7),
        sum_record("lifting", 19, 18, 19, 16),
        sum_record("sum", 4, 5, 20, 3),
        sum_record("more", 20, 18, 4, 2),
        sum_record("fine", 6, 6, 6, 20),  # the product is less than half a unit
        sum_record("wide", 40, 26, 33, 24),
    ]
    assert replay(records, tmp_path) == []


def test_what_is_cut_above_y_does_not_matter(tmp_path: Path) -> None:
    records = [
        sum_record("cut", 8, 8, 8, 6, y=8),
        sum_record("lifted", 18, 18, 18, 16, y=18),
        sum_record("short", 12, 10, 20, 4, y=15),
    ]
    assert replay(records, tmp_path) == []


def with_models(record):
    """Return a record with the simulation models of its vendor cells."""
    models = primitives.models(record.files).items()
    return replace(record, files={**record.files, **{f"rtl/{name}": text for name, text in models}})


@pytest.mark.parametrize("target", [Target.GENERIC, Target.ECP5])
def test_with_registers(tmp_path: Path, target: Target) -> None:
    """Factors that fit a block of ECP5, one that is a bit longer, and longer ones."""
    shapes = {
        "brief": (4, 3, 5, 2), "fits": (18, 18, 18, 16), "beside": (19, 18, 19, 16),
        "longer": (20, 18, 20, 16), "tall": (8, 19, 20, 5),
    }  # fmt: skip
    records = [sum_record(n, *shape, registered=target) for n, shape in shapes.items()]
    blocks = ["MULT18X18D" in record.files[f"rtl/{record.name}.v"] for record in records]
    ecp5 = target is Target.ECP5
    assert blocks == [ecp5, ecp5, ecp5, False, False]
    assert [latency(target, *shape[:2]) for shape in shapes.values()] == [3 + b for b in blocks]
    assert replay([with_models(records[0]), *records[1:]], tmp_path) == []


def test_a_fault_with_registers_is_seen(tmp_path: Path) -> None:
    """Negative control: the bit beside the block, its sign, and the extension of a factor."""
    record = with_models(sum_record("good", 19, 10, 19, 6, registered=Target.ECP5))
    path = "rtl/good.v"
    for n, (good, bad) in enumerate((
        ("a[0] ? g : 0", "0"),
        ("reg signed [9:0] beside_d1", "reg [9:0] beside_d1"),
        ("{8{g[9]}}", "8'd0"),
        ("addend_d3 <= addend_d2;", "addend_d3 <= sum;"),
    )):  # fmt: skip
        assert good in record.files[path]
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert replay([replace(record, files=files)], tmp_path / str(n)), bad


def test_a_fault_in_the_text_is_seen(tmp_path: Path) -> None:
    """Negative control: signs, the half code, and the registers all matter."""
    record = sum_record("good", 9, 8, 9, 6)
    path = "rtl/good.v"
    for n, (good, bad) in enumerate((
        ("$signed(a) *", "a *"),
        ("$signed({addend", "({addend"),
        ("6'd32", "6'd31"),
        ("{addend,", "{c,"),
        ("if (ce) begin", "begin"),
    )):  # fmt: skip
        assert good in record.files[path]
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert replay([replace(record, files=files)], tmp_path / str(n)), bad
