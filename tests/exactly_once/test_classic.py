"""aiokafka's transactional producers, as brokers before Kafka 4 want them."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.exactly_once.producers import FencedError, Producers, ProducerSettings
from streams.exactly_once.transactions_aiokafka import AiokafkaTransactions
from tests.exactly_once.conftest import Cluster
from tests.exactly_once.test_producers import outputs

pytestmark = pytest.mark.kafka


def classic(cluster: Cluster, group: str) -> Producers:
    return Producers(ProducerSettings(cluster.bootstrap, lean=False), group, group)


def client(of: Producers) -> AIOKafkaProducer:
    assert isinstance(of.way, AiokafkaTransactions)
    return of.way._all[0]


async def test_a_fenced_owner_learns_it_although_its_next_write_finds_no_transaction_any_more(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, first, second = cluster.name(), await cluster.topic(), await cluster.topic()
    old, new = classic(cluster, group), classic(cluster, group)
    try:
        await old.start()
        await new.start()
        inner, sender = client(old).client, client(old)._sender
        known = inner._wait_on_metadata

        async def late(topic: str) -> object:
            if topic == second:
                monkeypatch.undo()
                # Meanwhile another one is refused, and the client's sender ends.
                other = await client(old).send(first, b"too late", b"k", partition=0)
                await asyncio.wait([other, sender.sender_task])
            return await known(topic)

        monkeypatch.setattr(inner, "_wait_on_metadata", late)
        with pytest.raises(FencedError):
            await old.commit(outputs(second, b"too late"), {})
    finally:
        await old.close()
        await new.close()


async def test_what_the_last_owner_left_open_is_ended_by_the_next_ones_start(cluster: Cluster) -> None:
    target, group = await cluster.topic(), cluster.name()
    old, new = classic(cluster, group), classic(cluster, group)
    try:
        await old.start()
        left = client(old)
        await left.begin_transaction()
        await left.send_and_wait(target, b"left open", partition=0)
        await new.start()
        await new.commit(outputs(target, b"new"), {})
    finally:
        await old.close()
        await new.close()
    # Without the abort this would wait: the end of committed records would be before the open one.
    assert [record.value for record in await cluster.committed(target)] == [b"new"]


async def test_the_broker_refuses_no_write_of_a_transaction_that_has_offsets_too(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    source, targets, group = TopicPartition(await cluster.topic(), 0), [await cluster.topic(), await cluster.topic()], cluster.name()
    producers = classic(cluster, group)
    try:
        await producers.start()
        for number in range(30):
            both = outputs(targets[0], b"%d" % number)
            both.add(targets[1], 0, b"k", b"%d" % number)
            await producers.commit(both, {source: number + 1})
    finally:
        await producers.close()
    assert "NotEnoughReplicas" not in caplog.text  # what is refused is sent again 10 ms later
    for target in targets:
        assert [record.value for record in await cluster.committed(target)] == [b"%d" % number for number in range(30)]
    assert await cluster.offset(group, source) == 30
