"""frame_guard: frames of any length in, frames of `beats` beats out, and the truth about each.

With `registered` entry_register stands behind it.
"""

from random import Random

import pytest

from kolam.kernels.frame_guard import entry_register, frame_guard
from kolam.testbenches.equivalence import assert_equivalent, bit, word
from kolam.testbenches.streams import Epoch, exchange

WIDTH = 8
LAST = 1 << WIDTH


def frame(random: Random, length: int) -> list[int]:
    """Return a frame of seeded words, s_last in the highest bit of the last of them."""
    words = [random.randrange(LAST) for _ in range(length)]
    return [*words[:-1], words[-1] | LAST]


def run(beats: int, lengths: list[int], registered: bool = False, **how):
    """Send frames of these lengths; return the epochs and the frames."""
    random = Random(how.get("seed", 0))
    frames = [frame(random, length) for length in lengths]

    def place(p):
        event, valid, good, first, pad = (bit() for _ in range(5))
        n_valid, n_ready, n_first, n_data = p.m_valid, p.m_ready, first, p.m_data
        placed = []
        if registered:
            n_valid, n_ready, n_first, n_data = bit(), bit(), bit(), word(WIDTH)
            placed.append(
                entry_register(
                    p.clk, p.rst, n_valid, n_ready, n_first, pad, n_data,
                    p.m_valid, p.m_ready, first, p.m_data,
                )
            )  # fmt: skip
        placed.append(
            frame_guard(
                p.clk, p.rst, p.s_valid, p.s_ready, p.s_data(WIDTH), p.s_data(WIDTH, 0), n_valid,
                n_ready, n_data, n_first, pad, valid, good, event, beats=beats,
            )
        )  # fmt: skip
        return placed, {"watch": (valid, good, event, first, p.m_valid, p.m_ready)}

    # beats that complete a frame show whatever the source shows
    how = {"s_width": WIDTH + 1, "m_width": WIDTH, "steady": registered, **how}
    return exchange(place, frames, **how), frames


def model(frames: list[list[int]], beats: int) -> list[tuple[list[int], bool]]:
    """Return for each frame its own words, cut to `beats`, and whether it is good."""
    return [([w % LAST for w in f[:beats]], len(f) == beats) for f in frames]


def check(epoch: Epoch, frames: list[list[int]], beats: int, registered: bool, last: bool) -> None:
    """Compare an epoch with the model; where it was interrupted, with a beginning of it."""
    expected = model([frames[n] for n in epoch.frames], beats)
    words = epoch.words_given
    for number, (own, _) in enumerate(expected):
        got = words[number * beats : (number + 1) * beats]
        assert got[: len(own)] == own[: len(got)]
        if registered:
            assert not any(got[len(own) :])
    assert len(words) <= beats * len(expected)
    verdicts = [(clock, good) for clock, (valid, good, *_) in epoch.watched if valid]
    errors = [clock for clock, (_, _, event, *_) in epoch.watched if event]
    wanted = [good for _, good in expected]
    assert [bool(good) for _, good in verdicts] == wanted[: len(verdicts)]
    assert errors == [clock for clock, good in verdicts if not good]
    # a verdict comes one clock after the beat that decides it: the last one of `beats`, or s_last
    decisive, at = [], 0
    for clock, given in epoch.taken:
        at += 1
        if at == beats or (given & LAST and at < beats):
            decisive.append(clock + 1)
        if given & LAST:
            at = 0
    if last:
        assert len(words) == beats * len(expected)
        assert [clock for clock, _ in verdicts] == decisive
        moved = [v for v in epoch.watched if v[1][4] and v[1][5]]
        assert [v[1][3] for v in moved] == [n % beats == 0 for n in range(len(moved))]
    else:
        assert [clock for clock, _ in verdicts] == decisive[: len(verdicts)]


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("beats", [1, 2, 3, 8])
@pytest.mark.parametrize(("gap", "stall"), [(0, 0), (0.4, 0), (0, 0.4), (0.5, 0.5)])
def test_short_right_and_long_frames(
    beats: int, registered: bool, gap: float, stall: float
) -> None:
    for seed in range(2):
        random = Random(seed)
        lengths = [
            random.choice([beats, beats, random.randrange(1, 2 * beats + 2)]) for _ in range(20)
        ]
        (epoch,), frames = run(beats, lengths, registered, gap=gap, stall=stall, seed=seed)
        assert epoch.frames == list(range(20))
        check(epoch, frames, beats, registered, last=True)


def test_every_pair_of_lengths() -> None:
    """What a bad frame leaves behind cannot reach the next one."""
    for beats in (1, 3):
        for one in range(1, 2 * beats + 2):
            for other in range(1, 2 * beats + 2):
                (epoch,), frames = run(beats, [one, other, beats], patience=12)
                check(epoch, frames, beats, registered=False, last=True)


def test_good_frames_pass_at_once() -> None:
    (epoch,), _ = run(4, [4] * 10)
    assert [clock for clock, _ in epoch.given] == [clock for clock, _ in epoch.taken]
    assert epoch.taken[-1][0] - epoch.taken[0][0] == 39
    (epoch,), _ = run(4, [4] * 10, registered=True)
    assert [clock - 1 for clock, _ in epoch.given] == [clock for clock, _ in epoch.taken]
    assert epoch.taken[-1][0] - epoch.taken[0][0] == 39


def test_reset_at_any_clock() -> None:
    lengths = [3, 5, 3, 1, 3, 3, 2, 3, 7, 3]
    for clock in range(1, 30):
        for registered in (False, True):
            epochs, frames = run(
                3, lengths, registered, gap=0.1, stall=0.3, resets={clock}, seed=clock
            )
            for number, epoch in enumerate(epochs):
                check(epoch, frames, 3, registered, last=number == 1)


@pytest.mark.parametrize("beats", [0, -1])
def test_a_frame_has_a_beat(beats: int) -> None:
    with pytest.raises(ValueError, match=f"beats must be at least 1, not {beats}"):
        run(beats, [1])


@pytest.mark.parametrize("beats", [1, 2, 3, 5])
def test_verilog_is_the_model(tmp_path, beats: int) -> None:
    names = (
        "clk rst s_valid s_ready s_last m_valid m_ready m_first m_pad "
        "verdict_valid verdict_good frame_error"
    )
    ports = {name: bit() for name in names.split()}
    assert_equivalent(
        frame_guard,
        dict(ports, s_data=word(WIDTH), m_data=word(WIDTH), beats=beats),
        folder=tmp_path,
    )


@pytest.mark.parametrize(("beats", "width"), [(2, 1), (5, 3), (16, 4)])
def test_verilog_is_the_model_where_sizes_change(tmp_path, beats: int, width: int) -> None:
    """The size after a reset is `beats`, else what `most` was where `again` is high."""
    names = (
        "clk rst s_valid s_ready s_last m_valid m_ready m_first m_pad "
        "verdict_valid verdict_good frame_error again"
    )
    ports = {name: bit() for name in names.split()} | {"most": word(width) if width > 1 else bit()}
    record = assert_equivalent(
        frame_guard,
        dict(ports, s_data=word(WIDTH), m_data=word(WIDTH), beats=beats),
        folder=tmp_path, clocks=1500,
        drive={"again": lambda _, random: random.random() < 0.03},
    )  # fmt: skip
    rows = [dict(zip([*record.inputs, *record.outputs], [*a, *b], strict=True))
            for a, b in record.rows]  # fmt: skip
    left, size, lengths = beats, beats, set()
    for row in rows[2:]:
        assert row["m_first"] == (left == size)
        if row["rst"]:
            left = size = beats
        elif row["again"]:
            left = size = row["most"] + 2
        elif row["m_valid"] and row["m_ready"]:
            left -= 1
            if left == 0:
                lengths.add(size)
                left = size = row["most"] + 2
    assert len(lengths) > 1


def test_the_register_s_verilog_is_its_model(tmp_path) -> None:
    names = "clk rst s_valid s_ready s_first s_pad m_valid m_ready m_first"
    ports = {name: bit() for name in names.split()}
    assert_equivalent(
        entry_register, dict(ports, s_data=word(WIDTH), m_data=word(WIDTH)), folder=tmp_path
    )
