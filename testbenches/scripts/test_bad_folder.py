"""Where a folder must not go, and whatever fails while it is written."""

import errno
import itertools
import os
from pathlib import Path

import pytest

from kolam.flows import staging
from kolam.generators import load
from kolam.scripts import cli_folder


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize(
    "out", ["thesis", "thesis/years.tex", "link", ".", "..", "/", "thesis/../.."]
)
def test_a_folder_that_is_not_ours(out, force, good, place, kolam):
    (place / "thesis").mkdir()
    (place / "thesis" / "years.tex").write_text("of it")
    (place / "link").symlink_to("thesis")
    kolam("generate", good, "--out", out, *force).refused("out must be ")


@pytest.mark.parametrize(
    "out",
    ["good.toml/x", "/dev/null/x", "/proc/x/y", "x" * 300],
    ids=["file", "null", "proc", "long"],
)
def test_a_folder_that_cannot_be_made(out, good, kolam):
    kolam("generate", good, "--out", out).refused()


def test_a_folder_of_ours_is_kept_without_force(good, place, kolam):
    assert kolam("generate", good, "--out", "made").status == 0
    kolam("generate", good, "--out", "made").refused("--force")
    (place / "made" / "notes.txt").write_text("mine")
    kolam("generate", good, "--out", "made", "--force").refused("'notes.txt' was added")


def test_two_at_once_are_told(good, place, kolam):
    with staging._locked(place / "made"):
        kolam("generate", good, "--out", "made").refused("another run is writing here")


@pytest.mark.parametrize("before", [False, True], ids=["absent", "there"])
def test_every_write_can_fail(before, good, place, kolam, tree, monkeypatch):
    """Calls that write, in turn, with each of three errors in turn; test_staging has them all."""
    design = load(good)
    # which is not made anew for each
    monkeypatch.setattr(cli_folder, "load_design", lambda *_: design)
    if before:
        assert kolam("generate", good, "--out", "deep/made").status == 0
    there = tree(place.parent)
    codes = itertools.cycle([errno.ENOSPC, errno.EROFS, errno.EACCES])
    failed = 0
    for step in itertools.chain(range(9), itertools.count(9, 11)):
        code, calls = next(codes), itertools.count()

        def fail(code=code, calls=calls, due=step):
            if next(calls) == due:
                raise OSError(code, os.strerror(code), "somewhere")

        with monkeypatch.context() as patch:
            guard(patch, fail)
            done = kolam("generate", good, "--out", "deep/made", *["--force"] * before)
        if done.status == 0:
            break
        done.refused(os.strerror(code))
        failed += 1
    assert failed > 15
    assert (place / "deep" / "made" / "manifest.json").exists()
    assert (tree(place.parent) == there) == before  # of the same bytes, if it was there


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
