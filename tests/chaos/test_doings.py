"""Faults of operations are planted, and must be found and named, and nothing else with them."""

import pytest

from tests.doings import Done, Findings, Seen, check

OTHER = {"yunxin": "easemob", "easemob": "yunxin"}
DONE = [Done("recall", "m1", "yunxin"), Done("edit", "m2", "easemob", "new"), Done("read", "m3", "easemob"), Done("read", "m4", "yunxin")]
SEEN = [Seen("recall", "m1", "easemob"), Seen("edit", "m2", "yunxin", "new"), Seen("read", "m3", "yunxin")]
UNCARRIED = {("read", "yunxin")}


def found(seen: list[Seen], deaths: int = 0) -> Findings:
    return check(DONE, seen, OTHER, deaths=deaths, uncarried=UNCARRIED)


def wrong(findings: Findings) -> set[str]:
    return {name for name in ("missing", "came_back", "strange", "repeated") if getattr(findings, name)}


def test_a_clean_run_has_no_complaints() -> None:
    findings = found(SEEN)
    assert not findings.complaints()
    assert findings.done == {"recall": 1, "edit": 1, "read": 1}


@pytest.mark.parametrize("place", range(3))
def test_what_did_not_arrive_is_missing(place: int) -> None:
    findings = found(SEEN[:place] + SEEN[place + 1 :])
    assert wrong(findings) == {"missing"}
    assert len(findings.complaints()) == 1


def test_what_arrived_twice_is_repeated_unless_somebody_died() -> None:
    assert wrong(found([*SEEN, SEEN[0]])) == {"repeated"}
    findings = found([*SEEN, SEEN[0]], deaths=1)
    assert not wrong(findings)
    assert findings.again == 1
    assert wrong(found([*SEEN, SEEN[0], SEEN[0]], deaths=1)) == {"repeated"}


def test_an_edit_into_other_words_is_none_that_anybody_made() -> None:
    assert wrong(found([SEEN[0], SEEN[1]._replace(text="old"), SEEN[2]])) == {"missing", "strange"}


def test_a_receipt_names_the_message_that_was_read_and_no_earlier_one() -> None:
    assert wrong(found([*SEEN[:2], SEEN[2]._replace(event="m0")])) == {"missing", "strange"}


def test_what_the_relay_does_where_a_person_did_it_came_back() -> None:
    assert wrong(found([*SEEN, Seen("recall", "m1", "yunxin")])) == {"came_back"}


@pytest.mark.parametrize("one", [Seen("recall", "m2", "easemob"), Seen("edit", "m1", "easemob"), Seen("recall", "m9", "yunxin")])
def test_what_befalls_another_message_is_strange(one: Seen) -> None:
    assert wrong(found([*SEEN, one])) == {"strange"}


def test_what_arrives_at_another_message_than_it_was_done_to_is_missing_too() -> None:
    assert wrong(found([SEEN[0]._replace(event="m7"), *SEEN[1:]])) == {"missing", "strange"}
