"""What the picture of an FFT says, and that all of it is in the picture."""

import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from kolam.flows import pictures
from kolam.generators import load


def texts(changes):
    (axes,) = pictures.structure(load("fft-64", set=changes)).axes
    return [text.get_text() for text in axes.texts]


def test_it_says_what_is_done():
    found = texts({"points": 1024})
    assert [t for t in found if t in {"512", "256", "128", "64", "32", "8", "4", "2", "1"}] == [
        "512", "256", "128", "64", "32", "8", "4", "2", "1",
    ]  # fmt: skip
    assert [t for t in found if t.startswith("$W")] == [
        "$W_{1024}$", "$W_{256}$", "$W_{64}$", "$W_{16}$",
    ]  # fmt: skip
    assert found.count("3 mult.") == 4
    assert found.count("½") == 7 + 1  # and in the legend
    assert found.count("$-j$") == 5 + 1
    assert "÷ 8\nround\nlimit" in found
    assert "FIFO" in found
    assert "reorder" not in found
    assert (
        "forward, 1,024 points, a sample a clock, gain 1/1024 = 2$^{-10}$, 12 multipliers" in found
    )
    bits = [t for t in found if re.fullmatch(r"1[6-9]|20", t)]
    assert bits[0] == "16"
    assert "20" in bits


def test_lanes_lifting_and_order():
    found = texts({"lanes": 4, "rotation": "shift_add"})
    assert "8" in found  # 32 samples are 8 beats
    assert {"↻", "×", "shifts", "by lifting", "lanes"} <= set(found)
    assert found.count("4") > 8
    found = texts({"output_order": "natural", "direction": "inverse"})
    assert "reorder" in found
    assert {"clocks in memory", "clocks in registers"} <= set(found)
    assert "by lifting" not in found
    assert "limit" in texts({"scaling": "unscaled"})


def test_it_says_what_no_box_shows():
    assert not any("run time" in text or "pipelining" in text for text in texts({}))
    assert "pipelining 2" in texts({"pipelining": 2})
    changes = {"output_order": "natural", "cyclic_prefix": 5, "run_time.least_points": 16}
    assert "prefix of 5; at run time: log2_points 4 to 6" in texts(changes)


REAL = {"samples": "real"}
INVERSE_REAL = {
    **REAL, "direction": "inverse", "input_order": "bit_reversed", "output_order": "natural",
}  # fmt: skip


def test_a_split_and_its_memory():
    found = texts({**REAL, "points": 1024})
    assert (
        "forward, 1,024 real points, a sample a clock, gain 1/1024 = 2$^{-10}$, 10 multipliers"
        in found
    )
    assert {"split", "$k$, $M - k$", "$W_{1024}$", "clocks in memory", "÷ 8\nround\nlimit"} <= set(
        found
    )
    assert found.count("2 mult.") == 5
    assert found.count("512") == 2  # of the first stage, and of the split
    assert "reorder" not in texts({**REAL, "output_order": "natural"})
    found = texts(INVERSE_REAL)
    assert found.index("split") < found.index("stage 1")
    assert "inverse, 64 real points, a sample a clock, gain 1/64 = 2$^{-6}$, 6 multipliers" in found


ITERATIVE = {"architecture": "iterative", "output_order": "natural"}


def test_passes_over_a_memory():
    found = texts({**ITERATIVE, "points": 256, "butterflies": 2})
    assert {"256 in 8 passes", "2 butterflies", "input", "output", "6 mult."} <= set(found)
    assert found.count("$W_{256}$") == 1
    assert any("a frame in 512 clocks" in text for text in found)
    assert texts(ITERATIVE).count("butterfly") == 1
    found = texts({**ITERATIVE, "points": 512, "stages_a_pass": 2})
    assert {"512 in 5 passes", "6 mult."} <= set(found)
    assert (found.count("butterfly"), found.count("$-j$")) == (2, 2)  # one of them explains


@pytest.mark.parametrize(
    "changes",
    [
        ITERATIVE,
        {**ITERATIVE, "points": 65536, "butterflies": 4},
        {**ITERATIVE, "butterflies": 8, "stages_a_pass": 2},
        *({"points": 1 << n} for n in (3, 4, 5, 7, 10, 13, 16)),
        {"points": 65536, "output_order": "natural", "rotation": "lift"},
        {"points": 64, "lanes": 64},
        {"points": 1024, "lanes": 8, "output_order": "natural"},
        *({**REAL, "points": 1 << n} for n in (4, 10, 16)),
        {**REAL, "points": 16, "lanes": 16},
        INVERSE_REAL,
        {"points": 8, "lanes": 8, "scaling": "unscaled"},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())),
)
def test_nothing_is_cut_off_or_covered(changes):
    figure = pictures.structure(load("fft-64", set=changes))
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axes,) = figure.axes
    frame = figure.bbox
    boxes = [text.get_window_extent(renderer) for text in axes.texts]
    for box in [*boxes, *(patch.get_window_extent(renderer) for patch in axes.patches)]:
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            assert not one.padded(-0.5).overlaps(other.padded(-0.5))


def test_layers_are_drawn_as_before():
    axes = pictures.structure(load("csc-small")).axes[0]
    assert any("fan-in 4" in text.get_text() for text in axes.texts)
