"""FFTs whose direction, size and cyclic prefix are set at run time: docs/fft.md 9."""

import json
import re
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import fft as scipy_fft

from kolam.generators.design import Setting
from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    Formats,
    Order,
    Rotation,
    RunTime,
    Samples,
    build,
)
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.testbenches import Frame, SimulationFailed, simulate
from kolam.testbenches.bench import PAUSES
from kolam.testbenches.random_settings import random_settings, refused_words
from kolam.testbenches.stimulus import Settings, codes, settled

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED
S8, S16 = Format.parse("s0.7"), Format.parse("s0.15")


def config(points, least=None, *, prefix=False, **fields):
    """Return a pipeline whose direction, and perhaps size or prefix, are set at run time."""
    fields = {"output_order": REVERSED, **fields}
    chosen = RunTime(direction=True, least_points=least, cyclic_prefix=prefix)
    return Config(points=points, run_time=chosen, **fields)


def iterative(points, butterflies=1, *, direction=True, **fields):
    """Return an iterative core whose prefix, and perhaps direction, are set at run time."""
    return Config(
        points=points, architecture=Architecture.ITERATIVE, butterflies=butterflies,
        run_time=RunTime(direction=direction, cyclic_prefix=True), **fields,
    )  # fmt: skip


CORES = {
    "8": config(8, direction=Direction.INVERSE),
    "16 of 8 and more, ecp5": config(16, 8, target=Target.ECP5, formats=Formats(input=S8)),
    "64 of 8 and more, 2 lanes": config(64, 8, lanes=2),
    "64 of 8 and more, 4 lanes, ecp5": config(64, 8, lanes=4, target=Target.ECP5),
    "64 of 16 and more, lift": config(64, 16, rotation=Rotation.LIFT),
    "32 of 8 and more, shift_add, 2 lanes": config(
        32, 8, lanes=2, rotation=Rotation.SHIFT_ADD, scaling=(1, 0, 0, 1, 0, 2)
    ),
    "32 of 8 and more, unscaled, xc7": config(
        32, 8, target=Target.XC7, scaling=(0,) * 6, formats=Formats(input=S8)
    ),
    "16 reversed, 2 lanes": config(16, lanes=2, input_order=REVERSED, output_order=NATURAL),
    "32 of 8 and more, natural": config(32, 8, output_order=NATURAL, prefix=True),
    "8 at once": config(8, lanes=8, output_order=NATURAL),
    "iterative, 8": iterative(8, direction=False, cyclic_prefix=7),
    "iterative, 16 of 2, ecp5": iterative(16, 2, target=Target.ECP5, input_order=REVERSED),
    "iterative, 32, block": iterative(32, scaling="block"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Return where(name): the design of that name, and a folder that keeps its program."""

    @cache
    def where(name):
        return build(CORES[name]), tmp_path_factory.mktemp("core")

    return where


def exact(design, *asked, **more):
    run = simulate(design, *asked, **more)
    assert run.passed, run.line
    return run


# what it promises


def turns(made):
    """Return (stage, clocks) of the rotators, from the tables of pages 1 and 4."""
    n, multiply = made.stages, 5 if made.target is Target.ECP5 else 4
    if made.rotation is Rotation.MULTIPLY:
        found = [(s, multiply) for s in range(2, n, 2)]
    else:
        found, first = [], 1
        while first <= n:
            size = n % 4 if first == 1 and n % 4 else 4
            if size > 2:
                found.append((first + 1, 5 if made.rotation is Rotation.LIFT else 4))
            first += size
            if first <= n:
                found.append((first - 1, multiply))
    return found if made.input_order is NATURAL else [(n - s, clocks) for s, clocks in found]


def promises(made, chosen):
    """Return latency and interval under settings, by the page."""
    points, n = made.points, made.stages
    if made.architecture is Architecture.STREAMING:
        passed = n - chosen.get("log2_points", n)
        lines = [
            (points >> s if made.input_order is NATURAL else 1 << s - 1) // made.lanes + 1
            for s in range(passed + 1, n + 1)
        ]
        rotators = [clocks for s, clocks in turns(made) if s > passed]
        latency, interval = sum(lines) + sum(rotators) + 4, (points >> passed) // made.lanes
        prefix = chosen.get("cyclic_prefix", 0)
        if made.input_order is made.output_order and made.lanes < points:
            latency += interval - 1 + (2 if made.target is Target.ECP5 else 1) + (prefix > 0)
        return latency, interval + prefix + (prefix > 0)
    words, late = points // (2 * made.butterflies), 5 + (5 if made.target is Target.ECP5 else 4)
    turn = words + late + 1 if made.block else max(words, words // 2 + late)
    prefix = chosen["cyclic_prefix"]
    latency = points + (n - 1) * turn + words + late + 6 + (made.butterflies > 1 or made.block)
    return latency, max(n * turn, points + turn + 1, points + prefix + words + late + 1)


def gain(made, chosen):
    """Return the gain by page 9: twice as much for half as many points, or none where unscaled."""
    skipped = made.stages - chosen.get("log2_points", made.stages)
    return 2.0 ** (skipped - sum(made.schedule)) if sum(made.schedule) else 1.0


def unlike(design):
    """Return the design under the limits of its settings, each once, but for the defaults."""
    found = {tuple(d.settings_frame): d for d in design.corners()}
    return [d for d in found.values() if d.chosen != design.chosen]


@pytest.mark.parametrize("name", CORES)
def test_promises_under_every_limit(name, places):
    """Measured; the settings go in front."""
    design, folder = places(name)
    assert len(unlike(design)) >= len(design.settings)
    for under in (design, *unlike(design)):
        assert (under.latency, under.interval) == promises(design.config, under.chosen)
        run = exact(under, frames=under.fill + 6, folder=folder)
        assert (run.latency, run.interval) == (under.latency, under.interval)


@pytest.mark.parametrize("name", [name for name in CORES if not CORES[name].block])
def test_it_is_the_fft_of_scipy(name):
    """Within what roundings can do, and it is no other transform.

    In modulus: a stage that adds doubles an error; one that halves adds half a code in each part,
    which is sqrt(1/2), and so do a rotator and the output. The twiddle of a rotator is off by half
    a code in each part, too. A lifting rotator is off by 2^-9 of the modulus and 10 (page 3).
    """
    made, half = CORES[name], np.sqrt(0.5)
    design, n = build(made), made.stages
    rotators = {s for s, _ in turns(made)}
    if made.architecture is Architecture.ITERATIVE:
        rotators = set(range(1, n - 1))
    for under in (design, *unlike(design)):
        r = n - under.chosen.get("log2_points", n)
        assert (under.points, under.gain) == (made.points >> r, gain(made, under.chosen))
        x = codes(under, 8, r)[5:] // 2
        z = x @ [1, 1j] * 2.0 ** (made.output.fraction - made.formats.input.fraction)
        answers = [scipy_fft.fft(z), scipy_fft.ifft(z) * under.points]
        if under.chosen.get("direction", made.direction is Direction.INVERSE):
            answers.reverse()
        answer, other = (gain(made, under.chosen) * each for each in answers)
        shift = r - sum(made.schedule[:r]) if sum(made.schedule) else 0
        error, peak = 0.0, np.abs(x @ [1, 1j]).max() * 2**shift
        for stage in range(r + 1, n + 1):
            error, peak = (
                (error + half, peak) if made.schedule[stage - 1] else (2 * error, 2 * peak)
            )
            if stage in rotators:
                lifts = made.rotation is not Rotation.MULTIPLY
                off = 2.0**-9 if lifts else half / 2**made.formats.twiddle.fraction
                error += (peak + error) * off + (10 if lifts else half)
        bound = error / 2 ** made.schedule[-1] + half
        assert not under.saturated(x).any()
        y = under.reference(x) @ [1, 1j]
        assert np.abs(y - answer).max() <= bound
        assert np.abs(y - other).max() > 4 * bound
        exactly = under.predict(made.formats.input.to_float(x) @ [1, 1j])
        np.testing.assert_allclose(exactly * 2.0**made.output.fraction, answer, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in CORES if CORES[name].run_time.direction])
def test_inverse_is_re_and_im_exchanged(name):
    design = build(CORES[name])
    x = codes(design, 6, 1)
    there, back = design.under(direction=0), design.under(direction=1)
    assert_array_equal(back.reference(x), there.reference(x[..., ::-1])[..., ::-1])
    assert_array_equal(back.exponents(x), there.exponents(x[..., ::-1]))
    assert (there.latency, there.interval) == (back.latency, back.interval)


@pytest.mark.parametrize(
    ("skipped", "fields"),
    [
        (2, {}),
        (2, {"scaling": (0,) * 7, "lanes": 2}),
        (1, {"scaling": (1, 0, 0, 1, 0, 1, 1), "rotation": Rotation.LIFT}),
        (2, {"scaling": (1,) * 6 + (0,), "rotation": Rotation.SHIFT_ADD, "lanes": 4}),
    ],
)
def test_a_smaller_frame_is_that_of_a_smaller_core(skipped, fields, tmp_path):
    """Where its rotators are the same, for which the digits left must be as many as groups want."""
    made = config(64, 8, formats=Formats(input=S8), **fields)
    points = 64 >> skipped
    shift = skipped - sum(made.schedule[:skipped]) if sum(made.schedule) else 0
    alone = replace(
        made, points=points, run_time=RunTime(), scaling=made.schedule[skipped:],
        formats=Formats(input=Format(True, 0, 7 + shift), output=made.output),
    )  # fmt: skip
    under = build(made).under(log2_points=6 - skipped)
    x = codes(under, 8, skipped)
    one = exact(under, x, folder=tmp_path / "one")
    other = exact(build(alone), x << shift, folder=tmp_path / "other")
    assert_array_equal(one.output, other.output)
    assert (one.latency, one.interval) == (other.latency, other.interval)


# whatever the weather


@pytest.mark.parametrize("name", CORES)
def test_frames_and_settings_in_any_weather(name, places):
    """Settings that are right, wrong and repeated, early and late, between good and bad frames."""
    design, folder = places(name)
    number = list(CORES).index(name)
    rng = np.random.default_rng(number)
    for turn in range(2):
        pauses = list(PAUSES.values())[(2 * number + turn) % len(PAUSES)]
        asked = random_settings(design, rng, 40)
        run = exact(design, script=asked, seed=turn, folder=folder, **pauses)
        frames = [part for part in asked if isinstance(part, Frame)]
        assert run.frames == sum(frame.good for frame in frames)
        assert f" errors={sum(not frame.good for frame in frames)} " in run.line


@pytest.mark.parametrize("name", CORES)
def test_a_reset_brings_the_defaults_back(name, places):
    """At any clock; settings in force, on their way and half sent are forgotten."""
    design, folder = places(name)
    number = list(CORES).index(name)
    rng = np.random.default_rng([1, number])
    start = unlike(design)[number % len(design.settings)]
    before = [Settings(start.settings_frame, start), Frame(codes(start, 1)[0])]
    before += random_settings(start, rng, 30)
    clock = design.ready_after_reset + int(rng.integers(2, 2 * design.latency + 60))
    exact(
        design, frames=4, before=before, reset_at=clock, reset_clocks=1 + number % 2,
        gap=0.2 * (number % 2), stall=0.2 * (number % 3), seed=number, folder=folder,
    )  # fmt: skip


@pytest.mark.parametrize("simulator", ["myhdl", "cosim"])
@pytest.mark.parametrize("name", ["16 of 8 and more, ecp5", "iterative, 8"])
def test_other_simulators_see_the_same(name, simulator, places):
    """Clock for clock, with pauses, bad frames, refused settings and a reset."""
    design, folder = places(name)
    rng = np.random.default_rng(5)
    asked = {
        "script": random_settings(design, rng, 14), "before": random_settings(design, rng, 10),
        "reset_at": design.latency + 60, "gap": 0.2, "stall": 0.3, "seed": 5, "folder": folder,
    }  # fmt: skip
    run = exact(design, simulator=simulator, **asked)
    assert run.line == simulate(design, **asked).line


# what a change costs


def schedule(run):
    """Return (first, last) clock of each frame in and out."""
    return [[(a, b) for side, _, a, b in run.schedule if side == way] for way in ("s", "m")]


def changes(design, chosen):
    """Return a script of a frame under the defaults and one under each of these, early settings."""
    made = [Frame(codes(design, 1)[0])]
    for number, values in enumerate(chosen):
        under = design.under(**values)
        made += [Settings(under.settings_frame, under, early=True),
                 Frame(codes(under, 1, number)[0])]  # fmt: skip
    return made


@pytest.mark.parametrize("name", ["8", "64 of 8 and more, 2 lanes", "16 reversed, 2 lanes"])
def test_another_direction_costs_two_clocks(name, places):
    """Frames of both are under way at once; so it is where nothing changes, in size neither."""
    design, folder = places(name)
    values = [{"direction": k} for k in (1, 0, 0, 1, 1, 0)]
    into, out = schedule(exact(design, script=changes(design, values), folder=folder))
    assert [b[0] - a[1] - 1 for a, b in pairwise(into)] == [2] * len(values)
    assert [there[0] - here[0] for here, there in zip(into, out, strict=True)] == (
        [design.latency] * len(into)
    )
    assert all(after[0] < before[1] for after, before in zip(into[1:], out, strict=False))


def test_another_size_waits_until_no_frame_is_under_way(places):
    """Two clocks, as ever, behind the last beat out; a size that stays waits for none."""
    design, folder = places("64 of 8 and more, 2 lanes")
    sizes = [5, 5, 3, 3, 6, 4]
    into, out = schedule(
        exact(design, script=changes(design, [{"log2_points": k} for k in sizes]), folder=folder)
    )
    for k, (before, now) in enumerate(pairwise([6, *sizes])):
        if before == now:
            assert into[k + 1][0] == into[k][1] + 3
        else:
            assert into[k + 1][0] == out[k][1] + 3


def test_another_prefix_waits_and_another_direction_does_not(places):
    design, folder = places("iterative, 16 of 2, ecp5")
    values = [{"cyclic_prefix": 3}, {"cyclic_prefix": 3, "direction": 1}, {"cyclic_prefix": 0}]
    into, out = schedule(exact(design, script=changes(design, values), folder=folder))
    assert into[1][0] == out[0][1] + 3
    assert into[2][0] < out[1][0]
    assert into[3][0] == out[2][1] + 3


def test_the_prefix_comes_first(places):
    """The last points of the frame, then all of it; tlast on the last beat of both."""
    design, folder = places("iterative, 8")
    x = codes(design, 5, 2)
    y = build(replace(CORES["iterative, 8"], cyclic_prefix=0)).reference(x)
    for prefix in (0, 1, 4, 7):
        under = design.under(cyclic_prefix=prefix)
        sink = under.streams[1]
        assert (sink.beats, sink.prefix) == (8 + prefix, prefix)
        assert sink.places == [*range(8 - prefix, 8), *range(8)]
        assert_array_equal(under.reference(x), y)
        run = exact(under, x, folder=folder)
        assert_array_equal(run.output, y)
        octets = np.concatenate([y[:, 8 - prefix :], y], axis=1).astype("<i2").tobytes()
        assert_array_equal(under.unpack(octets), y)
        _, out = schedule(run)
        assert {last - first for first, last in out} == {7 + prefix}


def test_a_reset_where_nothing_else_is_asked_for(places):
    """What is sent in front of it by default is of the size of the design, whatever follows."""
    design, folder = places("16 of 8 and more, ecp5")
    asked = [{}, {"script": changes(design, [{"log2_points": 3}, {"direction": 1}])[1:]}]
    for k, more in enumerate(asked):
        assert exact(design, reset_at=80, seed=k, folder=folder, **more).frames > 1


# what is spoilt shows


class Spoilt:
    """A design with another wording in a module."""

    def __init__(self, design, module, old, new):
        self.design, self.changed = design, (f"rtl/{design.name}_{module}.v", old, new)

    def __getattr__(self, name):
        return getattr(self.design, name)

    def files(self):
        path, old, new = self.changed
        texts = dict(self.design.files())
        assert texts[path].count(old) == 1, texts[path]
        return {**texts, path: texts[path].replace(old, new)}


def detected(design, **asked):
    try:
        run = simulate(design, **asked)
    except SimulationFailed as failure:
        return str(failure)
    assert not run.passed
    return run.line


SIZED, PREFIXED = "64 of 8 and more, 2 lanes", "iterative, 16 of 2, ecp5"
MUTANTS = {
    "direction stuck": (SIZED, "setting_number0", "value = valid", "value = 1'b0", "mismatch"),
    "direction not that of the verdict": (
        SIZED, "frame_gate", "{verdict_mark, verdict_good}", "{1'b1, verdict_good}", "mismatch",
    ),
    "direction changes within a frame": (
        "8", "settings_control", "go = pending && between &&", "go = pending &&", "mismatch",
    ),
    "place of a rotator not cut": (
        SIZED, "place_inside_at_w3", "y = at & last_beat", "y = at", "FAIL ",
    ),
    "guard not reloaded": (SIZED, "frame_guard", "if (again || (", "if ((", "FAIL "),
    "gate not reloaded": (SIZED, "beat_gate", "if (again || (", "if ((", "FAIL "),
    "gate of a prefix not reloaded": (PREFIXED, "beat_gate", "if (again || (", "if ((", "FAIL "),
    "no prefix": (PREFIXED, "frame_unload", "whole <= lead == 0", "whole <= 1", "FAIL "),
    "sizes change while frames are under way": (
        SIZED, "settings_control", "&& (empty || !drains)", "", "FAIL ",
    ),
    "a frame begins while its size changes": (
        SIZED, "settings_control", "hold = pending || fresh", "hold = pending", "FAIL ",
    ),
    "a word beyond its limits is taken": (
        SIZED, "settings_control", "at_last && !wrong && !misfit", "at_last && !wrong", "FAIL ",
    ),
    "words that are too many are taken": (
        SIZED, "settings_control", "at_last && !wrong && !misfit", "at_last && !misfit", "FAIL ",
    ),
    "words that are too few are taken": (
        SIZED, "settings_control", "pending <= at_last && !wrong", "pending <= !wrong", "FAIL ",
    ),
    "refused settings are not told": (
        SIZED, "settings_control", "config_error <= move", "config_error <= 1'b0 && move",
        "event_config_error",
    ),
    "a higher bit is ignored": (
        SIZED, "setting_number0", "(s_data[31:1] != 0)", "(s_data[30:1] != 0)", "FAIL ",
    ),
    "shorter frames enter as differences": (
        SIZED, "turn_of", "difference && !enters", "difference", "mismatch",
    ),
    "shorter frames enter as longer ones": (
        SIZED, "frame_size", "3: enters = 8", "3: enters = 4", "FAIL ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_of_the_settings(fault, places):
    """Seen by what a simulation sends without being asked: all limits, and what is refused."""
    name, module, old, new, reason = MUTANTS[fault]
    spoilt = Spoilt(places(name)[0], module, old, new)
    assert reason in detected(spoilt, script=settled(spoilt))


def test_settings_that_survive_a_reset(places):
    """Flip-flops that start with the default, and have no reset behind it."""
    design, _ = places("8")
    start = "valid <= 1;"
    spoilt = Spoilt(design, "setting", start, "valid <= valid === 1'bx ? 1 : valid;")
    forward = design.under(direction=0)
    before = [Settings([0], forward), *[Frame(row) for row in codes(design, 8)]]
    asked = {"frames": 4, "before": before, "reset_at": 100}
    exact(design, **asked)
    assert "mismatch" in detected(spoilt, **asked)


# what may be asked for

BUFFERED = (
    "one complex sample a clock streams in natural order at both sides, or architecture is "
    "iterative with output_order natural"
)
ITERATIVE = {"architecture": Architecture.ITERATIVE}
REAL = {"samples": Samples.REAL}
ABSENT = "run_time.least_points must be absent where"
REFUSED = [
    ({"cyclic_prefix": 16}, "cyclic_prefix must be 0 to 15, not 16"),
    ({"cyclic_prefix": -1}, "cyclic_prefix must be 0 to 15, not -1"),
    ({"cyclic_prefix": 1.5}, "cyclic_prefix must be an integer, not 1.5"),
    ({"cyclic_prefix": 3, "lanes": 16}, f"cyclic_prefix must be 0 unless {BUFFERED}, not 3"),
    ({"cyclic_prefix": 3, **REAL}, f"cyclic_prefix must be 0 unless {BUFFERED}, not 3"),
    (
        {"cyclic_prefix": 3, "output_order": REVERSED, **ITERATIVE},
        f"cyclic_prefix must be 0 unless {BUFFERED}, not 3",
    ),
    (
        {"run_time": {"cyclic_prefix": True}, "output_order": REVERSED},
        f"run_time.cyclic_prefix must be false unless {BUFFERED}, not true",
    ),
    (
        {"run_time": {"cyclic_prefix": True}, "input_order": REVERSED},
        f"run_time.cyclic_prefix must be false unless {BUFFERED}, not true",
    ),
    (
        {"run_time": {"direction": True}, **REAL},
        "run_time.direction must be false where samples are real, not true",
    ),
    ({"run_time": {"least_points": 8}, **ITERATIVE}, f"{ABSENT} architecture is iterative, not 8"),
    ({"run_time": {"least_points": 8}, **REAL}, f"{ABSENT} samples are real, not 8"),
    (
        {"run_time": {"least_points": 8}, "input_order": REVERSED},
        f"{ABSENT} input_order is bit_reversed, not 8",
    ),
    (
        {"run_time": {"least_points": 16}, "points": 16},
        "run_time.least_points must be 8, not 16",
    ),
    (
        {"run_time": {"least_points": 12}, "points": 64},
        "run_time.least_points must be a power of two, 8 to 32, not 12",
    ),
    (
        {"run_time": {"least_points": 8}, "points": 64, "lanes": 8, "output_order": REVERSED},
        "run_time.least_points must be a power of two, 16 to 32, not 8",
    ),
    (
        {"run_time": {"least_points": 8}, "points": 8},
        "points must be 16 or more where run_time.least_points is given and lanes are 1, not 8",
    ),
    (
        {"run_time": {"least_points": 8}, "lanes": 16, "output_order": REVERSED},
        "points must be 64 or more where run_time.least_points is given and lanes are 16, not 16",
    ),
    (
        {"run_time": {"least_points": 8}, "lanes": 16},
        f"{ABSENT} lanes are 16 and output_order is natural, not 8",
    ),
    ({"run_time": {"least_points": 4}}, "least_points must be 8 to 65536, not 4"),
    ({"run_time": {"least_points": True}}, "least_points must be an integer, not True"),
    ({"run_time": {"direction": 1}}, "run_time.direction must be true or false, not 1"),
    ({"run_time": {"cyclic_prefix": 0}}, "run_time.cyclic_prefix must be true or false, not 0"),
    ({"run_time": 1}, "run_time must be a table, not 1"),
    (
        {"run_time": {"size": 8}},
        "the keys of run_time must be among direction, least_points, cyclic_prefix, not 'size'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), REFUSED)
def test_refused_with_a_sentence(fields, sentence):
    values = {
        key: value.value if hasattr(value, "value") else value
        for key, value in {"points": 16, **fields}.items()
    }
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(sentence)}$"):
        Config.from_dict(values)


def test_what_is_set_at_run_time_is_a_run_time():
    with pytest.raises(TypeError, match=r"^run_time must be a RunTime, not \{\}$"):
        Config(points=16, run_time={})


@pytest.mark.parametrize("name", CORES)
def test_round_trip(name):
    made = CORES[name]
    values = json.loads(json.dumps(made.to_dict()))
    assert values["cyclic_prefix"] == made.cyclic_prefix
    assert ("least_points" in values["run_time"]) == (made.run_time.least_points is not None)
    assert Config.from_dict(values) == made
    del values["run_time"]
    assert Config.from_dict(values) == replace(made, run_time=RunTime())


def test_settings_are_those_of_the_page():
    """In the order of its table; the defaults are those of the configuration."""

    def told(made):
        assert all(each.meaning for each in made)
        return tuple(replace(each, meaning="") for each in made)

    direction = Setting(name="direction", bits=1, minimum=0, maximum=1, default=1)
    size = Setting(name="log2_points", bits=4, minimum=4, maximum=10, default=10, drains=True)
    prefix = Setting(name="cyclic_prefix", bits=6, minimum=0, maximum=63, default=9, drains=True)
    inverse = build(config(1024, 16, direction=Direction.INVERSE))
    assert told(inverse.settings) == (direction, size)
    made = iterative(64, cyclic_prefix=9, direction=False)
    assert told(build(made).settings) == (prefix,)
    both = replace(made, run_time=RunTime(direction=True, cyclic_prefix=True))
    assert told(build(both).settings) == (replace(direction, default=0), prefix)
    for plain in (Config(points=16), iterative(16, cyclic_prefix=3)):
        design = build(replace(plain, run_time=RunTime()))
        assert (design.settings, design.chosen, design.settings_frame) == ((), {}, [])
        assert [s.name for s in design.streams] == ["s_axis", "m_axis"]
        assert not any("config" in port.name for port in design.ports)


def test_what_is_not_changed_at_run_time_costs_nothing():
    """A fixed prefix has no stream of settings, and is on m_axis all the same."""
    design = build(Config(points=8, cyclic_prefix=3, **ITERATIVE))
    assert (design.streams[1].beats, design.streams[0].beats) == (11, 8)
    exact(design, frames=design.fill + 4)


@pytest.mark.parametrize("name", ["64 of 8 and more, 2 lanes", "iterative, 16 of 2, ecp5"])
def test_under_is_the_same_hardware(name, places):
    """Files, ports and memories are; bytes, gain and streams are those of the settings."""
    design, _ = places(name)
    for under in unlike(design):
        assert under.files() is design.files()
        assert (under.ports, under.memories) == (design.ports, design.memories)
        assert under.multipliers == design.multipliers
        assert under.under(**design.chosen).chosen == design.chosen
        source, sink = under.streams[:2]
        assert source.elements == sink.elements == under.points
        assert source.beats == under.points // source.lanes
        assert sink.beats == source.beats + under.chosen.get("cyclic_prefix", 0)
        x = codes(under, 3)
        assert len(under.pack(x)) == 3 * source.beats * source.beat_bytes
        y = under.reference(x)
        assert y.shape == x.shape == (3, under.points, 2)
        assert under.facts() == design.facts()  # those of the defaults
    assert design.chosen == {s.name: s.default for s in design.settings}


def test_refused_words_are_refused():
    """The scripts of these tests hold nothing that is called wrong and is not."""
    rng = np.random.default_rng(0)
    for made in CORES.values():
        design = build(made)
        for _ in range(50):
            words = refused_words(design, rng)
            assert words
            if len(words) == len(design.settings):
                with pytest.raises(ValueError, match=r" must be "):
                    design.under(**dict(zip(design.chosen, words, strict=True)))
