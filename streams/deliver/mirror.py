"""The ledgers of the other direction, read along: what was carried to the apps from which a partition's events come."""

from collections.abc import Callable, Sequence

import msgspec
import structlog
from aiokafka import TopicPartition

from streams import record_kinds
from streams.deliver.entries import Entry, load
from streams.deliver.ledger import Rows, Store, caught_up
from streams.deliver.look import Look
from streams.deliver.naming import Naming, Row
from streams.deliver.tail import Tail
from streams.exact.task import Task

log = structlog.get_logger()


_INTENT = b'{"entry":"intent"'

Reading = Callable[[bytes, bytes | None], list[Row]]


class Mirror:
    """*topics* are those ledgers; *partition* is the same in all, so that a conversation's lies in one of each.

    The topic *results* is read along too: *files* says what its records add.
    """

    def __init__(
        self, topics: Sequence[str], results: str, files: Reading, partition: int, store: Store, naming: Naming, task: Task
    ) -> None:
        self._partition = partition
        self._tps = [TopicPartition(topic, partition) for topic in topics]
        self._read: dict[TopicPartition, Reading] = dict.fromkeys(self._tps, self._named)
        self._read[TopicPartition(results, partition)] = files
        self._store = store
        self._naming = naming
        self._task = task
        self._look = Look(self._catch_up)

    async def restore(self, ledger: str, bootstrap: str) -> Tail:
        """Bring the local state up to what was written until now, in *ledger*, the target's own, and in the others. Raises KafkaError.

        The answer is what of its own may not be committed.
        """

        def own(key: bytes, value: bytes) -> list[Row]:
            return [(key, value), *rows(self._naming, key, value)]

        topics: dict[str, Rows] = {ledger: own} | {tp.topic: reading for tp, reading in self._read.items()}
        tail = Tail(self._store.offset() or None)
        await caught_up(self._store, bootstrap, topics, self._partition, tail)
        return tail

    def read(self) -> dict[TopicPartition, int]:
        """Take in what has come; the answer is the offsets up to which it was."""
        taken: dict[TopicPartition, int] = {}
        for tp, reading in self._read.items():
            while (batch := self._task.take_of(tp)) is not None:
                known = self._store.offset(tp.topic)
                new = [record for record in batch.records if record.offset >= known]
                for record in new:
                    record_kinds.hold(tp.topic, record.headers)
                added = [row for record in new for row in reading(record.key or b"", record.value)]
                self._store.put(added, max(known, batch.next_offset), tp.topic)
                taken[tp] = batch.next_offset
        return taken

    async def current(self) -> None:
        """Until all is taken in that lay in those ledgers when this was called. Raises KafkaError.

        What the other direction did is written there before its request leaves: an event that the request caused comes after it.
        """
        if self._tps:
            await self._look()

    def _named(self, key: bytes, value: bytes | None) -> list[Row]:
        return rows(self._naming, key, value)

    async def _catch_up(self) -> None:
        for tp in self._tps:
            await self._task.catch_up(tp)


def rows(naming: Naming, key: bytes, value: bytes | None) -> list[Row]:
    """What one record of another target's ledger adds."""
    if value is not None and value.startswith(_INTENT) and b'"does"' not in value:
        return []  # nearly half of them: of a message that is about to be sent, nothing is known yet
    entry = read(value)
    return list(naming.rows(key, entry)) if entry is not None else []


def read(value: bytes | None) -> Entry | None:
    try:
        return load(value) if value is not None else None
    except msgspec.DecodeError as error:
        log.warning("entry of a ledger is unreadable", error=str(error))
        return None
