"""Records of one partition, in order, as one Faust message."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from faust import Schema


class Batch(NamedTuple):
    tp: TopicPartition
    records: Sequence[ConsumerRecord]
    epoch: int
    """Of the partition's position when it was fetched: an older one than the consumer's now means that reading was moved."""

    @property
    def next_offset(self) -> int:
        return int(self.records[-1].offset) + 1


class Batches(Schema):  # type: ignore[misc, unused-ignore]
    """Hands the batch to the agent untouched."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:
        del app
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:
        del app
        return message.value
