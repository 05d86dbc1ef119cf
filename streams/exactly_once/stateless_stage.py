"""The simplest work: whatever a batch causes commits with its offset, and the next batch follows."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from aiokafka import TopicPartition

from streams.exactly_once.batch import Batch, rest_of
from streams.exactly_once.producers import Outputs
from streams.exactly_once.task import PartitionTask
from streams.kafka.linger import AdaptiveLinger

LOOK = 1.0
"""Seconds between two looks whether what is held may go on."""


Stage = Callable[[Batch, Outputs], int | None]
"""What a stage does with a batch: look at the records, add to the outputs. It must not raise on bad records.

The answer is how many were taken, None for all; the rest waits for its `StageGate`.
"""


class StageGate(Protocol):
    """Of a stage that does not take all."""

    def pause(self, batch: Batch) -> float:
        """Seconds until *batch*, which waits, may be tried again."""

    def look(self, batch: Batch) -> None:
        """See whether *batch*, which came behind what waits, says that it may go on."""

    async def learn(self, batch: Batch) -> None:
        """Return once all is known that *batch* waited for, if it did for that. Raises UnknownResultError."""


class StatelessStage:
    """What comes sooner than half of *linger* after the last transaction began goes with the next, all of it in one."""

    def __init__(
        self, stage: Stage, *, max_records: int = 5000, linger: AdaptiveLinger | None = None, gate: StageGate | None = None
    ) -> None:
        self._stage = stage
        self._gate = gate
        self._max_records = max_records
        self._linger = linger

    async def run(self, task: PartitionTask) -> None:
        clock = asyncio.get_running_loop().time
        began = 0.0
        held: dict[TopicPartition, Batch] = {}
        while (batch := await self._next(task, held)) is not None:
            if self._linger is not None and len(batch.records) < self._max_records:
                early = began + float(self._linger) / 2 - clock()
                if early > 0:
                    await asyncio.sleep(early)
            began = clock()
            outputs = Outputs()
            offsets: dict[TopicPartition, int] = {}
            size = 0
            while True:
                taken = self._stage(batch, outputs)
                if taken is not None and taken < len(batch.records):
                    held[batch.tp] = batch = rest_of(batch, taken)
                    offsets[batch.tp] = batch.records[0].offset
                else:
                    offsets[batch.tp] = batch.next_offset
                size += len(batch.records) if taken is None else taken
                following = task.take_but(held) if size < self._max_records else None
                if following is None:
                    break
                batch = following
            if not size:
                continue
            start = clock()
            written = await task.commit(outputs, offsets)
            if self._linger is not None:
                self._linger.took(clock() - start)
            for committed in outputs.committed:
                committed(written)

    async def _next(self, task: PartitionTask, held: dict[TopicPartition, Batch]) -> Batch | None:
        """A batch, or what is held once it may be tried; None once the task is to be drained."""
        if not held or self._gate is None:
            return await task.next()
        looked: set[int] = set()
        while not task.draining.is_set():
            if (batch := task.take_but(held)) is not None:
                return batch
            for waiting in (*held.values(), *task.waiting):
                if id(waiting) not in looked:
                    looked.add(id(waiting))
                    self._gate.look(waiting)
            pause, tp = min((self._gate.pause(batch), tp) for tp, batch in held.items())
            if pause <= 0:
                await self._gate.learn(held[tp])
                return held.pop(tp)
            await task.wait(min(pause, LOOK))
        return None
