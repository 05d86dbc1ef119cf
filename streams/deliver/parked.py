"""What is read of a flood and cannot have its turn soon: it waits beside the window, and the others are read on."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import ConsumerRecord

from streams.deliver.conversations import Conversations
from streams.exactly_once.offset_tracker import OffsetTracker

OVERHEAD = 500
"""Bytes that a record takes beside its own."""
FEW = 4
"""Events that every source may have open, however full the window is, up to twice its size."""


class ParkingBudget:
    """Bytes of what is parked, for all partitions of a worker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @property
    def left(self) -> bool:
        return self.taken < self._most


class ParkedRecord(NamedTuple):
    record: ConsumerRecord
    source: str


class ParkedRecords:
    """Records of one partition's live lane, each conversation in its order.

    A conversation may have a sixteenth of the *window* open, a source a quarter: more would go no sooner, since each conversation sends one
    after the other. Who has next to nothing open comes in even where the window is full.
    """

    def __init__(self, events: Conversations, window: int, room: ParkingBudget) -> None:
        self._open = events
        self._window = window
        self._conversation, self._source = max(1, window // 16), max(1, window // 4)
        self._room = room
        self._queues: dict[bytes, deque[ParkedRecord]] = {}
        self._blocked: dict[str, dict[bytes, None]] = {}
        """Conversations that wait for room of their source."""
        self._crowded: dict[bytes, None] = {}
        """Conversations that wait for room in the window."""
        self._look: dict[bytes, None] = {}
        """Conversations that may have their turn now."""
        self._size = self._records = 0

    def __len__(self) -> int:
        return self._records

    @property
    def room(self) -> bool:
        return self._room.left

    def must_wait(self, key: bytes, source: str) -> bool:
        """Whether an event of the conversation *key* has to be parked."""
        return key in self._queues or not self._fits(key, source)

    def _fits(self, key: bytes, source: str) -> bool:
        conversation, of_source, all_ = self._open.of(key), self._open.by(source), len(self._open)
        if all_ >= self._window:
            return conversation < FEW and of_source < FEW and all_ < 2 * self._window
        return conversation < self._conversation and of_source < self._source

    def park(self, lane: OffsetTracker, key: bytes, record: ConsumerRecord, source: str) -> None:
        queue = self._queues.setdefault(key, deque())
        queue.append(ParkedRecord(record, source))
        if len(queue) == 1:
            self._look[key] = None
        lane.parked += 1
        self._records += 1
        self._count(_size(record))

    def freed(self, key: bytes, source: str) -> None:
        """An event of that conversation and source has left its queue, or the window."""
        if key in self._queues:
            self._look[key] = None
        for line in (self._blocked.get(source, {}), self._crowded):
            if line:
                self._look[next(iter(line))] = None

    def ready(self, lane: OffsetTracker) -> Iterator[ConsumerRecord]:
        """Those that have their turn now; each has to be admitted before the next one is asked for."""
        while self._look:
            key = next(iter(self._look))
            del self._look[key]
            queue = self._queues.get(key)
            while queue and self._fits(key, queue[0].source):
                record, source = queue.popleft()
                if not queue:
                    del self._queues[key]
                lane.parked -= 1
                self._records -= 1
                self._count(-_size(record))
                self._unblock(source, key)
                yield record
                queue = self._queues.get(key)
            self._crowded.pop(key, None)
            if queue and not self._open.of(key):  # else it is looked at when one of its own has ended
                if self._open.by(queue[0].source):
                    self._blocked.setdefault(queue[0].source, {})[key] = None
                else:
                    self._crowded[key] = None

    def _unblock(self, source: str, key: bytes) -> None:
        blocked = self._blocked.get(source)
        if blocked is not None:
            blocked.pop(key, None)
            if not blocked:
                del self._blocked[source]

    def close(self) -> None:
        """The partition is let go: what waits is read again by the next owner."""
        self._count(-self._size)

    def _count(self, size: int) -> None:
        self._size += size
        self._room.taken += size


def _size(record: ConsumerRecord) -> int:
    return len(record.value or b"") + len(record.key or b"") + OVERHEAD
