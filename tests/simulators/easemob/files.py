"""Files that were uploaded. Source: "Easemob: upload and download files"."""

import struct
import zlib
from time import monotonic
from typing import Any
from uuid import uuid4

from msgspec import Struct

OWN_THUMBNAIL = 10 * 1024
"""Bytes up to which a picture is its own thumbnail."""


class File(Struct, frozen=True, kw_only=True):
    """``thumbnail`` is the size in pixels that was asked for when it came."""

    id: str
    secret: str
    content: bytes
    type: str
    restricted: bool
    thumbnail: tuple[int, int]
    end: float

    def small(self) -> tuple[bytes, str] | None:
        """Its thumbnail with its type; None when it is no picture."""
        if not self.type.startswith("image/"):
            return None
        if len(self.content) <= OWN_THUMBNAIL:
            return self.content, self.type
        return grey(*self.thumbnail), "image/png"


class Files:
    """Kept until told otherwise, and *life* seconds at most: what has expired is still known by name."""

    def __init__(self, life: float) -> None:
        self._life = life
        self._files: dict[str, File] = {}

    def keep(self, content: bytes, kind: str, thumbnail: tuple[int, int], *, restricted: bool) -> File:
        file = File(
            id=str(uuid4()),
            secret=uuid4().hex[:22],
            content=content,
            type=kind,
            restricted=restricted,
            thumbnail=thumbnail,
            end=monotonic() + self._life,
        )
        self._files[file.id] = file
        return file

    def put(self, file: File) -> None:
        """In the place of the one of the same id."""
        self._files[file.id] = file

    def find(self, file_id: str) -> File | None:
        return self._files.get(file_id)

    def forget(self, url: Any) -> None:
        """Delete the file that a message's *url* names, if one is ours."""
        if isinstance(url, str):
            self._files.pop(url.rpartition("/")[2], None)


def grey(width: int, height: int) -> bytes:
    """A picture of that size: the simulator cannot make another smaller."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = (b"\0" + b"\x80" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
