"""Fail if the wheel and the mapped folders hold different files.

An editable install finds every file; a wheel holds only the packages and data that
setup.cfg names, so what is forgotten there is missed by every other check. The other way
round, setuptools copies whatever an earlier build left in build/lib.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "hdl", "kernels", "reference", "generators", "testbenches", "flows", "training", "scripts",
)  # fmt: skip


def packaged(path: Path) -> bool:
    """Tell whether a file of a room belongs in the wheel: not tests, caches or shell scripts."""
    inside = path.relative_to(ROOT)
    if "__pycache__" in inside.parts or not path.suffix or path.name.startswith("."):
        return False
    return inside.parts[0] != "testbenches" or len(inside.parts) == 2


def main() -> int:
    """Build the wheel and compare; return the exit status."""
    want = {
        f"kolam/{path.relative_to(ROOT).as_posix()}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and packaged(path)
    }
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        subprocess.run([*command, "--no-build-isolation", "-w", out, str(ROOT)], check=True)
        (wheel,) = Path(out).glob("*.whl")
        have = set(zipfile.ZipFile(wheel).namelist())
    have = {name for name in have if name.startswith("kolam/")}
    for name in sorted(want - have):
        print(f"not in the wheel: {name}")
    for name in sorted(have - want):
        print(f"in the wheel, not in the tree (remove build/lib?): {name}")
    if want == have:
        print(f"the wheel holds the {len(have)} files of the tree")
    return int(want != have)


if __name__ == "__main__":
    sys.exit(main())
