"""What a command says to the person who runs it, in that person's language."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from converters.core.localized import Localized, text_of
from streams.locale.catalogue import Say, speaker
from streams.locale.language import of_environment

MAKERS = ("localized", "messages")
"""Modules of the functions that are looked for."""


def translated(text: str, /, **values: object) -> str:
    """*text*, translated, with *values* in its `{names}`. The text has to be a literal: the catalogue is collected from the source."""
    return shown(Localized(text, **values), speaker(of_environment()))


def shown(text: str, say: Say) -> str:
    """*text* in the language of *say*, with all that it is made of."""
    if not isinstance(text, Localized):
        return text
    said = say(text.template)
    return said.format(**{name: _shown(value, say) for name, value in text.values.items()}) if text.values else said


def _shown(value: object, say: Say) -> object:
    if isinstance(value, BaseException):
        return shown(text_of(value), say)
    return shown(value, say) if isinstance(value, Localized) else value


@cache
def collected() -> tuple[str, ...]:
    """Each text that is given to `translated` or `localized`, in the order of the files. Raises ValueError for one that is no literal."""
    root = Path(__file__).parents[2]
    paths = (path for package in ("converters", "streams") for path in sorted((root / package).rglob("*.py")) if path.stem not in MAKERS)
    return tuple(dict.fromkeys(text for path in paths for text in _texts(path)))


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="translated" | "localized"), args=[ast.Constant(value=str() as text)]):
                yield text
            case ast.Call(func=ast.Name(id="translated" | "localized" as name)):
                raise ValueError(f"{path.name}:{node.lineno}: {name}() takes one literal text, and values by name")
            case _:
                pass
