"""The noise that is predicted against the noise of the golden model."""

import ast
import inspect
import random
from itertools import pairwise

import numpy as np
import pytest

from kolam.generators import fft, fft_noise
from kolam.hdl import Format, Rounding
from kolam.reference import fft as golden

WITHIN = 0.2  # dB; the samples of a measurement leave less
PLENTY = Format(True, 40, 20)  # nothing is limited
POINTS = 1 << 14


def made(points, scaling=None, width=16, twiddle=18, rounding="half_even", **fields):
    n = points.bit_length() - 1
    n -= fields.get("samples") is fft.Samples.REAL
    schedule = {
        "default": None,
        "every stage": (1,) * n + (0,),
        "at the end": (0,) * n + (n,),
        "none": (0,) * (n + 1),
    }.get(scaling, scaling)
    formats = fft.Formats(
        input=Format(True, 0, width - 1), output=PLENTY, twiddle=Format(True, 1, twiddle - 2),
        rounding=Rounding(rounding),
    )  # fmt: skip
    config = fft.Config(points=points, scaling=schedule, formats=formats, **fields)
    return fft.build(config).transform


def agree(plan, width=16, within=WITHIN):
    predicted = fft_noise.predicted(plan, width)
    measured = fft_noise.measured(plan, width, points=POINTS)
    assert measured.limited == 0
    assert measured.db == pytest.approx(predicted.db, abs=within)
    assert measured.rms == pytest.approx(predicted.rms, rel=within / 8)


def test_the_note():
    """1024 points of 16 bits, gain 1/1024."""
    plan = made(1024)
    assert fft_noise.predicted(plan, 16).db == pytest.approx(63.962, abs=0.001)
    assert fft_noise.predicted(plan, 16).rms == pytest.approx(0.3244, abs=0.0001)
    assert fft_noise.measured(plan, 16).db == pytest.approx(63.962, abs=0.02)


@pytest.mark.parametrize("scaling", ["default", "every stage", "at the end", "none"])
@pytest.mark.parametrize("points", [1 << n for n in range(3, 13)])
def test_sizes_and_schedules(points, scaling):
    agree(made(points, scaling))


@pytest.mark.parametrize("width", [8, 10, 12, 20, 24, 32])
@pytest.mark.parametrize("points", [8, 128])
def test_widths(points, width):
    agree(made(points, width=width), width)
    agree(made(points, "none", width=width), width)


@pytest.mark.parametrize("twiddle", [6, 8, 10, 12, 14, 25])
@pytest.mark.parametrize("points", [8, 32, 64, 1024])
def test_twiddles(points, twiddle):
    """Errors of twiddles add up in phase: of 32 points and 10 fraction bits 0.6 dB are of that."""
    agree(made(points, "none", twiddle=twiddle, width=20), 20)


@pytest.mark.parametrize("rounding", ["truncate", "half_up", "half_even"])
@pytest.mark.parametrize("drop", [0, 1, 2, 5])
def test_the_last_rounding(drop, rounding):
    agree(made(64, (0,) * 6 + (drop,), rounding=rounding))


@pytest.mark.parametrize("rotation", ["lift", "shift_add"])
@pytest.mark.parametrize("points", [8, 16, 64, 128, 1024, 4096])
def test_lifting_rotators(points, rotation):
    """Their constants add a little of the conjugate, which is taken for noise."""
    rotation = fft.Rotation(rotation)
    for order in fft.Order:
        agree(made(points, rotation=rotation, input_order=order), within=0.3)
        agree(made(points, "none", rotation=rotation, input_order=order), within=0.3)
        every = made(points, "every stage", width=24, rotation=rotation, input_order=order)
        agree(every, 24, within=0.3)


@pytest.mark.parametrize("seed", range(30))
def test_random(seed):
    draw = random.Random(seed)
    n = draw.randint(3, 11)
    width = draw.randint(10, 24)
    most = n // 2 + 2 if width < 14 else n  # so that some bits of the signal are left
    ones = draw.sample(range(n), draw.randint(0, min(n, most)))
    plan = made(
        1 << n,
        (*(int(s in ones) for s in range(n)), draw.randint(0, 2)),
        width,
        draw.randint(8, 27),
        draw.choice(list(Rounding)).value,
        direction=draw.choice(list(fft.Direction)),
        input_order=draw.choice(list(fft.Order)),
        rotation=draw.choice(list(fft.Rotation)),
    )
    agree(plan, width, within=0.3)


DIRECTIONS = pytest.mark.parametrize("direction", list(fft.Direction), ids=lambda d: d.value)


def real(points, scaling=None, **fields):
    return made(points, scaling, samples=fft.Samples.REAL, **fields)


@pytest.mark.parametrize(
    ("direction", "db", "rms"),
    [(fft.Direction.FORWARD, 62.258, 0.3227), (fft.Direction.INVERSE, 64.370, 0.4376)],
)
def test_the_note_of_real_samples(direction, db, rms):
    """1024 points of 16 bits, gain 1/1024; white samples in all codes, or elements in the disc."""
    plan = real(1024, direction=direction)
    predicted = fft_noise.predicted(plan, 16)
    assert (predicted.db, predicted.rms) == pytest.approx((db, rms), abs=0.001)
    assert fft_noise.measured(plan, 16).db == pytest.approx(db, abs=0.03)


@DIRECTIONS
@pytest.mark.parametrize("scaling", ["default", "every stage", "at the end", "none"])
@pytest.mark.parametrize("points", [16, 32, 256, 2048])
def test_sizes_and_schedules_of_real_samples(points, scaling, direction):
    agree(real(points, scaling, direction=direction))


@DIRECTIONS
@pytest.mark.parametrize("points", [16, 64, 1024])
def test_few_multipliers_of_real_samples(points, direction):
    """Turns by eighths are rounded as by products, in as many rotators or one more."""
    plan = real(points, direction=direction, rotation=fft.Rotation.SHIFT_ADD)
    agree(plan)
    others = fft_noise.predicted(real(points, direction=direction), 16).db
    assert fft_noise.predicted(plan, 16).db == pytest.approx(others, abs=0.02)


@DIRECTIONS
@pytest.mark.parametrize("twiddle", [6, 10, 25])
@pytest.mark.parametrize("points", [16, 128])
def test_twiddles_of_real_samples(points, twiddle, direction):
    """Errors of the split's add up with those of the rotators."""
    agree(real(points, "none", twiddle=twiddle, width=20, direction=direction), 20)


@DIRECTIONS
@pytest.mark.parametrize("rounding", ["truncate", "half_up", "half_even"])
@pytest.mark.parametrize("drop", [0, 1, 2, 5])
def test_the_last_rounding_of_real_samples(drop, rounding, direction):
    """Even elements lose a bit less; what an inverse split rounds up is met at the output."""
    agree(real(64, (0,) * 5 + (drop,), rounding=rounding, direction=direction))


@pytest.mark.parametrize("seed", range(10))
def test_random_real(seed):
    draw = random.Random(seed)
    n = draw.randint(4, 11)
    width = draw.randint(14, 24)
    plan = real(
        1 << n,
        (*(draw.randint(0, 1) for _ in range(n - 1)), draw.randint(0, 2)),
        width=width,
        twiddle=draw.randint(8, 27),
        rounding=draw.choice(list(Rounding)).value,
        direction=draw.choice(list(fft.Direction)),
    )
    agree(plan, width, within=0.3)


@DIRECTIONS
def test_the_budget_of_real_samples_is_all_of_it(direction):
    plan = real(64, direction=direction)
    budget = fft_noise.budget(plan, 16)
    inverse = direction is fft.Direction.INVERSE
    zero = np.zeros((1, *plan.shapes[inverse]), int)
    assert list(budget) == [*(step.name for step in golden.trace(zero, plan)), "twiddles"]
    assert np.sqrt(sum(budget.values())) == pytest.approx(fft_noise.predicted(plan, 16).rms)
    assert list(budget).index("split") == (0 if inverse else len(budget) - 3)


def test_the_budget_is_all_of_it():
    plan = made(256)
    budget = fft_noise.budget(plan, 16)
    names = [name for name, _ in fft_steps(plan)]
    assert list(budget) == [*names, "twiddles"]
    assert np.sqrt(sum(budget.values())) == pytest.approx(fft_noise.predicted(plan, 16).rms)
    halved = [budget[f"stage {s}"] for s in range(2, 7)]
    assert all(late == 2 * early for early, late in pairwise(halved))  # halved less, added up more
    assert budget["stage 1"] == budget["stage 8"] == 0
    assert budget["output"] == (1 + 2 / 64) / 12


def fft_steps(plan):
    zero = np.zeros((1, plan.points, 2), int)
    return [(step.name, step.codes) for step in golden.trace(zero, plan)]


def test_a_limited_part_is_counted():
    formats = fft.Formats(output=Format(True, 0, 15))
    plan = fft.build(fft.Config(points=64, scaling=(0,) * 7, formats=formats)).transform
    found = fft_noise.measured(plan, 16, points=64)
    assert 0 < found.limited <= 2 * 64
    assert found.db < 20


@pytest.mark.parametrize("width", [2, 3, 8, 16, 32])
def test_the_stimulus_fills_the_disc(width):
    x = fft_noise.disc(32, 64, width, seed=3)
    radius = 2.0 ** (width - 1)
    squares = (x.astype(float) ** 2).sum(axis=2)
    assert x.shape == (32, 64, 2)
    assert x.dtype == np.int64
    assert squares.max() < radius**2
    np.testing.assert_array_equal(x, fft_noise.disc(32, 64, width, seed=3))
    if width >= 8:
        assert (fft_noise.disc(32, 64, width) != x).any()
        assert squares.max() > 0.98 * radius**2
        assert squares.mean() == pytest.approx(radius**2 / 2, rel=0.05)
        assert (squares < radius**2 / 2).mean() == pytest.approx(0.5, abs=0.05)
        assert np.abs(x.mean(axis=(0, 1))).max() < 0.05 * radius


@pytest.mark.parametrize("width", [2, 3, 8, 16, 32])
def test_real_samples_fill_all_codes(width):
    x = fft_noise.line(32, 64, width, seed=3)
    radius = 2.0 ** (width - 1)
    assert (x.shape, x.dtype) == ((32, 64), np.int64)
    np.testing.assert_array_equal(x, fft_noise.line(32, 64, width, seed=3))
    assert -radius <= x.min() < -0.98 * radius
    assert 0.98 * radius - 1 < x.max() < radius
    assert ((x + 0.5) ** 2).mean() == pytest.approx((radius**2 - 0.25) / 3, rel=0.05)
    assert abs((x + 0.5).mean()) < 0.05 * radius


def test_nothing_of_the_hardware_is_used():
    tree = ast.parse(inspect.getsource(fft_noise))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name.startswith("kolam")} == {
        "kolam.reference", "kolam.reference.fft", "kolam.reference.fixed",
    }  # fmt: skip
