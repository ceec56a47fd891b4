"""Icarus driven by MyHDL, clock by clock: MyHDL's Cosimulation, made ready for use.

The VPI module is built on demand from the C sources in MyHDL's own wheel, into a folder named
after the sources and the version of Icarus. As shipped it overruns its stack when the ports have
more than 4096 characters together; here that limit is lifted, on both sides of the pipe.
"""

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from myhdl import Cosimulation, _Cosimulation

_LINE = 1 << 20
_MESSAGE = 60_000  # a Linux pipe takes 65,536 characters at once; MyHDL cannot read half a message
_ARGUMENTS = 1024
_PACKAGES = {"iverilog": "iverilog", "vvp": "iverilog", "iverilog-vpi": "iverilog", "g++": "g++"}


def find_tool(name: str) -> str:
    """Return the path of a program; RuntimeError names the package that brings it."""
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} must be on the PATH: install the package {_PACKAGES[name]}")
    return path


def cache_folder() -> Path:
    """Return where built helpers are kept: KOLAM_CACHE, or kolam in the user's cache folder."""
    own = os.environ.get("KOLAM_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kolam"


def vpi_module() -> Path:
    """Return myhdl.vpi, built if it is not in the cache; safe to call from many processes.

    Raises RuntimeError if a tool is missing, or the build fails.
    """
    sources = {p.name: _widened(p.read_text(encoding="utf-8")) for p in _vpi_sources()}
    banner = subprocess.run(
        [find_tool("iverilog"), "-V"], capture_output=True, text=True, check=False
    ).stdout.partition("\n")[0]
    key = hashlib.sha256("\0".join([banner, *sources, *sources.values()]).encode()).hexdigest()
    built = cache_folder() / f"vpi-{key[:16]}" / "myhdl.vpi"
    if built.exists():
        return built
    build = find_tool("iverilog-vpi")
    find_tool("g++")
    built.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=built.parent.parent) as folder:
        for name, text in sources.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [build, "--name=myhdl", *sources], cwd=folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        made = Path(folder, "myhdl.vpi")
        if done.returncode or not made.exists():
            reason = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
            raise RuntimeError(f"iverilog-vpi must build myhdl.vpi, not stop with: {reason[-1]}")
        built.parent.mkdir(exist_ok=True)
        made.replace(built)  # whoever comes second replaces the same thing
    return built


def _vpi_sources() -> list[Path]:
    found = sorted(
        Path(str(file.locate()))
        for file in importlib.metadata.files("myhdl") or ()
        if file.parts[-3:-1] == ("cosimulation", "icarus")
        and file.name in ("myhdl.c", "myhdl_table.c")
    )
    if len(found) != 2:
        raise RuntimeError("the installed myhdl must hold its co-simulation sources: reinstall it")
    return found


def _widened(source: str) -> str:
    """Return a C source with long lines, kept off the stack."""
    source = re.sub(r"(#define MAXLINE) \d+", rf"\1 {_LINE}", source)
    return re.sub(r"^(\s+)(char buf\[MAXLINE\])", r"\1static \2", source, flags=re.M)


def cosimulate(
    verilog_files: Iterable[Path],
    top: str,
    ports: Mapping[str, Any],
    *,
    outputs: Iterable[str],
    folder: Path,
    parameters: Mapping[str, int | str] | None = None,
) -> Cosimulation:
    """Compile a Verilog module and return a Cosimulation that drives it; to be simulated at once.

    ports: a Signal for each port of `top`; outputs: the names of those that it drives. The clock
    comes from MyHDL too. An x is seen as the Signal's initial value.
    folder receives the wrapper and the compiled simulation. Raises ValueError if the ports are
    too many or too wide for one pipe, RuntimeError if a tool is missing or refuses the files.
    """
    driven = list(outputs)
    widths = {name: signal._nrbits or 1 for name, signal in ports.items()}
    longest = sum(len(name) + width // 4 + 3 for name, width in widths.items())
    if longest > _MESSAGE or len(ports) > _ARGUMENTS:
        raise ValueError(
            f"ports must be at most {_ARGUMENTS}, and {_MESSAGE} characters as hexadecimal text, "
            f"not {len(ports)} and {longest}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    wrapper, compiled = folder / f"cosim_{top}.v", folder / f"cosim_{top}.vvp"
    wrapper.write_text(_wrapper(top, widths, driven, parameters or {}), encoding="utf-8")
    done = subprocess.run(
        [
            find_tool("iverilog"), "-g2001", "-o", str(compiled), "-s", f"cosim_{top}",
            str(wrapper), *map(str, verilog_files),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"iverilog must compile {top}, not stop with: {done.stderr.strip()}")
    _Cosimulation._MAXLINE = _LINE
    vpi = vpi_module()
    command = [find_tool("vvp"), "-n", "-M", str(vpi.parent), "-m", vpi.stem, str(compiled)]
    return Cosimulation(command, **ports)


def _wrapper(
    top: str, widths: Mapping[str, int], driven: Sequence[str], parameters: Mapping[str, int | str]
) -> str:
    driving = [name for name in widths if name not in driven]
    given = ", ".join(
        f'.{name}("{value}")' if isinstance(value, str) else f".{name}({value})"
        for name, value in parameters.items()
    )
    kind = {name: "wire" if name in driven else "reg" for name in widths}
    return "\n".join(
        [
            "`timescale 1ns / 1ps",  # MyHDL's VPI counts a thousand steps a time unit
            f"module cosim_{top};",
            *(f"    {kind[name]} [{width - 1}:0] {name};" for name, width in widths.items()),
            f"    {top}{f' #({given})' if given else ''} dut (",
            ",\n".join(f"        .{name}({name})" for name in widths),
            "    );",
            "    initial begin",
            f"        $from_myhdl({', '.join(driving)});",
            f"        $to_myhdl({', '.join(driven)});",
            "    end",
            "endmodule\n",
        ]
    )
