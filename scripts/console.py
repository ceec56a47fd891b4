"""What the commands say, and where: results on stdout, everything else on stderr.

With --json stdout gets one object and nothing else, whatever a library or a child process prints.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Emit = Callable[[dict[str, Any]], None]
Step = Callable[[int], None]


def say(sentence: str) -> None:
    """Print one line on stderr."""
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


def screen() -> Any:
    """Return a rich console on stdout; a file has no width, and is given enough."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


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
