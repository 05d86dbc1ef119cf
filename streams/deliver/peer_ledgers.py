"""The topics that a partition's local state is filled from: its own ledger, those of the other direction, and results of media jobs."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition

from converters.core.model import Delivery
from converters.core.operations import Post
from streams.deliver.coalescing import Coalescer
from streams.deliver.context import DeliverContext
from streams.deliver.ledger import LedgerStore, Pair, as_rows
from streams.deliver.ledger_records import STAGE
from streams.deliver.ledger_rows import is_intent, packed
from streams.deliver.ledger_schema import Entry, Intent, Settled, load
from streams.deliver.message_index import UNDATED, MessageIndex, Row
from streams.deliver.uncommitted_tail import UncommittedTail
from streams.exactly_once.task import PartitionTask
from streams.kafka import foreign_records, record_kinds
from streams.state.restore import Restore, RestoreSource

log = structlog.get_logger()

Reading = Callable[[bytes, bytes | None], Sequence[Row]]


class PeerLedgers:
    """*partition* is the same in all, so that a conversation's lies in one of each. *files* says what results of media jobs add."""

    def __init__(
        self,
        partition: int,
        context: DeliverContext,
        files: Reading,
        store: LedgerStore,
        index: MessageIndex,
        moved: Callable[[], None],
        task: PartitionTask,
    ) -> None:
        names = context.names
        self._margin = context.settings.clock_margin * 1000
        # From its intent on, a request may leave for as long as the lease holds, and be under way.
        self._reach = self._margin + (context.settings.lease + context.settings.timeout) * 1000
        self._ledger = names.ledger
        self._tps = [TopicPartition(topic, partition) for topic in names.mirrored]
        self._read: dict[TopicPartition, Reading] = dict.fromkeys(self._tps, self._named)
        self._read[TopicPartition(names.results, partition)] = files
        self._imported = names.imported
        if names.imported:
            self._read[TopicPartition(names.imported, partition)] = self._arrived
        self._store = store
        self._index = index
        self._task = task
        self._look = Coalescer(self._catch_up)
        committed, written = context.logs
        sources = [RestoreSource(names.ledger, written, self._own, record_kinds.hold, self._is_known)]
        sources += [
            # Results have the key of their conversation.
            RestoreSource(tp.topic, committed, _source_rows(reading), record_kinds.hold, keyed=tp.topic != names.results)
            for tp, reading in self._read.items()
        ]
        self._tell = moved
        self._posts_since, self._all_since, self._oldest = inf, inf, -inf
        """Of what was written in what messages, and everything else, are decided by; and the oldest that its own ledger still holds."""
        self.restore = Restore(store.rows, partition, sources, context.restoring, "deliver", self._moved)

    async def begin(self) -> UncommittedTail:
        """Bring the local state up to what was written until now, as far back as live work needs. Raises KafkaError, StateError.

        The answer is what of its own ledger may not be committed. The last owner must be fenced before.
        """
        tail = UncommittedTail()
        await self.restore.begin(self._ledger, tail)
        for tp in self._read:
            await self.restore.begin(tp.topic)
        return tail

    def read(self) -> dict[TopicPartition, int]:
        """Take in what has come; the answer is the offsets up to which it was."""
        taken: dict[TopicPartition, int] = {}
        while (batch := self._task.take_among(self._read)) is not None:
            tp, reading = batch.tp, self._read[batch.tp]
            known = self._store.rows.covered(tp.topic).high
            new = [record for record in batch.records if record.offset >= known]
            for record in new:
                record_kinds.hold(tp.topic, record.headers)
            if batch.next_offset > known:
                added = [row for record in new for row in reading(record.key or b"", record.value)]
                self._store.covers(tp.topic, known, batch.next_offset, batch.records[-1].timestamp, added)
            taken[tp] = batch.next_offset
        return taken

    async def current(self) -> None:
        """Until all is taken in that lay in those ledgers when this was called. Raises KafkaError.

        What the other direction did is written there before its request leaves: an event that the request caused comes after it.
        """
        if self._tps:
            await self._look()

    # -- how far back

    def needs(self, delivery: Delivery) -> float:
        """Milliseconds since which everything written has to be known before it can be decided whether *delivery* has been sent."""
        said: float = min(delivery.event.at, delivery.received)
        return said - self._margin - (0 if isinstance(delivery.event.operation, Post) else UNDATED)

    def knows(self, delivery: Delivery) -> bool:
        """Whether that is known."""
        since = self._posts_since if isinstance(delivery.event.operation, Post) else self._all_since
        return since == -inf or since <= self.needs(delivery)

    def is_beyond(self, delivery: Delivery) -> bool:
        """Whether *delivery* was said before all that the ledger still holds: nothing tells whether it was sent."""
        return delivery.event.at + self._margin < self._oldest

    def knows_since(self, at: float) -> bool:
        """Whether all is known of what was sent *at*, in ms by a target's clock, as far as it is remembered at all."""
        return self.whole or self.restore.since(self._ledger) <= self.sent_since(at)

    def sent_since(self, at: float) -> float:
        """Milliseconds by our clock: when, at the earliest, the intent was written of what a target has *at* that time."""
        return at - self._reach

    @property
    def whole(self) -> bool:
        """Whether there is nothing that it does not know."""
        return not self.restore.left

    def _moved(self) -> None:
        """The restore has made a step."""
        since = self.restore.since
        own = since(self._ledger)
        self._posts_since = max(own, since(self._imported)) if self._imported else own
        self._all_since = max(own, *(since(tp.topic) for tp in self._tps), -inf)
        self._oldest = self.restore.oldest(self._ledger)
        self._tell()

    def want(self, since: float = inf) -> None:
        """Somebody waits for what was written from then on, in ms; inf: nobody does."""
        self.restore.want(since)

    # -- rows

    def _own(self, key: bytes, value: bytes | None, offset: int) -> list[Any]:
        entry = self._entry(self._ledger, key, value, offset)
        if value is None or entry is None:
            return []
        if isinstance(entry, Intent) and not entry.does:
            # Nothing more is known of a message that is about to be sent.
            return as_rows([(key, packed(value, offset))])
        return as_rows([(key, packed(value, offset, entry)), *self._index.rows(key, entry)])

    def _is_known(self, record: Any) -> bool:
        if record.timestamp < self._store.rows.newest - self._store.rows.longest // 2 or read(record.value) is None:
            return True  # it may be forgotten; or it says nothing
        if foreign_records.of_entry(record.key or b""):
            return True  # it was not taken in
        return self._store.get((record.key or b"").decode("utf-8", "replace")) is not None

    def _arrived(self, key: bytes, value: bytes | None) -> list[Row]:
        """What a migration has put here is as good as delivered."""
        found = rows(self._index, key, value, self._imported)
        entry = read(value) if value is not None and not is_intent(value) else None
        if value is None or not isinstance(entry, Settled) or foreign_records.of_entry(key) is not None:
            return found
        return [(key, packed(value, 0, entry)), *found]

    def _named(self, key: bytes, value: bytes | None) -> list[Row]:
        return rows(self._index, key, value, self._tps[0].topic)

    def _entry(self, topic: str, key: bytes, value: bytes | None, offset: int) -> Entry | None:
        """None of what is deleted, and of what no role of ours has written."""
        if value is None:
            return None
        entry, why = read(value), foreign_records.of_entry(key)
        if entry is None or why is not None:
            foreign_records.note(STAGE, topic, None, offset, why or "unreadable")
            return None
        return entry

    async def _catch_up(self) -> None:
        for tp in self._tps:
            await self._task.catch_up(tp)


def _source_rows(reading: Reading) -> Callable[[bytes, bytes | None, int], list[Any]]:
    return lambda key, value, _: as_rows(reading(key, value))


def rows(index: MessageIndex, key: bytes, value: bytes | None, topic: str = "") -> list[Pair]:
    """What one record of another target's ledger, in *topic*, adds."""
    if value is None or (is_intent(value) and b'"does"' not in value):
        return []  # nearly half of them: of a message that is about to be sent, nothing is known yet
    entry, why = read(value), foreign_records.of_entry(key)
    if entry is None or why is not None:
        foreign_records.note(STAGE, topic, None, None, why or "unreadable")
        return []
    return list(index.rows(key, entry))


def read(value: bytes | None) -> Entry | None:
    try:
        return load(value) if value is not None else None
    except msgspec.DecodeError as error:
        log.warning("entry of a ledger is unreadable", error=str(error))
        return None
