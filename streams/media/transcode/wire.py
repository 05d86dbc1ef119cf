"""How pool and worker talk: each message behind its length."""

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from streams.media.transcode.request import Pressed, Reason, Wanted


class Ready(Struct, frozen=True):
    """The first word: what keeps a worker in, as it was tried."""

    seccomp: bool = False
    landlock: bool = False
    network: bool = False
    """It has one of its own."""


class Answer(Struct, frozen=True):
    made: Pressed | None = None
    failed: Reason | None = None


LENGTH = 4
"""Bytes, big-endian, before each message."""
LONGEST_ANSWER = 4 << 10
encode = Encoder().encode
decode_wanted = Decoder(Wanted).decode
decode_answer = Decoder(Answer).decode
decode_ready = Decoder(Ready).decode


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH, "big") + message
