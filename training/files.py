"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write, which takes the place of `path` in one step when it is complete.

    Raises OSError where that cannot be; then what was at `path` is as it was.
    """
    partial = path.with_name(f".{path.name}.kolam-{os.getpid()}")
    try:
        try:
            opened = partial.open("wb")
        except OSError as error:  # named is what was asked for
            raise OSError(error.errno, error.strerror, str(path)) from None
        with opened as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
