"""Layers against the golden model, numerical gradients, and torch's own."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from kolam.generators.cyclic_sparse import Activation, Support, cycle, fold, local, spread
from kolam.reference import cyclic_sparse as golden
from kolam.training import CyclicSparse, Dense, Norm

SUPPORTS = {  # inputs and support, each of which is a corner of its own
    "one tap": (7, Support(outputs=5, fan_in=1, stride=0)),
    "taps that meet": (5, Support(outputs=9, fan_in=4, stride=0, step=2)),
    "taps that meet later": (6, Support(outputs=4, fan_in=6, stride=3)),
    "a step beyond the inputs": (6, Support(outputs=8, fan_in=3, stride=5, step=13)),
    "a stride beyond the inputs": (10, Support(outputs=3, fan_in=4, stride=23, step=3)),
    "all": (8, Support(outputs=8, fan_in=8, stride=1)),
    "inputs that nobody reads": (50, Support(outputs=4, fan_in=2, stride=7)),
    "one word": (1, Support(outputs=1, fan_in=1, stride=0)),
}


def layer(inputs, supports, **options):
    return CyclicSparse(inputs, supports, **options).double()


@pytest.mark.parametrize("name", SUPPORTS)
def test_a_support_is_that_of_the_golden_model(name):
    inputs, support = SUPPORTS[name]
    made = layer(inputs, [support], bias=False)
    x = torch.randn(11, inputs, dtype=torch.float64)
    weight = made.weights[0].detach().numpy()
    expected = golden.Layer(
        inputs=inputs, stride=support.stride, step=support.step, weight=weight
    ).sums(np.ascontiguousarray(x.numpy().T))
    np.testing.assert_allclose(made(x).detach().numpy(), expected.T, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SUPPORTS)
def test_gradients_of_a_support(name):
    inputs, support = SUPPORTS[name]
    made = layer(inputs, [support])
    x = torch.randn(5, inputs, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, *_: made(x), (x, *made.parameters()))


@pytest.mark.parametrize(
    ("inputs", "supports"),
    [
        (64, cycle(64, 4)),
        (50, fold(50, 12, (3, 4))),
        (40, spread(40, 15, (4, 5))),
        (81, local(20, 3, 4, row=9)),
    ],
    ids=["cycle", "fold", "spread", "local"],
)
@pytest.mark.parametrize("norm", [False, True], ids=["linear", "norm"])
def test_gradients_of_a_chain(inputs, supports, norm):
    made = layer(inputs, supports, norm=norm)
    x = torch.randn(6, inputs, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, *_: made(x), (x, *made.parameters()), fast_mode=True)


def test_norm_is_inside_chains_of_three_or_more_unless_it_is_said():
    two, three = spread(30, 10, (3, 3)), spread(30, 10, (3, 3, 3))
    counts = [len(layer(30, s, norm=n).norms) for s in (two, three) for n in (None, False, True)]
    assert counts == [0, 0, 1, 2, 0, 2]


def test_a_chain_has_the_memory_order_in_which_nothing_is_copied():
    made = CyclicSparse(30, spread(30, 10, (3, 3, 3)))
    x = torch.randn(30, 8).t()
    for part in (made, Dense(30, 10), Norm(30)):
        assert part(x).t().is_contiguous(), part


def test_any_memory_order_gives_the_same():
    made = CyclicSparse(30, spread(30, 10, (3, 3, 3)))
    x = torch.randn(8, 30)
    assert torch.equal(made(x), made(x.t().contiguous().t()))


@pytest.mark.parametrize("rows", [2, 37])
def test_norm_is_batch_norm(rows):
    ours = Norm(6).double()
    theirs = nn.BatchNorm1d(6, eps=ours.eps).double()
    for norm in (ours, theirs):
        with torch.no_grad():
            norm.weight.copy_(torch.linspace(-1, 2, 6))
            norm.bias.copy_(torch.linspace(3, -1, 6))
    for _ in range(3):
        x = 5 * torch.randn(rows, 6, dtype=torch.float64) + 2
        x1, x2 = (x.clone().requires_grad_() for _ in range(2))
        y1, y2 = ours(x1), theirs(x2)
        torch.testing.assert_close(y1, y2, rtol=1e-10, atol=1e-10)
        slope = torch.randn_like(y1)
        y1.backward(slope)
        y2.backward(slope)
        torch.testing.assert_close(x1.grad, x2.grad, rtol=1e-9, atol=1e-9)
        for name in ("weight", "bias"):
            pair = [getattr(norm, name).grad for norm in (ours, theirs)]
            torch.testing.assert_close(*pair, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-9, atol=1e-9)
    x = torch.randn(5, 6, dtype=torch.float64)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_linear(bias):
    ours, theirs = Dense(7, 4, bias=bias), nn.Linear(7, 4, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 7)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda **o: CyclicSparse(784, local(300, 28, 46), bias=False, **o),
        lambda **o: CyclicSparse(784, spread(784, 300, (8, 8, 8)), norm=False, bias=False, **o),
        lambda **o: Dense(784, 300, bias=False, **o),
    ],
    ids=["local", "spread", "dense"],
)
def test_the_first_weights_give_what_was_asked(make):
    """784 inputs make 300 outputs, 512 times: the deviation is known to a few per cent."""
    y = make(rms=0.25, gain=1.5)(0.25 * torch.randn(512, 784))
    assert y.std().item() == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ((8, []), TypeError, r"supports must be one Support or more, not \[\]"),
        ((8, [3]), TypeError, r"supports must be one Support or more, not \[3\]"),
        (
            (4, [Support(outputs=2, fan_in=5, stride=1)]),
            ValueError,
            r"fan_in of support 0 must be at most its inputs \(4\), not 5",
        ),
        (
            (8, cycle(8, 2, activation=Activation.RELU)),
            ValueError,
            "support 2 must have no activation and no bias: a bias is the layer's, and an "
            "activation is a module behind it",
        ),
        ((8, cycle(8, 2, bias=True)), ValueError, "support 2 must have no activation and no bias"),
    ],
)
def test_no_chain(arguments, kind, words):
    with pytest.raises(kind, match=words):
        CyclicSparse(*arguments)


@pytest.mark.parametrize("shape", [(5, 7), (5, 9), (8,), (2, 5, 8)])
def test_images_of_another_shape_are_refused(shape):
    made = CyclicSparse(8, cycle(8, 2))
    with pytest.raises(ValueError, match=r"^x of CyclicSparse must be \(images, 8\), not \("):
        made(torch.rand(shape))


def test_images_of_another_precision_are_refused():
    words = "x of CyclicSparse must be torch.float32, as its weights are, not torch.float64"
    with pytest.raises(TypeError, match=f"^{words}$"):
        CyclicSparse(8, cycle(8, 2))(torch.rand(5, 8, dtype=torch.float64))
