"""For tests of FFT engines: what every one of them needs to be built and asked."""

from typing import Any

from kolam.generators.fft import Fft, Formats
from kolam.hdl import Format, Rounding
from kolam.testbenches.simulate import Run, simulate

_S16 = Format(True, 0, 15)


def formats(
    source: Format = _S16,
    output: Format | None = None,
    twiddle: int = 16,
    rounding: Rounding = Rounding.HALF_EVEN,
) -> Formats:
    """Return formats with so many fraction bits of a twiddle."""
    return Formats(input=source, output=output, twiddle=Format(True, 1, twiddle), rounding=rounding)


def exact(design: Fft, *asked: Any, **more: Any) -> Run:
    """Return a simulation whose every bit and clock is what it must be; else fail."""
    run = simulate(design, *asked, **more)
    assert run.passed, run.line
    return run
