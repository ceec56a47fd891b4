"""The index of the largest word, against y = min { o : x[o] = max over all o of x[o] }."""

from itertools import product

import numpy as np
import pytest

from kolam.reference.network import classes


def rule(words):
    """Return y, from comparisons of integers alone: the least o that no word is larger than."""
    return min(o for o, word in enumerate(words) if not any(other > word for other in words))


@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5])
def test_every_frame_of_few_words(outputs):
    """Ties of any number of words, anywhere, among negative ones, too; and one output."""
    for values in ((-1, 0, 1), (-128, -127, -1), (0, 254, 255)):
        frames = list(product(values, repeat=outputs))
        found = classes(np.array(frames))
        assert found.shape == (len(frames), 1)
        assert found[:, 0].tolist() == [rule(frame) for frame in frames]


@pytest.mark.parametrize(("bits", "kind"), [(2, int), (8, int), (16, int), (62, int), (80, object)])
def test_frames_of_many_words(bits, kind):
    """Few different values, so that the largest comes twice; neighbours that no float can tell."""
    rng = np.random.default_rng(bits)
    top = (1 << bits - 1) - 1
    few = [-top - 1, -top, -1, 0, 1, top - 1, top]
    for outputs in (1, 2, 10, 33):
        frames = [[few[k] for k in row] for row in rng.integers(0, 7, (300, outputs))]
        frames += [[min(word, top - 1) for word in frame] for frame in frames[:50]]
        frames += [[min(word, -top) for word in frame] for frame in frames[:50]]
        found = classes(np.array(frames, kind))[:, 0].tolist()
        assert found == [rule(frame) for frame in frames]
        assert len(set(found)) >= min(outputs, 10)
