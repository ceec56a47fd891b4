"""What commands share: --set, --weights, a speed that is asked for."""

import json

import numpy as np
import pytest

from kolam.scripts.cli_options import settings


def test_settings():
    found = settings(("a=64", "b=true", "c=s1.6", 'd="7"', "e=[1, 2]", "f.g=x=y", "h=", "i=1\nj=2"))
    assert found == {
        "a": 64, "b": True, "c": "s1.6", "d": "7", "e": [1, 2], "f.g": "x=y", "h": "",
        "i": "1\nj=2",
    }  # fmt: skip


def test_weights_beyond_their_format_are_told(kolam, tiny):
    words = {"layer0.0.weight": np.full((8, 2), 9.0), "layer0.1.weight": np.zeros((4, 4))}
    np.savez(tiny.with_name("w.npz"), config="{}", **words, **{"layer0.1.bias": np.zeros(4)})
    done = kolam("show", tiny, "--weights", "w.npz")
    assert done.status == 0
    assert done.err == "16 weights beyond their format were limited to it\n"
    assert kolam("show", tiny).err == ""


def test_a_speed_that_is_asked_for(kolam, place):
    """The fewest multipliers that reach it, in every command, and the file keeps what it means."""
    asked = ("--target-fps", "1e6", "--clock", "100")
    found = json.loads(kolam("show", "net-64-32-10-csc", *asked, "--json").out)
    assert found["frames_per_second"] >= 1e6
    assert (found["parallelism"]["chosen"], found["interval"]) == (12, 96)
    assert [way["interval"] for way in found["legal"] if way["parallelism"] < 12][-1] > 100
    run = json.loads(kolam("simulate", "net-64-32-10-csc", *asked, "--json").out)
    assert run["interval"] == {"promised": 96, "measured": 96}
    assert kolam("generate", "net-64-32-10-csc", *asked, "--out", "made").status == 0
    assert json.loads((place / "made" / "manifest.json").read_text())["config"]["interval"] == 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target-fps", "5"], "--target-fps must be given with --clock"),
        (["--target-fps", "0", "--clock", "5"], "--target-fps must be a number above 0, not 0"),
        (["--target-fps", "5", "--clock", "inf"], "--clock must be a number above 0, not inf"),
        (["--target-fps", "2e8", "--clock", "100"],
         "--target-fps must be at most 1e+08, a frame a clock, not 2e+08"),
        (["--target-fps", "1e7", "--clock", "100"], "interval must be at least 32 clocks, not 10"),
        (["--target-fps", "5", "--clock", "1", "--set", "parallelism=3"],
         "parallelism and interval must not both be given"),
    ],
)  # fmt: skip
def test_a_speed_is_refused(options, words, kolam):
    done = kolam("show", "net-64-32-10-csc", *options)
    assert done.status == 2
    assert words in done.err
