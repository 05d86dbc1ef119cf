"""Items of a migration: one id and one digest for what is the same, and nothing secret in them."""

from typing import get_args

import jsonschema
import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.core import wire
from converters.core.model import Event, direct
from converters.core.model import Room as RoomTalk
from converters.core.operations import Typing
from converters.inventory import (
    FILES,
    KINDS,
    MESSAGE,
    AnyItem,
    Block,
    Friendship,
    Group,
    GroupMember,
    Room,
    RoomMember,
    Setting,
    User,
    canonical,
    digest,
    item_id,
    kind_of,
    message_needs,
    needs,
    read_item,
)
from converters.inventory_schema import schema
from converters.secret import Secret

NAMES = st.text("abcXYZ-_.用", min_size=1, max_size=12)
ITEMS: list[AnyItem] = [
    User(id="Li", attributes={"b": "1", "a": "2"}),
    Friendship(owner="b", friend="A", remark="x"),
    Block(owner="A", blocked="b"),
    Group(id="G", owner="A"),
    GroupMember(group="G", user="A"),
    Room(id="R", owner="A"),
    RoomMember(room="R", user="A"),
    Setting(user="A", peer="B"),
]


@pytest.mark.parametrize("item", ITEMS, ids=kind_of)
def test_what_is_written_is_read_again_and_keeps_its_id(item: AnyItem) -> None:
    written = wire.dump(canonical(item))
    assert read_item(written) == canonical(item) == canonical(canonical(item))
    assert item_id(canonical(item)).split("\x1f")[0] == kind_of(item)
    assert digest(item) == digest(canonical(item))


@given(NAMES, NAMES, NAMES)
def test_a_friendship_is_the_same_from_both_sides(one: str, other: str, remark: str) -> None:
    here = canonical(Friendship(owner=one, friend=other, remark=remark))
    there = canonical(Friendship(owner=other.upper(), friend=one.lower(), friend_remark=remark))
    assert item_id(here) == item_id(there)
    assert digest(here) == digest(there) or one.lower() == other.lower()


@given(st.dictionaries(NAMES, NAMES, max_size=5))
def test_the_order_of_attributes_is_no_difference(attributes: dict[str, str]) -> None:
    turned = dict(reversed(attributes.items()))
    assert digest(User(id="a", attributes=attributes)) == digest(User(id="A", attributes=turned))


def test_what_an_item_needs_is_of_a_kind_that_comes_before() -> None:
    order = list(KINDS)
    for item in ITEMS:
        for need in needs(canonical(item)):
            assert order.index(need.split("\x1f")[0]) < order.index(kind_of(item))


def test_a_message_needs_its_people_or_its_sender_and_its_place() -> None:
    event = Event(id="e", source="s", remote_id="1", conversation=direct("a", "b"), sender="a", at=1, operation=Typing())
    assert message_needs(event) == ("user\x1fa", "user\x1fb")
    assert message_needs(msgspec.structs.replace(event, conversation=RoomTalk("r"))) == ("room\x1fr", "user\x1fa")


def test_names_of_files_are_of_kinds_that_there_are() -> None:
    assert set(FILES.values()) == {*KINDS, MESSAGE}
    assert len(get_args(AnyItem)) == len(KINDS)


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ({"item": "user", "id": "ann", "password": "x"}, True),
        ({"item": "member", "group": "g", "user": "ann", "role": "admin"}, True),
        ({"item": "user"}, False),
        ({"item": "member", "group": "g", "user": "ann", "role": "boss"}, False),
        ({"item": "cat"}, False),
    ],
)
def test_the_printed_schema_tells_a_good_line_from_a_bad_one(line: dict[str, str], good: bool) -> None:
    validator = jsonschema.Draft202012Validator(orjson.loads(schema()))
    assert validator.is_valid(line) == good


def test_a_secret_shows_itself_to_nobody_but_who_asks() -> None:
    secret = Secret("planted")
    for shown in (str(secret), repr([secret]), f"{secret}", f"{secret!s:>20}"):
        assert "planted" not in shown
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert secret.reveal() == "planted"
