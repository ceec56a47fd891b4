"""Where the Liberty files of an open platform lie in somebody's folders.

kolam ships none. KOLAM_PDK or PDK_ROOT names a tree of OpenROAD-flow-scripts (its top, flow/ or
flow/platforms/), one of open_pdks, or a folder with a folder of a platform's name in it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VARIABLES = ("KOLAM_PDK", "PDK_ROOT")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform of OpenROAD-flow-scripts.

    libraries: its Liberty files of the typical corner, below the platform's folder; stars stand
    for dates. open_pdks: the same there. time_unit: of these files, in seconds, which is that of
    its SDC files. period: a clock in nanoseconds that is no trouble. corner: what must be said for
    the typical one, where the platform's default is another.
    """

    libraries: tuple[str, ...]
    open_pdks: str = ""
    time_unit: float = 1e-9
    period: float = 10.0
    corner: str = ""


PLATFORMS = {
    "sky130hd": Platform(
        libraries=("lib/sky130_fd_sc_hd__tt_025C_1v80.lib",),
        open_pdks="sky130?/libs.ref/sky130_fd_sc_hd/lib/sky130_fd_sc_hd__tt_025C_1v80.lib",
    ),
    "nangate45": Platform(
        libraries=("lib/NangateOpenCellLibrary_typical.lib",),
        period=4.0,
    ),
    "asap7": Platform(
        libraries=tuple(
            f"lib/NLDM/asap7sc7p5t_{part}_RVT_TT_nldm_*.lib*"
            for part in ("AO", "INVBUF", "OA", "SEQ", "SIMPLE")
        ),
        time_unit=1e-12,
        period=1.0,
        corner="TC",
    ),
    "gf180": Platform(
        libraries=("lib/gf180mcu_fd_sc_mcu9t5v0__tt_025C_5v00.lib*",),
        open_pdks="gf180mcu?/libs.ref/gf180mcu_fd_sc_mcu9t5v0/lib/"
        "gf180mcu_fd_sc_mcu9t5v0__tt_025C_5v00.lib",
        period=20.0,
        corner="TC",
    ),
    "ihp-sg13g2": Platform(
        libraries=("lib/sg13g2_stdcell_typ_1p20V_25C.lib",),
        open_pdks="ihp-sg13g2/libs.ref/sg13g2_stdcell/lib/sg13g2_stdcell_typ_1p20V_25C.lib",
    ),
}


def libraries(target: str, given: Sequence[Path] = ()) -> list[Path]:
    """Return the Liberty files to take for a target, asic or a platform, where they exist.

    given: those that were named, which are taken. Without, the platform's are looked for; for
    asic there must be those of one platform.

    Raises ValueError with one sentence when there is none, or one does not exist.
    """
    if given:
        if missing := [path for path in given if not path.is_file()]:
            raise ValueError(f"--liberty must name a Liberty file, not {str(missing[0])!r}")
        return list(given)
    roots = [Path(os.environ[name]) for name in VARIABLES if os.environ.get(name)]
    wanted = list(PLATFORMS) if target == "asic" else [target]
    found = {name: paths for name in wanted if (paths := _find(name, roots))}
    if len(found) > 1:
        raise ValueError(
            f"--target must be one of {', '.join(found)}, of all of which there are Liberty files, "
            "or --liberty be given, not asic alone"
        )
    if not found:
        where = ", ".join(map(str, roots)) or "neither of which is set"
        raise ValueError(
            f"--liberty must name a Liberty file, or KOLAM_PDK or PDK_ROOT a folder with that of "
            f"{'a platform' if target == 'asic' else target} ({where})"
        )
    return next(iter(found.values()))


def _find(name: str, roots: Sequence[Path]) -> list[Path]:
    """Return the Liberty files of a platform, or none where one of them is not there."""
    platform = PLATFORMS[name]
    for root in roots:
        places = [root / part for part in ("flow/platforms", "platforms", ".")]
        for folder in [place / name for place in places] + [root] * (root.name == name):
            newest = [sorted(folder.glob(pattern))[-1:] for pattern in platform.libraries]
            if all(newest):
                return [path for paths in newest for path in paths]
        if platform.open_pdks and (found := sorted(root.glob(platform.open_pdks))):
            return found[:1]
    return []
