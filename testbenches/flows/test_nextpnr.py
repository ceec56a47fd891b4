import copy
import json
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from myhdl import Signal, intbv

from kolam.flows import nextpnr, yosys, yowasp
from kolam.flows.yowasp import ToolError
from kolam.hdl.image import Image
from kolam.hdl.memories import rom
from kolam.hdl.module import emit, instances, module
from kolam.hdl.target import Target


def memory(width, ports):
    """One DP16KD on net 2 whose outputs are nets 10 and on, each with a flip-flop to 50 and on."""
    ram = {
        "type": "DP16KD",
        "parameters": {
            "REGMODE_A": "NOREG", "REGMODE_B": "NOREG", "CLKAMUX": "CLKA", "CLKBMUX": "CLKB",
            "DATA_WIDTH_B": f"{width:032b}",
        },
        "connections": {
            "CLKA": [2], "CLKB": [2], "OCEA": ["1"], "OCEB": ["1"], "RSTA": ["0"], "RSTB": ["0"],
            "DOA17": [],
        },
    }  # fmt: skip
    cells = {"ram": ram}
    for k, port in enumerate(ports):
        ram["connections"][port] = [10 + k]
        cells[f"ff{k}"] = {
            "type": "TRELLIS_FF",
            "parameters": {"CLKMUX": "CLK", "CEMUX": "1 "},
            "connections": {"CLK": [2], "DI": [10 + k], "Q": [50 + k]},
        }
    return {"modules": {"top": {"cells": cells, "ports": {"q": {"bits": [50, 51]}}}}}


@pytest.mark.parametrize(
    ("width", "ports", "modes"),
    [
        (18, ["DOB0", "DOB7"], {"A": "NOREG", "B": "OUTREG"}),
        (18, ["DOA0", "DOA3"], {"A": "OUTREG", "B": "NOREG"}),
        (18, ["DOB0", "DOA3"], {"A": "OUTREG", "B": "OUTREG"}),
        (36, ["DOB0", "DOA17"], {"A": "OUTREG", "B": "OUTREG"}),
    ],
)
@pytest.mark.parametrize("enable", ["1", 9])
def test_registers_behind_a_memory_move_into_it(width, ports, modes, enable):
    """Behind either port or both, and the enable with them; one word of 36 bits has that of B."""
    netlist = memory(width, ports)
    if enable != "1":
        enabled(netlist, "ff0", "ff1")
    assert nextpnr.absorb_registers(netlist) == 2
    [(_, ram)] = netlist["modules"]["top"]["cells"].items()
    assert {p: ram["parameters"][f"REGMODE_{p}"] for p in "AB"} == modes
    assert [ram["connections"][port] for port in ports] == [[50], [51]]
    moved = {p for p in "AB" if modes[p] == "OUTREG"} - ({"A"} if width == 36 else set())
    assert {p: ram["connections"][f"OCE{p}"] for p in "AB"} == {
        p: [enable] if p in moved else ["1"] for p in "AB"
    }
    assert nextpnr.absorb_registers(netlist) == 0


def enabled(netlist, *names, net=9, kind="CE"):
    """Give flip-flops an enable."""
    for name in names:
        cell = netlist["modules"]["top"]["cells"][name]
        cell["parameters"]["CEMUX"], cell["connections"]["CE"] = kind, [net]


def test_ports_have_enables_of_their_own():
    netlist = memory(18, ["DOA0", "DOB0"])
    enabled(netlist, "ff1", net=8)
    assert nextpnr.absorb_registers(netlist) == 2
    ram = netlist["modules"]["top"]["cells"]["ram"]
    assert (ram["connections"]["OCEA"], ram["connections"]["OCEB"]) == (["1"], [8])


@pytest.mark.parametrize("ports", [["DOB0", "DOB1"], ["DOA0", "DOA1"]])
@pytest.mark.parametrize(
    "enables", [{"ff1": (9, "CE")}, {"ff0": (9, "CE"), "ff1": (8, "CE")},
                {"ff0": (9, "INV"), "ff1": (9, "INV")}]
)  # fmt: skip
def test_registers_without_one_enable_in_common_stay(ports, enables):
    netlist = memory(18, ports)
    for name, (net, kind) in enables.items():
        enabled(netlist, name, net=net, kind=kind)
    before = copy.deepcopy(netlist)
    assert nextpnr.absorb_registers(netlist) == 0
    assert netlist == before


def test_a_port_whose_registers_must_stay_does_not_keep_those_of_the_other():
    netlist = memory(18, ["DOA0", "DOB0"])
    netlist["modules"]["top"]["cells"]["ff0"]["connections"]["LSR"] = [7]
    assert nextpnr.absorb_registers(netlist) == 1
    cells = netlist["modules"]["top"]["cells"]
    assert set(cells) == {"ram", "ff0"}
    assert cells["ram"]["parameters"]["REGMODE_A"] == "NOREG"
    assert cells["ram"]["parameters"]["REGMODE_B"] == "OUTREG"


@pytest.mark.parametrize(
    ("cell", "table", "key", "value"),
    [
        ("ff1", "parameters", "CLKMUX", "INV"),
        ("ff1", "connections", "LSR", [7]),
        ("ff1", "connections", "CLK", [3]),
        ("ram", "parameters", "CLKBMUX", "INV"),
        ("ram", "parameters", "REGMODE_B", "OUTREG"),
        ("ram", "connections", "OCEB", ["0"]),
        ("ram", "connections", "RSTB", [7]),
        ("more", "connections", "A", [11]),
        ("ff1", "connections", "DI", [77]),
    ],
)
@pytest.mark.parametrize("side", "AB")
def test_a_register_of_another_kind_stays(side, cell, table, key, value):
    netlist = memory(18, [f"DO{side}0", f"DO{side}1"])
    if cell == "ram":
        key = {"CLKBMUX": f"CLK{side}MUX"}.get(key, f"{key[:-1]}{side}")
        value = f"CLK{side}_INV" if key.endswith("MUX") else value
    cells = netlist["modules"]["top"]["cells"]
    cells.setdefault(cell, {"type": "LUT4", "parameters": {}, "connections": {}})
    cells[cell][table][key] = value
    if (cell, key) == ("ff1", "DI"):
        cells["lut"] = {"type": "LUT4", "parameters": {}, "connections": {"A": [11]}}
    before = copy.deepcopy(netlist)
    assert nextpnr.absorb_registers(netlist) == 0
    assert netlist == before


def test_a_register_that_is_seen_outside_stays():
    netlist = memory(18, ["DOB0", "DOB1"])
    netlist["modules"]["top"]["ports"]["d"] = {"bits": [11]}
    assert nextpnr.absorb_registers(netlist) == 0


@module
def fetch(clk, re, raddr, rdata, *, image, latency, style, target):
    """Read a ROM."""
    words = rom(  # noqa: F841
        clk, re, raddr, rdata, image=image, latency=latency, style=style, target=target
    )
    return instances()


def test_a_rom_with_two_clocks_of_latency_takes_no_flip_flop(tmp_path):
    image = Image("words", 24, tuple(k * 7654321 % 2**24 for k in range(1, 513)))
    signals = {
        "clk": Signal(bool(0)), "re": Signal(bool(0)),
        "raddr": Signal(intbv(0)[9:]), "rdata": Signal(intbv(0)[24:]),
    }  # fmt: skip
    constants = {"image": image, "latency": 2, "style": "block", "target": Target.ECP5}
    made = emit(fetch, "fetch", {**signals, **constants})
    design = SimpleNamespace(
        name="fetch", target=Target.ECP5, multipliers=0, files=lambda: made.files
    )
    found = yosys.synthesize(design, folder=tmp_path)
    assert (found["ff"], found["bram36"]) == (0, 0.5)
    netlist = json.loads((tmp_path / "netlist.json").read_text())
    cells = netlist["modules"]["fetch"]["cells"].values()
    [ram] = [c for c in cells if c["type"] == "DP16KD"]
    assert ram["parameters"]["REGMODE_A"] == ram["parameters"]["REGMODE_B"] == "OUTREG"
    with pytest.raises(ToolError, match="a path from register to register"):
        nextpnr.route(tmp_path, "netlist.json", [1])


def test_tools_can_be_stopped(tmp_path, monkeypatch):
    """Or whoever waits for a pool of them would wait for their end."""
    (tmp_path / "idle_tool.py").write_text("import time\n\ndef idle(_):\n    time.sleep(999)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(yowasp.run, "idle_tool", "idle", [], tmp_path, "log")
        while not yowasp._running:
            time.sleep(0.01)
        yowasp.stop()
        with pytest.raises(yowasp.ToolError, match="idle-tool must end well"):
            waiting.result()
    assert not yowasp._running
