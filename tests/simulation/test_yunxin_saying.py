"""The Yunxin simulator: what people do in the app, and how it is copied."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import call, copies
from tests.simulators.client import SimulatorClient

ENDS = {"superteam": {"9001": ["alice", "bob"]}, "room": {"9911": ["alice", "bob"]}}
ATTACHED: dict[str, Any] = {
    "PICTURE": {"name": "cat", "md5": "d0", "url": "https://example.test/1", "ext": "jpg", "w": 1, "h": 2, "size": 3},
    "AUDIO": {"md5": "b9", "url": "https://example.test/2", "ext": "aac", "dur": 5200, "size": 3},
    "VIDEO": {"name": "clip", "md5": "f6", "url": "https://example.test/3", "ext": "mp4", "w": 1, "h": 2, "dur": 3},
    "LOCATION": {"title": "1 Lake Road", "lng": 120.15, "lat": 30.28},
    "FILE": {"name": "plan.pdf", "md5": "5f", "url": "https://example.test/6", "ext": "pdf", "size": "40960"},
    "CUSTOM": {"kind": "card", "n": 7},
    "NRTC_NETCALL": {"type": 1, "channelId": 2, "status": 1, "durations": []},
    "NOTIFICATION": {"id": 3, "data": {"tinfo": {"3": "Ops"}}},
    "ROBOT": {"robotAccid": "r"},
    "NETCALL_VEDIO": {"calltype": 1},
}


@pytest.fixture(scope="module")
def yunxin(listening: Receiver) -> Iterator[SimulatorClient]:
    with running("yunxin", callback_url=listening.url, **ENDS) as simulator:
        yield simulator


@pytest.mark.parametrize("where", ["person", "group", "superteam", "room"])
def test_every_raw_kind_is_copied_with_its_attachment_as_text(yunxin: SimulatorClient, receiver: Receiver, where: str) -> None:
    to = {"person": "bob", "group": "6001", "superteam": "9001", "room": "9911"}[where]
    kind = "group" if where == "superteam" else where
    for name, attach in ATTACHED.items():
        yunxin.say("alice", to, type=kind, kind=name, attach=attach)
    yunxin.say("alice", to, "a tip", type=kind, kind="TIPS")
    yunxin.say("alice", to, type=kind, kind="CUSTOM", attach="{no json")
    said = yunxin.say("alice", to, "words", type=kind, id="c-1")
    *raw, tip, broken, words = copies(yunxin, receiver)
    assert [copy["msgType"] for copy in raw] == list(ATTACHED)
    assert all(isinstance(copy["attach"], str) for copy in raw)
    assert [orjson.loads(copy["attach"]) for copy in raw] == list(ATTACHED.values())
    assert broken["attach"] == "{no json"
    assert len({copy["fromClientType"] for copy in raw}) == 1
    if where == "room":
        assert (tip["attach"], words["attach"]) == ("a tip", "words")
        assert (words["eventType"], words["roomId"], words["msgidClient"]) == ("4", "9911", "c-1")
        assert said["id"] == "c-1"
        assert "msgidServer" not in words
        assert "convType" not in words
    else:
        assert (tip["body"], words["body"], words["attach"]) == ("a tip", "words", "")
        shown = {"person": "PERSON", "group": "TEAM", "superteam": "SUPER_TEAM"}[where]
        assert (words["convType"], words["msgidServer"]) == (shown, said["id"])
        assert ("tMembers" in words) is (where == "group")


def test_what_the_copy_of_a_message_has_can_be_changed(yunxin: SimulatorClient, receiver: Receiver) -> None:
    changes = {"antispam": "true", "fromNick": None, "msgTimestamp": 1700000000001, "tMembers": ["alice", "bob"]}
    yunxin.say("alice", "6001", "odd", type="group", payload=changes)
    (copy,) = copies(yunxin, receiver)
    assert "fromNick" not in copy
    assert (copy["antispam"], copy["msgTimestamp"]) == ("true", 1700000000001)
    assert copy["tMembers"] == ["alice", "bob"]


def test_what_a_blacklisted_person_writes_is_marked_and_in_no_history(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    block = {"accid": "bob", "targetAcc": "alice", "relationType": 1, "value": 1}
    assert call(simulator, "user/setSpecialRelation", block) == {"code": 200}
    said = simulator.say("alice", "bob", "hear me")
    simulator.say("bob", "alice", "no")
    first, second = copies(simulator, receiver)
    assert first["blacklist"] == "true"
    assert "blacklist" not in second
    window = {"begintime": said["timestamp"], "endtime": said["timestamp"] + 60_000, "limit": 9, "reverse": 1}
    page = call(simulator, "history/querySessionMsg", {"from": "bob", "to": "alice", **window})
    assert [item["body"]["msg"] for item in page["msgs"]] == ["no"]


@pytest.mark.parametrize(
    ("kind", "to", "recall", "edit"), [("person", "bob", "7", "89"), ("group", "6001", "8", "90"), ("group", "9001", "25", "91")]
)
def test_a_message_is_edited_and_recalled(yunxin: SimulatorClient, receiver: Receiver, kind: str, to: str, recall: str, edit: str) -> None:
    said = yunxin.say("alice", to, "hello", type=kind)
    yunxin.operate("edit", "alice", to, where=kind, id=said["id"], text="hello, edited", extension="e")
    yunxin.operate("recall", "alice", to, where=kind, id=said["id"], text="withdrawn")
    first, second, third = copies(yunxin, receiver)
    about = {"from": "alice", "to": to, "msgId": said["id"], "clientId": said["client_id"]}
    assert first["msgidServer"] == said["id"]
    assert second.items() >= (about | {"eventType": edit, "modifyAccountId": "alice", "text": "hello, edited"}).items()
    assert second["extension"] == "e"
    assert third.items() >= (about | {"eventType": recall, "selfMsg": "withdrawn"}).items()
    assert third["sendTime"] == str(said["timestamp"])
    assert third["deleteTime"] >= second["modifyTime"]
    assert third["fromClientType"] == second["fromClientType"] == first["fromClientType"]
    journal = yunxin.journal("said")[-3:]
    assert [entry.get("operation") for entry in journal] == [None, "edit", "recall"]
    with pytest.raises(ValueError, match="no such message"):
        yunxin.operate("recall", "alice", to, where=kind, id=said["id"])
    with pytest.raises(ValueError, match="no such message"):
        yunxin.operate("edit", "alice", to, where=kind, id="1", text="x")


def test_an_edit_of_an_attachment_has_it_as_text(yunxin: SimulatorClient, receiver: Receiver) -> None:
    said = yunxin.say("alice", "bob", kind="CUSTOM", attach={"n": 1})
    yunxin.operate("edit", "alice", "bob", id=said["id"], attachment={"n": 2}, sub_type=3)
    edit = copies(yunxin, receiver)[1]
    assert (orjson.loads(edit["attachment"]), edit["subType"]) == ({"n": 2}, "3")
    assert "text" not in edit


def test_readings_sessions_and_rooms_have_events_of_their_own(yunxin: SimulatorClient, receiver: Receiver) -> None:
    said = yunxin.say("alice", "bob", "read me")

    def done(operation: str, sender: str, to: str, **more: Any) -> dict[str, Any]:
        yunxin.operate(operation, sender, to, **more)
        return copies(yunxin, receiver)[-1]

    receipt = done("read", "bob", "alice", id=said["id"])
    assert receipt["eventType"] == "30"
    assert isinstance(receipt["objects"], str)
    (read,) = orjson.loads(receipt["objects"])
    assert (read["fromAccount"], read["toAccount"], read["msgidClient"]) == ("bob", "alice", said["client_id"])
    assert read["timestamp"] >= said["timestamp"]
    assert read["clientType"] in {"IOS", "AOS", "WEB", "PC"}
    assert done("conversation.read", "bob", "alice", time=7) == {
        "eventType": "85",
        "msgType": "0",
        "accid": "bob",
        "ackAccid": "alice",
        "ackMsgTime": "7",
    }
    team = done("conversation.read", "bob", "6001", where="group")
    assert (team["msgType"], team["ackTeamId"]) == ("1", "6001")
    for operation, shown in (("room.in", "IN"), ("room.kick", "KICK"), ("room.out", "OUT")):
        event = done(operation, "bob", "9911", where="room")
        assert (event["eventType"], event["roomId"], event["event"], event["accid"]) == ("9", "9911", shown, "bob")
    login, logout = done("login", "alice", ""), done("logout", "alice", "", reason=2)
    assert (login["eventType"], login["accid"], login["code"]) == ("2", "alice", "200")
    assert "logOutReason" not in login
    assert (logout["eventType"], logout["logOutReason"], logout["deviceId"]) == ("3", "2", login["deviceId"])
    with pytest.raises(ValueError, match="no such room: 1"):
        yunxin.operate("room.in", "bob", "1", where="room")


def test_notifications_between_persons(yunxin: SimulatorClient, receiver: Receiver) -> None:
    typing = yunxin.operate("custom", "alice", "bob", attach={"typing": 1}, save=False)
    yunxin.operate("friend.add", "alice", "bob", vt=2, text="it is me")
    yunxin.operate("friend.add", "bob", "alice", vt=3)
    yunxin.operate("friend.delete", "alice", "bob")
    first, *friends = copies(yunxin, receiver)
    assert first == {
        "convType": "CUSTOM_PERSON",
        "eventType": "1",
        "fromAccount": "alice",
        "to": "bob",
        "body": "",
        "msgTimestamp": str(typing["timestamp"]),
        "msgType": "CUSTOM_P2P_MSG",
        "msgidServer": "0",
        "customSafeFlag": "0",
        "customApnsText": "",
        "attach": '{"typing":1}',
    }
    assert [(copy["msgType"], copy["attach"], copy["body"]) for copy in friends] == [
        ("FRIEND_ADD", '{"vt":2}', "it is me"),
        ("FRIEND_ADD", '{"vt":3}', ""),
        ("FRIEND_DELETE", "", ""),
    ]
    assert call(yunxin, "friend/get", {"accid": "alice", "updatetime": 0})["friends"] == []


@pytest.mark.parametrize(("tid", "prefix"), [("6001", "TEAM"), ("9001", "SUPERTEAM")])
def test_invitations_are_heard_by_those_whom_they_are_for(yunxin: SimulatorClient, receiver: Receiver, tid: str, prefix: str) -> None:
    yunxin.operate("team.add_manager", "alice", tid, where="group", users=["bob"])
    yunxin.operate("team.apply", "dave", tid, where="group", text="let me in")
    yunxin.operate("team.apply_reject", "alice", tid, where="group", users=["dave"], text="no")
    yunxin.operate("team.invite", "alice", tid, where="group", users=["erin"], text="come")
    yunxin.operate("team.invite_reject", "erin", tid, where="group", users=["alice"])
    yunxin.operate("custom", "alice", tid, where="group", attach="{}")
    got = copies(yunxin, receiver)[1:]
    assert {copy["convType"] for copy in got} == {"CUSTOM_TEAM"}
    assert [(copy["msgType"], copy["tMembers"], copy["body"]) for copy in got[:4]] == [
        (f"{prefix}_APPLY", "[alice, bob]", "let me in"),
        (f"{prefix}_APPLY_REJECT", "[dave]", "no"),
        (f"{prefix}_INVITE", "[erin]", "come"),
        (f"{prefix}_INVITE_REJECT", "[alice]", ""),
    ]
    assert [orjson.loads(copy["attach"]).keys() if "attach" in copy else None for copy in got[:4]] == [None, {"tinfo"}, {"tinfo"}, None]
    assert got[4]["msgType"] == f"CUSTOM_{prefix}_MSG"


def test_what_is_no_operation_is_refused_by_name(start: Start) -> None:
    simulator = start("yunxin")

    def refused(match: str, operation: str, **payload: Any) -> None:
        with pytest.raises(ValueError, match=match):
            simulator.operate(operation, "alice", "6001", where="group", **payload)

    refused("no such operation: dance", "dance")
    refused(r"no such operation: team\.dance", "team.dance")
    refused("edit needs 'id'", "edit")
    refused(r"team\.kick needs 'users'", "team.kick")
    refused(r"team\.mute needs 'mute'", "team.mute", users=["bob"])
    with pytest.raises(ValueError, match="no such team: 77"):
        simulator.operate("team.leave", "alice", "77", where="group")
    with pytest.raises(ValueError, match="payload must be an object"):
        simulator.say("alice", "bob", operation="login", payload=[])
    with pytest.raises(ValueError, match="no such room: 1"):
        simulator.say("alice", "1", "x", type="room")
    assert simulator.journal() == []


def test_a_view_tells_of_operations_too(start: Start, receiver: Receiver) -> None:
    simulator: SimulatorClient = start("yunxin")
    simulator.operate("login", "alice", "")
    simulator.settled()
    (item,) = simulator.view()["items"]
    assert item["end"] >= item["time"]
