"""What the rotators of a streaming FFT know of their samples: places, flags and marks.

Turns depend on a sample's place in its frame. Valid flags come ahead of samples, so places do
too, and a table is read in time. docs/fft.md 2 and 4.
"""

from myhdl import Signal, always, always_comb, concat, intbv

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def sample_place(clk, ce, ahead, at, *, lead=0):
    """Place in its frame, modulo a power of two, of the sample a clock behind the flag's.

    Or of the one that comes `lead` samples later.
    """
    now = counter(lead, len(at))

    @always(clk.posedge)
    def count():
        if not ahead:  # whether enabled or not: this place is of no sample
            now.next = lead
        elif ce:
            now.next = now + 1

    @always_comb
    def show():
        at.next = now

    return instances()


@module
def bump_mark(clk, ce, at, marks, *, unmarked, clocks):
    """Mark places that have zeros in the bits of a mask, `clocks` (1 or 2) later."""
    found, line = Signal(intbv(0)[len(at) :]), Signal(bool(0))

    @always_comb
    def look():
        found.next = at & unmarked

    if clocks == 1:

        @always(clk.posedge)
        def tell():
            if ce:
                marks.next = found == 0

    else:

        @always(clk.posedge)
        def tell():
            if ce:
                line.next = found == 0
                marks.next = line

    return instances()


@module
def bump_add(clk, ce, marks, x_re, x_im, y_re, y_im, *, bump):
    """Add to both parts of samples that `marks` says, None for all; one enabled clock."""
    size = len(y_re)
    whole_re, whole_im = (
        Signal(intbv(0, min=-(1 << size - 1), max=1 << size - 1)) for _ in range(2)
    )
    w_re, w_im, sum_re, sum_im = (counter(0, size) for _ in range(4))

    @always_comb
    def read():
        whole_re.next = x_re.signed()
        whole_im.next = x_im.signed()

    @always_comb
    def name():
        w_re.next = whole_re[size:]
        w_im.next = whole_im[size:]

    if marks is None:

        @always_comb
        def add():
            sum_re.next = w_re + bump
            sum_im.next = w_im + bump

    else:

        @always_comb
        def add():
            if marks:
                sum_re.next = w_re + bump
                sum_im.next = w_im + bump
            else:
                sum_re.next = w_re
                sum_im.next = w_im

    @always(clk.posedge)
    def keep():
        if ce:
            y_re.next = sum_re
            y_im.next = sum_im

    return instances()


@module
def flag_delay(clk, ce, x, y, *, clocks):
    """Delay a flag by enabled clocks, 1 or more."""
    line = Signal(intbv(0)[clocks:])
    keep, last = clocks - 1, clocks - 1

    if clocks == 1:

        @always(clk.posedge)
        def move():
            if ce:
                y.next = x

    else:

        @always(clk.posedge)
        def move():
            if ce:
                line.next = concat(line[keep:], x)

        @always_comb
        def show():
            y.next = line[last]

    return instances()
