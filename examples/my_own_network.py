"""My own PyTorch network to Verilog: train it, export it, simulate it, hand it off.

    python examples/my_own_network.py --out build/my_own_network

A module of your own, of kolam's layers and torch's, learns 8x8 digits in some seconds. `export`
folds its batch norm, chooses number formats on training images, and writes mine.npz; from there on
it is a design like any other: the Verilog is simulated in Icarus and compared bit by bit, and
mine/ is the folder for Vivado, OpenROAD and others.

Needs PyTorch, scikit-learn and Icarus: pip install 'kolam[train,demo]'. docs/training.md explains.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from kolam.flows import simulate, write
from kolam.generators.cyclic_sparse import cycle
from kolam.training import CyclicSparse, Dense, Recipe, accuracy, export, fit, load_data


class Mine(nn.Module):
    """64 pixels to 64 words through 2 support layers of fan-in 8, then to 10 scores.

    The CSC layer joins all with all, by 1,024 weights instead of 4,096.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mix = CyclicSparse(64, cycle(64, 8), bias=False)  # batch norm has a bias
        self.norm = nn.BatchNorm1d(64)
        self.last = Dense(64, 10)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (images, 10) scores for (images, 64) pixels."""
        return self.last(torch.relu(self.norm(self.mix(pixels))))


def main() -> None:
    """Read the command line, and go all the way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("build/my_own_network"))
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    # 1. Train: by `fit`, or by a loop of your own; it is an ordinary module.
    data = load_data("digits").held_out(200)
    torch.manual_seed(1)
    module = Mine()
    fit(module, data, Recipe(rate=1e-2, epochs=20, batch=32), seed=1)
    print(f"in floats: {accuracy(module, data, data.test):.1%} of the test images")

    # 2. Export: 8 bits, on at most 12 multipliers. `input` is how pixels come: 0 to 16 as u1.4.
    pixels = data.format.to_float(data.train.codes)
    design = export(module, out / "mine.npz", calibration=pixels, input=data.format, parallelism=12)
    scores = design.reference(data.test.codes)
    print(f"in integers: {(scores.argmax(axis=1) == data.test.labels).mean():.1%}")
    print(f"promised: latency {design.latency}, interval {design.interval} clocks")

    # 3. Simulate the Verilog in Icarus: every bit is compared with the integer model.
    run = simulate(design, data.test.codes[:60])
    print(run.line)
    assert run.passed

    # 4. Hand it off: RTL, memory images, a self-checking bench, constraints, a manifest.
    write(design, out / "mine", force=True)
    print(f"{out / 'mine'} is written: sh {out / 'mine' / 'run_icarus.sh'} runs its bench")


if __name__ == "__main__":
    main()
