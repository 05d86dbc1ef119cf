"""Recalls, expansions, users and groups at the RongCloud simulator."""

from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulation.rongcloud_calls import HELLO, call, fault, fields, post, said, send, signed


def test_a_recall_is_a_command_in_the_conversation(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", operation_url=f"{receiver.url}/operations")
    uid = send(simulator)["messageUIDs"][0]["messageUID"]
    sent_time = fields(receiver.wait(1)[0])["msgTimestamp"]
    recall = {"fromUserId": "alice", "conversationType": 1, "targetId": "bob", "messageUID": uid, "sentTime": sent_time}
    for wrong in ({"sentTime": "soon"}, {"targetId": "carol"}, {"messageUID": "no"}, {"conversationType": 5}, {"fromUserId": "bob"}):
        assert post(simulator, "message/recall", recall | wrong).json()["code"] == 1002
    assert call(simulator, "message/recall", recall | {"isDelete": 1}) == {"code": 200}
    command, operation = sorted(receiver.wait(3)[1:], key=lambda got: got.headers["content-type"], reverse=True)
    shown = fields(command)
    assert (shown["objectName"], shown["toUserId"], shown["source"]) == ("RC:RcCmd", "bob", "Server")
    assert shown["msgUID"] != uid
    assert orjson.loads(shown["content"]) == {
        "messageUId": uid,
        "conversationType": 1,
        "targetId": "bob",
        "sentTime": int(sent_time),
        "isAdmin": False,
        "isDelete": True,
    }
    told = operation.body
    assert (told["eventType"], told["source"], told["originalMsgInfo"]["messageId"]) == (1, "Server", uid)
    assert told["conversationInfo"] == {"conversationType": 1, "targetId": "bob", "busChannel": ""}
    assert "timestamp" in parse_qs(operation.query)
    assert post(simulator, "message/recall", recall).json()["code"] == 1002
    assert [entry["api"] for entry in simulator.journal("accepted")] == ["send", "recall"]


def test_the_web_client_addresses_a_recall_to_itself(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    uid = simulator.say("alice", "6001", "oops", type="group")["id"]
    simulator.say("alice", "6001", type="group", kind="recall", recalls=uid, payload={"source": "Websocket"})
    shown = fields(receiver.wait(2)[1])
    assert (shown["objectName"], shown["toUserId"], shown["source"]) == ("RC:RcCmd", "alice", "Websocket")
    assert orjson.loads(shown["content"])["targetId"] == "6001"
    recalled = simulator.journal("said")[1]
    assert (recalled["name"], recalled["recalls"]) == ("recall", uid)
    mine = simulator.say("alice", "bob", "mine")["id"]
    with pytest.raises(ValueError, match="25101"):
        simulator.say("bob", "alice", kind="recall", recalls=mine)


@pytest.mark.parametrize(("kind", "path", "target"), [("person", "private", "targetId"), ("group", "group", "groupId")])
def test_an_edit_changes_what_is_kept_and_is_not_routed(start: Start, receiver: Receiver, kind: str, path: str, target: str) -> None:
    simulator = start("rongcloud")
    to = "bob" if kind == "person" else "6001"
    uid = simulator.say("alice", to, "frist", type=kind)["id"]
    edit = {"fromUserId": "alice", target: to, "msgUID": uid, "objectName": "RC:TxtMsg", "content": '{"content":"first","extra":"x"}'}
    for wrong in ({target: "carol"}, {"msgUID": "no"}, {"fromUserId": "bob"}, {"objectName": "RC:ImgMsg"}, {"content": "no json"}):
        assert post(simulator, f"message/{path}/modify", edit | wrong).json()["code"] == 1002
    assert call(simulator, f"message/{path}/modify", edit) == {"code": 200}
    (entry,) = simulator.journal("accepted")
    assert [entry[name] for name in ("api", "id", "text", "ext", "type", "to")] == ["edit", uid, "first", "x", kind, to]
    simulator.say("alice", to, "behind", type=kind)
    assert [said(got) for got in receiver.wait(2)] == ["frist", "behind"]


def test_expansions_are_only_for_messages_that_allow_them(start: Start) -> None:
    simulator = start("rongcloud")
    uid = send(simulator, expansion="true", extraContent='{"a":"1"}')["messageUIDs"][0]["messageUID"]
    plain = send(simulator)["messageUIDs"][0]["messageUID"]
    asked = {"msgUID": uid, "userId": "alice", "conversationType": "1", "targetId": "bob"}
    call(simulator, "message/expansion/set", asked | {"extraKeyVal": '{"state":"done","b":"2"}'})
    call(simulator, "message/expansion/delete", asked | {"extraKey": '["a"]'})
    found = call(simulator, "message/expansion/query", {"msgUID": uid})["extraContent"]
    assert {key: one["v"] for key, one in found.items()} == {"state": "done", "b": "2"}
    refused = post(simulator, "message/expansion/set", asked | {"msgUID": plain, "extraKeyVal": '{"b":"2"}'})
    assert refused.json()["code"] == 1002


def test_users_and_who_is_blocked(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", max_users=4)
    made = call(simulator, "user/getToken", {"userId": "Dave", "name": "Dave", "portraitUri": "https://p"})
    assert (made["userId"], isinstance(made["token"], str)) == ("Dave", True)
    assert call(simulator, "user/getToken", {"userId": "Dave", "name": "David"})["token"] == made["token"]
    shown = call(simulator, "user/info", {"userId": "Dave"})
    assert shown["userName"] == "David"
    assert fault(post(simulator, "user/getToken", {"userId": "eve", "name": "Eve"}))[:2] == (403, 2007)
    black = {"userId": "bob", "blackUserId": ["alice", "carol"]}
    call(simulator, "user/blacklist/add", black)
    assert call(simulator, "user/blacklist/query", {"userId": "bob"})["users"] == ["alice", "carol"]
    assert send(simulator, "dropped", verifyBlacklist=1)["code"] == 200
    send(simulator, "passes")
    assert said(receiver.wait(1)[0]) == "passes"
    assert [entry["api"] for entry in simulator.journal("accepted")][-2:] == ["send.blocked", "send"]
    with pytest.raises(ValueError, match="405"):
        simulator.say("alice", "bob", "no")
    call(simulator, "user/blacklist/remove", black)
    simulator.say("alice", "bob", "yes")
    assert said(receiver.wait(2)[1]) == "yes"


def test_groups_and_gags(start: Start) -> None:
    simulator = start("rongcloud")
    team = {"groupId": "teamA", "groupName": "Team A"}
    assert call(simulator, "group/create", team | {"userId": ["alice", "bob"]}) == {"code": 200}
    call(simulator, "group/join", {"groupId": "teamA", "userId": "carol"})
    call(simulator, "group/quit", {"groupId": "teamA", "userId": ["bob"]})
    call(simulator, "group/create", team | {"userId": "dave"})
    assert call(simulator, "group/user/query", {"groupId": "teamA"})["users"] == [{"id": "alice"}, {"id": "carol"}, {"id": "dave"}]
    call(simulator, "group/refresh", {"groupId": "teamA", "groupName": "B"})
    assert {"id": "teamA", "name": "B"} in call(simulator, "user/group/query", {"userId": "carol"})["groups"]
    call(simulator, "group/user/gag/add", {"groupId": "teamA", "userId": "carol", "minute": 10})
    assert [one["userId"] for one in call(simulator, "group/user/gag/list", {"groupId": "teamA"})["users"]] == ["carol"]
    with pytest.raises(ValueError, match="22408"):
        simulator.say("carol", "teamA", "mute", type="group")
    form = HELLO | {"fromUserId": "carol", "toUserId": "", "toGroupId": "teamA"}
    assert call(simulator, "message/group/publish", form)["code"] == 200, "a gag binds apps only"
    call(simulator, "group/user/gag/rollback", {"groupId": "teamA", "userId": "carol"})
    simulator.say("carol", "teamA", "free", type="group")
    call(simulator, "group/dismiss", {"groupId": "teamA", "userId": "anyone"})
    assert post(simulator, "group/user/query", {"groupId": "teamA"}).json()["code"] == 1002


def test_a_call_that_requires_nothing_may_come_without_a_body(start: Start) -> None:
    simulator = start("rongcloud", users=["carol"])
    call(simulator, "user/block", {"userId": "carol", "minute": "5"})
    assert [one["userId"] for one in call(simulator, "user/block/query", {})["users"]] == ["carol"]
    assert call(simulator, "group/ban/query", {})["groupinfo"] == []
    assert fault(post(simulator, "user/info", {}))[:2] == (400, 1003)


def test_tags_are_set_as_json_and_read_with_a_form(start: Start) -> None:
    simulator = start("rongcloud")
    for path, body in (
        ("user/tag/set", {"userId": "alice", "tags": ["vip"]}),
        ("user/tag/batch/set", {"userIds": ["bob", "carol"], "tags": ["new", "shy"]}),
    ):
        assert httpx.post(f"{simulator.url}/{path}.json", json=body, headers=signed()).json() == {"code": 200}
        assert fault(post(simulator, path, body))[:2] == (400, 1002), "a form is no JSON"
    assert call(simulator, "user/tags/get", {"userIds": ["alice", "carol"]})["result"] == {"alice": ["vip"], "carol": ["new", "shy"]}


def test_rooms_made_by_the_older_call_are_found(start: Start) -> None:
    simulator = start("rongcloud")
    call(simulator, "chatroom/create", {"chatroom[lobby]": "Lobby", "chatroom[hall]": "Hall"})
    found = call(simulator, "chatroom/query", {"chatroomId": ["lobby", "hall", "nowhere"]})["chatRooms"]
    assert [(one["chrmId"], one["name"]) for one in found] == [("lobby", "Lobby"), ("hall", "Hall")]
    assert call(simulator, "chatroom/user/query", {"chatroomId": "lobby"})["total"] == 0
    assert fault(post(simulator, "chatroom/create", {"chatroomId": "lobby"}))[:2] == (400, 1002)
