"""Weights that come between frames: who waits for whom, and what a design can do wrong."""

import pytest

from kolam.testbenches import Frame, Load, SimulationFailed, simulate
from kolam.testbenches.stimulus import BAD, GOOD, LAST, WAIT, codes, phase


def loads(plus_loaded, fault=None):
    """Return a design, and a script that loads good and bad weights between its frames."""
    design = plus_loaded(fault=fault)
    frames = [Frame(x) for x in codes(design, 9, 1)]
    first, second = plus_loaded(weights=(3, 5)), plus_loaded(weights=(0, 200))
    return design, [
        frames[0],
        Load((3, 5), first),
        *frames[1:4],
        Frame([0] * 5, short=1),
        Load((9, 9), first, short=1),
        Load((9, 9), first, long=3),
        Load((0, 200), second),
        *frames[4:],
    ]


@pytest.mark.parametrize("pauses", [{}, {"gap": 0.3, "stall": 0.4, "seed": 2}, {"reset_at": 11}])
def test_frames_are_answered_with_the_weights_of_their_time(plus_loaded, tmp_path, pauses):
    design, script = loads(plus_loaded)
    runs = [
        simulate(design, script=script, simulator=s, folder=tmp_path, **pauses)
        for s in ("icarus", "cosim")
    ]
    assert "errors=3 " in runs[0].line
    assert runs[0].passed, runs[0].line
    assert runs[0].line == runs[1].line
    assert runs[0].output[1, 0] == min(codes(design, 9, 1)[1, 0] + 3, 255)


def test_a_loadable_design_runs_without_loads(plus_loaded, tmp_path):
    run = simulate(plus_loaded(), frames=6, folder=tmp_path)
    assert (run.passed, run.latency, run.interval) == (True, 3, 3)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (" && !loading;", ";", "load"),
        ("!load_second || !s_axis_weight_tlast;", "!load_second;", "load"),
        ("one[load_second] <= s_axis_weight_tdata", "one[0] <= s_axis_weight_tdata", "mismatch"),
        ("<= load_error || taken", "<= taken", "event_frame_error"),
        ("running && in_beat == 2'd0 && !skipping;", "1'b0;", "hang"),
        ("running && in_beat == 2'd0 && !skipping;", "running || 1'bx;", "unknown"),
    ],
)
def test_a_fault_is_detected(plus_loaded, old, new, reason):
    design, script = loads(plus_loaded, (old, new))
    try:
        line = simulate(design, script=script).line
    except SimulationFailed as failure:
        line = str(failure)
    assert f"FAIL design=plus_one reason={reason} " in line


def test_the_beats_of_weights(plus_loaded):
    fed = phase(*loads(plus_loaded))
    assert fed.loads.ravel().tolist() == [3, 5, 9, 9, 9, 9, 9, 9, 0, 200]
    good = [0, LAST | GOOD | WAIT]
    assert fed.loads_flags.tolist() == [*good, LAST | BAD, 0, BAD, 0, 0, LAST, *good]
    assert [k for k, flags in enumerate(fed.flags) if flags & WAIT] == [3, 13]
    assert fed.errors == 3


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (lambda load, frame: [frame, load(2)], "followed by a frame, not by NoneType"),
        (lambda load, frame: [load(2), load(2), frame], "followed by a frame, not by Load"),
        (lambda load, frame: [load(2, long=1), frame], "by weights that are whole, not by Frame"),
        (lambda load, frame: [load(2, short=2), frame], "short must be 0 to 1, not 2"),
        (lambda load, frame: [load(2, short=1, long=1)], "long must be 0 or more, and 0 if short"),
    ],
)
def test_weights_that_nothing_can_follow_are_refused(plus_loaded, parts, sentence):
    design = plus_loaded()

    def load(words, **kind):
        return Load([1] * words, design, **kind)

    with pytest.raises(ValueError, match=sentence):
        phase(design, parts(load, Frame([0] * 5)))


def test_weights_need_a_design_that_loads_them(plus_one):
    with pytest.raises(ValueError, match="must hold no weights for plus_one, which loads none"):
        phase(plus_one(), [Load([1], plus_one()), Frame([0] * 5)])
