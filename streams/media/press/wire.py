"""How pool and worker talk: each message behind its length."""

from typing import Any

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from streams.media.press.order import Failed, Made, Order


class Ready(Struct, frozen=True, tag="ready"):
    """A worker's first word."""


class Answer(Struct, frozen=True, tag="answer"):
    made: Made | None = None
    failed: Failed | None = None


def _path(kind: type[Any], value: Any) -> Any:
    return kind(value)


LENGTH = 4
"""Bytes, big-endian, before each message between pool and worker."""
LONGEST_ANSWER = 64 << 10
encode = Encoder(enc_hook=str).encode
decode_order = Decoder(Order, dec_hook=_path).decode
_answers: Decoder[Ready | Answer] = Decoder(Ready | Answer, dec_hook=_path)
decode_answer = _answers.decode


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH, "big") + message
