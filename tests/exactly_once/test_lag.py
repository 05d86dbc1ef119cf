"""How far behind a stage is, while its partitions go to other workers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from streams.observe.lag import LagMonitor
from streams.observe.metric_types import REGISTRY
from streams.roles.health import Health
from streams.roles.hosting import _lasting

TAKEN, STAYS = TopicPartition("lag-moves", 0), TopicPartition("lag-moves", 1)


class Kafka:
    """As aiokafka's consumer answers; TAKEN goes while it is asked about the other one."""

    def __init__(self) -> None:
        self.mine = {TAKEN, STAYS}

    def assignment(self) -> set[TopicPartition]:
        return set(self.mine)

    def last_stable_offset(self, tp: TopicPartition) -> int:
        assert tp in self.mine, "Partition is not assigned"
        return 9

    highwater = last_stable_offset

    async def position(self, tp: TopicPartition) -> int:
        self.mine = {STAYS}
        return 5

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(tps, 9)


def shown(tp: TopicPartition) -> float | None:
    return REGISTRY.get_sample_value("im_relay_lag_records", {"stage": "moves", "topic": tp.topic, "partition": str(tp.partition)})


async def test_a_partition_that_goes_while_it_is_looked_at_ends_no_measuring() -> None:
    task = SimpleNamespace(inputs=[STAYS, TAKEN], committed={STAYS: 3, TAKEN: 3}, read={})
    kafka = Kafka()
    consumer = SimpleNamespace(kafka=kafka, starts={}, ends=kafka.end_offsets)
    app = SimpleNamespace(consumer=consumer, transport=SimpleNamespace(manager=SimpleNamespace(tasks={0: task})))
    lag = LagMonitor(app, "moves", Health(), lambda: None)
    await lag.look()
    assert (shown(STAYS), shown(TAKEN)) == (6, None)


async def test_brokers_that_say_nothing_hold_nothing_back() -> None:
    """A transaction of our own was open when they fell silent: the clock alone makes nothing of it."""
    tp, now, answers, ends = TopicPartition("lag-silent", 0), [100.0], [True], {"stable": 5, "end": 9}

    class Silent(Kafka):
        def assignment(self) -> set[TopicPartition]:
            return {tp}

        def last_stable_offset(self, _: TopicPartition) -> int:
            return ends["stable"]

        def highwater(self, _: TopicPartition) -> int:
            return ends["end"]

        async def position(self, _: TopicPartition) -> int:
            return ends["stable"]

        async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
            if not answers[0]:
                raise TimeoutError
            return dict.fromkeys(tps, ends["stable"])

    async def asked(tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        if not answers[0]:
            raise TimeoutError
        return dict.fromkeys(tps, ends["end"])

    task = SimpleNamespace(inputs=[tp], committed={tp: 5}, read={tp: 5})
    consumer = SimpleNamespace(kafka=Silent(), starts={}, ends=asked)
    app = SimpleNamespace(consumer=consumer, transport=SimpleNamespace(manager=SimpleNamespace(tasks={0: task})))
    health = Health()
    health.ready(True)
    lag = LagMonitor(app, "silent", health, lambda: None, clock=lambda: now[0])
    labels = {"stage": "silent", "topic": tp.topic, "partition": "0"}

    async def held_after(seconds: float) -> float | None:
        now[0] += seconds
        with suppress(TimeoutError):
            await lag.look()
        return REGISTRY.get_sample_value("im_relay_blocked_seconds", labels)

    assert await held_after(0.0) == 0.0
    assert await held_after(20.0) == 20.0, "the brokers say that it is still open"
    answers[0] = False
    assert [await held_after(seconds) for seconds in (20.0, 2.0, 200.0, 2.0)] == [20.0] * 4
    assert not health.unready()
    answers[0], ends["stable"] = True, 9
    assert await held_after(20.0) == 0.0


async def test_what_runs_beside_a_stage_is_begun_again_after_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.roles.hosting.AGAIN", 0.0)
    begun, enough = [], asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) == 3:
            enough.set()
        raise AssertionError("a defect")

    lasting: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]] = _lasting
    running = asyncio.ensure_future(lasting(work))
    await enough.wait()
    running.cancel()
    assert len(begun) == 3
