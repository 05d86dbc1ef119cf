"""The few requests of a transaction as bytes, in the versions that need no others (KIP-890), for aiokafka's connections.

Its own requests stop at versions in which every partition and every group is added to a transaction first, by a request of its own.
Source: Apache Kafka, "Protocol guide": all of these are of flexible versions, with compact lengths and tagged fields.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion


class Api(NamedTuple):
    key: int
    version: int


PRODUCE, API_VERSIONS, INIT_PRODUCER_ID, END_TXN, TXN_OFFSET_COMMIT = Api(0, 12), Api(18, 3), Api(22, 5), Api(26, 5), Api(28, 5)

_NO_TAGS = b"\0"
_NULL = b"\0"
_EMPTY = b"\1"
_FINALIZED = 2
"""The tag of the finalized features in an answer to ApiVersions."""


class Identity(NamedTuple):
    """Who writes: the transactional id, and what the broker has given it. With the epoch everything older is fenced."""

    name: str
    number: int
    epoch: int


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.throttled = 0

    def throttle(self) -> None:
        self.throttled = self.number(_INT)

    def number(self, of: struct.Struct) -> int:
        (value,) = of.unpack_from(self._data, self._at)
        self._at += of.size
        return int(value)

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def data(self) -> bytes:
        """Bytes or text; what is null reads as empty."""
        return self._raw(max(0, self.unsigned() - 1))

    def rest(self) -> bytes:
        return self._data[self._at :]

    def items(self) -> range:
        return range(self.unsigned() - 1)

    def tags(self) -> dict[int, bytes]:
        return {self.unsigned(): self._raw(self.unsigned()) for _ in range(self.unsigned())}

    def _raw(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


_SHORT, _INT, _LONG = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")
_IDENTITY, _OFFSET = struct.Struct(">qh"), struct.Struct(">iqi")


class _Bytes(bytes):
    def encode(self) -> bytes:
        return self


class _Correlation(NamedTuple):
    correlation_id: int


class Call:
    """One request, as aiokafka's connection wants it, and how its answer is read."""

    RESPONSE_TYPE: "Call"

    def __init__(self, api: Api, body: bytes, read: Callable[[_Reader], Any]) -> None:
        self.api = api
        self.throttle_time_ms = 0
        """What the answer says of it; known once that is read."""
        self._body = body
        self._read = read
        self.RESPONSE_TYPE = self

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> "Call":
        """Raises IncompatibleBrokerVersion where the broker at the other end lacks the version."""
        low, high = versions.get(self.api.key, (0, -1))
        if not low <= self.api.version <= high:
            raise IncompatibleBrokerVersion(f"{self.api} is unknown there")
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> _Bytes:
        name = client_id.encode()
        return _Bytes(struct.pack(">hhih", *self.api, correlation_id, len(name)) + name + _NO_TAGS)

    def encode(self) -> bytes:
        return self._body

    def parse_response_header(self, data: BytesIO) -> _Correlation:
        return _Correlation(_INT.unpack(data.read(4))[0])

    def decode(self, data: BytesIO) -> Any:
        reader = _Reader(data.read())
        if self.api != API_VERSIONS:  # whose answer has the oldest header of all, so that everybody can read it
            reader.tags()
        found = self._read(reader)
        self.throttle_time_ms = reader.throttled
        return found


def features() -> Call:
    """Answered with the level of each feature that the cluster has settled on, by name."""

    def read(answer: _Reader) -> dict[str, int]:
        if answer.number(_SHORT):
            return {}
        for _ in answer.items():
            answer._raw(6)  # noqa: SLF001 - an API and its versions, which the connection has asked for by itself
            answer.tags()
        answer.number(_INT)
        tag = answer.tags().get(_FINALIZED)
        levels: dict[str, int] = {}
        if tag is not None:
            listed = _Reader(tag)
            for _ in listed.items():
                name = listed.data().decode()
                levels[name] = listed.number(_SHORT)
                listed.number(_SHORT)
                listed.tags()
        return levels

    return Call(API_VERSIONS, _text("im-relay") + _text("1") + _NO_TAGS, read)


def init(name: str, timeout: float) -> Call:
    """Fence whoever had *name*; *timeout* in seconds. Answered with an error code and the Identity."""

    def read(answer: _Reader) -> tuple[int, Identity]:
        answer.throttle()
        return answer.number(_SHORT), Identity(name, answer.number(_LONG), answer.number(_SHORT))

    body = _text(name) + _INT.pack(int(timeout * 1000)) + _IDENTITY.pack(-1, -1) + _NO_TAGS
    return Call(INIT_PRODUCER_ID, body, read)


def produce(name: str, timeout: float, batches: Iterable[tuple[str, int, bytes]]) -> Call:
    """One batch for each (topic, partition). Answered with (error code, first offset) by (topic, partition)."""
    topics: dict[str, list[tuple[int, bytes]]] = {}
    for topic, partition, batch in batches:
        topics.setdefault(topic, []).append((partition, batch))
    body = [_text(name), _SHORT.pack(-1), _INT.pack(int(timeout * 1000)), _count(len(topics))]
    for topic, partitions in topics.items():
        body += [_text(topic), _count(len(partitions))]
        for partition, batch in partitions:
            body += [_INT.pack(partition), _count(len(batch)), batch, _NO_TAGS]
        body.append(_NO_TAGS)
    body.append(_NO_TAGS)
    return Call(PRODUCE, b"".join(body), _produced)


def _produced(answer: _Reader) -> dict[tuple[str, int], tuple[int, int]]:
    found = {}
    for _ in answer.items():
        topic = answer.data().decode()
        for _ in answer.items():
            partition, error, offset = answer.number(_INT), answer.number(_SHORT), answer.number(_LONG)
            answer._raw(16)  # noqa: SLF001 - times
            for _ in answer.items():
                answer.number(_INT)
                answer.data()
                answer.tags()
            answer.data()
            answer.tags()
            found[topic, partition] = error, offset
        answer.tags()
    answer.throttle()
    return found


def commit_offsets(who: Identity, group: str, offsets: Mapping[Any, int]) -> Call:
    """By (topic, partition); not as a member of *group*: the transactional ids fence. Answered with the error codes."""
    topics: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        topics.setdefault(topic, []).append((partition, offset))
    body = [_text(who.name), _text(group), _IDENTITY.pack(who.number, who.epoch), _INT.pack(-1), _EMPTY, _NULL, _count(len(topics))]
    for topic, partitions in topics.items():
        body += [_text(topic), _count(len(partitions))]
        body += [_OFFSET.pack(partition, offset, -1) + _EMPTY + _NO_TAGS for partition, offset in partitions]
        body.append(_NO_TAGS)
    body.append(_NO_TAGS)
    return Call(TXN_OFFSET_COMMIT, b"".join(body), _offsets_committed)


def _offsets_committed(answer: _Reader) -> set[int]:
    errors = set()
    answer.throttle()
    for _ in answer.items():
        answer.data()
        for _ in answer.items():
            answer.number(_INT)
            errors.add(answer.number(_SHORT))
            answer.tags()
        answer.tags()
    return errors - {0}


def commit(who: Identity) -> Call:
    """Answered with an error code, and the Identity of the next transaction."""

    def read(answer: _Reader) -> tuple[int, Identity]:
        answer.throttle()
        return answer.number(_SHORT), Identity(who.name, answer.number(_LONG), answer.number(_SHORT))

    return Call(END_TXN, _text(who.name) + _IDENTITY.pack(who.number, who.epoch) + b"\1" + _NO_TAGS, read)


def _text(value: str) -> bytes:
    data = value.encode()
    return _count(len(data)) + data


def _count(size: int) -> bytes:
    """A compact length: one more than it is, since 0 is null."""
    value = size + 1
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
