"""A partition's log read from any offset, batch by batch, for whoever reads backwards, or far faster than a consumer does.

No record object is made by Python code: a consumer takes most of its time for these.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, OffsetOutOfRangeError, RequestTimedOutError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from streams.kafka import clients
from streams.kafka.cluster import Where

BYTES = 1 << 20
"""Of one answer, at the most; more where a single batch is larger."""
PATIENCE = 30.0
"""Seconds in which leaders may move."""
PAUSE = 0.1


class LogPart(NamedTuple):
    """*records* have the fields offset, timestamp, key, value and headers. *next*: the offset behind all that was read."""

    records: list[Any]
    next: int


class LogReader:
    """*committed*: only what is committed is read, and the end is that of what may be read. *opens*: what is read is decrypted. All methods raise KafkaError."""

    def __init__(self, bootstrap: Where, *, committed: bool, opens: bool = True) -> None:
        self._isolation = int(committed)
        level = "read_committed" if committed else "read_uncommitted"
        self._made = partial(clients.consumer, bootstrap, opens=opens, isolation_level=level, enable_auto_commit=False)
        self._consumer = self._made()
        self._bootstrap = bootstrap
        self._starting = asyncio.Lock()
        self._started = False
        self._cluster = ""

    async def start(self) -> None:
        """Once is enough, however many begin to read."""
        async with self._starting:
            if not self._started:
                if self._consumer._closed:  # noqa: SLF001 - it was stopped because it could not start: one that is closed never can
                    self._consumer = self._made()
                await self._consumer.start()
                self._started = True

    async def stop(self) -> None:
        """Also of one that could not start, which may then be tried once more."""
        await self._consumer.stop()

    async def cluster(self) -> str:
        """The id that the cluster was given when it was made."""
        async with self._starting:
            if not self._cluster:
                self._cluster = await self._ask_cluster()
        return self._cluster

    async def _ask_cluster(self) -> str:
        admin = clients.admin(self._bootstrap)
        await admin.start()
        try:
            return str((await admin.describe_cluster())["cluster_id"])
        finally:
            await admin.close()

    async def bounds(self, tp: TopicPartition) -> tuple[int, int]:
        """The offsets of the first record and behind the last."""
        begins, ends = await asyncio.gather(self._consumer.beginning_offsets([tp]), self._consumer.end_offsets([tp]))
        return int(begins[tp]), int(ends[tp])

    async def at(self, tp: TopicPartition, time: int) -> int | None:
        """The offset of the first record that is not older than *time*, in ms; None where there is none."""
        found = (await self._consumer.offsets_for_times({tp: max(0, time)}))[tp]
        return int(found.offset) if found is not None else None

    async def read(self, tp: TopicPartition, offset: int, size: int = BYTES) -> LogPart:
        """Records from *offset* on; none where there are none. Raises OffsetOutOfRangeError where *offset* is not in the log."""
        clock = asyncio.get_running_loop().time
        until = clock() + PATIENCE
        client = self._consumer._client  # noqa: SLF001 - the consumer itself can only subscribe
        while True:
            leader = client.cluster.leader_for_partition(tp)
            if leader is not None and leader >= 0:
                request = FetchRequest(200, 1, size, self._isolation, [(tp.topic, [(tp.partition, offset, size)])])
                try:
                    answer = await client.send(leader, request)
                    part = _part(answer, offset, committed=bool(self._isolation))
                    return part if self._consumer.cipher is None else await self._opened(tp, part)
                except KafkaError as error:
                    if not error.retriable or isinstance(error, OffsetOutOfRangeError) or clock() > until:
                        raise
            elif clock() > until:
                raise RequestTimedOutError(f"no leader is known of {tp.topic} {tp.partition}")
            await client.add_topic(tp.topic)
            await client.force_metadata_update()
            await asyncio.sleep(PAUSE)

    async def _opened(self, tp: TopicPartition, part: LogPart) -> LogPart:
        assert self._consumer.cipher is not None
        return part._replace(records=(await self._consumer.cipher.opened({tp: part.records}))[tp])


def _part(answer: Any, offset: int, *, committed: bool) -> LogPart:
    _, [(_, error, _, *rest)] = answer.topics[0]
    if error:
        raise for_code(error)(f"fetch at {offset}")
    # Source: Apache Kafka, "Protocol guide: Fetch API"; since version 11 a replica stands between.
    aborted = rest[2] if answer.API_VERSION >= 11 else rest[-2]
    return _read(MemoryRecords(rest[-1]), offset, sorted(aborted or (), key=lambda one: one[1]) if committed else None)


def _read(batches: MemoryRecords, offset: int, aborted: Iterable[tuple[int, int]] | None) -> LogPart:
    """*aborted*: (producer, first offset) of transactions that came to nothing, in order; None where all is read."""
    records: list[Any] = []
    after = offset
    waiting = list(aborted or ())
    dead: set[int] = set()
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException(f"batch at {batch.base_offset}")
        after = max(after, batch.next_offset)
        if aborted is not None and batch.producer_id is not None:
            while waiting and waiting[0][1] <= batch.base_offset:
                dead.add(waiting.pop(0)[0])
            if batch.is_control_batch and ControlRecord.parse(next(batch).key) == ABORT_MARKER:
                dead.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in dead:
                continue
        if batch.is_control_batch:
            continue
        found = list(batch)
        if found and found[0].offset < offset:
            found = [record for record in found if record.offset >= offset]
        records += found
    return LogPart(records, after)
