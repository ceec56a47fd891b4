"""Loadable weights: new ones between frames, good and bad loads, in any weather."""

from dataclasses import replace

import numpy as np
import pytest

from kolam.generators import ENGINES, dense, network
from kolam.generators.cyclic_sparse import Config, Formats, Support, build, cycle
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import Frame, Load, Pattern, simulate
from kolam.testbenches.random_configs import random_config
from kolam.testbenches.stimulus import codes, filling

S8 = Format.parse("s1.6")
FORMATS = Formats(input=S8, weights=S8, outputs=S8)
CYCLE = Config(
    inputs=16,
    supports=cycle(16, 4, bias=True, activation=Activation.RELU),
    formats=FORMATS,
    parallelism=8,
    loadable=True,
)
UNEVEN = Config(
    inputs=15,
    supports=(
        Support(outputs=10, fan_in=3, stride=4, step=2),
        Support(outputs=7, fan_in=4, stride=3, bias=True),
    ),
    formats=FORMATS,
    parallelism=7,
    input_lanes=4,
    output_lanes=2,
    loadable=True,
)
DENSE = dense.Config(
    inputs=6,
    layers=(dense.Layer(outputs=5, bias=True), dense.Layer(outputs=4)),
    formats=FORMATS,
    parallelism=4,
    loadable=True,
)
NETWORK = network.Config(
    inputs=12,
    layers=(
        network.CyclicSparseLayer(
            name="sparse",
            supports=(
                Support(outputs=8, fan_in=3, stride=4),
                Support(outputs=8, fan_in=2, stride=1, bias=True),
            ),
            activation=Activation.RELU,
        ),
        network.DenseLayer(name="whole", outputs=5, bias=True),
    ),
    formats=FORMATS,
    parallelism=9,
    loadable=True,
    argmax=True,
)
CORES = {"cycle": CYCLE, "uneven": UNEVEN, "dense": DENSE, "network": NETWORK}


def built(config, *given, **fields):
    """Return the design of a configuration of any engine."""
    return ENGINES[config.engine].build(config, *given, **fields)


def weights(design):
    """Return the weights of a design, as `build` takes them."""
    return [w.weight if w.bias is None else (w.weight, w.bias) for w in design.words]


def other(design, seed):
    """Return the same design with other weights, and the frame that loads them."""
    made = built(design.config, seed=seed)
    return design.with_weights(weights(made)), design.weight_frame(weights(made))


def loads(design, seed=0):
    """Return a script: weights come before, between and after frames, right and wrong."""
    frames = [Frame(x) for x in codes(design, 4 + 2 * filling(design), seed)]
    many = 1 + filling(design)
    (first, one), (second, two) = other(design, 7), other(design, 8)
    return [
        *frames[:2],
        Load(one, first),  # while frames are under way
        *frames[2 : 2 + many],
        Frame([1] * len(frames[0].codes), short=1) if design.streams[0].beats > 1 else frames[0],
        Load(two, second, short=1),
        Load(two, second, long=2),
        Load(two, second, short=len(two) - 1),
        Load(two, second),
        *frames[2 + many :],
        Load(one, first),
        frames[0],
    ]


@pytest.fixture(scope="module", params=CORES)
def core(request, tmp_path_factory):
    """Return a design, and a folder in which its program is kept for all tests."""
    design = built(CORES[request.param], seed=1)
    return design, tmp_path_factory.mktemp(request.param)


PAUSES = {
    "free": {},
    "random": {"gap": 0.3, "stall": 0.4, "seed": 3},
    "slow sink": {"stall": 0.9, "seed": 4},
    "burst": {"gap_pattern": Pattern.BURST, "stall_pattern": Pattern.BURST},
    "late": {"stall_pattern": Pattern.LATE},
}


@pytest.mark.parametrize("name", PAUSES)
def test_frames_are_answered_with_the_weights_of_their_time(name, core):
    design, folder = core
    run = simulate(design, script=loads(design), folder=folder, **PAUSES[name])
    assert run.passed, run.line
    assert f" errors={3 + (design.streams[0].beats > 1)} " in run.line


@pytest.mark.parametrize("simulator", ["myhdl", "cosim"])
def test_other_simulators_see_the_same(simulator, core):
    design, folder = core
    asked = {"script": loads(design, 2), "gap": 0.2, "stall": 0.2, "seed": 5, "folder": folder}
    run = simulate(design, simulator=simulator, **asked)
    assert run.passed, run.line
    assert run.line == simulate(design, **asked).line


def test_without_a_load_it_keeps_its_promises(core):
    """The first weights are those of the images; to be loadable costs no clock."""
    design, folder = core
    run = simulate(design, folder=folder)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    fixed = built(replace(design.config, loadable=False), weights(design))
    assert fixed.interval == design.interval
    np.testing.assert_array_equal(
        fixed.reference(codes(design, 5)), design.reference(codes(design, 5))
    )


@pytest.mark.parametrize("part", range(3))
def test_a_reset_at_any_time_of_a_load(part, core):
    """What was loaded in part before the reset is loaded whole after it."""
    design, folder = core
    frames = [Frame(x) for x in codes(design, 6, part)]
    model, words = other(design, 9)
    for clock in range(3 + 7 * part, 3 + len(words) + design.latency, 29):
        run = simulate(
            design,
            script=[Load(words, model), *frames],
            before=[frames[0], Load(words, model), *frames[1:3]],
            reset_at=clock,
            seed=part,
            folder=folder,
        )
        assert run.passed, f"reset at {clock}: {run.line}"


def test_a_weight_frame_is_the_images(core):
    """A beat is a word of a .hex file; the files follow each other, weights before biases."""
    design, _ = core
    model, words = other(design, 7)
    files = model.files()
    images = [m.contents for m in model.memories if m.loadable]
    assert words == [int(line, 16) for name in images for line in files[f"mem/{name}"].split()]
    stream = next(s for s in design.streams if s.name == "s_axis_weight")
    assert stream.beats == len(words)
    assert max(words) < 1 << stream.lanes * stream.element_bits


@pytest.mark.parametrize("seed", [1, 3, 8], ids="seed-{}".format)
def test_random_configurations(seed):
    target = (Target.GENERIC, Target.XC7, Target.ECP5)[seed % 3]
    made = replace(random_config(seed, target=target, lanes=seed % 2 == 1), loadable=True)
    design = build(made, seed=seed)
    run = simulate(design, script=loads(design, seed), gap=0.2, stall=0.2, seed=seed)
    assert run.passed, run.line


def test_weights_are_refused(core):
    design, _ = core
    count = len(design.plans)
    with pytest.raises(ValueError, match=f"weights must be given for {count} supports, not 0"):
        design.weight_frame([])
    fixed = built(replace(design.config, loadable=False))
    message = r"^loadable must be True in the configuration, not False$"
    with pytest.raises(ValueError, match=message):
        fixed.weight_frame(weights(design))
