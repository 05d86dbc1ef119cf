"""Files of under 1 kB that every reader of their format takes, made here so that nobody's picture is sent."""

import struct
import zlib


def _chunk(name: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\x40\x80\xc0"))
    + _chunk(b"IEND", b"")
)
"""One pixel."""
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x40\x80\xc0\xff\xff\xff\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"
"""One pixel."""
AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50
"""A second: frames of 12.2 kbit/s."""
AAC = bytes.fromhex("fff16040017ffc01182007") * 16
"""A second of silence: ADTS, LC, 16 kHz, mono."""
MP3 = (bytes.fromhex("fff318c0") + bytes(32)) * 28
"""A second of silence: MPEG 2, 8 kbit/s, 16 kHz, mono."""
