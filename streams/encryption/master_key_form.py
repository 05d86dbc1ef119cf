"""How a master key is written, and what is said of one that is missing or wrong."""

import base64
import binascii

from converters.core.localized import ReportedError, localized

SIZE = 32
"""Bytes of every key."""
MADE_BY = "openssl rand -base64 32"


class MasterKeyError(ReportedError):
    """A master key is missing or wrong; the text says which, and what to do. It never quotes a key."""


def parsed(text: str) -> bytes:
    """A master key as it is written in its file. Raises ValueError, which does not quote it."""
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(localized("is not base64: make one with {command}", command=MADE_BY)) from None
    if len(key) != SIZE:
        raise ValueError(
            localized("has {count} bytes, {expected} are expected: make one with {command}", count=len(key), expected=SIZE, command=MADE_BY)
        )
    return key
