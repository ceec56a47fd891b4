"""A user's own module becomes a design that computes the same, or is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from kolam.flows import simulate
from kolam.generators import load
from kolam.generators.cyclic_sparse import cycle, spread
from kolam.hdl import Format
from kolam.hdl.target import Target
from kolam.training import CyclicSparse, Dense, export


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = CyclicSparse(16, cycle(16, 4), bias=False)
        self.norm = nn.BatchNorm1d(16)
        self.second = CyclicSparse(16, spread(16, 8, (2, 2, 2)))
        self.last = Dense(8, 3)

    def forward(self, x):
        return self.last(torch.relu(self.second(torch.relu(self.norm(self.first(x))))))


@pytest.fixture
def images():
    return np.random.default_rng(4).uniform(0, 1, (400, 16))


@pytest.fixture
def module(images):
    made = Own()
    for _ in range(60):
        made(torch.tensor(images, dtype=torch.float32))  # batch norm sees the images
    return made.eval()


def test_it_computes_what_the_module_does(module, images, tmp_path):
    """Rounding errors are all that is between them: they go with the steps, 2**-bits.

    From 8 to 12 bits that is a factor of 16; formats, which are chosen apart, and chance make it
    8 to 32.
    """
    errors = {}
    for bits in (8, 12):
        path = tmp_path / f"own{bits}.npz"
        design = export(module, path, calibration=images, input="u0.8", bits=bits, parallelism=6)
        assert (design.name, design.config.parallelism) == (f"own{bits}", 6)
        again = load(path)
        assert again.config == design.config
        codes = design.streams[0].format.quantize(images)
        np.testing.assert_array_equal(again.reference(codes), design.reference(codes))
        expected = module(torch.tensor(codes / 256, dtype=torch.float32)).detach().numpy()
        found = design.decode(design.reference(codes))
        errors[bits] = np.sqrt(np.square(found - expected).mean())
    assert 8 < errors[8] / errors[12] < 32


def test_its_verilog_does_too(module, images, tmp_path):
    design = export(module, tmp_path / "own.npz", calibration=images, input="u0.8")
    codes = design.streams[0].format.quantize(images[:6])
    run = simulate(load(tmp_path / "own.npz"), codes)
    assert run.passed
    np.testing.assert_array_equal(run.output, design.reference(codes))


def test_class_indices_come_out(module, images, tmp_path):
    design = export(module, tmp_path / "own.npz", calibration=images, input="u0.8", argmax=True)
    codes = design.streams[0].format.quantize(images)
    assert design.reference(codes).shape == (400, 1)


def test_a_tensor_and_a_format_will_do(module, images, tmp_path):
    given = torch.tensor(images, requires_grad=True)
    fmt = Format.parse("u0.8")
    one, other = (
        export(module, tmp_path / f"{name}.npz", calibration=x, input=f)
        for name, x, f in (("one", given, fmt), ("other", images, "u0.8"))
    )
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()
    assert one.config == other.config


def test_the_module_is_left_as_it_was(module, images, tmp_path):
    module.train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    export(module, tmp_path / "own.npz", calibration=images, input="u0.8")
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_parts_stay_in_the_mode_in_which_they_were(module, images, tmp_path):
    module.train()
    module.norm.eval()
    export(module, tmp_path / "own.npz", calibration=images, input="u0.8")
    assert [module.training, module.norm.training, module.last.training] == [True, False, True]


def test_doubles_compiled_modules_and_names_of_targets_will_do(module, images, tmp_path):
    path = tmp_path / "own.npz"
    options = {"calibration": images, "input": "u0.8"}
    wanted = export(module, path, target=Target.XC7, **options).config
    assert export(module, path, target="xc7", **options).config == wanted
    assert (
        export(torch.compile(module, backend="eager"), path, target="xc7", **options).config
        == wanted
    )
    assert export(module.double(), path, target="xc7", **options).config == wanted


def test_the_last_bit_of_a_pixel_may_be_beyond(module, images, tmp_path):
    images[0, 0] = 1.0  # 255 / 255, as torchvision has it: 256 / 256 is no code of u0.8
    assert export(module, tmp_path / "own.npz", calibration=images, input="u0.8").interval


class Twice(Dense):
    def forward(self, input):
        return 2 * super().forward(input)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"module": Twice(16, 3)}, ValueError, "the module must compute what its layers say, one "),
        ({"module": nn.Linear(16, 3).state_dict()}, TypeError, "module must be an nn.Module, not "),
        ({"module": nn.Linear}, TypeError, "module must be an nn.Module, not the class Linear"),
        ({"module": nn.Linear(9, 3)}, ValueError, r"calibration must be \(images, 9\), not "),
        ({"calibration": np.zeros((0, 16))}, ValueError, r"calibration must be .*, not \(0, 16\)"),
        ({"calibration": np.zeros((4, 16)) * np.nan}, ValueError, "values must be finite, not NaN"),
        ({"input": "u8"}, ValueError, "a format must be like s1.14 or u0.8, not 'u8'"),
        (
            {"calibration": np.full((4, 16), 200)},
            ValueError,
            r"calibration must be values that input \(u0.8\) holds, 0 to 0.996094, not 200 to ",
        ),
        ({"calibration": np.full((4, 16), -0.1)}, ValueError, "calibration must be values that"),
        ({"bits": (8, 8)}, TypeError, r"bits must be an integer, not \(8, 8\)"),
        ({"bits": 1}, ValueError, "bits must be 2 to 16, not 1"),
        ({"path": "own.pt"}, ValueError, "path must be an .npz file, not 'own.pt'"),
        ({"lanes": 4}, TypeError, "options must be among argmax, parallelism, .*, not 'lanes'"),
        ({"paralelism": 4}, TypeError, ".*not 'paralelism'; did you mean parallelism\\?"),
        ({"layers": ()}, TypeError, "options must be among .*, not 'layers'"),
        ({"target": "xc8"}, ValueError, "target must be one of generic, xc7, .*, not 'xc8'"),
        ({"parallelism": 0}, ValueError, "parallelism must be at least 1, not 0"),
        ({"path": "none/own.npz"}, FileNotFoundError, ".*No such .*: 'none/own.npz'"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(
    changes, kind, words, module, images, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    given = {"module": module, "path": "own.npz", "calibration": images, "input": "u0.8"} | changes
    with pytest.raises(kind, match=f"^{words}"):
        export(given.pop("module"), given.pop("path"), **given)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_left_as_it_was(module, images, tmp_path, monkeypatch):
    path = tmp_path / "own.npz"
    path.write_bytes(b"old")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        export(module, path, calibration=images, input="u0.8")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"own.npz": b"old"}
