"""The simplest work: whatever a batch causes commits with its offset, and the next batch follows."""

from collections.abc import Callable

from aiokafka import TopicPartition

from streams.exact.batch import Batch
from streams.exact.producers import Outputs
from streams.exact.task import Task

Stage = Callable[[Batch, Outputs], None]
"""What a stage does with a batch: look at the records, add to the outputs. It must not raise on bad records."""


class Hop:
    def __init__(self, stage: Stage, *, max_records: int = 5000) -> None:
        self._stage = stage
        self._max_records = max_records

    async def run(self, task: Task) -> None:
        while (batch := await task.next()) is not None:
            outputs = Outputs()
            offsets: dict[TopicPartition, int] = {}
            size = 0
            while True:
                self._stage(batch, outputs)
                offsets[batch.tp] = batch.next_offset
                size += len(batch.records)
                if size >= self._max_records or not task.ready():
                    break
                batch = task.take()
            await task.commit(outputs, offsets)
