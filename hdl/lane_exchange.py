"""Lanes that change places: lane k of y is lane k XOR (distance · key) of x, combinational.

A key has one bit, or two: then a selector of four words, which is a LUT6 a bit if synthesis keeps
it apart; yosys would share halves of it between two lanes, which takes more LUTs in all.
"""

from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf


def _text(ports: dict[str, int], *, lanes: int, distance: int, whole: bool) -> LeafText:
    width = ports["x"] // lanes

    def lane(k: int) -> str:
        return f"x[{(k + 1) * width - 1}:{k * width}]"

    lines = []
    for k in range(lanes):
        near = [lane(k ^ distance * step) for step in range(1 << ports["key"])]
        chosen = f"key ? {near[1]} : {near[0]}"
        if len(near) == 4:
            halves = [f"(key[0] ? {near[n + 1]} : {near[n]})" for n in (2, 0)]
            chosen = f"key[1] ? {halves[0]} : {halves[1]}"
        lines.append(f"assign y[{(k + 1) * width - 1}:{k * width}] = {chosen};\n")
    return LeafText("".join(lines), whole=whole)


@leaf(outputs=("y",), verilog=_text)
def exchange_step(key, x, y, *, lanes: int, distance: int, whole: bool = False) -> Any:
    """Exchange lanes, the first in the lowest bits; the key has one bit or two.

    whole: synthesis does not mix it with what is around it.
    """
    width = len(x) // lanes
    mask = (1 << width) - 1

    @always(key, x)
    def choose():
        words = [int(x) >> k * width & mask for k in range(lanes)]
        moved = [words[k ^ distance * int(key)] for k in range(lanes)]
        y.next = sum(word << k * width for k, word in enumerate(moved))

    return instances()
