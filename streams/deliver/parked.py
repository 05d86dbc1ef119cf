"""What is read of a flood and cannot have its turn soon: it waits beside the window, and the others are read on."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from aiokafka import ConsumerRecord

from streams.deliver.conversations import Conversations
from streams.exactly_once.offset_tracker import OffsetTracker

OVERHEAD = 500
"""Bytes that a record takes beside its own."""


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
    """Records of one partition's live lane for which there is no room among the open *events*, each conversation in its order."""

    def __init__(self, events: Conversations, room: ParkingBudget) -> None:
        self._open = events
        self._room = room
        self.count = 0
        self._queues: dict[bytes, deque[ParkedRecord]] = {}
        self._blocked: dict[str, dict[bytes, None]] = {}
        """Conversations that wait for room of their source."""
        self._crowded: dict[bytes, None] = {}
        """Conversations that wait for room in the window."""
        self._look: dict[bytes, None] = {}
        """Conversations that may have their turn now."""
        self._size = 0

    def __contains__(self, key: bytes) -> bool:
        """Whether records of that conversation wait."""
        return key in self._queues

    @property
    def room(self) -> bool:
        return self._room.left

    def park(self, lane: OffsetTracker, key: bytes, record: ConsumerRecord, source: str) -> None:
        queue = self._queues.setdefault(key, deque())
        queue.append(ParkedRecord(record, source))
        if len(queue) == 1:
            self._look[key] = None
        lane.parked += 1
        self.count += 1
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
            while queue and self._open.has_room(key, queue[0].source):
                record, source = queue.popleft()
                if not queue:
                    del self._queues[key]
                lane.parked -= 1
                self.count -= 1
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
