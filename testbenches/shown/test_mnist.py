"""All test images of MNIST through the Verilog of the LeNets, in Verilator, bit for bit."""

import time

import numpy as np
import pytest

from kolam.generators import load
from kolam.testbenches import mnist
from kolam.testbenches.networks import LANES

pytestmark = pytest.mark.shown


@pytest.mark.parametrize("name", LANES)
def test_all_test_images_through_the_verilog(name, kolam, shown, tmp_path, kolam_data):
    """The answers, and so the accuracy, are those of the integer model; interval as promised."""
    images, labels = mnist.heldout()
    asked, answer = tmp_path / "images.npy", tmp_path / "classes.npy"
    np.save(asked, images)
    start = time.perf_counter()
    run = kolam(
        "simulate", name, "--set", f"parallelism={LANES[name]}", "--with", "verilator",
        "--input", asked, "--output", answer,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    codes = np.load(answer)
    classes = codes[:, 0] if load(name).config.argmax else codes.argmax(axis=1)
    shown(
        f"{name}, {len(images)} images of MNIST through the Verilog, in Verilator",
        {"multipliers": run["parallelism"]["chosen"], "mismatches": run["mismatches"],
         "right, %": round(100 * float((classes == labels).mean()), 2),
         "clocks an image": run["interval"]["measured"],
         "images a second at 100 MHz": round(1e8 / run["interval"]["measured"]),
         "simulated clocks a second": run["clocks_per_second"],
         "seconds in all": round(seconds, 1)},
    )  # fmt: skip
    assert (run["frames"], run["mismatches"]) == (10_000, 0)
    for promise in (run["latency"], run["interval"]):
        assert promise["promised"] == promise["measured"]
    assert np.array_equal(codes, load(name).reference(images))
