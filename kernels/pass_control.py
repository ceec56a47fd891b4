"""Control of a memory-based FFT: passes over a frame, and its two buffers.

    input buffer ─► first pass ─► memory ─► passes ─► memory ─► last pass ─► output buffer

A pass takes `turn` clocks, and passes follow each other without a pause, of one frame or of two:
the next frame is loaded and the last one unloaded meanwhile. Only the first pass waits, for a
whole frame in the input buffer, and the last, for an empty output buffer.
"""

from myhdl import Constant, Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def pass_control(
    clk, rst, loaded, unloaded, step, works, first, last, reads_half, writes_half, mask, taken,
    ends, *, words, turn, passes, stages=1,
):  # fmt: skip
    """Steps of the passes. words: steps that do something, the first of each pass.

    works: this step does. first, last: in the first, last pass. reads_half, writes_half: of the
    memory. mask: of the step's index for a twiddle, less `stages` low bits with each pass. taken:
    the last step of a first pass; ends: of any. loaded, unloaded: the input buffer is full, the
    output buffer empty.
    """
    end = turn - 1
    most = passes - 1
    full = (1 << len(mask)) - 1
    top = len(mask) - stages
    now, stage, kept = counter(0, bits(turn)), counter(0, bits(passes)), counter(0, len(mask))
    less = counter(0, len(mask)) if top > 0 else Constant(intbv(0)[len(mask) :])
    odd, active, at_end, at_last, at_first, ready = (Signal(bool(0)) for _ in range(6))

    @always_comb
    def look():
        at_end.next = now == end
        at_last.next = stage == most
        at_first.next = stage == 0

    if top > 0:
        none = Constant(intbv(0)[stages:])

        @always_comb
        def shorten():
            less.next = concat(kept[top:], none)

    # whether the pass that comes next, or that waits, may begin
    if passes > 2:
        before = passes - 2

        @always_comb
        def permit():
            if not active:
                ready.next = (at_first and loaded) or (at_last and unloaded)
            elif at_last:
                ready.next = loaded
            else:
                ready.next = stage != before or unloaded

    else:

        @always_comb
        def permit():
            if not active:
                ready.next = (at_first and loaded) or (at_last and unloaded)
            elif at_last:
                ready.next = loaded
            else:
                ready.next = unloaded

    @always(clk.posedge)
    def follow():
        if rst:
            now.next = 0
            stage.next = 0
            active.next = False
            odd.next = False
            kept.next = full
        elif not active:
            active.next = ready
        elif at_end:
            now.next = 0
            active.next = ready
            if at_last:
                stage.next = 0
                odd.next = False
                kept.next = full
            else:
                stage.next = stage + 1
                odd.next = not odd
                kept.next = less
        else:
            now.next = now + 1

    if words < turn:

        @always_comb
        def show():
            works.next = active and now < words
            step.next = now

    else:

        @always_comb
        def show():
            works.next = active
            step.next = now

    @always_comb
    def tell():
        first.next = at_first
        last.next = at_last
        reads_half.next = not odd
        writes_half.next = odd
        mask.next = kept
        taken.next = active and at_end and at_first
        ends.next = active and at_end

    return instances()


@module
def frame_load(clk, rst, valid, ready, taken, place, we, loaded, *, points):
    """Count samples into the input buffer until it is full; `taken` empties it."""
    last = points - 1
    now = counter(0, len(place))
    full = Signal(bool(0))

    @always_comb
    def flow():
        ready.next = not full
        we.next = valid and not full
        place.next = now
        loaded.next = full

    @always(clk.posedge)
    def count():
        if rst:
            now.next = 0
            full.next = False
        elif full:
            full.next = not taken
        elif valid:
            now.next = now + 1
            full.next = now == last

    return instances()


@module
def frame_unload(
    clk, rst, begun, written, room, place, reads, unloaded, lead=None, *, points, prefix=0
):  # fmt: skip
    """Count samples out of the output buffer, once `written`; it is not empty from `begun` on.

    prefix: so many of the last ones are read in front, too (cyclic prefix); `lead`, if there is
    one, says it at run time, and changes only while no frame is under way.
    """
    last = points - 1
    start = (points - prefix) % points
    now = counter(start, len(place))
    empty = Signal(bool(1))
    full, whole, at_end = (Signal(bool(0)) for _ in range(3))

    @always_comb
    def flow():
        reads.next = full and room
        place.next = now
        unloaded.next = empty

    if lead is not None:

        @always_comb
        def look():
            at_end.next = whole and now == last

        @always(clk.posedge)
        def count():
            if not full:
                now.next = points - lead
                whole.next = lead == 0
            elif room:
                now.next = now + 1
                whole.next = whole or now == last

    elif prefix > 0:

        @always_comb
        def look():
            at_end.next = whole and now == last

        @always(clk.posedge)
        def count():
            if not full:
                now.next = start
                whole.next = False
            elif room:
                now.next = now + 1
                whole.next = whole or now == last

    else:

        @always_comb
        def look():
            at_end.next = now == last

        @always(clk.posedge)
        def count():
            if rst:
                now.next = 0
            elif full and room:
                now.next = now + 1

    @always(clk.posedge)
    def follow():
        if rst:
            empty.next = True
            full.next = False
        else:
            if begun:
                empty.next = False
            if written:
                full.next = True
            if full and room and at_end:
                full.next = False
                empty.next = True

    return instances()


@module
def twiddle_index(clk, step, mask, at):
    """Which twiddle a step takes: its index without the low bits that its pass leaves out."""

    @always(clk.posedge)
    def keep():
        at.next = step & mask

    return instances()


@module
def fetch_phase(clk, step, fetches_f):
    """In the clock behind a step: the word of the f of two steps is read."""

    @always(clk.posedge)
    def keep():
        fetches_f.next = not step[0]

    return instances()


@module
def read_place(works, first, reads_input, reads_memory):
    """Where a step finds its samples: in the first pass the input buffer, then the memory."""

    @always_comb
    def choose():
        reads_input.next = works and first
        reads_memory.next = works and not first

    return instances()


@module
def store_results(works, last, stores):
    """The results of a step go into the memory, but not in the last pass."""

    @always_comb
    def choose():
        stores.next = works and not last

    return instances()


@module
def give_results(works, last, word, gives, written):
    """Those of the last pass go into the output buffer; the last word is the last to be written."""
    end = (1 << len(word)) - 1

    @always_comb
    def choose():
        gives.next = works and last
        written.next = works and last and word == end

    return instances()


@module
def first_bump(place, x_re, x_im, y_re, y_im, *, bump):
    """Add `bump` to both parts of the first sample of a frame: half a code at every output."""
    size = len(y_re)
    whole_re, whole_im = (
        Signal(intbv(0, min=-(1 << size - 1), max=1 << size - 1)) for _ in range(2)
    )
    w_re, w_im, added, sum_re, sum_im = (counter(0, size) for _ in range(5))

    @always_comb
    def read():
        whole_re.next = x_re.signed()
        whole_im.next = x_im.signed()

    @always_comb
    def name():
        w_re.next = whole_re[size:]
        w_im.next = whole_im[size:]

    @always_comb
    def choose():
        if place == 0:
            added.next = bump
        else:
            added.next = 0

    @always_comb
    def add():
        sum_re.next = w_re + added
        sum_im.next = w_im + added

    @always_comb
    def show():
        y_re.next = sum_re
        y_im.next = sum_im

    return instances()


@module
def bank_enable(fills, bank, lane, low, high, *, number):
    """Which bank of the input buffer takes a sample, if its lane is this one."""

    @always_comb
    def choose():
        low.next = fills and not bank and lane == number
        high.next = fills and bank and lane == number

    return instances()
