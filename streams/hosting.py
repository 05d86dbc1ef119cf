"""What every worker role needs as a process: its topics there, its agent hosted, what it shows of itself."""

import asyncio
import fcntl
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from streams import metrics, record_kinds
from streams.deliver.gate import Gate
from streams.exact.ending import ended
from streams.exact.producers import Link
from streams.exact.transport import Plan
from streams.exact.unread import Unread
from streams.exact.watch import Watch
from streams.exact.worker import make_app, run
from streams.health import Health
from streams.kafka import clock, fitness
from streams.kafka.acls import Grant
from streams.lag import Lag
from streams.settings import Kafka, Settings, SettingsError
from streams.startup import met

log = structlog.get_logger()


class Seen(Watch):
    """What tasks tell, as metrics and health."""

    def __init__(self, health: Health, gates: Sequence[Gate] = ()) -> None:
        self.health = health
        self._gates = gates
        self._preparing: set[int] = set()
        self._restores: dict[int, tuple[int, float, float]] = {}

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
        self.health.ready(False, why, part="fuse")

    def preparing(self, stage: str, partition: int, *, done: bool) -> None:
        (self._preparing.discard if done else self._preparing.add)(partition)
        why = f"reads back what it needs to know of {len(self._preparing)} partitions"
        self.health.ready(not self._preparing, why, part="state")
        self._moved(stage)

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
        for gate in self._gates:
            gate.show()

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

    def refused(self, stage: str, why: str) -> None:
        del stage
        self.health.ready(not why, why, part="permission")

    def deleted(self, stage: str, found: Unread) -> None:
        metrics.DELETED_UNREAD.labels(stage, found.tp.topic, found.cause).inc(found.records)


async def host(settings: Settings, plan: Plan, watch: Seen, group: str, *, max_records: int) -> int:
    kafka = settings.kafka
    app = make_app(group, plan, session_timeout=kafka.session_timeout, max_records=max_records)
    lag = Lag(app, plan.stage, watch.health, watch.show, plan.reads)
    watch.health.watch(plan.stage, lag.behind)
    beside = [asyncio.create_task(lag.measure()), asyncio.create_task(_compare(app, watch.health))]
    log.info("starts", stage=plan.stage, group=group, kafka=kafka.bootstrap)
    try:
        code = await run(app)
    finally:
        await ended(beside)
    log.info("ends", stage=plan.stage, code=code)
    return code


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


def link(kafka: Kafka) -> Link:
    return Link(
        kafka.cluster, transaction_timeout=kafka.transaction_timeout, request_timeout=kafka.request_timeout, headers=record_kinds.headers_of
    )


async def require(settings: Settings, names: list[str], health: Health, grants: Sequence[Grant] = ()) -> None:
    """All topics there, with the partitions that the settings say (a conversation's partition is computed from them), and all of *grants* given.

    Waits for the cluster. Raises SettingsError. Topics that are there and unfit are told of.
    """
    kafka = settings.kafka
    there = await met(kafka, names, grants)
    for name in names:
        found = there[name]
        if not found:
            raise SettingsError(f"topic {name} is missing; make it with: im-relay topics create")
        if found != kafka.partitions and name != names[-1]:
            raise SettingsError(
                f"topic {name} has {found} partitions, kafka.partitions says {kafka.partitions}: set kafka.partitions = {found}"
            )
    await fitness.look(settings, names, health)


def own_directory(state: Path, group: str) -> Path:
    """A directory that no other worker on this machine uses: the first free one of `<group>-0`, `<group>-1`, …"""
    for number in range(1000):
        path = state / f"{group}-{number}"
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        return path
    raise SettingsError(f"the state directory is {state}: a thousand workers already use it")


_locks: list[object] = []
"""Held as long as the process lives."""
