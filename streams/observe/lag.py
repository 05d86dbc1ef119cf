"""How far a stage is behind, up to the end of its logs, and what keeps it from reading on."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka import open_transactions
from streams.kafka.reachability import REACH
from streams.observe import metrics
from streams.roles.health import Health

log = structlog.get_logger()

EVERY = 2.0
"""Seconds between two looks."""
FRESH = 10.0
"""Seconds between two questions where the logs end: what is fetched says so, too, but a stage that is full fetches nothing."""
BLOCKED = 30.0
"""Seconds for which a transaction may be open that is behind nothing else; then it is asked whose it is, and the stage is not ready."""
AGAIN = 60.0
"""Seconds until it is asked again."""
PART = "transactions"


class LogEnds(NamedTuple):
    """*stable*: up to where what is committed can be read; *end*: behind the last record."""

    stable: int
    end: int


class BlockedSince(NamedTuple):
    stable: int
    since: float


class LagMonitor:
    """By partition. *show* is called at every look. *reads*: topics that are read beside the inputs; work may have to wait for these."""

    def __init__(
        self,
        app: object,
        stage: str,
        health: Health,
        show: Callable[[], None],
        reads: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app: Any = app
        self._stage = stage
        self._health = health
        self._show = show
        self._reads = tuple(reads)
        self._beside: list[TopicPartition] = []
        self._clock = clock
        self._readable = False
        self._shown: set[tuple[str, int]] = set()
        self._fresh: dict[TopicPartition, LogEnds] = {}
        self._fresh_at = -FRESH
        self._answered_at = -inf
        """When the brokers last said where the logs end: since then nobody knows."""
        self._stands: dict[TopicPartition, BlockedSince] = {}
        self._asked: dict[TopicPartition, float] = {}
        self._told: dict[TopicPartition, str] = {}

    def behind(self) -> bool:
        """Whether there is something that could be read: what an open transaction holds back is no work."""
        return self._readable

    async def measure(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self._show()
            with suppress(AttributeError, KafkaError, TimeoutError):  # not started yet, or on the move
                async with asyncio.timeout(2 * EVERY):
                    await self.look()

    async def look(self) -> None:
        consumer, tasks = self._app.consumer, list(self._app.transport.manager.tasks.values())
        tps = [tp for task in tasks for tp in task.inputs]
        await self._refresh(consumer, tps)
        readable, seen = False, set()
        for task in tasks:
            for tp in task.inputs:
                ends = self._ends(consumer, tp)
                done = task.committed.get(tp, consumer.starts.get(tp))
                if ends is None or done is None:
                    continue
                # Markers, and what an aborted transaction wrote, have offsets that nobody commits past until more comes.
                all_read = await consumer.kafka.position(tp) >= ends.stable and done >= task.read.get(tp, 0)
                readable = readable or (not all_read and done < ends.stable)
                behind = 0 if all_read and ends.end <= ends.stable else max(0, ends.end - done)
                metrics.LAG.labels(self._stage, tp.topic, str(tp.partition)).set(behind)
                seen.add((tp.topic, tp.partition))
                await self._stand(consumer, tp, ends)
        for topic, partition in self._shown - seen:
            metrics.LAG.remove(self._stage, topic, str(partition))
            metrics.BLOCKED.remove(self._stage, topic, str(partition))
            self._free(TopicPartition(topic, partition))
        for tp in self._beside:
            if (ends := self._fresh.get(tp)) is not None:
                await self._stand(consumer, tp, ends)
            if tp in self._told:
                REACH.told(self._told[tp])  # what waits for it is not stuck
        self._readable, self._shown = readable, seen
        why = "; ".join(sorted(self._told.values())[:3])
        self._health.ready(not why, why, part=PART)

    async def _refresh(self, consumer: Any, tps: list[TopicPartition]) -> None:
        if not tps or self._clock() - self._fresh_at < FRESH:
            return
        self._fresh_at = self._clock()
        if self._reads:
            cluster = await consumer.kafka._client.fetch_all_metadata()  # noqa: SLF001 - there is no public way to topics that nobody subscribes
            self._beside = [
                TopicPartition(topic, number) for topic in self._reads for number in sorted(cluster.partitions_for_topic(topic) or ())
            ]
        tps = [*tps, *self._beside]
        stable, ends = await asyncio.gather(consumer.kafka.end_offsets(tps), consumer.ends(tps))
        self._fresh = {tp: LogEnds(stable[tp], ends[tp]) for tp in tps}
        self._answered_at = self._clock()

    def _ends(self, consumer: Any, tp: TopicPartition) -> LogEnds | None:
        """The later of what was asked and what was fetched; None of what was given to another worker meanwhile."""
        if tp not in consumer.kafka.assignment():
            return None
        fetched = consumer.kafka.last_stable_offset(tp), consumer.kafka.highwater(tp)
        asked = self._fresh.get(tp)
        if None in fetched:
            return asked
        return LogEnds(*map(max, zip(fetched, asked, strict=True))) if asked else LogEnds(*fetched)

    async def _stand(self, consumer: Any, tp: TopicPartition, ends: LogEnds) -> None:
        """Whether *tp* can be read no further than it could some time ago, although there is more.

        What is held back grows with what the brokers say, not with the clock: while they say nothing, nobody is seen to hold anything.
        """
        now = self._clock()
        stand = self._stands.get(tp)
        if ends.end <= ends.stable:
            self._free(tp)
        elif stand is None or stand.stable != ends.stable:
            self._free(tp)
            self._stands[tp] = BlockedSince(ends.stable, now)
        held = max(0.0, self._answered_at - self._stands[tp].since) if tp in self._stands else 0.0
        metrics.BLOCKED.labels(self._stage, tp.topic, str(tp.partition)).set(held)
        if held < BLOCKED or now - self._asked.get(tp, -AGAIN) < AGAIN:
            return
        self._asked[tp] = now
        try:
            found = await open_transactions.oldest(consumer.kafka._client, tp)  # noqa: SLF001 - it knows the partitions' leaders
        except KafkaError as error:
            whose = (
                f"{tp.topic}, partition {tp.partition}: open from offset {ends.stable} on; by whom may not be seen ({type(error).__name__})"
            )
        else:
            if found is None:
                return  # over meanwhile
            whose = str(found)
        self._told[tp] = f"an open transaction holds back what was written behind it: {whose}; see im-relay transactions list"
        log.error("open transaction blocks reading", stage=self._stage, which=whose, records=ends.end - ends.stable)

    def _free(self, tp: TopicPartition) -> None:
        self._stands.pop(tp, None)
        self._asked.pop(tp, None)
        self._told.pop(tp, None)
