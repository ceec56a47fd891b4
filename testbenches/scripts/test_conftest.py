"""The judge of skips, and the ledger of what was shown, in a project of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TWO = ("-p", "xdist", "-n", "2")

TESTS = """
import pathlib
import pytest

def test_plain():
    pass

@pytest.mark.shown
def test_figures(shown):
    shown("one | two", {"lut": 482, "clocks": 1})
    assert pathlib.Path("../good").exists()
"""


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = shown: x\n")
    (folder / ".gitignore").write_text("build/\n__pycache__/\n.pytest_cache/\n")
    return folder


def run(folder, *arguments, **environment):
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "CI": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env={**os.environ, **alone, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("skip", "ci", "status", "workers"),
    [
        ('pytest.importorskip("no_such_module")', "true", 1, ()),
        ('pytest.importorskip("no_such_module")', "true", 1, TWO),
        ('pytest.importorskip("no_such_module")', "", 0, ()),
        ("kolam_data", "true", 0, ()),
    ],
)
def test_only_one_reason_to_skip_is_permitted_in_ci(project, skip, ci, status, workers):
    text = f"import pytest\ndef test_it(kolam_data):\n    {skip}\ndef test_plain():\n    pass\n"
    (project / "test_it.py").write_text(text)
    data = {"KOLAM_DATA": "" if skip == "kolam_data" else "x"}
    done = run(project, *workers, CI=ci, **data)
    assert done.returncode == status, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert ("1 skipped: no KOLAM_DATA" in done.stdout) == (skip == "kolam_data")


def test_all_goes_on_where_it_stopped(project):
    (project / "test_it.py").write_text(TESTS)
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "x")
    page = project / "build" / "shown.md"

    first = run(project, "--all")
    assert "1 failed, 1 passed" in first.stdout
    assert "| one \\| two | `pytest 'test_it.py::test_figures'` | lut 482, clocks 1 | FAILED |" in (
        page.read_text()
    )
    (project.parent / "good").touch()
    second = run(project, "--all", *TWO)
    assert second.returncode == 0
    assert "1 passed" in second.stdout
    assert "FAILED" not in page.read_text()
    third = run(project, "--all")
    assert "passed in" not in third.stdout
    assert "| passed |" in page.read_text()

    (project / "other").touch()
    fourth = run(project, "--all")
    assert "2 passed" in fourth.stdout, "a tree with changes shows everything again"
