"""frame_narrow: every word of small widths against the fixed-point reference, and one put a sample.

Half a code is added upstream where a rounding is to the nearest, so it is added here before.
"""

from pathlib import Path

import numpy as np
import pytest

from kolam.hdl import Rounding
from kolam.kernels.frame_narrow import LATENCY, frame_narrow, narrow
from kolam.reference import fixed
from kolam.testbenches.equivalence import bit, replay, run_model, word


def signed(code, width):
    return code - (code >> width - 1 << width)


def half(drop, rounding):
    """Return what is added upstream."""
    return 0 if rounding is Rounding.TRUNCATE or not drop else 1 << drop - 1


def expected(values, width, drop, rounding):
    """Return codes, and which were limited, of values / 2**drop."""
    codes, limited = fixed.narrow(
        np.array(values, object), drop, (True, width - 1, 0), rounding.value, "saturate"
    )
    return [(int(c) % (1 << width), bool(s)) for c, s in zip(codes, limited, strict=True)]


@pytest.mark.parametrize("rounding", Rounding)
def test_every_word_of_small_widths(tmp_path: Path, rounding: Rounding) -> None:
    records = []
    for width, drop, more in [(w, d, m) for w in (2, 3) for d in (0, 1, 2, 3) for m in (0, 1, 3)]:
        size, name = width + drop + more, f"narrow{width}x{drop}x{more}"
        added = half(drop, rounding)
        record = run_model(
            narrow,
            {"v": word(size), "code": word(width), "over": bit(), "drop": drop,
             "rounding": rounding},
            name=name, clocks=1 << size, drive={"v": list(range(1 << size))},
        )  # fmt: skip
        values = [signed(given[0], size) - added for given, _ in record.rows]
        want = expected(values, width, drop, rounding)
        for v, (_, got), wanted in zip(values, record.rows, want, strict=True):
            # what the half would carry beyond the word is not upstream's to give
            if v >= -(1 << size - 1):
                assert tuple(got) == wanted, (name, v)
        assert any(over for _, (_, over) in record.rows) == (more > 0)
        records.append(record)
    assert replay(records, tmp_path) == []


@pytest.mark.parametrize("rounding", Rounding)
def test_each_sample_is_told_of_once(tmp_path: Path, rounding: Rounding) -> None:
    """A clock after the enabled one that held it, whatever the enable does then."""
    records = []
    for width, drop, more in ((4, 3, 0), (16, 3, 2), (24, 0, 3), (40, 11, 1)):
        size, clocks, name = width + drop + more, 500, f"told{width}"
        ports = {n: bit() for n in ("clk", "rst", "wash", "ce", "valid_next")}
        ports |= {n: bit() for n in ("valid", "put", "overflow")}
        ports |= {n: word(size) for n in ("v_re", "v_im")}
        ports |= {n: word(width) for n in ("y_re", "y_im")}
        added = half(drop, rounding)
        near = 1 << width + drop - 1  # half of the words are close to where the limits are

        def sample(_, random, size=size, near=near, more=more):
            if more and random.random() < 0.5:
                near = random.choice((near, -near))
                return (near + random.randint(-20, 20)) % (1 << size)
            return random.getrandbits(size)

        record = run_model(
            frame_narrow, {**ports, "drop": drop, "rounding": rounding}, name=name, clocks=clocks,
            drive={"rst": lambda clock, random: clock < 2 or random.random() < 0.01,
                   "wash": lambda _, random: random.random() < 0.02,
                   "v_re": sample, "v_im": sample}, when={"y_re": "valid", "y_im": "valid"},
        )  # fmt: skip
        names = [*record.inputs, *record.outputs]
        rows = [dict(zip(names, [*given, *got], strict=True)) for given, got in record.rows]
        here, valid, counts = 0, 0, {"put": 0, "overflow": 0}
        for row, after in zip(rows, rows[LATENCY:], strict=False):
            if row["rst"] or row["wash"]:
                assert (after["valid"], after["put"], after["overflow"]) == (0, 0, 0)
                here, valid = 0, 0
                continue
            valid = here if row["ce"] else valid
            assert after["put"] == (here and row["ce"])
            assert after["valid"] == valid
            if after["put"]:
                values = [signed(row[p], size) - added for p in ("v_re", "v_im")]
                (re, over_re), (im, over_im) = expected(values, width, drop, rounding)
                if min(values) >= -(1 << size - 1):
                    assert (after["y_re"], after["y_im"]) == (re, im)
                    assert after["overflow"] == (over_re or over_im)
            else:
                assert not after["overflow"]
            if row["ce"]:
                here = row["valid_next"]
            counts = {n: c + after[n] for n, c in counts.items()}
        assert counts["put"] > 60
        assert (counts["overflow"] > 10) == (more > 0)
        assert counts["overflow"] < counts["put"]
        records.append(record)
    assert replay(records, tmp_path) == []
