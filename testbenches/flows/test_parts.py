"""Devices, and what of them a design takes."""

import pytest

from kolam.flows import parts
from kolam.generators import load


def test_the_default_is_the_one_of_the_documentation():
    part = parts.part(parts.DEFAULT)
    assert (part.lut, part.ff, part.dsp, part.bram36) == (63400, 126800, 240, 135)


def test_a_slice_has_four_luts_and_eight_flip_flops():
    for part in parts.PARTS.values():
        assert part.ff == 2 * part.lut
        assert part.lut % 4 == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [("xc7a35t", "xc7a35t"), ("XC7A100TCSG324-1", "xc7a100t"), ("xc7z020clg400-1", "xc7z020")],
)
def test_package_and_speed_may_follow(text, name):
    assert parts.part(text).name == name


@pytest.mark.parametrize("text", ["", "xc7a", "ecp5-85k", "7a100t"])
def test_no_part(text):
    with pytest.raises(ValueError, match=f"part must be one of xc7s25, .*, not '{text}'"):
        parts.part(text)


def test_shares():
    cost = {"lut": 300, "srl": 10, "lutram": 7, "ff": 634, "dsp": 120, "bram36": 13.5}
    used = parts.part("xc7a100t").used(cost)
    assert used == {"lut": 317 / 63400, "ff": 0.005, "dsp": 0.5, "bram36": 0.1}


def test_layers_and_ends_add_up():
    """What is estimated by layer is the estimate of the core, but for its ends."""
    design = load("csc-small")
    layers = design.facts()["layers"]
    for key, whole in design.estimate.items():
        ends = whole - sum(layer["estimate"][key] for layer in layers)
        assert (ends > 0) == (key in ("lut", "ff", "srl"))
    assert sum(layer["memory_bits"] for layer in layers) == design.memory_bits
    assert [layer["estimate"]["dsp"] for layer in layers] == list(design.lanes)
