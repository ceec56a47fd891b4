"""The GitHub Actions workflow is one by its schema, and runs what is here; it cannot run here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
CHECKER = Path(sys.executable).parent / "check-jsonschema"
TEXT = WORKFLOW.read_text(encoding="utf-8")
STEPS = [step for job in yaml.safe_load(TEXT)["jobs"].values() for step in job["steps"]]


def schema_status(path):
    command = [CHECKER, "--builtin-schema", "vendor.github-workflows", path]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_the_schema_is_kept():
    assert schema_status(WORKFLOW) == 0


@pytest.mark.parametrize(
    ("right", "wrong"), [("runs-on:", "run-on:"), ("contents: read", "contents: look")]
)
def test_the_schema_is_asked(right, wrong, tmp_path):
    assert right in TEXT
    (tmp_path / "ci.yml").write_text(TEXT.replace(right, wrong))
    assert schema_status(tmp_path / "ci.yml") == 1


def test_actions_are_pinned():
    """By commit, and the version is told."""
    uses = [line.partition("uses: ")[2] for line in TEXT.splitlines() if "uses: " in line]
    assert uses
    assert [u for u in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u)] == []


def test_what_it_runs_is_here():
    commands = [step["run"] for step in STEPS if "run" in step]
    assert ".ci/run" in commands
    programs = [
        word for command in commands for word in command.split() if word.startswith((".ci", "./"))
    ]
    assert programs
    for program in programs:
        assert os.access(ROOT / program, os.X_OK), program


def test_what_the_cache_depends_on_is_here():
    for step in STEPS:
        for path in step.get("with", {}).get("cache-dependency-path", "").split():
            assert (ROOT / path).is_file()
