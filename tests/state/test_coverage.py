"""Which offsets are taken in: arithmetic that decides what is read again, and what is believed."""

from hypothesis import given
from hypothesis import strategies as st

from streams.state.coverage import Coverage, Interval, dump, load

stretches = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)


def offsets(covered: Coverage) -> set[int]:
    return {offset for one in covered.intervals for offset in range(one.low, one.high)}


@given(st.lists(st.tuples(stretches, st.booleans()), max_size=12))
def test_it_is_a_set_of_offsets(steps: list[tuple[list[int], bool]]) -> None:
    covered, expected = Coverage(), set[int]()
    for (low, high), added in steps:
        covered = covered.add(low, high, low) if added else covered.without(low, high)
        expected = expected | set(range(low, high)) if added else expected - set(range(low, high))
    assert offsets(covered) == expected
    lows = [one.low for one in covered.intervals]
    assert lows == sorted(lows, reverse=True)
    assert all(two.high < one.low for one, two in zip(covered.intervals, covered.intervals[1:], strict=False)), "no two touch"
    assert load(dump(covered)) == covered


@given(st.lists(stretches, max_size=8), stretches)
def test_gaps_are_what_is_missing_the_newest_first(added: list[list[int]], asked: list[int]) -> None:
    covered = Coverage()
    for low, high in added:
        covered = covered.add(low, high, 0)
    gaps = covered.gaps(*asked)
    assert [set(range(*gap)) for gap in gaps] == [set(range(*gap)) for gap in sorted(gaps, reverse=True)]
    missing = {offset for gap in gaps for offset in range(*gap)}
    assert missing == set(range(*asked)) - offsets(covered)


def test_what_is_added_below_is_known_since_its_own_time() -> None:
    covered = Coverage().add(10, 20, 1000).add(5, 10, 500)
    assert covered.intervals == (Interval(5, 20, 500),)


def test_what_is_added_on_top_is_known_since_what_lay_below() -> None:
    covered = Coverage().add(10, 20, 1000).add(20, 30, 2000)
    assert covered.top == Interval(10, 30, 1000)
