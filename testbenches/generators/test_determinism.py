"""The same design makes the same bytes: under any hash seed, in any folder, after any other."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kolam.flows import write
from kolam.generators import load

TARGETS = {"any": "generic", "lattice": "ecp5"}  # by name of the design
CONFIG = """
engine = "cyclic_sparse"
inputs = 18
input_lanes = 4
parallelism = 9
target = "{target}"
supports = [
    {{outputs = 20, fan_in = 3, stride = 4}},
    {{outputs = 7, fan_in = 5, stride = 3, step = 3, bias = true, activation = "clipped_relu"}},
]
formats = {{input = "s1.6", weights = ["s1.6", "s0.9"], outputs = "s2.5"}}
"""
PROGRAM = """
import json, sys
from kolam.flows import write
from kolam.generators import load
from kolam.testbenches.random_configs import random_config
from kolam.generators.cyclic_sparse import build

if "other" in sys.argv:
    build(random_config(7), name="another").files()
for name in sys.argv[1].split(","):
    write(load(name + ".toml", seed=5), name, frames=3)
"""


def sums(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def configured(folder):
    folder.mkdir(parents=True)
    for name, target in TARGETS.items():
        (folder / f"{name}.toml").write_text(CONFIG.format(target=target))


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """Return the sums of what this process makes, by design."""
    place = tmp_path_factory.mktemp("here") / "x"
    configured(place)
    for name in TARGETS:
        write(load(place / f"{name}.toml", seed=5), place / name, frames=3)
    return {name: sums(place / name) for name in TARGETS}


@pytest.mark.parametrize(
    ("seed", "folder", "other"),
    [("0", "a", ""), ("1", "a much/longer path ü/b", ""), ("4294967295", "c", "other")],
)
def test_the_same_bytes_from_another_process(seed, folder, other, wanted, tmp_path):
    configured(tmp_path / folder)
    subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(TARGETS), *[other] * bool(other)],
        cwd=tmp_path / folder, env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
    )  # fmt: skip
    assert {name: sums(tmp_path / folder / name) for name in TARGETS} == wanted


def test_nothing_of_this_machine_is_written(wanted, tmp_path):
    configured(tmp_path / "place")
    out = write(load(tmp_path / "place" / "any.toml"), tmp_path / "place" / "out", frames=3)
    private = [str(tmp_path), str(Path.home()), os.uname().nodename, str(Path(__file__).parents[2])]
    for path in out.rglob("*"):
        text = path.read_bytes().decode("latin-1") if path.is_file() else ""
        assert not [word for word in private if len(word) > 3 and word in text], path


def test_another_seed_changes_images_and_vectors_only(tmp_path):
    configured(tmp_path / "place")
    made = [load(tmp_path / "place" / "any.toml", seed=seed).files() for seed in (1, 2)]
    different = {name for name in made[0] if made[0][name] != made[1][name]}
    assert made[0].keys() == made[1].keys()
    images = {name for name in made[0] if name.startswith("mem/")}
    # and the modules that name their checksums
    assert images < different
    assert all("support_layer" in name for name in different - images)
