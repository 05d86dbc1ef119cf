"""Requests that aiokafka lacks: who writes into a partition, which transactions there are, and what time it is at the brokers.

Source: Apache Kafka, "Protocol guide". All are of flexible versions: compact lengths, and tagged fields behind every struct.
"""

from io import BytesIO
from typing import Any

from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from streams.kafka.frames import Api, FrameRequest

_TEXT = CompactString("utf-8")


def _struct(**fields: Any) -> Schema:
    return Schema(*fields.items(), ("tags", TaggedFields))


def _many(of: Any) -> CompactArray:
    return CompactArray(of)


class ApiMessage:
    """A request and its answer; an answer is a dict by the fields' names."""

    def __init__(self, key: int, version: int, asked: Schema, answered: Schema) -> None:
        self.api = Api(key, version)
        self._asked = asked
        self._answered = answered

    def __call__(self, **fields: Any) -> FrameRequest:
        return FrameRequest(
            self.api,
            self._asked.encode(_packed(self._asked, fields)),
            lambda reader: _unpacked(self._answered, self._answered.decode(BytesIO(reader.rest()))),
        )


def _packed(schema: Any, value: Any) -> Any:
    if isinstance(schema, Schema):
        return tuple({} if name == "tags" else _packed(kind, value[name]) for name, kind in zip(schema.names, schema.fields, strict=True))
    if isinstance(schema, CompactArray):
        return [_packed(schema.array_of, each) for each in value]
    return value


def _unpacked(schema: Any, value: Any) -> Any:
    if isinstance(schema, Schema):
        pairs = zip(schema.names, schema.fields, value, strict=True)
        return {name: _unpacked(kind, each) for name, kind, each in pairs if name != "tags"}
    if isinstance(schema, CompactArray):
        return [_unpacked(schema.array_of, each) for each in value or ()]
    return value


DESCRIBE_PRODUCERS = ApiMessage(
    61,
    0,
    _struct(topics=_many(_struct(name=_TEXT, partitions=_many(Int32)))),
    _struct(
        throttle=Int32,
        topics=_many(
            _struct(
                name=_TEXT,
                partitions=_many(
                    _struct(
                        partition=Int32,
                        error=Int16,
                        message=_TEXT,
                        producers=_many(
                            _struct(id=Int64, epoch=Int32, sequence=Int32, timestamp=Int64, coordinator_epoch=Int32, start=Int64)
                        ),
                    )
                ),
            )
        ),
    ),
)
"""Of a partition's leader. *start*: where the producer's open transaction begins in it, -1 for none."""

LIST_TRANSACTIONS = ApiMessage(
    66,
    0,
    _struct(states=_many(_TEXT), producers=_many(Int64)),
    _struct(throttle=Int32, error=Int16, unknown=_many(_TEXT), transactions=_many(_struct(name=_TEXT, producer=Int64, state=_TEXT))),
)
"""Of a broker: those that it coordinates."""

DESCRIBE_TRANSACTIONS = ApiMessage(
    65,
    0,
    _struct(names=_many(_TEXT)),
    _struct(
        throttle=Int32,
        transactions=_many(
            _struct(
                error=Int16,
                name=_TEXT,
                state=_TEXT,
                timeout=Int32,
                began=Int64,
                producer=Int64,
                epoch=Int16,
                topics=_many(_struct(name=_TEXT, partitions=_many(Int32))),
            )
        ),
    ),
)
"""Of their coordinator. *timeout* and *began* in ms."""

WRITE_TXN_MARKERS = ApiMessage(
    27,
    1,
    _struct(
        markers=_many(
            _struct(
                producer=Int64,
                epoch=Int16,
                commit=Boolean,
                topics=_many(_struct(name=_TEXT, partitions=_many(Int32))),
                coordinator_epoch=Int32,
            )
        )
    ),
    _struct(
        markers=_many(_struct(producer=Int64, topics=_many(_struct(name=_TEXT, partitions=_many(_struct(partition=Int32, error=Int16))))))
    ),
)
"""To a partition's leader: ends a transaction there that no coordinator knows any more."""

_REPLICAS = _many(_struct(replica=Int32, end=Int64, fetched=Int64, caught_up=Int64))
DESCRIBE_QUORUM = ApiMessage(
    55,
    1,
    _struct(topics=_many(_struct(name=_TEXT, partitions=_many(_struct(partition=Int32))))),
    _struct(
        error=Int16,
        topics=_many(
            _struct(
                name=_TEXT,
                partitions=_many(
                    _struct(partition=Int32, error=Int16, leader=Int32, epoch=Int32, high=Int64, voters=_REPLICAS, observers=_REPLICAS)
                ),
            )
        ),
    ),
)
"""Of any broker. Of the leader itself, *fetched* and *caught_up* are its time now, in ms. Source: KIP-836."""
