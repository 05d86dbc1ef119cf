"""zh_CN.po: a translation for each text that a page or a help prints.

Read as it lies in the repository: a compiled catalogue would have to be built, and could be older than its source. Of the format
(GNU gettext manual, "The Format of PO Files") it has comments, `msgid` and `msgstr`; no contexts and no plurals.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from streams.locale.language import Language

Say = Callable[[str], str]
"""Puts an English text into the language of a page."""

PATH = Path(__file__).parent / "zh_CN.po"
HEADER = "Language: zh_CN\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
_LINE = re.compile(r'^(?:(msgid|msgstr) )?("(?:[^"\\]|\\.)*")$')


class CatalogueError(Exception):
    """A line that is none of a catalogue's."""


def read(text: str) -> dict[str, str]:
    """Translations by English text, without the header. Raises CatalogueError."""
    entries: list[dict[str, str]] = []
    part = ""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None:
            raise CatalogueError(f"line {number} is {line!r}; expected msgid, msgstr or a text in quotes")
        part = found[1] or part
        if found[1] == "msgid":
            entries.append({"msgid": "", "msgstr": ""})
        if not entries:
            raise CatalogueError(f"line {number} is {line!r}; expected a msgid first")
        entries[-1][part] += msgspec.json.decode(found[2], type=str)
    found_twice = {entry["msgid"] for entry in entries if [other["msgid"] for other in entries].count(entry["msgid"]) > 1}
    if found_twice:
        raise CatalogueError(f"translated twice: {min(found_twice)!r}")
    return {entry["msgid"]: entry["msgstr"] for entry in entries if entry["msgid"]}


def written(translations: Mapping[str, str], places: Mapping[str, str]) -> str:
    """The file. *places*: each text that is printed, in order, and on which page."""
    lines = [
        "# im-relay in Chinese. `make pages` adds the texts that are new, and removes those that nothing prints any more.",
        'msgid ""',
        'msgstr ""',
    ]
    lines += [_quoted(line) for line in HEADER.splitlines(keepends=True)]
    for text, page in places.items():
        lines += ["", f"#: {page}", f"msgid {_quoted(text)}", f"msgstr {_quoted(translations.get(text, ''))}"]
    return "\n".join(lines) + "\n"


@cache
def chinese() -> Mapping[str, str]:
    return read(PATH.read_text(encoding="utf-8"))


def speaker(language: Language) -> Say:
    """A text without a translation stays English."""
    return same if language == "en" else lambda text: chinese().get(text) or text


def same(text: str) -> str:
    return text


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
