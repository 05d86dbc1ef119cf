"""Which messages a later bundle brings: none is decided about twice, and none is passed over that can still be put there."""

import pytest

from converters.core.model import Event, direct
from streams.migrate.records import SAME, Progress, decided
from streams.migrate.undecided import undecided
from tests.migrate.bundles import said

AT = 1_790_000_000_000


def event(number: int, at: int) -> Event:
    return said(direct("ann", "bob"), "ann", number, AT + at, "hello")


def carried(*events: Event) -> Progress:
    progress = Progress()
    for one in events:
        progress = decided(progress, one.id, one.at, "in", 0, count=progress.count + 1)
    return progress


def left(progress: Progress, *events: Event) -> tuple[list[Event], int]:
    """(what is still to be decided about, how many are told to be older)."""
    older = [0]
    found = [one for _, one in undecided(events, progress, older.append)]
    return found, max(older)


ONE, TWO, THREE, FOUR = event(1, 0), event(2, 5), event(3, 5), event(4, 5)
NEXT = event(9, 6)


def test_a_conversation_that_is_new_is_taken_whole() -> None:
    assert left(Progress(), ONE, TWO) == ([ONE, TWO], 0)


@pytest.mark.parametrize("bundle", [(ONE, TWO, THREE, NEXT), (THREE, NEXT), (TWO, THREE, NEXT)], ids=["whole", "increment", "overlapping"])
def test_what_shares_its_millisecond_with_the_last_one_follows_it(bundle: tuple[Event, ...]) -> None:
    assert left(carried(ONE, TWO), *bundle) == ([THREE, NEXT], 0)


@pytest.mark.parametrize("bundle", [(ONE, TWO, THREE), (TWO, THREE), (THREE,), (TWO,), (ONE,), ()])
def test_what_was_decided_about_is_not_again(bundle: tuple[Event, ...]) -> None:
    assert left(carried(ONE, TWO, THREE), *bundle) == ([], 0)


def test_it_follows_also_where_the_later_bundle_has_it_before_the_last_one() -> None:
    assert left(carried(ONE, TWO, THREE), ONE, TWO, FOUR, THREE, NEXT) == ([FOUR, NEXT], 0)


def test_what_is_earlier_is_told_once_and_not_taken() -> None:
    between = event(7, 3)
    assert left(carried(ONE, TWO, THREE), ONE, between, TWO, FOUR, THREE) == ([FOUR], 1)
    assert left(carried(ONE, THREE), between, THREE, FOUR) == ([FOUR], 0), "whether it was decided about cannot be told of a part"


def test_of_a_release_that_did_not_tell_only_what_follows_the_last_one_is_taken() -> None:
    old = Progress(last=THREE.id, at=THREE.at, count=3)
    assert left(old, ONE, TWO, THREE, FOUR, NEXT) == ([FOUR, NEXT], 0)
    assert left(old, ONE, TWO, FOUR, THREE, NEXT) == ([NEXT], 1)
    assert left(old, TWO, NEXT) == ([NEXT], 0)


def test_times_of_whole_seconds_are_told_apart_up_to_a_bound() -> None:
    many = [event(number, 5) for number in range(100, 100 + SAME + 1)]
    assert carried(*many).beside == tuple(one.id for one in many[:-1])
    more = event(800, 5)
    progress = carried(*many, more)
    assert progress.beside is None
    assert left(progress, *many, more, event(801, 5), NEXT) == ([event(801, 5), NEXT], 0)
    assert carried(*many, more, NEXT).beside == ()
