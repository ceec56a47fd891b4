"""FFTs with settings at run time, at full size: random scripts in any weather, and resets."""

import numpy as np
import pytest

from kolam.generators.fft import Architecture, Config, Order, Rotation, RunTime, build
from kolam.hdl.target import Target
from kolam.testbenches import simulate
from kolam.testbenches.bench import PAUSES
from kolam.testbenches.random_settings import random_settings

pytestmark = pytest.mark.shown

ALL = RunTime(direction=True, least_points=8)
PREFIX = RunTime(direction=True, cyclic_prefix=True)
REVERSED, ITERATIVE = Order.BIT_REVERSED, Architecture.ITERATIVE
CORES = {
    "1024 of 8 and more": Config(points=1024, output_order=REVERSED, run_time=ALL),
    "1024 of 8 and more, 4 lanes, xc7": Config(
        points=1024, lanes=4, output_order=REVERSED, run_time=ALL, target=Target.XC7
    ),
    "512 of 8 and more, lift, ecp5": Config(
        points=512, output_order=REVERSED, rotation=Rotation.LIFT, run_time=ALL, target=Target.ECP5
    ),
    "256 reversed, 2 lanes": Config(
        points=256, lanes=2, input_order=REVERSED, run_time=RunTime(direction=True)
    ),
    "iterative, 1024": Config(points=1024, architecture=ITERATIVE, run_time=PREFIX),
    "iterative, 256 of 4, block": Config(
        points=256, architecture=ITERATIVE, butterflies=4, scaling="block", run_time=PREFIX
    ),
}


@pytest.mark.parametrize("name", CORES)
def test_in_any_weather(name, shown, tmp_path):
    """Under every limit as promised; then good, refused, repeated, early settings, and resets."""
    design = build(CORES[name])
    frames = 0
    for under in design.corners():
        run = simulate(under, simulator="verilator", folder=tmp_path)
        assert run.passed, run.line
        assert (run.latency, run.interval) == (under.latency, under.interval)
        frames += run.frames
    for seed, pauses in enumerate(PAUSES.values()):
        rng = np.random.default_rng(seed)
        asked = {
            "script": random_settings(design, rng, 60), "seed": seed, "simulator": "verilator",
            "folder": tmp_path, **pauses,
        }  # fmt: skip
        again = {
            "before": random_settings(design, rng, 30),
            "reset_at": int(rng.integers(1, 4 * design.latency)),
        }
        for more in ({}, again):
            run = simulate(design, **asked, **more)
            assert run.passed, f"seed {seed}: {run.line}"
            frames += run.frames
    shown(f"settings at run time: {name}, Verilator", {"frames": frames, "mismatches": 0})


@pytest.mark.parametrize("name", ["64", "iterative, 16"])
def test_a_reset_at_any_clock(name, shown, tmp_path):
    """Settings that were taken, wait or are half sent are forgotten, whatever else is under way."""
    made = {
        "64": Config(points=64, output_order=REVERSED, run_time=ALL),
        "iterative, 16": Config(points=16, architecture=ITERATIVE, run_time=PREFIX),
    }[name]
    design = build(made)
    before = random_settings(design, np.random.default_rng(1), 20)
    clocks = range(design.ready_after_reset + 1, design.ready_after_reset + 200)
    for clock in clocks:
        run = simulate(design, frames=3, before=before, reset_at=clock, folder=tmp_path)
        assert run.passed, f"reset at {clock}: {run.line}"
    shown(f"settings at run time, a reset at any clock: {name}", {"resets": len(clocks)})
