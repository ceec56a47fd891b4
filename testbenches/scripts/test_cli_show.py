"""`kolam show` and `kolam trace` of layers."""

import json
import tomllib

import numpy as np
import pytest

from kolam.generators import load
from kolam.testbenches import stimulus


def test_show(tiny, kolam):
    done = kolam("show", tiny, "--clock", "250")
    assert done.status == 0
    for word in ("latency", "interval", "at 250 MHz", "s1.6", "weights", "bottleneck", "logic"):
        assert word in done.out or word == "bottleneck"
    found = json.loads(kolam("show", tiny, "--clock", "250", "--json").out)
    assert f"{found['latency']} clocks" in done.out
    assert f"{found['interval']} clocks" in done.out
    assert f"set by {found['bottleneck']}" in done.out
    assert found["weights"] == {"stored": 8 * 2 + 4 * 4, "dense": 8 * 4}
    assert found["connectivity"] == {"connected": 32, "pairs": 32}
    assert [layer["inputs"] for layer in found["layers"]] == [8, 8]
    assert ".0 frames/s" not in done.out
    assert " \n" not in done.out
    for way in found["legal"]:
        chosen = json.loads(
            kolam("show", tiny, "--set", f"parallelism={way['parallelism']}", "--json").out
        )
        assert chosen["parallelism"]["lanes"] == way["lanes"]
        assert chosen["interval"] >= way["interval"]  # a stream may be slower


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_picture(ending, tiny, kolam, place):
    picture = place / f"layers.{ending}"
    assert kolam("show", tiny, "--picture", picture).status == 0
    first = picture.read_bytes()
    assert len(first) > 4000
    assert kolam("show", tiny, "--picture", picture).status == 0
    assert picture.read_bytes() == first


def test_show_by_layer(tiny, kolam):
    """Costs add up, the slowest layer is marked, and a device has its shares."""
    done = kolam("show", tiny, "--part", "xc7a35tcpg236-1")
    found = json.loads(kolam("show", tiny, "--part", "xc7a35t", "--json").out)
    assert found["part"]["name"] == "xc7a35t"
    assert found["part"]["available"] == {"lut": 20800, "ff": 41600, "dsp": 90, "bram36": 50}
    luts = sum(found["estimate"][key] for key in ("lut", "srl", "lutram"))
    assert found["part"]["used"]["lut"] == round(luts / 20800, 4)
    assert f"{luts / 20800:.1%}".replace("%", " %") in done.out
    assert "of xc7a35t" in done.out
    marked = [line.split()[0] for line in done.out.splitlines() if "sets the interval" in line]
    slowest = [layer["name"] for layer in found["layers"] if layer["interval"] == found["interval"]]
    assert marked == slowest
    assert found["latency_us"] == found["latency"] / 100
    assert f"{found['latency_us']:g} µs at 100 MHz" in done.out


def test_show_config(tiny, kolam, place):
    """The file, stdout and the object are one configuration; of it the same design is made."""
    changed = ("show", tiny, "--set", "interval=16")
    assert kolam(*changed, "--config", "again.toml").status == 0
    text = (place / "again.toml").read_text(encoding="utf-8")
    assert kolam(*changed, "--config", "-").out == text
    first = json.loads(kolam(*changed, "--json").out)
    assert tomllib.loads(text) == first["config"]
    assert "interval" not in first["config"]
    second = json.loads(kolam("show", "again.toml", "--json").out)
    for asked in (first, second):
        asked["parallelism"].pop("asked")
    assert second == first


def test_show_a_network(kolam):
    done = kolam("show", "net-64-32-10", "--set", "argmax=true")
    for words in ("set by fc2", "fc1.0", "a class index, 0 to 9: which of the 10 outputs of fc2"):
        assert words in " ".join(done.out.split())
    assert "net_64_32_10_fc1_0_weights.hex" in done.out


def test_trace(tiny, kolam, place):
    """Table and object say the same; the float chain is fed with the values, whatever is beyond."""
    x = np.linspace(-1.5, 2.5, 24).reshape(3, 8)
    np.save(place / "x.npy", x)
    done = kolam("trace", tiny, "--input", "x.npy", "--picture", "t.svg")
    assert (done.status, done.err) == (0, "the picture is t.svg\n")
    assert done.out.startswith("tiny  x.npy holds floats: quantised to s1.6, and 3 of 24 beyond it")
    assert (place / "t.svg").read_text().count("support 1") == 1
    found = json.loads(kolam("trace", tiny, "--input", "x.npy", "--json").out)
    wanted = load(str(tiny)).trace(x)
    assert found == wanted.to_dict()
    rows = {line.partition("  ")[0]: line for line in done.out.splitlines()}
    for layer in wanted.values():
        assert f"{layer.sqnr_db:.1f}" in rows[layer.name].split()
    assert found["clipped"] == 3


def test_trace_of_random_frames(tiny, kolam):
    done = kolam("trace", tiny, "--frames", "5", "--seed", "3")
    assert done.out.startswith("tiny  5 random frames, of seed 3; weights: random, of seed 3")
    found = json.loads(kolam("trace", tiny, "--frames", "5", "--seed", "3", "--json").out)
    design = load(str(tiny), seed=3)
    assert found == design.trace(stimulus.even(design, 5, 3)).to_dict()


def test_trace_names_formats_that_would_hold_all(tiny, kolam, place):
    weights = [np.full((8, 2), 127), (np.full((4, 4), 127), np.zeros(4, int))]
    arrays = {"layer0.0.weight": weights[0], "layer0.1.weight": weights[1][0]}
    np.savez(place / "w.npz", config="{}", **arrays, **{"layer0.1.bias": weights[1][1]})
    np.save(place / "x.npy", np.full((1, 8), 64))
    done = kolam("trace", tiny, "--weights", "w.npz", "--input", "x.npy")
    # 1 * 127/64 * 2 = 3.97 needs two integer bits; that times 127/64 * 4 = 31.5 five
    assert "formats that would hold all of it: support 0 s2.6, support 1 s5.6" in done.out


def test_trace_against_a_model(tiny, kolam, place):
    x = np.linspace(-1, 1, 16).reshape(2, 8)
    np.save(place / "x.npy", x)
    own = load(str(tiny)).predict(x) + 1
    np.savez(place / "own.npz", **{"support 1": own})
    against = ("trace", tiny, "--input", "x.npy", "--against", "own.npz")
    found = json.loads(kolam(*against, "--json").out)
    assert [layer["given"] for layer in found["layers"]] == [False, True]
    assert found["layers"][1]["rms_error"] > 0.9
    assert "support 1 (own)" in kolam(*against).out
