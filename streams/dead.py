"""Dead letters: what could not be carried, whole, with what a person needs to decide about it."""

from typing import Literal

import msgspec
from msgspec import Struct

Whose = Literal["ours", "theirs"]


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record of the topic `dead-letters`. *detail* holds ids and never what was said; *value* holds everything."""

    stage: str
    cause: str
    """A short, fixed word, which is counted."""
    detail: str
    whose: Whose
    """`theirs`: the platform's or its users' doing. `ours`: settings, identities or a defect; it can be replayed when mended."""
    attempts: int
    at: int
    """Milliseconds since 1970."""
    topic: str
    partition: int
    offset: int
    key: bytes = b""
    """The record's own, so that it can be put back as it was."""
    value: bytes
    headers: dict[str, bytes] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeadLetter).decode


def dump(letter: DeadLetter) -> bytes:
    return _encode(letter)


def load(raw: bytes) -> DeadLetter:
    """Raises msgspec.DecodeError."""
    return _decode(raw)
