"""Round a sum, keep it within a format, apply the activation: the one narrowing of a layer.

    code = activation(overflow(round(word / 2**drop)))

The rounding increment is added after saturation, so that the adder is as narrow as the result
and shares its LUTs with the choice of the limits. `saturated` marks words that saturation
changed; what an activation clips does not count. Where `drop` is 0 the word is exact already,
or a half was added upstream.
"""

from enum import Enum
from typing import Any

from myhdl import Signal, always, always_comb

from kolam.hdl import Overflow, Rounding, instances, module
from kolam.kernels.bits import counter


class Activation(Enum):
    """What follows the rounding."""

    NONE = "none"  #: nothing
    RELU = "relu"  #: max(y, 0)
    CLIPPED_RELU = "clipped_relu"  #: min(max(y, 0), 1)


def round_saturate_latency(drop: int, overflow: Overflow) -> int:
    """Return the clocks from a word to its code."""
    return 1 if drop == 0 and overflow is Overflow.SATURATE else 2


def narrowing(
    *, drop: int, rounding: Rounding, overflow: Overflow, activation: Activation, signed: bool,
    fraction: int,
) -> tuple[module, dict[str, Any]]:  # fmt: skip
    """Return the module that narrows a two's complement word to a code, and its constants.

    The word has more bits than code and drop together. drop: fraction bits to lose; HALF_UP
    needs only one of them, HALF_EVEN all, TRUNCATE none. signed, fraction: of the code's format,
    two bits or more if signed; fraction places the 1 of CLIPPED_RELU. Raises ValueError where
    TRUNCATE has bits to drop before saturation.
    """
    common = {"activation": activation, "signed": signed, "fraction": fraction}
    if overflow is Overflow.WRAP:
        return round_wrap, {"drop": drop, "rounding": rounding, **common}
    if drop == 0:
        return saturate, common
    if rounding is Rounding.TRUNCATE:
        raise ValueError(f"drop must be 0 where TRUNCATE saturates, not {drop}: hand on fewer bits")
    return round_saturate, {"drop": drop, "rounding": rounding, **common}


@module
def saturate(clk, word, code, saturated, *, activation, signed, fraction):
    """Keep a whole number within the format, and apply the activation; one clock."""
    width = len(code)
    size = len(word)
    low = width - 1 if signed else width
    high_ones = (1 << size - low) - 1
    relu = activation is not Activation.NONE
    clipped = activation is Activation.CLIPPED_RELU and 0 <= fraction < low
    one = 1 << fraction if clipped else 0
    least = 1 << low if signed else 0
    most = (1 << low) - 1
    negative, above, below = (Signal(bool(0)) for _ in range(3))
    top = size - 1
    # behind a ReLU bits from `low` on are zero, which synthesis must see to save them

    @always_comb
    def look():
        negative.next = word[top]

    @always_comb
    def exceed():
        above.next = not negative and word[size:low] != 0

    if signed:

        @always_comb
        def fall_short():
            below.next = negative and word[size:low] != high_ones

    else:

        @always_comb
        def fall_short():
            below.next = negative and not relu  # what ReLU clips does not count

    if clipped:

        @always(clk.posedge)
        def limit():
            if negative:
                code.next = 0
            elif word[size:fraction] != 0:
                code.next = one
            else:
                code.next = word[low:]

    elif relu:

        @always(clk.posedge)
        def limit():
            if negative:
                code.next = 0
            elif above:
                code.next = most
            else:
                code.next = word[low:]

    else:

        @always(clk.posedge)
        def limit():
            if above:
                code.next = most
            elif below:
                code.next = least
            else:
                code.next = word[width:]

    @always(clk.posedge)
    def tell():
        saturated.next = above or below

    return instances()


@module
def round_saturate(clk, word, code, saturated, *, drop, rounding, activation, signed, fraction):
    """Round, keep within the format, and apply the activation; two clocks."""
    width = len(code)
    size = len(word)
    low = width - 1 if signed else width
    base = drop + low
    high_ones = (1 << size - base) - 1
    brim_ones = high_ones - 1
    low_ones = (1 << low) - 1
    least = low_ones + 1
    relu = activation is not Activation.NONE
    clipped = activation is Activation.CLIPPED_RELU and 0 <= fraction < low
    one = 1 << fraction if clipped else 0
    bound = drop + fraction
    top = size - 1
    top_code = low if relu else width  # synthesis must see that nothing is negative behind a ReLU
    half = drop - 1
    negative, up, above, below, full, brim = (Signal(bool(0)) for _ in range(6))
    forced, fill, sign, raised, told = (Signal(bool(0)) for _ in range(5))
    kept, chosen, total = (counter(0, width) for _ in range(3))

    @always_comb
    def look():
        negative.next = word[top]
        full.next = word[base:drop] == low_ones

    if rounding is Rounding.HALF_UP:

        @always_comb
        def round_up():
            up.next = word[half]

    elif drop == 1:

        @always_comb
        def round_up():
            up.next = word[0] and word[1]

    else:

        @always_comb
        def round_up():
            up.next = word[half] and (word[drop] or word[half:] != 0)

    @always_comb
    def exceed():
        above.next = not negative and word[size:base] != 0

    # brim: one below the least code, which rounding lifts into the range
    if signed:

        @always_comb
        def fall_short():
            below.next = negative and word[size:base] != high_ones
            brim.next = up and full and word[size:base] == brim_ones

    elif not relu:

        @always_comb
        def fall_short():
            below.next = negative
            brim.next = up and full and word[size:base] == high_ones

    if not signed and relu:

        @always(clk.posedge)
        def notice():
            told.next = above or (not negative and full and up)

    else:

        @always(clk.posedge)
        def notice():
            told.next = above or (not negative and full and up) or (below and not brim)

    if clipped:

        @always(clk.posedge)
        def classify():
            forced.next = negative or word[size:bound] != 0
            fill.next = not negative
            raised.next = up and not negative and word[size:bound] == 0

        @always_comb
        def choose():
            if not forced:
                chosen.next = kept
            elif fill:
                chosen.next = one
            else:
                chosen.next = 0

    elif relu:

        @always(clk.posedge)
        def classify():
            forced.next = negative or above
            fill.next = not negative
            raised.next = up and not negative and not above and not full

        @always_comb
        def choose():
            if not forced:
                chosen.next = kept
            elif fill:
                chosen.next = low_ones
            else:
                chosen.next = 0

    elif signed:

        @always(clk.posedge)
        def classify():
            forced.next = above or below
            sign.next = negative
            raised.next = up and not above and not below and (negative or not full)

        @always_comb
        def choose():
            if not forced:
                chosen.next = kept
            elif sign:
                chosen.next = least
            else:
                chosen.next = low_ones

    else:

        @always(clk.posedge)
        def classify():
            forced.next = above or below
            sign.next = negative
            raised.next = up and not above and not below and not full

        @always_comb
        def choose():
            if not forced:
                chosen.next = kept
            elif sign:
                chosen.next = 0
            else:
                chosen.next = low_ones

    @always(clk.posedge)
    def keep():
        kept.next = word[drop + width : drop]

    @always_comb
    def lift():
        total.next = chosen + raised

    @always(clk.posedge)
    def give():
        code.next = total[top_code:]
        saturated.next = told

    return instances()


@module
def round_wrap(clk, word, code, saturated, *, drop, rounding, activation, signed, fraction):
    """Round, let the word wrap into the format, and apply the activation; two clocks."""
    width = len(code)
    relu = activation is not Activation.NONE and signed
    clipped = activation is Activation.CLIPPED_RELU and 0 <= fraction < width - signed
    one = 1 << fraction if clipped else 0
    half = drop - 1
    top = width - 1
    raised = Signal(bool(0))
    kept, total = (counter(0, width) for _ in range(2))

    if drop == 0 or rounding is Rounding.TRUNCATE:

        @always(clk.posedge)
        def round_up():
            raised.next = False

    elif rounding is Rounding.HALF_UP:

        @always(clk.posedge)
        def round_up():
            raised.next = word[half]

    elif drop == 1:

        @always(clk.posedge)
        def round_up():
            raised.next = word[0] and word[1]

    else:

        @always(clk.posedge)
        def round_up():
            raised.next = word[half] and (word[drop] or word[half:] != 0)

    @always(clk.posedge)
    def keep():
        kept.next = word[drop + width : drop]

    @always_comb
    def lift():
        total.next = kept + raised

    if clipped and relu:

        @always(clk.posedge)
        def give():
            if total[top]:
                code.next = 0
            elif total > one:
                code.next = one
            else:
                code.next = total

    elif clipped:

        @always(clk.posedge)
        def give():
            if total > one:
                code.next = one
            else:
                code.next = total

    elif relu:

        @always(clk.posedge)
        def give():
            if total[top]:
                code.next = 0
            else:
                code.next = total

    else:

        @always(clk.posedge)
        def give():
            code.next = total

    @always(clk.posedge)
    def tell():
        saturated.next = False

    return instances()
