"""The Yunxin simulator against the known answers of "Yunxin: Server API" and "Yunxin: Message copy"."""

import time
from collections.abc import Iterator
from hashlib import md5, sha1
from typing import Any

import httpx
import orjson
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.yunxin_calls import SECRET, call, send, send_v2, signed, text
from tests.simulators.client import SimulatorClient
from tests.simulators.yunxin.signing import check_sum, copy_headers, holds


def test_check_sums_are_those_of_the_page() -> None:
    assert check_sum("demo-secret", "n0nce-1", "1700000000") == "df46c51deec224902cf2b7ae1dd49a2e22424dc0"
    empty = copy_headers("key", "demo-secret", b"{}", 1700000000000)
    assert empty["MD5"] == "99914b932bd37a50b983c5e7c90ae93b"
    assert empty["CheckSum"] == "b307ff03282109b14845d60b1b3a6ea9e94e26e6"
    person = copy_headers("key", "demo-secret", b'{"eventType":"1","convType":"PERSON"}', 1700000000123)
    assert person["MD5"] == "cc863bc185f41f73c360580ae37d5397"
    assert person["CheckSum"] == "ba974a6e5e34b74f3e43d315c0a3e09a58c906be"


@pytest.mark.parametrize(("late", "good"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_check_sum_holds_for_five_minutes_around(late: int, good: bool) -> None:
    check = check_sum("demo-secret", "n", "1700000000")
    assert holds("demo-secret", "n", "1700000000", check, 1700000000 + late) is good


def test_a_stale_or_wrong_signature_is_414(start: Start) -> None:
    simulator = start("yunxin")
    url = f"{simulator.url}/nimserver/msg/sendMsg.action"
    for headers in (signed(time.time() - 400), signed() | {"CheckSum": "0" * 40}, signed() | {"AppKey": "other"}):
        assert httpx.post(url, data=text("x"), headers=headers).json()["code"] == 414
    v2 = f"{simulator.url}/im/v2/conversations/alice%7C1%7Cbob/messages"
    assert httpx.post(v2, json={}, headers=signed() | {"AppKey": "other"}).json()["code"] == 101303
    assert [entry["kind"] for entry in simulator.journal()] == ["refused"] * 4


def test_a_send_is_answered_journalled_and_copied_as_rest(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    answer = send(simulator, "hello", ext='{"relay":1}', **{"from": "ALICE"})
    assert answer["code"] == 200
    (entry,) = simulator.journal("accepted")
    assert (entry["from"], entry["to"], entry["text"], entry["ext"]) == ("alice", "bob", "hello", '{"relay":1}')
    assert entry["id"] == str(answer["data"]["msgid"])
    assert answer["data"]["msgid"] > 2**53
    (got,) = receiver.wait(1)
    copy = got.body
    assert all(isinstance(value, str) for value in copy.values())
    assert (copy["fromClientType"], copy["msgidServer"], copy["body"]) == ("REST", entry["id"], "hello")
    assert (copy["convType"], copy["msgType"], copy["ext"]) == ("PERSON", "TEXT", '{"relay":1}')
    assert len(got.headers["curtime"]) == 13
    assert got.headers["md5"] == md5(got.raw).hexdigest()
    expected = sha1(f"{SECRET}{got.headers['md5']}{got.headers['curtime']}".encode()).hexdigest()
    assert got.headers["checksum"] == expected
    assert got.headers["content-type"] == "application/json"


def test_route_false_sends_no_copy(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    assert send(simulator, "quiet", option='{"route":false}')["code"] == 200
    send_v2(simulator, "alice|1|bob", "quiet too", route_config={"route_enabled": False})
    send(simulator, "loud")
    receiver.wait(1)
    simulator.say("bob", "alice", "end")
    assert [got.body["body"] for got in receiver.wait(2)] == ["loud", "end"]


def test_v2_takes_a_client_message_id_once(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    first = send_v2(simulator, "alice|2|6001", "hi", message={"message_client_id": "c-1"}, extension="e")
    assert first["code"] == 200
    assert first["data"]["message_client_id"] == "c-1"
    assert send_v2(simulator, "alice|2|6001", "hi", message={"message_client_id": "c-1"})["code"] == 107306
    assert send_v2(simulator, "nobody|1|bob", "hi")["code"] == 102404
    copy = receiver.wait(1)[0].body
    assert (copy["msgidClient"], copy["ext"], copy["tMembers"]) == ("c-1", "e", "[alice, bob, carol]")


def test_a_repeated_request_id_gets_the_earlier_answer_but_a_failure_is_forgotten(start: Start) -> None:
    simulator = start("yunxin")
    assert send(simulator, "x", "r-1", to="ghost")["code"] == 404
    first = send(simulator, "x", "r-1")
    assert first["code"] == 200
    assert send(simulator, "x", "r-1") == first
    assert send(simulator, "x", "r-2") != first
    assert len(simulator.journal("accepted")) == 2


def test_an_answer_outside_the_memory_is_not_given_again(start: Start) -> None:
    simulator = start("yunxin", repeat_memory=0)
    assert send(simulator, "x", "r-1") != send(simulator, "x", "r-1")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"from": "ghost"}, 404),
        ({"ope": 1, "to": "77"}, 404),
        ({"ope": 2}, 414),
        ({"type": 5}, 414),
        ({"body": "no json"}, 414),
        ({"body": orjson.dumps({"msg": "x" * 5000}).decode()}, 414),
        ({"body": orjson.dumps({"msg": "x" * 4990}).decode()}, 200),
        ({"ext": "x" * 1025}, 414),
        ({"ext": "x" * 1024}, 200),
    ],
)
def test_what_a_send_refuses(yunxin: SimulatorClient, change: dict[str, Any], code: int) -> None:
    assert send(yunxin, "x", **change)["code"] == code


@pytest.fixture(scope="module")
def yunxin() -> Iterator[SimulatorClient]:
    with running("yunxin") as simulator:
        yield simulator


def test_over_the_limit_is_416_and_then_blocked(start: Start) -> None:
    simulator = start("yunxin", limit_messages=2, block=3600)
    codes = [send(simulator, str(n))["code"] for n in range(4)]
    assert codes == [200, 200, 416, 416]
    refused = simulator.journal("refused")
    assert [(entry["code"], entry["reason"]) for entry in refused] == [(416, "over frequency")] * 2


def test_copies_wait_until_they_are_taken_and_stay_in_order(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503 if len(receiver.got) < 3 else 200
    simulator = start("yunxin", backoff=0.01)
    for n in range(3):
        simulator.say("alice", "bob", str(n))
    bodies = [got.body["body"] for got in receiver.wait(6)]
    assert bodies == ["0", "0", "0", "0", "1", "2"]


def test_500_counts_as_delivered_unless_it_is_told_otherwise(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 500 if len(receiver.got) == 0 else 200
    simulator = start("yunxin", backoff=0.01)
    simulator.say("alice", "bob", "once")
    simulator.say("alice", "bob", "twice")
    assert [got.body["body"] for got in receiver.wait(2)] == ["once", "twice"]
    receiver.got.clear()
    strict = start("yunxin", backoff=0.01, accept_500=False)
    strict.say("alice", "bob", "once")
    assert [got.body["body"] for got in receiver.wait(2)] == ["once", "once"]


def test_the_console_probe_is_an_empty_object(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    assert simulator.probe() == 200
    assert [got.raw for got in receiver.got] == [b"{}"]


def test_raw_kinds_carry_their_attachment_as_text(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    picture = {"name": "cat", "md5": "d077", "url": "https://example.test/x", "ext": "jpg", "w": 1, "h": 2, "size": 3}
    simulator.say("alice", "6001", kind="PICTURE", attach=picture, type="group", id="client-1", ext={"k": 1})
    copy = receiver.wait(1)[0].body
    assert orjson.loads(copy["attach"]) == picture
    assert (copy["convType"], copy["msgType"], copy["msgidClient"]) == ("TEAM", "PICTURE", "client-1")
    assert copy["ext"] == '{"k":1}'
    with pytest.raises(ValueError, match="no such kind: HOLOGRAM"):
        simulator.say("alice", "bob", kind="HOLOGRAM")


def test_accounts_and_teams(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    made = call(simulator, "user/create", {"accid": "Dave", "name": "Dave", "token": "tk"})
    assert made == {"code": 200, "info": {"token": "tk", "accid": "dave", "name": "Dave"}}
    again = call(simulator, "user/create", {"accid": "DAVE"})
    assert again == {"code": 414, "desc": "already register"}
    known = call(simulator, "user/getUinfos", {"accids": '["dave","ghost"]'})
    assert known["uinfos"] == [{"accid": "dave", "name": "Dave", "valid": True}]
    team = {"tname": "Ops", "owner": "alice", "members": '["bob"]', "msg": "join", "magree": 0, "joinmode": 0}
    tid = call(simulator, "team/create", team)["tid"]
    joined = {"tid": tid, "owner": "alice", "members": '["dave"]', "magree": 0, "msg": "welcome"}
    assert call(simulator, "team/add", joined)["code"] == 200
    assert call(simulator, "team/add", joined)["code"] == 809
    assert call(simulator, "team/add", {**joined, "owner": "bob"})["code"] == 802
    (shown,) = call(simulator, "team/query", {"tids": f"[{tid}]", "ope": 1})["tinfos"]
    assert (shown["tid"], shown["owner"], shown["members"]) == (int(tid), "alice", ["bob", "dave"])
    notices = [orjson.loads(got.body["attach"]) for got in receiver.wait(2)]
    assert [(notice["id"], notice["data"]["ids"]) for notice in notices] == [(0, ["bob"]), (0, ["dave"])]


def test_history_and_recall(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.say("bob", "alice", "one")
    sent = send(simulator, "two", ext="mark")["data"]
    window = {"from": "alice", "to": "bob", "begintime": sent["timetag"] - 60000, "endtime": sent["timetag"] + 60000}
    page = call(simulator, "history/querySessionMsg", {**window, "limit": 100, "reverse": 1})
    assert [item["body"]["msg"] for item in page["msgs"]] == ["one", "two"]
    assert (page["msgs"][1]["msgid"], page["msgs"][1]["ext"]) == (sent["msgid"], "mark")
    bad = call(simulator, "history/querySessionMsg", {**window, "endtime": 1, "limit": 1})
    assert bad == {"code": 414, "desc": "bad time"}
    recall = {"deleteMsgid": sent["msgid"], "timetag": sent["timetag"], "type": 7, "from": "alice", "to": "bob"}
    assert call(simulator, "msg/recall", {**recall, "timetag": 1})["code"] == 414
    assert call(simulator, "msg/recall", recall) == {"code": 200}
    left = call(simulator, "history/querySessionMsg", {**window, "limit": 100})
    assert [item["body"]["msg"] for item in left["msgs"]] == ["one"]
    copies = [got.body for got in receiver.wait(3)]
    assert (copies[2]["eventType"], copies[2]["msgId"]) == ("7", str(sent["msgid"]))
    outsider = {"tid": "6001", "accid": "zed", "begintime": 1, "endtime": 2, "limit": 1}
    assert call(simulator, "history/queryTeamMsg", outsider)["code"] == 804


def test_a_recall_outside_the_window_is_508_unless_time_is_ignored(start: Start) -> None:
    simulator = start("yunxin", recall_window=-1)
    sent = send(simulator, "old")["data"]
    recall = {"deleteMsgid": sent["msgid"], "timetag": sent["timetag"], "type": 7, "from": "alice", "to": "bob"}
    assert call(simulator, "msg/recall", recall)["code"] == 508
    assert call(simulator, "msg/recall", {**recall, "ignoreTime": 1})["code"] == 200


def test_an_answer_can_be_lost_after_the_message_was_taken(start: Start, receiver: Receiver) -> None:
    simulator = start("yunxin")
    simulator.mood(accept_but_lose_answer=1, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        send(simulator, "in doubt", "r-9")
    assert receiver.wait(1)[0].body["body"] == "in doubt"
    again = send(simulator, "in doubt", "r-9")
    assert again["code"] == 200
    assert [entry["text"] for entry in simulator.journal("accepted")] == ["in doubt"]
