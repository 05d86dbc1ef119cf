"""Bodies of answers as they were before they were compressed."""

import zlib

LARGEST = 32 << 20
"""Bytes of an answer."""


def decoded(body: bytes, coding: str) -> bytes:
    """Raises ValueError, zlib.error."""
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise ValueError("unknown coding")
    # Some send deflate without the head of zlib.
    bare = coding == "deflate" and (not body or body[0] & 0x0F != 8)
    reader = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS | 32)
    whole = reader.decompress(body, LARGEST)
    if not reader.eof:
        raise ValueError("cut off, or too large")
    return whole
