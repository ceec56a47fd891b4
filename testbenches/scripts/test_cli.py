"""The command line as a whole: help, wrong use, streams, signals."""

import os
import subprocess
import sys
import time
from importlib.metadata import version

import pytest

from kolam.scripts import cli

COMMANDS = (
    "generate", "simulate", "synth", "show", "trace", "handoff", "catalog", "doctor", "demo",
)  # fmt: skip


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
def test_wrong_use_is_one_sentence(arguments, words, kolam):
    """It is found before anything is begun, and announced."""
    done = kolam(*arguments)
    done.refused(*words)
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("command", ["simulate", "synth", "show"])
def test_json_is_empty_where_a_sentence_is_due(command, kolam):
    kolam(command, "no-such-design", "--json").refused("no-such-design")


@pytest.mark.parametrize(("name", "kind"), [("no-design", ValueError), ("no.toml", OSError)])
def test_debug_shows_where_it_comes_from(name, kind, kolam, monkeypatch):
    monkeypatch.setenv("KOLAM_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["kolam", "show", name])
    with pytest.raises(kind, match=name):
        cli.main()


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
