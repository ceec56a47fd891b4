"""What an FFT says of itself: its steps, in the order in which samples pass them, and its noise."""

from typing import Any

from kolam.generators import fft_noise
from kolam.generators.fft_plan import Rotator, Stage
from kolam.hdl import Format


def facts(design: Any) -> dict[str, Any]:
    """Return them as plain values; nothing is built, but some frames are computed."""
    config, plan = design.config, design.transform
    width = config.formats.input.width
    predicted = fft_noise.predicted(plan, width)
    measured = fft_noise.measured(plan, width)
    return {
        "points": config.points,
        "direction": config.direction.value,
        "gain": design.gain,
        "gain_text": design.gain_text,
        "scaling": list(config.schedule),
        "twiddle_format": str(config.formats.twiddle),
        "rotation": config.rotation.value,
        "steps": steps(design),
        "noise": fft_noise.budget(plan, width),
        "sqnr": {
            "predicted": {"db": predicted.db, "lsb_rms": predicted.rms},
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

    bits: of a part, before and behind; format: of a part behind.
    """
    config = design.config
    made = [_step(part, config.formats.input.fraction) for part in design.parts]
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
    return [*made, output, *[buffer] * design.reorders]


def _step(part: Stage | Rotator, fraction: int) -> dict[str, Any]:
    if isinstance(part, Stage):
        own = {
            "name": f"stage {part.number}",
            "delay": part.clocks,
            "memory": part.ring,
            "halves": part.halves,
            "quarters": part.turns,
        }
    else:
        own = {
            "name": f"rotator {part.after}",
            "circle": 1 << part.last - part.first + 1,
            "multipliers": part.multipliers,
            "lifts": bool(part.turns),
        }
    return {
        **own,
        "bits": [part.size_in, part.size_out],
        "format": str(Format(True, part.size_out - 1 - fraction, fraction)),
    }
