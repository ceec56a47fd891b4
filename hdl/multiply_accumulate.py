"""One multiplier and one accumulator: a DSP block, whole.

    p <= a b + (first ? start : p)      ordinary
    p <= a b + (first ? 0 : c)          hop: the sum arrives from another lane's p

a, b, c, start and p are two's complement words. A product enters the sum two clocks after its
operands, so p holds it three clocks after; `first` comes one clock after the operands it
belongs to, and `start` another one. p wraps at its width: make it wide enough.

yosys infers no accumulator whose addend is switched, so the hop form instantiates DSP48E1
for xc7; for ecp5 the multiplier's own registers are used by instantiating MULT18X18D.
"""

import textwrap
from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf
from kolam.hdl.target import Target

_DSP48E1 = (25, 18, 48)  # widths of A, B and P
_MULT18X18D = 18

_HOP_XC7 = """
wire [47:0] sum;

assign p = sum[{pm}:0];

DSP48E1 #(
    .ADREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0), .DREG(0), .INMODEREG(0)
) dsp (
    .CLK(clk), .A({a}), .B({b}), .C({c}), .D(25'd0), .P(sum),
    .OPMODE({{1'b0, ~first, ~first, 4'b0101}}), .ALUMODE(4'd0), .INMODE(5'd0),
    .CARRYIN(1'b0), .CARRYINSEL(3'd0),
    .CEA1(1'b0), .CEA2(1'b1), .CEB1(1'b0), .CEB2(1'b1), .CEC(1'b0), .CED(1'b0), .CEAD(1'b0),
    .CEM(1'b1), .CEP(1'b1), .CEALUMODE(1'b0), .CECARRYIN(1'b0), .CECTRL(1'b1), .CEINMODE(1'b0),
    .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0), .RSTCTRL(1'b0),
    .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTINMODE(1'b0),
    .ACIN(30'd0), .BCIN(18'd0), .PCIN(48'd0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
    .ACOUT(), .BCOUT(), .PCOUT(), .CARRYCASCOUT(), .CARRYOUT(), .MULTSIGNOUT(),
    .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(), .PATTERNBDETECT()
);
"""

_FACTORS_ECP5 = """
wire [17:0] aw = {a18};
wire [17:0] bw = {b18};
wire [35:0] product;
wire signed [{mm}:0] m = product[{mm}:0];
"""

_MULTIPLY_ECP5 = """
MULT18X18D #(
    .REG_INPUTA_CLK("CLK0"), .REG_INPUTB_CLK("CLK0"), .REG_OUTPUT_CLK("CLK0"), .GSR("DISABLED")
) multiplier (
    .CLK0(clk), .CE0(1'b1), .RST0(1'b0), .SIGNEDA(1'b1), .SIGNEDB(1'b1),
    .SOURCEA(1'b0), .SOURCEB(1'b0),
{pins}
);
"""

_FACTORS = """
reg signed [{am}:0] ar;
reg signed [{bm}:0] br;
reg signed [{mm}:0] m;
"""

_MULTIPLY = """
always @(posedge clk) begin  // multiply
    ar <= a;
    br <= b;
    m <= ar * br;
end
"""

# behind the declarations of the factors
_SUM = """\
reg first_m;
reg signed [{pm}:0] sum;
wire signed [{pm}:0] addend = {addend};

assign p = sum;
"""

_ACCUMULATE = """
always @(posedge clk) begin  // accumulate
    first_m <= first;
    sum <= m + addend;
end
"""


def _extend(name: str, width: int, to: int) -> str:
    return f"{{{{{to - width}{{{name}[{width - 1}]}}}}, {name}}}" if width < to else name


def _multiply(ports: dict[str, int], target: Target, addend: str) -> LeafText:
    """Return a multiplier and the accumulator behind it."""
    a, b = ports["a"], ports["b"]
    total = _SUM.format(addend=addend, pm=ports["p"] - 1)
    sizes = {"am": a - 1, "bm": b - 1, "mm": a + b - 1}
    if target is not Target.ECP5 or max(a, b) > _MULT18X18D:
        return LeafText(_FACTORS.format(**sizes) + total + _MULTIPLY + _ACCUMULATE)
    pins = [f".{bus}{k}({w}[{k}])" for bus, w in (("A", "aw"), ("B", "bw")) for k in range(18)]
    pins += [f".P{k}(product[{k}])" for k in range(36)]
    factors = _FACTORS_ECP5.format(a18=_extend("a", a, 18), b18=_extend("b", b, 18), **sizes)
    wired = textwrap.indent(textwrap.fill(", ".join(pins), 92), "    ")
    return LeafText(factors + total + _MULTIPLY_ECP5.format(pins=wired) + _ACCUMULATE)


def _accumulate_text(ports: dict[str, int], *, target: Target) -> LeafText:
    return _multiply(ports, target, "first_m ? $signed(start) : sum")


def _hop_text(ports: dict[str, int], *, target: Target) -> LeafText:
    a, b, p = ports["a"], ports["b"], ports["p"]
    fits = all(have <= most for have, most in zip((a, b, p), _DSP48E1, strict=True))
    if target is Target.XC7 and fits:
        wide = {"a": _extend("a", a, 30), "b": _extend("b", b, 18), "c": _extend("c", p, 48)}
        return LeafText(_HOP_XC7.format(pm=p - 1, **wide))
    addend = f"first_m ? {p}'sd0 : $signed(c)"
    return _multiply(ports, target, addend)


def _signed(word: Any) -> int:
    value, width = int(word), len(word)
    return value - (value >> width - 1 << width)


@leaf(outputs=("p",), verilog=_accumulate_text)
def multiply_accumulate(clk, first, start, a, b, p, *, target: Target = Target.GENERIC) -> Any:
    """Add the products of a run to what it starts from; `first` marks the first of them."""
    span = 1 << len(p)
    state = {"a": 0, "b": 0, "m": 0, "first": False, "p": 0}

    @always(clk.posedge)
    def step():
        addend = _signed(start) if state["first"] else state["p"]
        state["p"] = state["m"] + addend
        state["first"], state["m"] = bool(first), state["a"] * state["b"]
        state["a"], state["b"] = _signed(a), _signed(b)
        p.next = state["p"] % span

    return instances()


@leaf(outputs=("p",), verilog=_hop_text)
def multiply_hop(clk, first, a, b, c, p, *, target: Target = Target.GENERIC) -> Any:
    """Add a product to the sum that comes in by c, or to nothing where `first` says so."""
    span = 1 << len(p)
    state = {"a": 0, "b": 0, "m": 0, "first": False}

    @always(clk.posedge)
    def step():
        p.next = (state["m"] + (0 if state["first"] else _signed(c))) % span
        state["first"], state["m"] = bool(first), state["a"] * state["b"]
        state["a"], state["b"] = _signed(a), _signed(b)

    return instances()
