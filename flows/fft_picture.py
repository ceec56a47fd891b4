"""A figure of an FFT: its steps in the order in which samples pass them, in rows."""

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Polygon

from kolam.generators import fft_facts
from kolam.generators.fft_config import Architecture
from kolam.generators.streaming_fft import QUEUE

_INK, _FAINT, _PAPER = "#2b2b2b", "#8a8a8a", "white"
_STAGE, _ROTATOR, _END = "#dce9f5", "#fbe3d0", "#ececec"
_MEMORY, _REGISTERS = "#8fc1a9", "#e3f1ea"
_HALF, _QUARTER = "#d55e00", "#0072b2"

_GAP = 0.62  # of a wire between two steps
_ROW = 2.6  # from row to row
_LONGEST = 15.5  # a row
_INCH = 0.86  # a unit of length

Step = dict[str, Any]
Draw = Callable[[Axes, float, float, Step], None]


def pipeline(design: Any) -> Figure:
    """Return the data flow: butterflies with their delay lines, rotators, bits on the wires."""
    iterates = design.config.architecture is Architecture.ITERATIVE
    steps = (_passes if iterates else fft_facts.steps)(design)
    steps.append({"name": "queue", "words": QUEUE, "bits": [steps[-1]["bits"][1]] * 2})
    rows = _rows(steps)
    lengths = [sum(_width(step) + _GAP for step in row) for row in rows]
    height = _ROW * len(rows) + 0.85
    config, source = design.config, design.streams[0]
    lanes = max(1, source.lanes * source.parts // 2)  # complex samples at once
    figure = Figure()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    sink = design.streams[1]
    _end(axes, -0.35, 0, source, "right")
    x = y = 0.0
    for number, row in enumerate(rows):
        y, x = -_ROW * number, 0.0
        for step in row:
            bits = step["bits"][0]
            _wire(axes, [(x - (0.3 if step is steps[0] else 0), y), (x + _GAP, y)])
            axes.text(x + _GAP / 2 - 0.04, y + 0.07, f"{bits}", **_style(7.5, weight="bold"))
            if lanes > 1:
                _bundle(axes, x + _GAP / 2 - 0.04, y, lanes)
            x += _GAP
            _draw(step)(axes, x, y, step)
            x += _width(step)
        if row is not rows[-1]:  # and back to the left
            below = y - _ROW + 1.3
            path = [(x, y), (x + 0.3, y), (x + 0.3, below), (-0.3, below)]
            axes.plot(*zip(*path, (-0.3, y - _ROW), (0.05, y - _ROW), strict=True), **_line())
    _wire(axes, [(x, y), (x + 0.45, y)])
    _end(axes, x + 0.5, y, sink, "left")
    value, power = design.gain_text.split("^")
    rate = f"{config.lanes} samples a clock" if config.lanes > 1 else "a sample a clock"
    if iterates:
        inside = steps[1 : 2 + config.stages_a_pass]
        length = sum(_width(step) + _GAP for step in inside)
        text = f"{config.points:,} in {config.passes} passes"
        _loop(axes, 2 * _GAP + _width(steps[0]), length, text)
        rate = f"a frame in {design.interval:,} clocks"
    axes.text(-1.1, 1.62, design.name, **_style(12, ha="left", weight="bold"))
    if choices := _choices(design):
        axes.text(
            -0.9 + 0.135 * len(design.name), 1.63, choices, **_style(9, ha="left", color=_FAINT)
        )
    axes.text(
        -1.1, 1.32,
        f"{config.direction.value}, {config.points:,} {'real ' * config.real}points, {rate}, "
        f"gain {value}$^{{{power}}}$, {design.multipliers} multipliers",
        **_style(9, ha="left"),
    )  # fmt: skip
    legend = _legend(axes, 1.9 - height + 0.3, steps, lanes)
    right = max(*lengths, lengths[-1] + 1.0, legend) + 0.7
    axes.set_xlim(-1.3, right)
    axes.set_ylim(1.9 - height, 1.9)
    figure.set_size_inches(_INCH * (right + 1.3), _INCH * height)
    return figure


def _choices(design: Any) -> str:
    """Return what no box shows: registers, a prefix, and what is set at run time."""
    config = design.config
    said = [f"pipelining {config.pipelining}"] * (config.pipelining > 0)
    said += [f"prefix of {config.cyclic_prefix}"] * (config.cyclic_prefix > 0)
    sets = [f"{s.name} {s.minimum} to {s.maximum}" for s in design.settings]
    said += [f"at run time: {', '.join(sets)}"] * bool(sets)
    return "; ".join(said)


def _bundle(axes: Axes, x: float, y: float, lanes: int) -> None:
    """Draw the stroke through a wire that says of how many lanes it is."""
    axes.plot([x - 0.035, x + 0.035], [y - 0.06, y + 0.06], **_line())
    axes.text(x, y - 0.1, f"{lanes}", **_style(7, va="top", color=_FAINT))


def _passes(design: Any) -> list[Step]:
    """Return the steps around a memory; butterflies and rotators are those of every pass."""
    config, points = design.config, design.config.points
    *stages, output = fft_facts.steps(design)
    first, size = config.formats.input.width, stages[0]["bits"][1]
    count = config.butterflies
    both = {"bits": [size, size]}
    last = config.stages_a_pass - 1
    return [
        {"name": "input", "words": points, "memory": True, "bits": [first, first]},
        *(
            {
                **both,
                "name": "butterfly" if count == 1 else f"{count} butterflies",
                "halves": any(step.get("halves") for step in stages),
                "quarters": k == last and any(step.get("quarters") for step in stages),
            }
            for k in range(config.stages_a_pass)
        ),
        {
            **both,
            "circle": points,
            "multipliers": design.multipliers,
            "lifts": False,
            "adds": False,
        },
        {**both, "name": "output", "words": points, "memory": True},
        output,
    ]


def _loop(axes: Axes, x: float, length: float, text: str) -> None:
    """Draw the memory through which the rotators' results go back to the butterflies."""
    stage, middle = 0.95, 0.88
    end = x + length - _GAP - 0.32
    _box(axes, x, middle - 0.17, end + 0.32 - x, 0.34, _MEMORY)
    axes.text((x + end + 0.32) / 2, middle, text, **_style(8, va="center"))
    for side, start, stop in ((x + stage / 2, middle - 0.17, 0.36), (end, 0.32, middle - 0.17)):
        axes.plot([side, side], [start, stop], **_line())
        _head(axes, (side, stop), up=stop > start)


def _rows(steps: Sequence[Step]) -> list[list[Step]]:
    """Return the steps in rows of about the same length, broken behind rotators."""
    groups: list[list[Step]] = [[]]
    for step in steps:
        groups[-1].append(step)
        if "circle" in step:
            groups.append([])
    lengths = [sum(_width(step) + _GAP for step in group) for group in groups]
    count = -(-sum(lengths) // _LONGEST)
    rows: list[list[Step]] = [[]]
    total = 0.0
    for group, length in zip(groups, lengths, strict=True):
        if rows[-1] and total + length / 2 > len(rows) * sum(lengths) / count:
            rows.append([])
        rows[-1] += group
        total += length
    return rows


def _width(step: Step) -> float:
    return 0.64 if "circle" in step else 0.95


def _draw(step: Step) -> Draw:
    if "halves" in step:
        return _stage
    if "circle" in step:
        return _rotator
    if "elements" in step:
        return _split
    if "drop" in step:
        return _output
    return _buffer


def _stage(axes: Axes, x: float, y: float, step: Step) -> None:
    """Draw a butterfly, and above it the line through which one of its sides goes back, if any."""
    width = _width(step)
    _box(axes, x, y - 0.36, width, 0.72, _STAGE)
    left, right = x + 0.22, x + width - 0.22
    for start, end in ((0.16, 0.16), (-0.16, -0.16), (0.16, -0.16), (-0.16, 0.16)):
        axes.plot([left, right], [y + start, y + end], color=_INK, linewidth=0.9)
    if step.get("delay"):
        _line_back(axes, x, y, step["delay"], _MEMORY if step["memory"] else _REGISTERS)
    axes.text(x + width / 2, y - 0.5, step["name"], **_style(7.5, va="top", color=_FAINT))
    if step["halves"]:
        _badge(axes, x + width - 0.02, y - 0.34, "½", _HALF)
    if step["quarters"]:
        _badge(axes, x + 0.02, y - 0.34, "$-j$", _QUARTER)


def _split(axes: Axes, x: float, y: float, step: Step) -> None:
    """Draw what joins pairs of elements, and above it its memory, if it has one."""
    width = _width(step)
    _box(axes, x, y - 0.36, width, 0.72, _ROTATOR)
    joined = "$k$, $M - k$"
    axes.text(x + width / 2, y + 0.15, joined, **_style(7, va="center"))
    axes.text(x + width / 2, y - 0.15, f"$W_{{{step['turns']}}}$", **_style(9, va="center"))
    if step["words"]:
        _line_back(axes, x, y, step["words"], _MEMORY)
    for row, text in enumerate((step["name"], f"{step['multipliers']} mult.")):
        place = y - 0.5 - 0.2 * row
        axes.text(x + width / 2, place, text, **_style(7.5, va="top", color=_FAINT))


def _line_back(axes: Axes, x: float, y: float, words: int, colour: str) -> None:
    """Draw what holds words, above a step to which they come back."""
    width, low, middle = 0.95, y + 0.36, y + 0.78
    _box(axes, x + 0.02, middle - 0.17, width - 0.04, 0.34, colour)
    axes.text(x + width / 2, middle, f"{words:,}", **_style(8, va="center"))
    for side, ends in ((x + width - 0.12, (low, middle - 0.17)), (x + 0.12, (middle - 0.17, low))):
        axes.plot([side, side], ends, **_line())
        _head(axes, (side, ends[1]), up=ends[1] > ends[0])


def _rotator(axes: Axes, x: float, y: float, step: Step) -> None:
    radius = _width(step) / 2
    axes.add_patch(Circle((x + radius, y), radius, facecolor=_ROTATOR, edgecolor=_INK, linewidth=1))
    sign = "↻" if step["lifts"] else "+" if step["adds"] else "×"
    axes.text(x + radius, y - 0.01, sign, **_style(13, va="center"))
    cost = step["multipliers"]
    for row, (text, color) in enumerate(
        (
            (f"$W_{{{step['circle']}}}$", _INK),
            (f"{cost} mult." if cost else "shifts", _FAINT),
        )
    ):
        size = 9.5 if row == 0 else 7.5
        axes.text(x + radius, y - 0.42 - 0.24 * row, text, **_style(size, va="top", color=color))


def _output(axes: Axes, x: float, y: float, step: Step) -> None:
    width = _width(step)
    _box(axes, x, y - 0.36, width, 0.72, _END)
    words = [f"÷ {1 << step['drop']}", "round"] if step["drop"] else []
    axes.text(x + width / 2, y, "\n".join([*words, "limit"]), **_style(8, va="center"))
    axes.text(x + width / 2, y - 0.5, step["format"], **_style(7.5, va="top", color=_FAINT))


def _buffer(axes: Axes, x: float, y: float, step: Step) -> None:
    """Draw a FIFO, or the buffer that reorders."""
    width, queue = _width(step), step["name"] == "queue"
    _box(axes, x, y - 0.36, width, 0.72, _REGISTERS if queue else _MEMORY)
    axes.text(x + width / 2, y, f"{step['words']:,}", **_style(8, va="center"))
    name = "FIFO" if queue else step["name"]
    axes.text(x + width / 2, y - 0.5, name, **_style(7.5, va="top", color=_FAINT))


def _end(axes: Axes, x: float, y: float, stream: Any, side: str) -> None:
    order = (stream.order_name or "").replace("_", "-")
    axes.text(x, y + 0.02, stream.name, **_style(9, ha=side, va="bottom", weight="bold"))
    axes.text(x, y - 0.05, f"{stream.format}\n{order}", **_style(7.5, ha=side, va="top"))


def _legend(axes: Axes, y: float, steps: Sequence[Step], lanes: int) -> float:
    """Draw the signs that occur, and what they mean; return where they end."""

    def occurs(key: str, value: Any = True) -> bool:
        return any(step.get(key) == value for step in steps)

    def multiplies(step: Step) -> bool:
        return "lifts" in step and not step["lifts"] and not step["adds"]

    entries = [
        ("", _MEMORY, "clocks in memory", occurs("memory") or occurs("name", "reorder")),
        ("", _REGISTERS, "clocks in registers", True),
        ("½", _HALF, "halves", occurs("halves")),
        ("$-j$", _QUARTER, "turns quarters", occurs("quarters")),
        ("×", _INK, "turns by products", any(multiplies(step) for step in steps)),
        ("↻", _INK, "by lifting", occurs("lifts")),
        ("+", _INK, "by shifts and additions", occurs("adds")),
        ("17", _INK, "bits of a part", True),
        (f"{lanes}", _FAINT, "lanes", lanes > 1),
    ]
    x = -1.1
    for sign, colour, text, shown in entries:
        if not shown:
            continue
        if not sign:
            _box(axes, x, y - 0.1, 0.32, 0.2, colour)
        elif colour in (_HALF, _QUARTER):
            _badge(axes, x + 0.17, y, sign, colour)
        else:
            weight = "bold" if sign == "17" else "normal"
            style = _style(7.5, va="center", color=colour, weight=weight)
            axes.text(x + 0.17, y, sign, **style)
        axes.text(x + 0.42, y, text, **_style(7.5, ha="left", va="center"))
        x += 0.72 + 0.085 * len(text)
    return x - 0.6


def _box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x, y), width, height, boxstyle="round,pad=0,rounding_size=0.07", facecolor=colour,
            edgecolor=_INK, linewidth=1,
        )
    )  # fmt: skip


def _badge(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.add_patch(Circle((x, y), 0.15, facecolor=colour, edgecolor=_PAPER, linewidth=1, zorder=3))
    axes.text(x, y - 0.005, text, **_style(7, va="center", color=_PAPER, weight="bold"), zorder=4)


def _wire(axes: Axes, path: Sequence[tuple[float, float]]) -> None:
    axes.plot(*zip(*path, strict=True), **_line())
    x, y = path[-1]
    axes.add_patch(Polygon([(x, y), (x - 0.1, y + 0.05), (x - 0.1, y - 0.05)], color=_INK))


def _head(axes: Axes, tip: tuple[float, float], *, up: bool) -> None:
    (x, y), back = tip, -0.1 if up else 0.1
    axes.add_patch(Polygon([(x, y), (x - 0.05, y + back), (x + 0.05, y + back)], color=_INK))


def _line() -> dict[str, Any]:
    return {"color": _INK, "linewidth": 1, "solid_joinstyle": "round", "zorder": 0}


def _style(size: float, **other: Any) -> dict[str, Any]:
    return {"fontsize": size, "color": _INK, "ha": "center", "va": "bottom", **other}
