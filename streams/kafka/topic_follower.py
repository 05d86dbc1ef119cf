"""A topic that somebody holds whole: read to its end, then followed, and read anew to the end of now where somebody asks."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka import permissions
from streams.kafka.cluster import Where

log = structlog.get_logger()

WAIT = 200
"""Ms to wait for records while nobody asks for what is new."""


class TopicFollower:
    """*make* makes its consumers, of *where*; *take* is given each record, within *soon* ms while somebody asks; *unreadable* is logged where Kafka is away."""

    def __init__(
        self, where: Where, make: Callable[..., AIOKafkaConsumer], take: Callable[[ConsumerRecord], None], *, soon: int, unreadable: str
    ) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self._where, self._make, self._take = where, make, take
        self._soon, self._unreadable = soon, unreadable
        self._consumer: AIOKafkaConsumer | None = None
        self._probe: AIOKafkaConsumer | None = None
        """Sees what is not committed."""
        self._probing = asyncio.Lock()
        self._asked = 0
        self._ended = False

    async def connect(self, **options: int) -> AIOKafkaConsumer:
        """The consumer, of committed records, with *options* of its own. Raises KafkaError."""
        self._ended = False
        self._consumer = self._make(isolation_level="read_committed", auto_offset_reset="earliest", enable_auto_commit=False, **options)
        await self._consumer.start()
        return self._consumer

    async def stop(self) -> None:
        self._ended = True
        opened = self._consumer, self._probe
        self._consumer = self._probe = None
        async with AsyncExitStack() as stopping:  # the second one, whatever the first does
            for each in opened:
                if each is not None:
                    stopping.push_async_callback(each.stop)

    def begin(self, starts: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets."""
        assert self._consumer is not None
        self._consumer.assign(list(starts))
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
        self.positions = dict(starts)

    def is_before(self, ends: Mapping[TopicPartition, int]) -> bool:
        return any(self.positions[tp] < end for tp, end in ends.items())

    async def read(self, wait: int, most: int) -> int:
        """Take what comes within *wait* ms; the answer is how many records. Raises KafkaError."""
        assert self._consumer is not None
        found = await self._consumer.getmany(timeout_ms=wait, max_records=most)
        for records in found.values():
            for raw in records:
                self._take(raw)
        # Markers of transactions take an offset and are never seen: what counts is the position, not the last record.
        self.positions = {tp: await self._consumer.position(tp) for tp in self._consumer.assignment()}
        return sum(map(len, found.values()))

    async def ends(self) -> dict[TopicPartition, int]:
        """Behind all that lies there, also what is not committed yet. Raises KafkaError."""
        async with self._probing:
            if self._probe is None:
                probe = self._make(isolation_level="read_uncommitted", enable_auto_commit=False)
                try:
                    await probe.start()
                except BaseException:
                    await probe.stop()
                    raise
                if self._ended:
                    await probe.stop()
                    raise KafkaError("nothing is followed any more")
                self._probe = probe
        found: dict[TopicPartition, int] = await self._probe.end_offsets(list(self.positions))
        return found

    async def caught_up(self, check: Callable[[], None]) -> None:
        """Until all that lies there now has been read by `follow`, also what is not committed yet, if it will be. Raises what *check* does, KafkaError."""
        ends = await self.ends()
        self._asked += 1
        try:
            while self.is_before(ends):
                check()
                await asyncio.sleep(self._soon / 1000)
        finally:
            self._asked -= 1

    async def follow(self, most: int, after: Callable[[int], None]) -> None:
        """Without end; *after* is told how many records came, 0 among them."""
        while True:
            try:
                count = await self.read(self._soon if self._asked else WAIT, most)
            except KafkaError as error:
                log.warning(self._unreadable, error=permissions.why(error, self._where))
                await asyncio.sleep(1.0)
                continue
            after(count)
