"""The FFT engine: exact for every signal in every weather, as promised, and what it refuses."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kolam.generators import fft_plan, load
from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    Fft,
    Formats,
    Order,
    Rotation,
    RunTime,
    Samples,
    build,
)
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target
from kolam.kernels import frame_narrow, pipeline_entry
from kolam.testbenches import SimulationFailed, simulate, stimulus
from kolam.testbenches.bench import PAUSES
from kolam.testbenches.fft_cores import exact, formats
from kolam.testbenches.random_fft import random_fft
from kolam.testbenches.stimulus import codes, script, wrong_lengths

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED
INVERSE = Direction.INVERSE
LIFT, SHIFT_ADD = Rotation.LIFT, Rotation.SHIFT_ADD
S8, S12, S16, S24 = (Format.parse(text) for text in ("s0.7", "s2.9", "s0.15", "s0.23"))


def config(points, into=NATURAL, out=REVERSED, **fields):
    return Config(points=points, input_order=into, output_order=out, **fields)


CORES = {
    "8": config(8),
    "8, natural, xc7": config(8, out=NATURAL, target=Target.XC7, direction=INVERSE),
    "8, reversed in, shift_add": config(8, REVERSED, NATURAL, rotation=SHIFT_ADD),
    "16, ecp5": config(16, target=Target.ECP5, formats=formats(S8, S16, 7)),
    "16, reversed, lift": config(16, REVERSED, REVERSED, rotation=LIFT, direction=INVERSE),
    "16, reversed in, unscaled": config(16, REVERSED, NATURAL, scaling=(0,) * 5),
    "32, unscaled, xc7": config(32, target=Target.XC7, scaling=(0,) * 6, formats=formats(S12)),
    "32, natural, shift_add, ecp5": config(
        32, out=NATURAL, target=Target.ECP5, rotation=SHIFT_ADD, formats=formats(S12, S8)
    ),
    "64, reversed in, lift, xc7": config(
        64, REVERSED, NATURAL, target=Target.XC7, rotation=LIFT, direction=INVERSE,
        scaling=(1, 0, 1, 0, 1, 0, 3), formats=formats(rounding=Rounding.HALF_UP),
    ),
    "128, rings, ecp5": config(
        128, target=Target.ECP5, direction=INVERSE,
        formats=formats(S12, rounding=Rounding.TRUNCATE),
    ),
    "64, natural, ice40": config(64, out=NATURAL, target=Target.ICE40, formats=formats(S8)),
    "2 of 16": config(16, lanes=2, target=Target.XC7),
    "2 of 64, reversed in, ecp5": config(
        64, REVERSED, NATURAL, lanes=2, target=Target.ECP5, direction=INVERSE, formats=formats(S8)
    ),
    "2 of 16, natural": config(16, out=NATURAL, lanes=2, formats=formats(S8)),
    "2 of 256, natural, ecp5": config(
        256, out=NATURAL, lanes=2, target=Target.ECP5, formats=formats(S12, S8)
    ),
    "4 of 8, reversed": config(8, REVERSED, REVERSED, lanes=4, direction=INVERSE),
    "4 of 64, reversed, xc7": config(
        64, REVERSED, REVERSED, lanes=4, target=Target.XC7, rotation=LIFT, formats=formats(S12, S8)
    ),
    "8 of 64, natural, ecp5": config(
        64, out=NATURAL, lanes=8, target=Target.ECP5, direction=INVERSE, formats=formats(S8)
    ),
    "16 of 32, natural": config(32, out=NATURAL, lanes=16, formats=formats(S8)),
    "4 of 16, reversed in, lift": config(16, REVERSED, NATURAL, lanes=4, rotation=LIFT),
    "4 of 32, ecp5": config(32, lanes=4, target=Target.ECP5, formats=formats(S12, S8, 10)),
    "64, lift, deep, ecp5": config(
        64, target=Target.ECP5, rotation=LIFT, pipelining=2, direction=INVERSE
    ),
    "128, reversed in, shift_add, pipelined": config(
        128, REVERSED, NATURAL, rotation=SHIFT_ADD, pipelining=1, formats=formats(S12)
    ),
    "2 of 16, lift, deep": config(
        16, lanes=2, rotation=LIFT, pipelining=2, scaling=(0, 1, 0, 1, 2)
    ),
    "4 of 64, reversed in, deep, xc7": config(
        64, REVERSED, NATURAL, lanes=4, rotation=LIFT, target=Target.XC7, pipelining=2,
        formats=formats(S8),
    ),
    "16 of 16, shift_add, pipelined": config(
        16, lanes=16, rotation=SHIFT_ADD, pipelining=1, formats=formats(S8)
    ),
    "16, wide, xc7": config(
        16, target=Target.XC7, direction=INVERSE, formats=formats(S24, S24, 22)
    ),
    "8 of 8, xc7": config(8, out=NATURAL, lanes=8, target=Target.XC7),
    "8 of 32, reversed in, shift_add": config(
        32, REVERSED, NATURAL, lanes=8, rotation=SHIFT_ADD, direction=INVERSE, formats=formats(S8)
    ),
    "16 of 16, reversed in, ecp5": config(
        16, REVERSED, NATURAL, lanes=16, target=Target.ECP5, scaling=(1, 1, 0, 0, 2)
    ),
    "16 of 64": config(64, lanes=16, direction=INVERSE, formats=formats(S8)),
    "32 of 32, reversed": config(32, REVERSED, REVERSED, lanes=32, formats=formats(S8)),
    "64 of 64": config(
        64, lanes=64, formats=formats(Format.parse("s0.5"), twiddle=4, rounding=Rounding.TRUNCATE)
    ),
}  # fmt: skip
FEW = (
    "8, natural, xc7", "2 of 16", "2 of 16, natural", "2 of 16, lift, deep", "4 of 8, reversed",
    "8 of 8, xc7",
)  # fmt: skip
LONG = "64, natural, ice40"  # whose flags take longer than the washing from end to end


# what it computes


def as_codes(z, source):
    """Return the nearest codes that the input holds."""
    parts = np.rint(np.stack([z.real, z.imag], axis=-1))
    return np.clip(parts, source.format.minimum, source.format.maximum).astype(np.int64)


def signals(design, seed=0):
    """Return frames: impulses, constants, tones, corners and squares at full scale, and noise.

    Impulses at every index and tones at every bin up to 16 points, else at four.
    """
    source = design.streams[0]
    points, low, high = source.elements, source.format.minimum, source.format.maximum
    rng = np.random.default_rng([points, seed])
    i = np.arange(points)
    some = i if points <= 16 else np.sort(rng.choice(points, 4, replace=False))
    impulses = np.zeros((len(some), points, 2), np.int64)
    impulses[np.arange(len(some)), some] = [[high, low], [low, high], [low, low], [high, 0]] * (
        len(some) // 4
    )
    flat = [[high, high], [low, low], [high, low], [0, 0], [1, -1]]
    constants = np.broadcast_to(np.array(flat)[:, None], (len(flat), points, 2))
    # the nearest corner of the square is the most that a bin, or a chirp of bins, can be given
    turns = (some[:, None] * i + 0.5) / points
    chirps = np.stack([i * i / (2 * points), i * i / points]) + 1 / 8
    z = np.exp(2j * np.pi * np.concatenate([turns, chirps]))
    corners = np.where(np.stack([z.real, z.imag], axis=-1) < 0, low, high)
    square = np.where(i < points // 2, high, low)
    squares = np.stack([
        np.stack([square, square], axis=-1),
        np.stack([square, np.roll(square, points // 4)], axis=-1),
        np.stack([-1 - square, np.zeros_like(square)], axis=-1),
    ])  # fmt: skip
    return np.concatenate([
        impulses,
        constants,
        as_codes(high * np.exp(2j * np.pi * some[:, None] * i / points), source),
        corners,
        squares,
        rng.choice([low, high], (2, points, 2)),
        rng.integers(low, high + 1, (3, points, 2)),
    ])  # fmt: skip


@pytest.mark.parametrize("name", CORES)
def test_signals(name, places):
    """All of them exactly, streaming freely, and as fast as promised."""
    design, folder = places(name)
    x = signals(design)
    run = exact(design, np.concatenate([x] * (1 + design.fill // len(x))), folder=folder)
    assert (run.latency, run.ready) == (design.latency, design.ready_after_reset)
    assert run.interval == design.interval == design.config.points // design.config.lanes
    begins = [first for side, _, first, _ in run.schedule if side == "s"]
    assert max(b - a for a, b in pairwise(begins)) <= design.interval


@pytest.mark.parametrize("seed", range(6), ids="seed-{}".format)
def test_random_configurations(seed, tmp_path):
    """Of at most 16 points; with pauses and bad frames as well."""
    design = build(random_fft(seed, target=list(Target)[seed % 5], stages=(3, 4)))
    run = exact(design, seed=seed, folder=tmp_path)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    frames = script(design, codes(design, 12, seed), 0.3, seed)
    exact(design, script=frames, seed=seed, folder=tmp_path, gap=0.3, stall=0.4)


@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("rotation", Rotation)
def test_latency_of_each_pipelining(rotation, target):
    """By docs/fft.md 4: a clock for each term of a rotator; not on xc7 one for each line."""
    made = config(64, rotation=rotation, target=target)
    plain, one, two = (build(replace(made, pipelining=depth)) for depth in range(3))
    assert (plain.interval, two.interval) == (64, 64)
    more = {Rotation.MULTIPLY: 0, LIFT: 12, SHIFT_ADD: 15}[rotation]
    assert one.latency == plain.latency + more + (rotation is LIFT and target is Target.ECP5)
    assert two.latency == one.latency + 6 * (target is not Target.XC7)


def test_sizes_at_run_time_with_pipelining():
    """Smaller frames enter in front of stages whose operands are prepared; in any weather."""
    design = build(config(32, rotation=LIFT, pipelining=2, run_time=RunTime(least_points=8)))
    assert exact(design).latency == design.latency
    exact(design, gap=0.3, stall=0.3)


def test_pipelining_changes_nothing_that_is_computed():
    made = config(64, rotation=LIFT)
    designs = [build(replace(made, pipelining=depth)) for depth in range(3)]
    assert designs[0].transform == designs[1].transform == designs[2].transform
    assert len({design.ready_after_reset for design in designs}) == 1


@pytest.mark.parametrize(("points", "lanes"), [(32, 16), (64, 64)])
def test_flags_leave_in_the_washing(points, lanes):
    """From a stage with a line, where they end meanwhile, or the entry, to the next or the output.

    The longest way is that of all lanes, whose stages have no line.
    """
    for pipelining, rotation in product((0, 2), (Rotation.MULTIPLY, SHIFT_ADD)):
        how = {"lanes": lanes, "pipelining": pipelining, "rotation": rotation}
        design = build(config(points, target=Target.ECP5, **how))
        longest = way = pipeline_entry.LATENCY
        for p in design.parts:
            lined = p in design.stages and p.clocks > 0
            way = 1 + p.prepared if lined else way + (1 if p in design.stages else p.clocks)
            longest = max(longest, way + frame_narrow.LATENCY)
        assert longest <= pipeline_entry.wash_clocks(design.washing)


def test_large_tables_and_rings():
    """From 512 points a table serves two rotators."""
    design = build(config(512, formats=formats(S8)))
    assert max(len(kept.readers) for kept in design.tables) == 2
    run = exact(design)
    assert (run.latency, run.interval) == (design.latency, 512)


FOLDED = {
    "64": config(64, formats=formats(S8, twiddle=10)),
    "32, natural, xc7": config(32, out=NATURAL, target=Target.XC7, direction=INVERSE),
    "64, reversed in, ecp5": config(64, REVERSED, NATURAL, target=Target.ECP5),
    "2 of 64, xc7": config(64, lanes=2, target=Target.XC7, formats=formats(S8)),
    "4 of 64, reversed in, ecp5": config(
        64, REVERSED, NATURAL, lanes=4, target=Target.ECP5, formats=formats(S8, twiddle=1)
    ),
    "128, lift": config(128, rotation=LIFT, formats=formats(S8)),
    "64 or less": config(64, run_time=RunTime(least_points=8), formats=formats(S8)),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folded_tables(name, monkeypatch, tmp_path):
    """From so many words on; here of fewer, so that it is soon tried."""
    whole = build(FOLDED[name])
    monkeypatch.setattr(fft_plan, "FOLDED_FROM", 16)
    design = build(FOLDED[name])
    assert [kept.folded for kept in design.tables].count(True) == (2 if "4 of" in name else 1)
    assert design.latency == whole.latency
    told(design)
    run = exact(design, folder=tmp_path)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    exact(design, folder=tmp_path, seed=1, **PAUSES["random"])
    if not design.settings:  # frames before a reset are as long as those behind it
        reset = design.ready_after_reset + design.latency + design.interval // 3
        exact(design, reset_at=reset, reset_clocks=1, folder=tmp_path)


def test_which_tables_are_folded():
    """From 2048 words on, where an eighth of the circle is less than half of them."""

    def folded(points, **fields):
        tables = build(config(points, **fields)).tables
        return [(t.image.depth, t.image.width, t.readers) for t in tables if t.folded]

    assert folded(1024) == []
    assert folded(2048) == [(256, 34, ((2, 0, 1),))]
    assert folded(8192, formats=formats(twiddle=10)) == [(1024, 22, ((2, 0, 1), (4, 0, 4)))]
    assert folded(4096, lanes=2) == [(512, 34, ((2, 0, 1), (2, 1, 1)))]
    assert folded(8192, lanes=4, rotation=LIFT) == [
        (1024, 34, ((1, 0, 1), (1, 1, 1))), (1024, 34, ((1, 2, 1), (1, 3, 1)))
    ]  # fmt: skip
    assert folded(1 << 14, lanes=8) == []


@pytest.mark.parametrize(
    ("simulator", "target"),
    [
        ("icarus", "generic"),
        ("icarus", "xc7"),
        ("icarus", "ecp5"),
        ("verilator", "generic"),
        ("myhdl", "ecp5"),
        ("cosim", "xc7"),
    ],
)
def test_simulators_and_targets_of_fft_64(simulator, target):
    design = load("fft-64", set={"target": target})
    run = exact(design, simulator=simulator)
    assert (run.mismatches, run.frames) == (0, design.fill + 6)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert run.ready == design.ready_after_reset


@pytest.mark.parametrize("simulator", ["myhdl", "cosim"])
@pytest.mark.parametrize(
    "name", ["8, natural, xc7", "2 of 16, natural", "4 of 16, reversed in, lift"]
)
def test_other_simulators_see_the_same(name, simulator, places):
    """Clock for clock, with pauses, bad frames and a reset."""
    design, folder = places(name)
    asked = {
        "script": script(design, codes(design, 8, 5), 0.4, 5), "gap": 0.2, "stall": 0.3,
        "reset_at": design.ready_after_reset + design.latency, "seed": 5, "folder": folder,
    }  # fmt: skip
    run = exact(design, simulator=simulator, **asked)
    assert run.line == simulate(design, **asked).line


# whatever the weather


@pytest.mark.parametrize("pauses", PAUSES)
@pytest.mark.parametrize("name", FEW)
def test_pauses(name, pauses, places):
    design, folder = places(name)
    frames = script(design, codes(design, 24), 0.3)
    run = exact(design, script=frames, folder=folder, **PAUSES[pauses])
    assert 8 < run.frames == sum(frame.good for frame in frames) < 24


@pytest.mark.parametrize("name", FEW)
def test_frames_of_every_wrong_length(name, places):
    """Each is told once and answered never; the good frames between are answered."""
    design, folder = places(name)
    frames = wrong_lengths(design, 3)
    good = sum(frame.good for frame in frames)
    for pauses in ({}, {"gap": 0.3, "stall": 0.3}):
        run = exact(design, script=frames, folder=folder, **pauses)
        assert f" errors={len(frames) - good} " in run.line
        assert run.frames == good == 2 * design.streams[0].beats + 1


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("name", [*FEW, LONG])
def test_reset(name, part, places):
    """From the washing after the first to two frames: what was before is forgotten."""
    design, folder = places(name)
    window = design.ready_after_reset + design.latency + 2 * design.interval
    x = codes(design, 12, part)
    for half in (0, 1):
        clock = 1 + (2 * part + half) * window // 6
        run = simulate(
            design, script=script(design, x[:6], 0.2, part), seed=part,
            before=script(design, x[6:], 0.3 * half, part),
            reset_at=clock, reset_clocks=1 + 2 * half, gap=0.2 * half, stall=0.3 * half,
            folder=folder,
        )  # fmt: skip
        assert run.passed, f"reset at {clock}: {run.line}"


@pytest.mark.parametrize("name", [*FEW, LONG])
def test_the_first_frame_after_power_up(name, places):
    """Nothing is known then; one frame is answered, alone."""
    design, folder = places(name)
    for seed in range(3):
        run = exact(design, frames=1, seed=seed, folder=folder)
        assert (run.frames, run.latency) == (1, design.latency)


def test_a_sample_that_is_limited_is_told_once():
    """A frame of 4 bits that all growth goes into: the model and the hardware count the same."""
    few = Format.parse("s0.3")
    made = config(16, lanes=2, scaling=(0,) * 5, formats=formats(few, few))
    design, wide = build(made), build(replace(made, formats=formats(few, Format.parse("s9.3"))))
    x = signals(design)
    limited = design.reference(x) != wide.reference(x)
    assert_array_equal(design.saturated(x), limited.sum(axis=(1, 2)))
    assert not wide.saturated(x).any()
    order = list(design.streams[1].order)
    beats = limited[:, order].reshape(len(x), 8, 4).any(axis=2)
    for pauses in ({}, {"gap": 0.4, "stall": 0.4}):
        run = exact(design, x, **pauses)
        assert run.saturated == limited.sum()
        assert f" overflows={beats.sum()} " in run.line
    assert " overflows=0 " in exact(design, x[~limited.any(axis=(1, 2))]).line


# what it is


@pytest.mark.parametrize("seed", range(20), ids="seed-{}".format)
def test_integers_meet_floats_within_the_roundings(seed):
    """As derived in testbenches/reference/test_fft.py, here in values and both their formats."""
    made = replace(random_fft(seed), rotation=Rotation.MULTIPLY)
    design, half = build(made), np.sqrt(0.5)
    x = signals(design)
    exactly = design.predict(made.formats.input.to_float(x) @ [1, 1j])
    error, peak = 0.0, np.hypot(*np.abs(x).max(axis=(0, 1)))  # of a step, in modulus
    for stage, halves in enumerate(made.schedule[:-1], 1):
        error, peak = (error + half, peak) if halves else (2 * error, 2 * peak)
        if stage in {r.after for r in design.rotators}:
            error += (peak + error) * half / 2**made.formats.twiddle.fraction + half
    drop = made.schedule[-1]
    final = 0 if not drop else 2 * half if made.formats.rounding is Rounding.TRUNCATE else half
    bound = (error / 2**drop + final) / 2**made.output.fraction * (1 + 1e-9)
    good = design.saturated(x) == 0
    assert good.any()
    off = np.abs(design.decode(design.reference(x)) - exactly)[good]
    assert off.max() <= bound


def test_encode_is_the_way_back_from_values():
    design = build(config(8, formats=formats(S8)))
    x = codes(design, 6)
    assert_array_equal(design.encode(S8.to_float(x) @ [1, 1j]), x)
    assert_array_equal(design.encode([[2 - 2j] * 8])[0], [[127, -128]] * 8)


@pytest.mark.parametrize(
    ("fields", "gain", "text"),
    [
        ({}, 1 / 16, "1/16 = 2^-4"),
        ({"scaling": (0,) * 5}, 1.0, "1 = 2^0"),
        ({"scaling": (1, 0, 1, 0, 5)}, 2.0**-7, "1/128 = 2^-7"),
        ({"scaling": (0,) * 5, "formats": formats(S16, S8)}, 2.0**8, "256 = 2^8"),
        ({"formats": formats(S8, S16), "direction": INVERSE}, 2.0**-12, "1/4096 = 2^-12"),
    ],
)
def test_gain(fields, gain, text):
    """Of values: 2^(fi - fo) for codes of other fractions is in it."""
    design = build(config(16, **fields))
    assert (design.gain, design.gain_text) == (gain, text)
    assert_array_equal(design.predict(np.ones((1, 16)))[0], [16 * gain] + [0] * 15)
    assert f"gain {text} exactly" in design.files()["rtl/fft.v"]


def test_the_default_scales_by_the_points_and_unscaled_loses_nothing():
    for n in range(3, 17):
        made = config(1 << n)
        assert made.schedule == (0, *[1] * (n - 3), 0, 0, 3)
        assert (sum(made.schedule), made.output) == (n, made.formats.input)
        assert build(made).gain == 2.0**-n
        assert config(1 << n, scaling=(0,) * (n + 1)).output == Format(True, n + 1, 15)
    design = build(config(64, scaling=(0,) * 7))
    assert not design.saturated(signals(design)).any()


@pytest.mark.parametrize("direction", Direction)
def test_it_is_the_sum_of_the_definition(direction):
    design = build(config(8, direction=direction, scaling=(0,) * 4, formats=formats(S8)))
    sign = 1 if direction is INVERSE else -1
    matrix = np.exp(sign * 2j * np.pi * np.outer(np.arange(8), np.arange(8)) / 8)
    x = codes(design, 9) @ [1, 1j]
    np.testing.assert_allclose(design.predict(x / 128), x / 128 @ matrix, atol=1e-12)


def test_packing():
    """Real part low, whole bytes a part, in the order of the stream; codes in natural order."""
    made = config(8, lanes=2, formats=formats(Format.parse("s1.8"), Format.parse("s2.20")))
    design = build(made)
    assert [(s.lanes, s.beats, s.element_bits) for s in design.streams] == [(2, 4, 32), (2, 4, 48)]
    assert [s.order_name for s in design.streams] == ["natural", "bit_reversed"]
    x = np.arange(16).reshape(1, 8, 2) - 8
    assert design.pack(x) == x.astype("<i2").tobytes()
    words = [b"".join((16 * k + part - 64).to_bytes(3, "little", signed=True) for part in (0, 1))
             for k in (0, 4, 2, 6, 1, 5, 3, 7)]  # fmt: skip
    wanted = [[16 * k - 64, 16 * k - 63] for k in range(8)]
    assert_array_equal(design.unpack(b"".join(words)), [wanted])
    for refused, sentence in (
        (x[:, :7], "x must be of shape (frames, 8, 2), not (1, 7, 2)"),
        (x + 505, "x must be -512 to 511, not 497 to 512"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            design.pack(refused)


@pytest.mark.parametrize("seed", range(12), ids="seed-{}".format)
def test_streams(seed):
    """Packing and unpacking are those of the bench; the orders are those asked for."""
    made = random_fft(seed)
    design = build(made)
    source, sink = design.streams
    for stream, order in ((source, made.input_order), (sink, made.output_order)):
        bits = made.stages
        reverse = [int(f"{k:0{bits}b}"[::-1], 2) for k in range(made.points)]
        wanted = reverse if order is REVERSED else range(made.points)
        assert list(stream.order) == list(wanted)
        assert (stream.lanes, stream.beats) == (made.lanes, design.interval)
        assert stream.shape == (made.points, 2)
    x = codes(design, 3, seed)
    y = design.reference(x)
    assert_array_equal(design.unpack(stimulus.pack(y, sink).tobytes()), y)
    packed = np.frombuffer(design.pack(x), np.uint8).reshape(3 * source.beats, -1)
    assert_array_equal(stimulus.unpack(packed, source), x)


@pytest.mark.parametrize("name", CORES)
def test_what_is_made_is_told(name, places):
    design, _ = places(name)
    told(design)


def told(design):
    """Memories are where their paths say; blocks that multiply are as many as promised."""
    files = design.files()
    images = {f"mem/{m.contents}" for m in design.memories if m.contents}
    assert images == {name for name in files if name.startswith("mem/")}
    for memory in design.memories:
        if memory.contents:
            lines = files[f"mem/{memory.contents}"].split()
            assert len(lines) == memory.depth
            assert {len(line) for line in lines} == {-(-memory.width // 4)}
        module = design.name
        for instance in memory.path.split("/"):
            text = files[f"rtl/{module}.v"]
            (module,) = re.findall(rf"^    (\w+) (?:#\(.*\) )?{instance} \($", text, re.M)
    if design.target is Target.ECP5:
        blocks = sum(
            count * files[f"rtl/{module}.v"].count("MULT18X18D #(")
            for module, count in design.emission.counts.items()
            if f"rtl/{module}.v" in files
        )
        inferred = sum(
            r.multipliers for r in design.rotators if r.lifts and not design.config.pipelining
        )
        assert blocks + inferred == design.multipliers


# configurations


@pytest.mark.parametrize("seed", range(0, 60, 3), ids="seed-{}".format)
def test_round_trip(seed, tmp_path):
    """Through plain values, JSON and TOML."""
    made = random_fft(seed, target=list(Target)[seed % 5])
    values = json.loads(json.dumps(made.to_dict()))
    assert Config.from_dict(values) == made
    tables = {name: values.pop(name) for name in ("formats", "run_time")}
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path = tmp_path / "made here.toml"
    path.write_text("\n".join(lines))
    design = load(path)
    assert isinstance(design, Fft)
    assert (design.config, design.name) == (made, "made_here")


def test_a_short_text_is_enough(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('engine = "fft"\npoints = 32\nscaling = "unscaled"\n')
    assert load(path).config == Config(points=32, scaling=(0,) * 6)
    assert load(path, set={"scaling": [0, 1, 0, 1, 0, 2]}).config.schedule[-1] == 2
    assert load("fft-64", set={"formats.input": "s0.7"}).config.formats.input == S8


WANTED = "scaling must be 4 times 0 or 1 and the bits dropped at the end"


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"points": 4}, ValueError, "points must be 8 to 65536, not 4"),
        ({"points": 1 << 17}, ValueError, "points must be 8 to 65536, not 131072"),
        ({"points": 24}, ValueError, "points must be a power of two, 8 to 65536, not 24"),
        ({"points": 16.0}, TypeError, "points must be an integer, not 16.0"),
        ({"points": True}, TypeError, "points must be an integer, not True"),
        ({"points": "16"}, TypeError, "points must be an integer, not '16'"),
        ({"lanes": 0}, ValueError, "lanes must be 1 to 16, not 0"),
        ({"lanes": 32}, ValueError, "lanes must be 1 to 16, not 32"),
        ({"lanes": 3}, ValueError, "lanes must be a power of two, 1 to 16, not 3"),
        ({"points": 64, "lanes": 128}, ValueError, "lanes must be 1 to 64, not 128"),
        ({"points": 128, "lanes": 32}, ValueError, "lanes must be 1 to 16, not 32"),
        ({"lanes": "2"}, TypeError, "lanes must be an integer, not '2'"),
        (
            {"lanes": 2, "run_time": RunTime(least_points=8)},
            ValueError,
            "run_time.least_points must be absent where lanes are 2 and output_order is natural, "
            "not 8",
        ),
        (
            {"scaling": (1, 1, 1, 1, 3), "formats": Formats(input=Format(True, 0, 3))},
            ValueError,
            "scaling must leave the output at least 2 bits a part, not 1: name formats.output, or "
            "scale by fewer bits",
        ),
        ({"direction": "forward"}, TypeError, "direction must be a Direction, not 'forward'"),
        ({"input_order": "natural"}, TypeError, "input_order must be an Order, not 'natural'"),
        ({"output_order": 1}, TypeError, "output_order must be an Order, not 1"),
        ({"rotation": "lift"}, TypeError, "rotation must be a Rotation, not 'lift'"),
        ({"pipelining": 3}, ValueError, "pipelining must be 0 to 2, not 3"),
        ({"pipelining": -1}, ValueError, "pipelining must be 0 to 2, not -1"),
        ({"pipelining": True}, TypeError, "pipelining must be an integer, not True"),
        (
            {"pipelining": 1, "architecture": Architecture.ITERATIVE},
            ValueError,
            "pipelining must be 0 where architecture is iterative, not 1",
        ),
        (
            {"pipelining": 2, "samples": Samples.REAL},
            ValueError,
            "pipelining must be 0 where samples are real, not 2",
        ),
        ({"formats": "s0.15"}, TypeError, "formats must be a Formats, not 's0.15'"),
        ({"target": "xc7"}, TypeError, "target must be a Target, not 'xc7'"),
        ({"scaling": [0] * 5}, TypeError, f"{WANTED}, not [0, 0, 0, 0, 0]"),
        ({"scaling": "unscaled"}, TypeError, f"{WANTED}, not 'unscaled'"),
        ({"scaling": (0, 0, 0, 0, True)}, TypeError, f"{WANTED}, not (0, 0, 0, 0, True)"),
        ({"scaling": (0.0,) * 5}, TypeError, f"{WANTED}, not (0.0, 0.0, 0.0, 0.0, 0.0)"),
        ({"scaling": (0,) * 4}, ValueError, f"{WANTED} (5 numbers), not 4 numbers"),
        ({"scaling": (0,) * 6}, ValueError, f"{WANTED} (5 numbers), not 6 numbers"),
        ({"scaling": (0, 2, 0, 0, 0)}, ValueError, f"{WANTED} (0 to 5), not [0, 2, 0, 0, 0]"),
        ({"scaling": (0, 0, 0, 0, 6)}, ValueError, f"{WANTED} (0 to 5), not [0, 0, 0, 0, 6]"),
        ({"scaling": (0, 0, 0, 0, -1)}, ValueError, f"{WANTED} (0 to 5), not [0, 0, 0, 0, -1]"),
    ],
)
def test_a_configuration_is_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Config(**{"points": 16, **fields})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"input": "s0.7"}, TypeError, "input must be a Format, not 's0.7'"),
        ({"output": 8}, TypeError, "output must be a Format, not 8"),
        ({"twiddle": None}, TypeError, "twiddle must be a Format, not None"),
        ({"rounding": "half_up"}, TypeError, "rounding must be a Rounding, not 'half_up'"),
        (
            {"input": Format.parse("u0.8")},
            ValueError,
            "formats.input must be signed, of 3 to 32 bits, not u0.8",
        ),
        (
            {"input": Format.parse("s0.32")},
            ValueError,
            "formats.input must be signed, of 3 to 32 bits, not s0.32",
        ),
        (
            {"output": Format.parse("s0.0")},
            ValueError,
            "formats.output must be signed, of 2 to 64 bits, not s0.0",
        ),
        (
            {"twiddle": Format.parse("s1.0")},
            ValueError,
            "formats.twiddle must be signed, of 3 to 32 bits, not s1.0",
        ),
        (
            {"twiddle": Format.parse("s2.8")},
            ValueError,
            "formats.twiddle must have one integer bit, like s1.16, not s2.8",
        ),
    ],
)
def test_formats_are_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Formats(**fields)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ({"engine": "dense"}, ValueError, "engine must be fft, not 'dense'"),
        ({"direction": "up"}, ValueError, "direction must be one of forward, inverse, not 'up'"),
        (
            {"rotation": "cordic"},
            ValueError,
            "rotation must be one of multiply, lift, shift_add, not 'cordic'",
        ),
        ({"formats": "s0.7"}, TypeError, "formats must be a table, not 's0.7'"),
    ],
)
def test_plain_values_are_refused(values, error, sentence):
    with pytest.raises(error) as refusal:
        Config.from_dict({"points": 16, **values})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "points"),
        ({"points": 8, "size": 8}, "size"),
        ({"points": 8, "formats": {"in": 1}}, "in"),
    ],
)
def test_keys_that_are_missing_or_unknown_are_named(values, word):
    with pytest.raises(ValueError, match=rf"\b{word}\b"):
        Config.from_dict(values)


def test_the_widest_of_all_is_within_the_limits():
    wide = Formats(input=Format.parse("s0.31"), twiddle=Format.parse("s1.30"))
    made = Config(points=1 << 16, scaling=(0,) * 17, formats=wide)
    assert made.output.width == 49
    assert max(part.size_out for part in build(made).parts) <= 52


def test_weights_are_refused():
    with pytest.raises(ValueError, match=r"^weights must not be given to an FFT, which has none$"):
        build(config(8), [1])


# the same bytes

PROGRAM = """
import hashlib, json
from kolam.generators.fft import build
from kolam.testbenches.random_fft import random_fft

for seed in (3, 6):
    files = build(random_fft(seed, stages=(3, 5))).files()
    print(hashlib.sha256(json.dumps(files).encode()).hexdigest())
"""


def test_the_same_bytes_twice_and_under_another_hash_seed():
    made = [[build(random_fft(seed, stages=(3, 5))).files() for seed in (3, 6)] for _ in range(2)]
    assert made[0] == made[1]
    sums = [hashlib.sha256(json.dumps(files).encode()).hexdigest() for files in made[0]]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == sums


# what is spoilt shows


class Spoilt:
    """A design with another wording in one of its modules or more."""

    def __init__(self, design, old, new):
        self.design, self.old, self.new = design, old, new

    def __getattr__(self, name):
        return getattr(self.design, name)

    def files(self):
        texts = self.design.files()
        spoilt = {path: re.sub(self.old, self.new, text) for path, text in texts.items()}
        assert spoilt != texts
        return spoilt


def detected(design, x, **asked):
    try:
        run = simulate(design, x, **asked)
    except SimulationFailed as failure:
        return str(failure)
    assert not run.passed
    return run.line


@pytest.mark.parametrize(("number", "bit"), [(0, 0), (5, 18), (7, 0), (15, 18)])
def test_a_twiddle_wrong_by_one(number, bit):
    """The last bit of a cosine or of a sine, in the image and so in the checksum, too."""
    design = build(config(16, scaling=(0,) * 5))
    (kept,) = design.tables
    words = list(kept.image.words)
    words[number] ^= 1 << bit
    image = replace(kept.image, words=tuple(words))
    design.__dict__["tables"] = (replace(kept, image=image),)
    assert "reason=mismatch" in detected(design, signals(design))


MUTANTS = {
    "sum, carries of re and im exchanged": (r"carry_re = adds && x_re", "carry_re = adds && x_im"),
    "difference without its borrow": (r"back_re = adds;", "back_re = 0;"),
    "quarter turn the other way": (r"not_im = h_re;", "not_im = h_re ^ ones;"),
    "quarter turns forgotten": (r"turned = adds && turns", "turned = 0"),
    "twiddles conjugated": (r"minus <= wr_d1 - wi_d1", "minus <= wr_d1 + wi_d1"),
    "turned samples cut": (r"product <= ", "product <= -32768 + "),
    "half code not added": (r"bump_d2 \? (\d+)'sd\d+", r"bump_d2 ? \1'sd32768"),
    "half code added to others": (r"marks <= found == 0", "marks <= found == 1"),
    "ties upwards": (r"last = v\[3\] &&.*", "last = v[3];"),
    "limits of the wrong sign": (r"code = 32768", "code = 32767"),
    "place of a frame lost": (r"(sample_place(?s:.)*now <= now) \+ 1", r"\1 + 2"),
    "order not turned round": (r"turned <= !turned", "turned <= 0"),
}  # fmt: skip


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_of_the_arithmetic(fault):
    design = build(config(16, out=NATURAL))
    assert "reason=mismatch" in detected(Spoilt(design, *MUTANTS[fault]), signals(design))


FOLDED_MUTANTS = {
    "eighths not exchanged": (r"swaps = angle.*", "swaps = angle[4];"),
    "cosines of the wrong sign": (r"less = angle.*", "less = angle[5];"),
    "sines of the wrong sign": (r"down = !.*", "down = 0;"),
    "quarters looked up": (r"exact = angle.*", "exact = 0;"),
    "folded one too low": (r"there = flipped \+ back", "there = flipped"),
    "negated one too low": (r"total_im = up \+ down", "total_im = up"),
    "blocks that go on": (r"begins = step == 0", "begins = 0"),
    "places not ahead": (r"now <= 3;", "now <= 2;"),
}


@pytest.mark.parametrize("fault", FOLDED_MUTANTS)
def test_a_fault_of_a_folded_table(fault, monkeypatch):
    """Frames follow each other, and do not; the last block of a frame is turned."""
    monkeypatch.setattr(fft_plan, "FOLDED_FROM", 64)
    design = build(config(64))
    spoilt = Spoilt(design, *FOLDED_MUTANTS[fault])
    assert "reason=mismatch" in detected(spoilt, signals(design), gap=0.05)


def test_saturation_that_the_model_does_not_see(monkeypatch):
    few = Format.parse("s0.3")
    design = build(config(16, scaling=(0,) * 5, formats=formats(few, few)))
    x = signals(design)
    monkeypatch.setattr(Fft, "saturated", lambda self, x: np.zeros(len(x), int))
    assert "reason=event_overflow" in detected(design, x)


@pytest.mark.parametrize("promise", ["latency", "interval"])
def test_a_promise_off_by_one(promise, monkeypatch):
    honest = getattr(Fft, promise).fget
    design = build(config(8))
    monkeypatch.setattr(Fft, promise, property(lambda self: honest(self) + 1))
    assert f"reason={promise}" in detected(design, None, frames=12)
