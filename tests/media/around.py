"""What a media worker has around it, without Kafka: two simulated platforms as apps `old` and `new`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from converters import PLATFORMS
from converters.routing.route import App
from streams.deliver.settings import DeliverSettings
from streams.media.context import MediaContext
from streams.media.fetch import Fetcher
from streams.media.ssrf_guard import AddressPolicy
from streams.media.transcode.pool import TranscodePool
from streams.media.transcode.request import TranscodeLimits
from streams.outbound.admission import Admission
from streams.outbound.client import clients
from streams.settings.root import MediaSettings
from tests.simulators.client import SimulatorClient

EASEMOB: dict[str, Any] = {"org": "demo", "app": "relay", "client_id": "YXA6demo", "client_secret": "YXA6demosecret"}


def apps_of(yunxin: SimulatorClient, easemob: SimulatorClient) -> dict[str, App]:
    here, there = PLATFORMS["yunxin"], PLATFORMS["easemob"]
    old = {"app_key": "demo-yunxin", "app_secret": "demo-yunxin-secret", "base_url": f"{yunxin.url}/nimserver"}
    new = {**EASEMOB, "callback_secret": "ssssssssssssssss", "base_url": easemob.url}
    return {
        "old": App("old", here, msgspec.convert(old, here.account), "new"),
        "new": App("new", there, msgspec.convert(new, there.account), "old"),
    }


@asynccontextmanager
async def around(
    apps: dict[str, App], directory: Path, *, workers: int = 1, at_once: int = 16, **media: Any
) -> AsyncIterator[MediaContext]:
    """*media* are settings of `[media]`."""
    settings, given, loop = DeliverSettings(quotas=False), MediaSettings(**{"allow": ["127.0.0.1"], **media}), asyncio.get_running_loop()
    made = MediaContext(
        apps=apps,
        clients=clients(apps, settings),
        admissions={name: Admission(app, settings, loop) for name, app in apps.items()},
        fetcher=Fetcher(AddressPolicy(given.allow), silence=given.read_timeout),
        pool=TranscodePool(workers, TranscodeLimits()),
        store=None,
        settings=given,
        directory=directory,
        slots=asyncio.Semaphore(at_once),
        partitions=1,
    )
    await made.pool.start()
    try:
        yield made
    finally:
        await made.pool.close()
        await made.fetcher.close()
        for client in made.clients.values():
            await client.close()
