"""The rows that the banks read: no index memory, one address for each class of banks.

At step j of group t a bank of class k reads row (row_step t + base[j] + extra[j][k]) mod rows.
Forms, cheapest first:

    cycle_counter one counter; the other classes read its delays by 1, 2, ... clocks
    every_turn    the counter steps once in as many taps as there are banks, where every
                  group reads all rows from the first on
    row_stepper   all banks read the same row, and rows is a power of two: one adder
    row_origin    row_step t + base[j]; row_ahead its successors, row_choice one of them
"""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def row_stepper(clk, rst, busy, step_end, row, *, rows, tap, wrap):
    """Add `tap` after a tap and `wrap` after the last one of a group, modulo rows = 2**k."""
    now = counter(0, bits(rows))
    jump = counter(0, bits(rows))

    @always_comb
    def choose():
        if step_end:
            jump.next = wrap
        else:
            jump.next = tap

    @always(clk.posedge)
    def count():
        if rst:
            now.next = 0
        elif busy:
            now.next = now + jump

    @always_comb
    def show():
        row.next = now

    return instances()


@module
def row_origin(clk, rst, step_end, frame_end, next_tap, start, *, rows, row_step, base):
    """Give (row_step t + base[j]) mod rows for the tap that comes next; not a register."""
    width = bits(rows)
    table = tuple(base)
    origin, origin_next, ahead, first = (counter(0, width) for _ in range(4))
    moved, moved_back, total, total_back = (counter(0, width + 1) for _ in range(4))
    stride = row_step % rows

    @always_comb
    def move():
        moved.next = origin + stride

    @always_comb
    def move_back():
        moved_back.next = moved - rows

    @always_comb
    def follow():
        if frame_end:
            origin_next.next = 0
        elif not step_end:
            origin_next.next = origin
        elif moved >= rows:
            origin_next.next = moved_back[width:]
        else:
            origin_next.next = moved[width:]

    @always_comb
    def look():
        ahead.next = table[next_tap]

    @always_comb
    def add():
        total.next = origin_next + ahead

    @always_comb
    def add_back():
        total_back.next = total - rows

    @always_comb
    def wrap():
        if total >= rows:
            first.next = total_back[width:]
        else:
            first.next = total[width:]

    @always_comb
    def show():
        start.next = first

    @always(clk.posedge)
    def keep():
        if rst:
            origin.next = 0
        else:
            origin.next = origin_next

    return instances()


@module
def row_ahead(clk, start, row, *, rows, ahead):
    """Give (start + ahead) mod rows, one clock later; ahead is below rows."""
    width = bits(rows)
    now = counter(0, width)
    total, total_back = (counter(0, width + 1) for _ in range(2))

    @always_comb
    def add():
        total.next = start + ahead

    @always_comb
    def add_back():
        total_back.next = total - rows

    @always(clk.posedge)
    def wrap():
        if total >= rows:
            now.next = total_back[width:]
        else:
            now.next = total[width:]

    @always_comb
    def show():
        row.next = now

    return instances()


@module
def row_choice(clk, next_tap, choice_rows, row, *, width, extra):
    """Pick, for one class of banks, number extra[j] of the rows in choice_rows."""
    table = tuple(extra)
    last = max(table)
    pick, pick_next = (counter(0, bits(last + 1)) for _ in range(2))

    @always_comb
    def look():
        pick_next.next = table[next_tap]

    @always(clk.posedge)
    def keep():
        pick.next = pick_next

    @always_comb
    def choose():
        row.next = choice_rows[width:]
        for k in range(1, last + 1):
            if pick == k:
                row.next = choice_rows[k * width + width : k * width]

    return instances()
