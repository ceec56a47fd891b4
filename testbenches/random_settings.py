"""Seeded random scripts of frames and settings at run time: right, wrong, repeated, early, late."""

from typing import Any

import numpy as np

from kolam.testbenches.stimulus import Frame, Settings, codes, stream

_KINDS = ("set", "set", "again", "refused", "good", "good", "good", "bad")


def refused_words(design: Any, rng: np.random.Generator) -> list[int]:
    """Return words that are no settings of a design: one beyond its limits, too few, too many."""
    words = [s.default for s in design.settings]
    which = int(rng.integers(len(words)))
    setting = design.settings[which]
    wrong = [setting.maximum + 1, setting.default | 1 << setting.bits, setting.default | 1 << 31]
    if setting.minimum:
        wrong.append(setting.minimum - 1)
    if setting.below is not None and rng.integers(2):  # what another one does not allow
        size = next(k for k, s in enumerate(design.settings) if s.name == setting.below)
        words[size] = design.settings[size].minimum
        wrong = [1 << words[size]]
    spoilt = words.copy()
    spoilt[which] = int(rng.choice(wrong))
    choices = [spoilt, spoilt, [*words, words[0]], [*words, *words], words[:-1]]
    return next(c for c in (choices[k] for k in rng.permutation(len(choices))) if c)


def random_settings(design: Any, rng: np.random.Generator, parts: int) -> list[Frame | Settings]:
    """Return a script of so many parts, which begins with what the design is under.

    It ends with a frame. Settings follow each other without a frame between, too; those that are
    refused and those that are in force already change nothing.
    """
    made: list[Frame | Settings] = []
    model = design
    for number in range(parts):
        kind = _KINDS[rng.integers(len(_KINDS))] if number < parts - 1 else "good"
        early = bool(rng.integers(2))
        if kind == "set":
            values: dict[str, int] = {}
            for s in design.settings:
                most = s.maximum if s.below is None else (1 << values[s.below]) - 1
                values[s.name] = int(rng.choice([s.minimum, most, rng.integers(s.minimum, most)]))
            model = design.under(**values)
        if kind in ("set", "again"):
            made.append(Settings(model.settings_frame, model, early))
        elif kind == "refused":
            made.append(Settings(refused_words(design, rng), early=early))
        else:
            beats = stream(model, "s_axis").beats
            row = codes(model, 6, int(rng.integers(1 << 30)))[rng.integers(6)]
            wrong = {}
            if kind == "bad":
                long = beats == 1 or rng.integers(2)
                size = int(rng.integers(1, beats + 2 if long else beats))
                wrong = {"long": size} if long else {"short": size}
            made.append(Frame(row, **wrong))
    return made
