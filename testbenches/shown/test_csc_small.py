"""csc-small: four simulators, three targets, all weathers, a reset at every clock."""

import pytest

from kolam.generators import load
from kolam.generators.cyclic_sparse import CyclicSparse
from kolam.testbenches import Frame, Pattern, SimulationFailed, simulate
from kolam.testbenches.stimulus import codes, script

pytestmark = pytest.mark.shown


@pytest.mark.parametrize("target", ["generic", "xc7", "ecp5"])
@pytest.mark.parametrize("simulator", ["icarus", "verilator", "myhdl", "cosim"])
@pytest.mark.parametrize("name", ["csc-small", "dense-small"])
def test_simulators_and_targets(name, simulator, target, kolam, judged):
    run = kolam("simulate", name, "--set", f"target={target}", "--with", simulator)
    judged(f"{name} with {simulator}, {target}", run)


WEATHERS = [
    {},
    {"gap": 0.3, "stall": 0.3},
    {"gap": 0.8},
    {"stall": 0.8},
    {"gap_pattern": Pattern.ALTERNATE, "stall_pattern": Pattern.THREE_OF_FOUR},
    {"gap_pattern": Pattern.BURST, "stall_pattern": Pattern.BURST},
    {"gap_pattern": Pattern.LAST, "stall_pattern": Pattern.LAST},
    {"stall_pattern": Pattern.LATE},
    {"gap_pattern": Pattern.WAIT, "stall_pattern": Pattern.WAIT},
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return csc-small, and a folder in which its programs are kept."""
    return load("csc-small"), tmp_path_factory.mktemp("small")


@pytest.mark.parametrize("seed", range(10))
def test_weathers(seed, small, shown):
    """Gaps, stalls, back-to-back, short and long frames, with Verilator; the first with Icarus."""
    design, folder = small
    good = bad = 0
    for weather in WEATHERS:
        for wrong in (0, 0.4):
            frames = script(design, codes(design, 16, seed), wrong, seed)
            for simulator in ("icarus", "verilator") if seed == 0 else ("verilator",):
                run = simulate(
                    design, script=frames, simulator=simulator, seed=seed, folder=folder, **weather
                )
                assert run.passed, f"{weather}: {run.line}"
                good += run.frames
                bad += sum(not frame.good for frame in frames)
    shown(
        f"csc-small, gaps, stalls, back-to-back, short and long frames: seed {seed}",
        {"runs": 2 * len(WEATHERS) * (1 + (seed == 0)), "good frames": good, "bad frames": bad,
         "mismatches": 0},
    )  # fmt: skip


def resets(small, simulator, seed, clocks):
    design, folder = small
    for clock in clocks:
        wrong = 0.25 * (seed % 2)
        run = simulate(
            design,
            script=script(design, codes(design, 4, seed), wrong, seed),
            before=script(design, codes(design, 5, seed + 100), wrong, seed),
            simulator=simulator, reset_at=clock, seed=seed, folder=folder,
            gap=0.2 * (seed % 3), stall=0.2 * (seed % 4), reset_clocks=1 + seed % 2,
        )  # fmt: skip
        assert run.passed, f"reset at {clock}: {run.line}"


def window(design):
    """Return the clocks from the first to the end of the second frame that comes out."""
    return range(1, design.latency + 2 * design.interval + 1)


@pytest.mark.parametrize("seed", range(10))
def test_reset_at_every_clock(seed, small, shown):
    clocks = window(small[0])
    resets(small, "verilator", seed, clocks)
    shown(f"csc-small, reset at every clock of two frames, Verilator, seed {seed}",
          {"resets": len(clocks), "failures": 0})  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_reset_where_nothing_is_known(seed, small, shown):
    """Icarus starts from x: what the reset forgets stays unknown. Ten seeds share the clocks."""
    clocks = window(small[0])[seed::10]
    resets(small, "icarus", seed, clocks)
    shown(f"csc-small, reset at every tenth clock, Icarus, seed {seed}",
          {"resets": len(clocks), "failures": 0})  # fmt: skip


FAULTS = ("golden bit", "image removed", "image shortened", "image altered", "latency", "interval")


@pytest.mark.parametrize("fault", FAULTS)
def test_negative_control(fault, monkeypatch, shown):
    design = load("csc-small")
    files = design.files()
    image = next(name for name in sorted(files) if name.startswith("mem/"))
    if fault == "golden bit":
        honest = CyclicSparse.reference

        def flipped(self, x):
            y = honest(self, x)
            y[2, 100] ^= 1
            return y

        monkeypatch.setattr(CyclicSparse, "reference", flipped)
    elif fault == "image removed":
        files = {name: text for name, text in files.items() if name != image}
    elif fault == "image shortened":
        files = {**files, image: files[image][: files[image].rindex("\n", 0, -1) + 1]}
    elif fault == "image altered":
        digit = "1" if files[image][0] == "0" else "0"
        files = {**files, image: digit + files[image][1:]}
    else:
        honest = getattr(CyclicSparse, fault).fget
        monkeypatch.setattr(CyclicSparse, fault, property(lambda self: honest(self) + 1))
    monkeypatch.setattr(design, "files", lambda: files)
    try:
        run = simulate(design)
        assert not run.passed
        line = run.line
    except SimulationFailed as failure:
        line = str(failure)
    shown(f"csc-small, negative control: {fault}", {"verdict": line.partition(" frames=")[0]})
    assert line.startswith("FAIL ")


def test_all_is_well_without_a_fault(small):
    design, folder = small
    run = simulate(design, script=[Frame(x) for x in codes(design, 6)], folder=folder)
    assert run.passed
