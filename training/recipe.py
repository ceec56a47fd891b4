"""How a network is trained: settings, and which of them suit which structure.

The values were chosen on held-out training images; docs/training.md has the measurements.
"""

from dataclasses import dataclass, replace
from math import cos, pi

from kolam.generators.chain_config import ChainConfig
from kolam.generators.fields import check_integer
from kolam.training.data import Data
from kolam.training.network import dense_weights, layers

MANY = 10_000  # images from which a batch is a large one
LARGE = 16  # pixels from which an image may be shifted by one


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Adam on the cross-entropy: a rate that rises, then falls along half a cosine to zero.

    rate: of Adam, at its top. epochs: passes over the images. batch: images a step. warm_up:
    share of the steps in which the rate rises. shift: images are moved by up to so many pixels
    up, down, left and right, and what moves in is 0. tune_epochs, tune_rate: of the
    quantisation-aware passes that follow, in which words and weights are rounded as in hardware.
    Raises TypeError, ValueError.
    """

    rate: float
    epochs: int
    batch: int = 256
    warm_up: float = 0.05
    shift: int = 0
    tune_epochs: int = 0
    tune_rate: float = 1e-3

    def __post_init__(self) -> None:
        check_integer(self, "epochs", 1)
        check_integer(self, "batch", 1)
        check_integer(self, "shift", 0)
        check_integer(self, "tune_epochs", 0)
        for name in ("rate", "tune_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a number above 0, not {getattr(self, name)}")
        if not 0 <= self.warm_up <= 1:
            raise ValueError(f"warm_up must be 0 to 1, not {self.warm_up}")

    def at(self, done: float) -> float:
        """Return the factor of the rate when a share of the steps, 0 to 1, is done."""
        rise = 1.0 if done >= self.warm_up else done / self.warm_up
        return rise * (1 + cos(pi * done)) / 2

    @property
    def tuning(self) -> "Recipe":
        """The recipe of the passes under rounding."""
        return replace(self, rate=self.tune_rate, epochs=max(self.tune_epochs, 1), tune_epochs=0)


def recipe_for(config: ChainConfig, data: Data, epochs: int | None = None) -> Recipe:
    """Return the recipe for a structure and data; epochs: instead of the recipe's.

    Sparse layers want a higher rate than dense ones, the more so with batch norm inside a chain;
    few weights want many epochs, and shifts: even they overfit. Raises ValueError for epochs
    below 1.
    """
    chains = [stages for _, stages in layers(config) if not stages[0].anchored]
    normed = any(stage.bias for stages in chains for stage in stages[:-1])
    rate = (3e-2 if normed else 2e-2) if chains else 5e-3
    compression = dense_weights(config) / sum(s.outputs * s.fan_in for s in config.stages)
    passes = 20 if compression < 2 else 40 if compression < 20 else 80
    return Recipe(
        rate=rate,
        epochs=passes if epochs is None else epochs,
        batch=256 if len(data.train) >= MANY else 32,
        shift=int(data.shape is not None and min(data.shape) >= LARGE),
        tune_epochs=10,
    )
