"""One record through the hop on an idle system: from the producer's call to the read-committed reader's hand."""

import asyncio
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.benchmarks.hop_topics import PARTITIONS

SESSION = "10"


class Latency(NamedTuple):
    p50: float
    p99: float
    """Milliseconds."""


async def measure(bootstrap: str, source: str, target: str, samples: int, log: Path) -> Latency:
    """*samples* records one after another, 5 to 50 ms apart. Producer and reader share this process and its clock."""
    arguments = [bootstrap, f"latency-{target}", source, target, str(PARTITIONS), SESSION]
    with log.open("wb") as file:
        worker = subprocess.Popen([sys.executable, "-m", "tests.chaos.hop_worker", *arguments], stdout=file, stderr=file)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=0, acks="all")
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", fetch_max_wait_ms=500)
    try:
        await producer.start()
        await reader.start()
        reader.assign([TopicPartition(target, number) for number in range(PARTITIONS)])
        await reader.seek_to_beginning()
        times = []
        for number in range(-20, samples):  # the first ones warm up, and wait for the worker
            start = time.perf_counter()
            await producer.send(source, b'{"n":1}', str(number).encode(), partition=number % PARTITIONS)
            async with asyncio.timeout(30):
                got = await reader.getone()
            assert got.key == str(number).encode()
            if number >= 0:
                times.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(random.uniform(0.005, 0.05))
        return Latency(statistics.median(times), statistics.quantiles(times, n=100)[98])
    finally:
        worker.terminate()
        await producer.stop()
        await reader.stop()
        try:
            worker.wait(15)
        finally:
            worker.kill()
