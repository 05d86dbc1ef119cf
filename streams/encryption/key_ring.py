"""The keys of the topic `keys`: read before anything is decrypted, followed from then on, and made where one is missing.

It is at work while somebody uses it (`enter`, `leave`): a role as long as it runs, a command as long as it reads.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from streams.encryption import key_records
from streams.encryption.key_records import PARTITION, PeriodKey, PersonKey
from streams.encryption.key_table import KeyTable
from streams.encryption.known_keys import KnownKeys
from streams.encryption.master_key_form import MasterKeyError
from streams.encryption.master_keys import MasterKeys
from streams.kafka import clients, permissions
from streams.kafka.cluster import Cluster
from streams.kafka.record_writer import PlacedRecord, RecordWriter
from streams.kafka.topic_follower import TopicFollower
from streams.observe.metrics import REBUILD_SECONDS

log = structlog.get_logger()

DAY = 86_400_000
SOON = 10
"""Ms to wait for records while somebody asks for what is new."""
MOST = 5000
"""Records that are read together."""
STORE = 10.0
"""Seconds in which new keys must be on the brokers."""


class KeyRing:
    """*period* and *kept* in ms; *kept* 0: without end. *makes*: keys are made, too, and not read alone."""

    def __init__(self, where: Cluster, topic: str, masters: MasterKeys, *, period: int, kept: int, makes: bool) -> None:
        self._where = where
        self.topic = topic
        self._tp = TopicPartition(topic, PARTITION)
        self.masters = masters
        self._period, self._kept, self._makes = period, kept, makes
        self._known = KnownKeys(masters)
        self.changed: Callable[[], None] = lambda: None
        """Called when a key was thrown away, or may have been."""
        self._current: PeriodKey | None = None
        self._users = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._making = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._follower: TopicFollower | None = None
        self._writer = RecordWriter(where, STORE)

    @property
    def table(self) -> KeyTable:
        return self._known.table

    @property
    def old(self) -> set[bytes]:
        """Keys that are wrapped by another master key than the first."""
        return self._known.old

    # -- life

    def enter(self) -> None:
        """Whoever reads or writes records says so, and says when it does no more."""
        self._users += 1

    async def leave(self) -> None:
        self._users -= 1
        if not self._users:
            await self._stop()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """It is at work meanwhile."""
        self.enter()
        try:
            yield
        finally:
            await self.leave()

    async def start(self) -> None:
        """Return once all keys that lie in the topic have been read. Raises KafkaError, MasterKeyError."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a command may have several, one after the other
            self._starting, self._making = asyncio.Lock(), asyncio.Lock()
            self._following, self._follower, self._writer, self._loop = None, None, RecordWriter(self._where, STORE), loop
        async with self._starting:
            if self._following is not None and not self._following.done():
                return
            begun = time.monotonic()
            try:
                await self._read()
                if self._makes:
                    await self._make([b""])
            except BaseException:
                await self._stop()
                raise
            REBUILD_SECONDS.labels("keys").observe(time.monotonic() - begun)

    async def _read(self) -> None:
        await self._stop()
        known = KnownKeys(self.masters)
        self._follower = follower = TopicFollower(
            self._where,
            partial(clients.consumer, self._where, opens=False),
            partial(self._apply, known),
            soon=SOON,
            unreadable="keys unreadable, retrying",
        )
        consumer = await follower.connect(fetch_max_wait_ms=100, max_partition_fetch_bytes=4 << 20)
        if not (await permissions.visible(consumer._client, [self.topic]))[self.topic]:  # noqa: SLF001 - it is one of ours
            raise UnknownTopicOrPartitionError(f"topic {self.topic} is missing; make it with: im-relay topics create")
        follower.begin(await consumer.beginning_offsets([self._tp]))
        ends = await follower.ends()
        while follower.is_before(ends):
            await follower.read(SOON, MOST)
        if known.unread:
            raise MasterKeyError(next(iter(known.unread.values())))
        self._known = known  # not before it is whole: whoever reads meanwhile knows what was known
        self.changed()
        known.show()
        self._following = asyncio.create_task(follower.follow(MOST, self._taken))

    async def _stop(self) -> None:
        following, self._following = self._following, None
        follower, self._follower = self._follower, None
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
        if follower is not None:
            with suppress(Exception):
                await follower.stop()
        await self._writer.stop()

    # -- reading

    async def caught_up(self) -> None:
        """Until all that lies in the topic now has been read. Raises KafkaError, MasterKeyError."""
        await self.start()
        assert self._follower is not None
        await self._follower.caught_up(self._check)

    def _check(self) -> None:
        if self._following is None or self._following.done():
            raise KafkaError(f"{self.topic} is followed no more")

    def _taken(self, count: int) -> None:
        if count:
            self._known.show()

    def _apply(self, known: KnownKeys, raw: ConsumerRecord) -> None:
        unread = len(known.unread)
        if known.take(raw) and known is self._known:
            self.changed()
        if not unread and known.unread and known is self._known:
            log.error("a key cannot be read", why=str(next(iter(known.unread.values()))))

    # -- what is known

    def secrets(self, person: bytes, period: bytes) -> tuple[bytes, bytes] | None:
        """Of the keys with these ids, of which *period* may be empty; None where one is unknown, or too old. Raises MasterKeyError."""
        secret = self._known.secret(person)
        if secret is None:
            return None
        if not period:
            return secret, b""
        key = self._known.period(period)
        return (secret, key.secret) if key is not None and not self.is_over(key) else None

    def person(self, owner: bytes) -> bytes | None:
        """The id of the key of *owner* (see `headers.owner`)."""
        ids = self.table.of(key_records.digest(owner))
        return ids[-1] if ids else None

    def period(self) -> bytes | None:
        """The id of the key of this period."""
        now, known = _now(), self._current
        if known is None or known.id not in self.table.periods or not now < known.end:
            inside = (key for key in self.table.periods.values() if now < key.end <= now + self._period)
            known = self._current = max(inside, key=lambda key: (key.end, key.id), default=None)
        return known.id if known is not None else None

    def last_period(self) -> bytes | None:
        """That of this period, or of the last one that there is."""
        last = max(self.table.periods.values(), key=lambda key: (key.end, key.id), default=None)
        return last.id if last is not None else None

    def is_over(self, key: PeriodKey) -> bool:
        """Whether what it encrypts is to be unreadable by now."""
        return bool(self._kept) and _now() >= key.end + self._kept

    # -- making, and throwing away what is too old

    def ready(self, owners: Iterable[bytes]) -> bool:
        """Whether records of *owners* can be encrypted now."""
        return self.period() is not None and all(self.person(owner) is not None for owner in owners)

    async def prepare(self, owners: Iterable[bytes]) -> None:
        """Until records of *owners* can be encrypted: what is missing is made, and on the brokers. Raises KafkaError, MasterKeyError."""
        owners = list(owners)
        await self.start()
        if not self.ready(owners):
            await self._make(owners)

    async def _make(self, owners: list[bytes]) -> None:
        async with self._making:
            keys: list[PersonKey | PeriodKey] = [
                key_records.new_person(each) for each in dict.fromkeys(owners) if self.person(each) is None
            ]
            records: list[tuple[bytes, bytes | None]] = []
            over: list[bytes] = []
            if self.period() is None:
                keys.append(key_records.new_period((_now() // self._period + 1) * self._period))
                over = [key.id for key in self.table.periods.values() if self.is_over(key)]
                records += [(key_records.record_key(self.table.periods[each]), None) for each in over]
            records += [key_records.dump(key, self.masters.first) for key in keys]
            self._known.writing({key.id for key in keys})
            await self._writer.write(self.topic, [PlacedRecord(name, value, PARTITION) for name, value in records])
            for key in keys:
                self._known.written(key)
            for each in over:
                self.table.remove(each)
            if over:
                log.info("keys of old periods were thrown away", keys=len(over))
                self.changed()


def _now() -> int:
    return time.time_ns() // 1_000_000
