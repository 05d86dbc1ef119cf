"""The few requests of a transaction, and of a member with a name, as bytes, in the versions that need no others (KIP-890), for aiokafka's connections.

Its own requests stop at versions in which every partition and every group is added to a transaction first, by a request of its own.
Source: Apache Kafka, "Protocol guide": all of these are of flexible versions, with compact lengths and tagged fields.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from streams.kafka.frames import INT, LONG, NO_TAGS, SHORT, Api, FrameReader, FrameRequest, count, text

PRODUCE, HEARTBEAT, LEAVE_GROUP, API_VERSIONS = Api(0, 12), Api(12, 4), Api(13, 5), Api(18, 3)
INIT_PRODUCER_ID, END_TXN, TXN_OFFSET_COMMIT = Api(22, 5), Api(26, 5), Api(28, 5)

_NULL = b"\0"
_EMPTY = b"\1"
_FINALIZED = 2
"""The tag of the finalized features in an answer to ApiVersions."""


class ProducerIdentity(NamedTuple):
    """Who writes: the transactional id, and what the broker has given it. With the epoch everything older is fenced."""

    name: str
    number: int
    epoch: int


_IDENTITY, _OFFSET = struct.Struct(">qh"), struct.Struct(">iqi")


def features() -> FrameRequest:
    """Answered with the level of each feature that the cluster has settled on, by name."""

    def read(answer: FrameReader) -> dict[str, int]:
        if answer.number(SHORT):
            return {}
        for _ in answer.items():
            answer.raw(6)  # an API and its versions, which the connection has asked for by itself
            answer.tags()
        answer.number(INT)
        tag = answer.tags().get(_FINALIZED)
        levels: dict[str, int] = {}
        if tag is not None:
            listed = FrameReader(tag)
            for _ in listed.items():
                name = listed.data().decode()
                levels[name] = listed.number(SHORT)
                listed.number(SHORT)
                listed.tags()
        return levels

    return FrameRequest(API_VERSIONS, text("im-relay") + text("1") + NO_TAGS, read)


def init(name: str, timeout: float) -> FrameRequest:
    """Fence whoever had *name*; *timeout* in seconds. Answered with an error code and the Identity."""

    def read(answer: FrameReader) -> tuple[int, ProducerIdentity]:
        answer.throttle()
        return answer.number(SHORT), ProducerIdentity(name, answer.number(LONG), answer.number(SHORT))

    body = text(name) + INT.pack(int(timeout * 1000)) + _IDENTITY.pack(-1, -1) + NO_TAGS
    return FrameRequest(INIT_PRODUCER_ID, body, read)


def produce(name: str, timeout: float, batches: Iterable[tuple[str, int, bytes]]) -> FrameRequest:
    """One batch for each (topic, partition). Answered with (error code, first offset) by (topic, partition)."""
    topics: dict[str, list[tuple[int, bytes]]] = {}
    for topic, partition, batch in batches:
        topics.setdefault(topic, []).append((partition, batch))
    body = [text(name), SHORT.pack(-1), INT.pack(int(timeout * 1000)), count(len(topics))]
    for topic, partitions in topics.items():
        body += [text(topic), count(len(partitions))]
        for partition, batch in partitions:
            body += [INT.pack(partition), count(len(batch)), batch, NO_TAGS]
        body.append(NO_TAGS)
    body.append(NO_TAGS)
    return FrameRequest(PRODUCE, b"".join(body), _produced)


def _produced(answer: FrameReader) -> dict[tuple[str, int], tuple[int, int]]:
    found = {}
    for _ in answer.items():
        topic = answer.data().decode()
        for _ in answer.items():
            partition, error, offset = answer.number(INT), answer.number(SHORT), answer.number(LONG)
            answer.raw(16)  # times
            for _ in answer.items():
                answer.number(INT)
                answer.data()
                answer.tags()
            answer.data()
            answer.tags()
            found[topic, partition] = error, offset
        answer.tags()
    answer.throttle()
    return found


def commit_offsets(who: ProducerIdentity, group: str, offsets: Mapping[Any, int]) -> FrameRequest:
    """By (topic, partition); not as a member of *group*: the transactional ids fence. Answered with the error codes."""
    topics: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        topics.setdefault(topic, []).append((partition, offset))
    body = [text(who.name), text(group), _IDENTITY.pack(who.number, who.epoch), INT.pack(-1), _EMPTY, _NULL, count(len(topics))]
    for topic, partitions in topics.items():
        body += [text(topic), count(len(partitions))]
        body += [_OFFSET.pack(partition, offset, -1) + _EMPTY + NO_TAGS for partition, offset in partitions]
        body.append(NO_TAGS)
    body.append(NO_TAGS)
    return FrameRequest(TXN_OFFSET_COMMIT, b"".join(body), _offsets_committed)


def _offsets_committed(answer: FrameReader) -> set[int]:
    errors = set()
    answer.throttle()
    for _ in answer.items():
        answer.data()
        for _ in answer.items():
            answer.number(INT)
            errors.add(answer.number(SHORT))
            answer.tags()
        answer.tags()
    return errors - {0}


def commit(who: ProducerIdentity) -> FrameRequest:
    """Answered with an error code, and the Identity of the next transaction."""

    def read(answer: FrameReader) -> tuple[int, ProducerIdentity]:
        answer.throttle()
        return answer.number(SHORT), ProducerIdentity(who.name, answer.number(LONG), answer.number(SHORT))

    return FrameRequest(END_TXN, text(who.name) + _IDENTITY.pack(who.number, who.epoch) + b"\1" + NO_TAGS, read)


def heartbeat(group: str, generation: int, member: str, instance: str) -> FrameRequest:
    """Of a member with a name. Answered with an error code."""

    def read(answer: FrameReader) -> int:
        answer.throttle()
        return answer.number(SHORT)

    return FrameRequest(HEARTBEAT, text(group) + INT.pack(generation) + text(member) + text(instance) + NO_TAGS, read)


def leave(group: str, member: str, instance: str, reason: str) -> FrameRequest:
    """For a member of *group*, also another than who asks; *instance* is its name, or empty. Answered with an error code."""

    def read(answer: FrameReader) -> int:
        answer.throttle()
        if error := answer.number(SHORT):
            return error
        for _ in answer.items():
            answer.data()
            answer.data()
            error = answer.number(SHORT)
            answer.tags()
        return error

    body = text(group) + count(1) + text(member) + (text(instance) if instance else _NULL) + text(reason) + NO_TAGS + NO_TAGS
    return FrameRequest(LEAVE_GROUP, body, read)
