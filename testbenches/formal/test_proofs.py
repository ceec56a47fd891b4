"""The stream kernels keep their promises in every run, and a bug in any of them is found."""

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from kolam.flows import yowasp
from kolam.generators.fft import Architecture, Config, Formats, IterativeFft, build
from kolam.generators.iterative_fft import iterative_fft
from kolam.hdl import Format
from kolam.hdl.module import emit
from kolam.hdl.target import Target
from kolam.kernels.frame_gate import frame_gate
from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.kernels.frame_reorder import frame_reorder
from kolam.kernels.lane_reorder import depth, frames_held, lane_reorder
from kolam.kernels.pipeline_entry import line_address, pipeline_entry, wash_clocks
from kolam.kernels.real_split import real_split
from kolam.kernels.settings_port import settings_control
from kolam.kernels.stream_fifo import output_fifo, stream_fifo
from kolam.kernels.stream_register import stream_register
from kolam.kernels.width_converter import _Ring, width_converter
from kolam.testbenches.equivalence import bit, word
from kolam.testbenches.formal import Proof, mutate, prove

STREAM = "clk rst s_valid s_ready s_data:{0} m_valid m_ready m_data:{0} "
LINES = ("u_words.bits[0].line", "u_words.bits[1].line")


@dataclass(frozen=True)
class Case:
    """A kernel, its ports (name:width), its constants, and the properties beside this file.

    defines: macros of the properties. expose: what the kernel remembers. depth: of the induction,
    and of the base of a proof. reach: clocks in which all covers are met, 0 where there are none.
    shows: clocks in which a bug shows itself. properties: their name, by default the kernel's.
    """

    kernel: Any
    ports: str
    constants: dict[str, Any] = field(default_factory=dict)
    defines: dict[str, str | int] = field(default_factory=dict)
    expose: tuple[str, ...] = ()
    depth: int = 2
    reach: int = 0
    shows: int = 14
    properties: str = ""

    @property
    def name(self) -> str:
        """Of the properties."""
        return self.properties or str(self.kernel.func.__name__)

    def files(self) -> dict[str, str]:
        """Return the Verilog of the kernel as module dut."""
        signals = {}
        for port in self.ports.split():
            name, _, width = port.partition(":")
            signals[name] = word(int(width)) if width else bit()
        return emit(self.kernel, "dut", {**signals, **self.constants}).files

    def prove(self, files: dict[str, str], folder: Path, *, depth: int = 0) -> Proof:
        """Try to prove the properties of these files; depth: another one, to look for a bug."""
        text = Path(__file__).with_name(f"{self.name}.sv").read_text(encoding="utf-8")
        lines = "".join(f"`define {macro} {value}\n" for macro, value in self.defines.items())
        return prove(
            files, lines + text, f"{self.name}_proof", folder=folder, yosys=yowasp.run,
            depth=depth or self.depth, expose=self.expose, reach=self.reach,
        )  # fmt: skip


@dataclass(frozen=True)
class Engine(Case):
    """A whole engine, constants being its configuration; what is proved is its control."""

    def files(self) -> dict[str, str]:
        """Return the hand-off of the engine as module dut."""
        return dict(build(Config(**self.constants), name="dut").files())


def engine(
    points: int, butterflies: int = 1, stages: int = 1, *, block: bool = False, prefix: int = 0,
    reach: int = 0,
) -> Case:  # fmt: skip
    few = Format.parse("s0.7" if block else "s0.2")
    config = {
        "points": points, "architecture": Architecture.ITERATIVE, "butterflies": butterflies,
        "stages_a_pass": stages,
        "scaling": "block" if block else None, "cyclic_prefix": prefix,
        "formats": Formats(input=few, output=few, twiddle=Format(True, 1, 8 if block else 1)),
    }  # fmt: skip
    design = build(Config(**config))
    assert isinstance(design, IterativeFft)
    wires = ("works first last reads_input reads_memory fills loaded taken unloaded stores gives "
             "written reads place_in place_out u_memory.waddr u_memory.raddr u_buffer.waddr "
             "u_control.now u_control.stage u_control.active u_control.odd u_load.full "
             "u_unload.full u_flag_line.line")  # fmt: skip
    lines = [f"u_place_line.bits[{k}].line" for k in range(design.words.bit_length() + 1)]
    inner = {line: f"places[{k}]" for k, line in enumerate(lines)}
    if prefix:
        inner["u_unload.whole"] = "whole"
    return Engine(
        iterative_fft, "", config,
        {
            "N": points, "M": design.words, "TURN": design.turn,
            "PASSES": design.config.passes, "STAGES": stages,
            "W": design.written, "PREFIX": prefix,
            "INNER": ", ".join(f".\\{name} ({wire})" for name, wire in inner.items()),
        },
        (*wires.split(), *inner), reach=reach,
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


def gate(beats: int, frames: int, style: str = "shift") -> Case:
    defines: dict[str, str | int] = {
        "BEATS": beats, "FRAMES": frames, "A": frames.bit_length() - 1
    }  # fmt: skip
    inner = {"u_verdicts.u_line.bits[0].line": "line"}
    if style == "ram":
        inner = {f"u_verdicts.u_line.mem[{k}]": f"line[{k}]" for k in range(frames)}
        inner |= {"u_verdicts.u_line.newest": "newest", "u_verdicts.u_head.held": "held"}
        inner["good"] = "kept"
        defines["RING"] = 1
    defines["INNER"] = ", ".join(f".\\{name} ({wire})" for name, wire in inner.items())
    return Case(
        frame_gate, STREAM.format(2) + "m_last verdict_valid verdict_good",
        {"beats": beats, "frames": frames, "style": style}, defines,
        ("u_verdicts.u_level.last", "u_gate.left", *inner),
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


def pipeline(beats: int) -> Case:
    return Case(
        pipeline_entry,
        "clk rst wash room s_valid s_ready s_first s_pad s_data:4 ce valid_next x:4",
        defines={"BEATS": beats}, expose=("stuck", "held"), reach=12,
    )  # fmt: skip


def address(width: int) -> Case:
    turn = 1 << width
    return Case(
        line_address, f"clk rst ce at:{width} wash" if width > 1 else "clk rst ce at wash",
        defines={"A": width, "WASH": wash_clocks(turn)}, expose=("now", "leading"),
        reach=wash_clocks(turn) + 4 if turn <= 8 else 0,
    )  # fmt: skip


def reorder(points: int, lanes: int = 1) -> Case:
    words, width = range(depth(points, lanes)), 1 if lanes > 1 else 2
    banks = [f"u_buffers_{bank}." for bank in range(lanes)] if lanes > 1 else ["u_buffer."]
    tops = banks if lanes > 1 else [""]
    inner = {
        f"{bank}{name}": f"{wire}[{number}*{size} +: {size}]"
        for wire, size, places in (
            ("cells", "W", product(banks, [f"mem[{k}]" for k in words])),
            ("waddrs", "A", product(tops, ["waddr"])),
            ("raddrs", "A", product(tops, ["raddr"])),
        )
        for number, (bank, name) in enumerate(places)
    }
    inner |= {f"u_count.{name}": name for name in ("into", "out_of", "reading", "turned")}
    inner |= {"we": "we", "re": "re"}
    sizes = {"points": points, "lanes": lanes}
    return Case(
        lane_reorder if lanes > 1 else frame_reorder,
        f"clk rst ce valid x:{width * lanes} put y:{width * lanes}",
        sizes if lanes > 1 else {"points": points},
        {
            **{name.upper(): value for name, value in sizes.items()},
            "WIDTH": width, "DEPTH": len(words), "LATE": frames_held(points, lanes) - 1,
            "INNER": ", ".join(f".\\{name} ({wire})" for name, wire in inner.items()),
        },
        tuple(inner), properties="reorder",
    )  # fmt: skip


def split(points: int, reverses_in: bool, reverses_out: bool) -> Case:
    size = points.bit_length() - 1
    orders = {"reverses_in": reverses_in, "reverses_out": reverses_out}
    return Case(
        real_split, f"clk rst ce valid_next x:2 at:{size + 1} w:4 y_next y:5",
        {"points": points, "inverse": False, "fraction": 2, "target": Target.GENERIC, **orders},
        {
            "A": size, "TOGETHER": int(reverses_in and reverses_out),
            **{name.upper(): int(value) for name, value in orders.items()},
        },
        ("we", "re", "waddr", "own_turn", "begins", "count", "u_write.here", "u_write.at_im",
         "u_write.into", "u_read.going", "u_read.now", "u_buffer.raddr"),
        reach=4 * points + 2 if points <= 4 and reverses_in and reverses_out else 0, shows=16,
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
    "frame_gate, 1 beat, verdicts in a memory": gate(1, 4, "ram"),
    "frame_gate, 3 beats, verdicts in a memory": gate(3, 4, "ram"),
    "pipeline_entry, 1 beat": pipeline(1),
    "pipeline_entry, 3 beats": pipeline(3),
    "line_address of 2": address(1),
    "line_address of 8": address(3),
    "line_address of 4096": address(12),
    "frame_reorder, 8 points": reorder(8),
    "lane_reorder, 2 of 8 points": reorder(8, 2),
    "lane_reorder, 2 of 16 points": reorder(16, 2),
    "lane_reorder, 4 of 16 points": reorder(16, 4),
    "lane_reorder, 4 of 8 points": reorder(8, 4),
    "real_split of 4": split(4, True, True),
    "real_split of 16": split(16, True, True),
    "real_split of 512": split(512, True, True),
    "real_split of 4, natural out": split(4, True, False),
    "real_split of 16, natural in": split(16, False, True),
    "iterative_fft of 8, prefix of 3": engine(8, prefix=3),
    "iterative_fft of 64, 2 butterflies": engine(64, 2),
    "iterative_fft of 64, 2 butterflies, 2 stages": engine(64, 2, 2),
    "iterative_fft of 16, block": engine(16, block=True),
    "settings_control, 1 word": settings(1),
    "settings_control, 3 words": settings(3),
    "width_converter 1 to 3": converter(1, 3, 4),
    "width_converter 3 to 1": converter(3, 1, 4),
    "width_converter 2 to 3": converter(2, 3, 7),
    "width_converter 4 to 3": converter(4, 3, 13),
}

# a case, a text of its Verilog that occurs once, and what a hasty hand might write there
LONG_PROOFS = {
    "iterative_fft of 8": engine(8, reach=62),
    "iterative_fft of 64": engine(64),
    "iterative_fft of 32, 4 butterflies, prefix of 31": engine(32, 4, prefix=31),
    "iterative_fft of 256": engine(256),
    "real_split of 8, natural out": split(8, True, False),
    "real_split of 4096": split(4096, True, True),
}

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
    "gate passes a verdict that others wait behind": (
        gate(3, 4, "ram"),
        "push && (waiting || ",
        "push && (0 || ",
    ),
    "entry takes a beat while it is washed": (
        pipeline(3),
        "s_ready = !wash && ",
        "s_ready = ",
    ),
    "entry overwrites a beat that waits": (pipeline(3), "free = !stuck", "free = 1"),
    "entry moves past a beat that is missing": (
        pipeline(3),
        "going = room && (s_first || s_valid || ",
        "going = room && (1 || ",
    ),
    "entry loses a beat that waits": (pipeline(3), "filled = stuck || ", "filled = "),
    "entry lets the last frame wait": (pipeline(3), "(s_first || s_valid", "(s_valid"),
    "entry moves without room": (pipeline(3), "going = room && (", "going = ("),
    "entry shows what completes a frame": (pipeline(3), "if (s_pad)", "if (0)"),
    "address is washed a turn too short": (address(3), "wash <= leading", "wash <= 0"),
    "address counts what is not enabled": (address(3), "else if (ce)", "else if (1)"),
    "reorder believes a frame turned round while its last beat comes": (
        reorder(8, 2),
        "turns = turned == reading",
        "turns = turned",
    ),
    "reorder never turns round": (reorder(4), "turned <= !turned", "turned <= 0"),
    "reorder takes the banks of the next beat": (reorder(8, 2), ".key(keys_1)", ".key(read[1])"),
    "reorder reads while the last beat comes": (
        reorder(4, 2),
        "re = ce && reading",
        "re = ce && (reading || whole)",
    ),
    "a word of before a reset is told": (reorder(4), "y <= x && !rst", "y <= x"),
    "split reads before the other one is there": (
        split(4, True, True),
        "into[1:0] == 1",
        "into[1:0] == 0",
    ),
    "split reads a frame that is not whole": (
        split(4, True, False),
        "into[1:0] == 3",
        "into[1:0] == 2",
    ),
    "split counts a word of before a reset": (split(4, True, True), "here <= 1'b0", "here <= here"),
    "split stops between frames back to back": (
        split(4, True, True),
        "if (begins) begin\n                going",
        "if (begins && !going) begin\n                going",
    ),
    "split reads the buffer that is written": (
        split(4, True, False),
        "read_bank <= bank",
        "read_bank <= !bank",
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


# the same of the engine, where a run from the start would be long: one clock leads out of what the
# properties allow
ENGINE_BUGS = {
    "the first pass waits for no frame": ("(at_first && loaded)", "at_first"),
    "the next frame begins without one": (
        "else if (at_last) begin\n            ready = loaded",
        "else if (at_last) begin\n            ready = 1",
    ),
    "the last pass waits for no empty buffer": ("ready = (stage != 1) || unloaded", "ready = 1"),
    "a pass is too short for its results": ("at_end = now == 10", "at_end = now == 9"),
    "a buffer that is read is loaded": ("we = valid && !full", "we = valid"),
    "a buffer that is filled is read": (
        "if (written) begin\n                full",
        "if (begun) begin\n                full",
    ),
    "a buffer that is read is empty": ("empty <= 1'b0", "empty <= 1'b1"),
    "the last results go into the memory": ("stores = works && !last", "stores = works"),
    "results of before a reset arrive": (
        "if (rst) begin\n            line <= 0",
        "if (0) begin\n            line <= 0",
    ),
    "a pass reads the half that it writes": ("reads_half = !odd", "reads_half = odd"),
    "words are read as they were written": (
        "{reads_half, {step[0], step[1]}}",
        "{reads_half, step[1:0]}",
    ),
}


SELDOM = ("split stops between frames back to back", "split reads the buffer that is written")
OFTEN = (
    "the first pass waits for no frame",
    "the last pass waits for no empty buffer",
    "a pass is too short for its results",
    "a buffer that is read is loaded",
)


@pytest.mark.parametrize("title", PROOFS)
def test_the_promises_hold_for_ever(title: str, tmp_path: Path, shown) -> None:
    case = PROOFS[title]
    found = case.prove(case.files(), tmp_path)
    shown(f"k-induction: {title}", {"holds": found.holds, "seconds": round(found.seconds, 1)})
    assert found.holds, found.said


@pytest.mark.shown
@pytest.mark.parametrize("title", LONG_PROOFS)
def test_the_promises_of_large_ones_hold_for_ever(title: str, tmp_path: Path, shown) -> None:
    case = LONG_PROOFS[title]
    found = case.prove(case.files(), tmp_path)
    shown(f"k-induction: {title}", {"holds": found.holds, "seconds": round(found.seconds, 1)})
    assert found.holds, found.said


@pytest.mark.parametrize(
    "title",
    [pytest.param(title, marks=pytest.mark.shown) if title in SELDOM else title for title in BUGS],
)
def test_a_bug_is_found(title: str, tmp_path: Path, shown) -> None:
    case, old, new = BUGS[title]
    found = case.prove(mutate(case.files(), old, new), tmp_path, depth=case.shows)
    shown(f"refused: {title}", {"refused": not found.base, "seconds": round(found.seconds, 1)})
    assert not found.base, found.said


@pytest.mark.parametrize(
    "title",
    [title if title in OFTEN else pytest.param(title, marks=pytest.mark.shown)
     for title in ENGINE_BUGS],
)  # fmt: skip
def test_a_bug_of_the_engine_is_found(title: str, tmp_path: Path, shown) -> None:
    old, new = ENGINE_BUGS[title]
    case = engine(8)
    found = case.prove(mutate(case.files(), old, new), tmp_path)
    shown(f"refused: {title}", {"refused": not found.holds, "seconds": round(found.seconds, 1)})
    assert not found.holds, found.said


def test_assumptions_that_contradict_each_other_prove_nothing(tmp_path: Path) -> None:
    text = (
        "module none(input clk, input rst, input s_valid, input m_ready, input [3:0] s_data);\n"
        "dut dut (.clk(clk), .rst(rst), .s_valid(s_valid), .m_ready(m_ready), .s_data(s_data));\n"
        "always @* begin assume (rst); assume (!rst); assert (0); end\nendmodule\n"
    )
    with pytest.raises(RuntimeError, match="smtbmc must say PASSED or FAILED"):
        prove(REGISTER.files(), text, "none", folder=tmp_path, yosys=yowasp.run)


def test_a_bug_must_have_one_place() -> None:
    with pytest.raises(ValueError, match="must be there once, not 0 times: 'nowhere'"):
        mutate(REGISTER.files(), "nowhere", "here")
