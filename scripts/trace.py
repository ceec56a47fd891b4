"""What `kolam trace` prints: float against integer, by layer."""

from dataclasses import replace
from typing import Any

from kolam.flows.trace_picture import decibel, share
from kolam.generators.inspection import Classes
from kolam.scripts import console
from kolam.scripts.show import print_table


def print_trace(trace: Any, design: Any, source: str) -> None:
    """Print a trace on stdout. source: where its frames are from."""
    screen = console.screen()
    weights = f"; weights: {design.weights_from}" if design.weights_from else ""
    screen.print(f"[bold]{trace.design}[/]  {source}{weights}")
    headings = (
        "layer", "format", "float values", "format holds", "spare bits", "saturated", "SQNR, dB",
        "rms, LSB", "largest", "in frame",
    )  # fmt: skip
    layers = [trace.input, *trace.values()]
    print_table(screen, headings, [_row(layer) for layer in layers], right=headings[5:])
    short = [f"{layer.name} {_wider(layer)}" for layer in layers if _lacks(layer)]
    if short:
        screen.print(f"\nformats that would hold all of it: {', '.join(short)}")


def _lacks(layer: Any) -> bool:
    return bool(layer.spare_bits < 0)


def _wider(layer: Any) -> str:
    fmt = layer.format
    return str(replace(fmt, integer=fmt.integer - layer.spare_bits))


def _row(layer: Any) -> tuple[Any, ...]:
    if isinstance(layer, Classes):
        agreed = f"{share(layer.agreement)} agree"
        return layer.name, str(layer.format), agreed, *[""] * 6, layer.worst_frame
    lsb = 2.0**-layer.format.fraction
    return (
        layer.name + " (own)" * layer.given,
        str(layer.format),
        _span(layer.span),
        _span(layer.limits),
        layer.spare_bits,
        share(layer.saturated_share),
        decibel(layer.sqnr_db),
        f"{layer.rms_error / lsb:,.2f}",
        f"{layer.max_error / lsb:,.2f}",
        layer.worst_frame,
    )


def _span(pair: tuple[float, float]) -> str:
    return " … ".join(f"{value:.4g}" for value in pair)
