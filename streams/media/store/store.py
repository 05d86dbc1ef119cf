"""What the media role asks of a store, and what it is answered."""

from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

Reason = Literal[
    "store-away",  # no answer, or an answer of somebody between
    "store-busy",
    "store-full",
    "store-refused",  # keys, secrets, clock, bucket: a person has to look
    "store-too-large",
    "store-changed",  # what came is not what was announced
]


class StoredObject(Struct, frozen=True):
    url: str
    lives: float = 0.0
    """Seconds for which *url* holds; 0 is for ever."""


class StoreFailed(Struct, frozen=True):
    reason: Reason
    again: bool
    """Putting it once more may help, and never harms."""
    after: float = 0.0
    """Seconds to wait before."""


class MediaStore(Protocol):
    """The same file, put again for the same app, is not uploaded again while it lives."""

    async def put(self, path: Path, *, name: str, mime: str, digest: str, app: str) -> StoredObject | StoreFailed:
        """*digest* is the SHA-256 of the file's content in hex; *name* and *mime* are anybody's words, and are made harmless.

        *app* is the one whose people will read it: its files lie in a folder of their own.
        """
        ...

    async def close(self) -> None: ...
