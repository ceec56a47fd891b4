"""`kolam show` and `kolam trace`: what a design promises, and how exact its layers are."""

from pathlib import Path
from typing import Any

import click

from kolam.scripts import console
from kolam.scripts.cli_options import (
    DONE,
    as_json,
    check_frames,
    check_picture,
    design_arguments,
    integers,
    load_design,
    read_frames,
)

_TRACED = 64  # frames


@click.command()
@design_arguments
@click.option("--part", metavar="PART",
              help="The device that the estimate is a share of; xc7a100t.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw its structure, as .svg or .png.")
@click.option("--config", "config", type=Path, metavar="F.toml",
              help="Write the configuration as resolved; - is stdout.")  # fmt: skip
@as_json
def show(
    design: str, pairs: Any, weights: Any, seed: Any, clock: float | None,
    part: str | None, picture: Path | None, config: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Print what a design promises, computed without building it.

    Microseconds and frames a second are those at --clock, by default 100 MHz.

    A configuration that --config wrote has all defaults and the multipliers as chosen, and makes
    the same design, bit for bit; --json has the same values as `config`.
    """
    from kolam.flows import parts
    from kolam.flows.staging import write_file
    from kolam.generators import config_file
    from kolam.scripts.show import facts, print_facts

    clock = 100.0 if clock is None else clock
    if not 0 < clock < float("inf"):
        raise ValueError(f"--clock must be a number of MHz above 0, not {clock}")
    device = parts.part(parts.DEFAULT if part is None else part, name="--part")
    check_picture(picture)
    aloud = config == Path("-")
    if aloud and as_json:
        raise ValueError("--config must be a file where --json is given, not -")
    if config is not None and not aloud:
        _check_config(config)
    with console.result(as_json) as emit:
        made = load_design(design, pairs, weights, seed)
        if part is not None and made.target not in parts.TARGETS:
            known = " or ".join(target.value for target in parts.TARGETS)
            raise ValueError(
                f"--part must be given with the target {known}, not {made.target.value}"
            )
        found = facts(made, clock, device)
        if picture is not None:
            from kolam.flows import pictures

            pictures.save(pictures.structure(made), picture)
            console.say(f"the picture is {picture}")
        if config is not None and not aloud:
            write_file(config, config_file.text(made).encode())
            console.say(f"the configuration is {config}")
        emit(found)
    if aloud:
        print(config_file.text(made), end="")
    elif not as_json:
        print_facts(found)
    return DONE


def _check_config(path: Path) -> None:
    """Raise ValueError where a configuration would not be read again, or would replace a model."""
    from kolam.testbenches.simulate import check_file

    check_file("--config", path)
    if path.suffix != ".toml":
        raise ValueError(f"--config must be a .toml file, or -, not {str(path)!r}")


@click.command()
@design_arguments
@click.option("--input", "source", type=Path, metavar="X.npy",
              help="Frames: integer codes or floats, of an FFT also complex.")  # fmt: skip
@click.option("--frames", type=int, metavar="N", help="Instead, so many random frames; 64.")
@click.option("--against", type=Path, metavar="F.npz",
              help="A float model's own outputs of these frames, by layer.")  # fmt: skip
@click.option("--under", multiple=True, metavar="NAME=VALUE",
              help="A setting at run time, e.g. direction=1; repeatable.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw it, as .svg or .png.")
@as_json
def trace(
    design: str, pairs: Any, weights: Any, seed: Any, source: Path | None, frames: int | None,
    against: Path | None, under: tuple[str, ...], picture: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Compare integers with float mathematics, by layer.

    The same frames go through the integer model, which is the hardware bit for bit, and through the
    layers in floats, where nothing is rounded or limited. X.npy is as for simulate. F.npz has an
    array (frames, words) for each layer that is to be compared with a model's own.
    """
    check_frames(frames, source)
    if against is not None and source is None:
        raise ValueError("--against must be given with --input, whose frames the model had")
    check_picture(picture)
    with console.result(as_json) as emit:
        made = load_design(design, pairs, weights, seed).under(**integers(under))
        taken, told = _traced(made, source, frames or _TRACED, seed or 0)
        found = made.trace(taken)
        if against is not None:
            from kolam.generators.model_file import read_arrays

            found = found.against(read_arrays(against))
        if picture is not None:
            from kolam.flows import pictures

            pictures.save(pictures.trace(found), picture)
            console.say(f"the picture is {picture}")
        emit(found.to_dict())
    if not as_json:
        from kolam.scripts.trace import print_trace

        print_trace(found, made, told)
    return DONE


def _traced(design: Any, source: Path | None, frames: int, seed: int) -> tuple[Any, str]:
    """Return the frames of a trace, and where they are from."""
    from kolam.generators.inspection import take
    from kolam.testbenches import stimulus

    if source is None:
        x = stimulus.even(design, frames, seed)
        return take(design, x), f"{frames} random frames, of seed {seed}"
    taken = read_frames(design, source)
    if taken.quantized:
        return taken, taken.sentence(str(source), design.streams[0].format)
    return taken, f"{len(taken.codes)} frames of {source}"
