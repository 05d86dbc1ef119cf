"""What a migration has done, for whoever feeds it and for whoever asks: all partitions of `migrated.<platform>`, on disk beside the bundles."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from aiokafka import TopicPartition

from converters.inventory import KINDS
from streams.kafka import topics
from streams.kafka.log_reader import LogReader
from streams.migrate.records import Item, Progress, lane_key
from streams.migrate.state import State

GOOD = frozenset({"made", "there", "changed"})


class Known:
    """Raises StateError. The directory is this process' own."""

    def __init__(self, directory: Path, topic: str, partitions: int, reader: LogReader) -> None:
        self._reader = reader
        self._refreshing = asyncio.Lock()
        self._states = [State(directory / f"done-{number}.rows", TopicPartition(topic, number)) for number in range(partitions)]

    async def refresh(self) -> None:
        """Take in what was done until now. Raises KafkaError."""
        async with self._refreshing:
            for state in self._states:
                await state.restore(self._reader)

    def item(self, key: bytes, task: bytes) -> Item | None:
        """*key*: of its records in the topic of tasks; *task*: as of `records.task_key`."""
        found = self._state(key).get(task)
        return found if isinstance(found, Item) else None

    def is_there(self, key: bytes, need: str) -> bool:
        found = self.item(key, need.encode())
        return found is not None and found.word in GOOD

    def progress(self, conversation: bytes) -> Progress:
        found = self._state(conversation).get(lane_key(conversation))
        return found if isinstance(found, Progress) else Progress()

    def items(self) -> Iterator[tuple[str, Item]]:
        """All of them, by the key of their records."""
        for kind in KINDS:
            for state in self._states:
                for key, done in state.scan(f"{kind}\x1f".encode()):
                    if isinstance(done, Item):
                        yield key.decode(), done

    def stopped(self) -> list[tuple[bytes, Progress]]:
        """The conversations in which nothing goes on, by key."""
        return [
            (key.removeprefix(lane_key(b"")), done)
            for state in self._states
            for key, done in state.scan(lane_key(b""))
            if isinstance(done, Progress) and done.stopped
        ]

    @property
    def counts(self) -> "Counter[tuple[str, str]]":
        return sum((state.counts for state in self._states), Counter())

    def close(self) -> None:
        for state in self._states:
            state.close()

    def _state(self, key: bytes) -> State:
        return self._states[topics.partition_of(key, len(self._states))]
