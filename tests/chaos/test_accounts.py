"""A checker that cannot fail proves nothing: each fault is planted, and must be found and named, and nothing else with it."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.accounts import KINDS, Account, Arrived, Books, Said, check

LANES = ("a & b", "group team", "c & d")
SAID = [Said(f"yunxin:old:direct:{number}:post", LANES[number % 3], "a", f"text {number}") for number in range(60)]
CALM = Books({one.event: "delivered" for one in SAID}, Counter(), Counter())


def arrived() -> list[Arrived]:
    return [Arrived(one.event, one.lane, one.sender, one.text, f"#{place}") for place, one in enumerate(SAID)]


def kinds(account: Account) -> set[str]:
    return set(account.anomalies())


def test_a_clean_run_has_no_anomalies() -> None:
    account = check(SAID, arrived(), CALM)
    assert not account.anomalies()
    assert (account.said, account.arrived) == (60, 60)
    assert set(KINDS) < set(Account._fields)


@given(st.integers(0, 59))
def test_what_did_not_arrive_is_lost_and_a_phantom_of_the_ledger(place: int) -> None:
    there = arrived()
    gone = there.pop(place)
    account = check(SAID, there, CALM)
    assert account.anomalies() == {"lost": [gone.event], "phantom": [gone.event]}


def test_nobody_is_owed_what_the_platform_gave_up() -> None:
    books = CALM._replace(ledger={one.event: "delivered" for one in SAID[1:]})
    assert not check(SAID, arrived()[1:], books, {SAID[0].event}).anomalies()


def test_a_dead_letter_is_named_as_such_and_not_as_lost() -> None:
    ledger = {**CALM.ledger, SAID[0].event: "refused"}
    account = check(SAID, arrived()[1:], CALM._replace(ledger=ledger, buried={SAID[0].event}))
    assert account.anomalies() == {"buried": [SAID[0].event]}


@given(st.integers(0, 59), st.integers(0, 60))
def test_what_arrived_twice_is_a_duplicate_and_not_out_of_order(place: int, where: int) -> None:
    there = arrived()
    again = there[place]._replace(where="again")
    there.insert(max(where, place + 1), again)
    account = check(SAID, there, CALM)
    assert kinds(account) == {"duplicate", "unaccounted"}
    assert len(account.duplicate) == 1
    assert again.event in account.duplicate[0]
    assert account.unseen == [again.event]


def test_a_duplicate_that_was_in_doubt_is_accounted_for_and_still_a_duplicate() -> None:
    event = SAID[7].event
    books = CALM._replace(opened=Counter({event: 1}), settled=Counter({(event, "resent"): 1}), known_twice={event})
    account = check(SAID, [*arrived(), arrived()[7]], books)
    assert kinds(account) == {"duplicate"}
    assert not account.unseen


@given(st.integers(0, 56))
def test_two_neighbours_of_a_conversation_that_change_places_are_out_of_order(place: int) -> None:
    there = arrived()
    there[place], there[place + 3] = there[place + 3], there[place]
    account = check(SAID, there, CALM)
    assert kinds(account) == {"out_of_order"}
    assert len(account.out_of_order) == 1
    assert account.out_of_order[0].startswith(SAID[place].event)


@given(st.integers(0, 56), st.booleans())
def test_what_comes_behind_a_later_one_is_late_if_it_says_so_and_out_of_order_if_not(place: int, marked: bool) -> None:
    said = [one._replace(at=number) for number, one in enumerate(SAID)]
    there = arrived()
    there[place], there[place + 3] = there[place + 3], there[place]._replace(late=marked)
    account = check(said, there, CALM, shuffled=True)
    assert kinds(account) == ({"late"} if marked else {"out_of_order"})
    assert not account.anomalies("late" if marked else "out_of_order")


@given(st.integers(0, 59))
def test_what_says_that_it_is_late_and_is_not_is_mismarked(place: int) -> None:
    there = arrived()
    there[place] = there[place]._replace(late=True)
    assert check(SAID, there, CALM).anomalies() == {"mismarked": [f"{SAID[place].event} at #{place}"]}


@pytest.mark.parametrize(("shuffled", "found"), [(True, set()), (False, {"out_of_order"})])
def test_of_what_was_said_in_the_same_instant_only_callbacks_in_order_tell_the_order(shuffled: bool, found: set[str]) -> None:
    there = arrived()
    there[6], there[9] = there[9], there[6]
    assert kinds(check([one._replace(at=7) for one in SAID], there, CALM, shuffled=shuffled)) == found


@given(st.permutations(LANES))
def test_conversations_do_not_order_each_other(order: list[str]) -> None:
    there = [one for lane in order for one in arrived() if one.lane == lane]
    assert not check(SAID, there, CALM).anomalies()


def test_the_two_directions_of_a_conversation_do_not_order_each_other() -> None:
    back = [Said(f"easemob:new:direct:{number}:post", "a & b", "b", "no") for number in range(9)]
    says = [*SAID, *back]
    there = [Arrived(one.event, one.lane, one.sender, one.text, "") for one in [*back, *SAID]]
    assert not check(says, there, CALM._replace(ledger={one.event: "delivered" for one in says})).anomalies()


@pytest.mark.parametrize("wrong", [{"text": "other"}, {"lane": "x & y"}, {"sender": "mallory"}])
def test_other_words_another_conversation_and_another_sender_are_changes(wrong: dict[str, Any]) -> None:
    there = arrived()
    there[5] = there[5]._replace(**wrong)
    assert kinds(check(SAID, there, CALM)) == {"changed"}


def test_what_was_never_said_is_invented() -> None:
    account = check(SAID, [*arrived(), Arrived("yunxin:old:direct:999:post", "a & b", "a", "boo", "#60")], CALM)
    assert kinds(account) == {"invented"}


def test_a_doubt_without_an_end_is_named_and_the_sums_agree() -> None:
    first, second, third = (one.event for one in SAID[:3])
    books = Books(
        ledger={**CALM.ledger, first: "intent"},
        opened=Counter({first: 2, second: 1, third: 3}),
        settled=Counter({(second, "echo"): 1, (third, "resent"): 1, (third, "lookup"): 1}),
    )
    account = check(SAID, arrived(), books)
    assert account.open_doubts == [first]
    assert account.unwritten == [first]
    doubts = account.doubts
    assert doubts == (6, 1, 1, 1, 0, 2, 1)
    assert doubts.opened == doubts.echo + doubts.lookup + doubts.resent + doubts.held + doubts.handed_on + doubts.still_open


def test_more_ends_than_beginnings_do_not_add_up() -> None:
    event = SAID[0].event
    books = CALM._replace(opened=Counter({event: 1}), settled=Counter({(event, "echo"): 1, (event, "resent"): 1}))
    assert kinds(check(SAID, arrived(), books)) == {"unaccounted"}


def test_a_relay_that_believes_in_a_duplicate_that_is_none_is_told_so() -> None:
    assert kinds(check(SAID, arrived(), CALM._replace(known_twice={SAID[3].event}))) == {"falsely_known"}


def test_what_the_ledger_says_of_operations_is_not_about_messages() -> None:
    ledger = {**CALM.ledger, "yunxin:old:direct:1:recall": "delivered"}
    assert not check(SAID, arrived(), CALM._replace(ledger=ledger)).anomalies()


def test_what_is_there_and_not_in_the_ledger_is_unwritten() -> None:
    ledger = {**CALM.ledger, SAID[4].event: "intent"}
    assert kinds(check(SAID, arrived(), CALM._replace(ledger=ledger))) == {"unwritten"}
