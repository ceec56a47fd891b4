"""The tutorials do what they show: every command runs, and says what the page says.

In a page, a ```console block is a stretch of one session in one folder: `$ ` begins a command, a
backslash goes on in the next line, and what follows is its output. `...` stands for any lines, or
for any text of a line. A block behind a line that ends in `` `NAME`: `` is that file. A block
behind <!-- only: shown --> takes long, behind <!-- only: KOLAM_DATA --> it needs a file of it.
"""

import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {page.stem: page for page in sorted((ROOT / "docs" / "tutorials").glob("*.md"))}
BLOCK = re.compile(
    r"(?:<!-- only: (?P<only>\w+) -->\n)?(?:^[^\n]*`(?P<file>[\w.-]+)`:\n\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
END = "-- end of "
COST = re.compile(r"(lut|ff|area_um2|area_ff_um2|cells|fmax_mhz) +(\d[\d.,]*)")


class Block(NamedTuple):
    """A fenced block of a page. only: when it is run; file: its name, if it is one."""

    only: str | None
    file: str | None
    language: str
    text: str


def blocks(page):
    """Return the blocks of a page, in order."""
    return [Block(**match.groupdict()) for match in BLOCK.finditer(page)]


def commands(text):
    """Return the commands of a console block, and what each is said to print."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0], f"a block must begin with a command, not {parts[0]!r}"
    found = []
    for part in parts[1:]:
        command, printed = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*\n)(.*)", part, re.DOTALL).groups()
        found.append((command, printed))
    return found


def agrees(printed, wanted):
    """Tell whether what was printed is what the page says; what costs may have moved by a tenth."""
    pattern, costs = "", []
    for line in wanted.splitlines():
        if line == "...":
            pattern += r"(?:.*\n)*?"
        elif cost := COST.fullmatch(line):
            pattern += rf"{cost[1]} +(\d[\d.,]*)\n"
            costs.append(number(cost[2]))
        else:
            pattern += r"[^\n]*".join(map(re.escape, line.split("..."))) + r"\n"
    found = re.fullmatch(pattern, printed)
    return found is not None and all(
        abs(number(now) - once) <= once / 10
        for now, once in zip(found.groups(), costs, strict=True)
    )


def number(text):
    return float(text.replace(",", ""))


def stand_in_for_vivado(folder):
    """Return a program that runs scripts as Vivado would, on the stand-ins of test_vivado.py."""
    peer = runpy.run_path(str(ROOT / "testbenches" / "flows" / "test_vivado.py"))
    commands = tomllib.loads(peer["COMMANDS"].read_text(encoding="utf-8"))
    (folder / "commands").write_text(peer["tcl"](commands))
    (folder / "answers").write_text(peer["tcl"](peer["ANSWERS"]))
    files = shlex.join(
        map(str, (peer["STUB"], *(folder / n for n in ("commands", "log", "answers"))))
    )
    return f"""#!/bin/sh
[ "$1 $2 $3" = "-mode batch -source" ] || exit 2
script=$4
shift 4
[ "$#" = 0 ] || [ "$1" = -tclargs ] || exit 2
[ "$#" = 0 ] || shift
exec tclsh {files} "$script" "$@"
"""


# the design's makefile first, then the platform, as OpenROAD-flow-scripts has it
STAND_IN_FOR_THE_FLOW = """\
include $(DESIGN_CONFIG)
named = $(VERILOG_FILES) $(SDC_FILE)
lost = $(filter-out $(wildcard $(named)),$(named))
all:
\t$(if $(lost),$(error there is no $(lost)),@echo $(DESIGN_NAME) on $(PLATFORM))
"""


class Session:
    """A shell in a folder, with kolam and what stands for tools that are not here on its path."""

    def __init__(self, folder):
        self.folder, programs = folder / "work", folder / "programs"
        self.folder.mkdir()
        programs.mkdir()
        (programs / "vivado").write_text(stand_in_for_vivado(programs))
        (programs / "vivado").chmod(0o755)
        (folder / "orfs" / "flow").mkdir(parents=True)
        (folder / "orfs" / "flow" / "Makefile").write_text(STAND_IN_FOR_THE_FLOW)
        data = os.environ.get("KOLAM_DATA", "")
        path = [programs, Path(sys.executable).parent, os.environ["PATH"]]
        self.environment = {
            **os.environ,
            "PATH": ":".join(map(str, path)),
            "ORFS": str(folder / "orfs"),
            "KOLAM_PDK": f"{data}/pdk",
        }

    def run(self, block):
        """Run a console block; return (command, what it should print, what it printed)."""
        steps = commands(block.text)
        script = "set -uo pipefail\n"
        for command, _ in steps:
            script += f"{{ {command}}} </dev/null\necho {shlex.quote(END)}$?\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        printed = re.split(rf"^{END}(\d+)\n", done.stdout, flags=re.MULTILINE)
        assert len(printed) == 2 * len(steps) + 1, f"the shell must come to its end: {done.stderr}"
        for (command, wanted), text, status in zip(
            steps, printed[:-1:2], printed[1::2], strict=True
        ):
            refused = wanted.startswith("kolam: ")
            said = done.stderr if refused else text
            assert int(status) == 2 * refused, f"{command}{text}{done.stderr}"
            assert agrees(said, wanted), f"{command}must print\n{wanted}and printed\n{said}"


def follow(page, folder, allowed):
    """Do what a page shows."""
    session = Session(folder)
    found = blocks(page.read_text(encoding="utf-8"))
    ran = 0
    for block in found:
        if block.only and block.only not in allowed:
            continue
        if block.file:
            (session.folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            session.run(block)
            ran += 1
    assert ran


def pages(tag=""):
    """Return the pages with a tag as parameters; those of PyTorch are in the tier that has it."""
    found = []
    for name, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        trains = "import torch" in text
        if f"<!-- only: {tag}" * bool(tag) in text and (not trains or find_spec("torch")):
            found.append(pytest.param(page, id=name, marks=[pytest.mark.train] * trains))
    return found


@pytest.mark.parametrize("page", pages())
def test_a_tutorial(page, tmp_path):
    follow(page, tmp_path, set())


@pytest.mark.parametrize("page", pages("KOLAM_DATA"))
def test_a_tutorial_with_data(page, tmp_path, kolam_data):
    follow(page, tmp_path, {"KOLAM_DATA"})


@pytest.mark.shown
@pytest.mark.parametrize("page", pages("shown"))
def test_a_tutorial_to_its_end(page, tmp_path, kolam_data, shown):
    follow(page, tmp_path, {"KOLAM_DATA", "shown"})
    shown(f"the tutorial {page.stem} as it stands", {"commands": "all"})


@pytest.mark.parametrize(
    ("printed", "wanted", "same"),
    [
        ("a 1 b\n", "a 1 b\n", True),
        ("a 1 b\n", "a ... b\n", True),
        ("a 1 b\nc\n", "...\nc\n", True),
        ("a\n", "a\n...\n", True),
        ("a 1 b\n", "a 2 b\n", False),
        ("a\nb\n", "a\n", False),
        ("a\n1\nb\n", "a ... b\n", False),
        ("", "a\n", False),
        ("lut  1,000\ndsp  9\n", "lut    999\ndsp  9\n", True),
        ("lut  1,000\ndsp  9\n", "lut    800\ndsp  9\n", False),
        ("lut  1,000\ndsp  9\n", "lut  1,000\ndsp  8\n", False),
    ],
)
def test_what_agrees(printed, wanted, same):
    assert agrees(printed, wanted) is same


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ false\n```\n",
        "```console\n$ kolam catalog\nkolam: there is an error\n```\n",
        "```console\n$ exit 0\n$ echo no\n```\n",
        "```console\n$ vivado -mode gui\n```\n",
    ],
)
def test_a_page_can_be_wrong(page, tmp_path):
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(AssertionError):
        follow(tmp_path / "page.md", tmp_path, set())
