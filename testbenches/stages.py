"""For tests of stages of a streaming FFT: what they are fed, clock by clock, and what they answer.

Results of P, D and exact sums are written here once more, from docs/fft.md 2.
"""

from random import Random
from typing import Any

from myhdl import always, always_comb

from kolam.hdl import instances, module
from kolam.kernels.pipeline_entry import wash_clocks

Pair = tuple[int, int]


@module
def watch(clk: Any, ce: Any, wash: Any, y_next: Any, y_valid: Any, washed: Any) -> Any:
    """Say when the outputs mean something: `y_valid` goes with y."""

    @always(clk.posedge)
    def follow() -> None:
        if wash:
            y_valid.next = False
        elif ce:
            y_valid.next = y_next

    @always_comb
    def tell() -> None:
        washed.next = not wash

    return instances()


def results(f: Pair, x: Pair, turns: bool, halves: bool) -> tuple[Pair, Pair]:
    """Return what a stage gives for k = 0 and for k = 1, of f and x (re, im)."""
    c, d = (x[1], -x[0]) if turns else x
    if not halves:
        return (f[0] + c, f[1] + d), (f[0] - c, f[1] - d)
    if turns:
        (s, t), (u, v) = results(f, (x[1], x[0]), False, True)
        return (s, v), (u, t)  # im: D and P change places
    return (
        (f[0] // 2 - -x[0] // 2, f[1] // 2 - -x[1] // 2),
        (f[0] // 2 - x[0] // 2, f[1] // 2 - x[1] // 2),
    )


def schedule(
    random: Random, turn: int, block: int, blocks: int, gap: float, enabled: float
) -> list[dict[str, int]]:
    """Return inputs clock by clock: a reset, a wash, `blocks` blocks; and all again.

    Blocks of `block` samples, back to back or, with the probability gap, some clocks apart. The
    second reset comes in the middle of a block. The flag of a sample comes an enabled clock ahead.
    """
    rows = []
    wash, last = 0, 0
    for epoch in range(2):
        left = [0] * random.randrange(3)
        for _ in range(blocks):
            if random.random() < gap:
                left += [0] * random.choice([1, 1, 2, block // 2, block, random.randrange(1, 99)])
            left += [1] * block
        left = left[: -block // 2] if epoch == 0 else [*left, *[0] * (block + 4)]
        for number in range(2):
            rows.append(
                {"rst": 1, "ce": random.random() < 0.5, "valid_next": 0 if number else last}
            )
        wash = wash_clocks(turn)
        while left:
            ce = random.random() < enabled
            last = 0 if wash else left[0]
            rows.append({"rst": 0, "ce": ce, "valid_next": last})
            if ce and wash:
                wash -= 1
            elif ce:
                left.pop(0)
    return rows


def signed(code: int, width: int) -> int:
    """Return the value of a two's complement word."""
    return code - (code >> width - 1 << width)
