"""sentences: what an error says, on one line."""

import pytest

from kolam.scripts import sentences


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            ValueError("points must be\n a power of two, not 6."),
            "points must be a power of two, not 6",
        ),
        (OSError(28, "No space left on device", "out/rtl"), "out/rtl: No space left on device"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "there must be memory enough for what is asked, and there is not"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_sentences(error, sentence):
    assert sentences.sentence(error) == sentence
