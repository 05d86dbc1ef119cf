"""What was brought over before, as the topic `media.done` holds it: the same file for the same app need not be again."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from converters.core.model import StoredFile
from streams.kafka.log_reader import LogReader
from streams.kafka.topics import MEDIA_DONE
from streams.state.restore import Restore, RestoreSource
from streams.state.rows import Row, RowCover, RowFamily
from streams.state.store import Store
from streams.state.turns import FairTurns


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

    def __init__(self, path: Path, tp: TopicPartition) -> None:
        life = MEDIA_DONE.kept
        assert life is not None
        self._tp = tp
        self._store = Store(path, (RowFamily(_FAMILY, life, life // 5, counted=True),), _merge, stage="media")

    def restore(self, reader: LogReader, turns: FairTurns, moved: Callable[[], None]) -> Restore:
        """What fills it from the topic."""
        source = RestoreSource(
            self._tp.topic, reader, lambda key, value, _: _rows(key, value), told=lambda record: self._knows(record.key or b"")
        )
        return Restore(self._store, self._tp.partition, [source], turns, "media", moved)

    def get(self, key: bytes, now: int) -> DedupeEntry | None:
        """What is still good at *now*, in ms."""
        return load(self._store.get(_FAMILY, key), now)

    def put(self, done: list[tuple[bytes, bytes]], end: int | None, now: int) -> None:
        """What was committed at *now*, before the offset *end*."""
        topic = self._tp.topic
        covered = self._store.covered(topic)
        cover = RowCover(topic, covered.add(covered.high, end, now), end) if end is not None else None
        self._store.put([row for key, value in done for row in _rows(key, value)], now, cover)

    def close(self) -> None:
        self._store.close()

    def _knows(self, key: bytes) -> bool:
        return self._store.get(_FAMILY, key) is not None


def _rows(key: bytes, value: bytes | None) -> list[Row]:
    return [(_FAMILY, key, value)] if value else []


def _merge(key: bytes, there: bytes, comes: bytes) -> bytes | None:
    """The one that is good for longer."""
    del key
    one, two = load(there, 0), load(comes, 0)
    return comes if one is None or (two is not None and one.until and (not two.until or two.until > one.until)) else None
