"""A file of an export, unpacked, and its lines as text."""

import codecs
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from backports import zstd

from streams.migrate.encoding import WIDE

LONGEST = 1 << 20
"""Bytes of a line; of text, characters."""
ODD = "\udc80"
"""Stands in a text for bytes that its encoding does not have; it is among what `surrogateescape` makes."""
_MARK = "im-relay-odd"
codecs.register_error(_MARK, lambda error: (ODD, getattr(error, "end", 0)))


def opened(path: Path) -> BinaryIO:
    """*path* unpacked, whichever way it is packed. Raises OSError."""
    match path.suffix.lower():
        case ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".zst":
            return cast(BinaryIO, zstd.open(path, "rb"))
        case _:
            return path.open("rb", buffering=1 << 20)


class Opened:
    """A file that is read line by line, and how far it has been read as it lies on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw: IO[bytes] | None = None
        self.size = path.stat().st_size

    def open(self) -> BinaryIO:
        raw = self._raw = self._path.open("rb", buffering=1 << 20)
        match self._path.suffix.lower():
            case ".gz":
                return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
            case ".zst":
                return cast(BinaryIO, zstd.ZstdFile(raw))
            case _:
                return raw

    def done(self) -> int:
        try:
            return self._raw.tell() if self._raw is not None else 0
        except ValueError:  # it is closed: it has been read
            return self.size


def text_lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with their ends; what cannot be decoded becomes surrogates. Of a line of more than `LONGEST` characters, the first of them: see `overlong`."""
    reader = io.TextIOWrapper(file, encoding=encoding, errors=_MARK if encoding in WIDE else "surrogateescape", newline="")
    while line := reader.readline(LONGEST):
        yield line
        while overlong(line):
            line = reader.readline(LONGEST)


def overlong(line: str) -> bool:
    """Whether *line* goes on where it was cut."""
    return len(line) >= LONGEST and line[-1] not in "\r\n"


def stamp(path: Path) -> str:
    told = path.stat()
    return f"{told.st_size}-{told.st_mtime_ns}"
