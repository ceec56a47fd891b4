"""Draw what simulations showed, the pictures of docs/interface.md and of the README.

    python docs/pictures/waves.py [FOLDER]

Each scene runs a small design in Icarus under the bench that checks every bit, and is drawn from
the trace: values as each rising edge sees them. They go beside this file, or into FOLDER; the
same bytes each time.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from draw import box, page, span, text

from kolam.flows import simulate
from kolam.generators import cyclic_sparse as csc
from kolam.generators import fft
from kolam.hdl import Format
from kolam.testbenches.stimulus import Frame, Load, Settings, codes

LEFT, TOP, CELL, LINE, HIGH = 144, 28, 33, 28, 16
BEFORE = 2  # clocks
S1_6 = Format.parse("s1.6")
Clock = dict[str, int | None]  # the value of each signal; None: x


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What to run, and what of it to draw.

    signals: from top to bottom. clocks: those drawn; the edge of clock 0 sees the first beat of
    the source that is taken. skipped: those left out. notes: what is written above a clock. spans:
    from edge to edge, with words, below.
    """

    title: str
    design: Any
    asked: dict[str, Any]
    signals: tuple[str, ...]
    clocks: range
    skipped: tuple[range, ...] = ()
    notes: dict[int, str] = field(default_factory=dict)
    spans: tuple[tuple[int, int, str], ...] = ()


def trace(design: Any, asked: dict[str, Any]) -> list[Clock]:
    """Return all signals of the bench at every rising edge, from BEFORE the first beat."""
    with tempfile.TemporaryDirectory() as folder:
        vcd = Path(folder, "trace.vcd")
        run = simulate(design, vcd=vcd, **asked)
        assert run.passed, run.line
        rows = list(edges(vcd.read_text(encoding="ascii").splitlines()))
    first = next(k for k, row in enumerate(rows) if row["s_axis_tvalid"] and row["s_axis_tready"])
    return rows[first - BEFORE :]


def edges(lines: list[str]) -> Iterator[Clock]:
    """Yield the signals of the outermost scope of a VCD as every rising edge of clk finds them."""
    names: dict[str, list[str]] = {}
    known: Clock = {}
    changed: Clock = {}
    depth = 0
    for line in [*lines, "#"]:
        words = line.split()
        if line.startswith("#"):  # a new time: what has changed was simultaneous
            if changed.get("clk") == 1 and known.get("clk") == 0:
                yield dict(known)
            known.update(changed)
            changed = {}
        elif words[0] in ("$scope", "$upscope"):
            depth += 1 if words[0] == "$scope" else -1
        elif words[0] == "$var" and depth == 1:
            names.setdefault(words[3], []).append(words[4])
        elif words[0][0] in "01xzb":
            value, code = words if len(words) == 2 else (line[0], line[1:])
            bits = value.removeprefix("b")
            for name in names.get(code, ()):
                changed[name] = None if set(bits) - set("01") else int(bits, 2)


def draw(scene: Scene) -> str:
    """Return the picture of a scene; a column ends at the edge that sees what it shows."""
    rows = trace(scene.design, scene.asked)
    place, breaks, x = {}, [], LEFT
    for clock in scene.clocks:
        hidden = [each for each in scene.skipped if clock in each]
        if not hidden:
            place[clock] = x
        elif clock == hidden[0].start:
            breaks.append((x, len(hidden[0])))
        x += CELL * (not hidden or clock == hidden[0].start)
    right, bottom = x, TOP + LINE * (len(scene.signals) + 1)
    widths = {port.name: port.width for port in scene.design.ports}
    parts = [f'<path class="edge" d="M{x} {TOP}V{bottom}"/>' for x in (*place.values(), right)]
    for number, name in enumerate(("clk", *scene.signals)):
        y = TOP + LINE * (number + 1) - 6
        parts.append(text(LEFT - 10, y - 4, name, "end"))
        if name == "clk":
            pulse = f"v{-HIGH}h{CELL / 2:g}v{HIGH}h{CELL / 2:g}"
            parts += [f'<path class="wire" d="M{x} {y}{pulse}"/>' for x in place.values()]
        elif widths[name] > 1:
            parts += bus(rows, name, widths[name], place, y)
        else:
            parts += wire(rows, name, place, y)
    for left, clocks in breaks:
        parts.append(
            f'<rect x="{left}" y="{TOP}" width="{CELL}" height="{bottom - TOP}" fill="#fff"/>'
        )
        middle = f"{left + CELL / 2 + 4:g} {(TOP + bottom) / 2:g}"
        parts.append(
            f'<g transform="translate({middle}) rotate(-90)">'
            + text(0, 0, f"{clocks} clocks", kind="note")
            + "</g>"
        )
    for clock, note in scene.notes.items():
        parts.append(text(place[clock] + CELL / 2, TOP - 8, note, kind="note"))
    for number, (start, end, words) in enumerate(scene.spans):
        parts += span(place[start] + CELL, place[end] + CELL, bottom + 26 * (number + 1), words)
    return page(right + 16, bottom + 14 + 26 * len(scene.spans), scene.title, parts)


def wire(rows: list[Clock], name: str, place: dict[int, int], y: float) -> list[str]:
    """Return the waveform of a bit; y: of its 0. Grey where it is x, or nothing."""
    parts, path, before = [], "", None
    vouched = f"{name.removesuffix('_tlast')}_tvalid"
    for clock, x in place.items():
        row = rows[clock + BEFORE]
        level = row[name] if row.get(vouched, 1) else None
        if level is None:
            parts.append(idle(x, y))
        else:
            path += f"{f'M{x} {y - HIGH * level}' if before is None else f'V{y - HIGH * level}'}"
            path += f"H{x + CELL}"
        before = level
    return [*parts, f'<path class="wire" d="{path}"/>']


def bus(rows: list[Clock], name: str, width: int, place: dict[int, int], y: float) -> list[str]:
    """Return the words of a stream, one box from the clock that offers it to that which takes it.

    Grey where tvalid is low: data mean nothing then.
    """
    stream = name.removesuffix("_tdata")
    shade = ("s_axis", "m_axis").index(stream) if stream in ("s_axis", "m_axis") else 2
    parts, start = [], None
    for clock, x in place.items():
        row = rows[clock + BEFORE]
        if not row[f"{stream}_tvalid"]:
            parts.append(idle(x, y))
            continue
        start = x if start is None else start
        if row[f"{stream}_tready"] or clock + 1 not in place:
            parts.append(box(start + 1, y - HIGH, x + CELL - start - 2, HIGH, shade))
            word = f"{row[name]:0{width // 4}x}" if width <= 16 else f"{row[name]}"
            parts.append(text((start + x + CELL) / 2, y - 4, word, kind="word"))
            start = None
    return parts


def idle(x: float, y: float) -> str:
    """Return the grey of a clock in which a signal means nothing."""
    return f'<rect class="idle" x="{x}" y="{y - HIGH}" width="{CELL}" height="{HIGH}"/>'


def layer(factor: float = 1, words: int = 8, **fields: Any) -> csc.CyclicSparse:
    """Return a layer that gives the factor of the words that it is given, two words a beat."""
    config = csc.Config(
        inputs=words,
        supports=(csc.Support(outputs=words, fan_in=2, stride=1),),
        formats=csc.Formats(input=S1_6, weights=S1_6, outputs=S1_6),
        input_lanes=2,
        output_lanes=2,
        **{"parallelism": 4, **fields},
    )
    return csc.build(config, weights(factor, words), name="layer")


def weights(factor: float, words: int) -> list[Any]:
    """Return the weights of a layer: its first tap counts, its second does not."""
    return [np.array([[factor, 0.0]] * words)]


def frames(count: int, words: int = 8) -> list[Frame]:
    """Return frames of words 0x10, 0x11, …; of 0x20, 0x21, …; and so on."""
    return [Frame(np.arange(words) + 16 * (k + 1)) for k in range(count)]


def streams(
    *names: str, roles: tuple[str, ...] = ("valid", "ready", "data", "last")
) -> tuple[str, ...]:
    """Return the names of the signals of streams."""
    return tuple(f"{name}_t{role}" for name in names for role in roles)


BOTH = streams("s_axis", "m_axis")


def scenes() -> dict[str, Scene]:
    """Return the scenes by the name of the picture."""
    plain, slow = layer(), layer(parallelism=2)
    louder, small = layer(1.5), layer(words=4, parallelism=2, loadable=True)
    half = weights(0.5, 4)
    transform = fft.build(
        fft.Config(points=8, run_time=fft.RunTime(direction=True, cyclic_prefix=True)), name="dft"
    )
    inverse = transform.under(direction=1)
    samples = [Frame(row) for row in codes(transform, 2, 0)]
    after = plain.latency
    return {
        "frames": Scene(
            title="Two frames in, two frames out",
            design=plain,
            asked={"script": frames(2)},
            signals=BOTH,
            clocks=range(-1, after + 9),
            skipped=(range(9, after - 1),),
            spans=(
                (0, after, f"latency {after}"),
                (after, after + plain.interval, f"interval {plain.interval}"),
            ),
        ),
        "pauses": Scene(
            title="A frame while source, design and sink pause",
            design=slow,
            asked={"script": frames(2), "gap": 0.15, "stall": 0.25, "seed": 147},
            signals=BOTH,
            clocks=range(-1, slow.latency + 9),
            skipped=(range(9, slow.latency - 1),),
            notes={
                2: "wait",
                4: "gap",
                6: "wait",
                slow.latency + 2: "stall",
                slow.latency + 5: "stall",
            },
        ),
        "short": Scene(
            title="A frame that ends too early, and a good one",
            design=plain,
            asked={"script": [Frame(frames(1)[0].codes, short=2), frames(2)[1]]},
            signals=(*BOTH, "event_frame_error"),
            clocks=range(-1, after + 9),
            skipped=(range(9, after + 3),),
        ),
        "long": Scene(
            title="A frame that ends too late, and a good one",
            design=plain,
            asked={"script": [Frame(frames(1)[0].codes, long=2), frames(2)[1]]},
            signals=(*BOTH, "event_frame_error"),
            clocks=range(-1, after + 11),
            skipped=(range(11, after + 5),),
        ),
        "overflow": Scene(
            title="A frame of which some words saturate",
            design=louder,
            asked={"script": [Frame(np.arange(8) * 4 + 0x40)]},
            signals=(*streams("s_axis"), "event_overflow", *streams("m_axis")),
            clocks=range(-1, after + 5),
            skipped=(range(5, after - 1),),
        ),
        "weights": Scene(
            title="New weights between two frames",
            design=small,
            asked={
                "script": [
                    *frames(1, words=4),
                    Load(small.weight_frame(half), small.with_weights(half)),
                    *frames(1, words=4),
                ]
            },
            signals=(*BOTH, *streams("s_axis_weight")),
            clocks=range(-1, 49),
            skipped=(range(4, 18), range(31, 44)),
        ),
        "settings": Scene(
            title="Settings that are refused, and settings that are taken",
            design=transform,
            asked={"script": [samples[0], Settings([1, 8]), Settings([1, 0], inverse), samples[1]]},
            signals=(
                *streams("s_axis", roles=("valid", "ready", "last")),
                *streams("s_axis_config"),
                "event_config_error",
            ),
            clocks=range(4, 22),
        ),
    }


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    for name, scene in scenes().items():
        (folder / f"{name}.svg").write_text(draw(scene), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
