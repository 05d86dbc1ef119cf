"""A whole worker, as a process: what makes it leave, and with which code."""

import subprocess
import sys

import pytest
from aiokafka import AIOKafkaProducer

from tests.exact.conftest import DEADLINE, Cluster

pytestmark = pytest.mark.kafka

DEFECTIVE = """
import asyncio, sys
from streams.exact.hop import Hop
from streams.exact.producers import Link
from streams.exact.watch import Watch
from streams.exact.transport import Plan
from streams.exact.worker import make_app, run

def stage(batch, outputs):
    for record in batch.records:
        outputs.add(sys.argv[3], 0, record.key, record.value)
    raise KeyError("a defect")

plan = Plan("broken", [sys.argv[2]], lambda _: Hop(stage), Link(sys.argv[1]), Watch())
sys.exit(asyncio.run(run(make_app(sys.argv[2], plan))))
"""


async def test_a_defect_in_a_stage_ends_the_worker_with_1_and_commits_nothing(cluster: Cluster):
    source, target = await cluster.topic(), await cluster.topic()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        await producer.send_and_wait(source, b"x")
    command = [sys.executable, "-c", DEFECTIVE, cluster.bootstrap, source, target]
    ended = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    assert ended.returncode == 1, ended.stderr.decode()
    assert b"defect in a stage" in ended.stdout + ended.stderr
    assert await cluster.committed(target) == []


async def test_a_worker_that_reaches_no_broker_at_its_start_leaves_with_1(cluster: Cluster):
    command = [sys.executable, "-c", DEFECTIVE, "127.0.0.1:1", "nothing", "nowhere"]
    ended = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    assert ended.returncode == 1, ended.stderr.decode()
