"""The networks of the catalogue: they keep their word, and less parallelism never costs more."""

import pytest

from kolam.testbenches.networks import MULTIPLIERS, RESOURCES

pytestmark = pytest.mark.shown


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_promises(name, kolam, judged):
    """With the fewest multipliers, its own and the most."""
    legal = kolam("show", name)["legal"]
    for multipliers in (legal[0]["parallelism"], None, legal[-1]["parallelism"]):
        asked = [] if multipliers is None else ["--set", f"parallelism={multipliers}"]
        run = kolam("simulate", name, "--with", "verilator", *asked)
        judged(f"{name} on {run['parallelism']['chosen']} multipliers, Verilator", run)


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_less_parallelism_never_costs_more(name, kolam, shown):
    costs, said = [], {}
    for multipliers in MULTIPLIERS[name]:
        asked = ("--set", f"parallelism={multipliers}", "--target", "xc7")
        cost = kolam("synth", name, *asked)
        costs.append(cost)
        said[f"z={multipliers}"] = " ".join(f"{key} {cost[key]:g}" for key in RESOURCES)
    shown(f"{name} for Artix-7, at five numbers z of multipliers", said)
    for resource in RESOURCES:
        found = [cost[resource] for cost in costs]
        assert found == sorted(found), resource
