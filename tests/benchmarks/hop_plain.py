"""Our hop without the transactional protocol: idempotent writes, then the group's own commit of the offsets. Not exactly once."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.exactly_once import task
from streams.exactly_once.producers import Outputs, ProducerSettings
from streams.exactly_once.transactions_aiokafka import _write


def install(app: Any) -> None:
    """Have the tasks of *app* commit in this way."""

    class Plain:
        def __init__(self, link: ProducerSettings, name: str, group: str) -> None:
            del name, group
            self._producer = AIOKafkaProducer(
                bootstrap_servers=link.bootstrap,
                enable_idempotence=True,
                acks="all",
                max_batch_size=link.max_batch,
                max_request_size=link.max_batch + 100_000,
            )

        async def start(self) -> None:
            await self._producer.start()

        async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
            async with asyncio.TaskGroup() as group:
                written = {where: group.create_task(_write(self._producer, where, records)) for where, records in outputs.records.items()}
            await app.consumer.kafka.commit(dict(offsets))
            return {where: task.result() for where, task in written.items()}

        async def close(self) -> None:
            await self._producer.stop()

    task.Producers = Plain  # type: ignore[assignment,attr-defined]
