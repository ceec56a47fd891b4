"""`kolam simulate` of layers."""

import json

import numpy as np
import pytest

from kolam.generators import load
from kolam.generators.cyclic_sparse import CyclicSparse

FORGED = "{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000, 8), }"


def test_simulate_json_is_one_object(tiny, kolam):
    done = kolam("simulate", tiny, "--frames", "9", "--seed", "3", "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert list(found) == [
        "design", "simulator", "seed", "frames", "mismatches", "saturated", "parallelism",
        "latency", "interval", "clocks_per_second",
    ]  # fmt: skip
    assert (found["design"], found["simulator"], found["seed"]) == ("tiny", "icarus", 3)
    assert (found["frames"], found["mismatches"]) == (9, 0)
    for promise in ("latency", "interval"):
        assert found[promise]["promised"] == found[promise]["measured"]


def test_simulate_a_file(tiny, kolam, place):
    """Floats are quantised; the codes that come out are those of the design's own model."""
    x = np.linspace(-1.5, 1.5, 24).reshape(3, 8)
    np.save(place / "x.npy", x)
    done = kolam("simulate", tiny, "--input", "x.npy", "--output", "y")
    assert done.status == 0, done.err
    assert done.out.startswith("PASS design=tiny frames=3 ")
    assert "quantised to s1.6" in done.err
    design = load(str(tiny))
    codes = np.floor(x * 64 + 0.5).astype(np.int64)
    np.testing.assert_array_equal(np.load(place / "y"), design.reference(codes))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 7)), ["7"]),
        (np.zeros(8), ["(8,)"]),
        (np.full((2, 8), np.nan), ["NaN"]),
        (np.full((2, 8), 128), ["128"]),
        (np.full((2, 8), None), []),
        (np.full((2, 8), "1"), ["integer"]),
    ],
)
def test_a_file_that_cannot_be_run(x, words, tiny, kolam, place):
    np.save(place / "x.npy", x)
    done = kolam("simulate", tiny, "--input", "x.npy")
    done.refused("x.npy must ", *words)
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\x00v\x00" + f"{FORGED:<117}\n".encode(),
    ],
)
def test_a_file_that_is_none(content, tiny, kolam, place):
    (place / "x.npy").write_bytes(content)
    kolam("simulate", tiny, "--input", "x.npy").refused("x.npy must be a .npy file")


def test_floats_of_layers_beyond_the_format_are_counted(kolam, tiny, place):
    np.save(place / "x.npy", np.full((1, 8), 2.0))
    done = kolam("simulate", tiny, "--input", "x.npy")
    assert "x.npy holds floats: quantised to s1.6, and 8 of 8 beyond it limited to it\n" in done.err


def test_what_was_not_measured_is_said(tiny, kolam):
    done = kolam("simulate", tiny, "--frames", "1")
    assert f" latency={load(tiny).latency} interval=none " in done.out
    assert "not measured: interval" in done.err
    done = kolam("simulate", tiny, "--gap", "0.3", "--json")
    found = json.loads(done.out)
    assert found["latency"]["measured"] is found["interval"]["measured"] is None


def test_a_check_that_fails_has_status_1(tiny, kolam, monkeypatch):
    """The golden answer is changed, so the Verilog must differ from it."""
    reference = CyclicSparse.reference
    monkeypatch.setattr(CyclicSparse, "reference", lambda self, x: reference(self, x) ^ 1)
    done = kolam("simulate", tiny, "--json")
    assert done.status == 1
    assert json.loads(done.out)["mismatches"] > 0
