"""table_banks: every word of the whole image, after as many enabled clocks as a table takes."""

from pathlib import Path
from random import Random

from kolam.hdl import instances, module
from kolam.hdl.image import Image
from kolam.kernels.bits import bits
from kolam.kernels.table_banks import paths, split, table_banks
from kolam.testbenches.equivalence import bit, replay, run_model, word


@module
def one_reader(clk, ce, raddr, rdata, *, images, latency):
    """Banks that one reads."""
    banks = table_banks(clk, ce, raddr, rdata, images=images, latency=latency)  # noqa: F841
    return instances()


@module
def two_readers(clk, ce, raddr, rdata, raddr_b, rdata_b, *, images, latency):
    """Banks that two read."""
    banks = table_banks(  # noqa: F841
        clk, ce, raddr, rdata, raddr_b, rdata_b, images=images, latency=latency
    )
    return instances()


def test_banks_give_the_words_of_the_image(tmp_path: Path) -> None:
    records = []
    for readers, count, depth, latency in ((1, 2, 8, 2), (2, 2, 4, 2), (2, 4, 4, 2), (1, 8, 2, 3)):
        name = f"banks{readers}x{count}"
        random = Random(name)
        image = Image(name, 9, tuple(random.getrandbits(9) for _ in range(count * depth)))
        images = split(image, depth)
        assert [i.depth for i in images] == [depth] * count
        assert sum((i.words for i in images), ()) == image.words
        pairs = [("raddr", "rdata"), ("raddr_b", "rdata_b")][:readers]
        ports = {n: bit() for n in ("clk", "ce")}
        for address, data in pairs:
            ports |= {address: word(bits(image.depth)), data: word(image.width)}
        record = run_model(
            (one_reader, two_readers)[readers - 1],
            {**ports, "images": images, "latency": latency}, name=name, clocks=250,
        )  # fmt: skip
        lines = [[None] * latency for _ in pairs]
        seen = set()
        for given, got in record.rows:
            row = dict(zip([*record.inputs, *record.outputs], [*given, *got], strict=True))
            for line, (address, data) in zip(lines, pairs, strict=True):
                if line[0] is not None:
                    assert row[data] == image.words[line[0]], name
                    seen.add(line[0])
                if row["ce"]:
                    line.append(row[address])
                    line.pop(0)
        assert seen == set(range(image.depth))
        records.append(record)
        assert len({f for f in record.files if f.startswith("mem/")}) == count
    assert replay(records, tmp_path) == []


def test_paths() -> None:
    """In the order of the banks; test_fft.py finds them in the Verilog."""
    assert paths(2) == ["u_lower", "u_upper"]
    assert paths(4)[1:3] == ["u_lower/u_upper", "u_upper/u_lower"]
