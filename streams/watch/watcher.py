"""What the watcher knows, look after look, and shows as metrics."""

import time
from collections.abc import Callable, Iterable, Mapping

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from converters.routing.route import App
from streams.kafka import topics
from streams.kafka.cluster import Where
from streams.kafka.log_reader import LogReader
from streams.observe import metrics
from streams.watch.heads import OldestRecords
from streams.watch.letters import OpenLetters
from streams.watch.probe import Probe, Snapshot, lag
from streams.watch.stages import UNKNOWN, WaitingRecord, WatchedStage, WatchedTopic, watched

log = structlog.get_logger()

STUCK = 60.0
"""Seconds for which a partition with waiting records may commit nothing."""
NAMED = 5
"""Partitions that a log line names."""


class Watcher:
    """*look* asks, *show* sets the metrics by what is known: ages grow also while the cluster cannot be asked."""

    def __init__(
        self,
        where: Where,
        apps: Mapping[str, App],
        prefix: str,
        *,
        carry: bool,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stages = watched(apps, prefix, carry=carry)
        self._clock, self._now = clock, now
        letters = topics.DEAD_LETTERS.name(prefix=prefix)
        platforms = sorted({app.platform.name for app in apps.values()})
        beside = [topics.LEDGER.name(platform, prefix=prefix) for platform in platforms] + [topics.IDENTITIES.name(prefix=prefix)]
        self._logs = LogReader(where, committed=True), LogReader(where, committed=False)
        self._probe = Probe(where, self.stages, letters, beside)
        self._letters = OpenLetters(self._logs[0], letters, apps)
        self._oldest = {stage.group: OldestRecords(*self._logs) for stage in self.stages}
        self._waiting: dict[str, dict[TopicPartition, WaitingRecord]] = {stage.group: {} for stage in self.stages}
        self._moved: dict[tuple[str, TopicPartition], tuple[int, float]] = {}
        self._told: set[tuple[str, TopicPartition]] = set()

    async def start(self) -> None:
        """Raises KafkaError."""
        await self._probe.start()
        for each in self._logs:
            await each.start()

    async def stop(self) -> None:
        await self._probe.stop()
        for each in self._logs:
            await each.stop()

    async def look(self) -> bool:
        """Whether everything could be seen; else the dead letters are still being read. Raises KafkaError."""
        seen = await self._probe.look()
        for stage in self.stages:
            kinds = _kinds(stage, seen)
            self._waiting[stage.group] = await self._oldest[stage.group].look(seen.backlogs[stage.group], kinds)
        self._set_backlogs(seen)
        self._set_cluster(seen)
        await self._set_transactions(seen)
        self.show()
        whole = await self._letters.look(seen.begins, seen.ends)
        if whole:
            metrics.WATCH_LETTERS.clear()
            for name, count in self._letters.counts().items():
                metrics.WATCH_LETTERS.labels(*name).set(count)
            metrics.WATCH_LAST_LOOK.set(self._now())
        return whole

    def show(self) -> None:
        """Ages, by the present time."""
        now = self._now()
        for stage in self.stages:
            ages = dict.fromkeys(((app, name) for app in stage.directions for name in stage.classes), 0.0)
            kinds = {one.name: one for one in stage.inputs}
            for tp, record in self._waiting[stage.group].items():
                kind = kinds[tp.topic]
                if not kind.waits:
                    continue
                key = record.app if record.app in stage.directions else UNKNOWN, kind.record_class
                ages[key] = max(ages.get(key, 0.0), now - record.since / 1000)
            metrics.WATCH_OLDEST.remove_by_labels({"stage": stage.stage, "platform": stage.platform})
            for (app, name), age in ages.items():
                metrics.WATCH_OLDEST.labels(*stage.labels, app, stage.directions.get(app, UNKNOWN), name).set(age)

    def _set_backlogs(self, seen: Snapshot) -> None:
        for stage in self.stages:
            backlogs, waiting = seen.backlogs[stage.group], self._waiting[stage.group]
            stuck = self._stuck(stage, seen)
            behind = lag(backlogs, waiting)
            for one in stage.inputs:
                metrics.WATCH_LAG.labels(*stage.labels, one.name).set(behind[one.name])
                metrics.WATCH_STUCK.labels(*stage.labels, one.name).set(sum(tp.topic == one.name for tp in stuck))
            group = seen.groups[stage.group]
            metrics.WATCH_MEMBERS.labels(*stage.labels).set(group.members)
            if not group.moving:
                metrics.WATCH_UNOWNED.labels(*stage.labels).set(group.unowned)

    def _stuck(self, stage: WatchedStage, seen: Snapshot) -> list[TopicPartition]:
        now, stuck = self._clock(), []
        for tp, backlog in seen.backlogs[stage.group].items():
            key = stage.group, tp
            done, since = self._moved.get(key, (-1, now))
            if tp not in self._waiting[stage.group] or done != backlog.done:
                self._moved[key] = backlog.done, now
            elif now - since > STUCK:
                stuck.append(tp)
        new = [tp for tp in stuck if (stage.group, tp) not in self._told]
        self._told = {key for key in self._told if key[0] != stage.group} | {(stage.group, tp) for tp in stuck}
        if new:
            log.warning(
                "partitions stuck",
                stage=stage.stage,
                platform=stage.platform,
                count=len(stuck),
                partitions=_shown(new),
                first_unread=[seen.backlogs[stage.group][tp].done for tp in new[:NAMED]],
            )
        return stuck

    def _set_cluster(self, seen: Snapshot) -> None:
        for name, health in seen.topics.items():
            metrics.WATCH_OFFLINE.labels(name).set(health.offline)
            metrics.WATCH_UNDER_REPLICATED.labels(name).set(health.under_replicated)

    async def _set_transactions(self, seen: Snapshot) -> None:
        try:
            found = await self._probe.transactions(seen.blocked)
        except KafkaError as error:
            # Not permitted, or on the move: what is blocked is seen by its age and its lag all the same.
            log.debug("open transactions unreadable", error=type(error).__name__)
            found = {}
        for name in self._probe.readable:
            ages = found.get(name, ())
            metrics.WATCH_TRANSACTIONS.labels(name).set(len(ages))
            metrics.WATCH_TRANSACTION_SECONDS.labels(name).set(max(ages, default=0.0))


def _kinds(stage: WatchedStage, seen: Snapshot) -> dict[TopicPartition, WatchedTopic]:
    names = {one.name: one for one in stage.inputs}
    return {tp: names[tp.topic] for tp in seen.backlogs[stage.group]}


def _shown(tps: Iterable[TopicPartition]) -> list[str]:
    return [f"{tp.topic}:{tp.partition}" for tp in tps][:NAMED]
