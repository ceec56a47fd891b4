"""FFTs of real samples at full size, and of random configurations: exact, as fast as promised."""

import pytest

from kolam.flows import synthesize
from kolam.generators import load
from kolam.generators.fft import Config, Direction, Order, Samples, build
from kolam.hdl.target import Target
from kolam.testbenches import simulate
from kolam.testbenches.random_fft import random_real
from kolam.testbenches.stimulus import codes, script

pytestmark = pytest.mark.shown


@pytest.mark.parametrize("first", range(0, 40, 10), ids="seeds-from-{}".format)
def test_random_configurations(first, shown, tmp_path):
    """Free, with pauses, and with bad frames as well."""
    frames = 0
    for seed in range(first, first + 10):
        design = build(random_real(seed, target=list(Target)[seed % 5]))
        folder = tmp_path / str(seed)
        rows = script(design, codes(design, 8, seed), 0.3, seed)
        asked = ({}, {"script": rows}, {"script": rows, "gap": 0.3, "stall": 0.3})
        runs = [simulate(design, seed=seed, folder=folder, **more) for more in asked]
        assert [run.line for run in runs if not run.passed] == [], f"seed {seed}"
        assert (runs[0].latency, runs[0].interval) == (design.latency, design.interval)
        frames += sum(run.frames for run in runs)
    shown("random FFTs of real samples, five targets",
          {"seeds": f"{first} to {first + 9}", "frames": frames, "mismatches": 0})  # fmt: skip


@pytest.mark.parametrize("points", [16, 64, 256, 1024, 4096, 1 << 16])
@pytest.mark.parametrize("order", Order, ids=lambda order: order.value)
@pytest.mark.parametrize("direction", Direction, ids=lambda way: way.value)
def test_sizes(direction, order, points, shown):
    orders = (Order.NATURAL, order)[:: 1 if direction is Direction.FORWARD else -1]
    made = Config(
        points=points, samples=Samples.REAL, direction=direction, input_order=orders[0],
        output_order=orders[1],
    )  # fmt: skip
    design = build(made)
    frames = 2 if points > 4096 else None
    run = simulate(design, frames=frames, simulator="verilator")
    assert run.passed, run.line
    shown(
        f"{points} real points, {direction.value}, {order.value}, Verilator",
        {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "clocks a second": round(run.clocks_per_second)},
    )  # fmt: skip
    assert (run.latency, run.ready) == (design.latency, design.ready_after_reset)
    assert frames or run.interval == points


COST = {  # on xc7, at most; six tenths of what complex samples need
    "rfft-1024": {"dsp": 10, "lut": 492, "bram36": 1.5},
    "rfft-1024-small": {"dsp": 6, "lut": 950, "bram36": 1.5},
}


@pytest.mark.parametrize("name", COST)
def test_cost(name, shown):
    cost = synthesize(load(name, set={"target": "xc7"}), "xc7")
    limits = COST[name]
    shown(f"{name}: cost on xc7",
          {**{key: cost[key] for key in ("lut", "srl", "ff", "dsp", "bram36")},
           "limits": str(limits)[1:-1]})  # fmt: skip
    for key, most in limits.items():
        assert cost[key] <= most, key
    assert (cost["latches"], cost["clocks"]) == (0, 1)
