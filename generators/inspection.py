"""What goes through a design layer by layer: integers of the hardware beside float mathematics.

`design.trace(x)` runs two chains from the same frames. One is the integer model, bit for bit the
hardware. The other is the same layers in double precision with nothing rounded or limited, each fed
by the one before it. Their difference is what number formats cost, layer by layer; weights are
those of their codes in both, so what quantising *them* costs shows against a model of one's own:
`Trace.against`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, isfinite, log10, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.hdl import Format

INPUT = "input"
Ints = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """Frames as a design takes them.

    codes: (frames, *shape of a frame). values: what was given, or what the codes given stand for,
    in the same shape, complex numbers as pairs. clipped: (frames,), values beyond the format,
    limited to it. kind: what was given: integers, floats or complex numbers.
    """

    codes: Ints
    values: Floats
    clipped: NDArray[np.int64]
    kind: str

    @property
    def quantized(self) -> bool:
        """Whether values were given, and codes made of them."""
        return self.kind != "integers"

    def sentence(self, name: str, fmt: Format) -> str:
        """Return what was done to values, as a sentence about what is called `name`."""
        count = int(self.clipped.sum())
        limited = f", and {count} of {self.values.size} beyond it limited to it" * (count > 0)
        return f"{name} holds {self.kind}: quantised to {fmt}{limited}"


def take(design: Any, x: Any, name: str = "x") -> Taken:
    """Return frames of codes for what a user has: integers are codes, other numbers are values.

    x: (frames, inputs), or of an FFT of complex samples (frames, points) numbers or (frames,
    points, 2) parts of them; without the first axis it is one frame of an FFT. Values become the
    nearest code, halves the even one, limited to the format. Raises ValueError, about `name`, for
    another shape, codes beyond the format, or values that are not finite or no numbers.
    """
    x, source = np.asarray(x), design.streams[0]
    pairs, transforms, shape = source.parts > 1, design.engine == "fft", x.shape
    if x.dtype.kind not in ("iufc" if pairs else "iuf"):
        kinds = "integer codes, floats or complex numbers" if pairs else "integer codes, or floats"
        kinds += " (samples are real)" * (transforms and not pairs)
        raise ValueError(f"{name} must hold {kinds}, not {x.dtype}")
    kind = {"f": "floats", "c": "complex numbers"}.get(x.dtype.kind, "integers")
    if pairs and shape[-1:] == (source.elements,):
        x = np.stack([x.real, x.imag], axis=-1)
    if transforms and x.ndim == len(source.shape):
        x = x[None]
    if x.shape[1:] != source.shape or len(x) == 0 or x.dtype.kind == "c":
        parts = " real samples" if transforms else " inputs"
        if pairs:
            parts = f" complex numbers, or (frames, {source.elements}, 2) of their parts"
        raise ValueError(
            f"{name} must hold one frame or more of {source.elements}{parts}, "
            f"not an array of shape {shape}"
        )
    fmt = source.format
    if kind == "integers":
        if x.min() < fmt.minimum or x.max() > fmt.maximum:
            raise ValueError(
                f"{name} must hold codes of {fmt.minimum} to {fmt.maximum}, "
                f"not {x.min()} to {x.max()}"
            )
        none = np.zeros(len(x), np.int64)
        return Taken(codes=x, values=fmt.to_float(x), clipped=none, kind=kind)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must hold finite numbers, not NaN or infinite ones")
    values = np.asarray(x, np.float64)
    codes = fmt.quantize(values)
    beyond = np.abs(values - fmt.to_float(codes)) > 2.0 ** -(fmt.fraction + 1)
    clipped = beyond.reshape(len(x), -1).sum(axis=1)
    return Taken(codes=codes, values=values, clipped=clipped, kind=kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """One layer of a trace, or the step of an FFT, or the input.

    codes: (frames, words), of an FFT (frames, points, 2). format: of each code. exact: floats in
    the same shape, in the units of the codes' values. saturated: (frames,), words that saturated.
    given: whether `exact` is a model's own, and not the mathematics of this layer.
    """

    name: str
    codes: Ints
    format: Format
    exact: Floats
    saturated: NDArray[np.int64]
    given: bool = False

    @cached_property
    def values(self) -> Floats:
        """What the codes stand for."""
        return self.format.to_float(self.codes)

    @cached_property
    def error(self) -> Floats:
        """values - exact."""
        return self.values - self.exact

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value that the format holds."""
        return float(self.format.to_float(self.format.minimum)), float(
            self.format.to_float(self.format.maximum)
        )

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest exact value."""
        return float(self.exact.min()), float(self.exact.max())

    @property
    def spare_bits(self) -> int:
        """Integer bits that no exact value needs; negative: so many are missing."""
        scaled = [np.rint(np.ldexp(v, self.format.fraction)) for v in self.span]
        low, high = (int(v) for v in scaled)
        bits = max(high, 0).bit_length()
        if self.format.signed:
            bits = max(bits, (-low - 1).bit_length() if low < 0 else 0)
        return self.format.integer + self.format.fraction - bits

    @property
    def saturated_share(self) -> float:
        """Words that saturated, of all; 0 to 1."""
        return float(self.saturated.sum() / self.codes.size)

    @property
    def max_error(self) -> float:
        """The largest error, its sign left out."""
        return float(np.abs(self.error).max())

    @property
    def rms_error(self) -> float:
        """The root of the mean square error."""
        return float(np.sqrt(np.mean(self.error**2)))

    @property
    def sqnr_db(self) -> float:
        """Signal to quantisation noise: 10 log10 of sum exact² / sum error²; inf without error."""
        signal, noise = float(np.sum(self.exact**2)), float(np.sum(self.error**2))
        if not noise:
            return inf
        return 10 * log10(signal / noise) if signal else -inf

    @property
    def worst_frame(self) -> int:
        """The frame that has the largest error; the first of those that have it."""
        return int(np.abs(self.error).reshape(len(self.error), -1).max(axis=1).argmax())

    def to_dict(self) -> dict[str, Any]:
        """Return its figures as plain values for JSON; sqnr_db is None where it is not finite."""
        low, high = self.limits
        return {
            "name": self.name,
            "format": str(self.format),
            "words": int(np.prod(self.codes.shape[1:])),
            "representable": {"minimum": low, "maximum": high},
            "exact": dict(zip(("minimum", "maximum"), self.span, strict=True)),
            "given": self.given,
            "spare_bits": self.spare_bits,
            "saturated": int(self.saturated.sum()),
            "saturated_share": self.saturated_share,
            "max_error": self.max_error,
            "rms_error": self.rms_error,
            "sqnr_db": self.sqnr_db if isfinite(self.sqnr_db) else None,
            "worst_frame": self.worst_frame,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Classes(Layer):
    """Class indices (frames, 1): an error is 1 where they differ, and 0 elsewhere."""

    @cached_property
    def error(self) -> Floats:
        """1 where the class is another one than that of the floats."""
        return (self.values != self.exact).astype(np.float64)

    @property
    def agreement(self) -> float:
        """Frames whose class is that of the floats, of all; 0 to 1."""
        return float(1 - self.error.mean())

    @property
    def sqnr_db(self) -> float:
        """Not a number: indices are no signal."""
        return nan

    def to_dict(self) -> dict[str, Any]:
        """Return its figures as plain values for JSON, the agreement too."""
        return {**super().to_dict(), "agreement": self.agreement}


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace(Mapping[str, Layer]):
    """The layers of a design by name, in order, for some frames.

    design: its name. input: the frames themselves, as codes and as given.
    """

    design: str
    input: Layer
    layers: tuple[Layer, ...] = field(repr=False)

    @classmethod
    def of(cls, design: Any, taken: Taken, layers: Iterable[Layer]) -> "Trace":
        """Return the trace of a design for frames that it took."""
        start = Layer(
            name=INPUT,
            codes=taken.codes,
            format=design.streams[0].format,
            exact=taken.values,
            saturated=taken.clipped,
        )
        return cls(design=design.name, input=start, layers=tuple(layers))

    def __getitem__(self, name: str) -> Layer:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self.layers)

    @cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}

    @property
    def frames(self) -> int:
        """Frames that went through."""
        return len(self.input.codes)

    @property
    def clipped(self) -> int:
        """Input values beyond the input format, limited to it."""
        return int(self.input.saturated.sum())

    @property
    def saturated(self) -> NDArray[np.int64]:
        """Words that saturated in each frame, of all layers."""
        return np.asarray(sum(layer.saturated for layer in self.layers))

    def against(self, outputs: Mapping[str, Any]) -> "Trace":
        """Return the trace with outputs of a float model in place of `exact`, by layer.

        outputs: by the name of a layer, (frames, words) real values, or complex ones of an FFT. A
        name like fc1, of which the layers are fc1.0, fc1.1, …, means the last of them. Layers that
        are not named keep their own mathematics. Raises ValueError for a name that is none, another
        shape, or what is not finite.
        """
        if not outputs:
            raise ValueError("outputs must name one layer or more, not none")
        given = dict(self._by_name)
        for key, values in outputs.items():
            within = [name for name in self if name == key or name.startswith(f"{key}.")]
            if not within:
                raise ValueError(f"outputs must be of {', '.join(self)}, not of {key!r}")
            layer = given[within[-1]]
            given[layer.name] = replace(layer, exact=_model_values(key, values, layer), given=True)
        return replace(self, layers=tuple(given.values()))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures of all layers as plain values for JSON."""
        return {
            "design": self.design,
            "frames": self.frames,
            "clipped": self.clipped,
            "input": self.input.to_dict(),
            "layers": [layer.to_dict() for layer in self.layers],
        }


def _model_values(key: str, values: Any, layer: Layer) -> Floats:
    array = np.asarray(values)
    if array.dtype.kind not in "iufc":
        raise ValueError(f"outputs of {key} must be numbers, not {array.dtype}")
    if array.dtype.kind == "c":
        array = np.stack([array.real, array.imag], axis=-1)
    if array.shape != layer.codes.shape:
        raise ValueError(
            f"outputs of {key} must be of shape {layer.codes.shape}, not {np.shape(values)}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"outputs of {key} must be finite, not NaN or infinite")
    return array.astype(np.float64)
