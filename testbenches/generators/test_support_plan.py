"""support_plan: all its arithmetic, exhaustively over small sizes, against the definition.

The definition: output o reads the inputs (step o + j stride) mod inputs; input i is word i div P
of bank i mod P, and lane b has bank b alone.
"""

from itertools import product
from math import gcd

import numpy as np
import pytest

from kolam.generators.support_plan import SupportPlan, legal_lanes, link_words, signed_width
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation

S4 = Format.parse("s1.2")


def plan(**given):
    usual = {
        "number": 0, "outputs": given["inputs"], "step": 1, "words_in": 1, "words_out": 1,
        "buffers": 2, "early_free": False, "bias": False, "activation": Activation.NONE,
        "source": S4, "weight": S4, "result": S4, "rounding": Rounding.HALF_UP,
        "overflow": Overflow.SATURATE, "loadable": False, "target": Target.GENERIC,
    }  # fmt: skip
    return SupportPlan(**{**usual, **given})


def sizes(most=8):
    """Return every (inputs, lanes, step, stride, fan_in) of small sizes."""
    for inputs in (*range(1, most + 1), 12):
        for step in (1, 2, 3, 5):
            lanes = [p for p in range(1, inputs + 1) if inputs % p == 0 and gcd(p, step) == 1]
            for stride in (*range(min(inputs, 6) + 1), inputs - 1, inputs, inputs + 1):
                for fan_in in {1, 2, min(inputs, 3), min(inputs, 5)}:
                    if fan_in <= inputs:
                        for p in lanes:
                            yield inputs, p, step, stride, fan_in


def read(p, group, tap):
    """Return the inputs that the group's outputs read at a tap, by the definition."""
    outputs = group * p.lanes + np.arange(p.lanes)
    return (p.step * outputs + tap * p.stride) % p.inputs


def test_lanes_banks_and_rows_follow_the_definition() -> None:
    count = 0
    for inputs, lanes, step, stride, fan_in in sizes():
        p = plan(
            inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in,
            outputs=inputs + lanes // 2 + 1,
        )  # fmt: skip
        assert p.rows * lanes == inputs
        assert (p.groups - 1) * lanes < p.outputs <= p.groups * lanes
        assert p.interval == fan_in * p.groups
        for group, tap in product(range(p.groups), range(fan_in)):
            wanted = read(p, group, tap)
            banks = wanted % lanes
            assert sorted(banks) == list(range(lanes))  # no two lanes share a bank
            served = p.served[tap]
            assert sorted(served) == list(range(lanes))  # nor an output
            assert (banks[served] == np.arange(lanes)).all()
            rows = (step * group + p.quotients[tap] + p.carries[tap]) % p.rows
            assert (rows == wanted[served] // lanes).all()
        count += 1
    assert count > 1500


def test_sums_hop_to_the_lane_where_they_are_fetched() -> None:
    for inputs, lanes, step, stride, fan_in in sizes():
        p = plan(inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in)
        places = np.argsort(p.served, axis=1)  # (taps, outputs of the group): the lane
        hops = np.diff(places, axis=0) % lanes
        assert (hops == p.hop).all()
        assert tuple(places[-1]) == p.result_lanes


def test_classes_are_the_banks_that_read_alike() -> None:
    for inputs, lanes, step, stride, fan_in in sizes():
        p = plan(inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in)
        assert sorted(bank for banks in p.members for bank in banks) == list(range(lanes))
        assert len(set(p.classes)) == len(p.classes) == len(p.members)
        for extra, banks in zip(p.classes, p.members, strict=True):
            assert banks
            for bank in banks:
                assert tuple(p.carries[:, bank]) == extra


def test_reach_covers_what_is_read_and_no_row_more() -> None:
    """The first group tells, unless it reaches round: then all rows must be there."""
    short = 0
    for inputs, lanes, step, stride, fan_in in sizes():
        p = plan(inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in)
        for group in range(p.groups):
            last = max(int(read(p, group, tap).max()) // lanes for tap in range(fan_in))
            assert last <= min(step * group + p.reach, p.rows - 1)
            if group == 0 and step * (lanes - 1) + (fan_in - 1) * stride < inputs:
                assert last == p.reach
                short += p.reach < p.rows - 1
    assert short > 300


# ---------------------------------------------------------------------- row addresses


def shown_rows(p, idle):
    """Return (group, tap, class): row, as the kernels of p.address make them.

    Clock by clock, two frames, `idle` clocks before every group.
    """
    classes = range(len(p.classes))
    now = 0  # the counter
    line = [0] * len(p.classes)  # the counter and its delays
    found = {}
    for frame, group in product(range(2), range(p.groups)):
        for _ in range(idle):
            line = [now, *line[:-1]]
        for tap in range(p.fan_in):
            line[0] = now
            if p.address in ("counter", "turn"):
                rows = list(line)
                ahead = tap == 0 if p.address == "counter" else tap % p.banks == 0
            elif p.address == "tap":
                rows, ahead = [tap], 0
            else:
                rows = [(now + extra[tap]) % p.rows for extra in p.classes]
                ends = (group, tap) == (p.groups - 1, p.fan_in - 1)
                ahead = -now if ends and not p.cyclic else p.moves[tap]
            for k in classes:
                found[frame, group, tap, k] = rows[k]
            line = [now, *line[:-1]]
            now = (now + ahead) % p.rows
    return found


def test_every_form_of_address_gives_the_rows() -> None:
    forms = dict.fromkeys(("counter", "walk"), 0)
    for inputs, lanes, step, stride, fan_in in sizes():
        p = plan(inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in)
        forms[p.address] += 1
        for idle in (0, 1, 7) if p.address == "counter" else (0,):
            for (_, group, tap, k), row in shown_rows(p, idle).items():
                for bank in p.members[k]:
                    output = group * lanes + int(p.served[tap, bank])
                    word = (step * output + tap * stride) % inputs
                    assert (word % lanes, word // lanes) == (bank, row), (p, idle)
    assert min(forms.values()) > 50


def test_an_anchored_layer_reads_every_input_for_every_output() -> None:
    """All lanes take word (tap - 1) mod banks of the row; weights are a matrix, and follow."""
    rng = np.random.default_rng(3)
    forms = dict.fromkeys(("tap", "turn"), 0)
    for inputs, lanes in product((1, 2, 3, 4, 6, 12), (1, 2, 3, 5)):
        for banks in (u for u in range(1, inputs + 1) if inputs % u == 0):
            p = plan(
                inputs=inputs, lanes=lanes, stride=1, fan_in=inputs, outputs=3 * lanes - 1,
                words_in=banks, anchored=True,
            )  # fmt: skip
            forms[p.address] += 1
            assert (p.hop, p.rows, p.members) == (0, inputs // banks, (tuple(range(banks)),))
            matrix = rng.integers(0, 999, (p.outputs, inputs))
            weights = p.in_tap_order(matrix)
            for idle in (0, 1, 7):
                rows = shown_rows(p, idle)
                for frame, group in product(range(2), range(p.groups)):
                    read = [
                        rows[frame, group, tap, 0] * banks + (tap - 1) % banks
                        for tap in range(inputs)
                    ]
                    assert sorted(read) == list(range(inputs))
                    np.testing.assert_array_equal(weights, matrix[:, read])
    assert min(forms.values()) > 20


# ---------------------------------------------------------------------- memories


def test_weights_lie_where_their_lanes_look() -> None:
    rng = np.random.default_rng(0)
    for inputs, lanes, step, stride, fan_in in sizes(8):
        for outputs in {1, lanes, inputs + 1}:
            p = plan(
                inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in, outputs=outputs
            )
            weights = rng.integers(S4.minimum, S4.maximum + 1, (outputs, fan_in))
            words = p.weight_words(weights)
            assert len(words) == p.weight_depth
            fields = np.array([[w >> 4 * b & 15 for b in range(lanes)] for w in words])
            placed = np.zeros_like(fields)
            for o, j in product(range(outputs), range(fan_in)):
                bank = (step * o + j * stride) % inputs % lanes
                word = o // lanes * fan_in + j
                assert fields[word, bank] == weights[o, j] % 16
                placed[word, bank] = 1
            assert not fields[placed == 0].any()  # lanes without an output add nothing


def test_biases_lie_where_the_results_leave() -> None:
    for words_out, outputs in ((1, 7), (2, 8), (4, 5), (4, 9)):
        p = plan(
            inputs=8, lanes=4, stride=1, fan_in=4, outputs=outputs, words_out=words_out, bias=True
        )
        assert p.half == 2
        biases = np.arange(outputs) * (-1) ** np.arange(outputs) * 9
        words = p.bias_words(biases)
        assert len(words) == p.beats_out == -(-outputs // words_out)
        mask = (1 << p.sum_width) - 1
        for o, bias in enumerate(biases):
            word = words[o // words_out]
            assert word >> o % words_out * p.sum_width & mask == (int(bias) + p.half) & mask
        assert max(words) >> words_out * p.sum_width == 0


def test_early_biases_lie_where_their_sums_begin() -> None:
    for stride, step, lanes, groups in ((4, 1, 4, 3), (0, 3, 4, 2), (8, 3, 4, 1), (5, 1, 1, 9)):
        p = plan(
            inputs=16, lanes=lanes, stride=stride, step=step, fan_in=4, outputs=lanes * groups,
            bias=True, source=Format.parse("s1.6"),
        )  # fmt: skip
        assert p.bias_early
        assert not p.bias_late
        assert p.product_width == p.sum_width > p.bias_width
        biases = np.arange(p.outputs) * 7 - 20
        words = p.bias_words(biases)
        assert len(words) == p.bias_depth == groups
        mask = (1 << p.sum_width) - 1
        for o, bias in enumerate(biases):
            group, out = divmod(o, lanes)
            lane = int(np.flatnonzero(p.served[0] == out)[0])
            assert lane == p.result_lanes[out]  # where it begins, it ends
            assert words[group] >> lane * p.sum_width & mask == (int(bias) + p.half) & mask
        assert max(words) >> lanes * p.sum_width == 0


def test_adders_follow_where_biases_cannot_be_early_or_cost_more() -> None:
    usual = {"inputs": 64, "lanes": 4, "stride": 4, "fan_in": 4, "outputs": 16, "bias": True}
    assert plan(**usual).bias_early
    for other in (
        {"bias": False}, {"stride": 1}, {"loadable": True}, {"fan_in": 2}, {"outputs": 24},
        {"fan_in": 3, "target": Target.ECP5},
    ):  # fmt: skip
        assert not plan(**{**usual, **other}).bias_early, other


# ---------------------------------------------------------------------- widths


FORMATS = [
    Format.parse(t) for t in ("s0.0", "u1.0", "u0.1", "s1.2", "u0.4", "s-1.4", "s0.7", "u8.0")
]


def fits(width, *values):
    return all(-(1 << width) <= 2 * v < 1 << width for v in values)


def test_sums_have_the_bits_that_they_need_and_not_one_more() -> None:
    for source, weight in product(FORMATS, repeat=2):
        for fan_in, rounding, hop in product((1, 2, 3, 5, 8), Rounding, (0, 1)):
            for fraction in (-1, 0, 3, 12):
                p = plan(
                    inputs=8, lanes=2, stride=2 - hop, fan_in=fan_in, source=source, weight=weight,
                    result=Format(True, 9 - fraction, fraction), rounding=rounding,
                )  # fmt: skip
                ends = [
                    fan_in * x * w
                    for x in (source.minimum, source.maximum)
                    for w in (weight.minimum, weight.maximum)
                ]
                assert p.limits == (min(0, *ends), max(0, *ends))
                assert p.shift == source.fraction + weight.fraction - fraction
                highest = p.limits[1] + p.half
                assert fits(p.product_width, p.limits[0], highest)
                assert not fits(p.product_width - 1, p.limits[0], highest)
                adds = rounding is Rounding.HALF_UP and p.shift > 0 and not (hop and fan_in > 1)
                assert p.half == (2**p.shift // 2 if adds else 0)


def test_sums_with_bias_have_the_bits_that_they_need() -> None:
    """Whatever the bias, of as many bits as the products; the half comes with it."""
    wide = 0
    for source, weight, fan_in in product(FORMATS, FORMATS, (1, 3, 8)):
        for fraction, rounding in product((-3, 0, 3, 12), Rounding):
            p = plan(
                inputs=8, lanes=2, stride=1, fan_in=fan_in, source=source, weight=weight,
                result=Format(True, 9 - fraction, fraction), rounding=rounding, bias=True,
            )  # fmt: skip
            bias = 1 << p.product_width - 1
            ends = p.limits[0] - bias, p.limits[1] + bias - 1 + p.half
            assert fits(p.sum_width, *ends)
            assert not fits(p.sum_width - 1, *ends)
            wide += p.sum_width > p.product_width + 1
    assert wide > 0


def test_the_rounding_unit_sees_all_that_counts() -> None:
    for source, weight, rounding in product(FORMATS, FORMATS, Rounding):
        for fan_in, hop, fraction, bias in product((1, 3), (0, 1), (-1, 0, 3, 12), (False, True)):
            result = Format(True, 5 - fraction, fraction)
            p = plan(
                inputs=8, lanes=2, stride=2 - hop, fan_in=fan_in, source=source, weight=weight,
                result=result, rounding=rounding, bias=bias,
            )  # fmt: skip
            assert p.low + p.drop == p.shift  # the code begins where it should
            assert p.low + p.word_width >= p.sum_width  # nothing is lost at the top
            assert p.word_width > result.width + p.drop
            if rounding is Rounding.HALF_EVEN:
                assert p.low == min(p.shift, 0)  # all that is dropped decides
            if rounding is Rounding.HALF_UP and p.shift > 0:
                assert p.drop == (0 if p.half else 1)
            if rounding is Rounding.TRUNCATE:
                assert p.drop == p.half == 0


@pytest.mark.parametrize(("low", "high", "width"), [
    (0, 0, 1), (-1, 0, 1), (0, 1, 2), (-2, 1, 2), (-3, 1, 3), (0, 127, 8), (-128, 127, 8),
    (-129, 0, 9), (0, 128, 9),
])  # fmt: skip
def test_the_bits_of_a_signed_word(low, high, width):
    assert signed_width(low, high) == width


# ---------------------------------------------------------------------- what may be chosen


def test_legal_lanes_divide_the_inputs_and_meet_every_bank() -> None:
    for inputs, outputs, step in product(range(1, 25), (1, 3, 8, 30), (1, 2, 3, 6)):
        lanes = legal_lanes(inputs, outputs, step)
        free = [
            p
            for p in range(1, inputs + 1)
            if inputs % p == 0 and len({step * o % p for o in range(p)}) == p
        ]
        beyond = [p for p in free if p >= outputs]
        assert lanes == [p for p in free if not beyond or p <= beyond[0]]
        assert 1 in lanes


def test_an_anchored_layer_has_the_fewest_lanes_for_each_number_of_groups() -> None:
    for outputs in range(1, 40):
        lanes = legal_lanes(7, outputs, 1, anchored=True)
        groups = [-(-outputs // p) for p in lanes]
        assert groups == sorted({-(-outputs // p) for p in range(1, outputs + 1)}, reverse=True)
        assert all(-(-outputs // (p - 1)) > n for p, n in zip(lanes, groups, strict=True) if p > 1)


def test_a_link_keeps_up_with_its_producer() -> None:
    for lanes, fan_in, following in product(range(1, 17), range(1, 9), range(1, 17)):
        fitting = [
            u
            for u in range(1, lanes + 1)
            if lanes % u == 0 and following % u == 0 and lanes // u <= fan_in
        ]
        assert link_words(lanes, fan_in, following) == (fitting[0] if fitting else None)


# ---------------------------------------------------------------------- time


def test_groups_begin_when_their_rows_are_there() -> None:
    rng = np.random.default_rng(1)
    for inputs, lanes, step, stride, fan_in in list(sizes(9))[::7]:
        words_in = int(rng.choice([u for u in range(1, lanes + 1) if lanes % u == 0]))
        p = plan(
            inputs=inputs, lanes=lanes, step=step, stride=stride, fan_in=fan_in, words_in=words_in
        )
        arrivals = np.cumsum(rng.integers(1, 4, inputs // words_in))
        complete = [arrivals[(row + 1) * p.phases_in - 1] for row in range(p.rows)]
        wanted, before = [], None
        for group in range(p.groups):
            row = min(step * group + p.reach, p.rows - 1)
            begin = int(complete[row]) + p.decision
            before = begin if before is None else max(begin, before + fan_in)
            wanted.append(before)
        begins = p.begins(arrivals)
        assert begins.tolist() == wanted
        departures = p.departures(begins)
        assert len(departures) == p.beats_out
        for beat, clock in enumerate(departures):
            group, phase = divmod(beat, p.phases_out)
            assert clock == wanted[group] + fan_in + p.tail_latency + phase
