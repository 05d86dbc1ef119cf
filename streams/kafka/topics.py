"""Every topic, in the order in which a message meets them."""

# Over 300 lines: all topics are declared in one place.

import re
from collections.abc import Iterable
from typing import Literal
from zlib import crc32

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
    forged: str
    """What somebody could do who may write there and is no role of ours: the reason for a rule of access."""
    kept: int | None
    cleanup: Cleanup = "delete"
    largest: int = MIB
    co_partitioned: bool = False
    timely: bool = False
    """Brokers refuse a record that is older than what is kept, or an hour of the future: the clock of who wrote it is wrong."""
    private: bool = False
    """It holds what people wrote, or their files: encrypted where `[encryption]` is enabled."""
    purged: bool = False
    """What is deleted there has to be gone from the disks of the brokers within hours."""
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


def partition_of(key: bytes, partitions: int) -> int:
    """Where a record with *key* lies, in every topic of ours: fixed once messages flow."""
    return crc32(key) % partitions


CALLBACKS = Topic(
    template="callbacks.{platform}",
    key="conversation, in the platform's own ids",
    value="the body as received, with its headers",
    meaning="Callbacks from a platform; a replay starts from here.",
    forged="Send, recall and administer anything in the name of any user of the platform's apps: the signature is checked at the ingress, and not again here.",
    kept=7 * DAY,
    largest=4 * MIB,
    timely=True,
    private=True,
)
DELIVERIES = Topic(
    template="deliveries.{platform}",
    key="conversation, canonical",
    value="one canonical event",
    meaning="Events to deliver to this platform, live.",
    forged="Have anything sent and done at the target with the app's key, in anyone's name. A delivery whose partition, key, event id or "
    "app does not match becomes a dead letter (`foreign`); a carefully forged one is not distinguishable.",
    kept=7 * DAY,
    largest=4 * MIB,
    co_partitioned=True,
    private=True,
)
BACKFILL = Topic(
    template="backfill.{platform}",
    key="conversation, canonical",
    value="one canonical event",
    meaning="Events to deliver to this platform while no live event waits: history and replays.",
    forged="As in `deliveries`, after live events.",
    kept=7 * DAY,
    largest=4 * MIB,
    co_partitioned=True,
    private=True,
)
MEDIA_JOBS = Topic(
    template="media.jobs",
    key="the file and the receiving app: the same file is transferred once",
    value="an attachment to transfer, and the partition for the answer",
    meaning="Files to transfer from one platform to another: written by `convert` and by `migrate work --files carry`, read by `media`.",
    forged="Have an address on the internet fetched, and its content uploaded to the target; internal addresses only as far as "
    "`media.allow` permits. The name, type and key of a file can leak to others.",
    kept=3 * DAY,
    largest=4 * MIB,
    private=True,
)
MEDIA_DONE = Topic(
    template="media.done",
    key="as of `media.jobs`",
    value="where the file is stored at its target, and until when",
    meaning="Files that were transferred and need not be again: written and read by `media`.",
    forged="Have another file shown in place of one that is sent again.",
    kept=30 * DAY,
    cleanup="compact,delete",
    private=True,
)
MEDIA_RESULTS = Topic(
    template="media.results.{platform}",
    key="conversation, canonical",
    value="where the attachment is stored now, or why it is not",
    meaning="Results of file transfers that release waiting messages.",
    forged="Have another file, or none, shown in place of the one that a message waits for.",
    kept=3 * DAY,
    co_partitioned=True,
    private=True,
)
ECHOES = Topic(
    template="echoes.{platform}",
    key="conversation, canonical",
    value="the target's callback with the relay's mark for an event",
    meaning="Evidence that a message in doubt has arrived.",
    forged="Have a message that is in doubt or waits counted as delivered, so that it is lost without a dead letter. An echo of an app on "
    "another platform, or without a valid event id, is counted and skipped.",
    kept=3 * DAY,
    co_partitioned=True,
)
LEDGER = Topic(
    template="ledger.{platform}",
    key="event id; the partition is that of its conversation, set explicitly",
    value="intent, then outcome and the target's message id",
    meaning="What was sent, and its result: no event in it is sent again.",
    forged="Have messages whose id is known lost (as delivered) or sent again, and recalls and edits refer to other messages. A newer "
    "version in a record's header holds the stage until the record is gone. Invalid entries are counted and skipped.",
    kept=8 * DAY,  # what may come again: a callback is kept for 7 days, with its segment for 8
    cleanup="compact,delete",
    co_partitioned=True,
    compression="zstd",
)
IDENTITIES = Topic(
    template="identities",
    key="platform, kind (user, group, room) and the id there",
    value="the canonical id; if it was another one at first, that one as `origin`, which keys the conversation",
    meaning="Users and groups whose ids no rule can map.",
    forged="Redirect messages for one user or group to another. Nothing distinguishes such an entry from `im-relay identities set`.",
    kept=None,
    cleanup="compact",
)
DEAD_LETTERS = Topic(
    template="dead-letters",
    key="event id; if there is none yet, topic:partition:offset",
    value="bytes, cause, stage, attempts; with the header `resolved`: how a person resolved the letter of that key",
    meaning="Records that could not be delivered, complete, for a person to decide.",
    forged="Show invented letters to the operator; with `im-relay dead replay`, put records of their own into a topic that a stage reads. "
    "Letters that name any other topic are skipped.",
    kept=30 * DAY,
    largest=5 * MIB,  # the largest callback, and what is said about it
    private=True,
)
MIGRATION = Topic(
    template="migration.{platform}",
    key="canonical conversation, or the owner of an item",
    value="one item or message of a migration, as fed",
    meaning="What a migration will write to this platform: fed at most `migrate.ahead` records ahead of completion, and trimmed behind it.",
    forged="Have accounts, groups and messages with any sender and time created at the target, with the app's key. Records that do not "
    "match become dead letters (`foreign`); carefully forged ones are not distinguishable.",
    kept=None,  # a run may be paused for as long as people like
    largest=4 * MIB,
    co_partitioned=True,
    private=True,
)
MIGRATED = Topic(
    template="migrated.{platform}",
    key="item, or conversation",
    value="result of the item, progress of the conversation's history, or since when it is relayed live",
    meaning="What a migration has completed: nothing in it is repeated.",
    forged="Have items and messages skipped (as done), or the history of a conversation stopped or restarted.",
    kept=None,
    cleanup="compact",
    co_partitioned=True,
    compression="zstd",
)
IMPORTED = Topic(
    template="imported.{platform}",
    key="event id, or the pending request",
    value="as of `ledger`",
    meaning="What a migration has written to this platform, or is about to, as far as the live relay must know: it sends none of it again, "
    "finds messages that recalls and replies refer to, and recognises their callbacks as the relay's own.",
    forged="As of `ledger`.",
    kept=8 * DAY,
    cleanup="compact,delete",
    co_partitioned=True,
    compression="zstd",
)
RUNS = Topic(
    template="migrate.runs",
    key="app; or app and bundle",
    value="whether the migration to the app runs or is paused, and in which hours; how far the bundle was fed",
    meaning="What a person wants of a migration. Its workers obey.",
    forged="Pause a migration, resume it, or move it to another position in the bundle.",
    kept=None,
    cleanup="compact",
)
CONTROL = Topic(
    template="control",
    key="the stage that the order is for",
    value="the order: release a held app",
    meaning="Orders to running workers, in partition 0. A worker reads it while it holds an app.",
    forged="Release a held app, so that its records become dead letters again until it is held anew.",
    kept=DAY,
)
REPLAYS = Topic(
    template="replays",
    key="id of the replay",
    value="what was asked for, and which offsets that is",
    meaning="Replays that a person has begun, in partition 0: one that was broken off is resumed from anywhere, by its id.",
    forged="Have a replay that is resumed send other callbacks of the topic than were chosen; the ledger still leaves out what was delivered.",
    kept=7 * DAY,  # as long as the callbacks that it is about
)

KEYS = Topic(
    template="keys",
    key="a person or a period, as digest and number",
    value="a key for what that person wrote, or for that period; encrypted with the master key",
    meaning="Keys of what is encrypted where `encryption.enabled` is true, in partition 0. Without its key a record is unreadable for good.",
    forged="Have keys thrown away, and so make messages unreadable. Nobody without the master key can add one or read one.",
    kept=None,
    cleanup="compact",
    purged=True,
)
AUDIT = Topic(
    template="audit",
    key="an act of a person",
    value="who did what, when, to what, and what came of it",
    meaning="The audit log of `im-relay console` and `im-relay erase`: what a person does is written here before it is done, and again with its outcome.",
    forged="Put acts into the log that nobody did. What lies there cannot be changed by writing.",
    kept=400 * DAY,
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
    CONTROL,
    REPLAYS,
    AUDIT,
    KEYS,
    MIGRATION,
    MIGRATED,
    IMPORTED,
    RUNS,
)


class TopicSpec(Struct, frozen=True):
    """A topic as it should be on the broker; *configs* as Kafka names and writes them."""

    name: str
    topic: Topic
    partitions: int
    configs: dict[str, str]


def names(platforms: Iterable[str], *, prefix: str = "") -> tuple[str, ...]:
    return tuple(name for _, name in _expand(platforms, prefix))


def wanted(platforms: Iterable[str], *, prefix: str = "", partitions: int = 12, min_insync: int = 1) -> tuple[TopicSpec, ...]:
    """Every topic for *platforms*, all with the same number of partitions, which later cannot change.

    *prefix* keeps two deployments on one cluster apart; *min_insync* is 1 on a single node, else 2.
    """
    return tuple(TopicSpec(name, topic, partitions, _configs(topic, min_insync)) for topic, name in _expand(platforms, prefix))


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
    if topic.purged:
        # A broker compacts when half of a log is new, and never the segment in use: here each hour, whatever little is new.
        configs["segment.ms"] = configs["max.compaction.lag.ms"] = str(HOUR)
        configs["min.compaction.lag.ms"] = "0"
    return configs
