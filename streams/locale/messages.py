"""What a command says to the person who runs it, in that person's language."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from streams.locale.catalogue import speaker
from streams.locale.language import of_environment

SPEAKERS = ("cli", "migrate")
"""Packages of `streams` that call `translated`."""


def translated(text: str, **values: object) -> str:
    """*text*, translated, with *values* in its `{names}`. The text has to be a literal: the catalogue is collected from the source."""
    said = speaker(of_environment())(text)
    return said.format(**values) if values else said


@cache
def collected() -> tuple[str, ...]:
    """Each text that is given to `translated`, in the order of the files. Raises ValueError for one that is no literal."""
    root = Path(__file__).parents[1]
    paths = (path for package in SPEAKERS for path in sorted((root / package).rglob("*.py")))
    return tuple(dict.fromkeys(text for path in paths for text in _texts(path)))


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="translated"), args=[ast.Constant(value=str() as text)]):
                yield text
            case ast.Call(func=ast.Name(id="translated")):
                raise ValueError(f"{path.name}:{node.lineno}: translated() takes one literal text, and values by name")
            case _:
                pass
