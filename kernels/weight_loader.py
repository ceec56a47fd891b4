"""New weights between frames: a stream that fills the memories in turn.

One frame of the stream is the whole set, a memory word a beat, `depths` words to each memory.
Once its first beat is there, `hold` keeps new data frames out; when none is on its way any more
the words are taken. A frame that ends early or late raises `frame_error`, and data wait until a
good one came. A reset in the middle of a load leaves the memories half written: load again.
Source: design.md 4.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def weight_loader(
    clk, rst, s_valid, s_ready, s_last, empty, hold, enables, at, frame_error, *, depths
):
    """empty: no data frame is on its way."""
    count = len(depths)
    lasts = tuple(depth - 1 for depth in depths) + (0,) * ((1 << bits(count)) - count)
    place = counter(0, bits(count))
    address = counter(0, bits(max(depths)))
    last_address = counter(0, bits(max(depths)))
    pending, loading, waiting, drop, holding, ready, move, memory_end, set_end = (
        Signal(bool(0)) for _ in range(9)
    )

    @always_comb
    def look():
        last_address.next = lasts[place]

    @always_comb
    def permit():
        holding.next = pending or loading or waiting
        ready.next = (pending or loading or waiting) and empty

    @always_comb
    def decide():
        move.next = s_valid and ready
        memory_end.next = address == last_address

    @always_comb
    def finish():
        set_end.next = memory_end and place == count - 1

    if count == 1:

        @always_comb
        def enable():
            enables.next = move and not drop

    else:

        @always_comb
        def enable():
            for k in range(count):
                enables.next[k] = move and not drop and place == k

    @always_comb
    def show():
        s_ready.next = ready
        hold.next = holding
        at.next = address

    @always(clk.posedge)
    def step():
        if rst or (move and (s_last or set_end)):
            place.next = 0
            address.next = 0
        elif move and not drop:
            if memory_end:
                place.next = place + 1
                address.next = 0
            else:
                address.next = address + 1

    @always(clk.posedge)
    def follow():
        if rst:
            pending.next = False
            loading.next = False
            waiting.next = False
            drop.next = False
            frame_error.next = False
        else:
            pending.next = s_valid
            frame_error.next = move and not drop and s_last != set_end
            if move:
                loading.next = not s_last
                if s_last:
                    drop.next = False
                elif set_end:
                    drop.next = True
                if not drop:
                    waiting.next = s_last != set_end or (waiting and not s_last)

    return instances()
