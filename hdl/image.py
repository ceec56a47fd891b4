"""The contents of a memory, as a file that simulators and synthesis tools read."""

from dataclasses import dataclass

from kolam.hdl.names import check_identifier

_HEX_BITS = 4
_MIXER = 0x9E3779B1  # the golden ratio: no bits in a row


@dataclass(frozen=True, repr=False)
class Image:
    """Words of a memory: file name `stem`.hex, width in bits, unsigned words by address.

    Raises ValueError where a word does not fit, or there is none.
    """

    stem: str
    width: int
    words: tuple[int, ...]

    def __post_init__(self) -> None:
        check_identifier(self.stem, "the name of a memory image")
        if not self.words:
            raise ValueError("a memory image must have words, not none")
        if min(self.words) < 0 or max(self.words) >> self.width:
            raise ValueError(f"words of {self.stem} must be 0 to 2**{self.width} - 1")

    @property
    def name(self) -> str:
        """Name of the file, without a folder."""
        return f"{self.stem}.hex"

    @property
    def depth(self) -> int:
        """Number of words."""
        return len(self.words)

    @property
    def checksum(self) -> int:
        """32 bits: s = 0x9e3779b1 (s ^ s >> 15) + chunk, over 32-bit chunks, low ones first.

        The shift mixes high bits in, so that words that differ in those alone are not swapped
        unnoticed.
        """
        total = 0
        for word in self.words:
            for low in range(0, self.width, 32):
                mixed = _MIXER * (total ^ total >> 15)
                total = (mixed + (word >> low & 0xFFFFFFFF)) & 0xFFFFFFFF
        return total

    def text(self) -> str:
        """Return the file for $readmemh: a word a line."""
        digits = -(-self.width // _HEX_BITS)
        return "".join(f"{word:0{digits}x}\n" for word in self.words)

    def __repr__(self) -> str:
        return f"Image({self.stem}, {self.depth}x{self.width}, {self.checksum:08x})"
