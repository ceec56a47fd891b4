"""The bench of bench.py in Python: the same pauses, the same checks, the same line.

It drives a design placed in MyHDL, or its converted Verilog through a Cosimulation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from myhdl import ConcatSignal, CosimulationError, Signal, Simulation, StopSimulation, always, delay
from myhdl._simulator import _signals

from kolam.kernels.bits import word
from kolam.testbenches.bench import CONFIG_ERROR, USER, Pattern, counts, patience
from kolam.testbenches.stimulus import ASK, BAD, GOOD, LAST, WAIT, Phase, filling, side, stream


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a run was asked for; the names and defaults of the Verilog bench's plusargs."""

    gap: float = 0.0
    stall: float = 0.0
    gap_pattern: Pattern = Pattern.RANDOM
    stall_pattern: Pattern = Pattern.RANDOM
    seed: int = 0
    reset_at: int = -1
    reset_clocks: int = 1
    clocks: int = 0


@dataclass
class Pauses:
    """When one side of the bench is willing."""

    pattern: Pattern
    limit: int
    random: int
    on: bool = False
    run: int = 0
    served: int = 0

    def willing(self, clock: int, *, last: bool, late: bool, waits: bool) -> bool:
        """Whether a beat may pass; what LAST, LATE and WAIT depend on is told."""
        match self.pattern:
            case Pattern.ALTERNATE:
                return clock % 2 == 1
            case Pattern.THREE_OF_FOUR:
                return clock % 4 != 3
            case Pattern.BURST:
                if self.run == 0:
                    self._draw()
                    self.run = 1 + (self.random >> 8 & 31)
                    self.on = not self.on
                self.run -= 1
                return self.on
            case Pattern.LAST:
                if not last or self.served == 16:
                    return True
                self.served += 1
                return False
            case Pattern.LATE:
                return late
            case Pattern.WAIT:
                return not waits
        if self.limit == 0:
            return True
        self._draw()
        return self.random >> 8 >= self.limit

    def _draw(self) -> None:
        word = self.random
        word ^= word << 13 & 0xFFFFFFFF
        word ^= word >> 17
        self.random = word ^ (word << 5 & 0xFFFFFFFF)


@dataclass(frozen=True)
class Shown:
    """What the design shows at a rising edge; other: any event that must stay low."""

    s_tready: int
    m_tvalid: int
    m_tdata: int
    m_tlast: int
    frame_error: int
    overflow: int
    w_tready: int
    config_error: int
    other: int


class Player:
    """The process of the Verilog bench: what it drives follows from what it is shown.

    rst, s_tvalid, s_tdata, s_tlast, m_tready: what it drives now; line: the verdict, once there;
    output, schedule: the lines of the files of these names.
    """

    def __init__(self, design: Any, first: Phase, second: Phase | None, asked: Asked) -> None:
        self.design, self.asked = design, asked
        phases = [p for p in (first, second) if p]
        self.words = [w for p in phases for w in _words(p.data, p.flags)]
        self.loads = [w for p in phases for w in _words(p.loads, p.loads_flags)]
        self.answers = [w for p in phases for w in _words(p.wanted, p.wanted_flags)]
        self.counts = counts(first, second)
        self.clock = self.moved = 0
        self.patience = patience(design)
        self.sets = side(design) == "s_axis_config"
        self.digits = stream(design, "m_axis").beat_bytes * 2
        seed = asked.seed & 0x7FFFFFFF
        self.source = Pauses(asked.gap_pattern, _limit(asked.gap), 2 * seed + 1)
        self.loader = Pauses(Pattern.RANDOM, _limit(asked.gap), (4 * seed + 3) & 0xFFFFFFFF)
        self.sink = Pauses(asked.stall_pattern, _limit(asked.stall), 2 * (seed ^ 0x7FFFFFFF) + 1)
        still = (_limit(asked.gap), _limit(asked.stall), asked.gap_pattern, asked.stall_pattern)
        self.free = still == (0, 0, Pattern.RANDOM, Pattern.RANDOM)
        self.free = self.free and asked.reset_at < 0 and self.counts["calm"] > 0
        self.rst, self.s_tvalid, self.s_tdata, self.s_tlast, self.m_tready = 1, 0, 0, 0, 0
        self.w_tvalid = self.w_tdata = self.w_tlast = self.w_flags = 0
        self.good = self.bad = self.released = self.mismatches = 0
        self.reset_left = 4
        self.line = ""
        self.output: list[str] = []
        self.schedule: list[str] = []
        self._fill("first")
        if asked.reset_at >= 0 and second is None:
            self._report("reset_at")

    def _fill(self, name: str) -> None:
        told = self.counts
        self.second = name == "second"
        self.sent = told["first_in"] if self.second else 0
        self.in_end = self.sent + told[f"{name}_in"]
        self.got = self.start = told["first_out"] if self.second else 0
        self.out_end = self.got + told[f"{name}_out"]
        self.due = self.got
        self.errors_wanted = told[f"{name}_errors"]
        self.overflow_wanted = told[f"{name}_overflow"]
        self.starts = self.opens = 1
        self.load_sent = told["first_loads"] if self.second else 0
        self.load_asked = self.load_begun = self.loading = 0
        self.held: tuple[int, int] | None = None
        self.beat = self.frames = self.lasts = 0
        self.errors = self.shown = self.overflows = 0
        self.refused = self.refused_wanted = 0
        self.in_frames = self.in_first = self.out_first = 0
        self.first_taken = self.latency = self.interval = self.ready = -1
        self.distances = 0
        self.moved = self.clock
        self.uneven = False
        self.source.served = self.sink.served = 0

    def _report(self, reason: str) -> None:
        if self.line:
            return
        even = self.free and not self.uneven and self.distances > 2
        latency = self.latency if self.latency >= 0 else "none"
        interval = self.interval if even else "none"
        self.line = (
            ("FAIL" if reason else "PASS")
            + f" design={self.design.name}"
            + (f" reason={reason}" if reason else "")
            + f" frames={self.frames} beats={self.got - self.start} lasts={self.lasts}"
            + f" mismatches={self.mismatches} latency={latency} interval={interval}"
            + f" ready={self.ready} errors={self.errors} overflows={self.overflows}"
            + f" clocks={self.clock} seed={self.asked.seed}"
        )

    def _conclude(self) -> None:
        design = self.design
        if self.mismatches:
            self._report("mismatch")
        elif self.errors != self.errors_wanted:
            self._report("event_frame_error")
        elif self.refused != self.refused_wanted:
            self._report("event_config_error")
        elif self.overflows == 0 and self.overflow_wanted == 1:
            self._report("event_overflow")
        elif self.free and self.latency not in (-1, design.latency):
            self._report("latency")
        elif self.free and self.distances > 2 and (self.uneven or self.interval != design.interval):
            self._report("interval")
        elif self.ready != design.ready_after_reset:
            self._report("ready")
        else:
            self._report("")

    def step(self, shown: Shown) -> None:
        """Pass a rising edge."""
        if self.line:
            return
        if self.rst:
            self.reset_left -= 1
            self.clock += self.second
            if self.reset_left == 0:
                self.rst = 0
                self.released = self.moved = self.clock
            return
        taken = self.s_tvalid and shown.s_tready
        self._watch(shown)
        self._deliver(shown)
        self._events(shown)
        if taken:
            self._take()
        elif not (self.s_tvalid or self.w_tvalid or self.sent == self.in_end or self._waits()):
            self.moved = self.clock
        loaded = self.w_tvalid and shown.w_tready
        if loaded:
            self._load()
        if self.clock - self.moved > self.patience:
            if self.s_tvalid or self.got != self.out_end:
                self._report("hang")
            elif self.second or self.asked.reset_at < 0:
                self._conclude()
        if self.clock == self.asked.clocks > 0:
            self._report("clocks")
        self._drive_source(taken)
        self._drive_weights(loaded)
        self._drive_sink(shown)
        self.clock += 1
        if self.clock == self.asked.reset_at:
            self._reset()

    def _waits(self) -> bool:
        return self.source.pattern is Pattern.WAIT

    def _watch(self, shown: Shown) -> None:
        if self.held and not shown.m_tvalid:
            self._report("dropped")
        if self.held and self.held != (shown.m_tdata, shown.m_tlast):
            self._report("unstable")
        if shown.m_tvalid and self.got >= self.due:
            self._report("spurious" if self.due == self.out_end else "early")
        if shown.s_tready and self.ready < 0:
            self.ready = self.clock - self.released
        if self.free and shown.m_tvalid and self.latency < 0:
            self.latency = self.clock - self.first_taken

    def _deliver(self, shown: Shown) -> None:
        self.held = None
        if not shown.m_tvalid:
            return
        if not self.m_tready:
            self.held = shown.m_tdata, shown.m_tlast
            self.moved += 1
            return
        if self.line:
            return
        if (shown.m_tdata, shown.m_tlast) != self.answers[self.got]:
            self.mismatches += 1
        self.output.append(f"{shown.m_tlast} {shown.m_tdata:0{self.digits}x}\n")
        if self.beat == 0:
            if filling(self.design) < self.frames < self.counts["calm"]:
                distance = self.clock - self.out_first
                self.uneven |= self.distances > 0 and distance != self.interval
                self.interval = distance
                self.distances += 1
            self.out_first = self.clock
        self.got += 1
        self.lasts += shown.m_tlast
        self.beat += 1
        if self.answers[self.got - 1][1]:
            self.schedule.append(f"m {self.frames} {self.out_first} {self.clock}\n")
            self.beat = 0
            self.frames += 1
        self.moved = self.clock
        self.sink.served = 0

    def _events(self, shown: Shown) -> None:
        self.errors += shown.frame_error
        if self.errors > self.shown:
            self._report("event_frame_error")
        self.overflows += shown.overflow
        if self.overflows and self.overflow_wanted == 0:
            self._report("event_overflow")
        self.refused += shown.config_error
        if self.refused > self.refused_wanted:
            self._report("event_config_error")
        if shown.other:
            self._report("event")

    def _take(self) -> None:
        if self.loading and not self.sets:
            self._report("load")
        if self.first_taken < 0:
            self.first_taken = self.clock
        if self.opens:
            self.in_first = self.clock
        self.opens = self.s_tlast
        if self.good:
            self.due += 1
            while not self.answers[self.due - 1][1]:
                self.due += 1
        self.shown += self.bad
        if self.s_tlast:
            self.schedule.append(f"s {self.in_frames} {self.in_first} {self.clock}\n")
            self.in_frames += 1
        self.moved = self.clock
        self.source.served = 0

    def _load(self) -> None:
        if self.sets:
            self.load_begun |= self.w_flags & WAIT > 0
            self.refused_wanted += self.w_flags & BAD > 0
        else:
            self.load_begun = 1
            self.loading = not self.w_flags & GOOD
            self.shown += self.w_flags & BAD > 0
        if self.w_flags & WAIT:
            self.load_asked = 0
        self.moved = self.clock

    def _late(self) -> bool:
        return self.clock - self.released > self.patience

    def _drive_source(self, taken: int) -> None:
        if self.s_tvalid and not taken:
            return
        data, flags = self.words[0 if self.sent == self.in_end else self.sent]
        waits = bool(self.starts and self.got != self.due)
        last = bool(flags & LAST)
        willing = self.source.willing(self.clock, last=last, late=self._late(), waits=waits)
        if flags & WAIT and not self.load_begun and self.sent != self.in_end:
            self.load_asked |= willing
            willing = False
        self.s_tvalid = int(willing and self.sent != self.in_end)
        if self.s_tvalid:
            self.load_begun &= self.sets and not flags & WAIT
            self.load_asked |= flags & ASK > 0
            self.sent += 1
            self.s_tdata, self.s_tlast = data, flags & LAST
            self.good, self.bad = int(flags & GOOD > 0), int(flags & BAD > 0)
            self.starts = self.s_tlast

    def _drive_weights(self, loaded: int) -> None:
        if self.w_tvalid and not loaded:
            return
        willing = self.loader.willing(self.clock, last=False, late=False, waits=False)
        self.w_tvalid = int(willing and self.load_asked)
        if self.w_tvalid:
            self.w_tdata, self.w_flags = self.loads[self.load_sent]
            self.w_tlast = self.w_flags & LAST
            self.load_sent += 1

    def _drive_sink(self, shown: Shown) -> None:
        last = self.got != self.out_end and self.answers[self.got][1] == LAST
        waits = not shown.m_tvalid or bool(self.m_tready)
        self.m_tready = int(
            self.sink.willing(self.clock, last=last, late=self._late(), waits=waits)
        )

    def _reset(self) -> None:
        self.rst, self.reset_left = 1, self.asked.reset_clocks
        self.s_tvalid = self.w_tvalid = self.m_tready = 0
        self.output.append("reset\n")
        self.schedule.append("reset\n")
        self._fill("second")


def play(player: Player, place: Callable[..., Any], vcd: Path | None = None) -> None:
    """Run the bench on place(**ports) until the player has its line.

    place: what makes a MyHDL block or a Cosimulation of signals by Verilog name; vcd: a file for
    a trace of the block's signals, or None. Raises RuntimeError when vvp ends before the player.
    """
    known = len(_signals)
    ports = {port.name: word(port.width) for port in player.design.ports}
    ports["rst"] = Signal(bool(1))
    clk, rst = ports["clk"], ports["rst"]
    s_tvalid, s_tdata, s_tlast = (ports[f"s_axis_t{role}"] for role in ("valid", "data", "last"))
    m_tready = ports["m_axis_tready"]
    absent = Signal(bool(0))
    loads = side(player.design)
    w_tvalid, w_tdata, w_tlast, w_tready = (
        ports.get(f"{loads}_t{role}", absent) for role in ("valid", "data", "last", "ready")
    )
    seen = [ports.get(name, absent) for name in _SEEN]
    seen.insert(_SEEN.index(CONFIG_ERROR), w_tready)
    if USER in ports:
        seen[_SEEN.index("m_axis_tdata")] = ConcatSignal(ports[USER], ports["m_axis_tdata"])
    others = [
        ports[p.name]
        for p in player.design.ports
        if p.role == "event" and p.direction == "output" and p.name not in _SEEN
    ]

    @always(delay(5))
    def tick():
        clk.next = not clk

    @always(clk.posedge)
    def process():
        player.step(Shown(*map(int, seen), any(map(int, others))))
        rst.next = bool(player.rst)
        s_tvalid.next = bool(player.s_tvalid)
        s_tdata.next = player.s_tdata
        s_tlast.next = bool(player.s_tlast)
        m_tready.next = bool(player.m_tready)
        if loads:
            w_tvalid.next = bool(player.w_tvalid)
            w_tdata.next = player.w_tdata
            w_tlast.next = bool(player.w_tlast)
        if player.line:
            raise StopSimulation

    dut = place(**ports)
    if vcd:
        dut.config_sim(trace=True, directory=str(vcd.parent), filename=vcd.stem, tracebackup=False)
    simulation = Simulation(dut, tick, process)
    try:
        simulation.run(quiet=1)
    except (BrokenPipeError, CosimulationError):
        raise RuntimeError("vvp must run until the simulation ends, and was gone") from None
    finally:
        if not simulation._finished:  # else the next simulation would be refused
            simulation.quit()
        del _signals[known:]  # MyHDL never forgets one, and starts all in every simulation


_SEEN = (
    "s_axis_tready",
    "m_axis_tvalid",
    "m_axis_tdata",
    "m_axis_tlast",
    "event_frame_error",
    "event_overflow",
    CONFIG_ERROR,
)


def _words(data: Any, flags: Any) -> list[tuple[int, int]]:
    return [
        (int.from_bytes(row.tobytes(), "little"), int(flag))
        for row, flag in zip(data, flags, strict=True)
    ]


def _limit(percent: float) -> int:
    return int(percent * 167772.16 + 0.5)
