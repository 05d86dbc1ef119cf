"""What was brought over before, as the topic `media.done` holds it: the same file for the same app need not be again."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from converters.core.model import StoredFile
from streams.encryption.headers import Headers, is_lost
from streams.kafka.log_reader import LogReader
from streams.kafka.topics import MEDIA_DONE
from streams.state.restore import Restore, RestoreSource
from streams.state.rows import Row, RowCover, RowFamily
from streams.state.store import Store
from streams.state.turns import FairTurns

if TYPE_CHECKING:
    from streams.encryption.cipher import RecordCipher


class DedupeEntry(Struct, frozen=True, omit_defaults=True):
    carried: StoredFile
    codec: str = ""
    """`from>to`."""
    until: int = 0
    """Milliseconds since 1970 up to which it is good; 0 is for ever."""


dump = msgspec.json.Encoder().encode
_load = msgspec.json.Decoder(DedupeEntry).decode


def load(raw: bytes | None, now: int) -> DedupeEntry | None:
    """What is still good at *now*."""
    if raw is None:
        return None
    try:
        done = _load(raw)
    except msgspec.DecodeError:
        return None  # of another version: it is brought over once more
    return done if not done.until or now < done.until else None


_FAMILY = "done"


class DedupeStore:
    """One partition of the topic on this machine's disk. What is not restored yet is brought over once more: nobody waits for it."""

    def __init__(self, path: Path, tp: TopicPartition, cipher: "RecordCipher | None" = None) -> None:
        life = MEDIA_DONE.kept
        assert life is not None
        self._tp = tp
        self._cipher = cipher
        self._store = Store(path, (RowFamily(_FAMILY, life, life // 5, counted=True),), self._merge, stage="media")

    def restore(self, reader: LogReader, turns: FairTurns, moved: Callable[[], None]) -> Restore:
        """What fills it from the topic."""
        source = RestoreSource(
            self._tp.topic,
            reader,
            lambda key, value, _: _rows(key, self.sealed(value, []) if value else None),
            told=lambda record: self._knows(record.key or b"") or is_lost(record.headers),
        )
        return Restore(self._store, self._tp.partition, [source], turns, "media", moved)

    def get(self, key: bytes, now: int) -> DedupeEntry | None:
        """What is still good at *now*, in ms."""
        return self._load(self._store.get(_FAMILY, key), now)

    def sealed(self, value: bytes, headers: Headers) -> bytes:
        """As it lies on disk; *headers* are those of the record that it comes from."""
        return value if self._cipher is None else self._cipher.keep(value, headers)

    def _load(self, raw: bytes | None, now: int) -> DedupeEntry | None:
        return load(raw if raw is None or self._cipher is None else self._cipher.kept(raw), now)

    def put(self, done: list[tuple[bytes, bytes]], end: int | None, now: int) -> None:
        """What was committed at *now*, before the offset *end*; values are `sealed`."""
        topic = self._tp.topic
        covered = self._store.covered(topic)
        cover = RowCover(topic, covered.add(covered.high, end, now), end) if end is not None else None
        self._store.put([row for key, value in done for row in _rows(key, value)], now, cover)

    def close(self) -> None:
        self._store.close()

    def _knows(self, key: bytes) -> bool:
        return self._store.get(_FAMILY, key) is not None

    def _merge(self, key: bytes, there: bytes, comes: bytes) -> bytes | None:
        """The one that is good for longer."""
        del key
        one, two = self._load(there, 0), self._load(comes, 0)
        return comes if one is None or (two is not None and one.until and (not two.until or two.until > one.until)) else None


def _rows(key: bytes, value: bytes | None) -> list[Row]:
    return [(_FAMILY, key, value)] if value else []
