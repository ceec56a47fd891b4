"""The training loop: batches, augmentation, Adam, checkpoints.

Everything is drawn from the seed and the number of the epoch, on one thread: a run gives the same
weights every time on one machine, and one that was stopped and resumed gives those of one that
was not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import Tensor, nn

from kolam.training.data import Data, Images
from kolam.training.recipe import Recipe

EVALUATED = 2048  # images at a time
GROUPS = 8  # of a batch, each shifted by a draw of its own


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """What a pass over the images came to.

    loss: mean of the batches'. trained: share of right answers during the pass, on augmented
    images. held: share of right answers on held-out images behind it, or None.
    """

    loss: float
    trained: float
    held: float | None


@dataclass(kw_only=True)
class State:
    """Where a training is: as it is saved, and as it goes on from."""

    epochs: list[Epoch]
    module: dict[str, Any]
    optimizer: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values and tensors; `from_dict` takes them back."""
        return {**vars(self), "epochs": [asdict(epoch) for epoch in self.epochs]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "State":
        """Return the state that `to_dict` described."""
        return cls(**{**values, "epochs": [Epoch(**epoch) for epoch in values["epochs"]]})


def fit(
    module: nn.Module,
    data: Data,
    recipe: Recipe,
    *,
    seed: int = 0,
    state: State | None = None,
    save: Callable[[State], None] | None = None,
    told: Callable[[int, Epoch], None] = lambda number, epoch: None,
) -> list[Epoch]:
    """Train a module that gives (images, classes) for (images, features); return the epochs.

    It is trained in place and left in evaluation mode. state: where to go on, instead of the
    start. save: called with the state after each epoch. told: called with the number of an epoch,
    from 1, and what it came to. Raises FloatingPointError where the loss is no number, ValueError
    where a module gives something else, or too few classes.
    """
    with one_thread():
        optimizer = torch.optim.Adam(module.parameters(), lr=recipe.rate, fused=True)
        epochs: list[Epoch] = []
        if state is not None:
            epochs = list(state.epochs)
            module.load_state_dict(state.module)
            optimizer.load_state_dict(state.optimizer)
        while len(epochs) < recipe.epochs:
            module.train()
            loss, right = _pass(module, optimizer, data, recipe, seed, len(epochs))
            module.eval()
            held = None if data.held is None else accuracy(module, data, data.held)
            epochs.append(Epoch(loss=loss, trained=right, held=held))
            told(len(epochs), epochs[-1])
            if save is not None:
                save(
                    State(
                        epochs=epochs,
                        module=module.state_dict(),
                        optimizer=optimizer.state_dict(),
                    )
                )
    module.eval()
    return epochs


@contextmanager
def one_thread() -> Iterator[None]:
    """Let sums be added in one order, whatever the machine has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pass(
    module: nn.Module, optimizer: Any, data: Data, recipe: Recipe, seed: int, epoch: int
) -> tuple[float, float]:
    """Train for one epoch; return the mean loss, and the share of right answers."""
    batch = min(recipe.batch, len(data.train))
    steps, classes = len(data.train) // batch, data.classes
    total = torch.zeros((), dtype=torch.float64)
    right = 0
    for step, (x, labels) in enumerate(batches(data, recipe, batch, seed, epoch)):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * recipe.at((epoch * steps + step) / (recipe.epochs * steps))
        scores = module(x)
        _check_scores(scores, len(x), classes)
        loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.detach()
        right += int((scores.detach().argmax(1) == labels).sum())
    if not torch.isfinite(total):
        raise FloatingPointError(
            f"the loss must be a number, and is not in epoch {epoch + 1}: a lower rate may help"
        )
    return float(total) / steps, right / (steps * batch)


def _check_scores(scores: Tensor, images: int, classes: int) -> None:
    """Raise ValueError unless a module gives a score for each class of each image."""
    shape = tuple(scores.shape)
    if len(shape) != 2 or shape[0] != images or shape[1] < classes:
        raise ValueError(
            f"the module must give ({images}, {classes}) scores, or more, for {images} images of "
            f"{classes} classes, not {shape}"
        )


def batches(
    data: Data, recipe: Recipe, batch: int, seed: int, epoch: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (images, features) and labels of one epoch in an order of its own.

    Images left over at its end wait for another epoch.
    """
    entropy = np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1
    draws = torch.Generator().manual_seed(int(entropy))
    codes, labels = torch.from_numpy(data.train.codes), torch.from_numpy(data.train.labels)
    order = torch.randperm(len(labels), generator=draws)
    for first in range(0, len(labels) - batch + 1, batch):
        places = order[first : first + batch]
        x = codes.index_select(0, places)  # several times faster than codes[places]
        if recipe.shift and data.shape is not None:
            x = _shifted(x, data.shape, recipe.shift, draws)
        yield values(x, data), labels[places]


def _shifted(x: Tensor, shape: tuple[int, int], most: int, draws: torch.Generator) -> Tensor:
    """Return images moved by up to `most` pixels; what moves in is 0."""
    images = x.view(-1, *shape)
    parts = images.split(-(-len(images) // GROUPS))
    ways = torch.randint(-most, most + 1, (len(parts), 2), generator=draws).tolist()
    moved = [
        F.pad(part, (right, -right, down, -down))
        for part, (down, right) in zip(parts, ways, strict=True)
    ]
    return torch.cat(moved).view(len(x), -1)


def values(codes: Tensor, data: Data) -> Tensor:
    """Return what codes (images, features) stand for, in the memory order of our layers."""
    return (codes.float() * 2.0**-data.format.fraction).t().contiguous().t()


@torch.no_grad()
def scores(module: nn.Module, data: Data, images: Images) -> Tensor:
    """Return the answers (images, classes) of a module in evaluation."""
    parts = torch.from_numpy(images.codes).split(EVALUATED)
    return torch.cat([module(values(part, data)) for part in parts])


def accuracy(module: nn.Module, data: Data, images: Images) -> float:
    """Return the share of images, 0 to 1, whose largest score is that of their label."""
    found = scores(module, data, images).argmax(1).numpy()
    return float((found == images.labels).mean())
