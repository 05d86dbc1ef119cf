"""Queues and offsets against a model that is a list: whatever the order of ends, order is kept and nothing is skipped."""

import pytest
from aiokafka import TopicPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec import structs

from converters.core.bodies import Text
from converters.core.model import Echo, conversation_key
from converters.core.operations import Operation, Post, Presence, Quote, Ref
from converters.core.outcome import Delivered
from streams.deliver.conversations import Conversations, OpenEvent, begun
from streams.deliver.ledger_schema import Intent
from streams.deliver.protocol import EventState
from streams.exactly_once.offset_tracker import OffsetTracker
from streams.exactly_once.producers import OutputRecord
from streams.ingress.record import SILENT
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


@pytest.mark.parametrize("number", [1, 2])
def test_what_is_no_message_keeps_its_place_and_its_neighbours_theirs(number: int) -> None:
    """A recall or a receipt means the message before it."""
    lane = OffsetTracker(TopicPartition("t", 0), live=True)
    said = [_said(lane, at, at) for at in (100, 300, 200)]
    event = said[number].delivery.event
    said[number].delivery = structs.replace(said[number].delivery, event=structs.replace(event, operation=Presence(online=True)))
    assert _order(*said) == [100, 300, 200]


def test_an_event_that_another_one_claims_leaves_the_queue_in_which_it_stood() -> None:
    """Whose doing it is may show only at its turn: by then its delivery is another one's, of another source."""
    conversations, lane = Conversations(1000), OffsetTracker(TopicPartition("t", 0), live=True)
    one = delivery("bob", "hi", "1")
    event = OpenEvent(lane, 0, b"k", OutputRecord(None, None, []), one)
    assert conversations.admit(event)
    event.delivery = structs.replace(one, event=structs.replace(one.event, sender="mallory"))
    assert conversations.end(event) is None
    assert not conversations.by(event.source)


LIVE, BACKFILL = OffsetTracker(TopicPartition("t", 0), live=True), OffsetTracker(TopicPartition("b", 0), live=False)
RAW = OutputRecord(b"k", b"v", [])
ONE = delivery("bob", "hi", "1")


def test_of_an_event_that_begins_nothing_is_known_and_nothing_is_done() -> None:
    event = begun(LIVE, 7, RAW, ONE, None, 2.5)
    assert {name: getattr(event, name) for name in event.__struct_fields__} == {
        **dict.fromkeys(("unsure", "bare", "late", "held", "set_aside", "canary", "past", "in_vain"), False),
        **dict.fromkeys(("arrived", "does", "spent", "files"), ()),
        "rivals": [],
        "also": [],
        **dict.fromkeys(("attempts", "requests", "began"), 0),
        **dict.fromkeys(("outcome", "doubt", "whole"), None),
        "heard": {},
        "by": "reply",
        "patient": True,
        "state": EventState.QUEUED,
        "source": "old/alice",
        "noted": 2.5,
        "lane": LIVE,
        "offset": 7,
        "key": b"k",
        "raw": RAW,
        "delivery": ONE,
    }
    assert begun(LIVE, 7, OutputRecord(None, b"v", []), ONE, None, 0.0).key == b""


def test_what_an_earlier_owner_has_done_of_it_is_done() -> None:
    doubt = Intent(target="new", at=1, part=1, arrived=(Delivered("1"),))
    event = begun(LIVE, 7, RAW, ONE, doubt, 0.0)
    assert (event.doubt, event.arrived) == (doubt, (Delivered("1"),))


@pytest.mark.parametrize(
    ("lane", "past", "is_past", "silent"),
    [(LIVE, None, False, False), (BACKFILL, None, True, False), (LIVE, b"", True, False), (LIVE, SILENT, True, True)],
)
def test_what_is_past_is_not_live_and_what_is_silent_rings_nowhere(
    lane: OffsetTracker, past: bytes | None, is_past: bool, silent: bool
) -> None:
    event = begun(lane, 7, RAW, ONE, None, 0.0, past=past)
    assert (event.past, event.delivery) == (is_past, structs.replace(ONE, silent=silent))


@pytest.mark.parametrize(("canary", "of_us"), [(b"k", True), (b"", False), (b"other", False)])
def test_what_our_own_test_users_say_is_known_by_its_conversation(canary: bytes, of_us: bool) -> None:
    assert begun(LIVE, 7, RAW, ONE, None, 0.0, canary=canary).canary is of_us
    assert begun(LIVE, 7, OutputRecord(b"", b"v", []), ONE, None, 0.0, canary=canary).canary is False


@pytest.mark.parametrize(
    ("operation", "receiver", "plain"),
    [
        (Post(Text("hi")), "bob", True),
        (Post(Text("hi")), "", False),
        (Post(Text("hi"), quote=Quote(Ref("1", own=False), "before")), "bob", False),
        (Presence(online=True), "bob", False),
    ],
)
def test_most_are_messages_that_name_no_other(operation: Operation, receiver: str, plain: bool) -> None:
    one = structs.replace(ONE, receiver=receiver, event=structs.replace(ONE.event, operation=operation))
    assert begun(LIVE, 7, RAW, one, None, 0.0).is_plain is plain


def test_each_request_has_a_callback_of_its_own_and_the_last_one_that_of_the_whole() -> None:
    event = begun(LIVE, 7, RAW, ONE, None, 0.0)
    event.requests = 2
    first, second, whole = (Echo(event="e", target="new", remote_id=name, at=at) for name, at in (("1", 5), ("2", 6), ("3", 7)))
    assert [event.there(part) for part in (0, 1)] == [None, None]
    event.heard = {0: first, 1: second}
    assert [event.heard_of(part) for part in (0, 1, 2)] == [first, second, None]
    event.whole = whole
    assert [event.heard_of(part) for part in (0, 1, 2)] == [first, whole, None]
    assert [event.there(part) for part in (0, 1, 2)] == [Delivered("1", 5), Delivered("3", 7), None]


def test_an_event_goes_no_way_that_there_is_not() -> None:
    event = begun(LIVE, 7, RAW, ONE, None, 0.0)
    event.move(EventState.GATE)
    assert event.state is EventState.GATE
    event.state = EventState.ENDED
    with pytest.raises(AssertionError):
        event.move(EventState.QUEUED)


def filled(window: int, *open_: tuple[str, int]) -> Conversations:
    """With so many events open, all of a source in one conversation; a source is named as its conversation is."""
    conversations = Conversations(window)
    number = 0
    for who, count in open_:
        for _ in range(count):
            number += 1
            conversations.admit(OpenEvent(LIVE, number, who.encode(), RAW, delivery("bob", "hi", str(number)), who))
    return conversations


def test_a_conversation_may_have_a_sixteenth_of_the_window_and_a_source_a_quarter() -> None:
    one = filled(64, ("a", 3))
    assert one.has_room(b"a", "x")
    one = filled(64, ("a", 4))
    assert not one.has_room(b"a", "x")
    assert one.has_room(b"b", "a")
    assert (one.of(b"a"), one.of(b"b"), one.by("a"), one.by("b")) == (4, 0, 4, 0)
    assert filled(64, ("a", 15)).has_room(b"b", "a")
    assert not filled(64, ("a", 16)).has_room(b"b", "a")


def test_in_a_small_window_each_may_have_one() -> None:
    one = Conversations(2)
    assert one.has_room(b"a", "a")
    one = filled(2, ("a", 1))
    assert [one.has_room(key, source) for key, source in ((b"a", "b"), (b"b", "a"), (b"b", "b"))] == [False, False, True]


def test_who_has_next_to_nothing_open_comes_in_where_the_window_is_full() -> None:
    full = filled(64, ("a", 60), ("b", 3), ("c", 1))
    assert [full.has_room(key, source) for key, source in ((b"b", "x"), (b"x", "b"), (b"b", "a"), (b"a", "b"))] == [
        True,
        True,
        False,
        False,
    ]
    full = filled(64, ("a", 60), ("b", 4))
    assert [full.has_room(key, source) for key, source in ((b"b", "x"), (b"x", "b"), (b"x", "x"))] == [False, False, True]
    assert filled(64, ("a", 127)).has_room(b"x", "x")
    assert not filled(64, ("a", 128)).has_room(b"x", "x"), "twice its size is the end"


def test_a_source_without_open_events_is_forgotten() -> None:
    """There are as many as there are people: those of a day are not kept."""
    conversations = filled(64, ("a", 2))
    event = conversations.head(OpenEvent(LIVE, 0, b"a", RAW, ONE, "a"))
    following = conversations.end(event)
    assert following is not None
    assert (conversations.by("a"), conversations._by, list(conversations._queues)) == (1, {"a": 1}, [b"a"])
    assert conversations.end(following) is None
    assert (conversations._by, conversations._queues) == ({}, {})
    assert len(conversations.events) == 2, "until their ends are written down"
    for one in (event, following):
        conversations.forget(one)
    assert conversations.events == {}
