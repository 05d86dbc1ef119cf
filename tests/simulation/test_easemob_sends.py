"""Sends and sayings of every type, and the callbacks that they cause, against "Easemob: send messages"."""

from typing import Any

import pytest

from tests.simulation.easemob_api import Api
from tests.simulation.receiver import Receiver
from tests.simulation.samples import form, sample

FILES = "https://a1.easemob.com/acme/shop/chatfiles/7d3c1f90-aaaa-11f0-9b01-00000000000"
IMAGE = {"filename": "cat.jpg", "secret": "s3cr3tImg001", "url": f"{FILES}1", "size": {"width": 800, "height": 600}}
VIDEO = {
    "filename": "clip.mp4",
    "thumb": f"{FILES}3",
    "length": 12,
    "secret": "s",
    "file_length": 902113,
    "thumb_secret": "t",
    "url": f"{FILES}4",
}
BODIES: dict[str, dict[str, Any]] = {
    "txt": {"msg": "hello"},
    "img": IMAGE,
    "audio": {"url": f"{FILES}2", "filename": "note.amr", "length": 6, "secret": "s3cr3tAud001"},
    "video": VIDEO,
    "file": {"filename": "quote.pdf", "secret": "s3cr3tFil001", "url": f"{FILES}5"},
    "loc": {"lat": "31.2304", "lng": "121.4737", "addr": "Shanghai, People's Square"},
    "cmd": {"action": "typing_begin"},
    "custom": {"customEvent": "order_card", "customExts": {"sku": "A-17", "qty": "2"}},
}
WORDS = {
    "txt": "text",
    "img": "image",
    "audio": "voice",
    "video": "video",
    "file": "file",
    "loc": "location",
    "cmd": "command",
    "custom": "custom",
}
AS_CALLED_BACK: dict[str, dict[str, Any]] = {
    "loc": {"lat": 31.2304, "lng": 121.4737, "addr": "Shanghai, People's Square"},
    "custom": {"customEvent": "order_card", "customExts": [{"sku": "A-17"}, {"qty": "2"}], "v2:customExts": {"sku": "A-17", "qty": "2"}},
}


def body_of(event: dict[str, Any]) -> dict[str, Any]:
    (body,) = event["payload"]["bodies"]
    return dict(body)


@pytest.mark.parametrize(("path", "to", "word"), [("users", "bob", "user"), ("chatgroups", "6001", "group"), ("chatrooms", "77", "room")])
def test_every_type_is_sent_and_called_back(api: Api, receiver: Receiver, path: str, to: str, word: str) -> None:
    ids = [api.send(to=to, path=path, type=kind, body=body) for kind, body in BODIES.items()]
    events = [got.body for got in receiver.wait(len(BODIES))]
    assert [event["msg_id"] for event in events] == ids
    for event, (kind, body) in zip(events, BODIES.items(), strict=True):
        assert event["content_type"] == f"chat:{word}:{WORDS[kind]}"
        assert body_of(event) == AS_CALLED_BACK.get(kind, body) | {"type": kind}
        assert form(event).keys() - {"group_id"} == form(sample("cb-txt")).keys()
    assert [entry["name"] for entry in api.accepted()] == list(BODIES)


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_a_said_message_has_the_form_of_the_vendors_sample(api: Api, receiver: Receiver, kind: str) -> None:
    vendors = sample(f"cb-{kind}")
    body = {key: value for key, value in body_of(vendors).items() if key != "type"}
    api.simulator.say("alice", "bob", kind=kind, body=body, ext={"k": "v"})
    event = receiver.wait(1)[0].body
    assert body_of(event) == body_of(vendors)
    assert form(event) == form(sample("cb-txt")) | {"payload": form(event)["payload"]}
    assert event["payload"]["ext"] == {"k": "v"}


def test_a_merged_message_is_a_text_with_a_subtype_and_cannot_be_sent(api: Api, receiver: Receiver) -> None:
    vendors = sample("cb-combine")
    body = {key: value for key, value in body_of(vendors).items() if key not in ("type", "subType", "msg")}
    api.simulator.say("alice", "bob", kind="combine", body=body)
    event = receiver.wait(1)[0].body
    assert event["content_type"] == vendors["content_type"] == "chat:user:txt"
    assert body_of(event) == body_of(vendors)
    given = {"to": ["bob"], "type": "combine", "body": body}
    assert api.refused("POST", "messages/users", given)[:2] == (400, "invalid_request_body")


def test_raw_kinds_are_said_in_rooms_and_unknown_ones_too(api: Api, receiver: Receiver) -> None:
    api.simulator.say("alice", "77", kind="img", body=IMAGE, type="room")
    api.simulator.say("alice", "77", kind="hologram", body={"depth": 3}, type="room", ext={"a": [1]})
    image, unknown = [got.body for got in receiver.wait(2)]
    assert (image["content_type"], image["group_id"]) == ("chat:room:image", "77")
    assert image["payload"]["type"] == "chatroom"
    assert (unknown["content_type"], body_of(unknown)) == ("chat:room:unknown", {"depth": 3, "type": "hologram"})
    assert unknown["payload"]["ext"] == {"a": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "txt", "body": {"text": "x"}},
        {"type": "img", "body": {"filename": "cat.jpg"}},
        {"type": "audio", "body": {"url": ""}},
        {"type": "video", "body": {"url": 7}},
        {"type": "file", "body": {"secret": "s"}},
        {"type": "loc", "body": {"lat": "31", "lng": "121"}},
        {"type": "loc", "body": {"lat": "north", "lng": "121", "addr": "x"}},
        {"type": "cmd", "body": {"msg": "typing"}},
        {"type": "custom", "body": {"customEvent": "order card"}},
        {"type": "custom", "body": {"customEvent": "e", "customExts": {str(n): "x" for n in range(17)}}},
        {"type": "custom", "body": {"customEvent": "e", "customExts": {"qty": 2}}},
        {"type": "hologram", "body": {"depth": 3}},
        {"body": "hello"},
        {"env": "toolong01"},
        {"sync_device": "yes"},
        {"routetype": "ROUTE_ALL"},
        {"roam_ignore_users": "bob"},
        {"chatroom_msg_level": "urgent"},
    ],
)
def test_a_field_that_is_missing_or_wrong_is_refused(api: Api, change: dict[str, Any]) -> None:
    given = {"from": "alice", "to": ["bob"], "type": "txt", "body": {"msg": "x"}} | change
    words = "Request body is invalid. Please check body is correct."
    assert api.refused("POST", "messages/users", given) == (400, "invalid_request_body", words)


def test_the_rarer_fields_are_taken_where_they_belong(api: Api) -> None:
    api.send(sync_device=True, routetype="ROUTE_ONLINE", roam_ignore_users=["carol"], env="relay01")
    api.send(to="6001", path="chatgroups", need_group_ack=True, roam_ignore_users=["u"] * 20)
    api.send(to="77", path="chatrooms", chatroom_msg_level="high")
    given = {"from": "alice", "to": ["77"], "type": "txt", "body": {"msg": "x"}}
    online = given | {"routetype": "ROUTE_ONLINE"}
    assert api.refused("POST", "messages/chatrooms", online)[1] == "invalid_request_body"
    many = given | {"roam_ignore_users": ["u"] * 21}
    assert api.refused("POST", "messages/chatgroups", many)[1] == "invalid_request_body"


@pytest.mark.parametrize("field", ["to", "type", "body"])
def test_an_empty_field_is_named(api: Api, field: str) -> None:
    given = {"to": ["bob"], "type": "txt", "body": {"msg": "x"}} | {field: type({"to": [], "type": ""}.get(field, {}))()}
    expected = (400, "message_send_error", f"param {field} can't be empty")
    assert api.refused("POST", "messages/users", given) == expected


def test_typing_is_a_command(api: Api, receiver: Receiver) -> None:
    said = api.simulator.say("alice", "bob", operation="typing")
    event = receiver.wait(1)[0].body
    assert (event["msg_id"], event["content_type"]) == (said["id"], "chat:user:command")
    assert body_of(event) == body_of(sample("cb-cmd"))
    assert api.simulator.journal("said", since=api.begun)[0]["operation"] == "typing"
