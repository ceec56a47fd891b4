"""What devices hold, for which an estimate or a synthesis counts.

Source: AMD, 7 Series FPGAs Data Sheet: Overview (DS180) and Zynq-7000 SoC Data Sheet: Overview
(DS190); LUT are those of six inputs, a fourth or more of which can be memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kolam.hdl.target import Target


@dataclass(frozen=True, kw_only=True)
class Part:
    """A device: 6-input LUTs, flip-flops, DSP48E1 and RAMB36E1."""

    name: str
    lut: int
    ff: int
    dsp: int
    bram36: int

    def used(self, cost: Mapping[str, float]) -> dict[str, float]:
        """Return the shares, 0 to 1 and beyond, of a cost with keys of `synth --json`."""
        needed = dict(cost)
        if "lut" in cost:
            needed["lut"] += cost["srl"] + cost["lutram"]
        keys = [key for key in ("lut", "ff", "dsp", "bram36") if key in needed]
        return {key: needed[key] / getattr(self, key) for key in keys}


_TABLE = """
xc7s25       14600   29200    80   45
xc7s50       32600   65200   120   75
xc7s100      64000  128000   160  120
xc7a12t       8000   16000    40   20
xc7a15t      10400   20800    45   25
xc7a25t      14600   29200    80   45
xc7a35t      20800   41600    90   50
xc7a50t      32600   65200   120   75
xc7a75t      47200   94400   180  105
xc7a100t     63400  126800   240  135
xc7a200t    134600  269200   740  365
xc7k70t      41000   82000   240  135
xc7k160t    101400  202800   600  325
xc7k325t    203800  407600   840  445
xc7k410t    254200  508400  1540  795
xc7z010      17600   35200    80   60
xc7z020      53200  106400   220  140
xc7z030      78600  157200   400  265
xc7z045     218600  437200   900  545
"""
PARTS = {
    name: Part(name=name, lut=int(lut), ff=int(ff), dsp=int(dsp), bram36=int(bram36))
    for name, lut, ff, dsp, bram36 in (row.split() for row in _TABLE.split("\n") if row)
}
DEFAULT = "xc7a100t"
TARGETS = (Target.GENERIC, Target.XC7)  # whose designs these devices can hold


def part(text: str, name: str = "part") -> Part:
    """Return a device by the text that tools name it by: package and speed grade may follow.

    Raises ValueError, which calls it `name`, for another text.
    """
    matches = [known for known in PARTS if text.lower().startswith(known)]
    if not matches:
        raise ValueError(f"{name} must be one of {', '.join(PARTS)}, not {text!r}")
    return PARTS[max(matches, key=len)]
