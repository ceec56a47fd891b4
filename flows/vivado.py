"""A hand-off to Vivado: a project, a run out of context, an IP, and constraints.

core.tcl names all that is particular to a design: its files, its streams, the part. The scripts
beside it are the same for every design.
"""

import math
import re
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import PurePosixPath

from kolam.generators.design import Design

SCRIPTS = ("create_project.tcl", "out_of_context.tcl", "package_ip.tcl")
_PART = re.compile(r"x[acq][a-z0-9]{3,}(-[A-Za-z0-9]+)+")
_EDGE = 0.2  # of the period: what a neighbour may take of it, as OpenROAD's flow has it, too


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
    return {f"vivado/{name}": text for name, text in texts.items()}


def usage(design: Design) -> str:
    """Return how to run the scripts."""
    return "## Vivado\n"


def _core(design: Design, options: Options) -> str:
    names = [PurePosixPath(name).name for name in sorted(design.files())]
    return "".join(names) + options.part
