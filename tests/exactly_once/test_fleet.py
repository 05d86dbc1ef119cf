"""Workers of one group that join, leave, and read different topics: each number has one owner, and who has none stands by."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from streams.exactly_once.task import PartitionTask
from streams.observe import metrics
from streams.observe.metric_types import REGISTRY
from streams.roles.health import Health
from streams.roles.hosting import RoleObserver
from tests.exactly_once.conftest import Cluster
from tests.exactly_once.hosted import Hosted, until


def owned(*fleet: Hosted) -> list[int | None]:
    return sorted((one.owned for one in fleet), key=lambda count: -1 if count is None else count)


def test_who_has_no_partition_while_the_group_is_at_rest_is_ready_and_says_so() -> None:
    health = Health()
    seen = RoleObserver(health)
    assert health.unready()
    seen.assigned("a-stage", 0)
    assert not health.unready()
    assert "another owner" in health.notes()["standby"]
    seen.revoked("a-stage")
    assert health.unready() == {"partitions": "partitions are given out anew"}
    seen.assigned("a-stage", 2)
    assert not health.unready()
    assert health.notes() == {}


def test_what_was_told_of_a_partition_goes_with_it() -> None:
    """Or an alert would go on about a worker that has nothing to do with it any more."""
    health = Health()
    seen = RoleObserver(health)
    health.watch("a-stage", lambda: False)
    seen.assigned("a-stage", 2)

    def sample(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"im_relay_{name}", {"stage": "a-stage", **labels})

    for partition in (3, 4):
        metrics.RESTORE_LEFT.labels("a-stage", "ledger", str(partition)).set(9)
        seen.refused("a-stage", partition, "full", "no room")
    seen.left("a-stage", 3)
    assert sample("state_refused", kind="full") == 1
    assert health.unready() == {"disk": "no room"}
    assert [sample("state_restore_left", topic="ledger", partition=partition) for partition in ("3", "4")] == [None, 9]
    seen.left("a-stage", 4)
    assert sample("state_refused", kind="full") == 0
    assert not health.unready()


@pytest.mark.kafka
async def test_a_worker_is_told_which_partitions_it_has_to_do_with_no_longer(cluster: Cluster) -> None:
    topic, group = await cluster.topic(2), cluster.name()
    one, two = Hosted(cluster.bootstrap, group, [topic]), Hosted(cluster.bootstrap, group, [topic])
    async with one.running():
        await until(lambda: one.owned == 2)
        assert one.gone == []
        async with two.running():
            await until(lambda: owned(one, two) == [1, 1])
            assert len(one.gone) == 1
            assert two.gone == []
    assert {*one.gone} == {0, 1}


@pytest.mark.kafka
async def test_a_worker_beyond_the_partitions_stands_by_and_takes_over(cluster: Cluster) -> None:
    topic, group = await cluster.topic(), cluster.name()
    async with AsyncExitStack() as running:
        two = Hosted(cluster.bootstrap, group, [topic])
        async with Hosted(cluster.bootstrap, group, [topic]).running() as one:
            await running.enter_async_context(two.running())
            await until(lambda: owned(one, two) == [0, 1])
        await until(lambda: two.owned == 1)
        async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
            await producer.send_and_wait(topic, b"x", partition=0)
        await until(lambda: b"x" in two.values or b"x" in one.values)
    assert (one.code, two.code) == (0, 0)


@pytest.mark.kafka
async def test_while_old_and_new_workers_read_different_topics_nobody_fences_anybody(cluster: Cluster) -> None:
    old, added, group = await cluster.topic(4), await cluster.topic(4), cluster.name()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer, AsyncExitStack() as running:
        olds = [Hosted(cluster.bootstrap, group, [old]) for _ in range(2)]
        for one in olds:
            await running.enter_async_context(one.running())
        await until(lambda: owned(*olds) == [2, 2])
        new = await running.enter_async_context(Hosted(cluster.bootstrap, group, [old, added]).running())
        await until(lambda: owned(*olds, new) == [1, 1, 2])
        for number in range(4):
            for topic in (old, added):
                await producer.send_and_wait(topic, b"%d" % number, partition=number)
        await until(lambda: sum(len(one.of(old)) for one in (*olds, new)) == 4)
        mine = {record.partition for record in new.of(old)}
        await until(lambda: {record.partition for record in new.of(added)} == mine)
        assert not any(one.of(added) for one in olds)
        for one in olds:
            one.stop.set()
        await until(lambda: {record.partition for record in new.of(added)} == {0, 1, 2, 3})
    assert [one.code for one in (*olds, new)] == [0, 0, 0]


@pytest.mark.kafka
async def test_a_group_with_a_worker_of_0_1_0_in_it_goes_by_its_protocol_and_by_ours_when_it_has_left(cluster: Cluster) -> None:
    topic, group = await cluster.topic(4), cluster.name()
    async with AsyncExitStack() as running:
        old = Hosted(cluster.bootstrap, group, [topic])
        old.app.consumer.kafka._partition_assignment_strategy = [RangePartitionAssignor]  # as that release has it
        new = Hosted(cluster.bootstrap, group, [topic])
        async with old.running():
            await running.enter_async_context(new.running())
            await until(lambda: owned(old, new) == [2, 2])
            assert protocol(new) == "range"
        await until(lambda: new.owned == 4)
        assert protocol(new) == "im-relay.numbers"
    assert (old.code, new.code) == (0, 0)


def protocol(one: Hosted) -> str:
    (ours,) = one.app.consumer.kafka._partition_assignment_strategy
    return "im-relay.numbers" if ours._owned else "range"


@pytest.mark.kafka
async def test_to_join_a_group_is_to_join_it_once(cluster: Cluster) -> None:
    topic, group = await cluster.topic(2), cluster.name()
    one, two = (Hosted(cluster.bootstrap, group, [topic]) for _ in range(2))
    async with one.running(), two.running():
        await until(lambda: owned(one, two) == [1, 1])
        assert one.app.consumer.kafka._coordinator.generation == 3, "one for each of them, and one for what moves"


@pytest.mark.kafka
async def test_a_worker_that_takes_long_to_take_over_stays_in_its_group(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    topic, group = await cluster.topic(2), cluster.name()
    one = Hosted(cluster.bootstrap, group, [topic], session=2.0)
    may_fence = asyncio.Event()
    coordinator: list[Any] = []
    beats: list[bool] = []

    async def fence(task: PartitionTask) -> None:
        if not coordinator:
            coordinator.append(one.app.consumer.kafka._coordinator)
            beat = coordinator[0]._do_heartbeat

            async def counted() -> bool:
                beats.append(await beat())
                if len(beats) == 6:  # more than a session
                    may_fence.set()
                return beats[-1]

            coordinator[0]._do_heartbeat = counted
        await may_fence.wait()
        await task._producers.start()

    monkeypatch.setattr(PartitionTask, "fence", fence)
    async with one.running():
        assert one.owned == 2
        assert beats[:6] == [True] * 6
        assert coordinator[0].generation == 1
