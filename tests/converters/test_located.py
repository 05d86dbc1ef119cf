"""Where the platform does not say in which conversation something happened, it is done where its message is, and nowhere else."""

from typing import Any

import pytest

from converters import PLATFORMS
from converters.core.model import Delivery, Direct, Group
from converters.core.operations import named_by
from converters.platform import Callback
from converters.routing.identity_table import IdentityTable, record
from converters.routing.overlay import IdentityOverlay
from converters.routing.preview import PreviewIdentities, preview
from converters.routing.route import App, Deliver, Routed, route
from tests.converters.shapes import NOW, body

PHONES = ("8613800138000", "8613900139000")
APPS = {
    "old": App("old", PLATFORMS["easemob"], PLATFORMS["easemob"].example(), "new"),
    "new": App("new", PLATFORMS["yunxin"], PLATFORMS["yunxin"].example(), "old"),
}


def recall(sender: str, to: str, **more: Any) -> bytes:
    said = {"chat_type": "recall", "from": sender, "to": to, "recall_id": "7", "msg_id": "9", "timestamp": NOW, "payload": {}}
    return body("easemob", said | more)


def edit(author: str, to: str, **meta: Any) -> bytes:
    payload = {"edit_message_id": "7", "bodies": [{"type": "txt", "msg": "secret"}], "meta": {"edit_msg": meta}}
    return body("easemob", {"chat_type": "edit", "from": author, "to": to, "msg_id": "9", "timestamp": NOW, "payload": payload})


def known(*groups: str) -> IdentityTable:
    table = IdentityTable()
    for group in groups:
        table.apply(*record("easemob", "group", group, f"team-{group}"))
        table.apply(*record("yunxin", "group", f"9{len(group)}", f"team-{group}"))
    return table


def delivered(routed: tuple[Routed, ...]) -> list[Delivery]:
    assert all(isinstance(one, Deliver) for one in routed), routed
    return [one.delivery for one in routed if isinstance(one, Deliver)]


def test_between_two_where_no_group_has_that_id() -> None:
    (one,) = delivered(route(Callback("old", recall(*PHONES), NOW), APPS, known("270000000000001")))
    assert isinstance(one.event.conversation, Direct)
    ref = named_by(one.event.operation)
    assert ref is not None
    assert (ref.event, ref.maybe) == ("easemob:old:direct:7:post", False)


@pytest.mark.parametrize("raw", [recall(*PHONES), edit(*PHONES, operator=PHONES[0], sender=PHONES[0])], ids=["recall", "edit"])
def test_in_both_but_only_where_it_is_found_where_a_group_has_the_id_of_a_user(raw: bytes) -> None:
    both = delivered(route(Callback("old", raw, NOW), APPS, known(PHONES[1])))
    assert [type(one.event.conversation) for one in both] == [Direct, Group]
    refs = [named_by(one.event.operation) for one in both]
    assert [ref.maybe for ref in refs if ref is not None] == [True, True]
    assert len({one.event.id for one in both}) == 2


def test_what_says_where_it_was_is_in_one_place_alone_whatever_groups_there_are() -> None:
    raw = edit(*PHONES, operator=PHONES[0], sender=PHONES[0], chat_type="chat:user")
    (one,) = delivered(route(Callback("old", raw, NOW), APPS, known(PHONES[1])))
    assert isinstance(one.event.conversation, Direct), "words for one reach a group"


def test_a_group_with_a_word_for_an_id() -> None:
    both = delivered(route(Callback("old", recall("alice", "team-a"), NOW), APPS, known("team-a")))
    assert {type(one.event.conversation) for one in both} == {Direct, Group}


def test_a_preview_shows_the_likeliest_where_it_knows_no_groups() -> None:
    accounts = {name: PLATFORMS[name].example() for name in ("easemob", "yunxin")}
    for raw, kind in ((recall(*PHONES), "direct"), (recall("alice", "270000000000001"), "group"), (recall("alice", "bob"), "direct")):
        (event,) = preview(raw, {}, "easemob", "yunxin", accounts, IdentityTable())["events"]
        assert event["conversation"]["kind"] == kind


def test_what_lies_on_top_of_a_table_is_known() -> None:
    overlay = IdentityOverlay(known("1"))
    overlay.add(*record("easemob", "group", "2", "two"))
    assert [overlay.knows("easemob", "group", name) for name in "123"] == [True, True, False]
    assert [PreviewIdentities(known("1")).knows("easemob", "group", name) for name in "12"] == [True, None]


@pytest.mark.parametrize("target", ["easemob", "rongcloud"])
def test_a_preview_shows_what_a_target_refuses(target: str) -> None:
    said = {"chat_type": "read_ack", "from": "bob", "to": "alice", "msg_id": "9", "timestamp": NOW, "payload": {"ack_message_id": "7"}}
    accounts = {name: PLATFORMS[name].example() for name in PLATFORMS}
    seen = preview(body("easemob", said), {}, "easemob", target, accounts, IdentityTable())
    assert seen["events"][0]["operation"]["op"] == "read"
    assert seen["requests"] == [] or target == "rongcloud"
