"""The ingress as a process: started in order, stopped without losing what was accepted."""

import asyncio
import gc

import structlog

from streams import health as healths
from streams.health import Health
from streams.ingress.app import Ingress
from streams.ingress.store import Store
from streams.kafka.topics import CALLBACKS
from streams.listener import Listener, until_told
from streams.settings import Settings, resolve

log = structlog.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Take callbacks until SIGTERM or SIGINT. Raises SettingsError, StoreError, ListenError before it takes any."""
    await until_told(lambda stop: run(settings, stop))


async def run(settings: Settings, stop: asyncio.Event, started: "asyncio.Future[tuple[int, int]] | None" = None) -> None:
    """As `serve`, until *stop* is set; *started* receives the ports of callbacks and of `/metrics`."""
    limits = settings.ingress
    apps = resolve(settings)
    health = Health()

    def topic(platform: str) -> str:
        return CALLBACKS.name(platform, prefix=settings.kafka.prefix)

    store = Store(
        settings.kafka.cluster,
        sorted({topic(app.platform.name) for app in apps.values()}),
        timeout=limits.store_timeout,
        limit=limits.max_waiting,
        tell=lambda why: health.ready(not why, why, part="kafka"),
    )
    # A collection over everything that was ever imported stops the loop for some 20 ms: what is there now stays out of it.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    observer = healths.listener(health, settings.observe)
    listener = Listener(Ingress(apps, store, limits, topic), limits.host, limits.port, "ingress")
    await observer.start()
    try:
        await store.start()
        try:
            await listener.start()
            gc.collect()
            gc.freeze()  # what lives as long as the process need not be looked through again and again
            health.ready(True)
            log.info("ingress ready", port=listener.port, apps=sorted(apps), kafka=settings.kafka.bootstrap)
            if started is not None:
                started.set_result((listener.port, observer.port))
            await stop.wait()
            log.info("ingress stops", waiting=store.waiting)
            health.ready(False, "stopping")
            await listener.stop(limits.read_timeout + limits.store_timeout)
        finally:
            await store.close(limits.store_timeout)
    finally:
        await observer.stop(1.0)
