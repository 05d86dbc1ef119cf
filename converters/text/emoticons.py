"""Emoticon codes of the vendors' UI kits, such as `[大笑]`, and the Unicode emoji that every client shows.

A kit draws its codes as pictures; elsewhere people would read the code. Each platform has the table of its own kit.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct, structs

from converters.core.bodies import Body, Notice, Text
from converters.core.model import Delivery
from converters.core.operations import Edit, Post, Quote
from converters.platform import Decoded, DecodedEvent

Emoticons = Literal["both", "read", "off"]
"""Codes are read and written, read alone, or left as they are."""

_CODE = re.compile(r"\[[^\[\]\n]{1,16}\]")
_JOINED = "(?![\U0001f3fb-\U0001f3ff\u200d\u20e3])"
"""Neither the first of several signs that are one, nor one with a colour."""


class Table(Struct, frozen=True):
    """*emoji* of a code; *write* of a text with emoji, "" codes where the kit has them."""

    read: Callable[[str], str]
    write: Callable[[str], str]


def table(codes: Mapping[str, str]) -> Table:
    """Of *codes*, each in its brackets, and their emoji; of several codes for one emoji the first is written."""
    back: dict[str, str] = {}
    for code, emoji in codes.items():
        back.setdefault(emoji.rstrip("\ufe0f"), code)
    signs = "|".join(re.escape(sign) for sign in sorted(back, key=len, reverse=True))
    pattern = re.compile(f"(?<!\u200d)({signs})\ufe0f?+{_JOINED}")

    def read(text: str) -> str:
        return _CODE.sub(lambda found: codes.get(found[0], found[0]), text) if "[" in text else text

    def write(text: str) -> str:
        return text if text.isascii() else pattern.sub(lambda found: back[found[1]], text)

    return Table(read, write)


def read_in(decoded: tuple[Decoded, ...], read: Callable[[str], str]) -> tuple[Decoded, ...]:
    """*decoded* with emoji in place of codes: in what is said, what it has become, and what it answers."""
    if len(decoded) == 1:
        return (_read(decoded[0], read),)
    return tuple(_read(one, read) for one in decoded)


def _read(one: Decoded, read: Callable[[str], str]) -> Decoded:
    if not isinstance(one, DecodedEvent) or not isinstance(one.event.operation, Post | Edit):
        return one
    operation = _changed(one.event.operation, read)
    if operation is one.event.operation:
        return one
    elsewhere = tuple(found for each in one.elsewhere if isinstance(found := _read(each, read), DecodedEvent))
    return structs.replace(one, event=structs.replace(one.event, operation=operation), elsewhere=elsewhere)


def written_in(delivery: Delivery, write: Callable[[str], str]) -> Delivery:
    """*delivery* with the kit's codes in place of emoji."""
    operation = delivery.event.operation
    if not isinstance(operation, Post | Edit):
        return delivery
    changed = _changed(operation, write)
    return delivery if changed is operation else structs.replace(delivery, event=structs.replace(delivery.event, operation=changed))


def _changed(operation: Post | Edit, change: Callable[[str], str]) -> Post | Edit:
    body = _body(operation.body, change)
    if isinstance(operation, Edit):
        return operation if body is operation.body else structs.replace(operation, body=body)
    quote = operation.quote and _quote(operation.quote, change)
    return operation if body is operation.body and quote is operation.quote else structs.replace(operation, body=body, quote=quote)


def _body(body: Body, change: Callable[[str], str]) -> Body:
    if not isinstance(body, Text | Notice):
        return body
    text = change(body.text)
    return body if text == body.text else structs.replace(body, text=text)


def _quote(quote: Quote, change: Callable[[str], str]) -> Quote:
    text = change(quote.text)
    return quote if text == quote.text else structs.replace(quote, text=text)
