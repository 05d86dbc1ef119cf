"""Queues and offsets against a model that is a list: whatever the order of ends, order is kept and nothing is skipped."""

from aiokafka import TopicPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from converters.model import conversation_key
from streams.deliver.conversations import Conversations, Open
from streams.deliver.lanes import Lane
from streams.exact.producers import Record
from tests.deliver.worker import delivery


class Partition(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.real, self.lane = Conversations(), Lane(TopicPartition("t", 0), live=True)
        self.next = 10
        self.read: list[int] = []
        self.waiting: dict[bytes, list[Open]] = {}
        self.ended: list[Open] = []
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
        event = Open(self.lane, self._read(gap), key, Record(None, None, []), one)
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
        assert len(self.real) == len(events)
        assert all(self.real.events[one.delivery.event.id] is one for one in events)


TestPartition = Partition.TestCase
TestPartition.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
