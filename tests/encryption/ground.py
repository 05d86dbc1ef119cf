"""Topics of this test's own on the real broker, and clusters of one process each, with master keys as it likes."""

import asyncio
import base64
import os
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.encryption.cipher import RecordCipher
from streams.encryption.headers import AUTHOR, owner
from streams.encryption.made import cipher_for
from streams.encryption.settings import EncryptionSettings
from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka import admin, record_kinds, topics
from streams.kafka.cluster import Cluster
from streams.operate.topic_reader import TopicReader

PARTITIONS = 2


def master() -> str:
    return base64.b64encode(os.urandom(32)).decode()


class Ground:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"enc{uuid4().hex[:8]}."
        self.first = master()

    async def make(self) -> None:
        specs = topics.wanted(["easemob", "yunxin"], prefix=self.prefix, partitions=PARTITIONS)
        await admin.create(
            self.bootstrap, [one for one in specs if one.topic in (topics.KEYS, topics.DELIVERIES, topics.LEDGER, topics.MIGRATION)]
        )

    def name(self, topic: topics.Topic) -> str:
        return topic.name("easemob", prefix=self.prefix)

    def process(self, *keys: str, enabled: bool = True, **more: Any) -> Cluster:
        """Another process; *keys* are its master keys, the usual one where there are none."""
        cluster = Cluster(self.bootstrap)
        given = dict(zip(("master_key", "second_key"), keys or (self.first,), strict=False))
        settings = EncryptionSettings(enabled=enabled, **given, **more)
        cluster.cipher = cipher_for(cluster, self.prefix, settings, settings.keys(), "convert")
        return cluster

    def plain(self) -> Cluster:
        """A process without master keys."""
        return Cluster(self.bootstrap)

    def cipher(self, cluster: Cluster) -> RecordCipher:
        assert cluster.cipher is not None
        return cluster.cipher

    async def write(
        self, cluster: Cluster, topic: topics.Topic, *said: tuple[str, bytes], headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Records, each of a person: as a stage writes them."""
        producers = Producers(ProducerSettings(cluster, headers=record_kinds.headers_of), f"{self.prefix}test-{uuid4().hex[:6]}", "")
        outputs = Outputs()
        for who, value in said:
            author = [(AUTHOR, owner("yunxin", who))] if producers.encrypts else []
            outputs.add(self.name(topic), 0, b"key", value, [*headers, *author])
        await producers.start()
        try:
            ends = await producers.commit(outputs, {})
        finally:
            await producers.close()
        await self._readable(ends)

    async def _readable(self, ends: dict[tuple[str, int], int]) -> None:
        """A commit is answered before what it wrote can be read."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, isolation_level="read_committed", enable_auto_commit=False)
        await consumer.start()
        try:
            for where, end in ends.items():
                tp = TopicPartition(*where)
                while (await consumer.end_offsets([tp]))[tp] < end:
                    await asyncio.sleep(0.01)
        finally:
            await consumer.stop()

    async def read(self, cluster: Cluster, topic: topics.Topic) -> tuple[list[Any], int]:
        """What a command reads, and how many records it leaves out."""
        async with TopicReader(cluster) as reader:
            spans = await reader.spans(reader.partitions(self.name(topic)))
            return [record async for record in reader.records(spans)], reader.lost

    async def values(self, cluster: Cluster, topic: topics.Topic = topics.DELIVERIES) -> list[bytes]:
        return [record.value for record in (await self.read(cluster, topic))[0]]

    async def raw(self, topic: topics.Topic, partitions: int = PARTITIONS) -> list[Any]:
        """As it lies there."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed", enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            tps = [TopicPartition(self.name(topic), number) for number in range(partitions)]
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            found: list[Any] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return found
        finally:
            await consumer.stop()
