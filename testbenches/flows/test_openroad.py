"""config.mk is evaluated by make, constraint.sdc by OpenSTA, wrappers by Icarus and yosys."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kolam.flows import handoff, macros, openroad, pdk, rewrite, sdc, sta, synthesize, write, yosys
from kolam.generators import fft, load
from kolam.hdl.target import Target

SKY130 = "pdk/sky130hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib"
PLATFORM_DIR = "/orfs/flow/platforms/sky130hd"
# as its Makefile does: the design first, then the platform
MAKEFILE = f"PLATFORM_DIR = {PLATFORM_DIR}\ninclude $(DESIGN_CONFIG)\nprint:\n\t@env -0\n"
# what flow/scripts/synth_preamble.tcl does with the variables, as yosys commands to be run
SYNTH_TCL = """\
foreach file $::env(VERILOG_FILES) { puts "read_verilog -defer -sv $file" }
if {[info exists ::env(VERILOG_TOP_PARAMS)]} {
    dict for {key value} $::env(VERILOG_TOP_PARAMS) {
        puts "chparam -set $key $value $::env(DESIGN_NAME)"
    }
}
puts "hierarchy -check -top $::env(DESIGN_NAME)"
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a hand-off folder of csc-digits."""
    return write(load("csc-digits"), tmp_path_factory.mktemp("written") / "digits")


@pytest.fixture
def changed(folder, tmp_path):
    """Return a copy of it that may be written anew."""
    return Path(shutil.copytree(folder, tmp_path / "changed"))


def config(folder):
    (path,) = folder.glob("openroad/*/config.mk")
    return path


def evaluated(path, tmp_path, cwd=None, said=None):
    """Return what make exports when it has read a config.mk, as OpenROAD-flow-scripts reads it.

    said: a list, to which what make says on stderr is added.
    """
    (tmp_path / "Makefile").write_text(MAKEFILE)
    done = subprocess.run(
        ["make", "-s", "-f", tmp_path / "Makefile", f"DESIGN_CONFIG={path}", "print"],
        env={"PATH": os.environ["PATH"]}, cwd=cwd or tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    if said is not None:
        said.append(done.stderr)
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line)


def exported(text):
    return re.findall(r"^\s*export (\w+)", text, re.M)


def strange(text, kolam_data):
    """Return the variables that a config.mk exports and OpenROAD-flow-scripts does not know."""
    known = (kolam_data / "pdk/orfs-variable-names.txt").read_text().split()
    assert len(known) > 200
    return sorted(set(exported(text)) - set(known))


@pytest.mark.parametrize("platform", list(pdk.PLATFORMS))
def test_every_variable_is_one_of_the_flow(platform, changed, kolam_data):
    rewrite(changed, "openroad", platform=platform, macro=("64x16=my_sram",))
    text = config(changed).read_text()
    assert not strange(text, kolam_data)
    assert {"DESIGN_NAME", "PLATFORM", "VERILOG_FILES", "SDC_FILE", "ADDITIONAL_LEFS"} <= set(
        exported(text)
    )
    assert ("CORNER" in exported(text)) == (platform in ("asap7", "gf180"))
    # the lint sees a slip
    assert strange(text.replace("CORE_UTILIZATION", "CORE_UTILISATION"), kolam_data) == [
        "CORE_UTILISATION"
    ]


def test_make_finds_every_file_from_the_makefile_itself(folder, tmp_path):
    found = evaluated(config(folder), tmp_path)
    assert (found["DESIGN_NAME"], found["PLATFORM"]) == ("csc_digits", "sky130hd")
    sources = found["VERILOG_FILES"].split()
    assert sorted(sources) == sorted(str(path) for path in folder.glob("rtl/*.v"))
    assert Path(found["SDC_FILE"]).is_file()
    assert found["VERILOG_TOP_PARAMS"] == f'MEM_DIR {{"{folder}/mem/"}}'
    assert 0 < int(found["CORE_UTILIZATION"]) < 80
    assert float(found["PLACE_DENSITY_LB_ADDON"]) < 1
    # by a relative path, from elsewhere, the same
    again = evaluated(os.path.relpath(config(folder), tmp_path), tmp_path, cwd=tmp_path)
    assert again["VERILOG_FILES"] == found["VERILOG_FILES"]
    assert "VERILOG_FILES" in found
    assert not re.search(r"(?m)^[^#]*(?<![\w.$)])/", config(folder).read_text())  # no absolute path


def test_a_path_with_spaces_is_refused_in_one_sentence(folder, tmp_path):
    """Make cannot read one; nothing else of the folder minds."""
    moved = shutil.copytree(folder, tmp_path / "zwei Räume" / "digits")
    done = subprocess.run(
        ["make", "-f", config(moved).relative_to(moved)],
        cwd=moved, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "make cannot read a path with spaces" in done.stderr
    ran = subprocess.run(["sh", moved / "run_icarus.sh"], capture_output=True, check=False)
    assert ran.returncode == 0


def commands(found):
    """Return the yosys commands by which the flow reads a design, told by a real tclsh."""
    done = subprocess.run(
        ["tclsh"], input=SYNTH_TCL, env={"PATH": os.environ["PATH"], **found},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def read_as_the_flow_does(found, run, more=""):
    """Run those commands in yosys on the files that make found, and return the log.

    yosys from PyPI sees only the folder it runs in, which therefore holds copies.
    """
    run.mkdir(exist_ok=True)
    script = commands(found)
    for number, path in enumerate(found["VERILOG_FILES"].split()):
        shutil.copy(path, run / f"{number}_{Path(path).name}")
        script = script.replace(f" {path}\n", f" {number}_{Path(path).name}\n")
    images = re.search(r'MEM_DIR \{"(.*)"\}', found.get("VERILOG_TOP_PARAMS", ""))
    if images and Path(images[1]).is_dir():
        shutil.copytree(images[1], run / "images", dirs_exist_ok=True)
        script = script.replace(f'"{images[1]}"', '"images/"')
    yosys.run(run, "flow", more + script + "proc\nmemory_collect\ndump -o rom.il t:$mem_v2\n")
    return (run / "flow.log").read_text()


def test_yosys_reads_the_weights_as_the_flow_has_it_read_them(folder, tmp_path):
    found = evaluated(config(folder), tmp_path)
    read_as_the_flow_does(found, tmp_path / "run")
    dump = (tmp_path / "run" / "rom.il").read_text()
    words = [
        format(int(line, 16), "032b")
        for line in (folder / "mem/csc_digits_layer0_weights.hex").read_text().split()
    ]
    assert f"INIT 4096'{''.join(reversed(words))}" in dump
    # an image that is not there stops yosys
    found["VERILOG_TOP_PARAMS"] = 'MEM_DIR {"nowhere/"}'
    with pytest.raises(yosys.yowasp.ToolError, match=r"nowhere/.*hex"):
        read_as_the_flow_does(found, tmp_path / "none")


def test_the_limit_of_memories_is_raised_where_one_is_larger():
    design = load("csc-small", set={"target": "asic"})
    text = openroad.files(design, openroad.Options())[f"openroad/{design.name}/config.mk"]
    largest = max(memory.bits for memory in design.memories)
    limit = re.search(r"SYNTH_MEMORY_MAX_BITS = (\d+)", text)
    assert int(limit[1]) >= largest > openroad.LARGE
    small = openroad.files(load("csc-digits"), openroad.Options())
    assert not any("SYNTH_MEMORY_MAX_BITS" in text for text in small.values())


# -- constraints


def timed(run, constraints, script=""):
    """Read the constraints on a netlist in OpenSTA; return what it says."""
    (run / "try.sdc").write_text(constraints)
    (run / "try.tcl").write_text(
        "read_liberty cells_0.lib\nread_verilog netlist.v\nlink_design csc_digits\n"
        "read_sdc try.sdc\n"
        'puts "setup [check_setup -verbose]"\nputs "clocks [get_name [all_clocks]]"\n'
        'puts "period [get_property [all_clocks] period]"\n'
        + script
    )  # fmt: skip
    done = subprocess.run(
        ["sta", "-no_init", "-no_splash", "-exit", "try.tcl"],
        cwd=run, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def mapped(tmp_path_factory):
    """Return the folder of a synthesis of csc-digits for sky130hd."""
    data = os.environ.get("KOLAM_DATA")
    if not data:
        pytest.skip("no KOLAM_DATA")
    if not sta.installed():
        pytest.skip(f"no sta: {sta.GET}")
    run = tmp_path_factory.mktemp("mapped")
    synthesize(load("csc-digits", set={"target": "asic"}), liberty=Path(data) / SKY130, folder=run)
    return run


def test_opensta_takes_the_constraints_whole(mapped, folder):
    text = (config(folder).parent / "constraint.sdc").read_text()
    ends = 'foreach p [all_inputs] { puts "input [get_name $p]" }\n'
    for port in ("rst", "s_axis_tvalid", "m_axis_tready"):
        ends += f'foreach p [find_timing_paths -from [get_ports {port}]] {{ puts "from {port}" }}\n'
    for port in ("s_axis_tready", "m_axis_tvalid", "event_overflow"):
        ends += f'foreach p [find_timing_paths -to [get_ports {port}]] {{ puts "to {port}" }}\n'
    said = timed(mapped, text, ends)
    assert not re.search("error|warning", said, re.I)  # nothing unconstrained, nothing forgotten
    assert "clocks core_clock" in said
    assert float(re.search(r"^period (\S+)$", said, re.M)[1]) in (10.0, 1e-8)
    ports = json.loads((folder / "manifest.json").read_text())["ports"]
    bits = sum(port["width"] for port in ports if port["direction"] == "input")
    assert len(re.findall("^input ", said, re.M)) == bits
    for end in ("from rst", "from s_axis_tvalid", "to m_axis_tvalid", "to event_overflow"):
        assert f"\n{end}\n" in said


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("create_clock", "create_clok", "Error: .*create_clok"),
        ("-clock $clk_name $non_clock_inputs", "", "Error"),
        ("set clk_port_name clk", "set clk_port_name clck", "not found|Error"),
        ("set_input_delay", "#", "Warning: There are .* input ports? missing set_input_delay"),
    ],
)
def test_opensta_sees_what_is_wrong_in_constraints(old, new, complaint, mapped, folder):
    text = (config(folder).parent / "constraint.sdc").read_text()
    assert old in text
    assert re.search(complaint, timed(mapped, text.replace(old, new)))


@pytest.mark.parametrize(
    ("period", "unit", "said"), [(10.0, 1e-9, "10"), (1.0, 1e-12, "1000"), (0.45, 1e-12, "450")]
)
def test_the_period_is_a_plain_number_in_the_librarys_unit(period, unit, said):
    text = sdc.constraints(load("csc-digits"), period, unit)
    assert re.search(r"^set clk_period (\S+)$", text, re.M)[1] == said
    # platforms take for ABC the number behind the first clk_period or -period
    first = next(line for line in text.splitlines() if re.search(r"clk_period|-period", line))
    assert first == f"set clk_period {said}"


# -- macros


def openram(name, depth, width, mask):
    """Return a model of an OpenRAM macro: what it answers is there for half a clock."""
    lanes = width // mask
    masks = f"input [{lanes - 1}:0] wmask0," if lanes > 1 else ""
    write = "\n".join(
        f"        {f'if (wmask0[{k}]) ' if lanes > 1 else ''}"
        f"mem[addr0][{k * mask + mask - 1}:{k * mask}] = din0[{k * mask + mask - 1}:{k * mask}];"
        for k in range(lanes)
    )
    a = max(1, (depth - 1).bit_length()) - 1
    return f"""
module {name} (
    input clk0, input csb0, input web0, {masks} input [{a}:0] addr0, input [{width - 1}:0] din0,
    output [{width - 1}:0] dout0,
    input clk1, input csb1, input [{a}:0] addr1, output reg [{width - 1}:0] dout1
);
    reg [{width - 1}:0] mem [0:{depth - 1}];
    reg [{a}:0] at;
    reg taken;
    assign dout0 = {{{width}{{1'bx}}}};
    always @(posedge clk1) begin
        taken <= !csb1;
        at <= addr1;
        dout1 <= {{{width}{{1'bx}}}};
    end
    always @(negedge clk1) if (taken) dout1 <= mem[at];
    always @(posedge clk0) if (!csb0 && !web0) begin
{write}
    end
endmodule
"""


def fakeram(name, depth, width):
    """Return a model of a FakeRAM2.0 macro with two ports."""
    a = max(1, (depth - 1).bit_length()) - 1
    word = f"[{width - 1}:0]"
    ports = "".join(
        f"    input [{a}:0] addr_in_{p}, input we_in_{p}, input {word} wd_in_{p},\n"
        f"    input {word} w_mask_in_{p}, output reg {word} rd_out_{p},\n"
        for p in "AB"
    )
    acts = "".join(
        f"        if (we_in_{p}) mem[addr_in_{p}] <= (wd_in_{p} & w_mask_in_{p})"
        f" | (mem[addr_in_{p}] & ~w_mask_in_{p});\n        rd_out_{p} <= mem[addr_in_{p}];\n"
        for p in "AB"
    )
    return (
        f"module {name} (\n{ports}    input clk, input ce_in\n);\n"
        f"    reg {word} mem [0:{depth - 1}];\n    always @(posedge clk) if (ce_in) begin\n{acts}"
        "    end else begin\n        rd_out_A <= 'bx;\n        rd_out_B <= 'bx;\n    end\n"
        "endmodule\n"
    )


def simulated(folder, models, tmp_path):
    """Run the bench of a folder on the files of its config.mk and models of macros."""
    found = evaluated(config(folder), tmp_path)
    (tmp_path / "models.v").write_text(models)
    name = json.loads((folder / "manifest.json").read_text())["top"]
    subprocess.run(
        ["iverilog", "-g2005-sv", "-Wall", "-o", tmp_path / "bench", "-s", f"{name}_tb",
         folder / f"tb/{name}_tb.v", tmp_path / "models.v", *found["VERILOG_FILES"].split()],
        check=True, capture_output=True,
    )  # fmt: skip
    return subprocess.run(
        ["vvp", "-n", tmp_path / "bench"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout


# shape, macro, its model: parts 4x8 of 32 words; 2x8 of 64; wider, narrower, deeper, shallower ones
MACROS = [
    ("32x32", "sky130_sram_1rw1r_32x32_8", ("openram", 32, 32, 8)),
    ("32x32", "sky130_sram_1kbyte_1rw1r_32x256_8", ("openram", 256, 32, 8)),
    ("32x32", "sram_1rw1r_64x16_8", ("openram", 16, 64, 8)),
    ("32x32", "narrow_1rw1r_16x16_8", ("openram", 16, 16, 8)),
    ("32x32", "whole_1rw1r_16x32", ("openram", 32, 16, 16)),
    ("64x16", "my_sram", ("openram", 64, 16, 8)),
    ("64x16", "my_sram:16x48/3", ("openram", 16, 48, 3)),
    ("64x16", "fakeram7_dp_64x32", ("fakeram", 64, 32)),
    ("32x5", "fakeram7_dp_16x8", ("fakeram", 16, 8)),
]


@pytest.mark.parametrize(("shape", "name", "model"), MACROS, ids=[name for _, name, _ in MACROS])
def test_a_memory_of_macros_answers_bit_for_bit(shape, name, model, changed, tmp_path):
    kind, *sizes = model
    stem = name.partition(":")[0]
    text = {"openram": openram, "fakeram": fakeram}[kind](stem, *sizes)
    rewrite(changed, "openroad", macro=(f"{shape}={name}",))
    assert list(config(changed).parent.glob("macros/*.v"))
    assert "PASS design=csc_digits" in simulated(changed, text, tmp_path)
    # a macro that forgets its mask or an address is seen
    if kind == "openram":
        broken = text.replace("mem[at]", "mem[at ^ 1]")
        assert broken != text
        assert "PASS" not in simulated(changed, broken, tmp_path)


LOADABLE = """
inputs = 16
supports = [
    { outputs = 16, fan_in = 4, stride = 1 },
    { outputs = 16, fan_in = 4, stride = 4, bias = true },
]
formats = { input = "s1.6", weights = "s1.6", outputs = "s1.6" }
parallelism = 8
loadable = true
target = "asic"
"""


def test_one_macro_has_the_same_pins_in_all_memories_of_a_shape(tmp_path):
    """Weights are written whole, activations of the same shape by bytes."""
    (tmp_path / "layer.toml").write_text(LOADABLE)
    design = load(tmp_path / "layer.toml")
    parts = {ram.parts for ram in macros.rams(design) if ram.shape == "16x32"}
    assert parts == {(32,), (8, 8, 8, 8)}
    folder = write(design, tmp_path / "folder", frames=3)
    rewrite(folder, "openroad", macro=("16x32=my_sram",))
    made = [path.read_text() for path in config(folder).parent.glob("macros/*.v")]
    assert [".wmask0(" in text for text in made] == [True, True]
    assert sorted(re.findall(r"mask = (.*);", text)[0] for text in made) == [
        "{4{we}}", "{{1{we[3]}}, {1{we[2]}}, {1{we[1]}}, {1{we[0]}}}"
    ]  # fmt: skip
    # it compiles; weights would have to be loaded first
    assert simulated(folder, openram("my_sram", 16, 32, 8), tmp_path)


def test_the_readme_names_the_memories_whatever_macros_are_given(tmp_path):
    design = load("csc-1024", set={"target": "asic"})
    said = " ".join(openroad.usage(design).split())
    assert "words by bits: 3 of 128x256, 1 of 128x208, 4 of 128x64, 3 of 128x16." in said
    assert "163840 bits if no macro is given" in said


def test_the_lines_of_an_fft_may_be_macros_too(tmp_path):
    design = fft.build(fft.Config(points=256, target=Target.ASIC))
    folder = write(design, tmp_path / "fft", frames=3)
    shapes = {ram.shape: ram.module for ram in macros.rams(design)}
    assert any("ring_line" in module for module in shapes.values())
    assert any(module.endswith("_ram") for module in shapes.values())
    rewrite(folder, "openroad", macro=tuple(f"{shape}=sram_1rw1r_64x32_8" for shape in shapes))
    said = simulated(folder, openram("sram_1rw1r_64x32_8", 32, 64, 8), tmp_path)
    assert f"PASS design={design.name}" in said


def test_yosys_takes_a_memory_of_macros_with_the_macro_as_a_black_box(changed, tmp_path):
    rewrite(changed, "openroad", macro=("64x16=my_sram", "32x32=your_sram"))
    found = evaluated(config(changed), tmp_path)
    with pytest.raises(yosys.yowasp.ToolError, match=r"your_sram|my_sram"):
        read_as_the_flow_does(found, tmp_path / "without")
    run = tmp_path / "run"
    run.mkdir()
    models = openram("my_sram", 64, 16, 8) + openram("your_sram", 32, 32, 8)
    (run / "models.v").write_text(models)
    read_as_the_flow_does(found, run, "read_verilog -lib models.v\n")


def test_files_of_macros_are_looked_for_where_they_may_lie(changed, tmp_path):
    rewrite(changed, "openroad", macro=("64x16=my_sram",))
    said = []
    found = evaluated(config(changed), tmp_path, said=said)
    assert not found["ADDITIONAL_LEFS"].strip()
    for ending in (".lef", "*.lib", ".gds"):
        assert f"there is no my_sram{ending} in {config(changed).parent}/macros" in said[0]
    place = config(changed).parent / "macros"
    for name in ("my_sram.lef", "my_sram_TT_1p8V_25C.lib", "my_sram.gds"):
        (place / name).touch()
    found = evaluated(config(changed), tmp_path, said=said)
    assert not said[1]
    assert found["ADDITIONAL_LEFS"].split() == [str(place / "my_sram.lef")]
    assert found["ADDITIONAL_LIBS"].split() == [str(place / "my_sram_TT_1p8V_25C.lib")]
    assert found["ADDITIONAL_GDS"].split() == [str(place / "my_sram.gds")]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"platform": "sky131"}, "platform must be one of sky130hd, .*, not 'sky131'"),
        ({"period": 0}, "period must be 0.05 to 1000 ns, not 0"),
        ({"period": float("nan")}, "period must be 0.05 to 1000 ns, not nan"),
        ({"macro": ("64x16",)}, "macro must be SHAPE=NAME, like 256x32=my_sram, not '64x16'"),
        ({"macro": ("64x17=a",)}, "the shape of a macro must be one of 64x16, .*, not '64x17'"),
        ({"macro": ("64x16=a", "64x16=b")}, "a macro for 64x16 must be given once, not twice"),
        ({"macro": ("64x16=a b",)}, "the name of a macro must be"),
        ({"macro": ("64x16=a:64",)}, "the size of macro a must be DEPTHxWIDTH.*, not '64'"),
        ({"macro": ("64x16=a:48x16",)}, "macro a must have a power of two of words .*, not 48"),
        ({"macro": ("64x16=a:64x16/5",)}, "bits that its mask divides, not 64x16/5"),
        ({"macro": ("64x16=fakeram45_64x32",)}, "port to read, and fakeram45_64x32 has one for"),
        ({"macro": ("64x16=gf180mcu_fd_ip_sram__sram64x8m8wm1",)}, "has one for both"),
        ({"macro": ("64x16=RM_IHPSG13_1P_64x64_c2_bm_bist",)}, "has one for both"),
        ({"macro": ("64x16=sram_32_64_1rw_sky130",)}, "has one for both"),
        ({"macro": ("64x16=RM_IHPSG13_2P_64x32_c2:64x32",)}, "pins of OpenRAM's .* has others"),
        (
            {"macro": ("64x16=a", "32x32=a")},
            "macro a must have one size, not 64x16/8 and 32x32/8; say which, like a:64x16/8",
        ),
        (
            {"part": "xc7"},
            "an option of openroad must be one of platform, period, macro, not 'part'",
        ),
    ],
)
def test_a_wrong_request_changes_nothing(asked, sentence, changed):
    before = {path: path.read_bytes() for path in changed.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=sentence):
        rewrite(changed, "openroad", **asked)
    assert before == {path: path.read_bytes() for path in changed.rglob("*") if path.is_file()}


def test_a_design_for_another_device_does_not_go_to_openroad():
    design = load("csc-digits", set={"target": "ecp5"})
    assert "openroad" not in handoff.defaults(design)
    with pytest.raises(ValueError, match=r"must be generic or asic .* openroad, not ecp5"):
        handoff.files(design, "openroad", openroad.Options())


def test_memories_that_become_flip_flops_are_counted():
    design = load("csc-small", set={"target": "asic"})
    large = [ram for ram in macros.rams(design) if ram.bits > openroad.LARGE]
    (said,) = openroad.warnings(design, openroad.Options())
    assert said.startswith(f"{sum(ram.count * ram.bits for ram in large)} bits of memory become")
    shapes = {ram.shape: ram for ram in large}
    names = tuple(f"{shape}=sram_1rw1r_{ram.width}x{ram.depth}_8" for shape, ram in shapes.items())
    assert openroad.warnings(design, openroad.Options(macro=names)) == []
    mine = tuple(f"{shape}=sram_{shape}" for shape in shapes)
    said = openroad.warnings(design, openroad.Options(macro=mine))
    assert len(said) == len(shapes)
    assert all(" is taken to have " in sentence for sentence in said)
    loadable = load("csc-digits", set={"target": "asic", "loadable": True})
    assert any("must be loaded" in said for said in openroad.warnings(loadable, openroad.Options()))
