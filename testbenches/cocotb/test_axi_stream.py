"""cocotbext-axi's AXI4-Stream source and sink, a foreign client, agree with the golden model."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from cocotb_tools.runner import get_runner

from kolam.generators import load
from kolam.generators.cyclic_sparse import Config, Formats, Support, build
from kolam.hdl import Format, primitives
from kolam.hdl.target import Target
from kolam.kernels.round_saturate import Activation
from kolam.testbenches.stimulus import codes

CLIENT = Path(__file__).with_name("axi_stream_client.py")


def compiled(design, folder):
    """Lay the files of a design and compile them; return how to run the client on them."""
    files = design.files()
    for name, text in {**files, **primitives.models(files)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    runner = get_runner("icarus")
    runner.build(
        sources=sorted(folder.rglob("*.v")),
        hdl_toplevel=design.name,
        parameters={"MEM_DIR": f'"{folder.as_posix()}/mem/"'},
        timescale=("1ns", "1ps"),
        build_dir=folder / "build",
        log_file=folder / "build.log",
    )

    def run(frames, good, gap=0.0, stall=0.0, seed=0):
        """Send frames of bytes, so many of them good; return what the client noted."""
        job = {
            "frames": [frame.hex() for frame in frames], "due": good, "gap": gap, "stall": stall,
            "seed": seed, "idle": 4 * (design.latency + design.interval),
            "patience": 60 * (design.latency + design.interval),
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(job))
        (folder / "received.json").unlink(missing_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", [*sys.path, str(CLIENT.parent)])  # the runner hands it on
            runner.test(
                test_module=CLIENT.stem,
                hdl_toplevel=design.name,
                extra_env={"KOLAM_JOB": str(folder / "job.json")},
                test_dir=folder,
                build_dir=folder / "build",
                log_file=folder / "run.log",
            )
        return json.loads((folder / "received.json").read_text())

    return run


def agrees(design, run, x, bad=(), **pauses):
    """Send x, and before frame k a bad one made by bad[k]; compare all that comes back."""
    size = len(design.pack(x[:1]))
    frames = []
    for k, row in enumerate(x):
        octets = design.pack([row])
        if k < len(bad):
            frames.append(bad[k](octets))
        frames.append(octets)
    said = run(frames, len(x), **pauses)
    assert said["idle"]
    assert said["event_frame_error"] == sum(len(frame) != size for frame in frames)
    answers = [bytes.fromhex(text) for text in said["received"]]
    assert len(answers) == len(x)
    own = design.streams[1].elements * design.streams[1].element_bits // 8
    for octets, row in zip(answers, design.reference(x), strict=True):  # a frame ends at its tlast
        np.testing.assert_array_equal(design.unpack(octets), [row])
        assert not any(octets[own:])
    assert bool(said["event_overflow"]) == bool(design.saturated(x).any()) or bad


def wrong_lengths(design):
    """Return what makes frames of wrong lengths, whole beats each."""
    stream = design.streams[0]
    beat = stream.lanes * stream.element_bits // 8
    return [
        lambda octets: octets[:-beat],
        lambda octets: octets + octets[:beat],
        lambda octets: octets[:beat],
        lambda octets: octets + octets + octets,
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return a small core with uneven beats at both ends, and how to run it."""
    design = build(
        Config(
            inputs=15,
            supports=(
                Support(outputs=12, fan_in=4, stride=2, bias=True, activation=Activation.RELU),
                Support(outputs=10, fan_in=3, stride=5),
            ),
            formats=Formats(
                input=Format.parse("s1.10"),
                weights=Format.parse("s1.6"),
                outputs=Format.parse("s2.5"),
            ),
            parallelism=5,
            input_lanes=2,
            output_lanes=3,
            target=Target.ECP5,
        ),
        seed=4,
    )
    return design, compiled(design, tmp_path_factory.mktemp("small"))


@pytest.mark.parametrize(("gap", "stall"), [(0, 0), (0.4, 0), (0, 0.6), (0.5, 0.5)])
def test_frames(gap, stall, small):
    design, run = small
    agrees(design, run, codes(design, 10, 3), gap=gap, stall=stall, seed=7)


def test_short_and_long_frames(small):
    design, run = small
    x = codes(design, 8, 5)
    agrees(design, run, x, bad=wrong_lengths(design), gap=0.2, stall=0.2)


@pytest.mark.shown
@pytest.mark.parametrize("target", ["generic", "ecp5"])
def test_csc_small(target, shown, tmp_path):
    design = load("csc-small", set={"target": target})
    run = compiled(design, tmp_path)
    frames = 0
    for seed, (gap, stall) in enumerate([(0, 0), (0.5, 0), (0, 0.5), (0.4, 0.4)]):
        x = codes(design, 20, seed)
        agrees(design, run, x, gap=gap, stall=stall, seed=seed)
        agrees(design, run, x[:6], bad=wrong_lengths(design), gap=gap, stall=stall, seed=seed)
        frames += 26
    shown(
        "cocotbext-axi's AXI4-Stream source and sink agree on csc-small",
        {"target": target, "good frames": frames, "differences": 0},
    )
