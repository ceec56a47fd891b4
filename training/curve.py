"""The learning curve of a training."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, StrMethodFormatter

from kolam.training.fit import Epoch
from kolam.training.run import Trained

_INK, _GRID = "#2b2b2b", "#dddddd"
_LOSS, _TRAINED, _HELD = "#0072b2", "#e69f00", "#009e73"


def curve(trained: Trained) -> Figure:
    """Return loss and errors by epoch: in floats, then under rounding, behind a line."""
    epochs: Sequence[Epoch] = [*trained.epochs, *trained.tuned]
    numbers = range(1, len(epochs) + 1)
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    loss, error = figure.subplots(2, 1, sharex=True)
    loss.plot(numbers, [e.loss for e in epochs], color=_LOSS, marker=".")
    loss.set_ylabel("loss")
    error.plot(
        numbers, [100 * (1 - e.trained) for e in epochs], color=_TRAINED, marker=".",
        label="while training",
    )  # fmt: skip
    if trained.data.held is not None:
        error.plot(
            numbers, [100 * (1 - (e.held or 0)) for e in epochs], color=_HELD, marker=".",
            label="held out",
        )  # fmt: skip
    error.set_ylabel("wrong, %")
    error.set_xlabel("epoch")
    error.legend(frameon=False)
    for axes in (loss, error):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter("")
        axes.grid(color=_GRID, which="both", linewidth=0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        if trained.tuned:
            axes.axvline(len(trained.epochs) + 0.5, color=_INK, linewidth=0.8, linestyle="--")
    if trained.tuned:
        loss.annotate(
            "rounded", (len(trained.epochs) + 0.5, 0.95), xycoords=("data", "axes fraction"),
            xytext=(4, 0), textcoords="offset points", va="top", color=_INK, fontsize=8.5,
        )  # fmt: skip
    loss.set_title(f"{trained.design.name} on {trained.data.name}, seed {trained.seed}")
    return figure
