"""Other lanes for a stream of frames: s_lanes elements a beat in, m_lanes out, any two numbers.

A frame is `elements` elements, lowest index in the lowest bits, in ceil(elements / lanes) beats
on either side; every frame begins with a beat of its own. Elements beyond the frame are ignored
at the input and zero at the output. `m_last` marks a frame's last beat.

    latency   ceil(min(m_lanes, elements) / s_lanes) clocks
    interval  the larger of the two numbers of beats, as long as nobody waits

Input beats lie in a ring of lcm(s_lanes, m_lanes) elements (of a frame, if that is less), each in
a place of its own: to write costs no LUT for data, to read a selector of lcm / m_lanes words.
A flag for each place of the side with the wider beats says that it is full. s_ready follows
m_ready, for a word may enter in the clock in which another leaves its place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any, NamedTuple

from myhdl import Signal, always, always_comb, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, concat, constant, field, word


def latency(s_lanes: int, m_lanes: int, elements: int) -> int:
    """Return the clocks from the edge that takes a first beat to the one that sees m_valid."""
    return _beats(min(m_lanes, elements), s_lanes)


def interval(s_lanes: int, m_lanes: int, elements: int) -> int:
    """Return the clocks from frame to frame, back to back, while nobody waits."""
    return max(_beats(elements, s_lanes), _beats(elements, m_lanes))


def moves(s_times: Sequence[int], s_lanes: int, m_lanes: int, elements: int) -> "Moves":
    """Return when the beats of the first frame move, if the sink never waits.

    s_times: for each beat, from which clock on the source offers it. An input beat waits for the
    beats that have to leave its place of the ring, an output beat for its last element.
    """
    ring = _Ring(s_lanes, m_lanes, elements)
    touched = ring.touched(s_lanes, ring.s_places)
    put: list[int] = []
    get: list[int] = []
    for n, offered in enumerate(s_times):
        clock = max(offered, put[-1] + 1 if put else offered)
        if s_lanes >= m_lanes:
            gone = _beats((n - ring.s_places + 1) * s_lanes, m_lanes) - 1
        else:
            lap, place_now = divmod(n, ring.s_places)
            gone = (lap - 1) * ring.m_places + touched[place_now]
        if gone >= 0:
            clock = max(clock, get[gone])
        put.append(clock)
        have = min((n + 1) * s_lanes, elements)
        while len(get) < ring.m_beats and min((len(get) + 1) * m_lanes, elements) <= have:
            get.append(max(clock + 1, get[-1] + 1 if get else 0))
    return Moves(put, get)


class Moves(NamedTuple):
    """The clocks in which the beats of a frame enter and leave."""

    put: list[int]
    get: list[int]


def _beats(elements: int, lanes: int) -> int:
    return -(-elements // lanes)


@dataclass(frozen=True)
class _Ring:
    """Places and flags; a table has an entry for each place of a beat, a range is (low, high)."""

    s_lanes: int
    m_lanes: int
    elements: int

    @property
    def s_places(self) -> int:
        return min(self.m_lanes // gcd(self.s_lanes, self.m_lanes), self.s_beats)

    @property
    def m_places(self) -> int:
        return min(self.s_lanes // gcd(self.s_lanes, self.m_lanes), self.m_beats)

    @property
    def s_beats(self) -> int:
        return _beats(self.elements, self.s_lanes)

    @property
    def m_beats(self) -> int:
        return _beats(self.elements, self.m_lanes)

    @property
    def flag_lanes(self) -> int:
        """Elements that one flag is about."""
        return max(self.s_lanes, self.m_lanes)

    @property
    def flags(self) -> int:
        return self.m_places if self.m_lanes > self.s_lanes else self.s_places

    def touched(self, lanes: int, places: int) -> tuple[int, ...]:
        """Return for each beat the last flag that it overlaps."""
        last = (((k + 1) * lanes - 1) // self.flag_lanes for k in range(places))
        return tuple(min(flag, self.flags - 1) for flag in last)

    def finished(self, lanes: int, places: int) -> tuple[int, ...]:
        """Return for each beat the flag whose place it ends; one more than there are if none."""
        return tuple(
            end // self.flag_lanes - 1 if end % self.flag_lanes < lanes else self.flags
            for end in ((k + 1) * lanes for k in range(places))
        )

    def at_end(self, lanes: int, places: int, beats: int) -> tuple[int, int]:
        """Return the range of flags that the last beat of a frame ends."""
        first = (beats - 1) % places * lanes
        tail = self.elements - (beats - 1) * lanes
        return first // self.flag_lanes, (first + tail - 1) // self.flag_lanes


@module
def width_converter(
    clk, rst, s_valid, s_ready, s_data, m_valid, m_ready, m_data, m_last, *,
    s_lanes: int, m_lanes: int, elements: int,
) -> Any:  # fmt: skip
    """Beats of s_lanes elements made into beats of m_lanes, frame by frame."""
    for name, value in (("s_lanes", s_lanes), ("m_lanes", m_lanes), ("elements", elements)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value!r}")
    width = len(s_data) // s_lanes
    if len(s_data) != s_lanes * width or len(m_data) != m_lanes * width:
        raise ValueError(
            f"s_data and m_data must be {s_lanes} and {m_lanes} elements of one width, "
            f"not {len(s_data)} and {len(m_data)} bits"
        )
    ring = _Ring(s_lanes, m_lanes, elements)
    put, get, s_last = word(1), word(1), word(1)
    write, read = constant(0), constant(0)
    s_count = beat_count(clk, rst, put, s_last, beats=ring.s_beats)
    m_count = beat_count(clk, rst, get, m_last, beats=ring.m_beats)
    if ring.s_places > 1:
        write = word(bits(ring.s_places))
        s_step = place_count(clk, rst, put, s_last, write, places=ring.s_places)
    if ring.m_places > 1:
        read = word(bits(ring.m_places))
        m_step = place_count(clk, rst, get, m_last, read, places=ring.m_places)
    flags = ring_flags(
        clk, rst, s_valid, s_ready, m_valid, m_ready, put, get, write, s_last, read, m_last,
        s_lanes=s_lanes, m_lanes=m_lanes, elements=elements,
    )  # fmt: skip
    enables = put
    if ring.s_places > 1:
        enables = word(ring.s_places)
        enable = place_enables(put, write, enables, places=ring.s_places)
    kept = [word(len(s_data)) for _ in range(ring.s_places)]
    places = [place(clk, field(enables, k, 1), s_data, kept[k]) for k in range(ring.s_places)]
    beyond = ring.m_places * len(m_data) - ring.s_places * len(s_data)
    stored = concat([*kept, constant(0, beyond)] if beyond > 0 else kept)
    cut = (elements - (ring.m_beats - 1) * m_lanes) * width
    chosen = field(stored, 0, len(m_data))
    if ring.m_places > 1:
        chosen = m_data if cut == len(m_data) else word(len(m_data))
        select = beat_select(stored, read, chosen, places=ring.m_places)
    if cut < len(m_data):
        tail = beat_cut(chosen, m_last, m_data, cut=cut)
    elif ring.m_places == 1:
        through = beat_pass(chosen, m_data)
    return instances()


@module
def beat_count(clk, rst, move, last, *, beats: int) -> Any:
    """Count the beats of frames; last: the next one is the frame's last."""
    left = Signal(intbv(beats - 2, min=-1, max=max(beats - 1, 1)))
    at_last = Signal(bool(0))

    @always_comb
    def look():
        at_last.next = left < 0

    @always_comb
    def show():
        last.next = at_last

    @always(clk.posedge)
    def count():
        if rst or (move and at_last):
            left.next = beats - 2
        elif move:
            left.next = left - 1

    return instances()


@module
def place_count(clk, rst, move, last, at, *, places: int) -> Any:
    """Count the places of a ring, from the first again after the last beat of a frame."""
    now = Signal(intbv(0)[bits(places) :])

    @always_comb
    def show():
        at.next = now

    @always(clk.posedge)
    def count():
        if rst:
            now.next = 0
        elif move:
            if last or now == places - 1:
                now.next = 0
            else:
                now.next = now + 1

    return instances()


@module
def ring_flags(
    clk, rst, s_valid, s_ready, m_valid, m_ready, put, get, write, s_last, read, m_last, *,
    s_lanes: int, m_lanes: int, elements: int,
) -> Any:  # fmt: skip
    """Which places of a ring are full, hence who may move; put and get: a beat does."""
    ring = _Ring(s_lanes, m_lanes, elements)
    flags = ring.flags
    write_needs = _table(ring.touched(s_lanes, ring.s_places))
    write_fills = _table(ring.finished(s_lanes, ring.s_places))
    read_needs = _table(ring.touched(m_lanes, ring.m_places))
    read_frees = _table(ring.finished(m_lanes, ring.m_places))
    fill_low, fill_high = ring.at_end(s_lanes, ring.s_places, ring.s_beats)
    free_low, free_high = ring.at_end(m_lanes, ring.m_places, ring.m_beats)
    for_write, filled, for_read, freed = (Signal(intbv(0, min=0, max=flags + 1)) for _ in range(4))
    full, kept, wanted, sought, blocking, found, filling = (
        Signal(intbv(0)[flags:]) for _ in range(7)
    )
    room, stock, enter, leave = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def look_up():
        for_write.next = write_needs[write]
        filled.next = write_fills[write]
        freed.next = read_frees[read]
        if m_last:
            for_read.next = free_high
        else:
            for_read.next = read_needs[read]

    @always_comb
    def choose():
        for k in range(flags):
            wanted.next[k] = for_write == k
            sought.next[k] = for_read == k

    @always_comb
    def find():
        found.next = full & sought

    @always_comb
    def supply():
        stock.next = found != 0
        leave.next = m_ready and found != 0

    @always_comb
    def free():
        for k in range(flags):
            if leave and m_last:
                kept.next[k] = full[k] and (k < free_low or k > free_high)
            elif leave:
                kept.next[k] = full[k] and freed != k
            else:
                kept.next[k] = full[k]

    @always_comb
    def hinder():
        blocking.next = kept & wanted

    @always_comb
    def admit():
        room.next = blocking == 0
        enter.next = s_valid and blocking == 0

    @always_comb
    def fill():
        for k in range(flags):
            if enter and s_last:
                filling.next[k] = k >= fill_low and k <= fill_high
            else:
                filling.next[k] = enter and filled == k

    @always(clk.posedge)
    def remember():
        if rst:
            full.next = 0
        else:
            full.next = kept | filling

    @always_comb
    def show():
        s_ready.next = room
        m_valid.next = stock
        put.next = enter
        get.next = leave

    return instances()


def _table(entries: Iterable[int]) -> tuple[int, ...]:
    """Return the entries of a look-up table, filled up for every value of its index."""
    filled = tuple(entries)
    return filled + filled[-1:] * ((1 << bits(len(filled))) - len(filled))


@module
def place_enables(put, write, enables, *, places: int) -> Any:
    """Enable the place that a beat enters."""

    @always_comb
    def decode():
        for k in range(places):
            enables.next[k] = put and write == k

    return instances()


@module
def place(clk, enable, x, y) -> Any:
    """One input beat."""

    @always(clk.posedge)
    def store():
        if enable:
            y.next = x

    return instances()


@module
def beat_select(stored, at, y, *, places: int) -> Any:
    """Beat number `at` of those stored."""
    width = len(y)

    @always_comb
    def choose():
        low = intbv(0, min=0, max=(places - 1) * width + 1)
        low[:] = at * width
        y.next = stored[low + width : low]

    return instances()


@module
def beat_cut(x, last, y, *, cut: int) -> Any:
    """Beat whose bits from `cut` on are zero in the last beat of a frame."""

    @always_comb
    def show():
        y.next = x
        if last:
            y.next[len(y) : cut] = 0

    return instances()


@module
def beat_pass(x, y) -> Any:
    """Beat as it is."""

    @always_comb
    def show():
        y.next = x

    return instances()
