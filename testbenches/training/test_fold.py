"""Folding is exact, whoever wrote the module; what cannot be folded is refused by name."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn

from kolam.generators.cyclic_sparse import Activation, cycle, local, spread
from kolam.training import CyclicSparse, Dense, Norm
from kolam.training.fold import folded
from kolam.training.quantise import forward


def settled(module, inputs):
    """Return a module in float64 whose batch norms have seen data and have values of their own."""
    module = module.double()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            if part.affine:
                nn.init.uniform_(part.weight, -2, 2)
                nn.init.uniform_(part.bias, -2, 2)
            nn.init.uniform_(part.running_mean, -3, 3)
            nn.init.uniform_(part.running_var, 1e-3, 9)
    return module.eval()


class Own(nn.Module):
    """A user's: functions and methods between layers, names with dots, torch's own layers."""

    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.block = nn.Sequential(
            CyclicSparse(64, cycle(64, 4)), nn.BatchNorm1d(64, affine=False), nn.Dropout(0.5)
        )
        self.fc = nn.Linear(64, 24, bias=False)
        self.norm = nn.BatchNorm1d(24)
        self.narrow = CyclicSparse(24, spread(24, 12, (3, 4)), bias=False)
        self.clip = nn.Hardtanh(0, 1)
        self.last = Dense(12, 5)

    def forward(self, x):
        x = torch.relu(self.block(self.flatten(x)))
        x = self.norm(self.fc(x)).relu()
        x = F.dropout(self.clip(self.narrow(x)), training=self.training)
        return self.last(x)


def activated(inputs, *layers):
    parts = []
    for made in layers:
        words = made.outputs if isinstance(made, CyclicSparse) else made.out_features
        parts += [made, Norm(words), nn.ReLU()]
    return nn.Sequential(*parts)


MODULES = {
    "chains": (64, lambda: activated(64, CyclicSparse(64, cycle(64, 4)), Dense(64, 10))),
    "biases": (
        81,
        lambda: nn.Sequential(
            CyclicSparse(81, local(27, 3, 9, row=9), norm=True), nn.ReLU(), nn.Linear(27, 4)
        ),
    ),
    "norm last": (9, lambda: nn.Sequential(nn.Linear(9, 7), nn.BatchNorm1d(7))),
    "own": (64, Own),
    "a layer": (16, lambda: CyclicSparse(16, cycle(16, 2))),
}


@pytest.mark.parametrize("name", MODULES)
def test_folding_is_exact(name):
    """1e-12 of the largest result: float64 has 53 bits, and sums have some hundred terms."""
    inputs, make = MODULES[name]
    module = settled(make(), inputs)
    x = torch.randn(200, inputs, dtype=torch.float64)
    with torch.no_grad():
        expected = module(x)
    found = forward(folded(module), x)
    assert (found - expected).abs().max() <= 1e-12 * expected.abs().max()


@pytest.mark.parametrize(
    "flat",
    [
        lambda x: x.view(-1, 4),
        lambda x: x.reshape(-1, 4),
        lambda x: torch.reshape(x, (-1, 4)),
        lambda x: x.flatten(1),
        lambda x: torch.flatten(x, 1),
    ],
)
def test_images_may_be_made_flat(flat):
    class Flat(Joined):
        def forward(self, x):
            return self.fc(flat(x)).relu()

    module = Flat().double()
    x = torch.randn(20, 4, dtype=torch.float64)
    torch.testing.assert_close(forward(folded(module), x), module(x))


def test_what_was_folded_is_described():
    chain = folded(settled(Own(), 64))
    assert [part.layer for part in chain] == [*["block_0"] * 3, "fc", *["narrow"] * 2, "last"]
    assert [part.inputs for part in chain] == [64, 64, 64, 64, 24, 12, 12]
    assert [part.bias is not None for part in chain] == [1, 1, 1, 1, 0, 0, 1]
    none, relu, clipped = Activation.NONE, Activation.RELU, Activation.CLIPPED_RELU
    assert [part.activation for part in chain] == [none, none, relu, relu, none, clipped, none]
    assert [part.support is None for part in chain] == [0, 0, 0, 1, 0, 0, 1]


def test_a_number_is_no_name():
    assert [part.layer for part in folded(nn.Sequential(nn.Linear(3, 2)))] == ["layer0"]


class Joined(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return x + self.fc(x)


class Asked(Joined):
    def forward(self, x):
        return self.fc(x) if x.sum() > 0 else x


class Two(Joined):
    def forward(self, x, y):
        return self.fc(x)


class Called(Joined):
    def forward(self, x):
        return torch.sigmoid(self.fc(x))


class Forked(Joined):
    def forward(self, x):
        y = self.fc(x)
        return y, y.relu()


class Scored(Joined):
    def forward(self, x):
        return torch.log_softmax(self.fc(x), dim=1)


class Sized(Joined):
    def forward(self, x):
        return self.fc(x.view(x.size(0), -1))


class Shaped(Joined):
    def forward(self, x):
        return self.fc(x.reshape(x.shape[0], -1))


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (Joined(), "the layers of a network must be in a row, not joined at "),
        (Forked(), "the layers of a network must be in a row, not joined at "),
        (Asked(), "the module must be one that torch.fx can trace: "),
        (Two(), "the module must take one argument, not y as well"),
        (Called(), r"sigmoid must be one of CyclicSparse, .*, not a call of sigmoid$"),
        (Scored(), r"log_softmax must be one of .*; leave it to the loss: the largest score is "),
        (nn.Sequential(nn.Linear(4, 4), nn.Softmax(1)), r"1 must be one of .*, not Softmax; leave"),
        (Sized(), "the module must not ask for the size of its images; x.flatten"),
        (Shaped(), "the module must not ask for the size of its images; x.flatten"),
        (nn.Sequential(nn.Conv2d(1, 1, 3)), r"0 must be one of .*, not Conv2d"),
        (nn.Sequential(nn.Linear(2, 2), nn.Hardtanh()), r"1 must be one of .*, not Hardtanh"),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), "0 must follow a layer "),
        (
            nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.BatchNorm1d(2)),
            r"2 must follow a layer \(CyclicSparse, Dense or nn.Linear\), as batch norm and ",
        ),
        (nn.Sequential(nn.Identity()), "a network must have a layer "),
        (
            nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)),
            "batch norm must track running statistics, or it cannot be folded away",
        ),
        (
            nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 2)),
            "layer1 must take the 3 words that layer0 gives, not 4",
        ),
    ],
)  # fmt: skip
def test_no_row_of_layers(module, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        folded(module)
