"""`kolam simulate`."""

import io
from pathlib import Path
from typing import Any

import click

from kolam.scripts import console
from kolam.scripts.cli_options import (
    DONE,
    FAILED,
    as_json,
    check_frames,
    design_arguments,
    integers,
    is_folder,
    load_design,
    read_frames,
)
from kolam.scripts.sentences import sentence


@click.command()
@design_arguments
@click.option("--with", "simulator", default="icarus", show_default=True, metavar="SIMULATOR",
              help="icarus, verilator, myhdl or cosim.")  # fmt: skip
@click.option("--frames", type=int, help="So many seeded frames; by default enough to measure.")
@click.option("--input", "source", type=Path, metavar="X.npy",
              help="Frames to run: integer codes, or floats (of an FFT also complex numbers) to be "
              "quantised.")  # fmt: skip
@click.option("--output", type=Path, metavar="Y.npy",
              help="Where the answer goes, as codes; of an FFT that is given values, as "
              "values.")  # fmt: skip
@click.option("--gap", type=float, default=0.0, metavar="P",
              help="Probability that the source pauses in a clock.")  # fmt: skip
@click.option("--stall", type=float, default=0.0, metavar="P",
              help="Probability that the sink refuses in a clock.")  # fmt: skip
@click.option("--vcd", type=Path, metavar="F", help="Write all signals to a file.")
@click.option("--under", multiple=True, metavar="NAME=VALUE",
              help="A setting at run time, sent on s_axis_config in front, e.g. direction=1; "
              "repeatable.")  # fmt: skip
@as_json
def simulate(
    design: str, pairs: Any, weights: Any, seed: Any, simulator: str, frames: int | None,
    source: Path | None, output: Path | None, gap: float, stall: float, vcd: Path | None,
    under: tuple[str, ...], as_json: bool,
) -> int:  # fmt: skip
    """Run the Verilog and compare every output bit.

    Frames go through the Verilog, and every bit of the answer is compared with the integer model.

    X.npy is (frames, inputs). Of an FFT it is (frames, points) numbers, complex or real, or
    (frames, points, 2) real and imaginary parts; without the first axis it is one frame. Y.npy is
    (frames, outputs), of an FFT (frames, points, 2) codes or (frames, points) complex values, in
    natural order whatever the order on the stream, without a cyclic prefix; values of block
    floating point are multiplied by two to their exponents.

    Where samples are real, they are (frames, points) real numbers, and their spectrum (frames,
    points / 2) complex ones, or (frames, points / 2, 2) parts, with X[0] + j X[points / 2] as
    element 0.

    Where settings can change at run time and neither --input nor --frames is given, all their
    limits come in turn behind the frames that show latency and interval, and settings that must be
    refused.

    Of a folder made by `kolam generate`, its own files and vectors are run, after their sums were
    checked.
    """
    from kolam.testbenches.simulate import SimulationFailed

    check_frames(frames, source)
    with console.result(as_json) as emit:
        _check_run(design, simulator, gap, stall, vcd, output)
        asked = {"simulator": simulator, "gap": gap, "stall": stall, "seed": seed or 0, "vcd": vcd}
        try:
            in_values = False
            if is_folder(design):
                _only_of_a_design(pairs, weights, frames, source, under)
                run = _replay(Path(design), asked)
            else:
                made = load_design(design, pairs, weights, seed).under(**integers(under))
                x, in_values = (None, False) if source is None else _codes(made, source)
                if output is not None and x is None and frames is None:
                    frames = _enough(made)  # all alike, so that they are one array
                run = _simulate(made, x, frames, asked)
        except SimulationFailed as error:
            console.say(f"kolam: {sentence(error)}")
            return FAILED
        if output is not None:
            answer = run.output
            if in_values:
                exponents = made.exponents(x) if made.streams[1].user_bits else None
                answer = made.decode(run.output, exponents)
            _save(answer, output)
        emit(run.to_dict())
    if not as_json:
        print(run.line)
        if missing := [name for name in ("latency", "interval") if getattr(run, name) is None]:
            console.say(f"not measured: {', '.join(missing)} (pauses, or too few frames)")
    return DONE if run.passed else FAILED


def _check_run(
    design: str, simulator: str, gap: float, stall: float, vcd: Path | None, output: Path | None
) -> None:
    """Raise ValueError, in terms of the options, for what would be found too late."""
    from kolam.testbenches.simulate import SIMULATORS, check_file, check_probability

    simulators = ("icarus", "verilator") if is_folder(design) else SIMULATORS
    if simulator not in simulators:
        of = " for a folder" if len(simulators) < len(SIMULATORS) else ""
        raise ValueError(f"--with{of} must be one of {', '.join(simulators)}, not {simulator!r}")
    check_probability("--gap", gap)
    check_probability("--stall", stall)
    if simulator == "cosim" and vcd is not None:
        raise ValueError("--vcd must not be given with cosim, which cannot trace")
    for option, path in (("--vcd", vcd), ("--output", output)):
        if path is not None:
            check_file(option, path)
    if output is not None and output.suffix not in (".npy", ""):
        raise ValueError(f"--output must be a .npy file, not {str(output)!r}")


def _only_of_a_design(pairs: Any, weights: Any, frames: Any, source: Any, under: Any) -> None:
    for option, value in (
        ("--set or --target-fps", pairs),
        ("--weights", weights),
        ("--frames", frames),
        ("--input", source),
        ("--under", under),
    ):
        if value is not None and value != ():
            raise ValueError(f"{option} must not be given with a folder, which is run as it is")


def _replay(folder: Path, asked: dict[str, Any]) -> Any:
    from kolam.flows import load_bundle, simulate_bundle

    load_bundle(folder)
    with console.progress(f"simulating the files of {folder} with {asked['simulator']}"):
        return simulate_bundle(folder, **asked)


def _simulate(design: Any, x: Any, frames: int | None, asked: dict[str, Any]) -> Any:
    from kolam.flows import simulate

    count = len(x) if x is not None else _enough(design) if frames is None else frames
    settings = ", then all its settings," * (x is None and frames is None and bool(design.settings))
    what = f"{count} frames of {design.name}{settings} with {asked['simulator']}"
    with console.progress(f"simulating {what}"):
        return simulate(design, x, frames=frames, **asked)


def _enough(design: Any) -> int:
    """Return the frames by which latency and interval are measured."""
    from kolam.testbenches.simulate import ENOUGH

    return int(design.fill) + ENOUGH


def _codes(design: Any, path: Path) -> tuple[Any, bool]:
    """Return the input codes in a .npy file, and whether the answer is due in values.

    Floats and complex numbers are quantised, and that is said.
    """
    taken = read_frames(design, path)
    if taken.quantized:
        console.say(taken.sentence(str(path), design.streams[0].format))
    return taken.codes, taken.quantized and design.engine == "fft"


def _save(answer: Any, path: Path) -> None:
    """Write an array as a .npy file, whatever its name."""
    import numpy as np

    from kolam.flows.staging import write_file

    octets = io.BytesIO()
    np.save(octets, answer, allow_pickle=False)
    write_file(path, octets.getvalue())
