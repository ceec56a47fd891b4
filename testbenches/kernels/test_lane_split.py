"""lane_split and lane_split_ends: elements of half a spectrum joined, by docs/fft.md 2."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl.target import Target
from kolam.kernels.lane_split import lane_split, lane_split_ends, latency
from kolam.testbenches.equivalence import bit, replay, run_model, word
from kolam.testbenches.stages import signed

PARTS = ("a_re", "a_im", "b_re", "b_im")
RESULTS = ("y_re", "y_im", "z_re", "z_im")
CLOCKS = 200


def joined(a_re, a_im, b_re, b_im, c, d, fraction, inverse):
    """Return elements k and M - k, re and im."""
    v_re, v_im, u_re, u_im = a_re + b_re, a_im - b_im, a_re - b_re, a_im + b_im
    one = 1 << fraction
    if inverse:
        w_re, w_im = u_re * d - u_im * c, u_re * c + u_im * d
        sums = one * v_re + w_re, one * v_im + w_im, one * v_re - w_re, w_im - one * v_im
        return tuple((total + one) // (2 * one) for total in sums)
    w_re = (u_im * c + u_re * d + one // 2) // one
    w_im = (u_im * d - u_re * c + one // 2) // one
    return v_re + w_re, v_im + w_im, v_re - w_re, w_im - v_im


def ends(a_re, a_im, b_re, b_im, inverse):
    """Return elements 0 and M / 2."""
    if inverse:
        return (a_re + a_im + 1) // 2, (a_re - a_im + 1) // 2, b_re, -b_im
    return 2 * (a_re + a_im), 2 * (a_re - a_im), 2 * b_re, -2 * b_im


def record_of(name, kernel, constants, width, size, clocks, wanted, word_of=None):
    """Feed corners and random parts, with pauses, and compare each result with the page's."""
    random = Random(name)
    low, high = -(1 << width - 1), (1 << width - 1) - 1
    corners = [p for p in product((low, high, 0, -1), repeat=4) if random.random() < 0.2]
    rows = []
    for n in range(CLOCKS):
        parts = corners[n] if n < len(corners) else [random.randint(low, high) for _ in PARTS]
        row = {p: v % (1 << width) for p, v in zip(PARTS, parts, strict=True)}
        rows.append({"ce": int(random.random() < 0.8), **row})
    ports = {n: bit() for n in ("clk", "ce")} | {n: word(width) for n in PARTS}
    if word_of is not None:
        bits, value = word_of
        ports["w"] = word(bits)
        rows = [{**row, "w": value} for row in rows]
    ports |= {n: word(size) for n in RESULTS}
    record = run_model(
        kernel, {**ports, **constants}, name=name, clocks=len(rows), vectors=rows, warm_up=64
    )
    enabled = [n for n, row in enumerate(rows) if row["ce"]]
    for first, last in zip(enabled, enabled[clocks - 1 :], strict=False):
        if last + 1 == len(rows):
            break
        parts = [signed(rows[first][part], width) for part in PARTS]
        got = tuple(signed(code, size) for code in record.rows[last + 1][1])
        assert got == wanted(*parts), (name, first)
    return record


@pytest.mark.parametrize("inverse", [False, True], ids=["forward", "inverse"])
def test_pairs(tmp_path: Path, inverse: bool) -> None:
    """Twiddles of an eighth of a circle, of nearly none, of a quarter."""
    records = []
    turns = ((46341, -46341), (65535, -402), (0, -65536))
    for number, (width, (c, d)) in enumerate(zip((16, 12, 4), turns, strict=True)):
        high = c if inverse else -c
        code = d % (1 << 18) | high % (1 << 18) << 18

        def wanted(*parts, c=c, d=d):
            return joined(*parts, c, d, 16, inverse)

        records.append(
            record_of(
                f"pair{number}", lane_split,
                {"fraction": 16, "inverse": inverse, "target": Target.XC7},
                width, width + (2 if inverse else 4), latency(Target.XC7, width, 18), wanted,
                (36, code),
            )
        )  # fmt: skip
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("inverse", [False, True], ids=["forward", "inverse"])
def test_ends(tmp_path: Path, inverse: bool) -> None:
    records = [
        record_of(
            f"ends{clocks}", lane_split_ends, {"clocks": clocks, "inverse": inverse},
            width, width + (1 if inverse else 3), clocks, lambda *parts: ends(*parts, inverse),
        )
        for clocks, width in ((2, 3), (6, 16), (7, 24))
    ]  # fmt: skip
    assert replay(records, tmp_path) == []
