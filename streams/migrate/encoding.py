"""Which encoding a file of a customer's export has: by its byte order mark, or by what its bytes can be."""

import codecs
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from backports import zstd

from converters.core.localized import localized
from streams.migrate.errors import SourceError

BROKEN = (OSError, EOFError, ValueError, zlib.error, zstd.ZstdError)
"""What reading a file can raise: it is gone, or not what it should be."""
SAMPLE = 1 << 20
_PIECE = 1 << 16
LOOKED_AT = 256 << 20
"""Bytes of pure ASCII after which UTF-8 is believed."""

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "gb18030": "GB18030",
}


def recognise(path: Path, opened: Callable[[Path], BinaryIO]) -> str:
    """The name of a codec. Raises SourceError where it is none that is known, and OSError where the file cannot be opened."""
    with opened(path) as file:
        pieces = _pieces(file)
        first = b"".join(islice(pieces, SAMPLE // _PIECE))
        for mark, name in _MARKS:
            if first.startswith(mark):
                return name
        wide = _wide(first)
        if wide:
            return wide
        sample, seen = first, len(first)
        while sample.isascii() and seen < LOOKED_AT:
            sample = next(pieces, b"")
            if not sample:
                return "utf-8"
            seen += len(sample)
        sample += b"".join(islice(pieces, SAMPLE // _PIECE))
    # Chinese in GB18030 is hardly ever UTF-8, while UTF-8 often passes for GB18030: a file with some bad lines is still UTF-8.
    for name, most in (("utf-8", 0.5), ("gb18030", 0.1)):
        if _share_of_errors(sample, name) < most:
            return name
    raise SourceError(
        localized('{name}: neither UTF-8, UTF-16 nor GB18030: name its encoding in the mapping (encoding = "…")', name=path.name)
    )


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """What can be read of *file*: that it is broken is told by whoever reads all of it."""
    try:
        while piece := file.read(_PIECE):
            yield piece
    except BROKEN:
        return


def known(name: str) -> str:
    """The codec that *name* means. Raises SourceError."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise SourceError(
            localized("encoding = {name!r} is none that Python knows; usual are utf-8, utf-16, gb18030, big5", name=name)
        ) from None


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark: every other byte of ASCII is zero."""
    head = sample[:4096]
    if len(head) < 4 or not head.count(0):
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    most = len(head) // 2
    return "utf-16-le" if odd > most * 0.3 and even < most * 0.05 else "utf-16-be" if even > most * 0.3 and odd < most * 0.05 else ""


def _share_of_errors(sample: bytes, name: str) -> float:
    """Of the lines of *sample* that are not ASCII, how many cannot be decoded; the first and the last may be cut."""
    lines = sample.split(b"\n")
    telling = [line for line in lines[1:-1] if not line.isascii()] or [line for line in lines if not line.isascii()]
    return sum(not _decodes(line, name) for line in telling) / len(telling) if telling else 0.0


def _decodes(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True
