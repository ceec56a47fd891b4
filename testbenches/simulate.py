"""Run frames through the hardware of a design, in any of four simulators, and judge the answer."""

import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolam.hdl import primitives, simulators
from kolam.hdl.cosim import cosimulate
from kolam.testbenches.bench import Pattern, bench_text, opens_images, phases, vectors
from kolam.testbenches.stimulus import (
    Frame,
    Phase,
    Script,
    Settings,
    codes,
    filling,
    settled,
    stream,
    unpack,
)
from kolam.testbenches.stream_bench import Asked, Player, play

SIMULATORS = ("icarus", "verilator", "myhdl", "cosim")
ENOUGH = 6  # frames of a full pipeline, by which its interval is measured
MOST = 0.99  # probability of a pause; above it a run hardly ends
_JUDGED = ("mismatch", "latency", "interval", "ready")  # failures that a Run can report


class SimulationFailed(RuntimeError):
    """The hardware broke the protocol, hung, or lacked a file; the text is the bench's line."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a simulation showed.

    frames: answered in full; mismatches: beats of the output that differ from the golden answer.
    saturated: words saturated in these frames, by the model. latency, interval: measured, None
    where the conditions of their definition were not met (free-running, good frames, for the
    interval four of them); ready: clocks until s_axis_tready. clocks: simulated.
    output: (frames, outputs) codes, read from the file that the simulator wrote; where sizes were
    set at run time, a tuple of such arrays, for frames of one size each.
    schedule: stream ("s" or "m"), number of the frame, clocks of its first and last beat.
    line: the bench's verdict.
    """

    design: str
    simulator: str
    seed: int
    frames: int
    mismatches: int
    saturated: int
    parallelism: Any
    latency: int | None
    latency_promised: int
    interval: int | None
    interval_promised: int
    ready: int
    ready_promised: int
    clocks: int
    seconds: float
    output: Any
    schedule: tuple[tuple[str, int, int, int], ...]
    line: str

    @property
    def passed(self) -> bool:
        """Whether nothing differs from the golden answer and the promises."""
        return self.line.startswith("PASS ")

    @property
    def clocks_per_second(self) -> float:
        """Clocks simulated in a second, compilation not counted."""
        return self.clocks / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of `kolam simulate --json`."""
        return {
            "design": self.design,
            "simulator": self.simulator,
            "seed": self.seed,
            "frames": self.frames,
            "mismatches": self.mismatches,
            "saturated": self.saturated,
            "parallelism": self.parallelism,
            "latency": {"promised": self.latency_promised, "measured": self.latency},
            "interval": {"promised": self.interval_promised, "measured": self.interval},
            "clocks_per_second": round(self.clocks_per_second),
        }


def simulate(
    design: Any,
    x: ArrayLike | None = None,
    *,
    simulator: str = "icarus",
    frames: int | None = None,
    script: Script | None = None,
    gap: float = 0.0,
    stall: float = 0.0,
    gap_pattern: Pattern = Pattern.RANDOM,
    stall_pattern: Pattern = Pattern.RANDOM,
    reset_at: int | None = None,
    reset_clocks: int = 1,
    before: Script | None = None,
    clocks: int = 0,
    seed: int = 0,
    vcd: str | Path | None = None,
    folder: str | Path | None = None,
) -> Run:
    """Send frames through a design and compare every bit of the answer with the golden model.

    x: (frames, inputs) input codes; or script: frames, good and bad, loads and settings; or
    neither, for a number of seeded frames; by default as many as show the interval, and behind
    them, where anything can be set at run time, some under all limits of all settings.
    gap, stall: probabilities, 0 to MOST, that the source pauses and the sink refuses in a clock;
    gap_pattern, stall_pattern: other ways to. reset_at: clock of a reset in mid-run, of
    reset_clocks clocks; before: what is sent until then (the same frames in reverse, those in front
    of settings; seeded ones where there are none).
    clocks: fail after so many, 0 for no limit. vcd: a file for all signals.
    folder: where the files are laid and compiled programs kept; a temporary one by default.

    Raises ValueError for what cannot be run, SimulationFailed when the hardware breaks the
    protocol or hangs, RuntimeError when a tool is missing. Wrong data do not raise: they are
    counted in the Run.
    """
    asked = Asked(
        gap=_percent("gap", gap),
        stall=_percent("stall", stall),
        gap_pattern=gap_pattern,
        stall_pattern=stall_pattern,
        seed=_within("seed", seed, 0, 2**31 - 1),
        reset_at=-1 if reset_at is None else _within("reset_at", reset_at, 1, 2**31 - 1),
        reset_clocks=_within("reset_clocks", reset_clocks, 1, 2**31 - 1),
        clocks=_within("clocks", clocks, 0, 2**31 - 1),
    )
    if simulator not in SIMULATORS:
        raise ValueError(f"simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}")
    if simulator == "cosim" and vcd:
        raise ValueError("vcd must not be given with cosim, which cannot trace")
    if vcd:
        check_file("vcd", vcd)
    if script is None:
        count = filling(design) + ENOUGH if frames is None else frames
        rows = np.asarray(codes(design, count, seed) if x is None else x)
        script = [
            Frame(row)
            for row in (rows[None] if rows.ndim == len(stream(design, "s_axis").shape) else rows)
        ]
        if x is None and frames is None:
            script += settled(design, seed)
    if reset_at is None:
        before = ()
    elif before is None:
        before = _sent_first(design, script, seed)
    first, second = phases(design, script, before, seed)
    trace = Path(vcd).resolve() if vcd else None
    with tempfile.TemporaryDirectory(prefix="kolam-") as temporary:
        place = Path(temporary if folder is None else folder)
        place.mkdir(parents=True, exist_ok=True)
        return _judged(_Job(design, simulator, first, second, asked, place, trace))


def _sent_first(design: Any, script: Script, seed: int) -> list[Frame]:
    """Return the frames in front of any settings in reverse: their size is the design's."""
    parts = takewhile(lambda part: not isinstance(part, Settings), script)
    frames = [part for part in parts if isinstance(part, Frame)]
    return frames[::-1] or [Frame(row) for row in codes(design, 2, seed)]


@dataclass(frozen=True)
class _Job:
    design: Any
    simulator: str
    first: Phase
    second: Phase | None
    asked: Asked
    folder: Path
    vcd: Path | None


@dataclass(frozen=True)
class _Result:
    """What was printed, the texts of two files, and the seconds that it took."""

    text: str
    output: str
    schedule: str
    seconds: float


def _judged(job: _Job) -> Run:
    design = job.design
    result = (_verilog if job.simulator in ("icarus", "verilator") else _python)(job)
    line, numbers = verdict(result.text)
    reason = re.search(r" reason=(\w+)", line)
    if not line.startswith("PASS ") and (not reason or reason[1] not in _JUDGED):
        raise SimulationFailed(line)
    answer = job.second or job.first
    beats = len(answer.wanted)
    if (numbers["beats"], numbers["errors"]) != (beats, answer.errors):
        raise SimulationFailed(f"not all was checked: {line}")
    received = _read(design, answer, result.output)
    if numbers["mismatches"] == 0 and not all(
        np.array_equal(found, wanted)
        for found, (_, wanted) in zip(received, answer.answers, strict=True)
    ):
        raise SimulationFailed(f"the output file disagrees with the verdict: {line}")
    return Run(
        design=design.name,
        simulator=job.simulator,
        seed=job.asked.seed,
        frames=numbers["frames"],
        mismatches=numbers["mismatches"],
        saturated=answer.saturated,
        parallelism=getattr(design, "parallelism", None),
        latency=numbers.get("latency"),
        latency_promised=design.latency,
        interval=numbers.get("interval"),
        interval_promised=design.interval,
        ready=numbers["ready"],
        ready_promised=design.ready_after_reset,
        clocks=numbers["clocks"],
        seconds=result.seconds,
        output=_joined(received),
        schedule=_schedule(result.schedule),
        line=line,
    )


def verdict(text: str) -> tuple[str, dict[str, int]]:
    """Return the verdict in what a simulation printed, and its numbers by name.

    What was not measured (`latency=none`) is no number.
    Raises SimulationFailed when there is none, or more than one.
    """
    lines = [line for line in text.splitlines() if line.startswith(("PASS ", "FAIL "))]
    failures = [line for line in lines if line.startswith("FAIL ")]
    if len(lines) != 1 and not failures:
        last = text.strip().rpartition("\n")[2]
        raise SimulationFailed(f"the bench must end with one verdict, not {len(lines)}: {last!r}")
    line = (failures or lines)[0]
    return line, {name: int(value) for name, value in re.findall(r" (\w+)=(-?\d+)\b", line)}


def _verilog(job: _Job) -> _Result:
    design, asked, folder = job.design, job.asked, job.folder
    top = f"{design.name}_tb"
    texts = {
        **_rtl(design),
        f"tb/{top}.v": bench_text(design, job.first, job.second),
        **vectors(job.first, job.second),
    }
    _lay(folder, texts)
    sources = [folder / path for path in texts if path.endswith(".v")]
    plusargs: dict[str, str | int | float] = {
        "gap": f"{asked.gap:.6f}",
        "stall": f"{asked.stall:.6f}",
        "gap_pattern": asked.gap_pattern.value,
        "stall_pattern": asked.stall_pattern.value,
        "seed": asked.seed,
        "reset_at": asked.reset_at,
        "reset_clocks": asked.reset_clocks,
        "clocks": asked.clocks or -1,
        "output": "output.txt",
        "schedule": "schedule.txt",
    }
    if job.vcd:
        plusargs["vcd"] = "trace.vcd"
    if job.simulator == "icarus":
        command = simulators.build_icarus(sources, top, folder)
    else:
        command = simulators.build_verilator(sources, top, folder, trace=job.vcd is not None)
        plusargs |= {"verilator+rand+reset": 2, "verilator+seed": asked.seed + 1}
    for name in ("output.txt", "schedule.txt"):
        (folder / name).unlink(missing_ok=True)
    start = time.perf_counter()
    text = simulators.run(command, folder, plusargs)
    seconds = time.perf_counter() - start
    if job.vcd:
        shutil.move(folder / "trace.vcd", job.vcd)
    output, schedule = (_text(folder / name) for name in ("output.txt", "schedule.txt"))
    return _Result(text, output, schedule, seconds)


def _python(job: _Job) -> _Result:
    design, folder = job.design, job.folder
    player = Player(design, job.first, job.second, job.asked)
    place = design.place
    if job.simulator == "cosim":
        files = _rtl(design)
        _lay(folder, files)
        sources = [folder / path for path in files if path.endswith(".v")]
        outputs = [port.name for port in design.ports if port.direction == "output"]
        images = {"MEM_DIR": f"{folder.resolve()}/mem/"} if opens_images(design) else {}

        def place(**ports: Any) -> Any:
            return cosimulate(
                sources, design.name, ports, outputs=outputs, folder=folder, parameters=images
            )

    start = time.perf_counter()
    play(player, place, folder / "trace.vcd" if job.vcd else None)
    seconds = time.perf_counter() - start
    if job.vcd:
        shutil.move(folder / "trace.vcd", job.vcd)
    (folder / "output.txt").write_text("".join(player.output), encoding="ascii")
    return _Result(player.line, _text(folder / "output.txt"), "".join(player.schedule), seconds)


def _rtl(design: Any) -> dict[str, str]:
    """Return the files of a design, and models of the vendor cells in them."""
    files = design.files()
    models = primitives.models(files)
    return {**files, **{f"tb/{name}": text for name, text in models.items()}}


def _lay(folder: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace") if path.exists() else ""


def _read(design: Any, answer: Phase, output: str) -> list[NDArray[np.int64]]:
    """Return the codes of what came out after the last reset, by spans of frames alike."""
    rows = [line.rpartition(" ")[2] for line in output.rpartition("reset\n")[2].splitlines()]
    found = []
    for sink, wanted in answer.answers:
        count = len(wanted) * sink.beats
        try:
            octets = np.frombuffer(bytes.fromhex("".join(rows[:count])), np.uint8)
        except ValueError:
            raise SimulationFailed(f"the output of {design.name} must be known, not x") from None
        found.append(unpack(octets.reshape(-1, sink.beat_bytes)[:, ::-1], sink))
        rows = rows[count:]
    return found


def _joined(spans: list[NDArray[np.int64]]) -> Any:
    """Return all frames as one array, or a tuple of arrays where sizes differ."""
    if len({frames.shape[1:] for frames in spans}) > 1:
        return tuple(spans)
    return np.concatenate(spans)


def _schedule(text: str) -> tuple[tuple[str, int, int, int], ...]:
    rows = (line.split() for line in text.rpartition("reset\n")[2].splitlines())
    return tuple((side, int(frame), int(start), int(end)) for side, frame, start, end in rows)


def _percent(name: str, probability: float) -> float:
    check_probability(name, probability)
    return float(f"{100 * probability:.6f}")


def check_probability(name: str, probability: float) -> None:
    """Raise ValueError, which calls it `name`, unless a pause may be so probable."""
    if not 0 <= probability <= MOST:
        raise ValueError(f"{name} must be a probability of 0 to {MOST}, not {probability!r}")


def check_file(name: str, path: str | Path) -> None:
    """Raise ValueError, which calls it `name`, unless a file can be written at `path`."""
    if Path(path).is_dir():
        raise ValueError(f"{name} must be a file, not the folder {str(path)!r}")
    if not Path(path).parent.is_dir():
        raise ValueError(f"{name} must be a file in a folder that exists, not {str(path)!r}")


def _within(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low} to {high}, not {value!r}")
    return value
