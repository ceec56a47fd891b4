"""A trained module as a model file: the .npz that `kolam generate` and `load` take."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kolam.generators import network
from kolam.generators.design import Design
from kolam.generators.fields import member
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.training.files import whole
from kolam.training.fold import Linear, folded
from kolam.training.network import config_of
from kolam.training.quantise import check_bits, forward, rounded

CLOSE = 1e-3  # of the largest result: more than float32 may differ from what was folded
_OPTIONS = [
    field.name
    for field in fields(network.Config)
    if field.init and field.name not in ("inputs", "layers", "formats")  # of the module
]


def export(
    module: nn.Module,
    path: str | Path,
    *,
    calibration: Any,
    input: Format | str,
    bits: int = 8,
    **options: Any,
) -> Design:
    """Write a module of our layers as a model file, and return its design.

    module: layers in a row, see kolam.training.fold. path: an .npz. calibration: (images, inputs),
    values (not codes) on which formats are chosen, of some hundred training images; they may be
    beyond what input holds by its last bit, as 1.0 is of u0.8. input: the format in which images
    come, as `u0.8`. bits: of weights and words, 2 to 16. options: other fields of network.Config,
    such as parallelism, interval, argmax, target (also by name, as `xc7`).

    Raises ValueError or TypeError with one sentence, OSError where the file cannot be written;
    then what was there is as it was.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be an nn.Module, not {_kind(module)}")
    module = getattr(module, "_orig_mod", module)  # what torch.compile was given
    _check_options(options)
    path, chain = Path(path), folded(module)
    if path.suffix != ".npz":
        raise ValueError(f"path must be an .npz file, not {str(path)!r}")
    x = np.asarray(calibration.detach() if isinstance(calibration, Tensor) else calibration)
    if x.ndim != 2 or not len(x) or x.shape[1] != chain[0].inputs:
        raise ValueError(f"calibration must be (images, {chain[0].inputs}), not {x.shape}")
    source = Format.parse(input) if isinstance(input, str) else input
    values = torch.from_numpy(source.to_float(source.quantize(x)))
    _check_range(x, source)
    _check(module, chain, values)
    found = rounded(chain, values, source, check_bits(bits))
    config = config_of(chain, found.formats, **options)
    design = network.build(config, found.words(), name=re.sub(r"\W", "_", path.stem))
    write_model(path, design)
    return design


def _kind(value: Any) -> str:
    """Return what a value is, in words."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def _check_options(options: dict[str, Any]) -> None:
    """Raise TypeError for a field that a network does not have; a target may be its name."""
    for name in options:
        if name not in _OPTIONS:
            near = get_close_matches(name, _OPTIONS, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TypeError(f"options must be among {', '.join(_OPTIONS)}, not {name!r}{hint}")
    if isinstance(options.get("target"), str):
        options["target"] = member(Target, "target", options["target"])


def _check_range(x: NDArray[Any], source: Format) -> None:
    """Raise ValueError for values beyond a format by more than its last bit."""
    low, high = float(source.to_float(source.minimum)), float(source.to_float(source.maximum))
    step = 2.0**-source.fraction
    if x.min() < low - step or x.max() > high + step:
        raise ValueError(
            f"calibration must be values that input ({source}) holds, {low:g} to {high:g}, not "
            f"{x.min():g} to {x.max():g}; of codes they are input.to_float(codes)"
        )


def write_model(path: Path, design: Any, **tables: Mapping[str, Any]) -> None:
    """Write configuration and integers of a design, whole or not at all.

    tables: more to be kept in the file, by name, as JSON. The same design and tables give the
    same bytes. Raises OSError.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for key, words in design.model_words.items():
        arrays[f"{key}.weight"] = _small(words.weight)
        if words.bias is not None:
            arrays[f"{key}.bias"] = _small(words.bias)
    texts = {"config": design.config.to_dict(), **tables}
    arrays |= {name: np.array(json.dumps(table)) for name, table in texts.items()}
    with whole(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def _small(codes: NDArray[np.int64]) -> NDArray[Any]:
    """Return integers in the smallest signed type that holds them."""
    peak = max(int(codes.max()), -int(codes.min()) - 1)
    width = next(w for w in (8, 16, 32, 64) if peak < 1 << (w - 1))
    return codes.astype(f"<i{width // 8}")


@torch.no_grad()
def _check(module: nn.Module, chain: Sequence[Linear], x: Tensor) -> None:
    """Raise ValueError where a module does not compute what its layers were taken for."""
    like = next((p for p in module.parameters() if p.is_floating_point()), x.float())
    with _evaluating(module):
        given = module(x.to(like)).double().cpu()
    made = forward(chain, x)
    if given.shape != made.shape or not (given - made).abs().max() <= CLOSE * made.abs().max():
        raise ValueError(
            "the module must compute what its layers say, one after the other, and gives other "
            "results: has a layer a forward of its own?"
        )


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Put a module into evaluation, and then each part of it back as it was."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training
