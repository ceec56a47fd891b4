"""Figures of a design: what it is made of, and the pipeline of its layers as it ran."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from kolam.flows import fft_picture
from kolam.flows.staging import write_file
from kolam.flows.trace_picture import trace
from kolam.generators.estimate import by_layer

__all__ = ["layers", "save", "schedule", "structure", "trace"]

_INK, _GRID = "#2b2b2b", "#dddddd"
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_OUTPUTS_DRAWN = 64  # of a layer; beyond, lines are a grey mass
_FRAMES_DRAWN = 5


def structure(design: Any) -> Figure:
    """Return what a design is made of: its layers, or the steps of an FFT."""
    return fft_picture.pipeline(design) if design.engine == "fft" else layers(design)


def layers(design: Any) -> Figure:
    """Return the layer structure: words as columns, weights as lines, numbers and costs below.

    Of a wide layer evenly spaced outputs are drawn, with all their inputs; the caption says so.
    Bars show the clocks of each layer beside the interval, and the LUTs that it may take.
    """
    plans = design.plans
    figure = Figure(figsize=(2.2 + 2.4 * len(plans), 6.8), layout="constrained")
    axes, clocks, luts = figure.subplots(3, 1, height_ratios=(5.2, 0.8, 0.8))
    for number, plan in enumerate(plans):
        _connections(axes, number, plan)
    for number, words in enumerate((plans[0].inputs, *(plan.outputs for plan in plans))):
        heights = _heights(words)
        axes.scatter(
            np.full(words, number), heights, s=min(26, 600 / words), color=_INK, linewidths=0,
            zorder=3,
        )  # fmt: skip
        axes.text(number, 1.05, f"{words}", ha="center", va="bottom", color=_INK, weight="bold")
    for number, plan in enumerate(plans):
        axes.text(
            number + 0.5, -0.06, _caption(plan), ha="center", va="top", color=_INK, fontsize=8.5
        )
    axes.set_xlim(-0.4, len(plans) + 0.4)
    axes.set_ylim(-0.32, 1.12)
    axes.axis("off")
    _columns(clocks, [plan.interval for plan in plans], "clocks", most=design.interval)
    clocks.plot([0, len(plans)], [design.interval] * 2, "--", color=_INK, linewidth=0.8)
    clocks.text(len(plans), design.interval, f" interval\n {design.interval:,}", va="center",
                fontsize=8.5, color=_INK)  # fmt: skip
    costs = by_layer(plans, design.memories)
    _columns(luts, [int(c["lut"] + c["srl"] + c["lutram"]) for c in costs], "LUT\nestimated")
    stored = sum(plan.outputs * plan.fan_in for plan in plans)
    axes.set_title(f"{design.name}: {stored:,} weights, {design.multipliers} multipliers", pad=12)
    return figure


def _columns(axes: Axes, heights: list[int], what: str, most: int = 1) -> None:
    """Draw a bar below each layer, in its colour; most: what must find room, too."""
    places = np.arange(len(heights)) + 0.5
    colours = [_COLOURS[k % len(_COLOURS)] for k in range(len(heights))]
    bars = axes.bar(places, heights, width=0.44, color=colours, alpha=0.75)
    axes.bar_label(bars, [f"{height:,}" for height in heights], fontsize=8.5, color=_INK, padding=2,
                   bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})  # fmt: skip
    axes.set_xlim(-0.4, len(heights) + 0.4)
    axes.set_ylim(0, 1.3 * max(most, *heights))
    axes.axis("off")
    axes.text(-0.05, 0, what, ha="right", va="bottom", fontsize=8.5, color=_INK)


def _heights(words: int) -> np.ndarray[Any, Any]:
    """Return where the words of a column are: from the top, in the middle of equal parts."""
    return 1 - (np.arange(words) + 0.5) / words


def _connections(axes: Axes, number: int, plan: Any) -> None:
    drawn = np.linspace(0, plan.outputs - 1, _drawn(plan)).astype(int)
    taps = np.arange(plan.fan_in)
    sources = (plan.step * drawn[:, None] + taps * plan.stride) % plan.inputs
    left, right = _heights(plan.inputs)[sources], _heights(plan.outputs)[drawn]
    segments = [
        ((number, y0), (number + 1, y1)) for row, y1 in zip(left, right, strict=True) for y0 in row
    ]
    axes.add_collection(
        LineCollection(
            segments, colors=_COLOURS[number % len(_COLOURS)], linewidths=0.6,
            alpha=float(np.clip(60 / len(segments), 0.12, 0.7)), zorder=1,
        )
    )  # fmt: skip


def _drawn(plan: Any) -> int:
    return min(plan.outputs, _OUTPUTS_DRAWN)


def _caption(plan: Any) -> str:
    step = "" if plan.step == 1 else f", step {plan.step}"
    bias = " + bias" if plan.bias else ""
    lines = [
        *([plan.label] if plan.layer else []),
        f"fan-in {plan.fan_in}, stride {plan.stride}{step}",
        f"{_count(plan.lanes, 'lane')}, {_count(plan.interval, 'clock')}",
        f"{plan.source} × {plan.weight}{bias} → {plan.result}",
    ]
    if plan.activation.value != "none":
        lines.append(plan.activation.value)
    if _drawn(plan) < plan.outputs:
        lines.append(f"drawn: {_drawn(plan)} of {plan.outputs} outputs")
    return "\n".join(lines)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def schedule(design: Any, run: Any) -> Figure:
    """Return the pipeline schedule of the first frames, a colour each.

    run: a Run of the design, from its reset on, without gaps and stalls. The streams are drawn as
    the simulation saw them, the layers as the design promises.
    """
    frames = min(run.frames, _FRAMES_DRAWN)
    spans = {(side, frame): (first, last + 1) for side, frame, first, last in run.schedule}
    zero = spans["s", 0][0]
    timeline = design.timeline
    rows = ["input", *(f"layer {plan.label}" for plan in design.plans), "output"]
    figure = Figure(figsize=(9, 1.4 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for frame in range(frames):
        start = frame * design.interval
        works = [
            (start + int(begins[0]), start + end)
            for begins, end in zip(timeline.begins, timeline.ends, strict=True)
        ]
        measured = [
            (first - zero, last - zero) for first, last in (spans["s", frame], spans["m", frame])
        ]
        _bars(axes, frame, [measured[0], *works, measured[1]])
    axes.annotate(
        f"latency {run.latency} ", (spans["m", 0][0] - zero, len(rows) - 1), ha="right",
        va="center", fontsize=8.5, color=_INK,
    )  # fmt: skip
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, None)
    axes.set_xlabel("clocks since the first input beat (streams as simulated, layers as promised)")
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=_GRID)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(
        f"{design.name}: the first {frames} frames, one every {run.interval} clocks", fontsize=11
    )
    return figure


def _bars(axes: Axes, frame: int, spans: Sequence[tuple[int, int]]) -> None:
    colour = _COLOURS[frame % len(_COLOURS)]
    for row, (first, last) in enumerate(spans):
        axes.broken_barh(
            [(first, last - first)], (row - 0.3, 0.6), facecolor=colour, edgecolor="white",
            linewidth=0.8, alpha=0.85,
        )  # fmt: skip
        axes.text(
            (first + last) / 2, row, str(frame), ha="center", va="center", color="white",
            fontsize=8, clip_on=True,
        )  # fmt: skip


def save(figure: Figure, path: Path) -> None:
    """Write a figure as .svg or .png, by its ending; the same bytes for the same figure.

    Raises ValueError for another ending, OSError when it cannot be written.
    """
    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"a picture must be a .svg or .png file, not {str(path)!r}")
    kind, octets = path.suffix[1:], io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "kolam", "svg.fonttype": "none"}):
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(octets, format=kind, dpi=150, metadata=metadata)
    write_file(path, octets.getvalue())
