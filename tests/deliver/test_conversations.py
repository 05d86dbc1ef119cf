"""Queues and offsets against a model that is a list: whatever the order of ends, order is kept and nothing is skipped."""

from aiokafka import TopicPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from converters.core.model import conversation_key
from streams.deliver.conversations import Conversations, OpenEvent
from streams.deliver.ledger_schema import Intent
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from tests.deliver.worker import delivery


class Partition(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.real, self.lane = Conversations(1000), OffsetTracker(TopicPartition("t", 0), live=True)
        self.next = 10
        self.read: list[int] = []
        self.waiting: dict[bytes, list[OpenEvent]] = {}
        self.ended: list[OpenEvent] = []
        self.settled: set[int] = set()

    def _read(self, gap: int) -> int:
        # Compaction and markers leave gaps between offsets.
        offset, self.next = self.next + gap, self.next + gap + 1
        self.lane.read(offset)
        self.read.append(offset)
        return offset

    @rule(who=st.integers(0, 3), gap=st.integers(0, 2))
    def admit(self, who: int, gap: int) -> None:
        one = delivery(f"bob{who}", "hi", str(self.next))
        key = conversation_key(one.event.conversation)
        event = OpenEvent(self.lane, self._read(gap), key, OutputRecord(None, None, []), one)
        queue = self.waiting.setdefault(key, [])
        assert self.real.admit(event) == (not queue)
        queue.append(event)

    @rule(gap=st.integers(0, 2))
    def read_what_needs_nothing(self, gap: int) -> None:
        offset = self._read(gap)
        self.lane.settle([offset])
        self.settled.add(offset)

    @precondition(lambda self: any(self.waiting.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, queue in self.waiting.items() if queue)))
        event = self.waiting[key].pop(0)
        following = self.real.end(event)
        assert following is (self.waiting[key][0] if self.waiting[key] else None)
        self.ended.append(event)

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def write_down(self, data: st.DataObject) -> None:
        event = self.ended.pop(data.draw(st.integers(0, len(self.ended) - 1)))
        self.lane.settle([event.offset])
        self.real.forget(event)
        self.settled.add(event.offset)

    @invariant()
    def what_is_committed_is_exactly_what_is_settled_without_a_gap(self) -> None:
        open_ = [offset for offset in self.read if offset not in self.settled]
        expected = min(open_) if open_ else (self.next if self.read else None)
        assert self.lane.committable() == expected
        assert self.lane.open == len(open_)

    @invariant()
    def an_event_is_known_until_its_end_is_written_down(self) -> None:
        events = [*(one for queue in self.waiting.values() for one in queue), *self.ended]
        assert len(self.real.events) == len(events)
        assert all(self.real.events[one.delivery.event.id] is one for one in events)


TestPartition = Partition.TestCase
TestPartition.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def _said(lane: OffsetTracker, number: int, at: int, source: str = "old") -> OpenEvent:
    one = delivery("bob", str(number), str(number))
    one = structs.replace(one, event=structs.replace(one.event, at=at, source=source))
    return OpenEvent(lane, number, conversation_key(one.event.conversation), OutputRecord(None, None, []), one)


def _order(*said: OpenEvent, held: bool = False) -> list[int]:
    queue = Conversations(1000)
    for number, event in enumerate(said):
        queue.admit(event)
        said[0].held = held and number < len(said)
    order: list[int] = []
    following: OpenEvent | None = queue.head(said[0])
    while following is not None:
        order.append(following.offset)
        following = queue.end(following)
    return order


def test_what_was_said_before_goes_before_as_long_as_the_other_has_not_left() -> None:
    lane = OffsetTracker(TopicPartition("t", 0), live=True)
    times = (100, 300, 200, 400, 150)
    assert _order(*(_said(lane, number, at) for number, at in enumerate(times))) == [0, 4, 2, 1, 3]
    late = (300, 100, 200)  # the first one is under way
    assert _order(*(_said(lane, number, at) for number, at in enumerate(late))) == [0, 1, 2]
    assert _order(*(_said(lane, number, at) for number, at in enumerate(late)), held=True) == [1, 2, 0]


def test_what_was_said_at_once_or_elsewhere_keeps_the_order_of_its_coming() -> None:
    live, backfill = OffsetTracker(TopicPartition("t", 0), live=True), OffsetTracker(TopicPartition("b", 0), live=False)
    assert _order(*(_said(live, number, 100) for number in range(4))) == [0, 1, 2, 3]
    assert _order(_said(live, 0, 100), _said(live, 1, 300), _said(live, 2, 200, "another")) == [0, 1, 2]
    assert _order(_said(live, 0, 100), _said(live, 1, 300), _said(backfill, 2, 200)) == [0, 1, 2]
    doubtful = _said(live, 1, 300)
    doubtful.doubt = Intent(target="new", at=1)
    assert _order(_said(live, 0, 100), doubtful, _said(live, 2, 200)) == [0, 1, 2]


def test_an_event_that_another_one_claims_leaves_the_queue_in_which_it_stood() -> None:
    """Whose doing it is may show only at its turn: by then its delivery is another one's, of another source."""
    conversations, lane = Conversations(1000), OffsetTracker(TopicPartition("t", 0), live=True)
    one = delivery("bob", "hi", "1")
    event = OpenEvent(lane, 0, b"k", OutputRecord(None, None, []), one)
    assert conversations.admit(event)
    event.delivery = structs.replace(one, event=structs.replace(one.event, sender="mallory"))
    assert conversations.end(event) is None
    assert not conversations.by(event.source)
