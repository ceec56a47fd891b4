"""The judge of kernels is judged: it sees faults of many kinds, and nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from myhdl import Signal, always, always_comb, intbv

from kolam.hdl.image import Image
from kolam.hdl.memories import ram, rom
from kolam.hdl.module import instances, module
from kolam.testbenches.campaign import load
from kolam.testbenches.equivalence import assert_equivalent, bit, replay, run_model, word


@module
def folder_of_words(clk, rst, x, en, y, valid, flag):
    """Fold what comes, when en; flag shows the input."""
    total = Signal(intbv(0)[16:])
    data = Signal(intbv(0)[16:])

    @always(clk.posedge)
    def step():
        if rst:
            total.next = 0
            valid.next = 0
        elif en:
            total.next = total ^ x
            valid.next = 1
        if en:
            data.next = total

    @always_comb
    def give():
        y.next = data
        flag.next = x[0]

    return instances()


def ports():
    return {
        "clk": bit(), "rst": bit(), "x": word(16), "en": bit(),
        "y": word(16), "valid": bit(), "flag": bit(),
    }  # fmt: skip


@pytest.fixture(scope="module")
def record():
    return run_model(folder_of_words, ports(), clocks=200)


def altered(record, right, wrong):
    files = {path: text.replace(right, wrong) for path, text in record.files.items()}
    assert files != record.files
    return replace(record, files=files)


def test_a_kernel_agrees_with_itself(tmp_path):
    for method in ("batch", "cosim"):
        made = assert_equivalent(folder_of_words, ports(), folder=tmp_path / method, method=method)
        assert len(made.rows) == 400
        assert made.inputs == {"rst": 1, "x": 16, "en": 1}
        assert made.outputs == {"y": 16, "valid": 1, "flag": 1}


@pytest.mark.parametrize(
    ("right", "wrong", "port"),
    [
        ("total ^ x", "total | x", "y"),
        ("total <= 0", "total <= 1", "y"),
        ("valid <= 0", "valid <= 1", "valid"),
        ("posedge clk", "negedge clk", "y"),
        ("x[0]", "x[1]", "flag"),
        ("x[0]", "1'bx", "flag"),
        ("data <= total", "data <= total + (total == 16'hffff)", "y"),
        ("data <= total", "data <= {1'bx, total[14:0]}", "y"),
    ],
)
def test_a_fault_is_found_and_named(record, tmp_path, right, wrong, port):
    found = replay([altered(record, right, wrong)], tmp_path)
    assert found
    assert {difference.name for difference in found} == {"dut"}
    assert port in {difference.port for difference in found}


def test_the_first_fault_is_told_with_its_inputs(tmp_path, monkeypatch):
    made = run_model(folder_of_words, ports())
    monkeypatch.setattr(
        "kolam.testbenches.equivalence.run_model",
        lambda *_, **__: altered(made, "valid <= 1", "valid <= 0"),
    )
    with pytest.raises(AssertionError, match=r"valid at clock \d+ is 0 in Verilog, 1 in MyHDL"):
        assert_equivalent(folder_of_words, ports(), folder=tmp_path / "batch")
    with pytest.raises(AssertionError, match=r"inputs at that clock: \{'rst': 0, .*; seed 0"):
        assert_equivalent(folder_of_words, ports(), folder=tmp_path / "cosim", method="cosim")


def test_one_process_judges_many(record, tmp_path):
    others = [run_model(folder_of_words, ports(), name=f"dut{n}", seed=n) for n in range(3)]
    others[1] = altered(others[1], "total ^ x", "total + x")
    assert {d.name for d in replay([record, *others], tmp_path)} == {"dut1"}


def test_x_is_forgiven_until_known_and_not_for_long(tmp_path):
    late = run_model(folder_of_words, ports(), drive={"en": lambda n, _: int(n > 20)}, clocks=60)
    assert replay([late], tmp_path) == []
    [first, *_] = replay([replace(late, warm_up=10)], tmp_path)
    assert (first.port, first.clock, first.verilog) == ("y", 10, "xxxx")
    assert replay([replace(late, warm_up=10, when={"y": "valid"})], tmp_path) == []
    assert replay([replace(late, warm_up=10, loose=("y",))], tmp_path) == []
    never = run_model(folder_of_words, ports(), drive={"en": 0}, clocks=20)
    assert [str(d) for d in replay([never], tmp_path)] == ["dut: y is never known"]


def test_known_bits_of_a_loose_port_count(record, tmp_path):
    wrong = altered(record, "data <= total", "data <= {1'bx, ~total[14:0]}")
    assert replay([replace(wrong, loose=("y",))], tmp_path)
    right = altered(record, "data <= total", "data <= {1'bx, total[14:0]}")
    assert replay([replace(right, loose=("y",))], tmp_path) == []


def test_drivers_and_vectors(record):
    given = run_model(
        folder_of_words, ports(), clocks=90,
        drive={"x": range(5, 9), "en": [1, 0, 0]},
        vectors=[{"x": 7}, {"x": 8, "en": 0, "rst": 1}],
    )  # fmt: skip
    inputs = [dict(zip(given.inputs, row[0], strict=True)) for row in given.rows]
    assert [row["rst"] for row in inputs[:3]] == [1, 1, 0]
    assert inputs[2]["x"] == 7
    assert inputs[3] == {"x": 8, "en": 0, "rst": 1}
    assert {row["x"] for row in inputs} == {5, 6, 7, 8}
    assert [row["en"] for row in inputs[4:10]] == [0, 0, 1, 0, 0, 1]
    assert 0 < sum(row["rst"] for row in inputs[4:]) < 20
    free = [row[0][1] for row in record.rows]
    assert {0, 1, 0xFFFF, 0x7FFF, 0x8000, 0x5555, 0xAAAA} <= set(free)


def test_a_sequence_is_all_that_a_port_is_given():
    given = run_model(folder_of_words, ports(), clocks=40, drive={"x": [3, 1, 4, 1, 5]})
    x = list(given.inputs).index("x")
    assert [row[0][x] for row in given.rows] == [3, 1, 4, 1, 5] * 8


def test_a_driver_must_be_of_an_input():
    with pytest.raises(ValueError, match=r"drive and vectors must name inputs, not \['y'\]"):
        run_model(folder_of_words, ports(), drive={"y": 0})


def test_myhdl_survives_a_model_that_fails(tmp_path):
    def burst(n, _random):
        if n == 9:
            raise ZeroDivisionError
        return 0

    with pytest.raises(ZeroDivisionError):
        run_model(folder_of_words, ports(), drive={"x": burst})
    assert_equivalent(folder_of_words, ports(), folder=tmp_path)


@module
def lookup(clk, re, raddr, rdata, image):
    """Hold a memory: only what stands in a composite is given its image."""
    memory = rom(clk, re, raddr, rdata, image=image)  # noqa: F841, instances() finds it
    return instances()


def memory_ports(**signals):
    return {"clk": bit(), "re": bit(), "raddr": word(4), "rdata": word(12), **signals}


@pytest.mark.parametrize("method", ["batch", "cosim"])
def test_memory_images_are_found(method, tmp_path):
    image = Image("squares", 12, tuple(17 * n % 4096 for n in range(16)))
    assert_equivalent(
        lookup, memory_ports(image=image), folder=tmp_path / "a folder", method=method
    )


def test_a_wrong_image_is_a_failure(tmp_path):
    image = Image("squares", 12, tuple(range(16)))
    made = run_model(lookup, memory_ports(image=image))
    files = {**made.files, "mem/squares.hex": made.files["mem/squares.hex"].replace("00f", "00e")}
    with pytest.raises(AssertionError, match="Icarus said 'FAIL memory image squares"):
        replay([replace(made, files=files)], tmp_path)


def test_memories_may_hold_x_where_nothing_was_written(tmp_path):
    signals = memory_ports(we=bit(), waddr=word(4), wdata=word(12), depth=16)
    record = assert_equivalent(
        ram, signals, folder=tmp_path, loose=("rdata",),
        drive={"waddr": range(8), "raddr": range(8, 16)},
    )  # fmt: skip
    assert record.loose == ("rdata",)


def test_the_example_of_the_page(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "myhdl.md"
    kernel, test = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
    loaded = load(kernel + "\n\n" + test, tmp_path, "example")
    loaded.assert_equivalent, loaded.bit, loaded.word = assert_equivalent, bit, word
    loaded.test_equals_its_verilog(tmp_path)
