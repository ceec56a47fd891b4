"""Where words of twiddles are in a sine of one circle, sin(2 pi a / circle) at address a.

A rotator's turn is K I / 2^digits, digits K of one kind and I of the other (docs/fft.md 1). In the
order of the stream one of them counts, and the other one stays meanwhile, with its digits the
other way round: so the turn is a sum, of one addition a sample.

    turn_count      the turn of each sample, from its place
    turn_address    where its words c = cos and d = -sin are, one after the other
    circle_place    where those of a split are, d and -c; of element 0 -1 and -1, or two words that
                    no turn needs
"""

from myhdl import Signal, always, always_comb, concat

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def turn_count(clk, ce, ahead, at, step, turn, *, counts):
    """Count the turn, by steps, for as long as `counts` digits of the place go round.

    at: the place of the word whose flag is `ahead`, two words a sample, of which bit 0 is the
    number. step: its other digits, the first one lowest.
    """
    now = counter(0, len(turn))
    high = counts + 1
    ones = (1 << high) - 1
    restarts = Signal(bool(0))

    @always_comb
    def look():
        restarts.next = not ahead or (ce and at[high:0] == ones)

    @always(clk.posedge)
    def count():
        if restarts:
            now.next = 0
        elif ce and at[0]:
            now.next = now + step

    @always_comb
    def show():
        turn.next = now

    return instances()


@module
def turn_address(second, turn, address):
    """Add a quarter for c, and half a circle for d. A step of the turn is two of the circle."""
    size = len(turn)
    top, next_top = size - 1, size - 2
    upper, lower = Signal(bool(0)), Signal(bool(0))

    @always_comb
    def add():
        if second:
            upper.next = not turn[top]
        else:
            upper.next = turn[top] != turn[next_top]
        lower.next = turn[next_top] == second

    @always_comb
    def show():
        address.next = concat(upper, lower, turn[next_top:], "0")

    return instances()


@module
def circle_place(second, element, address, *, kept):
    """Add half a circle for d and three quarters for -c, of a turn of element / circle.

    kept: words 1 and 3 of the second quarter are those of element 0; else both are three quarters.
    """
    size = len(element)
    top = size - 1
    first, upper, lower, odd, other = (Signal(bool(0)) for _ in range(5))

    @always_comb
    def look():
        first.next = element == 0

    if kept:

        @always_comb
        def add():
            upper.next = not first and not (element[top] and second)
            lower.next = first or element[top] != second
            other.next = element[1] or (first and second)
            odd.next = element[0] or first

    else:

        @always_comb
        def add():
            upper.next = not (element[top] and second)
            lower.next = first or element[top] != second
            other.next = element[1]
            odd.next = element[0]

    @always_comb
    def show():
        address.next = concat(upper, lower, element[top:2], other, odd)

    return instances()
