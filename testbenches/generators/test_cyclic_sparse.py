"""The CSC engine: what it chooses, promises, refuses and connects, and that it keeps its word."""

import json
import re
from itertools import pairwise, product

import numpy as np
import pytest

from kolam.generators import load
from kolam.generators.cyclic_sparse import (
    Config,
    Formats,
    Support,
    build,
    cycle,
    fold,
    local,
    spread,
)
from kolam.generators.support_plan import legal_lanes, link_words
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import simulate
from kolam.testbenches.random_configs import random_config
from kolam.testbenches.stimulus import codes, script

S8, S16 = Format.parse("s1.6"), Format.parse("s1.14")
FORMATS = Formats(input=S8, weights=S8, outputs=S8)
TARGETS = (Target.GENERIC, Target.XC7, Target.ECP5)


def config(*supports, inputs=8, **fields):
    return Config(inputs=inputs, supports=supports, **{"formats": FORMATS, **fields})


def small(target=Target.GENERIC, **fields):
    """Return csc-small cut to 16 words."""
    supports = cycle(16, 4, bias=True, activation=Activation.RELU)
    formats = Formats(input=S16, weights=S16, outputs=S16)
    return config(*supports, inputs=16, formats=formats, target=target, **fields)


# what it promises


@pytest.mark.parametrize(
    ("seed", "lanes"),
    [*product((0, 2, 4, 5, 6, 7), [False]), *product((1, 8, 11, 25), [True])],
    ids=lambda v: ("own-rate", "other-lanes")[v] if isinstance(v, bool) else f"seed-{v}",
)
def test_random_configurations(seed, lanes, tmp_path):
    """Exact, and as promised, streaming freely; exact with pauses and bad frames as well."""
    made = random_config(seed, target=TARGETS[seed % 3], lanes=lanes)
    design = build(made, seed=seed)
    run = simulate(design, seed=seed, folder=tmp_path)
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)
    frames = script(design, codes(design, 12, seed), 0.3, seed)
    for pauses in ({"stall": 0.5}, {"gap": 0.5, "stall": 0.2}):
        run = simulate(design, script=frames, seed=seed, folder=tmp_path, **pauses)
        assert run.passed, run.line


@pytest.mark.parametrize(
    ("simulator", "target"),
    [
        ("icarus", Target.GENERIC),
        ("icarus", Target.XC7),
        ("icarus", Target.ECP5),
        ("verilator", Target.XC7),
        ("myhdl", Target.GENERIC),
        ("myhdl", Target.ECP5),
        ("cosim", Target.GENERIC),
        ("cosim", Target.XC7),
    ],
    ids=lambda value: getattr(value, "value", value),
)
def test_simulators_and_targets(simulator, target):
    design = build(small(target, parallelism=8))
    run = simulate(design, simulator=simulator)
    assert run.passed, run.line
    assert (run.mismatches, run.frames) == (0, design.fill + 6)
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert run.saturated > 0  # the weights are such that saturation is tried


@pytest.mark.parametrize(
    ("parallelism", "latency"), [(5, None), (20, 1125), (80, 362), (320, 175), (1280, None)]
)
def test_the_promises_of_csc_1024(parallelism, latency):
    design = load("csc-1024", set={"parallelism": parallelism})
    assert design.lanes == (parallelism // 5,) * 5
    assert design.multipliers == parallelism
    assert design.interval == 4 * 1024 // (parallelism // 5)
    assert latency is None or design.latency <= latency


def test_a_stream_that_is_slower_sets_the_interval():
    design = build(small(parallelism=32, input_lanes=1, output_lanes=3))
    assert design.config.clocks < 16
    assert (design.interval, design.bottleneck) == (16, "s_axis")
    assert [(s.lanes, s.beats) for s in design.streams] == [(1, 16), (3, 6)]
    run = simulate(design)
    assert run.passed, run.line
    assert run.interval == 16


# what it chooses


def every_choice(made):
    """Return (interval, lanes) for all lanes that banks and links allow, by trying each."""
    widths = made.widths
    lanes = [legal_lanes(widths[k], s.outputs, s.step) for k, s in enumerate(made.supports)]
    for chosen in product(*lanes):
        links = zip(pairwise(chosen), made.supports, strict=False)
        if any(link_words(p, s.fan_in, q) is None for (p, q), s in links):
            continue
        clocks = [s.fan_in * -(-s.outputs // p) for s, p in zip(made.supports, chosen, strict=True)]
        yield max(*clocks, made.inputs // chosen[0]), chosen


@pytest.mark.parametrize("seed", range(8))
def test_the_choice_is_the_best_there_is(seed):
    """The smallest interval with so many multipliers, then the fewest; or the other way round."""
    made = random_config(seed)
    fields = {"inputs": made.inputs, "supports": made.supports, "formats": made.formats}
    choices = list(every_choice(made))
    least = min(sum(chosen) for _, chosen in choices)
    most = made.legal[-1][0]
    assert made.legal[0][0] == least
    assert made.legal[-1][1] == min(clocks for clocks, _ in choices)
    for parallelism in {least, (least + most) // 2, most}:
        got = Config(**fields, parallelism=parallelism)
        best = min((clocks, sum(c)) for clocks, c in choices if sum(c) <= parallelism)
        assert (got.clocks, sum(got.lanes)) == best
    for interval in {made.legal[-1][1], made.legal[0][1]}:
        got = Config(**fields, interval=interval)
        assert sum(got.lanes) == min(sum(c) for clocks, c in choices if clocks <= interval)
        assert got.clocks <= interval


def test_without_a_word_there_is_one_lane_a_layer():
    made = config(*cycle(8, 2))
    assert made.lanes == (1, 1, 1)
    assert config(*cycle(8, 2), parallelism=24).lanes == (8, 8, 8)
    assert [way[0] for way in made.legal] == [3, 6, 12, 24]
    asked = build(config(*cycle(8, 2), parallelism=11))
    assert asked.parallelism == {"asked": 11, "chosen": 6, "lanes": [2, 2, 2]}


@pytest.mark.parametrize("seed", range(24), ids="seed-{}".format)
def test_no_two_products_clash(seed):
    """Every product of every lane and clock: its word lies in the lane's own bank."""
    for plan in random_config(seed).plans:
        lanes, rows = np.arange(plan.lanes), plan.rows
        assert rows * plan.lanes == plan.inputs
        for tap in range(plan.fan_in):
            served = plan.served[tap]
            assert sorted(served) == list(lanes)  # all outputs of a group at work
            for group in range(plan.groups):
                output = group * plan.lanes + served
                row = (plan.step * group + plan.quotients[tap] + plan.carries[tap]) % rows
                wanted = (plan.step * output + tap * plan.stride) % plan.inputs
                np.testing.assert_array_equal(row * plan.lanes + lanes, wanted)
                assert row.max() <= plan.step * group + plan.reach or plan.reach == rows - 1


# what it computes


def test_the_answer_is_the_equation():
    """y[o] = sum of w[o][j] x[(step o + j stride) mod inputs] + bias, with nothing to round."""
    support = Support(outputs=5, fan_in=3, stride=4, step=2, bias=True)
    wide = Formats(input=S8, weights=S8, outputs=Format.parse("s7.12"))
    rng = np.random.default_rng(1)
    weight, bias = rng.integers(-128, 128, (5, 3)), rng.integers(-500, 500, 5)
    design = build(config(support, inputs=7, formats=wide), [(weight, bias)])
    x = codes(design, 6)
    wanted = [
        [
            bias[o] + sum(weight[o, j] * frame[(2 * o + 4 * j) % 7] for j in range(3))
            for o in range(5)
        ]
        for frame in x
    ]
    np.testing.assert_array_equal(design.reference(x), wanted)
    np.testing.assert_array_equal(design.predict(x / 64.0), np.array(wanted) / 4096.0)
    assert simulate(design, x).passed


def test_integers_meet_floats_within_the_roundings():
    """Each layer adds at most half a unit, which the weights (at most 2) of the next can grow."""
    design = build(small(parallelism=2), seed=3)
    x = codes(design, 40, 5) // 8
    error, gain = 0.0, np.array([np.abs(words.weight).sum(axis=1).max() for words in design.words])
    for total in gain / 2**14:
        error = error * total + 0.5 / 2**14
    exact = design.predict(x / 2**14)
    good = design.saturated(x) == 0
    assert good.sum() > 10
    assert np.abs(design.reference(x)[good] / 2**14 - exact[good]).max() <= error


def test_packing():
    support = Support(outputs=3, fan_in=1, stride=0)
    formats = Formats(input=Format.parse("s1.10"), weights=S8, outputs=Format.parse("u4.0"))
    design = build(config(support, inputs=3, formats=formats, input_lanes=2))
    assert [s.element_bits for s in design.streams] == [16, 8]
    assert design.pack([1, -2, 3]) == bytes([1, 0, 0xFE, 0xFF, 3, 0, 0, 0])
    np.testing.assert_array_equal(design.unpack(bytes([7, 0, 15])), [[7, 0, 15]])
    signed = build(config(Support(outputs=2, fan_in=1, stride=0)))
    np.testing.assert_array_equal(signed.unpack(bytes([0x80, 0x7F])), [[-128, 127]])
    with pytest.raises(ValueError, match=r"^x must be of shape \(frames, 3\), not \(1, 2\)$"):
        design.pack([1, 2])
    with pytest.raises(ValueError, match=r"^data must be whole frames of 3 bytes, not 4 bytes$"):
        design.unpack(bytes(4))


def test_what_is_stored_is_told():
    design = build(small(parallelism=8))
    images = {f"mem/{m.contents}" for m in design.memories if m.contents}
    files = design.files()
    assert images == {name for name in files if name.startswith("mem/")}
    for memory in design.memories:
        if memory.contents:
            lines = files[f"mem/{memory.contents}"].split()
            assert len(lines) == memory.depth
            assert {len(line) for line in lines} == {-(-memory.width // 4)}
    assert design.memory_bits == sum(m.depth * m.width for m in design.memories)
    for memory in design.memories:  # each instance is where its path says
        module = design.name
        for instance in memory.path.split("/"):
            text = files[f"rtl/{module}.v"]
            (module,) = re.findall(rf"^    (\w+) (?:#\(.*\) )?{instance} \($", text, re.M)


# what it connects


def paths(supports, inputs):
    """Return (outputs, inputs): the number of paths between each pair."""
    counts = np.eye(inputs, dtype=int)
    for support in supports:
        taps = np.zeros((support.outputs, len(counts)), int)
        for o, j in np.ndindex(support.outputs, support.fan_in):
            taps[o, (support.step * o + j * support.stride) % len(counts)] += 1
        counts = taps @ counts
    return counts


@pytest.mark.parametrize(("words", "fan_in"), [(8, 2), (64, 4), (81, 3), (64, 8)])
def test_a_cycle_has_one_path_a_pair(words, fan_in):
    supports = cycle(words, fan_in, bias=True)
    assert [s.stride for s in supports] == [fan_in**k for k in range(len(supports))]
    assert [s.bias for s in supports] == [False] * (len(supports) - 1) + [True]
    assert (paths(supports, words) == 1).all()
    assert config(*supports, inputs=words).connectivity.all()


@pytest.mark.parametrize(("words", "fan_in"), [(10, 3), (100, 4), (2, 2)])
def test_a_cycle_of_any_size_is_complete(words, fan_in):
    supports = cycle(words, fan_in)
    assert (paths(supports, words) >= 1).all()
    assert config(*supports, inputs=words).connectivity.all()


def test_a_chain_that_would_never_end_is_refused():
    with pytest.raises(ValueError, match="fan_in must be at least 2, not 1"):
        cycle(64, 1)
    assert [s.fan_in for s in cycle(1, 1)] == [1]
    with pytest.raises(ValueError, match="fan_ins must be at least 1 each"):
        spread(64, 64, (4, 0))


@pytest.mark.parametrize(
    ("inputs", "outputs", "fan_ins"), [(64, 16, (4, 4)), (30, 12, (3, 4)), (784, 100, (10, 10))]
)
def test_a_fold_is_complete(inputs, outputs, fan_ins):
    supports = fold(inputs, outputs, fan_ins, activation=Activation.RELU)
    assert supports[-1].activation is Activation.RELU
    assert config(*supports, inputs=inputs).connectivity.all()
    assert sum(s.outputs * s.fan_in for s in supports) < inputs * outputs / 2
    if outputs * supports[0].fan_in == inputs:
        assert (paths(supports, inputs) == 1).all()


@pytest.mark.parametrize(
    ("inputs", "outputs", "fan_ins"), [(64, 64, (4, 4, 4)), (784, 300, (8, 10, 10))]
)
def test_a_spread_reaches_all(inputs, outputs, fan_ins):
    supports = spread(inputs, outputs, fan_ins)
    assert [s.stride for s in supports] == sorted((s.stride for s in supports), reverse=True)
    connected = config(*supports, inputs=inputs).connectivity
    np.testing.assert_array_equal(connected, paths(supports, inputs) > 0)
    assert connected.mean() > 0.9


def test_local_sees_a_window():
    supports = local(10, 3, 2, row=8, step=3, bias=True)
    connected = config(*supports, inputs=64).connectivity
    for output in range(9):
        first = {(3 * (output + k) + 8 * j) % 64 for j in range(3) for k in range(2)}
        assert set(np.flatnonzero(connected[output])) == first
    assert supports[-1].bias


def test_a_fold_needs_the_product():
    message = r"^the product of fan_ins must be outputs \(12\), not 8$"
    with pytest.raises(ValueError, match=message):
        fold(30, 12, (2, 4))


# what it refuses

LAYER = Support(outputs=8, fan_in=2, stride=1)
SIMPLE = {"inputs": 8, "supports": (LAYER,), "formats": FORMATS}


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"parallelism": 9}, ValueError, "parallelism must be 1 to 8, not 9; the nearest is 8"),
        ({"parallelism": 0}, ValueError, "parallelism must be at least 1, not 0"),
        ({"parallelism": -1}, ValueError, "parallelism must be at least 1, not -1"),
        (
            {"parallelism": 1, "supports": (LAYER, LAYER)},
            ValueError,
            "parallelism must be 2 to 16, not 1; the nearest is 2",
        ),
        ({"parallelism": 1.5}, TypeError, "parallelism must be an integer, not 1.5"),
        ({"parallelism": "8"}, TypeError, "parallelism must be an integer, not '8'"),
        ({"parallelism": True}, TypeError, "parallelism must be an integer, not True"),
        ({"interval": 1}, ValueError, "interval must be at least 2 clocks, not 1"),
        ({"interval": 0}, ValueError, "interval must be at least 1, not 0"),
        (
            {"interval": 8, "parallelism": 4},
            ValueError,
            "parallelism and interval must not both be given",
        ),
        ({"inputs": 0}, ValueError, "inputs must be 1 to 1048576, not 0"),
        ({"inputs": 10**12}, ValueError, "inputs must be 1 to 1048576, not 1000000000000"),
        ({"inputs": "8"}, TypeError, "inputs must be an integer, not '8'"),
        (
            {"inputs": 1},
            ValueError,
            "fan_in of support 0 must be at most its inputs (1), not 2",
        ),
        (
            {"supports": (LAYER, Support(outputs=1, fan_in=9, stride=1))},
            ValueError,
            "fan_in of support 1 must be at most its inputs (8), not 9",
        ),
        (
            {
                "inputs": 2048,
                "supports": (Support(outputs=1024, fan_in=2048, stride=1),),
            },
            ValueError,
            "weights of support 0 must be at most 1048576, not 2097152",
        ),
        ({"supports": ()}, TypeError, "supports must be one Support or more, not ()"),
        ({"supports": (1,)}, TypeError, "supports must be one Support or more, not (1,)"),
        ({"supports": "x"}, TypeError, "supports must be a tuple, not 'x'"),
        ({"formats": "s1.6"}, TypeError, "formats must be a Formats, not 's1.6'"),
        ({"target": "xc7"}, TypeError, "target must be a Target, not 'xc7'"),
        ({"loadable": 1}, TypeError, "loadable must be true or false, not 1"),
        (
            {"input_lanes": 9},
            ValueError,
            "input_lanes must be at most the words of a frame (8), not 9",
        ),
        (
            {"output_lanes": 9},
            ValueError,
            "output_lanes must be at most the words of a frame (8), not 9",
        ),
        ({"output_lanes": 0}, ValueError, "output_lanes must be at least 1, not 0"),
        (
            {"formats": Formats(input=S8, weights=(S8, S8), outputs=S8)},
            ValueError,
            "formats.weights must be one Format, or one for each of the 1 supports, not 2",
        ),
        (
            {"formats": Formats(input=S8, weights=S8, outputs=())},
            ValueError,
            "formats.outputs must be one Format, or one for each of the 1 supports, not 0",
        ),
    ],
)  # fmt: skip
def test_a_configuration_is_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Config(**{**SIMPLE, **fields})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"outputs": 0}, ValueError, "outputs must be 1 to 1048576, not 0"),
        ({"fan_in": 0}, ValueError, "fan_in must be 1 to 1048576, not 0"),
        ({"stride": -1}, ValueError, "stride must be 0 to 1048576, not -1"),
        ({"step": 0}, ValueError, "step must be 1 to 1048576, not 0"),
        ({"outputs": 2.0}, TypeError, "outputs must be an integer, not 2.0"),
        ({"fan_in": None}, TypeError, "fan_in must be an integer, not None"),
        ({"bias": 1}, TypeError, "bias must be true or false, not 1"),
        ({"activation": "relu"}, TypeError, "activation must be an Activation, not 'relu'"),
    ],
)
def test_a_support_is_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Support(**{"outputs": 8, "fan_in": 2, "stride": 1, **fields})
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"input": "s1.6"}, TypeError, "input must be a Format, not 's1.6'"),
        ({"weights": [S8]}, TypeError, f"weights must be a Format or a tuple of them, not {[S8]}"),
        ({"rounding": "half_up"}, TypeError, "rounding must be a Rounding, not 'half_up'"),
        ({"overflow": Rounding.HALF_UP}, TypeError,
         f"overflow must be an Overflow, not {Rounding.HALF_UP!r}"),
    ],
)  # fmt: skip
def test_formats_are_refused(fields, error, sentence):
    with pytest.raises(error) as refusal:
        Formats(**{"input": S8, "weights": S8, "outputs": S8, **fields})
    assert str(refusal.value) == sentence


BIASED = Support(outputs=8, fan_in=2, stride=1, bias=True)
ONES = np.ones((8, 2), int)


@pytest.mark.parametrize(
    ("support", "weights", "error", "sentence"),
    [
        (LAYER, [], ValueError, "weights must be given for 1 supports, not 0"),
        (LAYER, [ONES.T], ValueError, "weights of support 0 must be of shape (8, 2), not (2, 8)"),
        (LAYER, [ONES * 128], ValueError,
         "weights of support 0 must be -128 to 127, not 128 to 128"),
        (LAYER, [ONES * np.nan], ValueError,
         "weights of support 0 must be finite, not NaN or infinite"),
        (LAYER, [ONES * np.inf], ValueError,
         "weights of support 0 must be finite, not NaN or infinite"),
        (LAYER, [ONES.astype(str)], TypeError,
         "weights of support 0 must be integers or floats, not <U21"),
        (LAYER, [(ONES, np.ones(8, int))], ValueError,
         "support 0 must have no bias: its configuration says so"),
        (BIASED, [ONES], ValueError, "support 0 must have a bias: its configuration says so"),
        (BIASED, [(ONES, np.ones(7, int))], ValueError,
         "biases of support 0 must be of shape (8,), not (7,)"),
        (BIASED, [(ONES, np.full(8, 1 << 40))], ValueError,
         "biases of support 0 must be -65536 to 65535, not 1099511627776 to 1099511627776"),
    ],
)  # fmt: skip
def test_weights_are_refused(support, weights, error, sentence):
    with pytest.raises(error) as refusal:
        build(config(support), weights)
    assert str(refusal.value) == sentence


def test_clipping_needs_fraction_bits():
    layer = Support(outputs=8, fan_in=2, stride=1, activation=Activation.CLIPPED_RELU)
    coarse = Formats(input=S8, weights=S8, outputs=Format(True, 9, -2))
    message = (
        r"^outputs of support 0 must have a fraction of at least 0 for CLIPPED_RELU, not s9\.-2$"
    )
    with pytest.raises(ValueError, match=message):
        config(layer, formats=coarse)


def test_results_of_one_bit(tmp_path):
    layer = Support(outputs=8, fan_in=2, stride=1)
    signed = Formats(input=S8, weights=S8, outputs=Format(True, 0, 0))
    message = r"^outputs of support 0 must have two bits or more where signed, not s0\.0$"
    with pytest.raises(ValueError, match=message):
        config(layer, formats=signed)
    unsigned = config(layer, formats=Formats(input=S8, weights=S8, outputs=Format(False, 0, 1)))
    design = build(unsigned, name="flags")
    x = np.random.default_rng(0).integers(-128, 128, (4, design.config.inputs))
    assert simulate(design, x, folder=tmp_path).mismatches == 0


# as plain values


@pytest.mark.parametrize("seed", range(6))
def test_plain_values_and_back(seed):
    made = random_config(seed, lanes=seed % 2 == 1, target=Target.XC7)
    assert Config.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"colour": 1}, ValueError,
         "the keys of the configuration must be among inputs, formats, parallelism, interval, "
         "input_lanes, output_lanes, loadable, target, supports, not 'colour'"),
        ({"engine": "fft"}, ValueError, "engine must be cyclic_sparse, not 'fft'"),
        ({"supports": {}}, TypeError, "supports must be a list of tables, not {}"),
        ({"supports": [{"outputs": 1, "fan_in": 1}]}, ValueError,
         "supports[0]: a table of supports must have the key stride"),
        ({"supports": [{"outputs": 1, "fan_in": 1, "stride": 1, "strid": 1}]}, ValueError,
         "supports[0]: the keys of a table of supports must be among outputs, fan_in, stride, "
         "step, bias, activation, not 'strid'"),
        ({"supports": [{"outputs": 1, "fan_in": 1, "stride": 1, "activation": "tanh"}]},
         ValueError,
         "supports[0]: activation must be one of none, relu, clipped_relu, not 'tanh'"),
        ({"formats": {"input": "s1.6"}}, ValueError, "formats must have the key weights"),
        ({"formats": "s1.6"}, TypeError, "formats must be a table, not 's1.6'"),
    ],
)  # fmt: skip
def test_plain_values_are_refused(change, error, sentence):
    values = config(LAYER).to_dict()
    with pytest.raises(error) as refusal:
        Config.from_dict({**values, **change})
    assert str(refusal.value) == sentence


def test_every_choice_of_numbers_is_reached():
    """The random configurations leave out no rounding, overflow, activation or form of address."""
    drawn = [random_config(seed, lanes=True) for seed in range(100)]
    plans = [plan for made in drawn for plan in made.plans]
    assert {p.rounding for p in plans} == set(Rounding)
    assert {p.overflow for p in plans} == set(Overflow)
    assert {p.activation for p in plans} == set(Activation)
    assert {p.address for p in plans} == {"counter", "walk"}
    assert {p.bias for p in plans} == {p.step == 1 for p in plans} == {True, False}
    assert {p.shift > 0 for p in plans} == {True, False}
    assert min(made.inputs for made in drawn) <= 3
    assert any(p.fan_in == p.inputs > 1 for p in plans)


# faults that were found once


def test_taps_that_all_read_the_same_row():
    design = build(config(Support(outputs=96, fan_in=4, stride=0), inputs=96, parallelism=8))
    assert simulate(design).passed


def test_sum_bias_and_half_at_their_largest_together():
    wide = Format.parse("u0.8")
    formats = Formats(input=wide, weights=wide, outputs=Format.parse("s7.0"))
    support = Support(outputs=1, fan_in=1, stride=1, bias=True)
    design = build(
        config(support, inputs=1, formats=formats), [(np.array([[255]]), np.array([65535]))]
    )
    assert simulate(design, np.full((10, 1), 255)).passed
