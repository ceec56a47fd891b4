"""Does MyHDL convert faithfully what the lint lets through? Random modules say.

    python -m kolam.testbenches.campaign --modules 2000 --seed 0

Each module holds a few random operations, every result in a signal of its own with exact
bounds, some as a row of @always_comb, some as one @always(clk.posedge). The lint passes it, our
emitter converts it, and Icarus replays what the MyHDL model did; every result is an output.

Operators are not left to chance: a deck holds each legal combination of operator, signedness
and width class, and is dealt again and again, so that no count is zero. The width class is that
of the widest operand.
"""

import argparse
import importlib.util
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from myhdl import intbv

from kolam.testbenches.equivalence import (
    Difference,
    Record,
    bit,
    forgotten_signals,
    replay,
    run_model,
    word,
)

VECTORS = 60
BATCH = 40
OPERATIONS = 6

CLASSES = {"1": (1, 1), "2-8": (2, 8), "9-16": (9, 16), "17-32": (17, 32), "33-64": (33, 64),
           ">64": (65, 90)}  # fmt: skip

Cell = tuple[str, str, str]  # operator, signedness, width class

_HEADER = """from myhdl import *

from kolam.hdl.module import instances, module


"""


@dataclass(frozen=True)
class Term:
    """A signal in a module, and the values that it takes."""

    name: str
    low: int
    high: int
    is_bool: bool = False

    @property
    def bits(self) -> int:
        """Its width."""
        return 1 if self.is_bool else _bits(self.low, self.high)

    @property
    def signed(self) -> bool:
        """Whether it can be negative."""
        return self.low < 0


def _bits(low: int, high: int) -> int:
    return int(intbv(0, min=min(low, 0), max=max(high, 0) + 1)._nrbits) or 1


@dataclass
class Result:
    """What an operation drives: `{t}.next = expression` unless there are lines."""

    low: int
    high: int
    expression: str = ""
    lines: list[str] = field(default_factory=list)
    is_bool: bool = False
    modular: bool = False


class Draft:
    """A module in the making."""

    def __init__(self, name: str, random: Random) -> None:
        self.name, self.random = name, random
        self.ports: dict[str, int] = {}  # 0 for a bool
        self.terms: list[Term] = []
        self.inputs: dict[str, Term] = {}
        self.reads: dict[str, str] = {}  # what is made of ports within the module
        self.results: list[tuple[Term, Result]] = []
        self.clocked = random.random() < 0.5

    def fresh(self, bits: int, signed: bool, is_bool: bool = False) -> Term:
        """Return a new input; signed words, and words of one bit, are made within the module."""
        n = len(self.ports)
        self.ports[f"p{n}"] = 0 if is_bool else bits
        if signed:
            term = Term(f"s{n}", -(1 << bits - 1), (1 << bits - 1) - 1)
            self.reads[term.name] = f"p{n}.signed()"
        elif bits == 1 and not is_bool:
            term = Term(f"w{n}", 0, 1)
            self.reads[term.name] = f"p{n}"
        else:
            term = Term(f"p{n}", 0, (1 << bits) - 1, is_bool)
        self.inputs[term.name] = term
        self.terms.append(term)
        return term

    def operand(self, width_class: str, signed: bool, widest: bool = True) -> Term:
        """Return an earlier signal or a new input: of the class, or if not widest, up to it."""
        low, high = CLASSES[width_class]
        low = low if widest else 1
        fit = [t for t in self.terms if t.signed == signed and low <= t.bits <= high]
        if fit and self.random.random() < 0.7:
            return self.random.choice(fit)
        bits = self.random.randint(low, high)
        return self.fresh(bits, signed, bits == 1 and not signed and self.random.random() < 0.5)

    def small(self, bits: int) -> Term:
        """Return an unsigned input of some bits, at most so many."""
        fit = [t for t in self.terms if not t.signed and not t.is_bool and t.bits <= bits]
        if fit and self.random.random() < 0.5:
            return self.random.choice(fit)
        return self.fresh(self.random.randint(1, bits), False)

    def flag(self) -> Term:
        """Return a bool."""
        fit = [t for t in self.terms if t.is_bool]
        if fit and self.random.random() < 0.5:
            return self.random.choice(fit)
        return self.fresh(1, False, is_bool=True)

    def constant(self, signed: bool) -> int:
        """Return a constant that may stand in an expression."""
        size = self.random.choice((1, 3, 7, 15, 29))
        value = self.random.choice((1, (1 << size) - 1, self.random.getrandbits(size)))
        return -value if signed and self.random.random() < 0.5 else value

    def add(self, cell: Cell) -> None:
        """Add the operation of a cell."""
        operator, signedness, width_class = cell
        result = _OPERATORS[operator].make(self, signedness, width_class)
        term = Term(f"t{len(self.results)}", result.low, result.high, result.is_bool)
        self.results.append((term, result))
        if term.bits <= CLASSES[">64"][1]:
            self.terms.append(term)

    def drop_unused(self) -> None:
        """Forget inputs that no operation took in the end: MyHDL warns of unused ports."""
        text = " ".join(r.expression + " ".join(r.lines) for _, r in self.results)
        used = set(re.findall(r"\w+", text))
        self.reads = {name: text for name, text in self.reads.items() if name in used}
        used |= {text.split(".")[0] for text in self.reads.values()}
        self.ports = {p: w for p, w in self.ports.items() if p in used}

    def source(self) -> str:
        """Return the text of the module."""
        self.drop_unused()
        text = [f"@module\ndef {self.name}({', '.join(self.arguments())}):"]
        made = [(self.inputs[name], False) for name in self.reads]
        for term, modular in [*made, *((term, result.modular) for term, result in self.results)]:
            kind = "modbv" if modular else "intbv"
            bounds = f"{kind}(0, min={min(term.low, 0)}, max={max(term.high, 0) + 1})"
            text.append(f"    {term.name} = Signal({'bool(0)' if term.is_bool else bounds})")
        if self.reads:
            text += ["    @always_comb", "    def read():"]
            text += [f"        {name}.next = {source}" for name, source in self.reads.items()]
        bodies = [
            [line.replace("{t}", term.name) for line in result.lines]
            or [f"{term.name}.next = {result.expression}"]
            for term, result in self.results
        ]
        if self.clocked:
            text += ["    @always(clk.posedge)", "    def step():"]
            text += [f"        {line}" for body in bodies for line in body if " = intbv" in line]
            text += ["        if rst:"]
            text += [f"            {term.name}.next = 0" for term, _ in self.results]
            text += ["        else:"]
            text += [f"            {s}" for body in bodies for s in body if " = intbv" not in s]
        else:
            for n, body in enumerate(bodies):
                text += ["    @always_comb", f"    def work{n}():", *(f"        {s}" for s in body)]
        text += ["    @always_comb", "    def give():"]
        for n, (term, _) in enumerate(self.results):
            text.append(
                f"        y{n}.next = {term.name}{'' if term.is_bool else f'[{term.bits}:]'}"
            )
        return "\n".join([*text, "    return instances()", "", ""])

    def arguments(self) -> dict[str, Any]:
        """Return fresh Signals for its ports."""
        given = {"clk": bit(), "rst": bit()} if self.clocked else {}
        given |= {p: word(w) if w else bit() for p, w in self.ports.items()}
        for n, (term, _) in enumerate(self.results):
            given[f"y{n}"] = bit() if term.is_bool else word(term.bits)
        return given


# ---------------------------------------------------------------------- operators

Make = Callable[[Draft, str, str], Result]


@dataclass(frozen=True)
class Operator:
    """How to make an operation, and where it is legal."""

    make: Make
    signedness: tuple[str, ...] = ("signed", "unsigned")
    classes: tuple[str, ...] = tuple(CLASSES)


def _pair(draft: Draft, signedness: str, width_class: str) -> tuple[Term, Term]:
    first = draft.operand(width_class, signedness != "unsigned")
    second = draft.operand(width_class, signedness == "signed", widest=draft.random.random() < 0.5)
    return (first, second) if draft.random.random() < 0.5 else (second, first)


def _ends(
    a: Term | tuple[int, int], b: Term | tuple[int, int], f: Callable[[int, int], int]
) -> tuple[int, int]:
    """Return the ends of f over two ranges; f is monotonic in each."""
    one, other = ((t.low, t.high) if isinstance(t, Term) else t for t in (a, b))
    values = [f(x, y) for x in one for y in other]
    return min(values), max(values)


def _ring(symbol: str, f: Callable[[int, int], int]) -> Make:
    def make(draft: Draft, signedness: str, width_class: str) -> Result:
        a, b = _pair(draft, signedness, width_class)
        return Result(*_ends(a, b, f), f"{a.name} {symbol} {b.name}")

    return make


def _logical(symbol: str) -> Make:
    def make(draft: Draft, signedness: str, width_class: str) -> Result:
        a, b = _pair(draft, signedness, width_class)
        if signedness == "unsigned":
            result = Result(0, (1 << max(a.bits, b.bits)) - 1, f"{a.name} {symbol} {b.name}")
            result.is_bool = a.is_bool and b.is_bool
            return result
        bits = max(t.bits + (not t.signed) for t in (a, b))
        return Result(-(1 << bits - 1), (1 << bits - 1) - 1, f"{a.name} {symbol} {b.name}")

    return make


def _negate(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, True)
    return Result(-a.high, -a.low, f"-{a.name}")


def _with_constant(symbol: str, f: Callable[[int, int], int]) -> Make:
    def make(draft: Draft, signedness: str, width_class: str) -> Result:
        a = draft.operand(width_class, signedness == "signed")
        k = draft.constant(signedness == "signed")
        return Result(*_ends(a, (k, k), f), f"{a.name} {symbol} {k}")

    return make


def _mask(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    k = draft.constant(signedness == "signed")
    symbol = draft.random.choice("&|^")
    bits = max(a.bits, k.bit_length() + 1)
    low = -(1 << bits - 1) if signedness == "signed" else 0
    return Result(low, (1 << bits) - 1, f"{a.name} {symbol} {k}")


def _nested(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    c = draft.operand(width_class, signedness == "signed", widest=False)
    low, high = _ends(a, b, lambda x, y: x * y)
    if draft.random.random() < 0.5:
        return Result(*_ends((low, high), c, lambda x, y: x - y), f"{a.name} * {b.name} - {c.name}")
    low, high = _ends(a, b, lambda x, y: x - y)
    return Result(*_ends((low, high), c, lambda x, y: x * y), f"{c.name} * ({a.name} - {b.name})")


def _nested_logic(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    c = draft.operand(width_class, False, widest=False)
    expression = f"({a.name} & {b.name}) {draft.random.choice('|^')} {c.name}"
    is_bool = a.is_bool and b.is_bool and c.is_bool
    return Result(0, (1 << max(a.bits, b.bits, c.bits)) - 1, expression, is_bool=is_bool)


def _wrap(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    bits = draft.random.randint(2, max(a.bits, b.bits) + 2)
    low, high = draft.random.choice(((0, (1 << bits) - 1), (-(1 << bits - 1), (1 << bits - 1) - 1)))
    symbol = draft.random.choice("+-*")
    return Result(low, high, f"{a.name} {symbol} {b.name}", modular=True)


def _shift_left(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    k = draft.random.randint(0, 9)
    return Result(a.low << k, a.high << k, f"{a.name} << {k}")


def _shift_left_by(draft: Draft, signedness: str, width_class: str) -> Result:
    a, n = draft.operand(width_class, signedness == "signed"), draft.small(3)
    return Result(a.low << n.high, a.high << n.high, f"{a.name} << {n.name}")


def _shift_right(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    k = draft.random.randint(0, a.bits + 1)
    return Result(a.low >> k, a.high >> k, f"{a.name} >> {k}")


def _shift_right_by(draft: Draft, signedness: str, width_class: str) -> Result:
    a, n = draft.operand(width_class, signedness == "signed"), draft.small(4)
    return Result(a.low, a.high, f"{a.name} >> {n.name}")


def _word(draft: Draft, signedness: str, width_class: str) -> Term:
    """Return an operand that is no bool."""
    a = draft.operand(width_class, signedness == "signed")
    return draft.fresh(1, False) if a.is_bool else a


def _cut(draft: Draft, a: Term) -> tuple[str, int]:
    low = draft.random.randrange(a.bits)
    high = draft.random.randint(low + 1, a.bits)
    return f"{a.name}[{high}:{low or ''}]", high - low


def _slice(draft: Draft, signedness: str, width_class: str) -> Result:
    text, bits = _cut(draft, _word(draft, signedness, width_class))
    return Result(0, (1 << bits) - 1, text)


def _slice_signed(draft: Draft, signedness: str, width_class: str) -> Result:
    text, bits = _cut(draft, _word(draft, signedness, width_class))
    return Result(-(1 << bits - 1), (1 << bits - 1) - 1, f"{text}.signed()")


def _slice_moving(draft: Draft, signedness: str, width_class: str) -> Result:
    a = _word(draft, signedness, width_class)
    n = draft.small((a.bits - 1).bit_length() - 1 or 1)
    bits = draft.random.randint(1, a.bits - n.high)
    return Result(0, (1 << bits) - 1, f"{a.name}[{n.name}+{bits}:{n.name}]")


def _bit(draft: Draft, signedness: str, width_class: str) -> Result:
    a = _word(draft, signedness, width_class)
    return Result(0, 1, f"{a.name}[{draft.random.randrange(a.bits)}]", is_bool=True)


def _concat(draft: Draft, signedness: str, width_class: str) -> Result:
    a = _word(draft, signedness, width_class)
    (one, bits), flag = _cut(draft, a), draft.flag()
    parts = [one, flag.name, "'01'"]
    draft.random.shuffle(parts)
    if parts[0] == "'01'":
        parts.reverse()
    bits += 3
    text = f"concat({', '.join(parts)})"
    if draft.random.random() < 0.5:
        return Result(-(1 << bits - 1), (1 << bits - 1) - 1, f"{text}.signed()")
    return Result(0, (1 << bits) - 1, text)


def _as_signed(draft: Draft, signedness: str, width_class: str) -> Result:
    a = _word(draft, signedness, width_class)
    return Result(-(1 << a.bits - 1), (1 << a.bits - 1) - 1, f"{a.name}.signed()")


def _extend(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    more = draft.random.randint(1, 9)
    return Result((a.low << more) - (signedness == "unsigned"), a.high << more, a.name)


def _compare(symbol: str) -> Make:
    def make(draft: Draft, signedness: str, width_class: str) -> Result:
        a, b = _pair(draft, signedness, width_class)
        return Result(0, 1, f"{a.name} {symbol} {b.name}", is_bool=True)

    return make


def _compare_constant(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    symbol = draft.random.choice(("==", "!=", "<", "<=", ">", ">="))
    k = draft.constant(signedness == "signed")
    return Result(0, 1, f"{a.name} {symbol} {k}", is_bool=True)


def _logic(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    c = draft.flag()
    symbol = draft.random.choice(("==", "<", ">="))
    text = draft.random.choice(
        (
            f"{c.name} and {a.name} {symbol} {b.name}",
            f"not {c.name} or {a.name} {symbol} {b.name}",
            f"not ({a.name} {symbol} {b.name}) and {c.name}",
            f"{a.name} {symbol} {b.name} or bool({b.name})",
        )
    )
    return Result(0, 1, text, is_bool=True)


def _choice(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    test = draft.random.choice((draft.flag().name, f"{a.name} > {b.name}"))
    low, high = min(a.low, b.low), max(a.high, b.high)
    return Result(low, high, f"{a.name} if {test} else {b.name}", is_bool=a.is_bool and b.is_bool)


def _saturate(draft: Draft, signedness: str, width_class: str) -> Result:
    a = draft.operand(width_class, signedness == "signed")
    most = max(min(draft.constant(False), a.high), 0)
    least = max(-most - 1, a.low) if a.signed else 0
    lines = [
        f"if {a.name} > {most}:", f"    {{t}}.next = {most}",
        *([f"elif {a.name} < {least}:", f"    {{t}}.next = {least}"] if a.signed else []),
        "else:", f"    {{t}}.next = {a.name}",
    ]  # fmt: skip
    return Result(least, most, lines=lines)


def _case(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    n = draft.small(3)
    chain = [f"if {n.name} == 0:", f"    {{t}}.next = {a.name}", f"elif {n.name} == 1:",
             f"    {{t}}.next = {b.name}", "else:", "    {t}.next = 1"]  # fmt: skip
    match = [f"match {n.name}:", "    case 1:", f"        {{t}}.next = {a.name}", "    case 0:",
             f"        {{t}}.next = {b.name}", "    case _:", "        {t}.next = 0"]  # fmt: skip
    low, high = min(a.low, b.low, 0), max(a.high, b.high, 1)
    return Result(low, high, lines=draft.random.choice((chain, match)))


def _variable(draft: Draft, signedness: str, width_class: str) -> Result:
    a, b = _pair(draft, signedness, width_class)
    c = draft.operand(width_class, signedness == "signed", widest=False)
    low, high = _ends(_ends(a, b, lambda x, y: x * y), c, lambda x, y: x + y)
    low, high = min(low, 0 if signedness == "unsigned" else -1), max(high, 0)
    name = f"v{len(draft.results)}"
    lines = [
        f"{name} = intbv(0, min={low}, max={high + 1})",
        f"{name}[:] = {a.name} * {b.name}",
        f"{name} += {c.name}",
        f"{{t}}.next = {name} >> 1",
    ]
    return Result(low, high, lines=lines)


_ANY = ("signed", "unsigned", "mixed")
_OPERATORS: dict[str, Operator] = {
    "+": Operator(_ring("+", lambda x, y: x + y), _ANY),
    "-": Operator(_ring("-", lambda x, y: x - y), _ANY),
    "*": Operator(_ring("*", lambda x, y: x * y), _ANY),
    "&": Operator(_logical("&"), _ANY),
    "|": Operator(_logical("|"), _ANY),
    "^": Operator(_logical("^"), _ANY),
    "neg": Operator(_negate, ("signed",)),
    "+ const": Operator(_with_constant("+", lambda x, y: x + y)),
    "- const": Operator(_with_constant("-", lambda x, y: x - y)),
    "* const": Operator(_with_constant("*", lambda x, y: x * y)),
    "mask": Operator(_mask),
    "nested": Operator(_nested),
    "nested &|^": Operator(_nested_logic, ("unsigned",)),
    "wrap": Operator(_wrap, _ANY),
    "<< const": Operator(_shift_left),
    "<<": Operator(_shift_left_by),
    ">> const": Operator(_shift_right),
    ">>": Operator(_shift_right_by),
    "slice": Operator(_slice),
    "slice.signed": Operator(_slice_signed),
    "slice moving": Operator(_slice_moving, classes=tuple(CLASSES)[1:]),
    "bit": Operator(_bit),
    "concat": Operator(_concat),
    ".signed()": Operator(_as_signed, ("unsigned",)),
    "extend": Operator(_extend),
    **{s: Operator(_compare(s)) for s in ("==", "!=", "<", "<=", ">", ">=")},
    "cmp const": Operator(_compare_constant),
    "and or not": Operator(_logic),
    "if else": Operator(_choice),
    "saturate": Operator(_saturate),
    "case": Operator(_case),
    "variable": Operator(_variable),
}

DECK: list[Cell] = [
    (name, signedness, width_class)
    for name, operator in _OPERATORS.items()
    for signedness in operator.signedness
    for width_class in operator.classes
]


# ---------------------------------------------------------------------- the campaign


@dataclass
class Report:
    """What a campaign found."""

    modules: int = 0
    vectors: int = 0
    counts: Counter[Cell] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def missing(self) -> list[Cell]:
        """The cells that were not dealt."""
        return [cell for cell in DECK if not self.counts[cell]]

    @property
    def passed(self) -> bool:
        """Whether all agreed and nothing was left out."""
        return not self.differences and not self.missing

    def table(self) -> str:
        """Return the counts: a row an operator, a column a width class, then a signedness."""
        columns = [*CLASSES, "signed", "unsigned", "mixed", "all"]
        lines = [f"{'operator':12}" + "".join(f"{c:>9}" for c in columns)]
        legal = set(DECK)
        for name in [*_OPERATORS, "all"]:
            row = []
            for column in columns:
                here = [
                    cell
                    for cell in legal
                    if name in (cell[0], "all") and column in (cell[1], cell[2], "all")
                ]
                row.append(str(sum(self.counts[c] for c in here)) if here else "")
            lines.append(f"{name:12}" + "".join(f"{count:>9}" for count in row))
        return "\n".join(lines)

    def verdict(self) -> str:
        """Return the last line."""
        return (
            f"{'PASS' if self.passed else 'FAIL'} modules={self.modules} vectors={self.vectors} "
            f"differences={len(self.differences)} missing={len(self.missing)}"
        )


def deal(seed: int) -> Iterator[tuple[Draft, list[Cell]]]:
    """Return drafts with their cells, without end."""
    random = Random(seed)
    deck: list[Cell] = []
    number = 0
    while True:
        draft = Draft(f"m{number}", random)
        cells = []
        for _ in range(OPERATIONS):
            if not deck:
                deck = DECK.copy()
                random.shuffle(deck)
            cells.append(deck.pop())
            draft.add(cells[-1])
        yield draft, cells
        number += 1


def records(drafts: list[Draft], folder: Path, seed: int) -> list[Record]:
    """Return what the models of some drafts did, beside their Verilog."""
    source = "".join(draft.source() for draft in drafts)
    loaded = load(source, folder, f"modules_{drafts[0].name}")
    return [
        run_model(
            getattr(loaded, draft.name), draft.arguments(), name=draft.name, clocks=VECTORS,
            seed=seed,
        )
        for draft in drafts
    ]  # fmt: skip


def campaign(modules: int, seed: int, say: Callable[[str], None] = lambda line: None) -> Report:
    """Compare so many random modules; `say` is told of every batch."""
    report = Report()
    dealt = deal(seed)
    while report.modules < modules:
        batch = [next(dealt) for _ in range(min(BATCH, modules - report.modules))]
        with tempfile.TemporaryDirectory() as folder, forgotten_signals():
            made = records([draft for draft, _ in batch], Path(folder), seed)
            report.differences += replay(made, Path(folder))
        report.modules += len(made)
        report.vectors += sum(len(record.rows) for record in made)
        report.counts.update(cell for _, cells in batch for cell in cells)
        say(f"{report.modules} modules, {len(report.differences)} differences")
    return report


def load(source: str, folder: Path, name: str) -> ModuleType:
    """Return a Python module made of hardware functions; MyHDL wants them in a file."""
    path = folder / f"{name}.py"
    path.write_text(_HEADER + source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; the exit status is 0 if all agree and no count is zero."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--modules", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    report = campaign(given.modules, given.seed, lambda line: print(line, file=sys.stderr))
    print(report.table())
    for difference in report.differences:
        print(difference)
    print(f"seed={given.seed}")
    print(report.verdict())
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
