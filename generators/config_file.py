"""Configurations in TOML: read, and written as a design resolved them."""

import json
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tomli_w

MAX_TEXT = 1 << 20  # bytes of a configuration file


def read(path: Path) -> dict[str, Any]:
    """Return the plain values of a configuration file.

    Raises ValueError, with one sentence, for what is no TOML or too long; OSError where the file
    cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_TEXT + 1)
    if len(data) > MAX_TEXT:
        raise ValueError(f"{path.name} must be at most {MAX_TEXT} bytes")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} must be TOML: {error}") from None


def text(design: Any) -> str:
    """Return the configuration of a design as it was resolved; `load` makes the same design of it.

    All defaults are in it, and the multipliers as chosen. What the engine chooses from these is in
    comments, so that it follows when a number is changed; so is where weights are from, which a
    configuration does not hold.
    """
    lanes = " + ".join(map(str, design.parallelism["lanes"]))
    notes = [
        f"{design.name}, {design.engine}: as kolam {version('kolam')} resolved it",
        f"multipliers {lanes}, latency {design.latency}, interval {design.interval} clocks",
        *_weights(design),
        *(
            f"left to the engine: {key} = {json.dumps(value)}"
            for key, value in design.choices.items()
        ),
    ]
    return "".join(f"# {note}\n" for note in notes) + "\n" + tomli_w.dumps(design.resolved)


def _weights(design: Any) -> list[str]:
    """Return where its weights come from when this file is read."""
    if design.weights_from is None:
        return []
    if design.seed is None:
        return ["its weights are not in here: give them by --weights, or they are random ones"]
    return [f"weights: {design.weights_from}" + f"; give --seed {design.seed}" * (design.seed > 0)]
