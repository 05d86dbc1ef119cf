"""Asks the brokers how far each consumer group is, where the logs end, who owns what, and which transactions are open."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError, for_code
from msgspec import Struct

from streams.kafka import clients, open_transactions
from streams.kafka.cluster import Where
from streams.watch.heads import Backlog
from streams.watch.stages import WatchedStage

MOVING = 5.0
"""Seconds in which the coordinator of a group must be found."""
PREPARING = ("PreparingRebalance", "CompletingRebalance")
"""States of a group in which nobody is said to own anything. Source: Apache Kafka, class GroupState."""


class PartitionHealth(Struct, frozen=True):
    """Partitions of one topic."""

    offline: int = 0
    """Without a leader: nothing can be read or written there."""
    under_replicated: int = 0


class GroupMembers(Struct, frozen=True):
    """*unowned*: partition numbers that no member works on. *moving*: they are being given out anew, and nobody can say."""

    members: int
    unowned: int
    moving: bool = False


class Snapshot(Struct, frozen=True):
    """One look at the cluster. *begins* and *ends* are those of the dead letters."""

    backlogs: Mapping[str, Mapping[TopicPartition, Backlog]]
    """By consumer group."""
    groups: Mapping[str, GroupMembers]
    topics: Mapping[str, PartitionHealth]
    begins: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    blocked: Collection[TopicPartition]
    """Partitions in which a transaction is open: more lies there than can be read."""


class Probe:
    """Some requests a broker and look, however many partitions there are. Its methods raise KafkaError.

    *beside*: topics that are no input of a stage; only their partitions' health is seen, and they need not be readable.
    """

    def __init__(self, where: Where, stages: Iterable[WatchedStage], letters: str, beside: Iterable[str]) -> None:
        self._stages = tuple(stages)
        self._letters = letters
        self.readable = frozenset({letters, *(one.name for stage in self._stages for one in stage.inputs)})
        self._names = self.readable | frozenset(beside)
        self._stable = clients.consumer(where, isolation_level="read_committed", enable_auto_commit=False)
        self._end = clients.consumer(where, isolation_level="read_uncommitted", enable_auto_commit=False)
        self._admin = clients.admin(where)
        self._started: list[Any] = []

    async def start(self) -> None:
        for each in (self._stable, self._end, self._admin):
            if each not in self._started:
                await each.start()
                self._started.append(each)

    async def stop(self) -> None:
        for each in self._started:
            await (each.close() if each is self._admin else each.stop())
        self._started = []

    async def look(self) -> Snapshot:
        cluster = await self._stable._client.fetch_all_metadata()  # noqa: SLF001 - aiokafka has no public way to unsubscribed topics
        led: list[TopicPartition] = []
        health: dict[str, PartitionHealth] = {}
        for name in sorted(self._names):
            parts = dict(cluster._partitions.get(name, {}))  # noqa: SLF001 - nor to a partition's replicas
            online = {number for number, part in parts.items() if part.leader >= 0}
            led += [TopicPartition(name, number) for number in sorted(online)]
            lacking = sum(number in online and len(part.isr) < len(part.replicas) for number, part in parts.items())
            health[name] = PartitionHealth(len(parts) - len(online), lacking)
        stable, ends = await self._stable.end_offsets(led), await self._end.end_offsets(led)
        backlogs, groups = {}, {}
        for stage in self._stages:
            committed = await self._committed(stage.group)
            mine = [tp for tp in led if any(tp.topic == one.name for one in stage.inputs)]
            # What was deleted unread waits no more: nobody commits past it until more comes.
            begins = await self._begins([tp for tp in mine if committed.get(tp, 0) < ends[tp]])
            done = {tp: max(committed.get(tp, 0), begins.get(tp, 0)) for tp in mine}
            backlogs[stage.group] = {tp: Backlog(done[tp], stable[tp], ends[tp]) for tp in mine}
            groups[stage.group] = await self._members(stage, {tp for tp in led if tp.topic == stage.inputs[0].name})
        letters = [tp for tp in led if tp.topic == self._letters]
        return Snapshot(
            backlogs,
            groups,
            health,
            await self._begins(letters),
            {tp: stable[tp] for tp in letters},
            [tp for tp in led if stable[tp] < ends[tp] and tp.topic in self.readable],
        )

    async def transactions(self, tps: Collection[TopicPartition]) -> dict[str, list[float]]:
        """How long each transaction that is open in *tps* has been so, in seconds, by topic."""
        found: dict[str, list[float]] = defaultdict(list)
        client = self._end._client  # noqa: SLF001 - it knows the partitions' leaders
        for one in await open_transactions.named(client, await open_transactions.writers(client, tps)) if tps else []:
            found[one.writer.tp.topic].append(one.age())
        return found

    async def _begins(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: int(offset) for tp, offset in (await self._end.beginning_offsets(tps)).items()} if tps else {}

    async def _committed(self, group: str) -> dict[TopicPartition, int]:
        found = await _patiently(lambda: self._admin.list_consumer_group_offsets(group))
        return {TopicPartition(*tp): int(one.offset) for tp, one in found.items() if one.offset >= 0}

    async def _members(self, stage: WatchedStage, numbers: Collection[TopicPartition]) -> GroupMembers:
        (answer,) = await _patiently(lambda: self._admin.describe_consumer_groups([stage.group]))
        error, _, state, _, _, members, *_ = answer.groups[0]
        if error:
            raise _error(error, stage.group)
        owned = {tp for member in members for tp in _assigned(member[4])}
        moving = state in PREPARING
        return GroupMembers(len(members), 0 if moving else len(set(numbers) - owned), moving)


async def _patiently(ask: Callable[[], Awaitable[Any]]) -> Any:
    """A group's coordinator may be on the move, or its topic not be made yet. Raises KafkaError."""
    until = time.monotonic() + MOVING
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > until:
                raise
        await asyncio.sleep(0.1)


def _assigned(raw: bytes) -> list[TopicPartition]:
    return list(ConsumerProtocolMemberAssignment.decode(raw).partitions()) if raw else []


def _error(code: int, group: str) -> KafkaError:
    error: KafkaError = for_code(code)(f"consumer group {group}")
    return error


def lag(backlogs: Mapping[TopicPartition, Backlog], waiting: Collection[TopicPartition]) -> Counter[str]:
    """Records between what is done and the end, by topic: only where one of them waits, and not where nothing but markers lies behind."""
    found: Counter[str] = Counter()
    for tp, backlog in backlogs.items():
        found[tp.topic] += backlog.end - backlog.done if tp in waiting else 0
    return found
