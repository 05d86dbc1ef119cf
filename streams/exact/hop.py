"""The simplest work: whatever a batch causes commits with its offset, and the next batch follows."""

import asyncio
from collections.abc import Callable

from aiokafka import TopicPartition

from streams.exact.batch import Batch
from streams.exact.producers import Outputs
from streams.exact.task import Task
from streams.linger import Linger

Stage = Callable[[Batch, Outputs], None]
"""What a stage does with a batch: look at the records, add to the outputs. It must not raise on bad records."""


class Hop:
    """What comes sooner than half of *linger* after the last transaction began goes with the next, all of it in one."""

    def __init__(self, stage: Stage, *, max_records: int = 5000, linger: Linger | None = None) -> None:
        self._stage = stage
        self._max_records = max_records
        self._linger = linger

    async def run(self, task: Task) -> None:
        clock = asyncio.get_running_loop().time
        began = 0.0
        while (batch := await task.next()) is not None:
            if self._linger is not None and len(batch.records) < self._max_records:
                early = began + float(self._linger) / 2 - clock()
                if early > 0:
                    await asyncio.sleep(early)
            began = clock()
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
            start = clock()
            written = await task.commit(outputs, offsets)
            if self._linger is not None:
                self._linger.took(clock() - start)
            for committed in outputs.committed:
                committed(written)
