"""From a configuration to a torch module that can be trained, and from a module to one.

    linear supports, batch norm, ReLU;  …  ;  linear supports, bias

Batch norm stands where a configuration has a bias that it folds into: behind a layer that ends
with an activation, and inside a chain whose inner supports have biases.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from math import sqrt
from typing import Any

from torch import nn

from kolam.generators import cyclic_sparse, network
from kolam.generators.chain_config import ChainConfig, Support
from kolam.generators.cyclic_sparse import Activation
from kolam.generators.support_plan import Stage
from kolam.training.fold import Linear
from kolam.training.layers import CyclicSparse, Dense, Norm
from kolam.training.quantise import Formats

_ACTIVATIONS = {Activation.RELU: nn.ReLU, Activation.CLIPPED_RELU: lambda: nn.Hardtanh(0, 1)}


def module(config: ChainConfig, rms: float = 1.0) -> nn.Sequential:
    """Return a module of the structure of a configuration, its initial weights by torch's seed.

    rms: root mean square of the inputs. Raises ValueError for a layer in which some of the inner
    supports have a bias and others have none.
    """
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for name, stages in layers(config):
        last = stages[-1]
        active = last.activation is not Activation.NONE
        options: dict[str, Any] = {
            "bias": last.bias and not active,
            "rms": 1.0 if parts else rms,
            "gain": sqrt(2) if active else 1.0,
        }
        if last.anchored:
            parts[name] = Dense(last.inputs, last.outputs, **options)
        else:
            inner = {stage.bias for stage in stages[:-1]}
            if len(inner) > 1:
                raise ValueError(f"the inner supports of {name} must all have a bias, or none")
            chain = [_support(stage) for stage in stages]
            parts[name] = CyclicSparse(stages[0].inputs, chain, norm=inner == {True}, **options)
        if last.bias and active:
            parts[f"{name}_norm"] = Norm(last.outputs)
        if active:
            parts[f"{name}_activation"] = _ACTIVATIONS[last.activation]()
    return nn.Sequential(parts)


def layers(config: ChainConfig) -> Iterator[tuple[str, tuple[Stage, ...]]]:
    """Yield name and stages of each part that is linear: a chain of supports, or a dense layer."""
    part: list[Stage] = []
    for stage, after in zip(config.stages, [*config.stages[1:], None], strict=True):
        part.append(stage)
        if (
            after is None
            or stage.activation is not Activation.NONE
            or stage.layer != after.layer
            or stage.anchored
            or after.anchored
        ):
            yield part[0].key.replace(".", "_"), tuple(part)
            part = []


def connectivity(stages: Sequence[Stage]) -> float:
    """Return the share of pairs of an input and an output that a path joins."""
    if stages[0].anchored:
        return 1.0
    first = stages[0]
    formats = cyclic_sparse.Formats(input=first.source, weights=first.weight, outputs=first.result)
    chain = tuple(_support(stage) for stage in stages)
    joined = cyclic_sparse.Config(inputs=first.inputs, supports=chain, formats=formats)
    return float(joined.connectivity.mean())


def dense_weights(config: ChainConfig) -> int:
    """Return how many weights dense layers would have in the place of each part that is linear."""
    return sum(stages[0].inputs * stages[-1].outputs for _, stages in layers(config))


def config_of(
    chain: Sequence[Linear], formats: Sequence[Formats], **options: Any
) -> network.Config:
    """Return the configuration of a folded module in formats; options: other fields of it.

    Raises ValueError or TypeError for options that are none.
    """
    rows: list[network.Layer] = []
    left = iter(formats)
    for name, parts in groupby(chain, key=lambda part: part.layer):
        supports = list(parts)
        last = supports[-1]
        end: dict[str, Any] = {
            "name": name,
            "bias": last.bias is not None,
            "activation": last.activation,
            "formats": _of_layer(list(islice(left, len(supports)))),
        }
        if last.support is None:
            rows.append(network.DenseLayer(outputs=last.outputs, **end))
        else:
            inner = tuple(
                replace(part.support, bias=part.bias is not None and part is not last)
                for part in supports
                if part.support is not None
            )
            rows.append(network.CyclicSparseLayer(supports=inner, **end))
    first = formats[0]
    return network.Config(
        inputs=chain[0].inputs,
        layers=tuple(rows),
        formats=network.Formats(input=first.source, weights=first.weight, outputs=first.result),
        **options,
    )


def with_formats(config: ChainConfig, formats: Sequence[Formats]) -> Any:
    """Return a configuration with a format for the weights and results of each support."""
    given: dict[str, Any] = {"input": formats[0].source}
    if not isinstance(config, network.Config):
        given["weights"], given["outputs"] = (
            tuple(getattr(f, name) for f in formats) for name in ("weight", "result")
        )
        return replace(config, formats=replace(config.formats, **given))
    counts, left = Counter(stage.layer for stage in config.stages), iter(formats)
    rows = tuple(
        replace(layer, formats=_of_layer(list(islice(left, counts[layer.name]))))
        for layer in config.layers
    )
    return replace(config, layers=rows, formats=replace(config.formats, **given))


def _of_layer(formats: list[Formats]) -> network.LayerFormats:
    """Return the formats of the supports of one layer; a single one is no tuple."""
    weights, outputs = (tuple(getattr(f, n) for f in formats) for n in ("weight", "result"))
    if len(formats) == 1:
        weights, outputs = weights[0], outputs[0]
    return network.LayerFormats(weights=weights, outputs=outputs)


def _support(stage: Stage) -> Support:
    """Return the geometry of a stage."""
    return Support(outputs=stage.outputs, fan_in=stage.fan_in, stride=stage.stride, step=stage.step)
