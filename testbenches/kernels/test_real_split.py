"""real_split: the spectrum of real samples and the way back by docs/fft.md 2, word by word.

The split stands before a table of its twiddles, and behind the line_address that washes it. Time
is counted in enabled clocks. What the inverse gives is exchanged, im first, as the page has it.
"""

from dataclasses import replace
from math import cos, pi, sin
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module
from kolam.hdl.image import Image
from kolam.hdl.memories import table
from kolam.hdl.target import Target
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.pipeline_entry import line_address
from kolam.kernels.real_split import depth, latency, real_split
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import schedule, signed, watch

TURN = 32  # clocks of washing: more than any flag needs to leave


@module
def washed_split(
    clk, rst, ce, valid_next, x, y_next, y, y_valid, washed, *,
    points, reverses_in, reverses_out, inverse, fraction, twiddles,
):  # fmt: skip
    at, wash, place = wire(bits(TURN)), wire(1), wire(bits(2 * points))
    w = wire(twiddles.width)
    address = line_address(clk, rst, ce, at, wash)  # noqa: F841
    split = real_split(  # noqa: F841
        clk, rst, ce, valid_next, x, place, w, y_next, y, points=points, reverses_in=reverses_in,
        reverses_out=reverses_out, inverse=inverse, fraction=fraction, target=Target.GENERIC,
    )  # fmt: skip
    lookup = table(clk, ce, place, w, image=twiddles, latency=1, style="logic")  # noqa: F841
    seen = watch(clk, ce, wash, y_next, y_valid, washed)  # noqa: F841
    return instances()


def twiddle(k, points, fraction):
    """Return c and d of a turn of k / 2 points."""
    turn = pi * k / points
    return round(2**fraction * cos(turn)), round(-(2**fraction) * sin(turn))


def joined(z, fraction, inverse):
    """Return the split of a frame of elements (re, im), in natural order, from the page."""
    points, one = len(z), 1 << fraction
    re, im = z[0]
    if inverse:
        made = [((re + im + 1) // 2, (re - im + 1) // 2)] * points
    else:
        made = [(2 * re + 2 * im, 2 * re - 2 * im)] * points
    for k in range(1, points // 2 + 1):
        (a_re, a_im), (b_re, b_im) = z[k], z[points - k]
        v_re, v_im, u_re, u_im = a_re + b_re, a_im - b_im, a_re - b_re, a_im + b_im
        c, d = twiddle(k, points, fraction)
        if inverse:
            w_re, w_im = u_re * d - u_im * c, u_re * c + u_im * d
            first = one * v_re + w_re, one * v_im + w_im
            other = one * v_re - w_re, w_im - one * v_im
            first, other = (
                tuple((part + one) // (2 * one) for part in pair) for pair in (first, other)
            )
        else:
            w_re = (u_im * c + u_re * d + one // 2) // one
            w_im = (u_im * d - u_re * c + one // 2) // one
            first, other = (v_re + w_re, v_im + w_im), (v_re - w_re, w_im - v_im)
        if k < points // 2:
            made[points - k] = other
        made[k] = first
    return made


def reverse(k, points):
    return int(f"{k:0{bits(points)}b}"[::-1], 2)


def images(points, fraction, inverse, reverses_out, name):
    """Return the twiddles in the order of the elements that go: d, -c, and of place 0 -1, -1."""
    one = (1 << fraction) // (2 if inverse else 1)
    words = []
    for place in range(points):
        c, d = twiddle(reverse(place, points) if reverses_out else place, points, fraction)
        words += [d, -c] if place else [-one, one if inverse else -one]
    mask = (1 << fraction + 2) - 1
    return Image(name, fraction + 2, tuple(v & mask for v in words))


def split_record(
    name, width, points, fraction, *, reverses_in=True, reverses_out=True, inverse=False,
    gap=0.5, enabled=0.7, blocks=4,
):  # fmt: skip
    """Run a split, compare all its frames with the page, and return the record."""
    random = Random(name)
    size = width + (2 if inverse else 3)
    ends = (1 << width - 1, (1 << width - 1) - 1, 0, (1 << width) - 1)
    rows = schedule(random, TURN, 2 * points, blocks, gap, enabled)
    flush = latency(points, reverses_in and reverses_out) + 4
    rows += [{"rst": 0, "ce": 1, "valid_next": 0}] * flush
    rows = [
        {**row, "x": random.choice([random.getrandbits(width), random.choice(ends)])}
        for row in rows
    ]
    flags = "clk", "rst", "ce", "valid_next", "y_next", "y_valid", "washed"
    orders = {"reverses_in": reverses_in, "reverses_out": reverses_out, "inverse": inverse}
    record = run_model(
        washed_split,
        {**{n: bit() for n in flags}, "x": word(width), "y": word(size), "points": points,
         "fraction": fraction, **orders,
         "twiddles": images(points, fraction, inverse, reverses_out, f"{name}_w")},
        name=name, clocks=len(rows), warm_up=64,
        drive={n: [int(row[n]) for row in rows] for n in rows[0]},
        when={"y": "y_valid", "y_next": "washed"},
    )  # fmt: skip
    names = [*record.inputs, *record.outputs]
    found = [dict(zip(names, [*a, *b], strict=True)) for a, b in record.rows]
    second = next(n for n in range(4, len(rows)) if rows[n]["rst"])
    for start, stop in ((2, second), (second + 2, None)):
        epoch = [row for row in found[start:stop] if row["ce"]]
        frames = check_epoch(name, epoch, (width, size), points, fraction, orders)
    assert frames == blocks
    return record


def check_epoch(name, epoch, sizes, points, fraction, orders):
    """Compare the words of the enabled clocks from a reset to the next; return whole frames."""
    width, size = sizes
    valid = [0, *(row["valid_next"] for row in epoch)]
    into, out = (
        [reverse(k, points) if orders[way] else k for k in range(points)]
        for way in ("reverses_in", "reverses_out")
    )
    swap = -1 if orders["inverse"] else 1
    late = latency(points, orders["reverses_in"] and orders["reverses_out"])
    want, begin, frames = {}, 0, 0
    while begin < len(epoch):
        if not valid[begin]:
            begin += 1
            continue
        words = [signed(row["x"], width) for row in epoch[begin : begin + 2 * points]]
        if len(words) == 2 * points:
            z = [(0, 0)] * points
            for place, k in enumerate(into):
                z[k] = tuple(words[2 * place : 2 * place + 2])
            y = joined(z, fraction, orders["inverse"])
            given = [part for k in out for part in y[k][::swap]]
            want |= {begin + late + n: part for n, part in enumerate(given)}
            frames += 1
        begin += 2 * points
    want = {e: y for e, y in want.items() if e < len(epoch)}
    got = {e: signed(row["y"], size) for e, row in enumerate(epoch) if row["y_valid"]}
    assert {e: got.get(e) for e in want} == want, name
    # of a frame that a reset breaks off the first words may be out before it is whole
    assert len(got) - len(want) < 2 * points
    assert set(got) - set(want) <= set(range(max([*want, -1]) + 1, len(epoch)))
    return frames


@pytest.mark.parametrize("inverse", [False, True], ids=["forward", "inverse"])
def test_elements_are_joined_by_the_page(tmp_path: Path, inverse: bool) -> None:
    """In bit-reversed order at both sides, and in natural order at that of the spectrum."""
    natural = {"reverses_in" if inverse else "reverses_out": False}
    records = [
        split_record(name, *sizes, inverse=inverse, **how)
        for name, sizes, how in (
            ("least", (3, 4, 1), {"blocks": 10}),
            ("least_natural", (3, 4, 2), {"blocks": 10, **natural}),
            ("steady", (8, 8, 6), {"gap": 0.0, "enabled": 1.0}),
            ("steady_natural", (8, 8, 9), {"gap": 0.0, "enabled": 1.0, **natural}),
            ("rare", (6, 8, 16), {"gap": 0.9, "enabled": 0.3, "blocks": 3}),
            ("wide", (24, 16, 20), {"blocks": 3}),
            ("wide_natural", (18, 16, 16), {"blocks": 3, **natural}),
        )
    ]
    assert replay(records, tmp_path) == []


def test_the_memory_holds_a_frame_or_two() -> None:
    assert [depth(8, together) for together in (True, False)] == [8, 16]


def test_a_fault_is_seen(tmp_path: Path) -> None:
    """Negative control: an element's number, place 0, the rounding of the upper half, a reset."""
    record = split_record("mutant", 8, 8, 2)  # where ties are frequent
    faults = [
        ("caught_re <= found_re", "caught_re <= found_im"),
        ("at[3:1] == 0", "at[3:1] == 1"),
        ("minus && at[1]", "minus"),
        ("here <= 1'b0", "here <= here"),  # a word from before is counted, and memory clashes
    ]
    for n, (good, bad) in enumerate(faults):
        (path,) = (p for p, text in record.files.items() if good in text)
        files = {**record.files, path: record.files[path].replace(good, bad)}
        try:
            assert replay([replace(record, files=files)], tmp_path / str(n)), bad
        except AssertionError as failure:
            if "memory clash" not in str(failure):
                raise
