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

# flags of a beat into the design; LAST serves others too
LAST, GOOD, BAD, WAIT, ASK = 1, 2, 4, 8, 16


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
class Settings:
    """A frame of s_axis_config, in front of a data frame: its words, as integers.

    design: whose reference holds from here on; None: the words are no settings, and must be
    refused. early: it is sent once the middle beat of the frame before is offered, else behind it,
    as behind a frame of one beat.
    """

    words: Sequence[int]
    design: Any = None
    early: bool = False

    @property
    def good(self) -> bool:
        """Whether it is taken for what it is."""
        return self.design is not None


@dataclass(frozen=True)
class Phase:
    """What one run without a reset is fed, and what it must answer.

    frames: of the input, good and bad.
    data: (beats, bytes) of tdata, lowest byte first; flags: (beats,) of LAST, of GOOD where a
    good frame is complete, of BAD where a frame shows that it is bad, of WAIT where weights must
    have begun to come before, or all settings have come, of ASK where these are asked for already.
    loads, loads_flags: the same of s_axis_weight or s_axis_config; WAIT where data may go on.
    wanted: (beats, bytes) that the output must carry, wanted_flags: (beats,) of LAST;
    answers: for each span of frames alike, the output stream and the golden answer (good frames,
    *shape of a frame).
    errors: pulses of event_frame_error; saturated: words saturated in good frames; quiet: whether
    event_overflow must never be high. calm: good frames in front by which latency and interval can
    be measured: all if all are good and nothing is loaded, those before new settings.
    """

    frames: int
    data: NDArray[np.uint8]
    flags: NDArray[np.uint8]
    loads: NDArray[np.uint8]
    loads_flags: NDArray[np.uint8]
    wanted: NDArray[np.uint8]
    wanted_flags: NDArray[np.uint8]
    answers: tuple[tuple[Any, NDArray[np.int64]], ...]
    errors: int
    saturated: int
    quiet: bool
    calm: int


Script = Sequence[Frame | Load | Settings]


def phase(design: Any, script: Script, seed: int = 0) -> Phase:
    """Return the beats of a script and the design's golden answer to them.

    Elements beyond a frame, and the beats that follow a long one's own, hold seeded garbage.
    Raises ValueError for a frame that does not fit the design's input, and for weights that are
    not followed by a frame.
    """
    if not any(isinstance(part, Frame) for part in script):
        raise ValueError("script must hold at least one frame, not none")
    script = _opened(design, script)
    loads, loads_flags = _loads(design, script)
    frames = [part for part in script if isinstance(part, Frame)]
    random = np.random.PCG64(seed)
    data, flags, wanted, wanted_flags, answers = [], [], [], [], []
    saturated, quiet = 0, True
    asked = _asked(script)
    for model, rows in _models(design, script):
        beats, marks, codes = _inputs(model, frames[rows], asked[rows], random)
        good = np.array([frame.good for frame in frames[rows]], bool)
        answer, limited = model.reference(codes), model.saturated(codes)
        octets, ends = _outputs(model, codes, answer)
        data.append(beats)
        flags.append(marks)
        wanted.append(octets[good].reshape(-1, octets.shape[2]))
        wanted_flags.append(ends[good].ravel())
        answers.append((stream(model, "m_axis"), answer[good]))
        saturated += int(limited[good].sum())
        quiet = quiet and not limited.any()
    return Phase(
        frames=len(frames),
        data=np.concatenate(data),
        flags=np.concatenate(flags),
        loads=loads,
        loads_flags=loads_flags,
        wanted=np.concatenate(wanted),
        wanted_flags=np.concatenate(wanted_flags),
        answers=tuple(answers),
        errors=sum(not part.good for part in script if not isinstance(part, Settings)),
        saturated=saturated,
        quiet=quiet,
        calm=_calm(script),
    )


def filling(design: Any) -> int:
    """Return the frames after which a design's pipeline is full."""
    return int(getattr(design, "fill", 0))


def corners(design: Any) -> tuple[Any, ...]:
    """Return a design under its defaults, then under the limits of its settings, if it has any."""
    return tuple(design.corners()) if getattr(design, "settings", ()) else (design,)


def codes(design: Any, frames: int, seed: int = 0) -> NDArray[np.int64]:
    """Return seeded codes of input frames, corners of the format among the first."""
    source = stream(design, "s_axis")
    low, high = source.format.minimum, source.format.maximum
    x = even(design, frames, seed)
    for number, corner in enumerate([[high], [low], [low, high], [0]], start=1):
        x[number : number + 1] = np.resize(corner, source.shape)
    return x


def even(design: Any, frames: int, seed: int = 0) -> NDArray[np.int64]:
    """Return seeded codes of input frames, spread evenly over the format."""
    source = stream(design, "s_axis")
    raw = np.random.PCG64(seed).random_raw(frames * len(source.order) * source.parts)
    shift = np.uint64(64 - source.format.width)
    return (raw >> shift).astype(np.int64).reshape(frames, *source.shape) + source.format.minimum


def settled(design: Any, seed: int = 0) -> list[Frame | Settings]:
    """Return frames under all limits of all settings in turn, and what must be refused between.

    Ends under the defaults; empty for a design without settings.
    """
    made: list[Frame | Settings] = []
    start, *others = corners(design)
    for number, corner in enumerate([*others, start] if others else []):
        words, count = corner.settings_frame, len(corner.settings)
        # what is refused would change all, if it were taken
        unlike = [
            s.minimum if word == s.maximum else s.maximum
            for s, word in zip(corner.settings, words, strict=True)
        ]
        wrong, which = unlike.copy(), number // 2 % count
        wrong[which] = [corner.settings[which].maximum + 1, wrong[which] | 1 << 31][number % 2]
        length = unlike[:-1] if number % 2 and count > 1 else [*unlike, *words]
        x = codes(corner, 8, seed + number)[5:]  # no corners, in some of which re and im are alike
        made += [Settings(words, corner, early=number % 2 == 1), Frame(x[0]), Frame(x[1])]
        made += [Settings(wrong), Settings(length), Frame(x[2])]
    return made


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
    count = len(stream.places) * stream.parts
    words = np.ascontiguousarray(codes[:, stream.places], "<i8").reshape(frames, count)
    parts[:, :count] = words.view(np.uint8).reshape(*words.shape, 8)[..., :size]
    return parts.reshape(frames, stream.beats, stream.lanes * stream.parts * size)


def unpack(data: NDArray[np.uint8], stream: Any) -> NDArray[np.int64]:
    """Return the codes (frames, *shape of a frame) in tdata bytes (frames * beats, bytes)."""
    size, count = stream.part_bits // 8, len(stream.places) * stream.parts
    data = data[:, : stream.beat_bytes - stream.user_bits // 8]  # tuser comes last
    parts = data.reshape(-1, stream.beats * stream.lanes * stream.parts, size)[:, :count]
    sign = np.where(parts[..., -1:] >> 7 & stream.format.signed, 255, 0).astype(np.uint8)
    words = np.concatenate([parts, np.repeat(sign, 8 - size, axis=2)], axis=2)
    codes = np.zeros((len(parts), *stream.shape), np.int64)
    values = np.ascontiguousarray(words).view("<i8")
    codes[:, stream.places] = values.reshape(len(parts), len(stream.places), *stream.shape[1:])
    return codes


def _garbage(random: np.random.BitGenerator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Random bytes from the raw output, which NumPy keeps stable."""
    count = int(np.prod(shape))
    return random.random_raw(count // 8 + 1).astype("<u8").view(np.uint8)[:count].reshape(shape)


def _opened(design: Any, script: Script) -> list[Any]:
    """Return the script, with settings in front if those of the design are no defaults."""
    start = getattr(design, "chosen", {})
    if start == {s.name: s.default for s in getattr(design, "settings", ())}:
        return list(script)
    return [Settings(design.settings_frame, design), *script]


def _asked(script: Script) -> NDArray[np.uint8]:
    """Return for each frame whether it WAITs for what is loaded before it, and ASKs for the next.

    Some ASK early: that is for their middle beat.
    """
    marks: list[int] = []
    fresh = 0
    for part in script:
        if isinstance(part, Frame):
            marks.append(fresh)
            fresh = 0
        else:
            if not fresh and marks and getattr(part, "early", False):
                marks[-1] |= ASK
            fresh = WAIT
    return np.array(marks, np.uint8)


def _calm(script: Script) -> int:
    """Return how many frames are good in front of settings; 0 if any is bad, or weights come."""
    if any(isinstance(part, Load) for part in script):
        return 0
    if not all(part.good for part in script if isinstance(part, Frame)):
        return 0
    first = next(k for k, part in enumerate(script) if isinstance(part, Frame))
    rest = script[first:]
    return next((k for k, part in enumerate(rest) if isinstance(part, Settings)), len(rest))


def _inputs(
    design: Any, frames: Sequence[Frame], asked: NDArray[np.uint8], random: np.random.BitGenerator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    """Return the beats of frames, their flags, and the codes that the hardware may compute."""
    source = stream(design, "s_axis")
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
        mark[0] |= asked[number] & WAIT
        if own > 1:  # what is asked for with the first beat could be taken in front of it
            mark[own // 2] |= asked[number] & ASK
        flags.append(mark)
        data.append(beats[number, :own])
        if frame.long:
            data.append(_garbage(random, (frame.long, beats.shape[2])))
    return np.concatenate(data), np.concatenate(flags), codes


def _outputs(
    design: Any, codes: NDArray[np.int64], answer: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the beats (frames, beats, bytes) that carry an answer, and their flags."""
    sink = stream(design, "m_axis")
    octets = pack(answer, sink)
    if sink.user_bits:
        shape = (*octets.shape[:2], sink.user_bits // 8)
        user = design.exponents(codes).astype("<i8").view(np.uint8).reshape(-1, 1, 8)
        octets = np.concatenate([octets, np.broadcast_to(user[..., : shape[2]], shape)], axis=2)
    flags = np.zeros(octets.shape[:2], np.uint8)
    flags[:, -1] = LAST
    return octets, flags


def _models(design: Any, script: Script) -> list[tuple[Any, slice]]:
    """Return which design is the golden model of which rows of the frames."""
    models, model = [], design
    for part in script:
        if isinstance(part, Frame):
            models.append(model)
        elif part.design is not None:
            model = part.design
    spans, start = [], 0
    for _, group in groupby(models, key=id):
        length = len(list(group))
        spans.append((models[start], slice(start, start + length)))
        start += length
    return spans


def _loads(design: Any, script: Script) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the beats of weights or settings, (beats, bytes), and their flags."""
    size = port_width(design, f"{side(design)}_tdata") // 8
    rows, flags = [np.zeros((0, size), np.uint8)], [np.zeros(0, np.uint8)]
    for number, (part, following) in enumerate(zip(script, [*script[1:], None], strict=True)):
        if isinstance(part, Frame):
            continue
        what = "settings" if isinstance(part, Settings) else "weights"
        if side(design) != {"settings": "s_axis_config", "weights": "s_axis_weight"}[what]:
            raise ValueError(f"script must hold no {what} for {design.name}, which loads none")
        if isinstance(part, Settings):
            if following is None:
                raise ValueError(f"part {number} of the script, settings, must not be the last")
            words, own = list(part.words), len(part.words)
        else:
            if not isinstance(following, Frame if part.good else Load):
                wanted = "a frame" if part.good else "weights that are whole"
                raise ValueError(
                    f"part {number} of the script, weights, must be followed by {wanted}, "
                    f"not by {type(following).__name__}"
                )
            own = part.short or len(part.words)
            words = [*part.words[:own], *[part.words[0]] * part.long]
        mark = np.zeros(len(words), np.uint8)
        mark[-1] |= LAST
        mark[own - 1] |= GOOD if part.good else BAD
        if isinstance(following, Frame):
            mark[own - 1] |= WAIT
        octets = b"".join(int(word).to_bytes(size, "little") for word in words)
        rows.append(np.frombuffer(octets, np.uint8).reshape(-1, size))
        flags.append(mark)
    return np.concatenate(rows), np.concatenate(flags)


def side(design: Any) -> str:
    """Return the name of the stream of settings or weights, or nothing without."""
    names = ("s_axis_config", "s_axis_weight")
    return next((name for name in names if port_width(design, f"{name}_tdata")), "")


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
