"""Where a training is, in a file that is written after each epoch."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from kolam.training.files import whole
from kolam.training.fit import State


class Checkpoint:
    """The states of the phases of one training; without a path nothing is kept.

    about: what the training is of, as plain values; another training's file is refused.
    """

    def __init__(self, path: Path | None, about: Mapping[str, Any]) -> None:
        self.path, self.about = path, json.dumps(about)
        self.phases: dict[str, dict[str, Any]] = {}

    @classmethod
    def at(cls, path: Path | None, about: Mapping[str, Any], resume: bool) -> "Checkpoint":
        """Return the checkpoint at a path: a new one, or to resume the one that is there, if any.

        Raises ValueError for a file that is none, or of another training, and OSError.
        """
        made = cls(path, about)
        if resume and path is not None and path.exists():
            made._read(path)
        return made

    def _read(self, path: Path) -> None:
        try:
            with warnings.catch_warnings():  # of what else it may be
                warnings.simplefilter("ignore")
                found = torch.load(path, weights_only=True)  # runs nothing that a file holds
            about, self.phases = json.loads(found["about"]), found["phases"]
        except (UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError):
            raise ValueError(f"{path.name} must be a checkpoint of kolam, and is none") from None
        for key, value in json.loads(self.about).items():
            if about.get(key) != value:
                raise ValueError(
                    f"{path.name} must be of the same {key}, to be resumed, and is of another"
                    f"{_difference(about.get(key), value)}"
                )

    def phase(self, name: str) -> dict[str, Any]:
        """Return the arguments `state` and `save` of `fit` for one phase."""

        def save(state: State) -> None:
            self.phases[name] = state.to_dict()
            if self.path is not None:
                with whole(self.path) as file:
                    torch.save({"about": self.about, "phases": self.phases}, file)

        state = self.phases.get(name)
        return {"state": None if state is None else State.from_dict(state), "save": save}


def _difference(was: Any, wanted: Any) -> str:
    """Return the first number that differs of two tables, as a phrase, or nothing."""
    if isinstance(was, dict) and isinstance(wanted, dict):
        for name, value in wanted.items():
            if isinstance(value, int | float) and was.get(name) != value:
                return f": {name} {was.get(name)}, not {value}"
    return ""
