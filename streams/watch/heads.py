"""The oldest record of each partition that is not done, found by its offset: the committed offset itself says nothing of age, nor whether anything is there.

Markers of transactions, and what an aborted one wrote, take offsets that nobody commits past until more comes; behind an open transaction
lies what nobody may read yet, and waits all the same.
"""

from asyncio import Semaphore, gather
from collections.abc import Mapping
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import OffsetOutOfRangeError
from msgspec import Struct

from streams.kafka.log_reader import LogReader
from streams.watch.stages import WaitingRecord, WatchedTopic, waiting

READS = 256
"""Partitions whose oldest record is looked up in one look; the others keep what was known of them."""
TOGETHER = 8
ONE_BATCH = 1
"""Bytes: brokers answer with a whole batch however little is asked for."""
BATCHES = 64
"""Batches without a record of anybody's that one look passes over in one partition."""


class Backlog(NamedTuple):
    """Of one partition: not done is what lies from *done* on, and can be read up to *stable*; *end* is behind the last record."""

    done: int
    stable: int
    end: int


class _Head(Struct):
    """*at*: the offset up to which nothing is waiting. *record*: the one that waits there; None where nothing does up to *end*.

    *stable*, where the record lies behind an open transaction, or is of one: an abort takes it away.
    """

    done: int
    at: int
    end: int
    record: WaitingRecord | None
    stable: int = -1


class OldestRecords:
    """Remembers what it has found, one entry a partition: a partition that stands is not read again."""

    def __init__(self, committed: LogReader, uncommitted: LogReader, reads: int = READS) -> None:
        self._committed = committed
        self._uncommitted = uncommitted
        self._reads = reads
        self._heads: dict[TopicPartition, _Head] = {}

    async def look(
        self, backlogs: Mapping[TopicPartition, Backlog], kinds: Mapping[TopicPartition, WatchedTopic]
    ) -> dict[TopicPartition, WaitingRecord]:
        """The oldest record of each partition that has one. Raises KafkaError."""
        stale = []
        for tp in self._heads.keys() - backlogs.keys():
            del self._heads[tp]
        for tp, backlog in backlogs.items():
            if backlog.done >= backlog.end:
                self._heads.pop(tp, None)
            elif not _holds(self._heads.get(tp), backlog):
                stale.append(tp)
        # What was found longest ago comes first, or those at the end of the list would never come.
        stale.sort(key=lambda tp: self._heads[tp].done - backlogs[tp].done if tp in self._heads else -(1 << 62))
        room = Semaphore(TOGETHER)

        async def read(tp: TopicPartition) -> None:
            async with room:
                self._heads[tp] = await self._find(tp, backlogs[tp], kinds[tp])

        await gather(*(read(tp) for tp in stale[: self._reads]))
        return {tp: head.record for tp, head in self._heads.items() if head.record is not None}

    async def _find(self, tp: TopicPartition, backlog: Backlog, kind: WatchedTopic) -> _Head:
        head = self._heads.get(tp)
        at = head.at if head is not None and head.done == backlog.done else backlog.done
        for _ in range(BATCHES):
            if at >= backlog.stable:
                break
            try:
                part = await self._committed.read(tp, at, ONE_BATCH)
            except OffsetOutOfRangeError:
                begin, end = await self._committed.bounds(tp)
                if not at < begin <= end:
                    break  # the topic was made anew: the next look sees its new end
                at = begin  # deleted before it was read
                continue
            if part.records:
                return _Head(backlog.done, at, backlog.end, waiting(kind.topic, part.records[0]))
            if part.next <= at:
                break
            at = part.next
        if max(at, backlog.stable) >= backlog.end:
            return _Head(backlog.done, at, backlog.end, None)
        return _Head(backlog.done, at, backlog.end, await self._open(tp, max(at, backlog.stable), kind), backlog.stable)

    async def _open(self, tp: TopicPartition, offset: int, kind: WatchedTopic) -> WaitingRecord | None:
        """The first record behind the last stable offset: of an open transaction, or held up by it."""
        try:
            part = await self._uncommitted.read(tp, offset, ONE_BATCH)
        except OffsetOutOfRangeError:
            return None
        return waiting(kind.topic, part.records[0]) if part.records else None


def _holds(head: _Head | None, backlog: Backlog) -> bool:
    """Whether *head* is still what a look would find."""
    if head is None or head.done != backlog.done:
        return False
    if head.record is None:
        return head.end == backlog.end
    return head.stable in (-1, backlog.stable)
