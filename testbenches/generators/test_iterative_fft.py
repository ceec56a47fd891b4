"""The iterative FFT: exact in every weather, as fast as docs/fft.md 5 has it, and its errors."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kolam.generators import fft_noise as noise
from kolam.generators import fft_plan
from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    IterativeFft,
    Order,
    Rotation,
    RunTime,
    build,
)
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target
from kolam.reference import fft as golden
from kolam.testbenches import Frame, simulate
from kolam.testbenches.bench import PAUSES
from kolam.testbenches.fft_cores import exact, formats
from kolam.testbenches.random_fft import random_iterative
from kolam.testbenches.stimulus import codes, script, wrong_lengths

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED
INVERSE = Direction.INVERSE
S5, S8, S12, S16 = (Format.parse(text) for text in ("s0.4", "s0.7", "s2.9", "s0.15"))


def config(points, butterflies=1, **fields):
    return Config(
        points=points, architecture=Architecture.ITERATIVE, butterflies=butterflies, **fields
    )


def scaled(points, first, drop):
    """Return a scaling: every stage but perhaps the first, and bits dropped at the end."""
    return (first, *[1] * (points.bit_length() - 2), drop)


CORES = {
    "8": config(8),
    "8, ecp5": config(
        8, target=Target.ECP5, scaling=scaled(8, 1, 2), input_order=REVERSED,
        formats=formats(S12, S12, rounding=Rounding.HALF_UP),
    ),
    "16 of 2, xc7": config(16, 2, target=Target.XC7, direction=INVERSE, output_order=REVERSED),
    "16, block": config(16, scaling="block", formats=formats(S12)),
    "32 of 4": config(
        32, 4, input_order=REVERSED, output_order=REVERSED, scaling=scaled(32, 1, 0),
        formats=formats(S8, twiddle=7, rounding=Rounding.TRUNCATE),
    ),
    "32, wide, ecp5": config(
        32, target=Target.ECP5, input_order=REVERSED, formats=formats(Format(True, 0, 23), S16, 22)
    ),
    "64 of 8, ecp5": config(
        64, 8, target=Target.ECP5, direction=INVERSE, scaling=scaled(64, 0, 3),
        formats=formats(S8, S8, 10, Rounding.HALF_UP),
    ),
    "64 of 2, ecp5": config(  # a pass as long as it takes for what is read to be written
        64, 2, target=Target.ECP5, scaling=scaled(64, 1, 4), output_order=REVERSED,
        formats=formats(S8, S16, 3, Rounding.TRUNCATE),
    ),
    "128 of 4": config(
        128, 4, target=Target.ICE40, input_order=REVERSED, output_order=REVERSED,
        direction=INVERSE, scaling=scaled(128, 1, 1),
        formats=formats(S5, twiddle=4, rounding=Rounding.HALF_UP),
    ),
    "256 of 2": config(256, 2, output_order=REVERSED, formats=formats(S12)),
    "8, twice": config(  # two passes, the second of one stage
        8, stages_a_pass=2, target=Target.XC7, direction=INVERSE, input_order=REVERSED,
        scaling=scaled(8, 1, 1), formats=formats(S8, rounding=Rounding.HALF_UP),
    ),
    "16, twice, ecp5": config(
        16, stages_a_pass=2, target=Target.ECP5, output_order=REVERSED, formats=formats(S12)
    ),
    "16 of 2, twice": config(
        16, 2, stages_a_pass=2, direction=INVERSE, scaling=scaled(16, 1, 0),
        formats=formats(S8, twiddle=5, rounding=Rounding.TRUNCATE),
    ),
    "32 of 4, twice, ecp5": config(
        32, 4, stages_a_pass=2, target=Target.ECP5, input_order=REVERSED, output_order=REVERSED
    ),
    "64 of 4, twice, xc7": config(
        64, 4, stages_a_pass=2, target=Target.XC7, scaling=scaled(64, 0, 3), output_order=REVERSED,
        formats=formats(S5, S12, 4),
    ),
    "128, twice, wide, ecp5": config(
        128, stages_a_pass=2, target=Target.ECP5, formats=formats(Format(True, 0, 23), S16, 22)
    ),
    "128 of 2, twice": config(
        128, 2, stages_a_pass=2, direction=INVERSE, input_order=REVERSED, formats=formats(S12)
    ),
    "32 of 2, twice, prefix": config(  # as a configuration, and in force after a reset
        32, 2, stages_a_pass=2, cyclic_prefix=5, formats=formats(S12),
        run_time=RunTime(direction=True, cyclic_prefix=True),
    ),
    "256, twice": config(256, stages_a_pass=2, output_order=REVERSED),
}  # fmt: skip
FEW = "8, ecp5", "16 of 2, xc7", "32 of 4", "8, twice", "32 of 4, twice, ecp5"


# what it computes, and how fast


def signals(design):
    """Return frames: impulses, constants, tones, corners and squares at full scale, and noise."""
    source = design.streams[0]
    points, low, high = source.elements, source.format.minimum, source.format.maximum
    rng = np.random.default_rng(points)
    i = np.arange(points)
    frames = np.zeros((4, points, 2), np.int64)
    for frame, at, value in zip(
        frames, (0, 1, points // 2, points - 1), (low, high) * 2, strict=True
    ):
        frame[at] = value, low + high - value
    flat = np.broadcast_to(np.array([[[high, high]], [[low, low]], [[-1, 0]]]), (3, points, 2))
    # the nearest corner of the square is the most that a bin, or a chirp of bins, can be given
    turns = np.stack([(i + 0.5) / points, (3 * i + 0.5) / points, i * i / (2 * points) + 1 / 8])
    z = np.exp(2j * np.pi * turns)
    corners = np.where(np.stack([z.real, z.imag], axis=-1) < 0, low, high)
    tone = np.rint(high * np.stack([z[1].real, z[1].imag], axis=-1)).astype(np.int64)
    square = np.where(i < points // 2, high, low)
    return np.concatenate([
        frames,
        flat,
        corners,
        tone[None],
        np.stack([square, np.roll(square, points // 4)], axis=-1)[None],
        rng.choice([low, high], (1, points, 2)),
        rng.integers(low, high + 1, (2, points, 2)),
    ])  # fmt: skip


def promises(made):
    """Return latency and interval by the page."""
    points, stages, words = made.points, made.stages, made.points // (2 * made.butterflies)
    # parts in the memory of two bits more than the input's, at least
    four = made.target is Target.ECP5 and build(made).stages[0].size_in <= 18
    rotation = 5 if four and made.formats.twiddle.width <= 18 else 4
    if made.stages_a_pass == 2:
        late, passes = 8 + rotation, (stages + 1) // 2
        given = 5 if stages % 2 else late
        turn = max(words, 3 * words // 4 + late - 2)
    else:
        given = late = 5 + rotation
        passes, turn = stages, max(words, words // 2 + late)
    if made.block:
        turn = words + late + 1
    latency = points + (passes - 1) * turn + words + given + 6
    latency += made.butterflies > 1 or made.block
    emptied = points + made.cyclic_prefix + words + given + 1
    return latency, max(passes * turn, points + turn + 1, emptied)


@pytest.mark.parametrize("name", CORES)
def test_signals(name, places):
    """All of them exactly, back to back, and as fast as promised."""
    design, folder = places(name)
    assert isinstance(design, IterativeFft)
    assert (design.latency, design.interval) == promises(design.config)
    run = exact(design, signals(design), folder=folder)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert (run.ready, design.ready_after_reset) == (0, 0)
    begins = [first for side, _, first, _ in run.schedule if side == "s"]
    assert max(b - a for a, b in pairwise(begins)) <= design.interval


@pytest.mark.parametrize("seed", range(5))
def test_random_configurations(seed, tmp_path):
    """Of up to 64 points; with pauses and bad frames as well."""
    made = random_iterative(seed, target=list(Target)[seed])
    design = build(made)
    assert (design.latency, design.interval) == promises(made)
    run = exact(design, seed=seed, folder=tmp_path)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    frames = script(design, codes(design, 10, seed), 0.3, seed)
    exact(design, script=frames, seed=seed, folder=tmp_path, gap=0.3, stall=0.4)


@pytest.mark.parametrize(
    ("simulator", "name"),
    [("myhdl", "16 of 2, xc7"), ("cosim", "16 of 2, xc7"), ("myhdl", "8, twice"),
     ("cosim", "16 of 2, twice")],
)  # fmt: skip
def test_other_simulators_see_the_same(simulator, name, places):
    """Clock for clock, with pauses, bad frames and a reset."""
    design, folder = places(name)
    asked = {
        "script": script(design, codes(design, 6, 5), 0.4, 5), "gap": 0.2, "stall": 0.3,
        "reset_at": design.latency + 20, "seed": 5, "folder": folder,
    }  # fmt: skip
    run = exact(design, simulator=simulator, **asked)
    assert run.line == simulate(design, **asked).line


@pytest.mark.parametrize("value", [-1, -8, 7])
def test_a_first_sample_of_any_sign_in_myhdl(value):
    """Half an output code is added to it, and may carry it over zero."""
    design = build(config(8, scaling=scaled(8, 1, 1), formats=formats(S5)))
    exact(design, np.full((2, 8, 2), value), simulator="myhdl")


def test_1024_points():
    design = build(config(1024, target=Target.XC7))
    assert (design.latency, design.interval) == promises(design.config) == (6159, 5120)
    twice = build(config(1024, stages_a_pass=2, target=Target.XC7))
    assert (twice.latency, twice.interval) == promises(twice.config) == (3602, 2560)
    run = exact(design, simulator="verilator")
    assert (run.latency, run.interval) == (design.latency, design.interval)


# whatever the weather


@pytest.mark.parametrize("name", ["8, ecp5", "16 of 2, xc7", "8, twice", "16 of 2, twice"])
def test_pauses(name, places):
    design, folder = places(name)
    for seed, pauses in enumerate(PAUSES.values()):
        frames = script(design, codes(design, 8, seed), 0.3, seed)
        run = exact(design, script=frames, seed=seed, folder=folder, **pauses)
        assert run.frames == sum(frame.good for frame in frames)


def test_frames_of_every_wrong_length(places):
    """Each is told once and answered never; the good frames between are answered."""
    design, folder = places("8, ecp5")
    frames = wrong_lengths(design, 3)
    good = sum(frame.good for frame in frames)
    for pauses in ({}, {"gap": 0.3, "stall": 0.3}):
        run = exact(design, script=frames, folder=folder, **pauses)
        assert f" errors={len(frames) - good} " in run.line
        assert run.frames == good == 2 * design.streams[0].beats + 1


@pytest.mark.parametrize("name", FEW)
def test_reset(name, places):
    """At seeded clocks of two frames: what was before is forgotten."""
    design, folder = places(name)
    window = design.latency + 2 * design.interval
    rng = np.random.default_rng(window)
    for part in range(4):
        clock = 1 + int(rng.integers(part * window // 4, (part + 1) * window // 4))
        x = codes(design, 8, part)
        asked = {
            "script": script(design, x[:4], 0.2, part), "seed": part, "reset_at": clock,
            "before": script(design, x[4:], 0.3 * (part % 2), part),
            "reset_clocks": 1 + 2 * (part % 2), "gap": 0.2 * (part % 2), "stall": 0.3 * (part % 2),
        }  # fmt: skip
        run = simulate(design, folder=folder, **asked)
        assert run.passed, f"reset at {clock}: {run.line}"


@pytest.mark.parametrize(("name", "step"), [("8", 1), ("16, block", 3), ("8, twice", 2)])
def test_reset_while_results_are_on_their_way(name, step, places):
    """Those of the last pass would fill the output buffer."""
    design, folder = places(name)
    x = codes(design, 4, 1)
    before = [Frame(row) for row in x[2:]]
    failed = []
    for clock in range(design.latency - 14, design.latency + 1, step):
        run = simulate(design, x[:2], before=before, reset_at=clock, folder=folder)
        if not run.passed:
            failed.append(clock)
    assert failed == []


@pytest.mark.parametrize("name", FEW)
def test_the_first_frame_after_power_up(name, places):
    """Nothing is known then; one frame is answered, alone."""
    design, folder = places(name)
    for seed in range(2):
        run = exact(design, frames=1, seed=seed, folder=folder)
        assert (run.frames, run.latency) == (1, design.latency)


def test_a_sample_that_is_limited_is_told_once():
    """An output of 5 bits that all growth goes into: model and hardware count the same."""
    made = config(16, scaling=scaled(16, 1, 0), formats=formats(S8, S5))
    wide = build(replace(made, formats=formats(S8, S16)))
    design = build(made)
    x = signals(design)
    limited = design.reference(x) != wide.reference(x)
    assert_array_equal(design.saturated(x), limited.sum(axis=(1, 2)))
    assert not wide.saturated(x).any()
    beats = limited.any(axis=2)
    run = exact(design, x, gap=0.2, stall=0.3)
    assert (run.saturated, f" overflows={beats.sum()} " in run.line) == (limited.sum(), True)


@pytest.mark.parametrize(("number", "bit"), [(1, 0), (2, 18), (7, 0), (7, 35)])
def test_a_twiddle_wrong_by_one(number, bit):
    """The last bit of a cosine or of a sine, or a sign."""
    design = build(
        config(16, scaling=scaled(16, 0, 0), formats=formats(output=Format(True, 3, 15)))
    )
    (image,) = design.images
    words = list(image.words)
    words[number] ^= 1 << bit
    design.__dict__["images"] = (replace(image, words=tuple(words)),)
    run = simulate(design, signals(design))
    assert run.mismatches
    assert not run.passed


# what it is


@pytest.mark.parametrize("seed", range(6))
def test_integers_meet_floats_within_the_roundings(seed):
    """Errors in modulus: a stage that halves or not, a twiddle, a rotator, and the last one."""
    points, half = 8 << seed, np.sqrt(0.5)
    made = config(
        points, direction=list(Direction)[seed % 2], scaling=scaled(points, seed % 2, seed % 4),
        formats=formats(S12, Format(True, 12, 9), 8 + seed, list(Rounding)[seed % 3]),
    )  # fmt: skip
    design = build(made)
    x = signals(design)
    exactly = design.predict(made.formats.input.to_float(x) @ [1, 1j])
    error, peak = 0.0, np.hypot(*np.abs(x).max(axis=(0, 1)))  # of a step, in modulus
    for stage, halves in enumerate(made.schedule[:-1], 1):
        error, peak = (error + half, peak) if halves else (2 * error, 2 * peak)
        if stage <= made.stages - 2:
            error += (peak + error) * half / 2**made.formats.twiddle.fraction + half
    final = 2 * half if made.formats.rounding is Rounding.TRUNCATE else half
    bound = (error / 2 ** made.schedule[-1] + final) / 2**made.output.fraction * (1 + 1e-9)
    assert not design.saturated(x).any()
    assert np.abs(design.decode(design.reference(x)) - exactly).max() <= bound


@pytest.mark.parametrize("name", CORES)
def test_what_is_made_is_told(name, places):
    design, _ = places(name)
    told(design, name)


def told(design, name):
    """Memories are where their paths say; blocks that multiply are as many as promised."""
    files, b = design.files(), design.config.butterflies
    images = {f"mem/{m.contents}" for m in design.memories if m.contents}
    assert images == {name for name in files if name.startswith("mem/")}
    twice = design.config.stages_a_pass == 2
    rotators = max(2, 3 * b // 2) if twice else b
    assert len(design.memories) == 4 + rotators
    depth = design.config.points // (8 if design.folded else 4 if twice and b > 1 else 2)
    for memory in design.memories:
        if memory.contents:
            lines = files[f"mem/{memory.contents}"].split()
            assert len(lines) == memory.depth == depth
            assert {len(line) for line in lines} == {-(-memory.width // 4)}
        module = design.name
        for instance in memory.path.split("/"):
            text = files[f"rtl/{module}.v"]
            (module,) = re.findall(rf"^    (\w+) (?:#\(.*\) )?{instance} \($", text, re.M)
        text = files[f"rtl/{module}.v"]
        assert f"reg [{memory.width - 1}:0] mem [0:{memory.depth - 1}];" in text
        assert f'ram_style = "{memory.style}"' in text
    cells = sum(
        count * files[f"rtl/{module}.v"].count("MULT18X18D #(")
        for module, count in design.emission.counts.items()
        if f"rtl/{module}.v" in files
    )
    four = design.target is Target.ECP5 and "wide" not in name
    assert (design.multipliers, cells) == (
        (4 * rotators, 4 * rotators) if four else (3 * rotators, 0)
    )


@pytest.mark.parametrize("name", ["32 of 4", "64 of 2, ecp5"])
def test_twiddles_of_an_eighth_of_the_circle(name, monkeypatch, tmp_path):
    """From 4096 points on; here of fewer, so that it is soon tried."""
    assert not build(config(2048)).folded
    assert build(config(4096)).folded
    monkeypatch.setattr(fft_plan, "FOLDED_FROM", 16)
    design = build(CORES[name])
    assert design.folded
    told(design, name)
    run = exact(design, folder=tmp_path)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    exact(design, script=script(design, codes(design, 6), 0.3), folder=tmp_path, gap=0.3, stall=0.3)


def test_the_default_halves_in_every_stage_but_the_first():
    for n in range(3, 17):
        made = config(1 << n)
        assert made.schedule == (0, *[1] * (n - 1), 1)
        assert made.output == made.formats.input
        assert build(made).gain == 2.0**-n


def test_what_limits_it_is_told():
    """Few butterflies: the passes; many: a sample a clock, in or out, whichever waits longer."""
    assert build(config(256)).bottleneck == "passes"
    assert build(config(256, 32)).bottleneck == "m_axis"
    assert build(config(256, 8)).bottleneck == "m_axis"
    assert build(config(256, stages_a_pass=2)).bottleneck == "passes"
    for design in (build(config(n, b)) for n in (64, 256) for b in (1, 2, 4, 8)):
        filled = design.config.points + design.turn + 1
        assert (design.bottleneck == "s_axis") == (
            design.interval == filled > design.config.stages * design.turn
        )


@pytest.mark.parametrize("stages", [1, 2])
def test_a_pass_is_no_longer_than_it_must_be(stages):
    """Clocks in which each word is read once it was written, in the orders of the page."""
    for points, butterflies in ((8, 1), (16, 1), (32, 4), (64, 2), (64, 1), (128, 1), (512, 2)):
        design = build(config(points, butterflies, stages_a_pass=stages))
        words, late = design.words, design.written
        read, written = {}, {}
        for step in range(words):
            g, u, v = step // 4, step // 2 % 2, step % 2
            if stages == 1:
                read[step], written[step] = step // 2 + v * words // 2, step
            else:
                read[step] = g + u * words // 4 + v * words // 2
                written[4 * g + 2 * v + u] = step
        assert sorted(read.values()) == sorted(written) == list(range(words))
        waits = [written[word] + late + 1 - step for step, word in read.items()]
        assert design.turn == max(words, *waits)


@pytest.mark.parametrize("points", [256, 512])
def test_two_stages_a_pass_take_half_the_passes(points):
    one, two = (build(config(points, stages_a_pass=stages)) for stages in (1, 2))
    n = one.config.stages
    assert (one.interval, two.interval) == (n * points // 2, (n + 1) // 2 * points // 2)


@pytest.mark.parametrize(
    ("points", "scaling", "stages"),
    [(16, (0,) * 5, 1), (32, (0, 0, 0, 1, 1, 0), 1), (32, (0, 0, 1, 1, 1, 1), 2),
     (64, (0,) * 7, 2), (64, (0, 0, 0, 0, 1, 1, 2), 1)],
)  # fmt: skip
def test_stages_that_do_not_halve_are_a_shift_in_front(points, scaling, stages):
    """The page, 5: codes shifted by z - 1, and stages 2 … n halve; unscaled nothing is limited."""
    design = build(config(points, scaling=scaling, stages_a_pass=stages))
    x = codes(design, 6)
    zeros, drop = scaling[:-1].count(0), scaling[-1]
    plain = (0, *[1] * (len(scaling) - 2), drop)
    same = build(config(points, scaling=plain, stages_a_pass=stages))
    wide = replace(same.transform, output=design.transform.output)
    assert (design.reference(x) == golden.transform(x << zeros - 1, wide).codes).all()
    assert design.config.log2_gain == -sum(scaling)
    run = simulate(design, x, gap=0.2, stall=0.2)
    assert run.passed, run.line
    if not any(scaling):
        assert not design.saturated(np.full((1, points, 2), design.streams[0].format.minimum)).any()
    predicted, measured = (of(design.transform, 16).db for of in (noise.predicted, noise.measured))
    assert abs(predicted - measured) < 0.3


REFUSED = {
    "butterflies must be 1 to 2, not 4": {"butterflies": 4},
    "butterflies must be 1 to 2, not 0": {"butterflies": 0},
    "lanes must be 1 where architecture is iterative, not 2": {
        "lanes": 2, "output_order": REVERSED
    },
    "rotation must be multiply where architecture is iterative, not lift": {
        "rotation": Rotation.LIFT
    },
    "scaling must be 1 for all stages behind the first one with 1 where architecture is iterative, "
    "not [0, 1, 0, 1, 2]": {"scaling": (0, 1, 0, 1, 2)},
    "butterflies must be 1 where architecture is streaming, not 2": {
        "architecture": Architecture.STREAMING, "butterflies": 2
    },
    "stages_a_pass must be 1 where architecture is streaming, not 2": {
        "architecture": Architecture.STREAMING, "stages_a_pass": 2
    },
    "stages_a_pass must be 1 to 2, not 3": {"stages_a_pass": 3},
    "stages_a_pass must be 1 to 2, not 0": {"stages_a_pass": 0},
    "stages_a_pass must be 1 where scaling is block, not 2": {
        "stages_a_pass": 2, "scaling": "block"
    },
}  # fmt: skip


@pytest.mark.parametrize("sentence", REFUSED)
def test_refused_with_a_sentence(sentence):
    fields = {"points": 16, "architecture": Architecture.ITERATIVE, **REFUSED[sentence]}
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        Config(**fields)


def test_butterflies_are_a_power_of_two():
    with pytest.raises(ValueError, match=r"^butterflies must be a power of two, 1 to 8, not 3$"):
        config(64, 3)
    with pytest.raises(TypeError, match=r"^butterflies must be"):
        config(64, 2.0)
    assert config(64, 8).butterflies == 8


def test_round_trip():
    for made in CORES.values():
        assert Config.from_dict(made.to_dict()) == made
