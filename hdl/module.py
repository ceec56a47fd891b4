"""Hierarchical Verilog from unmodified MyHDL: a module per function, parameters, port widths.

A module either *computes* (a kernel: MyHDL processes, converted by MyHDL and checked by the
lint) or *places* (a composite: calls of other modules, written by this file), never both. A
leaf computes in Python and carries its own Verilog, for what MyHDL cannot say.

In simulation all three are plain MyHDL blocks. While `emit` runs, a call of one becomes an
instance, named after the local variable that holds it. So every such function ends with
`return instances()`, and wires between modules are unsigned words.

MyHDL itself flattens hierarchy, and orders its text by the hash seed; hence this file.
"""

import hashlib
import importlib.metadata
import inspect
import re
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator, ValuesView
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate, groupby
from pathlib import Path
from typing import Any

from myhdl import Constant, Signal, _simulator, intbv
from myhdl._block import _Block, block_decorator
from myhdl._instance import _Instantiator
from myhdl._ShadowSignal import ConcatSignal, _SliceSignal
from myhdl._Signal import _Signal
from myhdl.conversion import _toVerilog

from kolam.hdl.image import Image
from kolam.hdl.lint import lint
from kolam.hdl.names import check_distinct, check_identifier
from kolam.hdl.quick_inspect import install

install()

_emission: "_Emitter | None" = None


class EmissionError(ValueError):
    """A module that cannot be written as Verilog without changing what it does."""


class module(block_decorator):  # noqa: N801, a drop-in for myhdl.block
    """Make a hardware function a module; see the top of this file."""

    @cached_property
    def signature(self) -> inspect.Signature:
        """Of the function; asked for every instance."""
        return inspect.signature(self.func)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a MyHDL block in simulation, an instance while emitting."""
        if _emission is not None:
            return _emission.place(self, args, kwargs)
        self.calls += 1
        # the stack below _Block must be as MyHDL expects it: no helper between
        return _Block(
            self.func, self, f"{self.func.__name__}{self.calls}", self.srcfile, self.srcline,
            self.skipname, *args, **kwargs,
        )  # fmt: skip


@dataclass(frozen=True)
class LeafText:
    """Verilog of a leaf: its module-level items; and, for registered outputs, their names.

    whole: synthesis does not mix it with what is around it.
    """

    body: str
    registers: tuple[str, ...] = ()
    whole: bool = False


class leaf:  # noqa: N801, a decorator beside `module`
    """Make a function with a Python model a leaf with Verilog of its own.

    outputs: names of the ports it drives. verilog: called with the widths of the ports by name
    and the other arguments by keyword, it returns the LeafText. An argument that is an Image
    becomes three parameters of the HDL module, IMAGE, MEM_DIR and CHECKSUM, so that leaves with
    other contents share one text.
    """

    def __init__(self, *, outputs: tuple[str, ...], verilog: Callable[..., LeafText]) -> None:
        self.outputs, self.verilog = outputs, verilog

    def __call__(self, func: Callable[..., Any]) -> module:
        """Return the module that stands for func."""
        made = module(func)
        made.leaf = self
        return made


def instances() -> list[Any]:
    """Return what the calling hardware function has placed, from its local variables."""
    frame = sys._getframe(1)
    if _emission is not None:
        _emission.locals = dict(frame.f_locals)
    found = (item for value in frame.f_locals.values() for item in _flat(value))
    return list({id(i): i for i in found if isinstance(i, _Block | _Instantiator)}.values())


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, list | tuple | ValuesView):
        for item in value:
            yield from _flat(item)
    else:
        yield value


@dataclass(frozen=True)
class PlacedLeaf:
    """A leaf among the modules of a design: which, its arguments, its ports (direction, width)."""

    function: str
    constants: dict[str, Any]
    ports: dict[str, tuple[str, int]]


@dataclass
class Emission:
    """What `emit` made: texts by path, and the ports of the top by name (direction, width).

    leaves: by module name.
    """

    top: str
    files: dict[str, str]
    ports: dict[str, tuple[str, int]]
    counts: dict[str, int]  # instances by module name, over the whole hierarchy
    leaves: dict[str, PlacedLeaf] = field(default_factory=dict)


@dataclass
class _Instance:
    target: "_Module"
    actuals: dict[str, _Signal]
    image: Image | None
    name: str = ""


@dataclass
class _Module:
    func: Callable[..., Any]
    constants: dict[str, Any]
    ports: dict[str, int]  # widths in argument order
    key: str
    directions: dict[str, str] = field(default_factory=dict)
    children: list[_Instance] = field(default_factory=list)
    text: str = ""  # with the placeholder for its own name
    is_leaf: bool = False
    has_image: bool = False  # this leaf opens an image
    needs_folder: bool = False  # so does something below
    names: dict[int, str] = field(default_factory=dict)
    signals: dict[int, _Signal] = field(default_factory=dict)
    keep: list[Any] = field(default_factory=list)  # ids stay unique while the objects live


def emit(top: module, name: str, arguments: dict[str, Any]) -> Emission:
    """Return the Verilog of `top` placed with `arguments` (Signals and constants by name).

    name becomes the top's; every other module is called name_function, with the parameters
    that tell its variants apart. Deterministic: neither order of use nor hash seed matters.
    Raises EmissionError or LintError with a sentence that names the module.
    """
    global _emission
    if _emission is not None:
        raise EmissionError("emit must not be called while emitting")
    check_identifier(name, "the name of a design")
    _emission = _Emitter()
    known = len(_simulator._signals)
    try:
        bound = top.signature.bind(**arguments)
        bound.apply_defaults()
        root = _emission.require(top, bound.arguments)
        return _emission.finish(root, name)
    finally:
        _emission = None
        del _simulator._signals[known:]  # or every later simulation would visit them


class _Emitter:
    """The modules of one design, by function, constants and port widths."""

    def __init__(self) -> None:
        self.modules: dict[str, _Module] = {}
        self.images: dict[str, Image] = {}
        self.locals: dict[str, Any] = {}
        self.placed: list[_Instance] = []

    def place(self, what: module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Instance:
        bound = what.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        target = self.require(what, bound.arguments)
        actuals = {n: v for n, v in bound.arguments.items() if isinstance(v, _Signal)}
        image = next((v for v in bound.arguments.values() if isinstance(v, Image)), None)
        if target.has_image and image is not None:
            known = self.images.setdefault(image.name, image)
            if known != image:
                raise EmissionError(f"two memory images are called {image.name}")
        made = _Instance(target, actuals, image if target.has_image else None)
        self.placed.append(made)
        return made

    def require(self, what: module, arguments: dict[str, Any]) -> _Module:
        described = [what.func.__module__, what.func.__qualname__]
        for name, value in arguments.items():
            if isinstance(value, _Signal):
                described.append(f"{name}:{_width(value)}")
            elif isinstance(value, list | tuple) and any(isinstance(v, _Signal) for v in value):
                raise EmissionError(f"{name} of {what.func.__name__} must be a word, not a list")
            elif isinstance(value, Image) and hasattr(what, "leaf"):
                described.append(f"{name}={value.depth}x{value.width}")
            else:
                described.append(f"{name}={value!r}")
        key = " ".join(described)
        if key not in self.modules:
            self.modules[key] = self.build(what, arguments, key)
        return self.modules[key]

    def build(self, what: module, arguments: dict[str, Any], key: str) -> _Module:
        ports = {n: _width(v) for n, v in arguments.items() if isinstance(v, _Signal)}
        for port in ports:
            check_identifier(port, f"a port of {what.func.__name__}")
        constants = {n: v for n, v in arguments.items() if not isinstance(v, _Signal)}
        made = _Module(what.func, constants, ports, key)
        if hasattr(what, "leaf"):
            made.is_leaf = True
            made.has_image = any(isinstance(v, Image) for v in constants.values())
            made.needs_folder = made.has_image
            made.directions = {p: "output" if p in what.leaf.outputs else "input" for p in ports}
            text = what.leaf.verilog(ports, **constants)
            made.text = _module_text(made, text.body, text.registers, text.whole)
            return made
        fresh = {n: _fresh(v) if isinstance(v, _Signal) else v for n, v in arguments.items()}
        outer, self.placed, self.locals = self.placed, [], {}
        what.calls += 1
        block = _Block(
            what.func, what, what.func.__name__, what.srcfile, what.srcline, False, **fresh
        )
        placed, local, self.placed, self.locals = self.placed, self.locals, outer, {}
        if not local:
            raise EmissionError(f"{what.func.__name__} must end with `return instances()`")
        if placed and block.subs:
            raise EmissionError(f"{what.func.__name__} must place modules or compute, not both")
        made.keep = [block, local]
        if placed:
            self.structure(made, placed, local, fresh)
        else:
            self.behaviour(made, block, fresh)
        return made

    def behaviour(self, made: _Module, block: Any, fresh: dict[str, Any]) -> None:
        """Let MyHDL convert a kernel; take its body under a header of ours."""
        name = made.func.__name__
        ports = {n: v for n, v in fresh.items() if isinstance(v, _Signal)}
        lint(name, block.subs, ports)
        block.argnames, block.argdict = list(ports), ports
        block.sigdict = {**ports, **block.sigdict}
        block._inferInterface = lambda: None
        block._clear = lambda: None  # signals are fresh: no second elaboration
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                block.convert(
                    "Verilog", name=_PLACEHOLDER, path=folder, testbench=False,
                    initial_values=False, no_myhdl_header=True, trace=False,
                )  # fmt: skip
            except Exception as error:  # MyHDL raises many kinds, some of them bare
                _toVerilog._converting = 0
                error.__traceback__ = None  # closes the file that MyHDL left open
                raise EmissionError(f"{name} does not convert: {error}") from None
            text = Path(folder, f"{_PLACEHOLDER}.v").read_text(encoding="utf-8")
        if said:
            raise EmissionError(f"{name} does not convert cleanly: {said[0].message}")
        for direction, port in re.findall(
            r"^(input|output) (?:signed )?(?:\[[^\]]*\] )?(\w+);", text, re.M
        ):
            made.directions[port] = direction
        registers = re.findall(r"^reg (?:\[[^\]]*\] )?(\w+);", text, re.M)
        body = text[text.index(");") + 2 : text.rindex("endmodule")]
        body = re.sub(r"^(?:input|output) .*;\n", "", body, flags=re.M)
        drop = "|".join(map(re.escape, ports))
        body = re.sub(
            rf"^(?:wire|reg) (?:signed )?(?:\[[^\]]*\] )?(?:{drop});\n", "", body, flags=re.M
        )
        body = re.sub(r"\A(?:\s*//.*\n)+", "", body)  # the docstring, which the header repeats
        made.text = _module_text(made, _tidy(body), tuple(r for r in registers if r in ports))

    def structure(
        self, made: _Module, placed: list[_Instance], local: dict[str, Any], fresh: dict[str, Any]
    ) -> None:
        """Name wires and instances after the local variables of a composite."""
        name = made.func.__name__
        made.children = placed
        made.needs_folder = any(i.target.needs_folder for i in placed)
        for variable, value in _in_order(made.func, {**local, **fresh}):
            for label, item in _labelled(variable, value):
                if isinstance(item, _Signal):
                    made.names.setdefault(id(item), label)
                    made.signals.setdefault(id(item), item)
                elif isinstance(item, _Instance) and not item.name:
                    item.name = label
        driven: dict[int, str] = {}
        read: dict[int, _Signal] = {}
        for instance in placed:
            if not instance.name:
                raise EmissionError(f"an instance in {name} must be held by a local variable")
            for port, actual in instance.actuals.items():
                if instance.target.directions[port] == "output":
                    if isinstance(actual, _SliceSignal | ConcatSignal | Constant):
                        raise EmissionError(f"{port} in {name} must drive a whole signal")
                    if id(actual) in driven:
                        raise EmissionError(
                            f"{self.name_of(made, actual)} in {name} has two drivers"
                        )
                    driven[id(actual)] = port
                else:
                    read.update((id(s), s) for s in _sources(actual))
        for port, signal in fresh.items():
            if isinstance(signal, _Signal):
                made.directions[port] = "output" if id(signal) in driven else "input"
                if id(signal) not in driven and id(signal) not in read:
                    raise EmissionError(f"port {port} of {name} is not connected")
        inputs = {id(v) for n, v in fresh.items() if made.directions.get(n) == "input"}
        for source, signal in read.items():
            if source not in driven and source not in inputs and not isinstance(signal, Constant):
                label = made.names.get(source, "a signal without a name")
                raise EmissionError(f"{label} in {name} is read and not driven")
        made.keep.append((driven, read))

    def name_of(self, made: _Module, signal: _Signal) -> str:
        """Return the Verilog expression of a signal in a composite."""
        if isinstance(signal, Constant):
            return f"{_width(signal)}'d{int(signal)}"
        if isinstance(signal, _SliceSignal):
            low = signal._left if signal._right is None else signal._right
            if isinstance(signal._sig, Constant):
                value = int(signal._sig) >> low & (1 << _width(signal)) - 1
                return f"{_width(signal)}'d{value}"
            if isinstance(signal._sig, _SliceSignal):  # Verilog cannot slice a slice
                inner = signal._sig
                start = low + (inner._left if inner._right is None else inner._right)
                width = _width(signal)
                whole = inner._sig(start + width, start) if width > 1 else inner._sig(start)
                return self.name_of(made, whole)
            if isinstance(signal._sig, ConcatSignal):
                return self.part_of_concat(made, signal._sig, low, _width(signal))
            base = self.name_of(made, signal._sig)
            if _width(signal._sig) == 1:
                return base
            if _width(signal) == 1:
                return f"{base}[{low}]"
            return f"{base}[{signal._left - 1}:{low}]"
        if isinstance(signal, ConcatSignal):
            return "{" + ", ".join(self.name_of(made, s) for s in signal._args) + "}"
        if id(signal) not in made.names:
            raise EmissionError(f"a signal in {made.func.__name__} has no name")
        return made.names[id(signal)]

    def part_of_concat(self, made: _Module, whole: ConcatSignal, low: int, width: int) -> str:
        """Return `width` bits of a word put together, which Verilog cannot slice."""
        names, start = [], 0
        for part in reversed(whole._args):
            size = _width(part)
            first, last = max(low - start, 0), min(low + width - start, size)
            if first < last:
                names.append(
                    self.name_of(made, part if last - first == size else part(last, first))
                )
            start += size
        return names[0] if len(names) == 1 else "{" + ", ".join(reversed(names)) + "}"

    def finish(self, root: _Module, name: str) -> Emission:
        names = self.module_names(root, name)
        files, counts = {}, dict.fromkeys(names.values(), 0)

        def count(made: _Module) -> None:
            counts[names[made.key]] += 1
            for child in made.children:
                count(child.target)

        count(root)
        for made in self.modules.values():
            if made.children:
                made.text = _module_text(made, self.body(made, names))
            text = made.text.replace(_PLACEHOLDER, names[made.key])
            files[f"rtl/{names[made.key]}.v"] = text
        for image in self.images.values():
            files[f"mem/{image.name}"] = image.text()
        leaves = {
            names[made.key]: PlacedLeaf(made.func.__name__, made.constants, _pins(made))
            for made in self.modules.values()
            if made.is_leaf
        }
        return Emission(name, dict(sorted(files.items())), _pins(root), counts, leaves)

    def body(self, made: _Module, names: dict[str, str]) -> str:
        """Return wires and instances of a composite."""
        driven, read = made.keep[-1]
        lines, placed = [], []
        for key, label in made.names.items():
            if label not in made.ports and key in driven and key in read:
                width = _width(made.signals[key])
                lines.append(f"wire {vector(width)}{label};")
        used = [made.names[k] for k in made.names if k in driven or k in read]
        for label in used:
            check_identifier(label, f"a wire of {made.func.__name__}")
        check_distinct(used)
        for instance in made.children:
            target = instance.target
            parameters = {}
            if instance.image is not None:
                parameters["IMAGE"] = f'"{instance.image.name}"'
                parameters["CHECKSUM"] = f"32'h{instance.image.checksum:08x}"
            if target.needs_folder:
                parameters["MEM_DIR"] = "MEM_DIR"
            given = ", ".join(f".{p}({v})" for p, v in parameters.items())
            head = names[target.key] + (f" #({given})" if given else "")
            wires = []
            for port, actual in instance.actuals.items():
                open_output = (
                    target.directions[port] == "output"
                    and id(actual) not in read
                    and made.names.get(id(actual)) not in made.ports
                )
                wires.append(f"    .{port}({'' if open_output else self.name_of(made, actual)})")
            placed.append(f"{head} u_{instance.name} (\n" + ",\n".join(wires) + "\n);")
        return "\n\n".join(["\n".join(lines), *placed])

    def module_names(self, root: _Module, name: str) -> dict[str, str]:
        """Name modules by function and by what tells its variants apart."""
        groups: dict[str, list[_Module]] = {}
        for made in self.modules.values():
            groups.setdefault(made.func.__name__, []).append(made)
        names = {}
        for stem, group in groups.items():
            chosen = _telling([_traits(m) for m in group])
            for made, trait in zip(group, chosen, strict=True):
                suffix = "".join(f"_{name}{_short(value)}" for name, value in trait.items())
                if len(suffix) > _SUFFIX_LIMIT:
                    suffix = "_" + hashlib.sha256(made.key.encode()).hexdigest()[:8]
                names[made.key] = f"{name}_{stem}{suffix}"
        names[root.key] = name
        check_distinct(names.values())
        return names


_PLACEHOLDER = "kolam_module"
_SUFFIX_LIMIT = 60
_LIST_LIMIT = 20


def _pins(made: _Module) -> dict[str, tuple[str, int]]:
    return {port: (made.directions[port], width) for port, width in made.ports.items()}


def _traits(made: _Module) -> dict[str, Any]:
    constants = {
        n: f"{v.depth}x{v.width}" if isinstance(v, Image) else v for n, v in made.constants.items()
    }
    return {**constants, **{f"{p}_w": w for p, w in made.ports.items()}}


def _telling(traits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first few traits, parameters before widths, that tell all variants apart."""
    kept: list[str] = []

    def variants(names: list[str]) -> int:
        return len({tuple(repr(t.get(n)) for n in names) for t in traits})

    for name in dict.fromkeys(name for t in traits for name in t):
        if variants([*kept, name]) > variants(kept):
            kept.append(name)
    for name in reversed(kept):  # what later ones made superfluous
        rest = [n for n in kept if n != name]
        if variants(rest) == len(traits):
            kept = rest
    return [{n: t[n] for n in kept if n in t} for t in traits]


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value).replace("-", "m")
    if value is None or value == ():
        return "_none"
    if isinstance(value, tuple) and value and all(type(item) is int for item in value):
        runs = [(item, len(list(run))) for item, run in groupby(value)]
        text = "_".join(f"{n}x{_short(item)}" if n > 1 else _short(item) for item, n in runs)
        if len(text) <= _LIST_LIMIT:
            return text
    text = getattr(value, "value", value)
    if isinstance(text, str) and re.fullmatch(r"\w+", text):
        return f"_{text}"
    return "_" + hashlib.sha256(repr(value).encode()).hexdigest()[:6]


def _width(signal: _Signal) -> int:
    return signal._nrbits or 1


def _fresh(signal: _Signal) -> _Signal:
    """Return a new signal of the same kind; a shadow becomes a plain word."""
    if signal._type is bool:
        return Signal(bool(0))
    if signal.min is not None and signal.min < 0:
        raise EmissionError("a wire between modules must be an unsigned word, not a signed one")
    return Signal(intbv(0)[_width(signal) :])


def _sources(signal: _Signal) -> Iterator[_Signal]:
    if isinstance(signal, _SliceSignal):
        yield from _sources(signal._sig)
    elif isinstance(signal, ConcatSignal):
        for part in signal._args:
            yield from _sources(part)
    else:
        yield signal


def _in_order(func: Callable[..., Any], variables: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return variables as their names come in the source; frames order them by Python's version."""
    words = re.findall(r"\w+", inspect.getsource(func))
    places = {word: place for place, word in reversed(list(enumerate(words)))}
    return sorted(variables.items(), key=lambda item: places.get(item[0], 0))


def _labelled(label: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _labelled(f"{label}_{index}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _labelled(f"{label}_{key}", item)
    else:
        yield label, value


def vector(width: int) -> str:
    """Return the range of a word in its declaration; a bit has none."""
    return f"[{width - 1}:0] " if width > 1 else ""


# signs of docstrings, as their Verilog has them: there are tools that stop at others
_IN_ASCII = str.maketrans({"…": "...", "·": "*", "×": "x", "≤": "<=", "≥": ">=", "→": "->"})


@cache
def _version() -> str:
    return importlib.metadata.version("kolam")


def _module_text(
    made: _Module, body: str, registers: tuple[str, ...] = (), whole: bool = False
) -> str:
    """Put a body under the header that all our modules share."""
    source = f"{made.func.__module__}.{made.func.__name__}"
    doc = (inspect.getdoc(made.func) or made.func.__name__).translate(_IN_ASCII)
    if not doc.isascii():
        raise ValueError(f"the docstring of {source} must be ASCII, not {doc!a}")
    comment = "".join(f"// {line}".rstrip() + "\n" for line in doc.splitlines())
    parameters = []
    if made.needs_folder:
        parameters.append('parameter MEM_DIR = ""')
    if made.has_image:
        parameters += ['parameter IMAGE = ""', "parameter [31:0] CHECKSUM = 0"]
    generics = " #(\n    " + ",\n    ".join(parameters) + "\n)" if parameters else ""
    ports = ",\n".join(
        f"    {made.directions[p]} {'reg' if p in registers else 'wire'} {vector(w)}{p}"
        for p, w in made.ports.items()
        if p in made.directions
    )
    kept = "(* keep_hierarchy *)\n" if whole else ""
    return (
        "// SPDX-License-Identifier: Apache-2.0\n"
        f"// Generated by kolam {_version()} from {source}; do not edit.\n\n"
        f"{comment}\n`timescale 1ns / 1ps\n`default_nettype none\n\n"
        f"{kept}module {_PLACEHOLDER}{generics} (\n{ports}\n);\n\n"
        f"{textwrap.indent(body.strip(), '    ')}\n\nendmodule\n\n"
        f"`default_nettype wire\n"
    )


def _tidy(text: str) -> str:
    """Make MyHDL's text independent of the hash seed, and easier to read.

    Widths and signs stay: only parentheses that change nothing go, and sums of plain numbers.
    """
    text = re.sub(r"always @\((?!posedge|negedge)[^)]*\) begin", "always @* begin", text)
    # a named block is a thread of its own to Icarus: keep the name only where variables need it
    text = re.sub(r"begin: (\w+)\n(?!\s+(?:integer|reg) )", r"begin  // \1\n", text)
    text = text.replace("begin: ", "begin : ")
    text = re.sub(r"\[\((.+?) \+ (\d+)\)-1:\1\]", r"[\1 +: \2]", text)  # a moving slice
    text = re.sub(r"\[(\d+)\+:(\d+)\]", lambda m: f"[{int(m[1]) + int(m[2]) - 1}:{m[1]}]", text)
    text = re.sub(r"\[(\w+)\+:(\d+)\]", r"[\1 +: \2]", text)
    text = re.sub(r"\[(\d+)-1:", lambda m: f"[{int(m[1]) - 1}:", text)
    text = _one_bit(_fold(text))
    text = re.sub(r"(?<!\bif )(?<![\w!~+-])\((!\w+(?:\[\d+\])?)\)", r"\1", text)
    text = re.sub(r"(?m)^( *(?:else )?if \()(.*)(?=\) begin)", _bare, text)
    # `a <= (b <= c)` reads better with them
    text = re.sub(r"(?m)^( *(?:assign )?[\w\[\]: +-]+ <?= )((?!.*<=).*)(?=;$)", _bare, text)
    text = re.sub(
        r"for \((\w+)=(\w+); \1(<|>=)(\w+); \1=\1([+-])(\w+)\)",
        r"for (\1 = \2; \1 \3 \4; \1 = \1 \5 \6)",
        text,
    )
    text = re.sub(r"\bend\n *else\b", "end else", text)
    text = re.sub(r" +$", "", text, flags=re.M)
    text = re.sub(r"^(assign .*)\n+(?=\nassign )", r"\1", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text)


def _fold(text: str) -> str:
    """Compute `(4 - 1)`, where Verilog's 32 bits hold what is computed."""

    def value(found: re.Match[str]) -> str:
        a, b = int(found[1]), int(found[3])
        result = {"+": a + b, "-": a - b, "*": a * b}[found[2]]
        return str(result) if max(a, b, result) < 2**31 and result >= 0 else found[0]

    # after a word the parentheses are those of a call
    folded = re.sub(r"(?<![\w'])\((\d+) ([-+*]) (\d+)\)", value, text)
    return folded if folded == text else _fold(folded)


def _one_bit(text: str) -> str:
    """Declare words of one bit as bits, as the ports are, unless an index is taken of them."""
    return re.sub(
        r"\b(reg|wire) \[0:0\] (\w+);",
        lambda m: m[0] if f"{m[2]}[" in text else f"{m[1]} {m[2]};",
        text,
    )


def _bare(found: re.Match[str]) -> str:
    """Return what comes before an expression, and it without parentheses round the whole."""
    before, expression = found.groups()
    depths = list(accumulate((c == "(") - (c == ")") for c in expression))
    if not expression.startswith("(") or 0 in depths[:-1]:
        return found[0]
    return f"{before}{expression[1:-1]}"
