"""Icarus under MyHDL's Cosimulation, with ports as wide as engines have them."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import xor

import pytest
from myhdl import StopSimulation, always, delay

from kolam.hdl.cosim import cosimulate, vpi_module
from kolam.hdl.module import instances, module
from kolam.testbenches.equivalence import assert_equivalent, bit, simulate, word


@module
def register(clk, a, y):
    """Delay a word by one clock."""

    @always(clk.posedge)
    def step():
        y.next = a

    return instances()


@pytest.mark.parametrize("width", [1, 8, 1024, 1025, 16384])
def test_wide_ports(width, tmp_path):
    signals = {"clk": bit(), "a": word(width), "y": word(width)}
    assert_equivalent(register, signals, folder=tmp_path, clocks=40, method="cosim")


def test_many_ports(tmp_path):
    text = "module many(input [999:0] a0, "
    text += ", ".join(f"input [999:0] a{n}" for n in range(1, 100))
    text += ", output [999:0] y); assign y = " + " ^ ".join(f"a{n}" for n in range(100))
    (tmp_path / "many.v").write_text(text + "; endmodule\n")
    signals = {f"a{n}": word(1000) for n in range(100)} | {"y": word(1000)}
    values = {f"a{n}": (1 << 990 - n) + n for n in range(100)}
    assert run(tmp_path, "many", signals, values) == reduce(xor, values.values())


def run(folder, top, signals, values, **options):
    dut = cosimulate(
        [folder / f"{top}.v"], top, signals, outputs=["y"], folder=folder / "run", **options
    )
    seen = []

    def bench():
        for name, value in values.items():
            signals[name].next = value
        yield delay(1)
        seen.append(int(signals["y"]))
        raise StopSimulation

    simulate(dut, bench())
    return seen[0]


def test_parameters_and_folders_with_spaces(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "adder.v").write_text(
        'module adder #(parameter K = 0, parameter TEXT = "") '
        '(input [7:0] a, output [7:0] y); assign y = a + K + (TEXT == "one"); endmodule\n'
    )
    signals = {"a": word(8), "y": word(8)}
    given = {"K": 5, "TEXT": "one"}
    assert run(folder, "adder", signals, {"a": 30}, parameters=given) == 36


def test_too_much_for_one_pipe_is_refused(tmp_path):
    signals = {f"a{n}": word(30_000) for n in range(9)} | {"y": word(8)}
    with pytest.raises(ValueError, match="ports must be at most 1024, and 60000 characters"):
        cosimulate([], "top", signals, outputs=["y"], folder=tmp_path)


def test_what_does_not_compile_is_said(tmp_path):
    (tmp_path / "broken.v").write_text("module broken(input a, output y); assign y = ; endmodule")
    signals = {"a": bit(), "y": bit()}
    with pytest.raises(
        RuntimeError, match=r"iverilog must compile broken, not stop with: .*syntax"
    ):
        cosimulate([tmp_path / "broken.v"], "broken", signals, outputs=["y"], folder=tmp_path)


def test_the_module_is_built_once_and_by_one_of_many(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLAM_CACHE", str(tmp_path))
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda _: vpi_module(), range(2)))
    assert built[0] == built[1]
    stamp = built[0].stat().st_mtime_ns
    assert vpi_module().stat().st_mtime_ns == stamp
    assert [p.name for p in tmp_path.iterdir()] == [built[0].parent.name]


@pytest.mark.parametrize(
    ("there", "missing", "package"),
    [
        ([], "iverilog", "iverilog"),
        (["iverilog"], "iverilog-vpi", "iverilog"),
        (["iverilog", "iverilog-vpi"], "g[+][+]", "g[+][+]"),
    ],
)
def test_a_missing_tool_is_named(there, missing, package, tmp_path, monkeypatch):
    paths = {tool: shutil.which(tool) for tool in there}
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool, path in paths.items():
        (folder / tool).symlink_to(path)
    monkeypatch.setenv("KOLAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(
        RuntimeError, match=f"^{missing} must be on the PATH: install the package {package}$"
    ):
        vpi_module()
    assert not (tmp_path / "cache").exists()


def test_a_failed_build_is_said_and_leaves_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "iverilog-vpi").write_text("#!/bin/sh\necho no headers >&2\nexit 1\n")
    (folder / "iverilog-vpi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KOLAM_CACHE", str(tmp_path / "cache"))
    with pytest.raises(RuntimeError, match="not stop with: no headers"):
        vpi_module()
    assert list((tmp_path / "cache").iterdir()) == []
