"""One of three brokers gone for good, the one that coordinates: others take its place, for every kind of client."""

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.client import CoordinationType

from streams.exactly_once.producers import Outputs, Producers, ProducerSettings
from streams.kafka import clients
from tests.chaos.cluster import three_brokers
from tests.exactly_once.hosted import Hosted

pytestmark = pytest.mark.kafka

DEADLINE = 120.0


async def test_the_broker_that_coordinates_and_leads_is_gone_and_work_goes_on(tmp_path: Path) -> None:
    with three_brokers(tmp_path / "brokers") as cluster:
        admin = clients.admin(cluster.bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic("in", 3, 3), NewTopic("out", 3, 3)])
        producers = Producers(ProducerSettings(cluster.bootstrap, request_timeout=5.0), "writer-0", "writer")
        one = Hosted(cluster.bootstrap, "worker", ["in"])
        try:
            await producers.start()
            async with one.running(), clients.producer(cluster.bootstrap, enable_idempotence=True) as producer:
                await _all(producer, one, b"before")
                await _commit(producers, b"before")
                gone = await admin._client.coordinator_lookup(CoordinationType.GROUP, "worker")
                cluster.nodes[gone - 1].send(signal.SIGKILL)
                await _all(producer, one, b"after")
                await _commit(producers, b"after")
                assert await admin._client.coordinator_lookup(CoordinationType.GROUP, "worker") != gone
            assert one.code == 0
        finally:
            await producers.close()
            await admin.close()


async def _all(producer: AIOKafkaProducer, one: Hosted, value: bytes) -> None:
    """Through every partition, whoever leads it."""
    async with asyncio.timeout(DEADLINE):
        for number in range(3):
            await producer.send_and_wait("in", value + b"%d" % number, partition=number)
        while not {value + b"%d" % number for number in range(3)} <= set(one.values):
            await asyncio.sleep(0.05)


async def _commit(producers: Producers, value: bytes) -> None:
    """In all partitions; what was not known to be done is done again, as a task does."""
    outputs = Outputs()
    for number in range(3):
        outputs.add("out", number, b"k", value)
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                await producers.commit(outputs, {TopicPartition("in", 0): 1})
            except Exception:
                await producers.close()
                await producers.start()
            else:
                return
