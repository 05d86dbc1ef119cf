"""The ingress as a process: started in order, stopped without losing what was accepted."""

import asyncio
import gc

import structlog
from aiokafka.errors import KafkaError

from streams import health as healths
from streams.connections import Bounds
from streams.health import Health
from streams.ingress import once, sources
from streams.ingress.app import Ingress
from streams.ingress.following import Follower
from streams.ingress.producer import StoreError
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
        settings.kafka.bootstrap,
        sorted({topic(app.platform.name) for app in apps.values()}),
        timeout=limits.store_timeout,
        limit=limits.max_waiting,
        tell=lambda why: health.ready(not why, why, part="kafka"),
    )
    # A collection over everything that was ever imported stops the loop for some 20 ms: what is there now stays out of it.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    observer = healths.listener(health, settings.observe)
    followed = sorted({topic(app.platform.name) for app in apps.values() if app.platform.once is not None})
    signatures = once.opened(settings, f"{settings.kafka.prefix}ingress") if followed else once.Signatures(None)
    follower = Follower(signatures, settings.kafka.bootstrap, followed) if followed else None
    allowed = {name: sources.networks(app.sources) for name, app in settings.apps.items()}
    bounds = Bounds(
        connections=limits.connections,
        head_seconds=limits.head_timeout,
        body_seconds=limits.read_timeout + 1.0,  # the application is to say it first
        memory=max(limits.max_memory, 2 * limits.max_body),
        idle=limits.keep_alive,
    )
    listener = Listener(Ingress(apps, store, limits, topic, signatures, allowed), limits.hosts(), limits.port, "ingress", bounds)
    await observer.start()
    try:
        await store.start()
        try:
            if follower is not None:
                await _start(follower, settings.kafka.bootstrap)
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
            if follower is not None:
                await follower.stop()
    finally:
        await observer.stop(1.0)


async def _start(follower: Follower, bootstrap: str) -> None:
    try:
        await follower.start()
    except (KafkaError, TimeoutError, OSError) as error:
        raise StoreError(f"Kafka at {bootstrap} does not give the callbacks that came lately ({type(error).__name__})") from None
