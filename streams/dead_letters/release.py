"""The order of a person to go on with what is held."""

import msgspec
from msgspec import Struct


class Release(Struct, frozen=True, kw_only=True):
    """A record of the topic `control`."""

    stage: str
    app: str
    """Empty: every one."""
    at: int
    """Milliseconds since 1970: what was held later is not meant."""
    by: str


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Release).decode


def dump(release: Release) -> bytes:
    return _encode(release)


def load(raw: bytes) -> Release:
    """Raises msgspec.DecodeError."""
    return _decode(raw)
