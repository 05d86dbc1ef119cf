"""Where what a simulator does comes from: a page or an SDK of its vendor for each endpoint and callback, and what of it is a guess."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct


class Page(Struct, frozen=True):
    """A page of the vendor's, by its title, or an SDK; ``date`` is when it was written, as far as it says so, or was read.

    An SDK in a ``language`` is a source of what it was seen to call alone.
    """

    title: str
    date: str
    language: str = ""


class Guess(Struct, frozen=True):
    """What no page says, in English and Chinese; the row of docs/unverified.md about it begins with ``row``."""

    english: str
    chinese: str
    row: str


class Known(Struct, frozen=True):
    """What matches ``like`` (an endpoint as ``METHOD /path``, or a callback's name) is known from ``pages``."""

    like: str
    pages: tuple[Page, ...]
    guesses: tuple[Guess, ...] = ()


class Sources(Struct, frozen=True):
    """Of one simulator; ``callbacks`` are the names of what it calls back."""

    name: tuple[str, str]
    endpoints: tuple[Known, ...]
    callbacks: dict[str, tuple[str, str]]
    told: tuple[Known, ...]


def found(subject: str, known: Iterable[Known]) -> Known | None:
    """The first that matches the whole of *subject*."""
    return next((one for one in known if re.fullmatch(one.like, subject)), None)


def rows(subjects: Iterable[tuple[str, str]], known: Iterable[Known], language: int) -> Iterator[str]:
    """A row for each subject and what stands beside it. Raises LookupError for one without a source."""
    for subject, beside in subjects:
        source = found(subject, known)
        if source is None:
            raise LookupError(f"{subject}: no page says it")
        known_from = [page for page in source.pages if not page.language or page.language in beside]
        if not known_from:
            raise LookupError(f"{subject}: no SDK has called it, and no page says it")
        pages = "<br>".join(f"{page.title} ({page.date})" if not language else f"{page.title}（{page.date}）" for page in known_from)
        guesses = "<br>".join(guess.chinese if language else guess.english for guess in source.guesses) or "-"
        yield f"| `{subject}` | {beside or '-'} | {pages} | {guesses} |"
