"""The ingress as a process: started in order, stopped without losing what was accepted."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import structlog

from converters.core.localized import text_of
from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.ending import ended
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener, until_told
from streams.ingress import once, sources
from streams.ingress.app import IngressApp
from streams.ingress.encrypting import owners_of
from streams.ingress.following import SignatureFollower
from streams.ingress.store import CallbackStore
from streams.kafka import topic_checks
from streams.kafka.reachability import REACH
from streams.kafka.topics import CALLBACKS
from streams.observe import metrics
from streams.roles import health as healths
from streams.roles.health import Health
from streams.roles.startup import ATTEMPT, patiently
from streams.settings.root import IngressSettings, Settings, SettingsError, resolve

log = structlog.get_logger(__name__)

AGAIN = 30.0
"""Seconds until topics that could not be looked at are looked at again."""
READS = "reads which signatures were used lately"
KEYS = "reads the keys of what is encrypted"


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
        metrics.KAFKA_UNREACHABLE.set(bool(away))
        health.ready(not why, away or why, part="kafka")

    def topic(platform: str) -> str:
        return settings.kafka.topic(CALLBACKS, platform)

    topics = sorted({topic(app.platform.name) for app in apps.values()})
    store = CallbackStore(
        settings.kafka.cluster,
        topics,
        timeout=limits.store_timeout,
        limit=limits.max_waiting,
        tell=tell,
        owners=owners_of(apps.values(), topic),
    )
    _spare_the_loop()
    observer = healths.listener(health, settings.observe)
    followed = sorted({topic(app.platform.name) for app in apps.values() if app.platform.once is not None})
    signatures = once.opened(settings, f"{settings.kafka.prefix}ingress") if followed else once.SignatureTable(None)
    follower = SignatureFollower(signatures, settings.kafka.cluster, followed) if followed else None
    allowed = {name: sources.networks(app.sources) for name, app in settings.apps.items()}
    listener = Listener(
        IngressApp(apps, store, limits, topic, signatures, allowed), limits.hosts(), limits.port, "ingress", _bounds(limits)
    )
    await observer.start()
    looking = asyncio.create_task(_look(settings, topics, health))
    beside: list[asyncio.Task[None]] = []
    try:
        await store.start(patient=True)
        try:
            if (cipher := settings.kafka.cluster.cipher) is not None:
                beside.append(await _begun(KEYS, cipher.ring.start, _nothing, settings, health, stop))
            if follower is not None:
                beside.append(await _begun(READS, follower.start, follower.leave, settings, health, stop))
            await listener.start()
            gc.collect()
            _spare_the_loop()
            health.ready(True)
            log.info("ingress ready", port=listener.port, apps=sorted(apps), kafka=settings.kafka.bootstrap)
            if started is not None:
                started.set_result((listener.port, observer.port))
            await _either(stop, beside)
            log.info("ingress stopped", waiting=store.waiting)
            health.ready(False, "stopping")
            await listener.stop(limits.read_timeout + limits.store_timeout)
        finally:
            await ended(beside)
            await store.close(limits.store_timeout)
            if follower is not None:
                await follower.stop()
    finally:
        await ended([looking])
        await observer.stop(1.0)


def _spare_the_loop() -> None:
    """A collection over all that lives as long as the process stops the loop for some 20 ms: what is there now stays out of it."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _bounds(limits: IngressSettings) -> PortLimits:
    return PortLimits(
        connections=limits.connections,
        head_seconds=limits.head_timeout,
        body_seconds=limits.read_timeout + 1.0,  # the application is to say it first
        memory=max(limits.max_memory, 2 * limits.max_body),
        idle=limits.keep_alive,
    )


async def _nothing() -> None: ...


async def _begun(
    what: str,
    start: Callable[[], Awaitable[None]],
    leave: Callable[[], Awaitable[None]],
    settings: Settings,
    health: Health,
    stop: asyncio.Event,
) -> "asyncio.Task[None]":
    """*start*, which is over where Kafka answers; where it does not, it goes on beside the work. Raises SettingsError."""
    part = "keys" if what == KEYS else "signatures"
    health.ready(False, what, part=part)
    tried = asyncio.Event()

    async def once_more() -> None:
        try:
            await start()
        except MasterKeyError as error:
            raise SettingsError(text_of(error)) from None
        finally:
            tried.set()

    async def begin() -> None:
        await patiently(what, settings.kafka.cluster, once_more, leave)
        health.ready(True, part=part)

    beginning = asyncio.create_task(begin())
    waits = [asyncio.create_task(each.wait()) for each in (tried, stop)]
    try:
        await asyncio.wait([beginning, *waits], timeout=ATTEMPT, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await ended([beginning])
        raise
    finally:
        for each in waits:
            each.cancel()
    if beginning.done():
        beginning.result()
    return beginning


async def _either(stop: asyncio.Event, beside: "list[asyncio.Task[None]]") -> None:
    """Until *stop*, or until what begins has failed for good. Raises SettingsError."""
    stopped = asyncio.create_task(stop.wait())
    left = set(beside)
    try:
        while left and not stopped.done():
            done, _ = await asyncio.wait([stopped, *left], return_when=asyncio.FIRST_COMPLETED)
            for each in done & left:
                each.result()
            left -= done
        await stopped
    finally:
        stopped.cancel()


async def _look(settings: Settings, topics: list[str], health: Health) -> None:
    """At what topics are like, once Kafka can be asked."""
    while True:
        if await topic_checks.look(settings, topics, health):
            return
        await asyncio.sleep(AGAIN)
