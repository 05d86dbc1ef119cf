"""`im-relay migrate work` as a process: a role of its own, so that neither its pauses nor its crashes reach live traffic."""

import asyncio

import structlog
from aiokafka import TopicPartition

from converters.core.localized import localized
from converters.routing.route import App
from streams.dead_letters.dead_letter_limit import DeadLetterLimit
from streams.exactly_once.transport import StagePlan
from streams.kafka import acls, topics
from streams.kafka.linger import AdaptiveLinger
from streams.kafka.log_reader import LogReader
from streams.migrate.context import Around, Topics
from streams.migrate.credentials import Passwords
from streams.migrate.orders import Orders
from streams.migrate.records import Run
from streams.migrate.state import STAGE, State, path_of
from streams.migrate.worker import MigrateWorker
from streams.outbound.admission import Admission, PartitionShares
from streams.outbound.client import clients
from streams.roles.health import Health
from streams.roles.hosting import RoleObserver, host, link, require
from streams.roles.startup import patiently, served
from streams.settings.root import Settings, SettingsError, marking
from streams.state.own_directory import own_directory
from streams.state.stateful_stage import StatefulStage
from streams.state.turns import FairTurns
from streams.state.watched import DiskMonitor

log = structlog.get_logger()

SHARE = 2.0
"""As of `deliver`."""


def names_of(platform: str, settings: Settings) -> Topics:
    prefix = settings.kafka.prefix
    return Topics(
        tasks=topics.MIGRATION.name(platform, prefix=prefix),
        done=topics.MIGRATED.name(platform, prefix=prefix),
        imported=topics.IMPORTED.name(platform, prefix=prefix),
        ledger=topics.LEDGER.name(platform, prefix=prefix),
        dead=topics.DEAD_LETTERS.name(prefix=prefix),
        identities=topics.IDENTITIES.name(prefix=prefix),
        jobs=topics.MEDIA_JOBS.name(prefix=prefix),
        results=topics.MEDIA_RESULTS.name(platform, prefix=prefix),
        partitions=settings.kafka.partitions,
    )


def group_of(platform: str, prefix: str) -> str:
    return f"{prefix}migrate.{platform}"


def writable(settings: Settings, platform: str) -> dict[str, App]:
    """The apps on *platform* to which a migration can write. Raises SettingsError where there are none."""
    apps = marking(settings)
    found = {name: app for name, app in apps.items() if app.platform.name == platform and app.platform.inventory is not None}
    if not found:
        able = sorted({app.platform.name for app in apps.values() if app.platform.inventory is not None})
        raise SettingsError(
            localized(
                "no app of the settings is on {platform!r} and takes a migration; {able}",
                platform=platform,
                able=localized("these do: {names}", names=", ".join(able)) if able else localized("no platform here does"),
            )
        )
    return found


async def run_migrate(settings: Settings, platform: str) -> int:
    """Write what is fed until stopped; the answer is the exit code. Raises SettingsError."""
    return await served(settings, lambda health: _migrate(settings, platform, health))


async def _migrate(settings: Settings, platform: str, health: Health) -> int:
    apps, targets, kafka = marking(settings), writable(settings, platform), settings.kafka
    names, runs = names_of(platform, settings), topics.RUNS.name(prefix=kafka.prefix)
    needed = [names.tasks, names.done, names.imported, names.ledger, names.identities, names.jobs, names.results, runs, names.dead]
    await require(settings, needed, health, acls.migrate(acls.layout_of(settings), platform))
    group = group_of(platform, kafka.prefix)
    loop = asyncio.get_running_loop()
    gates = {name: Admission(app, settings.deliver, loop, share=settings.migrate.share) for name, app in targets.items()}
    reader = LogReader(kafka.cluster, committed=True)

    def planned(run: Run) -> None:
        if run.app in gates:
            log.info("quotas of the plan", app=run.app, **{"calls a second": run.quotas})
            gates[run.app].plan(run.quotas)

    orders = Orders(runs, kafka.partitions, LogReader(kafka.cluster, committed=True), quotas=planned)
    await patiently("read what is to be migrated", kafka.cluster, orders.start, orders.stop)
    around = Around(
        platform=platform,
        names=names,
        apps=apps,
        clients=clients(targets, settings.deliver),
        gates=gates,
        settings=settings.deliver,
        window=settings.migrate.window,
        in_flight=settings.migrate.in_flight,
        recent=int(settings.migrate.recent * 1000),
        state=own_directory(settings.deliver.state, group),
        log=reader,
        fuse=DeadLetterLimit(STAGE, settings.hold),
        orders=orders,
        passwords=Passwords(settings.migrate.passwords),
        linger=AdaptiveLinger(SHARE, settings.deliver.cycle),
        restoring=FairTurns(),
    )
    watch = _Seen(health, tuple(gates.values()), DiskMonitor({"migrated": around.state}))
    watch.orders = orders
    stage = StatefulStage(
        STAGE,
        lambda partition: State(path_of(around.state, partition), TopicPartition(names.done, partition)),
        lambda task, state: MigrateWorker(task, around, state),
        PartitionShares(gates.values(), kafka.partitions),
    )
    plan = StagePlan(STAGE, [names.tasks, names.ledger, names.results], lambda _: stage, link(kafka), watch)
    plan.pace, plan.reads = around.linger, (names.done,)
    try:
        return await host(settings, plan, watch, group, max_records=settings.migrate.window, dead_letter_limit=around.fuse)
    finally:
        await orders.stop()
        for client in around.clients.values():
            await client.close()
        await reader.stop()


class _Seen(RoleObserver):
    """Also whether requests may leave."""

    orders: Orders

    @property
    def holding(self) -> bool:
        """Records that lie there shall, where no run is open."""
        return super().holding or not any(self.orders.open(app) for app in self.orders.runs)

    def show(self) -> None:
        super().show()
        self.orders.show()
        closed = [app for app in self.orders.runs if not self.orders.open(app)]
        self.health.note("migration", f"paused or outside of its hours: {', '.join(sorted(closed))}" if closed else "")
