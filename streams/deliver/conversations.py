"""Events of a partition that are open: a queue for each conversation, and the offset up to which all is settled."""

from collections import deque

from msgspec import Struct

from converters.model import Delivery, Echo
from converters.outcome import Outcome
from streams.deliver.ledger import Intent
from streams.exact.producers import Record


class Open(Struct):
    """An event that was read and has not ended."""

    offset: int
    key: bytes
    raw: Record
    delivery: Delivery
    outcome: Outcome | None = None
    attempts: int = 0
    by: str = "reply"
    doubt: Intent | None = None
    """A request of an earlier owner, or of an earlier life of this one, of which nobody knows what became."""
    echo: Echo | None = None
    """The target's own callback, if it has come."""


class Conversations:
    """At most one event of a conversation is on its way; the others wait behind it in the order of their offsets."""

    def __init__(self) -> None:
        self._queues: dict[bytes, deque[Open]] = {}
        self._unsettled: deque[list[int | bool]] = deque()
        self._rows: dict[int, list[int | bool]] = {}
        self._next: int | None = None
        self.events: dict[str, Open] = {}
        """By id: those that are open, and those that have ended and are not written down yet."""

    def __len__(self) -> int:
        return len(self.events)

    def read(self, offset: int) -> None:
        """A record at *offset* was read; it must be settled before anything behind it can be committed."""
        row: list[int | bool] = [offset, False]
        self._unsettled.append(row)
        self._rows[offset] = row
        self._next = offset + 1

    def admit(self, event: Open) -> bool:
        """Queue *event*; true if its conversation was idle, so that it is now the head."""
        self.events[event.delivery.event.id] = event
        queue = self._queues.get(event.key)
        if queue is None:
            self._queues[event.key] = deque((event,))
            return True
        queue.append(event)
        return False

    def head(self, key: bytes) -> Open | None:
        queue = self._queues.get(key)
        return queue[0] if queue else None

    def end(self, event: Open) -> Open | None:
        """*event*, a head, has ended; the answer is the next one of its conversation."""
        queue = self._queues[event.key]
        assert queue[0] is event, "only the head of a conversation can end"
        queue.popleft()
        if not queue:
            del self._queues[event.key]
            return None
        return queue[0]

    def forget(self, event: Open) -> None:
        """The end of *event* is written down: from now on the ledger knows it."""
        del self.events[event.delivery.event.id]

    def settle(self, offset: int) -> None:
        """What lay at *offset* needs nothing more, once the transaction that says so is committed."""
        self._rows.pop(offset)[1] = True

    def settled(self) -> int | None:
        """The offset to commit: everything before it is settled. None if nothing was read."""
        rows = self._unsettled
        while rows and rows[0][1]:
            rows.popleft()
        return int(rows[0][0]) if rows else self._next
