"""What commands share: options, and the design, frames and settings that these name."""

import tomllib
from functools import wraps
from inspect import signature
from pathlib import Path
from tokenize import TokenError
from typing import Any

import click

from kolam.scripts import console

DONE, FAILED = 0, 1  # exit status
_NPY = b"\x93NUMPY"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def check_seed(context: Any, parameter: Any, value: int | None) -> int | None:
    """Return a seed, as a callback of click. Raises ValueError for one beyond 31 bits."""
    if value is not None and not 0 <= value < 1 << 31:
        raise ValueError(f"--seed must be 0 to {(1 << 31) - 1}, not {value}")
    return value


def design_arguments(command: Any) -> Any:
    """Add what every command takes that is about one design.

    A speed that is asked for comes to the command as the interval that is set.
    """

    @wraps(command)
    def run(*, target_fps: float | None, clock: float | None, pairs: Any, **given: Any) -> Any:
        if "clock" in signature(command).parameters:
            given["clock"] = clock
        if target_fps is None:
            return command(pairs=pairs, **given)
        clocks = _interval(target_fps, clock)
        try:
            return command(pairs=(*pairs, f"interval={clocks}"), **given)
        except ValueError as error:
            if "interval" not in str(error):
                raise
            asked = (
                f"--target-fps {target_fps:g} at {clock:g} MHz is an interval of {clocks} clocks"
            )
            raise ValueError(f"{asked}: {error}") from error

    made: Any = run
    for decorate in (
        click.option("--clock", type=float, metavar="MHZ", help="The clock it will have."),
        click.option(
            "--target-fps",
            type=float,
            metavar="F",
            help="Of layers: as few multipliers as reach so many frames a second at --clock.",
        ),
        click.option(
            "--seed",
            type=int,
            callback=check_seed,
            metavar="S",
            help="Of weights that are not given, and of stimuli.",
        ),
        click.option("--weights", type=Path, metavar="W.npz", help="Weights to take."),
        click.option(
            "--set",
            "pairs",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change the configuration, e.g. parallelism=64; repeatable.",
        ),
        click.argument("design"),
    ):
        made = decorate(made)
    return made


def _interval(fps: float, clock: float | None) -> int:
    """Return the clocks that a frame may take; ValueError in terms of the options."""
    from kolam.generators.network import interval_for

    if clock is None:
        raise ValueError("--target-fps must be given with --clock, the MHz that it will have")
    for option, value in (("--target-fps", fps), ("--clock", clock)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{option} must be a number above 0, not {value:g}")
    if fps > clock * 1e6:
        raise ValueError(
            f"--target-fps must be at most {clock * 1e6:g}, a frame a clock, not {fps:g}"
        )
    return interval_for(fps, clock)


def settings(pairs: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """Return what --set or another option says: a value as in TOML, or the text itself.

    Raises ValueError for a pair without "=", or for a key given twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ValueError(f"{option} must be followed by KEY=VALUE, not {pair!r}")
        if key in found:
            raise ValueError(f"{option} must name {key} once, not twice")
        try:
            value = tomllib.loads(f"value = {text}")
            found[key] = value["value"] if len(value) == 1 else text
        except tomllib.TOMLDecodeError:
            found[key] = text
    return found


def integers(pairs: tuple[str, ...]) -> dict[str, int]:
    """Return what --under says. Raises ValueError for what is no integer."""
    found = settings(pairs, option="--under")
    for name, value in found.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"--under must give {name} an integer, not {value!r}")
    return found


def load_design(name: str, pairs: tuple[str, ...], weights: Path | None, seed: int | None) -> Any:
    """Return the Design that the arguments of a command name, and say if weights were limited.

    Raises ValueError, in terms of the options, or what kolam.generators.load raises.
    """
    from kolam.generators import load

    if not name:
        raise ValueError("DESIGN must be a name of `kolam catalog`, a file or a folder, not empty")
    source: str | Path = name
    if is_folder(name):
        from kolam.flows import load_bundle

        load_bundle(name)  # as it was written, or not at all
        source = Path(name) / "reference" / "model.npz"
    made = load(source, set=settings(pairs) or None, weights=weights, seed=seed)
    if made.limited:
        console.say(f"{made.limited} weights beyond their format were limited to it")
    return made


def is_folder(name: str) -> bool:
    """Tell whether DESIGN is a folder; a name of the catalog is none, whatever lies around."""
    from kolam.generators import catalog

    return bool(name) and name not in catalog.names() and Path(name).is_dir()


def read_frames(design: Any, path: Path) -> Any:
    """Return the frames of a .npy file, as `take` gives them; ValueError for another file."""
    import numpy as np

    from kolam.generators.inspection import take

    with path.open("rb") as file:
        if file.read(len(_NPY)) != _NPY:
            raise ValueError(f"{path} must be a .npy file of numbers, and is of another kind")
    try:
        # mapped, so that a header cannot claim more than the file holds
        x = np.array(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, TokenError) as error:
        raise ValueError(f"{path} must be a .npy file of numbers: {error}") from None
    return take(design, x, str(path))


def check_frames(frames: int | None, source: Path | None) -> None:
    """Raise ValueError unless --frames is a number of frames, and not given with --input."""
    if frames is not None and source is not None:
        raise ValueError("--frames and --input must not both be given")
    if frames is not None and frames < 1:
        raise ValueError(f"--frames must be at least 1, not {frames}")


def check_picture(path: Path | None) -> None:
    """Raise ValueError where a picture could not be written, before anything is computed."""
    from kolam.testbenches.simulate import check_file

    if path is not None:
        check_file("--picture", path)
        if path.suffix not in (".svg", ".png"):
            raise ValueError(f"--picture must be a .svg or .png file, not {str(path)!r}")
