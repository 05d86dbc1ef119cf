"""Forms of files, told by their first bytes: what a file is called or said to be decides nothing."""

from msgspec import Struct


class Format(Struct, frozen=True):
    name: str
    mime: str
    extension: str
    kind: str
    """`image`, `audio`, `video` or `other`."""


FORMATS = {
    one.name: one
    for one in (
        Format("jpeg", "image/jpeg", "jpg", "image"),
        Format("png", "image/png", "png", "image"),
        Format("gif", "image/gif", "gif", "image"),
        Format("webp", "image/webp", "webp", "image"),
        Format("heic", "image/heic", "heic", "image"),
        Format("avif", "image/avif", "avif", "image"),
        Format("bmp", "image/bmp", "bmp", "image"),
        Format("amr", "audio/amr", "amr", "audio"),
        Format("amr-wb", "audio/amr-wb", "awb", "audio"),
        Format("mp3", "audio/mpeg", "mp3", "audio"),
        Format("aac", "audio/aac", "aac", "audio"),
        Format("m4a", "audio/mp4", "m4a", "audio"),
        Format("wav", "audio/wav", "wav", "audio"),
        Format("ogg", "audio/ogg", "ogg", "audio"),
        Format("flac", "audio/flac", "flac", "audio"),
        Format("caf", "audio/x-caf", "caf", "audio"),
        Format("silk", "audio/silk", "silk", "audio"),
        Format("mp4", "video/mp4", "mp4", "video"),
        Format("mov", "video/quicktime", "mov", "video"),
        Format("3gp", "video/3gpp", "3gp", "video"),
        Format("webm", "video/webm", "webm", "video"),
        Format("pdf", "application/pdf", "pdf", "other"),
        Format("zip", "application/zip", "zip", "other"),
        Format("bin", "application/octet-stream", "", "other"),
    )
}
"""`ogg` holds Opus or Vorbis; `aac` is ADTS; `amr` is narrow-band; `webm` is any Matroska. A `3gp`, `mp4` or `webm` may hold sound alone.

`amr` and `amr-wb` may lack the line that they should begin with: see `AMR_HEADS`.
"""

HEAD = 4096
"""Bytes that `sniff` looks at."""

AMR_HEADS = {"amr": b"#!AMR\n", "amr-wb": b"#!AMR-WB\n"}
"""How they begin; what some recorders write begins with the first frame."""
SILK_HEAD = b"#!SILK_V3"
"""WeChat and QQ put one byte before it."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    *((head, name) for name, head in AMR_HEADS.items()),
    (SILK_HEAD, "silk"),
    (b"caff\0\1", "caf"),
    (b"OggS\0", "ogg"),
    (b"fLaC", "flac"),
    (b"\x1a\x45\xdf\xa3", "webm"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_BITRATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_RATES = (44_100, 48_000, 32_000)
_AMR = {
    "amr": {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1},
    "amr-wb": {0: 18, 1: 24, 2: 33, 3: 37, 4: 41, 5: 47, 6: 51, 7: 59, 8: 61, 9: 6, 14: 1, 15: 1},
}
"""Bytes of a frame by its type, the byte before it included."""
_ENOUGH = 5
"""Frames of AMR in a row that nothing else begins with."""


def sniff(head: bytes) -> Format:
    """What the first `HEAD` bytes of a file are; `bin` for all that the table does not hold, scripts and web pages among it.

    An own table and no library's: it decides which reader strangers' bytes are given to, so it names exactly those readers that we
    have. Sources: IANA's media types, ISO/IEC 14496-12 (brands), RFC 4867 (AMR), ISO/IEC 13818-7 (ADTS), ISO/IEC 11172-3 (frames).
    """
    return FORMATS[_name(head[:HEAD])]


def _name(head: bytes) -> str:
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        return _brand(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot") and head[8:9]:
        return "mov"  # QuickTime's older files name no brand
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"WAVE": "wav", b"WEBP": "webp"}.get(head[8:12], "bin")
    if head.startswith(SILK_HEAD, 1):
        return "silk"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and int.from_bytes(head[14:18], "little") in (12, 40, 52, 56, 64, 108, 124):
        return "bmp"
    return _frames(head)


def _brand(head: bytes) -> str:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    major, others = head[8:12], {head[at : at + 4] for at in range(16, end - 3, 4)}
    if major in _AVIF or (major in (b"mif1", b"msf1") and others & _AVIF):
        return "avif"
    if major in _HEIC:
        return "heic"
    if major == b"qt  ":
        return "mov"
    if major[:3] in (b"M4A", b"M4B"):
        return "m4a"
    if major[:3] in (b"3gp", b"3g2", b"3gg", b"3ge", b"3gs", b"3gr"):
        return "3gp"
    return "mp4" if len(major) == 4 and major not in (b"jp2 ", b"jpx ", b"crx ") else "bin"


def _frames(head: bytes) -> str:
    """MP3 and ADTS have no name at their start: two frames in a row, or a tag before them, tell them."""
    at, tagged = 0, head[:3] == b"ID3" and len(head) >= 10
    if tagged:
        at = 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + (10 if head[5] & 0x10 else 0)
        if at + 4 > len(head):
            return "mp3"  # a picture of the cover lies before the sound; nobody writes one before ADTS
        if head.startswith(b"fLaC", at):
            return "flac"
    for name, length in (("mp3", _mp3), ("aac", _adts)):
        first = length(head[at:])
        second = head[at + first :]
        if first and (len(second) < 7 or length(second)):
            return name
    return "mp3" if tagged else _bare_amr(head)


def _bare_amr(head: bytes) -> str:
    """Nothing but frames of AMR, whose first line is missing; else `bin`. Frames that say of themselves to be bad are no evidence."""
    for name, lengths in _AMR.items():
        at = frames = 0
        while at < len(head) and head[at] & 0x83 == 0 and (length := lengths.get(head[at] >> 3)) and (head[at] & 4 or length == 1):
            at += length
            frames += length > 1
        if frames >= _ENOUGH and at >= len(head):
            return name
    return "bin"


def _mp3(frame: bytes) -> int:
    """Bytes of the frame of layer III that begins here; 0 where none does."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:
        return 0
    version, rate, bits = frame[1] >> 3 & 3, frame[2] >> 2 & 3, frame[2] >> 4
    if version == 1 or rate == 3 or bits in (0, 15):
        return 0
    hertz = _RATES[rate] >> (0 if version == 3 else 1 if version == 2 else 2)
    return (144 if version == 3 else 72) * 1000 * _BITRATES[version != 3][bits] // hertz + (frame[2] >> 1 & 1)


def _adts(frame: bytes) -> int:
    """Bytes of the ADTS frame that begins here; 0 where none does."""
    if len(frame) < 7 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0 or frame[2] >> 2 & 15 > 12:
        return 0
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    return length if length >= 7 else 0
