"""Networks as chips: area and slack in sky130hd; and placed on an ECP5."""

import pytest

from kolam.flows import sta

pytestmark = pytest.mark.shown


def test_a_network_in_sky130hd(kolam, kolam_data, shown):
    cells = kolam_data / "pdk/sky130hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"
    cost = kolam("synth", "csc-lenet300-46x", "--target", "asic", "--liberty", cells)
    keys = ("area_um2", "area_ff_um2", "ff", "memory_bits_in_ff", "wns_ns", "fmax_mhz")
    shown("csc-lenet300-46x in sky130hd at 10 ns", {key: cost[key] for key in keys})
    assert sta.installed()
    assert cost["wns_ns"] > 0
    assert cost["tns_ns"] == 0
    # activations are all that is kept; without words left over in banks
    assert cost["memory_bits_in_ff"] < 31_000
    assert cost["area_ff_um2"] < 0.75 * cost["area_um2"]


def test_a_network_placed_on_ecp5(kolam, shown):
    name = "csc-lenet300-46x-local"
    cost = kolam("synth", name, "--target", "ecp5", "--place-and-route")
    interval = kolam("show", name, "--set", "target=ecp5")["interval"]
    images = round(cost["fmax_mhz"] * 1e6 / interval)
    shown(
        f"{name} on ECP5-85k, three seeds",
        {**{key: cost[key] for key in ("lut", "lutram", "ff", "dsp", "bram36", "fmax_mhz")},
         **cost["fmax_mhz_by_seed"], "images/s": images},
    )  # fmt: skip
    assert cost["fmax_mhz"] >= 150
    assert images >= 750_000
