"""The lines of "Must be shown" of the CSC spine, at full size; run by ./scripts/test --all."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture
def process(tmp_path):
    """Return a function that runs the program itself in an empty folder."""

    def run(*arguments, **environment):
        words = [sys.executable, "-m", "kolam.scripts.cli", *map(str, arguments)]
        done = subprocess.run(
            words, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return SimpleNamespace(status=done.returncode, out=done.stdout, err=done.stderr)

    return run


@pytest.fixture
def kolam(process):
    """Return a function that runs `kolam ... --json` and returns the object."""

    def run(*arguments):
        done = process(*arguments, "--json")
        assert done.status == 0, done.err
        return json.loads(done.out)

    return run


@pytest.fixture
def judged(shown):
    """Return a function that shows what `kolam simulate --json` said, and demands its promises."""

    def judge(line, run):
        shown(
            line,
            {"frames": run["frames"], "mismatches": run["mismatches"],
             "latency": run["latency"]["measured"], "interval": run["interval"]["measured"],
             "clocks a second": run["clocks_per_second"]},
        )  # fmt: skip
        assert run["mismatches"] == 0
        for promise in (run["latency"], run["interval"]):
            assert promise["promised"] == promise["measured"]

    return judge
