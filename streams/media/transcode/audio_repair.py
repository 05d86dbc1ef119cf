"""Recordings that every player plays and a strict reader refuses, written as they should have been; the sound in them is untouched.

Sources: RFC 4867 (AMR), Microsoft's "Multimedia Programming Interface and Data Specifications" (RIFF), ISO/IEC 14496-12 (boxes).
"""

import io
from typing import IO

from converters.files.media_formats import AMR_HEADS
from streams.media.transcode.request import begun, size

_UNKNOWN = 0x7FFF_0000
"""Lengths from here on stand for one that was not known when the head was written: 0x7FFFFFFF, 0x80000024, 0xFFFFFFFF and what is near them."""
_COUNTED_TWICE = 256
"""Bytes by which a length may exceed the file: heads that are counted with what they are the head of."""
_FORM, _SOUND = b"fmt ", b"data"
_MOST_CHUNKS = 1_000
BOXES = frozenset({"m4a", "mp4", "mov", "3gp"})


def mended(file: IO[bytes], name: str) -> IO[bytes] | None:
    """*file*, which begins as a *name*, as its readers want it; None where it is so, or where nothing helps. *file* is left at its start."""
    match name:
        case "amr" | "amr-wb" if not begun(file).read(len(AMR_HEADS[name])).startswith(AMR_HEADS[name]):
            found: bytes | None = AMR_HEADS[name] + begun(file).read()
        case "wav":
            found = _wave(begun(file).read())
        case _:
            found = None
    begun(file)
    return None if found is None else io.BytesIO(found)


def _wave(content: bytes) -> bytes | None:
    """With lengths that are true. One that says to be much longer than it is, has been cut, and stays as it is."""
    if content[:4] != b"RIFF":  # a reader of RF64 looks for its lengths elsewhere
        return None
    form, at, padded = b"", 12, True
    for _ in range(_MOST_CHUNKS):
        kind, said, start = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little"), at + 8
        if start > len(content):
            return None
        if kind == _FORM:
            form = content[start : start + said] if 14 <= said <= 4_096 else b""
        if kind == _SOUND:
            break
        end = _next(content, start, said)
        padded, at = padded and (end - start) % 2 == 0, end
    else:
        return None
    there = len(content) - start
    if not form or not there:
        return None
    whole = int.from_bytes(content[4:8], "little")
    if padded and 0 < said <= there and 4 <= whole <= len(content) - 8:
        return None
    if there + _COUNTED_TWICE < said < _UNKNOWN:
        return None
    sound = content[start : start + said] if 0 < said <= there else content[start:]
    inner = b"WAVE" + _chunk(_FORM, form) + _chunk(_SOUND, sound)
    return b"RIFF" + len(inner).to_bytes(4, "little") + inner


def _next(content: bytes, start: int, said: int) -> int:
    """Where the chunk after one of *said* bytes begins: an odd one has a byte more, which some writers forget."""
    end = start + said
    if said % 2 and not (content[end : end + 4] in (_FORM, _SOUND) and content[end + 1 : end + 5] not in (_FORM, _SOUND)):
        return end + 1
    return end


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def whole(file: IO[bytes], name: str) -> bool:
    """Whether *file* is as long as it says itself; leaves it at its start. What follows after all that is played does not matter."""
    there = size(file)
    match name:
        case "wav":
            said = int.from_bytes(begun(file).read(8)[4:], "little")
            holds = said == 0 or said >= _UNKNOWN or said <= there + _COUNTED_TWICE
        case _ if name in BOXES:
            holds = _boxes(file, there)
        case _:
            holds = True
    begun(file)
    return holds


def _boxes(file: IO[bytes], there: int) -> bool:
    at = 0
    seen: set[bytes] = set()
    while at + 8 <= there:
        file.seek(at)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if length == 0:  # to the end
            return True
        if length < 8 or at + length > there:
            # Behind all that is played, or in the midst of it: with its table before it, players play as much as there is.
            return b"moov" in seen and (b"mdat" in seen or (kind == b"mdat" and length >= 8))
        seen.add(kind)
        at += length
    return True
