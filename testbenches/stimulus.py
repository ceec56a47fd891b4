"""What a bench feeds a design, and what it must answer.

A script is a list of frames, good and bad. It becomes a Phase: the beats of the input stream,
the beats that the output stream must carry, and the counts of the events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LAST, GOOD, BAD, WAIT = 1, 2, 4, 8  # flags of a beat into the design; LAST serves others too


@dataclass(frozen=True)
class Frame:
    """One frame of the input stream: codes (inputs,) or, complex, (inputs, 2), in natural order.

    short: beats sent when the frame ends too early, its tlast on the last of them; else 0.
    long: beats that follow the frame's own before tlast comes, when it ends too late; else 0.

    Raises ValueError for codes that are not such integers, or both of short and long.
    """

    codes: ArrayLike
    short: int = 0
    long: int = 0

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes)
        if codes.ndim not in (1, 2) or codes.dtype.kind not in "iu":
            raise ValueError(
                f"codes must be a vector of integers, or of pairs of them, "
                f"not {codes.dtype} of shape {codes.shape}"
            )
        object.__setattr__(self, "codes", codes)
        for field in ("short", "long"):
            object.__setattr__(self, field, index(getattr(self, field)))
            if getattr(self, field) < 0:
                raise ValueError(f"{field} must be 0 or more, not {getattr(self, field)!r}")
        if self.short and self.long:
            raise ValueError(f"long must be 0 in a short frame, not {self.long!r}")

    @property
    def good(self) -> bool:
        """Whether tlast comes with the frame's last beat."""
        return not self.short and not self.long


@dataclass(frozen=True)
class Load:
    """New weights, between two frames: words, the beats of s_axis_weight_tdata as integers.

    design: whose reference holds from here on. short, long: as in a Frame; weights that were not
    whole must be followed by a Load of some that are.

    Raises ValueError for both of short and long, or if short leaves nothing out.
    """

    words: Sequence[int]
    design: Any
    short: int = 0
    long: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.short < len(self.words):
            raise ValueError(f"short must be 0 to {len(self.words) - 1}, not {self.short!r}")
        if self.long < 0 or (self.short and self.long):
            raise ValueError(f"long must be 0 or more, and 0 if short is not, not {self.long!r}")

    @property
    def good(self) -> bool:
        """Whether tlast comes with the last of the words."""
        return not self.short and not self.long


@dataclass(frozen=True)
class Phase:
    """What one run without a reset is fed, and what it must answer.

    frames: of the input, good and bad.
    data: (beats, bytes) of tdata, lowest byte first; flags: (beats,) of LAST, of GOOD where a
    good frame is complete, of BAD where a frame shows that it is bad, of WAIT where weights must
    have begun to come before.
    loads, loads_flags: the same of s_axis_weight; WAIT where data may go on.
    wanted: (beats, bytes) that the output must carry, wanted_flags: (beats,) of LAST;
    codes: (good frames, *shape of a frame), the golden answer that they hold.
    errors: pulses of event_frame_error, of both streams; saturated: words saturated in good frames;
    quiet: whether event_overflow must never be high.
    """

    frames: int
    data: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    loads: NDArray[np.uint8]
    loads_flags: NDArray[np.uint8]
    wanted: NDArray[np.uint8]
    wanted_flags: NDArray[np.uint8]
    codes: NDArray[np.int64]
    errors: int
    saturated: int
    quiet: bool


Script = Sequence[Frame | Load]


def phase(design: Any, script: Script, seed: int = 0) -> Phase:
    """Return the beats of a script and the design's golden answer to them.

    Elements beyond a frame, and the beats that follow a long one's own, hold seeded garbage.
    Raises ValueError for a frame that does not fit the design's input, and for weights that are
    not followed by a frame.
    """
    if not any(isinstance(part, Frame) for part in script):
        raise ValueError("script must hold at least one frame, not none")
    sink = stream(design, "m_axis")
    loads, loads_flags = _loads(design, script)
    frames = [part for part in script if isinstance(part, Frame)]
    good = np.array([frame.good for frame in frames], bool)
    data, flags, codes = _inputs(design, script, np.random.PCG64(seed))
    answer = np.zeros((len(frames), *sink.shape), np.int64)
    saturated = np.zeros(len(frames), np.int64)
    for model, rows in _models(design, script):
        answer[rows] = model.reference(codes[rows])
        saturated[rows] = model.saturated(codes[rows])
    wanted = pack(answer[good], sink)
    if sink.user_bits:
        user = np.concatenate([m.exponents(codes[rows]) for m, rows in _models(design, script)])
        shape = (*wanted.shape[:2], sink.user_bits // 8)
        octets = user[good].astype("<i8").view(np.uint8).reshape(-1, 1, 8)[..., : shape[2]]
        wanted = np.concatenate([wanted, np.broadcast_to(octets, shape)], axis=2)
    wanted_flags = np.zeros(wanted.shape[:2], np.uint8)
    wanted_flags[:, -1] = LAST
    return Phase(
        frames=len(frames),
        data=data,
        flags=flags,
        loads=loads,
        loads_flags=loads_flags,
        wanted=wanted.reshape(-1, wanted.shape[2]),
        wanted_flags=wanted_flags.ravel(),
        codes=answer[good],
        errors=sum(not part.good for part in script),
        saturated=int(saturated[good].sum()),
        quiet=not saturated.any(),
    )


def filling(design: Any) -> int:
    """Return the frames after which a design's pipeline is full."""
    return int(getattr(design, "fill", 0))


def codes(design: Any, frames: int, seed: int = 0) -> NDArray[np.int64]:
    """Return seeded codes of input frames, corners of the format among the first."""
    source = stream(design, "s_axis")
    low, high = source.format.minimum, source.format.maximum
    raw = np.random.PCG64(seed).random_raw(frames * len(source.order) * source.parts)
    shift = np.uint64(64 - source.format.width)
    x = (raw >> shift).astype(np.int64).reshape(frames, *source.shape) + low
    for number, corner in enumerate([[high], [low], [low, high], [0]], start=1):
        x[number : number + 1] = np.resize(corner, source.shape)
    return x


def script(design: Any, x: ArrayLike, bad: float, seed: int = 0) -> list[Frame]:
    """Return the frames of x (frames, inputs), each bad with the probability given."""
    beats = stream(design, "s_axis").beats
    frames = []
    for number, row in enumerate(np.asarray(x)):
        draw, kind, size = np.random.PCG64([seed, number]).random_raw(3).tolist()
        if draw >= bad * 2**64:
            frames.append(Frame(row))
        elif kind % 2 and beats > 1:
            frames.append(Frame(row, short=1 + size % (beats - 1)))
        else:
            frames.append(Frame(row, long=1 + size % (beats + 1)))
    return frames


def wrong_lengths(design: Any, seed: int = 0) -> list[Frame]:
    """Return frames of every wrong length up to 2 beats + 1, every other one twice in a row.

    Behind each comes a good one, and one in front of all.
    """
    beats = stream(design, "s_axis").beats
    bad = [{"short": n} for n in range(1, beats)] + [{"long": n} for n in range(1, beats + 2)]
    x = codes(design, 3 * len(bad) + 1, seed)
    frames = [Frame(x[0])]
    for k, wrong in enumerate(bad):
        rows = x[3 * k + 1 : 3 * k + 4]
        frames += [Frame(rows[0], **wrong), *[Frame(rows[1], **wrong)] * (k % 2), Frame(rows[2])]
    return frames


def stream(design: Any, name: str) -> Any:
    """Return the stream of a design that has this name."""
    return next(s for s in design.streams if s.name == name)


def pack(
    codes: NDArray[np.int64], stream: Any, random: np.random.BitGenerator | None = None
) -> NDArray[np.uint8]:
    """Return the tdata bytes (frames, beats, bytes) that carry codes (frames, *shape of a frame).

    Elements beyond the frame are zero, or garbage from a bit generator.
    """
    frames, size = len(codes), stream.part_bits // 8
    shape = (frames, stream.beats * stream.lanes * stream.parts, size)
    parts = np.zeros(shape, np.uint8) if random is None else _garbage(random, shape)
    count = len(stream.order) * stream.parts
    words = np.ascontiguousarray(codes[:, list(stream.order)], "<i8").reshape(frames, count)
    parts[:, :count] = words.view(np.uint8).reshape(*words.shape, 8)[..., :size]
    return parts.reshape(frames, stream.beats, stream.lanes * stream.parts * size)


def unpack(data: NDArray[np.uint8], stream: Any) -> NDArray[np.int64]:
    """Return the codes (frames, *shape of a frame) in tdata bytes (frames * beats, bytes)."""
    size, count = stream.part_bits // 8, len(stream.order) * stream.parts
    data = data[:, : stream.beat_bytes - stream.user_bits // 8]  # tuser comes last
    parts = data.reshape(-1, stream.beats * stream.lanes * stream.parts, size)[:, :count]
    sign = np.where(parts[..., -1:] >> 7 & stream.format.signed, 255, 0).astype(np.uint8)
    words = np.concatenate([parts, np.repeat(sign, 8 - size, axis=2)], axis=2)
    codes = np.zeros((len(parts), *stream.shape), np.int64)
    codes[:, list(stream.order)] = (
        np.ascontiguousarray(words).view("<i8").reshape(len(parts), *stream.shape)
    )
    return codes


def _garbage(random: np.random.BitGenerator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Random bytes from the raw output, which NumPy keeps stable."""
    count = int(np.prod(shape))
    return random.random_raw(count // 8 + 1).astype("<u8").view(np.uint8)[:count].reshape(shape)


def _inputs(
    design: Any, script: Script, random: np.random.BitGenerator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the beats of all frames, their flags, and the codes that the hardware may compute."""
    source = stream(design, "s_axis")
    frames = [part for part in script if isinstance(part, Frame)]
    parts = zip([None, *script], script, strict=False)
    fresh = [isinstance(before, Load) for before, part in parts if isinstance(part, Frame)]
    codes = _matrix(source, frames)
    beats = pack(codes, source, random)
    data, flags = [], []
    for number, frame in enumerate(frames):
        own = source.beats
        if frame.short >= own:
            raise ValueError(f"short must be less than a frame's {own} beats, not {frame.short}")
        if frame.short:
            own = frame.short
            codes[number, list(source.order[own * source.lanes :])] = 0  # the guard's completion
        mark = np.zeros(own + frame.long, np.uint8)
        mark[-1] |= LAST
        mark[own - 1] |= GOOD if frame.good else BAD
        mark[0] |= WAIT * fresh[number]
        flags.append(mark)
        data.append(beats[number, :own])
        if frame.long:
            data.append(_garbage(random, (frame.long, beats.shape[2])))
    return np.concatenate(data), np.concatenate(flags), codes


def _models(design: Any, script: Script) -> list[tuple[Any, slice]]:
    """Return which design is the golden model of which rows of the frames."""
    models, model = [], design
    for part in script:
        if isinstance(part, Load):
            model = part.design
        else:
            models.append(model)
    spans, start = [], 0
    for _, group in groupby(models, key=id):
        length = len(list(group))
        spans.append((models[start], slice(start, start + length)))
        start += length
    return spans


def _loads(design: Any, script: Script) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the beats of the weights, (beats, bytes), and their flags."""
    size = port_width(design, "s_axis_weight_tdata") // 8
    rows, flags = [np.zeros((0, size), np.uint8)], [np.zeros(0, np.uint8)]
    for number, (part, following) in enumerate(zip(script, [*script[1:], None], strict=True)):
        if isinstance(part, Frame):
            continue
        if not size:
            raise ValueError(f"script must hold no weights for {design.name}, which loads none")
        if not isinstance(following, Frame if part.good else Load):
            wanted = "a frame" if part.good else "weights that are whole"
            raise ValueError(
                f"part {number} of the script, weights, must be followed by {wanted}, "
                f"not by {type(following).__name__}"
            )
        own = part.short or len(part.words)
        words = [*part.words[:own], *[part.words[0]] * part.long]
        mark = np.zeros(own + part.long, np.uint8)
        mark[-1] |= LAST
        mark[own - 1] |= GOOD | WAIT if part.good else BAD
        octets = b"".join(int(word).to_bytes(size, "little") for word in words)
        rows.append(np.frombuffer(octets, np.uint8).reshape(-1, size))
        flags.append(mark)
    return np.concatenate(rows), np.concatenate(flags)


def port_width(design: Any, name: str) -> int:
    """Return the width of a port, 0 if there is none of this name."""
    return next((port.width for port in design.ports if port.name == name), 0)


def _matrix(source: Any, frames: Sequence[Frame]) -> NDArray[np.int64]:
    low, high = source.format.minimum, source.format.maximum
    for number, frame in enumerate(frames):
        row = np.asarray(frame.codes)
        if row.shape != source.shape:
            raise ValueError(
                f"the codes of frame {number} must be of shape {source.shape}, not {row.shape}"
            )
        if row.min() < low or row.max() > high:
            raise ValueError(
                f"the codes of frame {number} must be {low} to {high}, "
                f"not {row.min()} to {row.max()}"
            )
    return np.stack([np.asarray(frame.codes) for frame in frames]).astype(np.int64)
