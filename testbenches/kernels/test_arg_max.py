"""arg_max: the lowest index of the largest word of every frame, when it is promised."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.kernels.arg_max import arg_max, arg_max_latency, larger, largest_so_far
from kolam.kernels.bits import bits, word
from kolam.reference.network import classes
from kolam.testbenches.equivalence import assert_equivalent, bit, replay, run_model

SHAPES = [  # words a beat, elements of a frame, width, whether signed
    (1, 1, 3, True), (1, 2, 1, False), (1, 10, 8, True), (1, 7, 4, False),
    (2, 2, 5, True), (2, 5, 3, True), (2, 10, 8, False), (3, 7, 4, True), (3, 3, 2, False),
    (4, 10, 8, True), (4, 3, 6, True), (5, 10, 2, True), (5, 11, 8, False), (6, 13, 3, True),
    (7, 20, 9, True), (8, 8, 2, True), (8, 33, 4, True), (10, 10, 16, True), (16, 50, 3, False),
]  # fmt: skip


def ports(words, elements, width):
    return {
        "clk": bit(), "rst": bit(), "valid": bit(), "data": word(words * width),
        "found": bit(), "index": word(bits(elements)),
    }  # fmt: skip


def run(name, shape, clocks, valid, data=None, rst=None):
    """Return the record of a run; garbage where no data are given, a reset of two clocks first."""
    words, elements, width, signed = shape
    drive = {"valid": valid, "rst": rst or (lambda clock, _: int(clock < 2))}
    if data is not None:
        drive["data"] = data
    constants = {"words": words, "elements": elements, "signed": signed}
    return run_model(
        arg_max, {**ports(words, elements, width), **constants}, name=name, clocks=clocks,
        drive=drive, when={"index": "found"},
    )  # fmt: skip


def rows(record):
    """Return inputs and outputs of every clock by name."""
    names = [*record.inputs, *record.outputs]
    return [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]


def scores(shape, beats):
    """Return the words of a frame that came in these beats."""
    words, elements, width, signed = shape
    mask, sign = (1 << width) - 1, 1 << width - 1
    codes = [beat >> k * width & mask for beat in beats for k in range(words)][:elements]
    return [(code ^ sign) - sign if signed else code for code in codes]


def answers(record, shape):
    """Return by clock what must be found of all whole frames: frames end with a reset, too."""
    words, elements, *_ = shape
    due, beats = {}, []
    for clock, row in enumerate(rows(record)):
        if row["rst"]:
            beats = []
            due = {c: v for c, v in due.items() if c <= clock}
        elif row["valid"]:
            beats.append(row["data"])
        if len(beats) * words >= elements:
            due[clock + arg_max_latency(words)] = classes([scores(shape, beats)]).item()
            beats = []
    return {clock: index for clock, index in due.items() if clock < len(record.rows)}


def found(record):
    return {clock: row["index"] for clock, row in enumerate(rows(record)) if row["found"]}


def ties(random, shape):
    """Return a beat in which few values are, among them the least and the largest."""
    words, _, width, _ = shape
    sign = 1 << width - 1
    few = [0, sign, sign - 1, (1 << width) - 1, *(random.getrandbits(width) for _ in range(2))]
    return sum(random.choice(few) << k * width for k in range(words))


@pytest.mark.parametrize("often", [1.0, 0.6], ids=["back to back", "with gaps"])
def test_the_lowest_index_of_the_largest(often: float, tmp_path: Path) -> None:
    records = []
    for number, shape in enumerate(SHAPES):
        record = run(
            f"arg_max{number}", shape, 400,
            lambda clock, random: int(clock > 1 and random.random() < often),
            lambda _, random, shape=shape: ties(random, shape),
        )  # fmt: skip
        want = answers(record, shape)
        assert found(record) == want, shape
        assert len(want) > 20
        assert len(set(want.values())) >= min(shape[1], 4)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_every_frame_of_small_sizes(tmp_path: Path) -> None:
    """All words of 2 bits, words beyond the frame the largest that there are."""
    records = []
    for words, elements, signed in product((1, 2, 3, 4), (1, 2, 3, 4), (False, True)):
        if words >= 2 * elements:
            continue
        shape = words, elements, 2, signed
        count = -(-elements // words)
        spare = [1 if signed else 3] * (count * words - elements)
        beats = []
        for codes in product(range(4), repeat=elements):
            line = [*codes, *spare]
            beats += [
                sum(code << 2 * k for k, code in enumerate(line[b * words : (b + 1) * words]))
                for b in range(count)
            ]
        record = run(
            f"all{words}x{elements}{'s' * signed}", shape, len(beats) + 8,
            lambda clock, _, beats=beats: int(2 <= clock < len(beats) + 2),
            lambda clock, _, beats=beats: beats[clock - 2] if 2 <= clock < len(beats) + 2 else 0,
        )  # fmt: skip
        got = list(found(record).values())
        assert got == list(answers(record, shape).values())
        assert len(got) == 4**elements
        assert got[0] == 0  # all alike
        records.append(record)
    assert replay(records, tmp_path) == []


def test_a_reset_in_the_middle_of_a_frame(tmp_path: Path) -> None:
    """The beat that follows is the first of a frame, and nothing of before is told."""
    records = []
    for number, shape in enumerate(SHAPES):
        resets = {0, 1, *(40 * k + Random(40 * number + k).randrange(30) for k in range(1, 10))}
        record = run(
            f"reset{number}", shape, 400,
            lambda clock, random: int(clock > 1 and random.random() < 0.8),
            lambda _, random, shape=shape: ties(random, shape),
            lambda clock, _, resets=resets: int(clock in resets),
        )  # fmt: skip
        assert found(record) == answers(record, shape), shape
        records.append(record)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("signed", [False, True])
def test_its_parts(signed: bool, tmp_path: Path) -> None:
    """As Verilog, whatever comes."""
    for width, low, tail in ((1, 1, False), (4, 2, True), (8, 3, False)):
        if signed and width == 1:
            continue
        size = width + low
        pair = {"clk": bit(), "left": word(size), "right": word(size), "winner": word(size)}
        constants = {"width": width, "signed": signed}
        last = {"last": bit()} if tail else {}
        assert_equivalent(larger, {**pair, **last, **constants}, folder=tmp_path / f"l{width}")
        assert_equivalent(
            largest_so_far,
            {
                "clk": bit(), "rst": bit(), "valid": bit(), "last": bit(), "candidate": word(size),
                "found": bit(), "index": word(low + 2), "words": 1 << low, **constants,
            },
            folder=tmp_path / f"s{width}", when={"index": "found"},
        )  # fmt: skip
