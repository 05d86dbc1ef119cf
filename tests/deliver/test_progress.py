"""How far the converters are, where transactions have written into what they read: markers are nothing to wait for."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4
from zlib import crc32

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from converters.core.model import conversation_key
from streams.deliver.progress import Progress
from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka.unread import unread
from tests.deliver.target import CUT, Say, Target
from tests.deliver.worker import PARTITIONS, Worker, delivery

pytestmark = pytest.mark.kafka


class Log:
    """A topic of one partition, and who writes into it."""

    def __init__(self, kafka: str) -> None:
        self.topic = f"progress-{uuid4().hex[:8]}"
        self.tp = TopicPartition(self.topic, 0)
        self.link = ProducerSettings(kafka)
        self.group = f"{self.topic}.convert"
        self.reader = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed", enable_auto_commit=False)

    def writer(self) -> Producers:
        """A new one ends what the one before it left open."""
        return Producers(self.link, self.topic, self.group)

    async def wrote(self) -> None:
        """One record in a transaction, and its marker."""
        outputs = Outputs()
        outputs.add(self.topic, 0, None, b"{}")
        await self._commit(outputs, {})

    async def done(self, offset: int) -> None:
        """The converters have read what lies before it."""
        await self._commit(Outputs(), {self.tp: offset})

    async def _commit(self, outputs: Outputs, offsets: dict[TopicPartition, int]) -> None:
        producers = self.writer()
        await producers.start()
        await producers.commit(outputs, offsets)
        await producers.close()

    async def left(self, start: int, end: int) -> set[TopicPartition]:
        return await unread(self.reader, {self.tp: (start, end)})


@pytest.fixture
async def log(kafka: str) -> AsyncIterator[Log]:
    made = Log(kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(made.topic, 1, 1)])
    await admin.close()
    await made.reader.start()
    yield made
    await made.reader.stop()


async def test_a_marker_is_not_unread_and_a_record_is(log: Log) -> None:
    await log.wrote()
    await log.wrote()
    assert await log.left(3, 4) == set()
    assert await log.left(1, 2) == set()
    assert await log.left(0, 1) == {log.tp}
    assert await log.left(1, 4) == {log.tp}
    assert await log.left(4, 4) == set()


async def test_what_was_aborted_is_not_unread_and_what_is_open_may_be(log: Log) -> None:
    dying = log.writer()
    await dying.start()
    outputs = Outputs()
    outputs.add(log.topic, 0, None, b"{}")
    await dying.write(outputs)
    assert await log.left(0, 1) == {log.tp}
    await dying.close()
    heir = log.writer()
    await heir.start()
    await heir.close()
    assert await log.left(0, 2) == set()


async def test_converters_that_stand_behind_a_marker_have_read_all(kafka: str, log: Log) -> None:
    await log.wrote()
    await log.done(1)
    progress = Progress(kafka, log.group, log.topic)
    try:
        async with asyncio.timeout(30):
            await progress.converted()
    finally:
        await progress.close()


async def test_a_record_behind_the_marker_is_waited_for(kafka: str, log: Log) -> None:
    await log.wrote()
    await log.done(1)
    await log.wrote()
    progress = Progress(kafka, log.group, log.topic)
    try:
        waiting = asyncio.create_task(progress.converted())
        assert await log.left(1, 4) == {log.tp}
        assert not waiting.done()
        await log.done(3)
        async with asyncio.timeout(30):
            await waiting
    finally:
        await progress.close()


def test_a_doubt_is_settled_although_callbacks_were_put_back_and_no_other_came(worker: Worker, target: Target, bob: str) -> None:
    one = delivery(bob, "0")
    partition = crc32(conversation_key(one.event.conversation)) % PARTITIONS
    where = TopicPartition(f"{worker.prefix}callbacks.easemob", partition)
    end = worker.end(where.topic, partition)

    async def put_back() -> None:
        producers = Producers(ProducerSettings(worker.bootstrap), f"{worker.prefix}operate.dead", f"{worker.prefix}convert")
        await producers.start()
        outputs = Outputs()
        outputs.add(where.topic, partition, b"", b"{}")
        await producers.commit(outputs, {})
        await producers.commit(Outputs(), {where: end + 1})
        await producers.close()

    asyncio.run(put_back())
    assert worker.end(where.topic, partition) == end + 2, "a record and its marker"
    target.plan(bob, Say(CUT))
    worker.send(one)
    worker.settled()
    assert target.texts(bob) == ["0", "0"]
