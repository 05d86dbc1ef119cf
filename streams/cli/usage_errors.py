"""What typer says of a command line that it cannot read, in the language of the person who wrote it.

Its texts are English only, and nothing of them can be told apart but by their words. English stays as typer has it.
"""

import re
from typing import Any

from converters.core.localized import Localized, localized
from streams.locale.catalogue import speaker
from streams.locale.language import of_environment
from streams.locale.messages import shown


def usage_error(error: Any) -> str:
    """*error* is one of typer's; its classes have no public names."""
    language = of_environment()
    return str(error.format_message()) if language == "en" else shown(_said(error), speaker(language))


def _said(error: Any) -> Localized:
    param = getattr(error, "param", None)
    hint = getattr(error, "param_hint", None) or (param.get_error_hint() if param is not None else "")
    match type(error).__name__:
        case "NoSuchOption":
            there = ", ".join(sorted(error.possibilities or ()))
            advice = localized("; did you mean {name}?", name=there) if there else ""
            return localized("no such option: {name}{advice}", name=error.option_name, advice=advice)
        case "MissingParameter":
            return localized("{name} is missing", name=hint)
        case "BadParameter":
            return localized("{name}: {why}", name=hint, why=_words(error.message)) if hint else _words(error.message)
        case _:
            return _words(error.format_message())


def _words(text: str) -> Localized:
    if isinstance(text, Localized):
        return text
    if found := re.fullmatch(r"Value (.+) is not a valid (.+)\.", text):
        return localized("{value} is no {kind}", value=found[1], kind=_kind(found[2]))
    if found := re.fullmatch(r"(.+) is not one of (.+)\.", text):
        return localized("{value} is none of {expected}", value=found[1], expected=found[2])
    if found := re.fullmatch(r"Got unexpected extra argument\(s\) \((.+)\)", text):
        return localized("these arguments are too many: {names}", names=found[1])
    if found := re.fullmatch(r"No such command (.+?)\.(?: .*)?", text, re.DOTALL):
        return localized("no such command: {name}", name=found[1])
    if found := re.fullmatch(r"Option (.+) requires an argument\.", text):
        return localized("{name} needs a value", name=found[1])
    if found := re.fullmatch(r"Option (.+) does not take a value\.", text):
        return localized("{name} takes no value", name=found[1])
    if found := re.match(r"Input should be a valid (integer|number)", text):
        return localized("expected a {kind}", kind=_kind("int" if found[1] == "integer" else "float"))
    return localized("Missing command.") if text == "Missing command." else Localized(text)


def _kind(name: str) -> str:
    match name:
        case "int" | "integer":
            return localized("whole number")
        case "float":
            return localized("number")
        case _:
            return name
