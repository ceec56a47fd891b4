"""The ground floor: what MyHDL lacks."""

from kolam.hdl.format import Format, Overflow, Rounding
from kolam.hdl.module import instances, leaf, module

__all__ = ["Format", "Overflow", "Rounding", "instances", "leaf", "module"]
