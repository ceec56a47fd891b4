"""Fast Fourier transforms: y[k] = gain · sum over i of x[i] e^(-2 pi j ik / points), or with +.

A frame is `points` complex samples; codes are integers of shape (frames, points, 2), re and im,
in natural order whatever the order on the streams. docs/fft.md defines every bit.

Source: He and Torkelson, 1996 (radix 2^2, single-path delay feedback); widths, rounding and
control are this project's own.
"""

from typing import Any

from kolam.generators.fft_config import (
    Architecture,
    Config,
    Direction,
    Formats,
    Order,
    Rotation,
    RunTime,
    Samples,
)
from kolam.generators.fft_iterative import IterativeFft
from kolam.generators.fft_real import ParallelRealFft, RealFft
from kolam.generators.fft_streaming import Fft

__all__ = [
    "Architecture",
    "Config",
    "Direction",
    "Fft",
    "Formats",
    "IterativeFft",
    "Order",
    "ParallelRealFft",
    "RealFft",
    "Rotation",
    "RunTime",
    "Samples",
    "build",
]


def build(config: Config, weights: Any = None, *, name: str = "fft", seed: int = 0) -> Fft:
    """Return the Design of a configuration. weights must be None; nothing is random."""
    if weights is not None:
        raise ValueError("weights must not be given to an FFT, which has none")
    if config.architecture is Architecture.ITERATIVE:
        return IterativeFft(name, config)
    if config.real:
        return (RealFft if config.serial else ParallelRealFft)(name, config)
    return Fft(name, config)
