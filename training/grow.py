"""The bottom-up search: grow synapses and connectivity until an accuracy is met at a compression.

Every hidden layer becomes a chain of `spread` supports, the last layer is dense. Trials begin with
the fewest weights, and grow in fan-in (synapses) and in supports of a chain (connectivity); each is
trained for a few epochs and judged by held-out images. The first that meets the goal is taken.

Source: Hosseini et al., DAC 2019, which "incrementally increas[es] the CSC layers characteristics
such as connectivity and number of synapses, to achieve the desired accuracy given a compression
rate"; fan-ins, chains and order are this project's own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kolam.generators import network
from kolam.generators.chain_config import ChainConfig
from kolam.generators.cyclic_sparse import spread
from kolam.training.data import Data
from kolam.training.fit import Epoch
from kolam.training.layers import NORM_FROM
from kolam.training.network import connectivity, dense_weights, layers
from kolam.training.recipe import recipe_for
from kolam.training.run import check_fit, train

FAN_INS = (2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64)
SUPPORTS = (1, 2, 3)  # of a chain
EPOCHS = 5  # of a trial


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A network that was tried.

    compression: weights of dense layers in its place, over its own. connected: share of joined
    pairs in its hidden layers. held: share of held-out images in their class, 0 to 1.
    """

    fan_in: int
    supports: int
    weights: int
    compression: float
    connected: float
    held: float


def grow(
    config: ChainConfig,
    data: Data,
    *,
    goal: float,
    compression: float,
    seed: int = 0,
    told: Callable[[Trial], None] = lambda trial: None,
) -> tuple[network.Config | None, list[Trial]]:
    """Return the first network that meets a goal, or None, and all trials in order.

    config: its inputs, the widths, names and activations of its layers are kept. data: with
    images held out. goal: share of those, 0 to 1. compression: at least so many times fewer
    weights than dense layers. told: called after each trial. Raises ValueError.
    """
    check_fit(config, data)
    if data.held is None:
        raise ValueError("images must be held out, for the search to judge by")
    trials: list[Trial] = []
    for weights, fan_in, supports, made in candidates(config, compression):
        epochs: list[Epoch] = train(
            made, data, replace(recipe_for(made, data, EPOCHS), tune_epochs=0), seed=seed
        ).epochs
        hidden = [connectivity(stages) for _, stages in layers(made)][:-1]
        trial = Trial(
            fan_in=fan_in,
            supports=supports,
            weights=weights,
            compression=dense_weights(made) / weights,
            connected=sum(hidden) / max(len(hidden), 1),
            held=epochs[-1].held or 0.0,
        )
        trials.append(trial)
        told(trial)
        if trial.held >= goal:
            return made, trials
    return None, trials


def candidates(
    config: ChainConfig, compression: float
) -> Iterator[tuple[int, int, int, network.Config]]:
    """Yield weights, fan-in, supports of a chain, and the network, the fewest weights first.

    Raises ValueError where even the smallest is too large for the compression.
    """
    found = []
    for fan_in in FAN_INS:
        for supports in SUPPORTS:
            made = _network(config, fan_in, supports)
            weights = sum(stage.outputs * stage.fan_in for stage in made.stages)
            found.append((weights, fan_in, supports, made))
    found.sort(key=lambda row: row[:3])
    most = dense_weights(config) / compression
    if found[0][0] > most:
        raise ValueError(
            f"compression must be at most {dense_weights(config) / found[0][0]:.1f} for these "
            f"layers, not {compression:g}"
        )
    return (row for row in found if row[0] <= most)


def _network(config: ChainConfig, fan_in: int, supports: int) -> network.Config:
    """Return a network of the same widths, of chains of so many supports."""
    rows: list[Any] = []
    parts = list(layers(config))
    for number, (_, stages) in enumerate(parts):
        first, last = stages[0], stages[-1]
        end: dict[str, Any] = {
            "name": f"fc{number + 1}",
            "bias": True,
            "activation": last.activation,
        }
        if number + 1 == len(parts):
            rows.append(network.DenseLayer(outputs=last.outputs, **end))
            continue
        fan_ins = (min(fan_in, first.inputs), *[min(fan_in, last.outputs)] * (supports - 1))
        chain = spread(first.inputs, last.outputs, fan_ins)
        inner = supports >= NORM_FROM  # batch norm inside folds into a bias
        chain = tuple(replace(s, bias=inner and s is not chain[-1]) for s in chain)
        rows.append(network.CyclicSparseLayer(supports=chain, **end))
    formats = replace(
        config.formats, weights=config.stages[0].weight, outputs=config.stages[-1].result
    )
    return network.Config(
        inputs=config.inputs,
        layers=tuple(rows),
        formats=formats,
        argmax=config.argmax,
        target=config.target,
    )
