"""Where the words of a frame go: beats fill rows, rows fill a frame buffer.

A row has a word in each bank and arrives in `phases` beats; a frame is `rows` rows, and
`buffers` frames (a power of two) are kept. `free` promises room for a whole frame, so that a
producer that has begun one never waits. docs/design.md 4 has the rules of a link.
"""

from myhdl import Signal, always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.bits import bits, counter


@module
def row_writer(
    clk, rst, frame_begin, valid, frame_read, free, row_done, enables, row, write_buffer, *,
    phases, rows, buffers,
):  # fmt: skip
    """Count beats, rows and frames; enables has a bit a phase, frame_read frees a buffer."""
    phase = counter(0, bits(phases))
    row_now = counter(0, bits(rows))
    buffer_now = counter(0, bits(buffers))
    held = counter(0, bits(buffers) + 1)  # frames begun and not yet read
    phase_end, row_end, done = (Signal(bool(0)) for _ in range(3))
    full = bits(buffers)

    @always_comb
    def decide():
        phase_end.next = phase == phases - 1
        row_end.next = row_now == rows - 1

    @always_comb
    def finish():
        done.next = valid and phase_end

    @always_comb
    def show():
        row_done.next = done
        row.next = row_now
        write_buffer.next = buffer_now
        free.next = not held[full]

    if phases == 1:

        @always_comb
        def enable():
            enables.next = valid

    else:

        @always_comb
        def enable():
            for k in range(phases):
                enables.next[k] = valid and phase == k

    @always(clk.posedge)
    def count():
        if rst:
            phase.next = 0
            row_now.next = 0
            buffer_now.next = 0
            held.next = 0
        else:
            if valid:
                if phase_end:
                    phase.next = 0
                else:
                    phase.next = phase + 1
            if done:
                if row_end:
                    row_now.next = 0
                    buffer_now.next = buffer_now + 1
                else:
                    row_now.next = row_now + 1
            if frame_begin and not frame_read:
                held.next = held + 1
            elif frame_read and not frame_begin:
                held.next = held - 1

    return instances()
