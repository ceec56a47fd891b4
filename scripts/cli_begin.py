"""The commands to begin with, `kolam catalog`, `kolam doctor` and `kolam demo`."""

from pathlib import Path

import click

from kolam.scripts import console
from kolam.scripts.cli_options import DONE, FAILED, as_json


@click.command("catalog")
@as_json
def catalog_command(as_json: bool) -> int:
    """List the designs that have a name."""
    from kolam.generators import catalog

    with console.result(as_json) as emit:
        names = dict(catalog.names())
        emit(names)
    if not as_json:
        width = max(map(len, names))
        for name, description in names.items():
            print(f"{name:{width}}  {description}")
    return DONE


@click.command("doctor")
@as_json
def doctor_command(as_json: bool) -> int:
    """Tell which tools are here and how to get the others."""
    from kolam.scripts import doctor

    with console.result(as_json) as emit:
        found = doctor.examine()
        emit(found)
    if not as_json:
        doctor.show(found)
    return DONE if found["complete"] else FAILED


@click.command("demo")
@click.option("--out", type=Path, default="build/demo", show_default=True, metavar="DIR",
              help="Where folder and pictures go.")  # fmt: skip
@as_json
def demo_command(out: Path, as_json: bool) -> int:
    """Run real images through generated Verilog.

    csc-digits, a classifier of handwritten digits: all images held out from its training are
    simulated in Icarus, every output bit is compared, the hand-off folder is written, and the
    design is synthesised for Artix-7 and drawn.
    """
    from kolam.flows.bundle import check_place
    from kolam.scripts import demo

    check_place(out, name="--out")
    with console.result(as_json) as emit:
        found = demo.run(out)
        emit(found.to_dict())
    if not as_json:
        demo.show(found)
    return DONE if found.passed else FAILED
