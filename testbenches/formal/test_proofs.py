"""The stream kernels keep their promises in every run, and a bug in any of them is found."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kolam.flows import yowasp
from kolam.hdl.module import Emission, emit
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.settings_port import settings_control
from kolam.kernels.stream_fifo import output_fifo, stream_fifo
from kolam.kernels.stream_register import stream_register
from kolam.kernels.width_converter import _Ring, width_converter
from kolam.testbenches.equivalence import bit, word
from kolam.testbenches.formal import Proof, mutate, prove

STREAM = "clk rst s_valid s_ready s_data:{0} m_valid m_ready m_data:{0} "
LINES = ("u_words.bits[0].line", "u_words.bits[1].line")
BUG_DEPTH = 14  # clocks in which each bug below shows itself


@dataclass(frozen=True)
class Case:
    """A kernel, its ports (name:width), its constants, and the properties beside this file.

    defines: macros of the properties. expose: what the kernel remembers.
    """

    kernel: Any
    ports: str
    constants: dict[str, Any] = field(default_factory=dict)
    defines: dict[str, str | int] = field(default_factory=dict)
    expose: tuple[str, ...] = ()

    def emit(self) -> Emission:
        """Return the Verilog of the kernel as module dut."""
        signals = {}
        for port in self.ports.split():
            name, _, width = port.partition(":")
            signals[name] = word(int(width)) if width else bit()
        return emit(self.kernel, "dut", {**signals, **self.constants})

    def prove(self, files: dict[str, str], folder: Path, depth: int) -> Proof:
        """Try to prove the properties of these files."""
        name = self.kernel.func.__name__
        text = Path(__file__).with_name(f"{name}.sv").read_text(encoding="utf-8")
        lines = "".join(f"`define {macro} {value}\n" for macro, value in self.defines.items())
        return prove(
            files, lines + text, f"{name}_proof", folder=folder, yosys=yowasp.run, depth=depth,
            expose=self.expose,
        )  # fmt: skip


def fifo(depth: int) -> Case:
    return Case(
        stream_fifo, STREAM.format(2), {"depth": depth},
        {"DEPTH": depth, "A": depth.bit_length() - 1}, ("u_level.last", *LINES),
    )  # fmt: skip


def output(depth: int, reserve: int) -> Case:
    return Case(
        output_fifo, "clk rst s_valid s_data:2 m_valid m_ready m_data:2 room",
        {"depth": depth, "reserve": reserve},
        {"DEPTH": depth, "A": depth.bit_length() - 1, "RESERVE": reserve},
        ("u_level.last", *LINES),
    )  # fmt: skip


def guard(beats: int) -> Case:
    return Case(
        frame_guard,
        STREAM.format(4) + "s_last m_first m_pad verdict_valid verdict_good frame_error",
        {"beats": beats}, {"BEATS": beats}, ("left", "pad", "drop"),
    )  # fmt: skip


def gate(beats: int, frames: int) -> Case:
    return Case(
        frame_gate, STREAM.format(2) + "m_last verdict_valid verdict_good",
        {"beats": beats, "frames": frames},
        {"BEATS": beats, "FRAMES": frames, "A": frames.bit_length() - 1},
        ("u_level.last", "u_verdicts.bits[0].line", "u_gate.left"),
    )  # fmt: skip


def converter(s_lanes: int, m_lanes: int, elements: int) -> Case:
    ring = _Ring(s_lanes, m_lanes, elements)
    inner = {f"u_places_{k}.y": f"kept[{k}]" for k in range(ring.s_places)}
    inner.update({"u_s_count.left": "s_left", "u_m_count.left": "m_left"})
    if ring.s_places > 1:
        inner["write"] = "write"
    if ring.m_places > 1:
        inner["read"] = "read"
    return Case(
        width_converter,
        f"clk rst s_valid s_ready s_data:{2 * s_lanes} m_valid m_ready m_data:{2 * m_lanes} m_last",
        {"s_lanes": s_lanes, "m_lanes": m_lanes, "elements": elements},
        {
            "S": s_lanes, "M": m_lanes, "E": elements,
            "S_PLACES": ring.s_places, "M_PLACES": ring.m_places,
            "INNER": ", ".join(f".\\{name} ({wire})" for name, wire in inner.items()),
        },
        ("u_flags.full", *inner),
    )  # fmt: skip


def settings(count: int) -> Case:
    bits = max(1, (count - 1).bit_length())
    index = f"index:{bits}" if bits > 1 else "index"
    return Case(
        settings_control,
        f"clk rst s_valid s_ready s_last misfit drains between empty {index} takes applies hold "
        "changed config_error",
        {"count": count}, {"COUNT": count, "BITS": bits}, ("pending", "wrong", "fresh", "other"),
    )  # fmt: skip


ENTRY = Case(entry_register, STREAM.format(4) + "s_first s_pad m_first")
REGISTER = Case(stream_register, STREAM.format(4), expose=("spare",))

PROOFS = {
    "stream_register": REGISTER,
    "entry_register": ENTRY,
    "stream_fifo of 4": fifo(4),
    "stream_fifo of 16": fifo(16),
    "output_fifo": output(8, 5),
    "frame_guard, 1 beat": guard(1),
    "frame_guard, 3 beats": guard(3),
    "frame_guard, 256 beats": guard(256),
    "frame_gate, 1 beat": gate(1, 4),
    "frame_gate, 3 beats": gate(3, 4),
    "settings_control, 1 word": settings(1),
    "settings_control, 3 words": settings(3),
    "width_converter 1 to 3": converter(1, 3, 4),
    "width_converter 3 to 1": converter(3, 1, 4),
    "width_converter 2 to 3": converter(2, 3, 7),
    "width_converter 4 to 3": converter(4, 3, 13),
}

# a case, a text of its Verilog that occurs once, and what a hasty hand might write there
BUGS = {
    "register takes a beat while the spare one is full": (
        REGISTER,
        "else if (s_valid) begin\n            s_ready <= 1'b0",
        "else if (0) begin\n            s_ready <= 1'b0",
    ),
    "register forgets the spare beat": (REGISTER, "m_data <= spare", "m_data <= s_data"),
    "register withdraws its beat": (
        REGISTER,
        "if (s_ready) begin\n                m_valid",
        "if (1) begin\n                m_valid",
    ),
    "entry register takes a beat while it is full": (
        ENTRY,
        "move = m_ready || !full",
        "move = 1",
    ),
    "entry register shows what completes a frame": (ENTRY, "if (s_pad)", "if (0)"),
    "FIFO takes one word too many": (fifo(4), "push = s_valid && (", "push = s_valid && (1 || "),
    "FIFO pops when empty": (fifo(4), "pop = (last >= 0) && m_ready", "pop = m_ready"),
    "room is seen one word too long": (output(8, 5), "oldest}) < 2", "oldest}) < 3"),
    "guard drops the frame after a short one": (
        guard(3),
        "drop <= at_last && !pad && !s_last",
        "drop <= at_last && !s_last",
    ),
    "guard takes beats while it completes a frame": (
        guard(3),
        "s_ready = drop || (m_ready && !pad)",
        "s_ready = drop || m_ready",
    ),
    "guard calls a long frame good": (
        guard(3),
        "verdict_good <= at_last && s_last",
        "verdict_good <= at_last",
    ),
    "gate spends a verdict a beat": (gate(3, 4), "done = leave && at_last", "done = leave"),
    "gate offers a bad frame": (
        gate(3, 4),
        "m_valid = s_valid && judged && good",
        "m_valid = s_valid && judged",
    ),
    "settings beyond their limits are taken": (
        settings(3),
        "at_last && !wrong && !misfit",
        "at_last && !misfit",
    ),
    "settings change within a frame": (settings(1), "pending && between &&", "pending &&"),
    "settings change while frames are under way": (settings(3), "(empty || !drains)", "1"),
    "settings are taken while others wait": (
        settings(1),
        "move = s_valid && !pending",
        "move = s_valid",
    ),
    "a frame may begin as settings change": (
        settings(3),
        "hold = pending || fresh",
        "hold = pending",
    ),
    "converter overwrites": (converter(2, 3, 7), "blocking = kept & wanted", "blocking = 0"),
    "converter goes on in the ring after a frame": (
        converter(3, 1, 4),
        "if (last || (",
        "if (0 || (",
    ),
    "converter never frees a place": (
        converter(2, 3, 7),
        "full <= kept | filling",
        "full <= full | filling",
    ),
    "converter leaves garbage beyond a frame": (
        converter(1, 3, 4),
        "if (last) begin\n            y",
        "if (0) begin\n            y",
    ),
}


@pytest.mark.parametrize("title", PROOFS)
def test_the_promises_hold_for_ever(title: str, tmp_path: Path, shown) -> None:
    case = PROOFS[title]
    found = case.prove(case.emit().files, tmp_path, depth=2)
    shown(f"k-induction: {title}", {"holds": found.holds, "seconds": round(found.seconds, 1)})
    assert found.holds, found.said


@pytest.mark.parametrize("title", BUGS)
def test_a_bug_is_found(title: str, tmp_path: Path, shown) -> None:
    case, old, new = BUGS[title]
    found = case.prove(mutate(case.emit().files, old, new), tmp_path, depth=BUG_DEPTH)
    shown(f"refused: {title}", {"refused": not found.base, "seconds": round(found.seconds, 1)})
    assert not found.base, found.said


def test_assumptions_that_contradict_each_other_prove_nothing(tmp_path: Path) -> None:
    text = (
        "module none(input clk, input rst, input s_valid, input m_ready, input [3:0] s_data);\n"
        "dut dut (.clk(clk), .rst(rst), .s_valid(s_valid), .m_ready(m_ready), .s_data(s_data));\n"
        "always @* begin assume (rst); assume (!rst); assert (0); end\nendmodule\n"
    )
    with pytest.raises(RuntimeError, match="smtbmc must say PASSED or FAILED"):
        prove(REGISTER.emit().files, text, "none", folder=tmp_path, yosys=yowasp.run)


def test_a_bug_must_have_one_place() -> None:
    with pytest.raises(ValueError, match="must be there once, not 0 times: 'nowhere'"):
        mutate(REGISTER.emit().files, "nowhere", "here")
