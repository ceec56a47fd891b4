"""Pauses, bad frames and resets at any time: nothing lost, doubled, reordered or wrong."""

from itertools import pairwise

import pytest

from kolam.generators import ENGINES, network
from kolam.generators.cyclic_sparse import Config, Formats, Support, cycle
from kolam.hdl import Format
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import Frame, Pattern, simulate
from kolam.testbenches.stimulus import codes, script

S8 = Format.parse("s1.6")
FORMATS = Formats(input=S8, weights=S8, outputs=S8)
CORES = {
    "cycle": Config(
        inputs=16,
        supports=cycle(16, 4, bias=True, activation=Activation.RELU),
        formats=FORMATS,
        parallelism=8,
    ),
    # rectangles, idle lanes, a step, and a width converter at either end
    "uneven": Config(
        inputs=15,
        supports=(
            Support(outputs=10, fan_in=3, stride=4, step=2),
            Support(outputs=7, fan_in=4, stride=3, bias=True),
        ),
        formats=FORMATS,
        parallelism=7,
        input_lanes=4,
        output_lanes=2,
    ),
    # both structures, and one index a frame
    "network": network.Config(
        inputs=15,
        layers=(
            network.CyclicSparseLayer(
                name="sparse",
                supports=(Support(outputs=10, fan_in=3, stride=4, step=2),),
                activation=Activation.RELU,
            ),
            network.DenseLayer(name="whole", outputs=7, bias=True),
        ),
        formats=FORMATS,
        parallelism=7,
        input_lanes=4,
        argmax=True,
    ),
}
PAUSES = {
    "free": {},
    "random": {"gap": 0.3, "stall": 0.4},
    "slow source": {"gap": 0.9},
    "slow sink": {"stall": 0.9},
    "alternate": {"gap_pattern": Pattern.ALTERNATE, "stall_pattern": Pattern.THREE_OF_FOUR},
    "burst": {"gap_pattern": Pattern.BURST, "stall_pattern": Pattern.BURST},
    "at the last beat": {"gap_pattern": Pattern.LAST, "stall_pattern": Pattern.LAST},
    "until all is full": {"stall_pattern": Pattern.LATE},
    "one frame at a time": {"gap_pattern": Pattern.WAIT, "stall_pattern": Pattern.WAIT},
}


@pytest.fixture(scope="module", params=CORES)
def core(request, tmp_path_factory):
    """Return a design, and a folder in which its program is kept for all tests."""
    config = CORES[request.param]
    design = ENGINES[config.engine].build(config, seed=1)
    return design, tmp_path_factory.mktemp(request.param)


@pytest.mark.parametrize("name", PAUSES)
def test_pauses(name, core):
    """All answers are right, and come in order, in every kind of weather."""
    design, folder = core
    for seed, frames in enumerate(
        ([Frame(x) for x in codes(design, 20, 1)], script(design, codes(design, 24, 2), 0.4, 2))
    ):
        run = simulate(design, script=frames, seed=seed, folder=folder, **PAUSES[name])
        assert run.passed, run.line
        assert run.frames == sum(frame.good for frame in frames)


def test_back_to_back(core):
    """A free source is taken a frame an interval, and no later."""
    design, folder = core
    run = simulate(design, frames=design.fill + 12, folder=folder)
    assert (run.passed, run.latency, run.interval) == (True, design.latency, design.interval)
    begins = [first for side, _, first, _ in run.schedule if side == "s"]
    assert max(b - a for a, b in pairwise(begins)) <= design.interval


@pytest.mark.parametrize("pauses", [{}, {"gap": 0.4, "stall": 0.4}], ids=["free", "random"])
def test_frames_of_every_wrong_length(pauses, core):
    """Each is told once and answered never; the good frames between are answered."""
    design, folder = core
    beats = design.streams[0].beats
    bad = [{"short": n} for n in range(1, beats)] + [{"long": n} for n in range(1, beats + 2)]
    x = codes(design, 3 * len(bad) + 1, 3)
    frames = [Frame(x[0])]
    for k, wrong in enumerate(bad):  # every other time two in a row
        rows = x[3 * k + 1 : 3 * k + 4]
        frames += [Frame(rows[0], **wrong), *[Frame(rows[1], **wrong)] * (k % 2), Frame(rows[2])]
    run = simulate(design, script=frames, folder=folder, **pauses)
    assert run.passed, run.line
    assert f" errors={sum(not frame.good for frame in frames)} " in run.line
    assert run.frames == 1 + len(bad)


def test_nothing_but_bad_frames(core):
    design, folder = core
    x = codes(design, 4, 4)
    frames = [Frame(x[0], short=1), Frame(x[1], long=2), Frame(x[2], short=2), Frame(x[3], long=1)]
    run = simulate(design, script=frames, folder=folder)
    assert run.passed, run.line
    assert (run.frames, len(run.output)) == (0, 0)


@pytest.mark.parametrize("part", range(6))
def test_reset(part, core):
    """At a dozen clocks of two frames: what follows is answered as if nothing had been before."""
    design, folder = core
    window = design.latency + 2 * design.interval
    x = codes(design, 12, part)
    for half in (0, 1):
        clock = 1 + (2 * part + half) * window // 12
        before = script(design, x[6:], 0.3 * half, part)
        run = simulate(
            design, script=script(design, x[:6], 0.2, part), before=before, seed=part,
            reset_at=clock, reset_clocks=1 + 2 * half, gap=0.2 * half, stall=0.3 * half,
            folder=folder,
        )  # fmt: skip
        assert run.passed, f"reset at {clock}: {run.line}"


@pytest.mark.parametrize("simulator", ["myhdl", "cosim"])
def test_other_simulators_see_the_same(simulator, core):
    """Clock for clock, with pauses, bad frames and a reset."""
    design, folder = core
    asked = {
        "script": script(design, codes(design, 8, 5), 0.4, 5), "gap": 0.2, "stall": 0.3,
        "reset_at": design.latency, "seed": 5, "folder": folder,
    }  # fmt: skip
    run = simulate(design, simulator=simulator, **asked)
    assert run.passed, run.line
    assert run.line == simulate(design, **asked).line
