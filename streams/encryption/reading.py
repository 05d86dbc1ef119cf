"""What a reader gets of a record that was encrypted."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self


class DecryptedValue(bytes):
    """The value of a record that is kept in local state, and knows whose key it was under. It goes into no JSON: msgspec takes bytes alone."""

    person: bytes

    def __new__(cls, value: bytes, person: bytes) -> Self:
        made = super().__new__(cls, value)
        made.person = person
        return made


class OpenRecord(NamedTuple):
    """The fields of a record of aiokafka that the relay reads."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    @classmethod
    def of(cls, record: Any, value: bytes, headers: Sequence[tuple[str, bytes]]) -> "OpenRecord":
        """*record*, which may be one of a batch, that knows no topic and no partition."""
        return cls(
            getattr(record, "topic", ""),
            getattr(record, "partition", -1),
            record.offset,
            record.timestamp,
            record.timestamp_type,
            record.key,
            value,
            tuple(headers),
        )
