"""Thousands of connections of each sort, from another process, against the role as a process: its memory, and the honest beside them."""

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from streams.kafka.local.ports import free_port
from tests.benchmarks import ingress as bench
from tests.benchmarks.door import resident
from tests.benchmarks.door_attack import SORTS
from tests.benchmarks.ingress_requests import PLATFORM, request
from tests.ingress import client

pytestmark = pytest.mark.kafka
CONNECTIONS = 1500
RSS_MIB = 300.0


def test_the_role_stays_small_and_answers_the_honest(kafka: str) -> None:
    prefix = f"t{uuid.uuid4().hex[:8]}."
    for platform in (PLATFORM, "easemob"):
        asyncio.run(bench.topic(kafka, f"{prefix}callbacks.{platform}", there=True))
    port, observe = free_port(), free_port()
    with bench.server("ingress_ours", kafka, prefix, port, observe, port=port) as server:
        for sort in SORTS:
            command = [sys.executable, "-m", "tests.benchmarks.door_attack", sort, str(port), str(CONNECTIONS), "120"]
            attacker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
            try:
                assert attacker.stdout is not None
                assert attacker.stdout.readline() == "held\n"
                statuses = [asyncio.run(client.ask(port, request(number))).status for number in range(10)]
                assert statuses == [200] * 10, sort
                assert resident(server.pid) < RSS_MIB, sort
            finally:
                attacker.kill()
                attacker.wait(20)
