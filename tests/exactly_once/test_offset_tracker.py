"""How far an input may be committed: to the first record that is not settled, and no further."""

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from streams.exactly_once.offset_tracker import OffsetTracker


def tracker() -> OffsetTracker:
    return OffsetTracker(TopicPartition("deliveries", 3), live=True)


def test_a_new_one_has_read_nothing() -> None:
    one, backfill = tracker(), OffsetTracker(TopicPartition("backfill", 3), live=False)
    assert one.committable() is None
    assert (one.tp, one.live, one.open, one.parked, len(one.unread)) == (TopicPartition("deliveries", 3), True, 0, 0, 0)
    assert not backfill.live


def test_what_is_open_holds_back_what_is_settled_behind_it() -> None:
    one = tracker()
    for offset in (5, 6, 9):  # offsets between them are those of markers of transactions
        one.read(offset)
    assert (one.committable(), one.open) == (5, 3)
    one.settle([6, 9])
    assert (one.committable(), one.open) == (5, 1)
    one.settle([5])
    assert (one.committable(), one.open) == (10, 0)


def test_behind_the_last_one_that_is_settled_comes_the_first_that_is_not() -> None:
    one = tracker()
    for offset in (5, 9, 12):
        one.read(offset)
    one.settle([5])
    assert one.committable() == 9, "the next record, not the next number"
    one.settle([9])
    assert one.committable() == 12


def test_what_was_committed_does_not_come_back() -> None:
    one = tracker()
    one.read(5)
    one.settle([5])
    assert one.committable() == one.committable() == 6
    one.read(6)
    assert one.committable() == 6
    one.settle([6])
    assert one.committable() == 7


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12), st.data())
def test_in_whatever_order_they_are_settled(steps: list[int], data: st.DataObject) -> None:
    one, offsets = tracker(), [sum(steps[: number + 1]) for number in range(len(steps))]
    for offset in offsets:
        one.read(offset)
    left = set(offsets)
    for offset in data.draw(st.permutations(offsets)):
        left.discard(offset)
        one.settle([offset])
        assert one.committable() == (min(left) if left else offsets[-1] + 1)
        assert one.open == len(left)
