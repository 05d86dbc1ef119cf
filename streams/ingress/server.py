"""The ingress as a process: started in order, stopped without losing what was accepted."""

import asyncio
import gc

import structlog

from streams import health as healths
from streams import metrics
from streams.exact.ending import ended
from streams.health import Health
from streams.ingress.app import Ingress
from streams.ingress.store import Store
from streams.kafka import fitness
from streams.kafka.reach import REACH
from streams.kafka.topics import CALLBACKS
from streams.listener import Listener, until_told
from streams.settings import Settings, resolve

log = structlog.get_logger(__name__)

AGAIN = 30.0
"""Seconds until topics that could not be looked at are looked at again."""


async def serve(settings: Settings) -> None:
    """Take callbacks until SIGTERM or SIGINT. Raises SettingsError, StoreError, ListenError before it takes any.

    A cluster that is away is waited for: callbacks are answered 503 meanwhile.
    """
    await until_told(lambda stop: run(settings, stop))


async def run(settings: Settings, stop: asyncio.Event, started: "asyncio.Future[tuple[int, int]] | None" = None) -> None:
    """As `serve`, until *stop* is set; *started* receives the ports of callbacks and of `/metrics`."""
    limits = settings.ingress
    apps = resolve(settings)
    health = Health()

    def tell(why: str) -> None:
        away = REACH.away() if why else ""
        metrics.KAFKA_AWAY.set(bool(away))
        health.ready(not why, away or why, part="kafka")


    def topic(platform: str) -> str:
        return CALLBACKS.name(platform, prefix=settings.kafka.prefix)

    topics = sorted({topic(app.platform.name) for app in apps.values()})
    store = Store(
        settings.kafka.cluster,
        topics,
        timeout=limits.store_timeout,
        limit=limits.max_waiting,
        tell=tell,
    )
    # A collection over everything that was ever imported stops the loop for some 20 ms: what is there now stays out of it.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    observer = healths.listener(health, settings.observe)
    listener = Listener(Ingress(apps, store, limits, topic), limits.host, limits.port, "ingress")
    await observer.start()
    looking = asyncio.create_task(_look(settings, topics, health))
    try:
        await store.start(patient=True)
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
        await ended([looking])
        await observer.stop(1.0)


async def _look(settings: Settings, topics: list[str], health: Health) -> None:
    """At what topics are like, once Kafka can be asked."""
    while True:
        if await fitness.look(settings, topics, health):
            return
        await asyncio.sleep(AGAIN)
