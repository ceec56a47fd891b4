import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kolam.flows import load_bundle, openroad, simulate_bundle, vivado, write
from kolam.generators import load
from kolam.generators.design import Stream
from kolam.testbenches.simulate import SimulationFailed

CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture(scope="module")
def written(design, tmp_path_factory):
    """Return a hand-off folder to be read, and copied, but not touched."""
    return write(design, tmp_path_factory.mktemp("bundle") / "squares")


@pytest.fixture
def folder(written, tmp_path):
    """Return a copy of it, elsewhere, under a name that tools stumble over."""
    return Path(shutil.copytree(written, tmp_path / "Überraschung & zwei Räume"))


def tree(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def run(folder, *arguments, cwd="/"):
    done = subprocess.run(
        ["sh", str(folder / "run_icarus.sh"), *arguments],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def change(folder, name, content, *, signed=False):
    """Change a file; signed: in the manifest too."""
    (folder / name).write_bytes(content)
    if signed:
        manifest = (folder / "manifest.json").read_text()
        old = json.loads(manifest)["files"][name]
        new = hashlib.sha256(content).hexdigest()
        (folder / "manifest.json").write_text(manifest.replace(old, new))


def test_holds_what_the_design_page_lists(written, design):
    assert set(tree(written)) == {
        *design.files(),
        "files.f",
        "tb/squares_tb.v",
        *(f"vectors/{name}.hex" for name in ("counts", "input", "output")),
        *vivado.files(design, vivado.Options()),
        *openroad.files(design, openroad.Options()),
        "run_icarus.sh",
        "run_yosys.sh",
        "reference/model.npz",
        "manifest.json",
        "README.md",
    }
    assert (written / "files.f").read_text().split() == sorted(
        name for name in design.files() if name.endswith(".v")
    )


def test_manifest_tells_the_promises_and_every_file(written, design):
    manifest = json.loads((written / "manifest.json").read_text())
    for name in ("latency", "interval", "ready_after_reset", "multipliers", "memory_bits"):
        assert manifest[name] == getattr(design, name)
    assert manifest["config"] == design.config.to_dict()
    assert [type(p).from_dict(v) for p, v in zip(design.ports, manifest["ports"], strict=True)] == [
        *design.ports
    ]
    assert manifest["streams"][0]["format"] == "u4.0"
    files = {n: hashlib.sha256(c).hexdigest() for n, c in tree(written).items()}
    del files["manifest.json"]
    assert manifest["files"] == files


def test_model_holds_integers_and_their_formats(written, design):
    with np.load(written / "reference/model.npz", allow_pickle=False) as model:
        assert model["input"].dtype == model["output"].dtype == np.int64
        np.testing.assert_array_equal(model["output"], design.reference(model["input"]))
        assert str(model["input_format"]) == "u4.0"
        assert str(model["output_format"]) == "u8.0"


def test_same_bytes_whatever_the_hash_seed_and_the_folder(written, make_table, tmp_path):
    place = (make_table.__module__, str(CONFTEST))  # a module is named in what it makes
    code = (
        "import importlib.util, sys\n"
        "from kolam.flows import write\n"
        f"spec = importlib.util.spec_from_file_location(*{place!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "write(module.Table(), 'out')\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "LC_ALL": "C", "TZ": "Asia/Kolkata"}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert tree(tmp_path / "out") == tree(written)
    here = str(Path(__file__).parents[2]).encode()
    assert not any(here in content for content in tree(written).values())


def test_readme_says_when_weights_are_random(tmp_path):
    write(load("csc-small", seed=7), tmp_path / "out", frames=1)
    assert "random, of seed 7: for trials only" in (tmp_path / "out/README.md").read_text()
    assert load_bundle(tmp_path / "out").manifest["weights"].startswith("random, of seed 7")


def test_x_becomes_the_vectors(design, tmp_path):
    write(design, tmp_path / "out", x=[[3], [15]])
    code, said = run(tmp_path / "out")
    assert (code, said.split()[:5]) == (
        0, ["PASS", "design=squares", "frames=2", "beats=2", "lasts=2"],
    )  # fmt: skip
    with np.load(tmp_path / "out/reference/model.npz", allow_pickle=False) as model:
        assert model["output"].tolist() == [[9], [225]]


def test_script_passes_from_elsewhere_and_writes_nothing(folder):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    for path in before:
        path.chmod(path.stat().st_mode & 0o555)
    folder.chmod(0o555)
    try:
        code, said = run(folder)
        assert code == 0
        assert said.startswith("PASS design=squares frames=8 beats=8 lasts=8 mismatches=0 ")
        assert said.count("\n") == 1
        assert run(folder, "+stall=40", "+gap=40")[0] == 0
        assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    finally:
        for path in [folder, *before]:
            path.chmod(0o755)


IMAGE = "mem/squares_words.hex"


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        (IMAGE, lambda text: text.replace(b"e1", b"e0")),
        (IMAGE, lambda text: text[:-3]),
        (IMAGE, lambda text: None),
        ("vectors/output.hex", lambda text: text.replace(b"e1", b"e3")),
        ("vectors/output.hex", lambda text: text[: len(text) // 2]),
        ("vectors/input.hex", lambda text: None),
        ("vectors/counts.hex", lambda text: text.replace(b"00000008", b"00000007")),
        (
            "rtl/squares_handshake.v",
            lambda text: text.replace(b"= s_axis_tvalid && s_axis_tlast;", b"= 0;"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_is_spoilt_is_seen(name, spoil, folder):
    content = spoil((folder / name).read_bytes())
    if content is None:
        (folder / name).unlink()
        signed = None
    else:
        assert content != (folder / name).read_bytes()
        change(folder, name, content)
        signed = content
    code, said = run(folder)
    assert code == 1
    assert said.startswith("FAIL ")
    assert said.count("\n") == 1
    with pytest.raises(ValueError, match=f"^{name} must be "):
        load_bundle(folder)
    if signed is not None:  # and with a manifest to match
        change(folder, name, signed, signed=True)
        try:
            assert not simulate_bundle(folder).passed
        except SimulationFailed as error:
            assert str(error).startswith("FAIL ")  # noqa: PT017, either way will do


@pytest.mark.parametrize("name", ["gap", "stall"])
def test_a_pause_without_end_fails(name, folder):
    code, said = run(folder, f"+{name}=100")
    assert code == 1
    assert said.startswith(f"FAIL design=squares reason={name}_must_be_0_to_99 ")


@pytest.mark.parametrize(
    ("name", "shorten"), [("latency", "latency"), ("interval", "interval"), ("ready", "ready")]
)
def test_a_promise_that_is_off_by_one_fails(name, shorten, folder):
    code, said = run(folder, f"+{name}=7")
    assert code == 1
    assert f" reason={shorten} " in said


def test_a_stored_folder_runs_again(folder, design):
    done = simulate_bundle(folder, vcd=folder.parent / "trace.vcd")
    assert done.passed
    assert done.frames == 8
    assert (done.latency, done.interval, done.ready) == (1, 2, 0)
    with np.load(io.BytesIO(load_bundle(folder).files["reference/model.npz"])) as model:
        np.testing.assert_array_equal(done.output, model["output"])
    assert [row[0] for row in done.schedule].count("m") == 8
    assert (folder.parent / "trace.vcd").read_text().count("$var") > 10
    paused = simulate_bundle(folder, stall=0.5, gap=0.5, seed=3)
    assert paused.passed
    assert (paused.latency, paused.interval) == (None, None)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"simulator": "myhdl"}, "simulator must be icarus or verilator"),
        ({"stall": 1.0}, "stall must be a probability of 0 to 0.99, not 1.0"),
        ({"vcd": "/"}, "vcd must be a file, not the folder '/'"),
    ],
)
def test_a_stored_folder_refuses(asked, sentence, folder):
    with pytest.raises(ValueError, match=sentence):
        simulate_bundle(folder, **asked)


def refused(design, out, sentence, **asked):
    before = tree(out.parent)
    with pytest.raises(ValueError, match=sentence):
        write(design, out, **asked)
    assert tree(out.parent) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_foreign_folder_is_left_alone(force, design, tmp_path):
    out = tmp_path / "work"
    out.mkdir()
    (out / "thesis.tex").write_text("years of it")
    refused(design, out, "out must be absent, empty or a folder that kolam wrote", force=force)
    (out / "manifest.json").write_text('{"generator": "webpack", "schema": 1, "files": {}}')
    refused(design, out, "a folder that kolam wrote", force=force)
    refused(design, out / "thesis.tex", "not the file", force=force)
    (tmp_path / "link").symlink_to(out)
    refused(design, tmp_path / "link", "a folder that kolam wrote", force=force)


def test_a_folder_of_ours_is_replaced_by_force_only(folder, make_table):
    other = make_table(words=range(16))
    refused(other, folder, "and --force is given")
    write(other, folder, force=True)
    assert run(folder)[0] == 0
    assert (folder / IMAGE).read_text().split()[-1] == "0f"


def test_what_was_added_to_a_folder_of_ours_is_not_lost(folder, design):
    (folder / "notes.txt").write_text("mine")
    refused(design, folder, "'notes.txt' was added", force=True)


def test_the_folder_one_stands_in_is_refused(design, tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    for out in (".", "..", "/"):
        with pytest.raises(ValueError, match="outside of which one works"):
            write(design, out)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"frames": 0}, "frames must be 1 or more, not 0"),
        ({"x": [[1, 2]]}, r"codes of frame 0 must be of shape \(1,\), not \(2,\)"),
        ({"x": [[16]]}, "the codes of frame 0 must be 0 to 15"),
        ({"x": [[0.5]]}, "codes must be a vector of integers"),
    ],
)
def test_a_wrong_request_writes_nothing(asked, sentence, design, tmp_path):
    refused(design, tmp_path / "out", sentence, **asked)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"generator": "kolam", "schema": 99, "files": {}}',
        '{"generator": "kolam", "schema": 1, "files": {"../../etc/passwd": ""}}',
        '{"generator": "kolam", "schema": 1}',
        "\x00",
        "[" * 100_000,
    ],
    ids=range(8),
)
def test_a_broken_manifest_is_refused(text, folder):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match="must be a folder that kolam wrote"):
        load_bundle(folder)
    shutil.rmtree(folder)
    with pytest.raises(ValueError, match="must be a folder that kolam wrote"):
        load_bundle(folder)


@pytest.mark.parametrize("target", ["generic", "xc7", "ecp5"])
def test_an_engine_is_handed_off_with_all_it_needs(target, tmp_path):
    design = load("csc-digits", set={"target": target})
    out = write(design, tmp_path / "out")
    code, said = run(out)
    assert code == 0, said
    assert said.startswith("PASS design=csc_digits ")
    assert f" latency={design.latency} interval={design.interval} " in said
    assert load(out / "reference/model.npz").files() == design.files()
    image = sorted(out.glob("mem/*.hex"))[-1]
    words = image.read_text().split()
    image.write_text("\n".join([*words[:-1], f"{int(words[-1], 16) ^ 1:0{len(words[-1])}x}"]))
    assert run(out)[0] == 1


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_an_fft_is_handed_off_with_its_gain(direction, tmp_path):
    design = load("fft-64", set={"points": 16, "direction": direction})
    out = write(design, tmp_path / "out")
    code, said = run(out)
    assert code == 0, said
    assert simulate_bundle(out).passed
    assert load(out).files() == design.files()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["gain"] == design.gain == 1 / 16
    assert [s["order"] for s in manifest["streams"]] == ["natural", "bit_reversed"]
    assert [Stream.from_dict(s) for s in manifest["streams"]] == [*design.streams]
    assert "gain 1/16 = 2^-4 exactly.\n" in (out / "rtl/fft_64.v").read_text()
    readme = (out / "README.md").read_text()
    title = {"forward": "An FFT", "inverse": "An inverse FFT"}[direction]
    assert f"\n{title} of 16 points, generated by kolam for the target `generic`" in readme
    assert "| gain, exactly | 1/16 = 2^-4 |\n" in readme
    assert "An element is a complex number" in readme
    assert "`m_axis` comes in bit-reversed order" in readme
    for text in (readme, json.dumps(manifest)):
        assert "weight" not in text
    with np.load(out / "reference/model.npz") as model:
        assert model["input"].shape[1:] == model["output"].shape[1:] == (16, 2)


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_an_fft_of_real_samples_is_handed_off(direction, tmp_path):
    """The packing of element 0 is told wherever the streams are."""
    forward = direction == "forward"
    orders = {} if forward else {"input_order": "bit_reversed", "output_order": "natural"}
    design = load("rfft-1024", set={"points": 16, "direction": direction, **orders})
    out = write(design, tmp_path / "out")
    code, said = run(out)
    assert code == 0, said
    assert simulate_bundle(out).passed
    assert load(out).files() == design.files()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["gain"] == design.gain == 1 / 16
    assert (manifest["latency"], manifest["interval"]) == (design.latency, 16)
    half = "m_axis" if forward else "s_axis"
    note = f"Element 0 of {half} packs two real ones: re is X[0], im is X[8]."
    assert manifest["notes"] == [note]
    told = [(s["name"] == half, s["parts"], s["beats"], s["order"]) for s in manifest["streams"]]
    assert sorted(told) == [(False, 1, 16, "natural"), (True, 2, 8, "bit_reversed")]
    assert [Stream.from_dict(s) for s in manifest["streams"]] == [*design.streams]
    title = "An FFT of 16 real samples" if forward else "An inverse FFT to 16 real samples"
    top = (out / "rtl/rfft_1024.v").read_text()
    assert f"\n// {title}, gain 1/16 = 2^-4 exactly.\n// {note}\n" in top
    readme = (out / "README.md").read_text()
    assert f"\n{title}, generated by kolam for the target `generic`" in readme
    assert f"\nAn element of `{half}` is a complex number, re in its lower half" in readme
    assert f"\n{note}\n" in readme
    assert f"`{half}` comes in bit-reversed order" in readme
    with np.load(out / "reference/model.npz") as model:
        shapes = [model[name].shape[1:] for name in ("input", "output")]
        assert shapes == ([(16,), (8, 2)] if forward else [(8, 2), (16,)])


def test_an_engine_without_a_gain_tells_none(written):
    assert not {"gain", "notes"} & json.loads((written / "manifest.json").read_text()).keys()
    assert "| gain" not in (written / "README.md").read_text()
