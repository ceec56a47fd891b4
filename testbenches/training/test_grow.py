"""The search takes the smallest network that meets a goal, and none that is too large."""

from dataclasses import replace

import numpy as np
import pytest

from kolam.generators import load
from kolam.generators.cyclic_sparse import Activation
from kolam.training import grow as search
from kolam.training import load_data
from kolam.training.grow import candidates


@pytest.fixture(scope="module")
def data():
    return load_data("digits").held_out(200)


@pytest.fixture(scope="module")
def config():
    return load("csc-digits").config


def test_candidates_grow_and_keep_the_widths(config):
    found = list(candidates(config, 4))
    weights = [row[0] for row in found]
    assert weights == sorted(weights)
    assert weights[-1] <= (64 * 64 + 64 * 64 + 640) / 4
    assert len(found) > 5
    for stored, fan_in, supports, made in found:
        assert stored == sum(s.outputs * s.fan_in for s in made.stages)
        assert [s.outputs for s in made.stages] == [*[64] * (2 * supports), 10]
        assert {s.fan_in for s in made.stages[:-1]} == {fan_in}
        ends = [s.activation for s in made.stages][supports - 1 :: supports]
        assert ends[:2] == [Activation.RELU, Activation.RELU]
        assert {s.bias for s in made.stages[: supports - 1]} <= {supports >= 3}


def test_wide_taps_are_no_more_than_the_inputs():
    narrow = replace(load("net-64-32-10").config, inputs=5, parallelism=None)
    made = [row[3] for row in candidates(narrow, 0.01)]
    assert max(m.stages[0].fan_in for m in made) == 5


def test_a_compression_beyond_reach(config):
    words = r"^compression must be at most 9.9 for these layers, not 10$"  # 8832 / (2 64 2 + 640)
    with pytest.raises(ValueError, match=words):
        list(candidates(config, 10))


def test_the_first_that_meets_the_goal_is_taken(config, data):
    told = []
    made, trials = search(config, data, goal=0.9, compression=4, seed=1, told=told.append)
    assert told == trials
    assert all(trial.held < 0.9 for trial in trials[:-1])
    assert trials[-1].held >= 0.9
    assert trials[-1].weights == sum(s.outputs * s.fan_in for s in made.stages)
    assert trials[-1].compression == pytest.approx(8832 / trials[-1].weights)
    order = [row[0] for row in candidates(config, 4)]
    assert [trial.weights for trial in trials] == order[: len(trials)]


def test_no_goal_is_met(config, data):
    made, trials = search(config, data, goal=1.0, compression=9)
    assert made is None
    assert len(trials) == len(list(candidates(config, 9))) > 0


def test_connectivity_grows_with_the_supports(config, data):
    _, trials = search(config, data, goal=1.0, compression=7.5)
    by_fan_in = {}
    for trial in trials:
        by_fan_in.setdefault(trial.fan_in, []).append(trial.connected)
    several = [shares for shares in by_fan_in.values() if len(shares) > 1]
    assert several
    assert all((np.diff(shares) > 0).all() for shares in several)


def test_the_search_needs_images_to_judge_by(config):
    with pytest.raises(ValueError, match=r"^images must be held out, for the search to judge by$"):
        search(config, load_data("digits"), goal=0.9, compression=4)
