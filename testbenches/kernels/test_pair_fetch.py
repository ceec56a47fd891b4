"""pair_fetch: the pairs of constant geometry, i and i + N/2, from a memory of words read in turn.

The memory is a model in the test: words of 2b elements, in the order 0, M/2, 1, M/2 + 1, …
"""

from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.pair_fetch import pair_fetch
from kolam.kernels.pass_control import fetch_phase
from kolam.testbenches.equivalence import bit, replay, run_model, word

LATENCY = 3  # clocks from a step to its f and x


@module
def fetched_pairs(clk, step, fetched, first, given_f, given_x, f, x):
    """What says which word comes, and what makes pairs of words."""
    fetches_f = wire(1)
    phase = fetch_phase(clk, step, fetches_f)  # noqa: F841
    fetch = pair_fetch(clk, fetched, fetches_f, first, given_f, given_x, f, x)  # noqa: F841
    return instances()


def joined(elements, width):
    """Return elements side by side, the first lowest."""
    return sum(v << k * width for k, v in enumerate(elements))


def fetch_record(points, butterflies, turn, width, passes=6):
    """Run passes over frames, compare every pair, and return the record.

    turn: clocks of a pass; what comes after its words is garbage. Every third pass is a first one.
    """
    name = f"fetch{points}x{butterflies}x{turn}"
    random = Random(name)
    b, words = butterflies, points // (2 * butterflies)
    size = b * width
    clocks = 2 + passes * turn + LATENCY + 1
    rows = [
        {"step": random.randrange(turn), "fetched": random.getrandbits(2 * size),
         "first": random.getrandbits(1), "given_f": random.getrandbits(size),
         "given_x": random.getrandbits(size)}
        for _ in range(clocks)
    ]  # fmt: skip
    for row in rows[-LATENCY - 1 :]:  # behind a pass comes step 0, be it of the next or not yet
        row["step"] = 0
    for row in rows[:4]:  # all is known from then on
        row["first"] = 1
    wanted = {}
    for number in range(passes):
        frame = [random.getrandbits(width) for _ in range(points)]
        memory = [joined(frame[2 * b * k : 2 * b * (k + 1)], width) for k in range(words)]
        for i in range(turn):
            n = 2 + number * turn + i
            rows[n]["step"] = i
            if i >= words:
                continue
            pair = [joined(frame[at : at + b], width) for at in (i * b, points // 2 + i * b)]
            rows[n + 2]["first"] = int(number % 3 == 0)  # the flag and the input buffer: 2 clocks
            if number % 3 == 0:
                rows[n + 2]["given_f"], rows[n + 2]["given_x"] = pair
            else:
                rows[n + 1]["fetched"] = memory[i // 2 + (words // 2 if i % 2 else 0)]
            wanted[n + LATENCY] = tuple(pair)
    ports = {n: bit() for n in ("clk", "first")} | {"step": word(bits(turn))}
    ports |= {"fetched": word(2 * size)}
    ports |= {n: word(size) for n in ("given_f", "given_x", "f", "x")}
    record = run_model(fetched_pairs, ports, name=name, clocks=clocks, vectors=rows)
    got = {n: tuple(out) for n, (_, out) in enumerate(record.rows) if n in wanted}
    assert list(record.outputs) == ["f", "x"]
    assert got == wanted, name
    return record


def test_pairs_of_constant_geometry(tmp_path: Path) -> None:
    """Back to back, and where a pass has more clocks than words."""
    records = [
        fetch_record(8, 1, 4, 5),
        fetch_record(8, 1, 16, 4),
        fetch_record(16, 2, 4, 6),
        fetch_record(16, 1, 17, 6),
        fetch_record(64, 4, 8, 7),
        fetch_record(64, 4, 16, 7),
        fetch_record(128, 1, 64, 2),
        fetch_record(64, 8, 4, 40),
    ]
    assert replay(records, tmp_path) == []


def test_constant_geometry_is_the_order_of_the_page() -> None:
    """Step i reads places i, i + N/2 and writes 2i, 2i + 1, so stage s has i_s in the first bit."""
    n = 5
    half = 1 << n - 1
    name = {place: f"{place:0{n}b}" for place in range(1 << n)}  # i_1 is the highest digit
    for stage in range(1, n + 1):
        after = {}
        for i in range(half):
            f, x = name[i], name[i + half]
            digits = [d for d in range(n) if f[d] != x[d]]
            assert digits == [stage - 1]  # of the pair only i_s differs
            after |= {2 * i: f, 2 * i + 1: x}
        name = after
        # the page: i_s+1 … i_n k_1 … k_s
        assert all(v[stage:] + v[:stage] == f"{place:0{n}b}" for place, v in name.items())
