"""A product added to a word, rounded: y = floor((c 2^F + a g + 2^(F-1)) / 2^F), F = fraction.

One DSP block, two enabled clocks; two's complement. The sum must fit y.
"""

from collections import deque
from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf

LATENCY = 2

_TEXT = """\
reg signed [{mm}:0] product;
reg signed [{cm}:0] addend;
reg signed [{pm}:0] sum;

always @(posedge clk) if (ce) begin
    product <= $signed(a) * $signed(g);
    addend <= c;
    sum <= product + $signed({{addend, {half}}});
end

assign y = sum[{ym}:{f}];
"""


def _text(ports: dict[str, int], *, fraction: int) -> LeafText:
    a, g, c, y = (ports[name] for name in ("a", "g", "c", "y"))
    total = max(a + g, c + fraction, y + fraction)
    half = f"{fraction}'d{1 << fraction - 1}"
    sizes = {"mm": a + g - 1, "cm": c - 1, "pm": total - 1, "ym": y + fraction - 1, "f": fraction}
    return LeafText(_TEXT.format(half=half, **sizes))


@leaf(outputs=("y",), verilog=_text)
def multiply_add(clk, ce, a, g, c, y, *, fraction: int) -> Any:
    """a, g and c come together."""
    line = deque([0] * LATENCY, LATENCY)

    def signed(word: Any) -> int:
        return int(word) - (int(word) >> len(word) - 1 << len(word))

    @always(clk.posedge)
    def multiply():
        if ce:
            total = (signed(c) << fraction) + signed(a) * signed(g) + (1 << fraction - 1)
            line.append(total >> fraction)
            y.next = line[0] % (1 << len(y))

    return instances()
