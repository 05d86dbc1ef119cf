"""`im-relay console` as a process."""

import asyncio

import structlog
from msgspec import structs

from streams.audit.log import AuditLog
from streams.console.access import Access
from streams.console.app import ConsoleApp
from streams.console.readings import Readings
from streams.http_server.connections import PortLimits
from streams.http_server.listener import Listener, until_told
from streams.kafka import acls, topics
from streams.kafka.reachability import REACH
from streams.roles import health as healths
from streams.roles.health import Health
from streams.roles.hosting import require
from streams.roles.startup import patiently, read_keys
from streams.settings.root import Settings, SettingsError

log = structlog.get_logger(__name__)

BOUNDS = PortLimits(connections=256, head_seconds=10.0, memory=8 * 1024 * 1024)
"""Some people and a proxy."""
ENDING = 10.0
"""Seconds for what is under way, at the end: an act has its outcome written down."""


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises SettingsError, ListenError, PluginError."""
    await until_told(lambda stop: run(settings, stop))


async def run(settings: Settings, stop: asyncio.Event, started: "asyncio.Future[int] | None" = None) -> None:
    """As `serve`, until *stop* is set; *started* receives the page's port."""
    if problem := settings.console.problem():
        raise SettingsError(problem)
    console, kafka = settings.console, settings.kafka
    readings, audit, health = Readings(settings), AuditLog(kafka), Health(reach=REACH)
    observer = healths.listener(health, settings.observe)
    listener = Listener(
        ConsoleApp(Access(console), readings, audit),
        console.hosts(),
        console.port,
        "console",
        structs.replace(BOUNDS, idle=console.keep_alive),
    )
    await observer.start()
    cipher = kafka.cluster.cipher
    if cipher is not None:
        cipher.ring.enter()
    try:
        beginning = asyncio.create_task(_begin(settings, audit, health))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((beginning, stopping), return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            beginning.cancel()
            return
        stopping.cancel()
        beginning.result()
        await listener.start()
        health.ready(True)
        log.info("console ready", port=listener.port, observe=observer.port)
        if started is not None:
            started.set_result(listener.port)
        await stop.wait()
        health.ready(False, "stopping")
        await listener.stop(ENDING)
    finally:
        await audit.stop()
        if cipher is not None:
            await cipher.ring.leave()
        await observer.stop(1.0)


async def _begin(settings: Settings, audit: AuditLog, health: Health) -> None:
    await require(settings, [settings.kafka.topic(topics.AUDIT)], health, acls.console(acls.layout_of(settings)))
    await read_keys(settings)
    await patiently("write the audit log", settings.kafka.cluster, audit.start, audit.stop)
