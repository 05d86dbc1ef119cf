"""An input of a task: what was read of it and not admitted yet, and the offset up to which all is settled."""

from collections import deque
from collections.abc import Iterable

from aiokafka import ConsumerRecord, TopicPartition


class OffsetTracker:
    """*live* goes before what is not: history and replays get what is left."""

    def __init__(self, tp: TopicPartition, *, live: bool) -> None:
        self.tp = tp
        self.live = live
        self.unread: deque[ConsumerRecord] = deque()
        self.open = 0
        """Its events that are admitted and not settled."""
        self.parked = 0
        """Those of them that wait beside the window."""
        self._rows: deque[int] = deque()
        self._settled: set[int] = set()
        self._next: int | None = None

    def read(self, offset: int) -> None:
        """A record at *offset* was admitted; it must be settled before anything behind it can be committed."""
        self._rows.append(offset)
        self._next = offset + 1
        self.open += 1

    def settle(self, offsets: Iterable[int]) -> None:
        """What lay at *offsets* needs nothing more, once the transaction that says so is committed."""
        for offset in offsets:
            self._settled.add(offset)
            self.open -= 1

    def committable(self) -> int | None:
        """The offset before which everything is settled. None if nothing was read."""
        rows, settled = self._rows, self._settled
        while rows and rows[0] in settled:
            settled.remove(rows.popleft())
        return rows[0] if rows else self._next
