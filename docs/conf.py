"""The documentation site, which ./scripts/docs builds into build/site.

Docstrings are written as the project writes them, in plain sentences with single backticks.
`_as_rest` turns one into what Sphinx reads: names of parameters that a sentence explains become a
list, and indented lines a block.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import metadata
from itertools import pairwise
from typing import Any

from sphinx.util.inspect import stringify_signature

project = "kolam"
author = "the kolam authors"
copyright = "2026, the kolam authors"
release = metadata.version("kolam")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click", "sphinx_copybutton"]
exclude_patterns = ["pictures"]
highlight_language = "text"
default_role = "literal"
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline"]

# only names of our own must lead somewhere: the site is built without a network
nitpick_ignore_regex = [("py:.*", r"(?!kolam\.).*")]
autodoc_mock_imports = ["torch"]  # an extra; the API reads the same without it
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
copybutton_line_continuation_character = "\\"

html_theme = "furo"
html_title = "kolam"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}


def _as_rest(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Rewrite the lines of a docstring as reStructuredText, in place."""
    known = _parameters(thing)
    text = inspect.cleandoc("\n".join(lines))
    lines[:] = [line for part in re.split(r"\n\s*\n", text) for line in _part(part, known)]


def _parameters(thing: Any) -> set[str]:
    """Return the names that a docstring may explain: parameters, and fields of a dataclass."""
    names = {f.name for f in fields(thing)} if is_dataclass(thing) else set()
    with suppress(TypeError, ValueError):  # a property, a module
        names |= set(inspect.signature(thing).parameters)
    return names


def _part(text: str, known: set[str]) -> Iterator[str]:
    """Yield the lines of a paragraph, or of what is indented."""
    if text.startswith("    "):
        yield from ("::", "", *text.splitlines(), "")
        return
    named = rf"(?:{'|'.join(map(re.escape, sorted(known, key=len, reverse=True))) or '(?!)'})"
    starts = rf"(?:^|(?<=[.;:] )){named}(?:, {named})*(?=: )|(?:^|(?<=\. ))Raises? "
    flat = " ".join(line.strip() for line in text.splitlines())
    places = [m.start() for m in re.finditer(starts, flat)]
    if not places or places[0]:
        yield from (_inline(flat[: places[0] if places else None].strip().rstrip(";:")), "")
    for start, end in pairwise([*places, len(flat)]):
        words, _, rest = flat[start:end].strip().partition(": ")
        if words.startswith("Raise"):
            yield from ("", _inline(flat[start:end].strip()), "")
        else:
            yield f"- **{words}**: {_inline(rest)}"
    yield ""


def _inline(text: str) -> str:
    """Return a sentence with its backticks as literals, and nothing else that is markup."""
    parts = text.split("`")
    return "".join(
        f"``{part}``" if k % 2 else re.sub(r"([\\*|])|(?<=\w)_(?=\W|$)", r"\\\g<0>", part)
        for k, part in enumerate(parts)
    )


def _as_written(app: Any, what: str, name: str, thing: Any, *rest: Any) -> tuple[str, None] | None:
    """Return the signature of a class whose base stands for one of PyTorch, and hides it."""
    if what != "class" or not name.startswith("kolam.training."):
        return None
    signature = inspect.signature(thing.__init__)
    shown = [each for each in signature.parameters.values() if each.name != "self"]
    return stringify_signature(
        signature.replace(parameters=shown, return_annotation=signature.empty),
        unqualified_typehints=True,
    ), None


def setup(app: Any) -> None:
    """Tell Sphinx of the above."""
    app.connect("autodoc-process-docstring", _as_rest)
    app.connect("autodoc-process-signature", _as_written)
