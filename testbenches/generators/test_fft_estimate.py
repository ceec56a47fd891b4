"""What is known of an FFT before synthesis is what synthesis counts; in testbenches/shown, too."""

import pytest

from kolam.flows import synthesize
from kolam.generators import catalog, load
from kolam.generators.estimate import dsp_blocks

FFTS = [name for name in catalog.names() if "fft" in name]


@pytest.mark.parametrize(
    ("a", "b", "blocks"), [(25, 18, 1), (18, 25, 1), (19, 19, 2), (26, 18, 2), (27, 20, 4)]
)
def test_blocks_of_a_product(a, b, blocks):
    assert dsp_blocks(a, b) == blocks


@pytest.mark.parametrize("name", FFTS)
def test_a_block_a_multiplier_unless_its_factor_is_a_constant(name):
    """Factors of 18 bits and less; 0 and powers of two, in lanes with one turn, need none."""
    design = load(name)
    cost = design.estimate
    assert set(cost) == {"dsp", "bram36"}
    if "parallel" in name:
        assert 0 < cost["dsp"] < design.multipliers
        assert cost["bram36"] == 0
    else:
        assert cost["dsp"] == design.multipliers
        assert cost["bram36"] > 0


def test_nothing_is_said_of_other_families():
    assert load("fft-64", set={"target": "ecp5"}).estimate is None


SMALL = {
    "a sample a clock": {},
    "words of 24 bits": {"points": 16, "formats.input": "s0.23"},
    "lanes with turns of their own": {"points": 16, "lanes": 8},
    "lifts in lanes": {"points": 16, "lanes": 4, "rotation": "lift"},
    "a butterfly": {"architecture": "iterative", "output_order": "natural"},
    "real samples": {"samples": "real"},
    "real samples at once": {"points": 16, "lanes": 16, "samples": "real"},
}


@pytest.mark.parametrize("changes", SMALL.values(), ids=SMALL)
def test_synthesis_counts_the_same(changes):
    design = load("fft-64", set={**changes, "target": "xc7"})
    cost = synthesize(design, "xc7")
    assert {key: cost[key] for key in ("dsp", "bram36")} == design.estimate
