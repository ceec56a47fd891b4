import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kolam.flows import staging

OLD = {"a/one": b"old one", "two": b"old two", "run.sh": b"#!/bin/sh\n", "manifest": b"old"}
NEW = {"a/one": b"new one", "b/c/three": b"new three" * 5000, "manifest": b"new"}


def put(target, files):
    staging.write_folder(target, files, last="manifest", admit=lambda _: None)


def tree(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("before", ["absent", "empty", "full"])
def test_folder_becomes_what_was_asked_for(before, tmp_path):
    target = tmp_path / "x" / "out"
    if before == "empty":
        target.mkdir(parents=True)
    if before == "full":
        put(target, OLD)
    put(target, NEW)
    assert tree(target.parent) == {f"out/{name}": content for name, content in NEW.items()}


def test_a_script_may_be_executed_and_permissions_follow_the_umask(tmp_path):
    put(tmp_path / "out", OLD)
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "out/run.sh").stat().st_mode & 0o777 == 0o777 & ~mask
    assert (tmp_path / "out/two").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~mask


def test_a_folder_that_was_made_read_only_is_replaced(tmp_path):
    put(tmp_path / "out", OLD)
    (tmp_path / "out/a").chmod(0o500)
    (tmp_path / "out").chmod(0o500)
    put(tmp_path / "out", NEW)
    assert tree(tmp_path) == {f"out/{name}": content for name, content in NEW.items()}


class Fault:
    """Raises an OSError at the n-th call of whatever may fail; counts the calls."""

    def __init__(self, monkeypatch, at, code):
        self.calls, self.at, self.code = 0, at, code
        for owner, name in ((os, "open"), (os, "fsync"), (Path, "mkdir"), (Path, "rename")):
            monkeypatch.setattr(owner, name, self.guard(getattr(owner, name)))
        monkeypatch.setattr(staging, "open", self.opened, raising=False)
        monkeypatch.setattr(staging, "_exchange", self.guard(staging._exchange))

    def guard(self, call):
        def guarded(*args, **kwargs):
            self.step()
            return call(*args, **kwargs)

        return guarded

    def step(self):
        self.calls += 1
        if self.calls == self.at:
            raise OSError(self.code, os.strerror(self.code), "somewhere")

    def opened(self, *args):
        return Unwilling(open(*args), self.step)


class Unwilling:
    """A file that asks before it writes."""

    def __init__(self, file, ask):
        self.file, self.ask = file, ask

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.ask()
        self.file.write(content[len(content) // 2 :])

    def flush(self):
        self.file.flush()


@pytest.mark.parametrize("before", ["absent", "full"])
def test_an_error_at_any_step_leaves_all_as_it_was(before, tmp_path, monkeypatch):
    target = tmp_path / "deep" / "er" / "out"
    refused = 0
    for step in itertools.count(1):
        shutil.rmtree(tmp_path / "deep", ignore_errors=True)
        if before == "full":
            put(target, OLD)
        was = sorted(tmp_path.rglob("*"))
        code = [errno.ENOSPC, errno.EROFS, errno.EACCES][step % 3]
        with monkeypatch.context() as patch:
            fault = Fault(patch, step, code)
            try:
                put(target, NEW)
                said = 0
            except OSError as error:
                said = error.errno
        if said:
            assert said == code
            assert sorted(tmp_path.rglob("*")) == was
            assert before == "absent" or tree(target) == OLD
            refused += 1
        else:
            assert tree(target) == NEW
        if fault.calls < step:
            break
    assert refused >= 15


def test_without_an_exchange_the_old_folder_is_moved_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(staging.sys, "platform", "darwin")
    put(tmp_path / "out", OLD)
    put(tmp_path / "out", NEW)
    assert tree(tmp_path) == {f"out/{name}": content for name, content in NEW.items()}


def test_what_a_killed_run_moved_aside_comes_back(tmp_path, monkeypatch):
    put(tmp_path / ".out.kolam-old", OLD)
    put(tmp_path / ".out.kolam-123", NEW)
    put(tmp_path / ".other.kolam-123", NEW)
    monkeypatch.setattr(staging, "_fill", lambda *_: (_ for _ in ()).throw(OSError(1, "no")))
    with pytest.raises(OSError, match="no"):
        put(tmp_path / "out", NEW)
    assert tree(tmp_path / "out") == OLD
    assert sorted(p.name for p in tmp_path.iterdir()) == [".other.kolam-123", "out"]


def test_a_second_writer_is_refused(tmp_path):
    with (
        staging._locked(tmp_path / "out"),
        pytest.raises(BlockingIOError, match="another run is writing here"),
    ):
        put(tmp_path / "out", NEW)
    assert not list(tmp_path.iterdir())


WRITER = """
import sys
from pathlib import Path
from kolam.flows import staging

target, mark, rounds = Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])
files = {f"f{k}/{k}": mark * 999 for k in range(20)} | {"manifest": mark}
print("ready", flush=True)
done = 0
while done < rounds:
    try:
        staging.write_folder(target, files, last="manifest", admit=lambda _: None)
        done += 1
    except BlockingIOError:
        pass
"""


def writer(target, mark, rounds):
    words = [sys.executable, "-c", WRITER, str(target), mark, str(rounds)]
    child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


def assert_whole(target):
    found = tree(target)
    assert len(found) == 21
    mark = found.pop("manifest")
    assert set(found.values()) == {mark * 999}


@pytest.mark.parametrize("trials", [5, pytest.param(100, marks=pytest.mark.shown)])
def test_a_killed_run_leaves_the_old_folder_or_the_new(trials, tmp_path):
    target, moments = tmp_path / "out", random.Random(trials)
    for trial in range(trials):
        child = writer(target, "ab"[trial % 2], 10**9)
        time.sleep(moments.uniform(0, 0.05))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if target.exists():
            assert_whole(target)
    put(target, NEW)
    assert tree(tmp_path) == {f"out/{name}": content for name, content in NEW.items()}


def test_two_writers_never_mix(tmp_path):
    children = [writer(tmp_path / "out", mark, 8) for mark in "ab"]
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert_whole(tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


# a file


def test_a_file_is_written_over(tmp_path):
    path = tmp_path / "a"
    for content in (b"one", b"another"):
        staging.write_file(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_behind_a_link_is_written_over(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "link").symlink_to("a")
    staging.write_file(tmp_path / "link", b"another")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"another"


@pytest.mark.parametrize("call", ["write_bytes", "replace"])
@pytest.mark.parametrize("before", [b"as it was", None])
def test_a_file_that_cannot_be_written_is_as_it_was(call, before, tmp_path, monkeypatch):
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "elsewhere")

    monkeypatch.setattr(Path, call, fail)
    with pytest.raises(OSError, match="No space") as error:
        staging.write_file(path, b"another")
    monkeypatch.undo()
    assert error.value.filename == str(path)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [before] * (before is not None)


def test_a_device_is_written_as_it_is():
    staging.write_file(Path("/dev/null"), b"all")
    assert not Path("/dev/null").is_file()
    with pytest.raises(OSError, match="No space"):
        staging.write_file(Path("/dev/full"), b"all")
