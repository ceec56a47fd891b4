"""What is read, as codes of a format; and what is refused, in one sentence."""

import numpy as np
import pytest

from kolam.testbenches import digits
from kolam.training.data import covering, load_data


def arrays(**changes):
    rng = np.random.default_rng(1)
    whole = {
        "train_x": rng.integers(0, 256, (20, 3, 4), np.uint8),
        "train_y": np.arange(20) % 5,
        "test_x": rng.integers(0, 256, (6, 3, 4), np.uint8),
        "test_y": np.arange(6) % 5,
    }
    return {**whole, **changes}


@pytest.fixture
def folder(tmp_path):
    def make(**changes):
        for name, array in arrays(**changes).items():
            np.save(tmp_path / f"{name}.npy", array)
        return str(tmp_path)

    return make


def test_bytes_are_codes(folder):
    found, given = load_data(folder()), arrays()
    assert (str(found.format), found.shape, found.features, found.classes) == (
        "u0.8",
        (3, 4),
        12,
        5,
    )
    np.testing.assert_array_equal(found.train.codes, given["train_x"].reshape(20, 12))
    np.testing.assert_array_equal(found.test.labels, given["test_y"])
    assert found.train.labels.dtype == np.int64


def test_floats_are_rounded_to_a_format_that_holds_them(folder):
    x = np.random.default_rng(2).normal(0, 1.5, (20, 7))
    found = load_data(folder(train_x=x, test_x=100 * x[:6]), bits=10)
    assert (found.format.width, found.format.signed, found.shape) == (10, True, None)
    assert (
        np.abs(found.format.to_float(found.train.codes) - x).max()
        <= 2.0**-found.format.fraction / 2
    )
    assert found.test.codes.max() == found.format.maximum  # test images do not choose a format


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.0, 0.99], "u0.8"),
        ([0.0, 255 / 256], "u0.8"),
        ([0.0, 1.0], "u1.7"),
        ([-1.0, 0.5], "s0.7"),
        ([-1.01, 0.5], "s1.6"),
        ([0.0, 0.1], "u-3.11"),
        ([-300.0, 2], "s9.-2"),
    ],
)
def test_covering(values, text):
    assert str(covering(np.array(values), 8)) == text


def test_digits():
    found = load_data("digits")
    x, y = digits.training()
    np.testing.assert_array_equal(found.train.codes, x)
    np.testing.assert_array_equal(found.train.labels, y)
    assert (str(found.format), found.shape, len(found.test)) == ("u1.4", (8, 8), 599)


def test_mnist(kolam_data):
    found = load_data("mnist")
    assert (len(found.train), len(found.test), found.features) == (60000, 10000, 784)
    assert (str(found.format), found.shape, found.classes) == ("u0.8", (28, 28), 10)
    assert found.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # as known of it
    assert found.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_held_out_images_are_apart_and_the_same_every_time(folder):
    x = np.arange(1000, dtype=np.float64)[:, None]
    place = folder(train_x=x, train_y=np.arange(1000) % 3, test_x=x[:9], test_y=np.arange(9) % 3)
    found = [load_data(place, bits=12).held_out(count) for count in (0, 100, 250)]
    assert found[0].held is None
    assert len(found[0].train) == 1000
    few, more = ({*d.held.codes[:, 0].tolist()} for d in found[1:])
    assert len(few) == 100
    assert few < more
    for each in found[1:]:
        rest = {*each.train.codes[:, 0].tolist()}
        assert not rest & {*each.held.codes[:, 0].tolist()}
        assert len(rest) + len(each.held) == 1000
        assert np.bincount(each.held.labels).min() > len(each.held) / 5
    again = load_data(place, bits=12).held_out(100)
    np.testing.assert_array_equal(again.held.codes, found[1].held.codes)


@pytest.mark.parametrize("count", [-1, 20])
def test_too_many_held_out(count, folder):
    with pytest.raises(ValueError, match=f"^the images held out must be 0 to 19, not {count}$"):
        load_data(folder()).held_out(count)


BAD = {
    "features of text": (
        {"train_x": np.full((20, 3), "a")},
        "train_x.npy must hold bytes (uint8) or floats, not <U1",
    ),
    "integers": (
        {"train_x": np.zeros((20, 3), int)},
        "train_x.npy must hold bytes (uint8) or floats, not int64",
    ),
    "a row": (
        {"train_x": np.zeros(20)},
        "train_x.npy must be (images, features) or (images, rows, columns), not of shape (20,)",
    ),
    "colours": ({"train_x": np.zeros((20, 3, 4, 3))}, "not of shape (20, 3, 4, 3)"),
    "none": (
        {"test_x": np.zeros((0, 3))},
        "test_x.npy must be (images, features) or (images, rows, columns), not of shape (0, 3)",
    ),
    "NaN": (
        {"test_x": np.full((6, 12), np.nan)},
        "test_x.npy must hold finite numbers, not NaN or infinite ones",
    ),
    "labels of floats": (
        {"train_y": np.zeros(20)},
        "train_y.npy must hold one integer label an image, not float64 of shape (20,)",
    ),
    "one-hot labels": (
        {"train_y": np.zeros((20, 5), int)},
        "train_y.npy must hold one integer label an image, not int64 of shape (20, 5)",
    ),
    "labels below 0": ({"test_y": np.arange(6) - 1}, "test_y.npy must hold labels from 0, not -1"),
    "too few labels": (
        {"test_y": np.arange(5)},
        "test_y.npy must hold a label for each of the 6 images of test_x.npy, not 5",
    ),
    "other images": (
        {"test_x": np.zeros((6, 12), np.uint8)},
        "test_x.npy must hold images like those of train_x.npy, uint8 of shape (3, 4), "
        "not uint8 of shape (12,)",
    ),
    "other kind": ({"test_x": np.zeros((6, 3, 4))}, "not float64 of shape (3, 4)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arrays(name, folder):
    changes, words = BAD[name]
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        load_data(folder(**changes))
    assert words in str(error.value)


def test_no_arrays(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_data(str(tmp_path))
    (tmp_path / "train_x.npy").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"^train_x.npy must be a .npy file of numbers: "):
        load_data(str(tmp_path))


def test_an_object_array_is_not_unpickled(tmp_path):
    np.save(tmp_path / "train_x.npy", np.array([print, len]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"^train_x.npy must be a .npy file of numbers: "):
        load_data(str(tmp_path))


def test_no_source():
    words = r"^data must be digits, mnist or a folder of arrays, not 'minst'$"
    with pytest.raises(ValueError, match=words):
        load_data("minst")
