"""Transactions that are open, whose they are, and their end: what was written behind one is read by nobody who reads what is committed."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.client import CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.transaction import InitProducerIdRequest
from msgspec import Struct

from streams.kafka import clients
from streams.kafka.cluster import Where
from streams.kafka.messages import DESCRIBE_PRODUCERS, DESCRIBE_TRANSACTIONS, LIST_TRANSACTIONS, WRITE_TXN_MARKERS

ENDING = 20.0
"""Seconds in which an aborted transaction must be over."""
MOVING = 2.0
"""Seconds in which a partition's leader may be looked for."""
_BUSY = frozenset({14, 15, 16, 51})
"""The last transaction is being ended, or its coordinator looked for: ask again. Source: "Protocol guide: error codes"."""


class TransactionWriter(Struct, frozen=True):
    """Who has a transaction open in *tp* from offset *start* on. *last*: ms since 1970, of its last record there, as the writer says."""

    tp: TopicPartition
    start: int
    producer: int
    epoch: int
    coordinator_epoch: int
    last: int


class OpenTransaction(Struct, frozen=True):
    """*name*, its transactional id, is empty where no coordinator knows the transaction, or we may not see it. *began* and *timeout*: ms."""

    writer: TransactionWriter
    name: str = ""
    began: int = 0
    timeout: int = 0

    def age(self, now: float | None = None) -> float:
        """Seconds."""
        since = self.began if self.began > 0 else self.writer.last
        return max(0.0, (time.time() if now is None else now) - since / 1000)

    def __str__(self) -> str:
        whose = f"transactional id {self.name!r}" if self.name else "a transactional id that no coordinator shows"
        tp = self.writer.tp
        return f"{tp.topic}, partition {tp.partition}: open from offset {self.writer.start} on for {self.age():.0f} s, by {whose} (producer {self.writer.producer})"


@asynccontextmanager
async def client_of(where: Where) -> AsyncIterator[clients.KafkaClient]:
    """Started. Raises KafkaError."""
    client = clients.client(where)
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()


async def writers(client: Any, tps: Iterable[TopicPartition]) -> list[TransactionWriter]:
    """All who have a transaction open in *tps*. Raises KafkaError, also where we may not see them."""
    tps = list(tps)
    until = time.monotonic() + MOVING
    while True:
        try:
            return await _writers(client, tps)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > until:
                raise
        await client.force_metadata_update()
        await asyncio.sleep(0.1)


async def _writers(client: Any, tps: Iterable[TopicPartition]) -> list[TransactionWriter]:
    led: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for tp in tps:
        if (leader := client.cluster.leader_for_partition(tp)) is None:
            await client.add_topic(tp.topic)
            leader = client.cluster.leader_for_partition(tp)
        if leader is not None and leader >= 0:
            led[leader][tp.topic].append(tp.partition)
    found = []
    for leader, topics in led.items():
        asked = [{"name": topic, "partitions": numbers} for topic, numbers in topics.items()]
        answer = await client.send(leader, DESCRIBE_PRODUCERS(topics=asked))
        for topic in answer["topics"]:
            for part in topic["partitions"]:
                if part["error"]:
                    raise for_code(part["error"])(f"{topic['name']}, partition {part['partition']}")
                tp = TopicPartition(topic["name"], part["partition"])
                found += [
                    TransactionWriter(tp, one["start"], one["id"], one["epoch"], one["coordinator_epoch"], one["timestamp"])
                    for one in part["producers"]
                    if one["start"] >= 0
                ]
    return sorted(found, key=lambda one: (one.tp.topic, one.tp.partition, one.start))


async def named(client: Any, found: Sequence[TransactionWriter]) -> list[OpenTransaction]:
    """With their transactional ids, as far as the coordinators know them and we may see them. Raises KafkaError."""
    if not found:
        return []
    told: dict[int, Mapping[str, Any]] = {}
    wanted = sorted({one.producer for one in found})
    for broker in client.cluster.brokers():
        answer = await client.send(broker.nodeId, LIST_TRANSACTIONS(states=[], producers=wanted))
        names = [each["name"] for each in answer["transactions"]]
        if names:
            described = await client.send(broker.nodeId, DESCRIBE_TRANSACTIONS(names=names))
            told |= {each["producer"]: each for each in described["transactions"] if not each["error"]}
    return [
        OpenTransaction(one, mine["name"], mine["began"], mine["timeout"]) if (mine := told.get(one.producer)) else OpenTransaction(one)
        for one in found
    ]


async def oldest(client: Any, tp: TopicPartition) -> OpenTransaction | None:
    """The one that keeps *tp* from being read further. Raises KafkaError."""
    return next(iter(await named(client, (await writers(client, [tp]))[:1])), None)


async def fence(client: Any, name: str, limit: int) -> None:
    """Abort what transactional id *name* has open, and take the id from whoever has it. *limit* of its next, in ms. Raises KafkaError."""
    request = InitProducerIdRequest(transactional_id=name, transaction_timeout_ms=limit)
    until = time.monotonic() + ENDING
    while True:
        coordinator = await client.coordinator_lookup(CoordinationType.TRANSACTION, name)
        code = (await client.send(coordinator, request)).error_code
        if not code:
            return
        if code not in _BUSY or time.monotonic() > until:
            raise for_code(code)(name)
        await asyncio.sleep(0.1)


async def end_unknown(client: Any, one: TransactionWriter) -> None:
    """Write the marker that the coordinator, which has forgotten the transaction, never will. Raises KafkaError."""
    leader = client.cluster.leader_for_partition(one.tp)
    marker = {
        "producer": one.producer,
        "epoch": one.epoch,
        "commit": False,
        "coordinator_epoch": max(0, one.coordinator_epoch),
        "topics": [{"name": one.tp.topic, "partitions": [one.tp.partition]}],
    }
    answer = await client.send(leader, WRITE_TXN_MARKERS(markers=[marker]))
    for each in answer["markers"]:
        for topic in each["topics"]:
            for part in topic["partitions"]:
                if part["error"]:
                    raise for_code(part["error"])(f"{topic['name']}, partition {part['partition']}")


async def over(client: Any, one: TransactionWriter) -> bool:
    """Whether the partition is free of it within a while. Raises KafkaError."""
    until = time.monotonic() + ENDING
    while time.monotonic() < until:
        if not any(each.producer == one.producer and each.start == one.start for each in await writers(client, [one.tp])):
            return True
        await asyncio.sleep(0.1)
    return False
