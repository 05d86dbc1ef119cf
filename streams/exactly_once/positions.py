"""Where a task has its records from, and up to where it has them."""

from collections.abc import Mapping
from typing import Protocol

from aiokafka import TopicPartition


class Positions(Protocol):
    """The consumer, as far as tasks see it."""

    async def rewind(self, tps: list[TopicPartition]) -> Mapping[TopicPartition, int | None]: ...

    async def member(self) -> bool: ...

    def epoch(self, tp: TopicPartition) -> int: ...

    async def end(self, tp: TopicPartition) -> int: ...

    async def handed_over(self, tp: TopicPartition, end: int) -> int | None: ...

    def passed(self, tp: TopicPartition) -> tuple[int, int]: ...

    def wake(self) -> None: ...
