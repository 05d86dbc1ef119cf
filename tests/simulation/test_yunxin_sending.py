"""The Yunxin simulator: sends of every kind and by every call, and the copies they cause."""

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import call, call_v2, copies, dumped, send, send_v2, signed
from tests.simulators.client import SimulatorClient

FILE = {"md5": "d077f244def8a70e5ea758bd8352fcd8", "url": "https://nim-nosdn.netease.im/xyz1", "size": 51234}
KINDS: list[tuple[int, str, dict[str, Any]]] = [
    (0, "TEXT", {"msg": "hello"}),
    (1, "PICTURE", FILE | {"name": "cat.jpg", "ext": "jpg", "w": 640, "h": 480}),
    (2, "AUDIO", FILE | {"dur": 5200, "ext": "aac"}),
    (3, "VIDEO", FILE | {"dur": 6040, "w": 360, "h": 480, "ext": "mp4"}),
    (4, "LOCATION", {"title": "1 Lake Road", "lng": 120.15, "lat": 30.28}),
    (6, "FILE", FILE | {"name": "plan.pdf", "ext": "pdf"}),
    (10, "TIPS", {"msg": "Alice changed the topic"}),
    (100, "CUSTOM", {"kind": "card", "title": "Invoice", "n": 7}),
]
ENDS = {"superteam": {"9001": ["alice", "bob"]}, "room": {"9911": ["alice", "bob"]}}


@pytest.fixture(scope="module")
def yunxin() -> Iterator[SimulatorClient]:
    with running("yunxin", **ENDS) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def copying(listening: Receiver) -> Iterator[SimulatorClient]:
    with running("yunxin", callback_url=listening.url, **ENDS) as simulator:
        yield simulator


@pytest.mark.parametrize("to", ["person", "team", "superteam"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_kind_is_sent_and_copied(copying: SimulatorClient, receiver: Receiver, to: str, version: str) -> None:
    simulator, before = copying, len(copying.journal())
    for number, _, content in KINDS:
        body: dict[str, Any] = {"type": number, "body": dumped(content)}
        ext = {"ext": "mark"}
        if version == "v2":
            cid = {"person": "alice|1|bob", "team": "alice|2|6001", "superteam": "alice|3|9001"}[to]
            message: dict[str, Any] = {"message_type": number}
            message |= {"text": content["msg"]} if number == 0 else {"attachment": content}
            path = f"conversations/{cid}/messages"
            answer = call_v2(simulator, "POST", path, {"message": message, "extension": "mark"})
        elif to == "superteam":
            form = {"fromAccid": "alice", "tid": "9001", **body, **ext}
            answer = call(simulator, "superteam/sendMsg", form)
        else:
            answer = send(simulator, "", ope=int(to == "team"), to="6001" if to == "team" else "bob", **body, **ext)
        assert answer["code"] == 200, answer
    got = copies(simulator, receiver)
    assert {copy["convType"] for copy in got} == {{"person": "PERSON", "team": "TEAM", "superteam": "SUPER_TEAM"}[to]}
    assert {copy["fromClientType"] for copy in got} == {"REST"}
    assert {copy["ext"] for copy in got} == {"mark"}
    assert [copy.get("tMembers") for copy in got] == ["[alice, bob, carol]" if to == "team" else None] * len(KINDS)
    assert [copy["msgType"] for copy in got] == [name for _, name, _ in KINDS]
    for copy, (number, _, content) in zip(got, KINDS, strict=True):
        if number in (0, 10):
            assert (copy["body"], copy["attach"]) == (content["msg"], "")
        else:
            assert orjson.loads(copy["attach"]) == content
    accepted = [entry for entry in simulator.journal()[before:] if entry["api"] == "send"]
    assert [entry["body"] for entry in accepted] == [content for _, _, content in KINDS]


@pytest.mark.parametrize(("number", "name", "content"), KINDS)
def test_what_a_kind_must_have_is_asked_for(yunxin: SimulatorClient, number: int, name: str, content: dict[str, Any]) -> None:
    for key in content if number != 100 else ():
        lacking = {other: value for other, value in content.items() if other != key}
        assert send(yunxin, "", type=number, body=dumped(lacking))["code"] == 414, (name, key)
        assert send(yunxin, "", type=number, body=dumped(content | {key: None}))["code"] == 414, (name, key)
    assert send(yunxin, "", type=number, body=dumped(content))["code"] == 200


def test_the_newer_api_may_say_width_and_height(yunxin: SimulatorClient) -> None:
    picture = FILE | {"name": "cat.jpg", "ext": "jpg", "width": 640, "height": 480}
    answer = send_v2(yunxin, "alice|1|bob", "", message={"message_type": 1, "text": None, "attachment": picture})
    assert answer["code"] == 200
    assert answer["data"]["attachment"] == picture


def test_an_audio_that_is_no_aac_can_be_refused(copying: SimulatorClient, start: Start) -> None:
    wav: dict[str, Any] = {"type": 2, "body": dumped(FILE | {"dur": 1, "ext": "wav"})}
    assert send(copying, "", **wav)["code"] == 200
    assert send(start("yunxin", aac_only=True), "", **wav)["code"] == 414


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": 11}, 414),
        ({"type": 12}, 414),
        ({"type": "x"}, 414),
        ({"option": "[]"}, 414),
        ({"pushcontent": "x" * 501}, 414),
        ({"pushContent": "x" * 501}, 414),
        ({"payload": "x" * 2049}, 414),
        ({"payload": "x" * 2048}, 200),
        ({"forcepushcontent": "x" * 501}, 414),
        ({"ope": 1, "to": "9001"}, 404),
        ({"to": ""}, 404),
    ],
)
def test_what_a_classic_send_refuses(yunxin: SimulatorClient, change: dict[str, Any], code: int) -> None:
    assert send(yunxin, "x", **change)["code"] == code


@pytest.mark.parametrize(
    ("cid", "request_", "code"),
    [
        ("alice|1|bob", {"message": {"message_type": 0, "text": "hi"}}, 200),
        ("alice|1|bob", {"message": {"message_type": 0, "text": "x" * 5001}}, 414),
        ("alice|1|bob", {"message": {"message_type": 5, "attachment": {}}}, 414),
        ("alice|1|bob", {"message": {"message_type": 1, "attachment": {"url": "x"}}}, 414),
        ("alice|1|bob", {"message": {"message_type": 100}}, 414),
        ("alice|1|bob", {}, 414),
        ("alice|4|bob", {"message": {"message_type": 0, "text": "hi"}}, 414),
        ("alice|1|ghost", {"message": {"message_type": 0, "text": "hi"}}, 102404),
        ("alice|2|9001", {"message": {"message_type": 0, "text": "hi"}}, 108404),
        ("alice|3|6001", {"message": {"message_type": 0, "text": "hi"}}, 108404),
        ("alice|1|bob", {"message": {"message_type": 0, "text": "hi"}, "extension": "x" * 1025}, 414),
        ("alice|1|bob", {"message": {"message_type": 0, "text": "hi", "message_client_id": 7}}, 414),
        ("alice|1|bob", {"message": {"message_type": 0, "text": "hi"}, "push_config": {"push_content": "x" * 501}}, 414),
        ("alice|2|6001", {"message": {"message_type": 0, "text": "@"}, "push_config": {"push_forcepush_ids": ["bob"] * 101}}, 107316),
        ("alice|1|bob", {"message": {"message_type": 0, "text": "hi"}, "sender_no_sense": True, "receiver_no_sense": True}, 107330),
        ("carol|3|9001", {"message": {"message_type": 0, "text": "hi"}, "superteam_option": {"check_team_member_valid": True}}, 109404),
    ],
)
def test_what_the_newer_send_refuses(yunxin: SimulatorClient, cid: str, request_: dict[str, Any], code: int) -> None:
    assert call_v2(yunxin, "POST", f"conversations/{cid}/messages", request_)["code"] == code


def test_the_journal_shows_what_else_was_asked_of_a_send(yunxin: SimulatorClient) -> None:
    before = len(yunxin.journal())
    send(yunxin, "@bob", ope=1, to="6001", forcepushlist='["bob"]', markRead=1)
    thread = {"thread_root": {"message_server_id": 1}}
    send_v2(yunxin, "alice|1|bob", "a reply", thread_config=thread)
    first, second = yunxin.journal(since=before)
    assert first["options"] == {"forcepushlist": '["bob"]', "markRead": "1"}
    assert second["options"] == {"thread_config": thread}


def test_a_chat_room_takes_the_callers_id_and_its_copy_has_no_other(copying: SimulatorClient, receiver: Receiver) -> None:
    form = {"roomid": "9911", "msgId": "m-1", "fromAccid": "alice", "msgType": 0, "attach": "hi room", "ext": "{}"}
    answer = call(copying, "chatroom/sendMsg", form)
    assert answer["code"] == 200
    desc = answer["desc"]
    assert (desc["msgid_client"], desc["attach"], desc["fromClientType"]) == ("m-1", "hi room", "REST")
    for number, _, content in KINDS[1:]:
        attach = content["msg"] if number == 10 else dumped(content)
        more = {"msgType": number, "msgId": f"m-1-{number}", "attach": attach}
        assert call(copying, "chatroom/sendMsg", form | more)["code"] == 200
    assert call(copying, "chatroom/sendMsg", form | {"resendFlag": 1}) == answer
    assert call(copying, "chatroom/sendMsg", form | {"msgId": "m-2", "route": "false"})["code"] == 200
    for change, code in (
        ({"msgId": ""}, 414),
        ({"roomid": "1"}, 404),
        ({"fromAccid": "ghost"}, 404),
        ({"attach": "x" * 4097}, 414),
        ({"msgType": 1, "attach": "no json"}, 414),
        ({"msgType": 1, "attach": "{}"}, 414),
    ):
        assert call(copying, "chatroom/sendMsg", form | {"msgId": "m-3"} | change)["code"] == code
    got = copies(copying, receiver)
    assert {copy["eventType"] for copy in got} == {"4"}
    assert [copy["msgType"] for copy in got] == [name for _, name, _ in KINDS]
    assert (got[0]["roomId"], got[0]["msgidClient"], got[0]["attach"]) == ("9911", "m-1", "hi room")
    assert not any("msgidServer" in copy for copy in got)
    assert [orjson.loads(copy["attach"]) for copy in got if copy["msgType"] == "FILE"] == [KINDS[5][2]]


def test_a_chat_room_is_made_and_shown(copying: SimulatorClient) -> None:
    made = call(copying, "chatroom/create", {"creator": "alice", "name": "Hall", "announcement": "hear"})
    room = made["chatroom"]
    assert (room["creator"], room["name"], room["valid"], room["announcement"]) == ("alice", "Hall", True, "hear")
    assert call(copying, "chatroom/get", {"roomid": room["roomid"]})["chatroom"] == room
    assert call(copying, "chatroom/get", {"roomid": 1})["code"] == 404
    assert call(copying, "chatroom/create", {"creator": "ghost", "name": "Hall"})["code"] == 404
    assert call(copying, "chatroom/create", {"creator": "alice", "name": ""})["code"] == 414


def test_custom_notifications_are_copied_as_such(copying: SimulatorClient, receiver: Receiver) -> None:
    form = {"from": "alice", "msgtype": 0, "to": "bob", "attach": '{"typing":1}', "save": 1}
    assert call(copying, "msg/sendAttachMsg", form) == {"code": 200}
    assert call(copying, "msg/sendAttachMsg", form | {"option": '{"route":false}'}) == {"code": 200}
    assert call(copying, "msg/sendAttachMsg", form | {"save": 2, "pushcontent": "look"}) == {"code": 200}
    team = form | {"msgtype": 1, "to": "6001", "save": 2}
    assert call(copying, "msg/sendAttachMsg", team) == {"code": 200}
    superteam = {"fromAccid": "alice", "tid": "9001", "attach": "plain words"}
    assert call(copying, "superteam/sendAttachMsg", superteam) == {"code": 200}
    v2 = {"sender_id": "alice", "type": 1, "receiver_id": "bob", "content": "v2"}
    assert call_v2(copying, "POST", "custom_notification", v2)["code"] == 200
    for change, code in (
        ({"msgtype": 2}, 414),
        ({"attach": ""}, 414),
        ({"attach": "x" * 4097}, 414),
        ({"sound": "x" * 31}, 414),
        ({"save": 3}, 414),
        ({"to": "ghost"}, 404),
    ):
        assert call(copying, "msg/sendAttachMsg", form | change)["code"] == code
    assert call_v2(copying, "POST", "custom_notification", v2 | {"content": "x" * 4097})["code"] == 414
    assert call_v2(copying, "POST", "custom_notification", v2 | {"type": 2})["code"] == 108404
    got = {copy["to"] + copy["msgidServer"]: copy for copy in copies(copying, receiver)}
    names = sorted((copy["convType"], copy["msgType"], copy["attach"]) for copy in got.values())
    assert names == [
        ("CUSTOM_PERSON", "CUSTOM_P2P_MSG", "v2"),
        ("CUSTOM_PERSON", "CUSTOM_P2P_MSG", '{"typing":1}'),
        ("CUSTOM_PERSON", "CUSTOM_P2P_MSG", '{"typing":1}'),
        ("CUSTOM_TEAM", "CUSTOM_SUPERTEAM_MSG", "plain words"),
        ("CUSTOM_TEAM", "CUSTOM_TEAM_MSG", '{"typing":1}'),
    ]
    assert got["bob0"]["customSafeFlag"] == "0"
    assert not any("msgidClient" in copy for copy in got.values())
    pushed = [copy for copy in got.values() if copy["customApnsText"]]
    assert [(copy["customSafeFlag"], copy["customApnsText"]) for copy in pushed] == [("1", "look")]
    assert [entry["api"] for entry in copying.journal("accepted")[-6:]] == ["custom"] * 6


def test_copies_can_be_lost_for_good(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.mood(lose_callbacks=1)
    lost = simulator.say("alice", "bob", "lost")
    sent = send(simulator, "lost too")["data"]
    simulator.mood()
    simulator.say("alice", "bob", "heard")
    assert [copy["body"] for copy in copies(simulator, receiver)] == ["heard"]
    attempts = simulator.journal("callback")
    assert [(entry["id"], entry["outcome"]) for entry in attempts[:2]] == [
        (f"person:{lost['id']}", "lost"),
        (f"person:{sent['msgid']}", "lost"),
    ]
    window = {"begintime": lost["timestamp"], "endtime": lost["timestamp"] + 60_000, "limit": 100, "reverse": 1}
    page = call(simulator, "history/querySessionMsg", {"from": "bob", "to": "alice", **window})
    assert [item["body"]["msg"] for item in page["msgs"]] == ["lost", "lost too", "heard"]


def test_a_load_counts_what_it_lost(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.mood(lose_callbacks=0.3, seed=5)
    simulator.load(rate=5000, count=200, conversations=10)
    progress = simulator.settled()
    assert progress["said"] == 200
    assert progress["acknowledged"] + progress["failed"] == 200
    assert 30 < progress["failed"] < 90
    assert len(receiver.got) == progress["acknowledged"]


def test_calls_are_post_and_the_newer_ones_have_their_own_methods(yunxin: SimulatorClient) -> None:
    assert httpx.get(f"{yunxin.url}/nimserver/msg/sendMsg.action", headers=signed()).status_code == 405
    assert httpx.get(f"{yunxin.url}/im/v2/custom_notification", headers=signed()).status_code == 405
