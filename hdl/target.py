"""What the hardware is made of: selects leaf texts and pipeline registers."""

from enum import Enum


class Target(Enum):
    """A family of devices, or a portable text that infers as well as it can."""

    GENERIC = "generic"
    XC7 = "xc7"
    ECP5 = "ecp5"
    ICE40 = "ice40"
    ASIC = "asic"
