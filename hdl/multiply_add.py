"""A product added to a word, rounded: y = floor((c 2^F + a g + 2^(F-1)) / 2^F), F = fraction.

One DSP block, two enabled clocks, or three or four with its registers; two's complement. The sum
must fit y.
"""

from collections import deque
from typing import Any

from myhdl import always

from kolam.hdl.complex_multiply import block_multiplier, extend_text
from kolam.hdl.module import LeafText, instances, leaf
from kolam.hdl.target import Target

LATENCY = 2  # without registers in front of the product
_MULT18X18D = 18  # bits of its factors

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

_REGISTERED = """\
reg signed [{am}:0] a_d1;
reg signed [{gm}:0] g_d1;
reg signed [{mm}:0] product;
reg signed [{cm}:0] c_d1, c_d2;
reg signed [{pm}:0] sum;

always @(posedge clk) if (ce) begin
    a_d1 <= a;
    g_d1 <= g;
    product <= a_d1 * g_d1;
    c_d1 <= c;
    c_d2 <= c_d1;
    sum <= product + $signed({{c_d2, {half}}});
end

assign y = sum[{ym}:{f}];
"""

_BLOCK = """\
wire [17:0] high = {high}, factor = {factor};
wire [35:0] high_factor;
reg signed [{cm}:0] c_d1;
{declared}reg signed [{pm}:0] addend_d2, addend_d3, sum;
{multiplier}
always @(posedge clk) if (ce) begin
    c_d1 <= c;
{moved}    addend_d2 <= $signed({{c_d1, {half}}}){added};
    addend_d3 <= addend_d2;
    sum <= $signed({product}) + addend_d3;
end

assign y = sum[{ym}:{f}];
"""

# of a factor that is one bit too long for the block the last bit is multiplied beside it
_BESIDE = {
    "declared": "reg signed [{gm}:0] beside_d1;\n",
    "moved": "    beside_d1 <= a[0] ? g : 0;\n",
    "added": " + beside_d1",
}


def _blocks(target: Target, a: int, g: int) -> bool:
    """Return whether a MULT18X18D is placed, which yosys gives none of its registers."""
    return target is Target.ECP5 and a <= _MULT18X18D + 1 and g <= _MULT18X18D


def latency(target: Target, a: int, g: int) -> int:
    """Return the enabled clocks where it is `registered`, of factors of so many bits."""
    return 4 if _blocks(target, a, g) else 3


def _text(ports: dict[str, int], *, fraction: int, registered: bool, target: Target) -> LeafText:
    a, g, c, y = (ports[name] for name in ("a", "g", "c", "y"))
    total = max(a + g, c + fraction, y + fraction)
    half = f"{fraction}'d{1 << fraction - 1}"
    sizes = {
        "am": a - 1, "gm": g - 1, "mm": a + g - 1, "cm": c - 1, "pm": total - 1,
        "ym": y + fraction - 1, "f": fraction, "half": half,
    }  # fmt: skip
    if not registered:
        return LeafText(_TEXT.format(**sizes))
    if not _blocks(target, a, g):
        return LeafText(_REGISTERED.format(**sizes))
    long = a > _MULT18X18D
    beside = {key: text.format(**sizes) if long else "" for key, text in _BESIDE.items()}
    return LeafText(
        _BLOCK.format(
            high=f"a[{a - 1}:1]" if long else extend_text("a", a),
            factor=extend_text("g", g),
            multiplier=block_multiplier("high_factor"),
            product="{high_factor, 1'b0}" if long else "high_factor",
            **beside,
            **sizes,
        )
    )


@leaf(outputs=("y",), verilog=_text)
def multiply_add(
    clk, ce, a, g, c, y, *, fraction: int, registered: bool = False,
    target: Target = Target.GENERIC,
) -> Any:  # fmt: skip
    """a, g and c come together."""
    clocks = latency(target, len(a), len(g)) if registered else LATENCY
    line = deque([0] * clocks, clocks)

    def signed(word: Any) -> int:
        return int(word) - (int(word) >> len(word) - 1 << len(word))

    @always(clk.posedge)
    def multiply():
        if ce:
            total = (signed(c) << fraction) + signed(a) * signed(g) + (1 << fraction - 1)
            line.append(total >> fraction)
            y.next = line[0] % (1 << len(y))

    return instances()
