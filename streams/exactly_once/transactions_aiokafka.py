"""The way of brokers before Kafka 4: aiokafka's transactional producers, two in turn.

Each partition and each group is added to a transaction by a request of its own, and the end is one more.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from streams.exactly_once.outputs import FencedError, Outputs, Plain, ProducerSettings, first
from streams.kafka import clients

_FENCED = ("ProducerFenced", "InvalidProducerEpoch")


class AiokafkaTransactions:
    """See `streams.exactly_once.producers.Producers`, which chooses it."""

    def __init__(self, link: ProducerSettings, name: str, group: str) -> None:
        self._link = link
        self._name = name
        self._group = group
        self._all: list[AIOKafkaProducer] = []
        self._turn = 0
        self._open: AIOKafkaProducer | None = None

    async def start(self) -> None:
        made = [
            clients.producer(
                self._link.bootstrap,
                transactional_id=f"{self._name}-{turn}",
                transaction_timeout_ms=int(self._link.transaction_timeout * 1000),
                request_timeout_ms=int(self._link.request_timeout * 1000),
                max_batch_size=self._link.max_batch,
                max_request_size=self._link.max_batch + 100_000,
                # The broker refuses a transaction's first produce while the last one's markers are written: soon again.
                retry_backoff_ms=10,
                acks="all",
            )
            for turn in ("a", "b")
        ]
        for producer in made:
            _offsets_first(producer)
        self._all, self._turn, self._open = made, 0, None
        await asyncio.gather(*(producer.start() for producer in made))

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        """Raises Fenced, and errors of the client, in groups as well."""
        written = await self._written(outputs, offsets)
        producer, self._open = self._open, None
        if producer is not None:
            with _reasons(producer):
                await producer.commit_transaction()
        return written

    async def write(self, outputs: Outputs) -> dict[tuple[str, int], int]:
        """Raises Fenced, and errors of the client, in groups as well."""
        return await self._written(outputs, {})

    async def _written(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        if not outputs.records and not offsets:
            return {}
        producer = self._open or self._all[self._turn]
        with _reasons(producer):
            if self._open is None:
                self._turn ^= 1
                await producer.begin_transaction()
                self._open = producer
            async with asyncio.TaskGroup() as group:
                written = {where: group.create_task(_write(producer, where, records)) for where, records in outputs.records.items()}
                if offsets:
                    group.create_task(
                        producer.send_offsets_to_transaction(
                            {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}, self._group
                        )
                    )
        return {where: task.result() for where, task in written.items()}

    async def close(self) -> None:
        closing, self._all = self._all, []
        await asyncio.gather(*(_drop(producer) for producer in closing))


@contextmanager
def _reasons(producer: AIOKafkaProducer) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the sender may know better
        why = first(_stopped(producer) or error)
        raise FencedError(type(why).__name__) if type(why).__name__ in _FENCED else why from None


def _offsets_first(producer: AIOKafkaProducer) -> None:
    """Have a transaction's offsets settled before its partitions are added, to which nothing is written until they are.

    The client does both at once. A broker looks up the transaction of either, can do that for one request at a time, and answers
    the other NOT_ENOUGH_REPLICAS: it was sent again 10 ms later, in most transactions.
    """
    sender, manager = producer._sender, producer._txn_manager  # noqa: SLF001 - there is no public way to order these
    others = sender._maybe_do_transactional_request  # noqa: SLF001

    def step() -> Any:
        if (group := manager.consumer_group_to_add()) is not None:
            return asyncio.create_task(sender._do_add_offsets_to_txn(group))  # noqa: SLF001
        if (offsets := manager.offsets_to_commit()) is not None:
            return asyncio.create_task(sender._do_txn_offset_commit(*offsets))  # noqa: SLF001
        return others()

    sender._maybe_do_transactional_request = step  # noqa: SLF001


async def _write(producer: AIOKafkaProducer, where: tuple[str, int], records: list[Plain]) -> int:
    topic, partition = where
    builder = producer.create_batch()
    append = builder.append
    sent = []
    for key, value, headers in records:
        if append(timestamp=None, key=key, value=value, headers=headers) is None:
            sent.append(await producer.send_batch(builder, topic, partition=partition))
            builder = producer.create_batch()
            append = builder.append
            if append(timestamp=None, key=key, value=value, headers=headers) is None:
                # Over the batch size by itself: the plain call has the broker's own limit and its own error.
                sent.append(await producer.send(topic, value, key, partition, headers=headers))
                builder = producer.create_batch()
                append = builder.append
    count = builder.record_count()
    if count:
        sent.append(await producer.send_batch(builder, topic, partition=partition))
    done = await asyncio.gather(*sent)
    if done[-1].offset < 0:
        raise KafkaError("written twice: the broker has forgotten where")
    return int(done[-1].offset) + (count or 1)


async def _drop(producer: AIOKafkaProducer) -> None:
    # stop() flushes first, and a flush of an unknown state may never end. A sender that is left running tries for ever.
    for ending in (producer._sender.close, producer.stop, producer.client.close):  # noqa: SLF001
        with suppress(Exception):
            async with asyncio.timeout(1.0):
                await ending()


def _stopped(producer: AIOKafkaProducer) -> BaseException | None:
    """Why the client's sender has ended, if it has: whatever is asked of it afterwards says only that there is no transaction."""
    sender = producer._sender.sender_task  # noqa: SLF001 - it is told to nobody else
    return sender.exception() if sender is not None and sender.done() and not sender.cancelled() else None
