"""Whether we may do what we have to: asked of the brokers before anything is begun, and told as what it is.

Brokers say nothing of a topic that one may not see, as if it were not there. Asked for it by name they tell the two apart.
"""

import asyncio
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.client import CoordinationType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
    for_code,
)
from aiokafka.protocol.metadata import MetadataRequest

from converters.core.localized import Localized, localized, text_of
from streams.kafka.acls import AclGrant, Operation, Resource
from streams.kafka.cluster import Cluster, Where, cluster_of
from streams.kafka.frames import BYTE, INT, NO_TAGS, SHORT, Api, FrameReader, FrameRequest, count, text

METADATA, DESCRIBE_GROUPS = Api(3, 12), Api(15, 5)
_NOT_THERE, _REFUSED, _GROUP_REFUSED = 3, 29, 30
_UNASKED = -(1 << 31)
"""In place of what is permitted, from brokers that do not tell."""
# Source: Apache Kafka, class AclOperation.
_CODES = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Alter": 7, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
_SOON = {5, 6, 9, 13, 14, 15, 16}
"""Errors of leaders and coordinators on the move."""
TRIES = 20


class NotPermittedError(KafkaError):  # type: ignore[misc, unused-ignore]
    """The text says who may not do what, and the command that permits it."""

    def __init__(self, cluster: Where, missing: Sequence[AclGrant]) -> None:
        super().__init__(told(cluster_of(cluster), missing))
        self.missing = tuple(missing)

    def __str__(self) -> str:
        return str(self.args[0])


class VisibleTopic(NamedTuple):
    """*error* as Kafka counts. *permitted*: what we may do with it; None where the brokers do not tell."""

    partitions: int
    error: int
    permitted: frozenset[Operation] | None

    @property
    def hidden(self) -> bool:
        """We may not even know whether it is there."""
        return self.error == _REFUSED


async def described(client: Any, names: Iterable[str]) -> dict[str, VisibleTopic]:
    """What is known of these topics; those that are not there have no partitions. Never makes one. Raises KafkaError."""
    wanted = sorted(set(names))
    body = count(len(wanted)) + b"".join(bytes(16) + text(name) + NO_TAGS for name in wanted) + b"\0\1" + NO_TAGS
    try:
        found: dict[str, VisibleTopic] = await _anybody(client, FrameRequest(METADATA, body, _topics))
    except IncompatibleBrokerVersion:  # one that was not tried: it does not tell what is permitted
        answer = await _anybody(client, MetadataRequest(wanted, allow_auto_topic_creation=False))
        found = {name: VisibleTopic(len(rest[-1]), error, None) for error, name, *rest in answer.topics}
    for name, topic in found.items():
        if topic.error not in (0, _NOT_THERE, _REFUSED) and topic.error not in _SOON:
            raise for_code(topic.error)(name)
    return found


async def visible(client: Any, names: Iterable[str]) -> dict[str, int]:
    """The partitions of each topic; 0 for one that is not there. Raises NotPermittedError for those that we may not see, KafkaError."""
    found = await described(client, names)
    if hidden := [AclGrant("topic", name, "Describe") for name, topic in sorted(found.items()) if topic.hidden]:
        raise NotPermittedError(_where(client), hidden)
    return {name: topic.partitions for name, topic in found.items()}


async def missing(client: Any, grants: Sequence[AclGrant]) -> list[AclGrant]:
    """Those of *grants* that we do not have; of topics that are not there yet, nothing can be said. Raises KafkaError."""
    topics = await described(client, [grant.name for grant in grants if grant.resource == "topic"])
    return [grant for grant in grants if not await _given(client, grant, topics)]


async def _given(client: Any, grant: AclGrant, topics: Mapping[str, VisibleTopic]) -> bool:
    match grant.resource:
        case "topic":
            return _permitted(topics[grant.name], grant.operation)
        case "group":
            return await _group(client, grant)
        case "transactional-id":
            return await _transactions(client, grant)
        case "cluster":
            return True  # nothing of ours asks for it


async def require(client: Any, grants: Sequence[AclGrant]) -> None:
    """Raises NotPermittedError, KafkaError."""
    if lacking := await missing(client, grants):
        raise NotPermittedError(_where(client), lacking)


def told(cluster: Cluster, lacking: Sequence[AclGrant]) -> Localized:
    who = cluster.credentials.principal()
    what = ", ".join(f"{grant.operation} on {grant.resource} {grant.name}{'*' if grant.prefixed else ''}" for grant in lacking)
    secured = cluster.security.protocol != "PLAINTEXT"
    commands = "\n".join(f"  {grant.command(who or 'User:…', cluster.bootstrap, secured=secured)}" for grant in lacking)
    text = localized("{who} not permitted: {what}", who=_who_is(who), what=what)
    return localized("{text}. To permit it (all that a role needs: im-relay topics acls):\n{commands}", text=text, commands=commands)


def _who_is(who: str) -> Localized:
    return localized("{who} is", who=who) if who else localized("we are")


REFUSALS = (
    NotPermittedError,
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    ClusterAuthorizationFailedError,
)
"""What brokers answer, and we say, where something is not permitted."""


def why(error: BaseException, where: Where) -> Localized:
    """*error* of a client of *where*, for a person: refusals by what was refused, all else by its text or kind."""
    cluster = cluster_of(where)
    match error:
        case NotPermittedError():
            return text_of(error)
        case TopicAuthorizationFailedError():
            return _refused(cluster, "topic", error)
        case GroupAuthorizationFailedError():
            return _refused(cluster, "group", error)
        case TransactionalIdAuthorizationFailed():
            return _refused(cluster, "transactional-id", error)
        case ClusterAuthorizationFailedError():
            return localized(
                "{who} not permitted to write to any topic: see what the role needs with im-relay topics acls",
                who=_who_is(cluster.credentials.principal()),
            )
        case UnsupportedVersionError():
            return localized(
                "the brokers no longer take what they took before (UnsupportedVersionError): was transaction.version lowered to 0? See docs/kafka.md, Which"
            )
        case TimeoutError():
            return localized("no broker answers in time; is it running, is the address right, does a firewall stand between?")
        case _:
            return text_of(error) if isinstance(error, KafkaError) else Localized(type(error).__name__)


_TASK = re.compile(r"(.+-)\d+-[ab]")
_USUAL: dict[Resource, Operation] = {"group": "Read", "transactional-id": "Write"}


def _refused(cluster: Cluster, resource: Resource, error: BaseException) -> Localized:
    """A topic is read or written: which of the two, the error does not say."""
    given = error.args[0] if error.args else ""
    names = sorted(given) if isinstance(given, (set, frozenset, list, tuple)) else [str(given)] if given else []
    if names and (operation := _USUAL.get(resource)):
        return told(cluster, list(dict.fromkeys(_usual(resource, name, operation) for name in names)))
    return localized(
        "{who} not permitted to use {what}: see what the role needs with im-relay topics acls",
        who=_who_is(cluster.credentials.principal()),
        what=" ".join((resource, ", ".join(names))).strip(),
    )


def _usual(resource: Resource, name: str, operation: Operation) -> AclGrant:
    """Of a task's transactional ids, all of its stage's are meant: as its role is permitted them."""
    stage = _TASK.fullmatch(name) if resource == "transactional-id" else None
    return AclGrant(resource, stage[1], operation, prefixed=True) if stage else AclGrant(resource, name, operation)


def _permitted(topic: VisibleTopic, operation: Operation) -> bool:
    if topic.error == _NOT_THERE:
        return True
    return not topic.hidden and (topic.permitted is None or operation in topic.permitted)


async def _group(client: Any, grant: AclGrant) -> bool:
    """Groups that have no members yet are told of as well."""
    name = grant.name if not grant.prefixed else f"{grant.name}asked"
    try:
        node = await _coordinator(client, CoordinationType.GROUP, name)
    except GroupAuthorizationFailedError:
        return False
    request = FrameRequest(DESCRIBE_GROUPS, count(1) + text(name) + b"\1" + NO_TAGS, _groups)
    for _ in range(TRIES):
        try:
            error, permitted = await client.send(node, request)
        except IncompatibleBrokerVersion:
            return True
        if error not in _SOON:
            break
        await asyncio.sleep(0.1)
    if error == _GROUP_REFUSED:
        return False
    return permitted is None or grant.operation in permitted


async def _transactions(client: Any, grant: AclGrant) -> bool:
    """Only whether it may be seen: whether it may be used is found by using it, which fences whoever does."""
    try:
        await _coordinator(client, CoordinationType.TRANSACTION, f"{grant.name}asked" if grant.prefixed else grant.name)
    except TransactionalIdAuthorizationFailed:
        return False
    return True


async def _coordinator(client: Any, kind: Any, name: str) -> Any:
    """A cluster that has just begun has no coordinators for a moment."""
    for _ in range(TRIES):
        try:
            return await client.coordinator_lookup(kind, name)
        except KafkaError as error:
            if not error.retriable:
                raise
            last = error
        await asyncio.sleep(0.2)
    raise last


async def _anybody(client: Any, request: FrameRequest) -> Any:
    """The answer of any broker."""
    nodes = [broker.nodeId for broker in client.cluster.brokers()] or ["bootstrap"]
    random.shuffle(nodes)
    for number, node in enumerate(nodes, 1):
        try:
            return await client.send(node, request)
        except KafkaError:
            if number == len(nodes):
                raise
    raise AssertionError("there is one, at least")


def _where(client: Any) -> Where:
    where: Where = client.where
    return where


def _operations(bits: int) -> frozenset[Operation] | None:
    if bits == _UNASKED:
        return None
    return frozenset(name for name, code in _CODES.items() if bits >> code & 1)  # type: ignore[misc]


def _topics(answer: FrameReader) -> dict[str, VisibleTopic]:
    answer.number(INT)
    for _ in answer.items():
        answer.number(INT)
        answer.data()
        answer.number(INT)
        answer.data()
        answer.tags()
    answer.data()
    answer.number(INT)
    found: dict[str, VisibleTopic] = {}
    for _ in answer.items():
        error, name = answer.number(SHORT), answer.data().decode()
        answer.raw(16)
        answer.number(BYTE)
        partitions = 0
        for _ in answer.items():
            partitions += 1
            answer.raw(2 + 4 + 4 + 4)
            for _ in range(3):
                answer.raw(4 * len(answer.items()))
            answer.tags()
        found[name] = VisibleTopic(partitions, error, _operations(answer.number(INT)))
        answer.tags()
    return found


def _groups(answer: FrameReader) -> tuple[int, frozenset[Operation] | None]:
    answer.number(INT)
    found: tuple[int, frozenset[Operation] | None] = (_GROUP_REFUSED, frozenset())
    for _ in answer.items():
        error = answer.number(SHORT)
        for _ in range(4):
            answer.data()
        for _ in answer.items():
            for _ in range(6):
                answer.data()
            answer.tags()
        found = error, _operations(answer.number(INT))
        answer.tags()
    return found
