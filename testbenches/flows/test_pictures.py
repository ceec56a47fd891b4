"""What the picture of the layers says beside its lines."""

import pytest

from kolam.flows import pictures
from kolam.generators import load


def captions(design):
    (axes,) = pictures.layers(design).axes
    return [text.get_text() for text in axes.texts if "fan-in" in text.get_text()]


@pytest.mark.parametrize(
    ("name", "changes", "first", "last"),
    [
        (
            "csc-digits",
            {"parallelism": 9},
            ["fan-in 8, stride 1", "2 lanes, 256 clocks", "u1.4 × s0.7 + bias → s2.5"],
            ["fan-in 16, stride 4", "1 lane, 160 clocks", "s3.4 × s1.6 + bias → s3.4"],
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
