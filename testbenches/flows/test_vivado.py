"""The scripts run in a real tclsh, against commands that know a list of Vivado's and no others."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from kolam.flows import load_bundle, rewrite, vivado, write
from kolam.generators import load
from kolam.hdl.target import Target

HERE = Path(__file__).parent
STUB, COMMANDS = HERE / "vivado_stub.tcl", HERE / "vivado_commands.toml"
ANSWERS = {
    "PROGRESS": "100%",
    "STATUS": "route_design Complete!",
    "SLACK-setup": "0.123",
    "SLACK-hold": "0.045",
    "pathless": "",
    "report": "All user specified timing constraints are met.",
    "sites": "BUFGCTRL_X0Y0 BUFGCTRL_X0Y1",
    "definitions": "kolam:ip:core:1.0",
    "lost": "0",
}
SCRIPTS = ["create_project.tcl", "out_of_context.tcl", "package_ip.tcl"]


@pytest.fixture(scope="session")
def tclsh():
    """Return the interpreter of Vivado's language; scripts/setup installs it where apt is."""
    found = shutil.which("tclsh")
    if found is None:
        assert not shutil.which("apt-get"), "tclsh must be on the PATH: sudo apt-get install tcl"
        pytest.skip("no tclsh, and no apt-get to get it")
    return found


def tcl(value):
    """Return a value as Tcl has it: a dictionary, a list or a word."""
    if isinstance(value, dict):
        value = [each for pair in value.items() for each in pair]
    if isinstance(value, list):
        return " ".join(f"{{{tcl(each)}}}" for each in value)
    return str(value).removeprefix("{").removesuffix("}")


@pytest.fixture
def run(tclsh, tmp_path):
    """Return a function that runs a script as `vivado -mode batch -source SCRIPT` would."""
    cwd = tmp_path / "somewhere else"
    cwd.mkdir()
    with COMMANDS.open("rb") as file:
        (tmp_path / "commands").write_text(tcl(tomllib.load(file)))

    def go(script, *words, **answers):
        (tmp_path / "answers").write_text(tcl({**ANSWERS, **answers}))
        done = subprocess.run(
            [tclsh, STUB, *(tmp_path / n for n in ("commands", "log", "answers")), script, *words],
            cwd=cwd, capture_output=True, text=True, check=False,
        )  # fmt: skip
        calls = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
        return SimpleNamespace(
            status=done.returncode, said=done.stdout, error=done.stderr, calls=calls, cwd=cwd
        )

    go.cwd = cwd
    return go


def moved(written, tmp_path):
    """Return a copy of a folder where tools stumble, read-only."""
    folder = shutil.copytree(written, tmp_path / "Überraschung & zwei Räume" / "κόρη 核")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o555)
    return folder


@pytest.fixture(scope="module")
def written(design, tmp_path_factory):
    return write(design, tmp_path_factory.mktemp("vivado") / "squares")


@pytest.fixture
def folder(written, tmp_path):
    return moved(written, tmp_path)


def lay(design, folder):
    """Write of a hand-off folder what Vivado reads."""
    texts = {**design.files(), **vivado.files(design, vivado.Options())}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="ascii")
    return folder


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def of(calls, *commands):
    return [call for call in calls if call["command"] in commands]


def properties(calls):
    """Return what was set: (object, name): value."""
    found = {}
    for call in of(calls, "set_property"):
        if call["words"]:
            name, value, item = (" ".join(word) for word in call["words"])
        else:
            name, value, item = (
                " ".join(call["switches"][k]) for k in ("-name", "-value", "-objects")
            )
        assert (item, name) not in found, "a property is set twice"
        found[item, name] = value
    return found


def added(calls, fileset):
    return [
        path
        for call in of(calls, "add_files")
        if call["switches"]["-fileset"] == [fileset]
        for path in call["words"][0]
    ]


def passed(done):
    assert (done.status, done.error) == (0, "")
    return done.calls


def failed(done, *words):
    """One line, and status 1."""
    assert done.status == 1
    assert done.error.startswith("ERROR: ")
    assert done.error.count("\n") == 1
    assert all(word in done.error for word in words), done.error


def test_a_project_has_every_file_once_and_is_implemented(run, folder):
    done = run(folder / "vivado/create_project.tcl")
    calls = passed(done)
    [made] = of(calls, "create_project")
    assert made["switches"] == {"-part": ["xc7a100tcsg324-1"]}
    assert [" ".join(word) for word in made["words"]] == [
        "squares", str(done.cwd / "squares_project"),
    ]  # fmt: skip
    files = sorted(str(p) for n in ("rtl", "mem") for p in (folder / n).iterdir())
    assert sorted(added(calls, "sources_1")) == files
    assert added(calls, "constrs_1") == [str(folder / "vivado/squares.xdc")]
    assert properties(calls) == {
        (str(folder / "mem/squares_words.hex"), "file_type"): "Memory Initialization Files",
        ("sources_1", "top"): "squares",
        ("synth_1", "STEPS.SYNTH_DESIGN.ARGS.MORE OPTIONS"): "-mode out_of_context",
    }
    [message] = of(calls, "set_msg_config")
    assert message["switches"] == {"-id": ["Synth", "8-4445"], "-new_severity": ["ERROR"]}
    order = [call["words"][0][0] for call in of(calls, "launch_runs", "wait_on_run", "open_run")]
    assert order == ["synth_1", "synth_1", "impl_1", "impl_1", "impl_1"]
    assert done.said == (
        "timing is met: setup slack 0.123 ns, hold slack 0.045 ns at a period of 10.000 ns on "
        "xc7a100tcsg324-1\n"
    )
    assert {p.name for p in (done.cwd / "squares_project").iterdir()} == {
        "squares.xpr", "utilization.rpt", "timing.rpt",
    }  # fmt: skip


def test_out_of_context(run, folder):
    done = run(folder / "vivado/out_of_context.tcl", "xczu9eg-ffvb1156-2-e")
    calls = passed(done)
    [made] = of(calls, "create_project")
    assert made["switches"] == {"-part": ["xczu9eg-ffvb1156-2-e"], "-in_memory": []}
    files = sorted(str(p) for n in ("rtl", "mem") for p in (folder / n).iterdir())
    assert sorted(added(calls, "sources_1")) == files
    [constraints] = of(calls, "read_xdc")
    assert constraints["words"] == [[str(folder / "vivado/squares.xdc")]]
    [synthesis] = of(calls, "synth_design")
    assert synthesis["switches"] == {
        "-mode": ["out_of_context"], "-part": ["xczu9eg-ffvb1156-2-e"], "-top": ["squares"],
    }  # fmt: skip
    assert properties(calls)["clk", "HD.CLK_SRC"] == "BUFGCTRL_X0Y0"
    steps = ["opt_design", "place_design", "phys_opt_design", "route_design"]
    assert [call["command"] for call in of(calls, *steps)] == steps
    assert {p.name for p in (done.cwd / "squares_out_of_context").iterdir()} == {
        "squares.dcp", "utilization.rpt", "timing.rpt",
    }  # fmt: skip
    short = run(
        folder / "vivado/out_of_context.tcl", "xc7a35tcpg236-1", "synth", "elsewhere", sites=""
    )
    assert not of(passed(short), *steps)
    assert ("clk", "HD.CLK_SRC") not in properties(short.calls)
    assert short.said.startswith("timing is met: setup slack 0.123 ns at a period of")
    assert (short.cwd / "elsewhere/squares.dcp").exists()
    failed(
        run(folder / "vivado/out_of_context.tcl", "xc7a35tcpg236-1", "bitstream"), "synth or route"
    )


@pytest.mark.parametrize("script", SCRIPTS[:2])
@pytest.mark.parametrize("check", ["setup", "hold"])
def test_missed_timing_is_one_line_and_status_1(script, check, run, folder):
    done = run(folder / "vivado" / script, **{f"SLACK-{check}": "-0.312"})
    failed(done, f"timing is missed: {check} slack -0.312 ns at a period of 10.000 ns on xc7a100t")
    assert done.said == ""
    untimed = ({f"SLACK-{check}": ""}, {f"SLACK-{check}": "inf"}, {"pathless": check})
    for number, answer in enumerate(untimed):
        words = ["xc7a35tcpg236-1", *["route"] * (script == SCRIPTS[1]), f"unconstrained {number}"]
        failed(
            run(folder / "vivado" / script, *words, **answer),
            f"{check} of squares must be timed, and is not",
        )


@pytest.mark.parametrize("script", SCRIPTS[:2])
def test_a_missed_pulse_width_is_missed_timing(script, run, folder):
    """It has no path, and is in the report alone; before routing hold is missed there too."""
    missed = {"report": "Timing constraints are not met."}
    done = run(folder / "vivado" / script, **missed)
    failed(done, "timing is missed: a pulse width at a period of 10.000 ns on xc7a100tcsg324-1")
    if script == SCRIPTS[1]:
        passed(run(folder / "vivado" / script, "xc7a35tcpg236-1", "synth", "early", **missed))


@pytest.mark.parametrize("script", [*SCRIPTS[:2], "try_ip.tcl"])
def test_a_part_that_is_not_installed_leaves_nothing_behind(script, run, folder):
    (ip := run.cwd / "squares_ip").mkdir()
    (ip / "component.xml").touch()
    words = ["squares_ip"] * (script == "try_ip.tcl")
    done = run(folder / "vivado" / script, *words, "xc7nowhere-1")
    failed(done, "xc7nowhere-1 must be a part that is installed with this Vivado")
    assert [each.name for each in done.cwd.iterdir()] == ["squares_ip"]


def test_a_run_that_ends_badly_is_told(run, folder):
    done = run(folder / "vivado/create_project.tcl", PROGRESS="40%", STATUS="synth_design ERROR")
    failed(done, "synth_1 must end well: synth_design ERROR; its log is in ", "squares_project")
    assert not of(done.calls, "open_run")


@pytest.mark.parametrize("script", SCRIPTS)
def test_results_are_never_put_over_others(script, run, folder):
    passed(run(folder / "vivado" / script))
    failed(run(folder / "vivado" / script), "must not exist: remove it, or name another folder")


def interfaces(calls):
    """Return the interfaces of an IP: name: kind, mode, pins, parameters."""
    values = properties(calls)
    found = {}
    for call in of(calls, "ipx::add_bus_interface"):
        [name] = call["words"][0]
        assert name not in found
        found[name] = {
            "kind": values[name, "bus_type_vlnv"],
            "mode": values[name, "interface_mode"],
            "pins": {
                pin["words"][0][0]: values[f"{name}.{pin['words'][0][0]}", "physical_name"]
                for pin in of(calls, "ipx::add_port_map")
                if pin["words"][1] == [name]
            },
            "parameters": {
                each["words"][0][0]: values[f"{name}.{each['words'][0][0]}", "value"]
                for each in of(calls, "ipx::add_bus_parameter")
                if each["words"][1] == [name]
            },
        }
        kind = values[name, "bus_type_vlnv"].removesuffix(":1.0")
        assert values[name, "abstraction_type_vlnv"] == f"{kind}_rtl:1.0"
    return found


# a stream for weights, one for settings, tuser; the others have s_axis and m_axis
STREAMS = {
    "csc-small": {"loadable": True},
    "dense-small": {},
    "net-64-32-10": {"argmax": True},
    "fft-64": {"run_time": {"direction": True}},
    "fft-1024-bfp": {"points": 64},
    "rfft-1024": {"points": 64},
}


@pytest.mark.parametrize("name", STREAMS)
def test_an_ip_has_an_interface_for_every_stream(name, run, tmp_path):
    design = load(name, set={**STREAMS[name], "target": "xc7"})
    core = design.name
    done = run(lay(design, tmp_path / "Größe eins") / "vivado/package_ip.tcl")
    found = interfaces(passed(done))
    streams = {s.name for s in design.streams}
    assert set(found) == {*streams, "clk", "rst"}
    for stream in streams:
        assert found[stream] == {
            "kind": "xilinx.com:interface:axis:1.0",
            "mode": "slave" if stream.startswith("s_") else "master",
            "pins": {f"T{p.role.upper()}": p.name for p in design.ports if p.stream == stream},
            "parameters": {},
        }
    assert found["rst"]["parameters"] == {"POLARITY": "ACTIVE_HIGH"}
    assert found["rst"]["kind"] == "xilinx.com:signal:reset:1.0"
    clock = found["clk"]["parameters"]
    assert set(clock.pop("ASSOCIATED_BUSIF").split(":")) == streams
    assert clock == {"ASSOCIATED_RESET": "rst"}
    mapped = {pin for each in found.values() for pin in each["pins"].values()}
    assert {p.role for p in design.ports if p.name not in mapped} == {"event"}
    ip = done.cwd / f"{core}_ip"
    assert {p.relative_to(ip).as_posix() for p in ip.rglob("*") if p.is_file()} == {
        "component.xml",
        f"xdc/{core}_ooc.xdc",
        *(n.replace("rtl/", "hdl/") for n in design.files()),
    }
    names = [call["command"] for call in done.calls]
    assert names[-5:] == [
        "ipx::create_xgui_files", "ipx::update_checksums", "ipx::check_integrity",
        "ipx::save_core", "close_project",
    ]  # fmt: skip
    assert names.index("ipx::remove_all_bus_interface") < names.index("ipx::add_bus_interface")
    assert [c["words"][0] for c in of(done.calls, "ipx::remove_user_parameter")] == [["MEM_DIR"]]


def test_some_of_these_have_weights_settings_and_exponents():
    designs = [load(name, set=asked or None) for name, asked in STREAMS.items()]
    assert {"s_axis_weight", "s_axis_config"} <= {s.name for d in designs for s in d.streams}
    assert "user" in {p.role for d in designs for p in d.ports}


def test_an_ip_is_named(run, folder):
    done = run(folder / "vivado/package_ip.tcl", "my ip", "example.org", "2.1")
    values = properties(passed(done))
    [packaged] = of(done.calls, "ipx::package_project")
    assert packaged["switches"]["-vendor"] == ["example.org"]
    assert (values["core", "name"], values["core", "version"]) == ("squares", "2.1")
    assert f"the IP example.org:ip:squares:2.1 is in {done.cwd / 'my ip'}\n" == done.said


def test_an_ip_that_lost_a_file_is_not_finished(run, folder):
    failed(run(folder / "vivado/package_ip.tcl", lost="2"), "mem/squares_words.hex must be among")


def test_an_ip_is_tried_in_a_project_that_knows_its_folder_only(run, folder, tmp_path):
    failed(run(folder / "vivado/try_ip.tcl"), "squares_ip must be an IP, made by package_ip.tcl")
    passed(run(folder / "vivado/package_ip.tcl"))
    carried = tmp_path / "andere Räume/ip"
    shutil.move(tmp_path / "somewhere else/squares_ip", carried.parent.with_name("ip"))
    done = run(folder / "vivado/try_ip.tcl", carried.parent.with_name("ip"))
    calls = passed(done)
    assert not of(calls, "add_files")
    assert properties(calls) == {("project", "ip_repo_paths"): str(tmp_path / "ip")}
    [made] = of(calls, "create_ip")
    assert made["switches"] == {"-vlnv": ["kolam:ip:core:1.0"], "-module_name": ["trial"]}
    assert [c["words"][0] for c in of(calls, "launch_runs")] == [["trial_synth_1"]]
    again = ("again", "xc7a35tcpg236-1", "another")
    shutil.copytree(tmp_path / "ip", tmp_path / "somewhere else/again")
    failed(
        run(folder / "vivado/try_ip.tcl", *again, definitions=""), "must be in the catalog of IPs"
    )


@pytest.mark.parametrize("name", STREAMS)
def test_constraints_name_every_port(name, run, tmp_path):
    design = load(name, set=STREAMS[name] or None)
    folder = lay(design, tmp_path / name)
    calls = passed(run(folder / f"vivado/{design.name}.xdc"))
    [clock] = of(calls, "create_clock")
    assert clock["switches"] == {"-name": ["clk"], "-period": ["10.000"]}
    assert clock["words"] == [["clk"]]
    for command, direction in (("set_input_delay", "input"), ("set_output_delay", "output")):
        [delay] = of(calls, command)
        assert delay["switches"] == {"-clock": ["clk"], "-max": []}
        assert delay["words"] == [
            ["2.000"],
            [
                f"{p.name}[*]" if p.width > 1 else p.name
                for p in design.ports
                if p.direction == direction and p.name != "clk"
            ],
        ]
    alone = passed(run(folder / f"vivado/{design.name}_ooc.xdc"))
    assert [call["command"] for call in alone] == ["get_ports", "create_clock"]
    for text in folder.glob("vivado/*.xdc"):  # what XDC allows of Tcl, UG903
        used = set(
            re.findall(r"(?:^|\[)([a-z_]+)", re.sub(r"(?m)#.*$", "", text.read_text()), re.M)
        )
        ports = {p.name for p in design.ports}
        assert used - ports <= {"create_clock", "get_ports", "set_input_delay", "set_output_delay"}


@pytest.mark.parametrize(
    ("script", "old", "new", "says"),
    [
        ("create_project.tcl", "-part", "-prat", "create_project knows no switch -prat"),
        ("common.tcl", "-norecurse", "-no_recurse", "add_files knows no switch -no_recurse"),
        ("common.tcl", "wait_on_run ", "wait_for_run ", "knows wait_for_run"),
        ("common.tcl", "file_type", "filetype", "there is no property filetype"),
        ("common.tcl", "[get_filesets sources_1]", "{}", "set_property has no object"),
        ("common.tcl", "[file join $root rtl]", "../rtl", "there is no file ../rtl/"),
        ("common.tcl", "set paths {}", "set paths [lmap x {} {}]", "knows lmap"),
        ("create_project.tcl", "[list [file join", "[join [file join", "there is no file "),
        ("create_project.tcl", "open_run impl_1", "", "no design is open"),
        ("create_project.tcl", "run impl_1", "run impl_2", "no run is impl_2"),
        ("create_project.tcl", "[file join $folder timing.rpt]", "", "a value behind -file"),
        ("package_ip.tcl", "$folder hdl]", "$folder .. hdl]", "hdl/squares.v is outside of the IP"),
        ("package_ip.tcl", "ipx::save_core $ip", "ipx::save_core", "must have 1 to 1 words"),
        ("core.tcl", "squares_handshake.v", "squares_handshakes.v", "there is no file "),
        ("core.tcl", "    squares.v", "    squares.v\n    squares.v", "is added twice"),
    ],
)  # fmt: skip
def test_a_script_with_a_fault_is_refused(script, old, new, says, run, written, tmp_path):
    """The stub is tested: without this it might accept anything."""
    folder = shutil.copytree(written, tmp_path / "a copy")
    path = folder / "vivado" / script
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    name = script if script in SCRIPTS else "create_project.tcl"
    done = run(path.with_name(name))
    assert done.status == 1
    assert says in done.error


@pytest.mark.parametrize("name", ["rtl/squares.v", "mem/squares_words.hex", "vivado/squares.xdc"])
@pytest.mark.parametrize("script", SCRIPTS[:2])
def test_a_missing_file_is_refused(name, script, run, written, tmp_path):
    folder = shutil.copytree(written, tmp_path / "a copy")
    (folder / name).unlink()
    failed(run(folder / "vivado" / script), f"there is no file {folder / name}")


def test_the_scripts_write_nothing_beside_themselves(run, folder):
    before = contents(folder), {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    for script in SCRIPTS:
        passed(run(folder / "vivado" / script))
    assert (contents(folder), {p: p.stat().st_mtime_ns for p in folder.rglob("*")}) == before


def test_other_designs_have_none(tmp_path, make_table):
    ecp5 = make_table(target=Target.ECP5)
    folder = write(ecp5, tmp_path / "out")
    assert not (folder / "vivado").exists()
    assert load_bundle(folder).manifest["tools"] == {}
    assert "Vivado" not in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    "part",
    ["xc7a100tcsg324-1", "xc7z020clg400-1", "xczu9eg-ffvb1156-2-e", "xcvu9p-flga2104-2L-e",
     "xck26-sfvc784-2LV-c", "xcvc1902-vsva2197-2MP-e-S", "xa7a35tcsg324-1I"],
)  # fmt: skip
def test_a_part(part):
    assert vivado.Options(part=part).part == part


@pytest.mark.parametrize(
    "part",
    ["", "xc7a100t", "xc7a100tcsg324", "XC7A100TCSG324-1", "lfe5u-85f", "xc7a100tcsg324-", 7, None,
     "xc7a100tcsg324-1\n", "xc7a100tcsg324-1]; exec rm", "xc7-" + "1" * 99],
)  # fmt: skip
def test_no_part(part):
    with pytest.raises(ValueError, match=r"^part must be a device with its package"):
        vivado.Options(part=part)


@pytest.mark.parametrize("period", [0, -1.0, 0.499, 1000.1, float("nan"), float("inf")])
def test_no_period(period):
    with pytest.raises(ValueError, match=r"^period must be 0\.5 to 1000 ns, not "):
        vivado.Options(period=period)


def test_part_and_period_are_where_they_belong(run, tmp_path):
    folder = write(load("csc-small"), tmp_path / "out", frames=1)
    before = contents(folder)
    rewrite(folder, "vivado", part="xc7k160tffg676-2", period=3.125)
    after = contents(folder)
    changed = {str(name) for name in before | after if before.get(name) != after.get(name)}
    assert changed == {
        "manifest.json", "vivado/core.tcl", "vivado/csc_small.xdc", "vivado/csc_small_ooc.xdc",
    }  # fmt: skip
    bundle = load_bundle(folder)
    assert bundle.manifest["tools"]["vivado"] == {"part": "xc7k160tffg676-2", "period": 3.125}
    done = run(folder / "vivado/create_project.tcl")
    assert of(passed(done), "create_project")[0]["switches"]["-part"] == ["xc7k160tffg676-2"]
    assert done.said.endswith("at a period of 3.125 ns on xc7k160tffg676-2\n")
    calls = passed(run(folder / "vivado/csc_small.xdc"))
    assert of(calls, "create_clock")[0]["switches"]["-period"] == ["3.125"]
    assert of(calls, "set_input_delay")[0]["words"][0] == ["0.625"]
    rewrite(folder, "vivado")
    assert contents(folder) == before
