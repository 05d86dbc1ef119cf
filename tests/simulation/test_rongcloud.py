"""The RongCloud simulator against the known answers of "RongCloud: Server API" and "RongCloud: full message routing"."""

import re
import time
import zipfile
from collections.abc import Iterator
from hashlib import sha1
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Got, Receiver
from tests.simulators.client import SimulatorClient
from tests.simulators.process import SimulatorProcess
from tests.simulators.rongcloud.log import HourlyLog
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.routing import Policy, Sent, routed
from tests.simulators.rongcloud.signing import signature
from tests.simulators.rongcloud.uids import Uids

SECRET = "demo-rongcloud-secret"
UID = re.compile(r"[0-9A-V]{4}(-[0-9A-V]{4}){3}")
HELLO = {"fromUserId": "alice", "toUserId": "bob", "objectName": "RC:TxtMsg", "content": '{"content":"hello"}'}


def signed(*, prefix: str = "", unit: int = 1000, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(time.time() * unit))
    sign = sha1(f"{secret}730214885{timestamp}".encode()).hexdigest()
    names = {"App-Key": "demo-rongcloud", "Nonce": "730214885", "Timestamp": timestamp, "Signature": sign}
    return {prefix + name: value for name, value in names.items()}


def post(simulator: SimulatorClient, path: str, form: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f"{simulator.url}/{path}.json", data=form, headers=signed() | headers)


def call(simulator: SimulatorClient, path: str, form: dict[str, Any]) -> dict[str, Any]:
    answer = post(simulator, path, form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def send(simulator: SimulatorClient, words: str = "hello", **more: Any) -> dict[str, Any]:
    form = HELLO | {"content": orjson.dumps({"content": words}).decode()} | more
    return call(simulator, "message/private/publish", form)


def fault(answer: httpx.Response) -> tuple[int, int, str]:
    return answer.status_code, answer.json()["code"], answer.json()["errorMessage"]


def fields(got: Got) -> dict[str, str]:
    """A routed message, every field of which comes once."""
    read = parse_qs(got.raw.decode(), keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in read.values())
    return {name: values[0] for name, values in read.items()}


def said(got: Got) -> str:
    return str(orjson.loads(fields(got)["content"])["content"])


@pytest.fixture(scope="module")
def rongcloud() -> Iterator[SimulatorClient]:
    with running("rongcloud") as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("secret", "nonce", "timestamp", "expected"),
    [
        ("Y1W2MeFwwwRxa0", "14314", "1408710653000", "30be0bbca9c9b2e27578701e9fda2358a814c88f"),
        ("Zq81demoSecretKe", "730214885", "1767225600123", "49360bc72dd5682b079e37486a7c79e3b41c94e1"),
        ("Zq81demoSecretKe", "551900127", "1767225601456", "d7352eee9f77fed7ce8861e0ccd1411cfff32f4b"),
    ],
)
def test_signatures_are_those_of_the_page(secret: str, nonce: str, timestamp: str, expected: str) -> None:
    assert signature(secret, nonce, timestamp) == expected


def test_a_uid_is_laid_out_as_the_samples_are() -> None:
    uids = Uids()
    made = [uids.next(1767225600456, 1, "wu02") for _ in range(17)]
    assert len(set(made)) == 17
    assert all(UID.fullmatch(uid) for uid in made)
    # The sample's hash of the target is not known; time, counter and conversation type are before it.
    assert made[-1][:13] == "CRER-DAJI-012"
    assert uids.next(1767225660789, 3, "teamA")[:12] == "CRER-DPAT-81"


@pytest.mark.parametrize("prefix", ["", "RC-"])
@pytest.mark.parametrize("unit", [1, 1000])
def test_both_sets_of_headers_and_both_units_of_time_hold(
    rongcloud: SimulatorClient, prefix: str, unit: int
) -> None:
    url = f"{rongcloud.url}/message/private/publish.json"
    answer = httpx.post(url, data=HELLO, headers=signed(prefix=prefix, unit=unit))
    assert (answer.status_code, answer.json()["code"]) == (200, 200)


def test_the_errors_are_those_of_the_page(start: Start) -> None:
    simulator = start("rongcloud", log=False, history=False)
    url = "message/private/publish"
    wrong = signed(secret="other")["Signature"]
    assert fault(post(simulator, url, HELLO, Signature=wrong)) == (401, 1004, "invalid signature")
    assert fault(post(simulator, url, HELLO, **{"App-Key": "other"}))[:2] == (401, 1001)
    for name in HELLO:
        without = {key: value for key, value in HELLO.items() if key != name}
        assert fault(post(simulator, url, without)) == (400, 1002, f"{name} is required")
    assert fault(post(simulator, url, {}))[:2] == (400, 1003)
    assert fault(post(simulator, "message/no/such", HELLO))[:2] == (404, 404)
    off = fault(post(simulator, "message/history", {"date": "2026010108"}))
    assert off == (430, 1009, "service not enabled")
    assert {entry["kind"] for entry in simulator.journal()} == {"refused"}


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("private", {"toUserId": [f"u{n}" for n in range(1000)]}, 200),
        ("private", {"toUserId": [f"u{n}" for n in range(1001)]}, 1005),
        ("group", {"toGroupId": ["a", "b", "c"], "toUserId": ""}, 200),
        ("group", {"toGroupId": ["a", "b", "c", "d"], "toUserId": ""}, 1005),
        ("group", {"toGroupId": ["a", "b"], "toUserId": ["bob"]}, 1002),
        ("system", {"toUserId": [f"u{n}" for n in range(101)]}, 1005),
        ("private", {"content": "no json"}, 1002),
        ("private", {"content": "no json", "objectName": "App:Order"}, 200),
        ("private", {"content": '{"content":"' + "x" * 131058 + '"}'}, 200),
        ("private", {"content": '{"content":"' + "x" * 131059 + '"}'}, 1005),
        ("private", {"objectName": "App:" + "x" * 29}, 1005),
        ("private", {"isPersisted": "yes"}, 1002),
        ("private", {"expansion": "1"}, 1002),
        ("private", {"extraContent": "no json"}, 1002),
    ],
)
def test_what_a_send_refuses(rongcloud: SimulatorClient, path: str, change: dict[str, Any], code: int) -> None:
    assert post(rongcloud, f"message/{path}/publish", HELLO | change).json()["code"] == code


def test_a_send_is_answered_journalled_and_routed_as_from_a_server(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    content = '{"content":"see you at 6","extra":"{\\"relay\\":1}"}'
    answer = call(simulator, "message/private/publish", HELLO | {"content": content})
    (entry,) = simulator.journal("accepted")
    assert answer == {"code": 200, "messageUIDs": [{"userId": "bob", "messageUID": entry["id"]}]}
    assert UID.fullmatch(entry["id"])
    shown = [entry[name] for name in ("api", "from", "to", "type", "text", "ext")]
    assert shown == ["send", "alice", "bob", "person", "see you at 6", '{"relay":1}']
    (got,) = receiver.wait(1)
    assert fields(got) == {
        "fromUserId": "alice", "toUserId": "bob", "objectName": "RC:TxtMsg", "content": content,
        "channelType": "PERSON", "msgTimestamp": str(entry["time"]), "msgUID": entry["id"], "sensitiveType": "0",
        "source": "Server", "busChannel": "", "groupUserIds": "",
    }  # fmt: skip
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["user-agent"] == "RongCloud/1.0"
    query = {name: values[0] for name, values in parse_qs(got.query).items()}
    assert query.keys() == {"nonce", "signTimestamp", "signature"}
    assert query["signature"] == sha1(f"{SECRET}{query['nonce']}{query['signTimestamp']}".encode()).hexdigest()


def test_the_newer_query_names_the_app_key(receiver: Receiver) -> None:
    with running("rongcloud", sign_names="newer", callback_url=f"{receiver.url}?tenant=1") as simulator:
        simulator.say("alice", "bob", "hi")
        query = {name: values[0] for name, values in parse_qs(receiver.wait(1)[0].query).items()}
    assert query.keys() == {"tenant", "appKey", "nonce", "timestamp", "signature"}
    assert query["appKey"] == "demo-rongcloud"
    assert query["signature"] == sha1(f"{SECRET}{query['nonce']}{query['timestamp']}".encode()).hexdigest()


def test_a_routed_message_is_that_of_the_sample() -> None:
    message = Sent(
        id="CRER-DAJI-0125-KAPS", client_id="", time=1767225600456, type="person", sender="lin01", to="wu02",
        name="RC:TxtMsg", content='{"content":"see you at 6"}', text=None, ext=None, source="sdk", device="iOS",
    )  # fmt: skip
    assert routed(message, message.to).decode().replace("+", "%20") == (
        "fromUserId=lin01&toUserId=wu02&objectName=RC%3ATxtMsg&content=%7B%22content%22%3A%22see%20you%20at%206%22%7D"
        "&channelType=PERSON&msgTimestamp=1767225600456&msgUID=CRER-DAJI-0125-KAPS&sensitiveType=0&source=iOS"
        "&busChannel=&groupUserIds="
    )


def test_each_target_has_its_own_uid_and_callback(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    uids = send(simulator, toUserId=["bob", "carol"])["messageUIDs"]
    assert [one["userId"] for one in uids] == ["bob", "carol"]
    got = {(fields(one)["toUserId"], fields(one)["msgUID"]) for one in receiver.wait(2)}
    assert got == {(one["userId"], one["messageUID"]) for one in uids}


def test_every_conversation_has_its_channel_and_its_answer(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    form = {key: value for key, value in HELLO.items() if key != "toUserId"}
    group = call(simulator, "message/group/publish", form | {"toGroupId": "6001"})
    assert list(group["messageUIDs"][0]) == ["groupId", "messageUID"]
    room = call(simulator, "message/chatroom/publish", form | {"toChatroomId": "room7"})
    assert list(room["messageUIDs"][0]) == ["chatroomId", "messageUID"]
    assert call(simulator, "message/system/publish", HELLO) == {"code": 200}
    only = {"toGroupId": "6001", "toUserId": ["bob", "carol"]}
    call(simulator, "message/group/publish", form | only)
    routes = [fields(got) for got in receiver.wait(4)]
    assert {(one["channelType"], one["source"], one["groupUserIds"]) for one in routes} == {
        ("GROUP", "Server", ""), ("TEMPGROUP", "", ""), ("NOTIFY", "", ""), ("GROUP", "Server", "[bob,carol]"),
    }  # fmt: skip


def test_old_deployments_answer_without_uids_and_switches_stop_the_echo(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", message_uids=False, route_server=False)
    assert send(simulator, "quiet") == {"code": 200}
    simulator.say("alice", "bob", kind="RC:TypSts", body={"typingContentType": "RC:TxtMsg"})
    simulator.say("alice", "bob", "loud")
    assert [said(got) for got in receiver.wait(1)] == ["loud"]
    loose = start("rongcloud", route_status=True)
    status = HELLO | {"objectName": "RC:TypSts", "content": '{"typingContentType":"RC:TxtMsg"}'}
    assert call(loose, "statusmessage/private/publish", status) == {"code": 200}
    assert fields(receiver.wait(2)[1])["objectName"] == "RC:TypSts"
    assert [entry["api"] for entry in loose.journal("accepted")] == ["send.status"]


def test_a_message_is_lost_after_two_more_tries(start: Start, receiver: Receiver) -> None:
    receiver.answers = lambda got: 503 if said(got) == "lost" else 200
    simulator = start("rongcloud", retry_after=0.01)
    simulator.say("alice", "bob", "lost")
    simulator.say("alice", "bob", "taken")
    assert [said(got) for got in receiver.wait(4)] == ["lost", "lost", "lost", "taken"]
    assert len({got.query for got in receiver.got[:3]}) == 3, "each try is signed anew"
    simulator.settled()
    outcomes = [entry["outcome"] for entry in simulator.journal("callback")]
    assert outcomes == ["again", "again", "lost", "acknowledged"]


def test_many_silences_pause_routing_for_a_minute_but_refusals_do_not() -> None:
    policy = Policy(Options(pause_after=3))
    for _ in range(10):
        assert not policy.delivered(500, b"")
        policy.retry_after(1, 100.0)
    assert not policy.banned(100.0)
    assert [policy.retry_after(attempts, 100.0) for attempts in (1, 2, 3)] == [1.0, 1.0, None]
    assert (policy.banned(159.9), policy.banned(160.0)) == (True, False)


def test_a_repeated_msg_random_is_refused_where_it_is_enabled(start: Start) -> None:
    simulator = start("rongcloud")
    assert send(simulator, msgRandom=7) != send(simulator, msgRandom=7)
    strict = start("rongcloud", msg_random=True, msg_random_code=4711)
    first = HELLO | {"msgRandom": 7}
    assert fault(post(strict, "message/private/publish", HELLO | {"msgRandom": "x"}))[:2] == (400, 1002)
    call(strict, "message/private/publish", first)
    assert fault(post(strict, "message/private/publish", first))[:2] == (400, 4711)
    assert send(strict, msgRandom=8)["code"] == 200
    assert len(strict.journal("accepted")) == 2
    short = start("rongcloud", msg_random=True, msg_random_memory=0)
    assert send(short, msgRandom=7) != send(short, msgRandom=7)


def test_an_answer_can_be_lost_after_the_message_was_taken(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", msg_random=True)
    simulator.mood(accept_but_lose_answer=1, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        send(simulator, "in doubt", msgRandom=9)
    assert said(receiver.wait(1)[0]) == "in doubt"
    assert post(simulator, "message/private/publish", HELLO | {"msgRandom": 9}).json()["code"] == 1010
    assert [entry["text"] for entry in simulator.journal("accepted")] == ["in doubt"]


def test_moods_throttle_and_break_in_the_platforms_words(start: Start) -> None:
    simulator = start("rongcloud")
    simulator.mood(throttle=1, count=1)
    assert fault(post(simulator, "message/private/publish", HELLO)) == (429, 1008, "rate limit exceeded")
    simulator.mood(error_500=1, count=1)
    assert fault(post(simulator, "message/private/publish", HELLO))[:2] == (500, 1000)
    assert send(simulator)["code"] == 200


def test_limits_count_targets_not_calls(start: Start) -> None:
    simulator = start("rongcloud", limit_messages=None, limit_group_messages=3, limit_calls=1)
    form = HELLO | {"toUserId": "", "toGroupId": ["a", "b"]}
    statuses = [post(simulator, "message/group/publish", form).status_code for _ in range(2)]
    assert statuses == [200, 429]
    asked = [post(simulator, "user/checkOnline", {"userId": "bob"}) for _ in range(2)]
    assert [one.status_code for one in asked] == [200, 429]
    assert fault(asked[1]) == (429, 1008, "rate limit exceeded")


def test_a_recall_is_a_command_in_the_conversation(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", operation_url=f"{receiver.url}/operations")
    uid = send(simulator)["messageUIDs"][0]["messageUID"]
    sent_time = fields(receiver.wait(1)[0])["msgTimestamp"]
    recall = {"fromUserId": "alice", "conversationType": 1, "targetId": "bob", "messageUID": uid, "sentTime": sent_time}
    for wrong in ({"sentTime": 1}, {"targetId": "carol"}, {"messageUID": "no"}, {"conversationType": 5}, {"fromUserId": "bob"}):
        assert post(simulator, "message/recall", recall | wrong).json()["code"] == 1002
    assert call(simulator, "message/recall", recall | {"isDelete": 1}) == {"code": 200}
    command, operation = sorted(receiver.wait(3)[1:], key=lambda got: got.headers["content-type"], reverse=True)
    shown = fields(command)
    assert (shown["objectName"], shown["toUserId"], shown["source"]) == ("RC:RcCmd", "bob", "Server")
    assert shown["msgUID"] != uid
    assert orjson.loads(shown["content"]) == {
        "messageUId": uid, "conversationType": 1, "targetId": "bob", "sentTime": int(sent_time),
        "isAdmin": False, "isDelete": True,
    }  # fmt: skip
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


KINDS: dict[str, Any] = {
    "RC:ImgMsg": {"content": "/9j/4AAQ", "imageUri": "https://media.example.net/i/8812.jpg", "extra": ""},
    "RC:ReadNtf": {"lastMessageSendTime": 1767225600456, "messageUId": "CRER-DAJI-0125-KAPS", "type": 1},
    "RC:RRRspMsg": {"receiptMessageDic": {"lin01": ["CRER-DPAT-814C-U3GD"]}},
    "RC:GrpNtf": {"operatorUserId": "lin01", "operation": "Add", "data": "{}", "message": "He joined"},
    "App:Order": "not json at all",
}


def test_every_kind_can_be_said(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    for kind, body in KINDS.items():
        simulator.say("alice", "6001", type="group", kind=kind, body=body, payload={"source": "iOS"})
    routes = [fields(got) for got in receiver.wait(len(KINDS))]
    assert [(one["objectName"], one["source"]) for one in routes] == [(kind, "iOS") for kind in KINDS]
    written = [body if isinstance(body, str) else orjson.dumps(body).decode() for body in KINDS.values()]
    assert [one["content"] for one in routes] == written
    assert [one["msgUID"] for one in routes] == [entry["id"] for entry in simulator.journal("said")]


def test_what_is_said_with_ext_carries_it_as_extra(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    simulator.say("alice", "bob", "hi", ext={"k": 1})
    assert orjson.loads(fields(receiver.wait(1)[0])["content"]) == {"content": "hi", "extra": '{"k":1}'}
    assert simulator.journal("said")[0]["ext"] == '{"k":1}'


def test_who_comes_and_goes_is_told_as_an_array(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud", status_url=receiver.url)
    simulator.say("alice", "", operation="online", payload={"source": "Android"})
    (change,) = receiver.wait(1)[0].body
    assert change.keys() == {"userid", "status", "os", "time", "clientIp", "sessionId"}
    assert (change["userid"], change["status"], change["os"]) == ("alice", "0", "Android")
    assert call(simulator, "user/checkOnline", {"userId": "alice"})["status"] == "1"
    simulator.say("alice", "", operation="logout")
    assert receiver.wait(2)[1].body[0]["status"] == "2"
    assert call(simulator, "user/checkOnline", {"userId": "alice"})["status"] == "0"


def hour_of(entry: dict[str, Any], form: str = "%Y%m%d%H") -> str:
    return time.strftime(form, time.gmtime(entry["time"] // 1000))


def test_the_hourly_log_is_a_zip_of_every_message(start: Start) -> None:
    simulator = start("rongcloud", log_after=0, overseas=True)
    send(simulator)
    simulator.say("bob", "6001", type="group", kind="App:Raw", body="not json", payload={"source": "iOS"})
    expected = [
        ("bob", "", 1, {"content": "hello"}, "Server"),
        ("6001", "6001", 3, "not json", "iOS"),
    ]
    for entry, facts in zip(simulator.journal(), expected, strict=True):
        date = hour_of(entry)
        answer = call(simulator, "message/history", {"date": date})
        assert answer == {"code": 200, "url": f"{simulator.url}/history/{date}.zip", "date": date}
        with zipfile.ZipFile(BytesIO(httpx.get(answer["url"]).content)) as file:
            assert file.namelist() == [hour_of(entry, "%Y-%m-%d-%H")]
            lines = file.read(file.namelist()[0]).decode().splitlines()
        (line,) = (line for line in lines if entry["id"] in line)
        begin, brace, rest = line.partition("{")
        record = orjson.loads(brace + rest)
        assert begin == hour_of(entry, "%Y/%m/%d %H:%M:%S")
        assert record["timestamp"] == entry["time"]
        assert tuple(record[key] for key in ("targetId", "GroupId", "targetType", "content", "source")) == facts
    call(simulator, "message/history/delete", {"date": date})
    assert call(simulator, "message/history", {"date": date})["url"] == ""
    assert httpx.get(answer["url"]).status_code == 404
    assert call(simulator, "message/history", {"date": "2020010108"})["url"] == ""
    assert post(simulator, "message/history", {"date": "2026-01-01"}).json()["code"] == 1002


def test_a_line_of_the_log_is_that_of_the_sample() -> None:
    log = HourlyLog(Options(app_key="demoappkey01"))
    message = Sent(
        id="CRER-DAJI-0125-KAPS", client_id="", time=1767225600456, type="person", sender="lin01", to="wu02",
        name="RC:TxtMsg", content='{"content":"see you at 6"}', text=None, ext=None, source="sdk", device="iOS",
    )  # fmt: skip
    log.keep(message)
    hour = log.hour("2026010108")
    assert hour is not None, "Beijing time"
    ready, expired = (hour + 1) * 3_600_000, (hour + 1 + 72) * 3_600_000
    assert log.messages(hour, ready - 1) == log.messages(hour, expired) == []
    assert log.messages(hour, ready) == log.messages(hour, expired - 1) == [message]
    with zipfile.ZipFile(BytesIO(log.zipped(hour, [message]))) as file:
        line = file.read("2026-01-01-08").decode()
    assert line == (
        '2026/01/01 08:00:00{"appId":"demoappkey01","fromUserId":"lin01","targetId":"wu02","targetType":1,"GroupId":"",'
        '"classname":"RC:TxtMsg","content":{"content":"see you at 6"},"dateTime":"2026-01-01 08:00:00.456",'
        '"timestamp":1767225600456,"msgUID":"CRER-DAJI-0125-KAPS","source":"iOS","isSensitiveWord":"false"}\n'
    )


def query(simulator: SimulatorClient, kind: str, **asked: Any) -> list[dict[str, Any]]:
    url = f"{simulator.url}/v3/message/{kind}/query.json"
    answer = httpx.post(url, json=asked, headers=signed()).json()
    assert answer["code"] == 200, answer
    return list(answer["data"])


def test_history_is_read_in_pages_by_time(start: Start) -> None:
    simulator = start("rongcloud")
    for n in range(3):
        simulator.say("alice" if n % 2 else "bob", "6001", str(n), type="group")
    simulator.say("alice", "6001", type="group", kind="RC:CmdMsg", body={"name": "x", "data": ""})
    end = simulator.journal("said")[-1]["time"]
    asked = {"userId": "alice", "targetId": "6001", "startTime": "0", "endTime": str(end), "pageSize": "2"}
    first = query(simulator, "group", **asked)
    assert [orjson.loads(one["content"])["content"] for one in first] == ["0", "1"]
    assert first[0].keys() == {
        "targetId", "fromUserId", "messageUID", "msgTime", "objectName", "content", "expansion", "extraContent",
    }  # fmt: skip
    found = query(simulator, "group", **asked | {"startTime": 0, "pageSize": 100, "includeStart": True})
    assert len(found) == 3, "a command is not kept"
    last = found[-1]["msgTime"]
    window = asked | {"startTime": last, "endTime": last}
    assert query(simulator, "group", **window) == []
    assert found[-1] in query(simulator, "group", **window | {"includeStart": "true", "pageSize": 100})


def test_history_of_the_sender_lacks_what_did_not_include_it(start: Start) -> None:
    simulator = start("rongcloud")
    send(simulator, "without")
    send(simulator, "with", isIncludeSender=1)
    send(simulator, "nowhere", isPersisted=0)
    asked = {"startTime": 0, "endTime": 2**42, "pageSize": 10}
    theirs = query(simulator, "private", userId="bob", targetId="alice", **asked)
    mine = query(simulator, "private", userId="alice", targetId="bob", **asked)
    words = [[orjson.loads(one["content"])["content"] for one in page] for page in (theirs, mine)]
    assert words == [["without", "with"], ["with"]]


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
    assert call(simulator, "group/user/query", {"groupId": "teamA"})["users"] == [
        {"id": "alice"}, {"id": "carol"}, {"id": "dave"},
    ]  # fmt: skip
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


def test_a_load_comes_in_order_within_each_conversation(start: Start, receiver: Receiver) -> None:
    simulator = start("rongcloud")
    simulator.load(rate=2000, count=400, conversations=20, groups=2, seed=1)
    progress = simulator.settled()
    assert (progress["said"], progress["acknowledged"], progress["failed"]) == (400, 400, 0)
    talks: dict[str, list[int]] = {}
    for got in receiver.got:
        talk, number = said(got).split(" #")
        talks.setdefault(talk, []).append(int(number))
    assert len(talks) == 20
    assert all(numbers == list(range(len(numbers))) for numbers in talks.values())


def test_it_runs_as_a_process(receiver: Receiver) -> None:
    options: dict[str, Any] = {"callback_url": receiver.url, "group": {"g1": ["Alice", "bob"]}, "limit_messages": 0}
    with SimulatorProcess("rongcloud", **options) as simulator:
        simulator.say("Alice", "g1", "hi", type="group")
        assert fields(receiver.wait(1)[0])["channelType"] == "GROUP"
        assert call(simulator, "user/info", {"userId": "Alice"})["userName"] == "Alice"
        assert simulator.stop() == 0
