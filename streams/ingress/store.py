"""Callbacks into Kafka: many at once, in order within a partition, and each told what became of it.

A lane is one partition with at most one batch on its way; what comes meanwhile is the next batch. So nothing overtakes, not
even when a batch is sent again, and batches grow with the load by themselves. `SendBatcher` says when the next batches go.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog
from aiokafka.errors import InvalidTimestampError, KafkaError

from converters.core.localized import localized
from streams.ingress import producer as producers
from streams.ingress.encrypting import NOBODY, CallbackCipher, NoKeysError, Owners
from streams.ingress.gathering import SendBatcher
from streams.ingress.lane import Lane, Outcome, WaitingCallback, answer_all
from streams.ingress.producer import StoreError
from streams.ingress.record import Headers
from streams.kafka import clock
from streams.kafka.cluster import Where
from streams.kafka.idempotent_producer import DiscardedProducers
from streams.kafka.permissions import why
from streams.kafka.topics import partition_of
from streams.observe import metrics
from streams.roles.startup import is_final

log = structlog.get_logger(__name__)

PROBE = 0.5
"""Seconds between two looks at a cluster that is silent while something waits for it."""
IDLE_PROBE = 5.0
"""Seconds between two looks when there is nothing to store."""
AWAY = (KafkaError, TimeoutError, OSError)
STUCK = 30.0
"""Seconds that a batch may be overdue on a cluster that answers, before the producer is replaced."""


class CallbackStore:
    """Stores callbacks in *topics*. *timeout* is in seconds; at most *limit* callbacks wait at once.

    *tell* is called when the cluster is lost ("why") and found again (""). *owners* say whose key a callback is encrypted under.
    """

    def __init__(
        self, bootstrap: Where, topics: Iterable[str], *, timeout: float, limit: int, tell: Callable[[str], None], owners: Owners = NOBODY
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = tuple(topics)
        self._timeout = timeout
        self._limit = limit
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._cipher = CallbackCipher(bootstrap, owners)
        self._producer: Any = None
        self._partitions: dict[str, int] = {}
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._down = "not started"
        self._clock = clock.BrokerClock(lambda wrong: tell(wrong or self._down))
        self._answered = 0.0
        self._looked = 0.0
        self._gathering = SendBatcher(self._loop)
        self._wake = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._discarded = DiscardedProducers()
        self.waiting = 0

    @property
    def down(self) -> str:
        """Why nothing can be stored at the moment; "" when it can."""
        return self._down

    async def start(self, *, patient: bool = False) -> None:
        """Raises StoreError when a topic is missing, we are refused or, unless *patient*, the cluster does not answer.

        With *patient* that is waited for beside the work: until then nothing can be stored.
        """
        try:
            await self._open()
        except AWAY as error:
            what = localized("Kafka at {where} (kafka.bootstrap): {why}", where=self._bootstrap, why=why(error, self._bootstrap))
            if not patient or is_final(error):
                raise StoreError(what) from None
            log.warning("waiting for Kafka", why=what)
            self._lost(what)
        metrics.CALLBACKS_WAITING.set_function(lambda: self.waiting)
        self._watch = asyncio.create_task(self._look_after())

    async def _open(self) -> None:
        self._cipher.enter()
        self._partitions = await producers.partitions(self._bootstrap, self._topics)
        producer = await producers.start(self._bootstrap, self._request_timeout)
        self._producer = producer
        self._found()
        await self._clock.compare(producer.client, self._timeout)

    async def put(self, topic: str, key: bytes, value: bytes, headers: Headers, at: int) -> Outcome:
        """Store one record under its *key*, *at* in milliseconds since 1970; returns when its fate is known."""
        if self._clock.wrong:
            return "clock"
        if self._down:
            return "down"
        if self.waiting >= self._limit:
            return "full"
        place = topic, partition_of(key, self._partitions[topic])
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane(*place)
        elif lane.late:
            return "down"
        done: asyncio.Future[Outcome] = self._loop.create_future()
        lane.pending.append(WaitingCallback(done, self._loop.time(), key, value, self._cipher.owned(topic, value, headers), at))
        self._gathering.came()
        if lane.task is None:
            lane.task = self._loop.create_task(self._drain(lane))
        self.waiting += 1
        try:
            return await done
        finally:
            self.waiting -= 1

    async def close(self, patience: float) -> None:
        """Refuse new records, wait *patience* seconds for the others, let go of the cluster."""
        self._down = self._down or "stopping"
        if tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks, timeout=patience)
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        self._end_all("down")
        if self._producer is not None:
            self._discarded.add(self._producer)
        await self._discarded.wait()
        await self._cipher.leave()

    @property
    def _request_timeout(self) -> float:
        return self._timeout + 2.0

    async def _drain(self, lane: Lane) -> None:
        try:
            while lane.pending:
                await self._gathering.turn()
                began = self._loop.time()
                try:
                    await self._cipher.prepare(lane.pending, self._timeout)
                except NoKeysError:
                    lane.refuse(lambda record: self._cipher.ready(record.headers))
                if not lane.pending:  # given up meanwhile
                    break
                builder = self._fill(lane)
                overdue = self._loop.call_at(lane.sent[0].arrived + self._timeout, self._overdue, lane)
                try:
                    acknowledged = await self._producer.send_batch(builder, lane.topic, partition=lane.partition)
                    await acknowledged
                finally:
                    overdue.cancel()
                lane.late = 0.0
                self._answered = self._loop.time()
                self._gathering.took(self._answered - began)
                if self._down:
                    self._found()
                answer_all(lane.sent, "stored")
                lane.sent = []
        except Exception as error:  # noqa: BLE001 - whatever it is, the producer's sequence is broken
            self._broken(type(error).__name__, why(error, self._bootstrap))
        finally:
            lane.task = None

    def _fill(self, lane: Lane) -> Any:
        """Move what fits from pending into a batch."""
        builder = self._producer.create_batch()
        append = builder.append
        count = 0
        for record in lane.pending:
            if count and not self._cipher.ready(record.headers):
                break  # it has come since keys were made
            value, headers = self._cipher.seal(lane.topic, record.key, record.value, record.headers)
            if append(timestamp=record.at, key=record.key, value=value, headers=headers) is None:
                break
            count += 1
        assert count, "the first record of a batch always fits"
        builder.close()
        lane.sent, lane.pending = lane.pending[:count], lane.pending[count:]
        return builder

    def _overdue(self, lane: Lane) -> None:
        lane.late = self._loop.time()
        if self._answered < lane.sent[0].arrived:
            self._lost(f"no acknowledgement for {self._timeout:g} s")
        lane.end("timeout")

    def _broken(self, kind: str, said: str = "") -> None:
        """A batch was refused for good, so the sequence has a hole, or is stuck: this producer can store nothing more."""
        log.error("producer replaced", why=said or kind)
        if kind == InvalidTimestampError.__name__:
            self._clock.refused()
        metrics.STORE_RESTARTS.labels(kind).inc()
        self._lost(f"producer replaced: {said or kind}")
        self._end_all("failed")
        broken, self._producer = self._producer, None
        if broken is not None:
            self._discarded.add(broken)

    def _end_all(self, outcome: Outcome) -> None:
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            lane.end(outcome)
            if lane.task is not None and lane.task is not asyncio.current_task():
                lane.task.cancel()

    def _lost(self, why: str) -> None:
        if not self._down:
            log.warning("Kafka lost", why=why)
        self._down = why
        metrics.STORE_UP.set(0)
        self._tell(self._clock.wrong or why)
        self._wake.set()

    def _found(self) -> None:
        if self._down == "stopping":
            return
        self._down = ""
        metrics.STORE_UP.set(1)
        self._tell(self._clock.wrong)

    async def _look_after(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE):
                    await self._wake.wait()
                await asyncio.sleep(PROBE / 5)
            self._wake.clear()
            now = self._loop.time()
            overdue = [now - lane.late for lane in self._lanes.values() if lane.late]
            silent = PROBE if self.waiting or self._down or overdue else IDLE_PROBE
            asked = self._producer
            if asked is None:
                await self._renew()
            elif self._clock.due:
                await self._clock.compare(asked.client, self._timeout)
            elif now - max(self._answered, self._looked) >= silent:
                self._looked = now
                answered = await producers.answers(asked, self._timeout)
                if asked is not self._producer:
                    continue
                if answered and max(overdue, default=0.0) > STUCK:
                    self._broken("stuck")
                elif answered:
                    self._found()
                elif self._answered < now:
                    self._lost("no broker answers")

    async def _renew(self) -> None:
        try:
            await self._open()
        except AWAY as error:
            self._lost(f"Kafka cannot be used: {why(error, self._bootstrap)}")
        except StoreError as error:  # it has come back without them, or is being made
            self._lost(str(error))
