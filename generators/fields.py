"""Fields of configurations: checked at birth, and read from plain values (TOML, JSON)."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from operator import index
from typing import Any

from kolam.hdl import Format


def span(low: int, high: int) -> str:
    """Return a range as text, one value as itself."""
    return f"{low}" if low == high else f"{low} to {high}"


def powers(low: int, high: int) -> str:
    """Return the powers of two from one to another as text, one of them as itself."""
    return f"{low}" if low == high else f"a power of two, {low} to {high}"


def check_integer(owner: Any, name: str, low: int, high: int | None = None) -> None:
    """Make a field an int within low to high; TypeError or ValueError says what it was."""
    value = getattr(owner, name)
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None
    if number < low or (high is not None and number > high):
        wanted = span(low, high) if high is not None else f"at least {low}"
        raise ValueError(f"{name} must be {wanted}, not {number}")
    object.__setattr__(owner, name, number)


def check_kind(owner: Any, name: str, kind: type) -> None:
    """Raise TypeError if a field is not of a kind."""
    value = getattr(owner, name)
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        wanted = "true or false" if kind is bool else f"{article} {kind.__name__}"
        raise TypeError(f"{name} must be {wanted}, not {value!r}")


def check_format(owner: Any, name: str) -> None:
    """Raise TypeError if a field is neither a Format nor a tuple of them."""
    value = getattr(owner, name)
    if not all(isinstance(f, Format) for f in (value if isinstance(value, tuple) else (value,))):
        raise TypeError(f"{name} must be a Format or a tuple of them, not {value!r}")


def check_keys(what: str, given: Any, kind: Any) -> None:
    """Raise ValueError for a key that a dataclass does not have, or one that is missing.

    Raises TypeError for what is no table.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"{what} must be a table, not {given!r}")
    allowed = [f.name for f in fields(kind)]
    for key in given:
        if key not in allowed:
            raise ValueError(f"the keys of {what} must be among {', '.join(allowed)}, not {key!r}")
    for field in fields(kind):
        optional = not field.init or {field.default, field.default_factory} != {MISSING}
        if not optional and field.name not in given:
            raise ValueError(f"{what} must have the key {field.name}")


def member(kind: Any, name: str, value: Any) -> Any:
    """Return the member of an enumeration that a value names, or raise ValueError."""
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(m.value for m in kind)
        raise ValueError(f"{name} must be one of {words}, not {value!r}") from None
