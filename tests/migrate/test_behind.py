"""How far workers are behind, and what is done is deleted, on the real broker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient

from streams.kafka.log_reader import LogReader
from streams.migrate import behind
from streams.migrate.behind import Behind


@pytest.fixture
async def topic(kafka: str) -> AsyncIterator[str]:
    name = f"t{uuid4().hex[:8]}.migration.easemob"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


async def test_what_is_done_is_deleted_and_nothing_else(kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "TRIM", 20)
    one, other = TopicPartition(topic, 0), TopicPartition(topic, 1)
    group, reader = f"{topic}-workers", LogReader(kafka, committed=True)
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await asyncio.gather(*[await producer.send(topic, b"%d" % number, partition=number % 2) for number in range(100)])
    async with (
        AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False) as workers,
        Behind(kafka, group, topic, 2, reader) as seen,
    ):
        try:
            assert (await seen.records(), await seen.is_done()) == (100, False)
            workers.assign([one, other])
            await workers.commit({one: 30, other: 15})
            await seen.trim()
            assert await workers.beginning_offsets([one, other]) == {one: 30, other: 0}, "of the other, too little is done"
            assert await seen.records() == 55
            await workers.commit({one: 50, other: 50})
            await seen.trim()
            assert await workers.beginning_offsets([one, other]) == {one: 50, other: 50}
            assert (await seen.records(), await seen.is_done()) == (0, True)
            # A group whose offsets have expired begins where the topic does: nothing of it is done again.
            async with Behind(kafka, f"{group}-forgotten", topic, 2, reader) as forgotten:
                assert (await forgotten.records(), await forgotten.is_done()) == (0, True)
        finally:
            await reader.stop()


async def test_nothing_is_fetched_by_whoever_only_asks(kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question waits behind a fetch on the same connection for as long as nothing comes."""
    asked: list[str] = []
    send = AIOKafkaClient.send

    async def noted(self: AIOKafkaClient, node: int, request: Any, **how: Any) -> Any:
        asked.append(type(request).__name__)
        return await send(self, node, request, **how)

    monkeypatch.setattr(AIOKafkaClient, "send", noted)
    reader = LogReader(kafka, committed=True)
    try:
        async with Behind(kafka, f"{topic}-workers", topic, 2, reader) as seen:
            for _ in range(20):
                assert await seen.is_done()
    finally:
        await reader.stop()
    assert any("Offset" in name for name in asked), asked
    assert not [name for name in asked if "Fetch" in name and "Offset" not in name]
