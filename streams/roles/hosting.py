"""What every worker role needs as a process: its topics there, its agent hosted, what it shows of itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from typing import Any, get_args

import structlog
from aiokafka.errors import KafkaError

from converters.core.localized import localized, text_of
from streams.dead_letters.dead_letter_limit import DeadLetterLimit, HeldApp
from streams.dead_letters.releases import ReleaseReader
from streams.encryption.check import fits
from streams.encryption.master_key_form import MasterKeyError
from streams.exactly_once.deleted_records import DeletedRange
from streams.exactly_once.ending import ended
from streams.exactly_once.producers import ProducerSettings
from streams.exactly_once.transport import StagePlan
from streams.exactly_once.watch import StageObserver
from streams.exactly_once.worker import make_app, run
from streams.kafka import clock, record_kinds, topic_checks
from streams.kafka.acls import AclGrant
from streams.kafka.topics import KEYS
from streams.observe import metrics
from streams.observe.lag import LagMonitor
from streams.observe.log import place
from streams.outbound.admission import Admission
from streams.roles.health import Health
from streams.roles.startup import met
from streams.settings.root import KafkaSettings, Settings, SettingsError
from streams.state.errors import Kind
from streams.state.watched import DiskMonitor

log = structlog.get_logger()


AGAIN = 1.0
"""Seconds until what runs beside a stage, and has met a defect, is begun again."""


class RoleObserver(StageObserver):
    """What tasks tell, as metrics and health."""

    def __init__(self, health: Health, admissions: Sequence[Admission] = (), disks: DiskMonitor | None = None) -> None:
        self.health = health
        self._admissions = admissions
        self._preparing: set[int] = set()
        self._restores: dict[int, tuple[int, float, float]] = {}
        self._refused: dict[int, tuple[str, str]] = {}
        self._disks = disks
        self._holding: set[tuple[str, str, str]] = set()

    def committed(self, stage: str, records: int, seconds: float) -> None:
        del records
        metrics.TRANSACTIONS.labels(stage, "committed").inc()
        metrics.TRANSACTION_SECONDS.labels(stage).observe(seconds)
        self._moved(stage)

    def restarted(self, stage: str, reason: str) -> None:
        metrics.TRANSACTIONS.labels(stage, "unknown").inc()
        metrics.PRODUCER_STARTS.labels(stage, reason).inc(2)

    def held(self, stage: str, why: str) -> None:
        metrics.HELD.labels(stage).set(1)
        self.health.unwatch(stage)  # standing still is what it is meant to do
        self.health.ready(False, why, part="held")

    def apps_held(self, stage: str, held: Mapping[str, HeldApp], apps: Collection[str]) -> None:
        """Which apps wait, by name; *apps* are those of the settings, and other names are no labels."""
        for labels in self._holding:
            metrics.APP_HELD.remove(*labels)
        self._holding = {(stage, one.app if one.app in apps else "unknown", one.cause) for one in held.values()}
        for labels in self._holding:
            metrics.APP_HELD.labels(*labels).set(1)
        metrics.HELD.labels(stage).set(bool(held))
        why = "; ".join(str(one) for one in held.values())
        if held:
            log.error("app held", stage=stage, why=why)
        else:
            log.info("all apps released", stage=stage)
        self.health.ready(not held, why, part="fuse")

    @property
    def holding(self) -> bool:
        return bool(self._holding)

    def preparing(self, stage: str, partition: int, *, done: bool) -> None:
        (self._preparing.discard if done else self._preparing.add)(partition)
        why = f"reads back what it needs to know of {len(self._preparing)} partitions"
        self.health.ready(not self._preparing, why, part="state")
        self._moved(stage)

    def refused(self, stage: str, partition: int, kind: str, why: str) -> None:
        if self._refused.get(partition, ("", ""))[0] != kind:
            (log.error if kind else log.info)(
                "local state: " + (why or "can be kept again"), stage=stage, partition=partition, kind=kind or "none"
            )
        self._refused.pop(partition, None)
        if kind:
            self._refused[partition] = kind, why
        self._show_refused(stage)
        self._moved(stage)  # it waits for a person: to start the process anew would not help

    def left(self, stage: str, partition: int) -> None:
        self._refused.pop(partition, None)
        self._show_refused(stage)
        metrics.RESTORE_LEFT.remove_by_labels({"stage": stage, "partition": str(partition)})

    def _show_refused(self, stage: str) -> None:
        for each in get_args(Kind):
            metrics.STATE_REFUSED.labels(stage, each).set(sum(found == each for found, _ in self._refused.values()))
        self.health.ready(not self._refused, next((text for _, text in self._refused.values()), ""), part="disk")

    def restored(self, stage: str, partition: int, left: int, since: float, eta: float) -> None:
        self._restores.pop(partition, None)
        if left:
            self._restores[partition] = (left, since, eta)
        metrics.RESTORE_KNOWN_SINCE.labels(stage, str(partition)).set(max(0.0, since) / 1000 if since < inf else time.time())
        etas = [each for _, _, each in self._restores.values()]
        metrics.RESTORE_ETA.labels(stage).set(sum(etas))
        text = ""
        if self._restores:
            entries, back = sum(each for each, _, _ in self._restores.values()), max(each for _, each, _ in self._restores.values())
            day = datetime.fromtimestamp(back / 1000, UTC).isoformat(timespec="seconds") if 0 < back < inf else "now"
            text = f"{entries} entries of {len(self._restores)} partitions to read back; known since {day}; {sum(etas):.0f} s left"
        self.health.note("restore", text)
        self._moved(stage)

    def _moved(self, stage: str) -> None:
        with suppress(KeyError):  # held, or not begun
            self.health.progress(stage)

    def show(self) -> None:
        """Bring gauges up to date that nothing else moves."""
        for admission in self._admissions:
            admission.show()
        if self._disks is not None:
            self._disks.show()

    def assigned(self, stage: str, partitions: int) -> None:
        metrics.PARTITIONS_OWNED.labels(stage).set(partitions)
        metrics.STANDBY.labels(stage).set(not partitions)
        metrics.REBALANCES.labels(stage).inc()
        metrics.PRODUCER_STARTS.labels(stage, "assigned").inc(2 * partitions)
        self.health.ready(True)
        self.health.ready(True, part="partitions")
        self.health.note("standby", "" if partitions else "every partition has another owner; takes over when one leaves")

    def revoked(self, stage: str) -> None:
        metrics.PARTITIONS_OWNED.labels(stage).set(0)
        metrics.STANDBY.labels(stage).set(0)
        self.health.ready(False, "partitions are given out anew", part="partitions")
        self.health.note("standby", "")

    def forbidden(self, stage: str, why: str) -> None:
        del stage
        self.health.ready(not why, why, part="permission")

    def put_out(self, stage: str) -> None:
        metrics.WORKERS_PUT_OUT.labels(stage).inc()

    def deleted(self, stage: str, found: DeletedRange) -> None:
        metrics.DELETED_UNREAD.labels(stage, found.tp.topic, found.cause).inc(found.records)


async def host(
    settings: Settings,
    plan: StagePlan,
    watch: RoleObserver,
    group: str,
    *,
    max_records: int,
    dead_letter_limit: DeadLetterLimit | None = None,
) -> int:
    """*fuse* is the stage's, if it has one: it is shown, and released by command."""
    kafka = settings.kafka
    app = make_app(group, plan, session_timeout=kafka.session_timeout, max_records=max_records)
    lag = LagMonitor(app, plan.stage, watch.health, watch.show, plan.reads)
    # Where an app is held, records lie there that shall.
    watch.health.watch(plan.stage, lambda: lag.behind() and not watch.holding)
    beside = [asyncio.create_task(_lasting(lag.measure)), asyncio.create_task(_lasting(lambda: _compare(app, watch.health)))]
    if dead_letter_limit is not None:
        dead_letter_limit.told = lambda held: watch.apps_held(plan.stage, held, settings.apps)
        beside.append(asyncio.create_task(_lasting(ReleaseReader(kafka, plan.stage, dead_letter_limit).follow)))
    log.info("started", stage=plan.stage, group=group, kafka=kafka.bootstrap)
    try:
        code = await run(app)
    finally:
        await ended(beside)
    log.info("stopped", stage=plan.stage, code=code)
    return code


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """*work*, begun again after a defect: without it nobody would see how far behind the stage is, and nothing else would tell."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - it runs beside the stage, which does what it should
            log.error("defect beside a stage", place=place(error))  # noqa: TRY400 - the text of the error may be anything
        await asyncio.sleep(AGAIN)


async def _compare(app: Any, health: Health) -> None:
    """Our clock with the brokers', as long as the role runs."""
    while True:
        pause = 1.0
        with suppress(AttributeError, KafkaError, TimeoutError):  # not started yet, or away
            async with asyncio.timeout(clock.EVERY):
                wrong = clock.wrong(await clock.ahead(app.consumer.kafka._client))  # noqa: SLF001 - a connection that there is
            health.ready(not wrong, wrong, part="clock")
            pause = clock.EVERY
        await asyncio.sleep(pause)


def link(kafka: KafkaSettings) -> ProducerSettings:
    return ProducerSettings(
        kafka.cluster, transaction_timeout=kafka.transaction_timeout, request_timeout=kafka.request_timeout, headers=record_kinds.headers_of
    )


async def require(settings: Settings, names: list[str], health: Health, grants: Sequence[AclGrant] = ()) -> None:
    """All topics there, with the partitions that the settings say (a conversation's partition is computed from them), and all of *grants* given.

    Waits for the cluster. Raises SettingsError. Topics that are there and unfit are told of.
    """
    kafka = settings.kafka
    there = await met(kafka, names, grants)
    if not settings.encryption.given:
        try:
            await fits(kafka.cluster, kafka.topic(KEYS))
        except MasterKeyError as error:
            raise SettingsError(text_of(error)) from None
    for name in names:
        found = there[name]
        if not found:
            raise SettingsError(localized("topic {name} is missing; make it with: im-relay topics create", name=name))
        if found != kafka.partitions and name != names[-1]:
            raise SettingsError(
                localized(
                    "topic {name} has {found} partitions, kafka.partitions says {partitions}: set kafka.partitions = {found}",
                    name=name,
                    found=found,
                    partitions=kafka.partitions,
                )
            )
    await topic_checks.look(settings, names, health)
