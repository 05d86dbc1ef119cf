"""A body on its way into a file: bounded as it comes and as it unpacks, and digested."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from hashlib import md5, sha256
from pathlib import Path
from threading import Lock
from typing import IO, Literal, Self

from msgspec import Struct

Packed = Literal["", "gzip", "deflate"]
Trouble = Literal["too-large", "encoding", "length", "disk"]

_PIECE = 64 * 1024
"""Bytes that are unpacked at a time."""


class WrittenFile(Struct, frozen=True):
    size: int
    sha256: str
    md5: str


class FileWriter:
    """Open as a context; `take` what comes, then `end`. Without an `end` that went well there is no file after it.

    *largest* bounds both the bytes that come and those that they unpack to. `take` and `end` may run on a thread: they
    and the closing wait for each other.
    """

    def __init__(self, into: Path, largest: int, packed: Packed) -> None:
        self._into, self._largest, self._packed = into, largest, packed
        self._came = self._size = 0
        self._inflate: zlib._Decompress | None = None
        self._sha256, self._md5 = sha256(), md5(usedforsecurity=False)
        self._file: IO[bytes] | None = None
        self._lock = Lock()
        self._trouble: Trouble | None = None
        self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._lock:
            self._trouble = self._trouble or "length"  # for what is still on its way to a thread
            with suppress(OSError):
                self._close()
            if kind is not None or not self._whole:
                with suppress(OSError):
                    self._into.unlink(missing_ok=True)

    def take(self, data: bytes) -> Trouble | None:
        with self._lock:
            if self._trouble is None:
                self._trouble = self._taken(data)
            return self._trouble

    def end(self) -> WrittenFile | Trouble:
        with self._lock:
            if self._trouble is not None:
                return self._trouble
            if self._inflate is not None and not self._inflate.eof:
                return "length"
            try:
                self._opened()  # which an empty body has not
                self._close()
            except OSError:
                return "disk"
            self._whole = True
        return WrittenFile(self._size, self._sha256.hexdigest(), self._md5.hexdigest())

    def _taken(self, data: bytes) -> Trouble | None:
        self._came += len(data)
        if self._came > self._largest:
            return "too-large"
        try:
            for piece in self._unpacked(data) if self._packed else (data,):
                self._size += len(piece)
                if self._size > self._largest:
                    return "too-large"
                self._sha256.update(piece)
                self._md5.update(piece)
                self._opened().write(piece)
        except zlib.error:
            return "encoding"
        except OSError:
            return "disk"
        return None

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = os.fdopen(os.open(self._into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        """Raises zlib.error. What follows the end is an error too: a second member costs more than it is ever sent for."""
        if self._inflate is None:
            if not data:
                return
            # Some send bare deflate for "deflate", and not the zlib that is meant.
            bare = data[0] & 0x0F != 8
            self._inflate = zlib.decompressobj(31 if self._packed == "gzip" else -15 if bare else 15)
        inflate = self._inflate
        while not inflate.eof:
            piece = inflate.decompress(data, _PIECE)
            data = inflate.unconsumed_tail
            if piece:
                yield piece
            elif not data and not inflate.eof:
                return
        if inflate.unused_data or data:
            raise zlib.error
