"""Sizes: the smallest, rectangles, a fan-in of all inputs, equal and unequal widths."""

import pytest

from kolam.generators.cyclic_sparse import Config, Formats, Support, build, cycle, fold, spread
from kolam.hdl import Format
from kolam.kernels.round_saturate import Activation
from kolam.testbenches import simulate

pytestmark = pytest.mark.shown

RELU = {"bias": True, "activation": Activation.RELU}
WIDTHS = {
    "8": "s1.6 s1.6 s1.6",
    "16": "s1.14 s1.14 s1.14",
    "8 by 16 to 12": "u0.8 s1.14 s3.8",
}
SHAPES = {
    "1": (1, cycle(1, 1, **RELU)),
    "2": (2, cycle(2, 2, **RELU)),
    "3": (3, cycle(3, 3, **RELU)),
    "81, F = 3": (81, cycle(81, 3, **RELU)),
    "50, F = 3": (50, cycle(50, 3)),
    "300 to 100": (300, fold(300, 100, (10, 10), **RELU)),
    "784 to 300": (784, spread(784, 300, (8, 10, 10), **RELU)),
    "64 to 48, fan-in is inputs": (64, (Support(outputs=48, fan_in=64, stride=1, **RELU),)),
}


@pytest.mark.parametrize("which", ["least", "middle", "most"])
@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("shape", SHAPES)
def test_sizes(shape, widths, which, shown):
    inputs, supports = SHAPES[shape]
    numbers = zip(
        ("input", "weights", "outputs"), map(Format.parse, WIDTHS[widths].split()), strict=True
    )
    fields = {"inputs": inputs, "supports": supports, "formats": Formats(**dict(numbers))}
    ways = Config(**fields).legal
    way = {"least": ways[0], "middle": ways[len(ways) // 2], "most": ways[-1]}[which]
    design = build(Config(**fields, parallelism=way[0]))
    run = simulate(design)
    shown(
        f"{shape}, {widths} bits, {which} parallelism",
        {"z": way[0], "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "saturated": run.saturated},
    )  # fmt: skip
    assert run.passed, run.line
    assert (run.latency, run.interval) == (design.latency, design.interval)


def test_a_fan_in_beyond_the_inputs_is_refused():
    with pytest.raises(
        ValueError, match=r"^fan_in of support 0 must be at most its inputs \(4\), not 5$"
    ):
        Config(
            inputs=4,
            supports=(Support(outputs=4, fan_in=5, stride=1),),
            formats=Formats(**dict.fromkeys(("input", "weights", "outputs"), Format.parse("s1.6"))),
        )
