"""What the RongCloud simulator calls back. Source: "RongCloud: full message routing"."""

from hashlib import sha1
from typing import Any
from urllib.parse import parse_qs

import orjson

from tests.simulation.conftest import Start, running
from tests.simulation.receiver import Receiver
from tests.simulation.rongcloud_calls import SECRET, call, fields, said
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.routing import Policy, Sent, routed


def test_the_newer_query_names_the_app_key(receiver: Receiver) -> None:
    with running("rongcloud", sign_names="newer", callback_url=f"{receiver.url}?tenant=1") as simulator:
        simulator.say("alice", "bob", "hi")
        query = {name: values[0] for name, values in parse_qs(receiver.wait(1)[0].query).items()}
    assert query.keys() == {"tenant", "appKey", "nonce", "timestamp", "signature"}
    assert query["appKey"] == "demo-rongcloud"
    assert query["signature"] == sha1(f"{SECRET}{query['nonce']}{query['timestamp']}".encode()).hexdigest()


def test_a_routed_message_is_that_of_the_sample() -> None:
    message = Sent(
        id="CRER-DAJI-0125-KAPS",
        client_id="",
        time=1767225600456,
        type="person",
        sender="lin01",
        to="wu02",
        name="RC:TxtMsg",
        content='{"content":"see you at 6"}',
        text=None,
        ext=None,
        source="sdk",
        device="iOS",
    )
    assert routed(message, message.to).decode().replace("+", "%20") == (
        "fromUserId=lin01&toUserId=wu02&objectName=RC%3ATxtMsg&content=%7B%22content%22%3A%22see%20you%20at%206%22%7D"
        "&channelType=PERSON&msgTimestamp=1767225600456&msgUID=CRER-DAJI-0125-KAPS&sensitiveType=0&source=iOS"
        "&busChannel=&groupUserIds="
    )


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
