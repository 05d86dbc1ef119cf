"""Which encoding a file of a customer's export has: by its byte order mark, or by what its bytes can be."""

import codecs
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from backports import zstd

from converters.core.localized import localized
from streams.migrate.errors import SourceError
from streams.migrate.listing import shown

BROKEN = (OSError, EOFError, ValueError, zlib.error, zstd.ZstdError)
"""What reading a file can raise: it is gone, or not what it should be."""
SAMPLE = 1 << 20
_PIECE = 1 << 16
LOOKED_AT = 256 << 20
"""Bytes of pure ASCII after which UTF-8 is believed."""

BOM = "\ufeff"
WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
"""Of which a line end has several bytes."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FEW = 0.01
"""Of all lines: so many may be broken where no encoding fits those that are not ASCII."""
NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16LE",
    "utf-16-be": "UTF-16BE",
    "utf-32": "UTF-32",
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
    lines = _telling(sample)
    if _share_of_errors(lines, "utf-8") < 0.5:
        return "utf-8"
    if _share_of_errors(lines, "gb18030") < 0.1 and _is_simplified(lines):
        return "gb18030"
    if len(lines) <= max(1, _FEW * sample.count(b"\n")):
        return "utf-8"
    raise SourceError(
        localized(
            '{name}: neither UTF-8, UTF-16 nor GB18030: name its encoding in the mapping (encoding = "…")', name=shown(path, path.parent)
        )
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


def _telling(sample: bytes) -> list[bytes]:
    """The lines that are not ASCII; the first and the last may be cut."""
    lines = sample.split(b"\n")
    return [line for line in lines[1:-1] if not line.isascii()] or [line for line in lines if not line.isascii()]


def _share_of_errors(lines: list[bytes], name: str) -> float:
    """Of *lines*, how many cannot be decoded."""
    return sum(not _decodes(line, name) for line in lines) / len(lines) if lines else 0.0


def _is_simplified(lines: list[bytes]) -> bool:
    """Whether nearly all characters are such as GB2312 has: Big5 and Shift-JIS pass for GB18030 as well, and become others in it."""
    text = b"\n".join(lines).decode("gb18030", "ignore")
    beyond = [char for char in text if "\x7f" < char < "\U00010000"]  # emoji tell nothing
    return sum(_is_common(char) for char in beyond) >= 0.8 * len(beyond)


@lru_cache(10_000)
def _is_common(char: str) -> bool:
    raw = char.encode("gb18030")
    return len(raw) == 2 and raw[0] >= 0xA1 and raw[1] >= 0xA1


def _decodes(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True
