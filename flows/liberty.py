"""What synthesis must know of a Liberty file: cells, their areas, and what each is for.

Only that is read: no timing. The grammar is that of the Liberty reference manual; groups in
groups of a cell, `timing` above all, are passed over.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

# Cells that the makers of a library or of OpenROAD-flow-scripts keep out of synthesis, where the
# Liberty file itself does not say so (its platforms/*/config.mk, DONT_USE_CELLS).
_AVOIDED = (
    *("sky130_fd_sc_h?__probe*", "sky130_fd_sc_h?__lpflow*"),  # probe points; power domains
    *("TAPCELL_X1", "FILLCELL_X*", "AOI211_X1", "OAI211_X1"),  # nangate45
    *("*x1p*_ASAP7*", "*xp*_ASAP7*", "SDF*_ASAP7*", "ICG*_ASAP7*", "DFFASRHQN*_ASAP7*"),
    "gf180mcu_fd_sc_mcu*_1",
    *("sg13g2_lgcp_1", "sg13g2_slgcp_1", "sg13g2_sighold", "sg13g2_dfrbp_2"),
)
# for what is no logic: power domains, gated clocks
_SPECIAL = (
    *("dont_use", "is_isolation_cell", "is_level_shifter", "always_on", "retention_cell"),
    *("switch_cell_type", "clock_gating_integrated_cell", "is_filler_cell", "is_tap_cell"),
)

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_BRACE = re.compile(r'"[^"]*"|[{}]')
_CELL = re.compile(r'^[ \t]*cell[ \t]*\([ \t]*"?([^"()\s]+)"?[ \t]*\)[ \t\n]*\{', re.M)
_GROUP = re.compile(r"(\w+)\s*\(([^(){};]*)\)\s*\Z")
_ATTRIBUTE = re.compile(r'(\w+)\s*:\s*"?([^";\n{}]*?)"?\s*(?:;|\n|\Z)')
_UNIT = re.compile(r"([\d.]*)\s*([munpf]?)[sf]", re.I)
_PREFIX = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_GATHERED = ("pin", "bus", "ff", "latch", "ff_bank", "latch_bank", "statetable", "memory")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: area in square micrometres; pins by name, as (direction, function, farad).

    kind: ff, latch, memory or logic. special: it is not for synthesis.
    """

    name: str
    area: float
    kind: str
    special: bool
    pins: dict[str, tuple[str, str, float]]

    @property
    def inputs(self) -> list[str]:
        """Names of input pins."""
        return [name for name, pin in self.pins.items() if pin[0] == "input"]

    @property
    def outputs(self) -> dict[str, str]:
        """Functions of output pins by name, without blanks and outer parentheses."""
        return {n: _plain(pin[1]) for n, pin in self.pins.items() if pin[0] == "output"}


@dataclass(frozen=True)
class Library:
    """The cells of one or more Liberty files, by name; time_unit in seconds."""

    name: str
    time_unit: float
    cells: dict[str, Cell]

    @property
    def unused(self) -> list[str]:
        """Names of the cells that synthesis must leave alone."""
        return [cell.name for cell in self.cells.values() if cell.special]

    @cached_property
    def flip_flops(self) -> frozenset[str]:
        """Names of the flip-flops."""
        return frozenset(cell.name for cell in self.cells.values() if cell.kind == "ff")

    @cached_property
    def latches(self) -> frozenset[str]:
        """Names of the latches."""
        return frozenset(cell.name for cell in self.cells.values() if cell.kind == "latch")

    @property
    def buffer(self) -> tuple[str, str, str]:
        """The smallest buffer, its input and its output. Raises ValueError without one."""
        found = [
            (cell.area, cell.name, cell.inputs[0], next(iter(cell.outputs)))
            for cell in self._logic
            if len(cell.inputs) == 1 and list(cell.outputs.values()) == cell.inputs
        ]
        if not found:
            raise ValueError(f"{self.name} must have a buffer, and has none")
        _, name, source, sink = min(found)
        return name, source, sink

    @property
    def buffer_load(self) -> float:
        """Capacitance of the input of the smallest buffer, in farad."""
        name, source, _ = self.buffer
        return self.cells[name].pins[source][2]

    def tie(self, value: int) -> tuple[str, str] | None:
        """Return the smallest cell that drives a constant 0 or 1, and its pin; None without one."""
        found = [
            (cell.area, cell.name, pin)
            for cell in self._logic
            for pin, function in cell.outputs.items()
            if not cell.inputs and function == str(value)
        ]
        return min(found)[1:] if found else None

    @property
    def _logic(self) -> list[Cell]:
        return [c for c in self.cells.values() if c.kind == "logic" and not c.special]


def read(*paths: Path) -> Library:
    """Return what Liberty files hold together; .gz is unpacked.

    Raises ValueError with one sentence for what is no Liberty file, or has no flip-flop; OSError.
    """
    libraries = [parse(text(path), path.name) for path in paths]
    if len({library.time_unit for library in libraries}) > 1:
        raise ValueError("Liberty files must have one unit of time, not several")
    cells = {name: cell for library in libraries for name, cell in library.cells.items()}
    whole = Library(libraries[0].name, libraries[0].time_unit, cells)
    if not whole.flip_flops:
        raise ValueError(f"{paths[0]} must have a flip-flop, and has none")
    return whole


def text(path: Path) -> str:
    """Return the text of a Liberty file, which may be packed with gzip."""
    try:
        octets = path.read_bytes()
        if path.suffix == ".gz":
            octets = gzip.decompress(octets)
        return octets.decode("utf-8")
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError):
        raise ValueError(f"{path} must be a Liberty file, not binary data") from None


def parse(content: str, name: str) -> Library:
    """Return what the text of a Liberty file holds; `name` is for errors."""
    content = _COMMENT.sub("", content)
    head = re.match(r'\s*library\s*\(\s*"?([^"()\s]+)"?\s*\)\s*\{', content)
    if head is None:
        start = " ".join(content[:40].split())
        raise ValueError(f"{name} must be a Liberty file, library (NAME) {{ ... }}, not {start!r}")
    cells = list(_CELL.finditer(content))
    top = dict(_ATTRIBUTE.findall(content[: cells[0].start() if cells else None]))
    unit = _UNIT.fullmatch(top.get("time_unit", "1ns"))
    load = re.search(r'capacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*"?(\w+)"?\s*\)', content)
    farads = _PREFIX[load[2].lower().removesuffix("f")] * float(load[1]) if load else 1e-12
    if unit is None:
        raise ValueError(f"{name} must have a time_unit like 1ns, not {top['time_unit']!r}")
    found = {}
    for match in cells:
        cell = _cell(match[1], content, match.end(), farads)
        found[cell.name] = cell
    return Library(head[1], float(unit[1] or 1) * _PREFIX[unit[2].lower()], found)


def _cell(name: str, content: str, start: int, farads: float) -> Cell:
    attributes: dict[str, str] = {}
    pins: dict[str, tuple[str, str, float]] = {}
    kinds = set()
    for group, argument, body in _groups(content, start):
        given = dict(_ATTRIBUTE.findall(body))
        kinds.add(group)
        if group == "":
            attributes.update(given)
        elif group in ("pin", "bus"):
            capacitance = float(given.get("capacitance", 0)) * farads
            for pin in argument.replace('"', "").split(","):
                pins[pin.strip()] = (
                    given.get("direction", ""), given.get("function", ""), capacitance,
                )  # fmt: skip
    kind = "logic"
    for known, groups in (
        ("memory", ("memory",)), ("ff", ("ff", "ff_bank")),
        ("latch", ("latch", "latch_bank", "statetable")),
    ):  # fmt: skip
        if kinds & set(groups):
            kind = known
            break
    special = any(attributes.get(key, "false") not in ("false", "0") for key in _SPECIAL)
    special |= any(fnmatchcase(name, pattern) for pattern in _AVOIDED)
    area = float(attributes.get("area", 0))
    return Cell(name=name, area=area, kind=kind, special=special, pins=pins)


def _groups(content: str, start: int) -> Iterator[tuple[str, str, str]]:
    """Yield (group, argument, what it says itself) of the groups in a cell, and ("", "", …) of it.

    start: behind the cell's brace. Groups in groups are left out.
    """
    depth, mark, own, head, said = 0, start, "", ("", ""), ""
    for brace in _BRACE.finditer(content, start):
        if brace[0] == "{":
            if depth == 0:
                between = content[mark : brace.start()]
                found = _GROUP.search(between)
                own += between[: found.start()] if found else between
                head, said = (found[1], found[2]) if found else ("", ""), ""
            elif depth == 1:
                said += content[mark : brace.start()]
            depth += 1
            mark = brace.end()
        elif brace[0] == "}":
            if depth == 0:
                yield "", "", own + content[mark : brace.start()]
                return
            depth -= 1
            if depth == 0:
                said += content[mark : brace.start()]
                if head[0] in _GATHERED:
                    yield *head, said
            mark = brace.end()


def _plain(function: str) -> str:
    function = function.replace(" ", "")
    while function.startswith("(") and function.endswith(")"):
        function = function[1:-1]
    return function
