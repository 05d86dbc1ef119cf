"""Topics under a prefix of their own on the real broker, and a watcher of them."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.observe import metrics
from streams.observe.metric_types import REGISTRY
from streams.settings.root import load, resolve
from streams.watch.watcher import Watcher
from tests.operate.conftest import Ground


class Clock:
    """What the watcher takes for the present time, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scene(NamedTuple):
    ground: Ground
    clock: Clock

    def watcher(self, now: Callable[[], float] | None = None) -> Watcher:
        settings = load(self.ground.config)
        more: dict[str, Any] = {"now": now} if now else {}
        return Watcher(settings.kafka.cluster, resolve(settings), self.ground.prefix, carry=True, clock=self.clock, **more)

    @asynccontextmanager
    async def watching(self, now: Callable[[], float] | None = None) -> Any:
        watcher = self.watcher(now)
        await watcher.start()
        try:
            yield watcher
        finally:
            await watcher.stop()

    async def put(self, topic: str, partition: int, *values: bytes, key: bytes = b"k", headers: Any = (), at: int | None = None) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.ground.bootstrap, acks="all") as producer:
            for value in values:
                await producer.send_and_wait(topic, value, key, partition, timestamp_ms=at, headers=list(headers))

    async def done(self, group: str, topic: str, partition: int, offset: int) -> None:
        """What a stage does when its work is done up to *offset*; it leaves the group again."""
        async with AIOKafkaConsumer(
            bootstrap_servers=self.ground.bootstrap, group_id=self.ground.prefix + group, enable_auto_commit=False
        ) as consumer:
            tp = TopicPartition(topic, partition)
            consumer.assign([tp])
            await consumer.commit({tp: offset})


def value(name: str, **labels: str) -> float | None:
    """Of a metric, by some of its labels; the sum where several have them, None where none does."""
    found = [
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == f"im_relay_{name}" and labels.items() <= sample.labels.items()
    ]
    return sum(found) if found else None


@pytest.fixture
def ground(kafka: str, tmp_path: Path) -> Ground:
    return Ground(kafka, tmp_path)


@pytest.fixture
def scene(ground: Ground) -> Scene:
    for each in (
        metrics.WATCH_LAG,
        metrics.WATCH_OLDEST,
        metrics.WATCH_STUCK,
        metrics.WATCH_UNOWNED,
        metrics.WATCH_MEMBERS,
        metrics.WATCH_LETTERS,
    ):
        each.clear()
    return Scene(ground, Clock())


def run(work: Any) -> Any:
    return asyncio.run(work)
