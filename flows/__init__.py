"""From a design to the tools of others: hand-off folder, simulation, synthesis, lint."""

from kolam.flows.bundle import Bundle, load_bundle, rewrite, write
from kolam.flows.check import check
from kolam.flows.replay import simulate_bundle
from kolam.flows.yosys import synthesize
from kolam.flows.yowasp import ToolError
from kolam.testbenches.simulate import simulate

__all__ = [
    "Bundle",
    "ToolError",
    "check",
    "load_bundle",
    "rewrite",
    "simulate",
    "simulate_bundle",
    "synthesize",
    "write",
]
