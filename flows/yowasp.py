"""Runs a tool that PyPI ships as WebAssembly (YoWASP), with a stack deep enough for real designs.

Run as a script: yowasp.py PACKAGE FUNCTION ARGUMENT..., in the folder that holds the files. Paths
must be relative to it: the tools see a private folder in place of the system's temporary one.
"""

import ctypes
import fcntl
import importlib
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

_WASM_STACK = 32 << 20  # of 512 KiB a flat design takes more, of 2 MiB an FFT of 65536 points
_THREAD_STACK = 64 << 20
_TAIL = 3
_running: set[subprocess.Popen[str]] = set()


class ToolError(RuntimeError):
    """A tool that is missing or that failed; the text is one sentence."""


def need(package: str) -> None:
    """Raise ToolError unless a package is installed."""
    if find_spec(package) is None:
        tool = package.replace("_", "-")
        raise ToolError(f"{tool} must be installed and is not; get it with 'pip install {tool}'")


def run(package: str, function: str, arguments: list[str], folder: Path, log: str) -> None:
    """Run package.function(arguments) in a process of its own, in `folder`.

    log: the file in `folder` that the tool writes; what it says there is quoted on failure.
    Raises ToolError when the package is not installed or the tool fails.
    """
    need(package)
    tool = package.replace("_", "-")
    # -P: the modules beside this file must not hide others
    command = [sys.executable, "-P", __file__, package, function, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True) as child:
        _running.add(child)
        try:
            _, said = child.communicate()
        finally:
            _running.discard(child)
            child.kill()
    if child.returncode:
        with suppress(OSError):
            said = (folder / log).read_text(encoding="utf-8", errors="replace") + said
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        why = [line for line in lines if "ERROR" in line] or lines or ["it said nothing"]
        why = list(dict.fromkeys(why))[-_TAIL:]
        raise ToolError(f"{tool} must end well, not with: {' / '.join(why)}")


def stop() -> None:
    """End the tools that run in any thread."""
    for child in list(_running):
        child.kill()


def _main(package: str, function: str, arguments: list[str]) -> int:
    import wasmtime  # noqa: PLC0415, needed in the child only
    from wasmtime import _ffi  # noqa: PLC0415

    # The first run compiles for a minute and fills a cache; another beside it must wait, or it
    # would compile too and might read a half-written cache.
    path = Path(tempfile.gettempdir(), f"kolam-{package}-{os.getuid()}.lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    tempfile.tempdir = str(Path.cwd())  # what a killed tool leaves goes with its folder

    class Deep(wasmtime.Config):
        def __init__(self) -> None:
            super().__init__()
            # another stack, which is not used here, must be as large, and has no name in Python
            widen = _ffi.dll.wasmtime_config_async_stack_size_set
            widen.argtypes, widen.restype = [ctypes.c_void_p, ctypes.c_size_t], None
            widen(ctypes.cast(self.ptr(), ctypes.c_void_p), _WASM_STACK)
            self.max_wasm_stack = _WASM_STACK

    class Compiled(wasmtime.Linker):  # made as soon as the module is there
        def __init__(self, engine: wasmtime.Engine) -> None:
            os.close(lock)
            super().__init__(engine)

    wasmtime.Config = Deep  # type: ignore[misc]
    wasmtime.Linker = Compiled  # type: ignore[misc]
    threading.stack_size(_THREAD_STACK)
    return int(getattr(importlib.import_module(package), function)(arguments))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1], sys.argv[2], sys.argv[3:]))
