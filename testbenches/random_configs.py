"""Seeded random configurations of chains and networks, small, and off the beaten sizes."""

from dataclasses import replace
from typing import Any

import numpy as np

from kolam.generators import network
from kolam.generators.chain_config import ChainConfig
from kolam.generators.cyclic_sparse import Config, Formats, Support
from kolam.hdl import Format, Overflow, Rounding
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation

MAX_WORDS = 40


class _Draws:
    """What configurations are drawn of, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def often(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def member(self, kind: Any) -> Any:
        return kind(self.rng.choice([each.value for each in kind]))

    def format(self, least: int, most: int) -> Format:
        width = self.pick(least, most)
        signed = self.often(0.8)
        fraction = self.pick(0, width)
        return Format(signed, width - signed - fraction, fraction)

    def support(self, inputs: int) -> Support:
        return Support(
            outputs=self.pick(1, MAX_WORDS),
            fan_in=self.pick(1, min(7, inputs)),
            stride=self.pick(0, inputs + 3),
            step=1 if self.often(0.7) else self.pick(1, 5),
            bias=self.often(0.3),
            activation=self.member(Activation),
        )

    def overflow(self) -> Overflow:
        return Overflow.WRAP if self.often(0.15) else Overflow.SATURATE

    def finished(self, made: ChainConfig, words: int, lanes: bool, target: Target) -> Any:
        """Return a configuration with stream widths, if wanted, and a parallelism that it has."""
        asked: dict[str, Any] = {"target": target}
        if lanes:
            asked["input_lanes"] = self.pick(1, made.inputs)
            asked["output_lanes"] = self.pick(1, words)
        least, most = made.legal[0][0], made.legal[-1][0]
        asked["parallelism"] = int(self.rng.choice([least, most, self.pick(least, most)]))
        return replace(made, **asked)


def random_config(seed: int, *, target: Target = Target.GENERIC, lanes: bool = False) -> Config:
    """Return a configuration of 1 to 4 supports, every field drawn.

    lanes: draw widths of the streams other than the engine's own too.
    """
    draws = _Draws(seed)
    inputs = width = draws.pick(1, MAX_WORDS)
    supports = []
    for _ in range(draws.pick(1, 4)):
        supports.append(draws.support(width))
        width = supports[-1].outputs
    formats = Formats(
        input=draws.format(2, 16),
        weights=tuple(draws.format(2, 12) for _ in supports),
        outputs=tuple(draws.format(3, 16) for _ in supports),
        rounding=draws.member(Rounding),
        overflow=draws.overflow(),
    )
    made = Config(inputs=inputs, supports=tuple(supports), formats=formats)
    config: Config = draws.finished(made, width, lanes, target)
    return config


def random_network(
    seed: int, *, target: Target = Target.GENERIC, lanes: bool = False
) -> network.Config:
    """Return a network of 1 to 3 layers of any structure, every field drawn; lanes as above."""
    draws = _Draws(seed)
    inputs = width = draws.pick(1, MAX_WORDS)
    layers: list[network.Layer] = []
    for number in range(draws.pick(1, 3)):
        supports: list[Support] = []
        for _ in range(draws.pick(1, 2)):
            supports.append(draws.support(supports[-1].outputs if supports else width))
        given: dict[str, Any] = {
            "name": f"fc{number + 1}",
            "bias": draws.often(0.5),
            "formats": network.LayerFormats(
                weights=draws.format(2, 12) if draws.often(0.5) else None,
                outputs=tuple(draws.format(3, 16) for _ in supports) if draws.often(0.5) else None,
            ),
        }
        if draws.often(0.5):
            layers.append(network.CyclicSparseLayer(supports=tuple(supports), **given))
            width = supports[-1].outputs
            continue
        width = draws.pick(1, MAX_WORDS // 2)
        if given["formats"].outputs is not None:
            given["formats"] = network.LayerFormats(outputs=given["formats"].outputs[:1])
        layers.append(
            network.DenseLayer(outputs=width, activation=draws.member(Activation), **given)
        )
    made = network.Config(
        inputs=inputs,
        layers=tuple(layers),
        formats=Formats(
            input=draws.format(2, 16),
            weights=draws.format(2, 12),
            outputs=draws.format(3, 16),
            rounding=draws.member(Rounding),
            overflow=draws.overflow(),
        ),
        argmax=draws.often(0.5),
    )
    config: network.Config = draws.finished(made, made.elements_out, lanes, target)
    return config
