"""Train the catalog's small digit classifier, csc-digits, and write its integers.

    python training/digits.py --out generators/csc_digits.npz
    python training/digits.py --validate        what the settings below were chosen by

Two CSC layers of 64 words and a support layer of 10. Each CSC layer is a cycle of two support
layers, fan-in 8 at strides 1 and 8, which joins every pair by exactly one path; it is linear
inside, with a bias throughout and a ReLU at its end. AdamW on the cross-entropy of softened
labels, with noisy pixels; then weights and words are rounded to 8 bits, without retraining.

Needs NumPy and scikit-learn. The seed fixes every draw; another BLAS or NumPy may round otherwise.
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.hdl import Format, Rounding
from kolam.reference import cyclic_sparse as model
from kolam.testbenches import digits

SEED = 3
EPOCHS = 100
BATCH = 32
RATE = 3e-3  # falls to zero along half a cosine
DECAY = 0.1
NOISE = 0.1  # of the range of a pixel, standard deviation
SOFTENING = 0.1  # of a label, spread over all ten
FOLDS = 4
BITS = 8
PARALLELISM = 20

Floats = NDArray[np.float64]


@dataclass
class Support:
    """One support layer in training: output o reads (o + j * stride) mod inputs, j < fan_in."""

    inputs: int
    outputs: int
    fan_in: int
    stride: int
    relu: bool
    weight: Floats = field(init=False)
    bias: Floats = field(init=False)

    def initialise(self, rng: np.random.Generator) -> None:
        """Draw the weights, scaled so that the words of every support layer vary alike."""
        scale = np.sqrt((2 if self.relu else 1) / self.fan_in)
        self.weight = scale * rng.standard_normal((self.outputs, self.fan_in))
        self.bias = np.zeros(self.outputs)

    @property
    def taps(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows and columns of the matrix at which the weights stand, each as weight."""
        rows = np.arange(self.outputs)[:, None]
        return rows, (rows + self.stride * np.arange(self.fan_in)) % self.inputs

    @property
    def matrix(self) -> Floats:
        """The weights as (outputs, inputs)."""
        matrix = np.zeros((self.outputs, self.inputs))
        matrix[self.taps] = self.weight
        return matrix


def network() -> list[Support]:
    """Return the support layers of the classifier, without weights."""
    hidden = [(8, 1, False), (8, 8, True)] * 2
    return [*(Support(64, 64, *shape) for shape in hidden), Support(64, 10, 16, 4, False)]


def forward(supports: list[Support], x: Floats) -> list[Floats]:
    """Return x and the words after every support layer, each (images, words)."""
    words = [x]
    for support in supports:
        y = words[-1] @ support.matrix.T + support.bias
        words.append(np.maximum(y, 0) if support.relu else y)
    return words


def gradients(supports: list[Support], x: Floats, target: Floats) -> list[Floats]:
    """Return the gradients of the mean cross-entropy, in the order weight, bias of each support."""
    words = forward(supports, x)
    likelihood = np.exp(words[-1] - words[-1].max(axis=1, keepdims=True))
    likelihood /= likelihood.sum(axis=1, keepdims=True)
    delta = (likelihood - target) / len(x)
    result: list[Floats] = []
    for support, before, after in zip(supports[::-1], words[-2::-1], words[:0:-1], strict=True):
        if support.relu:
            delta = delta * (after > 0)
        result = [(delta.T @ before)[support.taps], delta.sum(axis=0), *result]
        delta = delta @ support.matrix
    return result


def train(codes: NDArray[np.int64], labels: NDArray[np.int64], seed: int) -> list[Support]:
    """Return the trained network for codes (images, 64) of u1.4 and labels (images,)."""
    rng = np.random.default_rng(seed)
    supports = network()
    for support in supports:
        support.initialise(rng)
    x = codes / 16
    target = (1 - SOFTENING) * np.eye(10)[labels] + SOFTENING / 10
    parameters = [p for support in supports for p in (support.weight, support.bias)]
    mean, square = ([np.zeros_like(p) for p in parameters] for _ in range(2))
    batches = len(x) // BATCH
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = rng.permutation(len(x))
        chosen = order[step % batches * BATCH :][:BATCH]
        noisy = x[chosen] + NOISE * rng.standard_normal((BATCH, x.shape[1]))
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / (EPOCHS * batches)))
        found = gradients(supports, noisy, target[chosen])
        for i, gradient in enumerate(found):
            mean[i] = 0.9 * mean[i] + 0.1 * gradient
            square[i] = 0.999 * square[i] + 0.001 * gradient**2
            slope = mean[i] / (1 - 0.9 ** (step + 1))
            scale = np.sqrt(square[i] / (1 - 0.999 ** (step + 1))) + 1e-8
            parameters[i] -= rate * (slope / scale + DECAY * parameters[i])
    return supports


def accuracy(scores: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Return the share of images whose largest score (images, 10) is at their label."""
    return float((scores.argmax(axis=1) == labels).mean())


def covering(values: Floats) -> Format:
    """Return the signed format of BITS that holds all values with the longest fraction."""
    integer = int(np.floor(np.log2(np.abs(values).max()))) + 1
    return Format(True, integer, BITS - 1 - integer)


def quantised(supports: list[Support], x: Floats) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return configuration and arrays of the model file; x (images, 64) shows the words' ranges."""
    pixels = Format(*digits.PIXELS)
    weights = [covering(s.weight) for s in supports]
    sums = [
        y @ s.matrix.T + s.bias for s, y in zip(supports, forward(supports, x)[:-1], strict=True)
    ]
    outputs = [covering(y) for y in sums]
    config = {
        "engine": "cyclic_sparse",
        "inputs": supports[0].inputs,
        "supports": [
            {
                "outputs": s.outputs,
                "fan_in": s.fan_in,
                "stride": s.stride,
                "step": 1,
                "bias": True,
                "activation": "relu" if s.relu else "none",
            }
            for s in supports
        ],
        "formats": {
            "input": str(pixels),
            "weights": [str(f) for f in weights],
            "outputs": [str(f) for f in outputs],
            "rounding": "half_up",
            "overflow": "saturate",
        },
        "parallelism": PARALLELISM,
        "target": "generic",
    }
    arrays = {}
    for i, (support, before, weight) in enumerate(
        zip(supports, [pixels, *outputs], weights, strict=False)
    ):
        scale = Format(
            True, 31 - before.fraction - weight.fraction, before.fraction + weight.fraction
        )
        name = f"layer0.{i}"
        arrays[f"{name}.weight"] = weight.quantize(support.weight, Rounding.HALF_EVEN).astype("<i2")
        arrays[f"{name}.bias"] = scale.quantize(support.bias, Rounding.HALF_EVEN).astype("<i4")
        arrays[f"{name}.weight_float"] = support.weight.astype("<f4")
        arrays[f"{name}.bias_float"] = support.bias.astype("<f4")
    return config, arrays


def golden(config: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> list[model.Layer]:
    """Return the integer model of a model file."""
    formats = config["formats"]
    words = [formats["input"], *formats["outputs"]]
    plain = {
        text: (f.signed, f.integer, f.fraction)
        for text in {*words, *formats["weights"]}
        for f in [Format.parse(text)]
    }
    inputs = [config["inputs"], *(s["outputs"] for s in config["supports"])]
    return [
        model.Layer(
            inputs=inputs[i],
            stride=support["stride"],
            step=support["step"],
            weight=arrays[f"layer0.{i}.weight"],
            bias=arrays[f"layer0.{i}.bias"],
            activation=support["activation"],
            numbers=model.Numbers(
                input=plain[words[i]],
                weight=plain[formats["weights"][i]],
                output=plain[words[i + 1]],
                rounding=formats["rounding"],
                overflow=formats["overflow"],
            ),
        )
        for i, support in enumerate(config["supports"])
    ]


def validate() -> None:
    """Print the accuracy on every fold of the training images, trained on the others."""
    codes, labels = digits.training()
    folds = np.arange(len(labels)) % FOLDS
    found = []
    for fold in range(FOLDS):
        inside = folds == fold
        supports = train(codes[~inside], labels[~inside], fold)
        config, arrays = quantised(supports, codes[~inside] / 16)
        real = accuracy(forward(supports, codes[inside] / 16)[-1], labels[inside])
        integer = accuracy(
            model.answer(codes[inside], golden(config, arrays)).codes, labels[inside]
        )
        found.append((real, integer))
        print(f"fold {fold}: float {real:.4f}, integer {integer:.4f}")
    print("mean:   float {:.4f}, integer {:.4f}".format(*np.mean(found, axis=0)))


def write(path: Path) -> None:
    """Train on all training images, write the model file, and print what it is worth."""
    codes, labels = digits.training()
    supports = train(codes, labels, SEED)
    config, arrays = quantised(supports, codes / 16)
    np.savez(path, config=np.array(json.dumps(config)), **arrays)  # type: ignore[arg-type]
    weights = sum(s.weight.size for s in supports)
    dense = 64 * 64 + 64 * 64 + 64 * 10
    print(f"weights: {weights}, dense {dense} ({dense / weights:.1f} times as many)")
    print("formats:", json.dumps(config["formats"]))
    for name, (x, y) in {"training": (codes, labels), "held out": digits.heldout()}.items():
        words = model.answer(x, golden(config, arrays))
        real = accuracy(forward(supports, x / 16)[-1], y)
        print(
            f"{name}: {len(y)} images, float {real:.4f}, integer {accuracy(words.codes, y):.4f}, "
            f"{int(words.saturated.sum())} words saturated"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, help="the .npz file to write")
    what.add_argument("--validate", action="store_true", help="cross-validate, write nothing")
    arguments = parser.parse_args()
    if arguments.validate:
        validate()
    else:
        write(arguments.out)


if __name__ == "__main__":
    main()
