"""Static timing of a mapped netlist with OpenSTA: slack under an SDC file, before placement.

There are no wires yet: what placement adds is not in it. Power is not asked for; that of this
OpenSTA, from switching activity, is nearly twice too high.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kolam.flows.yowasp import ToolError

PROGRAM = "sta"
GET = "sudo apt-get install opensta"

# the slack of each kind of path, each on a line of its own between what sta says by itself
_SCRIPT = """\
{libraries}
read_verilog {netlist}
link_design {top}
read_sdc {sdc}
puts "checked [check_setup -verbose]"
set inputs [lsearch -inline -all -not -exact [all_inputs] [get_ports clk]]
foreach {{kind from to}} [list \\
    register [all_registers -clock_pins] [all_registers -data_pins] \\
    input $inputs [all_registers -data_pins] \\
    output [all_registers -clock_pins] [all_outputs] \\
] {{
    foreach path [find_timing_paths -from $from -to $to -path_delay max] {{
        set begin [get_property [get_property $path startpoint] full_name]
        set end [get_property [get_property $path endpoint] full_name]
        puts "slack $kind [get_property $path slack] $begin $end"
    }}
}}
report_tns
"""


@dataclass(frozen=True, kw_only=True)
class Slack:
    """What OpenSTA found, in the library's unit of time.

    worst: the least slack, of any path; total: the sum of what is negative; by_kind: the least of
    paths that begin at a register and end at one, at an input, or that end at an output.
    critical: where the worst path begins and ends. complaints: what is not constrained.
    """

    worst: float
    total: float
    by_kind: dict[str, float]
    critical: tuple[str, str]
    complaints: tuple[str, ...]


def installed() -> bool:
    """Return whether there is an OpenSTA."""
    return shutil.which(PROGRAM) is not None


def run(place: Path, netlist: str, libraries: Sequence[str], sdc: str, top: str) -> Slack:
    """Time place/netlist under place/sdc; the script and what sta says stay there.

    Raises ToolError when sta is missing or fails.
    """
    if not installed():
        raise ToolError(f"{PROGRAM} must be on the PATH and is not; get it with '{GET}'")
    script = _SCRIPT.format(
        libraries="\n".join(f"read_liberty {name}" for name in libraries),
        netlist=netlist, top=top, sdc=sdc,
    )  # fmt: skip
    (place / "sta.tcl").write_text(script, encoding="utf-8")
    said = subprocess.run(
        [PROGRAM, "-no_init", "-no_splash", "-exit", "sta.tcl"],
        cwd=place, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    (place / "sta.log").write_text(said.stdout + said.stderr, encoding="utf-8")
    return read(said.stdout + said.stderr)


def read(said: str) -> Slack:
    """Return what the output of the script means.

    Raises ToolError for an error in it, or where no path was found: sta ends with status 0 then.
    """
    errors = [line for line in said.splitlines() if line.startswith("Error:")]
    paths = re.findall(r"^slack (\w+) (\S+) (\S+) (\S+)$", said, re.M)
    total = re.search(r"^tns (\S+)$", said, re.M)
    if errors or not paths or total is None:
        why = " / ".join(errors[:3]) or "no path from register to register"
        raise ToolError(f"{PROGRAM} must end well, not with: {why}")
    worst = min(paths, key=lambda path: float(path[1]))
    by_kind: dict[str, float] = {}
    for kind, slack, *_ in paths:
        by_kind[kind] = min(float(slack), by_kind.get(kind, float(slack)))
    return Slack(
        worst=float(worst[1]),
        total=float(total[1]),
        by_kind=by_kind,
        critical=(worst[2], worst[3]),
        complaints=tuple(re.findall(r"^Warning: (.*)$", said, re.M)),
    )
