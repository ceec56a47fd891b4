"""Models in one .npz: `config`, a JSON text, and `<layer>.<support>.weight`, `.bias`.

Nothing in such a file is executed, and no more memory is taken than the file's headers admit
to: they are read and judged before an array is.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy

MAX_BYTES = 1 << 28  # of one array
_KEY = re.compile(r"(\w+)\.(\d+)\.(weight|bias)")
_NUMBERED = re.compile(r"layer(\d+)")


def read_arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of an .npz by name.

    Raises ValueError, with one sentence, for what is not one or holds other than numbers and
    one text; OSError where the file cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    _judge(member, stream)
        with np.load(path, allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        MemoryError,
        OverflowError,
        RuntimeError,  # encrypted, packed in another way, or nested too deep
        SyntaxError,
        TokenError,
        TypeError,
    ) as error:
        raise ValueError(f"{path.name} must be a whole .npz file: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path.name} must be an .npz of numbers: {error}") from None


def _judge(member: zipfile.ZipInfo, stream: Any) -> None:
    try:
        version = npy.read_magic(stream)
    except ValueError:
        raise ValueError(f"{member.filename} in it is no array") from None
    reader = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in reader:
        raise ValueError(f"{member.filename} has an unknown version {version}")
    shape, _, dtype = reader[version](stream)
    if dtype.kind not in "iufU":
        raise ValueError(f"{member.filename} holds {dtype}")
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size > MAX_BYTES or size > member.file_size:
        raise ValueError(
            f"{member.filename} claims {size} bytes; the limits are {MAX_BYTES} and what it holds"
        )


def read_model(path: Path, layers: Sequence[str] | None = None) -> tuple[dict[str, Any], list[Any]]:
    """Return the configuration as plain values, and for each support (weight, bias or None).

    layers: names of layers in order; by default those of the file's own network. Without names
    they are layer0, layer1 and so on. Raises ValueError with one sentence, or OSError.
    """
    arrays = read_arrays(path)
    if "config" not in arrays or arrays["config"].dtype.kind != "U":
        raise ValueError(
            f"{path.name} must be a model, with a text `config` as `kolam train` and "
            "kolam.training.export write it, not arrays alone"
        )
    try:
        config = json.loads(str(arrays["config"]))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"config of {path.name} must be JSON: {error}") from None
    if not isinstance(config, dict):
        raise ValueError(f"config of {path.name} must be a table, not a {type(config).__name__}")
    if layers is None and config.get("engine") == "network":
        layers = _names(config.get("layers")) or None
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for name, array in arrays.items():
        match = _KEY.fullmatch(name)
        if match is None:
            continue
        numbered = _NUMBERED.fullmatch(match[1])
        if layers is not None and match[1] in layers:
            number = layers.index(match[1])
        elif layers is not None:
            raise ValueError(
                f"the weights in {path.name} must be those of the layers {', '.join(layers)}, "
                f"not {name}"
            )
        elif numbered is not None:
            number = int(numbered[1])
        else:
            continue
        found.setdefault((number, int(match[2])), {})[match[3]] = array
    weights = []
    for number, support in sorted(found):
        arrays_of = found[number, support]
        if "weight" not in arrays_of:
            owner = f"layer{number}" if layers is None else layers[number]
            raise ValueError(f"{owner}.{support} of {path.name} must have a weight")
        weights.append((arrays_of["weight"], arrays_of.get("bias")))
    return config, weights


def _names(rows: Any) -> list[str]:
    """Return the names of layers, as far as they are some; what is none is refused elsewhere."""
    tables = rows if isinstance(rows, list) else []
    names = [table.get("name") for table in tables if isinstance(table, dict)]
    return [name for name in names if isinstance(name, str)]


def refitted(weights: list[Any], made: Any, config: Any, file: str) -> list[Any]:
    """Return weights as `build` takes them, made for one configuration and used in another.

    Integers are codes: where formats differ they become floats, which `build` quantises anew.
    Raises ValueError where the two structures differ, as weights have no meaning in another.
    """
    result = []
    kinds = [[(s.key, s.anchored) for s in each.stages] for each in (made, config)]
    if type(made) is not type(config) or kinds[0] != kinds[1]:
        raise ValueError(f"the engine and its layers must be those of {file}, with its weights")
    for before, after, pair in zip(made.stages, config.stages, weights, strict=False):
        for field in ("inputs", "outputs", "fan_in", "stride", "step"):
            if getattr(before, field) != getattr(after, field):
                raise ValueError(
                    f"{field} of {after.title} must be {getattr(before, field)}, for "
                    f"which the weights of {file} were made, not {getattr(after, field)}"
                )
        weight, bias = pair
        if before.weight != after.weight:
            weight = _as_float(weight, before.weight.fraction)
        scales = [stage.source.fraction + stage.weight.fraction for stage in (before, after)]
        if scales[0] != scales[1]:
            bias = _as_float(bias, scales[0])
        result.append((weight, bias))
    return result + weights[len(result) :]


def _as_float(codes: Any, fraction: int) -> Any:
    """Return what integer codes stand for; floats, or no bias, as they are."""
    if codes is None or codes.dtype.kind not in "iu":
        return codes
    return np.ldexp(codes.astype(np.float64), -fraction)
