"""scripts/setup says in one sentence what is missing, where it cannot get it."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "env", "dirname", "cat", "cksum", "grep", "id", "uname")


@pytest.fixture
def machine(tmp_path):
    """Return a copy of the tree's inputs, on a machine with few tools and no package manager."""
    folder = tmp_path / "kolam"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup", folder / "scripts")
    for name in ("setup.cfg", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(shutil.which(name))
    return folder


def program(machine, name, text):
    path = machine.parent / "bin" / name
    path.write_text(f"#!/usr/bin/env bash\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def setup(machine, *arguments):
    return subprocess.run(
        [machine / "scripts" / "setup", *arguments],
        env={"PATH": str(machine.parent / "bin"), "LOG": str(machine.parent / "log")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def refused(done, *words):
    assert done.returncode == 2
    (sentence,) = [line for line in done.stderr.splitlines() if line.startswith("kolam: ")]
    assert all(word in sentence for word in words)


def test_without_a_package_manager(machine):
    refused(setup(machine), "iverilog must be on the PATH", "apt-get install", "brew install")


def test_the_package_manager_is_asked_once_for_all(machine):
    program(machine, "id", "echo 0")
    program(machine, "apt-get", 'echo "$*" >>"$LOG"')
    refused(setup(machine), "iverilog must be on the PATH")
    asked = (machine.parent / "log").read_text().splitlines()
    assert asked == ["update -qq", "install -qq -y --no-install-recommends iverilog g++ make tcl"]


def test_without_python(machine):
    for name in ("iverilog", "g++", "make"):
        program(machine, name, "exit 0")
    refused(setup(machine), "Python 3.11 to 3.13", "python3-venv", "PYTHON=")


def test_a_second_call_installs_nothing(machine):
    for name in ("iverilog", "g++", "make"):
        program(machine, name, "exit 0")
    # an environment whose pip writes down what it is asked
    programs = machine / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "activate").write_text(f"VIRTUAL_ENV={machine / '.venv'}\n")
    (programs / "python").write_text('#!/usr/bin/env bash\n[ "$1" = -c ] || echo "$*" >>"$LOG"\n')
    (programs / "python").chmod(0o755)
    log = machine.parent / "log"
    for extras, calls in (("demo,docs", 2), ("docs", 2), ("test", 4), ("demo,test", 4)):
        done = setup(machine, extras)
        assert done.returncode == 0, done.stderr
        assert len(log.read_text().splitlines()) == calls
    assert log.read_text().count(f"--constraint {machine / 'constraints.txt'}") == 4
    (machine / "constraints.txt").write_text("")
    assert setup(machine, "demo").returncode == 0
    assert len(log.read_text().splitlines()) == 6


@pytest.mark.shown
@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13"])
def test_the_pinned_versions_install(python, tmp_path, interpreter, shown):
    """On every Python that is here; the one that runs this is always."""
    found = interpreter(python)
    if not found and python != f"python3.{sys.version_info.minor}":
        shown(f"the pinned versions install on {python}", {"here": "no"})
        return
    clone = tmp_path / "kolam"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    subprocess.run([clone / "scripts" / "setup"], env={**os.environ, "PYTHON": found}, check=True)
    done = subprocess.run([clone / ".venv/bin/pip", "check"], capture_output=True, check=False)
    shown(f"the pinned versions install on {python}", {"pip check": done.returncode})
    assert done.returncode == 0
