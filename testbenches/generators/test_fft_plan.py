"""What an FFT is made of: twiddles to their last bit, widths and latency by docs/fft.md."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from kolam.generators import fft_config, fft_plan
from kolam.generators.fft import Architecture, Config, Direction, Formats, Order, Samples, build
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target
from kolam.reference import fft as golden
from kolam.testbenches.fft_bounds import range_bounds
from kolam.testbenches.random_fft import random_fft, random_real

NATURAL, REVERSED = Order.NATURAL, Order.BIT_REVERSED
INVERSE = Direction.INVERSE
REAL = {"samples": Samples.REAL}


def words(pairs, fraction):
    """Return (c, d) of each pair as a word of a table, c low."""
    mask = (1 << fraction + 2) - 1
    return [int(c) & mask | (int(d) & mask) << fraction + 2 for c, d in pairs]


# twiddles


@pytest.mark.parametrize("fraction", [1, 7, 16, 22, 30])
def test_twiddles_are_those_of_the_golden_model(fraction):
    """Whatever is made of them, all tables are made of these."""
    for circle in (4, 8, 64, 1024):
        wanted = golden.twiddles(circle, fraction)
        for step in range(circle):
            assert fft_plan.twiddle(step, circle, fraction) == tuple(map(int, wanted[step]))


@pytest.mark.parametrize(
    "fields",
    [
        {"output_order": REVERSED},
        {"input_order": REVERSED, "direction": INVERSE},
        {"output_order": REVERSED, "lanes": 4},
        {"points": 64, "lanes": 64},
    ],
    ids=str,
)
def test_every_word_of_every_table_is_the_twiddle_of_its_turn(fields):
    """In its place: digits of the place choose the turn, as docs/fft.md 1 has it."""
    design = build(Config(**{"points": 1024, **fields}))
    lanes, fraction = design.config.lanes, design.config.formats.twiddle.fraction
    n, natural = design.config.stages, design.config.input_order is NATURAL
    rotators = {rotator.after: rotator for rotator in design.rotators}
    seen = set()
    for table, (after, lane, step) in itertools.chain.from_iterable(
        zip(itertools.repeat(table), table.readers, strict=False) for table in design.tables
    ):
        made, p, q = table.image.words[::step], rotators[after].first, rotators[after].last
        # the place of a sample in its frame has the digits k_1 … k_s i_(s+1) … i_n, the first of
        # them highest with natural input and lowest with bit-reversed input; trailing digits
        # that make no difference have no part in the address
        period = 1 << (n - p + 1 if natural else q)
        places = np.arange(lane, max(period, lanes), lanes)
        digit = {m: places >> (n - m if natural else m - 1) & 1 for m in range(p, q + 1)}
        turns = sum(
            digit[a] * digit[b] << q - p - (b - a)
            for a in range(p, after + 1)
            for b in range(after + 1, q + 1)
        )
        circle = 1 << q - p + 1
        wanted = words(golden.twiddles(circle, fraction)[turns % circle], fraction)
        repeat, rest = divmod(len(wanted), len(made))
        assert rest == 0
        assert wanted == list(np.repeat(np.array(made, object), repeat))
        seen.add((after, lane))
    varied = {(r.after, lane) for r in design.rotators for lane in range(lanes)
              if len(set(r.turns(lane, lanes))) > 1}  # fmt: skip
    assert seen == varied


@pytest.mark.parametrize("direction", Direction)
def test_every_word_of_the_tables_of_real_samples(direction):
    """Two words a twiddle, c and d; of the split d and -c, of element 0 an exact one."""
    orders = {"input_order" if direction is INVERSE else "output_order": REVERSED}
    design = build(Config(points=128, direction=direction, **REAL, **orders))
    fraction = design.config.formats.twiddle.fraction
    mask = (1 << fraction + 2) - 1
    *turning, split = design.images
    for rotator, image in zip(design.rotators, turning, strict=True):
        pairs = golden.twiddles(rotator.steps, fraction)[list(rotator.turns(0, 1))]
        assert list(image.words) == [int(v) & mask for v in pairs.flat]
    order = [int(f"{k:06b}"[::-1], 2) for k in range(64)]
    pairs = golden.twiddles(128, fraction)[order]
    pairs = np.stack([pairs[:, 1], -pairs[:, 0]], axis=1)
    one = 1 << fraction
    pairs[0] = (-one // 2, one // 2) if direction is INVERSE else (-one, -one)
    assert list(split.words) == [int(v) & mask for v in pairs.flat]


def test_every_word_of_the_table_of_the_passes():
    design = build(Config(points=1024, architecture=Architecture.ITERATIVE))
    fraction = design.config.formats.twiddle.fraction
    (image,) = design.images
    assert list(image.words) == words(golden.twiddles(1024, fraction)[:512], fraction)


# widths


def needed(bound):
    """Return the bits of a part that is bound in magnitude, -bound included."""
    return math.ceil(math.log2(bound)) + 1


@pytest.mark.parametrize("kind", [random_fft, random_real])
def test_words_have_the_bits_that_the_page_asks_for(kind):
    """No fewer for any, or it might wrap; and no more than one, but for what rounds the output."""
    for seed in range(40):
        made = kind(seed)
        design = build(made)
        if made.real and made.halves_first:
            continue  # the split in front is a step of its own
        bounds = dict(
            (name, c) for name, c, _ in range_bounds(design.transform, made.formats.input.width)
        )
        rounds = made.schedule[-1] > 0 and made.formats.rounding is not Rounding.TRUNCATE
        for part in design.parts:
            number = getattr(part, "number", None)
            name = f"rotator {part.after}" if number is None else f"stage {number}"
            least = needed(bounds[name])
            assert part.size_out >= least, (seed, name)
            if not rounds and not getattr(part, "lifts", False):
                assert part.size_out <= max(part.size_in, needed(bounds[name] + 2)), (seed, name)


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (fft_config, "the output must be at most 40 bits a part, not 49: scale by 9 bits more"),
        (fft_plan, "words must grow to at most 40 bits, not 49: scale more stages"),
    ],
)
def test_growth_beyond_the_limit_is_refused(where, sentence, monkeypatch):
    """No configuration reaches 64 bits, so the limit is lowered here."""
    wide = Formats(input=Format.parse("s0.31"), twiddle=Format.parse("s1.30"))
    monkeypatch.setattr(where, "MOST_BITS", 40)
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        build(Config(points=1 << 16, scaling=(0,) * 17, formats=wide)).files()


# latency


def promised(made):
    """Return the latency of complex samples by the formula of docs/fft.md 4, without pipelining."""
    ecp5 = made.target is Target.ECP5
    total, n = 4, made.stages
    for s in range(1, n + 1):
        distance = 1 << (n - s if made.input_order is NATURAL else s - 1)
        total += distance // made.lanes + 1
    for rotator in build(made).rotators:
        if rotator.lifts:
            total += 5 if made.rotation.value == "lift" else 4
        else:
            wide = rotator.size_in > 18 or made.formats.twiddle.width > 18
            total += 5 if ecp5 and not wide else 4
    if made.input_order is made.output_order and made.lanes < made.points:
        total += made.points // made.lanes - (made.points > made.lanes**2) + (2 if ecp5 else 1)
    return total


@pytest.mark.parametrize("target", [Target.GENERIC, Target.XC7, Target.ECP5])
def test_latency_is_the_formula_of_the_page(target):
    """Which the hardware keeps, as the tests of the engines measure."""
    for seed in range(30):
        made = replace(random_fft(seed, target=target), pipelining=0)
        design = build(made)
        assert design.latency == promised(made), seed
        assert design.interval == made.points // made.lanes
