"""Long delays of a pipeline with an enable: y(t) = x(t - clocks), counted in enabled clocks.

    shift_line  a shift register; SRLs where the device has them, flip-flops elsewhere
    ring_line   a memory that is written where it was read, one write and one read port
    ring_pair   two such lines in one memory of 7-series, whose ports read what they overwrite

Contents are not reset: what comes out in the first `clocks` enabled clocks, and four more of a
ring_line, means nothing.
"""

from collections import deque
from itertools import pairwise
from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf, vector
from kolam.hdl.target import Target

_DP16KD_BYTES = 2048
RAM_WIDTH = 36  # bits of the widest word that a small block RAM gives at once


def _shift_text(ports: dict[str, int], *, clocks: int) -> LeafText:
    width = ports["x"]
    bit = "[b]" if width > 1 else ""
    moved = f"{{line[{clocks - 2}:0], x{bit}}}" if clocks > 1 else f"x{bit}"
    return LeafText(  # a bit at a time, from which SRL16E and SRLC32E are inferred
        f"genvar b;\n\ngenerate\n    for (b = 0; b < {width}; b = b + 1) begin : bits\n"
        f"        reg {vector(clocks)}line;\n\n"
        f"        assign y{bit} = line{f'[{clocks - 1}]' if clocks > 1 else ''};\n\n"
        f"        always @(posedge clk) if (ce) line <= {moved};\n"
        "    end\nendgenerate\n"
    )


@leaf(outputs=("y",), verilog=_shift_text)
def shift_line(clk, ce, x, y, *, clocks: int) -> Any:
    """Delay a word by `clocks`, 1 or more."""
    line = deque([0] * clocks, clocks)

    @always(clk.posedge)
    def shift():
        if ce:
            line.append(int(x))
            y.next = line[0]

    return instances()


def _parts(width: int, depth: int, target: Target) -> list[tuple[str, str, int]]:
    """Return memories of a ring: name, which bits of a word as a slice, and how many.

    One, but where a DP16KD of ECP5 is too shallow for whole bytes. Synthesis would then choose
    between several in front of their output registers, and so not use these.
    """
    if target is not Target.ECP5 or depth <= _DP16KD_BYTES:
        return [("mem", "", width)]
    most = max(1, 8 * _DP16KD_BYTES // depth)
    lows = range(0, width, most)
    sizes = [min(most, width - low) for low in lows]
    return [
        (f"mem_{k}", f"[{low + size - 1}:{low}]" if width > 1 else "", size)
        for k, (low, size) in enumerate(zip(lows, sizes, strict=True))
    ]


def _ring_text(ports: dict[str, int], *, target: Target) -> LeafText:
    """Two clocks are read and one written on ECP5, whose block RAM is slow without registers."""
    width, abits = ports["x"], ports["at"]
    slow = target is Target.ECP5
    behind = 4 if slow else 2
    if 1 << abits <= behind:
        raise ValueError(f"at must have more than {behind} values, not {1 << abits}")
    names = ["at", *(f"at_d{k + 1}" for k in range(behind))]
    word, last = vector(width), (1 << abits) - 1
    parts = _parts(width, last + 1, target)
    body = "".join(
        f'(* ram_style = "block", no_rw_check *)\nreg {vector(size)}{mem} [0:{last}];\n'
        for mem, _, size in parts
    )
    body += f"reg {vector(abits)}{', '.join(names[1:])};\n"
    body += f"reg {word}written, fetched;\n" if slow else ""
    moves = [f"{new} <= {old};" for old, new in pairwise(names)]
    moves += [f"{m}[{names[-1]}] <= {'written' if slow else 'x'}{bits};" for m, bits, _ in parts]
    moves += ["written <= x;"] if slow else []
    moves += [f"{'fetched' if slow else 'y'}{bits} <= {mem}[at];" for mem, bits, _ in parts]
    moves += ["y <= fetched;"] if slow else []
    lines = "".join(f"    {move}\n" for move in moves)
    return LeafText(body + f"\nalways @(posedge clk) if (ce) begin\n{lines}end\n", ("y",))


@leaf(outputs=("y",), verilog=_ring_text)
def ring_line(clk, ce, at, x, y, *, target: Target = Target.GENERIC) -> Any:
    """Delay a word by 2**len(at) - 1; `at` counts enabled clocks, and may be shared."""
    clocks = (1 << len(at)) - 1
    line = deque([0] * clocks, clocks)

    @always(clk.posedge)
    def shift():
        if ce:
            line.append(int(x))
            y.next = line[0]

    return instances()


def _pair_text(ports: dict[str, int], *, clocks: int, clocks_b: int) -> LeafText:
    """Addresses count from 2, so that a word is back in time for the register behind."""
    wide = max(ports["x"], ports["x_b"])
    half = max(clocks, clocks_b).bit_length()
    body = f'(* ram_style = "block" *)\nreg {vector(wide)}mem [0:{(2 << half) - 1}];\n'
    moves = ""
    for suffix, length, top in (("", clocks, "1'b0"), ("_b", clocks_b, "1'b1")):
        abits, width = length.bit_length(), ports[f"x{suffix}"]
        if length + 1 != 1 << abits or length < 7:
            raise ValueError(f"clocks must be one less than a power of two from 8, not {length}")
        place = (
            f"{{{top}, {f'{half - abits}' + chr(39) + 'd0, ' if half > abits else ''}at{suffix}}}"
        )
        body += (
            f"reg {vector(abits)}at{suffix} = 2;\n"
            f"wire {vector(abits + 1)}next{suffix} = at{suffix} + {abits + 1}'d1;\n"
            f"wire {vector(half + 1)}place{suffix} = {place};\n"
        )
        word = f"x{suffix}" if width == wide else f"{{{wide - width}'d0, x{suffix}}}"
        moves += (
            "\nalways @(posedge clk) if (ce) begin\n"
            f"    at{suffix} <= next{suffix}[{abits}] ? {abits}'d2 : next{suffix}[{abits - 1}:0];\n"
            f"    mem[place{suffix}] <= {word};\n    y{suffix} <= mem[place{suffix}];\nend\n"
        )
    return LeafText(body + moves, ("y", "y_b"))


@leaf(outputs=("y", "y_b"), verilog=_pair_text)
def ring_pair(clk, ce, x, y, x_b, y_b, *, clocks: int, clocks_b: int) -> Any:
    """Delay two words, by one less than a power of two from 8 each."""
    line, line_b = (deque([0] * length, length) for length in (clocks, clocks_b))

    @always(clk.posedge)
    def shift():
        if ce:
            line.append(int(x))
            line_b.append(int(x_b))
            y.next = line[0]
            y_b.next = line_b[0]

    return instances()
