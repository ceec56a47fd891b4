"""The main job on real input: every held-out digit, through the generated Verilog, bit for bit."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from kolam.flows import pictures, simulate, synthesize, write
from kolam.flows.bundle import admit
from kolam.generators import load
from kolam.scripts import console
from kolam.scripts.show import against_dense
from kolam.testbenches import digits

DESIGN, TARGET = "csc-digits", "xc7"
PICTURES = ("layers.png", "schedule.png")


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What came of it. accuracy: of float, integer and rtl, 0 to 1; cost: as `synth --json`."""

    design: Any
    run: Any
    accuracy: dict[str, float]
    cost: dict[str, Any]
    out: Path

    @property
    def bundle(self) -> Path:
        """The hand-off folder."""
        return self.out / self.design.name

    @property
    def passed(self) -> bool:
        """Whether nothing differed from the golden answer and the promises."""
        return bool(self.run.passed)

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of `kolam demo --json`."""
        run = self.run.to_dict()
        return {
            **{key: run[key] for key in ("frames", "mismatches")},
            "accuracy": self.accuracy,
            **{key: run[key] for key in ("latency", "interval")},
            "resources": self.cost,
            "bundle": str(self.bundle),
        }


def run(out: Path) -> Demonstration:
    """Simulate, write, synthesise and draw into `out`, which is made.

    Raises what the Python API raises, ModuleNotFoundError without scikit-learn.
    """
    design = load(DESIGN, set={"target": TARGET})
    bundle = out / design.name
    admit(Path(os.path.realpath(bundle)), bundle, force=True, name="the folder below --out")
    images, labels = digits.heldout()
    values = design.streams[0].format.to_float(images)

    def accuracy(scores: Any) -> float:
        return round(float((np.argmax(scores, axis=1) == labels).mean()), 4)

    with console.progress(f"1/4 simulating {len(images)} images of {design.name} in Icarus"):
        ran = simulate(design, images, simulator="icarus")
    with console.progress("2/4 writing the hand-off folder"):
        out.mkdir(parents=True, exist_ok=True)
        write(design, bundle, force=True, x=images)
    with console.progress("3/4 synthesising for Artix-7 with yosys"):
        cost = synthesize(design, target=TARGET)
    with console.progress("4/4 drawing"):
        figures = (pictures.layers(design), pictures.schedule(design, ran))
        for figure, name in zip(figures, PICTURES, strict=True):
            pictures.save(figure, out / name)
    return Demonstration(
        design=design,
        run=ran,
        accuracy={
            "float": accuracy(design.predict(values)),
            "integer": accuracy(design.reference(images)),
            "rtl": accuracy(ran.output),
        },
        cost=cost,
        out=out,
    )


def show(found: Demonstration) -> None:
    """Print one screen on stdout."""
    design, ran, cost = found.design, found.run, found.cost
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    accuracy = ", ".join(f"{who} {100 * share:.2f} %" for who, share in found.accuracy.items())
    table.add_row("images", f"{ran.frames}, none of them seen in training")
    table.add_row("accuracy", accuracy)
    table.add_row("mismatches", f"{ran.mismatches} in {ran.output.size:,} output words")
    table.add_row("latency", f"promised {design.latency} clocks, measured {ran.latency}")
    table.add_row("interval", f"promised {design.interval} clocks, measured {ran.interval}")
    table.add_row(
        "Artix-7",
        f"{cost['lut']:,} LUT, {cost['srl'] + cost['lutram']:,} LUT as memory, {cost['ff']:,} FF, "
        f"{cost['dsp']} DSP, {cost['bram36']:g} BRAM36",
    )
    table.add_row("weights", against_dense(design.weight_count))
    table.add_row("Verilog", f"{found.bundle}/  (sh run_icarus.sh there runs its bench)")
    table.add_row("pictures", ", ".join(str(found.out / name) for name in PICTURES))
    screen = console.screen()
    verdict = "[green]PASS[/]" if found.passed else "[bold red]FAIL[/]"
    screen.print(f"\n[bold]{design.name}[/]: {design.multipliers} multipliers, target {TARGET}")
    screen.print(table)
    screen.print(f"{verdict}: the Verilog was compared with the integer model, bit by bit\n")
