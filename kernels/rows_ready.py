"""Whether the rows are written that the next group reads.

Group t of a frame needs its rows up to row_step t + reach, or all of them; reach is below rows.
row_done marks a row's last beat; ready is for the group after the one that runs, if `ahead`.
"""

from myhdl import Signal, always, always_comb, modbv

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def frame_ready(clk, rst, row_done, row, last_begin, ready, *, rows, buffers):
    """Every group needs all rows: frames written less those whose last group has begun."""
    frames = counter(0, bits(buffers) + 1)
    written = Signal(bool(0))

    @always_comb
    def finish():
        written.next = row_done and row == rows - 1

    @always_comb
    def allow():
        ready.next = frames != 0

    @always(clk.posedge)
    def track():
        if rst:
            frames.next = 0
        elif written and not last_begin:
            frames.next = frames + 1
        elif last_begin and not written:
            frames.next = frames - 1

    return instances()


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
    step = min(row_step, rows)
    width = bits((buffers + 1) * rows + 1) + 1
    sign = width - 1
    start = min(reach + 1, rows)
    # the rows less those of a step are counted, too, so that nothing is added before a comparison
    behind = -step % (1 << width)
    lead, short = counter(0, width), counter(behind, width)
    change = counter(0, width)
    want_width = bits(rows + step + 1)
    wanted, wanted_after = (counter(0, want_width) for _ in range(2))
    now, first, later, whole = (Signal(bool(0)) for _ in range(4))

    @always_comb
    def compare():
        now.next = lead >= wanted and not lead[sign]
        first.next = lead >= start and not lead[sign]
        later.next = short >= wanted and not short[sign]
        whole.next = lead >= rows and not lead[sign]

    @always_comb
    def allow():
        if not ahead:
            ready.next = now
        elif group_last:
            ready.next = first
        else:
            ready.next = later or whole

    @always_comb
    def grow():
        if group_last:
            wanted_after.next = start
        elif wanted >= rows - step:
            wanted_after.next = rows
        else:
            wanted_after.next = wanted + step

    @always_comb
    def weigh():
        if row_done and not last_begin:
            change.next = 1
        elif last_begin and not row_done:
            change.next = (1 << width) - rows
        elif last_begin and row_done:
            change.next = (1 << width) - rows + 1
        else:
            change.next = 0

    @always(clk.posedge)
    def track():
        if rst:
            lead.next = 0
            short.next = behind
            wanted.next = start
        else:
            lead.next = lead + change
            short.next = short + change
            if step_end:
                wanted.next = wanted_after

    return instances()
