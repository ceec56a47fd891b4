import numpy as np
import pytest

from kolam.hdl import primitives, simulators

BENCH = """
`timescale 1ns / 1ps
module bench;
    reg clk = 0;
    reg [17:0] a, b;
    reg signed_a, signed_b, enable, reset;
    wire [35:0] p;
    integer k;
    reg [75:0] words [0:{count} - 1];
    {cell}
    always #5 clk = !clk;
    initial begin
        $readmemh("words.hex", words);
        for (k = 0; k < {count}; k = k + 1) begin
            {{signed_a, signed_b, enable, reset, a, b}} = words[k];
            @(posedge clk);
            #1 $display("p %0d", p);
        end
        $display("PASS");
        $finish;
    end
endmodule
"""


def bus(name, word, width):
    return ", ".join(f".{name}{k}({word}[{k}])" for k in range(width))


def multiplier(**settings):
    given = ", ".join(f'.{name}("{value}")' for name, value in settings.items())
    return (
        f"MULT18X18D #({given}) dut (.CLK0(clk), .CE0(enable), .RST0(reset), "
        ".SOURCEA(1'b0), .SOURCEB(1'b0), .SIGNEDA(signed_a), .SIGNEDB(signed_b), "
        f"{bus('A', 'a', 18)}, {bus('B', 'b', 18)}, {bus('P', 'p', 36)});"
    )


def run(folder, cell, models, rows):
    """Return what the cell gives after each of the rows (flags, a, b)."""
    text = "".join(f"{f << 36 | a << 18 | b:019x}\n" for f, a, b in rows)
    (folder / "words.hex").write_text(text)
    (folder / "bench.v").write_text(BENCH.format(cell=cell, count=len(rows)))
    for name, model in models.items():
        (folder / name).write_text(model)
    sources = [folder / name for name in ["bench.v", *models]]
    said = simulators.icarus(sources, "bench", folder).splitlines()
    if said[-1] != "PASS":
        return said[-1]
    return [int(line.split()[1]) if "x" not in line else None for line in said[:-1]]


def factor(code, signed):
    return code - (code >> 17 << 18) if signed else code


CORNERS = [0, 1, 2**17 - 1, 2**17, 2**18 - 1]


@pytest.mark.parametrize("stages", [0, 1, 2, 3])
def test_mult18x18d_multiplies_behind_its_registers(stages, tmp_path):
    random = np.random.default_rng(stages)
    pairs = [(a, b) for a in CORNERS for b in CORNERS]
    pairs += random.integers(2**18, size=(40, 2)).tolist()
    # flags: signed a, signed b, enable, reset; a reset first, and now and then
    rows = [(0b0011, 0, 0)] + [
        (int(random.integers(4)) << 2 | 2 * bool(random.integers(4)) | (not random.integers(9)), *p)
        for p in pairs
    ]
    registers = [
        {"REG_OUTPUT_CLK": "CLK0"},
        {"REG_INPUTA_CLK": "CLK0", "REG_INPUTB_CLK": "CLK0"},
        {"REG_PIPELINE_CLK": "CLK0"},
    ]
    settings = {name: clk for group in registers[:stages] for name, clk in group.items()}
    text = "MULT18X18D ("
    found = run(tmp_path, multiplier(**settings), primitives.models({"x": text}), rows)
    held = [0] * stages
    for (flags, a, b), got in zip(rows, found, strict=True):
        product = factor(a, flags >> 3 & 1) * factor(b, flags >> 2 & 1) % 2**36
        if flags & 1:
            held = [0] * stages
        elif flags >> 1 & 1:
            held = [product, *held][:stages]
        assert got == (held[-1] if stages else product)


@pytest.mark.parametrize(
    "setting", [{"REG_OUTPUT_CLK": "CLK1"}, {"RESETMODE": "ASYNC"}, {"REG_INPUTA_CE": "CE2"}]
)
def test_mult18x18d_refuses_what_it_does_not_know(setting, tmp_path):
    models = {"MULT18X18D.v": primitives.model("MULT18X18D")}
    said = run(tmp_path, multiplier(**setting), models, [(0b1111, 0, 0)])
    assert said.startswith("FAIL MULT18X18D bench.dut has a setting")


DSP = """
wire signed [47:0] sum;
assign p = sum[35:0];
DSP48E1 #(.ACASCREG(0), .ADREG(0), .ALUMODEREG(0), .AREG(0), .BCASCREG(0), .BREG(0),
    .CARRYINREG(0), .CARRYINSELREG(0), .CREG(0), .DREG(0), .INMODEREG(0), .MREG(0),
    .OPMODEREG(0){setting}) dsp (
    .CLK(clk), .A({{{{12{{a[17]}}}}, a}}), .B(b), .C(48'd0), .D(25'd0), .P(sum),
    .OPMODE({{1'b0, signed_a, 5'b00101}}), .ALUMODE(4'd0), .INMODE(5'd0), .CARRYIN(1'b0),
    .CARRYINSEL(3'd0), .CEA1(1'b1), .CEA2(1'b1), .CEB1(1'b1), .CEB2(1'b1), .CEC(1'b1),
    .CED(1'b1), .CEAD(1'b1), .CEM(1'b1), .CEP(enable), .CEALUMODE(1'b1), .CECARRYIN(1'b1),
    .CECTRL(1'b1), .CEINMODE(1'b1), .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0),
    .RSTM(1'b0), .RSTP(reset), .RSTCTRL(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0),
    .RSTINMODE(1'b0), .ACIN(30'd0), .BCIN(18'd0), .PCIN(48'd0), .CARRYCASCIN(1'b0),
    .MULTSIGNIN(1'b0));
"""


def test_dsp48e1_of_yosys_accumulates_in_icarus(tmp_path):
    random = np.random.default_rng(0)
    rows = [(0b0011, 0, 0)] + [
        (0b0010 | 8 * int(random.integers(2)), *map(int, random.integers(2**18, size=2)))
        for _ in range(40)
    ]
    models = primitives.models({"x": "  DSP48E1 #(", "y": "// MULT18X18D (\n"})
    assert list(models) == ["DSP48E1.v"]
    found = run(tmp_path, DSP.format(setting=""), models, rows)
    total = 0
    for (flags, a, b), got in zip(rows, found, strict=True):
        product = factor(a, True) * factor(b, True)
        # OPMODE[5] picks P as the addend
        total = 0 if flags & 1 else product + (total if flags & 8 else 0)
        assert got == total % 2**36


def test_dsp48e1_of_yosys_fails_aloud(tmp_path):
    models = {"DSP48E1.v": primitives.model("DSP48E1")}
    cell = DSP.format(setting=', .USE_SIMD("THREE16")')
    said = run(tmp_path, cell, models, [(0b0011, 0, 0)])
    assert said.startswith("FAIL bench.dsp: Unsupported USE_SIMD value")


def test_a_design_without_vendor_cells_needs_no_models():
    assert primitives.models({"rtl/x.v": "module x; endmodule"}) == {}
