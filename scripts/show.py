"""What `kolam show` and `kolam synth` print: promises, formats, memories, choices, cost."""

from itertools import groupby
from math import prod
from typing import Any

from rich.table import Table

from kolam.scripts import console

_MANY = 12


def facts(design: Any, clock_mhz: float) -> dict[str, Any]:
    """Return what a design promises, as plain values; nothing is built for it."""
    return {
        "design": design.name,
        "engine": design.engine,
        "target": design.target.value,
        "latency": design.latency,
        "interval": design.interval,
        "ready_after_reset": design.ready_after_reset,
        "bottleneck": design.bottleneck,
        "clock_mhz": clock_mhz,
        "frames_per_second": round(clock_mhz * 1e6 / design.interval, 1),
        "parallelism": design.parallelism,
        "legal": [
            {"parallelism": multipliers, "interval": interval, "lanes": list(lanes)}
            for multipliers, interval, lanes in design.config.legal
        ],
        "random_weights": design.seed is not None,
        "weights": weights(design),
        "connectivity": connectivity(design),
        "layers": [_layer(plan) for plan in design.plans],
        "streams": [stream.to_dict() for stream in design.streams],
        "memories": [{**memory.to_dict(), "bits": memory.bits} for memory in design.memories],
        "memory_bits": design.memory_bits,
        "estimate": design.estimate,
    }


def weights(design: Any) -> dict[str, int]:
    """Return how many weights are stored, and how many dense layers in place of it would need.

    One dense layer takes the place of every stretch of support layers without an activation
    between them.
    """
    stored = dense = 0
    start = None
    for plan in design.plans:
        stored += plan.outputs * plan.fan_in
        start = plan.inputs if start is None else start
        if plan is design.plans[-1] or plan.activation.value != "none":
            dense += start * plan.outputs
            start = None
    return {"stored": stored, "dense": dense}


def against_dense(count: dict[str, int]) -> str:
    """Return what `weights` says as a phrase."""
    ratio = count["dense"] / count["stored"]
    return f"{count['stored']:,} stored, {count['dense']:,} if dense ({ratio:.1f} times as many)"


def connectivity(design: Any) -> dict[str, Any]:
    """Return how many pairs of an input and an output are connected, and out of how many."""
    matrix = design.config.connectivity
    return {"connected": int(matrix.sum()), "pairs": prod(matrix.shape)}


def _layer(plan: Any) -> dict[str, Any]:
    return {
        "inputs": plan.inputs,
        "outputs": plan.outputs,
        "fan_in": plan.fan_in,
        "stride": plan.stride,
        "step": plan.step,
        "bias": plan.bias,
        "activation": plan.activation.value,
        "lanes": plan.lanes,
        "interval": plan.interval,
        "input_format": str(plan.source),
        "weight_format": str(plan.weight),
        "sum_bits": plan.sum_width,
        "output_format": str(plan.result),
    }


def print_facts(found: dict[str, Any]) -> None:
    """Print the result of `facts` on stdout."""
    screen = console.screen()
    asked, chosen = found["parallelism"]["asked"], found["parallelism"]["chosen"]
    lanes = " + ".join(map(str, found["parallelism"]["lanes"]))
    weights, pairs = found["weights"], found["connectivity"]
    whole = pairs["connected"] == pairs["pairs"]
    screen.print(f"[bold]{found['design']}[/]  {found['engine']}, target {found['target']}")
    rows = [
        ("latency", f"{found['latency']} clocks, first beat in to first beat out"),
        (
            "interval",
            f"{found['interval']} clocks from frame to frame, set by {found['bottleneck']}",
        ),
        (
            "speed",
            f"{found['frames_per_second']:,}".removesuffix(".0")
            + f" frames/s at {found['clock_mhz']:g} MHz",
        ),
        (
            "multipliers",
            f"{chosen} = {lanes}" + (f", at most {asked} asked for" if asked is not None else ""),
        ),
        ("legal", _legal(found["legal"])),
        (
            "weights",
            against_dense(weights)
            + ("; random ones, as none were given" if found["random_weights"] else ""),
        ),
        (
            "connectivity",
            "every output depends on every input"
            if whole
            else f"{pairs['connected']:,} of {pairs['pairs']:,} pairs of input and output",
        ),
        ("memory", f"{found['memory_bits']:,} bits"),
        ("estimate", _cost(found["estimate"])),
    ]
    _print_table(screen, ("", ""), rows)
    screen.print()
    _print_table(
        screen,
        ("layer", "words", "fan-in", "stride", "step", "lanes", "clocks", "numbers", "activation"),
        [
            (
                number,
                f"{layer['inputs']} → {layer['outputs']}",
                *(layer[key] for key in ("fan_in", "stride", "step", "lanes", "interval")),
                f"{layer['input_format']} × {layer['weight_format']}{' + bias' * layer['bias']}, "
                f"{layer['sum_bits']} bits → {layer['output_format']}",
                layer["activation"],
            )
            for number, layer in enumerate(found["layers"])
        ],
    )
    screen.print()
    _print_table(
        screen,
        ("stream", "format", "elements a beat", "beats a frame", "bits an element"),
        [
            (s["name"], s["format"], s["lanes"], s["beats"], s["element_bits"])
            for s in found["streams"]
        ],
    )
    screen.print()
    _print_table(
        screen,
        ("memory", "words", "bits", "style", "image"),
        [
            (path, m["depth"], m["width"], m["style"], m["contents"] or "")
            for path, m in _alike(found["memories"])
        ],
    )


def _cost(cost: dict[str, float]) -> str:
    """Return an estimate as a line of text."""
    return (
        f"about {cost['lut']:,} LUT, {cost['ff']:,} FF, {cost['srl'] + cost['lutram']:,} LUTs as "
        f"memory, {cost['dsp']} DSP48E1, {cost['bram36']:g} RAMB36E1 on Artix-7"
    )


def _alike(memories: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return memories with their paths; banks that differ in their number only are one row."""

    def kind(memory: dict[str, Any]) -> tuple[Any, ...]:
        stem = memory["path"].rstrip("0123456789")
        return stem, memory["depth"], memory["width"], memory["style"], memory["contents"]

    rows = []
    for _, group in groupby(memories, kind):
        first, *others = group
        last = others[-1]["path"].rpartition("_")[2] if others else ""
        rows.append((first["path"] + (f" to {last}" if others else ""), first))
    return rows


def _legal(ways: list[dict[str, Any]]) -> str:
    shown = ways if len(ways) <= _MANY else [*ways[: _MANY - 1], ways[-1]]
    texts = [f"{way['parallelism']} ({way['interval']} clocks)" for way in shown]
    if len(ways) > _MANY:
        texts.insert(-1, "…")
    return ", ".join(texts)


def print_cost(cost: dict[str, Any]) -> None:
    """Print the result of `kolam.flows.synthesize` on stdout."""
    screen = console.screen()
    kept = "flattened" if cost["flatten"] else "hierarchy kept"
    screen.print(f"[bold]{cost['design']}[/]  {cost['target']}, {kept}")
    rows = [(key, cost[key]) for key in ("lut", "srl", "lutram", "ff", "dsp", "bram36")]
    rows += [(key, cost[key]) for key in ("fmax_mhz",) if key in cost]
    _print_table(screen, ("", ""), rows)


def _print_table(screen: Any, headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for number, heading in enumerate(headings):
        numeric = any(isinstance(row[number], int | float) for row in rows)
        table.add_column(
            heading,
            justify="right" if numeric else "left",
            header_style="dim",
            no_wrap=number < len(headings) - 1,
        )
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int | float) else str(v) for v in row))
    screen.print(table)
