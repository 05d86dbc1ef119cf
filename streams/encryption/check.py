"""Whether the keys of a cluster and the settings of a process fit each other."""

import asyncio
from contextlib import suppress

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.core.localized import localized
from streams.encryption.key_records import PARTITION
from streams.encryption.master_key_form import MasterKeyError
from streams.kafka import clients, permissions
from streams.kafka.cluster import Cluster

PATIENCE = 10.0


async def keys_fit(cluster: Cluster, topic: str) -> None:
    """Of any process. Raises MasterKeyError, KafkaError."""
    await fits(cluster, topic)
    if cluster.cipher is not None:
        async with cluster.cipher.ring.used():
            await cluster.cipher.ring.start()


async def fits(cluster: Cluster, topic: str) -> None:
    """Of a process without a master key: that there are no keys that it would need, as far as it can see. *topic* is that of the keys.

    Of others `KeyRing.start` says it. Raises MasterKeyError.
    """
    if cluster.cipher is not None:
        return
    consumer = clients.consumer(cluster, opens=False, enable_auto_commit=False)
    try:
        with suppress(KafkaError, TimeoutError, OSError):
            async with asyncio.timeout(PATIENCE):
                await consumer.start()
                if not (await permissions.visible(consumer._client, [topic]))[topic]:  # noqa: SLF001 - it is one of ours
                    return
                tp = TopicPartition(topic, PARTITION)
                begins, ends = await consumer.beginning_offsets([tp]), await consumer.end_offsets([tp])
                if begins[tp] < ends[tp]:
                    raise MasterKeyError(
                        localized(
                            "{topic} holds keys of what is encrypted, and no master key is set: name its file as encryption.master_key_file",
                            topic=topic,
                        )
                    )
    finally:
        with suppress(Exception):
            await consumer.stop()
