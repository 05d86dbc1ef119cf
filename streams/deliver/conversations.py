"""Events of a partition that are open, in a queue for each conversation."""

from collections import deque

from msgspec import Struct

from converters.model import Delivery, Echo
from converters.outcome import Outcome
from streams.deliver.lanes import Lane
from streams.deliver.ledger import Intent
from streams.exact.producers import Record


class Open(Struct):
    """An event that was read and has not ended."""

    lane: Lane
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
    also: list[tuple[Lane, int]] = []
    """Where the same event lies once more, in the other input."""


class Conversations:
    """At most one event of a conversation is on its way; the others wait behind it in the order in which they were read."""

    def __init__(self) -> None:
        self._queues: dict[bytes, deque[Open]] = {}
        self.events: dict[str, Open] = {}
        """By id: those that are open, and those that have ended and are not written down yet."""

    def __len__(self) -> int:
        return len(self.events)

    def admit(self, event: Open) -> bool:
        """Queue *event*; true if its conversation was idle, so that it is now the head."""
        self.events[event.delivery.event.id] = event
        queue = self._queues.get(event.key)
        if queue is None:
            self._queues[event.key] = deque((event,))
            return True
        queue.append(event)
        return False

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
