"""How far the converters are: an echo that is not converted yet is no evidence that there is none."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.deliver.look import Look

LOOK = 0.2
"""Seconds between two looks."""


class Progress:
    """*group* converts the callbacks that lie in *topic*."""

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._group = group
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self.converted = Look(self._convert)
        """Until all is converted that lay in the topic when this was called. Raises KafkaError."""

    async def close(self) -> None:
        self.converted.cancel()
        if self._consumer is not None:
            await self._consumer.stop()
        if self._admin is not None:
            await self._admin.close()

    async def _convert(self) -> None:
        consumer, admin = await self._clients()
        found = await consumer._client.fetch_all_metadata()  # noqa: SLF001 - aiokafka has no public way for an unsubscribed topic
        tps = [TopicPartition(self._topic, number) for number in found.partitions_for_topic(self._topic) or ()]
        ends = await consumer.end_offsets(tps)
        begins = await consumer.beginning_offsets(tps)
        while True:
            done = await admin.list_consumer_group_offsets(self._group, partitions=tps)
            # A partition without a committed offset: the converters begin where it begins.
            if all(max(done[tp].offset, begins[tp]) >= ends[tp] for tp in tps):
                return
            await asyncio.sleep(LOOK)

    async def _clients(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, isolation_level="read_uncommitted")
            await consumer.start()
            self._consumer = consumer
        if self._admin is None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
            await admin.start()
            self._admin = admin
        return self._consumer, self._admin


