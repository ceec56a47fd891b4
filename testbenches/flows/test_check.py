from pathlib import Path

import pytest

from kolam.flows import check
from kolam.flows.check import WAIVERS
from kolam.generators import load


class Altered:
    """A design with a line of its handshake altered by hand."""

    def __init__(self, design, line):
        self.design, self.line = design, line

    def __getattr__(self, name):
        return getattr(self.design, name)

    def files(self):
        return {
            name: text.replace("assign event_overflow = 0;", self.line)
            for name, text in self.design.files().items()
        }


def test_nobody_has_anything_to_say(design):
    assert check(design) == {"verilator": [], "icarus": [], "yosys": [], "verible": []}


@pytest.mark.parametrize(
    ("line", "tools"),
    [
        ("wire event_unseen = full; assign event_overflow = 0;", {"verilator"}),
        ("wire a = !a; assign event_overflow = a;", {"verilator", "yosys"}),
        ("wire [3:0] a; assign event_overflow = a[4];", {"verilator", "icarus", "yosys"}),
        ("assign event_overflow = 0", {"verilator", "icarus", "yosys", "verible"}),
    ],
)
def test_each_tool_is_heard(line, tools, design):
    said = check(Altered(design, line))
    assert {tool for tool, lines in said.items() if lines} == tools


@pytest.mark.parametrize(
    ("name", "target"),
    [("csc-digits", "generic"), ("csc-digits", "xc7"), ("csc-small", "ecp5")],
)
def test_nobody_has_anything_to_say_about_the_engine(name, target):
    said = check(load(name, set={"target": target}))
    assert said == {"verilator": [], "icarus": [], "yosys": [], "verible": []}


def test_every_waiver_is_explained_to_the_user():
    page = (Path(__file__).parents[2] / "docs" / "handoff.md").read_text(encoding="utf-8")
    plain = " ".join(page.split())
    for waivers in WAIVERS.values():
        for reason in waivers.values():
            assert reason in plain
