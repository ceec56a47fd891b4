"""One of two words, and the parts of complex samples exchanged."""

from itertools import product
from pathlib import Path

from kolam.kernels.bits import word
from kolam.kernels.choice import choose, exchange
from kolam.testbenches.equivalence import bit, replay, run_model


def test_one_of_two_words(tmp_path: Path) -> None:
    records = []
    for width in (1, 2, 34):
        ports = {"other": bit(), **{name: word(width) for name in ("x", "x_other", "y")}}
        ends = (0, 1, (1 << width) - 1)
        every = [
            dict(zip(("other", "x", "x_other"), v, strict=True))
            for v in product((0, 1), ends, ends)
        ]
        record = run_model(choose, ports, name=f"choose{width}", clocks=60, vectors=every)
        assert record.inputs == {"other": 1, "x": width, "x_other": width}
        assert all(y == (x_other if other else x) for (other, x, x_other), (y,) in record.rows)
        records.append(record)
    assert replay(records, tmp_path) == []


def test_re_and_im_exchanged(tmp_path: Path) -> None:
    """Of every sample of a beat; samples stay where they are."""
    records = []
    for parts, size in ((2, 1), (2, 16), (4, 3), (8, 5)):
        ports = {"swaps": bit(), "x": word(parts * size), "y": word(parts * size), "parts": parts}
        record = run_model(exchange, ports, name=f"parts{parts}x{size}", clocks=80)
        mask = (1 << size) - 1
        for (swaps, x), (y,) in record.rows:
            cut = [x >> k * size & mask for k in range(parts)]
            wanted = [v for re, im in zip(cut[::2], cut[1::2], strict=True) for v in (im, re)]
            assert [y >> k * size & mask for k in range(parts)] == (wanted if swaps else cut)
        assert {swaps for (swaps, _), _ in record.rows} == {0, 1}
        records.append(record)
    assert replay(records, tmp_path) == []
