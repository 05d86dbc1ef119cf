"""Texts for people that are English as they are, and are put into another language where they are shown."""

from collections.abc import Mapping, Sequence
from typing import Self


class Localized(str):
    """An English text, with what it was made of. `str` of it is what logs and programs are given."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.values = template, values
        return made

    def __getnewargs__(self) -> tuple[str]:  # copied and unpickled, it is a text without parts
        return (str(self),)


class ReportedError(Exception):
    """What ends a command or a role: a person is told its text, in that person's language."""

    def __init__(self, text: Localized) -> None:
        super().__init__(text)


def localized(template: str, /, **values: object) -> Localized:
    """*template* with *values* in its `{names}`. It has to be a literal: the catalogue is collected from the source.

    Values may themselves be such texts, or errors that were raised with one.
    """
    return Localized(template, **values)


def joined(parts: Sequence[str], between: str) -> Localized:
    """*parts*, with *between* between them; each keeps its own parts."""
    template = "{between}".join(f"{{part{number}}}" for number in range(len(parts)))
    return Localized(template, **{f"part{number}": part for number, part in enumerate(parts)}, between=between)


def text_of(error: BaseException) -> Localized:
    """What *error* was raised with; as it is, where it was raised with another text."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Localized) else Localized(str(error))
