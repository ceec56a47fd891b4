"""Runs the bench of a hand-off folder as it lies there: nothing is generated anew."""

import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kolam.flows.bundle import Bundle, load_bundle
from kolam.generators.design import Stream
from kolam.hdl import simulators
from kolam.testbenches.simulate import (
    Run,
    SimulationFailed,
    check_file,
    check_probability,
    verdict,
)
from kolam.testbenches.stimulus import unpack

_JUDGED = ("mismatch", "latency", "interval", "ready")  # failures that a Run can report


def simulate_bundle(
    folder: Path | str,
    *,
    simulator: str = "icarus",
    gap: float = 0.0,
    stall: float = 0.0,
    seed: int = 0,
    vcd: Path | str | None = None,
) -> Run:
    """Run the stored vectors through the stored Verilog with the stored bench.

    simulator: icarus or verilator. gap, stall: probabilities, 0 to 0.99, that the source pauses
    and the sink refuses in a clock, by seed. vcd: a file for all signals.

    Raises ValueError for another argument, or a folder that is not as kolam wrote it;
    SimulationFailed when the hardware breaks the protocol, hangs or lacks a file; RuntimeError
    when a tool is missing. Wrong data do not raise: they are counted in the Run.
    """
    if simulator not in ("icarus", "verilator"):
        raise ValueError(
            f"simulator must be icarus or verilator to run a folder, not {simulator!r}"
        )
    for name, value in (("gap", gap), ("stall", stall)):
        check_probability(name, value)
    if vcd:
        check_file("vcd", vcd)
    bundle = load_bundle(folder)
    with tempfile.TemporaryDirectory(prefix="kolam-") as place:
        return _run(bundle, Path(place), simulator, gap, stall, seed, vcd)


def _run(
    bundle: Bundle,
    place: Path,
    simulator: str,
    gap: float,
    stall: float,
    seed: int,
    vcd: Path | str | None,
) -> Run:
    for name, content in bundle.files.items():  # those that were checked, not what is there now
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    top = f"{bundle.manifest['top']}_tb"
    listed = bundle.files["files.f"].decode().split()
    benches = sorted(n for n in bundle.files if n.startswith("tb/") and n.endswith(".v"))
    sources = [place / name for name in [*listed, *benches]]
    plusargs: dict[str, str | int | float] = {
        "gap": f"{100 * gap:.6f}", "stall": f"{100 * stall:.6f}", "seed": seed,
        "output": "output.txt", "schedule": "schedule.txt",
    }  # fmt: skip
    if vcd:
        plusargs["vcd"] = "trace.vcd"
    if simulator == "icarus":
        command = simulators.build_icarus(sources, top, place)
    else:
        command = simulators.build_verilator(sources, top, place, trace=vcd is not None)
        plusargs["verilator+rand+reset"] = 2
    start = time.perf_counter()
    text = simulators.run(command, place, plusargs)
    seconds = time.perf_counter() - start
    if vcd and (place / "trace.vcd").exists():
        # a rename would not cross file systems
        Path(vcd).write_bytes((place / "trace.vcd").read_bytes())
    return _judge(bundle, place, simulator, seed, text, seconds)


def _judge(
    bundle: Bundle, place: Path, simulator: str, seed: int, text: str, seconds: float
) -> Run:
    manifest = bundle.manifest
    line, numbers = verdict(text)
    if not line.startswith("PASS ") and not any(f" reason={why} " in line for why in _JUDGED):
        raise SimulationFailed(line)
    sink = next(Stream.from_dict(s) for s in manifest["streams"] if s["name"] == "m_axis")
    vectors = manifest["vectors"]
    frames, beats = vectors["frames"], vectors["beats"]
    counts = (numbers["frames"], numbers["beats"], numbers["lasts"])
    if counts != (frames, beats, frames):
        raise SimulationFailed(f"not all was checked: {line}")
    return Run(
        design=manifest["design"],
        simulator=simulator,
        seed=seed,
        frames=frames,
        mismatches=numbers["mismatches"],
        saturated=int(_array(bundle, "saturated").sum()),
        parallelism=manifest["parallelism"],
        latency=numbers.get("latency"),
        latency_promised=manifest["latency"],
        interval=numbers.get("interval"),
        interval_promised=manifest["interval"],
        ready=numbers["ready"],
        ready_promised=manifest["ready_after_reset"],
        clocks=numbers["clocks"],
        seconds=seconds,
        output=_output(place / "output.txt", sink, vectors["alike"]),
        schedule=_schedule(place / "schedule.txt"),
        line=line,
    )


def _array(bundle: Bundle, name: str) -> NDArray[Any]:
    with np.load(io.BytesIO(bundle.files["reference/model.npz"]), allow_pickle=False) as arrays:
        return np.asarray(arrays[name])


def _output(path: Path, sink: Stream, frames: int) -> NDArray[np.int64]:
    """Return the codes of the frames in front, which are under the defaults of all settings."""
    lines = path.read_text(encoding="ascii").splitlines()[: frames * sink.beats]
    words = [line.split()[1] for line in lines]
    try:
        octets = np.frombuffer(bytes.fromhex("".join(words)), np.uint8)
    except ValueError:
        raise SimulationFailed("the output must be known, not x") from None
    return unpack(octets.reshape(-1, sink.beat_bytes)[:, ::-1], sink)


def _schedule(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return tuple((side, int(frame), int(first), int(last)) for side, frame, first, last in rows)
