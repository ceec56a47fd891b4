"""The tree is whole: what is in the rooms is packaged, tested, and under one name only."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "hdl", "kernels", "reference", "generators", "testbenches", "flows", "training", "scripts",
)  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_one_name(room):
    assert find_spec(f"kolam.{room}").origin == str(ROOT / room / "__init__.py")
    paths = [folder for folder in sys.path if Path(folder).resolve() == ROOT]
    assert not paths, "the root must not be on sys.path: import kernels would make second copies"


def test_every_kernel_has_a_test_of_its_name():
    stems = {path.stem for path in (ROOT / "kernels").glob("[!_]*.py")}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "testbenches/kernels").glob("*")}
    assert sorted(stems - tests) == []


def test_tests_are_outside_the_packages():
    """Every module directly in testbenches/ goes into the wheel."""
    assert not list((ROOT / "testbenches").glob("test_*.py"))


def test_no_generated_file_is_committed():
    files = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "*.v", "*.vcd", "*.vvp", "build/*"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert files.stdout == ""
