"""Events of a partition that are open, in a queue for each conversation."""

from collections import deque

from msgspec import Struct, structs

from converters.core.model import Delivery, Echo
from converters.core.operations import Post
from converters.core.outcome import Delivered, Outcome
from streams.deliver.ledger_schema import Intent
from streams.deliver.protocol import EventState, moved
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.ingress.record import SILENT

FEW = 4
"""Events that every source may have open, however full the window is, up to twice its size."""


class OpenEvent(Struct):
    """An event that was read, until its end is written down."""

    lane: OffsetTracker
    offset: int
    key: bytes
    raw: OutputRecord
    delivery: Delivery
    source: str = ""
    """See `source_of`: of the first who said it, whoever is believed in the end."""
    state: EventState = EventState.QUEUED
    outcome: Outcome | None = None
    attempts: int = 0
    by: str = "reply"
    doubt: Intent | None = None
    """A request of an earlier owner, or of an earlier life of this one, of which nobody knows what became."""
    heard: dict[int, Echo] = {}
    """The target's own callbacks that have come, by which of the event's requests they tell of."""
    whole: Echo | None = None
    """The callback of the last of its requests."""
    requests: int = 0
    """How many it takes."""
    began: float = 0.0
    """The clock at the first attempt of the request in hand, or before it where an earlier owner made it."""
    unsure: bool = False
    """An attempt of the request in hand had no answer, and is repeated because the target knows it again; see *began*."""
    arrived: tuple[Delivered, ...] = ()
    """What came of its requests so far."""
    does: tuple[str, ...] = ()
    """See `ledger` entries: what it is about to do, where that bears no mark."""
    rivals: list[Delivery] = []
    """The same as others say that they do it: whose message it is shows when that is found."""
    bare: bool = False
    """What is sent for it bears no mark."""
    spent: tuple[str, ...] = ()
    """Which doings of our own it was; see `Naming.ours`."""
    late: bool = False
    """Something that was said after it was sent before it."""
    held: bool = False
    """A head that waits for what may have been said before it."""
    patient: bool = True
    """It may yet wait for the message that it names."""
    files: tuple[int, ...] = ()
    """Which of its files it waits for."""
    noted: float = 0.0
    """The clock when it was read."""
    set_aside: bool = False
    """It has let the others of its conversation pass while its files had not come."""
    canary: bool = False
    """The relay's own test users say it: no count of messages has it."""
    past: bool = False
    """It is not live: its time says nothing of how quick we are."""
    in_vain: bool = False
    """It names a message that is not at the target."""
    also: list[tuple[OffsetTracker, int]] = []
    """Where the same event lies once more, in the other input."""

    @property
    def is_plain(self) -> bool:
        """A message that names no other and has a receiver: most are."""
        operation = self.delivery.event.operation
        return isinstance(operation, Post) and operation.quote is None and bool(self.delivery.receiver)

    def move(self, to: EventState) -> None:
        self.state = moved(self.state, to)

    def heard_of(self, part: int) -> Echo | None:
        """The callback of that request of its own."""
        # What is done for a message beside it, before or after, is counted by us and not by its mark.
        return self.whole if part == self.requests - 1 and self.whole else self.heard.get(part)

    def there(self, part: int) -> Delivered | None:
        """What the target has called back about that request."""
        echo = self.heard_of(part) if self.heard else None
        return Delivered(echo.remote_id, echo.at) if echo is not None else None


def source_of(delivery: Delivery) -> str:
    """Who is behind it, as far as fairness goes: whoever said or did it, on his platform."""
    return f"{delivery.event.source}/{delivery.event.sender}"


def begun(
    lane: OffsetTracker,
    offset: int,
    raw: OutputRecord,
    delivery: Delivery,
    doubt: Intent | None,
    now: float,
    *,
    past: bytes | None = None,
    canary: bytes = b"",
) -> OpenEvent:
    """The event of *delivery*, which lies at *offset* in *lane* as *raw*, and is admitted *now*, by the clock of leases.

    *past*: what its header of that name says; *canary*: see `App`.
    """
    if past == SILENT:
        delivery = structs.replace(delivery, silent=True)
    arrived = doubt.arrived if doubt is not None else ()
    return OpenEvent(
        lane,
        offset,
        raw.key or b"",
        raw,
        delivery,
        source_of(delivery),
        doubt=doubt,
        arrived=arrived,
        past=past is not None or not lane.live,
        noted=now,
        canary=bool(canary) and raw.key == canary,
    )


class Conversations:
    """At most one event of a conversation is on its way; the others wait behind it in the order in which they were read.

    A conversation may have a sixteenth of the *window* open, a source a quarter: more would go no sooner, since each conversation sends one
    after the other. Who has next to nothing open comes in even where the window is full.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._conversation, self._source = max(1, window // 16), max(1, window // 4)
        self._queues: dict[bytes, deque[OpenEvent]] = {}
        self.events: dict[str, OpenEvent] = {}
        """By id: those that are open, and those that have ended and are not written down yet."""
        self._by: dict[str, int] = {}

    def of(self, key: bytes) -> int:
        """How many events of the conversation are in its queue."""
        return len(self._queues.get(key, ()))

    def by(self, source: str) -> int:
        """How many events of the source are in queues."""
        return self._by.get(source, 0)

    def has_room(self, key: bytes, source: str) -> bool:
        """Whether one more event of that conversation and source may be open."""
        conversation, of_source, all_ = len(self._queues.get(key, ())), self._by.get(source, 0), len(self.events)
        if all_ >= self._window:
            return conversation < FEW and of_source < FEW and all_ < 2 * self._window
        return conversation < self._conversation and of_source < self._source

    def admit(self, event: OpenEvent) -> bool:
        """Queue *event*; true if its conversation was idle, so that it is now the head."""
        self.events[event.delivery.event.id] = event
        self._by[event.source] = self._by.get(event.source, 0) + 1
        queue = self._queues.get(event.key)
        if queue is None:
            self._queues[event.key] = deque((event,))
            return True
        queue.append(event)
        place = len(queue) - 1
        while place > 0 and _goes_before(event, queue[place - 1], head=place == 1):
            queue[place], queue[place - 1] = queue[place - 1], event
            place -= 1
        return False

    def head(self, event: OpenEvent) -> OpenEvent:
        """The one whose turn it is in the conversation of *event*."""
        return self._queues[event.key][0]

    def end(self, event: OpenEvent) -> OpenEvent | None:
        """*event*, a head, has ended; the answer is the next one of its conversation."""
        queue = self._queues[event.key]
        assert queue[0] is event, "only the head of a conversation can end"
        queue.popleft()
        if not queue:
            del self._queues[event.key]
        if self._by[event.source] > 1:
            self._by[event.source] -= 1
        else:
            del self._by[event.source]
        return queue[0] if queue else None

    def forget(self, event: OpenEvent) -> None:
        """The end of *event* is written down: from now on the ledger knows it."""
        del self.events[event.delivery.event.id]


def _goes_before(event: OpenEvent, other: OpenEvent, *, head: bool) -> bool:
    """Whether *other*, which came first, was said after *event* and has not left. Clocks of two platforms are not compared."""
    one, two = event.delivery.event, other.delivery.event
    if head and not other.held:
        return False
    return (
        one.at < two.at
        and one.source == two.source
        and event.lane is other.lane
        and other.doubt is None
        and isinstance(one.operation, Post)
        and isinstance(two.operation, Post)
    )
