"""A hand-off to OpenROAD-flow-scripts: config.mk and constraint.sdc of a design, and its memories.

Files are found from the makefile's own folder. Variables and their meaning: its
flow/scripts/variables.yaml; what its synthesis reads: flow/scripts/synth.tcl.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kolam.flows.macros import Macro, Ram, assumed, parse, rams, wrapper
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
    """Return sentences about memories too large for flip-flops, and what is taken of macros."""
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
    told = {pair.partition("=")[2] for pair in options.macro}
    for macro in dict.fromkeys(macro for _, macro in served.values()):
        if macro.name in told and assumed(macro.name):
            masked = f"a bit of write mask for each {macro.mask} of them"
            said.append(
                f"{macro.name} is taken to have {macro.depth} words of {macro.width} bits, "
                f"{masked if macro.mask < macro.width else 'no write mask'}, and the pins "
                f"of OpenRAM's 1rw1r; {macro.name}:DEPTHxWIDTH/MASK says another size"
            )
    if any(ram.initial for ram in rams(design)):
        said.append(_LOADED)
    return said


def usage(design: Design) -> str:
    """Return how to run the flow, as a section of the folder's README."""
    written = rams(design)
    counts = Counter[str]()
    for ram in written:
        counts[ram.shape] += ram.count
    memories = ""
    if written:
        bits = sum(ram.count * ram.bits for ram in written)
        shapes = ", ".join(f"{count} of {shape}" for shape, count in counts.items())
        memories = _WRITTEN.format(bits=bits, shapes=shapes)
    loaded = f"\n{_LOADED[:1].upper()}{_LOADED[1:]}.\n" if any(r.initial for r in written) else ""
    return _USAGE.format(name=design.name, memories=memories, loaded=loaded)


_LOADED = (
    "on a chip memories have no contents from the start: "
    "weights must be loaded over s_axis_weight before the first frame"
)

_USAGE = """\
## OpenROAD

From the folder flow/ of OpenROAD-flow-scripts, with DIR for this one, in which nothing is written:

    make DESIGN_CONFIG=DIR/openroad/{name}/config.mk

DIR must be a path without spaces, which make cannot read. Platform, clock period and memory macros
are in `config.mk` and `constraint.sdc`; to write them anew:

    kolam handoff DIR --for openroad --platform PLATFORM --period NS --macro SHAPE=NAME

Memory that is read only becomes logic.
{memories}{loaded}"""

_WRITTEN = """
A macro may take the place of these memories, words by bits: {shapes}.
Those without a macro become flip-flops, {bits} bits if no macro is given; so do the queues of a
few words, which no macro serves.
"""


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
            served[ram.module] = ram, parse(name, alike)
    sizes: dict[str, Macro] = {}
    for _, macro in served.values():
        if (other := sizes.setdefault(macro.name, macro)) != macro:
            raise ValueError(
                f"macro {macro.name} must have one size, not {other.size} and {macro.size}; "
                f"say which, like {macro.name}:{other.size}"
            )
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
# Of all memories of one kind that become flip-flops or logic, the most bits; without this the
# flow refuses above 4096.
export SYNTH_MEMORY_MAX_BITS = {bits}
"""

_MACROS = """
# NAME.lef, NAME*.lib and NAME.gds of the macros are looked for in these folders
KOLAM_MACROS = {names}
KOLAM_MACRO_FOLDERS ?= $(KOLAM_HERE)macros $(KOLAM_MACROS:%=$(PLATFORM_DIR)/../sky130ram/%)
kolam_find = $(foreach macro,$(KOLAM_MACROS),$(or $(firstword \\
    $(foreach folder,$(KOLAM_MACRO_FOLDERS),$(wildcard $(folder)/$(macro)$(1)))),$(warning \\
    there is no $(macro)$(1) in $(KOLAM_MACRO_FOLDERS))))
export ADDITIONAL_LEFS = $(call kolam_find,.lef)
export ADDITIONAL_LIBS = $(call kolam_find,*.lib)
export ADDITIONAL_GDS = $(call kolam_find,.gds)
"""
