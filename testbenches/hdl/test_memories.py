"""Memory leaves: the Python model is a list of words, and the Verilog is the Python model."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

import pytest

from kolam.hdl import instances, module, simulators
from kolam.hdl.image import Image
from kolam.hdl.memories import MemoryClash, ram, rom, shift_ram, table
from kolam.hdl.module import emit
from kolam.kernels.bits import bits
from kolam.kernels.delay import pulse_delay
from kolam.testbenches import equivalence
from kolam.testbenches.equivalence import bit, replay, run_model

START = 2  # clocks of reset


def word(width):
    return equivalence.word(width) if width > 1 else bit()


def random_image(stem, width, depth):
    random = Random(f"{stem} {width} {depth}")
    return Image(stem, width, tuple(random.getrandbits(width) for _ in range(depth)))


# ---------------------------------------------------------------------- RAM


@module
def watched_ram(
    clk, rst, we, waddr, wdata, re, raddr, rdata, due, *, depth, parts, latency, style, image
):
    """A RAM, and the clocks in which a word is due."""
    memory = ram(  # noqa: F841, instances() finds it
        clk, we, waddr, wdata, re, raddr, rdata,
        depth=depth, parts=parts, latency=latency, style=style, image=image,
    )  # fmt: skip
    told = pulse_delay(clk, rst, re, due, clocks=latency)  # noqa: F841
    return instances()


def ram_case(depth, parts, latency, style, image):
    ports = {n: bit() for n in ("clk", "rst", "re", "due")}
    ports |= {"we": word(max(1, len(parts)))}
    ports |= {name: word(bits(depth)) for name in ("waddr", "raddr")}
    ports |= {name: word(sum(parts) or 8) for name in ("wdata", "rdata")}
    kind = {"depth": depth, "parts": parts, "latency": latency, "style": style, "image": image}
    return {**ports, **kind}


def sequence(values):
    return lambda clock, _: values[clock]


def traffic(random, clocks, depth, parts, filled):
    """Return what each port is given; reads chase writes and writes chase reads, never at once."""
    rows = {p: [0] * clocks for p in ("we", "waddr", "wdata", "re", "raddr")}
    every = (1 << max(1, len(parts))) - 1
    for n in range(START, clocks):
        fill = n - START
        if not filled and fill < depth:  # a word that nobody wrote is no number
            rows["we"][n], rows["waddr"][n] = every, fill
            rows["raddr"][n] = random.randrange(depth)
        else:
            rows["we"][n] = random.choice((0, every, random.randrange(every + 1)))
            recent = [rows[p][n - k] for p in ("waddr", "raddr") for k in (1, 2)]
            for port in ("waddr", "raddr"):
                rows[port][n] = random.choice([random.randrange(depth), *recent])
            rows["re"][n] = random.random() < 0.7
            if rows["we"][n] and rows["waddr"][n] == rows["raddr"][n]:
                rows["re"][n] = 0
        rows["wdata"][n] = random.getrandbits(sum(parts) or 8)
    return rows


def ram_record(name, depth, parts, latency, style, image, clocks=240):
    case = ram_case(depth, parts, latency, style, image)
    rows = traffic(Random(name), clocks, depth, parts, image is not None)
    record = run_model(
        watched_ram, case, name=name, clocks=clocks, when={"rdata": "due"}, drive=drive(rows)
    )
    return record, rows


def drive(rows):
    drivers = {port: sequence(values) for port, values in rows.items()}
    return {**drivers, "rst": lambda clock, _: clock < START}


def expected_reads(rows, clocks, depth, parts, latency, image):
    """Return the word due at each clock, by clock."""
    words = list(image.words) if image else [0] * depth
    due = {}
    for n in range(clocks):
        if rows["re"][n]:
            due[n + latency] = words[rows["raddr"][n]]
        at, low = rows["waddr"][n], 0
        for k, width in enumerate(parts or (8,)):
            mask = (1 << width) - 1 << low
            if rows["we"][n] >> k & 1:
                words[at] = words[at] & ~mask | rows["wdata"][n] & mask
            low += width
    return {n: word for n, word in due.items() if n < clocks}


SHAPES = [  # depth, parts
    (16, ()), (2, (1,)), (4, (33,)), (16, (5, 5, 5, 5)), (12, (1, 1, 1, 1)), (8, (3, 1, 40)),
]  # fmt: skip


def test_ram_gives_what_was_written_before_the_read(tmp_path: Path) -> None:
    """Whatever the clock between a read and its word writes."""
    records = []
    for style, latency in product(("block", "distributed"), (1, 2)):
        for number, (depth, parts) in enumerate(SHAPES):
            name = f"{style}{latency}x{number}"
            image = random_image(name, sum(parts) or 8, depth) if number % 2 else None
            record, rows = ram_record(name, depth, parts, latency, style, image)
            rdata, told = (list(record.outputs).index(port) for port in ("rdata", "due"))
            want = expected_reads(rows, len(record.rows), depth, parts, latency, image)
            got = {n: given[rdata] for n, (_, given) in enumerate(record.rows) if given[told]}
            assert got == want, name
            assert len(want) > 60
            records.append(record)
    assert replay(records, tmp_path) == []


def test_the_first_clock_cannot_clash(tmp_path: Path) -> None:
    """In it a simulator may show any value of a register that has none yet."""
    record, _ = ram_record("early", 8, (), 1, "block", None, clocks=40)
    rows = [(dict(zip(record.inputs, given, strict=True)), got) for given, got in record.rows]
    rows[0][0].update(re=1, we=1, raddr=5, waddr=5)
    replay([replace(record, rows=[(list(given.values()), got) for given, got in rows])], tmp_path)


@pytest.mark.parametrize("style", ["block", "distributed"])
@pytest.mark.parametrize("parts", [(), (4, 1, 7)])
def test_a_clash_stops_model_and_verilog(tmp_path: Path, style: str, parts: tuple[int]) -> None:
    record, rows = ram_record("clash", 8, parts, 1, style, None, clocks=40)
    n = 30
    clash = {"re": 1, "we": 1 << max(0, len(parts) - 1), "raddr": 5, "waddr": 5}
    for port, value in clash.items():
        rows[port][n] = value
    with pytest.raises(MemoryClash, match="address 5 is read while it is written"):
        run_model(watched_ram, ram_case(8, parts, 1, style, None), clocks=40, drive=drive(rows))
    changed = list(record.rows)
    given = dict(zip(record.inputs, changed[n][0], strict=True)) | clash
    changed[n] = (list(given.values()), changed[n][1])
    with pytest.raises(AssertionError, match=r"FAIL memory clash in .* at address 5"):
        replay([replace(record, rows=changed)], tmp_path)


# ---------------------------------------------------------------------- ROM


@module
def one_rom(clk, re, raddr, rdata, *, image, latency, style):
    """A ROM."""
    memory = rom(clk, re, raddr, rdata, image=image, latency=latency, style=style)  # noqa: F841
    return instances()


def rom_case(image, latency=1, style="block"):
    ports = {"clk": bit(), "re": bit()}
    ports |= {"raddr": word(bits(image.depth)), "rdata": word(image.width)}
    return {**ports, "image": image, "latency": latency, "style": style}


def test_rom_gives_its_image(tmp_path: Path) -> None:
    records = []
    for style in ("block", "distributed", "logic"):
        for latency in (1, 2):
            for width, depth in ((8, 16), (1, 5), (32, 3), (33, 2), (70, 20), (7, 1)):
                name = f"{style}{latency}x{width}"
                image = random_image(name, width, depth)
                record = run_model(
                    one_rom, rom_case(image, latency, style), name=name, clocks=100,
                    drive={"raddr": range(depth)},
                )  # fmt: skip
                read = [None] * 2  # the clocks of the last reads
                for n, ((enable, at), (word_now,)) in enumerate(record.rows):
                    if read[latency - 1] is not None:
                        assert word_now == image.words[read[latency - 1]], (name, n)
                    read[1] = read[0]
                    read[0] = at if enable else read[0]
                assert read[1] is not None
                records.append(record)
    assert replay(records, tmp_path) == []


BENCH = """`timescale 1ns / 1ps
module bench;
    wire [{high}:0] rdata;
    store #(.MEM_DIR("mem/")) dut (.clk(1'b0), .re(1'b0), .raddr({abits}'d0), .rdata(rdata));
    initial begin
        #1 $display("PASS");
        $finish;
    end
endmodule
"""


def other(digit):
    return f"{int(digit, 16) ^ 1:x}"


DAMAGE = {
    "missing": lambda lines: None,
    "empty": lambda lines: [],
    "a line less": lambda lines: lines[:-1],
    "a line more": lambda lines: [*lines, lines[0]],
    "a zero more": lambda lines: [*lines, "0"],
    "a zero in front": lambda lines: ["0", *lines],
    "another digit": lambda lines: [*lines[:-1], lines[-1][:-1] + other(lines[-1][-1])],
    "another first digit": lambda lines: [other(lines[0][0]) + lines[0][1:], *lines[1:]],
    "neighbours swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "ends swapped": lambda lines: [lines[-1], *lines[1:-1], lines[0]],
    "turned round": lambda lines: lines[::-1],
    "a word twice": lambda lines: [lines[0], lines[0], *lines[2:]],
    "all zero": lambda lines: ["0" for _ in lines],
    "an unknown digit": lambda lines: ["x" + lines[0][1:], *lines[1:]],
}


def laid(folder, width, depth):
    """Write a ROM and a bench that says PASS after time 0; return its image and the sources."""
    image = random_image("words", width, depth)
    emission = emit(one_rom, "store", rom_case(image))
    bench = BENCH.format(high=width - 1, abits=bits(depth))
    for path, text in {**emission.files, "bench.v": bench}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return image, [folder / p for p in emission.files if p.endswith(".v")] + [folder / "bench.v"]


@pytest.mark.parametrize(("width", "depth"), [(8, 4), (36, 9), (64, 2), (1000, 3)])
def test_a_damaged_image_fails_at_time_0(tmp_path: Path, width: int, depth: int) -> None:
    image, sources = laid(tmp_path, width, depth)
    command = simulators.build_icarus(sources, "bench", tmp_path)
    file = tmp_path / "mem" / image.name
    lines = image.text().split()
    assert simulators.run(command, tmp_path) == "PASS\n"
    file.write_bytes(b"\r\n".join(line.encode() for line in lines) + b"\r\n\r\n")
    assert simulators.run(command, tmp_path) == "PASS\n"  # a checkout may do that
    for what, damage in DAMAGE.items():
        damaged = damage(lines)
        if damaged is None:
            file.unlink()
        else:
            file.write_text("\n".join([*damaged, ""]))
        said = simulators.run(command, tmp_path)
        assert "FAIL memory image words.hex" in said, what
        assert "PASS" not in said, what


def test_a_damaged_image_fails_in_verilator(tmp_path: Path) -> None:
    image, sources = laid(tmp_path, 36, 5)
    command = simulators.build_verilator(sources, "bench", tmp_path)
    assert "PASS" in simulators.run(command, tmp_path)
    for what, damage in DAMAGE.items():
        damaged = damage(image.text().split())
        file = tmp_path / "mem" / image.name
        if damaged is None:
            file.unlink()
        else:
            file.write_text("\n".join([*damaged, ""]))
        said = simulators.run(command, tmp_path)
        # it reads no file that is too long
        assert "FAIL memory image" in said or "beyond bounds" in said, what
        assert "PASS" not in said, what


# ---------------------------------------------------------------------- table


@module
def one_table(clk, ce, raddr, rdata, *, image, latency, style):
    """A table, read by one."""
    lookup = table(clk, ce, raddr, rdata, image=image, latency=latency, style=style)  # noqa: F841
    return instances()


@module
def two_table(clk, ce, raddr, rdata, raddr_b, rdata_b, *, image, latency, style):
    """A table, read by two."""
    lookup = table(  # noqa: F841
        clk, ce, raddr, rdata, raddr_b, rdata_b, image=image, latency=latency, style=style
    )
    return instances()


def table_case(image, latency, style, pairs):
    ports = {"clk": bit(), "ce": bit()}
    for address, data in pairs:
        ports |= {address: word(bits(image.depth)), data: word(image.width)}
    return {**ports, "image": image, "latency": latency, "style": style}


@pytest.mark.parametrize("ports", [1, 2])
def test_table_gives_its_image_after_enabled_clocks(tmp_path: Path, ports: int) -> None:
    """Two ports read what they like, and what they gave stays where the enable is low."""
    records = []
    pairs = [("raddr", "rdata"), ("raddr_b", "rdata_b")][:ports]
    for style in ("block", "logic"):
        for latency in (1, 2):
            for width, depth in ((8, 16), (1, 5), (33, 4), (36, 128), (70, 20), (7, 1)):
                name = f"{style}{latency}x{width}x{depth}"
                image = random_image(name, width, depth)
                record = run_model(
                    (one_table, two_table)[ports - 1], table_case(image, latency, style, pairs),
                    name=name, clocks=160, drive={address: range(depth) for address, _ in pairs},
                    vectors=[{"ce": 1}] * latency,  # or nothing is known for as long as it is low
                )  # fmt: skip
                names = [*record.inputs, *record.outputs]
                read = [None] * latency  # what was asked for in the last enabled clocks
                for n, (given, got) in enumerate(record.rows):
                    row = dict(zip(names, [*given, *got], strict=True))
                    if read[-1] is not None:
                        for (_, data), at in zip(pairs, read[-1], strict=True):
                            assert row[data] == image.words[at], (name, n, data)
                    if row["ce"]:
                        read = [[row[address] for address, _ in pairs], *read[:-1]]
                assert read[-1] is not None
                records.append(record)
    assert replay(records, tmp_path) == []


def test_a_damaged_table_fails_at_time_0(tmp_path: Path) -> None:
    """Whatever reads it, the image is checked as that of a ROM is."""
    image = random_image("words", 36, 9)
    pairs = [("raddr", "rdata"), ("raddr_b", "rdata_b")]
    emission = emit(two_table, "store", table_case(image, 2, "block", pairs))
    bench = BENCH.format(high=35, abits=4).replace(".re(1'b0)", ".ce(1'b0), .raddr_b(4'd0)")
    for path, text in {**emission.files, "bench.v": bench}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    sources = [tmp_path / p for p in emission.files if p.endswith(".v")] + [tmp_path / "bench.v"]
    command = simulators.build_icarus(sources, "bench", tmp_path)
    assert simulators.run(command, tmp_path) == "PASS\n"
    lines = image.text().split()
    for what in ("missing", "a line less", "another digit", "neighbours swapped", "all zero"):
        damaged = DAMAGE[what](lines)
        file = tmp_path / "mem" / image.name
        if damaged is None:
            file.unlink()
        else:
            file.write_text("\n".join([*damaged, ""]))
        said = simulators.run(command, tmp_path)
        assert "FAIL memory image words.hex" in said, what
        assert "PASS" not in said, what


# ---------------------------------------------------------------------- shift register


def test_shift_ram_remembers_what_was_written(tmp_path: Path) -> None:
    records = []
    for style in ("shift", "ram"):
        for depth in (2, 16, 32):
            for width in (1, 8):
                name = f"{style}{depth}x{width}"
                case = {"clk": bit(), "we": bit(), "wdata": word(width), "rdata": word(width)}
                case |= {"raddr": word(bits(depth)), "depth": depth, "style": style}
                record = run_model(
                    shift_ram, case, name=name, clocks=depth + 150,
                    vectors=[{"we": 1, "raddr": 0}] * depth,  # what nobody wrote is no number
                )  # fmt: skip
                written = []
                for (enable, wdata, raddr), (rdata,) in record.rows:
                    if raddr < len(written):
                        assert rdata == written[-1 - raddr]
                    if enable:
                        written.append(wdata)
                assert len(written) > depth + 25
                records.append(record)
    assert replay(records, tmp_path) == []
