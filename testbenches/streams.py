"""Source, sink and record for one stream kernel in MyHDL, with pauses and resets anywhere.

    record = exchange(lambda p: stream_register(**vars(p)), frames, s_width=8, m_width=8,
                      gap=0.3, stall=0.5, resets={40}, seed=1)

A frame is a list of words, one a beat. The source holds a beat until it is taken, as AXI4-Stream
demands; the record checks that the kernel does so too. A reset ends an epoch: the source goes on
with the frame after the one that was interrupted.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

from myhdl import Signal, StopSimulation, delay, intbv

from kolam.testbenches.equivalence import simulate


@dataclass
class Epoch:
    """What passed between two resets: (clock, word) of the beats taken and of those given.

    frames: those begun, as numbers. watched: (clock, values) of the watched signals, as ints,
    for the clocks in which any was not zero.
    """

    frames: list[int] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)
    given: list[tuple[int, int]] = field(default_factory=list)
    watched: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)

    @property
    def words_taken(self) -> list[int]:
        """The words of the beats taken."""
        return [word for _, word in self.taken]

    @property
    def words_given(self) -> list[int]:
        """The words of the beats given."""
        return [word for _, word in self.given]


def exchange(
    place: Callable[[Any], Any],
    frames: Sequence[Sequence[int]],
    *,
    s_width: int,
    m_width: int,
    gap: float = 0.0,
    stall: float = 0.0,
    shy: bool = False,
    steady: bool = True,
    resets: Collection[int] = (),
    seed: int = 0,
    patience: int = 60,
) -> list[Epoch]:
    """Send frames through a kernel and return what passed, an epoch for each reset and one more.

    place: called with an object of fresh signals clk, rst, s_valid, s_ready, s_data, m_valid,
    m_ready, m_data, it returns the instance, and may return beside it a mapping: m_data, a
    signal to be recorded in its stead, and watch, a sequence of signals.
    gap, stall: probabilities that the source pauses before a beat and that the sink is not
    ready. shy: the sink is ready only in clocks after it saw m_valid. steady: an offered word
    must not change (that it is not withdrawn is checked in any case).
    The end is when the source has nothing left and the kernel was silent, or either side made
    no progress, for `patience` clocks. Raises AssertionError where an offered beat is lost.
    """
    ports = SimpleNamespace(
        clk=_bit(), rst=_bit(), s_valid=_bit(), s_ready=_bit(), s_data=_word(s_width),
        m_valid=_bit(), m_ready=_bit(), m_data=_word(m_width),
    )  # fmt: skip
    placed = place(ports)
    placed, also = placed if isinstance(placed, tuple) else (placed, {})
    player = _Player(
        ports, also.get("m_data", ports.m_data), also.get("watch", ()), frames, gap, stall, shy,
        steady, set(resets), Random(f"exchange {seed}"), patience,
    )  # fmt: skip
    simulate(placed, player.bench())
    return player.epochs


def drained(epoch: Epoch, expected: Sequence[int], last: bool) -> None:
    """Assert that an epoch gave a beginning of `expected`; all of it in the last epoch."""
    got = epoch.words_given
    assert got == list(expected[: len(got)])
    assert not last or len(got) == len(expected)


def _bit() -> Any:
    return Signal(bool(0))


def _word(width: int) -> Any:
    return Signal(intbv(0)[width:]) if width > 1 else _bit()


@dataclass
class _Player:
    """Both ends of the streams, clock by clock."""

    ports: Any
    out: Any
    watch: Sequence[Any]
    frames: Sequence[Sequence[int]]
    gap: float
    stall: float
    shy: bool
    steady: bool
    resets: Collection[int]
    random: Random
    patience: int
    epochs: list[Epoch] = field(default_factory=lambda: [Epoch()])
    number: int = 0
    beat: int = 0
    clock: int = 0
    idle: int = 0
    held: int | None = None
    rst: bool = True
    valid: bool = False
    ready: bool = False

    def bench(self) -> Any:
        ports = self.ports
        while self.idle < self.patience:
            ports.rst.next, ports.s_valid.next = self.rst, self.valid
            ports.m_ready.next = self.ready
            if self.valid:
                ports.s_data.next = self.frames[self.number][self.beat]
            yield delay(1)
            offered = bool(ports.m_valid) and not self.rst
            taken = self.valid and bool(ports.s_ready) and not self.rst
            self.idle += 1
            self.look(offered)
            if taken:
                self.take()
            self.clock += 1
            ports.clk.next = True
            yield delay(1)
            ports.clk.next = False
            self.decide(offered, taken)
        raise StopSimulation

    def look(self, offered: bool) -> None:
        """Record what is given, and what is watched."""
        if self.held is not None:
            assert offered, f"a beat was withdrawn at clock {self.clock}"
            if self.steady:
                assert int(self.out) == self.held, f"a beat changed at clock {self.clock}"
        epoch = self.epochs[-1]
        values = tuple(int(signal) for signal in self.watch)
        if any(values) and not self.rst:
            epoch.watched.append((self.clock, values))
        self.held = int(self.out) if offered and not self.ready else None
        if offered and self.ready:
            epoch.given.append((self.clock, int(self.out)))
            self.idle = 0

    def take(self) -> None:
        """Record what is taken."""
        epoch = self.epochs[-1]
        if self.beat == 0:
            epoch.frames.append(self.number)
        epoch.taken.append((self.clock, self.frames[self.number][self.beat]))
        self.idle, self.beat = 0, self.beat + 1
        if self.beat == len(self.frames[self.number]):
            self.number, self.beat = self.number + 1, 0

    def decide(self, offered: bool, taken: bool) -> None:
        """Choose what to drive in the next clock."""
        self.rst = self.clock in self.resets
        if self.rst:
            self.epochs.append(Epoch())
            self.held, self.number, self.beat = None, self.number + (self.beat > 0), 0
        if taken or self.rst or not self.valid:
            left = self.number < len(self.frames)
            self.valid = left and not self.rst and self.random.random() >= self.gap
            if left and not self.valid:
                self.idle = 0
        self.ready = self.random.random() >= self.stall and (offered or not self.shy)
