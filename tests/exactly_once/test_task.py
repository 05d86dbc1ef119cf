"""A task by itself: what it takes, what it drops, and how it starts anew."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from streams.exactly_once.batch import Batch
from streams.exactly_once.producers import Outputs, ProducerSettings, UnknownResultError
from streams.exactly_once.task import INBOX, PartitionTask
from streams.exactly_once.watch import StageObserver
from tests.exactly_once.conftest import DEADLINE, Cluster, LossyProxy

TP = TopicPartition("t", 0)


def record(offset: int, tp: TopicPartition = TP) -> ConsumerRecord:
    return ConsumerRecord(tp.topic, tp.partition, offset, 0, 0, b"k", b"%d" % offset, None, 1, 1, ())


def batch(first: int, epoch: int, tp: TopicPartition = TP) -> Batch:
    return Batch(tp, [record(first, tp), record(first + 1, tp)], epoch)


class Reading:
    """Positions that feed the task what a consumer would: from the committed offset on, two records a batch."""

    def __init__(self, cluster: Cluster | None = None, group: str = "", tp: TopicPartition = TP, end: int = 0) -> None:
        self._cluster, self._group, self._tp, self._end = cluster, group, tp, end
        self.now = 0
        self.next = 0
        self.members = [True]
        self.rewinds = 0
        self.task: PartitionTask | None = None

    def epoch(self, tp: TopicPartition) -> int:
        return self.now

    async def end(self, tp: TopicPartition) -> int:
        raise NotImplementedError

    async def handed_over(self, tp: TopicPartition, end: int) -> int | None:
        raise NotImplementedError

    def passed(self, tp: TopicPartition) -> tuple[int, int]:
        return 0, 0

    async def member(self) -> bool:
        return self.members.pop(0) if len(self.members) > 1 else self.members[0]

    async def rewind(self, tps: list[TopicPartition]) -> dict[TopicPartition, int | None]:
        assert self._cluster is not None
        self.now += 1
        self.rewinds += 1
        self.next = await self._cluster.offset(self._group, self._tp) or 0
        return {self._tp: self.next}

    def wake(self) -> None:
        while self.task is not None and self.next < self._end and self.task.wants(self._tp):
            self.task.put(batch(self.next, self.now, self._tp))
            self.next += 2


async def nothing_failed(error: BaseException) -> None:
    raise AssertionError(error)


class Idle:
    async def run(self, task: PartitionTask) -> None:
        await task.draining.wait()


def idle(positions: Reading) -> PartitionTask:
    return PartitionTask("s", "g", 0, [TP], ProducerSettings("nowhere:1"), positions, lambda _: Idle(), nothing_failed, StageObserver())


async def test_a_batch_that_was_fetched_before_reading_was_moved_is_dropped() -> None:
    positions = Reading()
    task = idle(positions)
    task.put(batch(0, epoch=0))
    positions.now = 1
    task.put(batch(2, epoch=0))
    task.put(batch(4, epoch=1))
    assert [task.take().next_offset for _ in range(2)] == [2, 6]
    assert not task.ready()


async def test_a_task_with_its_inbox_full_wants_no_more() -> None:
    task = idle(Reading())
    for number in range(INBOX):
        assert task.wants(TP)
        task.put(batch(number * 2, epoch=0))
    assert not task.wants(TP)
    task.take()
    assert task.wants(TP)


class Copy:
    """Copies records to *target*; *told* is set when *last* is committed."""

    def __init__(self, target: str, last: int, told: asyncio.Event) -> None:
        self._target, self._last, self._told = target, last, told

    async def run(self, task: PartitionTask) -> None:
        while (got := await task.next()) is not None:
            outputs = Outputs()
            for one in got.records:
                outputs.add(self._target, 0, one.key, one.value)
            await task.commit(outputs, {got.tp: got.next_offset})
            if got.next_offset >= self._last:
                self._told.set()


class Restarts(StageObserver):
    def __init__(self) -> None:
        self.count = 0

    def restarted(self, stage: str, reason: str) -> None:
        self.count += 1


@pytest.mark.kafka
async def test_after_an_unknown_result_a_task_goes_on_from_the_committed_offset(cluster: Cluster) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    told, watch = asyncio.Event(), Restarts()
    positions = Reading(cluster, group, source, end=40)
    positions.members = [True, False, True]  # the group has not settled at the second time

    class Doubtful(Copy):
        """Every third commit happens, and its answer is lost."""

        commits = 0

        async def run(self, task: PartitionTask) -> None:
            sure = task.commit

            async def commit(outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
                Doubtful.commits += 1
                written = await sure(outputs, offsets)
                if Doubtful.commits % 3 == 0:
                    raise UnknownResultError("the answer is lost")
                return written

            task.commit = commit  # type: ignore[method-assign]
            try:
                await super().run(task)
            finally:
                task.commit = sure  # type: ignore[method-assign]

    task = PartitionTask(
        "s", group, 0, [source], ProducerSettings(cluster.bootstrap), positions, lambda _: Doubtful(target, 40, told), nothing_failed, watch
    )
    positions.task = task
    await task.fence()
    task.start()
    positions.wake()
    async with asyncio.timeout(DEADLINE):
        await told.wait()
    await task.stop(5)
    assert watch.count >= 3
    assert positions.rewinds == watch.count
    assert [one.value for one in await cluster.committed(target)] == [b"%d" % number for number in range(40)]


@pytest.mark.kafka
@pytest.mark.parametrize("lean", [True, False])
async def test_a_lost_answer_to_a_commit_neither_loses_nor_doubles(cluster: Cluster, *, lean: bool) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    told = asyncio.Event()
    positions = Reading(cluster, group, source, end=40)
    async with LossyProxy(cluster.bootstrap) as proxy:

        class Unlucky(Copy):
            runs = 0

            async def run(self, task: PartitionTask) -> None:
                Unlucky.runs += 1
                if Unlucky.runs <= 3:
                    proxy.arm()
                await super().run(task)

        link = ProducerSettings(proxy.bootstrap, request_timeout=5.0, lean=lean)
        task = PartitionTask("s", group, 0, [source], link, positions, lambda _: Unlucky(target, 40, told), nothing_failed, StageObserver())
        positions.task = task
        await task.fence()
        task.start()
        positions.wake()
        async with asyncio.timeout(DEADLINE):
            await told.wait()
        await task.stop(5)
        assert proxy.lost.is_set()
    assert [one.value for one in await cluster.committed(target)] == [b"%d" % number for number in range(40)]
