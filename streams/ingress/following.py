"""Reads out of the callbacks' topics which signatures have been used: after a start what it has missed, and then what others take.

The newest first: who knows what was used since a time may decide what was signed after it. The rest is read backwards, meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from streams.ingress.once import MARGIN, NEVER, SignaturePosition, SignatureTable, UsedSignature
from streams.ingress.record import ONCE
from streams.kafka import clients, permissions
from streams.kafka.acls import AclGrant
from streams.kafka.cluster import Where
from streams.kafka.log_reader import LogReader
from streams.observe import metrics

log = structlog.get_logger(__name__)

T = TypeVar("T")

RECENT = 900_000
"""Milliseconds that are read before a start is done."""
EVERY = 1.0
"""Seconds between two writes to the disk."""
PAUSE = 1.0
"""Seconds until a cluster that did not answer is asked again."""
ENOUGH = 20_000
"""Rows learnt until they are written before their time."""


class SignatureFollower:
    """Between `start` and `stop` it keeps *signatures* up with *topics*. Until it has started, nothing is decided."""

    def __init__(self, signatures: SignatureTable, where: Where, topics: Iterable[str]) -> None:
        self._signatures = signatures
        signatures.since = NEVER
        self._topics = sorted(topics)
        self._where = where
        self._log: LogReader
        self._consumer: AIOKafkaConsumer
        self._open: list[LogReader | AIOKafkaConsumer] = []
        self._cluster = ""
        self._next: dict[TopicPartition, int] = {}
        self._whole = False
        """Whether all before `_next` is known."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when what is recent is known. Raises KafkaError, TimeoutError, OSError; after `leave` it may be tried again."""
        # What they need stands in headers: nothing is decrypted.
        self._log = LogReader(self._where, committed=True, opens=False)
        self._consumer = clients.consumer(
            self._where, opens=False, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest"
        )
        self._open = [self._consumer, self._log]
        self._next = {}
        await self._consumer.start()
        client = self._consumer._client  # noqa: SLF001 - it is one of ours
        await permissions.require(client, [AclGrant("topic", topic, "Read") for topic in self._topics])
        counts = await permissions.visible(client, self._topics)
        if missing := [topic for topic, count in counts.items() if not count]:
            raise UnknownTopicOrPartitionError(missing[0])  # there is no Kafka yet, or nobody has made them: it is tried again
        await self._log.start()
        self._cluster = await self._log.cluster()
        places = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
        self._consumer.assign(places)
        now = _now()
        since = now - RECENT
        kept = self._signatures.place.offsets if self._signatures.place.cluster == self._cluster else {}
        unread: dict[TopicPartition, tuple[int, int]] = {}
        ends: dict[TopicPartition, int] = {}
        for tp in places:
            begin, ends[tp] = await self._log.bounds(tp)
            recent = await self._log.at(tp, since)
            recent = ends[tp] if recent is None else recent
            low = kept.get(f"{tp.topic}/{tp.partition}", begin)
            low = max(begin, low) if low <= ends[tp] else begin
            self._next[tp] = max(low, recent)
            if low < recent:
                unread[tp] = (low, recent)
            self._consumer.seek(tp, self._next[tp])
        while any(self._next[tp] < end for tp, end in ends.items()):
            await self._follow()
        self._signatures.since = since if unread else 0
        self._whole = not unread
        self._tasks.append(asyncio.create_task(self._run()))
        if unread:
            self._tasks.append(asyncio.create_task(self._look_back(unread, since)))
        metrics.SIGNATURES_SINCE.set_function(lambda: self._signatures.since / 1000)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._next:
            self._flush()
        await self.leave()
        self._signatures.close()

    async def leave(self) -> None:
        """Undo a `start` that failed."""
        opened, self._open = self._open, []
        for each in opened:
            with suppress(Exception):
                async with asyncio.timeout(5.0):
                    await each.stop()

    async def _run(self) -> None:
        written = time.monotonic()
        while True:
            try:
                await self._follow()
                if time.monotonic() - written >= EVERY or self._signatures.unwritten >= ENOUGH:
                    written = time.monotonic()
                    self._flush()
            except Exception as error:  # noqa: BLE001 - whatever it is: what others take must be heard of again
                log.warning("callbacks that others take are not followed at the moment", error=type(error).__name__)
                for tp, offset in self._next.items():  # some of them may have been fetched, and not learnt
                    self._consumer.seek(tp, offset)
                await asyncio.sleep(PAUSE)

    async def _follow(self) -> None:
        found = await self._consumer.getmany(timeout_ms=200)
        for records in found.values():
            for record in records:
                self._learn(record.headers)
        for tp in self._next:
            # What is no record, such as a marker, moves it as well.
            self._next[tp] = await self._consumer.position(tp)

    async def _look_back(self, unread: dict[TopicPartition, tuple[int, int]], since: int) -> None:
        """Spans of twice the length each time, until the beginning or what is known."""
        span = RECENT
        log.info("restoring used signatures", records=sum(high - low for low, high in unread.values()))
        while unread:
            since -= span
            span *= 2
            for tp, (low, high) in list(unread.items()):
                at = await _patiently(self._log.at, tp, since)
                begin = min(high, max(low, high if at is None else at))
                await self._read(tp, begin, high)
                if begin > low:
                    unread[tp] = (low, begin)
                else:
                    del unread[tp]
            self._signatures.since = since
        self._signatures.since = 0
        self._whole = True
        log.info("used signatures restored")

    async def _read(self, tp: TopicPartition, offset: int, end: int) -> None:
        while offset < end:
            begin, _ = await _patiently(self._log.bounds, tp)
            part = await _patiently(self._log.read, tp, max(offset, begin))
            for record in part.records:
                self._learn(record.headers)
            if part.next <= offset:
                return
            offset = part.next
            if self._signatures.unwritten >= ENOUGH:
                self._flush()
            await asyncio.sleep(0)

    def _learn(self, headers: Iterable[tuple[str, bytes]]) -> None:
        raw = next((value for name, value in headers if name == ONCE), None)
        used = UsedSignature.read(raw) if raw is not None else None
        if used is not None:
            self._signatures.learn(used)

    def _flush(self) -> None:
        offsets = {f"{tp.topic}/{tp.partition}": offset for tp, offset in self._next.items()}
        self._signatures.flush(_now() - MARGIN, SignaturePosition(self._cluster, offsets) if self._whole else None)


async def _patiently(ask: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Its answer, however long the cluster does not give one."""
    while True:
        try:
            return await ask(*arguments)
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning("old records unreadable, retrying", error=type(error).__name__)
            await asyncio.sleep(PAUSE)


def _now() -> int:
    return time.time_ns() // 1_000_000
