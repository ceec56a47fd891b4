"""group_schedule: from the clocks in which groups begin, every output follows."""

from itertools import pairwise
from pathlib import Path

import pytest

from kolam.kernels.bits import bits
from kolam.kernels.group_schedule import group_schedule
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model

SHAPES = [  # steps, groups, buffers
    (1, 1, 2), (1, 4, 2), (2, 1, 4), (2, 3, 2), (3, 1, 2), (3, 2, 4), (4, 5, 2), (7, 3, 2),
]  # fmt: skip
FLAGS = (
    "clk rst ready free go frame_begin group_begin last_begin ahead group_last busy "
    "first step_end frame_end"
)


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def arguments(steps, groups, buffers):
    ports = {name: bit() for name in FLAGS.split()}
    ports |= {name: word(bits(steps)) for name in ("tap", "next_tap")}
    ports |= {name: word(bits(buffers)) for name in ("read_buffer", "buffer_soon")}
    ports["group_tap"] = word(bits(groups))
    return {**ports, "steps": steps, "groups": groups, "buffers": buffers}


def ready(clock, random):
    """Long stalls and none; nothing before reset, when registers hold anything."""
    return clock > 1 and random.random() < (0.3, 0.9, 1.0)[clock // 60 % 3]


@pytest.fixture(scope="module")
def records():
    return {
        shape: run_model(
            group_schedule, arguments(*shape), name="schedule{}x{}x{}".format(*shape), clocks=700,
            seed=sum(shape), drive={"ready": ready},
        )
        for shape in SHAPES
    }  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_all_follows_from_when_groups_begin(records, shape):
    """A group begins at the first clock that lets it: that, too, is computed from the inputs."""
    steps, groups, buffers = shape
    record = records[shape]
    began, count, known = None, 0, False  # the last beginning, groups begun, ready a clock ago
    full_rate = 0
    for t, (given, got) in enumerate(record.rows):
        x = dict(zip(record.inputs, given, strict=True))
        y = dict(zip(record.outputs, got, strict=True))
        busy = began is not None and t <= began + steps
        tap = t - began - 1 if busy else 0
        end = busy and tap == steps - 1
        done = count - busy
        ok = known if steps > 2 else x["ready"]
        free_of_it = began is None or t >= began + steps
        beginning = bool(ok and x["go"] and free_of_it and (x["free"] or count % groups))
        if t > 1:  # after the first reset
            assert y["busy"] == busy
            assert y["tap"] == tap
            assert y["next_tap"] == (tap + 1 if busy and not end else 0)
            assert y["first"] == (busy and tap == 0)
            assert y["step_end"] == end
            assert y["frame_end"] == (end and done % groups == groups - 1)
            assert y["group_tap"] == done % groups
            assert y["read_buffer"] == done // groups % buffers
            assert y["group_begin"] == beginning
            assert y["frame_begin"] == (beginning and count % groups == 0)
            assert y["last_begin"] == (beginning and count % groups == groups - 1)
            # what ready answers, in the clocks in which the answer counts
            asked = began is None or t + (steps > 2) >= began + steps
            if asked and not (beginning and steps > 2):
                assert y["buffer_soon"] == count // groups % buffers
                assert y["ahead"] == busy
            if end:
                assert y["group_last"] == (done % groups == groups - 1)
        full_rate += beginning and began is not None and t == began + steps
        known = x["ready"] and not x["rst"]
        if x["rst"]:
            began, count = None, 0
        elif beginning:
            began, count = t, count + 1
    assert full_rate > 3


def test_nothing_waits_where_nothing_is_missing() -> None:
    for shape in SHAPES:
        steps, groups, _ = shape
        record = run_model(
            group_schedule, arguments(*shape), clocks=6 * steps * groups + 10,
            drive={"ready": 1, "free": 1, "go": 1, "rst": lambda clock, _: int(clock < 2)},
        )  # fmt: skip
        busy = list(record.outputs).index("busy")
        begin = list(record.outputs).index("frame_begin")
        start = next(t for t, (_, got) in enumerate(record.rows) if got[busy] and t > 1)
        assert start == 3 + (steps > 2)
        assert all(got[busy] for _, got in record.rows[start:])
        clocks = [t for t, (_, got) in enumerate(record.rows) if got[begin] and t > 1]
        assert {b - a for a, b in pairwise(clocks)} == {steps * groups}


def test_verilog_is_the_model(records, tmp_path: Path) -> None:
    assert replay(records.values(), tmp_path) == []
