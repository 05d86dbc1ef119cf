"""HTML in which nothing that comes from outside can be anything but text.

A page is a tree of elements; text becomes markup at one place, below, which escapes it. There is no way to put a string in as markup.
"""

import re
from collections.abc import Iterable
from html import escape

from streams.observe.printable import clean

VOID = frozenset({"br", "input", "link", "meta"})
TAGS = VOID | frozenset(
    [
        "a",
        "body",
        "button",
        "caption",
        "code",
        "details",
        "div",
        "dl",
        "dd",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "label",
        "li",
        "main",
        "nav",
        "option",
        "p",
        "select",
        "span",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "textarea",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
_ATTRIBUTE = re.compile(r"[a-z][a-z-]*")
_LINKS = frozenset({"href", "action", "src"})


class Element:
    """*attributes* that are None or False are left out, True stands without a value; a trailing `_` of a name is taken off, others become `-`."""

    def __init__(self, tag: str, *children: object, **attributes: str | int | bool | None) -> None:
        assert tag in TAGS, tag
        self.tag = tag
        self.children = children
        self.attributes = attributes

    def __str__(self) -> str:
        out: list[str] = []
        self._write(out)
        return "".join(out)

    def _write(self, out: list[str]) -> None:
        out.append(f"<{self.tag}")
        for name, value in self.attributes.items():
            if value is None or value is False:
                continue
            key = name.rstrip("_").replace("_", "-")
            assert _ATTRIBUTE.fullmatch(key), key
            assert not key.startswith("on"), "no script"
            assert key != "style", "the policy allows none"
            if key in _LINKS:
                assert re.match(r"/(?![/\\])", str(value)), "links stay on this page"
            out.append(f" {key}" if value is True else f' {key}="{escape(_plain(str(value)))}"')
        out.append(">")
        if self.tag in VOID:
            return
        _write(self.children, out)
        out.append(f"</{self.tag}>")


def h(tag: str, *children: object, **attributes: str | int | bool | None) -> Element:
    return Element(tag, *children, **attributes)


def document(root: Element) -> bytes:
    return f"<!DOCTYPE html>\n{root}\n".encode()


def _write(part: object, out: list[str]) -> None:
    match part:
        case None:
            return
        case Element():
            part._write(out)  # noqa: SLF001 - of this module
        case str():
            out.append(escape(_plain(part)))
        case int() | float():
            out.append(f"{part:,}")
        case Iterable():
            for each in part:
                _write(each, out)
        case _:
            raise TypeError(f"{type(part).__name__} is no part of a page")


def _plain(text: str) -> str:
    """Characters that turn a line around, or hide in it, are written out; those of an attribute that a form gives back, too."""
    return clean(text) if not text.isprintable() else text
