"""Cyclic sparsely connected (CSC) layers: a chain of support layers, all of them at work at once.

    sum[o] = sum over j < fan_in of w[o][j] x[(step o + j stride) mod inputs]  (+ bias[o])
    y[o]   = activation(overflow(round(sum[o])))

The indices are cyclic, so no index is stored; the banks never clash. A frame enters every
`interval` clocks. docs/cyclic_sparse.md derives bank, lane and clock of every product.

Source: Hosseini et al., DAC 2019 (CSC layers, support layers, no indexing); indices and lanes
are this project's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from kolam.generators.chain import Chain, Words
from kolam.generators.chain_config import (
    ChainConfig,
    Formats,
    Support,
    check_rows,
    read_support,
    stages_of,
)
from kolam.generators.support_plan import Stage
from kolam.kernels.round_saturate import Activation

__all__ = [
    "Activation",
    "Config",
    "CyclicSparse",
    "Formats",
    "Support",
    "Words",
    "build",
    "cycle",
    "fold",
    "local",
    "spread",
]


@dataclass(frozen=True, kw_only=True)
class Config(ChainConfig):
    """A chain of supports; the other fields, and errors, as in ChainConfig."""

    engine: ClassVar[str] = "cyclic_sparse"
    rows: ClassVar[str] = "supports"

    supports: tuple[Support, ...]

    def __post_init__(self) -> None:
        check_rows(self, Support)
        super().__post_init__()

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The supports, without lanes."""
        return tuple(stages_of(self.supports, self.inputs, self.formats))

    @classmethod
    def read_row(cls, table: Mapping[str, Any]) -> Support:
        """Return the Support that plain values describe."""
        return read_support(table)


class CyclicSparse(Chain):
    """A chain of support layers with its weights."""

    engine = "cyclic_sparse"


def build(config: Config, weights: Any = None, *, name: str = "csc", seed: int = 0) -> CyclicSparse:
    """Return the Design of a configuration.

    weights: for each support its weights (outputs, fan_in), or a pair of them and the biases
    (outputs,); integers are codes, floats are quantised to nearest even and limited to the format.
    None: random, by seed. Raises ValueError for a wrong shape, a code beyond the format, or a
    value that is not finite, TypeError for what are no numbers.
    """
    return CyclicSparse.made(name, config, weights, seed)


def cycle(words: int, fan_in: int, **last: Any) -> tuple[Support, ...]:
    """Return the chain of strides fan_in**s on `words` words that connects all to all.

    Where words is fan_in**L there is exactly one path from each input to each output. Keywords
    (bias, activation) are for the last support. Raises ValueError unless fan_in is 2 or more, or
    there is one word.
    """
    if fan_in < 2 <= words:
        raise ValueError(f"fan_in must be at least 2, not {fan_in}")
    strides = [1]
    while strides[-1] * fan_in < words:
        strides.append(strides[-1] * fan_in)
    supports = [Support(outputs=words, fan_in=fan_in, stride=d) for d in strides]
    return (*supports[:-1], replace(supports[-1], **last))


def fold(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a fully connected rectangle: fold the inputs to `outputs` words, then cycle.

    Raises ValueError unless the product of fan_ins is outputs.
    """
    if int(np.prod(fan_ins)) != outputs:
        raise ValueError(
            f"the product of fan_ins must be outputs ({outputs}), not {np.prod(fan_ins)}"
        )
    supports = [Support(outputs=outputs, fan_in=-(-inputs // outputs), stride=outputs)]
    stride = outputs
    for fan_in in fan_ins:
        stride //= fan_in
        supports.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*supports[:-1], replace(supports[-1], **last))


def spread(inputs: int, outputs: int, fan_ins: tuple[int, ...], **last: Any) -> tuple[Support, ...]:
    """Return a chain of descending strides, for hidden layers; the first has the output width.

    It reaches all inputs, or nearly, where the product of fan_ins is at least inputs, and else an
    even sample: see Config.connectivity. Raises ValueError for a fan-in below 1.
    """
    if min(fan_ins, default=0) < 1:
        raise ValueError(f"fan_ins must be at least 1 each, not {fan_ins!r}")
    supports, stride = [], inputs
    for fan_in in fan_ins:
        stride = -(-stride // fan_in)
        supports.append(Support(outputs=outputs, fan_in=fan_in, stride=stride))
    return (*supports[:-1], replace(supports[-1], **last))


def local(
    outputs: int, rows: int, columns: int, *, row: int = 28, step: int = 3, **last: Any
) -> tuple[Support, ...]:
    """Return the two supports that see a window of an image, rows by about step columns pixels.

    row: pixels of a row; step: pixels from output to output. Keywords are for the second.
    """
    first = Support(outputs=outputs, fan_in=rows, stride=row, step=step)
    second = Support(outputs=outputs, fan_in=columns, stride=1)
    return (first, replace(second, **last))
