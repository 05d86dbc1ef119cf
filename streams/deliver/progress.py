"""How far the converters are: an echo that is not converted yet is no evidence that there is none."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.deliver.coalescing import Coalescer
from streams.kafka import clients, permissions
from streams.kafka.cluster import Where
from streams.kafka.unread import unread

LOOK = 0.2
"""Seconds between two looks."""


class Progress:
    """*group* converts the callbacks that lie in *topic*."""

    def __init__(self, bootstrap: Where, group: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._reader: AIOKafkaConsumer | None = None
        self._reading = asyncio.Lock()
        self._admin: AIOKafkaAdminClient | None = None
        self.converted = Coalescer(self._convert)
        """Until all is converted that lay in the topic when this was called. Raises KafkaError."""

    async def close(self) -> None:
        self.converted.cancel()
        for consumer in (self._consumer, self._reader):
            if consumer is not None:
                await consumer.stop()
        if self._admin is not None:
            await self._admin.close()

    async def _convert(self) -> None:
        consumer, admin = await self._clients()
        found = await permissions.visible(consumer._client, [self._topic])  # noqa: SLF001 - aiokafka has no public way for an unsubscribed topic
        tps = [TopicPartition(self._topic, number) for number in range(found[self._topic])]
        ends = await consumer.end_offsets(tps)
        begins = await consumer.beginning_offsets(tps)
        before: dict[TopicPartition, int] = {}
        while True:
            committed = await admin.list_consumer_group_offsets(self._group, partitions=tps)
            # A partition without a committed offset: the converters begin where it begins.
            done = {tp: max(committed[tp].offset, begins[tp]) for tp in tps}
            behind = [tp for tp in tps if done[tp] < ends[tp]]
            # Who moves is not done; who stands may be, behind nothing but markers.
            if not any(done[tp] > before.get(tp, -1) for tp in behind):
                async with self._reading:
                    still = await unread(self._reader, {tp: (done[tp], ends[tp]) for tp in behind}) if behind else set()
                tps = [tp for tp in behind if tp in still]
            if not tps:
                return
            before = done
            await asyncio.sleep(LOOK)

    async def _clients(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        if self._consumer is None:
            self._consumer = await _started(self._bootstrap, "read_uncommitted")
        if self._reader is None:
            self._reader = await _started(self._bootstrap, "read_committed")
        if self._admin is None:
            admin = clients.admin(self._bootstrap)
            await admin.start()
            self._admin = admin
        return self._consumer, self._admin


async def _started(bootstrap: Where, isolation: str) -> AIOKafkaConsumer:
    consumer = clients.consumer(
        bootstrap,
        isolation_level=isolation,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16_384,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    return consumer
