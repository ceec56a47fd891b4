"""Whatever is wrong with a design, its image or its vectors, some simulation says so."""

import numpy as np
import pytest

from kolam.hdl import simulators
from kolam.testbenches import Frame, Pattern, SimulationFailed, simulate, write_bench
from kolam.testbenches.stimulus import codes, script

SCENARIOS = {
    "free": {},
    "random": {"gap": 0.3, "stall": 0.4, "seed": 3},
    "alternate": {"gap_pattern": Pattern.ALTERNATE, "stall_pattern": Pattern.THREE_OF_FOUR},
    "burst": {"gap_pattern": Pattern.BURST, "stall_pattern": Pattern.BURST, "seed": 5},
    "last": {"gap_pattern": Pattern.LAST, "stall_pattern": Pattern.LAST},
    "late": {"stall_pattern": Pattern.LATE},
    "late source": {"gap_pattern": Pattern.LATE},
    "wait": {"gap_pattern": Pattern.WAIT, "stall_pattern": Pattern.WAIT},
    "reset": {"reset_at": 23, "gap": 0.2, "stall": 0.2, "reset_clocks": 3},
}


def bad_script(design, seed=0):
    frames = script(design, codes(design, 24, seed), 0.4, seed)
    assert {f.good for f in frames} == {True, False}
    return frames


@pytest.mark.parametrize("name", SCENARIOS)
def test_python_and_verilog_say_the_same_line(plus_one, tmp_path, name):
    """Every pause, every count and every clock of the two benches, and of both ways of Python."""
    design = plus_one()
    runs = [
        simulate(design, script=bad_script(design), simulator=s, folder=tmp_path, **SCENARIOS[name])
        for s in ("icarus", "myhdl", "cosim")
    ]
    assert runs[0].passed, runs[0].line
    assert {run.line for run in runs} == {runs[0].line}
    assert {run.schedule for run in runs} == {runs[0].schedule}


def test_what_a_run_tells(plus_one):
    design = plus_one()
    x = codes(design, 6)
    run = simulate(design, x)
    np.testing.assert_array_equal(run.output, np.minimum(x + 1, 255))
    assert run.saturated == (x == 255).sum() > 0
    assert (run.frames, run.mismatches, run.ready) == (6, 0, 1)
    assert run.to_dict()["latency"] == {"promised": 3, "measured": 3}
    assert run.to_dict()["interval"] == {"promised": 3, "measured": 3}
    assert run.schedule[:3] == (("s", 0, 1, 3), ("m", 0, 4, 6), ("s", 1, 4, 6))
    assert run.clocks_per_second > 0


def test_latency_and_interval_are_measured_only_as_defined(plus_one, tmp_path):
    design = plus_one()
    assert simulate(design, frames=4, folder=tmp_path).interval == 3
    assert simulate(design, frames=3, folder=tmp_path).interval is None
    assert simulate(design, frames=3, folder=tmp_path).latency == 3
    assert simulate(design, frames=9, gap=0.1, folder=tmp_path).latency is None
    bad = simulate(design, script=bad_script(design), folder=tmp_path)
    assert (bad.latency, bad.interval) == (None, None)


def test_reset_at_every_clock_of_a_window(plus_one, tmp_path):
    design = plus_one()
    for clock in range(1, 14):
        run = simulate(design, frames=4, reset_at=clock, seed=clock, folder=tmp_path)
        assert run.passed, run.line


def test_a_trace_is_written_on_request(plus_one, tmp_path):
    for simulator in ("icarus", "myhdl"):
        trace = tmp_path / f"{simulator}.vcd"
        simulate(plus_one(), frames=2, simulator=simulator, vcd=trace)
        assert "$enddefinitions" in trace.read_text()


FREE = {"frames": 12}
STALLED = {"frames": 40, "gap": 0.2, "stall": 0.6}
BAD = {"script": bad_script, "stall": 0.3}
RESET = {"frames": 12, "reset_at": 18}
GIVEN = "if (given) out_beat <= out_beat == 2'd2 ? 2'd0 : out_beat + 2'd1;"
FULL = "full <= full + {1'b0, stored} - {1'b0, freed};"
VALID = "m_axis_tvalid = full != 2'd0;"
READY = "s_axis_tready = running && full != 2'd2;"
DATA = "buffer[{out_slot, out_beat}];"
LAST = "m_axis_tlast = out_beat == 2'd2;"
ERROR = "event_frame_error <= taken && !skipping && ended != s_axis_tlast;"
OVERFLOW = "event_overflow <= taken && !skipping && (low[8] || !ended && high[8]);"
CLEAR = "in_beat <= 2'd0; out_beat <= 2'd0; full <= 2'd0;"
FAULTS = {
    "beat dropped": (GIVEN, GIVEN.replace("2'd1", "2'd2"), FREE, "hang"),
    "beat doubled": (GIVEN, GIVEN.replace("given)", "given && !full[1])"), STALLED, "early"),
    "frame lost": ("wire stored =", "wire stored = full != 2'd1 &&", FREE, "hang"),
    "frame doubled": (FULL, FULL.replace("freed}", "freed && !skipping}"), BAD, "early"),
    "bad frame answered": ("ended && s_axis_tlast;", "ended;", BAD, "early"),
    "valid before the last beat": (VALID, VALID.replace(";", " || ended;"), FREE, "early"),
    "no tlast": (LAST, LAST.replace("2'd2", "2'd3"), FREE, "mismatch"),
    "tlast too early": (LAST, LAST.replace("2'd2", "2'd1"), FREE, "mismatch"),
    "lanes swapped": ("<= {high_out, low_out};", "<= {low_out, high_out};", FREE, "mismatch"),
    "padding not zero": ("high_out = ended ? 8'h00 :", "high_out =", FREE, "mismatch"),
    "data x": ("low[8] ? 8'hff", "low[8] ? 8'hxx", FREE, "must be known"),
    "ready x": (READY, READY.replace("running", "(running || 1'bx)"), FREE, "unknown"),
    "event x": (OVERFLOW, OVERFLOW.replace("taken && !skipping && ", ""), FREE, "unknown"),
    "valid dropped": (VALID, VALID.replace(";", " && !event_overflow;"), STALLED, "dropped"),
    "data unstable": (DATA, DATA.replace(";", " ^ event_overflow;"), STALLED, "unstable"),
    "frame overrun": (READY, READY.replace("2'd2", "2'd3"), STALLED, "unstable"),
    "never ready": ("running <= 1'b1;", "running <= 1'b0;", FREE, "hang"),
    "sometimes slow": (READY, READY.replace(";", " && !event_overflow;"), FREE, "interval"),
    "error not told": (ERROR, "event_frame_error <= 1'b0;", BAD, "event_frame_error"),
    "error told twice": (ERROR, ERROR.replace("!skipping &&", ""), BAD, "event_frame_error"),
    "error without one": (ERROR, "event_frame_error <= freed;", FREE, "event_frame_error"),
    "overflow not told": (OVERFLOW, "event_overflow <= 1'b0;", FREE, "event_overflow"),
    "counter not reset": (
        CLEAR,
        CLEAR.replace("in_beat", "if (^in_beat === 1'bx) in_beat"),
        RESET,
        "event_frame_error",
    ),
    "frame kept over a reset": (
        CLEAR,
        CLEAR.replace("full", "if (^full === 1'bx) full"),
        RESET,
        "early",
    ),
}


def detected(design, settings):
    """Return the line, or the error, of a run that must not pass."""
    asked = dict(settings)
    if "script" in asked:
        asked["script"] = asked["script"](design)
    try:
        run = simulate(design, **asked)
    except SimulationFailed as failure:
        return str(failure)
    assert not run.passed
    assert (run.mismatches > 0) == ("reason=mismatch" in run.line)
    return run.line


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_detected(plus_one, name):
    old, new, settings, reason = FAULTS[name]
    assert reason in detected(plus_one(fault=(old, new)), settings)


@pytest.mark.parametrize(
    ("wrong", "settings", "reason"),
    [
        ({"flip": 1}, FREE, "reason=mismatch frames=12 beats=36 lasts=12 mismatches=1 "),
        ({"flip": 128}, FREE, "mismatches=1 "),
        ({"latency": 4}, FREE, "reason=latency"),
        ({"latency": 2}, FREE, "reason=latency"),
        ({"interval": 4}, FREE, "reason=interval"),
        ({"ready_after_reset": 2}, FREE, "reason=ready"),
        ({"unseen": True}, FREE, "reason=event_overflow"),
        ({"image": "02\\n"}, FREE, "FAIL memory image"),
        ({"image": ""}, FREE, "FAIL memory image"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("simulator", ["icarus", "myhdl"])
def test_a_wrong_promise_or_model_is_detected(plus_one, wrong, settings, reason, simulator):
    if "image" in wrong and simulator == "myhdl":
        return  # a MyHDL model opens no file
    assert reason in detected(plus_one(**wrong), {**settings, "simulator": simulator})


def written(design, folder, **settings):
    """Lay the bench as a hand-off folder holds it; return how to run it with other plusargs."""
    files = {**design.files(), **write_bench(design, **settings)}
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    sources = [folder / path for path in files if path.endswith(".v")]

    def run(plusargs=None):
        lines = simulators.icarus(sources, f"{design.name}_tb", folder, plusargs).splitlines()
        return next(line for line in lines if line.startswith(("PASS ", "FAIL ")))

    return run


def edited(path, change):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(change(lines)))


def test_the_bench_runs_as_handed_off(plus_one, tmp_path):
    design = plus_one()
    run = written(design, tmp_path, script=[Frame(x) for x in codes(design, 5)])
    assert run() == (
        "PASS design=plus_one frames=5 beats=15 lasts=5 mismatches=0 latency=3 interval=3 ready=1 "
        "errors=0 overflows=5 clocks=295 seed=0"
    )
    assert next(tmp_path.glob("*.log")).read_text() == ""  # clean under iverilog -Wall
    assert run({"latency": 4}).startswith("FAIL design=plus_one reason=latency")
    assert run({"latency": -1, "interval": 3}).startswith("PASS")
    assert run({"interval": 2}).startswith("FAIL design=plus_one reason=interval")
    assert run({"clocks": 7}).startswith("FAIL design=plus_one reason=clocks")
    assert run({"reset_at": 7}).startswith("FAIL design=plus_one reason=reset_at")
    paused = run({"gap": 50, "stall": 12.5, "seed": 9})
    assert paused.startswith("PASS")
    assert " latency=none interval=none ready=1 " in paused


@pytest.mark.parametrize("value", ["100", "-1", "99.1", "25700", "1e99", "nan"])
@pytest.mark.parametrize("name", ["gap", "stall"])
def test_the_bench_refuses_a_pause_without_end(plus_one, tmp_path, name, value):
    run = written(plus_one(), tmp_path, script=[Frame(x) for x in codes(plus_one(), 2)])
    assert run({name: value}).startswith(f"FAIL design=plus_one reason={name}_must_be_0_to_99 ")
    assert run({name: 99}).startswith("PASS ")


def test_the_bench_refuses_a_reset_of_no_clocks(plus_one, tmp_path):
    frames = [Frame(x) for x in codes(plus_one(), 2)]
    run = written(plus_one(), tmp_path, script=frames, before=frames)
    assert run({"reset_at": 3, "reset_clocks": 0}).startswith("FAIL design=plus_one reason=reset_c")
    assert run({"reset_at": 3, "reset_clocks": 1}).startswith("PASS ")


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("input", lambda lines: lines[:-1], "input.hex"),
        ("input", lambda lines: [*lines[:3], "80zz00\n", *lines[4:]], "input.hex"),
        ("input", lambda lines: [*lines[:3], "800f0f\n", *lines[4:]], "mismatch"),
        ("output", lambda lines: [], "output.hex"),
        ("output", lambda lines: lines[:-2], "output.hex"),
        ("output", lambda lines: ["80ffff\n", *lines[1:]], "mismatch"),
        ("output", lambda lines: [*lines[3:], *lines[:3]], "mismatch"),
        ("counts", lambda lines: lines[:-1], "counts.hex"),
        ("counts", lambda lines: [lines[0], "00000009\n", *lines[2:]], "counts.hex"),
        ("counts", lambda lines: [], "counts.hex"),
    ],
)
def test_a_damaged_vector_file_is_detected(plus_one, tmp_path, name, change, reason):
    design = plus_one()
    run = written(design, tmp_path, script=[Frame(x) for x in codes(design, 5)])
    edited(tmp_path / f"vectors/{name}.hex", change)
    assert run().startswith(f"FAIL design=plus_one reason={reason} ")
    (tmp_path / f"vectors/{name}.hex").unlink()
    assert run().startswith(f"FAIL design=plus_one reason={name}.hex ")


def test_an_altered_image_is_detected(plus_one, tmp_path):
    design = plus_one()
    run = written(design, tmp_path, script=[Frame(x) for x in codes(design, 5)])
    for change in (lambda lines: ["03\n"], lambda lines: []):
        edited(tmp_path / "mem/one.hex", change)
        assert run() == "FAIL memory image one.hex"
    (tmp_path / "mem/one.hex").unlink()
    assert run() == "FAIL memory image one.hex"


def test_verilator(plus_one, tmp_path):
    """The same lines as Icarus, and the same alarms; few builds, for each takes seconds."""
    design, settings = plus_one(), {"simulator": "verilator", "folder": tmp_path}
    for asked in SCENARIOS.values():
        run = simulate(design, script=bad_script(design), **settings, **asked)
        assert run.passed
        assert run.line == simulate(design, script=bad_script(design), **asked).line
    assert "mismatches=1 " in detected(plus_one(flip=1), {**FREE, **settings})
    assert "FAIL memory image" in detected(plus_one(image="02\n"), {**FREE, **settings})
    old, new, asked, reason = FAULTS["beat doubled"]
    assert reason in detected(plus_one(fault=(old, new)), {**asked, **settings})


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"simulator": "questa"}, "simulator must be one of icarus, .*, not 'questa'"),
        ({"gap": 1.0}, r"gap must be a probability of 0 to 0.99, not 1.0"),
        ({"stall": -0.1}, r"stall must be a probability of 0 to 0.99, not -0.1"),
        ({"reset_at": 0}, "reset_at must be 1 to 2147483647, not 0"),
        ({"reset_clocks": 0}, "reset_clocks must be 1 to 2147483647, not 0"),
        ({"seed": -1}, "seed must be 0 to 2147483647, not -1"),
        ({"x": np.full((2, 4), 1)}, r"codes of frame 0 must be of shape \(5,\), not \(4,\)"),
        ({"x": np.full((2, 5), 256)}, "codes of frame 0 must be 0 to 255, not 256 to 256"),
        (
            {"x": np.full((2, 5), 0.5)},
            "codes must be a vector of integers, .*, not float64",
        ),
        ({"simulator": "cosim", "vcd": "a.vcd"}, "vcd must not be given with cosim"),
        ({"vcd": "/"}, "vcd must be a file, not the folder '/'"),
        ({"vcd": "no/a.vcd"}, "vcd must be a file in a folder that exists, not 'no/a.vcd'"),
        ({"script": []}, "script must hold at least one frame, not none"),
    ],
)
def test_what_cannot_be_run_is_refused(plus_one, asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        simulate(plus_one(), **asked)


def test_a_run_without_a_verdict_is_a_failure(plus_one):
    silent = plus_one(fault=("  reg [15:0] buffer", "  initial #99 $finish;\n  reg [15:0] buffer"))
    with pytest.raises(SimulationFailed, match="must end with one verdict, not 0"):
        simulate(silent)
