"""What training takes for hardware is the golden model, exactly; formats are the best of all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from kolam.generators import network
from kolam.generators.cyclic_sparse import Activation, Support, cycle, spread
from kolam.hdl import Format
from kolam.training.fold import Linear, folded
from kolam.training.layers import CyclicSparse, Dense, Norm
from kolam.training.network import config_of
from kolam.training.quantise import Formats, Rounded, check_bits, forward, rounded

SOURCES = ["u0.8", "s1.6", "u1.4", "s3.-1"]


def network_of(inputs):
    """Return a module with every structure and activation, its norms with values of their own."""
    module = nn.Sequential(
        CyclicSparse(inputs, spread(inputs, 32, (4, 4, 2)), bias=False),
        Norm(32),
        nn.ReLU(),
        Dense(32, 16),
        nn.Hardtanh(0, 1),
        CyclicSparse(16, cycle(16, 4)),
        nn.ReLU(),
        Dense(16, 5),
    )
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            nn.init.uniform_(part.running_mean, -1, 1)
            nn.init.uniform_(part.running_var, 0.2, 2)
            nn.init.uniform_(part.weight, 0.5, 2)
            nn.init.uniform_(part.bias, -1, 1)
    return module.eval()


def codes_of(fmt, count, inputs):
    rng = np.random.default_rng(count)
    codes = rng.integers(fmt.minimum, fmt.maximum + 1, (count, inputs))
    codes[0], codes[1] = fmt.minimum, fmt.maximum
    return codes


@pytest.mark.parametrize("bits", [3, 8, 12])
@pytest.mark.parametrize("source", SOURCES)
def test_it_is_the_golden_model(source, bits):
    """All of 300 images, of which two are corners, and some saturate: a format is for most."""
    fmt = Format.parse(source)
    codes = codes_of(fmt, 300, 48)
    x = torch.tensor(fmt.to_float(codes))
    chain = folded(network_of(48))
    found = rounded(chain, x[2:50], fmt, bits)
    design = network.build(config_of(chain, found.formats), found.words())
    given = found.double()(x).detach().numpy()  # float32 is enough for 8 bits, not for 12
    assert design.limited == 0
    np.testing.assert_array_equal(design.decode(design.reference(codes)), given)


@pytest.mark.parametrize("bits", [4, 8])
def test_formats_have_the_least_error(bits):
    """Tried one by one over all integer bits of which any could be, weights first."""
    fmt = Format.parse("s1.6")
    chain = folded(nn.Sequential(CyclicSparse(24, [Support(outputs=9, fan_in=5, stride=2)])))
    part = replace(chain[0], weight=chain[0].weight * np.linspace(0.1, 3, 9)[:, None])
    x = torch.tensor(fmt.to_float(codes_of(fmt, 500, 24)))
    exact = forward([part], x)
    (chosen,) = rounded([part], x, fmt, bits).formats

    def error(weight, result):
        made = Rounded([part], [Formats(source=fmt, weight=weight, result=result)]).double()
        return float((made(x) - exact).square().mean().detach())

    fine = Format(True, 8, 40)
    ways = [Format(True, i, bits - 1 - i) for i in range(-12, 12)]
    assert error(chosen.weight, fine) == min(error(w, fine) for w in ways)
    rounded_weight = [error(chosen.weight, w) for w in ways]
    # the error of results is that against the sums of rounded weights, which the weights' is not
    assert error(chosen.weight, chosen.result) <= 1.05 * min(rounded_weight)


def test_results_behind_an_activation_are_unsigned():
    chain = folded(network_of(48))
    found = rounded(chain, torch.rand(64, 48), Format.parse("u0.8"), 8)
    signed = [f.result.signed for f in found.formats]
    assert signed == [part.activation is Activation.NONE for part in chain]
    assert {f.result.width for f in found.formats} == {8}
    assert all(f.weight.signed and f.weight.width == 8 for f in found.formats)
    assert [f.source for f in found.formats[1:]] == [f.result for f in found.formats[:-1]]


def one(weight, activation, result):
    part = Linear(
        layer="fc", inputs=1, support=None, weight=np.array([[weight]]), bias=np.zeros(1),
        activation=activation,
    )  # fmt: skip
    formats = Formats(
        source=Format.parse("s3.4"), weight=Format.parse("s1.6"), result=Format.parse(result)
    )
    return Rounded([part], [formats])


@pytest.mark.parametrize(
    ("activation", "result", "x", "passes"),
    [
        (Activation.NONE, "s1.2", 1.0, True),
        (Activation.NONE, "s1.2", 7.0, False),
        (Activation.NONE, "s1.2", -7.0, False),
        (Activation.RELU, "u1.2", 1.0, True),
        (Activation.RELU, "u1.2", -1.0, False),
        (Activation.RELU, "s3.2", -1.0, False),
        (Activation.CLIPPED_RELU, "u1.2", 0.5, True),
        (Activation.CLIPPED_RELU, "u1.2", 3.0, False),
    ],
)
def test_the_gradient_stops_where_a_result_is_limited(activation, result, x, passes):
    made = one(1.0, activation, result)
    made(torch.tensor([[x]])).sum().backward()
    assert (made.stages[0].bias.grad.item(), made.stages[0].weight.grad.item()) == (
        (1.0, x) if passes else (0.0, 0.0)
    )


def test_a_weight_beyond_its_format_can_come_back():
    made = one(5.0, Activation.NONE, "s7.2")
    made(torch.tensor([[2.0]])).sum().backward()
    assert made.stages[0].weight.grad.item() == 2
    assert made.words()[0][0].tolist() == [[127]]


@pytest.mark.parametrize("bits", [1, 17])
def test_bits(bits):
    with pytest.raises(ValueError, match=f"^bits must be 2 to 16, not {bits}$"):
        check_bits(bits)
