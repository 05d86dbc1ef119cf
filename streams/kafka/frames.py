"""Requests and answers of flexible versions as bytes, for aiokafka's connections: where its own requests lack the version, or the field.

Source: Apache Kafka, "Protocol guide": compact lengths and tagged fields.
"""

import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NamedTuple

from aiokafka.errors import IncompatibleBrokerVersion


class Api(NamedTuple):
    key: int
    version: int


API_VERSIONS = 18
NO_TAGS = b"\0"

BYTE, SHORT, INT, LONG = struct.Struct(">b"), struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">q")


class FrameReader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self.throttled = 0
        """Ms for which the broker takes nothing more, where the answer says so."""

    def throttle(self) -> None:
        self.throttled = self.number(INT)

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
        return self.raw(max(0, self.unsigned() - 1))

    def rest(self) -> bytes:
        return self._data[self._at :]

    def items(self) -> range:
        return range(self.unsigned() - 1)

    def tags(self) -> dict[int, bytes]:
        return {self.unsigned(): self.raw(self.unsigned()) for _ in range(self.unsigned())}

    def raw(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]


class _Bytes(bytes):
    def encode(self) -> bytes:
        return self


class _Correlation(NamedTuple):
    correlation_id: int


class FrameRequest:
    """One request, as aiokafka's connection wants it, and how its answer is read."""

    RESPONSE_TYPE: "FrameRequest"

    def __init__(self, api: Api, body: bytes, read: Callable[[FrameReader], Any]) -> None:
        self.api = api
        self.throttle_time_ms = 0
        """What the answer says of it; known once that is read."""
        self._body = body
        self._read = read
        self.RESPONSE_TYPE = self

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> "FrameRequest":
        """Raises IncompatibleBrokerVersion where the broker at the other end lacks the version."""
        low, high = versions.get(self.api.key, (0, -1))
        if not low <= self.api.version <= high:
            raise IncompatibleBrokerVersion(f"{self.api} is unknown there")
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> _Bytes:
        name = client_id.encode()
        return _Bytes(struct.pack(">hhih", *self.api, correlation_id, len(name)) + name + NO_TAGS)

    def encode(self) -> bytes:
        return self._body

    def parse_response_header(self, data: BytesIO) -> _Correlation:
        return _Correlation(INT.unpack(data.read(4))[0])

    def decode(self, data: BytesIO) -> Any:
        reader = FrameReader(data.read())
        if self.api.key != API_VERSIONS:  # whose answer has the oldest header of all, so that everybody can read it
            reader.tags()
        found = self._read(reader)
        self.throttle_time_ms = reader.throttled
        return found


def text(value: str) -> bytes:
    data = value.encode()
    return count(len(data)) + data


def count(size: int) -> bytes:
    """A compact length: one more than it is, since 0 is null."""
    value = size + 1
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
