"""A figure of a trace: by layer the values against the range of their format, and the error."""

from math import inf
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from kolam.generators.inspection import Classes

_INK, _FAINT, _GRID = "#2b2b2b", "#8a8a8a", "#dddddd"
_RANGE, _BOX, _BEYOND, _ERROR = "#e3e8ee", "#56b4e9", "#d55e00", "#0072b2"
_ROW = 0.34  # inches of a layer
_QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_MARGIN = 12  # octaves of a format that are drawn beyond all values, at most


def trace(found: Any) -> Figure:
    """Return a box of |exact| a layer, on a scale of powers of two, and its error in LSB.

    The shade is what the format of the layer holds, from its last bit to its limit. The box is the
    middle half of the values that are not zero, with the median; its whiskers hold all but 1 % on
    either side, and the dot is the largest. What is beyond the limit is red.
    """
    layers = [found.input, *(v for v in found.values() if not isinstance(v, Classes))]
    figure = Figure(figsize=(11, 1.6 + _ROW * len(layers)), layout="constrained")
    ranges, errors = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    for row, layer in enumerate(layers):
        _range(ranges, row, layer)
        _error(errors, row, layer)
    low, high = _window(layers)
    ranges.set_xlim(low, high)
    ranges.set_yticks(range(len(layers)), [_label(layer) for layer in layers])
    ranges.set_ylim(len(layers) - 0.4, -0.6)
    ranges.xaxis.set_major_locator(MultipleLocator(4 if high - low > 16 else 2))
    ranges.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"$2^{{{v:.0f}}}$"))
    ranges.set_xlabel("magnitude of the float values, and what the format holds")
    errors.set_xscale("log", base=2)
    errors.xaxis.set_major_formatter(FuncFormatter(_power_of_two))
    errors.set_xlabel("error of the integers, in LSB")
    _notes(errors, layers)
    for axes in (ranges, errors):
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=_GRID)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.suptitle(_title(found), fontsize=11)
    handles, _ = errors.get_legend_handles_labels()
    shades: list[Artist] = [
        Patch(color=_RANGE, label="format: last bit to limit"),
        Patch(facecolor=_BOX, alpha=0.85, label="half of the values (whiskers: 98 %)"),
        *[Patch(color=_BEYOND, label="beyond the format")] * any(_beyond(v) for v in layers),
    ]
    figure.legend(
        handles=[*shades, *handles], loc="outside lower center", ncols=5, frameon=False,
        fontsize=8.5,
    )  # fmt: skip
    return figure


def _title(found: Any) -> str:
    frames = f"{found.frames} frame{'s' * (found.frames > 1)}"
    classes = [v for v in found.values() if isinstance(v, Classes)]
    agreed = "".join(f", {v.name} agrees in {share(v.agreement)}" for v in classes)
    clipped = f", {found.clipped:,} input values limited" * (found.clipped > 0)
    return f"{found.design}: float against integer, by layer, over {frames}{agreed}{clipped}"


def _label(layer: Any) -> str:
    return f"{layer.name}{' (own)' * layer.given}  {layer.format}"


def _octaves(layer: Any) -> NDArray[np.float64]:
    """Return the quantiles and the largest of log2 |exact|; empty where all is zero."""
    magnitudes = np.abs(layer.exact[layer.exact != 0])
    if not magnitudes.size:
        return magnitudes
    return np.log2(np.quantile(magnitudes, (*_QUANTILES, 1)))


def _window(layers: list[Any]) -> tuple[float, float]:
    """Return what is drawn: all boxes, and of wide formats no more than their surroundings."""
    octaves = np.concatenate([_octaves(layer) for layer in layers])
    first, last = (octaves.min(), octaves.max()) if octaves.size else (0.0, 0.0)
    low = min(-layer.format.fraction for layer in layers)
    high = max(layer.format.integer for layer in layers)
    low, high = max(low, first - _MARGIN), min(high, last + _MARGIN)
    return float(min(low, first)) - 0.5, float(max(high, last)) + 0.5


def _range(axes: Axes, row: int, layer: Any) -> None:
    fmt = layer.format
    axes.barh(row, fmt.width - fmt.signed, left=-fmt.fraction, height=0.8, color=_RANGE, zorder=1)
    octaves = _octaves(layer)
    if not octaves.size:
        axes.annotate("all zero", (0.5, row), xycoords=axes.get_yaxis_transform(), fontsize=8,
                      ha="center", va="center", color=_FAINT)  # fmt: skip
        return
    low, first, median, third, high, most = octaves
    axes.plot([low, high], [row, row], color=_INK, linewidth=0.9, zorder=2)
    axes.barh(row, third - first, left=first, height=0.46, color=_BOX, alpha=0.85, zorder=3)
    axes.plot([median, median], [row - 0.23, row + 0.23], color=_INK, linewidth=1.4, zorder=4)
    colour = _INK
    if _beyond(layer):
        colour = _BEYOND
        axes.plot([fmt.integer, most], [row, row], color=colour, linewidth=2.2, zorder=5)
    axes.plot(most, row, "o", markersize=3.4, color=colour, zorder=6)


def _beyond(layer: Any) -> bool:
    return bool(layer.spare_bits < 0)


def _error(axes: Axes, row: int, layer: Any) -> None:
    lsb = 2.0**-layer.format.fraction
    rms, most = layer.rms_error / lsb, layer.max_error / lsb
    if not most:
        axes.text(0.02, row, "none", va="center", fontsize=8, color=_FAINT,
                  transform=axes.get_yaxis_transform())  # fmt: skip
        return
    names = ("rms", "largest") if not axes.lines else (None, None)
    axes.plot(rms, row, "o", color=_ERROR, markersize=5, label=names[0], zorder=3)
    axes.plot(most, row, "|", color=_INK, markersize=9, label=names[1], zorder=3)
    axes.plot([rms, most], [row, row], color=_ERROR, linewidth=0.9, zorder=2)


def _notes(axes: Axes, layers: list[Any]) -> None:
    """Write the signal to noise ratio and the share that saturated beside each layer."""
    for column, text in ((1.03, "SQNR"), (1.24, "saturated")):
        axes.text(column, -0.75, text, transform=axes.get_yaxis_transform(), fontsize=8.5,
                  color=_FAINT)  # fmt: skip
    for row, layer in enumerate(layers):
        saturated = _BEYOND if layer.saturated.any() else _FAINT
        for column, text, colour in (
            (1.03, decibel(layer.sqnr_db, " dB"), _INK),
            (1.24, share(layer.saturated_share), saturated),
        ):
            axes.text(column, row, text, transform=axes.get_yaxis_transform(), va="center",
                      fontsize=8.5, color=colour)  # fmt: skip


def decibel(value: float, unit: str = "") -> str:
    """Return a ratio as text, without noise or signal too."""
    return {inf: "exact", -inf: "no signal"}.get(value, f"{value:.1f}{unit}")


def share(part: float) -> str:
    """Return a share in percent; what is not none or all is never shown so."""
    if not part:
        return "0"
    if part < 1e-4:
        return "< 0.01 %"
    return f"{100 * part:.3g} %" if part < 0.9995 else "100 %" if part == 1 else "> 99.9 %"


def _power_of_two(value: float, _: int) -> str:
    power = int(np.rint(np.log2(value)))
    return f"{2**power}" if 0 <= power <= 10 else f"$2^{{{power}}}$"
