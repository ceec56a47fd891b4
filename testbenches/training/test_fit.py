"""Training: the same again from a seed, resumed or not; what is drawn, and from what."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from kolam.generators import load as design_of
from kolam.training import Data, Images, Recipe, accuracy, fit, load_data, train
from kolam.training import data as sources
from kolam.training.fit import batches
from kolam.training.run import check_fit, integer_accuracy, rms

RECIPE = Recipe(rate=1e-2, epochs=4, batch=64, shift=1, tune_epochs=3)


@pytest.fixture(scope="module")
def data():
    return load_data("digits").held_out(200)


@pytest.fixture(scope="module")
def config():
    return design_of("net-64-32-10-csc").config


def words(trained):
    return [
        w.tobytes()
        for pair in trained.design.words
        for w in (pair.weight, pair.bias)
        if w is not None
    ]


def test_a_seed_says_it_all(config, data):
    threads = torch.get_num_threads()
    runs = []
    for seed, workers in ((5, 1), (5, 2), (6, 1)):
        torch.set_num_threads(workers)
        torch.manual_seed(seed + workers)  # which is nobody's business
        runs.append(train(config, data, RECIPE, seed=seed))
    assert torch.get_num_threads() == 1
    torch.set_num_threads(threads)
    assert words(runs[0]) == words(runs[1])
    assert runs[0].epochs == runs[1].epochs
    assert words(runs[0]) != words(runs[2])


def test_a_training_leaves_the_generator_of_torch_alone(config, data):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train(config, data, replace(RECIPE, epochs=1, tune_epochs=0))
    assert torch.equal(torch.get_rng_state(), before)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("last", [1, 3, 4, 5, 6])
def test_a_resumed_run_gives_the_same_weights(last, config, data, tmp_path):
    """Stopped behind any epoch, between floats and rounding, too."""
    path = tmp_path / "model.npz.checkpoint"
    whole = train(config, data, RECIPE, seed=2)

    def stop(number, epoch):
        if number == last + 1:
            raise Stopped

    with pytest.raises(Stopped):
        train(config, data, RECIPE, seed=2, checkpoint=path, told=stop)
    numbers = []
    resumed = train(
        config, data, RECIPE, seed=2, checkpoint=path, resume=True,
        told=lambda number, epoch: numbers.append(number),
    )  # fmt: skip
    assert numbers == list(range(last + 1, 8))
    assert words(resumed) == words(whole)
    assert (resumed.epochs, resumed.tuned) == (whole.epochs, whole.tuned)
    again = train(config, data, RECIPE, seed=2, checkpoint=path, resume=True)
    assert words(again) == words(whole)  # from a checkpoint of the end, too


def test_without_resume_a_checkpoint_is_none(config, data, tmp_path):
    path = tmp_path / "model.npz.checkpoint"
    path.write_bytes(b"of another")
    numbers = []
    recipe = replace(RECIPE, epochs=1, tune_epochs=0)
    train(config, data, recipe, checkpoint=path, told=lambda number, epoch: numbers.append(number))
    assert numbers == [1]


def test_a_checkpoint_of_another_training(config, data, tmp_path):
    path = tmp_path / "model.npz.checkpoint"

    def begun(**changes):
        def stop(number, epoch):
            if number == 2:
                raise Stopped

        given = {"recipe": RECIPE, "seed": 1, "bits": 8, "data": data} | changes
        options = {"checkpoint": path, "resume": True, "told": stop}
        train(config, given.pop("data"), given.pop("recipe"), **given, **options)

    with pytest.raises(Stopped):
        begun()
    for key, change in {
        "seed": {"seed": 2},
        "bits": {"bits": 9},
        "recipe": {"recipe": replace(RECIPE, epochs=5)},
        "data": {"data": data.held_out(3)},
    }.items():
        which = ": epochs 4, not 5" if key == "recipe" else ""
        words = f"must be of the same {key}, to be resumed, and is of another{which}"
        with pytest.raises(ValueError, match=f"^model.npz.checkpoint {words}$"):
            begun(**change)
    with pytest.raises(Stopped):
        begun()


@pytest.mark.parametrize(
    "content", [b"", b"no", b"\x80\x04N.", "pickle"], ids=["empty", "no", "none", "code"]
)
def test_no_checkpoint(content, config, data, tmp_path):
    path = tmp_path / "model.npz.checkpoint"
    if content == "pickle":
        torch.save({"about": "{}", "phases": print}, path)  # what would run in pickle
    else:
        path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^model.npz.checkpoint must be a checkpoint of kolam, and"
    ):
        train(config, data, RECIPE, checkpoint=path, resume=True)


def test_it_learns_and_integers_are_as_good(config, data):
    recipe = Recipe(rate=2e-2, epochs=20, batch=32, tune_epochs=5)
    trained = train(config, data, recipe, seed=1)
    report = trained.report()
    assert [len(trained.epochs), len(trained.tuned)] == [20, 5]
    assert trained.epochs[-1].loss < trained.epochs[0].loss / 5
    assert report["held_out"]["float"] > 0.93
    assert report["held_out"]["integer"] > 0.93
    assert report["held_out"]["float"] == round(trained.epochs[-1].held, 4)
    assert report["held_out"]["integer"] == round(trained.tuned[-1].held, 4)
    right = trained.design.reference(data.test.codes).argmax(axis=1) == data.test.labels
    assert report["test"] == {
        "images": 599,
        "float": round(accuracy(trained.module, data, data.test), 4),
        "integer": round(float(right.mean()), 4),
    }


def test_a_report_counts(config, data):
    trained = train(config, data, replace(RECIPE, epochs=1), bits=3)
    report = trained.report()
    # spread(64, 32, (8, 8)) and 32 to 10; every output of the first joins all 64 inputs
    stored, dense = 32 * 8 + 32 * 8 + 320, 64 * 32 + 320
    assert report["weights"] == {
        "stored": stored,
        "dense": dense,
        "compression": round(dense / stored, 2),
    }
    assert report["connectivity"] == {"fc1.0 to fc1.1": 1.0, "fc2.0": 1.0}
    assert report["formats"]["input"] == "u1.4"
    saturated = {}
    for name, layer in trained.design.trace(data.test.codes).items():
        saturated[name] = round(layer.saturated.sum() / layer.codes.size, 6)
    assert report["saturated"] == saturated
    assert max(saturated.values()) > 0


def test_class_indices_are_judged_as_scores_are(config, data):
    recipe = Recipe(rate=2e-2, epochs=5, batch=32)
    scores, classes = (
        train(replace(config, argmax=argmax), data, recipe) for argmax in (False, True)
    )
    found = [integer_accuracy(t.design, data.test) for t in (scores, classes)]
    assert found[0] == found[1] > 0.5


def test_an_epoch_shows_every_image_once(data):
    recipe = replace(RECIPE, shift=0)
    seen = [(x, y) for x, y in batches(data, recipe, 64, seed=1, epoch=0)]
    assert len(seen) == len(data.train) // 64
    rows = torch.cat([x for x, _ in seen]).numpy() * 16
    known = {row.tobytes() for row in data.train.codes.astype(np.float32)}
    assert {row.tobytes() for row in rows.astype(np.float32)} <= known
    assert len({row.tobytes() for row in rows}) > 0.99 * len(rows)  # hardly any digit comes twice
    orders = [
        torch.cat([y for _, y in batches(data, recipe, 64, seed=s, epoch=e)]).tolist()
        for s, e in ((1, 0), (1, 1), (2, 0))
    ]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_held_out_and_test_images_are_never_trained_on(data):
    seen = {
        row.tobytes()
        for x, _ in batches(data, replace(RECIPE, shift=0), 1, 1, 0)
        for row in x.numpy()
    }
    for images in (data.held, data.test):
        values = (images.codes / 16).astype(np.float32)
        assert not seen & {row.tobytes() for row in values}


def test_a_shift_moves_zeros_in():
    """One bright pixel in the middle of 5 x 5: it goes to each of the 9 places around."""
    codes = np.zeros((900, 25), np.int64)
    codes[:, 12] = 1
    images = Images(codes=codes, labels=np.zeros(900, np.int64))
    one = Data(
        name="one", format=sources.PIXELS, shape=(5, 5), train=images, test=images
    )  # fmt: skip
    moved = torch.cat([x for x, _ in batches(one, replace(RECIPE, shift=1), 10, 1, 0)]).numpy()
    assert (moved.sum(axis=1) == 1 / 256).all()
    counts = moved.sum(axis=0).reshape(5, 5) * 256
    assert (counts[1:4, 1:4] > 50).all()
    assert counts.sum() == counts[1:4, 1:4].sum()
    edge = replace(
        one, train=Images(codes=np.eye(25, dtype=np.int64)[:1].repeat(900, 0), labels=images.labels)
    )
    moved = torch.cat([x for x, _ in batches(edge, replace(RECIPE, shift=2), 10, 1, 0)]).numpy()
    assert set(moved.sum(axis=1) * 256) == {0.0, 1.0}  # gone, and not back from the other side


def test_the_rate_rises_and_falls():
    factors = [RECIPE.at(step / 1000) for step in range(1001)]
    assert factors[0] == 0
    assert factors[-1] == pytest.approx(0, abs=1e-12)
    top = int(np.argmax(factors))
    assert top == 50
    assert (np.diff(factors[: top + 1]) > 0).all()
    assert (np.diff(factors[top:]) < 0).all()
    assert factors[500] == pytest.approx(0.5)


def test_a_rate_that_is_too_high_is_told(data):
    module = nn.Linear(64, 10)
    with torch.no_grad():
        module.weight.fill_(float("nan"))
    words = r"^the loss must be a number, and is not in epoch 1: a lower rate may help$"
    with pytest.raises(FloatingPointError, match=words):
        fit(module, data, RECIPE)


@pytest.mark.parametrize(
    ("module", "given"),
    [
        (nn.Linear(64, 9), r"\(64, 9\)"),
        (nn.Sequential(nn.Linear(64, 10), nn.Flatten(0)), r"\(640,\)"),
        (nn.Sequential(nn.Linear(64, 10), nn.Unflatten(1, (5, 2))), r"\(64, 5, 2\)"),
    ],
)
def test_a_module_must_give_scores(module, given, data):
    words = r"the module must give \(64, 10\) scores, or more, for 64 images of 10 classes, not "
    with pytest.raises(ValueError, match=f"^{words}{given}$"):
        fit(module, data, RECIPE)


def test_what_is_trained_must_fit_the_data(config, data):
    with pytest.raises(
        ValueError, match=r"^a design trained on digits must take its 64 features, not"
    ):
        check_fit(replace(config, inputs=100), data)
    more = replace(data, test=Images(codes=data.test.codes, labels=data.test.labels + 1))
    words = r"^a design trained on digits must have an output for each of its 11 classes, not 10$"
    with pytest.raises(ValueError, match=words):
        check_fit(config, more)


def test_rms(data):
    assert rms(data) == pytest.approx(np.sqrt(((data.train.codes / 16) ** 2).mean()), rel=1e-6)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("rate", 0.0, "rate must be a number above 0, not 0.0"),
        ("tune_rate", float("nan"), "tune_rate must be a number above 0, not nan"),
        ("epochs", 0, "epochs must be at least 1, not 0"),
        ("batch", 0, "batch must be at least 1, not 0"),
        ("shift", -1, "shift must be at least 0, not -1"),
        ("warm_up", 1.5, "warm_up must be 0 to 1, not 1.5"),
    ],
)
def test_no_recipe(field, value, words):
    with pytest.raises(ValueError, match=f"^{words}$"):
        replace(RECIPE, **{field: value})
