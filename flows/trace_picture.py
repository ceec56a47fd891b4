"""A figure of a trace: by layer the values against the range of their format, and the error."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

_INK, _FAINT, _GRID = "#2b2b2b", "#8a8a8a", "#dddddd"
_RANGE, _BOX, _BEYOND, _ERROR = "#e3e8ee", "#56b4e9", "#d55e00", "#0072b2"
_ROW = 0.34  # inches of a layer
_QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_OCTAVES = 40  # drawn at most, below the largest value


def trace(found: Any) -> Figure:
    """Return a box of |exact| a layer, on a scale of powers of two, and its error in LSB beside it.

    The shade is what the format of the layer holds, from its last bit to its limit. The box is the
    middle half of the values that are not zero, with the median; its whiskers hold all but 1 % on
    either side, and the dot is the largest. What is beyond the limit is red.
    """
    layers = [found.input, *found.values()]
    figure = Figure(figsize=(11, 1.6 + _ROW * len(layers)), layout="constrained")
    ranges, errors = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    tops = [max(layer.format.integer, _log2(max(np.abs(layer.span)))) for layer in layers]
    least = max(tops) - _OCTAVES
    for row, layer in enumerate(layers):
        _range(ranges, row, layer, least)
        _error(errors, row, layer)
    ranges.set_yticks(range(len(layers)), [_label(layer) for layer in layers])
    ranges.set_ylim(len(layers) - 0.4, -0.6)
    low, high = ranges.get_xlim()
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
    ranges.set_xlim(right=max(tops) + 0.5)
    handles, labels = errors.get_legend_handles_labels()
    shades = [
        Patch(color=_RANGE, label="format: last bit to limit"),
        Patch(facecolor=_BOX, alpha=0.85, label="half of the values (whiskers: 98 %)"),
        *[Patch(color=_BEYOND, label="beyond the format")] * any(_beyond(v) for v in layers),
    ]
    figure.legend(
        [*shades, *handles], [*(patch.get_label() for patch in shades), *labels],
        loc="outside lower center", ncols=5, frameon=False, fontsize=8.5,
    )  # fmt: skip
    return figure


def _title(found: Any) -> str:
    frames = f"{found.frames} frame{'s' * (found.frames > 1)}"
    clipped = f", {found.clipped:,} input values limited" * (found.clipped > 0)
    return f"{found.design}: float against integer, by layer, over {frames}{clipped}"


def _label(layer: Any) -> str:
    return f"{layer.name}{' (own)' * layer.given}  {layer.format}"


def _log2(value: float) -> float:
    return float(np.log2(value)) if value > 0 else -np.inf


def _range(axes: Axes, row: int, layer: Any, least: float) -> None:
    fmt = layer.format
    start = max(-fmt.fraction, least)
    axes.barh(row, fmt.integer - start, left=start, height=0.8, color=_RANGE, zorder=1)
    magnitudes: NDArray[np.float64] = np.abs(layer.exact[layer.exact != 0])
    if not magnitudes.size:
        axes.text(start, row, " all zero", va="center", fontsize=8, color=_FAINT)
        return
    low, first, median, third, high = np.maximum(
        np.log2(np.quantile(magnitudes, _QUANTILES)), least
    )
    most = max(_log2(float(magnitudes.max())), least)
    axes.plot([low, high], [row, row], color=_INK, linewidth=0.9, zorder=2)
    axes.barh(row, third - first, left=first, height=0.46, color=_BOX, alpha=0.85, zorder=3)
    axes.plot([median, median], [row - 0.23, row + 0.23], color=_INK, linewidth=1.4, zorder=4)
    if _beyond(layer):
        axes.plot([fmt.integer, most], [row, row], color=_BEYOND, linewidth=2.2, zorder=5)
    colour = _BEYOND if _beyond(layer) else _INK
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
        finite = np.isfinite(layer.sqnr_db)
        notes = (
            (1.03, f"{layer.sqnr_db:.1f} dB" if finite else "∞" if layer.sqnr_db > 0 else "-", _INK),
            (1.24, share(layer.saturated_share), _BEYOND if layer.saturated.any() else _FAINT),
        )  # fmt: skip
        for column, text, colour in notes:
            axes.text(column, row, text, transform=axes.get_yaxis_transform(), va="center",
                      fontsize=8.5, color=colour)  # fmt: skip


def share(part: float) -> str:
    """Return a share in percent; what is more than none is never shown as 0."""
    if not part:
        return "0"
    return "< 0.01 %" if part < 1e-4 else f"{100 * part:.2g} %" if part < 0.1 else f"{part:.0%}"


def _power_of_two(value: float, _: int) -> str:
    power = int(np.rint(np.log2(value)))
    return f"{2**power}" if 0 <= power <= 10 else f"$2^{{{power}}}$"
