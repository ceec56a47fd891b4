"""A hand-off to OpenROAD-flow-scripts: config.mk and constraint.sdc of a design, and its memories.

Files are found from the makefile's own folder. Variables and their meaning: its
flow/scripts/variables.yaml; what its synthesis reads: flow/scripts/synth.tcl.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kolam.flows.macros import Macro, Ram, parse, rams, wrapper
from kolam.flows.pdk import PLATFORMS
from kolam.flows.sdc import constraints
from kolam.generators.design import Design

LARGE = 4096  # bits of a memory that the flow refuses to make of flip-flops, unless it is told
_UTILIZATION, _BESIDE_MACROS = 45, 30  # percent of the core's area, of which macros take more


@dataclass(frozen=True, kw_only=True)
class Options:
    """What OpenROAD-flow-scripts builds for.

    platform: one of its platforms. period: of the clock, ns, 0.05 to 1000; None: one that is no
    trouble there. macro: of memories, SHAPE=NAME each, like 256x32=sky130_sram_1rw1r_64x256_8;
    NAME may say its size, NAME:DEPTHxWIDTH/MASK. Other memories become flip-flops.

    Raises ValueError for what is not as above.
    """

    platform: str = "sky130hd"
    period: float | None = None
    macro: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.platform not in PLATFORMS:
            known = ", ".join(PLATFORMS)
            raise ValueError(f"platform must be one of {known}, not {self.platform!r}")
        if self.period is None:
            object.__setattr__(self, "period", PLATFORMS[self.platform].period)
        assert self.period is not None
        if not (math.isfinite(self.period) and 0.05 <= self.period <= 1000):
            raise ValueError(f"period must be 0.05 to 1000 ns, not {self.period!r}")
        for pair in self.macro:
            shape, equals, name = pair.partition("=")
            if not (shape and equals and name):
                raise ValueError(f"macro must be SHAPE=NAME, like 256x32=my_sram, not {pair!r}")


def files(design: Design, options: Options) -> dict[str, str]:
    """Return openroad/NAME/* by path. Raises ValueError for a macro that cannot serve."""
    assert options.period is not None
    platform = PLATFORMS[options.platform]
    served = _served(design, options.macro)
    wrapped = {f"macros/{ram.module}.v": wrapper(ram, macro) for ram, macro in served.values()}
    texts = {
        "config.mk": _config(design, options, served),
        "constraint.sdc": constraints(design, options.period, platform.time_unit),
        **wrapped,
    }
    return {f"openroad/{design.name}/{name}": text for name, text in texts.items()}


def warnings(design: Design, options: Options) -> list[str]:
    """Return sentences about memories without a macro that are too large for flip-flops."""
    served = _served(design, options.macro)
    said = []
    large = [ram for ram in rams(design) if ram.bits > LARGE and ram.module not in served]
    if large:
        bits = sum(ram.count * ram.bits for ram in large)
        shapes = ", ".join(f"{ram.count} of {ram.shape}" for ram in large)
        said.append(
            f"{bits} bits of memory become flip-flops ({shapes}); "
            f"a macro takes the place of one with --macro {large[0].shape}=NAME"
        )
    if any(ram.initial for ram in rams(design)):
        said.append(
            "on a chip memories have no contents from the start: "
            "weights must be loaded over s_axis_weight before the first frame"
        )
    return said


def usage(design: Design) -> str:
    """Return how to run the flow, as a section of the folder's README."""
    said = warnings(design, Options())
    bits = sum(ram.count * ram.bits for ram in rams(design))
    memories = "".join(f"{sentence[:1].upper()}{sentence[1:]}.\n" for sentence in said)
    return _USAGE.format(name=design.name, bits=bits, memories=memories and f"\n{memories}")


_USAGE = """\
## OpenROAD

From the folder flow/ of OpenROAD-flow-scripts, with DIR for this one, in which nothing is written:

    make DESIGN_CONFIG=DIR/openroad/{name}/config.mk

DIR must be a path without spaces, which make cannot read. Platform, clock period and memory macros
are in `config.mk` and `constraint.sdc`; to write them anew:

    kolam handoff DIR --for openroad --platform PLATFORM --period NS --macro SHAPE=NAME

Without macros {bits} bits of memory become flip-flops; what is read only becomes logic.
{memories}"""


def _served(design: Design, pairs: Sequence[str]) -> dict[str, tuple[Ram, Macro]]:
    """Return by module the memories that macros take the place of. Raises ValueError."""
    known = rams(design)
    served = {}
    for pair in pairs:
        shape, _, name = pair.partition("=")
        alike = [ram for ram in known if ram.shape == shape]
        if not alike:
            shapes = (
                ", ".join(dict.fromkeys(ram.shape for ram in known)) or "none, without memories"
            )
            raise ValueError(f"the shape of a macro must be one of {shapes}, not {shape!r}")
        for ram in alike:
            if ram.module in served:
                raise ValueError(f"a macro for {shape} must be given once, not twice")
            served[ram.module] = ram, parse(name, ram)
    return served


def _config(design: Design, options: Options, served: dict[str, tuple[Ram, Macro]]) -> str:
    platform = PLATFORMS[options.platform]
    sources = [
        f"$(KOLAM_HERE)macros/{name[4:]}" if name[4:-2] in served else f"$(KOLAM_ROOT){name}"
        for name in sorted(design.files())
        if name.endswith(".v")
    ]
    images = "parameter MEM_DIR" in design.files()[f"rtl/{design.name}.v"]
    kept = [memory.bits for memory in design.memories if memory.contents and not memory.loadable]
    kept += [ram.count * ram.bits for ram in rams(design) if ram.module not in served]
    largest = max(kept, default=0)
    names = list(dict.fromkeys(macro.name for _, macro in served.values()))
    return _CONFIG.format(
        name=design.name,
        platform=options.platform,
        sources=" \\\n    ".join(sources),
        images=_IMAGES if images else "",
        corner=f"export CORNER = {platform.corner}\n" if platform.corner else "",
        utilization=_BESIDE_MACROS if served else _UTILIZATION,
        memories=_MEMORIES.format(bits=largest) if largest > LARGE else "",
        macros=_MACROS.format(names=" ".join(names)) if names else "",
    )


_CONFIG = """\
# {name} for OpenROAD-flow-scripts. In its folder flow/:
#     make DESIGN_CONFIG=DIR/openroad/{name}/config.mk

KOLAM_HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
KOLAM_ROOT := $(dir $(abspath $(KOLAM_HERE)..))

ifneq ($(words $(KOLAM_HERE)) $(words $(wildcard $(KOLAM_HERE)constraint.sdc)),1 1)
$(error make cannot read a path with spaces: copy the folder that holds openroad/ to one without)
endif

export DESIGN_NAME = {name}
export PLATFORM = {platform}
{corner}
export VERILOG_FILES = \\
    {sources}
{images}export SDC_FILE = $(KOLAM_HERE)constraint.sdc

export CORE_UTILIZATION = {utilization}
export PLACE_DENSITY_LB_ADDON = 0.20
export TNS_END_PERCENT = 100
export ABC_AREA = 0
{memories}{macros}"""

# quotes for yosys, which takes a text for a number else; braces to bring them through Tcl
_IMAGES = """
# where memory images are
export VERILOG_TOP_PARAMS = MEM_DIR {"$(KOLAM_ROOT)mem/"}

"""

_MEMORIES = """
# The largest memory that becomes flip-flops or logic; without this the flow refuses above 4096.
export SYNTH_MEMORY_MAX_BITS = {bits}
"""

_MACROS = """
# NAME.lef, NAME*.lib and NAME.gds of the macros are looked for in these folders
KOLAM_MACROS = {names}
KOLAM_MACRO_FOLDERS ?= $(KOLAM_HERE)macros $(KOLAM_MACROS:%=$(PLATFORM_DIR)/../sky130ram/%)
kolam_find = $(foreach macro,$(KOLAM_MACROS),$(firstword \\
    $(foreach folder,$(KOLAM_MACRO_FOLDERS),$(wildcard $(folder)/$(macro)$(1)))))
export ADDITIONAL_LEFS = $(call kolam_find,.lef)
export ADDITIONAL_LIBS = $(call kolam_find,*.lib)
export ADDITIONAL_GDS = $(call kolam_find,.gds)
"""
