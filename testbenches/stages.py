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


def check_words(
    name: str, table: list[dict[str, int]], sizes: Pair, clocks: int, halves: bool, late: int
) -> int:
    """Compare the words of the enabled clocks from a reset to the next; return how many.

    Of a stage that takes re, then im, and gives them `late` behind: sums, and `clocks` more behind
    differences. sizes: bits of a word, before and behind.
    """
    width, size = sizes
    table = [row for row in table if row["ce"]]
    valid = [0, *(row["valid_next"] for row in table)]  # of the word in each clock
    x = [signed(row["x"], width) for row in table]
    want: dict[int, Pair] = {}  # by clock: word, difference
    begin = 0
    while begin < len(table):
        if not valid[begin]:
            begin += 1
            continue
        for e in range(begin + clocks + 1, min(begin + 2 * clocks, len(table)), 2):  # of an im
            f = x[e - clocks - 1], x[e - clocks]
            turned = bool(table[e].get("turns", 0))
            both = results(f, (x[e - 1], x[e]), turned, halves)
            for k, (re, im) in enumerate(both):
                want[e - 1 + k * clocks + late] = (re, k)
                want[e + k * clocks + late] = (im, k)
        begin += 2 * clocks
    # of the block that a reset breaks off a word may be out before its sample is whole
    known = {e: y for e, y in want.items() if e < len(table)}
    got: dict[int, Pair | None] = {
        e: (signed(row["y"], size), row["difference"])
        for e, row in enumerate(table)
        if row["y_valid"]
    }
    assert {e: got.pop(e, None) for e in known} == known, name
    assert set(got) <= {max([*known, 0]) + 1}, name
    for flag, ahead in (("y_next", 1), ("y_soon", 2)):
        told = {e + ahead for e, row in enumerate(table)
                if row[flag] and (row["washed"] or flag == "y_next")}  # fmt: skip
        told = {e for e in told if e < len(table)}
        assert told - set(got) == set(known), (name, flag)
    return len(known)
