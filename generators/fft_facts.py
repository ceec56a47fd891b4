"""What an FFT says of itself: its steps, in the order in which samples pass them, and its noise."""

from typing import Any

from kolam.generators import fft_noise
from kolam.generators.fft_config import BLOCK, Architecture
from kolam.generators.fft_plan import Rotator, Stage, split_size
from kolam.hdl import Format
from kolam.kernels import lane_reorder, real_split


def facts(design: Any) -> dict[str, Any]:
    """Return them as plain values; nothing is built, but some frames are computed."""
    config, plan = design.config, design.transform
    width = config.formats.input.width
    measured = fft_noise.measured(plan, width)
    noise: dict[str, Any] = {}  # of block floating point it depends on the frame
    if not config.block:
        predicted = fft_noise.predicted(plan, width)
        noise["predicted"] = {"db": predicted.db, "lsb_rms": predicted.rms}
    return {
        "points": config.points,
        "samples": config.samples.value,
        "architecture": config.architecture.value,
        "lanes": config.lanes,
        "butterflies": config.butterflies,
        "stages_a_pass": config.stages_a_pass,
        "direction": config.direction.value,
        "gain": design.gain,
        "gain_text": design.gain_text,
        "scaling": BLOCK if config.block else list(config.schedule),
        "twiddle_format": str(config.formats.twiddle),
        "rotation": config.rotation.value,
        "pipelining": config.pipelining,
        "steps": steps(design),
        "noise": {} if config.block else fft_noise.budget(plan, width),
        "sqnr": {
            **noise,
            "measured": {
                "db": measured.db,
                "lsb_rms": measured.rms,
                "limited": measured.limited,
                "points": fft_noise.MEASURED,
            },
        },
    }


def steps(design: Any) -> list[dict[str, Any]]:
    """Return the steps that samples pass, by the names of `design.trace`, and a reordering.

    delay: of a stage, in clocks; 0 where it joins lanes. multipliers: of a rotator, or a split. In
    passes over a memory there are neither. elements, words: that a split of real samples joins, and
    of its memory; 0 where all come at once. banks, words: of a reordering, and of each of them.
    bits: of a part, before and behind; format: of a part behind.
    """
    config = design.config
    streaming = config.architecture is Architecture.STREAMING
    pairs = max(1, config.lanes // (1 + config.real))
    made = [
        _stage(part) if isinstance(part, Stage) else _rotator(part, pairs) for part in design.parts
    ]
    for step in made if not streaming else ():
        for key in {"delay", "memory", "multipliers"} & step.keys():
            del step[key]
    for step, part in zip(made, design.parts, strict=True):
        step["bits"] = [part.size_in, part.size_out]
    drop = config.schedule[-1]
    if config.real:
        split = _split(design, sum(step["multipliers"] for step in made if "circle" in step))
        made = [split, *made] if config.halves_first else [*made, split]
        drop += not config.halves_first  # twice the elements come of it
    fraction = config.formats.input.fraction
    for step in made:
        step["format"] = str(Format(True, step["bits"][1] - 1 - fraction, fraction))
    output = {
        "name": "output",
        "drop": drop,
        "rounding": config.formats.rounding.value,
        "bits": [made[-1]["bits"][1], config.output.width],
        "format": str(config.output),
    }
    buffer = {
        "name": "reorder",
        "banks": config.lanes,
        "words": lane_reorder.depth(config.points, config.lanes),
        "bits": [config.output.width] * 2,
        "format": str(config.output),
    }
    return [*made, output, *[buffer] * (streaming and design.reorders)]


def _stage(part: Stage) -> dict[str, Any]:
    return {
        "name": f"stage {part.number}",
        "delay": part.clocks,
        "memory": part.ring,
        "halves": part.halves,
        "quarters": part.turns,
        "prepared": part.prepared,
    }


def _rotator(part: Rotator, lanes: int) -> dict[str, Any]:
    turning = sum(part.turns(lane, lanes) != (0,) for lane in range(lanes))
    return {
        "name": f"rotator {part.after}",
        "circle": part.steps,
        "multipliers": turning * part.multipliers,
        "lifts": part.lifts,
        "adds": part.adds,
    }


def _split(design: Any, others: int) -> dict[str, Any]:
    """Return the split; its multipliers are those that no rotator has."""
    config = design.config
    first = config.formats.input.width if config.halves_first else design.parts[-1].size_out
    elements = config.points // 2
    words = real_split.depth(elements, design.reverses) if config.lanes == 1 else 0
    return {
        "name": "split",
        "elements": elements,
        "turns": config.points,
        "words": words,
        "memory": words > 0,
        "multipliers": design.multipliers - others,
        "bits": [first, split_size(config)],
    }
