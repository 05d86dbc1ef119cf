"""A check that cannot fail proves nothing: faults are planted, and must be found and named."""

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.checker import Seen, check

SENT = {"a": 50, "b": 20}


def clean() -> list[Seen]:
    return [Seen(key, number, f"0@{number}") for number in range(50) for key in SENT if number < SENT[key]]


def test_a_clean_run_has_no_findings() -> None:
    findings = check(SENT, clean())
    assert not findings
    assert str(findings) == "0 lost, 0 duplicate, 0 out of order, 0 invented"


@given(st.integers(0, 69))
def test_a_record_taken_away_is_lost_and_nothing_else(position: int) -> None:
    seen = clean()
    gone = seen.pop(position)
    assert check(SENT, seen) == ([f"{gone.key}/{gone.number}"], [], [], [])


@given(st.integers(0, 69), st.integers(0, 70))
def test_a_record_put_in_twice_is_a_duplicate_and_nothing_else(position: int, place: int) -> None:
    seen = clean()
    again = seen[position]._replace(where="again")
    seen.insert(place, again)
    findings = check(SENT, seen)
    assert len(findings.duplicate) == 1
    assert findings.duplicate[0].startswith(f"{again.key}/{again.number} at ")
    assert "again" in findings.duplicate[0]
    assert not findings.lost
    assert not findings.invented


@given(st.integers(0, 48))
def test_two_neighbours_of_a_key_swapped_are_out_of_order(number: int) -> None:
    seen = clean()
    first, second = (position for position, one in enumerate(seen) if one.key == "a" and one.number in (number, number + 1))
    seen[first], seen[second] = seen[second], seen[first]
    findings = check(SENT, seen)
    assert findings == ([], [], [f"a/{number} after {number + 1} at 0@{number}"], [])


@given(st.permutations(["a", "b"]))
def test_keys_do_not_order_each_other(keys: list[str]) -> None:
    assert not check(SENT, [Seen(key, number, "") for key in keys for number in range(SENT[key])])


def test_what_was_never_sent_is_named() -> None:
    assert check(SENT, [*clean(), Seen("b", 20, "3@7"), Seen("c", 0, "3@8")]).invented == ["b/20 at 3@7", "c/0 at 3@8"]
