"""Recalls, edits and reactions over REST, against "Easemob: recall messages", "modify messages" and "reactions"."""

from typing import Any

from tests.simulation.conftest import Start
from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulation.samples import form, sample


def recall(message: str, to: str = "bob", **more: Any) -> dict[str, Any]:
    return {"msg_id": message, "to": to, "from": "alice", "chat_type": "chat", "force": True, **more}


def test_many_are_recalled_and_some_are_refused(api: Api, receiver: Receiver) -> None:
    first, room = api.send(), api.send(to="77", path="chatrooms")
    typing = api.send(type="cmd", body={"action": "typing_begin"})
    wanted = [recall(first), recall(room, "77", chat_type="chatroom"), recall(first), recall(typing)]
    data = api.data("POST", "messages/batch_recall", {"msgs": wanted})
    assert [one["recalled"] for one in data] == ["yes", "yes", "no", "no"]
    assert data[0] == {"recalled": "yes", "chattype": "chat", "from": "alice", "to": "bob", "msg_id": first}
    assert data[2] == {"recalled": "no", "msg_id": first, "error": "not_found msg"}
    recalls = [got.body for got in receiver.wait(5) if got.body["chat_type"] == "recall"]
    assert {event["recall_id"] for event in recalls} == {first, room}
    assert [entry["api"] for entry in api.accepted()][-2:] == ["recall", "recall"]
    assert api.refused("POST", "messages/batch_recall", {"msgs": []})[1] == "message_recall_error"
    assert api.refused("POST", "messages/batch_recall", {"msgs": [recall(first)] * 31})[0] == 400


def test_what_a_recall_refuses(start: Start) -> None:
    api = Api(start("easemob", recall_window=-1.0))
    sent = api.send()
    error = "message_recall_error"
    for change, expected in (
        ({"msg_id": ""}, (400, error, "param msg_id can't be empty")),
        ({"to": "carol"}, (400, error, "can't find msg to")),
        ({"force": False}, (403, error, "exceed recall time limit")),
        ({"msg_id": "7"}, (403, error, "not_found msg")),
    ):
        assert api.refused("POST", "messages/msg_recall", recall(sent) | change) == expected
    closed = Api(start("easemob", closed=["recall", "edit", "reaction"]))
    words = (403, "forbidden_op", "message recall service is unopened")
    assert closed.refused("POST", "messages/msg_recall", recall("1")) == words
    assert closed.refused("POST", "messages/batch_recall", {"msgs": [recall("1")]}) == words
    assert closed.refused("PUT", "messages/rewrite/1", {})[:2] == (403, "forbidden_op")
    assert closed.refused("POST", "reaction/user/bob", {"msgId": "1", "message": "x"})[:2] == (403, "forbidden_op")


def test_an_edit_by_the_admin(start: Start, receiver: Receiver) -> None:
    api = Api(start("easemob", edit_callbacks="older"))
    sent = api.send("helo", ext={"a": "1"})
    given = {"new_msg": {"type": "txt", "msg": "hello"}, "new_ext": {"b": "2"}}
    assert api.data("PUT", f"messages/rewrite/{sent}", given) == "success"
    event = receiver.wait(2)[-1].body
    payload = event["payload"]
    assert payload.pop("ext") == {"a": "1", "b": "2"}
    assert form(event) == form(sample("ev-edit"))
    assert (payload["edit_message_id"], payload["bodies"]) == (sent, [{"msg": "hello", "type": "txt"}])
    assert payload["meta"]["edit_msg"]["operator"] == "easemob_rest_app_admin"
    assert (payload["from"], payload["to"]) == ("alice", "bob")
    assert api.accepted()[-1]["api"] == "edit"


def test_an_edit_by_a_user_may_replace_the_ext(api: Api, receiver: Receiver) -> None:
    sent = api.send(ext={"a": "1"}, type="custom", body={"customEvent": "e", "customExts": {"n": "1"}})
    new = {"type": "custom", "customExts": {"n": "2"}}
    given = {"user": "alice", "new_msg": new, "new_ext": {"b": "2"}, "is_combine_ext": False}
    assert api.data("PUT", f"messages/rewrite/{sent}", given) == "success"
    payload = receiver.wait(2)[-1].body["payload"]
    assert (payload["ext"], payload["meta"]["edit_msg"]["operator"]) == ({"b": "2"}, "alice")
    assert payload["bodies"][0]["v2:customExts"] == {"n": "2"}
    assert payload["bodies"][0]["customEvent"] == "e"


def test_what_an_edit_refuses(api: Api) -> None:
    text, image, command = (api.send(), api.send(type="img", body={"url": "u"}), api.send(type="cmd", body={"action": "a"}))
    error, new = "message_rewrite_error", {"type": "txt", "msg": "x"}
    for path, given, expected in (
        ("abc", {"new_msg": new}, (400, "invalid_message_id")),
        (text, {}, (400, error)),
        (text, {"new_msg": {"type": "img"}}, (400, error)),
        (text, {"new_msg": {"type": "txt"}}, (400, error)),
        (image, {"new_msg": {"type": "img"}}, (400, error)),
        (command, {"new_msg": {"type": "cmd"}, "new_ext": {"a": 1}}, (400, error)),
        (text, {"user": "bob", "new_msg": new}, (401, error)),
        ("7", {"new_msg": new}, (404, error)),
    ):
        assert api.refused("PUT", f"messages/rewrite/{path}", given)[:2] == expected
    assert api.refused("PUT", f"messages/rewrite/{text}", {})[2] == "new_msg is required"
    assert api.data("PUT", f"messages/rewrite/{image}", {"new_msg": {"type": "img"}, "new_ext": {"a": 1}})


def test_the_eleventh_edit_is_refused(api: Api, receiver: Receiver) -> None:
    sent = api.send()
    given = {"new_msg": {"type": "txt", "msg": "x"}}
    assert {api.data("PUT", f"messages/rewrite/{sent}", given) for _ in range(10)} == {"success"}
    assert api.refused("PUT", f"messages/rewrite/{sent}", given)[:2] == (403, "message_rewrite_error")
    counts = [got.body["payload"]["meta"]["edit_msg"]["count"] for got in receiver.wait(11)[1:]]
    assert counts == list(range(1, 11))


def test_reactions(api: Api, receiver: Receiver) -> None:
    sent = api.send()
    heart = {"msgId": sent, "message": "❤"}
    answer = api.call("POST", "reaction/user/bob", heart).json()
    assert answer["requestStatusCode"] == "ok"
    repeated = (400, "the user is already operation this message")
    assert api.refused("POST", "reaction/user/bob", heart)[::2] == repeated
    assert api.refused("POST", "reaction/user/carol", heart)[::2] == (400, "the user operation is illegal!")
    query = {"msgIdList": sent, "msgType": "chat"}
    (listed,) = api.data("GET", "reaction/user/alice", params=query)
    assert listed["reactionList"] == [{"reaction": "❤", "count": 1, "state": False, "userList": ["bob"]}]
    api.data("DELETE", "reaction/user/bob", params=heart)
    states = [got.body["payload"]["data"][0]["reactions"] for got in receiver.wait(3)[1:]]
    assert [(state[0]["op"][0]["reactionType"], state[0]["count"]) for state in states] == [("create", 1), ("delete", 0)]
    assert [entry["api"] for entry in api.accepted()][-2:] == ["reaction.add", "reaction.remove"]
    for number in range(20):
        api.data("POST", "reaction/user/bob", {"msgId": sent, "message": f"e{number}"})
    assert api.refused("POST", "reaction/user/bob", heart)[0] == 400
