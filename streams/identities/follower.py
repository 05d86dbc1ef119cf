"""The table of `identities`, read from its topic before any work begins, and followed from then on."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from converters.core.localized import ReportedError, localized
from converters.routing.identity_table import KINDS, IdentityTable, Kind, record
from streams.identities.store import IdentityDisk, TablePosition, agrees, now
from streams.kafka import clients, foreign_records, permissions, record_kinds
from streams.kafka.cluster import Where
from streams.kafka.record_writer import PlacedRecord, RecordWriter
from streams.kafka.topic_follower import TopicFollower
from streams.kafka.topics import partition_of
from streams.observe import metrics
from streams.observe.labels import word
from streams.state.errors import DamagedError, StateError

log = structlog.get_logger()

OLDEST = 20 * 24 * 3600 * 1000
"""Ms after which rows on disk are made anew: Kafka forgets what was deleted after 30 days."""
SAMPLE = 100
"""Offsets of a partition, the last that were read, that are compared with what is on disk."""
SOON = 20
"""Ms to wait for records while somebody asks for what is new; markers of transactions move the position only after it."""
WRITE = 30.0
"""Seconds in which some thousand entries must be on the brokers."""
BATCH = 20_000
"""Records after which a reading is kept."""


class NoTopicError(ReportedError):
    """The topic is not on the broker; the text says what makes it."""

    def __init__(self, topic: str) -> None:
        super().__init__(localized("topic {topic} is missing; make it with: im-relay topics create (see kafka.prefix)", topic=topic))


class IdentityFollower:
    """Keeps *table* as the topic says: in memory, or on *disk*, whose rows the table must be made of.

    *read* is told up to which offsets, by partition, the table is. Every worker holds the whole table.
    """

    def __init__(
        self,
        bootstrap: Where,
        topic: str,
        table: IdentityTable | None = None,
        disk: IdentityDisk | None = None,
        read: Callable[[Mapping[int, int]], None] | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self.table = IdentityTable(disk) if table is None else table
        self._disk = disk
        self.read = read
        self._cluster = ""
        self._follower = TopicFollower(
            bootstrap, partial(clients.consumer, bootstrap), self._take, soon=SOON, unreadable="identities unreadable, retrying"
        )
        self._unkept = 0
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once everything that lay in the topic has been read. Raises KafkaError, NoTopicError, StateError."""
        begun = time.monotonic()
        consumer = await self._follower.connect(fetch_max_bytes=8 << 20)
        await _require(consumer._client, self._topic)  # noqa: SLF001 - the consumer itself would wait for it
        self._cluster = await _cluster(self._bootstrap)
        tps = await _all(consumer, self._topic)
        consumer.assign(tps)
        begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        self._follower.begin(await self._starts(consumer, begins, ends))
        count = 0
        if self._disk is not None:
            self._disk.caching = False
        while self._follower.is_before(ends):
            count += await self._follower.read(100, 5000)
            if self._unkept >= BATCH:
                self._keep()
        self._keep()
        if self._disk is not None:
            self._disk.caching = True
        self._show()
        metrics.REBUILD_SECONDS.labels("identities").observe(time.monotonic() - begun)
        if self._disk is not None:
            log.info("identities read", records=count, entries=len(self.table), seconds=round(time.monotonic() - begun, 2))
        self._following = asyncio.create_task(self._follower.follow(500, self._taken))

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await self._follower.stop()

    def check(self) -> None:
        """Raises StateError where the table is followed no more."""
        if self._following is not None and self._following.done() and not self._following.cancelled():
            raise StateError(localized("identities are followed no more: {exception}", exception=self._following.exception()))

    async def caught_up(self) -> None:
        """Until all that lies in the topic now has been read, also what is not committed yet, if it will be. Raises KafkaError."""
        await self._follower.caught_up(self.check)

    async def _starts(
        self, consumer: AIOKafkaConsumer, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """From where to read on; from the beginning, and with nothing, where the disk does not hold what the topic says."""
        if self._disk is None or not self._disk.place.topic:
            return dict(begins)
        place = self._disk.place
        starts = {tp: place.offsets.get(tp.partition, -1) for tp in begins}
        why = ""
        if (place.cluster, place.topic) != (self._cluster, self._topic) or len(place.offsets) != len(begins):
            why = "it is of another topic"
        elif not all(begins[tp] <= start <= ends[tp] for tp, start in starts.items()):
            why = "its offsets are not those of the topic"
        elif not 0 <= now() - place.at <= OLDEST:
            why = "it is too old, or of the future"
        elif not agrees(self._disk, await _last(consumer, {tp: (max(begins[tp], start - SAMPLE), start) for tp, start in starts.items()})):
            why = "it does not hold what the topic says"
        if not why:
            return starts
        log.warning("identity table rebuilding", why=why)
        metrics.IDENTITIES_REBUILT.inc()
        self._disk.renew()
        self.table = IdentityTable(self._disk)
        return dict(begins)

    def _taken(self, count: int) -> None:
        if count or (self._disk is not None and self._disk.due()):  # whoever waits for this worker is not held up
            self._keep()
            self._show()
        if self.read is not None:
            self.read(self._positions())

    def _take(self, raw: ConsumerRecord) -> None:
        self._unkept += 1
        problem = _apply(self.table, raw)
        if problem:
            foreign_records.note("identities", raw.topic, raw.partition, raw.offset, "unreadable")
            log.warning("entry of identities left out", problem=problem)

    def _positions(self) -> dict[int, int]:
        return {tp.partition: offset for tp, offset in self._follower.positions.items()}

    def _keep(self) -> None:
        self._unkept = 0
        if self._disk is None:
            return
        try:
            self._disk.keep(TablePosition(self._cluster, self._topic, self._positions(), now()), self.table.counts())
        except DamagedError:
            raise
        except StateError as error:
            log.debug("identities are not kept yet", why=str(error))  # the disk says so, once; what was read is in memory

    def _show(self) -> None:
        for platform, kind, count in self.table.counts():
            metrics.IDENTITY_ENTRIES.labels(word("platform", platform), word("kind", kind)).set(count)


async def read_to_end(
    consumer: AIOKafkaConsumer, topic: str, partition: int | None, apply: Callable[[ConsumerRecord], None], start: int | None = None
) -> int:
    """Read what lies in *topic* (or one *partition* of it, from offset *start*) until now; the answer is where it ended."""
    if partition is None:
        await consumer._client.force_metadata_update()  # noqa: SLF001 - a new consumer knows no topics yet
        numbers = sorted(consumer.partitions_for_topic(topic) or await _partitions(consumer, topic))
        tps = [TopicPartition(topic, number) for number in numbers]
    else:
        tps = [TopicPartition(topic, partition)]
    consumer.assign(tps)
    ends = await consumer.end_offsets(tps)
    begins = await consumer.beginning_offsets(tps)
    for tp in tps:
        consumer.seek(tp, max(begins[tp], start or 0))
    # Markers of transactions take an offset and are never seen: what counts is the position, not the last record.
    while any([await consumer.position(tp) < ends[tp] for tp in tps]):
        found = await consumer.getmany(timeout_ms=100)
        for records in found.values():
            for raw in records:
                apply(raw)
    return max(ends.values(), default=0)


async def _require(client: Any, topic: str) -> int:
    """How many partitions it has."""
    count = (await permissions.visible(client, [topic]))[topic]
    if not count:
        raise NoTopicError(topic)
    return count


async def _cluster(bootstrap: Where) -> str:
    admin = clients.admin(bootstrap)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def _all(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()  # noqa: SLF001 - a new consumer knows no topics yet
    return [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or await _partitions(consumer, topic))]


async def _last(consumer: AIOKafkaConsumer, spans: Mapping[TopicPartition, tuple[int, int]]) -> dict[bytes, bytes | None]:
    """The last record of each key between these offsets."""
    last: dict[bytes, bytes | None] = {}
    for tp, (start, _) in spans.items():
        consumer.seek(tp, start)
    while any([await consumer.position(tp) < end for tp, (_, end) in spans.items()]):
        for tp, records in (await consumer.getmany(timeout_ms=100)).items():
            last |= {raw.key or b"": raw.value for raw in records if raw.offset < spans[tp][1]}
    return last


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client._wait_on_metadata(topic)  # noqa: SLF001
    return set(consumer.partitions_for_topic(topic) or ())


async def put(bootstrap: Where, topic: str, entries: list[tuple[str, Kind, str, str | None]]) -> None:
    """Write (platform, kind, native id, canonical id or None to delete). Raises KafkaError, NoTopicError, ValueError."""
    records: list[tuple[bytes, bytes | None]] = []
    for platform, kind, native, canonical in entries:
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
        key, value = record(platform, kind, native, canonical or "-")
        records.append((key, value if canonical else None))
    await write(bootstrap, topic, records)


async def write(bootstrap: Where, topic: str, records: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Write (key, value or None to delete), each in its place. Raises KafkaError, NoTopicError."""
    async with RecordWriter(bootstrap, WRITE) as writer:
        partitions = await _require(await writer.start(), topic)
        # As convert writes it: all entries of a key in one partition, or compaction would keep two.
        await writer.write(topic, [PlacedRecord(key, value, partition_of(key, partitions)) for key, value in records])


def _apply(table: Any, raw: ConsumerRecord) -> str | None:
    try:
        record_kinds.check(raw.topic, raw.headers)
    except record_kinds.TooNewError as error:
        return str(error)
    problem: str | None = table.apply(raw.key or b"", raw.value)
    return problem
