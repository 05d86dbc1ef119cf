"""Every topic, in the order in which a message meets them."""

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

HOUR = 60 * 60 * 1000  # in ms, as Kafka counts
DAY = 24 * HOUR
MIB = 1024 * 1024
PLATFORM = "{platform}"

Cleanup = Literal["delete", "compact", "compact,delete"]


class Topic(Struct, frozen=True, kw_only=True):
    """*kept* in ms, None without end; *largest* in bytes bounds one record batch as stored.

    *co_partitioned*: partition p of all such topics belongs to one worker, so the producer names the partition (that
    of the canonical conversation) instead of leaving it to the key.
    """

    template: str
    key: str
    value: str
    meaning: str
    kept: int | None
    cleanup: Cleanup = "delete"
    largest: int = MIB
    co_partitioned: bool = False
    timely: bool = False
    """Brokers refuse a record that is older than what is kept, or an hour of the future: the clock of who wrote it is wrong."""
    compression: str = ""
    """By the brokers, as they store it; empty: as it comes."""

    @property
    def per_platform(self) -> bool:
        return PLATFORM in self.template

    def name(self, platform: str | None = None, *, prefix: str = "") -> str:
        """The name on the broker. Raises ValueError if it needs a platform, or Kafka would not take it."""
        if self.per_platform and not platform:
            raise ValueError(f"topic {self.template} is one for each platform: name the platform")
        name = prefix + self.template.replace(PLATFORM, platform or "")
        # Source: Apache Kafka, class Topic: 249 characters at most.
        if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", name):
            raise ValueError(f"{name!r} is no topic name: Kafka takes letters, digits, '.', '_', '-'")
        return name


CALLBACKS = Topic(
    template="callbacks.{platform}",
    key="conversation, in the platform's own ids",
    value="the body as received, its headers beside it",
    meaning="What a platform has told us; what a replay starts from.",
    kept=7 * DAY,
    largest=4 * MIB,
    timely=True,
)
DELIVERIES = Topic(
    template="deliveries.{platform}",
    key="conversation, canonical",
    value="one canonical event",
    meaning="What this platform is to be told, live.",
    kept=7 * DAY,
    largest=4 * MIB,
    co_partitioned=True,
)
BACKFILL = Topic(
    template="backfill.{platform}",
    key="conversation, canonical",
    value="one canonical event",
    meaning="What this platform is to be told when nothing live waits: history and replays.",
    kept=7 * DAY,
    largest=4 * MIB,
    co_partitioned=True,
)
MEDIA_JOBS = Topic(
    template="media.jobs",
    key="which file it is, and for which app: the same one is brought over once",
    value="an attachment to carry, and the partition to answer to",
    meaning="Attachments on their way from one platform to another.",
    kept=3 * DAY,
    largest=4 * MIB,
)
MEDIA_DONE = Topic(
    template="media.done",
    key="as of `media.jobs`",
    value="where the file lies at its target, and until when",
    meaning="What was brought over and need not be again.",
    kept=30 * DAY,
    cleanup="compact,delete",
)
MEDIA_RESULTS = Topic(
    template="media.results.{platform}",
    key="conversation, canonical",
    value="where the attachment now lies, or why not",
    meaning="What lets a waiting message with an attachment go.",
    kept=3 * DAY,
    co_partitioned=True,
)
ECHOES = Topic(
    template="echoes.{platform}",
    key="conversation, canonical",
    value="the target called back with our mark for an event",
    meaning="Proof that a message in doubt has arrived.",
    kept=3 * DAY,
    co_partitioned=True,
)
LEDGER = Topic(
    template="ledger.{platform}",
    key="event id; the partition is that of its conversation, written explicitly",
    value="intent, then outcome and the target's message id",
    meaning="What was sent and what became of it: nothing in it is sent again.",
    kept=8 * DAY,  # what may come again: a callback is kept for 7 days, with its segment for 8
    cleanup="compact,delete",
    co_partitioned=True,
    compression="zstd",
)
IDENTITIES = Topic(
    template="identities",
    key="platform, kind (user, group, room) and the id there",
    value="the canonical id; where it was another one at first, that one as `origin`, by which the conversation is keyed",
    meaning="Users and groups for whom a rule is not enough.",
    kept=None,
    cleanup="compact",
)
DEAD_LETTERS = Topic(
    template="dead-letters",
    key="event id; before there is one, topic:partition:offset",
    value="bytes, cause, stage, attempts; with the header `resolved`: what a person did about the letter of that key",
    meaning="What could not be carried, whole, for a person to decide.",
    kept=30 * DAY,
    largest=5 * MIB,  # the largest callback, and what is said about it
)

TOPICS = (
    CALLBACKS,
    DELIVERIES,
    BACKFILL,
    MEDIA_JOBS,
    MEDIA_DONE,
    MEDIA_RESULTS,
    ECHOES,
    LEDGER,
    IDENTITIES,
    DEAD_LETTERS,
)


class Wanted(Struct, frozen=True):
    """A topic as it should be on the broker; *configs* as Kafka names and writes them."""

    name: str
    topic: Topic
    partitions: int
    configs: dict[str, str]


def names(platforms: Iterable[str], *, prefix: str = "") -> tuple[str, ...]:
    return tuple(name for _, name in _expand(platforms, prefix))


def wanted(
    platforms: Iterable[str], *, prefix: str = "", partitions: int = 12, min_insync: int = 1
) -> tuple[Wanted, ...]:
    """Every topic for *platforms*, all with the same number of partitions, which later cannot change.

    *prefix* keeps two deployments on one cluster apart; *min_insync* is 1 on a single node, else 2.
    """
    return tuple(
        Wanted(name, topic, partitions, _configs(topic, min_insync))
        for topic, name in _expand(platforms, prefix)
    )


def _expand(platforms: Iterable[str], prefix: str) -> Iterable[tuple[Topic, str]]:
    platforms = tuple(dict.fromkeys(platforms))
    for topic in TOPICS:
        for platform in platforms if topic.per_platform else (None,):
            yield topic, topic.name(platform, prefix=prefix)


def _configs(topic: Topic, min_insync: int) -> dict[str, str]:
    configs = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(-1 if topic.kept is None else topic.kept),
        "max.message.bytes": str(topic.largest),
        "min.insync.replicas": str(min_insync),
        "unclean.leader.election.enable": "false",  # whatever the cluster says: a leader that lacks records loses them
        "message.timestamp.type": "CreateTime",
        "segment.ms": str(DAY),  # a segment in use is neither deleted nor compacted: this bounds the delay
    }
    if topic.timely and topic.kept is not None:
        configs["message.timestamp.before.max.ms"] = str(topic.kept)
        configs["message.timestamp.after.max.ms"] = str(HOUR)
    if topic.compression:
        configs["compression.type"] = topic.compression
    if "compact" in topic.cleanup:
        # A store that was away for this long must still learn what was deleted.
        configs["delete.retention.ms"] = str(30 * DAY)
        # Compaction drops what an aborted transaction wrote; the next owner of a ledger's partition has to see it first.
        configs["min.compaction.lag.ms"] = str(DAY)
    return configs
