"""What a hand-off folder has for the tools of others, a folder for each tool.

The files of a tool come from one function, `files(design, options)` in flows/<tool>.py, and lie
below the folder of the tool's name. `TOOLS` is the one list of them: a hand-off folder has those
that its target allows, with the options' defaults, and `kolam handoff` rewrites one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kolam.flows import openroad, vivado
from kolam.generators.design import Design
from kolam.hdl.target import Target


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that takes a design over.

    targets: of designs that it can build. options: a frozen dataclass of keywords, each with a
    default, checked at its birth (ValueError). files: texts by path in the hand-off folder, all
    below the tool's name; ASCII, no absolute path, the same for the same design and options.
    usage: for the README of a hand-off folder, how to run them: a section, whatever the options.
    warnings: sentences about what the options make of a design.
    """

    targets: tuple[Target, ...]
    options: type[Any]
    files: Callable[[Design, Any], dict[str, str]]
    usage: Callable[[Design], str]
    warnings: Callable[[Design, Any], list[str]] = lambda design, options: []


TOOLS = {
    "vivado": Tool(
        targets=(Target.GENERIC, Target.XC7),
        options=vivado.Options,
        files=vivado.files,
        usage=vivado.usage,
    ),
    "openroad": Tool(
        targets=(Target.GENERIC, Target.ASIC),
        options=openroad.Options,
        files=openroad.files,
        usage=openroad.usage,
        warnings=openroad.warnings,
    ),
}


def defaults(design: Design) -> dict[str, Any]:
    """Return by name the tools that can build a design, with the options' defaults."""
    return {n: tool.options() for n, tool in TOOLS.items() if design.target in tool.targets}


def choose(name: str, asked: Mapping[str, Any]) -> Any:
    """Return the options of a tool.

    Raises ValueError for a tool that is none, for an option that is not one of its own or beyond
    what it may be.
    """
    if name not in TOOLS:
        raise ValueError(f"tool must be one of {', '.join(TOOLS)}, not {name!r}")
    known = [field.name for field in fields(TOOLS[name].options)]
    if strange := [key for key in asked if key not in known]:
        has = ", ".join(known)
        raise ValueError(f"an option of {name} must be one of {has}, not {strange[0]!r}")
    return TOOLS[name].options(**asked)


def files(design: Design, name: str, options: Any) -> dict[str, str]:
    """Return the files of a tool by path. Raises ValueError for a design of another target."""
    tool = TOOLS[name]
    if design.target not in tool.targets:
        known = " or ".join(target.value for target in tool.targets)
        raise ValueError(
            f"target must be {known} for a design to go to {name}, not {design.target.value}"
        )
    return tool.files(design, options)
