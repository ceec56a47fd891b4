"""Memory leaves: what MyHDL cannot say with the attributes that synthesis needs.

A read is defined only where no write to the same address happens in the same clock; the
Python model and, in simulation, the Verilog stop when one does. What was read is there for one
clock, `latency` clocks later, whatever is written meanwhile.
"""

from collections import deque
from itertools import pairwise
from typing import Any

from myhdl import always

from kolam.hdl.image import Image
from kolam.hdl.module import LeafText, instances, leaf, vector
from kolam.hdl.target import Target


class MemoryClash(AssertionError):
    """A word was read in the clock that wrote it."""


def _storage(style: str, width: int, depth: int) -> str:
    return f'(* ram_style = "{style}", no_rw_check *)\nreg {vector(width)}mem [0:{depth - 1}];\n'


def _opened(image: Image | None) -> tuple[str, str]:
    """Return what loads an image and, in simulation, checks it: declarations and process."""
    if image is None:
        return "", ""
    chunks = -(-image.width // 32)
    padded = f"{{{32 * chunks - image.width}'d0, mem[k]}}" if image.width % 32 else "mem[k]"
    declared = f"""\
// synthesis translate_off
integer k, chunk, words, file;
reg [31:0] sum;
reg [{32 * chunks - 1}:0] word;
// synthesis translate_on
"""
    return (
        declared,
        f"""
initial begin
    if (MEM_DIR == "") $readmemh(IMAGE, mem);
    else $readmemh({{MEM_DIR, IMAGE}}, mem);
    // synthesis translate_off
    sum = 0;
    words = 0;
    for (k = 0; k < {image.depth}; k = k + 1) begin
        word = {padded};
        for (chunk = 0; chunk < {chunks}; chunk = chunk + 1)
            sum = 32'h9e3779b1 * (sum ^ (sum >> 15)) + word[32 * chunk +: 32];
    end
    file = $fopen({{MEM_DIR, IMAGE}}, "r");
    if (file != 0) begin
        while ($fscanf(file, "%h", word) == 1) words = words + 1;
        $fclose(file);
    end
    if (words != {image.depth} || sum !== CHECKSUM) begin
        $display("FAIL memory image %0s: %0d of {image.depth} words, checksum %h, not %h",
                 IMAGE, words, sum, CHECKSUM);
        $finish;
    end
    // synthesis translate_on
end
""",
    )


def _clash() -> str:
    """Return the check of reads, from the first clock on, before which registers hold anything."""
    return """
// synthesis translate_off
reg begun;

initial begun = 1'b0;

always @(posedge clk) begin
    begun <= 1'b1;
    if (begun && re && |we && waddr == raddr) begin
        $display("FAIL memory clash in %m at address %0d", raddr);
        $finish;
    end
end
// synthesis translate_on
"""


def _read(
    style: str, width: int, abits: int, latency: int, written: bool
) -> tuple[str, str, tuple[str, ...]]:
    """Return a registered read, as declarations, items, and outputs that are registers.

    A LUT memory registers its address, not its data; with two clocks, if it is written, its data
    too: an address that waits two clocks would find what the clock between wrote.
    """
    if style == "block" and latency == 1:
        return "", "\nalways @(posedge clk) if (re) rdata <= mem[raddr];\n", ("rdata",)
    if written and latency == 2 and style != "block":
        return (
            f"reg {vector(abits)}raddr_d1;\n",
            "\nalways @(posedge clk) begin\n"
            "    if (re) raddr_d1 <= raddr;\n    rdata <= mem[raddr_d1];\nend\n",
            ("rdata",),
        )
    if style == "block":
        return (
            f"reg {vector(width)}fetched;\n",
            "\nalways @(posedge clk) begin\n"
            "    if (re) fetched <= mem[raddr];\n    rdata <= fetched;\nend\n",
            ("rdata",),
        )
    chain = "".join(f"reg {vector(abits)}raddr_d{k + 1};\n" for k in range(latency))
    moves = "    if (re) raddr_d1 <= raddr;\n" + "".join(
        f"    raddr_d{k + 1} <= raddr_d{k};\n" for k in range(1, latency)
    )
    return (
        chain,
        f"\nassign rdata = mem[raddr_d{latency}];\n\nalways @(posedge clk) begin\n{moves}end\n",
        (),
    )


def _slices(parts: tuple[int, ...], width: int) -> list[tuple[int, int]]:
    """Return (low, bits) of each part that is written apart; no parts: one."""
    lows = [sum(parts[:k]) for k in range(len(parts))]
    return list(zip(lows, parts, strict=True)) if parts else [(0, width)]


def _ram_text(
    ports: dict[str, int], *, depth: int, parts: tuple[int, ...], latency: int, style: str,
    target: Target, image: Image | None,
) -> LeafText:  # fmt: skip
    width = ports["rdata"]
    kept, read, registers = _read(style, width, ports["raddr"], latency, written=True)
    checked, opened = _opened(image)
    body = _storage(style, width, depth) + kept + checked + opened + "\n"
    slices = _slices(parts, width)
    if len(slices) == 1:
        body += "always @(posedge clk) if (we) mem[waddr] <= wdata;\n"
    else:
        body += "always @(posedge clk) begin\n"
        for k, (low, bits) in enumerate(slices):
            at = f"[{low + bits - 1}:{low}]"
            body += f"    if (we[{k}]) mem[waddr]{at} <= wdata{at};\n"
        body += "end\n"
    return LeafText(body + read + _clash(), registers)


@leaf(outputs=("rdata",), verilog=_ram_text)
def ram(
    clk, we, waddr, wdata, re, raddr, rdata, *,
    depth: int, parts: tuple[int, ...] = (), latency: int = 1, style: str = "block",
    target: Target = Target.GENERIC, image: Image | None = None,
) -> Any:  # fmt: skip
    """RAM, one write and one read port; read latency 1 or 2 clocks.

    parts: widths of the parts of a word, low ones first, that have a write enable each.
    """
    width = len(rdata)
    masks = [((1 << bits) - 1) << low for low, bits in _slices(parts, width)]
    mem = list(image.words) if image else [0] * depth
    pipe = [0] * latency

    @always(clk.posedge)
    def access():
        enables = int(we)
        if re and enables and int(waddr) == int(raddr):
            raise MemoryClash(f"address {int(raddr)} is read while it is written")
        if re:
            pipe[0] = mem[int(raddr)]
        for k, mask in enumerate(masks):
            if enables >> k & 1:
                mem[int(waddr)] = mem[int(waddr)] & ~mask | int(wdata) & mask
        rdata.next = pipe[latency - 1]
        for stage in range(latency - 1, 0, -1):
            pipe[stage] = pipe[stage - 1]

    return instances()


def _rom_text(
    ports: dict[str, int], *, image: Image, latency: int, style: str, target: Target
) -> LeafText:
    kept, read, registers = _read(style, ports["rdata"], ports["raddr"], latency, written=False)
    storage = _storage(style, image.width, image.depth).replace(", no_rw_check", "")
    checked, opened = _opened(image)
    return LeafText(storage + kept + checked + opened + read, registers)


@leaf(outputs=("rdata",), verilog=_rom_text)
def rom(
    clk, re, raddr, rdata, *,
    image: Image, latency: int = 1, style: str = "block", target: Target = Target.GENERIC,
) -> Any:  # fmt: skip
    """ROM with registered read, latency 1 or 2 clocks."""
    pipe = [0] * latency
    words = image.words

    @always(clk.posedge)
    def access():
        if re:
            pipe[0] = words[int(raddr)] if int(raddr) < len(words) else 0
        rdata.next = pipe[latency - 1]
        for stage in range(latency - 1, 0, -1):
            pipe[stage] = pipe[stage - 1]

    return instances()


def _table_text(
    ports: dict[str, int], *, image: Image, latency: int, style: str, whole: bool,
    raddr_b: None = None, rdata_b: None = None,
) -> LeafText:  # fmt: skip
    checked, opened = _opened(image)
    body = _storage(style, image.width, image.depth).replace(", no_rw_check", "")
    reads = ""
    for suffix in ("", "_b") if "rdata_b" in ports else ("",):
        names = [*(f"fetched{suffix}_{k + 1}" for k in range(latency - 1)), f"rdata{suffix}"]
        body += "".join(f"reg {vector(image.width)}{name};\n" for name in names[:-1])
        moves = [f"{names[0]} <= mem[raddr{suffix}];"]
        moves += [f"{new} <= {old};" for old, new in pairwise(names)]
        lines = "".join(f"    {move}\n" for move in moves)
        reads += f"\nalways @(posedge clk) if (ce) begin\n{lines}end\n"
    registers = ("rdata", "rdata_b") if "rdata_b" in ports else ("rdata",)
    return LeafText(body + checked + opened + reads, registers, whole)


@leaf(outputs=("rdata", "rdata_b"), verilog=_table_text)
def table(
    clk, ce, raddr, rdata, raddr_b=None, rdata_b=None, *,
    image: Image, latency: int = 1, style: str = "block", whole: bool = False,
) -> Any:  # fmt: skip
    """ROM in a pipeline with an enable: one or two read ports, `latency` enabled clocks.

    whole: synthesis does not mix it with what is around it; yosys maps logic in smaller parts best.
    """
    reads = [(raddr, rdata, deque([0] * latency, latency))]
    if raddr_b is not None:
        reads.append((raddr_b, rdata_b, deque([0] * latency, latency)))

    @always(clk.posedge)
    def access():
        if ce:
            for address, data, line in reads:
                line.append(image.words[int(address)])
                data.next = line[0]

    return instances()


def _shift_text(ports: dict[str, int], *, depth: int, style: str) -> LeafText:
    width, abits = ports["wdata"], ports["raddr"]
    if style == "shift":  # the form from which SRL16E and SRLC32E are inferred
        bit = "[b]" if width > 1 else ""
        return LeafText(
            f"genvar b;\n\ngenerate\n    for (b = 0; b < {width}; b = b + 1) begin : bits\n"
            f"        reg [{depth - 1}:0] line;\n\n        assign rdata{bit} = line[raddr];\n\n"
            f"        always @(posedge clk) if (we) line <= {{line[{depth - 2}:0], wdata{bit}}};\n"
            "    end\nendgenerate\n"
        )
    return LeafText(
        f'(* ram_style = "distributed" *)\nreg {vector(width)}mem [0:{depth - 1}];\n'
        f"reg {vector(abits)}newest = 0;\n"
        f"wire {vector(abits)}at = newest - raddr;\n"
        f"wire {vector(abits)}free = newest + 1'b1;\n\n"
        "assign rdata = mem[at];\n\n"
        "always @(posedge clk) if (we) begin\n    mem[free] <= wdata;\n    newest <= free;\nend\n"
    )


@leaf(outputs=("rdata",), verilog=_shift_text)
def shift_ram(clk, we, wdata, raddr, rdata, *, depth: int, style: str = "shift") -> Any:
    """Addressable shift register: rdata is the word written raddr writes before the newest.

    depth is a power of two; style "shift" makes SRLs, "ram" a ring in a small memory.
    """
    line = [0] * depth
    written = [0]

    @always(clk.posedge)
    def shift():
        if we:
            line.insert(0, int(wdata))
            line.pop()
            written[0] += 1
            rdata.next = line[int(raddr.next)]

    @always(raddr)
    def look():
        rdata.next = line[int(raddr)]

    return instances()
