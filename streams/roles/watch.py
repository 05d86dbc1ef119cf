"""The role that watches the others from outside, as a process: it writes nothing, and joins no consumer group.

Three things go on side by side, and none waits for another: looks at the cluster, test messages, and looks at certificates.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog
from aiokafka.errors import KafkaError

from converters.core.localized import localized
from streams.kafka import acls, permissions, topics
from streams.observe import metrics
from streams.roles.health import Health
from streams.roles.startup import met, patiently, served
from streams.settings.role_secrets import WATCH, SecretScope, canary
from streams.settings.root import Settings, SettingsError, load, marking, resolve
from streams.watch.canary import Canary
from streams.watch.certificates import Certificates
from streams.watch.watcher import Watcher

log = structlog.get_logger()

STAGE = "watch"
RUN_BEYOND = 60.0
"""Seconds that accounts, uploads and Kafka may take of a run besides."""


def scope(config: Path | None) -> SecretScope:
    """Which secrets it uses: none of any app, unless it is to send test messages. Raises SettingsError."""
    apps = load(config, WATCH).canary.apps
    return canary(tuple(apps)) if apps else WATCH


async def run_watch(settings: Settings) -> int:
    """Watch until SIGTERM or SIGINT; the answer is the exit code. Raises SettingsError, ListenError."""
    return await served(settings, lambda health: _watch(settings, health))


async def _watch(settings: Settings, health: Health) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running, stopped = asyncio.create_task(_run(settings, health)), asyncio.create_task(stop.wait())
    await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if running.done():
        running.result()  # it only ends with an error
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    log.info("stopped", stage=STAGE, code=0)
    return 0


async def _run(settings: Settings, health: Health) -> None:
    apps, kafka = resolve(settings), settings.kafka
    watcher = Watcher(kafka.cluster, apps, kafka.prefix, carry=settings.media.carry)
    letters = topics.DEAD_LETTERS.name(prefix=kafka.prefix)
    needed = [letters, *(one.name for stage in watcher.stages for one in stage.inputs)]
    there = await met(kafka, needed, acls.watch(acls.layout_of(settings)))
    if missing := [name for name in needed if not there[name]]:
        raise SettingsError(localized("topic {missing} is missing; make it with: im-relay topics create", missing=missing[0]))
    await patiently("watch the cluster", kafka.cluster, watcher.start, watcher.stop)
    log.info("started", stage=STAGE, stages=[" ".join(filter(None, stage.labels)) for stage in watcher.stages], canary=settings.canary.apps)
    health.watch(STAGE, lambda: True, patience=10 * (settings.watch.interval + settings.watch.timeout))

    async def look() -> None:
        await _look(watcher, settings, health)
        health.progress(STAGE)

    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(_every(settings.watch.interval, look))
            certificates = Certificates(kafka.bootstrap, kafka.cluster.credentials, settings.watch.endpoints)
            together.create_task(_every(settings.watch.certificates_interval, certificates.look))
            if settings.canary.apps:
                together.create_task(_canary(settings))
    finally:
        await watcher.stop()


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        await work()
        await asyncio.sleep(max(0.0, began + seconds - clock()))


async def _canary(settings: Settings) -> None:
    apps, kafka = marking(settings), settings.kafka
    names = {name: kafka.topic(topics.CALLBACKS, app.platform.name) for name, app in apps.items()}
    sending = Canary(kafka.cluster, apps, names, settings.canary, settings.deliver)
    await patiently("read callbacks of the canary", kafka.cluster, sending.start, sending.stop)

    async def run() -> None:
        try:
            async with asyncio.timeout(settings.canary.interval + settings.canary.patience + RUN_BEYOND):
                await sending.run()
        except (KafkaError, OSError, TimeoutError) as error:
            # An alert says that none has ended for long; the watcher's own looks tell of Kafka.
            sending.unseen()
            log.warning("canary not run", error=permissions.why(error, kafka.cluster) or type(error).__name__)

    try:
        await _every(settings.canary.interval, run)
    finally:
        await sending.stop()


async def _look(watcher: Watcher, settings: Settings, health: Health) -> None:
    """Its failure costs this look alone: the next one starts from nothing."""
    try:
        async with asyncio.timeout(settings.watch.timeout):
            with metrics.WATCH_LOOK_SECONDS.time():
                whole = await watcher.look()
    except (KafkaError, OSError, TimeoutError) as error:
        why = permissions.why(error, settings.kafka.cluster) or type(error).__name__
        metrics.WATCH_LOOKS.labels("failed").inc()
        watcher.show()
        health.ready(False, f"the last look failed: {why}", part=STAGE)
        log.warning("look failed", error=why)
        return
    metrics.WATCH_LOOKS.labels("whole" if whole else "partial").inc()
    health.ready(True)
    health.ready(whole, "dead letters are still being read", part=STAGE)
