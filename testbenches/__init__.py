"""Benches that check a design against its golden model, and the tests of every room."""

from kolam.testbenches.bench import Pattern, write_bench
from kolam.testbenches.simulate import Run, SimulationFailed, simulate
from kolam.testbenches.stimulus import Frame, Load

__all__ = ["Frame", "Load", "Pattern", "Run", "SimulationFailed", "simulate", "write_bench"]
