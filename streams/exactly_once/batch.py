"""Records of one partition, in order."""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition


class Batch(NamedTuple):
    tp: TopicPartition
    records: Sequence[ConsumerRecord]
    epoch: int
    """Of the partition's position when it was fetched: an older one than the consumer's now means that reading was moved."""

    @property
    def next_offset(self) -> int:
        return int(self.records[-1].offset) + 1


def rest_of(batch: Batch, taken: int) -> Batch:
    """What is left of *batch* when so many of its records were taken."""
    return batch._replace(records=batch.records[taken:])
