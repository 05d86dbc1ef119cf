"""Somebody spells a name otherwise, so that what is said to its owner goes elsewhere, or one person speaks as another."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core.model import conversation_key, direct
from converters.platform import Callback
from converters.routing.id_mapping import NewIdentity
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, route
from converters.routing.user_ids import fold
from streams.operate.filters import Filter, key_of, of_delivery
from tests.converters.shapes import NOW, body, message

SPELLED = ("own", "rongcloud")
"""Platforms that tell `Bob` from `bob`."""


def apps_of(name: str) -> dict[str, App]:
    here, there = PLATFORMS[name], PLATFORMS["easemob"]
    return {"old": App("old", here, here.example(), "new"), "new": App("new", there, there.example(), "old")}


def carried(apps: dict[str, App], table: IdentityTable, app: str, said: dict[str, Any]) -> Deliver:
    *minted, one = route(Callback(app, body(apps[app].platform.name, said), NOW), apps, table)
    for each in minted:
        assert isinstance(each, NewIdentity)
        table.apply(*each.record)
    assert isinstance(one, Deliver)
    return one


@pytest.mark.parametrize("name", SPELLED)
def test_a_message_to_BOB_moves_nothing_that_is_said_to_bob(name: str) -> None:  # noqa: N802
    apps, table = apps_of(name), IdentityTable()
    for spelled in ("BOB", "Bob", "bOb"):
        there = carried(apps, table, "old", message(name, sender="mallory", to=spelled))
        assert there.delivery.receiver == "bob"
    answer = carried(apps, table, "new", message("easemob", sender="carol", to="bob"))
    assert answer.delivery.receiver == "bob"
    assert table.entries() == []


def _named(name: str) -> list[dict[str, Any]]:
    if name == "own":
        texts: list[dict[str, Any]] = [
            {"op": "post", "body": {"kind": "text", "text": "x", "mentions": ["BOB"]}},
            {"op": "post", "body": {"kind": "card", "user": "BOB"}},
            {"op": "post", "body": {"kind": "text", "text": "x"}, "quote": {"message": {"id": "1", "author": "BOB"}}},
            {"op": "recall", "message": {"id": "1", "author": "BOB"}},
            {"op": "friend-changed", "user": "BOB", "what": "requested"},
        ]
        return [message(name, sender="mallory", to="carol") | {"operation": one} for one in texts]
    held: list[tuple[str, dict[str, Any]]] = [
        ("RC:TxtMsg", {"content": "x", "mentionedInfo": {"type": 2, "userIdList": ["BOB"]}}),
        ("RC:CardMsg", {"userId": "BOB", "name": "Bob"}),
        (
            "RC:ReferenceMsg",
            {"content": "x", "referMsgUserId": "BOB", "referMsgUid": "1", "objName": "RC:TxtMsg", "referMsg": {"content": "y"}},
        ),
    ]
    base = message(name, sender="mallory", to="carol")
    return [base | {"objectName": kind, "content": json.dumps(content), "source": "iOS"} for kind, content in held]


@pytest.mark.parametrize(("name", "number"), [(name, number) for name in SPELLED for number in range(len(_named(name)))])
def test_nor_does_one_that_names_him(name: str, number: int) -> None:
    apps, table = apps_of(name), IdentityTable()
    carried(apps, table, "old", _named(name)[number])
    assert carried(apps, table, "new", message("easemob", sender="carol", to="bob")).delivery.receiver == "bob"


@pytest.mark.parametrize("name", SPELLED)
def test_how_somebody_who_speaks_is_spelled_is_known(name: str) -> None:
    apps, table = apps_of(name), IdentityTable()
    carried(apps, table, "old", message(name, sender="LinMei", to="carol"))
    assert carried(apps, table, "new", message("easemob", sender="carol", to="linmei")).delivery.receiver == "LinMei"


LIKE = {
    "the sign for kelvin": ("\u212aelvin", "kelvin"),
    "a dotted capital": ("\u0130van", "ivan"),
    "the sign for angstrom": ("\u212bke", "\u00e5ke"),
    "a long s": ("bo\u017f", "bos"),
}


@pytest.mark.parametrize(("odd", "plain"), LIKE.values(), ids=LIKE)
def test_a_sign_that_unicode_folds_into_a_letter_is_not_that_letter(odd: str, plain: str) -> None:
    for name, platform in PLATFORMS.items():
        rule = platform.user_ids
        assert rule.write(odd).native != rule.write(plain).native, name
        written = rule.write(odd)
        assert written.hashed or rule.to_canonical(written.native) == fold(odd), "and it can be read back"
    apps, table = apps_of("own"), IdentityTable()
    there = carried(apps, table, "old", message("own", sender=odd, to="carol"))
    assert there.delivery.sender != carried(apps, table, "old", message("own", sender=plain, to="carol")).delivery.sender
    assert carried(apps, table, "new", message("easemob", sender="carol", to=there.delivery.sender)).delivery.receiver == odd
    table.apply(*NewIdentity("own", odd, fold(odd)).record)
    assert table.canonical("own", "user", plain) is None


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_ids_are_one_only_where_they_differ_by_the_case_of_a_to_z(one: str, other: str) -> None:
    pairs = zip(one, other, strict=False)
    same = len(one) == len(other) and all(a == b or (a.isascii() and b.isascii() and a.lower() == b.lower()) for a, b in pairs)
    assert (fold(one) == fold(other)) is same


@pytest.mark.parametrize(("odd", "plain"), LIKE.values(), ids=LIKE)
def test_an_operator_who_chooses_one_person_s_records_gets_nobody_else_s(odd: str, plain: str) -> None:
    apps, table = apps_of("own"), IdentityTable()
    one = of_delivery(carried(apps, table, "old", message("own", sender=odd, to="carol")).delivery)
    assert Filter(user=odd).takes(one)
    assert not Filter(user=plain).takes(one)
    assert Filter(conversation=f"direct:{odd}:CAROL").takes(one)
    assert not Filter(conversation=f"direct:{plain}:carol").takes(one)
    assert key_of(f"direct:{odd}:carol", table) == conversation_key(direct(odd, "carol"))
