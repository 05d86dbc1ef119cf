"""The roles `convert` and `deliver` as processes."""

import asyncio
from collections.abc import Collection
from pathlib import Path

import httpx
import structlog

from converters.core.localized import localized
from streams.convert import stage as convert
from streams.convert.reload import RulesReloader
from streams.convert.stage import ConvertStage
from streams.convert.worker import ConvertWorker
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.deliver.context import DeliverContext, DeliverTopics
from streams.deliver.event_counts import EventCounts
from streams.deliver.ledger import LedgerStore, kept
from streams.deliver.ledger_records import STAGE as DELIVER
from streams.deliver.parked import ParkingBudget
from streams.deliver.progress import Progress
from streams.deliver.worker import DeliverWorker
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.transport import StagePlan
from streams.identities.follower import IdentityFollower
from streams.identities.store import disk_of
from streams.kafka import acls, topics
from streams.kafka.linger import AdaptiveLinger
from streams.kafka.log_reader import LogReader
from streams.outbound.admission import Admission, PartitionShares
from streams.outbound.client import clients
from streams.plugins import with_plugins
from streams.roles.health import Health
from streams.roles.hosting import RoleObserver, host, link, require
from streams.roles.instance import name_of
from streams.roles.startup import met, patiently, served
from streams.settings.root import KafkaSettings, Settings, SettingsError, marking
from streams.state.own_directory import own_directory
from streams.state.stateful_stage import StatefulStage
from streams.state.turns import FairTurns
from streams.state.watched import DiskMonitor

log = structlog.get_logger()

CONVERT_SHARE, DELIVER_SHARE = 2.0, 4.0
"""Of the time that a write takes: so far apart are the writes of a busy partition. A transaction of convert's takes three times as long."""


async def run_convert(settings: Settings, file: Path | None = None) -> int:
    """Turn callbacks into deliveries until stopped; the answer is the exit code. Raises SettingsError, PluginError.

    The rules are read again when *file*, where the settings came from, changes.
    """
    return await served(settings, lambda health: _convert(settings, file, health))


async def _convert(settings: Settings, file: Path | None, health: Health) -> int:
    apps = with_plugins(marking(settings), settings.plugins.use)
    log.info("plug-ins", asked=[plugin.name for app in list(apps.values())[:1] for plugin in app.plugins])
    kafka = settings.kafka
    platforms = settings.platforms()
    inputs = [kafka.topic(topics.CALLBACKS, platform) for platform in platforms]
    known = kafka.topic(topics.IDENTITIES)
    outputs = [kafka.topic(topics.DELIVERIES, platform) for platform in platforms]
    needed = [*inputs, *outputs, kafka.topic(topics.MEDIA_JOBS), known]
    await require(settings, needed, health, acls.convert(acls.layout_of(settings)))
    group = f"{kafka.prefix}convert"
    disk = disk_of(settings, settings.convert.state, group)
    follower = IdentityFollower(kafka.cluster, known, disk=disk)
    await patiently("read identities", kafka.cluster, follower.start, follower.stop)
    converter = ConvertStage(
        apps,
        follower.table,
        partitions=kafka.partitions,
        prefix=kafka.prefix,
        carry=settings.media.carry,
        check=follower.check,
        dead_letter_limit=DeadLetterLimit(convert.STAGE, settings.hold),
        learn=follower.caught_up,
    )
    follower.read = converter.known.read
    watch = RoleObserver(health)
    linger = AdaptiveLinger(CONVERT_SHARE, settings.convert.cycle)
    limit = settings.convert.max_records
    hop = StatelessStage(converter, max_records=limit, linger=linger, gate=converter)
    plan = StagePlan(convert.STAGE, inputs, lambda _: ConvertWorker(hop, follower), link(kafka), watch)
    plan.pace, plan.reads = linger, (known,)
    plan.signs = kafka.topic(topics.CONTROL)
    plan.instance = name_of(kafka.instance, None if disk is None else disk.directory)
    try:
        async with RulesReloader(file, settings, apps, converter.take):
            return await host(settings, plan, watch, group, max_records=limit, dead_letter_limit=converter.dead_letter_limit)
    finally:
        await follower.stop()
        if disk is not None:
            disk.close()


async def run_deliver(settings: Settings, platform: str, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """Deliver to one platform until stopped; the answer is the exit code. Raises SettingsError.

    *transport* takes the place of the one that ships, for a comparison.
    """
    return await served(settings, lambda health: _deliver(settings, platform, transport, health))


async def _deliver(settings: Settings, platform: str, transport: httpx.AsyncBaseTransport | None, health: Health) -> int:
    apps = marking(settings)
    targets = {name: app for name, app in apps.items() if app.platform.name == platform}
    if not targets:
        there = ", ".join(settings.platforms())
        raise SettingsError(
            localized("no app of the settings is on platform {platform!r}; there are apps on: {there}", platform=platform, there=there)
        )
    kafka = settings.kafka
    sources = sorted({app.platform.name for app in apps.values() if apps[app.target].platform.name == platform})
    moved = await _imported(kafka, {platform, *sources})
    names = DeliverTopics(
        deliveries=kafka.topic(topics.DELIVERIES, platform),
        backfill=kafka.topic(topics.BACKFILL, platform),
        echoes=kafka.topic(topics.ECHOES, platform),
        ledger=kafka.topic(topics.LEDGER, platform),
        dead=kafka.topic(topics.DEAD_LETTERS),
        identities=kafka.topic(topics.IDENTITIES),
        results=kafka.topic(topics.MEDIA_RESULTS, platform),
        imported=moved.get(platform, ""),
        mirrored=(
            *(kafka.topic(topics.LEDGER, name) for name in sources if name != platform),
            *(moved[name] for name in sources if name != platform and name in moved),
        ),
        partitions=kafka.partitions,
    )
    needed = [
        names.deliveries,
        names.backfill,
        names.echoes,
        names.results,
        names.ledger,
        *_some(names.imported),
        *names.mirrored,
        names.dead,
    ]
    await require(settings, needed, health, acls.deliver(acls.layout_of(settings), platform))
    group = f"{kafka.prefix}deliver.{platform}"
    loop = asyncio.get_running_loop()
    admissions = {name: Admission(app, settings.deliver, loop) for name, app in targets.items()}
    context = DeliverContext(
        platform=platform,
        names=names,
        apps=apps,
        clients=clients(targets, settings.deliver, transport),
        admissions=admissions,
        settings=settings.deliver,
        counts=EventCounts(platform, apps),
        state=own_directory(settings.deliver.state, group),
        bootstrap=kafka.cluster,
        dead_letter_limit=DeadLetterLimit(DELIVER, settings.hold),
        parking=ParkingBudget(settings.deliver.max_parked_bytes),
        progress=Progress(kafka.cluster, f"{kafka.prefix}convert", kafka.topic(topics.CALLBACKS, platform)),
        logs=(LogReader(kafka.cluster, committed=True), LogReader(kafka.cluster, committed=False)),
        restoring=FairTurns(),
        linger=AdaptiveLinger(DELIVER_SHARE, settings.deliver.cycle),
        carry=settings.media.carry,
        mirrored=frozenset(app.name for app in apps.values() if apps[app.target].platform.name == platform),
    )
    watch = RoleObserver(health, tuple(admissions.values()), DiskMonitor({"ledger": context.state}))
    inputs = [names.deliveries, names.backfill, names.echoes, names.results, *_some(names.imported), *names.mirrored]
    stage = StatefulStage(
        DELIVER,
        lambda partition: LedgerStore(context.state, f"{platform}-{partition}", context.settings),
        lambda task, store: DeliverWorker(task, context, store),
        PartitionShares(admissions.values(), kafka.partitions),
    )
    plan = StagePlan(DELIVER, inputs, lambda _: stage, link(kafka), watch)
    plan.pace, plan.reads = context.linger, (names.ledger,)
    plan.signs = kafka.topic(topics.CONTROL)
    plan.instance, plan.kept = name_of(kafka.instance, context.state), lambda: kept(context.state, platform)
    try:
        return await host(
            settings, plan, watch, group, max_records=settings.deliver.max_open_events, dead_letter_limit=context.dead_letter_limit
        )
    finally:
        for client in context.clients.values():
            await client.close()
        await context.progress.close()
        for reader in context.logs:
            await reader.stop()


async def _imported(kafka: KafkaSettings, platforms: Collection[str]) -> dict[str, str]:
    """What was migrated, by platform, where there is such a topic: a relay that was never told to make one carries messages all the same."""
    names = {platform: topics.IMPORTED.name(platform, prefix=kafka.prefix) for platform in sorted(platforms)}
    there = await met(kafka, list(names.values()), ())
    return {platform: name for platform, name in names.items() if there[name]}


def _some(name: str) -> tuple[str, ...]:
    return (name,) if name else ()
