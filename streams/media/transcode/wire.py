"""How pool and worker talk: each message behind its length."""

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from streams.media.transcode.request import Reason, TranscodeSpec, WorkerResult


class WorkerReady(Struct, frozen=True):
    """The first word: what keeps a worker in, as it was tried."""

    seccomp: bool = False
    landlock: bool = False
    network: bool = False
    """It has one of its own."""


class WorkerAnswer(Struct, frozen=True):
    made: WorkerResult | None = None
    failed: Reason | None = None


LENGTH = 4
"""Bytes, big-endian, before each message."""
LONGEST_ANSWER = 4 << 10
encode = Encoder().encode
decode_wanted = Decoder(TranscodeSpec).decode
decode_answer = Decoder(WorkerAnswer).decode
decode_ready = Decoder(WorkerReady).decode


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH, "big") + message
