"""Every size is built: the smallest, the odd, the unequal; only the parallelism may be refused."""

import pytest

from kolam.generators.cyclic_sparse import Config, Formats, Support, build, fold
from kolam.hdl import Format
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import simulate


def formats(text):
    """Return the formats in a text: of the input, the weights and the outputs."""
    return Formats(
        **dict(zip(("input", "weights", "outputs"), map(Format.parse, text.split()), strict=True))
    )


def layer(outputs, fan_in, stride=1, **fields):
    return Support(outputs=outputs, fan_in=fan_in, stride=stride, **fields)


S8, S16 = "s1.6 s1.6 s1.6", "s1.14 s1.14 s1.14"
RELU = {"bias": True, "activation": Activation.RELU}
SIZES = {
    "1 to 1": (1, [layer(1, 1)], S8),
    "1 to 1 to 1": (1, [layer(1, 1, **RELU), layer(1, 1, 0)], S8),
    "1 to 5": (1, [layer(5, 1, 3)], S8),
    "5 to 1": (5, [layer(1, 5, 2, **RELU)], S8),
    "2 to 2": (2, [layer(2, 2), layer(2, 2)], S8),
    "3 to 3": (3, [layer(3, 3, 2), layer(3, 2)], S16),
    "3 to 2 to 3": (3, [layer(2, 3), layer(3, 2, 1, step=2)], S8),
    "fan-in 3": (27, [layer(27, 3, 1), layer(27, 3, 3), layer(27, 3, 9, **RELU)], S16),
    "fan-in is inputs": (12, [layer(9, 12, 1, **RELU), layer(4, 9, 2)], S8),
    "fan-in is inputs, prime": (13, [layer(13, 13, 5)], S16),
    "prime": (31, [layer(37, 5, 7), layer(11, 4, 3)], S8),
    "narrow to wide": (6, [layer(50, 2, 5), layer(7, 3, 11)], S8),
    "8 by 16 to 8 bits": (10, [layer(12, 3, 2, **RELU), layer(5, 4, 3)], "s0.7 s1.14 s3.4"),
    "4 by 7 to 19 bits": (10, [layer(12, 3, 2), layer(5, 4, 3, **RELU)], "u0.4 s2.4 s6.12"),
    "1 by 2 to 3 bits": (10, [layer(12, 3, 2), layer(5, 4, 3)], "u1.0 s0.1 s1.1"),
    "24 by 18 bits": (8, [layer(8, 2, 1, bias=True)], "s3.20 s1.16 s4.25"),
}  # fmt: skip


def chosen(size, which):
    """Return a configuration with the least, a middle, or the most multipliers."""
    inputs, supports, text = size
    fields = {"inputs": inputs, "supports": tuple(supports), "formats": formats(text)}
    ways = Config(**fields).legal
    way = {"least": ways[0], "middle": ways[len(ways) // 2], "most": ways[-1]}[which]
    return Config(**fields, parallelism=way[0])


def exact(config, frames=None):
    design = build(config, seed=3)
    run = simulate(design, frames=frames)
    assert run.passed, run.line
    assert run.latency == design.latency
    assert run.interval in (design.interval, None)
    return run


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("which", ["least", "most"])
def test_sizes(name, which):
    run = exact(chosen(SIZES[name], which))
    assert run.interval is not None


@pytest.mark.parametrize("name", ["fan-in 3", "prime"])
def test_in_the_middle(name):
    exact(chosen(SIZES[name], "middle"))


@pytest.mark.parametrize("which", ["least", "middle"])
def test_300_to_100(which):
    exact(chosen((300, fold(300, 100, (10, 10), **RELU), S8), which), frames=3)


def test_every_parallelism_in_between_runs():
    """What is no legal number is an upper bound, and gives the legal one below it."""
    inputs, supports, text = SIZES["3 to 2 to 3"]
    fields = {"inputs": inputs, "supports": tuple(supports), "formats": formats(text)}
    ways = [way[0] for way in Config(**fields).legal]
    for parallelism in range(ways[0], ways[-1] + 1):
        config = Config(**fields, parallelism=parallelism)
        assert sum(config.lanes) == max(way for way in ways if way <= parallelism)


@pytest.mark.parametrize("fan_in", [1, 2, 5])
def test_a_fan_in_beyond_the_inputs_is_refused(fan_in):
    with pytest.raises(
        ValueError,
        match=rf"^fan_in of support 0 must be at most its inputs \({fan_in}\), not {fan_in + 1}$",
    ):
        Config(inputs=fan_in, supports=(layer(3, fan_in + 1),), formats=formats(S8))
