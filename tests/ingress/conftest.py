"""An ingress in the test's own event loop, on a real broker."""

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.observe.metric_types import REGISTRY
from streams.roles.ingress import run
from streams.settings.observing import ObserveSettings
from streams.settings.root import AppSettings, IngressSettings, KafkaSettings, Settings
from tests.ingress import client, signed

PARTITIONS = 3
SHORT = {"read_timeout": 0.5, "store_timeout": 2.0, "max_body": 4096}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed, "NOW", str(time.time_ns() // 1_000_000))


class Running:
    """An app on each platform, `y-…` on Yunxin and so on; the names are new for each test, so counters start at nothing."""

    def __init__(self, bootstrap: str) -> None:
        mark = uuid.uuid4().hex[:8]
        self.bootstrap = bootstrap
        self.prefix = f"t{mark}."
        self.yunxin, self.easemob, self.rongcloud, self.own = f"y-{mark}", f"e-{mark}", f"r-{mark}", f"o-{mark}"
        self.platforms = {self.yunxin: "yunxin", self.easemob: "easemob", self.rongcloud: "rongcloud", self.own: "own"}
        self.port = self.observe = 0
        self.state = tempfile.mkdtemp(prefix="im-relay-")
        self.sources: list[str] = []
        """Of Yunxin's app."""
        self.more: dict[str, Any] = {}
        """Settings of Easemob's account."""

    def settings(self, **limits: Any) -> Settings:
        apps = {
            self.yunxin: AppSettings(platform="yunxin", target=self.easemob, account=signed.YUNXIN, sources=self.sources),
            self.easemob: AppSettings(platform="easemob", target=self.yunxin, account=signed.EASEMOB | self.more),
            self.rongcloud: AppSettings(platform="rongcloud", target=self.easemob, account=signed.RONGCLOUD),
            self.own: AppSettings(platform="own", target=self.easemob, account=signed.OWN),
        }
        return Settings(
            kafka=KafkaSettings(bootstrap=self.bootstrap, prefix=self.prefix),
            ingress=IngressSettings(**({"host": "127.0.0.1", "port": 0, "state": self.state} | SHORT | limits)),
            observe=ObserveSettings(host="127.0.0.1", port=0),
            apps=apps,
        )

    @property
    def topic(self) -> str:
        return f"{self.prefix}callbacks.yunxin"

    async def make_topics(self, **configs: str) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            names = [f"{self.prefix}callbacks.{platform}" for platform in self.platforms.values()]
            await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=configs) for name in names])
            async with asyncio.timeout(client.PATIENCE):
                while any(one["error_code"] for one in await admin.describe_topics(names)):  # made, and not yet told to all
                    await asyncio.sleep(0.02)
        finally:
            await admin.close()

    async def send(self, body: bytes) -> client.Reply:
        return await client.ask(self.port, client.authentic(self.yunxin, body))

    async def records(self, platform: str = "yunxin") -> list[ConsumerRecord]:
        """All of its callbacks, each partition in its order."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        try:
            where = [TopicPartition(f"{self.prefix}callbacks.{platform}", number) for number in range(PARTITIONS)]
            consumer.assign(where)
            ends = await consumer.end_offsets(where)
            found: list[ConsumerRecord] = []
            async with asyncio.timeout(client.PATIENCE):
                while len(found) < sum(ends.values()):
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += records
            return found
        finally:
            await consumer.stop()

    def counted(self, app: str, status: int, reason: str) -> float:
        platform = self.platforms.get(app, "")
        labels = {"app": app, "platform": platform, "status": str(status), "reason": reason}
        return REGISTRY.get_sample_value("im_relay_callbacks_total", labels) or 0.0


@asynccontextmanager
async def running(
    bootstrap: str, *, configs: dict[str, str] | None = None, again: Running | None = None, **limits: Any
) -> AsyncIterator[Running]:
    """A process of its own apps, or one more of those of *again*."""
    one = again or Running(bootstrap)
    if again is None:
        await one.make_topics(**(configs or {}))
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(run(one.settings(**limits), stop, started))
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    one.port, one.observe = started.result()
    try:
        yield one
    finally:
        stop.set()
        async with asyncio.timeout(client.PATIENCE):
            await task


@pytest.fixture
async def ingress(kafka: str) -> AsyncIterator[Running]:
    async with running(kafka) as one:
        yield one
