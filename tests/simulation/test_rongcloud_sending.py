"""What is sent to the RongCloud simulator: answered, numbered, refused, repeated."""

from collections.abc import Iterator
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.rongcloud_calls import HELLO, SECRET, UID, call, fault, fields, post, said, send
from tests.simulators.client import SimulatorClient


@pytest.fixture(scope="module")
def rongcloud() -> Iterator[SimulatorClient]:
    with running("rongcloud") as simulator:
        yield simulator


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
        "fromUserId": "alice",
        "toUserId": "bob",
        "objectName": "RC:TxtMsg",
        "content": content,
        "channelType": "PERSON",
        "msgTimestamp": str(entry["time"]),
        "msgUID": entry["id"],
        "sensitiveType": "0",
        "source": "Server",
        "busChannel": "",
        "groupUserIds": "",
    }
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["user-agent"] == "RongCloud/1.0"
    query = {name: values[0] for name, values in parse_qs(got.query).items()}
    assert query.keys() == {"nonce", "signTimestamp", "signature"}
    assert query["signature"] == sha1(f"{SECRET}{query['nonce']}{query['signTimestamp']}".encode()).hexdigest()


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
        ("GROUP", "Server", ""),
        ("TEMPGROUP", "", ""),
        ("NOTIFY", "", ""),
        ("GROUP", "Server", "[bob,carol]"),
    }


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
