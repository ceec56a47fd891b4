"""Whatever is wrong in what kolam is given: status 2, one sentence, nothing left behind.

corpus/ holds configurations that must be refused; the first line of each says with which words.
corpus/command_lines/ holds command lines with their words, in a file for each topic. Other
test_bad_*.py have what does not fit into a text file.
"""

import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from kolam.testbenches.wrong_files import GOOD, archive, forged, npy

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.toml"))
LINES = [
    (case["line"], case["says"])
    for path in sorted(Path(__file__).with_name("corpus").glob("command_lines/*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]
NET = """\
engine = "network"
inputs = 16
formats = { input = "s1.6", weights = "s1.6", outputs = "s3.4" }

[[layers]]
name = "fc1"
structure = "cyclic_sparse"
supports = [{ outputs = 8, fan_in = 2, stride = 1 }]
bias = true

[[layers]]
name = "fc2"
structure = "dense"
outputs = 4
"""
ONES = np.ones((8, 2))
NET_WORDS = {"fc1__0__weight": ONES, "fc1__0__bias": np.ones(8), "fc2__0__weight": np.ones((4, 8))}


def net(**changes):
    """Return a file of the network's weights with changes by name; None leaves one out."""
    arrays = {"config": "{}", **NET_WORDS, **changes}
    return archive(**{name: array for name, array in arrays.items() if array is not None})


FILES = {
    "good.toml": GOOD.encode(),
    "net.toml": NET.encode(),
    "empty.toml": b"",
    "empty.npy": b"",
    "empty.npz": b"",
    "junk.toml": bytes(range(128, 256)),
    "junk.npy": bytes(range(256)),
    "junk.npz": bytes(range(256)),
    "floats.npy": npy(np.zeros((2, 8))),
    "nan.npy": npy(np.full((2, 8), np.nan)),
    "wide.npy": npy(np.zeros((2, 16))),
    "flat.npy": npy(np.zeros(8)),
    "none_at_all.npy": npy(np.zeros((0, 8))),
    "large.npy": npy(np.full((2, 8), 200)),
    "complex.npy": npy(np.full((2, 8), 1j)),
    "texts.npy": npy(np.full((2, 8), "1")),
    "pickle.npy": npy(np.full((2, 8), print)),
    "forged.npy": forged((1 << 40, 8)),
    "bare.npz": archive(),
    "outputs.npz": archive(**{"support 1": np.zeros((2, 4))}),
    "misnamed.npz": archive(fc9=np.zeros((2, 4))),
    "misshaped.npz": archive(**{"support 1": np.zeros((2, 5))}),
    "nan.npz": archive(**{"support 1": np.full((2, 4), np.nan)}),
    "texts.npz": archive(**{"support 1": np.full((2, 4), "1")}),
    "net_bare.npz": archive(config="{}"),
    "net_misnamed.npz": net(fc3__0__weight=ONES),
    "net_short.npz": net(fc2__0__weight=None),
    "net_turned.npz": net(fc2__0__weight=np.ones((8, 4))),
    "net_nan.npz": net(fc2__0__weight=np.full((4, 8), np.nan)),
    "net_infinite.npz": net(fc1__0__bias=np.full(8, np.inf)),
    "net_without_a_bias.npz": net(fc1__0__bias=None),
    "net_with_a_bias.npz": net(fc2__0__bias=np.ones(4)),
    "net_beyond.npz": net(fc2__0__weight=np.full((4, 8), 1000)),
}


FOLDERS = ("folder", "folder.npz", "locked.toml")


@pytest.fixture
def files(place):
    """Write the files that the lines of the corpus name."""
    for name, content in FILES.items():
        (place / name).write_bytes(content)
    for name in FOLDERS:
        (place / name).mkdir()


def test_the_good_one_is_good(good, kolam):
    """What follows is refused for what was done to it, and for nothing else."""
    assert kolam("show", good).status == 0


def test_what_the_lines_name_is_good(files, place, kolam):
    """What follows is refused for what its line says, and for nothing else."""
    (place / "net.npz").write_bytes(net())
    assert kolam("show", "net.toml", "--weights", "net.npz").status == 0
    assert kolam("trace", "good.toml", "--input", "floats.npy", "--against", "outputs.npz").out


def test_the_corpus_is_large():
    assert len(CORPUS) + len(LINES) >= 250
    assert all(path.read_text(encoding="utf-8").startswith("# says: ") for path in CORPUS)
    assert len(set(LINES)) == len(LINES)
    contents = {path.read_text(encoding="utf-8").partition("\n")[2] for path in CORPUS}
    assert len(contents) == len(CORPUS)


@pytest.mark.parametrize("command", ["generate", "show"])
@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_bad_configuration(path, command, place, kolam):
    shutil.copy(path, place)
    words = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# says: ")
    asked = ["--out", "made"] if command == "generate" else ["--json"]
    kolam(command, path.name, *asked).refused(words)


@pytest.mark.parametrize(("line", "words"), LINES, ids=lambda value: value.replace("/", "|"))
def test_a_bad_line(line, words, files, kolam):
    """With --json too, which prints nothing on stdout where a sentence is due."""
    first, *others = shlex.split(line)
    kolam(first, *others).refused(words)
    if not first.startswith("-"):
        kolam(first, "--json", *others).refused(words)


@pytest.mark.parametrize(("line", "words"), LINES[::23])
def test_a_sample_by_the_program_itself(line, words, files, place, tree, process):
    before = tree(place)
    process(*shlex.split(line)).refused(words)
    assert tree(place) == before


def test_the_program_itself(place, process):
    """As a person runs it: no traceback from anything that is imported late."""
    process("generate", "none.toml", "--out", "made").refused("No such file or directory")
    assert not list(place.iterdir())
