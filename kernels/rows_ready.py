"""Whether the rows are written that the next group reads.

Group t of a frame needs its rows up to row_step t + reach, or all of them; reach is below rows.
row_done marks a row's last beat; ready is for the group after the one that runs, if `ahead`.
"""

from myhdl import Signal, always, always_comb, modbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def rows_ready_even(
    clk, rst, row_done, group_begin, write_buffer, buffer_soon, ready, *, rows, reach, buffers
):
    """As many groups as rows: one counter of rows written less groups begun, and its sign."""
    width = bits(buffers * rows + reach + 1) + 1
    start = -(reach + 1) % 2**width
    lead = Signal(modbv(start, min=0, max=2**width))
    sign = width - 1

    @always_comb
    def allow():
        ready.next = write_buffer != buffer_soon or not lead[sign]

    @always(clk.posedge)
    def track():
        if rst:
            lead.next = start
        elif row_done and not group_begin:
            lead.next = lead + 1
        elif group_begin and not row_done:
            lead.next = lead - 1

    return instances()


@module
def rows_ready(
    clk, rst, row_done, last_begin, ahead, group_last, step_end, ready, *,
    rows, row_step, reach, buffers,
):  # fmt: skip
    """Any rectangle: rows written less those of frames whose last group has begun.

    That may be negative: such a frame is done before its last rows, which it does not read.
    """
    width = bits((buffers + 1) * rows + 1) + 1
    start = min(reach + 1, rows)
    lead = counter(0, width)
    sign = width - 1
    want_width = bits(rows + row_step + 1)
    wanted, wanted_after, wanted_next, more = (counter(0, want_width) for _ in range(4))

    @always_comb
    def grow():
        more.next = wanted + row_step

    @always_comb
    def cap():
        if group_last:
            wanted_after.next = start
        elif more > rows:
            wanted_after.next = rows
        else:
            wanted_after.next = more

    @always_comb
    def choose():
        if ahead:
            wanted_next.next = wanted_after
        else:
            wanted_next.next = wanted

    @always_comb
    def allow():
        ready.next = lead >= wanted_next and not lead[sign]

    @always(clk.posedge)
    def track():
        if rst:
            lead.next = 0
            wanted.next = start
        else:
            if row_done and not last_begin:
                lead.next = lead + 1
            elif last_begin and not row_done:
                lead.next = lead - rows
            elif last_begin and row_done:
                lead.next = lead - (rows - 1)
            if step_end:
                wanted.next = wanted_after

    return instances()
