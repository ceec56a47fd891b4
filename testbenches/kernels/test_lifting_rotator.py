"""lifting_rotator: turns by sixteenths of a circle as docs/fft.md 2 says, and each of its steps.

The page's equations and constants are written here once more; words are as long as its section 3
has them, and no longer.
"""

from itertools import product
from math import ceil, cos, floor, pi, sin, sqrt, tan
from pathlib import Path
from random import Random

import pytest

from kolam.generators.fft_plan import LIFT_FRACTION, lifting_constants
from kolam.hdl import instances, module
from kolam.kernels.bits import constant
from kolam.kernels.lifting_rotator import (
    factor_choice,
    latency,
    lifting_rotator,
    lifting_step,
    lifting_term,
    quarter_turn,
    turn_code,
)
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def signed(code, width):
    return code - (code >> width - 1 << width)


# ---------------------------------------------------------------------- the page


def terms(value, count):
    """Return (sign, shift) one after the other: what is left, and the power nearest to it."""
    found = []
    for _ in range(count):
        shift = min(range(18), key=lambda k: abs(abs(value) - 2.0**-k))
        found.append((1 if value > 0 else -1, shift))
        value -= found[-1][0] * 2.0**-shift
    return found


def times(v, r, constants):
    """Return T or S: the sum of the terms for |r| sixteenths, negative for r = -1."""
    total = sum(sign * floor(v / 2**shift) for sign, shift in constants[abs(r)]) if r else 0
    return total if r >= 0 else -sum(sign * (v // 2**shift) for sign, shift in constants[1])


TANGENT = {r: terms(tan(pi * r / 16), 6) for r in (1, 2)}
SINE = {r: terms(sin(pi * r / 8), 5) for r in (1, 2)}
FACTORS = {r: round(2**16 * sin(pi * r / 8)) for r in (-1, 0, 1, 2)}


def split(turn):
    """Return the quarters and the sixteenths left, -1 to 2, of a turn."""
    r = turn % 4 if turn % 4 < 3 else -1
    return (turn - r) // 4, r


def turned(re, im, turn, products, bump=0):
    """Return a sample turned clockwise by sixteenths, the bump added behind the quarters."""
    quarters, r = split(turn)
    for _ in range(quarters):
        re, im = im, -re
    re, im = re + bump, im + bump
    a, b = 2 * re + 1, 2 * im + 1
    a = a + times(b, r, TANGENT)
    product = (2**16 * b - FACTORS[r] * a + 2**15) // 2**16
    b = product if products else b - times(a, r, SINE)
    a = a + times(b, r, TANGENT)
    return a // 2, b // 2


def word_bits(width, bump):
    """Return the bits of the words between the steps, for samples of `width` bits; page 3."""
    modulus = (sqrt(2) * (2 ** (width - 1) + bump)) * (1 + 2**-9) + 10
    return ceil(modulus / cos(pi / 8)).bit_length() + 1


# ---------------------------------------------------------------------- the whole


def pairs(constants):
    """Return the terms as the kernel takes them: for one and for two sixteenths together."""
    return tuple(zip(constants[1], constants[2], strict=True))


@module
def still(
    clk, ce, marks, x_re, x_im, y_re, y_im, *, turns, bump, tangent, sine, factors, fraction
):  # fmt: skip
    """A rotator with one turn for all places."""
    rotate = lifting_rotator(  # noqa: F841
        clk, ce, None, marks, x_re, x_im, y_re, y_im, turns=turns, bump=bump, tangent=tangent,
        sine=sine, factors=factors, fraction=fraction,
    )  # fmt: skip
    return instances()


@module
def unmarked(clk, ce, at, x_re, x_im, y_re, y_im, *, turns, bump, tangent, sine, factors, fraction):
    """A rotator without marks."""
    rotate = lifting_rotator(  # noqa: F841
        clk, ce, at, constant(0), x_re, x_im, y_re, y_im, turns=turns, bump=bump, tangent=tangent,
        sine=sine, factors=factors, fraction=fraction,
    )  # fmt: skip
    return instances()


def sample_rows(random, turns, place_bits, width, clocks, bump, enabled):
    """Return place, sample and mark of each clock; marked are only samples of whole quarters.

    Most samples have the most negative and the largest parts.
    """
    low, high = 1 << width - 1, (1 << width - 1) - 1
    near = (low, high, low + 1, high - 1, 0, (1 << width) - 1)
    corners = [
        (at, re, im) for at in range(len(turns)) for re, im in product((low, high), repeat=2)
    ]
    drop = place_bits - (len(turns) - 1).bit_length()
    rows, place = [], 0
    for n in range(clocks):
        ahead, place = place, random.getrandbits(place_bits) if place_bits else 0
        re, im = (random.choice((random.getrandbits(width), *near)) for _ in range(2))
        if 4 <= n < 4 + len(corners):
            _, re, im = corners[n - 4]
        if 3 <= n < 3 + len(corners):
            place = corners[n - 3][0] << drop | random.getrandbits(drop)
        ce = int(n < 4 + len(corners) or random.random() < enabled)
        whole = turns[ahead >> drop] % 4 == 0
        rows.append(
            {"ce": ce, "at": place, "x_re": re, "x_im": im,
             "marks": int(bump and whole and random.random() < 0.8)}
        )  # fmt: skip
        if not ce:  # the place stays, what comes with it does not
            place = ahead
            rows[-1]["at"] = random.getrandbits(max(1, place_bits))
    return rows


def rotator_record(
    name, width, turns, products, *, model=lifting_rotator, bump=0, spare=0, clocks=100, enabled=0.9
):
    """Turn samples, compare every one with the page, and return the record.

    spare: bits of the place beyond those that choose a turn.
    """
    random = Random(name)
    size = word_bits(width, bump)
    place_bits = (len(turns) - 1).bit_length() + spare
    rows = sample_rows(random, turns, place_bits, width, clocks, bump, enabled)
    ports = {n: bit() for n in ("clk", "ce")} | {n: word(width) for n in ("x_re", "x_im")}
    ports |= {n: word(size) for n in ("y_re", "y_im")}
    ports |= {"marks": bit()} if model is not unmarked else {}
    ports |= {"at": word(place_bits)} if model is not still else {}
    constants = {
        "turns": turns, "bump": bump, "tangent": pairs(TANGENT), "sine": pairs(SINE),
        "factors": (FACTORS[1], FACTORS[2]) if products else None, "fraction": 16,
    }  # fmt: skip
    record = run_model(
        model, {**ports, **constants}, name=name, clocks=clocks,
        vectors=[{n: row[n] for n in row if n in ports} for row in rows], warm_up=32,
    )  # fmt: skip
    late = latency(products)
    due, place, seen = [None] * late, None, set()
    for n, (row, (_, got)) in enumerate(zip(rows, record.rows, strict=True)):
        if due[0] is not None:
            assert tuple(signed(v, size) for v in got) == due[0], (name, n)
        if row["ce"]:
            result = None
            if place is not None:
                turn = turns[place >> spare]
                sample = signed(row["x_re"], width), signed(row["x_im"], width)
                result = turned(*sample, turn, products, bump * row["marks"])
                seen.add((place >> spare, row["marks"]))
            due = [*due[1:], result]
            place = row["at"] if place_bits else 0
    assert {at for at, _ in seen} == set(range(len(turns)))
    assert not bump or any(marked for _, marked in seen)
    return record


@pytest.mark.parametrize("products", [False, True], ids=["shift_add", "lift"])
def test_every_turn(tmp_path: Path, products: bool) -> None:
    """Of samples at the ends of their parts, and of any."""
    every = tuple(range(16))
    records = [
        rotator_record("each", 4, every, products, clocks=160),
        rotator_record("wide", 20, every[::-1], products, enabled=1.0, clocks=140),
    ]
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("products", [False, True], ids=["shift_add", "lift"])
def test_turns_of_a_table(tmp_path: Path, products: bool) -> None:
    """One turn for all places, two, and those of a group of stages; places may be longer."""
    four_stages = (0, 0, 0, 0, 0, 4, 2, 6, 0, 2, 1, 3, 0, 6, 3, 9)
    records = [
        rotator_record("one", 9, (13,), products, model=still, clocks=40),
        rotator_record("two", 12, (0, 2), products, clocks=100, spare=1),
        rotator_record("sixteen", 14, four_stages, products, spare=2),
    ]
    assert replay(records, tmp_path) == []


def test_a_rotator_without_marks(tmp_path: Path) -> None:
    """As all but the last of an engine are placed."""
    record = rotator_record("free", 9, (0, 1, 2, 5), False, model=unmarked, clocks=100)
    assert replay([record], tmp_path) == []


@pytest.mark.parametrize("products", [False, True], ids=["shift_add", "lift"])
def test_marked_samples_are_bumped(tmp_path: Path, products: bool) -> None:
    """Also by more than a sample; a sample at its end is one beyond it, and is not limited."""
    records = [
        rotator_record("bump1", 10, (0, 1, 4, 7), products, bump=1),
        rotator_record("bump100", 5, (0, 2, 8, 12), products, bump=100, spare=1),
    ]
    assert replay(records, tmp_path) == []


# ---------------------------------------------------------------------- the parts


def rows_of(record):
    """Return the ports of each clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


def term(v, rest, one, two):
    """Return the term of v for a rest that is named 0, 1, 2 (minus one sixteenth) or 3."""
    sign, shift = two if rest == 3 else one
    return (0, 1, -1, 1)[rest] * sign * (v // 2**shift)


def test_each_term(tmp_path: Path) -> None:
    """All words of 3 bits by every sign, with shifts within and beyond them; and the page's own."""
    records = []
    shifts = ((0, 1), (1, 0), (2, 3), (3, 2), (5, 17))
    cases = [(3, (s, k), (t, m)) for s, t in product((1, -1), repeat=2) for k, m in shifts]
    cases += [(22, one, two) for one, two in (*pairs(TANGENT), *pairs(SINE))]
    for n, (size, one, two) in enumerate(cases):
        ports = {name: word(size) for name in ("p", "v", "y")} | {"rest": word(2)}
        random = Random(n)
        ends = [1 << size - 1, (1 << size - 1) - 1, 0, (1 << size) - 1]
        values = (
            range(1 << size) if size < 8 else [*ends, *(random.getrandbits(size) for _ in "ab")]
        )
        every = [dict(zip(("p", "v", "rest"), row, strict=True))
                 for row in product(values, values, range(4))]  # fmt: skip
        record = run_model(
            lifting_term, {**ports, "one": one, "two": two}, name=f"term{n}", clocks=len(every),
            vectors=every,
        )  # fmt: skip
        for row in rows_of(record):
            wanted = row["p"] + term(signed(row["v"], size), row["rest"], one, two)
            assert row["y"] == wanted % (1 << size), (size, one, two, row)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_a_step_adds_all_terms(tmp_path: Path) -> None:
    records = []
    for name, constants in (("tangent", TANGENT), ("sine", SINE)):
        size = 18
        ports = {n: word(size) for n in ("p", "v", "y")} | {"rest": word(2)}
        record = run_model(
            lifting_step, {**ports, "terms": pairs(constants)}, name=name, clocks=200
        )
        for row in rows_of(record):
            r = (0, 1, -1, 2)[row["rest"]]
            wanted = row["p"] + times(signed(row["v"], size), r, constants)
            assert row["y"] == wanted % (1 << size)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_quarters_are_exact(tmp_path: Path) -> None:
    """Every sample of 3 bits; the most negative part changes its sign in a word that holds it."""
    records = []
    for width, size, bump in ((3, 4, 0), (3, 6, 5), (12, 13, 1)):
        ports = {n: bit() for n in ("clk", "ce", "marks")} | {"code": word(4), "rest": word(2)}
        ports |= {n: word(width) for n in ("x_re", "x_im")} | {n: word(size) for n in ("a", "b")}
        ends = (1 << width - 1, (1 << width - 1) - 1, 0)
        values = range(8) if width == 3 else ends
        every = [
            {"ce": 1, "x_re": re, "x_im": im, "code": code, "marks": marks}
            for re, im, code, marks in product(values, values, range(4), (0, 1) if bump else (0,))
        ]
        record = run_model(
            quarter_turn, {**ports, "bump": bump}, name=f"quarter{len(records)}",
            clocks=len(every) + 60, vectors=every,
        )  # fmt: skip
        held = None
        for row in rows_of(record):
            if held is not None:
                assert (signed(row["a"], size), signed(row["b"], size), row["rest"]) == held
            if row["ce"]:
                z = complex(signed(row["x_re"], width), signed(row["x_im"], width))
                z *= (1, -1j, -1, 1j)[row["code"] & 3]
                more = bump * row["marks"]
                held = (int(z.real) + more, int(z.imag) + more, row["code"] >> 2)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_codes_and_factors(tmp_path: Path) -> None:
    """Looked up a clock later, in enabled clocks."""
    ports = {n: bit() for n in ("clk", "ce")}
    codes = tuple(Random(3).getrandbits(4) for _ in range(8))
    looked_up = run_model(
        turn_code, {**ports, "at": word(3), "code": word(4), "codes": codes}, name="code",
        clocks=90,
    )  # fmt: skip
    ports = {n: bit() for n in ("clk", "ce")}
    factors = {**ports, "rest": word(2), "factor": word(18), "factors": (FACTORS[1], FACTORS[2])}
    chosen = run_model(factor_choice, factors, name="factor", clocks=60)
    wanted = [-FACTORS[r] % (1 << 18) for r in (0, 1, -1, 2)]
    for record, table in ((looked_up, codes), (chosen, wanted)):
        held = None
        for (ce, at), (got,) in record.rows:
            assert held in (None, got)
            held = table[at] if ce else held
    assert replay([looked_up, chosen], tmp_path) == []


# ---------------------------------------------------------------------- the page's own claims


def test_constants_are_those_of_the_page() -> None:
    tangent, sine, factors = lifting_constants()
    assert LIFT_FRACTION == 16
    assert tangent == pairs(TANGENT)
    assert sine == pairs(SINE)
    assert factors == (FACTORS[1], FACTORS[2])


@pytest.mark.parametrize("products", [False, True], ids=["shift_add", "lift"])
def test_words_are_bounded_as_the_page_says(products: bool) -> None:
    """Samples on a circle of any size stay on it, nearly, and so do those between the steps."""
    random = Random(5)
    for radius in (1, 3, 20, 181, 5793, 741455):
        for turn in range(16):
            for _ in range(60):
                angle = 2 * pi * random.random()
                re, im = (floor(radius * f(angle)) if f(angle) > 0 else ceil(radius * f(angle))
                          for f in (cos, sin))  # fmt: skip
                y = turned(re, im, turn, products)
                limit = radius * (1 + 2**-9) + 10
                assert abs(complex(*y)) <= limit
                exact = complex(re, im) * complex(cos(pi * turn / 8), -sin(pi * turn / 8))
                assert abs(complex(*y) - exact) <= radius * 2**-9 + 10
                quarters, r = split(turn)
                part = complex(re, im) * (-1j) ** quarters
                a, b = 2 * int(part.real) + 1, 2 * int(part.imag) + 1
                assert abs(a + times(b, r, TANGENT)) / 2 <= limit / cos(pi / 8)
