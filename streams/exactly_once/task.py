"""A task: partition number p of all inputs of a stage, with its producers, its inbox and the work that empties it.

It is not the agent: Faust cancels an agent when partitions are revoked, in the middle of anything. A task is stopped with a
budget, and what a cancelled commit did is an unknown result like any other.
"""

# Over 300 lines: it is one class, and what it holds lives and dies together.

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from math import inf
from typing import Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.exactly_once.batch import Batch
from streams.exactly_once.positions import Positions
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError, WaitingError
from streams.exactly_once.watch import StageHeldError, StageObserver
from streams.kafka.permissions import REFUSALS, why
from streams.kafka.reachability import REACH
from streams.observe.log import place

log = structlog.get_logger()

LOOK = 0.005
"""Seconds between two looks whether an input has been read far enough."""

TIDY = 15.0
"""Seconds of rest after which the offsets of markers are committed, too."""

INBOX = 2
"""Batches of one input that may wait in a task: one in hand, one at the door."""


class Processor(Protocol):
    """What a stage does with one task, from a committed offset on. A new one is made after every restart of the task."""

    async def run(self, task: "PartitionTask") -> None:
        """Read `task.next()` and `task.commit()` until `task.draining`; raise Unknown or Fenced as they come."""


class PartitionTask:
    def __init__(
        self,
        stage: str,
        group: str,
        partition: int,
        inputs: list[TopicPartition],
        link: ProducerSettings,
        positions: Positions,
        make: Callable[[int], Processor],
        failed: Callable[[BaseException], Awaitable[None]],
        watch: StageObserver,
    ) -> None:
        self.stage = stage
        self.partition = partition
        self.inputs = inputs
        self.draining = asyncio.Event()
        self.committed: dict[TopicPartition, int] = {}
        """Offsets as far as this task has committed them; for the lag."""
        self.read: dict[TopicPartition, int] = {}
        """Offsets after the last batch that came in; for the lag."""
        self._link = link
        self._producers = Producers(link, f"{group}-{partition}", group)
        self._positions = positions
        self._make = make
        self._failed = failed
        self._watch = watch
        self._inbox: deque[Batch] = deque()
        self._counts = dict.fromkeys(inputs, 0)
        self._came = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._written = 0
        """Records of the open transaction."""
        self._tidy_at = inf
        """When to look for markers; later, after each batch and each commit."""

    async def fence(self) -> None:
        """From here on the last owner can commit nothing, and the committed offsets are the truth."""
        await self._producers.start()

    def start(self) -> None:
        self._tidy_at = asyncio.get_running_loop().time() + TIDY
        self._running = asyncio.create_task(self._run(), name=f"{self.stage}[{self.partition}]")

    # -- the agent's side

    def put(self, batch: Batch) -> None:
        """Take a batch, unless reading was moved since it was fetched."""
        if batch.epoch != self._positions.epoch(batch.tp) or self.draining.is_set():
            return
        self._counts[batch.tp] += 1
        self.read[batch.tp] = batch.next_offset
        self._inbox.append(batch)
        self._tidy_at = asyncio.get_running_loop().time() + TIDY
        self._came.set()

    def wants(self, tp: TopicPartition) -> bool:
        """Whether *tp* should be fetched now."""
        return self._counts[tp] < INBOX and not self.draining.is_set()

    # -- the work's side

    def ready(self) -> bool:
        return bool(self._inbox)

    async def next(self) -> Batch | None:
        """The next batch; None once the task is to be drained."""
        while not self._inbox:
            if self.draining.is_set():
                return None
            await self.wait(TIDY)
        return self.take()

    def take(self) -> Batch:
        batch = self._inbox.popleft()
        self._counts[batch.tp] -= 1
        self._positions.wake()
        return batch

    @property
    def waiting(self) -> tuple[Batch, ...]:
        """What lies in the inbox."""
        return tuple(self._inbox)

    def take_but(self, inputs: Collection[TopicPartition]) -> Batch | None:
        """The next batch of another input than *inputs*."""
        return next((self.take_of(batch.tp) for batch in self._inbox if batch.tp not in inputs), None)

    def take_among(self, inputs: Collection[TopicPartition]) -> Batch | None:
        """The next batch of one of *inputs*."""
        return next((self.take_of(batch.tp) for batch in self._inbox if batch.tp in inputs), None)

    def take_of(self, tp: TopicPartition) -> Batch | None:
        """The next batch of one input, for work that prefers some inputs to others."""
        for batch in self._inbox:
            if batch.tp == tp:
                self._inbox.remove(batch)
                self._counts[tp] -= 1
                self._positions.wake()
                return batch
        return None

    async def catch_up(self, tp: TopicPartition) -> None:
        """Until the work has taken every record of *tp* that lies there now, committed or about to be. Raises KafkaError."""
        end = await self._positions.end(tp)
        while True:
            last = await self._positions.handed_over(tp, end)
            if last is not None and self._counts[tp] == 0 and self.read.get(tp, 0) >= last:
                return
            self.nudge()
            await asyncio.sleep(LOOK)

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109 - nothing is cancelled
        """Until a nudge, a new batch, the order to drain, or *timeout* seconds; what lies in the inbox already ends nothing."""
        if self.draining.is_set():
            return
        if asyncio.get_running_loop().time() >= self._tidy_at:
            await self._tidy()
        self._came.clear()
        # Dozens of times a second: a timer that sets the event costs less than a time-out that cancels.
        timer = asyncio.get_running_loop().call_later(timeout, self._came.set)
        try:
            await self._came.wait()
        finally:
            timer.cancel()

    @property
    def watch(self) -> StageObserver:
        return self._watch

    async def _tidy(self) -> None:
        """Commit past the markers that follow what is done.

        Nobody sees markers, and nobody commits past them: a partition at rest would have an offset that retention overtakes
        one day, as if records had been lost.
        """
        self._tidy_at = asyncio.get_running_loop().time() + TIDY
        offsets: dict[TopicPartition, int] = {}
        for tp in self.inputs:
            position, handed = self._positions.passed(tp)
            read, done = self.read.get(tp, 0), self.committed.get(tp)
            if self._counts[tp] or handed > read:
                continue
            # Where nothing was read yet: whoever comes later must know from where on it was to be.
            if (read <= done < position) if done is not None else not read and position:
                offsets[tp] = position
        if offsets and not self._written:
            await self.commit(Outputs(), offsets)

    def nudge(self) -> None:
        """End a `wait`: there is something to do other than a batch."""
        self._came.set()

    async def write(self, outputs: Outputs) -> dict[tuple[str, int], int]:
        """See `Producers.write`."""
        self._written += len(outputs)
        return await self._producers.write(outputs)

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        """See `Producers.commit`."""
        count, self._written = self._written + len(outputs), 0
        clock = asyncio.get_running_loop().time
        start = clock()
        written = await self._producers.commit(outputs, offsets)
        self.committed.update(offsets)
        self._tidy_at = clock() + TIDY
        self._watch.committed(self.stage, count, clock() - start)
        return written

    # -- life

    @property
    def works(self) -> bool:
        return self._running is not None and not self._running.done()

    async def stop(self, budget: float) -> None:
        """Finish what is in hand within *budget* seconds, then let go whatever it is."""
        self.draining.set()
        self._came.set()
        if self._running is not None:
            done, _ = await asyncio.wait([self._running], timeout=budget)
            if not done:
                log.warning("task did not finish in time", stage=self.stage, partition=self.partition, budget=budget)
                self._running.cancel()
                await asyncio.wait([self._running], timeout=budget)
        await self._producers.close()

    async def _run(self) -> None:
        delay = 0.0
        clock = asyncio.get_running_loop().time
        while True:
            start = clock()
            try:
                await self._make(self.partition).run(self)
            except FencedError as error:
                await self._failed(error)
                return
            except UnknownResultError as error:
                if self.draining.is_set():
                    return
                if not isinstance(error, WaitingError):
                    log.warning("transaction result unknown, restarting", stage=self.stage, partition=self.partition, error=str(error))
                    self._watch.restarted(self.stage, "unknown result")
            except StageHeldError as error:
                log.error("stage held", stage=self.stage, partition=self.partition, why=str(error))  # noqa: TRY400
                self._watch.held(self.stage, str(error))
                await self.draining.wait()
                return
            except Exception as error:  # noqa: BLE001 - whatever it is, this worker can do nothing more
                log.error("defect in a stage", stage=self.stage, partition=self.partition, place=place(error))  # noqa: TRY400
                await self._failed(error)
                return
            else:
                return
            delay = 0.0 if clock() - start > 30 else min(delay * 2 + 0.05, 5.0)
            if not await self._renew(delay):
                return

    async def _renew(self, delay: float) -> bool:
        """New producers, and reading from the committed offsets again; until it works, or the task is to be drained."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(delay * (0.5 + random.random())):  # noqa: S311 - jitter
                    await self.draining.wait()
            if self.draining.is_set():
                return False
            try:
                await self._producers.close()
                if not await self._positions.member():
                    # Taken for dead: new producers would fence the next owner. A rebalance drains this task.
                    delay = 1.0
                    continue
                await self._producers.start()
                self._written = 0
                await self._positions.rewind(self.inputs)
                self._inbox.clear()
                self.read.clear()
                self._counts = dict.fromkeys(self.inputs, 0)
                self._positions.wake()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the broker is away: whatever it is, it is tried again
                told = why(error, self._link.bootstrap)
                if isinstance(error, KafkaError | OSError):
                    REACH.told(f"{self.stage}[{self.partition}] cannot start anew: {told}")
                log.warning("restart failed, retrying", stage=self.stage, partition=self.partition, error=told)
                if isinstance(error, REFUSALS):
                    self._watch.forbidden(self.stage, told)
                delay = min(delay * 2 + 0.05, 5.0)
            else:
                self._watch.forbidden(self.stage, "")
                return True
