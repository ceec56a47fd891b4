"""The narrowing at the end of a pipeline with an enable: v / 2**drop, rounded, within a format.

For half_up and half_even half a code was added already, upstream. A tie then shows as zeros in
what is dropped, and half_even clears the last bit.
"""

from typing import Any

from myhdl import Signal, always, always_comb, concat

from kolam.hdl import Rounding, instances, module
from kolam.kernels.bits import word

LATENCY = 1


@module
def frame_narrow(
    clk, rst, wash, ce, valid_next, v_re, v_im, valid, put, y_re, y_im, overflow, *, drop: int,
    rounding: Rounding,
) -> Any:  # fmt: skip
    """Narrow samples to y. `valid` moves with y, and so with the enable.

    `put` is high for one clock for each, and `overflow` if it was limited. v: two's complement
    words of drop bits more than y, or of more than that.
    """
    code_re, code_im = word(len(y_re)), word(len(y_im))
    over_re, over_im = word(1), word(1)
    cut_re = narrow(v_re, code_re, over_re, drop=drop, rounding=rounding)
    cut_im = narrow(v_im, code_im, over_im, drop=drop, rounding=rounding)
    keep = narrow_register(
        clk, rst, wash, ce, valid_next, code_re, code_im, over_re, over_im, valid, put, y_re, y_im,
        overflow,
    )  # fmt: skip
    return instances()


@module
def narrow(v, code, over, *, drop, rounding):
    """One part, combinational."""
    size = len(v)
    width = len(code)
    top = size - 1
    low = drop + width - 1
    high = drop + width
    second = drop + 1
    ones = (1 << size - low) - 1
    most = (1 << width - 1) - 1
    least = 1 << width - 1
    last = Signal(bool(0))

    if drop > 0 and rounding is Rounding.HALF_EVEN:

        @always_comb
        def settle():
            last.next = v[drop] and v[drop:] != 0

    else:

        @always_comb
        def settle():
            last.next = v[drop]

    @always_comb
    def exceed():
        if v[top]:
            over.next = v[size:low] != ones
        else:
            over.next = v[size:low] != 0

    @always_comb
    def limit():
        if not over:
            code.next = concat(v[high:second], last)
        elif v[top]:
            code.next = least
        else:
            code.next = most

    return instances()


@module
def narrow_register(
    clk, rst, wash, ce, valid_next, code_re, code_im, over_re, over_im, valid, put, y_re, y_im,
    overflow,
):  # fmt: skip
    """Hold a sample, and tell of it once."""
    here = Signal(bool(0))

    @always(clk.posedge)
    def follow():
        if rst or wash:  # flags from before the reset end here
            here.next = False
            valid.next = False
            put.next = False
            overflow.next = False
        else:
            put.next = ce and here
            overflow.next = ce and here and (over_re or over_im)
            if ce:
                here.next = valid_next
                valid.next = here

    @always(clk.posedge)
    def hold():
        if ce:
            y_re.next = code_re
            y_im.next = code_im

    return instances()
