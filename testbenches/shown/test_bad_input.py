"""The corpus by the program itself, and runs that are killed at a hundred random times."""

import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kolam.flows.bundle import load_bundle

pytestmark = pytest.mark.shown

CORPUS = sorted((Path(__file__).parents[1] / "scripts" / "corpus").glob("*.toml"))


def test_the_corpus(process, tmp_path, shown):
    """Status 2, one sentence, no traceback, nothing left behind."""
    for path in CORPUS:
        shutil.copy(path, tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for path in CORPUS:
        done = process("generate", path.name, "--out", "made")
        assert (done.status, done.out) == (2, ""), path.name
        (sentence,) = done.err.splitlines()
        assert re.fullmatch(r"kolam: \S.*[^.]", sentence), sentence
        assert sorted(tmp_path.rglob("*")) == before
    shown("bad input: configurations refused in one sentence, by the program itself",
          {"entries": len(CORPUS), "tracebacks": 0, "left behind": 0})  # fmt: skip


PROGRAM = "from kolam.scripts.cli import main; print('ready', flush=True); main()"


def started(folder, parallelism):
    """Start `kolam generate` and return when Python is up."""
    arguments = ["generate", "csc-small", "--set", f"parallelism={parallelism}", "--force"]
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments, "--out", "made"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout.readline() == "ready\n"
    return child


def finished(child):
    child.communicate()
    return child.returncode


def whole(folder):
    """Demand a folder whose every file is as its manifest says; return the multipliers."""
    bundle = load_bundle(folder)
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {"manifest.json", *bundle.files}
    return bundle.manifest["multipliers"]


@pytest.mark.parametrize("part", range(4))
def test_a_killed_run_leaves_a_whole_folder(part, tmp_path, shown):
    """25 of a hundred kills; half of them while the files are written, as far as one can aim."""
    start = time.perf_counter()
    assert finished(started(tmp_path, 16)) == 0
    seconds = time.perf_counter() - start
    moments, killed, replaced, trial = random.Random(part), 0, 0, 0
    last = 16
    while killed < 25:  # those that end before the signal comes do not count
        trial += 1
        child = started(tmp_path, (16, 64)[trial % 2])
        time.sleep(moments.uniform(0.6 * seconds if trial % 4 else 0, 1.05 * seconds))
        child.send_signal(signal.SIGKILL)
        ended = finished(child)
        assert ended in (0, -signal.SIGKILL)
        killed += ended == -signal.SIGKILL
        now = whole(tmp_path / "made")
        assert now in (last, (16, 64)[trial % 2])
        replaced += now != last
        last = now
    assert finished(started(tmp_path, 64)) == 0
    assert whole(tmp_path / "made") == 64
    assert [path.name for path in tmp_path.iterdir()] == ["made"]  # nothing stale stays
    shown(
        f"generate killed at 25 random times, part {part + 1} of 4",
        {"killed": killed, "of runs": trial, "folders replaced": replaced, "half-written": 0},
    )


def test_two_at_once_never_mix(tmp_path, shown):
    refused = 0
    for _ in range(10):
        children = [started(tmp_path, parallelism) for parallelism in (16, 64)]
        ends = [finished(child) for child in children]
        assert set(ends) <= {0, 2}
        assert 0 in ends
        refused += ends.count(2)
        assert whole(tmp_path / "made") in (16, 64)
    shown("two runs of generate at once", {"pairs": 10, "told to wait": refused, "mixed": 0})
