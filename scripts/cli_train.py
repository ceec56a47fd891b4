"""`kolam train`."""

from pathlib import Path
from typing import Any

import click

from kolam.scripts import console
from kolam.scripts.cli_options import (
    DONE,
    FAILED,
    as_json,
    check_picture,
    check_seed,
    load_design,
)


@click.command()
@click.argument("design")
@click.option("--data", required=True, metavar="digits|mnist|FOLDER",
              help="scikit-learn's digits, MNIST in KOLAM_DATA/mnist, or a folder of train_x.npy, "
              "train_y.npy, test_x.npy, test_y.npy.")  # fmt: skip
@click.option("--out", type=Path, required=True, metavar="MODEL.npz", help="The model to write.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE",
              help="Change the configuration, e.g. parallelism=64; repeatable.")  # fmt: skip
@click.option("--seed", type=int, default=0, callback=check_seed, metavar="S", show_default=True,
              help="Of initial weights, order and augmentation.")  # fmt: skip
@click.option("--epochs", type=int,
              help="Passes over the images in floats; by default as the recipe says. "
              "More follow under rounding.")  # fmt: skip
@click.option("--bits", type=int, default=8, show_default=True, help="Of weights and words.")
@click.option("--held-out", type=int, default=0, metavar="N",
              help="So many training images are not trained on, but judged by.")  # fmt: skip
@click.option("--resume", is_flag=True,
              help="Go on from MODEL.npz.checkpoint, which a run that was stopped has "
              "left.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw the learning curve: .svg or .png.")
@click.option("--grow", is_flag=True,
              help="Take the widths of DESIGN only, and grow CSC layers of these widths, from the "
              "fewest weights on, until --goal is met.")  # fmt: skip
@click.option("--goal", type=float, metavar="PERCENT",
              help="Of held-out images in their class, after a few epochs.")  # fmt: skip
@click.option("--compression", type=float, default=1.0, show_default=True, metavar="FACTOR",
              help="At least so many times fewer weights than dense layers.")  # fmt: skip
@as_json
def train(
    design: str, data: str, out: Path, pairs: Any, seed: int, epochs: int | None, bits: int,
    held_out: int, resume: bool, picture: Path | None, grow: bool, goal: float | None,
    compression: float, as_json: bool,
) -> int:  # fmt: skip
    """Train the structure of DESIGN and write a model of integers.

    Its layers, their formats chosen on training images, and what they are worth: the share of
    test images that the floats and the integers put in their class. The model is a DESIGN for all
    other commands. What is chosen is to be chosen by --held-out images, not by the test images.

    Needs PyTorch: pip install 'kolam[train]'.
    """
    from kolam.testbenches.simulate import check_file

    check_file("--out", out)
    if out.suffix != ".npz":
        raise ValueError(f"--out must be a .npz file, not {str(out)!r}")
    check_picture(picture)
    if grow != (goal is not None):
        raise ValueError("--grow and --goal must be given together, or none of them")
    with console.result(as_json) as emit:
        from kolam.scripts import train as command

        trained, report = command.run(
            load_design(design, pairs, None, seed), data=data, out=out, seed=seed, bits=bits,
            epochs=epochs, held_out=held_out, resume=resume,
            goal=None if goal is None else command.Goal(percent=goal, compression=compression),
        )  # fmt: skip
        if trained is not None and picture is not None:
            from kolam.flows import pictures
            from kolam.training.curve import curve

            pictures.save(curve(trained), picture)
            console.say(f"the picture is {picture}")
        emit(report)
    if trained is None:
        console.say(f"kolam: no network met the goal of {goal:g} % at this compression")
        return FAILED
    if not as_json:
        command.show(report)
    return DONE
