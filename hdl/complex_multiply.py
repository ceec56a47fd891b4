"""A complex multiplier that rounds, for turning samples by twiddles.

    y = floor((x w + (1 + j) 2^(F-1)) / 2^F) + (1 + j) bump        F = fraction

Three multipliers, in a form in which every addition fits the DSP block before or behind a product:

    p = wi (a - b) + constant      re = a (wr - wi) + p      im = b (wr + wi) + p

The blocks of ECP5 have no adder before the product, so there it takes four. `bump` is added to
samples that `bumps` marks. An enable holds all of it.
"""

import textwrap
from collections import deque
from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf
from kolam.hdl.target import Target

_MULT18X18D = 18  # bits of its factors


def multipliers(target: Target, width: int, twiddle_width: int) -> int:
    """Return the multipliers that turn a sample of parts of `width` bits."""
    return 4 if target is Target.ECP5 and max(width, twiddle_width) <= _MULT18X18D else 3


def latency(target: Target, width: int, twiddle_width: int) -> int:
    """Return the enabled clocks from a sample to its product."""
    return multipliers(target, width, twiddle_width) + 1


_THREE = """\
wire signed [{xm}:0] a = x_re, b = x_im;
wire signed [{wm}:0] wr = w[{wm}:0], wi = w[{w2m}:{wn}];
reg signed [{xm}:0] a_d1, b_d1, a_d2, b_d2;
reg signed [{xn}:0] difference;
reg signed [{wm}:0] wr_d1, wi_d1;
reg signed [{wn}:0] minus, plus;
reg signed [{pm}:0] product, common, turned_re, turned_im, sum_re, sum_im;
{constant}
always @(posedge clk) if (ce) begin
    a_d1 <= a;
    b_d1 <= b;
    a_d2 <= a_d1;
    b_d2 <= b_d1;
    difference <= a - b;
    wr_d1 <= wr;
    wi_d1 <= wi;
    minus <= wr_d1 - wi_d1;
    plus <= wr_d1 + wi_d1;
    product <= difference * wi_d1;
    common <= product + constant;
    turned_re <= minus * a_d2;
    turned_im <= plus * b_d2;
    sum_re <= common + turned_re;
    sum_im <= common + turned_im;
end
"""

_FOUR = """\
wire [17:0] a = {a}, b = {b};
wire [17:0] wr = {wr}, wi = {wi};
wire [35:0] a_wr, b_wi, a_wi, b_wr;
reg signed [{pm}:0] half_re, half_im, sum_re, sum_im;
reg signed [35:0] rest_re, rest_im;
{constant}{multipliers}
always @(posedge clk) if (ce) begin
    half_re <= $signed(a_wr) + constant;
    rest_re <= b_wi;
    half_im <= $signed(a_wi) + constant;
    rest_im <= b_wr;
    sum_re <= half_re - rest_re;
    sum_im <= half_im + rest_im;
end
"""

_MULTIPLIER = """
MULT18X18D #(
    .REG_INPUTA_CLK("CLK0"), .REG_INPUTB_CLK("CLK0"), .REG_PIPELINE_CLK("CLK0"),
    .REG_OUTPUT_CLK("CLK0"), .GSR("DISABLED")
) multiply_{name} (
    .CLK0(clk), .CE0(ce), .RST0(1'b0), .SIGNEDA(1'b1), .SIGNEDB(1'b1),
    .SOURCEA(1'b0), .SOURCEB(1'b0),
{pins}
);
"""


def _text(
    ports: dict[str, int], *, fraction: int, bump: int, target: Target, bumps: None = None
) -> LeafText:
    x, y, w = ports["x_re"], ports["y_re"], ports["w"] // 2
    p = max(x + w + 1, y + fraction)
    sizes = {"xm": x - 1, "xn": x, "wm": w - 1, "wn": w, "w2m": 2 * w - 1, "pm": p - 1}
    count = multipliers(target, x, w)
    constant = _constant(p, fraction, bump, late=count - 1)
    if count == 3:
        body = _THREE.format(constant=constant, **sizes)
    else:
        body = _FOUR.format(
            a=extend_text("x_re", x), b=extend_text("x_im", x), pm=p - 1, constant=constant,
            wr=extend_text(f"w[{w - 1}:0]", w, f"w[{w - 1}]"),
            wi=extend_text(f"w[{2 * w - 1}:{w}]", w, f"w[{2 * w - 1}]"),
            multipliers="".join(map(block_multiplier, ("a_wr", "b_wi", "a_wi", "b_wr"))),
        )  # fmt: skip
    span = f"[{y + fraction - 1}:{fraction}]"
    return LeafText(body + f"\nassign y_re = sum_re{span};\nassign y_im = sum_im{span};\n")


def _constant(width: int, fraction: int, bump: int, *, late: int) -> str:
    """Return what declares `constant`, `late` clocks behind the mark of its sample."""
    half = 1 << fraction >> 1
    if not bump:
        return f"wire signed [{width - 1}:0] constant = {width}'sd{half};\n"
    marks = ", ".join(f"bump_d{k + 1}" for k in range(late))
    moves = "".join(
        f"    bump_d{k + 1} <= {f'bump_d{k}' if k else 'bumps'};\n" for k in range(late)
    )
    return (
        f"reg {marks};\nwire signed [{width - 1}:0] constant =\n"
        f"    bump_d{late} ? {width}'sd{half + (bump << fraction)} : {width}'sd{half};\n\n"
        f"always @(posedge clk) if (ce) begin\n{moves}end\n"
    )


def extend_text(name: str, width: int, sign: str = "") -> str:
    """Return a word sign-extended to the width of a multiplier."""
    missing = _MULT18X18D - width
    sign = sign or f"{name}[{width - 1}]"
    return f"{{{{{missing}{{{sign}}}}}, {name}}}" if missing else name


def block_multiplier(name: str) -> str:
    """Return a MULT18X18D with all its registers: of wires a and b, where `name` is a_b."""
    one, other = name.split("_")
    pins = [f".A{k}({one}[{k}])" for k in range(18)] + [f".B{k}({other}[{k}])" for k in range(18)]
    pins += [f".P{k}({name}[{k}])" for k in range(36)]
    wired = textwrap.indent(textwrap.fill(", ".join(pins), 92), "    ")
    return _MULTIPLIER.format(name=name, pins=wired)


def _signed(value: int, width: int) -> int:
    return value - (value >> width - 1 << width)


@leaf(outputs=("y_re", "y_im"), verilog=_text)
def complex_multiply(
    clk, ce, x_re, x_im, w, y_re, y_im, bumps=None, *,
    fraction: int, bump: int = 0, target: Target = Target.GENERIC,
) -> Any:  # fmt: skip
    """Turn x by w (cosine low, minus sine high, as many bits each); y must be wide enough.

    Where `fraction` is 0 nothing is rounded.
    """
    xs, ws, ys = len(x_re), len(w) // 2, 1 << len(y_re)
    clocks = latency(target, xs, ws)
    line = deque([(0, 0)] * clocks, clocks)

    @always(clk.posedge)
    def multiply():
        if ce:
            a, b = _signed(int(x_re), xs), _signed(int(x_im), xs)
            wr, wi = _signed(int(w) % (1 << ws), ws), _signed(int(w) >> ws, ws)
            half = (1 << fraction >> 1) + (bump << fraction if bump and bumps else 0)
            line.append((a * wr - b * wi + half >> fraction, a * wi + b * wr + half >> fraction))
            y_re.next, y_im.next = (part % ys for part in line[0])

    return instances()
