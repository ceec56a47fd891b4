"""Seeded random configurations of the cyclic sparse engine, small, and off the beaten sizes."""

from typing import Any

import numpy as np

from kolam.generators.cyclic_sparse import Config, Formats, Support
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation

MAX_WORDS = 40


def random_config(seed: int, *, target: Target = Target.GENERIC, lanes: bool = False) -> Config:
    """Return a configuration of 1 to 4 supports, every field drawn.

    lanes: draw widths of the streams other than the engine's own too.
    """
    rng = np.random.default_rng(seed)

    def pick(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    def some_format(least: int, most: int) -> Format:
        width = pick(least, most)
        signed = bool(rng.random() < 0.8)
        fraction = pick(0, width)
        return Format(signed, width - signed - fraction, fraction)

    widths = [pick(1, MAX_WORDS)]
    supports = []
    for _ in range(pick(1, 4)):
        supports.append(
            Support(
                outputs=pick(1, MAX_WORDS),
                fan_in=pick(1, min(7, widths[-1])),
                stride=pick(0, widths[-1] + 3),
                step=1 if rng.random() < 0.7 else pick(1, 5),
                bias=bool(rng.random() < 0.3),
                activation=Activation(rng.choice([a.value for a in Activation])),
            )
        )
        widths.append(supports[-1].outputs)
    formats = Formats(
        input=some_format(2, 16),
        weights=tuple(some_format(2, 12) for _ in supports),
        outputs=tuple(some_format(3, 16) for _ in supports),
        rounding=Rounding(rng.choice([r.value for r in Rounding])),
        overflow=Overflow.WRAP if rng.random() < 0.15 else Overflow.SATURATE,
    )
    fields: dict[str, Any] = {"inputs": widths[0], "supports": tuple(supports), "formats": formats}
    if lanes:
        fields["input_lanes"] = pick(1, widths[0])
        fields["output_lanes"] = pick(1, widths[-1])
    legal = Config(**fields).legal
    least, most = legal[0][0], legal[-1][0]
    parallelism = int(rng.choice([least, most, pick(least, most)]))
    return Config(**fields, parallelism=parallelism, target=target)
