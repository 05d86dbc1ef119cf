"""`im-relay media` as a process."""

import asyncio
import shutil
from pathlib import Path

import structlog
from aiokafka import TopicPartition

from converters.core.localized import localized
from streams.exactly_once.transport import StagePlan
from streams.kafka import acls, topics
from streams.kafka.log_reader import LogReader
from streams.media.context import MediaContext
from streams.media.dedupe import DedupeStore
from streams.media.fetch import Fetcher
from streams.media.scan.clamd import Clamd
from streams.media.ssrf_guard import AddressPolicy
from streams.media.store import opened
from streams.media.transcode.pool import NotSandboxedError, NoWorkerError, TranscodePool, WorkerReady
from streams.media.transcode.request import TranscodeLimits
from streams.media.worker import STAGE, MediaWorker
from streams.observe import metrics
from streams.outbound.admission import Admission, PartitionShares
from streams.outbound.client import clients
from streams.outbound.proxies import proxies
from streams.roles.health import Health
from streams.roles.hosting import RoleObserver, host, link, require
from streams.roles.instance import name_of
from streams.roles.startup import served
from streams.settings.root import MediaSettings, Settings, SettingsError, resolve
from streams.state.own_directory import own_directory
from streams.state.stateful_stage import StatefulStage
from streams.state.watched import DiskMonitor

log = structlog.get_logger()


async def run_media(settings: Settings) -> int:
    """Bring files over until stopped; the answer is the exit code. Raises SettingsError."""
    return await served(settings, lambda health: _media(settings, health))


async def _media(settings: Settings, health: Health) -> int:
    apps, kafka, media = resolve(settings), settings.kafka, settings.media
    jobs, done = kafka.topic(topics.MEDIA_JOBS), kafka.topic(topics.MEDIA_DONE)
    results = [kafka.topic(topics.MEDIA_RESULTS, platform) for platform in settings.platforms()]
    needed = [jobs, done, *results, kafka.topic(topics.DEAD_LETTERS)]
    await require(settings, needed, health, acls.media(acls.layout_of(settings)))
    store = opened(media.store, media)
    if store is None:
        for app in apps.values():
            if app.platform.media is not None and app.platform.media.upload is None:
                log.warning("there is no media.store: files for this app stay where they are", app=app.name, platform=app.platform.name)
    try:
        addresses = AddressPolicy(media.allow)
    except ValueError as error:
        raise SettingsError(localized("media.allow: {error}", error=error)) from None
    group = f"{kafka.prefix}media"
    loop = asyncio.get_running_loop()
    admissions = {name: Admission(app, settings.deliver, loop) for name, app in apps.items()}
    directory = _emptied(own_directory(media.directory, group, "media.directory"))
    state = own_directory(settings.deliver.state, group)
    context = MediaContext(
        apps=apps,
        clients=clients(apps, settings.deliver),
        admissions=admissions,
        fetcher=Fetcher(
            addresses, connect=media.connect_timeout, silence=media.read_timeout, total=media.fetch_timeout, proxies=proxies(media, "media")
        ),
        pool=TranscodePool(media.processes, _limits(media), media.sandbox),
        store=store,
        settings=media,
        directory=directory,
        slots=asyncio.Semaphore(media.concurrency),
        partitions=kafka.partitions,
        scanner=Clamd(media.scanner.address, media.scanner.timeout) if media.scanner.address else None,
    )
    log_reader = LogReader(kafka.cluster, committed=True)

    stage = StatefulStage(
        STAGE,
        lambda partition: DedupeStore(state / f"media-{partition}.rows", TopicPartition(done, partition), kafka.cluster.cipher),
        lambda task, store: MediaWorker(task, context, store, log_reader, prefix=kafka.prefix),
        PartitionShares(admissions.values(), kafka.partitions),
    )
    watch = RoleObserver(health, tuple(admissions.values()), DiskMonitor({"media": state, "temporary": directory}))
    plan = StagePlan(STAGE, [jobs], lambda _: stage, link(kafka), watch)
    plan.reads, plan.instance = (done,), name_of(kafka.instance, state)
    await _started(context.pool)
    watch.health.note("sandbox", _told(context.pool.ready))
    try:
        return await host(settings, plan, watch, group, max_records=4 * media.concurrency)
    finally:
        await context.pool.close()
        await context.fetcher.close()
        await log_reader.stop()
        if store is not None:
            await store.close()
        for client in context.clients.values():
            await client.close()
        _emptied(directory)


async def _started(pool: TranscodePool) -> None:
    """Raises SettingsError."""
    try:
        await pool.start()
    except NotSandboxedError:
        raise SettingsError(
            localized(
                'media.sandbox is "require", and this machine\'s kernel does not filter the calls of the processes that read strangers\' files: run the role on Linux (x86_64 or aarch64) with seccomp filters, in a container that allows prctl(PR_SET_SECCOMP); or set media.sandbox = "prefer", and a file with an exploit can do what the role can'
            )
        ) from None
    except NoWorkerError as error:
        raise SettingsError(
            localized("media: {error}; is there memory for one, and are the packages av, pillow and pillow-heif whole?", error=error)
        ) from None


def _told(ready: WorkerReady) -> str:
    """What keeps the workers in, for `/readyz`; logged and counted, too."""
    layers = {"seccomp": ready.seccomp, "landlock": ready.landlock, "network": ready.network}
    for layer, holds in layers.items():
        metrics.MEDIA_SANDBOX.labels(layer).set(holds)
    held = [layer for layer, holds in layers.items() if holds]
    if ready.seccomp:
        log.info("files are read in a sandbox", layers=held)
        return "files are read in a sandbox: " + ", ".join(held)
    log.warning("files are read without a sandbox: one with an exploit can do what this role can", layers=held)
    return "files are read without a sandbox"


def _limits(media: MediaSettings) -> TranscodeLimits:
    return TranscodeLimits(
        cpu_seconds=media.max_cpu_seconds,
        film_seconds=media.max_video_cpu_seconds,
        memory_bytes=media.max_memory,
        seconds=2.0 * media.max_cpu_seconds,
        pixels=media.max_pixels,
        longest_ms=int(media.max_duration * 1000),
        output_bytes=media.max_bytes,
    )


def _emptied(directory: Path) -> Path:
    """Whatever a worker that was killed has left in it is gone."""
    files = directory / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    return files
