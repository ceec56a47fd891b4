"""What an error says: one sentence, on one line, of what must be and what was."""

import re
from dataclasses import fields
from difflib import get_close_matches

import click

LONGEST = 500  # characters of a sentence
_KINDS = {"integer": "an integer", "float": "a number"}


def sentence(error: BaseException) -> str:
    """Return what an error says, on one line."""
    if isinstance(error, click.ClickException):
        text = _said(error)
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, MemoryError):
        text = "there must be memory enough for what is asked, and there is not"
    else:
        text = str(error) or type(error).__name__
    text = " ".join(text.split()).removesuffix(".")
    guess = _meant(text)
    if len(text) > LONGEST:  # a value that was given may be of any length
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 4 :]}"
    return text + guess


def _said(error: click.ClickException) -> str:
    """Return what click says in the words that we use."""
    text = error.format_message()
    if isinstance(error, click.MissingParameter):
        return re.sub(r"Missing \w+ '(.*?)'.*", r"\1 must be given", text)
    told = re.fullmatch(r"Invalid value for '(.*?)': ('.*') is not a valid (\w+)\.", text)
    if told and told[3] in _KINDS:
        return f"{told[1]} must be {_KINDS[told[3]]}, not {told[2]}"
    if isinstance(error, click.NoSuchOption) and (key := _key(error)):
        return (
            f"no such option {error.option_name!r}; a key of the configuration: --set {key}=VALUE"
        )
    return text[:1].lower() + text[1:]


def _key(error: click.NoSuchOption) -> str:
    """Return the key of a configuration that is meant by an option, or nothing."""
    from kolam.generators import ENGINES

    key = error.option_name.lstrip("-").replace("-", "_")
    known = {field.name for room in ENGINES.values() for field in fields(room.Config)}
    takes = error.ctx and any(each.name == "pairs" for each in error.ctx.command.params)
    return key if takes and key in known else ""


def _meant(text: str) -> str:
    """Return a guess at what was meant, if a sentence tells what there is and what was given."""
    told = re.fullmatch(r".* must be (?:one of |among )(.*), not '([\w-]{1,64})'", text)
    near = get_close_matches(told[2], re.findall(r"[\w.-]+", told[1]), n=1) if told else []
    return f"; did you mean {near[0]}?" if near else ""
