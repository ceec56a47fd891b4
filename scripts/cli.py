"""The command line: a thin skin over kolam.generators and kolam.flows.

Exit status 0 done, 1 a check failed, 2 wrong use or a tool that is missing, 128 and the number of
a signal that ended it. An error is one sentence on stderr; KOLAM_DEBUG=1 shows where it comes
from. The commands are in cli_*.py; what takes long to import is imported by the one that needs it.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from kolam.scripts import console
from kolam.scripts.cli_begin import catalog_command, demo_command, doctor_command
from kolam.scripts.cli_folder import generate, handoff_command
from kolam.scripts.cli_options import DONE, FAILED
from kolam.scripts.cli_show import show, trace
from kolam.scripts.cli_simulate import simulate
from kolam.scripts.cli_synth import synth
from kolam.scripts.cli_train import train
from kolam.scripts.sentences import sentence

WRONG, INTERRUPTED, UNREAD = 2, 128 + signal.SIGINT, 128 + signal.SIGPIPE


def main() -> None:
    """Run the command line and exit."""
    console.prepare()
    try:
        with _ended_in_order():
            status = _status()
    except BrokenPipeError:  # whoever read stdout has seen enough
        status = UNREAD
    console.settle()
    sys.exit(status)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a request to end raise SystemExit, so that children end and temporary folders go."""

    def end(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_IGN)  # the second one would stop the tidying
        raise SystemExit(128 + number)

    requests = (signal.SIGTERM, signal.SIGHUP)
    taken = [number for number in requests if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _status() -> int:
    """Run the command line; return the exit status."""
    status = WRONG
    try:
        status = commands.main(standalone_mode=False) or DONE
        sys.stdout.flush()
    except SystemExit as end:  # by a signal; or by click, with 1, when nobody reads what it prints
        if end.code != FAILED:
            raise
        status = UNREAD
    except BrokenPipeError:
        raise
    except NoArgsIsHelpError as error:
        error.show()
    except click.exceptions.Abort:
        console.say("kolam: interrupted")
        status = INTERRUPTED
    except (
        *(click.ClickException, ValueError, TypeError, OSError),
        *(RuntimeError, ImportError, MemoryError, OverflowError),
    ) as error:
        if os.environ.get("KOLAM_DEBUG") == "1":
            raise
        console.say(f"kolam: {sentence(error)}")
        status = WRONG
    return status


@click.group(
    commands=[
        *(catalog_command, demo_command, doctor_command, generate, handoff_command),
        *(show, simulate, synth, trace, train),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="kolam", message="%(prog)s %(version)s")
def commands() -> None:
    """Make hardware for structured-sparse neural layers and for FFTs.

    DESIGN is a name of `kolam catalog`, a CONFIG.toml, a MODEL.npz, or a folder made by
    `kolam generate`.
    """


if __name__ == "__main__":
    main()
