"""`kolam train`, as it is typed; and the worked example."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kolam.generators import load
from kolam.scripts import cli
from kolam.testbenches import digits

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kolam(tmp_path, monkeypatch, capfd):
    """Return a function that runs the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOLAM_DEBUG", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kolam", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code, *capfd.readouterr()

    return run


SHORT = ("train", "net-64-32-10-csc", "--data", "digits", "--out", "m.npz", "--epochs", "2")


def test_a_model_is_written_and_is_a_design(kolam, tmp_path):
    status, out, err = kolam(*SHORT, "--held-out", "100", "--picture", "curve.svg", "--json")
    assert status == 0
    report = json.loads(out)
    assert {p.name for p in tmp_path.iterdir()} == {"m.npz", "curve.svg"}
    lines = err.splitlines()
    assert lines[0] == "training net_64_32_10_csc on digits"
    pattern = r"\d+/12  loss \d\.\d{4}, right \d+\.\d\d %, held out \d+\.\d\d %(, rounded)?"
    found = [re.fullmatch(pattern, line)[1] for line in lines[1:13]]
    assert found == [None] * 2 + [", rounded"] * 10
    design = load(tmp_path / "m.npz")
    x, y = digits.heldout()
    share = float((design.reference(x).argmax(axis=1) == y).mean())
    assert report["test"]["integer"] == round(share, 4)
    assert report["held_out"]["images"] == 100
    assert report["model"] == "m.npz"
    with np.load(tmp_path / "m.npz") as arrays:
        kept = json.loads(str(arrays["training"]))
    assert {**kept, "model": "m.npz"} == report
    assert kolam("simulate", "m.npz", "--frames", "2")[0] == 0


def test_the_same_words_give_the_same_bytes(kolam, tmp_path):
    for name in ("a.npz", "b.npz"):
        assert kolam(*SHORT, "--out", name)[0] == 0
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_report_is_printed(kolam):
    status, out, _ = kolam(*SHORT, "--bits", "6")
    assert status == 0
    for words in (
        "accuracy, test",
        "of 599 images",
        "compression",
        "saturated",
        "connected",
        "u1.4",
    ):
        assert words in out
    assert "held out" not in out


def test_it_is_stopped_and_resumed(kolam, tmp_path, monkeypatch):
    assert kolam(*SHORT, "--out", "whole.npz")[0] == 0
    say, seen = cli.console.say, []

    def stop(line):
        say(line)
        if line.startswith("2/12"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cli.console, "say", stop)
        status, _, err = kolam(*SHORT)
    assert status == 130
    assert err.endswith(
        "the same command with --resume goes on from m.npz.checkpoint\n\nkolam: interrupted\n"
    )
    assert {p.name for p in tmp_path.iterdir()} == {"whole.npz", "m.npz.checkpoint"}
    status, _, err = kolam(*SHORT, "--resume")
    seen = [line.partition("/")[0] for line in err.splitlines() if "/12" in line]
    assert (status, seen) == (0, [str(n) for n in range(2, 13)])
    assert {p.name for p in tmp_path.iterdir()} == {"whole.npz", "m.npz"}
    assert (tmp_path / "m.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()


def test_nothing_to_go_on_from_is_told(kolam):
    status, _, err = kolam(*SHORT, "--resume")
    assert status == 0
    assert err.startswith("there is no m.npz.checkpoint to go on from: training begins\ntraining ")


def test_arrays_in_a_folder(kolam, tmp_path):
    rng = np.random.default_rng(3)
    for part, count in (("train", 600), ("test", 200)):
        labels = rng.integers(0, 10, count)
        x = rng.normal(0, 0.3, (count, 64))
        x[np.arange(count), labels] += 2
        np.save(tmp_path / f"{part}_x.npy", x)
        np.save(tmp_path / f"{part}_y.npy", labels)
    status, out, _ = kolam(*SHORT, "--data", ".", "--epochs", "5", "--json")
    report = json.loads(out)
    assert status == 0
    assert report["test"]["integer"] > 0.95
    assert report["formats"]["input"].startswith("s")


def test_growth_ends_with_a_model(kolam, tmp_path):
    grow = ("--grow", "--goal", "90", "--compression", "4", "--held-out", "200")
    status, out, err = kolam(*SHORT, *grow, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["trials"][-1]["held"] >= 0.9
    assert report["weights"]["compression"] >= 4
    assert err.startswith("growing net_64_32_10_csc on digits\nfan-in 2, supports 1: ")
    assert load(tmp_path / "m.npz").weight_count["stored"] == report["weights"]["stored"]


def test_growth_ends_without_one(kolam, tmp_path):
    grow = ("--grow", "--goal", "100", "--compression", "6", "--held-out", "200")
    status, out, err = kolam(*SHORT, *grow)
    assert (status, out) == (1, "")
    assert err.endswith("kolam: no network met the goal of 100 % at this compression\n")
    assert list(tmp_path.iterdir()) == []


BAD = {
    "data": (("--data", "minst"), "data must be digits, mnist or a folder of arrays, not 'minst'"),
    "no npz": (("--out", "m.pt"), "--out must be a .npz file, not 'm.pt'"),
    "no place": (("--out", "no/m.npz"), "--out must be a file in a folder that exists, not 'no/m"),
    "picture": (("--picture", "m.pdf"), "--picture must be a .svg or .png file, not 'm.pdf'"),
    "bits": (("--bits", "1"), "bits must be 2 to 16, not 1"),
    "epochs": (("--epochs", "0"), "epochs must be at least 1, not 0"),
    "seed": (("--seed", "-1"), "--seed must be 0 to 2147483647, not -1"),
    "held out": (("--held-out", "1198"), "the images held out must be 0 to 1197, not 1198"),
    "goal alone": (("--goal", "90"), "--grow and --goal must be given together, or none of them"),
    "grow alone": (("--grow",), "--grow and --goal must be given together, or none of them"),
    "goal": (("--grow", "--goal", "0"), "--goal must be above 0, to 100 %, not 0"),
    "compression": (
        ("--grow", "--goal", "9", "--compression", "0.5"), "--compression must be at least 1, not 0"
    ),
    "nothing held out": (("--grow", "--goal", "9"), "images must be held out, for the search to"),
    "too much": (
        ("--grow", "--goal", "9", "--compression", "99", "--held-out", "9"),
        "compression must be at most ",
    ),
    "set": (("--set", "parallelism=0"), "parallelism must be at least 1, not 0"),
    "inputs": (("--set", "inputs=63"), "a design trained on digits must take its 64 features, not"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_sentence(name, kolam, tmp_path):
    arguments, words = BAD[name]
    status, out, err = kolam(*SHORT, *arguments)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"((training|growing) [^\n]*\n)?kolam: [^\n]*[^.\n]\n", err)
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_an_fft_has_nothing_to_train(kolam, tmp_path):
    status, _, err = kolam("train", "fft-64", "--data", "digits", "--out", "m.npz")
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("kolam: DESIGN must have weights to train, and ")


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_what_cannot_be_resumed(content, kolam, tmp_path):
    (tmp_path / "m.npz.checkpoint").write_bytes(content)
    status, _, err = kolam(*SHORT, "--resume")
    assert status == 2
    assert "m.npz.checkpoint must be a checkpoint of kolam, and is none" in err


def test_the_examples_of_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    names = {"__name__": "page"}
    for block in blocks:
        exec(block, names)  # each goes on where the one before ended
    assert names["scores"].shape == (100, 10)
    assert names["design"].interval > 0
    assert load(tmp_path / "mine.npz").config == names["design"].config


def test_the_worked_example(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "my_own_network.py", "--out", tmp_path / "made"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    floats, integers = (float(v) for v in re.findall(r"in \w+: ([\d.]+)%", done.stdout))
    assert min(floats, integers) > 95
    assert abs(floats - integers) < 1.5
    assert "\nPASS design=mine frames=60 " in done.stdout
    bench = subprocess.run(
        ["sh", tmp_path / "made" / "mine" / "run_icarus.sh"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "PASS design=mine " in bench.stdout
