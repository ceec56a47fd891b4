"""Twiddles from an eighth of the circle: every word that a table of all of it would have.

Angles and words are written here once more, from docs/fft.md 1, 2 and 4.
"""

from itertools import product
from math import cos, pi, sin
from pathlib import Path
from random import Random

import pytest

from kolam.generators.fft_plan import folded_image, twiddle
from kolam.hdl import Format, instances, module
from kolam.hdl.memories import table
from kolam.kernels.bits import bits
from kolam.kernels.bits import word as wire
from kolam.kernels.twiddle_table import HOW, twiddle_lookup, twiddle_seek, twiddle_unfold
from kolam.testbenches.equivalence import bit, replay, run_model, word


def codes(angle, circle, fraction):
    """Return c and d of the page; exact, as no product is within 2^-30 of a half."""
    scale = 2**fraction
    products = scale * cos(2 * pi * angle / circle), -scale * sin(2 * pi * angle / circle)
    assert all(abs(v % 1 - 0.5) > 2**-30 for v in products)
    return round(products[0]), round(products[1])


def code(pair, width):
    """Return c low and d high as a word of the table of a whole circle."""
    c, d = (value % (1 << width) for value in pair)
    return c | d << width


def unfolded(angle, circle, image):
    """Return c and d of an angle as the page reads them from a table of an eighth."""
    quarter, rest = divmod(angle, circle // 4)
    eighth, size = circle // 8, image.width // 2
    at, exchanged = (circle // 4 - rest, True) if rest >= eighth else (rest, False)
    found = image.words[at % eighth]
    cosine, sine = (found % (1 << size), found >> size) if at else (1 << size - 1, 0)
    if exchanged:
        cosine, sine = sine, cosine
    return [(cosine, -sine), (-sine, -cosine), (-cosine, sine), (sine, cosine)][quarter]


@pytest.mark.parametrize("log2", [*range(4, 10), 12, 16])
def test_every_word_is_that_of_the_whole_circle(log2: int) -> None:
    """For all widths of a twiddle; of the largest circles, in which others are, for some."""
    circle = 1 << log2
    for width in {12: (3, 18, 32), 16: (18,)}.get(log2, range(3, 33)):
        image = folded_image(circle, Format(True, 1, width - 2), "words")
        assert image.depth == circle // 8
        for angle in range(circle):
            assert unfolded(angle, circle, image) == twiddle(angle, circle, width - 2), angle


@pytest.mark.parametrize("latency", [1, 2])
def test_any_angle_is_looked_up_in_three_clocks(tmp_path: Path, latency: int) -> None:
    """All of them, in any order."""
    records = []
    for circle, width in ((16, 3), (32, 8), (64, 25), (512, 18), (4096, 18)):
        name = f"lookup{circle}x{width}"
        image = folded_image(circle, Format(True, 1, width - 2), name)
        angles = [*range(circle), *range(3)]
        Random(name).shuffle(angles)
        case = {
            "clk": bit(), "angle": word(circle.bit_length() - 1), "y": word(2 * width),
            "image": image, "latency": latency,
        }  # fmt: skip
        clocks = len(angles)
        record = run_model(twiddle_lookup, case, name=name, clocks=clocks, drive={"angle": angles})
        for n in range(3, clocks):
            ((angle,), (got,)) = record.rows[n - 3][0], record.rows[n][1]
            assert got == code(codes(angle, circle, width - 2), width), (name, angle)
        records.append(record)
    assert replay(records, tmp_path) == []


@module
def turning(clk, ce, ahead, y, last_beat=None, *, image, blocks, size, lane, lanes, latency):
    """The twiddles of a rotator, as an engine places them."""
    address, how, found = wire(bits(image.depth)), wire(HOW), wire(image.width)
    seek = twiddle_seek(  # noqa: F841
        clk, ce, ahead, address, how, last_beat, blocks=blocks, size=size, lane=lane, lanes=lanes,
        latency=latency,
    )  # fmt: skip
    lookup = table(clk, ce, address, found, image=image, latency=latency)  # noqa: F841
    unfold = twiddle_unfold(clk, ce, found, how, y)  # noqa: F841
    return instances()


@pytest.mark.parametrize(
    ("circle", "width", "blocks", "lanes", "cuts"),
    [
        (16, 18, 2, 1, False), (32, 9, 2, 1, False), (128, 18, 2, 1, False),
        (64, 18, 1, 1, False), (128, 12, 3, 1, False), (256, 18, 4, 1, False),
        (64, 18, 2, 2, False), (128, 18, 2, 4, False), (128, 18, 4, 2, False),
        (64, 18, 2, 1, True), (256, 18, 4, 2, True),
    ],
)  # fmt: skip
def test_places_are_turned_as_the_page_says(
    tmp_path: Path, circle: int, width: int, blocks: int, lanes: int, cuts: bool
) -> None:
    """Frames back to back and apart, whole or half as long, whatever the enable does."""
    records = []
    size = (circle // lanes).bit_length() - 1
    image = folded_image(circle, Format(True, 1, width - 2), "eighth")
    for latency, lane, beats in product(
        (1, 2), {0, lanes - 1}, (circle // lanes, circle // lanes // 2)[: 1 + cuts]
    ):
        name = f"turn{latency}x{lane}x{beats}"
        random = Random(f"{name} {circle} {blocks}")
        valid = [0] * 8  # by enabled clock, of the samples
        while len(valid) < 4 * circle // lanes + 300:
            valid += [1] * beats * random.randint(1, 2) + [0] * random.choice((0, 1, 1, 2, 5))
        ces, aheads, e = [], [], 0
        while e + 1 < len(valid):
            enabled = e < 8 or random.random() < 0.7
            ces.append(int(enabled))
            aheads.append(valid[e + 1])
            e += enabled
        ports = {n: bit() for n in ("clk", "ce", "ahead")}
        ports |= {"y": word(2 * width), **({"last_beat": word(size)} if cuts else {})}
        how = {"blocks": blocks, "size": size, "lane": lane, "lanes": lanes, "latency": latency}
        drive = {"ce": ces, "ahead": aheads, **({"last_beat": beats - 1} if cuts else {})}
        record = run_model(
            turning, {**ports, **how, "image": image}, name=name, clocks=len(ces), drive=drive
        )
        shown = [got for (enable, *_), (got,) in record.rows if enable]
        place = checked = 0
        for e, here in enumerate(valid[: len(shown)]):
            if not here:
                place = 0
                continue
            first, step = divmod(place % beats, 1 << size - blocks)
            factor = int(f"{first:0{blocks}b}"[::-1], 2)
            angle = factor * (lanes * step + lane) % circle
            assert shown[e] == code(codes(angle, circle, width - 2), width), (name, e, place)
            place, checked = place + 1, checked + 1
        assert checked > 3 * circle // lanes
        records.append(record)
    assert replay(records, tmp_path) == []
