"""Memory macros in place of our memories: a module of the same name and ports around them.

Macros have one write and one read port, synchronous, of latency 1; what was read need be there for
one clock only. Two sets of pins are known, from the macro's name:

    openram   clk0 csb0 web0 wmask0 addr0 din0 dout0, clk1 csb1 addr1 dout1: OpenRAM's 1rw1r
    fakeram   clk ce_in, we_in_A addr_in_A wd_in_A w_mask_in_A rd_out_A and so on with _B:
              FakeRAM2.0 with two ports

A memory may need several macros: side by side for wide words, one behind another for many.
"""

import math
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kolam.generators.design import Design
from kolam.hdl.module import PlacedLeaf, vector
from kolam.hdl.names import check_identifier


@dataclass(frozen=True, kw_only=True)
class Ram:
    """A memory that is written, as an HDL module: words `depth` by `width`, how often placed.

    parts: widths of the parts of a word with a write enable each, low ones first. initial: it has
    contents from the start, which neither macros nor flip-flops have.
    """

    module: str
    leaf: PlacedLeaf
    text: str
    depth: int
    width: int
    parts: tuple[int, ...]
    count: int
    initial: bool

    @property
    def bits(self) -> int:
        """Bits of one."""
        return self.depth * self.width

    @property
    def shape(self) -> str:
        """Words by bits, like 256x32."""
        return f"{self.depth}x{self.width}"


def rams(design: Design) -> list[Ram]:
    """Return the memories with a write and a read port, the largest first."""
    made = design.emission
    found = []
    for name, leaf in made.leaves.items():
        parts: tuple[int, ...] = ()
        if leaf.function == "ram":
            width, depth = leaf.ports["rdata"][1], leaf.constants["depth"]
            parts = leaf.constants["parts"]
        elif leaf.function == "ring_line":
            width, depth = leaf.ports["y"][1], 1 << leaf.ports["at"][1]
        else:
            continue
        found.append(
            Ram(
                module=name, leaf=leaf, text=made.files[f"rtl/{name}.v"],
                depth=depth, width=width, parts=parts or (width,),
                count=made.counts[name], initial=leaf.constants.get("image") is not None,
            )
        )  # fmt: skip
    return sorted(found, key=lambda ram: (-ram.bits, ram.module))


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A macro: words `depth` by `width`; `mask` bits share a bit of its write mask.

    mask equal to width: it has no mask. pins: openram or fakeram.
    """

    name: str
    depth: int
    width: int
    mask: int
    pins: str

    @property
    def address_bits(self) -> int:
        """Bits of an address."""
        return max(1, (self.depth - 1).bit_length())

    @property
    def size(self) -> str:
        """DEPTHxWIDTH/MASK."""
        return f"{self.depth}x{self.width}/{self.mask}"


_OPENRAM = re.compile(r"\w*1rw1r_(?P<width>\d+)x(?P<depth>\d+)(?:_(?P<mask>\d+))?")
_FAKERAM = re.compile(r"fakeram\d*_t?dp_(?P<depth>\d+)x(?P<width>\d+)")
# of one port: FakeRAM2.0, OpenRAM, GlobalFoundries, IHP; and what has two, but pins of its own
_SINGLE = re.compile(r"fakeram\d*_(sp_)?\d+x\d+|\w*_1rw_\w*|gf180mcu_\w*sram\w*|\w*_1P_\w*")
_STRANGE = re.compile(r"\w*IHPSG13_2P_\w*|\w*1r1w_\w*")
_GIVEN = re.compile(r"(?P<depth>\d+)x(?P<width>\d+)(?:/(?P<mask>\d+))?")


def assumed(text: str) -> bool:
    """Return whether size and pins of the macro NAME are taken from the memory."""
    return not (":" in text or _OPENRAM.fullmatch(text) or _FAKERAM.fullmatch(text))


def parse(text: str, alike: Sequence[Ram]) -> Macro:
    """Return the macro that NAME or NAME:DEPTHxWIDTH/MASK means for memories of one shape.

    A name that tells no size is taken to be as large as they are, with a write mask for the parts
    of all of them. Raises ValueError with one sentence.
    """
    ram = alike[0]
    name, colon, size = text.partition(":")
    if _SINGLE.fullmatch(name):
        raise ValueError(
            f"a macro must have a port to write and a port to read, and {name} has one for both"
        )
    if _STRANGE.fullmatch(name):
        raise ValueError(
            f"a macro must have the pins of OpenRAM's 1rw1r or of FakeRAM2.0 with two ports, "
            f"and {name} has others"
        )
    check_identifier(name, "the name of a macro")
    known = _OPENRAM.fullmatch(name) or _FAKERAM.fullmatch(name)
    pins = "fakeram" if _FAKERAM.fullmatch(name) else "openram"
    told = _GIVEN.fullmatch(size) if colon else known
    if colon and told is None:
        raise ValueError(
            f"the size of macro {name} must be DEPTHxWIDTH or DEPTHxWIDTH/MASK, not {size!r}"
        )
    if told is None:
        mask = math.gcd(*(part for one in alike for part in one.parts))
        depth, width = ram.depth, ram.width
    else:
        depth, width = int(told["depth"]), int(told["width"])
        mask = int(told.groupdict().get("mask") or (1 if pins == "fakeram" else width))
    if not (2 <= depth <= 1 << 20 and 1 <= width <= 1 << 12 and 1 <= mask <= width) or width % mask:
        raise ValueError(
            f"macro {name} must have 2 words or more of bits that its mask divides, "
            f"not {depth}x{width}/{mask}"
        )
    if depth < ram.depth and depth & (depth - 1):
        raise ValueError(
            f"macro {name} must have a power of two of words to serve {ram.shape}, not {depth}"
        )
    return Macro(name=name, depth=depth, width=width, mask=mask, pins=pins)


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How macros make up a memory: `rows` of `columns` of them; slots are the bits of a mask.

    slots: for each part of a word, how many it takes.
    """

    ram: Ram
    macro: Macro

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots that each part takes; parts share none."""
        return tuple(-(-part // self.macro.mask) for part in self.ram.parts)

    @property
    def columns(self) -> int:
        """Macros side by side."""
        return -(-sum(self.slots) * self.macro.mask // self.macro.width)

    @property
    def rows(self) -> int:
        """Macros one behind another."""
        return -(-self.ram.depth // self.macro.depth)

    @property
    def address_bits(self) -> int:
        """Bits of an address of the memory."""
        ports = self.ram.leaf.ports
        return ports["raddr" if "raddr" in ports else "at"][1]


def wrapper(ram: Ram, macro: Macro) -> str:
    """Return the module that stands for a memory, made of macros."""
    tiling = Tiling(ram=ram, macro=macro)
    bits = tiling.columns * macro.width
    data, mask, answer = [], [], []  # low ones first
    source = low = 0
    for number, (part, slots) in enumerate(zip(ram.parts, tiling.slots, strict=True)):
        data.append(_slice("wdata", source, part, ram.width))
        if blank := slots * macro.mask - part:
            data.append(f"{blank}'d0")
        mask.append(f"{{{slots}{{{_slice('we', number, 1, len(ram.parts))}}}}}")
        answer.append(_slice("word", low, part, bits))
        source, low = source + part, low + slots * macro.mask
    if spare := bits - low:
        data.append(f"{spare}'d0")
        mask.append(f"{spare // macro.mask}'d0")
    head = ram.text[: ram.text.index("\n);\n") + 5]
    body = (
        _OWN[ram.leaf.function](ram.leaf)
        + f"wire {vector(bits)}data = {_joined(data)};\n"
        + f"wire {vector(bits // macro.mask)}mask = {_joined(mask)};\n"
        + _tiles(tiling)
        + f"wire {vector(ram.width)}answer = {_joined(answer)};\n"
        + _ANSWER[ram.leaf.function](ram)
    )
    count = tiling.rows * tiling.columns
    made_of = (
        f"//\n// {ram.shape} bits in {count} macro{'s' * (count > 1)} {macro.name},\n"
        f"// {macro.depth} words of {macro.width} bits{' each' * (count > 1)}.\n"
    )
    return (
        head.replace("\n`timescale", f"{made_of}\n`timescale", 1)
        + textwrap.indent(body, "    ")
        + "\nendmodule\n\n`default_nettype wire\n"
    )


def _slice(bus: str, low: int, width: int, whole: int) -> str:
    if width == whole:
        return bus
    return f"{bus}[{low}]" if width == 1 else f"{bus}[{low + width - 1}:{low}]"


def _joined(low_first: Sequence[str]) -> str:
    return low_first[0] if len(low_first) == 1 else f"{{{', '.join(reversed(low_first))}}}"


def _ring(leaf: PlacedLeaf) -> str:
    """Return a ring line's memory as an ordinary one: it is written where it was read."""
    at, word = vector(leaf.ports["at"][1]), vector(leaf.ports["x"][1])
    return (
        f"reg {at}at_d1, waddr;\nwire we = ce;\nwire re = ce;\nwire {at}raddr = at;\n"
        f"wire {word}wdata = x;\n\nalways @(posedge clk) if (ce) begin\n    at_d1 <= at;\n"
        "    waddr <= at_d1;\nend\n\n"
    )


def _given(ram: Ram) -> str:
    """Return how an answer leaves: it is there for one clock, a register later with latency 2."""
    if ram.leaf.constants["latency"] == 1:
        return "\n" + _output("rdata", "answer", ram)
    return "\nalways @(posedge clk) rdata <= answer;\n"


def _output(port: str, value: str, ram: Ram) -> str:
    if f"output reg {vector(ram.width)}{port}" in ram.text:
        return f"always @* {port} = {value};\n"
    return f"assign {port} = {value};\n"


def _held(ram: Ram) -> str:
    """Return how an answer is held while the pipeline waits, which a macro need not do."""
    return (
        f"\nreg fresh;\nreg {vector(ram.width)}held;\n\nalways @(posedge clk) begin\n"
        "    fresh <= ce;\n    if (fresh) held <= answer;\nend\n\n"
        + _output("y", "fresh ? answer : held", ram)
    )


_OWN: dict[str, Callable[[PlacedLeaf], str]] = {"ram": lambda _: "", "ring_line": _ring}
_ANSWER: dict[str, Callable[[Ram], str]] = {"ram": _given, "ring_line": _held}

_PINS = {
    "openram": """\
.clk0(clk), .csb0(!({write})), .web0(1'b0),{wmask}
.addr0({waddr}), .din0({data}), .dout0(),
.clk1(clk), .csb1(!({read})), .addr1({raddr}), .dout1({answer})
""",
    "fakeram": """\
.clk(clk), .ce_in({write} || {read}),
.we_in_A({write}), .addr_in_A({waddr}), .wd_in_A({data}), .w_mask_in_A({mask}), .rd_out_A(),
.we_in_B(1'b0), .addr_in_B({raddr}), .wd_in_B({zeros}), .w_mask_in_B({zeros}), .rd_out_B({answer})
""",
}


def _tiles(tiling: Tiling) -> str:
    """Return the macros, and `word`, what they answer."""
    macro = tiling.macro
    abits, own = tiling.address_bits, macro.address_bits
    lanes, bits = macro.width // macro.mask, tiling.columns * macro.width
    lines = []
    for row in range(tiling.rows):
        chosen = (
            f" && {{bus}}[{abits - 1}:{own}] == {abits - own}'d{row}" if tiling.rows > 1 else ""
        )
        for column in range(tiling.columns):
            low = column * macro.width
            mask = _slice("mask", column * lanes, lanes, bits // macro.mask)
            wires = _PINS[macro.pins].format(
                # without a mask a macro is written where its own part is
                write=("|we" if lanes > 1 else mask) + chosen.format(bus="waddr"),
                read="re" + chosen.format(bus="raddr"),
                waddr=_address("waddr", abits, own), raddr=_address("raddr", abits, own),
                data=_slice("data", low, macro.width, bits), mask=mask,
                wmask=f" .wmask0({mask})," if lanes > 1 else "",
                zeros=f"{macro.width}'d0",
                answer=_slice(f"word_{row}", low, macro.width, bits),
            )  # fmt: skip
            placed = f"{macro.name} u_{row}_{column} (\n{textwrap.indent(wires, '    ')});\n"
            lines.append(placed)
    declared = "".join(f"wire {vector(bits)}word_{row};\n" for row in range(tiling.rows))
    last = f"wire {vector(bits)}word = word_0;\n"
    if tiling.rows > 1:
        select = vector(abits - own)
        choice = "".join(
            f"row == {abits - own}'d{row} ? word_{row} : " for row in range(tiling.rows - 1)
        )
        last = (
            f"reg {select}row;\n\n"
            f"always @(posedge clk) if (re) row <= raddr[{abits - 1}:{own}];\n\n"
            f"wire {vector(bits)}word = {choice}word_{tiling.rows - 1};\n"
        )
    return f"{declared}\n" + "\n".join(lines) + f"\n{last}"


def _address(bus: str, bits: int, own: int) -> str:
    if bits < own:
        return f"{{{own - bits}'d0, {bus}}}"
    return bus if bits == own else f"{bus}[{own - 1}:0]"
