"""word_multiply: both words of every sample by the formula, in exact integers, in every variant."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.hdl.word_multiply import LATENCY, word_multiply
from kolam.kernels.rotator import flag_delay
from kolam.testbenches.equivalence import bit, replay, run_model, word


@module
def told_multiply(
    clk, ce, paired, second, x, w, marks, x_im, v, y, valid, *, fraction, shift, bump,
):  # fmt: skip
    """Products, and which of them are of a whole sample: `paired` goes with its words."""
    multiply = word_multiply(  # noqa: F841
        clk, ce, second, x, w, y, marks, x_im, v, fraction=fraction, shift=shift, bump=bump
    )
    follow = flag_delay(clk, ce, paired, valid, clocks=LATENCY)  # noqa: F841
    return instances()


def signed(code, width):
    return code - (code >> width - 1 << width)


def schedule(random, sizes, fraction, only_twiddles):
    """Return inputs clock by clock: samples, corners first, with pauses, and words of none."""

    def ends(width):
        low = 1 << width - 1
        return low, low - 1, 0, (1 << width) - 1

    def draw(name):
        width = sizes[name]
        if name == "w" and only_twiddles:
            return random.randint(-(1 << fraction), 1 << fraction) % (1 << width)
        return random.choice([random.getrandbits(width), *ends(width)])

    most = (1 << fraction, -1 << fraction, 0) if only_twiddles else ends(sizes["w"])
    corners = list(product(ends(sizes["x"])[:3], ends(sizes["x"])[:3], most, most))
    random.shuffle(corners)
    rows = []

    def clock(**given):
        while True:
            ce = len(rows) < 16 or random.random() < 0.7
            rows.append({**{n: draw(n) for n in sizes}, **given, "ce": int(ce)})
            if ce:
                return

    for k in range(220):
        re, im = draw("x"), draw("x")
        c, d = draw("w"), draw("w")
        if k < len(corners):
            re, im, c, d = (v % (1 << sizes[n]) for v, n in zip(corners[k], "xxww", strict=True))
        if "x_im" in sizes:
            words = {"x": re, "x_im": im}, {"x": re, "x_im": im}
        else:
            words = {"x": re}, {"x": im}
        clock(paired=1, second=0, w=c, **words[0])
        clock(paired=1, second=1, w=d, **words[1])
        for _ in range(random.choice([0, 0, 0, 1, 2])):
            clock(paired=0, second=0)
    return rows


def multiply_record(name, x, w, *, shift=None, y=None, v=0, both=False, bump=None):
    """Run the model, compare every product with the formula, and return the record.

    y: its bits, by default enough for any codes; with fewer, words are those of twiddles.
    """
    fraction = w - 2
    shift = fraction if shift is None else shift
    sizes = {"x": x, "w": w}
    if both:
        sizes["x_im"] = x
    if v:
        sizes["v"] = v
    if bump is not None:
        sizes["marks"] = 1
    only, size = y is not None, y or max(x + w, v + fraction) + 3 - shift + (bump or 0).bit_length()
    rows = schedule(Random(name), sizes, fraction, only)
    ports = {n: bit() for n in ("clk", "ce", "paired", "second", "valid")}
    ports |= dict.fromkeys(("marks", "x_im", "v"))
    ports |= {n: word(width) if width > 1 else bit() for n, width in sizes.items()}
    record = run_model(
        told_multiply,
        {**ports, "y": word(size), "fraction": fraction, "shift": shift, "bump": bump or 0},
        name=name, clocks=len(rows), vectors=rows, when={"y": "valid"},
    )  # fmt: skip
    due, checked, held = [None] * LATENCY, 0, None
    for n, (given, got) in enumerate(record.rows):
        row = dict(zip([*record.inputs, *record.outputs], [*given, *got], strict=True))
        if due[0] is not None:
            assert (row["valid"], signed(row["y"], size)) == (1, due[0]), (name, n)
            checked += 1
        if not row["ce"]:
            continue
        due = [*due[1:], None]
        if not row["paired"]:
            continue
        constant = 2 ** (shift - 1)
        if row.get("marks"):
            constant += bump * 2**shift if bump > 0 else bump
        constant += signed(row["v"], v) * 2**fraction if v else 0
        if not row["second"]:
            held = signed(row["x"], x), signed(row["w"], w), constant
            continue
        (re, c, first), d = held, signed(row["w"], w)
        im = signed(row["x_im" if both else "x"], x)
        due[-2] = (re * c - im * d + first) // 2**shift
        due[-1] = (im * c + re * d + constant) // 2**shift
    assert checked > 420
    return record


def test_words_are_turned_by_the_formula(tmp_path: Path) -> None:
    """Of one word a clock or of both, with an addend or none, marked up or down or not."""
    records = [
        multiply_record("least", 2, 3),
        multiply_record("plain", 8, 8),
        multiply_record("broad", 18, 18),
        multiply_record("wide", 30, 28),
        multiply_record("both", 9, 7, both=True),
        multiply_record("up", 6, 7, bump=4),
        multiply_record("down", 6, 7, bump=-1),
        multiply_record("added", 7, 6, v=9),
        multiply_record("added_large", 4, 5, v=20, both=True),
        multiply_record("split", 12, 18, v=12, both=True, bump=-1),
        multiply_record("split_back", 12, 18, v=12, both=True, shift=17),
        multiply_record("split_least", 4, 3, v=4, both=True, shift=2),
        multiply_record("every", 5, 9, v=6, both=True, bump=3, shift=9),
    ]
    assert replay(records, tmp_path) == []


def test_a_twiddle_needs_one_bit_more(tmp_path: Path) -> None:
    """|re| + |im| < 2**x for parts of x bits: y may be that narrow, whatever was cut above it."""
    records = [
        multiply_record(f"turn{x}x{w}{'b' * both}", x, w, y=x + 2, both=both)
        for x, w, both in ((4, 4, False), (18, 18, True), (24, 12, False))
    ]
    assert replay(records, tmp_path) == []


def test_a_fault_in_the_text_is_seen(tmp_path: Path) -> None:
    record = multiply_record("mutant", 8, 8, v=8, both=True, bump=-1)
    faults = [
        ("crossed <= plus - minus", "crossed <= plus + minus"),
        ("d_held <= w", "c_held <= w"),
        ("v_d2 <= v_d1;", "v_d2 <= v;"),
        ("mark_d3 <= mark_d2;", "mark_d3 <= mark_d1;"),
        ("minus <= im;", "minus <= 0;"),
        ("if (ce) begin", "begin"),
    ]
    (path,) = (p for p, text in record.files.items() if faults[0][0] in text)
    for n, (good, bad) in enumerate(faults):
        assert good in record.files[path]
        files = {**record.files, path: record.files[path].replace(good, bad)}
        assert replay([replace(record, files=files)], tmp_path / str(n)), bad
