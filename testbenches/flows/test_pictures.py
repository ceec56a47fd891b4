"""What the pictures of layers and of a trace say beside their lines."""

from dataclasses import replace

import numpy as np
import pytest

from kolam.flows import pictures, trace_picture
from kolam.generators import load
from kolam.generators.inspection import Trace
from kolam.testbenches import stimulus


def captions(design):
    axes = pictures.layers(design).axes[0]
    return [text.get_text() for text in axes.texts if "fan-in" in text.get_text()]


@pytest.mark.parametrize(
    ("name", "changes", "first", "last"),
    [
        (
            "csc-digits",
            {"parallelism": 9},
            ["fan-in 8, stride 1", "2 lanes, 256 clocks", "u1.4 × s3.4 + bias → s2.5"],
            ["fan-in 16, stride 4", "1 lane, 160 clocks", "u3.5 × s1.6 + bias → s5.2"],
        ),
        (
            "csc-1024",
            {},
            [
                "fan-in 4, stride 1", "16 lanes, 256 clocks", "s1.14 × s1.14 → s1.14",
                "drawn: 64 of 1024 outputs",
            ],
            [
                "fan-in 4, stride 256", "16 lanes, 256 clocks", "s1.14 × s1.14 → s1.14", "relu",
                "drawn: 64 of 1024 outputs",
            ],
        ),
    ],
)  # fmt: skip
def test_captions(name, changes, first, last):
    found = captions(load(name, set=changes))
    assert (found[0].splitlines(), found[-1].splitlines()) == (first, last)


def test_layers_of_a_network_are_named():
    names = [caption.partition("\n")[0] for caption in captions(load("net-64-32-10-csc"))]
    assert names == ["fc1.0", "fc1.1", "fc2.0"]


def test_bars_are_clocks_and_luts():
    design = load("csc-digits", set={"input_lanes": 1, "parallelism": 144})  # the stream is slowest
    _, clocks, luts = pictures.layers(design).axes
    assert [bar.get_height() for bar in clocks.patches] == [plan.interval for plan in design.plans]
    (line,) = clocks.lines
    assert set(line.get_ydata()) == {design.interval} == {64}
    assert clocks.get_ylim()[1] > 64
    costs = [layer["estimate"] for layer in design.facts()["layers"]]
    wanted = [cost["lut"] + cost["srl"] + cost["lutram"] for cost in costs]
    assert [bar.get_height() for bar in luts.patches] == wanted


@pytest.fixture
def traced():
    design = load("csc-digits", set={"formats.outputs": ["s0.5", "s2.5", "s3.4", "s3.4", "s59.4"]})
    return design.trace(stimulus.even(design, 20))


def labels(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def shades(axes):
    """Return where the shade of each row starts and ends, on the scale of log2."""
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches[::2]]


def test_a_trace_has_a_row_a_layer(traced):
    ranges, errors = pictures.trace(traced).axes
    rows = [f"{layer.name}  {layer.format}" for layer in (traced.input, *traced.values())]
    assert labels(ranges) == rows
    assert shades(ranges) == [(-4, 1), (-5, 0), (-5, 2), (-4, 3), (-4, 3), (-4, 59)]
    low, high = ranges.get_xlim()
    assert -20 < low < -5
    assert 3 < high < 20  # a format that is far too wide takes no room
    notes = [text.get_text() for text in errors.texts]
    assert notes[:3] == ["none", "SQNR", "saturated"]
    assert f"{traced['support 0'].sqnr_db:.1f} dB" in notes
    assert "saturated" in notes


def test_boxes_are_quantiles_of_the_exact_values(traced):
    ranges, _ = pictures.trace(traced).axes
    layers = [traced.input, *traced.values()]
    for row, layer in enumerate(layers):
        box = ranges.patches[2 * row + 1]
        magnitudes = np.abs(layer.exact[layer.exact != 0])
        wanted = np.log2(np.quantile(magnitudes, [0.25, 0.75]))
        np.testing.assert_allclose([box.get_x(), box.get_x() + box.get_width()], wanted)


def test_errors_are_in_lsb(traced):
    _, errors = pictures.trace(traced).axes
    marks = [line.get_xdata()[0] for line in errors.lines if line.get_label() == "largest"]
    assert marks == [traced["support 0"].max_error * 32]


@pytest.mark.parametrize(("name", "ending"), [("fft-64", "svg"), ("dense-small", "png")])
def test_a_trace_is_drawn_without_a_warning(name, ending, tmp_path):
    """Warnings are errors here; what is all zero and all exact is drawn, too."""
    design = load(name)
    nothing = design.trace(np.zeros((1, *design.streams[0].shape), int))
    even = design.trace(stimulus.even(design, 2))
    for number, trace in enumerate((even, nothing)):
        path = tmp_path / f"{number}.{ending}"
        pictures.save(pictures.trace(trace), path)
        first = path.read_bytes()
        pictures.save(pictures.trace(trace), path)
        assert path.read_bytes() == first


@pytest.mark.parametrize("count", [5, 30])
def test_rows_do_not_overlap(count):
    """A row has the same height whatever their number, enough for its text of 10 points."""
    made = load("dense-small").trace(np.zeros((2, 64), int))
    layer = made["support 0"]
    layers = tuple(replace(layer, name=f"fc{k}.0") for k in range(count))
    figure = pictures.trace(Trace(design="wide", input=made.input, layers=layers))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    points = axes.get_window_extent().height / figure.dpi * 72
    assert points / (count + 1) > 15


def test_a_class_index_is_in_the_title():
    design = load("net-64-32-10", set={"argmax": True})
    trace = design.trace(stimulus.even(design, 40))
    figure = pictures.trace(trace)
    share = f"{100 * trace['argmax'].agreement:.3g} %"
    assert f"argmax agrees in {share}" in figure.get_suptitle()
    assert [text.partition("  ")[0] for text in labels(figure.axes[0])] == [
        "input", "fc1.0", "fc2.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0"), (1e-9, "< 0.01 %"), (0.00012, "0.012 %"), (0.5, "50 %"), (0.984, "98.4 %"),
        (0.99999, "> 99.9 %"), (1, "100 %"),
    ],
)  # fmt: skip
def test_shares(part, text):
    assert trace_picture.share(part) == text
