"""Times and conversations as a person writes them."""

import pytest

from converters.core.model import Group, conversation_key, direct
from converters.routing.identity_table import IdentityTable
from streams.cli.times import length, moment
from streams.operate.filters import Filter, key_of, of_delivery
from tests.operate.conftest import delivery

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW - 30_000),
        ("15m", NOW - 900_000),
        ("2h", NOW - 7_200_000),
        ("7d", NOW - 604_800_000),
        ("1.5h", NOW - 5_400_000),
        ("1699999999999", 1_699_999_999_999),
        ("2023-11-14T22:13:20", NOW),
        ("2023-11-15T06:13:20+08:00", NOW),
        ("2023-11-14", 1_699_920_000_000),
    ],
)
def test_a_time_is_so_long_ago_or_a_moment(text: str, expected: int) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "2 hours", "2023-13-01", "h", "-1h", "123"])
def test_what_is_no_time_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected 30s"):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.048, "48 ms"), (5, "5.0 s"), (90, "1 min 30 s"), (7261, "2 h 1 min"), (90_000, "1 d 1 h")]
)
def test_a_length_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert length(seconds) == text


def test_a_written_conversation_gives_its_key() -> None:
    assert key_of("direct:Bob:alice", IdentityTable()) == conversation_key(direct("alice", "bob"))
    assert key_of("group:team:a", IdentityTable()) == conversation_key(Group("team:a"))
    assert [key_of(text, IdentityTable()) for text in ("direct:a:b:c", "direct:a", "team", "group:")] == [None] * 4


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        (Filter(), True),
        (Filter(app="old"), True),
        (Filter(app="new"), True),
        (Filter(app="other"), False),
        (Filter(conversation="direct:bob:alice"), True),
        (Filter(conversation="direct:bob:carol"), False),
        (Filter(user="BOB"), True),
        (Filter(user="carol"), False),
        (Filter(kind="text"), True),
        (Filter(kind="image"), False),
        (Filter(user="alice", kind="image"), False),
    ],
)
def test_a_delivery_is_chosen_by_app_conversation_user_and_kind(chosen: Filter, taken: bool) -> None:
    assert chosen.takes(of_delivery(delivery(1))) is taken
