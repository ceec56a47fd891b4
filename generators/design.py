"""What every engine yields: one object that promises, computes, simulates and is written.

Port, Stream, Memory and Setting describe a design to benches, flows and manifests; they
round-trip through JSON by `to_dict` and `from_dict`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from math import frexp
from operator import index
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kolam.generators.inspection import Layer, Taken, Trace, take
from kolam.hdl import Format
from kolam.hdl.module import Emission, emit, module
from kolam.hdl.names import check_identifier
from kolam.hdl.target import Target
from kolam.kernels import settings_port
from kolam.kernels.bits import part, word
from kolam.kernels.settings_port import Limits

_BYTE = 8
_FEW = 8  # values of a setting that are all tried
Ints = NDArray[np.int64]


class _Described:
    """Round trip through plain values, for JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        values = asdict(self)  # type: ignore[call-overload]
        return {
            k: str(getattr(self, k)) if isinstance(getattr(self, k), Format) else v
            for k, v in values.items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the object that `to_dict` described."""
        known = {f.name: f.type for f in fields(cls)}  # type: ignore[arg-type]
        given = dict(values)
        for name, value in given.items():
            if name == "format":
                given[name] = Format.parse(value)
            elif isinstance(value, list):
                given[name] = tuple(value)
            elif name not in known:
                raise ValueError(f"{cls.__name__} has no field {name!r}")
        return cls(**given)


@dataclass(frozen=True, kw_only=True)
class Port(_Described):
    """A pin of the top. role: clock, reset, data, valid, ready, last, user or event."""

    name: str
    direction: str
    width: int
    stream: str | None = None
    role: str


def bit_reversed(count: int) -> tuple[int, ...]:
    """Return k for 0 … count - 1 with the bits of k in reverse, or () for no power of two."""
    bits = count.bit_length() - 1
    if count != 1 << bits:
        return ()
    places, reverse = np.arange(count), np.zeros(count, np.int64)
    for b in range(bits):
        reverse |= (places >> b & 1) << bits - 1 - b
    return tuple(reverse.tolist())


_ORDERS: dict[str, Callable[[int], Sequence[int]]] = {
    "natural": range,
    "bit_reversed": bit_reversed,
}


@dataclass(frozen=True, kw_only=True)
class Stream(_Described):
    """An AXI4-Stream: `lanes` elements a beat, `beats` a frame, the lowest index lowest.

    element_bits: bits of an element on the bus, a whole number of bytes; parts: 1 real, 2
    complex; order[k]: the index of the k-th element of a frame, a range where natural. user_bits:
    of tuser, which tells the exponent of a frame; 0 without one. prefix: of the last elements that
    come in front of a frame, too (cyclic prefix), and are counted in its beats.
    """

    name: str
    lanes: int
    beats: int
    format: Format
    parts: int
    element_bits: int
    order: Sequence[int]
    user_bits: int = 0
    prefix: int = 0

    def __post_init__(self) -> None:
        natural = range(len(self.order))
        same = all(k == place for place, k in enumerate(self.order))
        object.__setattr__(self, "order", natural if same else tuple(self.order))

    @property
    def elements(self) -> int:
        """Elements of a frame."""
        return len(self.order)

    @property
    def places(self) -> list[int]:
        """The index of every element that comes: the prefix, then those of a frame."""
        order = list(self.order)
        return [*order[len(order) - self.prefix :], *order]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a frame's codes: (elements,), or (elements, 2) of re and im if complex."""
        return (self.elements,) if self.parts == 1 else (self.elements, self.parts)

    @property
    def beat_bytes(self) -> int:
        """Bytes of a beat, tuser included."""
        return (self.lanes * self.element_bits + self.user_bits) // _BYTE

    @property
    def part_bits(self) -> int:
        """Bits of a part of an element on the bus."""
        return self.element_bits // self.parts

    @property
    def order_name(self) -> str | None:
        """The order as a word, natural or bit_reversed, or None for another one."""
        if isinstance(self.order, range):
            return "natural"
        return "bit_reversed" if self.order == bit_reversed(self.elements) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, and the elements; order is a word or a list."""
        order = self.order_name or list(self.order)
        return {**super().to_dict(), "elements": self.elements, "order": order}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the stream that `to_dict` described."""
        given = dict(values)
        elements = given.pop("elements")
        if isinstance(given["order"], str):
            given["order"] = _ORDERS[given["order"]](elements)
        return super().from_dict(given)


@dataclass(frozen=True, kw_only=True)
class Memory(_Described):
    """A memory inside: words `depth` by `width`, of `fields` parts written apart.

    path: of instances below the top; contents: the name of its image, or None; ports: read and
    write ports; read_latency in clocks; style: block, distributed or logic.
    """

    path: str
    depth: int
    width: int
    fields: int
    ports: int
    read_latency: int
    style: str
    contents: str | None
    loadable: bool

    @property
    def bits(self) -> int:
        """Bits stored."""
        return self.depth * self.width


@dataclass(frozen=True, kw_only=True)
class Setting(_Described):
    """A word that s_axis_config sets between frames.

    drains: a change of it waits until no frame is under way; others are in force from the next
    frame on, at once. below: the name of another one, in front, that is the logarithm of a size
    than which it must be less. meaning: what its values stand for, in a few words.
    """

    name: str
    bits: int
    minimum: int
    maximum: int
    default: int
    drains: bool = False
    below: str | None = None
    meaning: str = ""


def port_limits(settings: Sequence[Setting]) -> tuple[Limits, ...]:
    """Return settings as a settings_port knows them."""
    numbers = {each.name: k for k, each in enumerate(settings)}
    return tuple(
        Limits(
            bits=each.bits,
            minimum=each.minimum,
            maximum=each.maximum,
            default=each.default,
            drains=each.drains,
            below=None if each.below is None else numbers[each.below],
        )
        for each in settings
    )


def setting_fields(settings: Sequence[Setting], values: Any) -> dict[str, Any]:
    """Return by name the slices of the word of all settings that a settings_port gives."""
    found, low = {}, 0
    for each in settings:
        found[each.name] = part(values, low + each.bits, low)
        low += each.bits
    return found


class Design(ABC):
    """A configuration with its weights: what it computes, promises and is made of.

    Every promise is a property computed in closed form; nothing is built or simulated for it.
    """

    engine: str

    def __init__(self, name: str, config: Any) -> None:
        check_identifier(name, "the name of a design")
        self.name = name
        self.config = config
        self._chosen: dict[str, int] = {}
        self._defaults: Self | None = None  # the design that this one is, under other settings

    @property
    def target(self) -> Target:
        """What it is made for."""
        return self.config.target

    @property
    @abstractmethod
    def latency(self) -> int:
        """Clocks from the edge that takes the first input beat to that which sees the first output.

        Of the first frame after a reset, source and sink always ready.
        """

    @property
    @abstractmethod
    def interval(self) -> int:
        """Clocks from the first output beat of a frame to that of the next.

        Once the pipeline is full (see `fill`), source and sink always ready.
        """

    @property
    def fill(self) -> int:
        """Frames after which the pipeline is full, so that all come at the same interval."""
        return self.latency // self.interval + 2

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"a {self.engine.replace('_', ' ')} engine"

    @property
    def gain(self) -> float | None:
        """The factor, exact, by which the answer differs from the mathematics; None: by none."""
        return None

    @property
    def gain_text(self) -> str | None:
        """The gain as it is printed: `1/1024 = 2^-10`; the gain is a power of two."""
        if self.gain is None:
            return None
        exponent = frexp(self.gain)[1] - 1
        return f"{Fraction(self.gain)} = 2^{exponent}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is to be known of the elements of its streams: short sentences."""
        return ()

    @property
    def weights_from(self) -> str | None:
        """Where its weights are from; None for an engine without weights."""
        return None

    @property
    def estimate(self) -> dict[str, float] | None:
        """What it may cost on Artix-7, before synthesis, by the keys of `synth --json`.

        What cannot be known is left out; None: nothing is known.
        """
        return None

    def facts(self) -> dict[str, Any]:
        """Return what is to be said of this engine and of no other, as plain values."""
        return {}

    @property
    def resolved(self) -> dict[str, Any]:
        """Its configuration with all defaults, as plain values of which `load` makes it again."""
        return {"name": self.name, **self.config.to_dict()}

    @property
    def choices(self) -> dict[str, Any]:
        """What `resolved` leaves to the engine, and what it took, by key."""
        return {}

    @property
    def parallelism(self) -> dict[str, Any]:
        """Multipliers asked for and chosen, and how they are spread."""
        return {"asked": None, "chosen": self.multipliers, "lanes": [self.multipliers]}

    @property
    @abstractmethod
    def ready_after_reset(self) -> int:
        """Clocks from the end of reset to s_axis_tready."""

    @property
    @abstractmethod
    def streams(self) -> tuple[Stream, ...]:
        """The streams: s_axis, m_axis, then s_axis_weight or s_axis_config if there is one."""

    @property
    @abstractmethod
    def memories(self) -> tuple[Memory, ...]:
        """The memories inside, by the path of their instance."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What can be set at run time, in the order of the words of s_axis_config."""
        return ()

    @property
    def chosen(self) -> dict[str, int]:
        """The settings by name under which it answers and promises: the defaults, or `under`."""
        return {s.name: self._chosen.get(s.name, s.default) for s in self.settings}

    @property
    def settings_frame(self) -> list[int]:
        """The words of s_axis_config that bring about what is `chosen`."""
        return list(self.chosen.values())

    def under(self, **values: int) -> Self:
        """Return the same hardware under other settings: what it answers and promises then.

        What is not named stays as it is. Raises ValueError for a name or a value that is none,
        TypeError for what is no integer.
        """
        known = {s.name: s for s in self.settings}
        for name, value in values.items():
            if name not in known:
                if not known:
                    raise ValueError(f"{self.name} must have settings at run time to set {name!r}")
                has = ", ".join(known)
                raise ValueError(f"a setting of {self.name} must be one of {has}, not {name!r}")
            least, most = known[name].minimum, known[name].maximum
            try:
                number = index(value)
            except TypeError:
                raise TypeError(f"{name} must be an integer, not {value!r}") from None
            if not least <= number <= most:
                raise ValueError(f"{name} must be {least} to {most}, not {value!r}")
        made = copy(self)
        for kept in [
            k for k in vars(made) if isinstance(getattr(type(self), k, None), cached_property)
        ]:
            del made.__dict__[kept]
        made._defaults = self._unset
        made._chosen = {**self.chosen, **{name: index(v) for name, v in values.items()}}
        for each in self.settings:
            size = None if each.below is None else 1 << made._chosen[each.below]
            if size is not None and made._chosen[each.name] >= size:
                raise ValueError(
                    f"{each.name} must be less than 2**{each.below}, {size}, "
                    f"not {made._chosen[each.name]}"
                )
        return made

    def corners(self) -> tuple[Self, ...]:
        """Return it under its defaults, then under each limit of each setting, the others as is.

        Of a setting of few values under each.
        """
        start = self._unset
        return (
            start,
            *(
                start.under(**{each.name: value})
                for each in self.settings
                for value in (
                    range(each.minimum, each.maximum + 1)
                    if each.maximum - each.minimum < _FEW
                    else (each.minimum, each.maximum)
                )
            ),
        )

    @property
    def _config_streams(self) -> tuple[Stream, ...]:
        """s_axis_config, if anything can be set."""
        if not self.settings:
            return ()
        count, width = len(self.settings), settings_port.WIDTH
        return (
            Stream(
                name="s_axis_config",
                lanes=1,
                beats=count,
                format=Format(False, width, 0),
                parts=1,
                element_bits=width,
                order=range(count),
            ),
        )

    @property
    @abstractmethod
    def multipliers(self) -> int:
        """Multipliers, all busy at once."""

    @property
    def memory_bits(self) -> int:
        """Bits stored in memories."""
        return sum(m.bits for m in self.memories)

    @property
    @abstractmethod
    def bottleneck(self) -> str:
        """The name of the part that sets the interval."""

    @property
    def ports(self) -> tuple[Port, ...]:
        """The pins of the top, in order."""
        pins = [
            Port(name="clk", direction="input", width=1, role="clock"),
            Port(name="rst", direction="input", width=1, role="reset"),
        ]
        for stream in self.streams:
            inward = stream.name.startswith("s_")
            forth, back = ("input", "output") if inward else ("output", "input")
            for role, direction, width in (
                ("data", forth, stream.lanes * stream.element_bits),
                ("valid", forth, 1),
                ("ready", back, 1),
                ("last", forth, 1),
            ):
                pins.append(
                    Port(
                        name=f"{stream.name}_t{role}",
                        direction=direction,
                        width=width,
                        stream=stream.name,
                        role=role,
                    )
                )
        events = ["event_frame_error", "event_overflow"]
        for event in [*events, *["event_config_error"] * bool(self.settings)]:
            pins.append(Port(name=event, direction="output", width=1, role="event"))
        for stream in self.streams:
            if stream.user_bits:
                pins.append(
                    Port(
                        name=f"{stream.name}_tuser",
                        direction="output",
                        width=stream.user_bits,
                        stream=stream.name,
                        role="user",
                    )
                )
        return tuple(pins)

    def trace(self, x: Any) -> Trace:
        """Return by name every layer for frames x: its codes, and the mathematics in floats.

        x: integers are codes, other numbers are values, which are quantised and limited to the
        input format: `Trace.clipped` says how many were limited. (frames, inputs), or of an FFT as
        `inspection.take` has it, and its errors; or what that returned.
        """
        taken = x if isinstance(x, Taken) else take(self, x)
        return Trace.of(self, taken, self._layers(taken))

    @abstractmethod
    def _layers(self, taken: Taken) -> Iterable[Layer]:
        """Yield the layers of a trace: the integers for codes, and the mathematics for values."""

    @abstractmethod
    def reference(self, x: Any) -> Ints:
        """Return the exact output codes (frames, outputs) for input codes (frames, inputs)."""

    @abstractmethod
    def saturated(self, x: Any) -> Ints:
        """Return how many words saturate in each frame of input codes."""

    @property
    def limited(self) -> int:
        """Weights given as floats beyond their format, and so limited to it."""
        return 0

    @abstractmethod
    def predict(self, x: Any) -> NDArray[Any]:
        """Return the answer of the mathematics in floats, nothing rounded, to (frames, inputs)."""

    @property
    @abstractmethod
    def top(self) -> tuple[module, dict[str, Any]]:
        """The hardware function of the top, and its constants."""

    @property
    def _unset(self) -> Self:
        """The design under its defaults, of which the hardware is made, and made once."""
        return self if self._defaults is None else self._defaults

    def place(self, **signals: Any) -> Any:
        """Return the top as a MyHDL block, for simulation in Python."""
        hardware, constants = self._unset.top
        return hardware(**signals, **constants)

    @cached_property
    def emission(self) -> Emission:
        """The Verilog, made once."""
        if self._defaults is not None:
            return self._defaults.emission
        hardware, constants = self.top
        signals = {p.name: word(p.width) for p in self.ports}
        made = emit(hardware, self.name, {**signals, **constants})
        if self.gain is None:
            return made
        path, title = f"rtl/{self.name}.v", self.title[:1].upper() + self.title[1:]
        lines = (f"{title}, gain {self.gain_text} exactly.", *self.notes)
        said = "\n".join(f"// {line}" for line in lines)
        head, text = made.files[path].split("\n\n", 1)
        return replace(made, files={**made.files, path: f"{head}\n\n{said}\n\n{text}"})

    def files(self) -> dict[str, str]:
        """Return the texts rtl/*.v and mem/*.hex by path; the same bytes for the same design."""
        return self.emission.files

    def encode(self, values: Any) -> Ints:
        """Return input codes for values: floats (frames, inputs), complex where inputs are.

        The nearest codes, halves to the even one, limited to the format. Raises ValueError for
        what is not finite, TypeError for what is complex where inputs are real.
        """
        stream, x = self._stream("s_axis"), np.asarray(values)
        if stream.parts == 1 and np.iscomplexobj(x):
            raise TypeError(f"values must be real, not {x.dtype}")
        parts = x if stream.parts == 1 else np.stack([x.real, x.imag], axis=-1)
        return np.asarray(stream.format.quantize(parts))

    def decode(self, codes: Any, exponents: Any = None) -> NDArray[Any]:
        """Return what output codes stand for: floats (frames, outputs), complex where they are.

        exponents: (frames,) of block floating point, whose codes count 2**exponent.
        """
        stream = self._stream("m_axis")
        values = stream.format.to_float(codes)
        if exponents is not None:
            values = np.asarray(values) * 2.0 ** np.asarray(exponents).reshape(-1, 1, 1)
        return values if stream.parts == 1 else values[..., 0] + 1j * values[..., 1]

    def _stream(self, name: str) -> Stream:
        return next(s for s in self.streams if s.name == name)

    def pack(self, x: Any) -> bytes:
        """Return frames of input codes as the bytes that an AXI DMA sends, whole beats each.

        Raises TypeError for what are no integers, ValueError for codes beyond the format.
        """
        stream = self._stream("s_axis")
        size = stream.part_bits // _BYTE
        codes = np.asarray(x)
        codes = codes[None] if codes.ndim == len(stream.shape) else codes
        if codes.shape[1:] != stream.shape:
            wanted = ", ".join(map(str, stream.shape))
            raise ValueError(f"x must be of shape (frames, {wanted}), not {codes.shape}")
        if codes.dtype.kind not in "iu":
            raise TypeError(f"x must be integers, the codes of {stream.format}, not {codes.dtype}")
        low, high = stream.format.minimum, stream.format.maximum
        if codes.size and (codes.min() < low or codes.max() > high):
            raise ValueError(f"x must be {low} to {high}, not {codes.min()} to {codes.max()}")
        words = codes[:, stream.places].reshape(len(codes), len(stream.places) * stream.parts)
        frame = np.zeros((len(codes), stream.beats * stream.lanes * stream.parts), np.int64)
        frame[:, : words.shape[1]] = words
        octets = frame.astype("<i8").view(np.uint8).reshape(*frame.shape, 8)[..., :size]
        return octets.tobytes()

    def unpack(self, data: bytes) -> Ints:
        """Return the codes of the output frames in the bytes that an AXI DMA receives."""
        stream = self._stream("m_axis")
        size = stream.part_bits // _BYTE
        places = stream.beats * stream.lanes * stream.parts
        if len(data) % (places * size):
            raise ValueError(
                f"data must be whole frames of {places * size} bytes, not {len(data)} bytes"
            )
        octets = np.frombuffer(data, np.uint8).reshape(-1, places, size)
        codes = np.zeros(octets.shape[:2], np.int64)
        for k in range(size):
            codes |= octets[..., k].astype(np.int64) << _BYTE * k
        if stream.format.signed:
            sign = np.int64(1) << np.int64(stream.part_bits - 1)
            codes = (codes ^ sign) - sign
        out = np.zeros((len(codes), *stream.shape), np.int64)
        kept = codes[:, : len(stream.places) * stream.parts]
        out[:, stream.places] = kept.reshape(len(codes), len(stream.places), *stream.shape[1:])
        return out
