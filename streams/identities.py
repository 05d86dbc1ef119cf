"""The table of `identities`, read from its topic before any work begins, and followed from then on."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from zlib import crc32

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from converters.identities import KINDS, Identities, Kind, record
from streams import metrics, record_kinds

log = structlog.get_logger()


class NoTopicError(Exception):
    """The topic is not on the broker; the text says what makes it."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"topic {topic} is missing; make it with: im-relay topics create (see kafka.prefix)")


class Follower:
    """Keeps *table* as the topic says. Every worker holds the whole table."""

    def __init__(self, bootstrap: str, topic: str, table: Identities) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._table = table
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once everything that lay in the topic has been read. Raises KafkaError, NoTopicError."""
        self._consumer = consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        await consumer.start()
        await _require(consumer._client, self._topic)  # noqa: SLF001 - the consumer itself would wait for it
        await read_to_end(consumer, self._topic, None, self._apply)
        self._following = asyncio.create_task(self._follow(consumer))

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        if self._consumer is not None:
            await self._consumer.stop()

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                found = await consumer.getmany(timeout_ms=1000)
            except KafkaError as error:
                log.warning("identities cannot be read at the moment", error=type(error).__name__)
                await asyncio.sleep(1.0)
                continue
            for records in found.values():
                for raw in records:
                    self._apply(raw)

    def _apply(self, raw: ConsumerRecord) -> None:
        try:
            record_kinds.check(raw.topic, raw.headers)
            problem = self._table.apply(raw.key or b"", raw.value)
        except record_kinds.TooNewError as error:
            problem = str(error)
        if problem:
            log.warning("entry of identities left out", problem=problem)
        for platform, kind, count in self._table.counts():
            metrics.IDENTITY_ENTRIES.labels(platform, kind).set(count)


async def read_to_end(
    consumer: AIOKafkaConsumer,
    topic: str,
    partition: int | None,
    apply: Callable[[ConsumerRecord], None],
    start: int | None = None,
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


async def _require(client: Any, topic: str) -> None:
    if topic not in (await client.fetch_all_metadata()).topics():
        raise NoTopicError(topic)


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client._wait_on_metadata(topic)  # noqa: SLF001
    return set(consumer.partitions_for_topic(topic) or ())


async def put(bootstrap: str, topic: str, entries: list[tuple[str, Kind, str, str | None]]) -> None:
    """Write (platform, kind, native id, canonical id or None to delete). Raises KafkaError, NoTopicError, ValueError."""
    records: list[tuple[bytes, bytes | None]] = []
    for platform, kind, native, canonical in entries:
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
        key, value = record(platform, kind, native, canonical or "-")
        records.append((key, value if canonical else None))
    await write(bootstrap, topic, records)


async def write(bootstrap: str, topic: str, records: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Write (key, value or None to delete), each in its place. Raises KafkaError, NoTopicError."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        await _require(producer.client, topic)
        partitions = len(await producer.partitions_for(topic))
        # As convert writes it: all entries of a key in one partition, or compaction would keep two.
        version = list(record_kinds.headers_of(topic))
        sent = [
            await producer.send(topic, key=key, value=value, partition=crc32(key) % partitions, headers=version)
            for key, value in records
        ]
        await asyncio.gather(*sent)
