"""A table that takes several block RAMs for its depth, read as fast as one of them.

    raddr ─► banks, each with its output register ─► the one that the first bits chose ─► rdata

Synthesis chooses in front of the output register, and then the RAM has none.
"""

from typing import Any

from kolam.hdl import instances, module
from kolam.hdl.delay_line import shift_line
from kolam.hdl.image import Image
from kolam.hdl.memories import table
from kolam.kernels.bits import part, word
from kolam.kernels.choice import choose


def split(image: Image, depth: int) -> tuple[Image, ...]:
    """Return the images of banks of so many words, a divisor of the image's."""
    return tuple(
        Image(f"{image.stem}_bank{k}", image.width, image.words[k * depth : (k + 1) * depth])
        for k in range(image.depth // depth)
    )


def paths(count: int) -> list[str]:
    """Return where in it each of its banks is."""
    halves = ["u_lower", "u_upper"]
    if count == 2:
        return halves
    return [f"{half}/{path}" for half in halves for path in paths(count // 2)]


@module
def table_banks(
    clk, ce, raddr, rdata, raddr_b=None, rdata_b=None, *, images: tuple[Image, ...], latency: int
) -> Any:
    """A table (hdl/memories.py) whose words are those of `images` one after the other.

    images: 2, 4, 8, …, of one depth, a power of two. latency: from 2.
    """
    top, width = len(raddr) - 1, len(rdata)
    rest = part(raddr, top, 0)
    low, high, second = word(width), word(width), word(1)
    tell = shift_line(clk, ce, part(raddr, top + 1, top), second, clocks=latency)
    choice = choose(second, low, high, rdata)
    lower_ports, upper_ports = [rest, low], [rest, high]
    if raddr_b is not None:
        rest_b = part(raddr_b, top, 0)
        low_b, high_b, second_b = word(width), word(width), word(1)
        tell_b = shift_line(clk, ce, part(raddr_b, top + 1, top), second_b, clocks=latency)
        choice_b = choose(second_b, low_b, high_b, rdata_b)
        lower_ports += [rest_b, low_b]
        upper_ports += [rest_b, high_b]
    half = len(images) // 2
    if half > 1:
        lower = table_banks(clk, ce, *lower_ports, images=images[:half], latency=latency)
        upper = table_banks(clk, ce, *upper_ports, images=images[half:], latency=latency)
    else:
        lower = table(clk, ce, *lower_ports, image=images[0], latency=latency)
        upper = table(clk, ce, *upper_ports, image=images[1], latency=latency)
    return instances()
