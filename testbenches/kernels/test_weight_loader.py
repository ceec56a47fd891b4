"""New weights between frames: the loader's words, and a whole core that is loaded."""

from pathlib import Path

import numpy as np
import pytest

from kolam.generators import cyclic_sparse as csc
from kolam.hdl import Format
from kolam.kernels.bits import word
from kolam.kernels.weight_loader import weight_loader
from kolam.testbenches import Frame, simulate
from kolam.testbenches.equivalence import assert_equivalent
from kolam.testbenches.stimulus import Load, codes

DEPTHS = (3, 1, 4)


@pytest.mark.parametrize("depths", [DEPTHS, (5,), (1,)])
def test_loader_equals_its_verilog(tmp_path: Path, depths: tuple[int, ...]) -> None:
    one_bit = ("clk", "rst", "s_valid", "s_ready", "s_last", "empty", "hold")
    ports = {name: word(1) for name in one_bit}
    ports |= {"enables": word(len(depths)), "at": word(3 if max(depths) > 4 else 2)}
    if max(depths) == 1:
        ports["at"] = word(1)
    ports["frame_error"] = word(1)
    assert_equivalent(weight_loader, {**ports, "depths": depths}, folder=tmp_path)


@pytest.mark.parametrize("simulator", ["icarus", "myhdl"])
def test_frames_keep_the_weights_that_they_began_with(simulator: str) -> None:
    fmt = Format.parse("s2.5")
    config = csc.Config(
        inputs=16,
        supports=csc.cycle(16, 4, bias=True),
        formats=csc.Formats(input=fmt, weights=fmt, outputs=fmt),
        parallelism=8,
        loadable=True,
    )
    first = csc.build(config, name="loaded", seed=1)
    pairs = [(w.weight, w.bias) for w in csc.build(config, seed=2).words]
    second = first.with_weights(pairs)
    back = [(w.weight, w.bias) for w in first.words]
    new, old = first.weight_frame(pairs), first.weight_frame(back)
    x = codes(first, 8)
    script = [
        Frame(x[0]), Frame(x[1]), Load(new, second), Frame(x[2]), Frame(x[3]),
        Load(old, first, short=len(old) // 2), Load(old, first), Frame(x[4]),
        Load(new, second, long=2), Load(new, second), Frame(x[5]),
    ]  # fmt: skip
    assert not np.array_equal(first.reference(x), second.reference(x))
    for pauses in (0.0, 0.3):
        run = simulate(first, script=script, simulator=simulator, gap=pauses, stall=pauses)
        assert run.passed, run.line
