"""The FFT engine at full size: exact, as exact as promised, as small and as fast as asked for."""

import numpy as np
import pytest

from kolam.flows import synthesize
from kolam.generators import catalog, fft_noise, load
from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    Formats,
    Order,
    Rotation,
    build,
)
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.testbenches import simulate
from kolam.testbenches.fft_cores import exact
from kolam.testbenches.random_fft import random_fft, random_iterative
from kolam.testbenches.stimulus import codes, script

pytestmark = pytest.mark.shown

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED


# exact


@pytest.mark.parametrize("first", range(0, 100, 10), ids="seeds-from-{}".format)
def test_random_configurations(first, shown, tmp_path):
    """Free, with pauses, and with bad frames as well; the first of ten in Verilator, too."""
    frames = clocks = saturated = 0
    for seed in range(first, first + 10):
        design = build(random_fft(seed, target=list(Target)[seed % 5]))
        folder = tmp_path / str(seed)
        for simulator in ("icarus", "verilator") if seed == first else ("icarus",):
            run = exact(design, seed=seed, folder=folder, simulator=simulator)
            assert (run.latency, run.interval) == (design.latency, design.interval), f"seed {seed}"
            frames, clocks = frames + run.frames, clocks + run.clocks
            saturated += run.saturated
            for pauses in ({}, {"gap": 0.3, "stall": 0.3}):
                rows = script(design, codes(design, 8, seed), 0.3, seed)
                run = exact(
                    design, script=rows, seed=seed, folder=folder, simulator=simulator, **pauses
                )
                frames, clocks = frames + run.frames, clocks + run.clocks
    shown(
        "random FFTs, five targets",
        {"seeds": f"{first} to {first + 9}", "frames": frames, "clocks": clocks,
         "saturated": saturated, "mismatches": 0, "promises that differ": 0},
    )  # fmt: skip


POINTS = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize(
    ("direction", "into", "out"),
    [
        (Direction.FORWARD, NATURAL, REVERSED),
        (Direction.INVERSE, REVERSED, NATURAL),
        (Direction.FORWARD, NATURAL, NATURAL),
        (Direction.INVERSE, REVERSED, REVERSED),
    ],
    ids=["forward", "inverse", "forward-natural", "inverse-reversed"],
)
def test_sizes(direction, into, out, points, shown):
    made = Config(points=points, direction=direction, input_order=into, output_order=out)
    design = build(made)
    run = exact(design, simulator="verilator")
    shown(
        f"{points} points, {direction.value}, {into.value} to {out.value}, Verilator",
        {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "clocks a second": round(run.clocks_per_second)},
    )  # fmt: skip
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert run.ready == design.ready_after_reset


@pytest.mark.parametrize("order", Order, ids=lambda order: order.value)
@pytest.mark.parametrize(
    ("points", "lanes"),
    [(points, lanes) for points in POINTS for lanes in (2, 4, 8, 16) if lanes < points],
)
def test_both_orders_alike(points, lanes, order, shown):
    """Of several samples a clock; beside them the targets in turn."""
    target = list(Target)[(points.bit_length() + lanes.bit_length()) % 3]
    made = Config(
        points=points, lanes=lanes, input_order=order, output_order=order, target=target
    )  # fmt: skip
    design = build(made)
    run = exact(design, simulator="verilator")
    shown(
        f"{points} points, {lanes} a clock, {order.value} to {order.value}, {target.value}, "
        "Verilator",
        {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "clocks a second": round(run.clocks_per_second)},
    )  # fmt: skip
    assert (run.latency, run.interval) == (design.latency, design.interval)
    assert run.ready == design.ready_after_reset


def test_the_largest(shown):
    design = build(Config(points=1 << 16, output_order=REVERSED))
    run = exact(design, frames=1, simulator="verilator")
    shown("65536 points, one frame, Verilator",
          {"mismatches": run.mismatches, "latency": run.latency, "clocks": run.clocks,
           "clocks a second": round(run.clocks_per_second)})  # fmt: skip
    assert run.latency == design.latency


@pytest.mark.parametrize("width", [8, 12, 16, 20, 24])
def test_widths(width, shown):
    formats = Formats(input=Format(True, 0, width - 1), twiddle=Format(True, 1, min(width, 24)))
    for target in (Target.XC7, Target.ECP5):
        design = build(Config(points=256, output_order=REVERSED, formats=formats, target=target))
        run = exact(design)
        noise = design.facts()["sqnr"]["measured"]
        shown(
            f"256 points of {width} bits, {target.value}",
            {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
             "SQNR dB": round(noise["db"], 1), "LSB rms": round(noise["lsb_rms"], 3)},
        )  # fmt: skip
        assert (run.latency, run.interval) == (design.latency, design.interval)


@pytest.mark.parametrize("rotation", Rotation)
@pytest.mark.parametrize("lanes", [1, 2, 4, 8, 16])
def test_lanes(lanes, rotation, shown):
    design = build(Config(points=1024, lanes=lanes, output_order=REVERSED, rotation=rotation))
    run = exact(design, simulator="verilator")
    shown(
        f"1024 points, {lanes} a clock, {rotation.value}, Verilator",
        {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "multipliers": design.multipliers},
    )  # fmt: skip
    assert (run.latency, run.interval) == (design.latency, 1024 // lanes)
    assert run.latency == design.latency


@pytest.mark.parametrize("points", [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
@pytest.mark.parametrize("butterflies", [1, 2, 8])
@pytest.mark.parametrize("stages", [1, 2])
def test_passes(stages, butterflies, points, shown):
    butterflies = min(butterflies, points // 8)
    made = Config(
        points=points, architecture=Architecture.ITERATIVE, butterflies=butterflies,
        stages_a_pass=stages,
    )  # fmt: skip
    design = build(made)
    run = exact(design, simulator="verilator")
    shown(
        f"{points} points in passes of {stages}, {butterflies} butterflies, Verilator",
        {"frames": run.frames, "mismatches": run.mismatches, "latency": run.latency,
         "interval": run.interval, "clocks a second": round(run.clocks_per_second)},
    )  # fmt: skip
    assert (run.latency, run.interval) == (design.latency, design.interval)


@pytest.mark.parametrize("first", range(0, 40, 10), ids="seeds-from-{}".format)
def test_random_passes(first, shown, tmp_path):
    """Free, with pauses, and with bad frames as well."""
    frames = 0
    for seed in range(first, first + 10):
        design = build(random_iterative(seed, target=list(Target)[seed % 5], stages=(3, 8)))
        folder = tmp_path / str(seed)
        rows = script(design, codes(design, 8, seed), 0.3, seed)
        asked = ({}, {"script": rows}, {"script": rows, "gap": 0.3, "stall": 0.3})
        runs = [exact(design, seed=seed, folder=folder, **more) for more in asked]
        assert (runs[0].latency, runs[0].interval) == (design.latency, design.interval)
        frames += sum(run.frames for run in runs)
    shown("random iterative FFTs, five targets",
          {"seeds": f"{first} to {first + 9}", "frames": frames, "mismatches": 0})  # fmt: skip


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_the_first_frame_after_power_up(simulator, shown, tmp_path):
    """Nothing is known in Icarus, anything may be in Verilator; one frame is answered, alone."""
    runs = 0
    for target in ("generic", "xc7", "ecp5"):
        design = load("fft-64", set={"target": target})
        for seed in range(10):
            run = exact(design, frames=1, simulator=simulator, seed=seed, folder=tmp_path / target)
            assert (run.frames, run.latency) == (1, design.latency)
            runs += 1
    shown(f"fft-64, the first frame after power-up, {simulator}",
          {"runs": runs, "mismatches": 0})  # fmt: skip


@pytest.mark.parametrize("part", range(4))
def test_reset_at_every_clock(part, shown, tmp_path):
    """From the washing after the first reset to the end of the second frame out."""
    design = load("fft-64")
    window = design.ready_after_reset + design.latency + 2 * design.interval
    clocks = range(1 + part, window + 1, 4)
    for clock in clocks:
        wrong = 0.25 * (clock % 3)
        run = simulate(
            design, simulator="verilator", reset_at=clock, reset_clocks=1 + clock % 2, seed=clock,
            script=script(design, codes(design, 4, clock), wrong, clock),
            before=script(design, codes(design, 5, clock + 1000), wrong, clock),
            gap=0.2 * (clock % 5 // 2), stall=0.2 * (clock % 4), folder=tmp_path,
        )  # fmt: skip
        assert run.passed, f"reset at {clock}: {run.line}"
    shown(
        "fft-64, reset at every clock of two frames, Verilator",
        {"clocks": f"{part + 1} to {window} by 4", "resets": len(clocks), "failures": 0},
    )


# as exact as promised


def decibels(x, design):
    """Return SNR in dB, rms error of a part in LSB, and parts limited, of the golden model."""
    z = x[..., 0] + 1j * x[..., 1]
    r = np.fft.fft(z) * 2.0 ** -sum(design.config.schedule)
    y = design.reference(x)
    error = y[..., 0] + 1j * y[..., 1] - r
    noise = (np.abs(error) ** 2).mean()
    db = 10 * np.log10((np.abs(r) ** 2).mean() / noise)
    return float(db), float(np.sqrt(noise / 2)), int(design.saturated(x).sum())


def disc(rng, frames, points):
    """Return samples spread evenly in the disc of full scale, |x| <= 32767, of 16 bits."""
    radius = 32767 * np.sqrt(rng.random((frames, points)))
    z = radius * np.exp(2j * np.pi * rng.random((frames, points)))
    return np.trunc(np.stack([z.real, z.imag], axis=-1)).astype(np.int64)


def square(rng, frames, points):
    return rng.integers(-32768, 32768, (frames, points, 2))


def gauss(rng, frames, points):
    """Return Gaussian samples, a part of 12 dB less than full scale."""
    parts = 32767 * 10 ** (-12 / 20) * rng.standard_normal((frames, points, 2))
    return np.clip(np.rint(parts), -32768, 32767).astype(np.int64)


def tone(rng, frames, points):
    """Return a complex tone of 0 dBFS in each frame, of a random bin."""
    turns = rng.integers(0, points, (frames, 1)) * np.arange(points) / points
    z = 32767 * np.exp(2j * np.pi * turns)
    return np.rint(np.stack([z.real, z.imag], axis=-1)).astype(np.int64)


SIGNALS = {"disc": disc, "square": square, "gauss -12 dBFS": gauss, "tone 0 dBFS": tone}
LIMITS = {"disc": (63.5, 0.34), "tone 0 dBFS": (90, None)}


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("rotation", Rotation)
def test_accuracy_of_fft_1024(rotation, signal, shown):
    """Defined as for the peers: 64 seeded frames of 16 bits, against floats."""
    design = load("fft-1024", set={"rotation": rotation.value})
    x = SIGNALS[signal](np.random.default_rng(2025), 64, 1024)
    db, rms, limited = decibels(x, design)
    least, most = LIMITS.get(signal, (0, None))
    shown(f"fft-1024, {rotation.value}: accuracy, {signal}",
          {"SNR dB": round(db, 2), "LSB rms": round(rms, 4), "limited": limited,
           "limits": f"{least} dB, {most} LSB"})  # fmt: skip
    if rotation is Rotation.MULTIPLY:
        assert db >= least
        assert most is None or rms <= most
    if rotation is not Rotation.SHIFT_ADD:  # its terms may add up to a little more than 1
        assert not limited
    if signal == "disc":
        promised = fft_noise.predicted(design.transform, 16)
        assert rms == pytest.approx(promised.rms, rel=0.03)


@pytest.mark.parametrize("signal", ["disc", "tone 0 dBFS"])
def test_the_hardware_of_fft_1024_is_as_exact(signal, shown):
    design = load("fft-1024")
    x = SIGNALS[signal](np.random.default_rng(7), 16, 1024)
    run = exact(design, x, simulator="verilator")
    db, rms, _ = decibels(x, design)
    shown(f"fft-1024 in Verilator, {signal}",
          {"frames": run.frames, "mismatches": run.mismatches, "SNR dB": round(db, 2),
           "LSB rms": round(rms, 4)})  # fmt: skip
    least, most = LIMITS[signal]
    assert db >= least
    assert most is None or rms <= most


# as small and as fast as asked for


COST = {  # on xc7, at most
    "multiply": {"dsp": 12, "lut": 950, "bram36": 3},
    "lift": {"dsp": 8, "lut": 1450},
    "shift_add": {"dsp": 6, "lut": 1650},
}
KEYS = ("lut", "srl", "lutram", "ff", "dsp", "bram36")


@pytest.mark.parametrize("rotation", COST)
def test_cost_of_fft_1024(rotation, shown):
    cost = synthesize(load("fft-1024", set={"rotation": rotation, "target": "xc7"}), "xc7")
    limits = COST[rotation]
    shown(f"fft-1024, {rotation}: cost on xc7",
          {**{key: cost[key] for key in KEYS}, "limits": str(limits)[1:-1]})  # fmt: skip
    for key, most in limits.items():
        assert cost[key] <= most, key
    assert (cost["latches"], cost["clocks"]) == (0, 1)


@pytest.mark.parametrize("name", [name for name in catalog.names() if "fft" in name])
def test_blocks_are_known_before_synthesis(name, shown):
    design = load(name, set={"target": "xc7"})
    cost = synthesize(design, "xc7")
    counted = {key: cost[key] for key in ("dsp", "bram36")}
    shown(f"{name}: DSP and block RAM on xc7, and estimated", {**counted, **{
        f"{key} estimated": value for key, value in design.estimate.items()}})  # fmt: skip
    assert counted == design.estimate


@pytest.mark.parametrize(("points", "blocks"), [(4096, 6.5), (1 << 14, 20), (1 << 16, 74)])
def test_cost_of_folded_tables(points, blocks, shown):
    """An eighth of the circle is kept, for some 65 LUT a rotator."""
    cost = synthesize(load("fft-4096", set={"points": points, "target": "xc7"}), "xc7")
    shown(f"{points} points: cost on xc7", {**{key: cost[key] for key in KEYS}, "limit": blocks})
    assert cost["bram36"] <= blocks


def test_cost_of_natural_order(shown):
    reverse, natural = (
        synthesize(load(name, set={"target": "xc7"}), "xc7")
        for name in ("fft-1024", "fft-1024-natural")
    )
    more = {key: natural[key] - reverse[key] for key in KEYS}
    shown("fft-1024-natural: cost on xc7, and above fft-1024",
          {key: f"{natural[key]} ({more[key]:+g})" for key in KEYS})  # fmt: skip
    assert more["bram36"] <= 1
    assert more["lut"] <= 40
    assert more["dsp"] == 0


@pytest.mark.parametrize("lanes", [2, 4, 8])
def test_cost_of_natural_order_of_lanes(lanes, shown):
    """A bank a lane, with two places to choose, and two selectors a bit and lane.

    These are of two words, of four, or of eight.
    """
    made = {"target": "xc7", "lanes": lanes}
    reverse, natural = (
        synthesize(load("fft-1024-x2", set={**made, "output_order": order}), "xc7")
        for order in ("bit_reversed", "natural")
    )
    more = {key: natural[key] - reverse[key] for key in KEYS}
    shown(f"fft-1024, {lanes} a clock, natural: cost on xc7, and above bit-reversed",
          {key: f"{natural[key]} ({more[key]:+g})" for key in KEYS})  # fmt: skip
    words = {2: 1, 4: 1, 8: 2}[lanes]  # LUTs of a selector
    assert more["bram36"] <= lanes / 2
    places = 2 * lanes * (10 - lanes.bit_length() + 1)  # a LUT a bit
    assert more["lut"] <= 2 * words * 32 * lanes + places + 40
    assert more["dsp"] == 0


@pytest.mark.parametrize("target", ["generic", "xc7", "ecp5"])
@pytest.mark.parametrize("name", ["fft-1024", "fft-1024-natural"])
def test_latency(name, target, shown):
    design = load(name, set={"target": target})
    run = exact(design, frames=1)
    most = 1024 + 34 if name == "fft-1024" else 2 * 1024 + 40
    shown(f"{name}, {target}: latency", {"measured": run.latency, "at most": most})
    assert run.latency == design.latency <= most


ITERATIVE = {  # of 1024 points: on xc7 at most, and on ECP5 at least
    "fft-1024-iterative": ({}, {"dsp": 3, "lut": 400}, 140),
    "fft-1024-bfp": ({}, {"dsp": 3, "lut": 425}, 120),
    "fft-1024-iterative, two stages a pass": ({"stages_a_pass": 2}, {"dsp": 6, "lut": 400}, 140),
}


@pytest.mark.parametrize("line", ITERATIVE)
def test_cost_of_passes(line, shown):
    """And the clocks of a frame, 5 % more than the butterflies need."""
    changes, limits, mhz = ITERATIVE[line]
    name = line.split(",")[0]
    design = load(name, set={**changes, "target": "xc7"})
    cost = synthesize(design, "xc7")
    ecp5 = load(name, set={**changes, "target": "ecp5"})
    placed = synthesize(ecp5, "ecp5", place_and_route=True)
    shown(
        f"{line}: cost on xc7, and speed on ECP5",
        {**{key: cost[key] for key in KEYS}, "clocks": design.interval, "MHz": placed["fmax_mhz"],
         "by seed": str(placed["fmax_mhz_by_seed"]), "limits": f"{limits}, {mhz} MHz"},
    )  # fmt: skip
    for key, most in limits.items():
        assert cost[key] <= most, key
    assert design.interval <= 1.05 * 512 * 10 / design.config.stages_a_pass
    assert placed["fmax_mhz"] >= mhz


FREQUENCY = {  # on ECP5-85k, median of three seeds: at least MHz, at most FF
    ("fft-1024", 0): (175, 5500),
    ("fft-1024-small", 1): (165, 5000),
    ("fft-4096", 0): (165, 6000),
}


@pytest.mark.parametrize(("name", "pipelining"), FREQUENCY)
def test_frequency_on_ecp5(name, pipelining, shown):
    least, most = FREQUENCY[name, pipelining]
    design = load(name, set={"target": "ecp5", "pipelining": pipelining})
    cost = synthesize(design, "ecp5", place_and_route=True)
    shown(f"{name}, pipelining {pipelining}: placed and routed on ECP5",
          {**{key: cost[key] for key in KEYS}, "MHz": cost["fmax_mhz"],
           "by seed": str(cost["fmax_mhz_by_seed"]),
           "limits": f"{least} MHz, {most} FF"})  # fmt: skip
    assert cost["fmax_mhz"] >= least
    assert cost["ff"] <= most
