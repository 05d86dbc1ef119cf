"""A whole worker, as a process: what makes it leave, and with which code."""

import asyncio
import subprocess
import sys

import pytest
from aiokafka import AIOKafkaProducer

from streams.exactly_once.worker import run
from streams.kafka.reachability import REACH
from tests.exactly_once.conftest import DEADLINE, Cluster
from tests.exactly_once.hosted import Hosted, until
from tests.gateway import Gateway

pytestmark = pytest.mark.kafka

DEFECTIVE = """
import asyncio, sys
from streams.exactly_once.outputs import ProducerSettings
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.transport import StagePlan
from streams.exactly_once.watch import StageObserver
from streams.exactly_once.worker import make_app, run

def stage(batch, outputs):
    for record in batch.records:
        outputs.add(sys.argv[3], 0, record.key, record.value)
    raise KeyError("a defect")

plan = StagePlan("broken", [sys.argv[2]], lambda _: StatelessStage(stage), ProducerSettings(sys.argv[1]), StageObserver())
sys.exit(asyncio.run(run(make_app(sys.argv[2], plan))))
"""


async def test_a_defect_in_a_stage_ends_the_worker_with_1_and_commits_nothing(cluster: Cluster) -> None:
    source, target = await cluster.topic(), await cluster.topic()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        await producer.send_and_wait(source, b"x")
    command = [sys.executable, "-c", DEFECTIVE, cluster.bootstrap, source, target]
    ended = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    assert ended.returncode == 1, ended.stderr.decode()
    assert b"defect in a stage" in ended.stdout + ended.stderr
    assert await cluster.committed(target) == []


async def test_a_worker_that_reaches_no_broker_at_its_start_waits_for_one(cluster: Cluster) -> None:
    async with Gateway(cluster.bootstrap) as gateway:
        await gateway.shut()
        topic = await cluster.topic()
        one = Hosted(gateway.bootstrap, cluster.name(), [topic])
        waits = REACH.troubled
        running = asyncio.create_task(run(one.app, stop=one.stop))
        await until(lambda: REACH.troubled > waits)
        assert not running.done()
        await gateway.come()
        async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
            await producer.send_and_wait(topic, b"x", partition=0)
        await until(lambda: one.values == [b"x"])
        one.stop.set()
        assert await running == 0


async def test_a_worker_that_is_told_to_end_while_it_waits_for_a_broker_ends(cluster: Cluster) -> None:
    async with Gateway(cluster.bootstrap) as gateway:
        await gateway.shut()
        one, waits = Hosted(gateway.bootstrap, cluster.name(), ["nothing"]), REACH.troubled
        running = asyncio.create_task(run(one.app, stop=one.stop))
        await until(lambda: REACH.troubled > waits)
        one.stop.set()
        async with asyncio.timeout(DEADLINE):
            assert await running == 0
