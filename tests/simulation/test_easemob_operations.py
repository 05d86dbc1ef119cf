"""What people do in the Easemob app that is no writing, against "Easemob: post-delivery callback events"."""

from typing import Any

import pytest

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulation.samples import form, sample
from tests.simulators.easemob.rule import security

SECRET = "demo-easemob-secret"


def last(receiver: Receiver, count: int) -> dict[str, object]:
    """The last of *count* callbacks, which is signed as the vendor's rule says, if it is signed."""
    event: dict[str, object] = receiver.wait(count)[-1].body
    if "security" in event:
        assert event["security"] == security(str(event["callId"]), SECRET, int(str(event["timestamp"])))
    return event


def without_security(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "security"}


def test_a_recall(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "6001", "oops", type="group")
    api.simulator.say("alice", "6001", type="group", operation="recall", payload={"message": said["id"]})
    event = last(receiver, 2)
    assert event["recall_id"] == said["id"] != event["msg_id"]
    assert form(event) == form(sample("ev-recall"))
    again: dict[str, Any] = {"type": "group", "operation": "recall", "payload": {"message": said["id"]}}
    with pytest.raises(ValueError, match="no such message"):
        api.simulator.say("alice", "6001", **again)


def test_edits_are_counted_and_end_at_ten(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "bob", "helo")
    edit: dict[str, Any] = {"operation": "edit", "payload": {"message": said["id"], "body": {"msg": "hello"}}}
    with pytest.raises(ValueError, match="bob may not edit it"):
        api.simulator.say("bob", "alice", **edit)
    for _ in range(10):
        api.simulator.say("alice", "bob", **edit)
    event = receiver.wait(11)[-1].body
    assert form(without_security(event)) == form(sample("scope-edit-user"))
    assert event["payload"]["edit_message_id"] == said["id"]
    assert event["payload"]["bodies"] == [{"msg": "hello", "type": "txt"}]
    meta = event["payload"]["meta"]["edit_msg"]
    assert (meta["count"], meta["operator"], meta["sender"]) == (10, "alice", "alice")
    with pytest.raises(ValueError, match="edited 10 times"):
        api.simulator.say("alice", "bob", **edit)


def test_an_edit_of_the_ext_alone_shows_it(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "bob", kind="img", body={"url": "u"}, ext={"a": 1})
    payload = {"message": said["id"], "ext": {"b": 2}}
    api.simulator.say("alice", "bob", operation="edit", payload=payload)
    payload = receiver.wait(2)[-1].body["payload"]
    assert (payload["ext"], payload["bodies"]) == ({"b": 2}, [{"url": "u", "type": "img"}])


def test_read_receipts(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "bob", "read me")
    api.simulator.say("bob", "alice", operation="read_ack", payload={"message": said["id"]})
    event = last(receiver, 2)
    assert event["channel_channel"] == "demo#relay_alice@conference.easemob.com"
    assert form(without_security(event)) == form({**sample("scope-read"), "host": ""})
    assert (event["from"], event["to"]) == ("bob", "alice")
    said = api.simulator.say("alice", "6001", "read me too", type="group")
    api.simulator.say("bob", "6001", type="group", operation="read_ack", payload={"message": said["id"]})
    event = last(receiver, 4)
    assert form(event) == form(sample("ev-read-ack-group"))
    assert (event["from"], event["to"], event["channel_user"]) == ("bob", "6001", "demo#relay_bob@easemob.com")


def test_a_whole_conversation_is_read_up_to_its_last_message(api: Api, receiver: Receiver) -> None:
    api.simulator.say("alice", "bob", "one")
    said = api.simulator.say("alice", "bob", "two")
    api.simulator.say("bob", "alice", operation="channel_ack")
    event = last(receiver, 3)
    assert form(event) == form(sample("ev-channel-ack"))
    assert (event["from"], event["to"]) == ("bob", "alice")
    assert event["payload"] == {"ack_message_id": said["id"], "type": "channel_ack"}
    with pytest.raises(ValueError, match="no such message"):
        api.simulator.say("bob", "nobody", operation="channel_ack")


def test_reactions_are_called_back_as_the_whole_state(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "6001", "party", type="group")["id"]

    def react(user: str, reaction: str, *, add: bool = True) -> None:
        operation = "reaction_add" if add else "reaction_remove"
        payload = {"message": said, "reaction": reaction}
        api.simulator.say(user, "6001", type="group", operation=operation, payload=payload)

    react("carol", "thumb")
    react("bob", "heart")
    (data,) = receiver.wait(3)[-1].body["payload"]["data"]
    assert data["reactions"] == [
        {"reaction": "thumb", "userList": ["carol"], "count": 1},
        {"op": [{"reactionType": "create", "operator": "bob"}], "reaction": "heart", "userList": ["bob"], "count": 1},
    ]
    react("bob", "heart", add=False)
    event = receiver.wait(4)[-1].body
    assert (event["from"], event["to"], event["payload"]["channel_type"]) == ("bob", "6001", "groupchat")
    assert event["payload"]["data"][0]["reactions"][-1] == {
        "op": [{"reactionType": "delete", "operator": "bob"}],
        "reaction": "heart",
        "userList": [],
        "count": 0,
    }
    for user, reaction, add, wrong in (
        ("carol", "thumb", True, "the user is already operation this message"),
        ("bob", "heart", False, "the user has not operation this message"),
        ("mallory", "heart", True, "no such message"),
    ):
        with pytest.raises(ValueError, match=wrong):
            react(user, reaction, add=add)


def test_a_reaction_between_two_has_the_form_of_the_sample_and_no_signature(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "bob", "party")["id"]
    for user, reaction in (("alice", "thumb"), ("bob", "heart")):
        payload = {"message": said, "reaction": reaction}
        api.simulator.say(user, "bob", operation="reaction_add", payload=payload)
    event = receiver.wait(3)[-1].body
    assert form(event) == form(sample("ev-reaction"))
    assert (event["from"], event["to"], event["payload"]["num"]) == ("bob", "alice", 2)


def test_friends_and_blocks(api: Api, receiver: Receiver) -> None:
    api.simulator.say("alice", "dave", operation="friend_add", payload={"reason": "hi"})
    asked = last(receiver, 1)
    assert form(asked) == form(sample("ev-roster-add"))
    assert (asked["from"], asked["to"]) == ("demo#relay_alice@easemob.com", "dave")
    assert api.data("GET", "users/alice/contacts/users") == []
    api.simulator.say("dave", "alice", operation="friend_accept")
    told = last(receiver, 3)
    own = receiver.got[1].body
    assert form(told) == form(sample("ev-roster-accept"))
    assert (own["to"], told["to"], own["from"]) == ("dave", "alice", told["from"])
    assert [own[key] for key in ("callId", "msg_id", "timestamp")] == [told[key] for key in ("callId", "msg_id", "timestamp")]
    assert api.data("GET", "users/alice/contacts/users") == ["dave"]
    api.simulator.say("alice", "dave", operation="friend_remove")
    assert api.data("GET", "users/dave/contacts/users") == []
    api.simulator.say("alice", "dave", operation="block")
    assert form(last(receiver, 5)) == form(sample("ev-roster-ban"))
    assert api.data("GET", "users/alice/blocks/users") == ["dave"]
    api.simulator.say("alice", "dave", operation="unblock")
    api.simulator.say("alice", "dave", operation="friend_decline")
    names = [got.body["payload"]["operation"] for got in receiver.wait(8)]
    assert names == ["add", "accept", "remote_accept", "remove", "ban", "allow", "decline", "remote_decline"]


def test_users_come_and_go(api: Api, receiver: Receiver) -> None:
    for number, (reason, name) in enumerate([("login", "st-login"), ("replaced", "st-replaced"), ("logout", "st-logout")], 1):
        api.simulator.say("alice", "", operation=reason, payload={"os": "ios", "device": "d1"})
        event = last(receiver, number)
        assert form(event) == form(sample(name))
        assert (event["reason"], event["status"]) == (reason, sample(name)["status"])
        assert event["user"] == "demo#relay_alice@easemob.com/ios_d1"


def test_what_was_done_is_in_the_journal_and_what_cannot_be_is_refused(start: Start) -> None:
    simulator = start("easemob")
    said = simulator.say("alice", "bob", "x")
    simulator.say("alice", "bob", operation="recall", payload={"message": said["id"]}, id="c-1")
    entry = simulator.journal("said")[-1]
    assert (entry["operation"], entry["id"], entry["client_id"]) == ("recall", said["id"], "c-1")
    for wrong, words in (
        ({"operation": "sing"}, "no such operation: sing"),
        ({"operation": "recall", "payload": []}, "payload must be an object"),
        ({"operation": "sing", "type": "group", "to": "6001"}, "no such operation: sing"),
        ({"operation": "join", "type": "group", "to": "6002"}, "no such group: 6002"),
    ):
        with pytest.raises(ValueError, match=words):
            simulator.say(**{"sender": "alice", "to": "bob"} | wrong)
    assert len(simulator.journal("said")) == 2
