"""The output side of a core: words in whole bytes, exchanged with their frame, good frames only."""

import pytest

from kolam.kernels.stream_exit import stream_exit
from kolam.testbenches.equivalence import assert_equivalent, bit, word

BEATS, SIZE, FRAMES = 3, 5, 4


def ports(parts, user, inverse):
    """Return fresh signals: `user` bits behind the words; exchanged only where `inverse`."""
    names = ("clk", "rst", "put", "room", "verdict_valid", "verdict_good", "m_valid", "m_ready")
    made = {name: bit() for name in (*names, "m_last")}
    made |= {"x": word(parts * SIZE + user), "m_data": word(8 * parts)}
    made |= {"m_user": word(user)} if user else {}
    return made | ({"inverse": bit()} if inverse else {})


@pytest.mark.parametrize(
    ("parts", "user", "inverse"), [(1, 0, False), (2, 0, True), (2, 3, True), (4, 0, True)]
)
@pytest.mark.parametrize("free", [True, False])
def test_what_leaves(parts, user, inverse, free, tmp_path):
    """Each frame as its verdict and its mark say, which come once its words are under way."""
    signals, clocks, turn = ports(parts, user, inverse), 1000, 25
    drive = {
        "rst": [1] * 3 + [0] * (clocks - 3),
        "put": [int(n > 3 and n % turn < BEATS) for n in range(clocks)],
        "verdict_valid": [int(n > turn and n % turn == 8) for n in range(clocks)],
        "m_ready": (lambda *_: 1) if free else (lambda _, draw: int(draw.random() < 0.6)),
    }
    shape = {"parts": parts, "size": SIZE, "beats": BEATS, "depth": 8, "reserve": 2}
    record = assert_equivalent(
        stream_exit, {**signals, **shape, "frames": FRAMES, "style": "shift"}, folder=tmp_path,
        clocks=clocks, drive=drive,
        loose=("m_data", "m_last", "m_user") if user else ("m_data", "m_last"),
    )  # fmt: skip
    judged, words, given = [], [], []
    for inputs, outputs in record.rows[3:]:
        row = dict(zip([*record.inputs, *record.outputs], [*inputs, *outputs], strict=True))
        if row["verdict_valid"]:
            judged.append((row["verdict_good"], row.get("inverse", 0)))
        if row["put"]:
            words.append(row["x"])
        if row["m_valid"] and row["m_ready"]:
            given.append((row["m_data"], row["m_last"], row.get("m_user", 0)))
    wanted = []
    for number, (good, turns) in enumerate(judged):
        for beat, x in enumerate(words[number * BEATS : (number + 1) * BEATS] if good else []):
            data = 0
            for k in range(parts):
                code = x >> SIZE * (k ^ turns) & (1 << SIZE) - 1
                data |= (code | 0xE0 * (code >> SIZE - 1)) << 8 * k
            wanted.append((data, int(beat == BEATS - 1), x >> parts * SIZE))
    assert given == wanted[: len(given)]
    assert len(given) > 8 * BEATS
