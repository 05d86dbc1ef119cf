"""Transactions without requests that add to them: what is lost on the way, who is fenced, and which cluster allows them."""

import asyncio
import logging
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient

from streams.exactly_once import kafka_protocol
from streams.exactly_once.producers import FencedError, Outputs, Producers, ProducerSettings, UnknownResultError
from streams.exactly_once.transactions_aiokafka import AiokafkaTransactions
from streams.exactly_once.transactions_direct import DirectTransactions
from streams.kafka.frames import Api, FrameRequest
from streams.kafka.local.broker import LocalKafka
from streams.kafka.local.ports import free_port
from tests.exactly_once.conftest import PRODUCE, TXN_OFFSET_COMMIT, Cluster, LossyProxy
from tests.exactly_once.test_producers import outputs

pytestmark = pytest.mark.kafka

UPDATE_FEATURES = Api(57, 1)


def lean(of: Producers) -> DirectTransactions:
    assert isinstance(of.way, DirectTransactions)
    return of.way


@pytest.mark.parametrize("api", [PRODUCE, TXN_OFFSET_COMMIT])
async def test_what_was_written_without_an_answer_is_sent_again_and_there_once(cluster: Cluster, api: int) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    async with LossyProxy(cluster.bootstrap) as proxy:
        producers = Producers(ProducerSettings(proxy.bootstrap, request_timeout=5.0, max_batch=10_000), group, group)
        values = [b"%03d" % number + b"x" * 900 for number in range(30)]
        try:
            await producers.start()
            proxy.arm(api)
            written = await producers.commit(outputs(target, *values), {source: 1})
            assert proxy.lost.is_set()
            await producers.commit(outputs(target, b"next"), {source: 2})
        finally:
            await producers.close()
    found = await cluster.committed(target)
    assert [record.value for record in found] == [*values, b"next"]
    assert written == {(target, 0): found[-2].offset + 1}
    assert await cluster.offset(group, source) == 2


async def test_an_end_without_an_answer_is_unknown_and_not_asked_for_again(cluster: Cluster) -> None:
    target, group = await cluster.topic(), cluster.name()
    async with LossyProxy(cluster.bootstrap) as proxy:
        producers = Producers(ProducerSettings(proxy.bootstrap, request_timeout=5.0), group, group)
        try:
            await producers.start()
            proxy.arm()
            with pytest.raises(UnknownResultError, match="KafkaConnectionError"):
                await producers.commit(outputs(target, b"1"), {})
        finally:
            await producers.close()


async def test_the_next_owner_ends_what_was_written_and_not_committed(cluster: Cluster) -> None:
    source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
    old, new = (Producers(ProducerSettings(cluster.bootstrap), group, group) for _ in range(2))
    try:
        await old.start()
        await old.write(outputs(target, b"left open"))
        who = lean(old)._open
        assert who is not None
        await lean(old)._commit_offsets(who, {source: 99})
        await new.start()
        with pytest.raises(FencedError):
            await old.commit(Outputs(), {})
        await new.commit(outputs(target, b"new"), {source: 1})
    finally:
        await old.close()
        await new.close()
    assert [record.value for record in await cluster.committed(target)] == [b"new"]
    assert await cluster.offset(group, source) == 1


@pytest.mark.parametrize("first", [True, False])
async def test_each_way_fences_the_other(cluster: Cluster, *, first: bool) -> None:
    target, group = await cluster.topic(), cluster.name()
    old, new = (Producers(ProducerSettings(cluster.bootstrap, lean=way), group, group) for way in (first, not first))
    try:
        await old.start()
        await old.commit(outputs(target, b"old"), {})
        await new.start()
        assert type(old.way) is not type(new.way)
        for _ in ("a", "b"):
            with pytest.raises(FencedError):
                await old.commit(outputs(target, b"too late"), {})
        for _ in ("a", "b"):
            await new.commit(outputs(target, b"new"), {})
    finally:
        await old.close()
        await new.close()
    assert [record.value for record in await cluster.committed(target)] == [b"old", b"new", b"new"]


async def test_hardly_a_request_is_refused_in_a_row_of_transactions_and_each_is_numbered_from_the_start(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, targets, group = TopicPartition(await cluster.topic(), 0), [await cluster.topic(4), await cluster.topic(4)], cluster.name()
    producers = Producers(ProducerSettings(cluster.bootstrap), group, group)
    calls: list[Api] = []
    send = AIOKafkaClient.send

    async def counted(self: AIOKafkaClient, node: int, request: object, **more: object) -> object:
        if isinstance(request, FrameRequest):
            calls.append(request.api)
        return await send(self, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", counted)
    try:
        await producers.start()
        calls.clear()
        for number in range(30):
            both = Outputs()
            for target in targets:
                for partition in range(4):
                    both.add(target, partition, b"k", b"%d" % number)
            await producers.commit(both, {source: number + 1})
        await producers.commit(Outputs(), {})
        await producers.commit(Outputs(), {source: 31})
    finally:
        await producers.close()
    once = {kafka_protocol.PRODUCE: 30, kafka_protocol.TXN_OFFSET_COMMIT: 31, kafka_protocol.END_TXN: 31}
    # The first to come to new topics and a new group may be sent away; most of all, where the order were wrong.
    more = {api: calls.count(api) - least for api, least in once.items()}
    assert all(0 <= each <= 5 for each in more.values()), more
    for target in targets:
        assert [record.value for record in await cluster.committed(target)] == [b"%d" % number for number in range(30)]
    assert await cluster.offset(group, source) == 31


async def test_where_the_cluster_goes_back_to_older_transactions_the_older_way_is_taken(cluster: Cluster) -> None:
    target, group = await cluster.topic(), cluster.name()
    producers = Producers(ProducerSettings(cluster.bootstrap), group, group)
    try:
        await producers.start()
        await producers.commit(outputs(target, b"lean"), {})
        await settle_on(cluster.bootstrap, level=1)
        try:
            await producers.close()
            await producers.start()
            assert isinstance(producers.way, AiokafkaTransactions)
            await producers.commit(outputs(target, b"classic"), {})
        finally:
            await settle_on(cluster.bootstrap, level=2)
        await producers.close()
        await producers.start()
        await producers.commit(outputs(target, b"lean again"), {})
        assert isinstance(producers.way, DirectTransactions)
    finally:
        await producers.close()
    assert [record.value for record in await cluster.committed(target)] == [b"lean", b"classic", b"lean again"]


async def settle_on(bootstrap: str, level: int) -> None:
    """Source: Apache Kafka, "Protocol guide": UpdateFeatures, version 1."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        name = b"transaction.version"
        body = (10_000).to_bytes(4, "big") + b"\2" + bytes([len(name) + 1]) + name
        body += level.to_bytes(2, "big") + (b"\2" if level < 2 else b"\1") + b"\0" + b"\0" + b"\0"
        answer = await client.send(client.get_random_node(), FrameRequest(UPDATE_FEATURES, body, lambda reader: reader._data))
        assert answer[5:7] == b"\0\0", answer
        async with asyncio.timeout(30):
            while (await client.send(client.get_random_node(), kafka_protocol.features())).get("transaction.version") != level:
                await asyncio.sleep(0.05)
    finally:
        await client.close()


async def test_a_transaction_outlives_a_restart_of_the_broker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    port = free_port()
    node = LocalKafka(tmp_path, port, brief=True)
    await asyncio.to_thread(node.start)
    try:
        from aiokafka.admin import AIOKafkaAdminClient

        admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
        await admin.start()
        cluster = Cluster(node.bootstrap, admin)
        source, target, group = TopicPartition(await cluster.topic(), 0), await cluster.topic(), cluster.name()
        await admin.close()
        producers = Producers(ProducerSettings(node.bootstrap, transaction_timeout=60.0), group, group)
        await producers.start()
        await producers.commit(outputs(target, b"before"), {source: 1})
        await producers.write(outputs(target, b"across"))
        await asyncio.to_thread(node.stop)
        ending = asyncio.create_task(producers.commit(Outputs(), {}))
        await asyncio.to_thread(node.start)
        await ending
        await producers.commit(outputs(target, b"after"), {source: 2})
        await producers.close()
        assert [record.value for record in await cluster.committed(target)] == [b"before", b"across", b"after"]
    finally:
        await asyncio.to_thread(node.stop)
