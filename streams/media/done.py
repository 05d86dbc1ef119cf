"""What was brought over before, as the topic `media.done` holds it: the same file for the same app need not be again."""

import msgspec
from msgspec import Struct

from converters.model import Carried


class Done(Struct, frozen=True, omit_defaults=True):
    carried: Carried
    codec: str = ""
    """`from>to`."""
    until: int = 0
    """Milliseconds since 1970 up to which it is good; 0 is for ever."""


dump = msgspec.json.Encoder().encode
_load = msgspec.json.Decoder(Done).decode


def load(raw: bytes | None, now: int) -> Done | None:
    """What is still good at *now*."""
    if raw is None:
        return None
    try:
        done = _load(raw)
    except msgspec.DecodeError:
        return None  # of another version: it is brought over once more
    return done if not done.until or now < done.until else None
