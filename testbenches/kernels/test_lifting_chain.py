"""lifting_chain: words of a lifting_rotator, which has its own test, as late as promised.

Vendor cells are replaced by their simulation models, those of hdl/primitives.py.
"""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.generators.fft_plan import LIFT_FRACTION, lifting_constants
from kolam.hdl import instances, module, primitives
from kolam.hdl.delay_line import shift_line
from kolam.hdl.target import Target
from kolam.kernels.bits import constant
from kolam.kernels.bits import word as wire
from kolam.kernels.lifting_chain import (
    latency,
    lifting_chain,
    lifting_sums,
    quarter_add,
    quarter_choice,
)
from kolam.kernels.lifting_rotator import latency as rotator_latency
from kolam.kernels.lifting_rotator import lifting_rotator
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model

TANGENT, SINE, FACTORS = lifting_constants()
FOUR_STAGES = (0, 0, 0, 0, 0, 4, 2, 6, 0, 2, 1, 3, 0, 6, 3, 9)


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def signed(code, width):
    return code - (code >> width - 1 << width)


@module
def both(
    clk, ce, at, marks, x_re, x_im, y_re, y_im, z_re, z_im, *, turns, bump, tangent, sine, factors,
    fraction, target, late,
):  # fmt: skip
    """A chain, to y, and a rotator whose results wait, to z. at, marks None: there are none."""
    how = {
        "turns": turns, "bump": bump, "tangent": tangent, "sine": sine, "factors": factors,
        "fraction": fraction,
    }  # fmt: skip
    marked = constant(0) if marks is None else marks
    plain_re, plain_im = wire(len(y_re)), wire(len(y_im))
    chain = lifting_chain(  # noqa: F841
        clk, ce, at, marked, x_re, x_im, y_re, y_im, target=target, **how
    )
    plain = lifting_rotator(clk, ce, at, marked, x_re, x_im, plain_re, plain_im, **how)  # noqa: F841
    hold_re = shift_line(clk, ce, plain_re, z_re, clocks=late)  # noqa: F841
    hold_im = shift_line(clk, ce, plain_im, z_im, clocks=late)  # noqa: F841
    return instances()


def both_record(name, width, turns, products, target, *, bump=0, marked=True, spare=0, clocks=120):
    """Turn corners and random samples with pauses, compare every result, return the record."""
    random, size = Random(name), width + 2
    factors = FACTORS if products else None
    promised = latency(
        target, size, (len(TANGENT), len(SINE)), LIFT_FRACTION + 2 if products else None
    )
    place_bits = (len(turns) - 1).bit_length() + spare
    low, high = 1 << width - 1, (1 << width - 1) - 1
    corners = list(product((low, high, 0), repeat=2))
    every = (1 << place_bits) - 1
    rows = []
    for n in range(clocks):
        re, im = corners[n] if n < len(corners) else (random.getrandbits(width) for _ in "ri")
        ce = int(n < 40 or random.random() < 0.8)
        rows.append(
            {"ce": ce, "at": random.getrandbits(20) & every, "x_re": re, "x_im": im,
             "marks": random.getrandbits(1)}
        )  # fmt: skip
    ports = {n: bit() for n in ("clk", "ce")} | {n: word(width) for n in ("x_re", "x_im")}
    ports |= {"at": word(place_bits) if place_bits else None, "marks": bit() if marked else None}
    ports |= {n: word(size) for n in ("y_re", "y_im", "z_re", "z_im")}
    constants = {
        "turns": turns, "bump": bump, "tangent": TANGENT, "sine": SINE, "factors": factors,
        "fraction": LIFT_FRACTION, "target": target, "late": promised - rotator_latency(products),
    }  # fmt: skip
    record = run_model(
        both, {**ports, **constants}, name=name, clocks=clocks, warm_up=40,
        vectors=[{n: row[n] for n in row if ports[n] is not None} for row in rows],
    )  # fmt: skip
    told, compared = 0, 0
    for given, (y_re, y_im, z_re, z_im) in record.rows:
        if told > promised:
            assert (y_re, y_im) == (z_re, z_im), (name, told)
            compared += 1
        told += dict(zip(record.inputs, given, strict=True))["ce"]
    assert compared > clocks // 2
    assert len({tuple(got[:2]) for _, got in record.rows}) > clocks // 3
    return record


@pytest.mark.parametrize(
    ("products", "target"),
    [(False, Target.GENERIC), *((True, target) for target in Target)],
    ids=lambda value: {False: "shift_add", True: "lift"}.get(value) or value.value,
)
def test_it_gives_the_words_of_a_rotator(tmp_path: Path, products: bool, target: Target) -> None:
    """Of every turn and of those of a table, marked and not; words that fit a block, and longer."""
    every = tuple(range(16))
    records = [both_record("each", 5, every, products, target, bump=3)]
    records += [] if target not in (Target.GENERIC, Target.ECP5) else [
        both_record("fits", 15, FOUR_STAGES, products, target, spare=2),
        both_record("long", 16, every[::-1], products, target, marked=False),
        both_record("wider", 20, (0, 2, 9, 15), products, target, bump=100),
        both_record("one", 9, (13,), products, target, clocks=90),
    ]  # fmt: skip
    needed = {
        f"rtl/{name}": text for r in records for name, text in primitives.models(r.files).items()
    }
    records[0] = replace(records[0], files={**records[0].files, **needed})
    assert replay(records, tmp_path) == []
    assert bool(needed) == (products and target is Target.ECP5)


def test_latency_is_an_addition_a_clock() -> None:
    """Two clocks for the quarters; T has six terms, S five; a block has three or four registers."""
    terms = len(TANGENT), len(SINE)
    assert latency(Target.XC7, 18, terms, None) == 2 + 6 + 5 + 6
    assert latency(Target.XC7, 18, terms, 18) == 2 + 6 + 3 + 6
    assert latency(Target.ECP5, 18, terms, 18) == 2 + 6 + 4 + 6
    assert latency(Target.ECP5, 19, terms, 18) == 2 + 6 + 3 + 6  # 20 bits fit no block


# ---------------------------------------------------------------------- the parts


def rows_of(record):
    """Return the ports of each clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


def test_quarters_in_two_clocks(tmp_path: Path) -> None:
    """A choice, and what is told of it; then the sum."""
    records = []
    for width, size, bump in ((3, 5, 0), (3, 6, 5), (12, 13, 1)):
        ports = {n: bit() for n in ("clk", "ce", "marks")} | {"code": word(4), "told": word(5)}
        ports |= {n: word(width) for n in ("x_re", "x_im", "a", "b")}
        chosen = run_model(quarter_choice, ports, name=f"choice{len(records)}", clocks=150)
        ports = {n: bit() for n in ("clk", "ce")} | {"told": word(5), "rest": word(2)}
        ports |= {n: word(width) for n in ("x_a", "x_b")} | {n: word(size) for n in ("a", "b")}
        added = run_model(
            quarter_add, {**ports, "bump": bump}, name=f"add{len(records)}", clocks=150
        )
        held = None
        for row in rows_of(chosen):
            if held is not None:
                parts = [signed(row[n], width) for n in ("a", "b")]
                less_a, less_b, marks = (row["told"] >> k & 1 for k in range(3))
                rest = row["told"] >> 3
                assert (parts[0] + less_a, parts[1] + less_b, marks, rest) == held
            if row["ce"]:
                z = complex(signed(row["x_re"], width), signed(row["x_im"], width))
                z *= (1, -1j, -1, 1j)[row["code"] & 3]
                held = int(z.real), int(z.imag), row["marks"], row["code"] >> 2
        held = None
        for row in rows_of(added):
            if held is not None:
                assert (row["a"], row["b"], row["rest"]) == held
            if row["ce"]:
                sums = [
                    (signed(row[n], width) + (row["told"] >> k & 1) + bump * (row["told"] >> 2 & 1))
                    % (1 << size)
                    for k, n in enumerate(("x_a", "x_b"))
                ]
                held = (*sums, row["told"] >> 3)
        records += [chosen, added]
    assert replay(records, tmp_path) == []


def test_a_term_is_added_in_each_clock(tmp_path: Path) -> None:
    """What is added is chosen by the word and the rest that came with the sum."""
    size, records = 18, []
    for name, terms in (("tangent", TANGENT), ("sine", SINE)):
        ports = {n: word(size) for n in ("p", "v", "y", "held")}
        ports |= {"clk": bit(), "ce": bit(), "rest": word(2), "rest_held": word(2)}
        record = run_model(lifting_sums, {**ports, "terms": terms}, name=name, clocks=200)
        due = [None] * len(terms)
        for row in rows_of(record):
            if due[0] is not None:
                assert (row["y"], row["held"], row["rest_held"]) == due[0]
            if row["ce"]:
                v, rest = signed(row["v"], size), row["rest"]
                total = row["p"] + sum(
                    (0, 1, -1, 1)[rest] * sign * (v >> shift)
                    for sign, shift in (pair[rest == 3] for pair in terms)
                )
                due = [*due[1:], (total % (1 << size), row["v"], rest)]
        assert due[0] is not None
        records.append(record)
    assert replay(records, tmp_path) == []
