"""What a worker has, it keeps while the group agrees anew; who is killed comes back under its name; who leaves hands over at once."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from streams.exactly_once.task import PartitionTask
from streams.roles.instance import name_of
from tests.exactly_once.conftest import Cluster
from tests.exactly_once.hosted import Hosted, until


def tasks(one: Hosted) -> dict[int, PartitionTask]:
    return dict(one.app.transport.manager.tasks)


@pytest.mark.kafka
async def test_what_stays_is_worked_on_while_the_group_agrees_anew_and_what_goes_is_finished_first(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, group = await cluster.topic(4), cluster.name()
    fenced: list[PartitionTask] = []
    fence = PartitionTask.fence

    async def counted(task: PartitionTask) -> None:
        fenced.append(task)
        await fence(task)

    monkeypatch.setattr(PartitionTask, "fence", counted)
    one, two = Hosted(cluster.bootstrap, group, [topic]), Hosted(cluster.bootstrap, group, [topic])
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer, one.running():
        assert one.owned == 4
        before = tasks(one)
        async with two.running():
            await until(lambda: (one.owned, two.owned) == (2, 2))
            assert all(before[number] is task for number, task in tasks(one).items())
            assert tasks(one).keys().isdisjoint(tasks(two))
            for number in range(4):
                await producer.send_and_wait(topic, b"%d" % number, partition=number)
            await until(lambda: len(one.records) + len(two.records) == 4)
        await until(lambda: one.owned == 4)
        assert len(fenced) == 4 + 2 + 2, "nobody is fenced for what stays"
        for number in range(4):
            await producer.send_and_wait(topic, b"again %d" % number, partition=number)
        await until(lambda: len(one.records) + len(two.records) == 8)
    assert sorted(one.values + two.values) == sorted(
        [*(b"%d" % number for number in range(4)), *(b"again %d" % number for number in range(4))]
    )
    assert (one.code, two.code) == (0, 0)


@pytest.mark.kafka
async def test_who_was_killed_has_its_partitions_back_under_its_name_and_nobody_agrees_anew(cluster: Cluster) -> None:
    topic, group = await cluster.topic(4), cluster.name()
    async with Hosted(cluster.bootstrap, group, [topic]).running() as one:
        killed = Hosted(cluster.bootstrap, group, [topic], session=30.0, instance="a-name")
        running = asyncio.create_task(killed.begin())
        await until(lambda: (one.owned, killed.owned) == (2, 2))
        generation, had = one.generation, tasks(killed).keys()
        async with Hosted(cluster.bootstrap, group, [topic], session=30.0, instance="a-name").running() as back:
            assert (tasks(back).keys(), one.generation) == (had, generation)
            # The one that was taken for dead lives: it is told that its name is taken, and leaves.
            assert await running == 1
            assert back.owned == 2
        await until(lambda: one.owned == 4)
    assert (one.code, back.code) == (0, 0)


def test_a_name_is_made_once_and_one_that_is_given_goes_before(tmp_path: Path) -> None:
    made = name_of("", tmp_path)
    assert len(made) == 32
    assert name_of("", tmp_path) == made
    assert name_of("pod-3", tmp_path) == "pod-3"
    (tmp_path / "instance").write_bytes(b"\xff\0 torn")
    assert name_of("", tmp_path) == ""
    assert name_of("", tmp_path / "absent") == ""
    assert name_of("", None) == ""


@pytest.mark.kafka
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside another"])
@pytest.mark.parametrize(("had", "reads"), [("a", "ab"), ("ab", "a"), ("ab", "ac")], ids=["one more", "one less", "another"])
async def test_who_comes_back_under_its_name_with_other_topics_reads_those_and_no_others(
    cluster: Cluster, had: str, reads: str, *, alone: bool
) -> None:
    topics, group = {name: await cluster.topic(4) for name in "abc"}, cluster.name()

    def worker(names: str, instance: str) -> Hosted:
        return Hosted(cluster.bootstrap, group, [topics[name] for name in names], session=30.0, instance=instance)

    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer, AsyncExitStack() as running:
        killed = await running.enter_async_context(worker(had, "a-name").running())
        assert killed.owned == 4
        others = [] if alone else [await running.enter_async_context(worker("abc", "another").running())]
        if others:
            await until(lambda: (killed.owned, others[0].owned) == (2, 2))
        killed.dies()
        back = await running.enter_async_context(worker(reads, "a-name").running())
        await until(lambda: back.owned == (2 if others else 4) and all(one.owned == 2 for one in others))
        read = {tp.topic for task in tasks(back).values() for tp in task.inputs}
        assert read == {topics[name] for name in reads}
        for name in reads:
            for number in range(4):
                await producer.send_and_wait(topics[name], f"{name}{number}".encode(), partition=number)
        await until(lambda: sum(len(one.records) for one in (back, *others)) == 4 * len(reads))
        assert {record.topic for record in back.records} == read
    assert (back.code, *(one.code for one in others)) == (0, *(0 for _ in others))
