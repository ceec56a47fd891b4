"""What `kolam show` and `kolam synth` print: promises, formats, memories, choices, cost."""

from itertools import groupby
from typing import Any

from rich.table import Table

from kolam.flows.parts import TARGETS, Part
from kolam.scripts import console

_MANY = 12
_KINDS = {1: "real", 2: "complex"}

Rows = list[tuple[Any, ...]]


def facts(design: Any, clock_mhz: float, part: Part | None = None) -> dict[str, Any]:
    """Return what a design promises, as plain values; nothing is built for it.

    part: of which the estimate is a share, if there is an estimate and it can hold the design.
    """
    found = {
        "design": design.name,
        "engine": design.engine,
        "target": design.target.value,
        "latency": design.latency,
        "interval": design.interval,
        "ready_after_reset": design.ready_after_reset,
        "bottleneck": design.bottleneck,
        "clock_mhz": clock_mhz,
        "latency_us": round(design.latency / clock_mhz, 4),
        "frames_per_second": round(clock_mhz * 1e6 / design.interval, 1),
        "parallelism": design.parallelism,
        **design.facts(),
        **_samples(design, clock_mhz),
        "streams": [stream.to_dict() for stream in design.streams],
        **({"notes": list(design.notes)} if design.notes else {}),
        **_settings(design),
        "memories": [{**memory.to_dict(), "bits": memory.bits} for memory in design.memories],
        "memory_bits": design.memory_bits,
        "config": design.resolved,
    }
    if design.estimate is not None:
        found["estimate"] = design.estimate
        if part is not None and design.target in TARGETS:
            available = {key: getattr(part, key) for key in ("lut", "ff", "dsp", "bram36")}
            used = {key: round(share, 4) for key, share in part.used(design.estimate).items()}
            found["part"] = {"name": part.name, "available": available, "used": used}
    return found


def _settings(design: Any) -> dict[str, Any]:
    """Return what can be set at run time, and what is promised then, if anything can."""
    if not design.settings:
        return {}
    under = {tuple(each.settings_frame): each for each in design.corners()}
    promises = [
        {
            "settings": each.chosen,
            "latency": each.latency,
            "interval": each.interval,
            **({} if each.gain is None else {"gain": each.gain_text}),
        }
        for each in under.values()
    ]
    return {"settings": [s.to_dict() for s in design.settings], "under": promises}


def _samples(design: Any, clock_mhz: float) -> dict[str, float]:
    """Return samples a second of the time domain, where a frame is one of them."""
    if design.engine != "fft":
        return {}
    rate = round(clock_mhz * 1e6 * design.config.points / design.interval, 1)
    return {"samples_per_second": rate}


def against_dense(count: dict[str, int]) -> str:
    """Return how many weights are stored, and would be in dense layers, as a phrase."""
    ratio = count["dense"] / count["stored"]
    return f"{count['stored']:,} stored, {count['dense']:,} if dense ({ratio:.1f} times as many)"


def print_facts(found: dict[str, Any]) -> None:
    """Print the result of `facts` on stdout."""
    screen = console.screen()
    rows, headings, parts = (_fft if found["engine"] == "fft" else _chain)(found)
    screen.print(f"[bold]{found['design']}[/]  {found['engine']}, target {found['target']}")
    rows = [
        (
            "latency",
            f"{found['latency']} clocks, first beat in to first beat out: "
            f"{found['latency_us']:,g} µs at {found['clock_mhz']:g} MHz",
        ),
        (
            "interval",
            f"{found['interval']} clocks from frame to frame, set by {found['bottleneck']}",
        ),
        (
            "speed",
            f"{found['frames_per_second']:,}".removesuffix(".0")
            + f" frames/s at {found['clock_mhz']:g} MHz",
        ),
        *rows,
        ("memory", f"{found['memory_bits']:,} bits"),
    ]
    print_table(screen, ("", ""), rows)
    screen.print()
    print_table(screen, headings, parts)
    screen.print()
    if "estimate" in found:
        print_table(screen, *(_blocks if found["engine"] == "fft" else _costs)(found))
        screen.print()
    print_table(screen, *_streams(found["streams"]))
    screen.print()
    if "settings" in found:
        headings = (
            "setting at run time", "least", "most", "after a reset", "a change waits for", "meaning"
        )  # fmt: skip
        ways = {True: "all frames under way", False: "the frame that has begun"}
        rows = [
            (
                *(s[key] for key in ("name", "minimum", "maximum", "default")),
                ways[s["drains"]],
                s["meaning"] + (f"; less than 2^{s['below']}" if s["below"] else ""),
            )
            for s in found["settings"]
        ]
        print_table(screen, headings, rows)
        screen.print()
        names = [s["name"] for s in found["settings"]]
        rows = [
            (*each["settings"].values(), each["latency"], each["interval"], each.get("gain", ""))
            for each in found["under"]
        ]
        print_table(screen, (*names, "latency", "interval", "gain"), rows)
        screen.print()
    print_table(
        screen,
        ("memory", "words", "bits", "style", "image"),
        [
            (path, m["depth"], m["width"], m["style"], m["contents"] or "")
            for path, m in _alike(found["memories"])
        ],
    )


def _chain(found: dict[str, Any]) -> tuple[Rows, tuple[str, ...], Rows]:
    """Return rows of text on a chain of layers, and the table of the layers."""
    asked, chosen = found["parallelism"]["asked"], found["parallelism"]["chosen"]
    lanes = " + ".join(map(str, found["parallelism"]["lanes"]))
    pairs = found["connectivity"]
    whole = pairs["connected"] == pairs["pairs"]
    rows = [
        (
            "multipliers",
            f"{chosen} = {lanes}" + (f", at most {asked} asked for" if asked is not None else ""),
        ),
        ("legal", _legal(found["legal"])),
        (
            "weights",
            against_dense(found["weights"])
            + ("; random ones, as none were given" if found["random_weights"] else ""),
        ),
        (
            "connectivity",
            "every output depends on every input"
            if whole
            else f"{pairs['connected']:,} of {pairs['pairs']:,} pairs of input and output",
        ),
        *[("note", note) for note in found.get("notes", ())],
    ]
    headings = "layer", "words", "fan-in", "stride", "step", "numbers"
    layers = [
        (
            layer["name"],
            f"{layer['inputs']} → {layer['outputs']}",
            *(layer[key] for key in ("fan_in", "stride", "step")),
            f"{layer['input_format']} × {layer['weight_format']}{' + bias' * layer['bias']}, "
            f"{layer['sum_bits']} bits → {layer['output_format']}",
            layer["activation"],
        )
        for layer in found["layers"]
    ]
    return rows, (*headings, "activation"), layers


def _fft(found: dict[str, Any]) -> tuple[Rows, tuple[str, ...], Rows]:
    """Return rows of text on an FFT, and the table of the steps that samples pass."""
    measured, predicted = found["sqnr"]["measured"], found["sqnr"].get("predicted")
    costs = [str(step["multipliers"]) for step in found["steps"] if "multipliers" in step]
    count = found["butterflies"] * found["stages_a_pass"]
    passes = "butterfly" if count == 1 else f"{count} butterflies"
    taking = "stage" if found["stages_a_pass"] == 1 else "pass"
    real = "real " * (found["samples"] == "real")
    scaling = "of each frame by itself; its exponent is on m_axis_tuser"
    if found["scaling"] != "block":
        *stages, drop = found["scaling"]
        halved = real and found["direction"] == "inverse"  # by the split
        scaling = (
            "by 1 bit in the split, " if halved else ""
        ) + f"by {sum(stages)} bits in the stages, by {drop} at the output"
    rows = [
        ("samples", f"{found['samples_per_second']:,}".removesuffix(".0") + " a second"),
        ("transform", f"{found['direction']}, {found['points']:,} {real}points"),
        *[("note", note) for note in found.get("notes", ())],
        ("gain", f"{found['gain_text']}, exactly" + ", times 2^-exponent" * (predicted is None)),
        ("scaling", scaling),
        (
            "multipliers",
            f"{found['parallelism']['chosen']}"
            + (
                f" = {' + '.join(costs)}"
                if costs
                else f", of the {passes} that every {taking} takes"
            ),
        ),
        *([("pipelining", _pipelining(found))] if found["pipelining"] else []),
        *([("predicted", f"{_noise(predicted)} rms a part")] if predicted else []),
        (
            "measured",
            f"{_noise(measured)}, by the integer model at full scale"
            + f"; {measured['limited']:,} parts were limited" * (measured["limited"] > 0),
        ),
    ]
    headings = "step", "work", "delay", "held in", "bits", "format", "multipliers", "noise"
    total = sum(found["noise"].values()) or 1.0
    table = [
        (
            step["name"],
            *_work(step),
            f"{step['bits'][0]} → {step['bits'][1]}",
            step["format"],
            step.get("multipliers") or "",
            _share(found["noise"].get(step["name"], 0.0) / total),
        )
        for step in found["steps"]
    ]
    twiddles = ("twiddles", "rounded", "", "", "", found["twiddle_format"], "")
    share = _share(found["noise"].get("twiddles", 0.0) / total)
    return rows, headings, [*table, (*twiddles, share)]


def _pipelining(found: dict[str, Any]) -> str:
    """Return what its number asks for."""
    lifts, prepared = (
        any(step.get(key) for step in found["steps"]) for key in ("lifts", "prepared")
    )
    asked = ["a term a clock where it lifts"] * lifts
    asked += ["early operands of butterflies"] * prepared
    return f"{found['pipelining']}: {', '.join(asked) or 'nothing here takes more registers'}"


def _noise(found: dict[str, float]) -> str:
    return f"{found['db']:.2f} dB of signal to noise, {found['lsb_rms']:.3f} LSB"


def _work(step: dict[str, Any]) -> tuple[str, int | str, str]:
    """Return what a step of an FFT does, its delay, and what holds the delayed samples."""
    if "halves" in step:
        work = ("halve" if step["halves"] else "add") + ", turn quarters" * step["quarters"]
        if "delay" not in step:
            return work, "", ""
        held = "memory" if step["memory"] else "registers"
        return (work, step["delay"], held) if step["delay"] else (f"{work}, of lanes", "", "")
    if "circle" in step:
        how = ", lifted" * step["lifts"] + ", by additions" * step["adds"]
        return f"turn by W{step['circle']}" + how, "", ""
    if "elements" in step:
        delay = (step["words"], "memory") if step["words"] else ("", "")
        return f"join pairs of {step['elements']} elements, turn by W{step['turns']}", *delay
    if "drop" in step:
        divided = f"divide by {1 << step['drop']}, {step['rounding']}, " * (step["drop"] > 0)
        return f"{divided}limit", "", ""
    banks = f", in {step['banks']} banks" * (step["banks"] > 1)
    return f"into the other order{banks}", step["words"], "memory"


def _share(part: float) -> str:
    return f"{100 * part:.1f} %" if part else ""


def _streams(streams: list[dict[str, Any]]) -> tuple[tuple[str, ...], Rows]:
    """Return the table of the streams; of complex ones also in which order they come."""
    headings: tuple[str, ...] = (
        "stream", "format", "elements a beat", "beats a frame", "bits an element"
    )  # fmt: skip
    rows: Rows = [
        (s["name"], s["format"], s["lanes"], s["beats"], s["element_bits"]) for s in streams
    ]
    if any(s["parts"] > 1 for s in streams):
        headings = (*headings, "order")
        rows = [
            (name, f"{_KINDS[s['parts']]} {fmt}", *numbers, s["order"].replace("_", "-"))
            for (name, fmt, *numbers), s in zip(rows, streams, strict=True)
        ]
    return headings, rows


_COSTS = ("lut", "ff", "dsp", "bram36")
_ESTIMATED = "estimated, before synthesis"


def _costs(found: dict[str, Any]) -> tuple[tuple[str, ...], Rows]:
    """Return the table of what layers take of time and, as estimated, of the device."""
    headings = (
        "layer", "multipliers", "clocks", "memory bits", "LUT", "FF", "DSP48E1", "RAMB36E1", "",
    )  # fmt: skip
    rows: Rows = [
        (
            layer["name"], layer["lanes"], layer["interval"], layer["memory_bits"],
            *_sums(layer["estimate"]),
            "← sets the interval" if layer["interval"] == found["interval"] else "",
        )
        for layer in found["layers"]
    ]  # fmt: skip
    ends = [
        whole - sum(layer["estimate"][key] for layer in found["layers"])
        for key, whole in found["estimate"].items()
    ]
    rows.append(("ends", "", "", "", *_sums(dict(zip(found["estimate"], ends, strict=True))),
                 "ports and the queue of results"))  # fmt: skip
    total = found["parallelism"]["chosen"], found["interval"], found["memory_bits"]
    rows.append(("all", *total, *_sums(found["estimate"]), _ESTIMATED))
    if "part" in found:
        rows.append(("", "", "", "", *_shares(found, _COSTS), f"of {found['part']['name']}"))
    return headings, rows


def _blocks(found: dict[str, Any]) -> tuple[tuple[str, ...], Rows]:
    """Return the table of what is known of an FFT: not what it takes of LUTs and flip-flops."""
    headings = "multipliers", "memory bits", "DSP48E1", "RAMB36E1", ""
    cost = found["estimate"]
    total = found["parallelism"]["chosen"], found["memory_bits"], cost["dsp"], cost["bram36"]
    rows: Rows = [(*total, f"{_ESTIMATED}; LUT and FF: kolam synth")]
    if "part" in found:
        rows.append(("", "", *_shares(found, _COSTS[2:]), f"of {found['part']['name']}"))
    return headings, rows


def _shares(found: dict[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{found['part']['used'][key]:.1%}".replace("%", " %") for key in keys)


def _sums(cost: dict[str, float]) -> tuple[float, ...]:
    """Return LUTs, those that are memory included, FF, DSP blocks and block RAMs."""
    return (cost["lut"] + cost["srl"] + cost["lutram"], *(cost[key] for key in _COSTS[1:]))


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
    keys = (
        *("lut", "srl", "lutram", "area_um2", "area_ff_um2", "cells", "ff", "dsp", "bram36"),
        *("memory_bits_in_ff", "period_ns", "wns_ns", "fmax_mhz"),
    )
    rows = [(key, cost[key]) for key in keys if key in cost]
    print_table(screen, ("", ""), rows)


def print_table(
    screen: Any, headings: tuple[str, ...], rows: Rows, right: tuple[str, ...] = ()
) -> None:
    """Print rows below headings; a column of numbers, or named in `right`, stands to the right."""
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for number, heading in enumerate(headings):
        numeric = any(isinstance(row[number], int | float) for row in rows)
        table.add_column(
            heading,
            justify="right" if numeric or heading in right else "left",
            header_style="dim",
            no_wrap=number < len(headings) - 1,
        )
    for row in rows:
        table.add_row(
            *(
                f"{v:,g}" if isinstance(v, float) else f"{v:,}" if isinstance(v, int) else str(v)
                for v in row
            )
        )
    screen.print(table)
