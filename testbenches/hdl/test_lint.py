"""The lint refuses what converts wrongly, and passes what converts rightly.

Neither is taken on trust: every bad kernel is converted as MyHDL would, and simulated beside its
model, and what is said of it below must come true; so must the good ones, through our emitter.
"""

import gc
import re
import tempfile
import textwrap
import warnings
from pathlib import Path

import pytest
from myhdl.conversion import _toVerilog

from kolam.hdl.lint import LintError, faults, lint
from kolam.hdl.module import Emission, emit
from kolam.testbenches.campaign import load
from kolam.testbenches.equivalence import bit, replay, run_model, word

# what the kernels below may name; signed words come in through unsigned ports
PORTS = {
    "clk": 0, "rst": 0, "c": 0, "d": 0, "u": 8, "v": 8, "i": 3, "l": 31,
    "pa": 8, "pb": 8, "pe": 8, "o": 0, "x": 16, "z": 40,
}  # fmt: skip
SIGNED = {"a": "pa", "b": "pb", "e": "pe"}


def kernel(name, code):
    """Return the source of a kernel; code without a process is the body of an @always_comb."""
    used = set(re.findall(r"\w+", code))
    used |= {"a"} if "row" in used else set()
    used |= {"u"} if "bank" in used else set()
    signed = {s: p for s, p in SIGNED.items() if s in used}
    ports = [p for p in PORTS if p in used or p in signed.values() or (p == "z" and "y" in used)]
    before = [f"{s} = Signal(intbv(0, min=-128, max=128))" for s in signed]
    after = []
    if signed:
        after += ["@always_comb", "def cast():"]
        after += [f"    {s}.next = {p}.signed()" for s, p in signed.items()]
    if "y" in used:
        before += ["y = Signal(intbv(0, min=-(2**39), max=2**39))"]
        after += ["@always_comb", "def give():", "    z.next = y[40:]"]
    if "row" in used:
        before += ["row = [Signal(intbv(0, min=-128, max=128)) for _ in range(8)]"]
        after += ["@always_comb", "def fill():", "    for k in range(8):"]
        after += ["        row[k].next = a"]
    if "bank" in used:
        before += ["bank = [Signal(intbv(0)[8:]) for _ in range(8)]"]
        after += ["@always_comb", "def copy():", "    for k in range(8):"]
        after += ["        bank[k].next = u"]
    code = textwrap.dedent(code)
    if "@" not in code:
        code = "@always_comb\ndef compute():\n" + textwrap.indent(code, "    ")
    body = "\n".join([*before, code, *after, "return instances()"])
    return f"@module\ndef {name}({', '.join(ports)}):\n{textwrap.indent(body, '    ')}\n"


def arguments(function):
    names = function.func.__code__.co_varnames[: function.func.__code__.co_argcount]
    return {p: word(PORTS[p]) if PORTS[p] else bit() for p in names}


def collect(folder, table):
    """Return the kernels of a table by name."""
    source = "\n\n".join(
        kernel(name, row if isinstance(row, str) else row[-1]) for name, row in table.items()
    )
    return load(source, folder, "corpus")


def convert_alone(function, name, signals):
    """Return what MyHDL itself makes of a kernel, lint and emitter aside."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            function(**signals).convert(
                "Verilog", name=name, path=folder, testbench=False, initial_values=False,
                no_myhdl_header=True, trace=False,
            )  # fmt: skip
        finally:
            _toVerilog._converting = 0
        text = Path(folder, f"{name}.v").read_text()
    declared = re.findall(r"^(input|output) (?:signed )?(?:\[(\d+):0\] )?(\w+);", text, re.M)
    ports = {port: (direction, int(high or 0) + 1) for direction, high, port in declared}
    return Emission(name, {f"rtl/{name}.v": text}, ports, {})


# (what becomes of it, what the lint says, kernel):
#   silent   converts without a word, and computes something else
#   loud     MyHDL or Icarus stops, or the MyHDL simulation does
#   strict   is right, and refused for the sake of a small language or of clean hardware
BAD = {
    # myhdl.md 3a, in its order
    "shift_sum": ("silent", "signal of its own", "y.next = (a + b) >> 1"),
    "shift_product": ("silent", "signal of its own", "y.next = (a * b) >> 7"),
    "shift_shift": ("silent", "signal of its own", "y.next = (a << 4) >> 2"),
    "shift_sums": ("silent", "signal of its own", "y.next = (a + b + e) >> 2"),
    "add_choice": ("silent", "signal of its own", "y.next = a + (1 if c else 0)"),
    "choice_add": ("loud", "signal of its own", "y.next = (a if c else b) + 1"),
    "sum_mixed": ("silent", "signed and unsigned", "y.next = (a + b) + u"),
    "product_mixed": ("silent", "signed and unsigned", "y.next = (a * b) - u"),
    "products_mixed": ("silent", "signed and unsigned", "y.next = a * b + a * 5 - u"),
    "compare_sum": ("silent", "signal of its own", "o.next = (a + b) > u"),
    "mask_mixed": ("silent", "signal of its own", "y.next = (u & 15) + a"),
    "shift_mixed": ("silent", "signal of its own", "y.next = (u >> 2) + a"),
    "shifted_mixed": ("silent", "signal of its own", "y.next = (a >> 2) + u"),
    "concat_mixed": ("silent", "signed and unsigned", "y.next = concat(a[8:], b[8:]) + e"),
    "add_inverted": ("silent", "an operand must be", "y.next = b + ~u"),
    "floor_divide": ("silent", "slices for // and %", "y.next = a // 4"),
    "modulo": ("silent", "slices for // and %", "y.next = a % 4"),
    "big_factor": ("silent", "below 2[*][*]30", "y.next = a * 1234567890"),
    "big_term": ("silent", "below 2[*][*]30", "y.next = a + 0x7FFFFFFFF"),
    "slice_list": ("silent", "whole signals", """
        parts = [u(2 * k + 2, 2 * k) for k in range(4)]
        @always_comb
        def compute():
            x.next = parts[1]
    """),
    "negative_constant": ("loud", "must be driven", """
        five = Signal(intbv(-5, min=-8, max=8))
        @always_comb
        def compute():
            y.next = a + five
    """),
    "absolute": ("loud", "a call must be", "y.next = abs(a)"),
    "minimum": ("loud", "a call must be", "y.next = min(a, b)"),
    "maximum": ("loud", "a call must be", "y.next = max(a, b)"),
    "chained": ("loud", "two sides", "o.next = -5 < a < 5"),
    "concat_signed": ("loud", "part of concat", "x.next = concat(a, b)"),
    "slice_negative": ("loud", "a part must be given an unsigned", "x.next[8:] = a"),
    "defined_in_loop": ("silent", "not in a loop", """
        pair = [Signal(intbv(0)[8:]) for _ in range(2)]
        for k in range(2):
            @always_comb
            def compute():
                pair[k].next = u
        @always_comb
        def read():
            x.next = pair[0]
    """),
    "keyword": ("loud", "leave free", """
        reg = Signal(intbv(0)[8:])
        @always_comb
        def compute():
            reg.next = u
        @always_comb
        def read():
            x.next = reg
    """),
    "early_return": ("loud", "a call must be", """
        def clip(value):
            if value > 100:
                return 100
            return value
        @always_comb
        def compute():
            x.next = clip(u)
    """),
    # what a word of another sign or size does
    "sum_difference": ("silent", "signed and unsigned", "y.next = (e - u) + u"),
    "product_logic": ("silent", "signal of its own", "y.next = e * (u & v)"),
    "minus_shift": ("silent", "signal of its own", "y.next = a - (u >> 3)"),
    "compare_signed": ("silent", "both sides", "o.next = u.signed() >= v"),
    "invert": ("silent", "an inversion", "y.next = ~u"),
    "intbv_closure": ("loud", "must be a signal, a list", """
        half = intbv(8)[8:]
        @always_comb
        def compute():
            x.next = u + half
    """),
    "sequential": ("strict", "@always[(]clk.posedge[)] or", """
        reset = ResetSignal(0, active=1, isasync=False)
        @always_seq(clk.posedge, reset=reset)
        def compute():
            x.next = u
    """),
    # found here
    "element_mixed": ("silent", "signed and unsigned", "y.next = row[i] + u"),
    "choice_mixed": ("silent", "both sides", "y.next = a if c else u"),
    "add_true": ("silent", "an operand must be", "y.next = a + True"),
    "or_pattern": ("silent", "a pattern must be", """
        match i:
            case 1 | 2:
                o.next = 1
            case _:
                o.next = 0
    """),
    "signed_chain": ("silent", "an if/elif chain", """
        if a == -1:
            y.next = 1
        elif a == 2:
            y.next = 2
        else:
            y.next = 3
    """),
    "signed_constant": ("silent", "a Constant must be", """
        five = Constant(intbv(5, min=-8, max=8))
        @always_comb
        def compute():
            y.next = a + five
    """),
    "beyond_word": ("silent", "within the 8 bits", "x.next = a[16:]"),
    "bit_beyond": ("silent", "a bit must be one of 8", "o.next = u[9]"),
    "index_sum": ("strict", "must be a constant", """
        store = [Signal(intbv(0)[16:]) for _ in range(15)]
        @always_comb
        def fill():
            for k in range(15):
                store[k].next = u + k
        @always_comb
        def compute():
            x.next = store[i + i]
    """),
    "bit_sum": ("silent", "must be a constant", "o.next = u[i + i]"),
    "true_sum": ("silent", "a test must be", """
        if u + v:
            o.next = 1
        else:
            o.next = 0
    """),
    "not_sum": ("silent", "an operand of and, or, not", "o.next = not (u + v)"),
    "equal_sum": ("silent", "signal of its own", "o.next = u + v == i"),
    "minus_compare": ("silent", "signal of its own", "o.next = u - v < i"),
    "negative_unsigned": ("strict", "must not be negative", "o.next = u > -1"),
    "big_compare": ("silent", "below 2[*][*]30", "o.next = a < -0x7FFFFFFFFF"),
    "rebound": ("silent", "keep its value", """
        s = u
        @always_comb
        def compute():
            x.next = s
        s = v
    """),
    "integer_variable": ("silent", "a variable must begin", """
        @always_comb
        def compute():
            t = 0
            for k in range(8):
                t = t + l
            y.next = t
    """),
    "half_range": ("loud", "full range", """
        wrap = Signal(modbv(0, min=0, max=10))
        @always_comb
        def compute():
            wrap.next = u
        @always_comb
        def read():
            x.next = wrap
    """),
    "numpy_constant": ("loud", "must be a signal, a list", """
        import numpy
        k = numpy.int64(3)
        @always_comb
        def compute():
            x.next = u + k
    """),
    "moving_slice": ("loud", "must be constants", """
        for k in range(2):
            x.next[4 * k + 4:4 * k] = u[4 * k + 4:4 * k]
    """),
    "table_in_sum": ("loud", "an element of a table", """
        table = (1, 2, 3, 5, 8, 13, 21, 34)
        @always_comb
        def compute():
            x.next = u + table[i]
    """),
    "latch": ("strict", "in every branch", """
        if c:
            x.next = u
    """),
    "empty_loop_latch": ("strict", "in every branch", """
        x.next = 0
        for k in range(3, 3):
            o.next = u[k]
        if c:
            o.next = d
    """),
    "varying_loop": ("strict", "bounds of a loop", """
        x.next = 0
        for k in range(4):
            for j in range(k):
                x.next = u
    """),
    "docstring": ("strict", "a # comment", '''
        """Copy u."""
        x.next = u
    '''),
    "asserted": ("strict", "a statement must be", """
        assert u < 256
        x.next = u
    """),
    "falling_edge": ("strict", "one rising edge", """
        @always(clk.negedge)
        def compute():
            x.next = u
    """),
    "two_edges": ("strict", "one rising edge", """
        @always(clk.posedge, rst.posedge)
        def compute():
            x.next = u
    """),
    "sum_of_comparisons": ("strict", "signal of its own", "x.next = (u > 3) + (v > 3)"),
    "arithmetic_logic": ("strict", "signal of its own", "x.next = (u + v) & 7"),
    "name_of_process": ("strict", "leave free", """
        @always_comb
        def process():
            x.next = u
    """),
}  # fmt: skip

GOOD = {
    "add": "y.next = a + b",
    "add_unsigned": "x.next = u + v",
    "subtract": "y.next = a - b",
    "subtract_unsigned": "y.next = u - v",
    "multiply": "y.next = a * b",
    "multiply_unsigned": "x.next = u * v",
    "multiply_mixed": "y.next = a * u",
    "add_mixed": "y.next = u + a",
    "subtract_mixed": "y.next = u - a",
    "and_mixed": "y.next = a & u",
    "add_bit": "y.next = a + c",
    "add_bits": "x.next = c + d",
    "add_constant": "y.next = a + 100",
    "subtract_constant": "y.next = a - 300",
    "negative_term": "y.next = a + -3",
    "named_negative": """
        k = -7
        @always_comb
        def compute():
            y.next = a * k
    """,
    "sums": "y.next = a + b - e",
    "products": "y.next = a * b - e * 5 + a",
    "product_three": "y.next = a * b * e",
    "sums_unsigned": "x.next = u + v + i",
    "difference_unsigned": "y.next = (u - v) * i",
    "negate": "y.next = -a",
    "and_signed": "y.next = a & b",
    "mask_signed": "y.next = a & 15",
    "or_negative": "y.next = a | -8",
    "xor_unsigned": "x.next = u ^ v",
    "logic_unsigned": "x.next = (u & v) | (u ^ 85)",
    "logic_bits": "o.next = (c & d) | u[3]",
    "shift_right": "y.next = a >> 2",
    "shift_right_unsigned": "x.next = u >> 2",
    "shift_right_by": "y.next = a >> i",
    "shift_left": "y.next = a << 4",
    "shift_left_by": "y.next = a << i",
    "shift_left_unsigned": "x.next = u << i",
    "one_hot": "x.next = 1 << i",
    "shift_element": "y.next = row[i] >> 1",
    "shift_slice": "y.next = u[8:4].signed() >> 1",
    "equal": "o.next = a == b",
    "less": "o.next = a < b",
    "less_unsigned": "o.next = u < v",
    "at_least": "o.next = a >= -5",
    "large_unsigned": "o.next = l > 0x7F000000",
    "logic": "o.next = c and not d or u == 3",
    "not_word": "o.next = not u",
    "bool_word": "o.next = bool(u)",
    "in_range": "o.next = a > -5 and a < 5",
    "choice": "y.next = a if c else b",
    "choice_constant": "y.next = a if a > 0 else 0",
    "choice_maximum": "y.next = a if a > b else b",
    "choice_bit": "o.next = c if u > v else True",
    "slice": "x.next = a[8:4]",
    "slice_low": "x.next = u[5:]",
    "slice_signed": "y.next = u[7:2].signed()",
    "slice_add": "y.next = u[8:4].signed() + a",
    "slice_moving": "x.next = l[i+8:i]",
    "bit_moving": "o.next = l[i]",
    "bit_of_signed": "o.next = a[7]",
    "width": "o.next = u[len(u) - 1]",
    "joined": "x.next = concat(u[4:], c, v[3:])",
    "joined_text": "x.next = concat('0101', u, d)",
    "joined_signed": "y.next = concat(a[8:], b[8:]).signed()",
    "as_signed": "y.next = u.signed()",
    "zero_extended": "y.next = u",
    "large_constant": "y.next = -(0x7FFFFFFFF) if c else 0x123456789",
    "element": "y.next = row[i]",
    "element_fixed": "y.next = row[3] + row[4]",
    "part": """
        x.next = 0
        x.next[8:] = u
        x.next[12:8] = v[4:]
        x.next[15] = c
    """,
    "bit_driven": """
        x.next = 0
        x.next[i] = c
    """,
    "chain": """
        if i == 0:
            x.next = u
        elif i == 5:
            x.next = v
        else:
            x.next = 7
    """,
    "branches": """
        x.next = 0
        if u > v:
            if c:
                x.next = u
        elif a < 0:
            x.next = v
    """,
    "match": """
        match i:
            case 0:
                x.next = u
            case 6:
                x.next = v
            case _:
                x.next = 3
    """,
    "loop": """
        k = 3
        @always_comb
        def compute():
            for j in range(8):
                x.next[2 * j] = u[j]
                x.next[2 * j + 1] = v[7 - j]
    """,
    "loop_down": """
        @always_comb
        def compute():
            x.next = 0
            for j in downrange(8):
                if u[j]:
                    x.next = j
    """,
    "loop_value": """
        line = [Signal(intbv(0, min=-1024, max=1024)) for _ in range(8)]
        @always_comb
        def compute():
            for j in range(8):
                line[j].next = a * j
        @always_comb
        def read():
            y.next = line[i]
    """,
    "loop_compare": """
        x.next = 0
        for j in range(8):
            if i == j:
                x.next = u + j
    """,
    "loop_empty": """
        taps = 1
        @always(clk.posedge)
        def compute():
            x.next = u
            for j in range(1, taps):
                x.next[j] = u[j + 9]
    """,
    "loop_moving": """
        x.next = 0
        for j in range(2):
            x.next[j+8:j] = u
    """,
    "object": """
        from types import SimpleNamespace
        bus = SimpleNamespace(data=u, step=3, table=(5, 6, 7, 8, 9, 10, 11, 12))
        @always_comb
        def compute():
            x.next = bus.data + bus.step
        @always_comb
        def look():
            y.next = bus.table[i]
    """,
    "one_of_two": """
        pair = [Signal(intbv(0)[8:]) for _ in range(2)]
        @always_comb
        def fill():
            pair[0].next = u
            pair[1].next = v
        @always_comb
        def compute():
            x.next = pair[c]
    """,
    "parameter": """
        wide = 3
        @always_comb
        def compute():
            if wide > 2:
                x.next = u
            else:
                x.next = v
    """,
    "match_states": """
        State = enum("IDLE", "RUN", "DONE")
        state = Signal(State.IDLE)
        @always(clk.posedge)
        def step():
            if rst:
                state.next = State.IDLE
            else:
                match state:
                    case State.IDLE:
                        if c:
                            state.next = State.RUN
                    case State.RUN:
                        state.next = State.DONE
                    case _:
                        state.next = State.IDLE
        @always_comb
        def read():
            o.next = state != State.IDLE
    """,
    "variable": """
        @always_comb
        def compute():
            t = intbv(0, min=-(2**15), max=2**15)
            for j in range(8):
                t += row[j]
            t -= a
            y.next = t >> 1
    """,
    "variable_sliced": """
        @always_comb
        def compute():
            t = intbv(0)[16:]
            t[:] = u * v
            t[4:] = i
            x.next = t[12:3]
    """,
    "flag": """
        @always_comb
        def compute():
            found = False
            x.next = 0
            for j in range(8):
                if u[j] and not found:
                    x.next = j
                    found = True
    """,
    "table": """
        table = (3, -5, 12345678901, -12345678901, 0, 1, -1, 7)
        @always_comb
        def compute():
            y.next = table[i]
    """,
    "constant_word": """
        five = Constant(intbv(5)[4:])
        @always_comb
        def compute():
            y.next = a + five
    """,
    "modular": """
        count = Signal(modbv(0)[6:])
        @always(clk.posedge)
        def step():
            if rst:
                count.next = 0
            else:
                count.next = count + u
        @always_comb
        def read():
            x.next = count
    """,
    "modular_signed": """
        count = Signal(modbv(0, min=-32, max=32))
        @always(clk.posedge)
        def step():
            if rst:
                count.next = 0
            else:
                count.next = count + a
        @always_comb
        def read():
            y.next = count
    """,
    "register": """
        @always(clk.posedge)
        def step():
            if rst:
                x.next = 0
            elif c:
                x.next = u
    """,
    "register_product": """
        product = Signal(intbv(0, min=-(2**15), max=2**15))
        @always(clk.posedge)
        def multiply():
            if c:
                product.next = a * b
        @always_comb
        def read():
            y.next = product
    """,
    "states": """
        State = enum("IDLE", "RUN", "DONE")
        state = Signal(State.IDLE)
        @always(clk.posedge)
        def step():
            if rst:
                state.next = State.IDLE
            elif state == State.IDLE:
                if c:
                    state.next = State.RUN
            elif state == State.RUN:
                state.next = State.DONE if d else State.RUN
            else:
                state.next = State.IDLE
        @always_comb
        def read():
            o.next = state == State.DONE
    """,
    "shift_register": """
        taps = [Signal(intbv(0)[8:]) for _ in range(4)]
        @always(clk.posedge)
        def step():
            taps[0].next = u
            for j in range(1, 4):
                taps[j].next = taps[j - 1]
        @always_comb
        def read():
            x.next = taps[3]
    """,
    "named_slice": """
        high = u(8, 4)
        @always_comb
        def compute():
            x.next = high + v
    """,
    "rounded": """
        total = Signal(intbv(0, min=-(2**16), max=2**16))
        @always_comb
        def add():
            total.next = a * b + 64
        @always_comb
        def cut():
            y.next = total >> 7
    """,
    "saturated": """
        total = Signal(intbv(0, min=-(2**10), max=2**10))
        @always_comb
        def add():
            total.next = a + b + e
        @always_comb
        def clip():
            if total > 127:
                y.next = 127
            elif total < -128:
                y.next = -128
            else:
                y.next = total
    """,
    "handshake": """
        full = Signal(bool(0))
        @always(clk.posedge)
        def step():
            if rst:
                full.next = False
            elif c and (not full or d):
                full.next = True
            elif d:
                full.next = False
        @always_comb
        def read():
            o.next = full
    """,
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    return collect(tmp_path_factory.mktemp("bad"), BAD)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return collect(tmp_path_factory.mktemp("good"), GOOD)


def test_the_corpora_are_large():
    assert len(BAD) >= 60
    assert len(GOOD) >= 80
    assert sum(row[0] == "silent" for row in BAD.values()) >= 40


@pytest.mark.parametrize("name", BAD)
def test_bad_kernels_are_refused_by_line(bad, name):
    function = getattr(bad, name)
    ports = arguments(function)
    with pytest.raises(LintError, match=BAD[name][1]) as error:
        lint(name, function(**ports).subs, ports)
    source = Path(bad.__file__).read_text().splitlines()
    first = next(n for n, line in enumerate(source) if line.startswith(f"def {name}("))
    last = next(n for n in range(first, len(source)) if "return instances()" in source[n])
    for line in str(error.value).splitlines():
        assert re.match(rf"{name}: {re.escape(bad.__file__)}:\d+: in \w+: .* must .*", line)
        assert first < int(line.split(":")[2]) <= last + 1


@pytest.mark.filterwarnings("ignore:unclosed file", "ignore:Exception ignored in")
def test_bad_kernels_do_what_is_said_of_them(bad, tmp_path):
    seen = {}
    records = []
    for name in BAD:
        function = getattr(bad, name)
        try:
            emission = convert_alone(function, name, arguments(function))
            record = run_model(
                function, arguments(function), name=name, emission=emission, clocks=120
            )
            if BAD[name][0] == "loud":
                replay([record], tmp_path)
            records.append(record)
        except Exception:
            seen[name] = "loud"
    gc.collect()  # MyHDL leaves the file of a failed conversion open
    wrong = {difference.name for difference in replay(records, tmp_path)}
    for record in records:
        seen[record.name] = "silent" if record.name in wrong else "strict"
    assert seen == {name: row[0] for name, row in BAD.items()}


def test_good_kernels_pass_and_are_good(good, tmp_path):
    records = []
    for name in GOOD:
        function = getattr(good, name)
        ports = arguments(function)
        assert faults(function(**ports).subs, ports) == []
        records.append(run_model(function, arguments(function), name=f"good_{name}", clocks=160))
    assert replay(records, tmp_path) == []


def test_the_emitter_asks_the_lint(bad):
    with pytest.raises(LintError, match=r"shift_sum: .* in compute: an operand must be"):
        emit(bad.shift_sum, "shift_sum", arguments(bad.shift_sum))


def test_one_fault_a_statement_and_every_statement(tmp_path):
    module = load(kernel("two", "x.next = u // 2\no.next = u > -1"), tmp_path, "two")
    ports = arguments(module.two)
    assert len(faults(module.two(**ports).subs, ports)) == 2


def test_a_generator_is_refused(tmp_path):
    code = "@instance\ndef compute():\n    while True:\n        yield u\n        x.next = u"
    module = load(kernel("loop_for_ever", code), tmp_path, "generator")
    ports = arguments(module.loop_for_ever)
    found = faults(module.loop_for_ever(**ports).subs, ports)
    assert len(found) == 1
    assert "a process must be an @always(clk.posedge) or an @always_comb" in found[0]
