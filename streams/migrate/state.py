"""One partition of `migrated.<platform>` on this machine's disk: what is done already. It is remembered without end.

The topic is the truth. Rows are taken in forwards, each with the offset up to which they are, so that a worker which comes back reads
only what is new.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import structlog
from aiokafka import TopicPartition

from streams.kafka import foreign_records, record_kinds
from streams.kafka.log_reader import LogReader
from streams.migrate.records import LATE, Done, Item, Progress, load_done
from streams.state.database import DEFAULT, Put
from streams.state.opening import opened

log = structlog.get_logger()

STAGE = "migrate"
BLOCKS = 16 << 20
_PLACE, _COUNTS = b"\x00place", b"\x00counts"
_LATE = LATE.encode()
RECENT = 20_000
_STEP = 4 << 20
"""Bytes that are read from the broker at once."""


NEW = Progress()


class Place(msgspec.Struct, frozen=True):
    cluster: str
    topic: str
    offset: int


def path_of(directory: Path, partition: int) -> Path:
    return directory / f"migrate-{partition}.rows"


class State:
    """Raises StateError. *counts*: of items by `(kind, word)`, of lanes by `("lane", "count" | "skipped" | "live" | "doubts" | "stopped")`."""

    def __init__(self, path: Path, tp: TopicPartition) -> None:
        self._tp = tp
        self._rows = opened(path, STAGE, blocks=BLOCKS)
        self._cluster = ""
        self._recent: dict[bytes, Done] = {}
        """What was written last: a conversation is written again and again."""
        self._absent: set[bytes] = set()
        """What was asked for last and is not there: whether a conversation is carried live is asked for each of its messages."""
        self.offset = 0
        """Before it, all is taken in."""
        self.counts: Counter[tuple[str, str]] = Counter()

    async def restore(self, reader: LogReader) -> None:
        """Take in what lies in the topic now; it may be called again. Raises KafkaError, StateError."""
        await reader.start()
        if not self._cluster:
            self._cluster = await reader.cluster()
            self._begin()
        begin, end = await reader.bounds(self._tp)
        if self.offset > end:
            log.warning("local state rebuilding", why="it knows more than the topic", topic=self._tp.topic, partition=self._tp.partition)
            self._clear()
        self.offset = max(self.offset, begin)
        while self.offset < end:
            part = await reader.read(self._tp, self.offset, _STEP)
            if part.next == self.offset:
                return
            self.take([(raw.key or b"", raw.value) for raw in part.records if _is_ours(self._tp, raw)], part.next)
            await asyncio.sleep(0)

    def get(self, key: bytes) -> Done | None:
        if (recent := self._recent.get(key)) is not None:
            return recent
        if key in self._absent:
            return None
        raw = self._rows.get(DEFAULT, key)
        if raw is not None:
            done: Done = load_done(raw)
            return done
        if len(self._absent) >= RECENT:
            self._absent.clear()
        self._absent.add(key)
        return None

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, Done]]:
        for key, raw in self._rows.scan(DEFAULT, prefix):
            yield key, load_done(raw)

    def take(self, rows: Iterable[tuple[bytes, bytes | None]], offset: int) -> None:
        """What was committed before *offset*."""
        self.put([(key, raw, load_done(raw) if raw is not None else None) for key, raw in rows], offset)

    def put(self, rows: Iterable[tuple[bytes, bytes | None, Done | None]], offset: int) -> None:
        """The same, with what each says."""
        last = {key: (raw, done) for key, raw, done in rows}
        puts: list[Put] = []
        for key, (raw, done) in last.items():
            before = self.get(key)
            if isinstance(done, Progress) and (before is None or isinstance(before, Progress)):
                self._count_lane(before or NEW, done)
            else:
                self._count(key, before, -1)
                self._count(key, done, 1)
            puts.append((DEFAULT, key, raw))
            self._absent.discard(key)
            if done is None:
                self._recent.pop(key, None)
            else:
                self._recent[key] = done
        if len(self._recent) > RECENT:
            self._recent.clear()
        self.offset = offset
        puts.append((DEFAULT, _PLACE, msgspec.json.encode(Place(self._cluster, self._tp.topic, offset))))
        puts.append((DEFAULT, _COUNTS, msgspec.json.encode({"\x1f".join(name): count for name, count in self.counts.items() if count})))
        self._rows.write(puts)

    def close(self) -> None:
        self._rows.close()

    # -- within

    def _begin(self) -> None:
        raw = self._rows.get(DEFAULT, _PLACE)
        place = msgspec.json.decode(raw, type=Place) if raw is not None else None
        if place is None:
            return
        if (place.cluster, place.topic) != (self._cluster, self._tp.topic):
            log.warning("local state rebuilding", why="it is of another topic", topic=self._tp.topic, partition=self._tp.partition)
            self._clear()
            return
        self.offset = place.offset
        counts = msgspec.json.decode(self._rows.get(DEFAULT, _COUNTS) or b"{}", type=dict[str, int])
        for name, count in counts.items():
            kind, _, word = name.partition("\x1f")
            self.counts[kind, word] = count

    def _clear(self) -> None:
        self._recent.clear()
        keys = [key for key, _ in self._rows.scan(DEFAULT, b"")]
        self._rows.write([(DEFAULT, key, None) for key in keys])
        self.counts.clear()
        self.offset = 0

    def _count(self, key: bytes, done: Done | None, by: int) -> None:
        if isinstance(done, Item):
            kind = key.partition(b"\x1f")[0].decode()
            # What waits for the end is the rest of an item that is counted by itself.
            self.counts[f"late-{kind}" if key.endswith(_LATE) else kind, done.word] += by
        elif isinstance(done, Progress):
            self._count_lane(*((NEW, done) if by > 0 else (done, NEW)))

    def _count_lane(self, before: Progress, after: Progress) -> None:
        """One message more, mostly: what stays is not counted again."""
        counts = self.counts
        if more := after.count - before.count:
            counts["lane", "count"] += more
        if more := after.skipped - before.skipped:
            counts["lane", "skipped"] += more
        if more := after.live - before.live:
            counts["lane", "live"] += more
        if more := after.doubts - before.doubts:
            counts["lane", "doubts"] += more
        if more := bool(after.stopped) - bool(before.stopped):
            counts["lane", "stopped"] += more


def _is_ours(tp: TopicPartition, raw: object) -> bool:
    """Whether a role of ours wrote it; one of a later release holds whoever reads it."""
    headers = getattr(raw, "headers", ())
    record_kinds.hold(tp.topic, headers)
    value = getattr(raw, "value", None)
    if value is None:
        return True
    try:
        load_done(bytes(value))
    except msgspec.DecodeError:
        foreign_records.note(STAGE, tp.topic, tp.partition, getattr(raw, "offset", None), "unreadable")
        return False
    return True
