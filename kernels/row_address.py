"""The rows that the banks read: no index memory, one address for each class of banks.

At step j of group t a bank of class k reads row (row_step t + base[j] + extra[j][k]) mod rows.
Forms, cheapest first:

    cycle_counter one counter; the other classes read its delays by 1, 2, ... clocks
    row_walk      an adder modulo rows, which adds what row_move says, a constant for each tap;
                  as many side by side as there are neighbours, of which row_choice takes one
"""

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def row_move(clk, busy, tap, step_end, move, *, moves):
    """Give moves[tap] in the clock of a tap, of two taps or more; it is decided a clock early."""
    width = len(move)
    first, later = moves[0], (*moves[1:], 0)
    now, coming = counter(0, width), counter(0, width)

    @always_comb
    def look():
        coming.next = later[tap]

    @always(clk.posedge)
    def keep():
        if step_end or not busy:
            now.next = first
        else:
            now.next = coming

    @always_comb
    def show():
        move.next = now

    return instances()


@module
def row_walk(clk, busy, home, move, back, row, *, rows, start):
    """Count modulo rows by `move` in each busy clock, and begin again from start at `home`.

    back is move - rows, in two's complement and a bit wider; None where rows is a power of two.
    """
    width = bits(rows)
    now, total = counter(start, width), counter(0, width)
    total_back = counter(0, width + 1)

    @always_comb
    def add():
        total.next = now + move

    if back is None:

        @always(clk.posedge)
        def count():
            if home:
                now.next = start
            elif busy:
                now.next = total

    else:

        @always_comb
        def add_back():
            total_back.next = now + back

        @always(clk.posedge)
        def count():
            if home:
                now.next = start
            elif busy:
                if total_back[width]:
                    now.next = total
                else:
                    now.next = total_back[width:]

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
