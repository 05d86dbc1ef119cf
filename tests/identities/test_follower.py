"""Following the topic: also what a transaction that is open now will have written."""

import asyncio
from uuid import uuid4
from zlib import crc32

from aiokafka import AIOKafkaProducer

from converters.routing.identity_table import IdentityTable, record
from streams.identities.follower import IdentityFollower
from streams.kafka import admin, topics

PARTITIONS = 3


async def test_a_task_waits_for_what_the_last_owner_may_yet_commit(kafka: str) -> None:
    prefix = f"f{uuid4().hex[:8]}."
    topic = f"{prefix}identities"
    await admin.create(kafka, [one for one in topics.wanted(["yunxin"], prefix=prefix, partitions=PARTITIONS) if one.name == topic])
    follower = IdentityFollower(kafka, topic)
    assert isinstance(follower.table, IdentityTable)
    await follower.start()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{prefix}owner")
    await producer.start()
    try:
        await follower.caught_up()
        async with producer.transaction():
            key, value = record("yunxin", "group", "1", "~yunxin-1")
            await producer.send_and_wait(topic, value, key, partition=crc32(key) % PARTITIONS)
            waiting = asyncio.create_task(follower.caught_up())
            assert follower.table.canonical("yunxin", "group", "1") is None
        async with asyncio.timeout(30):
            await waiting
        assert follower.table.canonical("yunxin", "group", "1") == "~yunxin-1"
    finally:
        await producer.stop()
        await follower.stop()
