"""Engines: a configuration in, a Design out."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kolam.generators import catalog, config_file, cyclic_sparse, dense, fft, network
from kolam.generators.design import Design
from kolam.generators.model_file import read_model, refitted

__all__ = ["Design", "catalog", "cyclic_sparse", "dense", "fft", "load", "network"]

ENGINES = {"cyclic_sparse": cyclic_sparse, "dense": dense, "fft": fft, "network": network}


def load(
    source: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    weights: str | Path | None = None,
    seed: int | None = None,
) -> Design:
    """Return the Design that a catalog name, a CONFIG.toml, a MODEL.npz or a hand-off folder means.

    source: a name of `kolam catalog`, or a path. set: values that replace the configuration's, by
    key; a key like formats.rounding reaches into a table. weights: an .npz whose weights are taken.
    Weights that were made for other formats are converted; those for another structure are refused.
    seed: of random weights, where there are none (0 by default). Raises ValueError or TypeError
    with one sentence, or OSError.
    """
    text, origin = str(source), None
    if text and text not in catalog.ENTRIES and Path(source).is_dir():
        text = str(Path(source) / "reference" / "model.npz")
    if text in catalog.ENTRIES:
        name, (values, words) = text.replace("-", "_"), catalog.values(text)
    elif text.endswith(".npz"):
        name, (values, words) = Path(text).stem, read_model(Path(text))
    elif text.endswith(".toml"):
        name, (values, words) = Path(text).stem, (config_file.read(Path(text)), None)
    else:
        near = get_close_matches(text, catalog.ENTRIES, n=1)
        raise ValueError(
            f"a design must be a name of `kolam catalog`, a .toml, a .npz or a folder that kolam "
            f"wrote, not {text!r}" + "".join(f"; did you mean {name}?" for name in near)
        )
    changed = _replaced(values, set or {})
    name = changed.pop("name", re.sub(r"\W", "_", name))
    room, config = _config(changed)
    if weights is not None:
        if room is fft:
            raise ValueError("weights must not be given to an FFT, which has none")
        origin, words = read_model(Path(weights), getattr(config, "names", None))
        if not words:
            raise ValueError(f"{Path(weights).name} must hold weights, and holds none")
    elif words and set:
        origin = values
    if origin:
        origin = {key: value for key, value in origin.items() if key != "name"}
        file = text if weights is None else Path(weights).name
        words = refitted(words, _config(origin)[1], config, file)
    return room.build(config, words or None, name=name, seed=0 if seed is None else seed)


def _config(values: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the engine's room and the configuration that plain values describe."""
    engine = values.get("engine", "cyclic_sparse")
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, not {engine!r}")
    room = ENGINES[engine]
    for key in ("parallelism", "interval"):
        if room is fft and key in values:
            raise ValueError(
                f"{key} must not be given to an FFT: its speed and multipliers come from lanes, or "
                "from butterflies and stages_a_pass where architecture is iterative"
            )
    return room, room.Config.from_dict(values)


def _replaced(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with changes by dotted key; a new parallelism ousts an interval."""
    result = dict(values)
    for key, value in changes.items():
        *tables, last = key.split(".")
        place = result
        for table in tables:
            if not isinstance(place.get(table), dict):
                raise ValueError(f"{key} must name a key of the configuration")
            place[table] = dict(place[table])
            place = place[table]
        place[last] = value
        for one, other in (("parallelism", "interval"), ("interval", "parallelism")):
            if key == one and other not in changes:
                result.pop(other, None)
    return result
