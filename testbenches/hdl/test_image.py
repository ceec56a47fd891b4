"""Image: words, the file that holds them, and the sum that tells whether it does."""

import pytest

from kolam.hdl.image import Image


def checksum(image):
    """Return s = 0x9e3779b1 (s ^ s >> 15) + chunk over 32-bit chunks, from the text of the file."""
    total = 0
    for line in image.text().split():
        digits = line.rjust(-(-len(line) // 8) * 8, "0")
        chunks = [int(digits[k : k + 8], 16) for k in range(0, len(digits), 8)]
        for chunk in reversed(chunks):
            total = (2654435761 * (total ^ total // 2**15) + chunk) % 2**32
    return total


@pytest.mark.parametrize("width", [1, 3, 4, 5, 31, 32, 33, 64, 100])
def test_a_line_holds_a_word(width):
    words = tuple((1 << width) - 1 >> k for k in range(0, width, max(1, width // 5)))
    image = Image("stem", width, (0, *words))
    lines = image.text().splitlines()
    assert image.name == "stem.hex"
    assert image.depth == len(lines) == len(words) + 1
    assert [int(line, 16) for line in lines] == [0, *words]
    assert {len(line) for line in lines} == {-(-width // 4)}
    assert image.text().endswith("\n")
    assert image.checksum == checksum(image)


def test_the_sum_tells_words_and_their_order():
    image = Image("stem", 8, (1, 2, 3, 250))
    others = [(1, 2, 3, 251), (2, 1, 3, 250), (1, 2, 250, 3), (250, 2, 3, 1), (0, 2, 3, 250)]
    assert all(Image("stem", 8, words).checksum != image.checksum for words in others)


@pytest.mark.parametrize("width", [8, 16, 32, 40, 64])
def test_words_that_differ_in_one_bit_are_not_swapped_unnoticed(width):
    for bit in range(width):
        for apart in (1, 2, 4, 16, 256, 4096):
            words = [1 << bit, *[0] * apart]
            sums = {Image("a", width, tuple(w)).checksum for w in (words, words[::-1])}
            assert len(sums) == 2, (bit, apart)


def test_images_are_compared_by_what_they_hold():
    assert Image("a", 8, (1, 2)) == Image("a", 8, (1, 2))
    assert len({Image("a", 8, (1, 2)), Image("a", 8, (1, 2)), Image("a", 8, (2, 1))}) == 2
    assert repr(Image("a", 8, (1, 2))) == "Image(a, 2x8, 9e3779b3)"


def test_words_must_fit():
    with pytest.raises(ValueError, match="a memory image must have words, not none"):
        Image("a", 8, ())
    for word in (256, -1):
        with pytest.raises(ValueError, match=r"words of a must be 0 to 2\*\*8 - 1"):
            Image("a", 8, (0, word))
    with pytest.raises(ValueError, match="the name of a memory image must be"):
        Image("../a", 8, (0,))
