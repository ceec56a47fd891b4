"""Standard cells: what is counted, what is said, and that the netlist does what the design does."""

import json
import subprocess
from itertools import pairwise

import pytest

from kolam.flows import asic, liberty, pdk, sdc, sta, synthesize, write, yosys, yowasp
from kolam.generators import cyclic_sparse
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.testbenches import standard_cells as cells

SKY130 = "pdk/sky130hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Return a Liberty file of nine cells."""
    path = tmp_path_factory.mktemp("cells") / "tiny.lib"
    path.write_text(cells.library())
    return path


@pytest.fixture(scope="session")
def opensta():
    """Skip, and fail in CI, without OpenSTA; scripts/setup installs it where apt has it."""
    if not sta.installed():
        pytest.skip(f"no sta: {sta.GET}")


@pytest.fixture(scope="session")
def layer():
    """Return a support layer of two lanes with banks, weights, biases, and outputs of all bits."""
    return small_layer()


def small_layer(target=Target.ASIC, **changes):
    fmt = Format.parse("s1.6")
    return cyclic_sparse.build(
        cyclic_sparse.Config(
            inputs=8,
            supports=(cyclic_sparse.Support(outputs=8, fan_in=2, stride=1, bias=True),),
            formats=cyclic_sparse.Formats(input=fmt, weights=fmt, outputs=fmt),
            parallelism=2, target=target, **changes,
        )
    )  # fmt: skip


def stat(**counts):
    return {"modules": {"\\top": {}, "\\part": {}}, "design": {"num_cells_by_type": counts}}


def test_area_is_the_sum_of_the_cells():
    library = liberty.parse(cells.library(), "tiny")
    found = asic.count(stat(NAND2=3, INV=2, DFF=4, part=5), library)
    assert found == {"area_um2": 48.0, "area_ff_um2": 40.0, "cells": 9, "ff": 4}
    assert asic.count(stat(NAND2=1, part_ram=2), library, ["part_ram"])["cells"] == 1


@pytest.mark.parametrize("cell", ["$_DFF_P_", "$lut", "XOR2", "part_ram"])
def test_a_cell_of_no_library_is_not_passed_over(cell):
    with pytest.raises(ValueError, match=f"must be of tiny, not {cell.replace('$', '.')}"):
        asic.count(stat(NAND2=1, **{cell: 1}), liberty.parse(cells.library(), "tiny"))


def test_a_table_becomes_logic(design, tiny, tmp_path):
    found = synthesize(design, "asic", liberty=tiny, folder=tmp_path / "run")
    assert (found["target"], found["library"], found["flatten"]) == ("asic", "tiny", True)
    # 8 bits of a square, of which bit 1 is 0 always, and two of the handshake
    assert (found["ff"], found["area_ff_um2"]) == (9, 90.0)
    assert found["area_ff_um2"] < found["area_um2"] < 400
    assert (found["memory_bits_in_ff"], found["black_boxes"]) == (0, {})
    netlist = (tmp_path / "run" / "netlist.v").read_text()
    assert "BAD" not in netlist
    assert "DFF " in netlist


def test_memories_become_flip_flops_and_that_is_said(layer, tiny):
    found = synthesize(layer, liberty=tiny)
    written = [m.bits for m in layer.memories if not m.contents]
    queues = 8 * 8 + 8 * 1  # of results, and of the frames' verdicts: not among the memories
    assert sum(written) <= found["memory_bits_in_ff"] <= sum(written) + queues * 4
    assert found["ff"] > found["memory_bits_in_ff"]
    assert any("bits of memory are flip-flops" in remark for remark in found["remarks"])


def test_large_memories_may_be_black_boxes_that_are_named(layer, tiny, monkeypatch):
    whole = synthesize(layer, liberty=tiny)
    monkeypatch.setattr(asic, "LARGE", 40)
    found = synthesize(layer, liberty=tiny, memories="macros")
    boxes = found["black_boxes"]
    assert boxes
    bits = 0
    for count, shape in boxes.values():
        depth, width = map(int, shape.split("x"))
        assert depth * width > 40
        bits += count * depth * width
    assert found["memory_bits_in_ff"] == whole["memory_bits_in_ff"] - bits
    assert found["ff"] < whole["ff"] - bits * 0.9
    (remark,) = [r for r in found["remarks"] if "not counted" in r]
    assert all(name in remark for name in boxes)


def test_slack_is_measured_at_the_period(opensta, layer, tiny, tmp_path):
    slow = synthesize(layer, liberty=tiny, period_ns=50.0, folder=tmp_path)
    assert slow["wns_ns"] > 0
    assert slow["tns_ns"] == 0
    # at the clock that was promised for this netlist nothing is left, and nothing lacks
    for period, slack in ((1e3 / slow["fmax_mhz"], 0.0), (2.0, None)):
        (tmp_path / "again.sdc").write_text(sdc.constraints(layer, period))
        again = sta.run(tmp_path, "netlist.v", ["cells_0.lib"], "again.sdc", layer.name)
        if slack is None:
            assert again.total < again.worst < 0
        else:
            assert again.worst == pytest.approx(slack, abs=0.01)


NETLIST = """\
module top (
  clk,
  y
);
  wire \\u.ce[0] ;
  DFF _1_ (
    .CK(clk),
    .D(a),
    .Q(\\u.ce[0] )
  );
  NAND2 _2_ (
    .A(\\u.ce[0] ),
    .B(\\u.ce[0] ),
    .Y(a)
  );
  INV _10_ (
    .A(\\u.ce[0] ),
    .Y(y)
  );
endmodule
"""


@pytest.mark.parametrize(
    ("pin", "count"), [("_1_/Q", 3), ("_2_/Y", 1), ("_10_/Y", 0), ("u/_1_/Q", 0), ("y", 0)]
)
def test_what_an_output_drives_is_counted(pin, count):
    assert asic.fanout(NETLIST, pin) == count


def test_a_flip_flop_that_drives_many_without_a_buffer_is_told(opensta, layer, tiny, monkeypatch):
    crowd = " inputs without a buffer"
    assert crowd not in " ".join(synthesize(layer, liberty=tiny)["remarks"])
    monkeypatch.setattr(asic, "_CROWD", 0)
    said = synthesize(layer, liberty=tiny)["remarks"]
    assert sum(crowd in sentence for sentence in said) == 1


def test_without_opensta_slack_is_absent_and_that_is_said(design, tiny, monkeypatch):
    monkeypatch.setattr(sta, "PROGRAM", "no-such-sta")
    found = synthesize(design, "asic", liberty=tiny)
    assert not {"wns_ns", "tns_ns", "fmax_mhz"} & found.keys()
    assert [r for r in found["remarks"] if r.startswith("slack is not known without no-such-sta")]


def test_an_opensta_that_fails_costs_the_slack_only(opensta, design, tmp_path):
    odd = tmp_path / "odd.lib"
    odd.write_text("\n".join(
        line for line in cells.library().splitlines() if "_threshold_pct_" not in line
    ))  # fmt: skip
    found = synthesize(design, "asic", liberty=odd)
    assert found["area_um2"] > 0
    assert "wns_ns" not in found
    assert [r for r in found["remarks"] if "missing one or more thresholds" in r]


@pytest.mark.parametrize("said", ["", "tns 0.00\n", "slack register 1.0 a b\n"])
def test_opensta_that_says_too_little_has_failed(said):
    with pytest.raises(yowasp.ToolError, match="sta must end well, not with: no path"):
        sta.read(said)


def test_what_opensta_says():
    slack = sta.read(
        "Warning: There are 2 unconstrained endpoints.\nslack register 1.5 a/Q b/D\n"
        "slack input -2.000000e-01 in c/D\nslack output 0.3 d/Q out\ntns -0.60\n"
    )
    assert (slack.worst, slack.total, slack.critical) == (-0.2, -0.6, ("in", "c/D"))
    assert slack.by_kind == {"register": 1.5, "input": -0.2, "output": 0.3}
    assert slack.complaints == ("There are 2 unconstrained endpoints.",)
    found = asic.timing(slack, 10.0, 1e-9)
    assert (found["wns_ns"], found["tns_ns"]) == (-0.2, -0.6)
    # registers need 8.5 ns; an input a fifth of the period and what is left of it now: 10 + 0.25
    assert found["fmax_mhz"] == pytest.approx(1e3 / 10.25, abs=0.1)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "--liberty must name a Liberty file, or KOLAM_PDK"),
        ({"liberty": "nowhere.lib"}, "must name a Liberty file, not 'nowhere.lib'"),
        ({"liberty": __file__}, "must be a Liberty file"),
        ({"period_ns": 0}, "the period must be a number of nanoseconds above 0, not 0"),
        ({"memories": "latches"}, "memories must be one of flip-flops, macros, not 'latches'"),
        ({"place_and_route": True}, "place_and_route must be False for asic"),
    ],
)
def test_a_wrong_request_is_refused(asked, sentence, design, monkeypatch):
    for name in pdk.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=sentence):
        synthesize(design, "asic", **asked)


def test_what_is_about_cells_is_not_for_devices(design, tiny):
    with pytest.raises(ValueError, match=r"liberty must be given for asic, .* only, not xc7"):
        synthesize(design, "xc7", liberty=tiny)


def test_a_design_for_cells_is_not_mapped_to_a_device_or_back(make_table, tiny):
    with pytest.raises(ValueError, match="target must be asic, for which the design is made"):
        synthesize(make_table(target=Target.ASIC), "xc7")
    with pytest.raises(ValueError, match=r"target must be xc7, .* not 'sky130hd'"):
        synthesize(make_table(target=Target.XC7), "sky130hd", liberty=tiny)
    assert yosys.device(make_table(target=Target.ASIC), None) == "asic"


def lay(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(cells.library())


@pytest.mark.parametrize(
    "prefix", ["", "flow/platforms/", "platforms/"], ids=["platforms", "orfs", "flow"]
)
def test_platforms_are_found_in_openroad_flow_scripts(prefix, tmp_path, monkeypatch):
    monkeypatch.setenv("KOLAM_PDK", str(tmp_path))
    monkeypatch.delenv("PDK_ROOT", raising=False)
    parts = [f"{prefix}asap7/lib/NLDM/asap7sc7p5t_{part}_RVT_TT_nldm_220123.lib"
             for part in ("AO", "INVBUF", "OA", "SEQ")]  # fmt: skip
    lay(tmp_path, f"{prefix}nangate45/lib/NangateOpenCellLibrary_typical.lib", *parts)
    (found,) = pdk.libraries("nangate45")
    assert found.name == "NangateOpenCellLibrary_typical.lib"
    assert pdk.libraries("asic") == [found]  # asap7 lacks a file
    with pytest.raises(ValueError, match="with that of asap7"):
        pdk.libraries("asap7")
    lay(tmp_path, f"{prefix}asap7/lib/NLDM/asap7sc7p5t_SIMPLE_RVT_TT_nldm_211120.lib.gz")
    assert len(pdk.libraries("asap7")) == 5
    with pytest.raises(ValueError, match="--target must be one of nangate45, asap7, of all"):
        pdk.libraries("asic")


def test_platforms_are_found_in_open_pdks(tmp_path, monkeypatch):
    monkeypatch.delenv("KOLAM_PDK", raising=False)
    monkeypatch.setenv("PDK_ROOT", str(tmp_path))
    stem = "sky130_fd_sc_hd"
    lay(tmp_path, f"sky130A/libs.ref/{stem}/lib/{stem}__tt_025C_1v80.lib")
    (found,) = pdk.libraries("sky130hd")
    assert found.name == f"{stem}__tt_025C_1v80.lib"


def bench_of_netlist(folder, run, library, power_up=0):
    """Run the bench of a hand-off folder on the netlist of a synthesis, with cells as functions.

    Flip-flops wake up with random contents, others with another power_up.
    """
    models = "\n".join([
        f"read_liberty -ignore_miss_func {library}", "write_verilog -noattr cells.v",
    ])  # fmt: skip
    yosys.run(run, "models", models)
    functions = (run / "cells.v").read_text()
    assert "  reg IQ;\n" in functions
    woken = f"  reg IQ;\n  initial IQ = $random >> {power_up};\n"
    (run / "cells.v").write_text(functions.replace("  reg IQ;\n", woken))
    name = json.loads((folder / "manifest.json").read_text())["top"]
    bench = (folder / f"tb/{name}_tb.v").read_text()
    given = "#(.MEM_DIR(MEM_DIR))"  # images are in the netlist
    assert given in bench
    (run / "tb.v").write_text(bench.replace(given, ""))
    subprocess.run(
        ["iverilog", "-g2005", "-o", run / "bench", "-s", f"{name}_tb",
         run / "tb.v", run / "netlist.v", run / "cells.v"],
        check=True,
    )  # fmt: skip
    return subprocess.run(
        ["vvp", "-n", run / "bench"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_the_netlist_passes_the_bench_bit_for_bit(layer, kolam_data, tmp_path):
    found = synthesize(layer, liberty=kolam_data / SKY130, folder=tmp_path / "run")
    assert found["area_um2"] > found["ff"] * 15
    folder = write(layer, tmp_path / "folder", frames=6)
    for power_up in (0, 5):
        said = bench_of_netlist(folder, tmp_path / "run", "cells_0.lib", power_up)
        assert f"PASS design={layer.name} frames=6" in said
    # a fault in one gate is seen
    text = (tmp_path / "run/netlist.v").read_text()
    broken = text.replace("sky130_fd_sc_hd__xnor2_1 ", "sky130_fd_sc_hd__nand2_1 ", 1)
    assert broken != text
    (tmp_path / "run/netlist.v").write_text(broken)
    assert "PASS" not in bench_of_netlist(folder, tmp_path / "run", "cells_0.lib")


def test_sky130hd_by_its_name(layer, kolam_data, monkeypatch, opensta):
    monkeypatch.setenv("KOLAM_PDK", str(kolam_data / "pdk"))
    found = synthesize(layer, "sky130hd", period_ns=10.0)
    assert (found["target"], found["library"]) == ("sky130hd", "sky130_fd_sc_hd__tt_025C_1v80")
    assert found["wns_ns"] > 0
    assert 100 < found["fmax_mhz"] < 1000


def test_yosys_is_told_what_not_to_use(layer, kolam_data):
    """Of flip-flops and of logic."""
    library = liberty.read(kolam_data / SKY130)
    script = asic.synth_script(layer, library, ["cells_0.lib"], 10.0, True, [])
    words = script.split()
    told = [name for flag, name in pairwise(words) if flag == "-dont_use"]
    assert sorted(told) == sorted(library.unused * 2)
