"""The Yunxin simulator: recalls, receipts, edits, and history."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import call, call_v2, copies, dumped, send
from tests.simulators.client import SimulatorClient

PEOPLE = ["alice", "bob", "carol"]
ENDS = {"superteam": {"9001": ["alice", "bob"]}, "room": {"9911": ["alice", "bob"]}}
LONG_AGO, FAR = 1_000_000_000_000, 9_000_000_000_000
SESSION = {"from": "alice", "to": "bob", "begintime": LONG_AGO, "endtime": FAR, "limit": 100, "reverse": 1}
SAID: list[tuple[str, Any, int]] = [
    ("TEXT", None, 0),
    ("PICTURE", {"name": "x.jpg", "w": 1}, 1),
    ("AUDIO", {"dur": 5200}, 2),
    ("VIDEO", {"dur": 6040}, 3),
    ("LOCATION", {"title": "1 Lake Road"}, 4),
    ("FILE", {"name": "plan.pdf"}, 6),
    ("TIPS", None, 10),
    ("ROBOT", {"r": 1}, 11),
    ("CUSTOM", {"kind": "card"}, 100),
]


def talk(simulator: SimulatorClient, **form: Any) -> dict[str, Any]:
    return call(simulator, "history/querySessionMsg", SESSION | form)


@pytest.fixture(scope="module")
def yunxin(listening: Receiver) -> Iterator[SimulatorClient]:
    big = [f"u{number}" for number in range(201)]
    groups = {"6001": PEOPLE, "6002": big, "6003": PEOPLE}
    with running("yunxin", callback_url=listening.url, users=[*PEOPLE, "7"], group=groups, limit_calls=0.0, **ENDS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("kind", "to", "path", "form"),
    [
        ("person", "bob", "history/querySessionMsg", {"from": "bob", "to": "alice"}),
        ("group", "6003", "history/queryTeamMsg", {"tid": "6003", "accid": "bob"}),
        ("group", "9001", "superteam/queryHistoryMsg", {"tid": "9001", "accid": "bob"}),
        ("room", "9911", "history/queryChatroomMsg", {"roomid": "9911", "accid": "bob", "timetag": LONG_AGO}),
    ],
)
def test_history_has_every_kind_by_number(yunxin: SimulatorClient, kind: str, to: str, path: str, form: dict[str, Any]) -> None:
    said = [
        yunxin.say("alice", to, "words" if attach is None else None, type=kind, kind=name, attach=attach, ext="e")
        for name, attach, _ in SAID
    ]
    yunxin.say("alice", to, type=kind, kind="NETCALL_AUDIO", attach={})
    window = SESSION | form
    page = call(yunxin, path, window)
    assert page["size"] == len(page["msgs"]) == len(SAID)
    assert [item["type"] for item in page["msgs"]] == [number for *_, number in SAID]
    assert [item["body"] for item in page["msgs"]] == [attach or {"msg": "words"} for _, attach, _ in SAID]
    assert {item["ext"] for item in page["msgs"]} == {"e"}
    for item, one in zip(page["msgs"], said, strict=True):
        assert str(item["msgid"]) == one["id"]
        assert (item["msgidclient"], item["sendtime"]) == (one["client_id"], one["timestamp"])
        assert item.keys() == {"from", "msgid", "msgidclient", "sendtime", "type", "fromclienttype", "body", "ext"}
    assert isinstance(page["msgs"][0]["msgid"], str if kind == "room" else int)
    some = call(yunxin, path, window | {"type": "1,100"})
    assert [item["type"] for item in some["msgs"]] == [1, 100]
    assert [item["type"] for item in call(yunxin, path, window | {"limit": 2})["msgs"]] == [0, 1]
    last = call(yunxin, path, window | {"limit": 2, "reverse": 2, "timetag": FAR})
    assert [item["type"] for item in last["msgs"]] == [100, 11]


def test_a_device_is_the_same_in_a_copy_and_in_history(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.say("alice", "bob", "mine")
    send(simulator, "by a call")
    numbers = {"AOS": 1, "IOS": 2, "PC": 4, "WEB": 16, "REST": 32}
    told = {copy["msgidServer"]: numbers[copy["fromClientType"]] for copy in copies(simulator, receiver)}
    shown = [(str(item["msgid"]), item["fromclienttype"]) for item in talk(simulator)["msgs"]]
    assert dict(shown) == told  # copies may overtake each other
    assert shown[1][1] == 32


def test_what_the_page_leaves_open_about_history_can_be_set(start: Start) -> None:
    simulator = start("yunxin", history_body="string", history_ext=False)
    simulator.say("alice", "bob", "words", ext="mark")
    (item,) = talk(simulator)["msgs"]
    assert item["body"] == '{"msg":"words"}'
    assert "ext" not in item


def test_history_is_walked_by_windows(start: Start) -> None:
    simulator = start("yunxin")
    said = [simulator.say("alice", "bob", str(number)) for number in range(25)]
    seen: list[int] = []
    begin, last = LONG_AGO, 0
    while msgs := talk(simulator, begintime=begin, limit=10, excludeMsgid=last)["msgs"]:
        fresh = [item["msgid"] for item in msgs if item["msgid"] not in seen]
        if not fresh:
            break
        seen += fresh
        begin, last = msgs[-1]["sendtime"], msgs[-1]["msgid"]
    assert seen == [int(one["id"]) for one in said]
    excluded = talk(simulator, excludeMsgid=said[3]["id"])["msgs"]
    assert [item["msgid"] for item in excluded] == [int(one["id"]) for one in said if one is not said[3]]
    newest = talk(simulator, reverse=2, limit=3)["msgs"]
    assert [item["body"]["msg"] for item in newest] == ["24", "23", "22"]
    inside = talk(simulator, begintime=said[0]["timestamp"] - 1, endtime=said[0]["timestamp"])["msgs"]
    assert {item["sendtime"] for item in inside} == {said[0]["timestamp"]}
    assert talk(simulator, begintime=said[-1]["timestamp"] + 1)["msgs"] == []


def test_what_history_refuses(yunxin: SimulatorClient) -> None:
    for change, code in (
        ({"begintime": FAR}, 414),
        ({"begintime": ""}, 414),
        ({"limit": 0}, 414),
        ({"limit": 101}, 414),
        ({"reverse": 3}, 414),
        ({"type": "x"}, 414),
        ({"from": "ghost"}, 414),
    ):
        assert talk(yunxin, **change)["code"] == code, change
    team = SESSION | {"tid": "6001", "accid": "bob"}
    assert call(yunxin, "history/queryTeamMsg", team | {"tid": "9001"})["code"] == 803
    assert call(yunxin, "superteam/queryHistoryMsg", team)["code"] == 803
    assert call(yunxin, "superteam/queryHistoryMsg", team | {"tid": "9001", "accid": "carol"})["code"] == 804
    room = {"roomid": "9911", "accid": "bob", "timetag": FAR, "limit": 200, "reverse": 1}
    assert call(yunxin, "history/queryChatroomMsg", room)["msgs"] == []
    for change, code in (({"limit": 201}, 414), ({"timetag": 12}, 414), ({"roomid": "1"}, 404), ({"accid": "ghost"}, 404)):
        assert call(yunxin, "history/queryChatroomMsg", room | change)["code"] == code, change


def test_a_notification_has_its_own_form_in_history(start: Start) -> None:
    simulator = start("yunxin")
    simulator.operate("team.update", "alice", "6001", where="group", tname="Ops", intro="who we are")
    simulator.operate("team.add", "alice", "6001", where="group", users=["erin"])
    simulator.operate("team.change_owner", "alice", "6001", where="group", users=["bob"])
    form = SESSION | {"tid": "6001", "accid": "bob"}
    msgs = call(simulator, "history/queryTeamMsg", form)["msgs"]
    assert [(item["type"], item["body"]["ope"], item["body"]["accids"]) for item in msgs] == [(5, 3, []), (5, 0, ["erin"]), (5, 6, ["bob"])]
    assert msgs[1]["body"].items() >= {"tid": 6001, "tname": "Ops", "intro": "who we are"}.items()
    simulator.operate("team.remove", "bob", "6001", where="group")
    assert call(simulator, "history/queryTeamMsg", form)["code"] == 803
    kept = call(simulator, "history/queryTeamMsg", form | {"checkTeamValid": "false"})
    assert [item["body"]["ope"] for item in kept["msgs"]] == [3, 0, 6, 4]


def test_what_is_not_for_history_is_not_in_it(start: Start) -> None:
    simulator = start("yunxin")
    send(simulator, "kept")
    send(simulator, "not kept", option='{"history":false}')
    simulator.operate("custom", "alice", "bob", attach="{}")
    assert [item["body"]["msg"] for item in talk(simulator)["msgs"]] == ["kept"]


def test_recalls_by_call(yunxin: SimulatorClient, receiver: Receiver) -> None:
    for kind, to, number, event in (("person", "bob", 7, "7"), ("group", "6001", 8, "8"), ("group", "9001", None, "25")):
        said = yunxin.say("alice", to, "oops", type=kind)
        form = {"deleteMsgid": said["id"], "timetag": said["timestamp"], "from": "alice", "to": to, "msg": "gone"}
        path = "superteam/recallMsg" if number is None else "msg/recall"
        form |= {} if number is None else {"type": number}
        assert call(yunxin, path, form | {"from": "bob"})["code"] == 414
        assert call(yunxin, path, form | {"msg": "x" * 129})["code"] == 414
        assert call(yunxin, path, form) == {"code": 200}
        assert call(yunxin, path, form)["code"] == 414
        copy = copies(yunxin, receiver)[-1]
        assert (copy["eventType"], copy["msgId"], copy["selfMsg"]) == (event, said["id"], "gone")
        assert (copy["fromClientType"], copy["clientId"]) == ("REST", said["client_id"])
        assert "convType" not in copy
    assert [entry["api"] for entry in yunxin.journal("accepted")[-3:]] == ["recall"] * 3


def test_recalls_by_the_newer_call(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    cid = "conversations/alice|1|bob/messages"
    two_way, one_way, deleted = (simulator.say("alice", "bob", str(number))["id"] for number in range(3))
    assert call_v2(simulator, "DELETE", f"{cid}/{one_way}", type="1")["code"] == 200
    assert call_v2(simulator, "DELETE", f"{cid}/{deleted}", type="3")["code"] == 200
    assert call_v2(simulator, "DELETE", f"{cid}/{two_way}", type="2")["code"] == 200
    assert call_v2(simulator, "DELETE", f"{cid}/{two_way}", type="2")["code"] == 107404
    assert call_v2(simulator, "DELETE", f"{cid}/{one_way}", type="4")["code"] == 414
    events = sorted(copy["eventType"] for copy in copies(simulator, receiver))
    assert events == ["1", "1", "1", "7"]
    assert [str(item["msgid"]) for item in talk(simulator)["msgs"]] == [one_way]
    late = start("yunxin", recall_window=-1)
    said = late.say("alice", "bob", "old")["id"]
    assert call_v2(late, "DELETE", f"{cid}/{said}", type="2")["code"] == 107314
    assert call_v2(late, "DELETE", f"{cid}/{said}", type="2", ingore_revoke_time="true")["code"] == 200


def test_receipts_by_call(yunxin: SimulatorClient, receiver: Receiver) -> None:
    said = yunxin.say("alice", "bob", "read me")
    form = {"from": "bob", "to": "alice", "msgidClient": said["client_id"]}
    assert call(yunxin, "msg/markReadMsg", form)["data"]["timestamp"] >= said["timestamp"]
    assert call(yunxin, "msg/markReadMsg", form | {"from": "carol"})["code"] == 414
    path = "messages/actions/p2p_read_receipt"
    request = {"from_account_id": "bob", "to_account_id": "alice", "message_server_id": int(said["id"])}
    assert call_v2(yunxin, "POST", path, request)["data"]["timestamp"] >= said["timestamp"]
    assert call_v2(yunxin, "POST", path, request | {"message_server_id": 1})["code"] == 107404
    receipts = copies(yunxin, receiver)[1:]
    assert [copy["eventType"] for copy in receipts] == ["30", "30"]
    assert all(f'"msgidClient":"{said["client_id"]}"' in copy["objects"] for copy in receipts)
    assert [entry["api"] for entry in yunxin.journal("accepted")[-2:]] == ["read", "read"]


def test_receipts_in_a_team_have_no_copy(yunxin: SimulatorClient, receiver: Receiver) -> None:
    said = yunxin.say("alice", "6001", "read me", type="group")["id"]
    form = {"accid": "bob", "tid": "6001", "msgids": f"[{said}, 7]"}
    assert call(yunxin, "msg/markReadTeamMsg", form) == {"code": 200, "data": {"errMsgIds": [7]}}
    path = "messages/actions/team_read_receipt"
    request = {"from_account_id": "carol", "team_id": "6001", "message_server_ids": [int(said)]}
    assert call_v2(yunxin, "POST", path, request)["code"] == 200
    assert call_v2(yunxin, "POST", path, request | {"message_server_ids": [1] * 51})["code"] == 414
    assert call_v2(yunxin, "POST", path, request | {"from_account_id": "zed"})["code"] == 109404
    assert call_v2(yunxin, "POST", path, {**request, "from_account_id": "u1", "team_id": "6002"})["code"] == 107302
    asked = {"tid": "6001", "msgid": said, "fromAccid": "alice"}
    read = call(yunxin, "team/getMarkReadInfo", asked)["data"]
    assert read == {"readSize": 2, "unreadSize": 0, "readAccids": ["bob", "carol"], "unreadAccids": []}
    assert len(copies(yunxin, receiver)) == 1


def test_an_edit_by_call_is_copied_and_shown_by_history_and_not_at_once_repeated(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin", **ENDS, edit_pause=3600)
    path = "messages/actions/modifyMsg"
    for number, kind, to, event in ((1, "person", "bob", "89"), (2, "group", "6001", "90"), (3, "group", "9001", "91")):
        said = simulator.say("alice", to, "first", type=kind)
        message = {"message_server_id": int(said["id"]), "text": "second"}
        request = {"operator": "alice", "type": number, "extension": "e", "message": message}
        assert call_v2(simulator, "POST", path, request)["code"] == 200
        assert call_v2(simulator, "POST", path, request)["code"] == 107449
        copy = copies(simulator, receiver)[-1]
        assert (copy["eventType"], copy["text"], copy["extension"]) == (event, "second", "e")
        assert (copy["fromClientType"], copy["modifyAccountId"], copy["msgId"]) == ("REST", "alice", said["id"])
    assert [item["body"] for item in talk(simulator)["msgs"]] == [{"msg": "second"}]
    request = {"operator": "alice", "type": 1, "message": {"message_server_id": 1, "text": "x"}}
    assert call_v2(simulator, "POST", path, request)["code"] == 107404
    assert call_v2(simulator, "POST", path, request | {"type": 4})["code"] == 414
    assert call_v2(simulator, "POST", path, request | {"extension": "x" * 1025})["code"] == 414
    assert [entry["api"] for entry in simulator.journal("accepted")] == ["edit"] * 3


def test_history_of_rooms_has_a_limit_of_its_own(start: Start) -> None:
    simulator = start("yunxin", **ENDS, limit_room_history=1.0, block=3600)
    form = {"roomid": "9911", "accid": "bob", "timetag": FAR, "limit": 1}
    assert [call(simulator, "history/queryChatroomMsg", form)["code"] for _ in range(2)] == [200, 416]
    assert talk(simulator)["code"] == 200


def test_names_may_come_as_numbers(yunxin: SimulatorClient) -> None:
    known = call(yunxin, "user/getUinfos", {"accids": dumped([7, "BOB"])})["uinfos"]
    assert [user["accid"] for user in known] == ["7", "bob"]
