"""Writes a folder, or a file, whole or not at all.

What is written goes into a sibling, .NAME.kolam-PID, which then takes its place in one step. Beside
a folder a lock keeps others out, and whoever holds it removes what killed runs have left.
"""

import ctypes
import errno
import fcntl
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_ASIDE = "old"


def write_folder(
    target: Path, files: Mapping[str, bytes], *, last: str, admit: Callable[[Path], None]
) -> None:
    """Make `target` a folder of these files by relative path, written in order, `last` at the end.

    admit: raises to refuse what is there; called when nobody else can be writing. A .sh file may
    be executed. Parents are made. Raises BlockingIOError while another run is writing here, or
    any other OSError; then everything is as it was.
    """
    made = _make_parents(target.parent)
    try:
        with _locked(target):
            _sweep(target)
            admit(target)
            staging = target.with_name(f".{target.name}.kolam-{os.getpid()}")
            try:
                _fill(staging, files, last)
                _put(staging, target)
            finally:
                _remove(staging)  # the old folder by now, or a failed new one
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


def write_file(path: Path, content: bytes) -> None:
    """Write a file; what is no ordinary file, like /dev/stdout, is written as it is.

    Raises OSError; then an ordinary file is as it was, or absent.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_file() and os.access(target, os.W_OK)):
        target.write_bytes(content)
        return
    staging = target.with_name(f".{target.name}.kolam-{os.getpid()}")
    try:
        staging.write_bytes(content)
        staging.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            staging.unlink()


def _make_parents(folder: Path) -> list[Path]:
    """Make a folder and what it needs above; return what was made, from the top."""
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    made: list[Path] = []
    try:
        for path in reversed(missing):
            with suppress(FileExistsError):
                path.mkdir()
                made.append(path)
    except OSError:
        for path in reversed(made):
            path.rmdir()
        raise
    return made


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    path = target.with_name(f".{target.name}.kolam-lock")
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise BlockingIOError(
                errno.EWOULDBLOCK, "another run is writing here", str(target)
            ) from None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                break
        os.close(handle)  # its last holder has removed it: take the next one
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(handle)


def _sweep(target: Path) -> None:
    """Remove what killed runs have left; put back what one had moved aside."""
    stale = re.compile(rf"\.{re.escape(target.name)}\.kolam-(\d+|{_ASIDE})")
    for path in sorted(target.parent.iterdir()):
        if stale.fullmatch(path.name):
            if path.name.endswith(_ASIDE) and not target.exists():
                path.rename(target)
            else:
                _remove(path)


def _fill(staging: Path, files: Mapping[str, bytes], last: str) -> None:
    staging.mkdir()
    for name in [*sorted(set(files) - {last}), last]:
        path = staging / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o777 if path.suffix == ".sh" else 0o666
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(handle, "wb") as file:
            file.write(files[name])
            file.flush()
            os.fsync(handle)
    for folder in {(staging / name).parent for name in files} | {staging}:
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _put(staging: Path, target: Path) -> None:
    """Let staging take the place of target; a folder that was there becomes staging."""
    if target.exists() and any(target.iterdir()):
        _exchange(staging, target)
    else:
        staging.rename(target)  # over an empty folder too
    with suppress(OSError):  # it is there, whether or not the disk has heard of it
        _sync(target.parent)


def _exchange(one: Path, other: Path) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        paths = os.fsencode(one), os.fsencode(other)
        if not libc.renameat2(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE):
            return
        code = ctypes.get_errno()
        if code not in (errno.ENOSYS, errno.EINVAL):  # a file system that cannot
            raise OSError(code, os.strerror(code), str(other))
    aside = other.with_name(f".{other.name}.kolam-{_ASIDE}")
    other.rename(aside)
    try:
        one.rename(other)
    except OSError:
        aside.rename(other)
        raise
    aside.rename(one)


def _remove(folder: Path) -> None:
    """Remove a folder of ours as far as one can; the next run tries again."""
    for path, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(path, 0o700)  # its owner may have made it read-only
    shutil.rmtree(folder, ignore_errors=True)
