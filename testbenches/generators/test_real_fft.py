"""The FFT of real samples, a sample a clock: exact in every weather, promises, and errors."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    Order,
    RealFft,
    Rotation,
    Samples,
    build,
)
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target
from kolam.testbenches import Frame, simulate
from kolam.testbenches.bench import PAUSES
from kolam.testbenches.fft_cores import exact, formats
from kolam.testbenches.random_fft import random_real
from kolam.testbenches.stimulus import codes, script, wrong_lengths

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED
INVERSE = Direction.INVERSE
S3, S5, S8, S12, S16, S24 = (
    Format.parse(text) for text in ("s0.2", "s0.4", "s0.7", "s2.9", "s0.15", "s0.23")
)


def real(points, out=NATURAL, **fields):
    return Config(points=points, samples=Samples.REAL, output_order=out, **fields)


def inverse(points, into=NATURAL, **fields):
    return replace(real(points, **fields), direction=INVERSE, input_order=into)


def halved(points, drop):
    """Return the scaling that halves in every stage."""
    return (*[1] * (points.bit_length() - 2), drop)


CORES = {
    "16": real(16),
    "16, inverse, xc7": inverse(16, target=Target.XC7),
    "16, reversed, unscaled, ecp5": real(
        16, REVERSED, target=Target.ECP5, scaling=(0,) * 4, formats=formats(S8)
    ),
    "16, inverse, reversed, ice40": inverse(  # from the spectrum of the core above to its samples
        16, REVERSED, target=Target.ICE40, formats=formats(Format.parse("s5.7"), S8, 18)
    ),
    "32, wide, ecp5": real(
        32, target=Target.ECP5, formats=formats(S24, S24, 22, Rounding.TRUNCATE)
    ),
    "32, inverse, reversed, unscaled, wide, xc7": inverse(
        32, REVERSED, target=Target.XC7, scaling=(0,) * 5, formats=formats(S24, None, 20)
    ),
    "64, reversed, halved, xc7": real(
        64, REVERSED, target=Target.XC7, scaling=halved(64, 2),
        formats=formats(S8, S16, 10, Rounding.HALF_UP),
    ),
    "64, inverse, all cut but signs": inverse(
        64, scaling=halved(64, 6),
        formats=formats(S3, Format.parse("s0.1"), 3, Rounding.TRUNCATE),
    ),
    "256, circle": real(256, formats=formats(S8, twiddle=9)),
    "256, inverse, reversed, circle, ecp5": inverse(256, REVERSED, target=Target.ECP5),
    "16, shift_add": real(16, REVERSED, rotation=Rotation.SHIFT_ADD),
    "32, inverse, reversed, shift_add, unscaled, ice40": inverse(
        32, REVERSED, rotation=Rotation.SHIFT_ADD, target=Target.ICE40, scaling=(0,) * 5,
        formats=formats(S12, None, 5),
    ),
    "256, inverse, shift_add, xc7": inverse(256, rotation=Rotation.SHIFT_ADD, target=Target.XC7),
    "128, rings, ice40": real(
        128, target=Target.ICE40, scaling=(1, 0, 1, 0, 1, 1, 1), formats=formats(S12, S8, 2)
    ),
    "128, inverse, rings, ecp5": inverse(
        128, target=Target.ECP5, scaling=(0, 1, 0, 1, 0, 1, 0), formats=formats(S8, S8, 1)
    ),
}  # fmt: skip
FEW = "16, inverse, xc7", "16, reversed, unscaled, ecp5"
AT_ONCE = {
    "16": real(16, lanes=16),
    "16, inverse, xc7": inverse(16, lanes=16, target=Target.XC7),
    "16, reversed, truncated, ecp5": real(
        16, REVERSED, lanes=16, target=Target.ECP5, scaling=(0,) * 4,
        formats=formats(S12, S16, 10, Rounding.TRUNCATE),
    ),
    "32, inverse, reversed, small": inverse(
        32, REVERSED, lanes=32, formats=formats(S5, S5, 3, Rounding.HALF_UP)
    ),
    "32, halved, wide": real(
        32, lanes=32, scaling=halved(32, 1), formats=formats(S24, S16, 20)
    ),
}  # fmt: skip


# what it computes, and how fast


def signals(design):
    """Return frames: impulses, constants, tones, corners and squares at full scale, and noise."""
    source = design.streams[0]
    count, low, high = source.elements, source.format.minimum, source.format.maximum
    rng = np.random.default_rng(count)
    i = np.arange(count)

    def parts(z):
        """Real samples, or the two parts of elements, beyond what the format holds."""
        return z.real if source.parts == 1 else np.stack([z.real, z.imag], axis=-1)

    some = [0, 1, 2, count // 2 - 1, count // 2, count // 2 + 1, count - 1]
    impulses = np.zeros((len(some), *source.shape), np.int64)
    for frame, at in zip(impulses, some, strict=True):
        frame[at] = (low, high)[at % 2]
    flat = parts(np.array([high, low, 0, 1, -1])[:, None] * np.exp(0j * i))
    others = np.where(i % 2, low, high) * (1 - 1j)
    # the nearest corner of the square is the most that a tone, or a chirp of them, can be given
    turns = (np.array([0, 1, 3, count // 2 - 1])[:, None] * i + 0.25) / count
    turns = np.concatenate([turns, i * i / (2 * count) + np.array([[0.25 / count], [1 / 8]])])
    z = np.exp(2j * np.pi * turns)
    square = np.where(i < count // 2, high, low)
    return np.concatenate([
        impulses,
        np.clip(flat, low, high),
        np.clip(parts(others + 0j)[None], low, high),
        np.where(parts(z) < 0, low, high),
        np.rint(high * parts(z[1:3])),
        parts(square + 1j * np.roll(square, count // 4))[None],
        rng.choice([low, high], (3, *source.shape)),
        rng.integers(low, high + 1, (3, *source.shape)),
    ]).astype(np.int64)  # fmt: skip


def as_fast_as_promised(run, design):
    assert (run.latency, run.ready) == (design.latency, design.ready_after_reset)
    assert run.interval == design.interval == design.config.points
    begins = [first for side, _, first, _ in run.schedule if side == "s"]
    assert max(b - a for a, b in pairwise(begins)) <= design.interval


@pytest.mark.parametrize("name", CORES)
def test_signals(name, places):
    """All of them exactly (of long frames some), back to back, as fast as promised."""
    design, folder = places(name)
    assert isinstance(design, RealFft)
    x = signals(design)[:: min(3, max(1, design.config.points // 32))]
    as_fast_as_promised(exact(design, x, folder=folder), design)


@pytest.mark.parametrize("seed", range(3), ids="seed-{}".format)
def test_random_configurations(seed, tmp_path):
    """Of at most 32 points; with pauses and bad frames as well."""
    design = build(random_real(seed, target=list(Target)[seed], stages=(4, 5)))
    as_fast_as_promised(exact(design, seed=seed, folder=tmp_path), design)
    frames = script(design, codes(design, 8, seed), 0.3, seed)
    exact(design, script=frames, seed=seed, folder=tmp_path, gap=0.3, stall=0.4)


@pytest.mark.parametrize(
    ("simulator", "name"), [("myhdl", FEW[0]), ("myhdl", FEW[1]), ("cosim", FEW[0])]
)
def test_other_simulators_see_the_same(simulator, name, places):
    """Clock for clock, with pauses, bad frames and a reset."""
    design, folder = places(name)
    asked = {
        "script": script(design, codes(design, 4, 5), 0.4, 5), "gap": 0.2, "stall": 0.3,
        "reset_at": design.ready_after_reset + design.latency, "seed": 5, "folder": folder,
    }  # fmt: skip
    run = exact(design, simulator=simulator, **asked)
    assert run.line == simulate(design, **asked).line


@pytest.mark.parametrize(
    ("config", "blocks", "latency"),
    [
        (real(1024, REVERSED, target=Target.XC7), ["u_lines", "u_split/u_buffer"], 1593),
        (inverse(1024), ["u_works_11/u_line", "u_works_12/u_line", "u_split/u_buffer"], 2105),
    ],
    ids=["xc7", "inverse"],
)
def test_1024_points(config, blocks, latency):
    """In Verilator, whose registers begin with anything: lines and tables that are memories."""
    design = build(config)
    found = [m.path for m in design.memories if m.style == "block"]
    assert found == [*blocks, "u_lookups_3"]
    run = exact(design, signals(design)[:12], simulator="verilator")
    as_fast_as_promised(run, design)
    assert run.latency == latency


@pytest.mark.parametrize("name", FEW)
def test_the_first_frame_after_power_up(name, places):
    """Nothing is known then; one frame is answered, alone."""
    design, folder = places(name)
    for seed in range(3):
        run = exact(design, frames=1, seed=seed, folder=folder)
        assert (run.frames, run.latency) == (1, design.latency)


def test_a_sample_that_is_limited_is_told_once():
    """An output of 5 bits that all growth goes into: model and hardware count the same."""
    made = real(16, scaling=(0,) * 4, formats=formats(S8, S5))
    wide = build(replace(made, formats=formats(S8, Format.parse("s9.4"))))
    design = build(made)
    x = signals(design)
    limited = design.reference(x) != wide.reference(x)
    assert_array_equal(design.saturated(x), limited.sum(axis=(1, 2)))
    assert not wide.saturated(x).any()
    run = exact(design, x, gap=0.2, stall=0.3)
    assert (run.saturated, f" overflows={limited.sum()} " in run.line) == (limited.sum(), True)


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_frame_a_clock(name, tmp_path):
    """Exactly, as fast as promised; with pauses, too many beats, and a reset."""
    design = build(AT_ONCE[name])
    run = exact(design, signals(design), folder=tmp_path)
    assert (run.latency, run.ready) == (design.latency, design.ready_after_reset)
    assert run.interval == design.interval == 1
    frames = script(design, codes(design, 12, 1), 0.3, 1)
    exact(design, script=frames, seed=1, folder=tmp_path, gap=0.3, stall=0.4)
    reset = design.ready_after_reset + design.latency + 3
    exact(design, script=frames, seed=2, folder=tmp_path, stall=0.3, reset_at=reset)


# whatever the weather


@pytest.mark.parametrize("name", FEW)
def test_pauses(name, places):
    design, folder = places(name)
    for seed, pauses in enumerate(PAUSES.values()):
        frames = script(design, codes(design, 6, seed), 0.3, seed)
        run = exact(design, script=frames, seed=seed, folder=folder, **pauses)
        assert run.frames == sum(frame.good for frame in frames)


@pytest.mark.parametrize("name", FEW)
def test_frames_of_every_wrong_length(name, places):
    """Each is told once and answered never; the good frames between are answered."""
    design, folder = places(name)
    frames = wrong_lengths(design, 3)
    good = sum(frame.good for frame in frames)
    for pauses in ({}, {"gap": 0.3, "stall": 0.3}):
        run = exact(design, script=frames, folder=folder, **pauses)
        assert f" errors={len(frames) - good} " in run.line
        assert run.frames == good


@pytest.mark.parametrize("name", FEW)
def test_reset(name, places):
    """At seeded clocks from the first washing to the end of two frames: all before is forgotten."""
    design, folder = places(name)
    window = design.ready_after_reset + design.latency + 2 * design.interval
    rng = np.random.default_rng(window)
    for part in range(8):
        clock = 1 + int(rng.integers(part * window // 8, (part + 1) * window // 8))
        x = codes(design, 8, part)
        odd = part % 2
        run = simulate(
            design, script=script(design, x[:4], 0.2, part), seed=part, folder=folder,
            before=script(design, x[4:], 0.3 * odd, part), reset_at=clock,
            reset_clocks=1 + 2 * odd, gap=0.2 * odd, stall=0.3 * odd,
        )  # fmt: skip
        assert run.passed, f"reset at {clock}: {run.line}"


@pytest.mark.parametrize("name", FEW)
def test_reset_when_a_word_reaches_the_split(name, places):
    """The first or the second one of an element is on its way, or both are there."""
    design, folder = places(name)
    x = codes(design, 4, 1)
    before = [Frame(row) for row in x[2:]]
    first = design.ready_after_reset + (6 if design.inverse else design.latency - 20)
    failed = []
    for clock in range(first, first + 4):
        run = simulate(design, x[:2], before=before, reset_at=clock, folder=folder)
        if not run.passed:
            failed.append(clock)
    assert failed == []


# what it is


def travelled(design, error, peak):
    """Return the errors in modulus behind stages and rotators, and the largest modulus there."""
    half, fraction = np.sqrt(0.5), design.config.formats.twiddle.fraction
    turning = {rotator.after for rotator in design.rotators}
    for stage, halves in enumerate(design.config.schedule[:-1], 1):
        error, peak = (error + half, peak) if halves else (2 * error, 2 * peak)
        if stage in turning:
            error += (peak + error) * half / 2**fraction + half
    return error, peak


def test_there_and_back(places):
    """Through both in hardware: the samples again, but for the roundings.

    u and v of a split are off by twice what its elements are, u w by that of u, of w and of its
    own rounding; and of 2 X half is left. An error e of all elements is one of at most e in the
    samples, of 1/N; the inverse split halves.
    """
    half = np.sqrt(0.5)
    (there, first), (back, second) = map(places, (FEW[1], "16, inverse, reversed, ice40"))
    assert back.config.formats.input == there.config.output
    x = signals(there)
    spectrum = exact(there, x, folder=first).output
    again = exact(back, spectrum, folder=second).output
    step = half / 2**there.config.formats.twiddle.fraction
    error, peak = travelled(there, 0.0, np.hypot(*2 * [2.0**7]))
    error = (4 * error + 2 * (peak + error) * step + half) / 2 + half
    peak = np.hypot(*np.abs(spectrum).max(axis=(0, 1)))
    step = half / 2**back.config.formats.twiddle.fraction
    later, _ = travelled(back, peak * step + half, 2 * peak)
    bound = error + later / 2 ** back.config.schedule[-1] + 0.5
    off = np.abs(again - x).max()
    assert not there.saturated(x).any()
    assert 0 < off <= bound < 12


@pytest.mark.parametrize(("number", "bit"), [(1, 0), (14, 17)])
def test_a_twiddle_of_the_split_wrong_by_one(number, bit):
    """The last bit of a word, or its sign."""
    design = build(real(16, scaling=(0,) * 4))
    *others, kept = design.images
    words = list(kept.words)
    words[number] ^= 1 << bit
    design.__dict__["images"] = (*others, replace(kept, words=tuple(words)))
    run = simulate(design, signals(design))
    assert run.mismatches
    assert not run.passed


# configurations


WANTED = "scaling must be 3 times 0 or 1 and the bits dropped at the end"


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"samples": "real"}, TypeError, "samples must be a Samples, not 'real'"),
        ({"points": 8}, ValueError, "points must be 16 to 65536 where samples are real, not 8"),
        ({"points": 1 << 17}, ValueError, "points must be 8 to 65536, not 131072"),
        ({"points": 24}, ValueError, "points must be a power of two, 8 to 65536, not 24"),
        (
            {"architecture": Architecture.ITERATIVE},
            ValueError,
            "architecture must be streaming where samples are real, not iterative",
        ),
        (
            {"rotation": Rotation.LIFT},
            ValueError,
            "rotation must be multiply or shift_add where samples are real, not lift",
        ),
        (
            {"rotation": Rotation.SHIFT_ADD, "lanes": 16},
            ValueError,
            "rotation must be multiply where real samples come all at once, not shift_add",
        ),
        (
            {"input_order": REVERSED},
            ValueError,
            "input_order must be natural where samples are real and direction is forward, "
            "not bit_reversed",
        ),
        (
            {"direction": INVERSE, "output_order": REVERSED},
            ValueError,
            "output_order must be natural where samples are real and direction is inverse, "
            "not bit_reversed",
        ),
        ({"lanes": 2}, ValueError, "lanes must be 1 or 16 where samples are real, not 2"),
        (
            {"points": 128, "lanes": 4},
            ValueError,
            "lanes must be 1 where samples are real, not 4",
        ),
        ({"scaling": (0,) * 5}, ValueError, f"{WANTED} (4 numbers), not 5 numbers"),
        ({"scaling": (0,) * 3}, ValueError, f"{WANTED} (4 numbers), not 3 numbers"),
        ({"scaling": (0, 2, 0, 0)}, ValueError, f"{WANTED} (0 to 4), not [0, 2, 0, 0]"),
        ({"scaling": (0, 0, 0, 5)}, ValueError, f"{WANTED} (0 to 4), not [0, 0, 0, 5]"),
        (
            {"scaling": "block"},
            ValueError,
            "scaling must be numbers where architecture is streaming, not block",
        ),
    ],
)
def test_a_configuration_is_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Config(**{"points": 16, "samples": Samples.REAL, **fields})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("seed", range(0, 60, 6), ids="seed-{}".format)
def test_round_trip(seed):
    made = random_real(seed, target=list(Target)[seed % 5])
    assert Config.from_dict(made.to_dict()) == made


@pytest.mark.parametrize("name", CORES)
def test_what_is_made_is_told(name, places):
    """Tables of two words an element, and the multipliers of each rotator and of the split.

    The table of a split may serve a rotator, too.
    """
    design, _ = places(name)
    files = design.files()
    images = {f"mem/{m.contents}" for m in design.memories if m.contents}
    assert images == {path for path in files if path.startswith("mem/")}
    multiply = [rotator for rotator in design.rotators if not rotator.adds]
    assert len(images) == len(multiply) + (design.circle is None)
    assert (design.circle is None) == (design.config.points < 256)
    for memory in design.memories:
        if memory.contents:
            lines = files[f"mem/{memory.contents}"].split()
            assert len(lines) == memory.depth <= design.config.points
            assert {len(line) for line in lines} == {-(-memory.width // 4)}
    products = sum(
        count * files[f"rtl/{module}.v"].count("product_c <= ")
        for module, count in design.emission.counts.items()
        if f"rtl/{module}.v" in files
    )
    assert 2 * products == design.multipliers == 2 * (len(multiply) + 1)
