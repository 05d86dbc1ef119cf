"""Who gives no sign of life is put out by the others; nobody is where the cluster, the machine or the judge stood still."""

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from streams.exactly_once.life_signs import AGAIN, EVERY, LATE, LifeSign, LifeSigns, SilenceJudge
from tests.exactly_once.conftest import Cluster
from tests.exactly_once.hosted import Hosted, until

PATIENCE = 3.0


class Group:
    """Members of one generation, and a judge among them; time is that of the test."""

    def __init__(self, *others: str) -> None:
        self.now = 1000.0
        self.judge = SilenceJudge(PATIENCE)
        self.signs = {name: LifeSign(1, name, f"name of {name}", 1) for name in others}
        self.count = 0

    def round(self, *silent: str, after: float = EVERY, generation: int = 1) -> list[str]:
        self.now += after
        self.count += 1
        for name, sign in self.signs.items():
            if name not in silent:
                self.signs[name] = msgspec.structs.replace(sign, count=sign.count + 1)
        mine = LifeSign(generation, "me", "mine", self.count)
        return [sign.member for sign in self.judge.round(self.now, mine, [mine, *self.signs.values()])]

    def rounds(self, *silent: str, seconds: float = PATIENCE, after: float = EVERY) -> list[str]:
        return [found for _ in range(int(seconds / after)) for found in self.round(*silent, after=after)]


def test_who_is_silent_while_the_others_are_not_is_put_out_once() -> None:
    group = Group("a", "b")
    assert group.rounds(seconds=30.0) == []
    assert group.rounds("a", seconds=PATIENCE - EVERY) == []
    assert group.round("a") == ["a"]
    assert group.rounds("a") == []


def test_of_two_the_other_is_put_out_and_of_three_never_both() -> None:
    assert Group("a").rounds("a", seconds=PATIENCE + 2 * EVERY) == ["a"]
    assert Group("a", "b").rounds("a", "b", seconds=60.0) == []
    assert sorted(Group("a", "b", "c").rounds("a", "b", seconds=PATIENCE + 2 * EVERY)) == ["a", "b"]


def test_who_stood_still_itself_judges_nobody_by_what_it_heard_before() -> None:
    group = Group("a", "b")
    group.round()
    assert group.rounds("a", seconds=PATIENCE - EVERY) == []
    assert group.round("a", after=PATIENCE) == []
    assert group.rounds("a", seconds=PATIENCE - EVERY) == []
    assert group.round("a") == ["a"]


def test_nobody_is_judged_by_rounds_that_are_all_late() -> None:
    assert Group("a", "b").rounds("a", seconds=60.0, after=LATE + 0.1) == []


def test_signs_of_another_generation_say_nothing() -> None:
    group = Group("a")
    assert [found for _ in range(60) for found in group.round("a", generation=2)] == []


def test_a_name_is_put_out_again_only_after_a_while() -> None:
    group = Group("a", "b")
    assert group.rounds("a", seconds=PATIENCE + EVERY) == ["a"]
    group.signs["a"] = LifeSign(1, "a again", "name of a", 1)
    assert group.rounds("a", seconds=AGAIN - 2 * EVERY) == []
    assert group.rounds("a", seconds=PATIENCE) == ["a again"]


class Coordinator:
    """As much of a membership as signs see; it takes every sign."""

    def __init__(self) -> None:
        self.group_id, self.member_id, self.name = "a-group", "me", ""
        self.generation, self.agreeing = 3, False
        self.slots: list[int] = []

    async def _send_req(self, request: Any) -> Any:
        ((topic, ((number, offset, _),)),) = request._topics
        assert offset == 0
        self.slots.append(number)
        return SimpleNamespace(topics=[(topic, [(number, 0)])])

    async def _do_fetch_commit_offsets(self, _: object) -> dict[object, object]:
        return {}


async def test_who_finishes_the_last_of_what_it_had_is_heard_until_it_has_left() -> None:
    group, owned = Coordinator(), {5, 7}
    signs = LifeSigns(group, "control", lambda: owned, lambda: 8, PATIENCE, lambda: None)
    await signs._round()
    owned.clear()
    await signs._round()
    assert group.slots == [5, 5]
    group.generation += 1
    await signs._round()
    assert group.slots == [5, 5], "in a generation in which it was given nothing, the number is another's"
    owned.add(6)
    group.agreeing = True
    await signs._round()
    group.agreeing = False
    await signs._round()
    assert group.slots == [5, 5, 6]


async def _stands_still(worker: Hosted, still: asyncio.Event) -> None:
    """From now on nothing that it asks of its coordinator leaves, until *still* is set."""
    coordinator = worker.app.consumer.kafka._coordinator
    send = coordinator._send_req

    async def waits(request: object) -> object:
        await still.wait()
        return await send(request)

    coordinator._send_req = waits


@pytest.mark.kafka
@pytest.mark.parametrize("instance", ["a-name", ""], ids=["with a name", "without one"])
async def test_a_silent_worker_is_put_out_before_its_session_is_over_and_comes_back(cluster: Cluster, instance: str) -> None:
    topic, signs, group = await cluster.topic(4), await cluster.topic(4), cluster.name()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer, AsyncExitStack() as running:
        one = await running.enter_async_context(Hosted(cluster.bootstrap, group, [topic], session=6.0, signs=signs).running())
        silent = Hosted(cluster.bootstrap, group, [topic], session=6.0, instance=instance, signs=signs)
        awake = asyncio.Event()
        await running.enter_async_context(silent.running())
        running.callback(awake.set)
        await until(lambda: (one.owned, silent.owned) == (2, 2))
        await until(lambda: silent.app.consumer._signs.given > 2)
        await _stands_still(silent, awake)
        await until(lambda: one.owned == 4)
        assert one.others_put_out == 1, "its session was over first"
        for number in range(4):
            await producer.send_and_wait(topic, b"%d" % number, partition=number)
        await until(lambda: len(set(one.values)) == 4)
        awake.set()
        # Fenced, it leaves, to be started again; or it has joined again before it had anything to write.
        await until(lambda: silent.app.should_stop or (one.owned, silent.owned) == (2, 2))
        assert silent.others_put_out == 0
    assert one.code == 0


@pytest.mark.kafka
async def test_signs_change_no_offset_that_the_stage_reads_by(cluster: Cluster) -> None:
    topic, signs, group = await cluster.topic(4), await cluster.topic(4), cluster.name()
    async with Hosted(cluster.bootstrap, group, [topic], signs=signs).running() as one:
        await until(lambda: one.app.consumer._signs.given > 1)
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
        await admin.start()
        try:
            found = {tuple(tp): meta for tp, meta in (await admin.list_consumer_group_offsets(group)).items() if meta.offset >= 0}
        finally:
            await admin.close()
    assert {tp: meta.offset for tp, meta in found.items()} == {(signs, 0): 0}
    assert one.others_put_out == 0
