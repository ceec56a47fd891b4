"""bias_add: the sum of two words, one clock later."""

from pathlib import Path

from kolam.kernels.bias_add import bias_add
from kolam.testbenches.equivalence import bit, replay, run_model, word


def signed(code: int, width: int) -> int:
    return code - (code >> width - 1 << width)


def test_adds_exactly_what_fits(tmp_path: Path) -> None:
    """The width is chosen by the plan so that every sum fits; beyond, it would wrap."""
    records = []
    for width in (2, 3, 8, 33, 48):
        case = {"clk": bit(), **{n: word(width) for n in ("products", "bias", "total")}}
        record = run_model(bias_add, case, name=f"add{width}", clocks=250)
        exact = 0
        for (given, _), (_, (total,)) in zip(record.rows, record.rows[1:], strict=False):
            want = sum(signed(code, width) for code in given)
            assert (signed(total, width) - want) % 2**width == 0
            exact += signed(total, width) == want
        assert exact > 100
        records.append(record)
    assert replay(records, tmp_path) == []
