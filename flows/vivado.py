"""A hand-off to Vivado: a project, a run out of context, an IP, and constraints.

core.tcl names all that is particular to a design: its files, its streams, the part. The scripts
beside it (flows/tcl) are the same for every design. Commands and switches: AMD UG835, UG1118.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import PurePosixPath

from kolam.generators.design import Design

SCRIPTS = (
    "common.tcl", "create_project.tcl", "out_of_context.tcl", "package_ip.tcl", "try_ip.tcl",
)  # fmt: skip
_PART = re.compile(r"x[acq][a-z0-9]{3,}(-[A-Za-z0-9]+)+")
_EDGE = 0.2  # of the period, for a neighbour at a port: what OpenROAD-flow-scripts takes, too


@dataclass(frozen=True, kw_only=True)
class Options:
    """What Vivado builds for.

    part: a device with package and speed grade. period: of the clock, ns, 0.5 to 1000.

    Raises ValueError for what is not as above.
    """

    part: str = "xc7a100tcsg324-1"
    period: float = 10.0

    def __post_init__(self) -> None:
        if not isinstance(self.part, str) or not _PART.fullmatch(self.part) or len(self.part) > 64:
            raise ValueError(
                "part must be a device with its package and speed grade, like xc7a100tcsg324-1, "
                f"not {self.part!r}"
            )
        if not (math.isfinite(self.period) and 0.5 <= self.period <= 1000):
            raise ValueError(f"period must be 0.5 to 1000 ns, not {self.period!r}")


def files(design: Design, options: Options) -> dict[str, str]:
    """Return vivado/*.tcl and vivado/*.xdc by path."""
    texts = {name: (resources("kolam.flows") / "tcl" / name).read_text("ascii") for name in SCRIPTS}
    texts["core.tcl"] = _core(design, options)
    texts[f"{design.name}.xdc"] = _constraints(design, options.period)
    texts[f"{design.name}_ooc.xdc"] = _clock_alone(design, options.period)
    return {f"vivado/{name}": text for name, text in texts.items()}


def usage(design: Design) -> str:
    """Return how to run the scripts, as a section of the folder's README."""
    return _USAGE.format(name=design.name)


_USAGE = """\
## Vivado

From a folder of your own, with DIR for this one, in which nothing is written:

    vivado -mode batch -source DIR/vivado/create_project.tcl [-tclargs PART [FOLDER]]
    vivado -mode batch -source DIR/vivado/out_of_context.tcl [-tclargs PART [synth|route [FOLDER]]]
    vivado -mode batch -source DIR/vivado/package_ip.tcl [-tclargs FOLDER [VENDOR [VERSION]]]
    vivado -mode batch -source DIR/vivado/try_ip.tcl [-tclargs IP_FOLDER [PART [FOLDER]]]

The first makes a project, synthesises and implements it, and reports; the second does so without a
project and leaves a checkpoint. Both end with 1 and one line if timing is missed. The third
packages an IP with an AXI4-Stream interface for every stream, its clock and reset; the fourth uses
that IP in another project. Part and period are in `vivado/core.tcl` and `vivado/{name}.xdc`;
`kolam handoff DIR --for vivado --part PART --period NS` writes them anew. An image of a memory that
is not found is an error, not a warning.
"""


def _core(design: Design, options: Options) -> str:
    names = [PurePosixPath(name) for name in sorted(design.files())]
    return _CORE.format(
        core=design.name,
        title=design.title,
        part=options.part,
        period=_ns(options.period),
        rtl=_lines(name.name for name in names if name.suffix == ".v"),
        images=_lines(name.name for name in names if name.suffix == ".hex"),
        streams=_lines(_stream(design, stream.name) for stream in design.streams),
    )


_CORE = """\
# What is particular to {core}: the scripts beside this file read it.

set core {core}
set title {{{title}}}
set part {part}
set period {period}
set clock clk
set reset rst

# in ../rtl
set rtl {{{rtl}}}

# in ../mem
set images {{{images}}}

# AXI4-Streams: name, mode, pins
set streams {{{streams}}}
"""


def _lines(items: Iterable[str]) -> str:
    """Return the elements of a Tcl list, a line each."""
    return "".join(f"\n    {item}" for item in items) + "\n"


def _stream(design: Design, name: str) -> str:
    pins = " ".join(f"T{p.role.upper()} {p.name}" for p in design.ports if p.stream == name)
    return f"{name} {'slave' if name.startswith('s_') else 'master'} {{{pins}}}"


def _constraints(design: Design, period: float) -> str:
    pins = {
        way: _lines(
            f"{port.name}[*]" if port.width > 1 else port.name
            for port in design.ports
            if port.direction == way and port.role != "clock"
        )
        for way in ("input", "output")
    }
    return _CONSTRAINTS.format(
        core=design.name, period=_ns(period), edge=_ns(_EDGE * period), **pins
    )


_CONSTRAINTS = """\
# Timing of {core} where it is built alone (create_project.tcl, out_of_context.tcl), in ns.
# In a design around it, name the clock there; nothing of this is needed.

create_clock -name clk -period {period} [get_ports clk]

# Every port belongs to clk, the reset too, which is synchronous: there is no false path. A
# neighbour's register and the way to it take a fifth of the period. Hold at a port depends on
# where the neighbour will lie: it is left to the design around.
set_input_delay -clock clk -max {edge} [get_ports {{{input}}}]
set_output_delay -clock clk -max {edge} [get_ports {{{output}}}]
"""


def _clock_alone(design: Design, period: float) -> str:
    return _CLOCK_ALONE.format(core=design.name, period=_ns(period))


_CLOCK_ALONE = """\
# The clock of {core} while Vivado synthesises its IP out of context, in ns.
# Where the IP is used, the clock of that design counts.

create_clock -name clk -period {period} [get_ports clk]
"""


def _ns(time: float) -> str:
    """Return a time to a picosecond, which is what Vivado resolves."""
    return f"{time:.3f}"
