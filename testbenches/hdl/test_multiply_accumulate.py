"""DSP leaves: sums of products by the formula, and the text of every target does the same.

Vendor cells are replaced by their simulation models, those of hdl/primitives.py.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from kolam.hdl import primitives
from kolam.hdl.multiply_accumulate import multiply_accumulate, multiply_hop
from kolam.hdl.target import Target
from kolam.testbenches.equivalence import bit, replay, run_model, word

WIDTHS = (2, 8, 16, 17, 18)


def signed(code, width):
    return code - (code >> width - 1 << width)


def columns(record):
    """Return the values of each port, clock by clock, as signed numbers."""
    names = [*record.inputs, *record.outputs]
    widths = {**record.inputs, **record.outputs}
    rows = [[*given, *got] for given, got in record.rows]
    return {
        name: [signed(row[k], widths[name]) if widths[name] > 1 else row[k] for row in rows]
        for k, name in enumerate(names)
    }


def accumulate_record(name, a, b, p, target):
    case = {
        "clk": bit(),
        "first": bit(),
        "start": word(p),
        "a": word(a),
        "b": word(b),
        "p": word(p),
    }
    record = run_model(
        multiply_accumulate, {**case, "target": target}, name=name,
        clocks=220, drive={"first": lambda clock, random: clock < 4 or random.random() < 0.2},
    )  # fmt: skip
    x = columns(record)
    for t in range(len(record.rows) - 3):
        addend = x["start" if x["first"][t + 1] else "p"][t + 2]
        assert (x["p"][t + 3] - x["a"][t] * x["b"][t] - addend) % (1 << p) == 0, (name, t)
    return record


def hop_record(name, a, b, p, target):
    case = {"clk": bit(), "first": bit(), "a": word(a), "b": word(b), "c": word(p), "p": word(p)}
    record = run_model(multiply_hop, {**case, "target": target}, name=name, clocks=220)
    x = columns(record)
    for t in range(len(record.rows) - 3):
        addend = 0 if x["first"][t + 1] else x["c"][t + 2]
        assert (x["p"][t + 3] - x["a"][t] * x["b"][t] - addend) % (1 << p) == 0, (name, t)
    return record


def differences(records, folder):
    """Replay records in Icarus, with a model of every vendor cell that they need."""
    needed = {
        f"rtl/{name}": text for r in records for name, text in primitives.models(r.files).items()
    }
    first = replace(records[0], files={**records[0].files, **needed})
    return replay([first, *records[1:]], folder)


def text(record):
    return record.files[f"rtl/{record.name}.v"]


@pytest.mark.parametrize("target", [Target.GENERIC, Target.XC7, Target.ECP5])
def test_sums_of_runs_of_products(tmp_path: Path, target: Target) -> None:
    records = [accumulate_record(f"mac{w}", w, w, 2 * w + 4, target) for w in WIDTHS]
    records += [
        accumulate_record("wraps", 5, 4, 9, target),
        accumulate_record("apart", 3, 11, 20, target),
        accumulate_record("wide", 19, 18, 48, target),
    ]
    assert differences(records, tmp_path) == []
    cells = ["MULT18X18D" in text(record) for record in records]
    assert cells == [target is Target.ECP5] * 7 + [False]


@pytest.mark.parametrize("target", [Target.GENERIC, Target.XC7, Target.ECP5])
def test_sums_that_hop(tmp_path: Path, target: Target) -> None:
    records = [hop_record(f"hop{w}", w, w, 2 * w + 4, target) for w in WIDTHS]
    records += [
        hop_record("wraps", 5, 4, 9, target),
        hop_record("most", 25, 18, 48, target),
        hop_record("broad", 26, 18, 48, target),
        hop_record("tall", 18, 19, 48, target),
        hop_record("long", 18, 18, 49, target),
    ]
    assert differences(records, tmp_path) == []
    if target is Target.XC7:
        assert ["DSP48E1" in text(r) for r in records] == [True] * 7 + [False] * 3
    if target is Target.ECP5:
        assert ["MULT18X18D" in text(r) for r in records] == [True] * 6 + [False] * 3 + [True]


def test_a_fault_in_a_vendor_text_is_seen(tmp_path: Path) -> None:
    """Negative control: signs, registers and selection all matter."""
    ecp5 = accumulate_record("ecp5", 18, 18, 40, Target.ECP5)
    xc7 = hop_record("xc7", 8, 8, 20, Target.XC7)
    faults = [
        (ecp5, ".SIGNEDA(1'b1)", ".SIGNEDA(1'b0)"),
        (ecp5, '.REG_OUTPUT_CLK("CLK0"), ', ""),
        (ecp5, ".A17(aw[17])", ".A17(aw[16] & ~aw[17])"),
        (xc7, ".ADREG(0)", ".ADREG(0), .MREG(0)"),
        (xc7, "~first, ~first", "1'b0, 1'b0"),
        (xc7, ".B({{10{b[7]}}, b})", ".B({10'd0, b})"),
    ]
    for n, (record, good, bad) in enumerate(faults):
        assert good in text(record)
        files = {path: verilog.replace(good, bad) for path, verilog in record.files.items()}
        assert differences([replace(record, files=files)], tmp_path / str(n)), bad
