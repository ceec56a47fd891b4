"""What `kolam train` does, and prints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kolam import training
from kolam.generators.chain_config import ChainConfig
from kolam.scripts import console
from kolam.scripts.show import print_table


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a bottom-up search is for: per cent of held-out images, at a compression."""

    percent: float
    compression: float

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 100:
            raise ValueError(f"--goal must be above 0, to 100 %, not {self.percent:g}")
        if not 1 <= self.compression < float("inf"):
            raise ValueError(f"--compression must be at least 1, not {self.compression:g}")


def run(
    design: Any,
    *,
    data: str,
    out: Path,
    seed: int,
    bits: int,
    epochs: int | None,
    held_out: int,
    resume: bool,
    goal: Goal | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Train a design's structure, or one that is grown to a goal, and write the model file.

    Returns what came of it, or None where no network met the goal, and a report. Raises what
    kolam.training raises.
    """
    config = design.config
    if not isinstance(config, ChainConfig):
        raise ValueError(f"DESIGN must have weights to train, and {design.title} has none")
    images = training.load_data(data, bits).held_out(held_out)
    trials: list[dict[str, Any]] = []
    if goal is not None:
        with console.narrated(f"growing {design.name} on {data}", None) as tell:
            config, tried = training.grow(
                config,
                images,
                goal=goal.percent / 100,
                compression=goal.compression,
                seed=seed,
                told=lambda trial: tell(0, _trial(trial)),
            )
        trials = [asdict(trial) for trial in tried]
        if config is None:
            return None, {"design": design.name, "trials": trials}
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    recipe = training.recipe_for(config, images, epochs)
    total = recipe.epochs + recipe.tune_epochs
    if resume and not checkpoint.exists():
        console.say(f"there is no {checkpoint} to go on from: training begins")
    with (
        _interruptible(checkpoint),
        console.narrated(f"training {design.name} on {data}", total) as tell,
    ):
        trained = training.train(
            config,
            images,
            recipe,
            name=design.name,
            seed=seed,
            bits=bits,
            checkpoint=checkpoint,
            resume=resume,
            told=lambda number, epoch: tell(number, _line(epoch, number > recipe.epochs)),
        )
    report = trained.report()
    training.write_model(out, trained.design, training=report)
    checkpoint.unlink(missing_ok=True)
    return trained, {**report, "model": str(out)} | ({"trials": trials} if trials else {})


@contextmanager
def _interruptible(checkpoint: Path) -> Iterator[None]:
    """Where it is stopped by hand, say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint.exists():
            console.say(f"the same command with --resume goes on from {checkpoint}")
        raise


def _trial(trial: Any) -> str:
    return (
        f"fan-in {trial.fan_in}, supports {trial.supports}: {trial.weights:,} weights, "
        f"{trial.compression:.1f} times fewer, {100 * trial.connected:.0f} % connected, "
        f"held out {100 * trial.held:.2f} %"
    )


def _line(epoch: Any, rounded: bool) -> str:
    """Return what an epoch, of floats or under rounding, came to, as a phrase."""
    held = "" if epoch.held is None else f", held out {100 * epoch.held:.2f} %"
    return f"loss {epoch.loss:.4f}, right {100 * epoch.trained:.2f} %{held}{', rounded' * rounded}"


def show(report: dict[str, Any]) -> None:
    """Print a report on stdout."""
    screen = console.screen()
    weights = report["weights"]
    screen.print(f"[bold]{report['design']}[/]  on {report['data']}, seed {report['seed']}")
    rows: list[tuple[Any, ...]] = [
        (f"accuracy, {what}", _accuracy(report[key]))
        for what, key in (("test", "test"), ("held out", "held_out"))
        if key in report
    ]
    rows += [
        (
            "weights",
            f"{weights['stored']:,} stored, {weights['dense']:,} if dense: compression "
            f"{weights['compression']:g}",
        ),
        ("input", report["formats"]["input"]),
        ("model", report["model"]),
    ]
    print_table(screen, ("", ""), rows)
    screen.print()
    formats = report["formats"]
    print_table(
        screen,
        ("support", "weights", "outputs", "saturated"),
        [
            (name, formats[name]["weights"], formats[name]["outputs"], f"{100 * share:.3f} %")
            for name, share in report["saturated"].items()
        ],
    )
    screen.print()
    print_table(
        screen,
        ("supports", "connected, of pairs of input and output"),
        [(name, f"{100 * share:.1f} %") for name, share in report["connectivity"].items()],
    )


def _accuracy(found: dict[str, Any]) -> str:
    return (
        f"float {100 * found['float']:.2f} %, integer {100 * found['integer']:.2f} %, of "
        f"{found['images']:,} images"
    )
