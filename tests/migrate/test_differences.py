"""One list beside what it was to hold."""

from typing import Any

import pytest

from converters.differences import Difference, Expected, compare, different, who
from converters.inventory import AnyItem, Block, Friendship, Group, GroupBlock, GroupMember, Room, RoomMember, Setting, User

TELLS = ("role", "muted")


def member(user: str, **fields: Any) -> GroupMember:
    return GroupMember(group="g1", user=user, **fields)


def expected(*items: AnyItem) -> dict[str, Expected]:
    return {who(item): Expected(item, f"id of {who(item)}") for item in items}


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (User(id="ann"), "ann"),
        (Group(id="g1", owner="ann"), "g1"),
        (Room(id="r1", owner="ann"), "r1"),
        (Friendship(owner="ann", friend="bob"), "bob"),
        (Block(owner="ann", blocked="bob"), "bob"),
        (member("ann"), "ann"),
        (GroupBlock(group="g1", user="ann"), "ann"),
        (RoomMember(room="r1", user="ann"), "ann"),
        (Setting(user="ann"), "ann|"),
        (Setting(user="ann", peer="bob"), "ann|bob"),
        (Setting(user="ann", group="g1"), "ann|g1"),
    ],
)
def test_what_tells_an_item_from_the_others_of_its_list(item: AnyItem, name: str) -> None:
    assert who(item) == name


def test_each_sort_of_difference_is_told_once_and_in_the_order_of_the_list() -> None:
    wanted = expected(member("ann", role="admin"), member("bob"), member("cy"), member("dan", muted=True))
    listed = [member("eve"), member("ann"), member("bob"), member("eve"), member("bob"), member("bob"), member("dan", muted=True)]
    assert compare("member", wanted, listed, TELLS, place="g1") == [
        Difference(sort="besides", kind="member", item="member\x1fg1\x1feve"),
        Difference(sort="different", kind="member", item="id of ann", fields=("role",)),
        Difference(sort="doubled", kind="member", item="id of bob"),
        Difference(sort="missing", kind="member", item="id of cy"),
    ]


def test_a_list_that_holds_what_it_was_to_hold_has_no_difference() -> None:
    items = [member("ann", role="owner"), member("bob", muted=True)]
    assert compare("member", expected(*items), reversed(items), TELLS) == []


def test_of_who_is_doubled_only_the_first_is_compared() -> None:
    found = compare("member", expected(member("ann", role="admin")), [member("ann", role="admin"), member("ann")], TELLS)
    assert [one.sort for one in found] == ["doubled"]


def test_who_is_there_besides_is_named_without_a_place_where_there_is_none() -> None:
    assert compare("user", {}, [User(id="eve")], ()) == [Difference(sort="besides", kind="user", item="user\x1feve")]


@pytest.mark.parametrize(
    ("wanted", "found", "lost", "fields"),
    [
        ({"name": "Ann"}, {"name": "Ann"}, False, ()),
        ({"name": "Ann"}, {"name": "Bob"}, False, ("name",)),
        ({"name": "Ann"}, {}, False, ("name",)),
        ({}, {"name": "Bob"}, False, ()),
        ({"name": "Annabel"}, {"name": "Anna"}, False, ("name",)),
        ({"name": "Annabel"}, {"name": "Anna"}, True, ()),
        ({"name": "Annabel"}, {"name": "abel"}, True, ("name",)),
        ({"name": "Annabel"}, {}, True, ()),
        ({"attributes": {"a": "1"}}, {"attributes": {"a": "1", "b": "2"}}, False, ()),
        ({"attributes": {"a": "1"}}, {"attributes": {"a": "2"}}, False, ("attributes",)),
        ({"attributes": {"a": "1", "b": "2"}}, {"attributes": {"a": "1"}}, False, ("attributes",)),
        ({"attributes": {"a": "1", "b": "2"}}, {"attributes": {"a": "1"}}, True, ()),
        ({"attributes": {"a": "1", "b": "2"}}, {"attributes": {"a": "1", "b": "3"}}, True, ("attributes",)),
        ({"created": 5}, {"created": 4}, True, ("created",)),
        ({"name": "Ann", "sign": "hi"}, {"name": "A", "sign": "ho"}, False, ("name", "sign")),
    ],
)
def test_a_field_that_was_written_is_there_as_it_was_written_or_as_much_as_fits(
    wanted: dict[str, Any], found: dict[str, Any], lost: bool, fields: tuple[str, ...]
) -> None:
    here, there = User(id="ann", **wanted), User(id="ann", **found)
    assert different(Expected(here, "ann", lost), there, ("name", "sign", "attributes", "created")) == fields


def test_only_what_the_target_tells_is_compared() -> None:
    assert different(Expected(User(id="a", name="Ann"), "a"), User(id="a"), ("sign",)) == ()


def test_of_what_is_written_our_records_say_nothing_else() -> None:
    assert Difference(sort="missing", kind="user", item="user\x1fann").known == ""


def test_nothing_is_lost_unless_it_is_said() -> None:
    assert not Expected(User(id="a"), "a").lost
