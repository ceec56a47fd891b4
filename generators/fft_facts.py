"""What an FFT says of itself: its steps, in the order in which samples pass them, and its noise."""

from typing import Any

from kolam.generators import fft_noise
from kolam.generators.fft_config import BLOCK, Architecture
from kolam.generators.fft_plan import Rotator, Stage
from kolam.hdl import Format


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
        "architecture": config.architecture.value,
        "lanes": config.lanes,
        "butterflies": config.butterflies,
        "direction": config.direction.value,
        "gain": design.gain,
        "gain_text": design.gain_text,
        "scaling": BLOCK if config.block else list(config.schedule),
        "twiddle_format": str(config.formats.twiddle),
        "rotation": config.rotation.value,
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

    delay: of a stage, in clocks; 0 where it joins lanes. multipliers: of a rotator. In passes over
    a memory there are neither. bits: of a part, before and behind; format: of a part behind.
    """
    config = design.config
    streaming = config.architecture is Architecture.STREAMING
    made = [
        _stage(part) if isinstance(part, Stage) else _rotator(part, config.lanes)
        for part in design.parts
    ]
    for step in made if not streaming else ():
        for key in {"delay", "memory", "multipliers"} & step.keys():
            del step[key]
    for step, part in zip(made, design.parts, strict=True):
        fraction = config.formats.input.fraction
        step["bits"] = [part.size_in, part.size_out]
        step["format"] = str(Format(True, part.size_out - 1 - fraction, fraction))
    output = {
        "name": "output",
        "drop": config.schedule[-1],
        "rounding": config.formats.rounding.value,
        "bits": [design.parts[-1].size_out, config.output.width],
        "format": str(config.output),
    }
    buffer = {
        "name": "reorder",
        "words": config.points,
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
    }


def _rotator(part: Rotator, lanes: int) -> dict[str, Any]:
    turning = sum(part.turns(lane, lanes) != (0,) for lane in range(lanes))
    return {
        "name": f"rotator {part.after}",
        "circle": part.steps,
        "multipliers": turning * part.multipliers,
        "lifts": part.lifts,
    }
