"""Seeded random configurations of the FFT, small, every field drawn."""

import numpy as np

from kolam.generators.fft import (
    Architecture,
    Config,
    Direction,
    Formats,
    Order,
    Rotation,
    Samples,
)
from kolam.generators.fft_config import FLAT, MOST_LANES, MOST_PIPELINING
from kolam.hdl import Format, Rounding
from kolam.hdl.target import Target

STAGES = 3, 8  # of 8 to 256 points
REAL_STAGES = 4, 8
ITERATIVE_STAGES = 3, 6
WIDTHS = 4, 24  # bits of a part
TWIDDLES = 4, 20


def some_format(rng: np.random.Generator) -> Format:
    """Return a signed format of WIDTHS."""
    width = int(rng.integers(WIDTHS[0], WIDTHS[1] + 1))
    fraction = int(rng.integers(0, width))
    return Format(True, width - 1 - fraction, fraction)


def random_fft(
    seed: int, *, target: Target = Target.GENERIC, stages: tuple[int, int] = STAGES
) -> Config:
    """Return a configuration with 2 to the `stages` points, at least and at most.

    Half of them are of one lane, the others of any number.
    """
    rng = np.random.default_rng(seed)

    def pick(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    n = pick(*stages)
    most = (1 << n if 1 << n <= FLAT else MOST_LANES).bit_length() - 1
    lanes = 1 << (0 if rng.random() < 0.5 else pick(1, most))
    orders = [Order(rng.choice([order.value for order in Order])) for _ in range(2)]
    scaling = [
        None,
        (0,) * (n + 1),
        (*(pick(0, 1) for _ in range(n)), pick(0, n + 1)),
    ][pick(0, 2)]
    return Config(
        points=1 << n,
        lanes=lanes,
        direction=Direction(rng.choice([way.value for way in Direction])),
        input_order=orders[0],
        output_order=orders[1],
        scaling=scaling,
        rotation=Rotation(rng.choice([way.value for way in Rotation])),
        pipelining=int(np.random.default_rng([seed, 2]).integers(MOST_PIPELINING + 1)),
        formats=Formats(
            input=some_format(rng),
            output=None if rng.random() < 0.3 else some_format(rng),
            twiddle=Format(True, 1, pick(*TWIDDLES) - 2),
            rounding=Rounding(rng.choice([way.value for way in Rounding])),
        ),
        target=target,
    )


def random_iterative(
    seed: int, *, target: Target = Target.GENERIC, stages: tuple[int, int] = ITERATIVE_STAGES
) -> Config:
    """Return a configuration of the iterative architecture; `stages` as in random_fft.

    Half of them have two stages a pass; of the others some are of block floating point.
    """
    rng = np.random.default_rng([seed, 2])
    n = int(rng.integers(stages[0], stages[1] + 1))
    twice = int(rng.integers(1, 3))
    orders = [list(Order)[rng.integers(2)] for _ in range(2)]
    growing = int(rng.integers(2)) if rng.random() < 0.7 else int(rng.integers(n + 1))
    drawn = (*[0] * growing, *[1] * (n - growing), int(rng.integers(5)))
    scaling = [None, drawn, "block" if twice == 1 else drawn][rng.integers(3)]
    source, named, short = some_format(rng), some_format(rng), rng.random() < 0.3
    if scaling == "block":  # formats in which rounding cannot leave the words
        source, named = (Format(True, f.integer, f.fraction + 8) for f in (source, source))
    return Config(
        points=1 << n,
        architecture=Architecture.ITERATIVE,
        butterflies=1 << int(rng.integers(0, n - 2)),
        stages_a_pass=twice,
        direction=list(Direction)[rng.integers(2)],
        input_order=orders[0],
        output_order=orders[1],
        scaling=scaling,
        formats=Formats(
            input=source,
            output=None if short and scaling is not drawn else named,
            twiddle=Format(True, 1, int(rng.integers(TWIDDLES[0] + 6, TWIDDLES[1] - 1))),
            rounding=list(Rounding)[rng.integers(3)],
        ),
        target=target,
    )


def random_real(
    seed: int, *, target: Target = Target.GENERIC, stages: tuple[int, int] = REAL_STAGES
) -> Config:
    """Return a configuration of real samples; `stages` as in random_fft, of all the points.

    Only the spectrum may be in bit-reversed order. An output is named wherever scaling is drawn,
    which may drop more than the input has.
    """
    rng = np.random.default_rng([seed, 1])
    n = int(rng.integers(stages[0], stages[1] + 1))
    direction = list(Direction)[rng.integers(2)]
    forward = direction is Direction.FORWARD
    order = list(Order)[rng.integers(2)]
    drawn = (*rng.integers(0, 2, n - 1).tolist(), int(rng.integers(0, n + 1)))
    scaling = [None, (0,) * n, (1,) * n, drawn][rng.integers(4)]
    named = some_format(rng)
    return Config(
        points=1 << n,
        samples=Samples.REAL,
        direction=direction,
        input_order=Order.NATURAL if forward else order,
        output_order=order if forward else Order.NATURAL,
        scaling=scaling,
        formats=Formats(
            input=some_format(rng),
            output=None if rng.random() < 0.3 and scaling is not drawn else named,
            twiddle=Format(True, 1, int(rng.integers(TWIDDLES[0] - 2, TWIDDLES[1] - 1))),
            rounding=list(Rounding)[rng.integers(3)],
        ),
        rotation=[Rotation.MULTIPLY, Rotation.SHIFT_ADD][rng.integers(2)],
        target=target,
    )
