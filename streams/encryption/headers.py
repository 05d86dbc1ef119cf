"""Headers of records that are encrypted, and of those that come from them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from converters.routing.user_ids import fold

SEALED = "relay-k"
"""The first header of a record that is encrypted, and of what was read of one: which keys it is under. What follows from that record and bears
this header is encrypted under the same person's key."""
AUTHOR = "relay-author"
"""The owner of the key, as `owner` writes it, for a record that follows from no other; it never gets to a broker."""
LOST = "relay-lost"
"""On a record that was read without its content; none of this name is believed that comes from a broker."""
OURS = frozenset({SEALED, AUTHOR, LOST})

SEALED_VERSION = 1000
"""Is added to the version of a record that is encrypted: a release that cannot decrypt it says that it is too new."""

PERSON = 16
"""Bytes of the id of a person's key."""

Lost = Literal["discarded", "altered"]
"""Why a record has no content: its key was thrown away; or it is not what was encrypted there."""


class LostHeader(NamedTuple):
    """The first header of a record that was read without its content: what comes from a broker is a plain tuple."""

    name: str
    value: bytes


Headers = list[tuple[str, bytes]]
_NONE: Headers = []


def owner(platform: str, user: str) -> bytes:
    """Whose key it is: how *platform* calls that person; with "" for the platform, by the canonical name. No *user*: nobody's."""
    return f"{platform}\x1f{fold(user)}".encode() if user else b""


def lost_header(why: Lost) -> LostHeader:
    return LostHeader(LOST, why.encode())


def is_lost(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether the record was read without its content."""
    return bool(headers) and isinstance(headers[0], LostHeader)


def person_of(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """The id of the key of the person under which a record was encrypted; empty where it was not."""
    return headers[0][1][:PERSON] if headers and headers[0][0] == SEALED else b""


def inherited(headers: Sequence[tuple[str, bytes]]) -> Headers:
    """What a record that follows from the one with *headers*, as it was read, has to bear."""
    return [headers[0]] if headers and headers[0][0] == SEALED else _NONE
