"""Callbacks of one partition that wait to be stored, in their order; and what became of each."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from streams.ingress.record import Headers

Outcome = Literal["stored", "timeout", "down", "full", "failed", "clock"]
"""Only `stored` is durable. After `timeout` and `failed` the record may be in Kafka, or get there later."""


class WaitingCallback(NamedTuple):
    done: "asyncio.Future[Outcome]"
    arrived: float
    key: bytes
    value: bytes
    headers: Headers
    at: int


class Lane:
    __slots__ = ("late", "partition", "pending", "sent", "task", "topic")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.pending: list[WaitingCallback] = []
        self.sent: list[WaitingCallback] = []
        self.late = 0.0
        """Since when the batch on its way is overdue: whatever came now would wait behind it. 0 when it is not."""
        self.task: asyncio.Task[None] | None = None

    def refuse(self, unless: Callable[[WaitingCallback], bool]) -> None:
        """What was not sent yet is not stored, but for what *unless* is true of."""
        pending, self.pending = self.pending, []
        for record in pending:
            if unless(record):
                self.pending.append(record)
            else:
                answer_all([record], "down")

    def end(self, outcome: Outcome) -> None:
        """Tell all who wait; what was not sent yet is dropped."""
        answer_all(self.sent, outcome)
        answer_all(self.pending, outcome)
        self.pending.clear()


def answer_all(records: Iterable[WaitingCallback], outcome: Outcome) -> None:
    for record in records:
        if not record.done.done():
            record.done.set_result(outcome)
