"""Settings at run time: the port against a model of its contract, and against its Verilog."""

from itertools import pairwise
from random import Random

import pytest
from myhdl import StopSimulation, delay

from kolam.kernels.bits import word
from kolam.kernels.settings_port import WIDTH, Limits, settings_door, settings_port
from kolam.testbenches.equivalence import assert_equivalent, simulate

DIRECTION = Limits(bits=1, minimum=0, maximum=1, default=1, drains=False)
SIZE = Limits(bits=4, minimum=3, maximum=10, default=10, drains=True)
PREFIX = Limits(bits=10, minimum=0, maximum=600, default=0, drains=True)
SETS = {"one": (DIRECTION,), "drains": (SIZE,), "three": (DIRECTION, SIZE, PREFIX)}


def ports(limits):
    """Return fresh signals by port."""
    one_bit = ("clk", "rst", "s_valid", "s_ready", "s_last")
    made = {name: word(1) for name in one_bit} | {"s_data": word(WIDTH)}
    made |= {name: word(1) for name in ("between", "empty", "hold", "changed")}
    return made | {"values": word(sum(each.bits for each in limits)), "config_error": word(1)}


def offered(limits, random):
    """Return a word that is a setting, nearly one, or anything."""
    each = random.choice(limits)
    return random.choice(
        [
            random.randint(each.minimum, each.maximum),
            max(0, each.minimum - 1),
            each.maximum + 1,
            1 << random.randrange(WIDTH),
            (1 << each.bits) + each.default,
        ]
    )


@pytest.mark.parametrize("name", SETS)
def test_it_equals_its_verilog(name, tmp_path):
    limits = SETS[name]
    drive = {"s_data": lambda _, random: offered(limits, random)}
    assert_equivalent(
        settings_port,
        {**ports(limits), "limits": limits},
        folder=tmp_path,
        drive=drive,
        clocks=2000,
    )


def packed(limits, values):
    """Return values side by side, the first in the lowest bits."""
    word, at = 0, 0
    for each, value in zip(limits, values, strict=True):
        word |= value << at
        at += each.bits
    return word


def valid(limits, frame):
    """Whether a frame of words is one of settings."""
    return len(frame) == len(limits) and all(
        each.minimum <= value <= each.maximum for each, value in zip(limits, frame, strict=True)
    )


def frames(limits, random):
    """Return frames of words: right ones, each limit exceeded, too short, too long."""
    made = [[each.maximum for each in limits], [each.minimum for each in limits]]
    for k, each in enumerate(limits):
        for wrong in (each.maximum + 1, each.minimum - 1, 1 << WIDTH - 1, 1 << each.bits):
            if wrong >= 0 and not each.minimum <= wrong <= each.maximum:
                made.append([wrong if n == k else other.default for n, other in enumerate(limits)])
    plain = [each.default for each in limits]
    made += [plain[:-1], [*plain, 0], [*plain, *plain], plain]
    for _ in range(40):
        made.append([random.randint(each.minimum, each.maximum) for each in limits])
    random.shuffle(made)
    return [frame for frame in made if frame]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SETS)
def test_settings_change_between_frames_and_only_there(name, seed):
    """Against the contract in the docstring, with data frames that begin whenever they may."""
    limits, random = SETS[name], Random(seed)
    told = [(value, k + 1 == len(f)) for f in frames(limits, random) for k, value in enumerate(f)]
    signals = ports(limits)
    changes = []

    def bench():
        now, due, taken, wrong = [each.default for each in limits], None, [], False
        left, flying = 0, 0  # beats of a frame to come; frames under way
        for clock in range(8000):
            signals["rst"].next = clock < 2
            signals["between"].next = left == 0
            signals["empty"].next = flying == 0
            offers = bool(told) and (bool(signals["s_valid"]) or random.random() < 0.5)
            signals["s_valid"].next = clock > 2 and offers
            signals["s_data"].next, signals["s_last"].next = told[0] if told else (0, False)
            signals["clk"].next = False
            yield delay(1)
            if clock > 2:
                marked = False
                assert bool(signals["config_error"]) == wrong
                if int(signals["values"]) != packed(limits, now):
                    drains = due and any(
                        each.drains and a != b for each, a, b in zip(limits, now, due, strict=True)
                    )
                    assert left == 0
                    assert not (drains and flying)
                    marked = bool(drains)
                    now = due
                    assert int(signals["values"]) == packed(limits, now)
                    changes.append(now)
                assert bool(signals["changed"]) == marked
                wrong = False
                if not signals["hold"]:
                    assert due is None or now == due  # no frame may begin on the old ones
                    due = None
                if signals["s_valid"] and signals["s_ready"]:
                    taken.append(told[0][0])
                    if told.pop(0)[1]:
                        if valid(limits, taken):
                            due = taken
                        wrong, taken = not valid(limits, taken), []
                # frames of three beats, some of which are still under way when they have ended
                if left:
                    left -= random.random() < 0.5
                elif not signals["hold"] and random.random() < 0.3:
                    left, flying = 2, flying + 1
                elif flying and random.random() < 0.2:
                    flying -= 1
                if not told and due is None and not wrong:
                    raise StopSimulation
            signals["clk"].next = True
            yield delay(1)
        raise AssertionError("settings must all be taken in the end")

    simulate(settings_port(**signals, limits=limits), bench())
    assert not told
    assert len(changes) > 10


# frames under way


# the door


def door_ports(limits):
    names = (
        "clk rst c_valid c_ready c_last s_valid s_ready s_first m_valid m_ready begun empty changed"
    )
    made = {name: word(1) for name in names.split()}
    width = sum(each.bits for each in limits)
    return made | {"c_data": word(WIDTH), "values": word(width), "config_error": word(1)}


@pytest.mark.parametrize("name", SETS)
def test_the_door_equals_its_verilog(name, tmp_path):
    limits = SETS[name]
    drive = {"c_data": lambda _, random: offered(limits, random)}
    assert_equivalent(
        settings_door, {**door_ports(limits), "limits": limits}, folder=tmp_path, drive=drive,
        clocks=1000,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", SETS)
def test_a_frame_that_begins_behind_the_last_word_is_under_it(name, seed):
    """By the page: its first beat is taken after the last word; all others are under the old ones.

    All of it, with beats offered and taken at any clock, words too. A frame waits for nothing where
    no settings do, and two clocks for those that need no drain.
    """
    limits, random = SETS[name], Random(100 + seed)
    told = [(value, k + 1 == len(f)) for f in frames(limits, random) for k, value in enumerate(f)]
    p = door_ports(limits)
    starts, rate = [], 0.03 * len(limits)

    def bench():
        taken, force, due = [], [each.default for each in limits], None
        left, flying, held, offers, speaks = 0, 0, 0, False, False
        for clock in range(6000):
            p["rst"].next = clock < 2
            p["s_first"].next = left == 0
            offers = clock > 2 and (offers or random.random() < 0.7)
            p["s_valid"].next = offers
            p["m_ready"].next = seed % 2 == 0 or random.random() < 0.6
            p["empty"].next = flying == 0
            speaks = clock > 2 and bool(told) and (speaks or random.random() < rate)
            p["c_valid"].next = speaks
            p["c_data"].next, p["c_last"].next = told[0] if told else (0, False)
            p["clk"].next = False
            yield delay(1)
            if clock > 2:
                moves = bool(p["s_valid"]) and bool(p["s_ready"])
                assert moves == (bool(p["m_valid"]) and bool(p["m_ready"]))
                assert bool(p["begun"]) == (moves and left == 0)
                if left or due is None:
                    assert bool(p["m_valid"]) == offers
                if due is not None and left == 0:
                    held += 1
                    if held > 2 and not any(each.drains for each in limits):
                        assert bool(p["m_valid"]) == offers
                if p["begun"]:
                    if due is not None:  # in front of this clock, not in it
                        force, due = due, None
                    starts.append(force)
                    held = 0
                if left or p["begun"]:  # as long as it comes in
                    assert int(p["values"]) == packed(limits, force)
                if moves:
                    offers = False
                    flying += left == 0
                    left = 2 if left == 0 else left - 1
                if flying > (left > 0) and random.random() < 0.2:
                    flying -= 1
                if p["c_valid"] and p["c_ready"]:
                    speaks = False
                    taken.append(told[0][0])
                    if told.pop(0)[1]:
                        due = taken if valid(limits, taken) else due
                        held = 0 if valid(limits, taken) else held
                        taken = []
                if not told and due is None and left == 0:
                    raise StopSimulation
            p["clk"].next = True
            yield delay(1)
        raise AssertionError("settings must all be taken in the end")

    simulate(settings_door(**p, limits=limits), bench())
    assert sum(a != b for a, b in pairwise(starts)) > 10
