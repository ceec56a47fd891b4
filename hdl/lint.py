"""Refuses what MyHDL would turn into other hardware than it simulates.

MyHDL writes a Python expression as the same Verilog expression, but the two languages give it
different meanings: Verilog cuts operands to a width that depends on where they stand, makes a
whole expression unsigned if one operand is, and rounds quotients towards zero. So this lint
does not hunt for known faults; it admits a small language in which both meanings agree, and
refuses the rest. docs/myhdl.md lists the rules for people who write kernels.

The language: a *leaf* is a signal, an element of a list, a bit, a slice, a word made by concat
or .signed(), or an integer. One right-hand side holds one kind of operator over leaves of one
signedness:

    + - *      nested at will       (arithmetic modulo the width of the target, in both)
    & | ^      nested at will, unsigned
    << >>      once, of a leaf
    == < ...   once, between leaves
    and or not of 1-bit values and comparisons
    x if test else y                once, outermost
"""

import ast
import builtins
import linecache
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from myhdl import Constant, EnumItemType, concat, downrange, intbv, modbv
from myhdl._always import _Always
from myhdl._always_comb import _AlwaysComb
from myhdl._always_seq import _AlwaysSeq
from myhdl._ShadowSignal import _ShadowSignal
from myhdl._Signal import _PosedgeWaiterList, _Signal

from kolam.hdl.names import check_identifier

LARGEST = 1 << 30  # from here on MyHDL writes a constant with a size, which makes it unsigned


class LintError(ValueError):
    """A kernel outside the language; a line of text for each fault."""


def lint(name: str, processes: Iterable[Any], ports: Mapping[str, Any] | None = None) -> None:
    """Raise LintError unless all processes of the kernel called `name` are in the language."""
    found = faults(processes, ports)
    if found:
        raise LintError("\n".join(f"{name}: {fault}" for fault in found))


def faults(processes: Iterable[Any], ports: Mapping[str, Any] | None = None) -> list[str]:
    """Return a line for each fault: file, line, process, what it must be, what it was.

    processes: MyHDL's decorated functions of one kernel. ports: the Signals of its interface; if
    given, every other signal that is read must be driven here.
    """
    processes = list(processes)
    found = []
    codes = set()
    driven: set[int] = set()
    checks = []
    for process in processes:
        check = _Process(process)
        code = process.funcobj.__code__
        looped = any(code.co_firstlineno in lines for lines in _loops(check.file))
        if looped or code in codes:
            check.refuse(None, "a process must be defined once", "in a loop")
        codes.add(code)
        check.run()
        checks.append(check)
        driven |= check.driven
    for check in checks:
        if ports is not None:
            check.find_undriven(driven | {id(s) for s in ports.values()})
        found += check.found
    return found


@cache
def _loops(file: str) -> list[range]:
    """Return the lines of the loops in a file."""
    tree = ast.parse("".join(linecache.getlines(file)))
    return [
        range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.For | ast.While)
    ]


@dataclass(frozen=True)
class _Kind:
    """What an expression stands for, and the values that it can have."""

    what: str  # bool, word, number, enum, list, table, or text
    low: int = 0
    high: int = 1
    bits: int = 1
    plain: bool = False  # a name: MyHDL puts a zero before an unsigned one beside a signed one
    leaf: bool = True
    constant: bool = False

    @property
    def signed(self) -> bool:
        return self.what == "word" and self.low < 0

    @property
    def unsigned(self) -> bool:
        return self.what == "bool" or (self.what == "word" and self.low >= 0)

    @property
    def number(self) -> bool:
        return self.what == "number"


_BOOL = _Kind("bool")
_FLAG = _Kind("bool", constant=True)  # written 1'b0 or 1'b1
_RING: tuple[type, ...] = (ast.Add, ast.Sub, ast.Mult)
_LOGIC: tuple[type, ...] = (ast.BitAnd, ast.BitOr, ast.BitXor)
_SHIFT = (ast.LShift, ast.RShift)
_COMPARE = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class _Refused(Exception):
    """Ends the look at one statement."""


class _Process:
    """One process: its names, its statements, its faults."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.found: list[str] = []
        self.driven: set[int] = set()
        self.read: dict[int, tuple[str, ast.AST]] = {}
        self.variables: dict[str, _Kind] = {}
        self.counters: dict[str, _Kind] = {}
        self.named_so_far: set[str] = set()
        self.never: set[int] = set()  # loops without a turn
        tree = process.ast
        self.offset, self.file = tree.lineoffset, tree.sourcefile
        self.body: list[ast.stmt] = tree.body[0].body

    def refuse(self, node: ast.AST | None, must: str, was: str = "") -> None:
        """Note a fault."""
        line = self.offset + getattr(node, "lineno", 1)
        if not was and isinstance(node, ast.expr):
            was = f"`{ast.unparse(node)}`"
        was = f", not {was}" if was else ""
        self.found.append(f"{self.file}:{line}: in {self.process.name}: {must}{was}")

    def stop(self, node: ast.AST | None, must: str, was: str = "") -> _Refused:
        """Note a fault in a statement; to be raised, since what follows from it is no fault."""
        self.refuse(node, must, was)
        return _Refused()

    # ------------------------------------------------------------------ the process as a whole

    def run(self) -> None:
        """Look at everything."""
        process = self.process
        if isinstance(process, _AlwaysSeq) or not isinstance(process, _Always):
            self.refuse(None, "a process must be an @always(clk.posedge) or an @always_comb")
            return
        self.clocked = not isinstance(process, _AlwaysComb)
        if self.clocked and not (
            len(process.senslist) == 1 and isinstance(process.senslist[0], _PosedgeWaiterList)
        ):
            self.refuse(None, "a process must wait for one rising edge: @always(clk.posedge)")
        self.check_name(process.name, None)
        self.check_closure()
        self.statements(self.body, top=True)
        if not self.clocked and not self.found:
            self.check_latches()

    def check_name(self, name: str, node: ast.AST | None) -> None:
        if name in self.named_so_far:
            return
        self.named_so_far.add(name)
        try:
            check_identifier(name, "a name in a kernel")
        except ValueError as error:
            self.refuse(None, str(error)) if node is None else self.refuse(
                node, *str(error).rsplit(", not ", 1)
            )

    def check_closure(self) -> None:
        """Compare the names at definition, which are converted, with those in simulation."""
        function = self.process.funcobj
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                now = cell.cell_contents
            except ValueError:
                continue  # MyHDL itself says that it is undefined
            then = self.process.symdict.get(name, now)
            if then is not now and not (isinstance(then, int) and then == now):
                self.refuse(None, f"{name} must keep its value", "be bound again after its use")

    def find_undriven(self, known: set[int]) -> None:
        for key, (name, node) in self.read.items():
            if key not in known:
                self.refuse(node, f"signal {name} must be driven, or be a Constant or an int")

    # ------------------------------------------------------------------ statements

    def statements(self, body: list[ast.stmt], top: bool = False) -> None:
        for statement in body:
            try:
                self.statement(statement, top)
            except _Refused:
                continue

    def statement(self, node: ast.stmt, top: bool) -> None:
        match node:
            case ast.Pass():
                pass
            case ast.Assign(targets=[ast.Name() as name]):
                self.declare(name, node.value, top)
            case ast.Assign(targets=[target]):
                self.assign(target, node.value)
            case ast.AugAssign():
                self.augment(node)
            case ast.If():
                self.branch(node)
            case ast.For():
                self.loop(node)
            case ast.Match():
                self.choose(node)
            case ast.Expr(value=ast.Constant()):
                raise self.stop(node, "text in a process must be a # comment")
            case _:
                kind = type(node).__name__.lower()
                raise self.stop(
                    node, f"a statement must be an assignment, if, for or match, not {kind}"
                )

    def declare(self, name: ast.Name, value: ast.expr, top: bool) -> None:
        """`t = intbv(0, min=..., max=...)`, `t = intbv(0)[8:]` or `t = False`; then bits anew."""
        if name.id in self.variables and self.variables[name.id].what == "bool":
            self.assigned(_BOOL, value)
            return
        if not top or name.id in self.variables:
            raise self.stop(value, f"variable {name.id} must be declared once, outside branches")
        self.check_name(name.id, name)
        if isinstance(value, ast.Constant) and isinstance(value.value, bool):
            kind = _BOOL
        else:
            kind = self.kind_of_word(value, self.made(value))
        self.variables[name.id] = replace(kind, plain=True)

    def made(self, node: ast.expr) -> Any:
        """Return the intbv or modbv that a declaration makes, without running it."""
        match node:
            case ast.Subscript(
                value=ast.Call(func=func, args=[start], keywords=[]),
                slice=ast.Slice(lower=ast.expr() as width, upper=None),
            ) if self.resolve(func) in (intbv, modbv):
                return self.resolve(func)(self.number(start).low)[self.number(width).low :]
            case ast.Call(func=func, args=[start], keywords=keywords) if self.resolve(func) in (
                intbv,
                modbv,
            ):
                bounds = {str(k.arg): self.number(k.value).low for k in keywords}
                return self.resolve(func)(self.number(start).low, **bounds)
        raise self.stop(
            node, "a variable must begin as an intbv with bounds or False, its value set by [:]"
        )

    def kind_of_word(self, node: ast.expr, value: Any) -> _Kind:
        if not isinstance(value, intbv) or not value._nrbits:
            raise self.stop(node, "a word must be an intbv with bounds")
        if isinstance(value, modbv) and not value._hasFullRange():
            raise self.stop(node, "a modbv must have the full range of its bits")
        return _Kind("word", value.min, value.max - 1, value._nrbits)

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """`x.next`, `x[i].next`, `x.next[8:4]`, `x.next[i]`, `t[:]`, `t[8:4]` or `t[i]`."""
        part = isinstance(target, ast.Subscript)
        match target:
            case ast.Attribute(attr="next", value=inner):
                kind = self.target(inner)
            case ast.Subscript(value=ast.Attribute(attr="next", value=inner)):
                kind = self.part(target, self.target(inner))
            case ast.Subscript(
                value=ast.Name(id=name), slice=ast.Slice(lower=None, upper=None, step=None)
            ) if name in self.variables:
                kind, part = self.variables[name], False
            case ast.Subscript(value=ast.Name(id=name)) if name in self.variables:
                kind = self.part(target, self.variables[name])
            case _:
                raise self.stop(target, "a target must be a signal's .next or a variable's [:]")
        self.assigned(kind, value, part)

    def target(self, node: ast.expr) -> _Kind:
        kind = self.leaf(node, driving=True)
        if kind.what not in ("bool", "word", "enum"):
            raise self.stop(node, "what is driven must be a signal")
        return kind

    def part(self, node: ast.Subscript, whole: _Kind) -> _Kind:
        if whole.what != "word":
            raise self.stop(node, "a part must be one of a word")
        if isinstance(node.slice, ast.Slice):
            return self.slice(node, whole)
        self.index(node, node.slice, whole.bits)
        return _BOOL

    def assigned(self, target: _Kind, value: ast.expr, part: bool = False) -> None:
        """Check a right-hand side against what it is assigned to."""
        if isinstance(value, ast.IfExp):
            self.test(value.test)
            arms = [self.operand(value.body), self.operand(value.orelse)]
            self.same_sign(value, *arms)
            kinds = arms
        elif isinstance(value, ast.Subscript) and self.is_table(value.value):
            kinds = [self.table(value)]
        else:
            kinds = [self.value(value)]
        for kind in kinds:
            if (kind.what == "enum") != (target.what == "enum") or kind.what == "text":
                raise self.stop(value, "a value must be of the kind of its target")
            if target.what == "bool" and not (
                kind.what == "bool" or (kind.leaf and kind.low >= 0 and kind.high <= 1)
            ):
                raise self.stop(value, "the value of a 1-bit target must be 1-bit")
            if part and kind.low < 0:
                raise self.stop(value, "a part must be given an unsigned value")

    def augment(self, node: ast.AugAssign) -> None:
        """`t += x`, where MyHDL writes no parentheses about x."""
        if not isinstance(node.target, ast.Name) or node.target.id not in self.variables:
            raise self.stop(node.target, "what is changed in place must be a variable")
        kind = self.variables[node.target.id]
        if not isinstance(node.op, ast.Add | ast.Sub) or kind.what != "word":
            raise self.stop(node.target, "what changes a variable in place must be += or -=")
        self.same_sign(node.value, kind, self.operand(node.value))

    def branch(self, node: ast.If) -> None:
        self.test(node.test)
        self.check_case(node)
        self.statements(node.body)
        self.statements(node.orelse)

    def check_case(self, node: ast.If) -> None:
        """MyHDL makes a case of an if/elif chain; with signed words its items never match."""
        chain, rest = [node.test], node.orelse
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            chain.append(rest[0].test)
            rest = rest[0].orelse
        left = [
            test.left
            for test in chain
            if isinstance(test, ast.Compare)
            and isinstance(test.left, ast.Name | ast.Attribute)
            and isinstance(test.ops[0], ast.Eq)
        ]
        alike = len(left) == len(chain) > 1 and len(set(map(ast.unparse, left))) == 1
        if alike and self.leaf(left[0]).signed:
            raise self.stop(
                node.test, "an if/elif chain of == must be about an unsigned word or an enum"
            )

    def loop(self, node: ast.For) -> None:
        if (
            node.orelse
            or not isinstance(node.target, ast.Name)
            or not isinstance(node.iter, ast.Call)
            or self.resolve(node.iter.func) not in (range, downrange)
        ):
            raise self.stop(node.iter, "a loop must be over range() or downrange()")
        bounds = [self.number(a) for a in node.iter.args]
        if any(b.low != b.high for b in bounds):
            raise self.stop(node.iter, "the bounds of a loop must be constants")
        if len(bounds) == 3 and bounds[2].low < 1:
            raise self.stop(node.iter, "the step of a loop must be positive; or use downrange()")
        span = self.resolve(node.iter.func)(*(b.low for b in bounds))
        self.check_name(node.target.id, node.target)
        if not len(span):
            self.never.add(id(node))
            return
        known = self.counters.get(node.target.id)
        low, high = min(span), max(span)
        self.counters[node.target.id] = _Kind("number", low, high, 32, True)
        self.statements(node.body)
        if known:
            self.counters[node.target.id] = known
        else:
            del self.counters[node.target.id]

    def choose(self, node: ast.Match) -> None:
        subject = self.leaf(node.subject)
        if not (subject.unsigned or subject.what == "enum"):
            raise self.stop(node.subject, "what is matched must be an unsigned word or an enum")
        for case in node.cases:
            match case.pattern:
                case ast.MatchAs(pattern=None, name=None):
                    pass
                case ast.MatchValue(value=value) if self.leaf(value).what in ("number", "enum"):
                    if isinstance(value, ast.Name) or self.leaf(value).low < 0:
                        raise self.stop(value, "a pattern must be a literal or an enum item")
                case _:
                    raise self.stop(node.subject, "a pattern must be one literal, one item or _")
            if case.guard:
                raise self.stop(case.guard, "a case must be without a guard")
            self.statements(case.body)

    # ------------------------------------------------------------------ latches

    def check_latches(self) -> None:
        """Demand that what an @always_comb drives, it drives whatever happens."""
        every: dict[str, ast.AST] = {}
        always = self.surely(self.body, every)
        for target, node in every.items():
            if target not in always and target.split("[")[0] not in always:
                self.refuse(node, f"{target} must be driven in every branch of an @always_comb")

    def surely(self, body: list[ast.stmt], every: dict[str, ast.AST]) -> set[str]:
        done: set[str] = set()
        for node in body:
            match node:
                case ast.Assign(targets=[target]) if ".next" in ast.unparse(target):
                    name = ast.unparse(target).replace(".next", "")
                    every.setdefault(name, target)
                    done.add(name)
                case ast.If():
                    done |= self.surely(node.body, every) & self.surely(node.orelse, every)
                case ast.For() if id(node) not in self.never:
                    done |= self.surely(node.body, every)
                case ast.Match():
                    sets = [self.surely(case.body, every) for case in node.cases]
                    common = set.intersection(*sets)
                    last = node.cases[-1].pattern
                    if isinstance(last, ast.MatchAs):
                        done |= common
        return done

    # ------------------------------------------------------------------ expressions

    def test(self, node: ast.expr) -> None:
        """What stands after `if`: 1-bit logic, or any leaf, true where it is not zero."""
        kind = self.value(node)
        if kind.what != "bool" and not (kind.what == "word" and kind.leaf):
            raise self.stop(node, "a test must be a comparison, a word or a bit")

    def value(self, node: ast.expr) -> _Kind:
        """Return the kind of an expression with its operators."""
        match node:
            case ast.BinOp():
                folded = self.folded(node)
                if folded is not None:
                    return folded
                if isinstance(node.op, _SHIFT):
                    return self.shift(node)
                if isinstance(node.op, _RING + _LOGIC):
                    return self.arithmetic(node)
                raise self.stop(
                    node, "an operator must be + - * & | ^ << or >>; use slices for // and %"
                )
            case ast.UnaryOp(op=ast.Not()):
                self.operand_of_logic(node.operand, words=True)
                return replace(_BOOL, leaf=False)
            case ast.UnaryOp(op=ast.USub()) if self.folded(node) is None:
                inner = self.operand(node.operand)
                if not inner.signed:
                    raise self.stop(node, "what is negated must be a signed word")
                return _Kind("word", -inner.high, -inner.low, inner.bits + 1, leaf=False)
            case ast.UnaryOp(op=ast.Invert()):
                raise self.stop(node, "an inversion must be `not`, or ^ with a mask")
            case ast.BoolOp():
                for part in node.values:
                    self.operand_of_logic(part)
                return replace(_BOOL, leaf=False)
            case ast.Compare():
                return self.compare(node)
            case ast.IfExp():
                raise self.stop(node, "a conditional expression must be a whole right-hand side")
            case _:
                return self.leaf(node)

    def operand_of_logic(self, node: ast.expr, words: bool = False) -> _Kind:
        """Check an operand of and, or, not; MyHDL demands 1-bit ones of the first two."""
        kind = self.value(node)
        if not (kind.what == "bool" or (words and kind.what == "word" and kind.leaf)):
            raise self.stop(node, "an operand of and, or, not must be 1-bit")
        return kind

    def operand(self, node: ast.expr) -> _Kind:
        """Return the kind of a leaf, or of a constant expression."""
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            folded = self.folded(node)
            if folded is not None:
                return folded
        if isinstance(node, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.Compare | ast.IfExp):
            raise self.stop(node, "an operand must be a signal of its own, one operator a signal")
        return self.leaf(node)

    def arithmetic(self, node: ast.BinOp) -> _Kind:
        family = _RING if isinstance(node.op, _RING) else _LOGIC
        leaves: list[tuple[ast.expr, _Kind]] = []
        self.gather(node, family, leaves)
        kinds = [kind for _, kind in leaves]
        for part, kind in leaves:
            if kind.what not in ("bool", "word", "number") or kind == _FLAG:
                raise self.stop(part, "an operand must be a word, a bit or an integer")
        nested = len(leaves) > 2
        mixed = any(k.signed for k in kinds) and any(k.unsigned for k in kinds)
        if mixed and (nested or not all(kind.plain for kind in kinds)):
            raise self.stop(
                node, "signed and unsigned must meet only as two plain names in one operator"
            )
        self.constants(node, kinds)
        if family is _LOGIC and nested and any(k.signed for k in kinds):
            raise self.stop(node, "nested & | ^ must be of unsigned words or bits")
        if family is _LOGIC and all(k.what == "bool" for k in kinds):
            return replace(_BOOL, leaf=False)
        low = -1 if any(k.low < 0 for k in kinds) or isinstance(node.op, ast.Sub) else 0
        return _Kind("word", low, max(k.high for k in kinds), leaf=False)

    def gather(
        self, node: ast.expr, family: tuple[type, ...], leaves: list[tuple[ast.expr, _Kind]]
    ) -> None:
        if isinstance(node, ast.BinOp) and self.folded(node) is None:
            if not isinstance(node.op, family):
                raise self.stop(
                    node, "an operand must be a signal of its own, one operator a signal"
                )
            self.gather(node.left, family, leaves)
            self.gather(node.right, family, leaves)
        else:
            leaves.append((node, self.operand(node)))

    def constants(self, node: ast.expr, kinds: Iterable[_Kind]) -> None:
        kinds = list(kinds)
        signed = any(k.signed for k in kinds)
        if all(k.number for k in kinds):
            return
        for kind in kinds:
            if kind.number and signed and max(-kind.low, kind.high) >= LARGEST:
                raise self.stop(
                    node, "a constant beside a signed word must be below 2**30; larger: a Constant"
                )
            if kind.number and not signed and kind.low < 0:
                raise self.stop(node, "a constant beside an unsigned word must not be negative")

    def same_sign(self, node: ast.expr, left: _Kind, right: _Kind) -> None:
        kinds = {left.what, right.what} - {"number"}
        if kinds - {"enum"} and kinds - {"bool", "word"}:
            raise self.stop(node, "both sides must be of one kind")
        if (left.signed and right.unsigned) or (left.unsigned and right.signed):
            raise self.stop(node, "both sides must be signed, or both unsigned")
        self.constants(node, (left, right))

    def shift(self, node: ast.BinOp) -> _Kind:
        left, right = self.operand(node.left), self.operand(node.right)
        power = left.number and isinstance(node.op, ast.LShift) and 0 <= left.low < LARGEST
        if left.what not in ("word", "bool") and not power:
            raise self.stop(node, "what is shifted must be a word")
        if right.low < 0 or right.what not in ("word", "bool", "number"):
            raise self.stop(node, "the shift must be by an unsigned word or a constant")
        return _Kind("word", left.low, left.high, left.bits, leaf=False)

    def compare(self, node: ast.Compare) -> _Kind:
        if len(node.ops) > 1:
            raise self.stop(node, "a comparison must have two sides, joined by `and`")
        if not isinstance(node.ops[0], _COMPARE):
            raise self.stop(node, "a comparison must be == != < <= > or >=")
        left, right = self.operand(node.left), self.operand(node.comparators[0])
        self.same_sign(node, left, right)
        if "enum" in (left.what, right.what) and not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            raise self.stop(node, "a comparison of enum items must be == or !=")
        return replace(_BOOL, leaf=False)

    # ------------------------------------------------------------------ leaves

    def leaf(self, node: ast.expr, driving: bool = False) -> _Kind:
        """Return the kind of an operand that is no operator."""
        match node:
            case ast.Constant(value=bool()):
                return _FLAG
            case ast.Constant(value=int(value)):
                return _Kind("number", value, value, 32)
            case ast.Constant(value=str()):
                return _Kind("text")
            case ast.UnaryOp() | ast.BinOp():
                folded = self.folded(node)
                if folded is None:
                    raise self.stop(
                        node, "an operand must be a signal of its own, one operator a signal"
                    )
                return folded
            case ast.Name(id=name) if name in self.variables:
                return self.variables[name]
            case ast.Name(id=name) if name in self.counters:
                return self.counters[name]
            case ast.Name() | ast.Attribute():
                return self.named(node, driving)
            case ast.Subscript():
                return self.subscript(node, driving)
            case ast.Call():
                return self.call(node)
            case _:
                raise self.stop(node, "an operand must be a signal, a part of one, or an integer")

    def named(self, node: ast.Name | ast.Attribute, driving: bool) -> _Kind:
        value = self.resolve(node)
        if isinstance(value, _Signal):
            return self.signal(node, value, driving)
        if isinstance(value, bool):
            return _FLAG
        if isinstance(value, int):
            return _Kind("number", value, value, 32)
        if isinstance(value, EnumItemType):
            return _Kind("enum")
        if isinstance(value, list) and value and all(isinstance(s, _Signal) for s in value):
            return self.memory(node, value, driving)
        if isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
            return _Kind("table", min(value), max(value), len(value))
        raise self.stop(
            node,
            f"{ast.unparse(node)} must be a signal, a list of signals, an int or an enum",
            "" if value is None else repr(value)[:40],
        )

    def signal(self, node: ast.expr, signal: Any, driving: bool) -> _Kind:
        if driving:
            self.driven.add(id(signal))
            if isinstance(signal, _ShadowSignal):
                raise self.stop(node, "what is driven must be a whole signal")
        elif not isinstance(signal, _ShadowSignal | Constant):
            self.read.setdefault(id(signal), (ast.unparse(node), node))
        name = ast.unparse(node).replace(".", "_")
        self.check_name(name, node)
        return replace(self.kind_of(node, signal), plain=True)

    def kind_of(self, node: ast.expr, signal: Any) -> _Kind:
        if signal._type is bool:
            return _BOOL
        if isinstance(signal._init, EnumItemType):
            return _Kind("enum")
        kind = self.kind_of_word(node, signal._init)
        if isinstance(signal, Constant) and kind.signed:
            raise self.stop(node, "a Constant must be unsigned")
        return kind

    def memory(self, node: ast.expr, signals: list[Any], driving: bool) -> _Kind:
        if any(isinstance(s, _ShadowSignal | Constant) for s in signals):
            raise self.stop(node, "a list must be of whole signals", "of slices or constants")
        kinds = {self.kind_of(node, s) for s in signals}
        if len(kinds) > 1:
            raise self.stop(node, "the signals of a list must be alike")
        for signal in signals:
            if driving:
                self.driven.add(id(signal))
            else:
                self.read.setdefault(id(signal), (ast.unparse(node), node))
        self.check_name(ast.unparse(node).replace(".", "_"), node)
        return _Kind("list", bits=len(signals))

    def resolve(self, node: ast.expr) -> Any:
        """Return the object that a name, or an attribute of a named object, stands for."""
        match node:
            case ast.Name(id=name):
                if name in self.process.symdict:
                    return self.process.symdict[name]
                return getattr(builtins, name, None)
            case ast.Attribute(value=inner, attr=attr):
                owner = self.resolve(inner)
                if not isinstance(owner, _Signal | intbv):
                    return getattr(owner, attr, None)
        return None

    def subscript(self, node: ast.Subscript, driving: bool) -> _Kind:
        base = self.leaf(node.value, driving)
        if isinstance(node.slice, ast.Slice):
            if base.what != "word":
                raise self.stop(node, "what is sliced must be a word")
            return self.slice(node, base)
        if base.what == "list":
            self.index(node, node.slice, None)
            value = self.resolve(node.value)
            return self.kind_of(node, value[0])
        if base.what == "table":
            raise self.stop(node, "an element of a table must be a whole right-hand side")
        if base.what != "word":
            raise self.stop(node, "what is indexed must be a word or a list")
        self.index(node, node.slice, base.bits)
        return _BOOL

    def is_table(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name | ast.Attribute) and isinstance(self.resolve(node), tuple)

    def table(self, node: ast.Subscript) -> _Kind:
        base = self.leaf(node.value)
        self.index(node, node.slice, None)
        return _Kind("number", base.low, base.high, 32)

    def index(self, node: ast.expr, at: ast.expr, size: int | None) -> None:
        """Demand a plain unsigned index: a sum of signals would wrap there."""
        kind = self.number(at) if isinstance(at, ast.BinOp | ast.UnaryOp) else self.leaf(at)
        if not (kind.unsigned or kind.number) or kind.low < 0:
            raise self.stop(node, "an index must be an unsigned word or a constant")
        if size is not None and kind.high >= size:
            raise self.stop(node, f"a bit must be one of {size}, 0 to {size - 1}")

    def slice(self, node: ast.Subscript, base: _Kind) -> _Kind:
        """`x[8:4]`, `x[8:]`, or `x[o+8:o]` with a name o."""
        high, low = node.slice.lower, node.slice.upper  # type: ignore[attr-defined]
        if node.slice.step or high is None:  # type: ignore[attr-defined]
            raise self.stop(node, "a slice must say where it ends: x[high:low]")
        scaled = (  # k*8 with a loop variable k; the emitter rewrites it, as Verilog demands
            isinstance(low, ast.BinOp)
            and isinstance(low.op, ast.Mult)
            and isinstance(low.left, ast.Name)
            and low.left.id in self.counters
        )
        moving = scaled or (
            isinstance(low, ast.Name) and (low.id in self.counters or self.leaf(low).what == "word")
        )
        if moving:
            if not (
                isinstance(high, ast.BinOp)
                and isinstance(high.op, ast.Add)
                and ast.dump(high.left) == ast.dump(low)
            ):
                raise self.stop(node, "a moving slice must be x[o+8:o] with a name o")
            width = self.number(high.right).low
            start = self.number(low) if scaled else self.leaf(low)
            if start.low < 0 or start.high + width > base.bits:
                raise self.stop(node, f"a slice must lie within the {base.bits} bits of its word")
        else:
            first = 0 if low is None else self.fixed(low)
            last = self.fixed(high)
            width = last - first
            if first < 0 or last > base.bits or width < 1:
                raise self.stop(node, f"a slice must lie within the {base.bits} bits of its word")
        return _Kind("word", 0, (1 << width) - 1, width)

    def fixed(self, node: ast.expr) -> int:
        kind = self.number(node)
        if kind.low != kind.high or any(
            isinstance(n, ast.Name) and n.id in self.counters for n in ast.walk(node)
        ):
            raise self.stop(node, "the ends of a slice must be constants, or x[o+8:o]")
        return kind.low

    def number(self, node: ast.expr) -> _Kind:
        """Return the range of a constant expression, of loop variables too."""
        kind = self.folded(node) if isinstance(node, ast.BinOp | ast.UnaryOp) else self.leaf(node)
        if kind is None or not kind.number:
            raise self.stop(node, "it must be a constant")
        return kind

    def folded(self, node: ast.expr) -> _Kind | None:
        """Return the range of an expression of integers and loop variables; None for another."""
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                kind = self.folded(inner)
                return _Kind("number", -kind.high, -kind.low, 32) if kind else None
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self.folded(left), self.folded(right)
                if one is None or other is None:
                    return None
                return self.fold(node, op, one, other)
            case ast.Call(func=ast.Name(id="len"), args=[inner]):
                kind = self.leaf(inner)
                size = kind.bits if kind.what in ("word", "list", "table") else None
                return _Kind("number", size, size, 32) if size else None
            case ast.Constant(value=bool()):
                return None
            case ast.Constant(value=int()):
                return self.leaf(node)
            case ast.Name() | ast.Attribute():
                if isinstance(node, ast.Name) and node.id in self.variables:
                    return None
                value = self.resolve(node)
                if isinstance(node, ast.Name) and node.id in self.counters:
                    return self.counters[node.id]
                if isinstance(value, int) and not isinstance(value, bool):
                    return _Kind("number", value, value, 32)
        return None

    def fold(self, node: ast.expr, op: ast.operator, one: _Kind, other: _Kind) -> _Kind:
        ends = [(a, b) for a in (one.low, one.high) for b in (other.low, other.high)]
        match op:
            case ast.Add():
                values = [a + b for a, b in ends]
            case ast.Sub():
                values = [a - b for a, b in ends]
            case ast.Mult():
                values = [a * b for a, b in ends]
            case ast.FloorDiv() if one.low >= 0 and other.low > 0:
                values = [a // b for a, b in ends]
            case ast.Mod() if one.low >= 0 and other.low > 0:
                values = [0, other.high - 1] if one.low != one.high else [a % b for a, b in ends]
            case ast.Pow() | ast.LShift() if other.low >= 0 and other.high <= 30 and one.low >= 0:
                values = [a**b if isinstance(op, ast.Pow) else a << b for a, b in ends]
            case ast.RShift() if one.low >= 0 and other.low >= 0:
                values = [a >> b for a, b in ends]
            case _:
                raise self.stop(node, "a constant expression must be of + - * // % ** << >>, >= 0")
        if max(map(abs, values)) >= LARGEST:
            raise self.stop(
                node, "a constant expression must stay below 2**30; compute it outside the process"
            )
        return _Kind("number", min(values), max(values), 32)

    def call(self, node: ast.Call) -> _Kind:
        """`x.signed()`, `concat(...)`, `concat(...).signed()`, `bool(x)` or `len(x)`."""
        match node.func:
            case ast.Attribute(value=inner, attr="signed") if not node.args and not node.keywords:
                kind = self.leaf(inner)
                if kind.what != "word":
                    raise self.stop(node, "what is read as signed must be a word")
                half = 1 << (kind.bits - 1)
                return _Kind("word", -half, half - 1, kind.bits)
        called = self.resolve(node.func)
        if called is concat and node.args and not node.keywords:
            return self.joined(node)
        if called is bool and len(node.args) == 1:
            if self.operand(node.args[0]).what not in ("bool", "word"):
                raise self.stop(node, "the argument of bool() must be a word")
            return replace(_BOOL, leaf=False)
        if called is len and len(node.args) == 1:
            folded = self.folded(node)
            if folded is not None:
                return folded
        raise self.stop(node, "a call must be .signed(), concat, bool or len")

    def joined(self, node: ast.Call) -> _Kind:
        bits = 0
        for part in node.args:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                if not part.value or part.value.strip("01"):
                    raise self.stop(part, "a text in concat must be of 0 and 1")
                bits += len(part.value)
                continue
            kind = self.leaf(part)
            if not kind.unsigned or not kind.leaf:
                raise self.stop(node, "a part of concat must be an unsigned word, a bit or a slice")
            bits += kind.bits
        return _Kind("word", 0, (1 << bits) - 1, bits)
