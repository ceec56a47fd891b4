import gzip

import pytest

from kolam.flows import liberty
from kolam.testbenches import standard_cells as cells


def test_cells_are_told_by_what_they_are_for():
    library = liberty.parse(cells.library(), "tiny.lib")
    assert (library.name, library.time_unit) == ("tiny", 1e-9)
    assert set(library.cells) == {
        "INV", "BUF", "BUFX4", "NAND2", "NOR2", "TIE", "DFF", "BAD", "TWIN",
    }  # fmt: skip
    assert (library.flip_flops, library.latches) == ({"DFF"}, {"TWIN"})
    assert library.unused == ["BAD"]
    assert library.buffer == ("BUF", "A", "Y")
    assert library.buffer_load == pytest.approx(2e-15)
    assert (library.tie(0), library.tie(1)) == (("TIE", "L"), ("TIE", "H"))
    assert library.cells["NAND2"].area == 2.0
    assert library.cells["NAND2"].pins["B"] == ("input", "", pytest.approx(2e-15))
    assert library.cells["DFF"].outputs == {"Q": "IQ"}


def test_what_a_library_lacks_is_said():
    assert liberty.parse(cells.library(without=["TIE"]), "x").tie(1) is None
    with pytest.raises(ValueError, match="tiny must have a buffer, and has none"):
        _ = liberty.parse(cells.library(without=["BUF", "BUFX4"]), "x").buffer


@pytest.mark.parametrize(
    ("unit", "seconds"), [("1ns", 1e-9), ("1ps", 1e-12), ("10ps", 1e-11), ("1 ns", 1e-9)]
)
def test_the_unit_of_time(unit, seconds):
    assert liberty.parse(cells.library(time_unit=unit), "x").time_unit == pytest.approx(seconds)


def test_a_group_on_one_line_and_quoted_braces():
    text = (
        'library("l"){time_unit:"1ns";cell(B){area:2;user:"}{";pin(A,C){direction:input;'
        'capacitance:1;timing(){x:"}";}}pin(Y){direction:output;function:"((A))";}}}'
    )
    found = liberty.parse(text.replace("cell", "\ncell"), "x").cells["B"]
    assert (found.area, found.kind, found.inputs) == (2.0, "logic", ["A", "C"])
    assert found.outputs == {"Y": "A"}


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"", r"must be a Liberty file, library \(NAME\) \{ ... \}, not ''"),
        (b"VERSION 5.7 ;", "must be a Liberty file, .*, not 'VERSION 5.7 ;'"),
        (b"\xff\xfe\x00", "must be a Liberty file, not binary data"),
        (cells.library(without=["DFF"]).encode(), "must have a flip-flop, and has none"),
        (cells.library(time_unit="fast").encode(), "must have a time_unit like 1ns, not 'fast'"),
    ],
)
def test_what_is_no_library_is_refused(octets, sentence, tmp_path):
    path = tmp_path / "x.lib"
    path.write_bytes(octets)
    with pytest.raises(ValueError, match=sentence):
        liberty.read(path)


def test_several_files_are_one_library_and_may_be_packed(tmp_path):
    gates, registers = tmp_path / "gates.lib.gz", tmp_path / "registers.lib"
    gates.write_bytes(gzip.compress(cells.library(without=["DFF"]).encode()))
    registers.write_text(cells.library(without=["INV", "NAND2", "NOR2"]))
    assert {"DFF", "INV"} <= set(liberty.read(gates, registers).cells)
    gates.write_bytes(b"not packed")
    with pytest.raises(ValueError, match="must be a Liberty file, not binary data"):
        liberty.read(gates, registers)
    registers.write_text(cells.library(time_unit="1ps"))
    gates.write_bytes(gzip.compress(cells.library().encode()))
    with pytest.raises(ValueError, match="must have one unit of time"):
        liberty.read(gates, registers)


def test_sky130hd(kolam_data):
    path = kolam_data / "pdk/sky130hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"
    library = liberty.read(path)
    text = path.read_text()
    assert len(library.cells) == text.count("\n    cell (")
    assert library.tie(1) == ("sky130_fd_sc_hd__conb_1", "HI")
    assert library.tie(0) == ("sky130_fd_sc_hd__conb_1", "LO")
    assert library.buffer[0] == "sky130_fd_sc_hd__buf_1"
    stems = {name.removeprefix("sky130_fd_sc_hd__").rpartition("_")[0] for name in library.cells}
    unused = {name.removeprefix("sky130_fd_sc_hd__") for name in library.unused}
    assert {"probe_p_8", "probec_p_8", "lpflow_isobufsrc_1"} <= unused
    assert all(name.startswith(("probe", "lpflow", "dlclkp", "sdlclkp")) for name in unused)
    assert {"dfxtp", "dfrtp", "edfxtp"} <= stems
    assert {"sky130_fd_sc_hd__dfxtp_1", "sky130_fd_sc_hd__edfxtp_1"} <= library.flip_flops
    assert "sky130_fd_sc_hd__dlxtp_1" in library.latches
