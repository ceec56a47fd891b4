"""The command line, run by the program's own `main` or as a program, and what it left behind."""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import pytest

from kolam.scripts import cli
from kolam.testbenches.wrong_files import GOOD

TINY = """\
engine = "cyclic_sparse"
inputs = 8
supports = [
    {outputs = 8, fan_in = 2, stride = 1},
    {outputs = 4, fan_in = 4, stride = 2, bias = true, activation = "relu"},
]
formats = {input = "s1.6", weights = "s1.6", outputs = "s1.6"}
"""
NOTES = ("generating ", "simulating ", "synthesising ", "x.npy holds floats")
LONGEST = 600  # characters of a sentence: a path may be long, a value is cut
# a command that names none of these writes nothing
WRITES = {"--out", "--output", "--vcd", "--picture", "--config", "handoff"}


@dataclass(frozen=True)
class Done:
    """What a command did and said."""

    status: int
    out: str
    err: str

    def refused(self, *words):
        """Demand status 2 and one sentence, which holds the words."""
        assert self.status == 2, self.err
        assert self.out == ""
        lines = [line for line in self.err.splitlines() if not line.startswith(NOTES)]
        assert len(lines) == 1, self.err
        assert re.fullmatch(r"kolam: \S.*[^.\s]", lines[0])
        assert len(lines[0]) <= LONGEST
        for word in words:
            assert word in lines[0]


def _tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def tree():
    """Return a function: all that is in a folder, with the content of its files."""
    return _tree


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return an empty folder to work in, beside one of its own for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("KOLAM_DEBUG", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def kolam(place, monkeypatch, capfd):
    """Return a function that runs the command line, and sees that it leaves nothing behind.

    Unless it succeeds, and was told where to write.
    """

    def run(*arguments):
        words = [*map(str, arguments)]
        before = _tree(place.parent)
        monkeypatch.setattr(sys, "argv", ["kolam", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        if end.value.code == 2 or not WRITES & {*words}:
            assert _tree(place.parent) == before
        return Done(end.value.code, *capfd.readouterr())

    return run


@pytest.fixture
def process(place):
    """Return a function that runs the program itself."""

    def run(*arguments, **options):
        done = subprocess.run(
            [sys.executable, "-m", "kolam.scripts.cli", *arguments], text=True, check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )  # fmt: skip
        return Done(done.returncode, done.stdout or "", done.stderr)

    return run


@pytest.fixture
def good(place):
    """Return the name of a configuration in which nothing is wrong."""
    (place / "good.toml").write_text(GOOD)
    return "good.toml"


@pytest.fixture
def tiny(place):
    """Return the path of a small one of two layers, with bias and activation."""
    path = place / "tiny.toml"
    path.write_text(TINY)
    return path
