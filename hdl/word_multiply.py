"""Products of samples that come as two words, re and im, a word a clock: two multipliers.

    y = floor((v 2^F + x w + constant) / 2^shift)        F = fraction, w = c + j d

One block multiplies by c and the other by d, each both words of a sample, so that c and d rest for
two clocks. The second takes re and im the other way round, and -im: the adder in front of it gets
re at one side and im at the other, each in its turn, and zero in between. `w` comes as two words
as well, c first. An enable holds all of it.
"""

from collections import deque
from typing import Any

from myhdl import always

from kolam.hdl.module import LeafText, instances, leaf

LATENCY = 5
MULTIPLIERS = 2

_BODY = """\
wire signed [{xm}:0] re = x, im = {im};
reg signed [{xm}:0] {late}, first, other, plus, minus;
reg signed [{xn}:0] straight, crossed;
reg signed [{wm}:0] c_held, c, d_held, d;
reg signed [{pm}:0] product_c, product_d, part, sum;
{constant}
always @(posedge clk) if (ce) begin
    re_d1 <= re;
{moves}    if (second) begin
        d_held <= w;
        minus <= im;
        plus <= 0;
    end else begin
        c_held <= w;
        minus <= 0;
        plus <= {back};
    end
    straight <= {straight};
    crossed <= plus - minus;
    c <= c_held;
    d <= d_held;
    product_c <= straight * c;
    product_d <= crossed * d;
    part <= product_c + constant;
    sum <= part + product_d;
end

assign y = sum[{high}:{low}];
"""


def _text(
    ports: dict[str, int], *, fraction: int, shift: int, bump: int, **absent: None
) -> LeafText:
    size, w, y = ports["x"], ports["w"], ports["y"]
    both, added = "x_im" in ports, "v" in ports
    p = max(size + w + 2, y + shift)
    half = 1 << shift - 1
    marks = [f"mark_d{k + 1}" for k in range(3)] if "marks" in ports else []
    lines = [f"reg {', '.join(marks)};"] if marks else []
    moves = [f"{new} <= {old};" for old, new in zip(["marks", *marks], marks, strict=False)]
    plain, other = f"{p}'sd{half}", half + (bump << shift) if bump >= 0 else half + bump
    rounded = f"(mark_d3 ? {p}'sd{other} : {plain})" if marks else plain
    if added:
        size_v = ports["v"]
        lines.append(f"reg signed [{size_v - 1}:0] v_d1, v_d2, v_d3;")
        moves += ["v_d1 <= v;", "v_d2 <= v_d1;", "v_d3 <= v_d2;"]
        zeros = f"{{v_d3, {fraction}'d0}}"
        rounded = f"$signed({zeros}) + {rounded}"
    lines.append(f"wire signed [{p - 1}:0] constant = {rounded};")
    if both:
        moves += ["if (second) first <= 0; else first <= re;"]
        moves += ["if (second) other <= im; else other <= 0;"]
    else:
        moves += ["re_d2 <= re_d1;"]
    body = _BODY.format(
        xm=size - 1, xn=size, wm=w - 1, pm=p - 1, im="x_im" if both else "x",
        late="re_d1" if both else "re_d1, re_d2", back="re_d1" if both else "re_d2",
        straight="first + other" if both else "re_d1", constant="\n".join(lines) + "\n",
        moves="".join(f"    {move}\n" for move in moves), high=y + shift - 1, low=shift,
    )  # fmt: skip
    return LeafText(body if both else body.replace(" first, other,", ""))


def _signed(value: int, width: int) -> int:
    return value - (value >> width - 1 << width)


@leaf(outputs=("y",), verilog=_text)
def word_multiply(
    clk, ce, second, x, w, y, marks=None, x_im=None, v=None, *,
    fraction: int, shift: int, bump: int = 0,
) -> Any:  # fmt: skip
    """Turn x by w, and add v; y comes LATENCY clocks later, and must be wide enough.

    second: x and w are the second words, im and d. x_im: im, where both words come side by side
    for two clocks, x being re. marks: samples whose constant is not 2^(shift-1), but more by
    `bump` of y, or if `bump` is negative by that itself.
    """
    size, ws, ys, half = len(x), len(w), 1 << len(y), 1 << shift - 1
    extra = bump << shift if bump > 0 else bump
    line: deque[int] = deque([0] * (LATENCY - 1))
    held = [0, 0, 0]  # re, c, and what is added to re

    @always(clk.posedge)
    def multiply():
        if ce:
            word = _signed(int(x), size)
            added = half + (extra if marks is not None and marks else 0)
            if v is not None:
                added += _signed(int(v), len(v)) << fraction
            line.append(0)
            if second:
                im = word if x_im is None else _signed(int(x_im), size)
                re, c, first = held
                d = _signed(int(w), ws)
                line[-2] = re * c - im * d + first >> shift
                line[-1] = im * c + re * d + added >> shift
            else:
                held[:] = word, _signed(int(w), ws), added
            y.next = line.popleft() % ys

    return instances()
