"""Dead letters: what could not be carried, whole, with what a person needs to decide about it."""

import time
from typing import Literal

import msgspec
from aiokafka import ConsumerRecord
from msgspec import Struct

from converters.core.causes import Cause

Whose = Literal["ours", "theirs"]


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record of the topic `dead-letters`. *detail* holds ids and never what was said; *value* holds everything."""

    stage: str
    cause: str
    """A short, fixed word, which is counted."""
    detail: str
    whose: Whose
    """`theirs`: the platform's or its users' doing. `ours`: settings, identities or a defect; it can be replayed when mended."""
    attempts: int
    at: int
    """Milliseconds since 1970."""
    topic: str
    partition: int
    offset: int
    key: bytes = b""
    """The record's own, so that it can be put back as it was."""
    value: bytes
    headers: dict[str, bytes] = {}


RELEASED = "released"
"""The header of a record that a person has put back: the `place` of the record whose letter it was."""


def place(topic: str, partition: int, offset: int) -> str:
    """Where a record lies, as one text."""
    return f"{topic}:{partition}:{offset}"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeadLetter).decode


def dump(letter: DeadLetter) -> bytes:
    return _encode(letter)


def unread(raw: ConsumerRecord, *, stage: str, cause: Cause, detail: str, whose: Whose) -> tuple[bytes, bytes]:
    """Key and value of the letter of a record that never became an event: its key says where it lay."""
    letter = DeadLetter(
        stage=stage,
        cause=cause,
        detail=detail,
        whose=whose,
        attempts=1,
        at=int(time.time() * 1000),
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key or b"",
        value=raw.value or b"",
        headers=dict(raw.headers),
    )
    return place(raw.topic, raw.partition, raw.offset).encode(), dump(letter)


def load(raw: bytes) -> DeadLetter:
    """Raises msgspec.DecodeError."""
    return _decode(raw)
