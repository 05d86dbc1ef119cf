"""A stage that does not take all: what it leaves waits with its input, the other inputs go on, and nothing behind it is committed."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from types import SimpleNamespace
from typing import cast

from aiokafka import TopicPartition

from streams.exactly_once.batch import Batch
from streams.exactly_once.producers import Outputs
from streams.exactly_once.stateless_stage import StatelessStage
from streams.exactly_once.task import PartitionTask

ONE, TWO = TopicPartition("one", 0), TopicPartition("two", 0)


class Inbox:
    """As much of a task as a hop sees."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = deque(batches)
        self.draining = asyncio.Event()
        self.commits: list[dict[TopicPartition, int]] = []

    @property
    def waiting(self) -> tuple[Batch, ...]:
        return tuple(self.batches)

    async def next(self) -> Batch | None:
        while not self.batches:
            if self.draining.is_set():
                return None
            await asyncio.sleep(0)
        return self.batches.popleft()

    def take_but(self, inputs: Collection[TopicPartition]) -> Batch | None:
        found = next((batch for batch in self.batches if batch.tp not in inputs), None)
        if found is not None:
            self.batches.remove(found)
        return found

    async def wait(self, timeout: float) -> None:
        del timeout
        await asyncio.sleep(0)

    async def commit(self, outputs: Outputs, offsets: Mapping[TopicPartition, int]) -> dict[tuple[str, int], int]:
        del outputs
        self.commits.append(dict(offsets))
        return {}


class Picky:
    """A stage that takes no record whose value is in *refused*."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.took: list[str] = []
        self.looked: list[str] = []
        self.learned: list[str] = []

    def __call__(self, batch: Batch, outputs: Outputs) -> int:
        del outputs
        for number, record in enumerate(batch.records):
            if record.value in self.refused:
                return number
            self.took.append(record.value)
        return len(batch.records)

    def pause(self, batch: Batch) -> float:
        return 60.0 if batch.records[0].value in self.refused else 0.0

    def look(self, batch: Batch) -> None:
        self.looked += [record.value for record in batch.records]

    async def learn(self, batch: Batch) -> None:
        self.learned.append(batch.records[0].value)


def batch(tp: TopicPartition, first: int, values: str) -> Batch:
    return Batch(tp, [SimpleNamespace(offset=first + number, value=value) for number, value in enumerate(values)], 1)


async def run(inbox: Inbox, stage: Picky, *steps: Callable[[], object]) -> None:
    running = asyncio.create_task(StatelessStage(stage, gate=stage).run(cast("PartitionTask", inbox)))
    for step in steps:
        for _ in range(20):
            await asyncio.sleep(0)
        step()
    for _ in range(20):
        await asyncio.sleep(0)
    inbox.draining.set()
    await running


async def test_the_rest_waits_and_other_inputs_go_on() -> None:
    inbox, stage = Inbox(batch(ONE, 10, "abXc"), batch(ONE, 14, "d"), batch(TWO, 5, "ef"), batch(TWO, 7, "g")), Picky("X")
    await run(inbox, stage)
    assert "".join(stage.took) == "abefg"
    done = {tp: offset for commit in inbox.commits for tp, offset in commit.items()}
    assert done == {ONE: 12, TWO: 8}
    assert set(stage.looked) == set("Xcd"), "what waits behind is looked at, for it may tell that it is not us"


async def test_it_goes_on_where_it_was_once_it_may() -> None:
    inbox, stage = Inbox(batch(ONE, 10, "aXc"), batch(ONE, 13, "d")), Picky("X")
    await run(inbox, stage, stage.refused.clear)
    assert "".join(stage.took) == "aXcd"
    assert stage.learned == ["X"], "what is held is tried again once all is known that it may have waited for"
    assert inbox.commits[-1] == {ONE: 14}


async def test_each_input_waits_for_itself() -> None:
    inbox, stage = Inbox(batch(ONE, 0, "Xa"), batch(TWO, 0, "Yb")), Picky("X", "Y")
    await run(inbox, stage, lambda: stage.refused.discard("Y"))
    assert "".join(stage.took) == "Yb"
    assert {tp for commit in inbox.commits for tp in commit} == {TWO}


async def test_a_partition_can_be_given_up_while_it_waits() -> None:
    inbox, stage = Inbox(batch(ONE, 3, "X")), Picky("X")
    await run(inbox, stage)
    assert not inbox.commits
