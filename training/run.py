"""A whole training: floats, formats, rounding, integers, and what they are worth."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from kolam.generators import ENGINES
from kolam.generators.chain_config import ChainConfig
from kolam.generators.design import Design
from kolam.generators.support_plan import Stage
from kolam.training.checkpoint import Checkpoint
from kolam.training.data import Data, Images
from kolam.training.fit import Epoch, accuracy, fit, one_thread, values
from kolam.training.fold import folded
from kolam.training.network import connectivity, layers, module, with_formats
from kolam.training.quantise import check_bits, rounded
from kolam.training.recipe import Recipe

CALIBRATION = 2048  # training images on which formats are chosen

Told = Callable[[int, Epoch], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """What came of a training.

    module: in floats. design: with its integers. epochs: of floats, then under rounding.
    """

    module: nn.Module
    design: Any
    data: Data
    seed: int
    epochs: list[Epoch]
    tuned: list[Epoch]

    def report(self) -> dict[str, Any]:
        """Return what `kolam train --json` prints, as plain values; it judges the test images."""
        count = self.design.weight_count
        found = {
            "design": self.design.name,
            "data": self.data.name,
            "seed": self.seed,
            "epochs": len(self.epochs),
            "tuned_epochs": len(self.tuned),
            "weights": {**count, "compression": round(count["dense"] / count["stored"], 2)},
            "connectivity": {
                _labels(stages): round(connectivity(stages), 4)
                for _, stages in layers(self.design.config)
            },
            "formats": self._formats(),
            "saturated": self._saturated(self.data.test),
            "test": self._accuracy(self.data.test),
        }
        return found | ({"held_out": self._accuracy(self.data.held)} if self.data.held else {})

    def _accuracy(self, images: Images) -> dict[str, Any]:
        return {
            "images": len(images),
            "float": round(accuracy(self.module, self.data, images), 4),
            "integer": round(integer_accuracy(self.design, images), 4),
        }

    def _formats(self) -> dict[str, Any]:
        stages = self.design.config.stages
        rows = {s.label: {"weights": str(s.weight), "outputs": str(s.result)} for s in stages}
        return {"input": str(stages[0].source), **rows}

    def _saturated(self, images: Images) -> dict[str, float]:
        """Return the share of words that saturate, by support."""
        stages, traced = self.design.config.stages, self.design.trace(images.codes).values()
        return {
            stage.label: round(float(layer.saturated.sum() / layer.codes.size), 6)
            for stage, layer in zip(stages, traced, strict=False)  # an arg-max is no support
        }


@one_thread()
def train(
    config: ChainConfig,
    data: Data,
    recipe: Recipe,
    *,
    name: str = "network",
    seed: int = 0,
    bits: int = 8,
    checkpoint: Path | None = None,
    resume: bool = False,
    told: Told = lambda number, epoch: None,
) -> Trained:
    """Train the structure of a configuration on data, and return it with integers.

    name: of the design. seed: of initial weights, order and augmentation. bits: of weights and
    words. checkpoint: a file that is written after each epoch, and left for the caller to remove
    once the result is safe; resume: go on from it, if it is there. told: called after each epoch,
    under rounding too, with its number, from 1, and what it came to.

    Raises ValueError where configuration, data and checkpoint do not fit each other, OSError
    where the checkpoint cannot be written or read, FloatingPointError where training diverges.
    """
    check_fit(config, data)
    check_bits(bits)
    about = {
        "design": config.to_dict(),
        "data": [data.name, _sum(data.train), len(data.held or ())],
        "recipe": asdict(recipe),
        "seed": seed,
        "bits": bits,
    }
    saved = Checkpoint.at(checkpoint, about, resume)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = module(config, rms(data))
    options: dict[str, Any] = {"seed": seed, "told": told}
    epochs = fit(made, data, recipe, **options, **saved.phase("float"))
    calibration = values(torch.from_numpy(data.train.codes[:CALIBRATION]), data)
    found = rounded(folded(made), calibration, data.format, bits)
    tuned: list[Epoch] = []
    if recipe.tune_epochs:
        options["told"] = lambda number, epoch: told(recipe.epochs + number, epoch)
        tuned = fit(found, data, recipe.tuning, **options, **saved.phase("tuned"))
    design = ENGINES[config.engine].build(
        with_formats(config, found.formats), found.words(), name=name
    )
    return Trained(module=made, design=design, data=data, seed=seed, epochs=epochs, tuned=tuned)


def check_fit(config: ChainConfig, data: Data) -> None:
    """Raise ValueError unless a network takes the images of data, and can tell their classes."""
    if config.inputs != data.features:
        raise ValueError(
            f"a design trained on {data.name} must take its {data.features} features, "
            f"not {config.inputs}"
        )
    if config.widths[-1] < data.classes:
        raise ValueError(
            f"a design trained on {data.name} must have an output for each of its {data.classes} "
            f"classes, not {config.widths[-1]}"
        )


def rms(data: Data) -> float:
    """Return the root mean square of the values of training images."""
    mean = float(np.square(data.train.codes[:CALIBRATION].astype(np.float64)).mean())
    return float(np.sqrt(mean)) * 2.0**-data.format.fraction or 1.0


def integer_accuracy(design: Design, images: Images) -> float:
    """Return the share of images that the integer model of a design puts in their class."""
    answer = design.reference(images.codes)
    classes = answer[:, 0] if design.config.argmax else answer.argmax(axis=1)
    return float((classes == images.labels).mean())


def _labels(stages: Sequence[Stage]) -> str:
    """Return the labels of supports that follow each other."""
    first, last = stages[0].label, stages[-1].label
    return first if len(stages) == 1 else f"{first} to {last}"


def _sum(images: Images) -> int:
    return zlib.crc32(images.codes.tobytes(), zlib.crc32(images.labels.tobytes()))
