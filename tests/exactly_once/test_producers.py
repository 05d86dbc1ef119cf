"""The producers of a task against the real broker, either way they write."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
from aiokafka import TopicPartition

from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from tests.exactly_once.conftest import Cluster, LossyProxy

pytestmark = pytest.mark.kafka

Make = Callable[..., Producers]


@pytest.fixture(params=["lean", "classic"])
def make(cluster: Cluster, request: pytest.FixtureRequest) -> Make:
    """Producers of a group's task, reached by the broker's own address or another."""

    def made(group: str, bootstrap: str = cluster.bootstrap, **link: float) -> Producers:
        return Producers(ProducerSettings(bootstrap, lean=request.param == "lean", **link), group, group)  # type: ignore[arg-type]

    return made


def outputs(topic: str, *values: bytes) -> Outputs:
    made = Outputs()
    for value in values:
        made.add(topic, 0, b"k", value)
    return made


async def test_the_last_owner_of_a_task_is_fenced_and_nothing_of_it_is_seen(cluster: Cluster, make: Make) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    old, new = make(group), make(group)
    try:
        await old.start()
        await old.commit(outputs(target, b"old 1"), {source: 1})
        await new.start()
        for _ in ("a", "b"):  # whichever id it uses next
            with pytest.raises(FencedError):
                await old.commit(outputs(target, b"old, too late"), {source: 99})
        await new.commit(outputs(target, b"new 1"), {source: 2})
    finally:
        await old.close()
        await new.close()
    assert [record.value for record in await cluster.committed(target)] == [b"old 1", b"new 1"]
    assert await cluster.offset(group, source) == 2


async def test_what_is_written_first_is_committed_with_what_follows(cluster: Cluster, make: Make) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    producers = make(group)
    try:
        await producers.start()
        for turn in range(3):
            for value in (b"1", b"2", b"3"):
                await producers.write(outputs(target, value, value))
            assert await cluster.readable(target) <= turn * 7
            await producers.commit(outputs(target, b"4"), {source: turn + 1})
        await producers.write(outputs(target, b"last"))
        await producers.commit(Outputs(), {})
    finally:
        await producers.close()
    assert b"".join(record.value for record in await cluster.committed(target)) == b"1122334" * 3 + b"last"
    assert await cluster.offset(group, source) == 3


async def test_whoever_has_written_was_the_owner_until_then(cluster: Cluster, make: Make) -> None:
    target, group = await cluster.topic(), cluster.name()
    old, new = make(group), make(group)
    try:
        await old.start()
        written = await old.write(outputs(target, b"before"))
        await new.start()
        with pytest.raises(FencedError):
            await old.write(outputs(target, b"too late"))
        await new.commit(outputs(target, b"new"), {})
    finally:
        await old.close()
        await new.close()
    assert written == {(target, 0): 1}
    assert [record.value for record in await cluster.committed(target)] == [b"new"]
    assert [record.value for record in await cluster.written(target)] == [b"before", b"new"]


async def test_to_be_fenced_after_a_transaction_was_open_for_too_long_says_nothing_of_another_owner(cluster: Cluster, make: Make) -> None:
    target, group = await cluster.topic(), cluster.name()
    old, new = make(group), make(group)
    try:
        await old.start()
        await old.write(outputs(target, b"before"))
        assert old._began is not None
        old._began -= 15.0  # the broker would abort it now, by a timer of its own
        await new.start()
        with pytest.raises(UnknownResultError, match="open for too long"):
            await old.write(outputs(target, b"too late"))
    finally:
        await old.close()
        await new.close()


async def test_a_commit_that_was_cancelled_is_whole_or_not_there(cluster: Cluster, make: Make) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    for number in range(1, 9):
        producers = make(group)
        try:
            await producers.start()
            before = await cluster.offset(group, source) or 0
            committing = asyncio.create_task(producers.commit(outputs(target, b"%d" % (before + 1)), {source: before + 1}))
            for _ in range(number * 6):  # a little further into it each time
                await asyncio.sleep(0)
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
        finally:
            await producers.close()
    last = make(group)
    await last.start()
    done = await cluster.offset(group, source) or 0
    await last.commit(outputs(target, b"last"), {})
    await last.close()
    expected = [b"%d" % number for number in range(1, done + 1)]
    assert [record.value for record in await cluster.committed(target)] == [*expected, b"last"]


async def test_outputs_over_the_batch_size_become_several_batches_in_order(cluster: Cluster, make: Make) -> None:
    target, group = await cluster.topic(), cluster.name()
    producers = make(group, max_batch=10_000)
    values = [b"%03d" % number + b"x" * 900 for number in range(100)]
    try:
        await producers.start()
        written = await producers.commit(outputs(target, *values), {})
    finally:
        await producers.close()
    found = await cluster.committed(target)
    assert [record.value for record in found] == values
    assert written == {(target, 0): found[-1].offset + 1}


async def test_a_record_over_the_batch_size_goes_by_itself_in_its_place(cluster: Cluster, make: Make) -> None:
    target, group = await cluster.topic(), cluster.name()
    producers = make(group, max_batch=10_000)
    values = [b"before", b"x" * 50_000, b"after", b"y" * 50_000]
    try:
        await producers.start()
        written = await producers.commit(outputs(target, *values), {})
    finally:
        await producers.close()
    found = await cluster.committed(target)
    assert [record.value for record in found] == values
    assert written == {(target, 0): found[-1].offset + 1}


async def test_a_record_that_the_broker_never_takes_is_an_unknown_result_and_nothing_of_its_transaction_is_seen(
    cluster: Cluster, make: Make
) -> None:
    target, group = await cluster.topic(), cluster.name()
    producers, next_owner = (make(group, max_batch=10_000) for _ in range(2))
    try:
        await producers.start()
        with pytest.raises(UnknownResultError, match="MessageSizeTooLarge"):
            await producers.commit(outputs(target, b"small", b"x" * 2_000_000), {})
        await next_owner.start()
        await next_owner.commit(outputs(target, b"next"), {})
    finally:
        await producers.close()
        await next_owner.close()
    assert [record.value for record in await cluster.committed(target)] == [b"next"]


async def test_a_commit_whose_answer_is_lost_happened_once_whatever_it_is_called(cluster: Cluster, make: Make) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    async with LossyProxy(cluster.bootstrap) as proxy:
        first = make(group, proxy.bootstrap, request_timeout=5.0)
        try:
            await first.start()
            proxy.arm()
            with suppress(UnknownResultError):
                await first.commit(outputs(target, b"1"), {source: 1})
            assert proxy.lost.is_set()
        finally:
            await first.close()
        again = make(group, proxy.bootstrap, request_timeout=5.0)
        try:
            await again.start()
            # What the next owner, or this one anew, goes by.
            done = await cluster.offset(group, source)
            assert done == 1
            await again.commit(outputs(target, b"2"), {source: 2})
        finally:
            await again.close()
    assert [record.value for record in await cluster.committed(target)] == [b"1", b"2"]
