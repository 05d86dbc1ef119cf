"""Records that are deleted before they are read are counted and named, and reading goes on with what is left."""

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka import TopicPartition as Until
from confluent_kafka.admin import AdminClient

from streams.exactly_once import task as tasks
from streams.exactly_once.deleted_records import DeletedRange, beyond
from tests.exactly_once.conftest import Cluster
from tests.exactly_once.hosted import Hosted, until

TP = TopicPartition("t", 0)


def test_what_lies_before_the_beginning_or_after_the_end_is_gone_and_the_rest_is_not() -> None:
    assert DeletedRange.before(TP, 5, 5) is None
    assert DeletedRange.before(TP, 5, 8) == DeletedRange(TP, 5, 8, "retention")
    assert beyond(TP, 5, 8, 20) == DeletedRange(TP, 5, 8, "retention")
    assert beyond(TP, 25, 8, 20) == DeletedRange(TP, 20, 25, "truncation")
    assert beyond(TP, 20, 8, 20) is None, "the end itself is where the next record will be"


async def write(cluster: Cluster, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)


def delete(cluster: Cluster, topic: str, before: int) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for done in admin.delete_records([Until(topic, 0, before)]).values():
        done.result(30)


@pytest.mark.kafka
async def test_retention_ahead_of_a_stage_that_was_away_is_told_once_and_what_is_left_is_read(cluster: Cluster) -> None:
    topic, group = await cluster.topic(), cluster.name()
    await write(cluster, topic, b"0", b"1")
    async with Hosted(cluster.bootstrap, group, [topic]).running() as first:
        await until(lambda: first.commits > 0)
    assert not first.missed
    await write(cluster, topic, *(b"%d" % number for number in range(2, 8)))
    delete(cluster, topic, 5)
    async with Hosted(cluster.bootstrap, group, [topic]).running() as second:
        await until(lambda: second.commits > 0)
        assert second.missed == [DeletedRange(TopicPartition(topic, 0), 2, 5, "retention")]
        assert second.values == [b"5", b"6", b"7"]
    async with Hosted(cluster.bootstrap, group, [topic]).running() as third:
        await write(cluster, topic, b"8")
        await until(lambda: third.commits > 0)
    assert not third.missed
    assert third.values == [b"8"]


@pytest.mark.kafka
async def test_a_stage_that_never_read_a_topic_misses_nothing_of_what_was_deleted_before(cluster: Cluster) -> None:
    topic = await cluster.topic()
    await write(cluster, topic, b"0", b"1", b"2")
    delete(cluster, topic, 2)
    async with Hosted(cluster.bootstrap, cluster.name(), [topic]).running() as one:
        await until(lambda: one.commits > 0)
    assert one.values == [b"2"]
    assert not one.missed


@pytest.mark.kafka
async def test_records_deleted_ahead_of_a_running_reader_are_told_and_it_reads_on(cluster: Cluster) -> None:
    topic, group = await cluster.topic(), cluster.name()
    async with Hosted(cluster.bootstrap, group, [topic]).running() as one:
        consumer = one.app.consumer
        fetched = consumer.kafka._fetcher._records
        await until(lambda: not fetched)  # that nothing was committed yet lies there as well
        wants, consumer.wants = consumer.wants, lambda _: False
        written = 0
        while not fetched:  # as long as something lies there, nothing more is fetched; a request that is under way takes the first
            await write(cluster, topic, b"early")
            written += 1
            await until(lambda: bool(fetched) or len(one.values) == written)  # noqa: B023 - waited for here
        await write(cluster, topic, *(b"%d" % number for number in range(4)))
        delete(cluster, topic, written + 2)
        consumer.wants = wants
        await until(lambda: b"3" in one.values)
        assert one.values == [*[b"early"] * written, b"2", b"3"]
        assert one.missed == [DeletedRange(TopicPartition(topic, 0), written, written + 2, "retention")]


@pytest.mark.kafka
async def test_at_rest_the_offsets_of_markers_are_committed_so_that_deleting_them_is_no_loss(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TIDY", 0.2)
    topic, group = await cluster.topic(), cluster.name()
    async with AIOKafkaProducer(bootstrap_servers=cluster.bootstrap, transactional_id=group) as producer, producer.transaction():
        await producer.send(topic, b"0", partition=0)
    where = TopicPartition(topic, 0)
    async with Hosted(cluster.bootstrap, group, [topic]).running() as one:
        await until(lambda: one.commits > 1)
        assert await cluster.offset(group, where) == 2
        assert one.commits == 2
    delete(cluster, topic, 2)
    async with Hosted(cluster.bootstrap, group, [topic]).running() as two:
        assert not two.missed
