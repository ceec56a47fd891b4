"""The emitter: one HDL module per function, parameters and widths; what it refuses, and how."""

import hashlib
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from myhdl import ConcatSignal, Signal, always, always_comb, intbv

import kolam.generators
import kolam.hdl
import kolam.kernels
from kolam.hdl import instances, module
from kolam.hdl.image import Image
from kolam.hdl.memories import rom
from kolam.hdl.module import EmissionError, LeafText, emit, leaf
from kolam.kernels.bits import constant
from kolam.testbenches.equivalence import bit, replay, run_model, word

# ruff: noqa: F841, instances() finds what looks unused


@module
def increment(clk, x, y, *, by):
    """Give x + by, a clock later.

    It wraps.
    """
    top = len(x)
    total = Signal(intbv(0)[top + 1 :])

    @always_comb
    def add():
        total.next = x + by

    @always(clk.posedge)
    def keep():
        y.next = total[top:]

    return instances()


@module
def twice(clk, x, y, *, by):
    """Increment, and increment again."""
    between = word(len(x))
    one = increment(clk, x, between, by=by)
    two = increment(clk, between, y, by=by)
    return instances()


@module
def pyramid(clk, x, y, wide, *, by):
    """Three kinds of the same function, in two layers."""
    middle = [word(len(x)) for _ in range(2)]
    low, high = word(4), word(8)
    unread = word(4)
    pairs = [twice(clk, x, middle[0], by=by), twice(clk, middle[0], middle[1], by=1)]
    last = {"only": increment(clk, middle[1], y, by=by)}
    narrow = increment(clk, x(4, 0), low, by=by)
    joined = increment(clk, ConcatSignal(low, x(8), constant(5, 3)), high, by=3)
    spare = increment(clk, x(4, 0), unread, by=by)
    outer = increment(clk, high, wide, by=3)
    return instances()


def pyramid_ports():
    return {"clk": bit(), "x": word(9), "y": word(9), "wide": word(8)}


def text(emission, name):
    return emission.files[f"rtl/{name}.v"]


# ---------------------------------------------------------------------- what is written


def test_a_module_for_every_set_of_parameters_and_widths() -> None:
    emission = emit(pyramid, "peak", {**pyramid_ports(), "by": 2})
    assert emission.counts == {
        "peak": 1,
        "peak_twice_by1": 1,
        "peak_twice_by2": 1,
        "peak_increment_by1_x_w9": 2,
        "peak_increment_by2_x_w4": 2,
        "peak_increment_by2_x_w9": 3,
        "peak_increment_by3_x_w8": 2,
    }
    assert sorted(emission.files) == [f"rtl/{name}.v" for name in sorted(emission.counts)]
    for name in emission.counts:
        assert re.findall(r"^module (\w+)", text(emission, name), re.M) == [name]
    assert emission.ports == {
        "clk": ("input", 1), "x": ("input", 9), "y": ("output", 9), "wide": ("output", 8)
    }  # fmt: skip


def test_instances_and_wires_are_called_as_in_python() -> None:
    top = text(emit(pyramid, "peak", {**pyramid_ports(), "by": 2}), "peak")
    placed = re.findall(r"^(\w+) (u_\w+) \(", top, re.M)
    assert placed == [
        ("peak_twice_by2", "u_pairs_0"),
        ("peak_twice_by1", "u_pairs_1"),
        ("peak_increment_by2_x_w9", "u_last_only"),
        ("peak_increment_by2_x_w4", "u_narrow"),
        ("peak_increment_by3_x_w8", "u_joined"),
        ("peak_increment_by2_x_w4", "u_spare"),
        ("peak_increment_by3_x_w8", "u_outer"),
    ]
    assert "wire [8:0] middle_0;" in top
    assert "unread" not in top
    assert top.count(".y()") == 1
    assert ".x(x[3:0])" in top
    assert ".x({low, x[8], 3'd5})" in top


def test_the_docstring_heads_the_module() -> None:
    emission = emit(twice, "two", {"clk": bit(), "x": word(3), "y": word(3), "by": 1})
    assert text(emission, "two").startswith("// Increment, and increment again.\n`timescale")
    assert text(emission, "two_increment").startswith(
        "// Give x + by, a clock later.\n//\n// It wraps.\n`timescale"
    )
    assert "It wraps" not in text(emission, "two_increment").partition("module")[2]


def test_verilog_of_a_hierarchy_is_the_model(tmp_path: Path) -> None:
    record = run_model(pyramid, {**pyramid_ports(), "by": 2}, name="peak", clocks=100)
    assert replay([record], tmp_path) == []


SCRIPT = """
import hashlib
from kolam.generators import cyclic_sparse as csc
from kolam.hdl import Format
fmt = Format.parse("s1.4")
one = csc.Support(outputs=6, fan_in=3, stride=2, bias=True)
two = csc.Support(outputs=4, fan_in=2, stride=1)
config = csc.Config(
    inputs=12, supports=(one, two), formats=csc.Formats(input=fmt, weights=fmt, outputs=fmt),
    parallelism=5,
)
files = csc.build(config, name="same").files()
print(hashlib.sha256(repr(list(files.items())).encode()).hexdigest())
"""


def test_the_same_bytes_for_every_hash_seed() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], text=True, check=True,
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "4242")
    }  # fmt: skip
    assert len(answers) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", answers.pop())


def test_the_same_bytes_whatever_was_emitted_before() -> None:
    def digest():
        files = emit(pyramid, "peak", {**pyramid_ports(), "by": 2}).files
        return hashlib.sha256(repr(list(files.items())).encode()).hexdigest()

    first = digest()
    emit(twice, "peak", {"clk": bit(), "x": word(9), "y": word(9), "by": 2})
    assert digest() == first


# ---------------------------------------------------------------------- memory images


@module
def shelf(clk, re, at, word_a, word_b, *, first, second):
    """Two ROMs of one shape."""
    one = rom(clk, re, at, word_a, image=first)
    two = rom(clk, re, at, word_b, image=second)
    return instances()


@module
def shelves(clk, re, at, word_a, word_b, plus, *, first, second):
    """A level that only hands the folder on, and one that needs none."""
    inner = shelf(clk, re, at, word_a, word_b, first=first, second=second)
    other = increment(clk, at, plus, by=1)
    return instances()


def shelf_ports():
    words = {name: word(6) for name in ("word_a", "word_b")}
    return {"clk": bit(), "re": bit(), "at": word(2), **words}


def test_contents_are_parameters_of_instances() -> None:
    images = Image("left", 6, (1, 2, 3)), Image("right", 6, (4, 5, 60))
    emission = emit(
        shelves,
        "store",
        {**shelf_ports(), "plus": word(2), "first": images[0], "second": images[1]},
    )
    assert emission.counts["store_rom"] == 2  # one text for both contents
    leaf_text = text(emission, "store_rom")
    assert 'parameter MEM_DIR = ""' in leaf_text
    assert 'parameter IMAGE = ""' in leaf_text
    assert "parameter [31:0] CHECKSUM = 0" in leaf_text
    for image in images:
        assert emission.files[f"mem/{image.name}"] == image.text()
        assert (
            f'#(.IMAGE("{image.name}"), .CHECKSUM(32\'h{image.checksum:08x}), .MEM_DIR(MEM_DIR))'
            in text(emission, "store_shelf")
        )
    assert 'parameter MEM_DIR = ""' in text(emission, "store")
    assert "store_shelf #(.MEM_DIR(MEM_DIR)) u_inner" in text(emission, "store")
    assert "MEM_DIR" not in text(emission, "store_increment")


def test_two_images_of_one_name_are_refused() -> None:
    images = Image("same", 6, (1, 2, 3)), Image("same", 6, (1, 2, 4))
    with pytest.raises(EmissionError, match=r"two memory images are called same\.hex"):
        emit(shelf, "store", {**shelf_ports(), "first": images[0], "second": images[1]})


# ---------------------------------------------------------------------- what is refused


@module
def both(clk, x, y):
    """Place and compute."""
    half = word(4)
    part = increment(clk, x, half, by=1)

    @always_comb
    def rest():
        y.next = half

    return instances()


@module
def two_drivers(clk, x, y):
    """Drive y twice."""
    one = increment(clk, x, y, by=1)
    two = increment(clk, x, y, by=2)
    return instances()


@module
def two_drivers_of_a_wire(clk, x, y):
    """Drive a wire twice."""
    inner = word(4)
    one = [increment(clk, x, inner, by=k) for k in range(2)]
    two = increment(clk, inner, y, by=2)
    return instances()


@module
def undriven(clk, x, y):
    """Read what nobody drives."""
    nothing, aside = word(4), word(4)
    one = increment(clk, nothing, y, by=1)
    two = increment(clk, x, aside, by=1)
    return instances()


@module
def undriven_slice(clk, x, y):
    """Read a part of what nobody drives."""
    nothing, aside = word(9), word(4)
    one = increment(clk, nothing(4, 0), y, by=1)
    two = increment(clk, x, aside, by=1)
    return instances()


@module
def unnamed(clk, x, y):
    """Keep no instance."""
    increment(clk, x, y, by=1)
    return instances()


@module
def unnamed_wire(clk, x, y):
    """Keep no wire."""
    holder = type("Holder", (), {"wire": word(4)})
    one = increment(clk, x, holder.wire, by=1)
    two = increment(clk, holder.wire, y, by=1)
    return instances()


@module
def unconnected(clk, x, y, spare):
    """Have a port too many."""
    one = increment(clk, x, y, by=1)
    return instances()


@module
def unread_port(clk, x, y, spare):
    """Have a port too many, and compute."""

    @always(clk.posedge)
    def keep():
        y.next = x

    return instances()


@module
def part_driven(clk, x, y):
    """Drive a part of y."""
    one = increment(clk, x(2, 0), y(2, 0), by=1)
    return instances()


@module
def lists(clk, x, y):
    """Hand on a list."""
    one = listed(clk, [x, x], y)
    return instances()


@module
def listed(clk, words, y):
    """Take a list."""

    @always(clk.posedge)
    def keep():
        y.next = words[0]

    return instances()


@module
def no_instances(clk, x, y):
    """Return the process itself."""

    @always(clk.posedge)
    def keep():
        y.next = x

    return keep


@module
def no_instances_of_its_own(clk, x, y):
    """Return nothing of what it placed."""
    one = increment(clk, x, y, by=1)
    return []


@module
def reserved_port(clk, begin, y):
    """Have a port that Verilog reserves."""
    one = increment(clk, begin, y, by=1)
    return instances()


@module
def reserved_wire(clk, x, y):
    """Have a wire that VHDL reserves."""
    buffer = word(4)
    one = increment(clk, x, buffer, by=1)
    two = increment(clk, buffer, y, by=1)
    return instances()


@module
def within(clk, x, y):
    """Emit while emitting."""
    emit(increment, "inner", {"clk": bit(), "x": word(4), "y": word(4), "by": 1})
    one = increment(clk, x, y, by=1)
    return instances()


@module
def alike(clk, x, y):
    """Have two wires that differ in case."""
    inner, INNER = word(4), word(4)  # noqa: N806
    one = increment(clk, x, inner, by=1)
    two = increment(clk, inner, INNER, by=1)
    three = increment(clk, INNER, y, by=1)
    return instances()


@module
def inconvertible(clk, x, y):
    """Simulate, and not convert."""
    table = {0: 1}

    @always(clk.posedge)
    def look():
        y.next = table.get(int(x), 0)

    return instances()


REFUSED = {
    both: "both must place modules or compute, not both",
    two_drivers: "y in two_drivers has two drivers",
    two_drivers_of_a_wire: "inner in two_drivers_of_a_wire has two drivers",
    undriven: "nothing in undriven is read and not driven",
    undriven_slice: "nothing in undriven_slice is read and not driven",
    unnamed: "an instance in unnamed must be held by a local variable",
    unnamed_wire: "a signal in unnamed_wire has no name",
    unconnected: "port spare of unconnected is not connected",
    part_driven: "y in part_driven must drive a whole signal",
    lists: "words of listed must be a word, not a list",
    no_instances: "no_instances must end with `return instances()`",
    no_instances_of_its_own: "no_instances_of_its_own must end with `return instances()`",
    reserved_port: "a port of reserved_port must be a word that Verilog, SystemVerilog, VHDL and "
    "Windows leave free, not 'begin'",
    reserved_wire: "a wire of reserved_wire must be a word that Verilog, SystemVerilog, VHDL and "
    "Windows leave free, not 'buffer'",
    within: "emit must not be called while emitting",
    alike: "names must differ in more than case, not be 'inner' and 'INNER'",
}


def ports_of(what):
    names = list(inspect.signature(what.func).parameters)
    return {name: bit() if name == "clk" else word(4) for name in names}


def usable():
    """Emit something good."""
    emission = emit(twice, "two", {"clk": bit(), "x": word(3), "y": word(3), "by": 1})
    assert sorted(emission.counts.items()) == [("two", 1), ("two_increment", 2)]


@pytest.mark.parametrize("what", REFUSED, ids=lambda what: what.func.__name__)
def test_refused_with_a_sentence(what) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(REFUSED[what])}$"):
        emit(what, "bad", ports_of(what))
    usable()


def test_a_port_that_a_kernel_does_not_use_is_refused() -> None:
    with pytest.raises(EmissionError, match=r"unread_port does not convert cleanly: .*spare"):
        emit(unread_port, "bad", ports_of(unread_port))
    usable()


def test_what_does_not_convert_is_refused_and_leaves_no_trace() -> None:
    with pytest.raises(ValueError, match="inconvertible"):
        emit(inconvertible, "bad", ports_of(inconvertible))
    usable()


def test_a_signed_wire_is_refused() -> None:
    ports = {"clk": bit(), "x": Signal(intbv(0, min=-8, max=8)), "y": word(4), "by": 1}
    with pytest.raises(EmissionError, match="must be an unsigned word, not a signed one"):
        emit(increment, "bad", ports)
    usable()


def test_a_design_has_a_legal_name() -> None:
    for name in ("begin", "Signal", "two__two", "_two", "2x", "nul", "x" * 65, "ü"):
        with pytest.raises(ValueError, match="the name of a design must be"):
            emit(increment, name, {"clk": bit(), "x": word(4), "y": word(4), "by": 1})
    usable()


# ---------------------------------------------------------------------- leaves


def test_a_leaf_is_its_text() -> None:
    @leaf(outputs=("y",), verilog=lambda ports, *, by: LeafText(f"assign y = x + {by};"))
    def plus(x, y, *, by):
        """Add."""
        return instances()

    @module
    def holder(x, y):
        """Place a leaf."""
        only = plus(x, y, by=3)
        return instances()

    emission = emit(holder, "held", {"x": word(4), "y": word(4)})
    assert "assign y = x + 3;" in text(emission, "held_plus")
    assert "output wire [3:0] y" in text(emission, "held_plus")


def test_leaves_are_few_and_known() -> None:
    """What carries Verilog of its own is not converted: an engine must never be one."""
    leaves = set()
    for room in (kolam.hdl, kolam.kernels, kolam.generators):
        for found in pkgutil.iter_modules(room.__path__):
            for value in vars(importlib.import_module(f"{room.__name__}.{found.name}")).values():
                if isinstance(value, module) and hasattr(value, "leaf"):
                    leaves.add(f"{value.func.__module__}.{value.func.__name__}")
    assert leaves == {
        "kolam.hdl.memories.ram",
        "kolam.hdl.memories.rom",
        "kolam.hdl.memories.shift_ram",
        "kolam.hdl.multiply_accumulate.multiply_accumulate",
        "kolam.hdl.multiply_accumulate.multiply_hop",
    }
