"""A hundred random configurations, at their own rate and at others, fixed and loadable."""

from dataclasses import replace

import pytest

from kolam.generators.cyclic_sparse import build
from kolam.hdl.target import Target
from kolam.testbenches import simulate
from kolam.testbenches.random_configs import random_config
from kolam.testbenches.stimulus import codes, script

pytestmark = pytest.mark.shown

TARGETS = (Target.GENERIC, Target.XC7, Target.ECP5)


@pytest.mark.parametrize("lanes", [False, True], ids=["own-rate", "other-lanes"])
@pytest.mark.parametrize("first", range(0, 100, 10), ids="seeds-from-{}".format)
def test_random_configurations(first, lanes, shown, tmp_path):
    frames = 0
    for seed in range(first, first + 10):
        made = random_config(seed, target=TARGETS[seed % 3], lanes=lanes)
        design = build(replace(made, loadable=seed % 4 == 3), seed=seed)
        folder = tmp_path / str(seed)
        run = simulate(design, seed=seed, folder=folder)
        assert run.passed, f"seed {seed}: {run.line}"
        assert (run.latency, run.interval) == (design.latency, design.interval), f"seed {seed}"
        frames += run.frames
        for pauses in ({}, {"gap": 0.3, "stall": 0.3}):
            rows = script(design, codes(design, 12, seed), 0.3, seed)
            run = simulate(design, script=rows, seed=seed, folder=folder, **pauses)
            assert run.passed, f"seed {seed}: {run.line}"
            frames += run.frames
    shown(
        f"random configurations, {'other lanes' if lanes else 'own rate'}",
        {"seeds": f"{first} to {first + 9}", "frames": frames, "mismatches": 0,
         "promises that differ": 0},
    )  # fmt: skip
