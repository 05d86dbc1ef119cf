"""Transactions as brokers since Kafka 4 allow them: what is written adds itself, and the end gives the next one its epoch.

Two round trips instead of five, and half of the requests. Source: Apache Kafka, "KIP-890: Transactions Server-Side Defense", part 2.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice

from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, for_code
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.exactly_once import kafka_protocol
from streams.exactly_once.kafka_protocol import ProducerIdentity
from streams.exactly_once.outputs import FencedError, Outputs, Plain, ProducerSettings
from streams.kafka import clients
from streams.kafka.reachability import REACH

FEATURE, LEVEL = "transaction.version", 2

# Source: Apache Kafka, "Protocol guide: error codes".
_FENCED = frozenset({47, 90})
_LOST = 13
_STALE = frozenset({3, 5, 6, 9, 14, 15, 16, _LOST})
"""Asked of the wrong broker, or of one that is gone or about to take over: whom to ask is looked up again."""
_AGAIN = _STALE | {7, 19, 20, 51, 56}
"""Not done, or not told: it may be sent again all the same. Records are numbered, and to commit offsets twice is to do it once."""
_END_AGAIN = frozenset({14, 16, 51})
"""Not done. Of whatever else goes wrong at the end nothing is known."""
_UNTOLD = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError)

PAUSE = 0.01
"""Seconds before a request that was refused for now is sent again; doubled each time."""
LONGEST_PAUSE = 0.2

Place = tuple[str, int]
Batch = tuple[bytes, int]
"""The bytes of a record batch, and how many records they are."""


class DirectTransactions:
    """One after the other, on one connection to each broker; two transactional ids in turn.

    The end of a transaction is answered while its markers are still being written, and until they are its id can begin no other.
    """

    def __init__(self, link: ProducerSettings, name: str, group: str) -> None:
        self._link = link
        self._group = group
        self._ids = deque(ProducerIdentity(f"{name}-{turn}", -1, -1) for turn in ("a", "b"))
        self._open: ProducerIdentity | None = None
        self._numbers: dict[Place, int] = {}
        """Of the records that the open transaction writes next."""
        self._coordinators: dict[str, int] = {}
        self.refusal = ""
        """What is refused for now, as long as it is."""
        self._refused: set[str] = set()
        """Topics that we may not write to."""
        self._client = clients.client(link.bootstrap, request_timeout_ms=int(link.request_timeout * 1000), retry_backoff_ms=100)

    async def possible(self) -> bool:
        """Connect, and say whether the cluster has settled on it. Raises KafkaError."""
        await self._client.bootstrap()
        levels: dict[str, int] = await self._client.send(self._client.get_random_node(), kafka_protocol.features())
        return levels.get(FEATURE, 0) >= LEVEL

    async def start(self) -> None:
        self._ids = deque(await asyncio.gather(*map(self._fence, self._ids)))

    async def write(self, outputs: Outputs) -> dict[Place, int]:
        """See `Producers.write`. Raises KafkaError and Fenced."""
        return await self._write(self._begun(), outputs) if outputs.records else {}

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[Place, int]:
        """See `Producers.commit`. Raises KafkaError and Fenced, also in groups."""
        if not outputs.records and not offsets and self._open is None:
            return {}
        who = self._begun()
        if not offsets:
            written = await self._write(who, outputs)
        else:
            async with asyncio.TaskGroup() as both:
                # A broker that gets both is asked by one connection, so in turn: at once, it would refuse one of them.
                writing = both.create_task(self._write(who, outputs))
                both.create_task(self._commit_offsets(who, offsets))
            written = writing.result()
        self._ids[-1] = await self._end(who)
        self._open = None
        return written

    def _begun(self) -> ProducerIdentity:
        if self._open is None:
            self._open = self._ids[0]
            self._ids.rotate()
            self._numbers.clear()
        return self._open

    async def close(self) -> None:
        with suppress(Exception):
            async with asyncio.timeout(1.0):
                await self._client.close()

    # -- the four requests

    async def _fence(self, who: ProducerIdentity) -> ProducerIdentity:
        given: list[ProducerIdentity] = []

        async def ask() -> Iterable[int]:
            node = await self._coordinator(CoordinationType.TRANSACTION, who.name)
            error, identity = await self._client.send(node, kafka_protocol.init(who.name, self._link.transaction_timeout))
            given.append(identity)
            return (error,)

        await self._until_done(ask, _AGAIN)
        return given[-1]

    async def _write(self, who: ProducerIdentity, outputs: Outputs) -> dict[Place, int]:
        waiting = {
            where: deque(_batches(who, records, self._link.max_batch, self._numbers.get(where, 0)))
            for where, records in outputs.records.items()
        }
        for where, records in outputs.records.items():
            self._numbers[where] = self._numbers.get(where, 0) + len(records)
        written: dict[Place, int] = {}

        async def ask() -> Iterable[int]:
            """For the first batch of each partition: none overtakes another."""
            nodes: dict[int, list[tuple[str, int, bytes]]] = {}
            for (topic, partition), batches in waiting.items():
                nodes.setdefault(await self._leader(topic, partition), []).append((topic, partition, batches[0][0]))
            asked = [self._produce(node, who, batches) for node, batches in nodes.items()]
            errors = set()
            for answer in await asyncio.gather(*asked) if len(asked) > 1 else [await asked[0]]:
                for where, (error, offset) in answer.items():
                    errors.add(error)
                    if error == 29:
                        self._refused.add(where[0])
                    elif not error:
                        _, count = waiting[where].popleft()
                        written[where] = offset + count
                        if not waiting[where]:
                            del waiting[where]
            return errors

        while waiting:
            await self._until_done(ask, _AGAIN)
        return written

    async def _produce(self, node: int, who: ProducerIdentity, batches: list[tuple[str, int, bytes]]) -> dict[Place, tuple[int, int]]:
        try:
            answer: dict[Place, tuple[int, int]] = await self._client.send(
                node, kafka_protocol.produce(who.name, self._link.request_timeout, batches)
            )
        except _UNTOLD:
            return {(topic, partition): (_LOST, -1) for topic, partition, _ in batches}
        return answer

    async def _commit_offsets(self, who: ProducerIdentity, offsets: Mapping[TopicPartition, int]) -> None:
        request = kafka_protocol.commit_offsets(who, self._group, offsets)

        async def ask() -> Iterable[int]:
            errors: set[int] = await self._client.send(await self._coordinator(CoordinationType.GROUP, self._group), request)
            return errors

        await self._until_done(ask, _AGAIN)

    async def _end(self, who: ProducerIdentity) -> ProducerIdentity:
        following: list[ProducerIdentity] = []

        async def ask() -> Iterable[int]:
            node = await self._coordinator(CoordinationType.TRANSACTION, who.name)
            error, identity = await self._client.send(node, kafka_protocol.commit(who))
            following.append(identity)
            return (error,)

        await self._until_done(ask, _END_AGAIN)
        return following[-1]

    # -- whom to ask, and what is refused for now

    async def _until_done(self, ask: Callable[[], Awaitable[Iterable[int]]], again: frozenset[int]) -> None:
        """Repeat *ask* while it answers with error codes of *again*. Raises Fenced, KafkaError."""
        pause = PAUSE
        while True:
            try:
                errors = set(await ask()) - {0}
            except NodeNotReadyError:
                errors = {_LOST}  # it was not sent
            except _UNTOLD:
                if _LOST not in again:
                    raise
                errors = {_LOST}
            else:
                if not errors:
                    self.refusal = ""
                    return
                if fenced := errors & _FENCED:
                    raise FencedError(f"error {min(fenced)}")
                if fatal := errors - again:
                    raise for_code(min(fatal))(*self._about(min(fatal)))
            self.refusal = ", ".join(for_code(each).__name__ for each in sorted(errors))
            if pause >= LONGEST_PAUSE:
                REACH.told(f"a transaction is refused for now: {self.refusal}")
            if errors & _STALE:
                self._coordinators.clear()
                await self._client.force_metadata_update()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _about(self, error: int) -> tuple[object, ...]:
        """What was refused, where that is what *error* says."""
        match error:
            case 29:
                return (frozenset(self._refused),)
            case 30:
                return (self._group,)
            case 53:
                return (frozenset(who.name for who in self._ids),)
            case _:
                return ()

    async def _coordinator(self, kind: CoordinationType, key: str) -> int:
        known = self._coordinators.get(key)
        if known is None:
            try:
                known = self._coordinators[key] = await self._client.coordinator_lookup(kind, key)
            except (*_UNTOLD, GroupCoordinatorNotAvailableError) as error:
                raise NodeNotReadyError(repr(error)) from None
        return known

    async def _leader(self, topic: str, partition: int) -> int:
        leader: int | None = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if leader is None:
            await self._client.add_topic(topic)
            leader = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if leader is None or leader < 0:
            raise NodeNotReadyError(f"no leader is known of {topic} {partition}")
        return leader


def _batches(who: ProducerIdentity, records: list[Plain], size: int, number: int) -> Iterator[Batch]:
    """Of *size* bytes at most, or of one record. *number* is the first one's: 0 for the first of an epoch, and each transaction has an epoch."""
    first, now = 0, int(time.time() * 1000)
    while first < len(records):
        builder = DefaultRecordBatchBuilder(2, 0, 1, who.number, who.epoch, number + first, size)
        append = builder.append
        count = 0
        for key, value, headers in islice(records, first, None):
            if append(count, now, key, value, headers) is None:
                break
            count += 1
        assert count, "the first record of a batch always fits"
        yield bytes(builder.build()), count
        first += count
