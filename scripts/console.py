"""What the commands say, and where: results on stdout, everything else on stderr.

With --json stdout gets one object and nothing else, whatever a library or a child process prints.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

Emit = Callable[[dict[str, Any]], None]
Step = Callable[[int], None]
Tell = Callable[[int, str], None]


def prepare() -> None:
    """Let stdout and stderr take any character, and /dev/null take the place of closed streams.

    Else a file that is opened later would become, say, the stdout of a child.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            if null != number:
                os.close(null)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def settle() -> None:
    """Flush stdout and stderr; what cannot be written is dropped, as nobody can be told."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, number)
            os.close(null)
            with suppress(OSError):
                stream.flush()


def say(sentence: str) -> None:
    """Print one line on stderr, if anybody reads it."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)


@contextmanager
def result(as_json: bool) -> Iterator[Emit]:
    """Yield emit(object), which prints one JSON object on the real stdout if as_json.

    Within, file descriptor 1 then leads to stderr.
    """
    if not as_json:
        yield lambda _: None
        return
    sys.stdout.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    found: list[dict[str, Any]] = []
    try:
        yield found.append
    finally:
        sys.stdout.flush()
        os.dup2(real, 1)
        os.close(real)
    for value in found:
        print(json.dumps(value, indent=2, allow_nan=False), flush=True)


class _Trimmed:
    """A stream without spaces at the end of lines, with which rich fills its tables."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return int(self._stream.write(re.sub(r" +$", "", text, flags=re.MULTILINE)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def screen() -> Any:
    """Return a rich console on stdout; a file has no width, and is given enough."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    trimmed: Any = _Trimmed(sys.stdout)
    return Console(highlight=False, width=120, file=trimmed)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Step]:
    """Yield step(done): a bar, or a spinner without a total, on a terminal; elsewhere a line.

    done: how much of the total is done, not how much more.
    """
    if not sys.stderr.isatty():
        say(what)
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def narrated(what: str, total: int | None) -> Iterator[Tell]:
    """Yield tell(done, line): a bar with the line on a terminal; elsewhere one line after another.

    done: how much of the total is done. total: None where nobody knows.
    """
    if not sys.stderr.isatty():
        say(what)
        yield lambda done, line: say(line if total is None else f"{done}/{total}  {line}")
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done, line: bar.update(task, completed=done, description=f"{what}: {line}")
