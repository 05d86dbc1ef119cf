"""The life of a partition's work over local state, the same in every stage that has some.

The state is opened and brought up to date; work goes on until the partition is let go or something fails; and what runs beside it is over
before the state is closed.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from aiokafka.errors import KafkaError

from streams.exactly_once.ending import ended
from streams.exactly_once.producers import UnknownResultError
from streams.exactly_once.shutdown import RevokedError, clock
from streams.exactly_once.task import PartitionTask
from streams.observe import metrics
from streams.state.refused import telling


class BackgroundTasks:
    """What runs beside the cycles of one partition. The first that fails ends the work; one that was only let go does not.

    *nudge* wakes the cycles when one has failed, and where they want to be *told*, at the end of each.
    """

    def __init__(self, nudge: Callable[[], None], *, told: bool) -> None:
        self.jobs: set[asyncio.Task[None]] = set()
        """Those that end by themselves."""
        self._nudge = nudge
        self._told = told
        self._kept: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    def start(self, job: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        running = asyncio.create_task(job)
        self.jobs.add(running)
        running.add_done_callback(self._over)
        return running

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Run *work* for as long as the partition is worked on; it is no job that has to be finished."""
        running = asyncio.create_task(work)
        self._kept.add(running)
        running.add_done_callback(self._over)

    def check(self) -> None:
        """Raise what one of them raised."""
        if self._failed is not None:
            raise self._failed

    async def end(self) -> None:
        """Cancel all, and return when each is over."""
        await ended([*self._kept, *self.jobs])

    def _over(self, running: "asyncio.Task[None]") -> None:
        self.jobs.discard(running)
        error = None if running.cancelled() else running.exception()
        fails = error is not None and not isinstance(error, RevokedError)
        if fails and self._failed is None:
            self._failed = error
        if fails or self._told:
            self._nudge()


class PartitionWork(Protocol):
    """What a stage does with one partition, made whole over state that is open."""

    background: BackgroundTasks

    async def prepare(self) -> None:
        """Bring the state as far up to date as work needs. Raises KafkaError, TimeoutError, StateError."""

    async def read_on(self) -> None:
        """What is read beside the work from then on."""

    async def cycles(self) -> None:
        """Work until the partition is let go and nothing is owed. Raises UnknownResultError, FencedError, and what `background` met."""

    def let_go(self) -> None:
        """No cycle follows, and what runs in the background is about to be cancelled."""

    def close(self) -> None:
        """Nothing runs any more."""


class _Closes(Protocol):
    def close(self) -> None: ...


class _Owns(Protocol):
    def own(self, partition: int, *, mine: bool) -> None: ...


S = TypeVar("S", bound=_Closes)


class StatefulStage(Generic[S]):
    """See `streams.exactly_once.task.Processor`: one for all partitions, with state and work made anew after every restart of a task.

    *open_* gives the state of a partition and raises StateError; *shares* are told which partitions are at work here.
    """

    def __init__(self, stage: str, open_: Callable[[int], S], make: Callable[[PartitionTask, S], PartitionWork], shares: _Owns) -> None:
        self._stage = stage
        self._open = open_
        self._make = make
        self._shares = shares

    async def run(self, task: PartitionTask) -> None:
        with telling(task.watch, self._stage, task.partition):
            state = self._open(task.partition)
            try:
                task.watch.refused(self._stage, task.partition, "", "")
                work = self._make(task, state)
                await self._prepare(task, work)
                await self._work(task.partition, work)
            finally:
                state.close()

    async def _prepare(self, task: PartitionTask, work: PartitionWork) -> None:
        began = clock()
        task.watch.preparing(self._stage, task.partition, done=False)
        try:
            await work.prepare()
        except (KafkaError, TimeoutError) as error:
            raise UnknownResultError(f"local state cannot be brought up to date: {type(error).__name__}") from None
        finally:
            task.watch.preparing(self._stage, task.partition, done=True)
        metrics.REBUILD_SECONDS.labels(self._stage).observe(clock() - began)

    async def _work(self, partition: int, work: PartitionWork) -> None:
        self._shares.own(partition, mine=True)
        work.background.keep(work.read_on())
        try:
            await work.cycles()
        finally:
            self._shares.own(partition, mine=False)
            work.let_go()
            try:
                await work.background.end()
            finally:
                work.close()
