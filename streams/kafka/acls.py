"""What each role has to be permitted on a secured cluster, and nothing beyond: declared here, printed by `im-relay topics acls`.

A cluster that permits exactly this runs everything; a test holds it so. No role needs any permission on the cluster itself: an idempotent
producer needs none since Kafka 3.0 ("KIP-679: Producer will enable the strongest delivery guarantee by default").
"""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, structs

from streams.kafka import topics
from streams.kafka.topics import Topic

if TYPE_CHECKING:
    from streams.settings.root import Settings

Resource = Literal["topic", "group", "transactional-id", "cluster"]
Operation = Literal["Read", "Write", "Delete", "Describe", "Create", "Alter", "DescribeConfigs", "AlterConfigs"]


class AclGrant(Struct, frozen=True, order=True):
    """*prefixed*: everything whose name begins with *name*. Whoever may read or write may describe, too."""

    resource: Resource
    name: str
    operation: Operation
    prefixed: bool = False

    def command(self, principal: str, bootstrap: str, *, secured: bool = False) -> str:
        """What makes it so, with Kafka's own tool. *secured*: it has to be told who asks, by a file that is the administrator's."""
        where = f"--bootstrap-server {shlex.quote(bootstrap)} " + ("--command-config admin.properties " if secured else "")
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        name = "" if self.resource == "cluster" else f" {shlex.quote(self.name)}"
        return f"kafka-acls.sh {where}--add --allow-principal {shlex.quote(principal)} --operation {self.operation} --{self.resource}{name}{pattern}"


class TopicLayout(Struct, frozen=True):
    """What names are made of. *platforms* are those of the apps; *into* has, for each, the platforms whose messages go to it."""

    prefix: str
    platforms: tuple[str, ...]
    into: Mapping[str, tuple[str, ...]]
    keys: bool = False
    """Whether there are keys of what is encrypted; else nobody needs to reach their topic."""

    def names(self, topic: Topic, platforms: Iterable[str] | None = None) -> list[str]:
        if topic is topics.KEYS and not self.keys:
            return []
        if not topic.per_platform:
            return [topic.name(prefix=self.prefix)]
        return [topic.name(platform, prefix=self.prefix) for platform in (self.platforms if platforms is None else platforms)]


def layout(platforms: Sequence[str], prefix: str, targets: Iterable[tuple[str, str]] | None = None, *, keys: bool = False) -> TopicLayout:
    """*targets* are pairs (platform, that of its target); None: any may go to any."""
    pairs = [(one, other) for one in platforms for other in platforms] if targets is None else list(targets)
    into = {name: tuple(sorted({one for one, other in pairs if other == name})) for name in platforms}
    return TopicLayout(prefix, tuple(platforms), into, keys)


def layout_of(settings: "Settings") -> TopicLayout:
    """That of the settings' apps; of all platforms that are known, where there are none."""
    pairs = [(app.platform, settings.apps[app.target].platform) for app in settings.apps.values()]
    return layout(settings.platforms(), settings.kafka.prefix, pairs or None, keys=settings.encryption.given)


def ingress(of: TopicLayout) -> list[AclGrant]:
    """It reads its own callbacks back: which signatures were used."""
    return _topics(of, "Read", topics.CALLBACKS) + _topics(of, "Write", topics.CALLBACKS) + _encrypting(of)


def convert(of: TopicLayout) -> list[AclGrant]:
    return [
        *_topics(of, "Read", topics.CALLBACKS, topics.IDENTITIES, topics.CONTROL),
        *_topics(of, "Write", topics.DELIVERIES, topics.MEDIA_JOBS, topics.ECHOES, topics.IDENTITIES, topics.DEAD_LETTERS),
        *_stage(f"{of.prefix}convert"),
        *_encrypting(of),
    ]


def deliver(of: TopicLayout, platform: str) -> list[AclGrant]:
    """Of the converters it asks how far they are; of the other ledgers, what was carried from here."""
    own = [topics.DELIVERIES, topics.BACKFILL, topics.MEDIA_RESULTS, topics.ECHOES, topics.LEDGER, topics.CALLBACKS]
    read = [name for topic in own for name in of.names(topic, [platform])]
    mirrored = of.names(topics.LEDGER, [name for name in of.into.get(platform, ()) if name != platform])
    return [
        *(
            AclGrant("topic", name, "Read")
            for name in [*read, *mirrored, *of.names(topics.IMPORTED, sorted({platform, *of.into.get(platform, ())}))]
        ),
        *_topics(of, "Read", topics.CONTROL),
        *(AclGrant("topic", name, "Write") for name in of.names(topics.LEDGER, [platform])),
        *_topics(of, "Write", topics.IDENTITIES, topics.DEAD_LETTERS),
        AclGrant("group", f"{of.prefix}convert", "Describe"),
        *_stage(f"{of.prefix}deliver.{platform}"),
        *_encrypting(of),
    ]


def media(of: TopicLayout) -> list[AclGrant]:
    return [
        *_topics(of, "Read", topics.MEDIA_JOBS, topics.MEDIA_DONE),
        *_topics(of, "Write", topics.MEDIA_DONE, topics.MEDIA_RESULTS, topics.DEAD_LETTERS),
        *_stage(f"{of.prefix}media"),
        *_encrypting(of),
    ]


def migrate(of: TopicLayout, platform: str) -> list[AclGrant]:
    """The ledger tells it what was carried live; files of the history are brought over by `media`."""
    read = [topics.MIGRATION, topics.MIGRATED, topics.LEDGER, topics.MEDIA_RESULTS]
    written = [topics.MIGRATED, topics.IMPORTED]
    return [
        *(AclGrant("topic", name, "Read") for topic in read for name in of.names(topic, [platform])),
        *_topics(of, "Read", topics.RUNS, topics.CONTROL),
        *(AclGrant("topic", name, "Write") for topic in written for name in of.names(topic, [platform])),
        *_topics(of, "Write", topics.IDENTITIES, topics.MEDIA_JOBS, topics.DEAD_LETTERS),
        *_stage(f"{of.prefix}migrate.{platform}"),
        *_encrypting(of),
    ]


def gaps(of: TopicLayout) -> list[AclGrant]:
    return [*_topics(of, "Read", topics.CALLBACKS, topics.IDENTITIES), *_topics(of, "Write", topics.CALLBACKS), *_encrypting(of)]


def watch(of: TopicLayout) -> list[AclGrant]:
    """It reads the first record that waits, all dead letters, and where the logs end."""
    read = [
        topics.CALLBACKS,
        topics.DELIVERIES,
        topics.BACKFILL,
        topics.ECHOES,
        topics.MEDIA_JOBS,
        topics.MEDIA_RESULTS,
        topics.DEAD_LETTERS,
    ]
    return [
        *_topics(of, "Read", *read, topics.KEYS),
        *_topics(of, "Describe", topics.LEDGER, topics.IDENTITIES),
        *(AclGrant("group", name, "Describe") for name in stage_groups(of.prefix, of.platforms)),
    ]


def console(of: TopicLayout) -> list[AclGrant]:
    """It reads all, as `operator` does, and puts dead letters back where they came from."""
    every = [name for topic in topics.TOPICS for name in of.names(topic)]
    written = [
        topics.CALLBACKS,
        topics.DELIVERIES,
        topics.BACKFILL,
        topics.MEDIA_JOBS,
        topics.MIGRATION,
        topics.DEAD_LETTERS,
        topics.AUDIT,
        topics.KEYS,
    ]
    return [
        *(AclGrant("topic", name, "Read") for name in every),
        *_topics(of, "Write", *written),
        *(AclGrant("group", name, "Describe") for name in stage_groups(of.prefix, of.platforms)),
        AclGrant("transactional-id", f"{of.prefix}operate.", "Write", prefixed=True),
    ]


def operator(of: TopicLayout) -> list[AclGrant]:
    """A person's commands: `dead`, `trace`, `replay`, `identities`, `gaps`, `release`, `report`, `erase`, `topics check`, `migrate apply`."""
    # What is replayed; and where letters came from, to which they are put back.
    written = [topics.BACKFILL, topics.IDENTITIES, topics.DEAD_LETTERS, topics.MEDIA_JOBS]
    written += [
        topics.CALLBACKS,
        topics.DELIVERIES,
        topics.ECHOES,
        topics.MEDIA_RESULTS,
        topics.CONTROL,
        topics.MIGRATION,
        topics.RUNS,
        topics.REPLAYS,
        topics.AUDIT,
        topics.KEYS,
    ]
    return [
        *(AclGrant("topic", name, operation) for name in _each(of) for operation in _SEEING),
        *_topics(of, "Write", *written),
        *_topics(of, "Delete", topics.MIGRATION),  # what is done is trimmed away
        *(AclGrant("group", name, "Describe") for name in stage_groups(of.prefix, of.platforms)),
        AclGrant("group", f"{of.prefix}replay.", "Read", prefixed=True),
        *(AclGrant("transactional-id", f"{of.prefix}{name}.", "Write", prefixed=True) for name in ("replay", "operate", "feed")),
    ]


def upkeep(of: TopicLayout) -> list[AclGrant]:
    """`im-relay topics create --fix`: not needed where somebody else makes the topics."""
    return [AclGrant("topic", name, operation) for name in _each(of) for operation in _MAKING]


_SEEING: tuple[Operation, ...] = ("Read", "DescribeConfigs")
_MAKING: tuple[Operation, ...] = ("Create", "Describe", "DescribeConfigs", "AlterConfigs")

ROLES: Mapping[str, Callable[[TopicLayout], list[AclGrant]]] = {
    "ingress": ingress,
    "convert": convert,
    "media": media,
    "gaps": gaps,
    "watch": watch,
    "console": console,
    "operator": operator,
    "topics": upkeep,
}
"""All but `deliver` and `migrate`, of which there is one for each platform. `files` needs nothing of Kafka."""


def every(of: TopicLayout) -> dict[str, list[AclGrant]]:
    """By role, in the order in which a message meets them."""
    made = {"ingress": ingress(of), "convert": convert(of)}
    made |= {f"deliver.{platform}": deliver(of, platform) for platform in of.platforms}
    made |= {f"migrate.{platform}": migrate(of, platform) for platform in of.platforms}
    return made | {name: ROLES[name](of) for name in ("media", "gaps", "watch", "console", "operator", "topics")}


def _each(of: TopicLayout) -> list[str]:
    """All topics: who makes or checks them does so with that of keys, too."""
    return [name for topic in topics.TOPICS for name in structs.replace(of, keys=True).names(topic)]


def _topics(of: TopicLayout, operation: Operation, *each: Topic) -> list[AclGrant]:
    return [AclGrant("topic", name, operation) for topic in each for name in of.names(topic)]


def stage_groups(prefix: str, platforms: Iterable[str]) -> list[str]:
    """The consumer groups of all stages."""
    stages = [f"{prefix}{stage}.{platform}" for stage in ("deliver", "migrate") for platform in platforms]
    return [f"{prefix}convert", f"{prefix}media", *stages]


def _encrypting(of: TopicLayout) -> list[AclGrant]:
    """Keys are read, and made where one is missing."""
    return _topics(of, "Read", topics.KEYS) + _topics(of, "Write", topics.KEYS)


def _stage(group: str) -> list[AclGrant]:
    """A stage's group, and the transactional ids of its tasks, which are named after it."""
    return [AclGrant("group", group, "Read"), AclGrant("transactional-id", f"{group}-", "Write", prefixed=True)]
