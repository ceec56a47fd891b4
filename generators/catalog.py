"""The named configurations that tests, flows, benchmarks and documentation all walk."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from kolam.generators import dense, fft, network
from kolam.generators.chain_config import ChainConfig, Formats, Support
from kolam.generators.cyclic_sparse import Config, cycle, spread
from kolam.generators.model_file import read_model
from kolam.hdl import Format
from kolam.kernels.round_saturate import Activation


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A named design: what it is, and its configuration or the model file that holds it."""

    description: str
    config: Callable[[], ChainConfig | fft.Config] | None = None
    model: str | None = None


def _wide(supports: tuple[Support, ...], inputs: int, parallelism: int) -> Config:
    fmt = Format.parse("s1.14")
    return Config(
        inputs=inputs,
        supports=supports,
        formats=Formats(input=fmt, weights=fmt, outputs=fmt),
        parallelism=parallelism,
    )


def _dense_small() -> dense.Config:
    fmt = Format.parse("s1.6")
    return dense.Config(
        inputs=64,
        layers=(
            dense.Layer(outputs=32, bias=True, activation=Activation.RELU),
            dense.Layer(outputs=10, bias=True),
        ),
        formats=Formats(input=fmt, weights=fmt, outputs=(Format.parse("s3.4"),) * 2),
        parallelism=18,
    )


_SMALL = Formats(
    input=Format.parse("s1.6"), weights=Format.parse("s1.6"), outputs=Format.parse("s3.4")
)
_RELU: dict[str, Any] = {"bias": True, "activation": Activation.RELU}


def _dense(name: str, outputs: int, **ends: Any) -> network.Layer:
    return network.DenseLayer(name=name, outputs=outputs, **ends)


def _sparse(name: str, supports: tuple[Support, ...], **ends: Any) -> network.Layer:
    return network.CyclicSparseLayer(name=name, supports=supports, **ends)


def _net_small(*layers: network.Layer) -> network.Config:
    return network.Config(inputs=64, layers=layers, formats=_SMALL, parallelism=18)


def _reversed_fft(points: int) -> fft.Config:
    return fft.Config(points=points, output_order=fft.Order.BIT_REVERSED)


ENTRIES: dict[str, Entry] = {
    "csc-digits": Entry(
        description="8x8 digits to 10 scores: two CSC layers and a support layer, 8 bits, trained",
        model="csc_digits.npz",
    ),
    "csc-small": Entry(
        description="256 to 256, fully connected by 4 support layers of fan-in 4, bias, 16 bits",
        config=lambda: _wide(
            cycle(256, 4, bias=True, activation=Activation.RELU), 256, parallelism=64
        ),
    ),
    "csc-layer-16": Entry(
        description="one support layer of 1024 words, fan-in 4, stride 1, on 16 lanes",
        config=lambda: _wide((Support(outputs=1024, fan_in=4, stride=1),), 1024, parallelism=16),
    ),
    "csc-1024": Entry(
        description="1024 to 1024, fully connected by 5 support layers of fan-in 4, 16 bits",
        config=lambda: _wide(cycle(1024, 4, activation=Activation.RELU), 1024, parallelism=80),
    ),
    "dense-small": Entry(
        description="64 to 32 to 10, fully connected by dense layers with bias, 8 bits",
        config=_dense_small,
    ),
    "net-64-32-10": Entry(
        description="64 to 32 to 10: a network of two dense layers with bias, 8 bits",
        config=lambda: _net_small(_dense("fc1", 32, **_RELU), _dense("fc2", 10, bias=True)),
    ),
    "net-64-32-10-csc": Entry(
        description="64 to 32 to 10: a network of a CSC layer and a dense one with bias, 8 bits",
        config=lambda: _net_small(
            _sparse("fc1", spread(64, 32, (8, 8)), **_RELU), _dense("fc2", 10, bias=True)
        ),
    ),
    "dense-lenet300": Entry(
        description="MNIST, 784-300-100-10, dense layers, 8 bits, class index out",
        model="dense_lenet300.npz",
    ),
    "csc-lenet300-10x": Entry(
        description="MNIST, 784-300-100-10, 10 times fewer weights, 8 bits, class index out",
        model="csc_lenet300_10x.npz",
    ),
    "csc-lenet300-46x": Entry(
        description="MNIST, 784-300-100-10, fully connected CSC layers, 8 bits, class index out",
        model="csc_lenet300_46x.npz",
    ),
    "csc-lenet300-46x-local": Entry(
        description="MNIST, 784-304-96-10, CSC layers of local windows, 8 bits, class index out",
        model="csc_lenet300_46x_local.npz",
    ),
    "fft-64": Entry(
        description="64 points, complex, 16 bits, gain 1/64, a sample a clock, bit-reversed",
        config=lambda: _reversed_fft(64),
    ),
    "fft-1024": Entry(
        description="1024 points, complex, 16 bits, gain 1/1024, a sample a clock, bit-reversed",
        config=lambda: _reversed_fft(1024),
    ),
    "fft-1024-natural": Entry(
        description="1024 points, complex, 16 bits, gain 1/1024, a sample a clock, natural order",
        config=lambda: fft.Config(points=1024),
    ),
    "fft-1024-small": Entry(
        description="1024 points, complex, 16 bits, gain 1/1024, a sample a clock, 8 multipliers",
        config=lambda: fft.Config(
            points=1024,
            output_order=fft.Order.BIT_REVERSED,
            rotation=fft.Rotation.LIFT,
            pipelining=1,  # nearly three times the clock on ECP5, and no larger
        ),
    ),
    "fft-1024-x2": Entry(
        description="1024 points, complex, 16 bits, gain 1/1024, two samples a clock, bit-reversed",
        config=lambda: fft.Config(points=1024, lanes=2, output_order=fft.Order.BIT_REVERSED),
    ),
    "fft-1024-iterative": Entry(
        description="1024 points, complex, 16 bits, gain 1/1024, one butterfly over a memory",
        config=lambda: fft.Config(points=1024, architecture=fft.Architecture.ITERATIVE),
    ),
    "fft-1024-bfp": Entry(
        description="1024 points, complex, 16 bits, block floating point, one butterfly",
        config=lambda: fft.Config(
            points=1024, architecture=fft.Architecture.ITERATIVE, scaling="block"
        ),
    ),
    "rfft-1024": Entry(
        description="1024 points, real, 16 bits, gain 1/1024, half the spectrum, bit-reversed",
        config=lambda: fft.Config(
            points=1024, samples=fft.Samples.REAL, output_order=fft.Order.BIT_REVERSED
        ),
    ),
    "rfft-1024-small": Entry(
        description="1024 points, real, 16 bits, gain 1/1024, bit-reversed, with 6 multipliers",
        config=lambda: fft.Config(
            points=1024,
            samples=fft.Samples.REAL,
            output_order=fft.Order.BIT_REVERSED,
            rotation=fft.Rotation.SHIFT_ADD,
        ),
    ),
    "fft-4096": Entry(
        description="4096 points, complex, 16 bits, gain 1/4096, a sample a clock, bit-reversed",
        config=lambda: _reversed_fft(4096),
    ),
    "fft-16-parallel": Entry(
        description="16 points, complex, 16 bits, gain 1/16, a frame a clock, bit-reversed",
        config=lambda: fft.Config(points=16, lanes=16, output_order=fft.Order.BIT_REVERSED),
    ),
    "rfft-16-parallel": Entry(
        description="16 points, real, 16 bits, gain 1/16, half the spectrum, a frame a clock",
        config=lambda: fft.Config(points=16, samples=fft.Samples.REAL, lanes=16),
    ),
    "ifft-1024": Entry(
        description="inverse of 1024 points, complex, 16 bits, gain 1/1024, bit-reversed in",
        config=lambda: fft.Config(
            points=1024, direction=fft.Direction.INVERSE, input_order=fft.Order.BIT_REVERSED
        ),
    ),
}


def names() -> dict[str, str]:
    """Return the description of each entry, by name."""
    return {name: entry.description for name, entry in ENTRIES.items()}


def values(name: str) -> tuple[dict[str, Any], Any]:
    """Return an entry's configuration as plain values, and its weights or None."""
    entry = ENTRIES[name]
    if entry.config is not None:
        return entry.config().to_dict(), None
    with as_file(files("kolam.generators") / str(entry.model)) as path:
        return read_model(Path(path))
