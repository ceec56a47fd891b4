"""`kolam generate` and `kolam handoff`: the folder of a design, and one tool's part of it."""

import os
from pathlib import Path
from typing import Any

import click

from kolam.scripts import console
from kolam.scripts.cli_options import DONE, as_json, design_arguments, load_design


@click.command()
@design_arguments
@click.option("--out", type=Path, required=True, metavar="DIR", help="The folder to make.")
@click.option("--force", is_flag=True, help="Replace a folder that kolam made.")
@as_json
def generate(
    design: str, pairs: Any, weights: Any, seed: Any, out: Path, force: bool, as_json: bool
) -> int:
    """Write a folder of Verilog, memory images and a bench."""
    from kolam.flows import bundle

    with console.result(as_json) as emit:
        bundle.admit(Path(os.path.realpath(out)), out, force, name="--out")
        made = load_design(design, pairs, weights, seed)
        with console.progress(f"generating {design}"):
            bundle.write(made, out, force=force)
        files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
        facts = {name: getattr(made, name) for name in ("multipliers", "latency", "interval")}
        facts |= {} if made.gain is None else {"gain": made.gain}
        emit({"design": made.name, "folder": str(out), "files": files, **facts})
    if not as_json:
        print(
            f"{made.name} in {out}: {made.multipliers} multipliers, latency {made.latency} "
            f"clocks, a frame every {made.interval} clocks"
            + ("" if made.gain is None else f", gain {made.gain_text} exactly")
        )
    return DONE


@click.command("handoff")
@click.argument("folder", metavar="DIR")
@click.option("--for", "tool", required=True, metavar="TOOL", help="vivado or openroad.")
@click.option("--part", metavar="P", help="The device, e.g. xc7a100tcsg324-1 (vivado).")
@click.option("--platform", metavar="P",
              help="sky130hd, nangate45, asap7, gf180 or ihp-sg13g2 (openroad).")  # fmt: skip
@click.option("--macro", multiple=True, metavar="SHAPE=NAME",
              help="A memory macro for memories of a shape, e.g. 256x32=NAME (openroad); "
              "repeatable.")  # fmt: skip
@click.option("--period", type=float, metavar="NS", help="Of the clock.")
@as_json
def handoff_command(folder: str, tool: str, as_json: bool, **options: Any) -> int:
    """Write one tool's files of a folder anew.

    DIR is a folder made by `kolam generate`; it is replaced as a whole, with new files for the tool
    and everything else as it was. What is not said is the default.
    """
    from kolam.flows import bundle, handoff

    if tool not in handoff.TOOLS:
        raise ValueError(f"--for must be one of {', '.join(handoff.TOOLS)}, not {tool!r}")
    asked = {name: value for name, value in options.items() if value not in (None, ())}
    with console.result(as_json) as emit:
        bundle.rewrite(folder, tool, **asked)
        manifest = bundle.load_bundle(folder).manifest
        files = [name for name in manifest["files"] if name.startswith(f"{tool}/")]
        chosen = manifest["tools"][tool]
        made = load_design(folder, (), None, None)
        for warning in handoff.TOOLS[tool].warnings(made, handoff.choose(tool, asked)):
            console.say(warning)
        emit({"design": manifest["design"], "folder": folder, "files": files, "options": chosen})
    if not as_json:
        units = {"period": " ns"}
        said = ", ".join(
            f"{name} {' '.join(value) if isinstance(value, list) else value}{units.get(name, '')}"
            for name, value in chosen.items()
            if value != []
        )
        print(f"{folder}/{tool} of {manifest['design']}: {said}")
    return DONE
