"""Two samples for each butterfly of a memory-based FFT, from words that hold two for each.

Words are read in the order 0, M/2, 1, M/2 + 1, …: two words are the f and the x of two steps, the
first halves for one and the second halves for the next. In the first pass f and x come from the
input buffer instead.
"""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import counter


@module
def pair_fetch(clk, fetched, odd, first, given_f, given_x, f, x):
    """fetched: words as they are read, the one for x in clocks with `odd` low; f, x: registers."""
    size = len(f)
    both = 2 * size
    whole = counter(0, both)
    half = counter(0, size)
    kept_f, kept_x = counter(0, size), counter(0, size)

    @always(clk.posedge)
    def hold():
        if odd:
            whole.next = fetched
        else:
            half.next = fetched[both:size]

    @always_comb
    def choose():
        if odd:
            kept_f.next = whole[both:size]
            kept_x.next = half
        else:
            kept_f.next = whole[size:]
            kept_x.next = fetched[size:]

    @always(clk.posedge)
    def give():
        if first:
            f.next = given_f
            x.next = given_x
        else:
            f.next = kept_f
            x.next = kept_x

    return instances()
