"""Draw pictures of the pages, but not those of simulations (waves.py).

    python docs/pictures/draw.py [FOLDER]

group.svg: one group of a support layer, stage by stage. chain.svg: three frames through csc-1024.
structures.svg: which weights of a matrix there are. trace.svg, of docs/inspection.md: the held-out
digits through csc-digits (it needs scikit-learn).
Every clock comes from the engine's own promises. They go beside this file, or into FOLDER; the
same bytes each time.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from kolam.flows import pictures
from kolam.generators import cyclic_sparse as csc
from kolam.generators import load
from kolam.generators.cyclic_sparse import CyclicSparse
from kolam.generators.support_plan import SupportPlan
from kolam.hdl import Format
from kolam.testbenches import digits

FILLS = (("#cfe3f5", "#0072b2"), ("#fbdcc4", "#d55e00"), ("#cdeae0", "#009e73"))
STYLE = """<style>
    text { fill: #2b2b2b; }
    .note { font-size: 11px; fill: #555; }
    .edge { stroke: #ddd; stroke-width: 1; }
    .span { stroke: #555; stroke-width: 1; fill: none; }
    .word { font: 11px "DejaVu Sans Mono", Menlo, Consolas, monospace; }
    .wire { stroke: #2b2b2b; stroke-width: 1.4; fill: none; }
    .idle { fill: #eee; stroke: none; }
  </style>"""


def page(width: int, height: int, title: str, parts: list[str]) -> str:
    """Return the text of an SVG file."""
    body = "\n  ".join([f"<title>{title}</title>", STYLE, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="12">\n  <rect width="{width}" height="{height}" fill="#fff"/>\n'
        f"  {body}\n</svg>\n"
    )


def text(x: float, y: float, words: object, anchor: str = "middle", kind: str = "") -> str:
    """Return a text; kind is a class of STYLE."""
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{style}>{words}</text>'


def box(x: float, y: float, width: float, height: float, shade: int) -> str:
    """Return a filled box."""
    fill, line = FILLS[shade % len(FILLS)]
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
        f'fill="{fill}" stroke="{line}"/>'
    )


def span(x0: float, x1: float, y: float, words: str) -> list[str]:
    """Return a measure between two verticals, with its words above."""
    ends = f'<path class="span" d="M{x0:g} {y - 4:g}v8M{x1:g} {y - 4:g}v8M{x0:g} {y:g}H{x1:g}"/>'
    return [ends, text((x0 + x1) / 2, y - 6, words, kind="note")]


def group(plan: SupportPlan) -> str:
    """Return the pipeline of two groups that follow each other, clock by clock."""
    taps, phases, latency = plan.fan_in, plan.phases_out, plan.read_latency
    left, top, cell, line = 190, 46, 34, 30
    rounding = plan.tail_latency - latency - 5 - plan.bias
    rows = [  # name, clock of the first item after begin, items, letter
        ("group begins", 0, 1, ""),
        ("tap, addresses", 1, taps, "j"),
        ("words and weights", 1 + latency, taps, "j"),
        ("operands", 2 + latency, taps, "j"),
        ("products", 3 + latency, taps, "j"),
        ("sums, hopping", 4 + latency, taps, "j"),
        ("hold", 4 + latency + taps, 1, "hold"),
        ("selected", 5 + latency + taps, phases, "p"),
        *([("bias added", 6 + latency + taps, phases, "p")] if plan.bias else []),
        *([("limits compared", taps + plan.tail_latency - 1, phases, "p")]
          if rounding > 1 else []),
        ("out_valid, out_data", taps + plan.tail_latency, phases, "p"),
    ]  # fmt: skip
    clocks = rows[-1][1] + phases + taps
    bottom = top + line * len(rows)
    parts = [text(left - 12, top - 14, "clock after begin", "end", "note")]
    for clock in range(clocks + 1):
        x = left + clock * cell
        parts.append(f'<path class="edge" d="M{x} {top - 8}V{bottom}"/>')
        if clock < clocks:
            parts.append(text(x + cell / 2, top - 14, clock, kind="note"))
    for number, (name, start, items, kind) in enumerate(rows):
        y = top + number * line
        parts.append(text(left - 12, y + 18, name, "end"))
        for turn in range(2):
            for k in range(items):
                wide = phases if kind == "hold" else 1
                x = left + (start + turn * taps + k) * cell
                parts.append(box(x + 1, y + 4, wide * cell - 2, line - 8, turn))
                label = {"j": k, "p": f"p{k}", "hold": f"group t{'+1' * turn}"}.get(kind, "")
                parts.append(text(x + wide * cell / 2, y + 18, label))
    parts += span(left + cell / 2, left + (rows[-1][1] + 0.5) * cell, bottom + 26,
                  f"fan_in + tail_latency = {taps} + {plan.tail_latency} clocks")  # fmt: skip
    return page(left + clocks * cell + 20, bottom + 44, "Two groups, stage by stage", parts)


def chain(design: CyclicSparse, frames: int) -> str:
    """Return when each layer works on the first frames, on one axis of clocks."""
    line, interval = design.timeline, design.interval
    left, top, high, width = 84, 44, 30, 720
    last = int(line.departures[-1]) + (frames - 1) * interval
    scale = width / last
    beats = design.streams[1].beats
    rows = [("s_axis", 0, design.streams[0].beats)]
    rows += [
        (f"layer {k}", int(begins[0]), end)
        for k, (begins, end) in enumerate(zip(line.begins, line.ends, strict=True))
    ]
    rows.append(("m_axis", design.latency, design.latency + beats))
    bottom = top + high * len(rows)
    parts = []
    for clock in range(0, last + 1, interval // 2):
        x = left + clock * scale
        parts.append(f'<path class="edge" d="M{x:.1f} {top}V{bottom + 4}"/>')
        parts.append(text(round(x, 1), bottom + 18, clock, kind="note"))
    for number, (name, start, end) in enumerate(rows):
        y = top + number * high
        parts.append(text(left - 10, y + 19, name, "end"))
        for frame in range(frames):
            x = left + (start + frame * interval) * scale
            parts.append(box(round(x, 1), y + 4, round((end - start) * scale, 1), high - 8, frame))
            parts.append(text(round(x + (end - start) * scale / 2, 1), y + 19, frame))
    begin = left + design.latency * scale
    parts += span(left, begin, top - 12, f"latency {design.latency}")
    parts += span(begin, begin + interval * scale, top - 12, f"interval {interval}")
    axis = "clocks since the first input beat"
    parts.append(text(left + width / 2, bottom + 36, axis, kind="note"))
    return page(left + width + 24, bottom + 46, f"{frames} frames through {design.name}", parts)


def structures() -> str:
    """Return the weights of a dense layer, and those of the two supports of a CSC layer."""
    words, fan_in, cell, gap, top = 16, 4, 10, 62, 30
    formats = csc.Formats(**dict.fromkeys(("input", "weights", "outputs"), Format.parse("s1.6")))
    config = csc.Config(inputs=words, supports=csc.cycle(words, fan_in), formats=formats)
    there = [np.ones((words, words), bool)]
    there += [replace(config, supports=(support,)).connectivity for support in config.supports]
    assert config.connectivity.all()
    side = words * cell
    parts = []
    signs = ("", "or", "·")  # the first support is on the right, as in a product of matrices
    names = ("dense", *(f"support {k}" for k in range(len(config.supports))))
    for place, number in enumerate((0, 2, 1)):
        x = 60 + place * (side + gap)
        matrix = there[number]
        count = f"{names[number]}: {matrix.sum()} weights"
        parts.append(text(x + side / 2, top - 12, count))
        ones = "".join(
            f"M{x + cell * i} {top + cell * o}h{cell - 1}v{cell - 1}h{1 - cell}z"
            for o, i in np.argwhere(matrix)
        )
        parts.append(f'<path d="{ones}" fill="{FILLS[number][1]}"/>')
        parts.append(
            f'<rect x="{x - 2}" y="{top - 2}" width="{side + 3}" height="{side + 3}" class="span"/>'
        )
        parts.append(text(x - gap / 2, top + side / 2, signs[place]))
    parts.append(text(52, top + side / 2, "outputs", "end", "note"))
    parts.append(text(60 + side / 2, top + side + 18, "inputs", kind="note"))
    title = "A dense layer, and the two supports of a CSC layer"
    return page(60 + 3 * side + 2 * gap + 16, top + side + 30, title, parts)


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    design = load("csc-1024")
    assert isinstance(design, CyclicSparse)
    drawn = {
        "group": group(design.plans[0]),
        "chain": chain(design, 3),
        "structures": structures(),
    }
    for name, picture in drawn.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    pictures.save(
        pictures.trace(load("csc-digits").trace(digits.heldout()[0])), folder / "trace.svg"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
