"""Draw the pictures of docs/cyclic_sparse.md, beside this file, and that of the README.

group.svg: one group of a support layer, stage by stage. chain.svg: three frames through csc-1024.
Every clock comes from the engine's own promises. trace.svg, of docs/inspection.md: the held-out
digits through csc-digits (it needs scikit-learn). ../stream.svg: the streams, of no design in
particular. The same bytes each time.
"""

from pathlib import Path

from kolam.flows import pictures
from kolam.generators import load
from kolam.generators.cyclic_sparse import CyclicSparse
from kolam.generators.support_plan import SupportPlan
from kolam.testbenches import digits

INK, GREY = "#2b2b2b", "#555"
FILLS = (("#cfe3f5", "#0072b2"), ("#fbdcc4", "#d55e00"), ("#cdeae0", "#009e73"))
STYLE = """<style>
    text { fill: #2b2b2b; }
    .note { font-size: 11px; fill: #555; }
    .edge { stroke: #ddd; stroke-width: 1; }
    .span { stroke: #555; stroke-width: 1; fill: none; }
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


def wire(x: float, y: float, cell: float, levels: str) -> str:
    """Return a waveform of 0 and 1, a level a clock; y: of the 0."""
    path = f"M{x:g} {y - 18 * int(levels[0]):g}"
    for clock, level in enumerate(levels):
        path += f"V{y - 18 * int(level):g}H{x + (clock + 1) * cell:g}"
    return f'<path class="wire" d="{path}"/>'


def words(x: float, y: float, cell: float, beats: list[str], shade: int) -> list[str]:
    """Return the words of a bus, a name a clock; a name that goes on is one box, "" is idle."""
    parts, clock = [], 0
    while clock < len(beats):
        name, start = beats[clock], clock
        while clock < len(beats) and beats[clock] == name:
            clock += 1
        left, wide = x + start * cell, (clock - start) * cell
        if name:
            parts.append(box(left + 2, y - 18, wide - 4, 18, shade))
            parts.append(text(left + wide / 2, y - 4, name))
        else:
            place = f'x="{left:g}" y="{y - 18:g}" width="{wide:g}" height="18"'
            parts.append(f'<rect class="idle" {place}/>')
    return parts


def stream() -> str:
    """Return two frames of four beats in and two out; all three pause in the second one only."""
    left, top, cell, line = 132, 38, 40, 34
    #                0....5....10...15
    signals = (
        ("s_axis_tvalid", "01111111011000000"),
        ("s_axis_tready", "11111111101111111"),
        ("s_axis_tdata", ",a0,a1,a2,a3,b0,b1,b2,,b3,b3,,,,,,"),
        ("s_axis_tlast", "00001000011000000"),
        ("m_axis_tvalid", "00000001100001110"),
        ("m_axis_tready", "11111111111110111"),
        ("m_axis_tdata", ",,,,,,,A0,A1,,,,,B0,B0,B1,"),
        ("m_axis_tlast", "00000000100000010"),
    )
    clocks = len(signals[0][1])
    bottom = top + line * (len(signals) + 1)
    parts = []
    for clock in range(clocks + 1):
        parts.append(f'<path class="edge" d="M{left + clock * cell} {top}V{bottom}"/>')
    beat = f"v-18h{cell // 2}v18h{cell // 2}"
    parts.append(text(left - 12, top + 22, "clk", "end"))
    parts.append(f'<path class="wire" d="M{left} {top + 26}{beat * clocks}"/>')
    for number, (name, levels) in enumerate(signals):
        y = top + line * (number + 1) + 26
        parts.append(text(left - 12, y - 4, name, "end"))
        if "," in levels:
            shade = int(name.startswith("m"))
            parts += words(left, y, cell, levels.split(","), shade)
        else:
            parts.append(wire(left, y, cell, levels))
    taken, seen = left + 2 * cell, left + 8 * cell
    ends = f"M{taken} {bottom + 6}v8M{seen} {bottom + 6}v8M{taken} {bottom + 10}H{seen}"
    parts.append(f'<path class="span" d="{ends}"/>')
    note = "latency: nobody has paused so far"
    parts.append(text((taken + seen) / 2, bottom + 26, note, kind="note"))
    for clock, note in ((8, "gap"), (9, "wait"), (13, "stall")):
        parts.append(text(left + (clock + 0.5) * cell, top - 6, note, kind="note"))
    title = "Two frames; in the second the source, then the design, then the sink pauses"
    return page(left + clocks * cell + 16, bottom + 40, title, parts)


def main() -> None:
    """Write the pictures beside this file, and the README's in docs/."""
    design = load("csc-1024")
    assert isinstance(design, CyclicSparse)
    folder = Path(__file__).parent
    for name, picture in (("group", group(design.plans[0])), ("chain", chain(design, 3))):
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    pictures.save(
        pictures.trace(load("csc-digits").trace(digits.heldout()[0])), folder / "trace.svg"
    )
    (folder.parent / "stream.svg").write_text(stream(), encoding="utf-8")


if __name__ == "__main__":
    main()
