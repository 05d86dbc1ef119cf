"""What the consumer does when reading is moved while something is on its way."""

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import ConsumerRecord, TopicPartition
from faust.types import TP

from streams.exactly_once.consumer import Consumer, _NoOffsets

ZERO, ONE = TopicPartition("t", 0), TopicPartition("t", 1)


def record(tp: TopicPartition, offset: int) -> ConsumerRecord:
    return ConsumerRecord(tp.topic, tp.partition, offset, 0, 0, b"k", b"v", None, 1, 1, ())


class Kafka:
    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.sought: list[tuple[TopicPartition, int]] = []

    async def committed(self, tp: TopicPartition) -> int | None:
        self.asked.set()
        await self.answer.wait()
        return 100 if tp == ZERO else None

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, 7)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.sought.append((tp, offset))

    async def fetch_undecrypted(
        self, *tps: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        return {ZERO: [record(ZERO, 5)], ONE: [record(ONE, 6)]}


def consumer() -> Consumer:
    """Without Faust's app around it: only what fetching and seeking need."""
    made = Consumer.__new__(Consumer)
    made.kafka = cast("Any", Kafka())
    made._decryption = None
    made.app = SimpleNamespace(consumer_generation_id=1)
    made.max_records = 10
    made.wants = lambda tp: True
    made.flow_active = True
    made.not_waiting_next_records = asyncio.Event()
    made._epochs = defaultdict(int)
    made._handed = {}
    made.put = lambda batch: None
    made._fetch_at = {}
    made.starts = {}
    made._told = {}
    made.missed = []
    made.deleted = made.missed.append
    made._wake = asyncio.Event()
    made._active_partitions = {TP(*ZERO), TP(*ONE)}
    return made


async def test_reading_resumes_at_the_committed_offset_or_at_the_beginning() -> None:
    one = consumer()
    one.kafka.answer.set()
    assert await one.rewind([ZERO, ONE]) == {ZERO: 100, ONE: None}
    assert one.kafka.sought == [(ZERO, 100), (ONE, 7)]
    assert (one.epoch(ZERO), one.epoch(ONE)) == (1, 1)


async def test_an_answer_that_a_rebalance_has_overtaken_moves_nothing() -> None:
    one = consumer()
    rewinding = asyncio.create_task(one.rewind([ZERO, ONE]))
    await one.kafka.asked.wait()
    one.forget([ZERO])
    one.kafka.answer.set()
    assert await rewinding == {ONE: None}
    assert one.kafka.sought == [(ONE, 7)]


async def fetched(one: Consumer) -> list[tuple[TopicPartition, int]]:
    """What its tasks get of one fetch, with the epoch; Faust gets nothing."""
    got: list[tuple[TopicPartition, int]] = []
    one.put = lambda batch: got.append((batch.tp, batch.epoch))
    assert [message async for message in one.getmany(1.0)] == []
    return got


async def test_tasks_get_what_was_fetched_with_the_epoch_of_its_fetch() -> None:
    one = consumer()
    one.forget([ONE])
    assert await fetched(one) == [(ZERO, 0), (ONE, 1)]


async def test_tasks_get_nothing_once_a_rebalance_has_begun() -> None:
    one = consumer()
    kafka: Any = one.kafka
    answer = kafka.fetch_undecrypted

    async def fetch(*tps: TopicPartition, **more: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        one.flow_active = False
        found: dict[TopicPartition, list[ConsumerRecord]] = await answer(*tps, **more)
        return found

    kafka.fetch_undecrypted = fetch
    assert await fetched(one) == []


def test_faust_remembers_no_offset_under_which_it_would_drop_batches_after_a_rewind() -> None:
    offsets = _NoOffsets()
    offsets[TP("t", 0)] = 1000
    offsets.update({TP("t", 0): 1000})
    assert offsets[TP("t", 0)] is None


async def test_a_broker_is_asked_again_after_the_pace_and_at_once_when_what_it_gave_was_full() -> None:
    one = consumer()
    one.pace = 0.05
    clock = asyncio.get_running_loop().time
    asked: list[tuple[int, float]] = []

    async def fetch(assignment: object, node: int, request: object) -> bool:
        asked.append((node, clock()))
        return True

    for node in (1, 2, 1):
        assert await one._paced(fetch, None, node, None)
    assert [node for node, _ in asked] == [1, 2, 1]
    assert asked[2][1] - asked[0][1] >= one.pace
    assert asked[1][1] < one._fetch_at[1]
    one.max_records = 2  # as many as there are
    assert await fetched(one)
    assert not one._fetch_at
