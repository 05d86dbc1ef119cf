"""A conversation keeps its key whatever it is called."""

from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import wire
from converters.core.model import NOTHING, Direct, Group, Room, conversation_key, direct
from converters.platform import Callback
from converters.routing.id_mapping import map_conversation
from converters.routing.identity_table import IdentityTable, record
from converters.routing.renaming import forgetting, setting
from converters.routing.route import App, Deliver, EchoOf, route
from tests.converters.examples import account_of
from tests.converters.shapes import NOW, as_callback, body, message

PAIRS = (("yunxin", "61"), ("easemob", "271"))


def implied(platform: str, native: str) -> str | None:
    return PLATFORMS[platform].user_ids.to_canonical(native)


def called(table: IdentityTable, name: str, *natives: tuple[str, str], kind: str = "group", keep: str | None = None) -> list[str]:
    """`identities set`; the answer is what is left under another name."""
    plan = setting(table, kind, natives or PAIRS, name, implied)  # type: ignore[arg-type]
    assert len(plan.origins) < 2 or keep is not None, plan.origins
    for each in plan.records(keep if keep is not None else plan.origins[0] if plan.origins else ""):
        table.apply(*each)
    return [f"{one.platform}={one.native}" for one in plan.left]


def forgotten(table: IdentityTable, *natives: tuple[str, str], kind: str = "group") -> tuple[str, ...]:
    plan = forgetting(table, kind, natives or PAIRS, implied)  # type: ignore[arg-type]
    for each in (*plan.kept, *plan.records):
        table.apply(*each)
    return plan.moved


def keys(table: IdentityTable, kind: str = "group") -> set[bytes]:
    """Of what is said, and of what is echoed, on both sides."""
    apps = {
        "old": App("old", PLATFORMS["yunxin"], account_of("yunxin"), "new"),
        "new": App("new", PLATFORMS["easemob"], account_of("easemob"), "old"),
    }
    found = set()
    for app, platform, native in (("old", *PAIRS[0]), ("new", *PAIRS[1])):
        to = native if kind == "group" else "bob"
        (said,) = route(Callback(app, body(platform, message(platform, sender="alice", to=to, kind=kind)), NOW), apps, table)
        assert isinstance(said, Deliver)
        target = apps[said.delivery.target]
        (request,) = target.platform.encode(said.delivery, target.account, NOTHING).requests
        echo = body(target.platform.name, as_callback(target.platform.name, request, 7))
        (heard,) = route(Callback(target.name, echo, NOW), apps, table)
        assert isinstance(heard, EchoOf)
        assert heard.key == said.key == conversation_key(said.delivery.event.conversation)
        found.add(said.key)
    return found


def test_the_key_is_that_of_the_first_name() -> None:
    table = IdentityTable()
    called(table, "team")
    assert keys(table) == {b"group\x1fteam"}
    for name in ("ops", "crew", "team", "ops"):
        called(table, name)
        assert table.canonical("yunxin", "group", "61") == name
        assert keys(table) == {b"group\x1fteam"}
    assert [one.origin for one in table.each()] == ["team", "team"]


def test_each_side_may_be_called_otherwise_by_itself() -> None:
    table = IdentityTable()
    called(table, "team")
    assert called(table, "ops", PAIRS[0]) == ["easemob=271"]
    assert called(table, "ops", PAIRS[1]) == []
    assert keys(table) == {b"group\x1fteam"}


def test_a_name_that_is_free_again_has_a_key_of_its_own() -> None:
    table = IdentityTable()
    called(table, "team")
    called(table, "ops")
    called(table, "team", ("yunxin", "62"), ("easemob", "272"))
    assert table.origin("group", "team") == "team~yunxin-62"
    assert table.origin("group", "ops") == "team"


def test_what_is_forgotten_and_set_again_keeps_its_key() -> None:
    table = IdentityTable()
    called(table, "team")
    called(table, "ops")
    forgotten(table)
    assert table.entries() == []
    called(table, "crew")
    assert keys(table) == {b"group\x1fteam"}


def test_a_record_that_does_not_know_of_it_takes_no_origin_away() -> None:
    """A worker of 0.1.0 writes the entry of a group that it has made."""
    table = IdentityTable()
    called(table, "team")
    called(table, "ops")
    table.apply(*record("easemob", "group", "271", "ops"))
    assert keys(table) == {b"group\x1fteam"}


def test_two_conversations_are_one_only_by_decision() -> None:
    table = IdentityTable()
    called(table, "one", ("yunxin", "61"), ("easemob", "270"))
    called(table, "other", ("yunxin", "60"), ("easemob", "271"))
    assert set(setting(table, "group", PAIRS, "both", implied).origins) == {"one", "other"}
    assert set(setting(table, "group", PAIRS[:1], "other", implied).origins) == {"one", "other"}
    called(table, "both", keep="other")
    assert keys(table) == {b"group\x1fother"}
    called(table, "both", ("yunxin", "60"), keep="one")  # and all of that name go with it
    assert {one.origin for one in table.each() if one.canonical == "both"} == {"one"}


def test_a_user_is_keyed_by_the_name_of_the_rule() -> None:
    table = IdentityTable()
    before = keys(table, "direct")
    assert before == {b"direct\x1falice\x1fbob"}
    plan = setting(table, "user", [("yunxin", "alice"), ("easemob", "alice")], "zoe", implied)
    assert plan.origins == ("zoe", "alice")
    called(table, "zoe", ("yunxin", "alice"), ("easemob", "alice"), kind="user", keep="alice")
    assert keys(table, "direct") == before
    assert map_conversation("zoe", "bob", table) == Direct(("bob", "zoe"), ("alice", "bob"))
    assert forgotten(table, ("yunxin", "alice"), ("easemob", "alice"), kind="user") == ()
    assert keys(table, "direct") == before


def test_a_user_whose_name_by_rule_is_another_one_is_told_of() -> None:
    table = IdentityTable()
    called(table, "zoe", ("yunxin", "ann"), ("easemob", "beth"), kind="user", keep="ann")
    assert forgotten(table, ("easemob", "beth"), kind="user") == ("ann",)


@given(
    names=st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8),
    halves=st.lists(st.sampled_from([0, 1, 2]), min_size=8, max_size=8),
)
def test_whatever_it_is_called_in_whatever_order_the_key_stays(names: list[str], halves: list[int]) -> None:
    table = IdentityTable()
    called(table, "first")
    for name, half in zip(names, halves, strict=False):
        for natives in ((PAIRS,), (PAIRS[:1], PAIRS[1:]), (PAIRS[1:], PAIRS[:1]))[half]:
            called(table, name, *natives)
            assert {conversation_key(Group(one.canonical, table.origin("group", one.canonical))) for one in table.each()} == {
                b"group\x1ffirst"
            }
    assert keys(table) == {b"group\x1ffirst"}


@pytest.mark.parametrize("plain", [Group("team"), Room("hall"), direct("ann", "bob")])
def test_what_was_never_called_otherwise_is_written_as_it_was(plain: Group | Room | Direct) -> None:
    """Workers of 0.1.0 read it, and write it so."""
    assert b"origin" not in wire.dump(plain)
    assert crc32(conversation_key(plain)) == crc32(conversation_key(wire.load(wire.dump(plain), type(plain))))
