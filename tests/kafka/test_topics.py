"""Names and settings of the topics, and their upkeep on the real broker."""

from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.kafka.admin import TopicChange, TopicDifference, check, create
from streams.kafka.topics import CALLBACKS, DAY, LEDGER, TOPICS, TopicSpec, names, wanted


@pytest.fixture
def topics() -> tuple[TopicSpec, ...]:
    """Names of this test's own, so that the cluster may be shared."""
    return wanted(["a", "b"], prefix=f"t{uuid4().hex[:8]}.", partitions=2)


@pytest.fixture
async def admin(kafka: str, topics: tuple[TopicSpec, ...]) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    yield client
    await client.delete_topics([each.name for each in topics])
    await client.close()


def changed(topic: TopicSpec, **configs: str) -> TopicSpec:
    values = {name.replace("_", "."): value for name, value in configs.items()}
    return msgspec.structs.replace(topic, configs={**topic.configs, **values})


def test_names_come_in_the_order_in_which_a_message_meets_them() -> None:
    assert names(["a", "b"], prefix="p.") == (
        "p.callbacks.a",
        "p.callbacks.b",
        "p.deliveries.a",
        "p.deliveries.b",
        "p.backfill.a",
        "p.backfill.b",
        "p.media.jobs",
        "p.media.done",
        "p.media.results.a",
        "p.media.results.b",
        "p.echoes.a",
        "p.echoes.b",
        "p.ledger.a",
        "p.ledger.b",
        "p.identities",
        "p.dead-letters",
        "p.control",
        "p.replays",
        "p.audit",
        "p.keys",
        "p.migration.a",
        "p.migration.b",
        "p.migrated.a",
        "p.migrated.b",
        "p.imported.a",
        "p.imported.b",
        "p.migrate.runs",
    )


def test_what_one_worker_owns_together_is_one_topic_for_each_platform() -> None:
    together = [topic.template for topic in TOPICS if topic.co_partitioned]
    assert together == [
        f"{name}.{{platform}}"
        for name in ("deliveries", "backfill", "media.results", "echoes", "ledger", "migration", "migrated", "imported")
    ]


def test_the_ledger_is_compacted_and_forgets_what_cannot_come_again() -> None:
    (ledger,) = (each for each in wanted(["a"]) if each.topic is LEDGER)
    assert ledger.configs["cleanup.policy"] == "compact,delete"
    assert ledger.configs["retention.ms"] == str(8 * DAY)
    assert ledger.configs["delete.retention.ms"] == str(30 * DAY)
    assert ledger.configs["compression.type"] == "zstd"


@pytest.mark.parametrize(("platform", "prefix"), [(None, ""), ("a b", ""), ("a", "p/"), ("a", "p" * 250)])
def test_a_name_that_kafka_would_refuse_is_refused_here(platform: str | None, prefix: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        CALLBACKS.name(platform, prefix=prefix)


async def test_creating_twice_changes_nothing(kafka: str, topics: tuple[TopicSpec, ...], admin: object) -> None:
    first = await create(kafka, topics, 1)
    assert first.changes == tuple(TopicChange(each.name, "created", "") for each in topics)
    assert (first.refused, first.left) == ((), ())
    second = await create(kafka, topics, 1, fix=True)
    assert (second.changes, second.refused, second.left) == ((), (), ())
    assert await check(kafka, topics, 1) == []


async def test_check_names_each_kind_of_difference(kafka: str, topics: tuple[TopicSpec, ...], admin: object) -> None:
    a, b, c, d, e, f, missing = topics[:7]
    on_broker = [
        msgspec.structs.replace(a, partitions=3),
        changed(b, retention_ms="1000"),
        changed(c, cleanup_policy="compact"),
        changed(d, min_insync_replicas="2"),
        changed(e, max_message_bytes="1000"),
        changed(f, message_timestamp_type="LogAppendTime"),
    ]
    assert (await create(kafka, on_broker, 1)).left == ()
    assert await check(kafka, topics[:7], 2) == [
        TopicDifference(a.name, "partitions", "3", "2"),
        TopicDifference(a.name, "replication", "1", "2"),
        TopicDifference(b.name, "replication", "1", "2"),
        TopicDifference(b.name, "retention.ms", "1000", b.configs["retention.ms"]),
        TopicDifference(c.name, "replication", "1", "2"),
        TopicDifference(c.name, "cleanup.policy", "compact", "delete"),
        TopicDifference(d.name, "replication", "1", "2"),
        TopicDifference(d.name, "min.insync.replicas", "2", "1"),
        TopicDifference(e.name, "replication", "1", "2"),
        TopicDifference(e.name, "max.message.bytes", "1000", e.configs["max.message.bytes"]),
        TopicDifference(f.name, "replication", "1", "2"),
        TopicDifference(f.name, "message.timestamp.type", "LogAppendTime", "CreateTime"),
        TopicDifference(missing.name, "topic", "missing", "2 partitions"),
    ]


async def test_fix_corrects_settings_keeps_foreign_ones_and_leaves_partitions(
    kafka: str, topics: tuple[TopicSpec, ...], admin: AIOKafkaAdminClient
) -> None:
    topic = topics[0]
    foreign = changed(msgspec.structs.replace(topic, partitions=3), retention_ms="1000", flush_messages="77")
    await create(kafka, [foreign], 1)
    untouched = await create(kafka, [topic], 1)
    assert untouched.changes == ()
    assert {each.what for each in untouched.left} == {"partitions", "retention.ms"}

    fixed = await create(kafka, [topic], 1, fix=True)
    assert [change.detail for change in fixed.changes] == [f"retention.ms: 1000 -> {7 * DAY}"]
    (left,) = fixed.left
    assert (left.what, left.seen, left.fixable) == ("partitions", "3", False)
    assert "order" in left.reason
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name)])
    values = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert (values["flush.messages"], values["retention.ms"]) == ("77", str(7 * DAY))


async def test_what_the_broker_refuses_is_reported_with_its_reason(kafka: str, topics: tuple[TopicSpec, ...], admin: object) -> None:
    done = await create(kafka, [changed(topics[0], cleanup_policy="burn"), topics[1]], 1)
    assert [change.topic for change in done.changes] == [topics[1].name]
    (refused,) = done.refused
    assert refused.topic == topics[0].name
    assert "cleanup.policy" in refused.reason
