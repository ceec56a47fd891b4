"""The main job on real input."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kolam.scripts import cli
from kolam.testbenches import digits

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["frames", "mismatches", "accuracy", "latency", "interval", "resources", "bundle"]


def judge(found):
    """Demand what must be shown, of the object that demo --json prints."""
    assert list(found) == KEYS
    assert found["mismatches"] == 0
    accuracy = found["accuracy"]
    assert list(accuracy) == ["float", "integer", "rtl"]
    assert accuracy["rtl"] == accuracy["integer"]
    assert accuracy["float"] >= 0.95
    assert abs(accuracy["integer"] - accuracy["float"]) <= 0.01
    for promise in ("latency", "interval"):
        assert found[promise]["measured"] == found[promise]["promised"]


def test_a_few_images(tmp_path, monkeypatch, capfd):
    codes, labels = digits.heldout()
    monkeypatch.setattr(digits, "heldout", lambda: (codes[:40], labels[:40]))
    monkeypatch.setattr(sys, "argv", ["kolam", "demo", "--json", "--out", str(tmp_path / "demo")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out, err = capfd.readouterr()
    assert end.value.code == 0, err
    found = json.loads(out)
    judge(found)
    assert found["frames"] == 40
    assert found["resources"]["dsp"] == 18
    assert found["bundle"] == str(tmp_path / "demo" / "csc_digits")
    made = {path.name for path in (tmp_path / "demo").iterdir()}
    assert made == {"csc_digits", "layers.png", "schedule.png"}
    vectors = (tmp_path / "demo" / "csc_digits" / "vectors" / "output.hex").read_text()
    assert len(vectors.splitlines()) == 40 * 10


def test_scikit_learn_is_missed_in_one_sentence(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setattr(sys, "argv", ["kolam", "demo", "--out", str(tmp_path / "demo")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert re.fullmatch(r"kolam: [^\n]*pip install[^\n]*\n", capfd.readouterr().err)
    assert not (tmp_path / "demo").exists()


@pytest.mark.shown
def test_demo_of_a_fresh_clone(tmp_path, shown):
    clone = tmp_path / "kolam"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    done = subprocess.run(
        ["bash", str(clone / "scripts" / "demo"), "--json"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    shown(
        "fresh clone, ./scripts/demo",
        {key: found[key] for key in ("frames", "mismatches", "accuracy", "latency", "interval")},
    )
    judge(found)
    assert found["frames"] == 599
