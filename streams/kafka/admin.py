"""Makes the topics, and says in what they differ from what they should be."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from typing import Any, Literal

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code
from msgspec import Struct

from streams.kafka import clients
from streams.kafka.acls import AclGrant, Operation
from streams.kafka.cluster import Where, cluster_of
from streams.kafka.permissions import missing, told, visible
from streams.kafka.topics import TopicSpec

DYNAMIC_TOPIC_CONFIG = 1  # a value set on the topic itself. Source: Apache Kafka, DescribeConfigsResponse
MISSING = "missing"
SETTLING = 10.0  # seconds

What = Literal["created", "changed"]


class TopicDifference(Struct, frozen=True):
    """*what* is "topic", "partitions", "replication" or the name of a setting."""

    topic: str
    what: str
    seen: str
    expected: str

    @property
    def fixable(self) -> bool:
        """False where a change would break what was promised, or is not ours to make."""
        return self.what not in {"partitions", "replication"}

    @property
    def reason(self) -> str:
        """Why `create --fix` leaves it as it is; empty if it does not."""
        match self.what:
            case "partitions":
                return "never changed: conversations would move to other partitions and lose their order"
            case "replication":
                return "not changed here: reassign the partitions with Kafka's own tools"
            case _:
                return ""


class TopicChange(Struct, frozen=True):
    topic: str
    what: What
    detail: str


class TopicRefusal(Struct, frozen=True):
    """The broker did not do it, and said why."""

    topic: str
    reason: str


class TopicsResult(Struct, frozen=True):
    """What `create` did, what the broker refused, and what still differs. *unseen*: topics whose settings we may not read."""

    changes: tuple[TopicChange, ...]
    refused: tuple[TopicRefusal, ...]
    left: tuple[TopicDifference, ...]
    unseen: tuple[str, ...] = ()


class _Seen(Struct, frozen=True):
    partitions: int
    replication: int
    values: dict[str, str] | None  # None: we may not know
    own: dict[str, str]  # of these, the ones set on the topic itself


async def check(bootstrap: Where, topics: Sequence[TopicSpec], replication: int | None = None) -> list[TopicDifference]:
    """What differs, as far as we may see it; see `checked`."""
    return list((await checked(bootstrap, topics, replication)).left)


async def checked(bootstrap: Where, topics: Sequence[TopicSpec], replication: int | None = None) -> TopicsResult:
    """Every difference, in the order of *topics*; *replication* is compared only if given.

    Raises KafkaError: no broker answers, or we may not see the topics.
    """
    async with _admin(bootstrap) as admin:
        found = await _look(admin, topics)
        return TopicsResult((), (), tuple(_compare(topics, found, replication)), _unseen(found))


async def settings_of(bootstrap: Where, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings of topics as Kafka names and writes them. Raises KafkaError, also where we may not see them."""
    async with _admin(bootstrap) as admin:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found = {}
    for code, message, _, name, entries in answer.resources:
        if code:
            raise for_code(code)(message)
        found[name] = {entry[0]: entry[1] for entry in entries}
    return found


async def brokers(bootstrap: Where) -> int:
    """How many brokers answer for the cluster now. Raises KafkaError: none does."""
    async with _admin(bootstrap) as admin:
        return len((await admin.describe_cluster())["brokers"])


async def create(bootstrap: Where, topics: Sequence[TopicSpec], replication: int | None = None, *, fix: bool = False) -> TopicsResult:
    """Make the topics that are missing, and with *fix* correct the settings of the others; may be repeated.

    *replication* None leaves the number of copies to the broker's default. Settings that this file does not
    name keep their values. Raises KafkaError: no broker answers, or we may not see the topics.
    """
    async with _admin(bootstrap) as admin:
        before = await _look(admin, topics)
        absent = [topic for topic in topics if topic.name not in before]
        changes, refused = await _create(admin, absent, replication)
        if fix:
            for topic in topics:
                if topic.name in before:
                    made, error = await _correct(admin, topic, before[topic.name])
                    changes += made
                    refused += error
        found, left = await _settled(admin, topics, replication, {change.topic for change in changes})
    return TopicsResult(tuple(changes), tuple(refused), tuple(left), _unseen(found))


@asynccontextmanager
async def _admin(bootstrap: Where) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = clients.admin(bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient, absent: Sequence[TopicSpec], replication: int | None
) -> tuple[list[TopicChange], list[TopicRefusal]]:
    if not absent:
        return [], []
    answer = await admin.create_topics(
        [
            NewTopic(
                each.name,
                each.partitions,
                replication or -1,
                None if replication else {},  # this client takes -1 only together with assignments, if empty ones
                each.configs,
            )
            for each in absent
        ]
    )
    changes, refused = [], []
    for name, code, message in answer.topic_errors:
        if code == 0:
            changes.append(TopicChange(name, "created", ""))
        elif code != TopicAlreadyExistsError.errno:  # another session was faster
            refused.append(_refused(admin, name, code, message, "Create"))
    return changes, refused


async def _correct(admin: AIOKafkaAdminClient, topic: TopicSpec, seen: _Seen) -> tuple[list[TopicChange], list[TopicRefusal]]:
    if seen.values is None:
        return [], []
    wrong = {name: value for name, value in topic.configs.items() if seen.values.get(name) != value}
    if not wrong:
        return [], []
    # This call replaces everything that is set on the topic: what others have set there is sent along.
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, {**seen.own, **topic.configs})
    (answer,) = await admin.alter_configs([resource])
    ((code, message, _, _),) = answer.resources
    if code:
        return [], [_refused(admin, topic.name, code, message, "AlterConfigs")]
    return [TopicChange(topic.name, "changed", f"{name}: {seen.values.get(name, MISSING)} -> {value}") for name, value in wrong.items()], []


async def _settled(
    admin: AIOKafkaAdminClient, topics: Sequence[TopicSpec], replication: int | None, touched: AbstractSet[str]
) -> tuple[dict[str, _Seen], list[TopicDifference]]:
    """What differs once the change has reached the broker that we ask: the controller answers before that."""
    give_up = time.monotonic() + SETTLING
    while True:
        found = await _look(admin, topics)
        left = _compare(topics, found, replication)
        pending = any(each.fixable and each.topic in touched for each in left)
        if not pending or time.monotonic() > give_up:
            return found, left
        await asyncio.sleep(0.05)


async def _look(admin: AIOKafkaAdminClient, topics: Sequence[TopicSpec]) -> dict[str, _Seen]:
    """Raises NotPermittedError for topics that we may not see: they are not missing."""
    client = admin._client  # noqa: SLF001 - the admin tells nothing apart from what is not there
    partitions = await visible(client, [topic.name for topic in topics])
    names = [name for name, count in partitions.items() if count]
    if not names:
        return {}
    there = {each["topic"]: each["partitions"] for each in await admin.describe_topics(names)}
    unread = {grant.name for grant in await missing(client, [AclGrant("topic", name, "DescribeConfigs") for name in names])}
    answers = []
    if readable := [name for name in names if name not in unread]:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in readable])
        answers = answer.resources
    settings: dict[str, list[Any]] = {}
    for code, message, _, name, entries in answers:
        if code == TopicAuthorizationFailedError.errno:  # a broker that did not tell
            unread.add(name)
        elif code:
            raise for_code(code)(message)
        settings[name] = entries
    return {
        name: _Seen(
            partitions=len(there[name]),
            replication=max((len(each["replicas"]) for each in there[name]), default=0),
            values=None if name in unread else {entry[0]: entry[1] for entry in settings[name]},
            own={entry[0]: entry[1] for entry in settings.get(name, ()) if entry[3] == DYNAMIC_TOPIC_CONFIG},
        )
        for name in names
    }


def _refused(admin: AIOKafkaAdminClient, name: str, code: int, message: str | None, operation: Operation) -> TopicRefusal:
    if code == TopicAuthorizationFailedError.errno:
        return TopicRefusal(name, told(cluster_of(admin._client.where), [AclGrant("topic", name, operation)]))  # noqa: SLF001 - ours
    return TopicRefusal(name, message or for_code(code).__name__)


def _unseen(found: Mapping[str, _Seen]) -> tuple[str, ...]:
    return tuple(name for name, seen in found.items() if seen.values is None)


def _compare(topics: Sequence[TopicSpec], found: Mapping[str, _Seen], replication: int | None) -> list[TopicDifference]:
    differences = []
    for topic in topics:
        if (seen := found.get(topic.name)) is None:
            differences.append(TopicDifference(topic.name, "topic", MISSING, f"{topic.partitions} partitions"))
            continue
        pairs = [("partitions", str(seen.partitions), str(topic.partitions))]
        if replication is not None:
            pairs.append(("replication", str(seen.replication), str(replication)))
        if seen.values is not None:
            pairs += [(name, seen.values.get(name, MISSING), value) for name, value in topic.configs.items()]
        differences += [TopicDifference(topic.name, what, has, expected) for what, has, expected in pairs if has != expected]
    return differences
