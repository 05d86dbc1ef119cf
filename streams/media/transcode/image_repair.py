"""Pictures that every viewer shows and Pillow refuses, written so that it reads them: without what is beside the picture, with an end.

Sources: W3C "Portable Network Graphics", ITU-T T.81 (JPEG), JEITA CP-3451 (EXIF), Google's "WebP Container Specification".
"""

import re
import zlib
from collections.abc import Iterator

from msgspec import Struct

_PNG = b"\x89PNG\r\n\x1a\n"
_PARTS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"acTL", b"fcTL", b"fdAT"})
"""Chunks without which the picture is another one."""
_END = b"IEND"
_TIFF = (b"II*\0", b"MM\0*")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By PNG's colour type."""
_APP, _COMMENT, _JFIF, _ADOBE = range(0xE0, 0xF0), 0xFE, 0xE0, 0xEE
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers of JPEG without a length."""
_SCAN, _STOP = 0xDA, 0xD9
_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""One with a length, or the end, within a scan."""
_LEAST = 16
"""Bytes of a scan below which nothing is seen."""


class Mended(Struct, frozen=True):
    content: bytes
    shown: bool = True
    """Viewers show the picture without it, so that it goes as it came; else this is what they want."""


def mended(content: bytes, name: str) -> Mended | None:
    """The picture in *content*, which begins as a *name*; None where there is none to be seen, or nothing to mend."""
    match name:
        case "png":
            return _png(content)
        case "jpeg":
            return _jpeg(content)
        case "webp":
            return _webp(content)
        case _:
            return Mended(content)


def _png(content: bytes) -> Mended | None:
    written, data, header, shown = [_PNG], bytearray(), b"", True
    for kind, body, right in _chunks(content):
        if kind == b"IHDR":
            header = body
        if kind == b"IDAT":
            data += body
        shown = shown and (right or kind not in _PARTS)
        if kind in _PARTS or (kind == b"eXIf" and right and body.startswith(_TIFF)):
            written.append(_chunk(kind, body))
    if len(header) != 13 or not _unpacks(bytes(data), header):
        return None
    return Mended(b"".join((*written, _chunk(_END, b""))), shown)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, content, and whether its checksum is right; of a picture that is cut, the last as far as it goes, whose sum nobody can know."""
    at = len(_PNG)
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if not kind.isalpha() or kind == _END:
            return
        body, checked = content[at + 8 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        yield kind, body, len(checked) < 4 or int.from_bytes(checked, "big") == zlib.crc32(kind + body)
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def _unpacks(data: bytes, header: bytes) -> bool:
    """Whether there is at least a row of it."""
    row = (int.from_bytes(header[:4], "big") * header[8] * _CHANNELS.get(header[9], 4) + 7) // 8
    if header[12]:  # interlaced: the first rows hold every eighth pixel
        row = row // 8
    try:
        return len(zlib.decompressobj().decompress(data, row + 1)) > row
    except zlib.error:
        return False


def _jpeg(content: bytes) -> Mended | None:
    written, at, framed = [b"\xff\xd8"], 2, False
    while at + 4 <= len(content):
        if content[at] != 0xFF or content[at + 1] in (0x00, 0xFF):  # nothing that belongs here
            at += 1
            continue
        marker = content[at + 1]
        if marker in _ALONE or marker == 0xD8:
            at += 2
            continue
        if marker == _STOP:
            return None
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if length < 2:
            at += 2
            continue
        if marker == _SCAN:
            end = _scans(content, at)
            if not framed or end - at < length + 2 + _LEAST:
                return None
            return Mended(b"".join((*written, content[at:end], b"\xff\xd9")))
        segment = content[at : at + 2 + length]
        framed = framed or marker in _FRAME
        if _needed(marker, segment[4:]):
            written.append(segment)
        at += 2 + length
    return None


def _scans(content: bytes, at: int) -> int:
    """Where the last scan of those that begin at *at* ends: at the end of the picture, or before a segment that is cut."""
    while found := _MARKER.search(content, at):
        at = found.start()
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if content[at + 1] == _STOP or at + 4 > len(content) or end > len(content):
            return at
        at = max(end, at + 2)
    return len(content)


def _needed(marker: int, body: bytes) -> bool:
    if marker == _ADOBE:
        return len(body) >= 12
    if marker == _JFIF:
        return len(body) >= 14
    if marker == 0xE1:
        return body.startswith(tuple(b"Exif\0\0" + order for order in _TIFF))
    return marker not in _APP and marker != _COMMENT


def _webp(content: bytes) -> Mended | None:
    """Its own length is what is there, without what follows it."""
    said = int.from_bytes(content[4:8], "little") + 8
    if said == len(content) or len(content) < 20:
        return None
    whole = content[:said] if 20 <= said < len(content) else content
    whole = whole[: len(whole) - len(whole) % 2]
    return Mended(whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:])
