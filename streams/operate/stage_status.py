"""How far each stage is behind, seen from outside it: by the offsets that its group has committed, whether or not a worker runs."""

from collections.abc import Iterable, Mapping, Sequence

from aiokafka import TopicPartition
from msgspec import Struct

from streams.kafka import topics
from streams.kafka.cluster import Where
from streams.operate.topic_reader import OffsetRange, TopicReader

LOOK = 200
"""Offsets of a partition in which a record is looked for; if there are only markers in so many, it counts as waiting."""


class StageTopics(Struct, frozen=True):
    """A consumer group and what it reads. *platform* is "" where the stage is for all of them."""

    stage: str
    platform: str
    group: str
    topics: tuple[str, ...]


class StageStatus(Struct, frozen=True, kw_only=True):
    """*waiting* counts offsets, so markers of transactions among the records, too; *oldest* in ms since 1970, None where nothing waits."""

    stage: str
    platform: str
    waiting: int
    oldest: int | None
    partitions: int
    unread: int
    """Partitions of which the group has never committed an offset."""


def stages_of(platforms: Iterable[str], prefix: str) -> list[StageTopics]:
    """In the order in which a message meets them."""
    platforms = sorted(platforms)

    def each(topic: topics.Topic) -> tuple[str, ...]:
        return tuple(topic.name(name, prefix=prefix) for name in platforms)

    found = [StageTopics("convert", "", f"{prefix}convert", each(topics.CALLBACKS))]
    found.append(StageTopics("media", "", f"{prefix}media", (topics.MEDIA_JOBS.name(prefix=prefix),)))
    for name in platforms:
        inputs = (topics.DELIVERIES, topics.BACKFILL)
        found.append(StageTopics("deliver", name, f"{prefix}deliver.{name}", tuple(one.name(name, prefix=prefix) for one in inputs)))
        found.append(StageTopics("migrate", name, f"{prefix}migrate.{name}", (topics.MIGRATION.name(name, prefix=prefix),)))
    return found


async def status(where: Where, stages: Sequence[StageTopics]) -> list[StageStatus]:
    """One for each of *stages* whose topics are there. Raises OperateError, KafkaError."""
    found = []
    for stage in stages:
        async with TopicReader(where, stage.group) as reader:
            tps = [tp for topic in stage.topics if reader.there(topic) for tp in reader.partitions(topic)]
            if tps:
                found.append(await _one(reader, stage, tps))
    return found


async def _one(reader: TopicReader, stage: StageTopics, tps: Sequence[TopicPartition]) -> StageStatus:
    done = await reader.committed(tps)
    left = {}
    for tp, start, end in await reader.spans(tps):
        begin = max(start, done[tp] or 0)
        if begin < end:
            left[tp] = OffsetRange(tp, begin, end)
    oldest = await _oldest(reader, left)
    waiting = {tp: span for tp, span in left.items() if tp in oldest or span.end - span.start > LOOK}
    return StageStatus(
        stage=stage.stage,
        platform=stage.platform,
        waiting=sum(span.end - span.start for span in waiting.values()),
        oldest=min(oldest.values(), default=None),
        partitions=len(tps),
        unread=sum(done[tp] is None for tp in tps),
    )


async def _oldest(reader: TopicReader, left: Mapping[TopicPartition, OffsetRange]) -> dict[TopicPartition, int]:
    """The time of the first record of each that has one."""
    found: dict[TopicPartition, int] = {}
    spans = [OffsetRange(tp, span.start, min(span.end, span.start + LOOK)) for tp, span in left.items()]
    async for record in reader.records(spans):
        found.setdefault(TopicPartition(record.topic, record.partition), record.timestamp)
    return found
