"""Synthesis for standard cells with yosys: area, flip-flops, and slack where OpenSTA is there.

Memories have no macro in a Liberty file of cells. They become flip-flops, which is counted and
said; or those above `LARGE` bits become black boxes, whose area and timing are not in the figures,
and they are named. What is read only becomes logic.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kolam.flows import pdk, sta, yosys
from kolam.flows.liberty import Library, read, text
from kolam.flows.macros import rams
from kolam.flows.sdc import IO_FRACTION, constraints
from kolam.flows.yowasp import ToolError
from kolam.generators.design import Design

LARGE = 4096  # bits, from which OpenROAD-flow-scripts refuses to make flip-flops of a memory
MEMORIES = ("flip-flops", "macros")
PERIOD_NS = 10.0
_FANOUT = 4  # buffers that ABC takes an output to drive
_CROWD = 100  # inputs, above which what drives them is slow until placement puts buffers there
# yosys' own script, with which carries end as chains of majority gates, is a fifth slower here
_ABC = "+strash;dch;map,-B,0.9,{D};topo;buffer,-c;upsize,{D};dnsize,{D};stime,-p"


def synthesize(
    design: Design,
    target: str = "asic",
    *,
    liberty: Path | str | Sequence[Path | str] = (),
    period_ns: float = PERIOD_NS,
    memories: str = "flip-flops",
    flatten: bool | None = None,
    folder: Path | str | None = None,
) -> dict[str, Any]:
    """Return what the design costs in cells of Liberty files, with the keys of `synth --json`.

    target: asic, or a platform whose Liberty files are then looked for (flows/pdk.py). liberty:
    one or more Liberty files, .gz too. period_ns: of the clock that logic is mapped
    for, and slack is measured at. memories: `flip-flops`, or `macros` for black boxes above LARGE
    bits. flatten: None keeps the hierarchy above 80 multipliers. folder: where the run stays.

    area_um2 is of cells alone. wns_ns, the least slack, tns_ns and fmax_mhz are there if OpenSTA
    is installed: without wires, inputs and outputs with a fifth of the period outside.

    Raises ValueError for an argument that is not as above, a file that is no Liberty file, or a
    design with a latch or a clock of its own; ToolError when a tool is missing or fails.
    """
    yosys.device(design, target)
    paths = check(target, liberty, period_ns, memories)
    library = read(*paths)
    if flatten is None:
        flatten = design.multipliers <= yosys.FLAT_UP_TO
    boxes = [ram for ram in rams(design) if ram.bits > LARGE] if memories == "macros" else []
    with ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kolam-"))
        place = Path(folder)
        yosys.lay(design, place)
        names = [_put(place, number, path) for number, path in enumerate(paths)]
        yosys.run(place, "audit", yosys.audit_script(design) + _MEMORIES)
        latches, clocks = yosys.read_audit(place)
        yosys.check_audit(design, latches, clocks)
        kept = {box.module: box.count * box.bits for box in boxes}
        registers = _stored((place / "memories.il").read_text(encoding="utf-8"))
        driver, load = library.buffer[0], _FANOUT * library.buffer_load * 1e15
        (place / "abc.constr").write_text(
            f"set_driving_cell {driver}\nset_load {load:.4g}\n", encoding="utf-8"
        )
        boxed = [box.module for box in boxes]
        script = synth_script(design, library, names, period_ns, flatten, boxed)
        yosys.run(place, "synth", script)
        stat = json.loads((place / "stat.json").read_text(encoding="utf-8"))
        result: dict[str, Any] = {
            "design": design.name,
            "target": target,
            "library": library.name,
            "flatten": flatten,
            **count(stat, library, boxed),
            "memory_bits_in_ff": registers - sum(kept.values()),
            "black_boxes": {box.module: [box.count, box.shape] for box in boxes},
            "latches": latches,
            "clocks": len(clocks),
            "period_ns": period_ns,
        }
        result["remarks"] = remarks(result)
        if sta.installed():
            sdc = constraints(design, period_ns, library.time_unit)
            (place / "constraint.sdc").write_text(sdc, encoding="utf-8")
            try:
                slack = sta.run(place, "netlist.v", names, "constraint.sdc", design.name)
                result.update(timing(slack, period_ns, library.time_unit))
                netlist = (place / "netlist.v").read_text(encoding="utf-8")
                if (crowd := fanout(netlist, slack.critical[0])) > _CROWD:
                    result["remarks"].append(
                        f"the worst path begins at a flip-flop that drives {crowd} inputs without "
                        "a buffer: until placement puts buffers there, the slack says little"
                    )
            except ToolError as error:  # an old OpenSTA does not read every new Liberty file
                result["remarks"].append(f"slack is not known: {error}")
    return result


def check(
    target: str,
    liberty: Path | str | Sequence[Path | str] = (),
    period_ns: float = PERIOD_NS,
    memories: str = "flip-flops",
) -> list[Path]:
    """Return the Liberty files to take. Raises ValueError for what cannot be asked."""
    if not 0 < period_ns < float("inf"):
        raise ValueError(f"the period must be a number of nanoseconds above 0, not {period_ns}")
    if memories not in MEMORIES:
        raise ValueError(f"memories must be one of {', '.join(MEMORIES)}, not {memories!r}")
    given = [liberty] if isinstance(liberty, str | Path) else liberty
    return pdk.libraries(target, [Path(path) for path in given])


def _put(place: Path, number: int, path: Path) -> str:
    """Put a Liberty file, unpacked, where yosys sees it; return its name there."""
    name = f"cells_{number}.lib"
    if path.suffix == ".gz":
        (place / name).write_text(text(path), encoding="utf-8")
    else:
        shutil.copyfile(path, place / name)
    return name


# behind an audit, which has flattened the design
_MEMORIES = "memory_collect\ndump -o memories.il t:$mem_v2\n"


def _stored(dump: str) -> int:
    """Return the bits of the memories in a dump that are written."""
    bits = 0
    for cell in re.findall(r"^  cell \$mem_v2 .*?\n(.*?)^  end$", dump, re.M | re.S):
        given = dict(re.findall(r"parameter (?:signed )?\\(\w+) (\S+)$", cell, re.M))
        if int(given["WR_PORTS"]):
            bits += int(given["SIZE"]) * int(given["WIDTH"])
    return bits


def synth_script(
    design: Design, library: Library, names: Sequence[str], period_ns: float,
    flatten: bool, boxes: Sequence[str],
) -> str:  # fmt: skip
    """Return the script that maps the design; it writes stat.json and netlist.v."""
    files = " ".join(f"-liberty {name}" for name in names)
    avoided = "".join(f" -dont_use {cell}" for cell in library.unused)
    ties = [
        f"-{which}cell {' '.join(tie)}"
        for which, value in (("hi", 1), ("lo", 0))
        if (tie := library.tie(value))
    ]
    boxed = "".join(f"blackbox {module}\n" for module in boxes)
    top = f"-top {design.name}"
    lines = [
        yosys.read_script(design) + f"hierarchy -check {top}\n{boxed}"
        f"synth {top} -booth{' -flatten' if flatten else ''}",
        # before flip-flops are mapped, so that those that hold a constant go
        "setundef -zero",
        "opt -purge",
        f"dfflibmap {files}{avoided}",
        "opt",
        f"abc {files} -D {period_ns * 1e3:.0f} -constr abc.constr -script {_ABC}{avoided}",
        "splitnets",
        "opt_clean -purge",
        f"hilomap -singleton {' '.join(ties)}" if ties else "",
        f"insbuf -buf {' '.join(library.buffer)}",
        *(f"read_liberty -lib {name}" for name in names),
        "check -assert -mapped",
        f"tee -o stat.json stat -json {files}",
        "write_verilog -noattr -noexpr -nohex -nodec netlist.v",
    ]
    return "\n".join(lines) + "\n"


def count(
    stat: Mapping[str, Any], library: Library, boxes: Sequence[str] = ()
) -> dict[str, int | float]:
    """Return area and cells in the JSON of yosys' `stat`, summed over the hierarchy.

    Raises ValueError for a cell that is neither in the library nor a black box.
    """
    modules = {name.removeprefix("\\") for name in stat["modules"]}
    found: dict[str, int] = stat["design"]["num_cells_by_type"]
    cells = {cell: n for cell, n in found.items() if cell not in modules}
    for cell in cells:
        if cell not in library.cells and cell not in boxes:
            raise ValueError(f"a mapped cell must be of {library.name}, not {cell}")
    known = {cell: n for cell, n in cells.items() if cell in library.cells}
    area = sum(library.cells[cell].area * n for cell, n in known.items())
    registers = {cell: n for cell, n in known.items() if cell in library.flip_flops}
    sequential = sum(library.cells[cell].area * n for cell, n in registers.items())
    return {
        "area_um2": round(area, 3),
        "area_ff_um2": round(sequential, 3),
        "cells": sum(known.values()),
        "ff": sum(registers.values()),
    }


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Return sentences about what the figures hold and what not."""
    said = []
    if bits := result["memory_bits_in_ff"]:
        said.append(f"{bits} bits of memory are flip-flops")
    if boxes := result["black_boxes"]:
        names = ", ".join(f"{count} {name} ({shape})" for name, (count, shape) in boxes.items())
        said.append(f"black boxes, whose area and timing are not counted: {names}")
    if not sta.installed():
        said.append(f"slack is not known without {sta.PROGRAM}; get it with '{sta.GET}'")
    return said


def fanout(netlist: str, pin: str) -> int:
    """Return how many pins the output INSTANCE/PIN of a flat Verilog netlist drives; 0: not there.

    ABC sees what is between flip-flops and buffers that; not a flip-flop's own output.
    """
    instance, _, port = pin.rpartition("/")
    cell = re.search(rf"^  \S+ {re.escape(instance)} \(\n(.*?)^  \);", netlist, re.M | re.S)
    net = cell and re.search(rf"^    \.{re.escape(port)}\((.*)\),?$", cell[1], re.M)
    if not net:
        return 0
    return len(re.findall(rf"^    \.\w+\({re.escape(net[1])}\),?$", netlist, re.M)) - 1


def timing(slack: sta.Slack, period_ns: float, time_unit: float) -> dict[str, Any]:
    """Return slack in nanoseconds, and the fastest clock at which none would be negative."""
    scale = time_unit * 1e9
    # what is around the core takes its fraction of any period
    needed = [
        period_ns - left * scale / (1 if kind == "register" else 1 - IO_FRACTION)
        for kind, left in slack.by_kind.items()
    ]
    return {
        "wns_ns": round(slack.worst * scale, 4),
        "tns_ns": round(slack.total * scale, 4),
        "fmax_mhz": round(1e3 / max(needed), 1),
        "critical": list(slack.critical),
    }
