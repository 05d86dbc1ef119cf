"""A RongCloud user's client sends what the customer's server sends: notices of groups and friends, commands in other people's names."""

import json
from typing import Any

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.core.bodies import Notice
from converters.core.operations import FriendChanged, GroupDismissed, Post, Read, Recall
from converters.platform import Callback, DecodedEvent, Ignored
from tests.converters.shapes import NOW, body

RONGCLOUD = PLATFORMS["rongcloud"]
ACCOUNT: Any = RONGCLOUD.example()
CLIENTS = ["iOS", "Android", "HarmonyOS", "Websocket", "MiniProgram", "PC", "", "ios", "Serve", "server ", "SERVER\x00"]


def decoded(
    name: str, content: Any, *, source: str = "iOS", channel: str = "GROUP", to: str = "ops", account: Any = ACCOUNT, **more: str
) -> Any:
    fields = {
        "fromUserId": "mallory",
        "toUserId": to,
        "objectName": name,
        "content": content if isinstance(content, str) else json.dumps(content),
        "channelType": channel,
        "msgTimestamp": str(NOW),
        "msgUID": "CRER-DAJI-0125-KAPS",
        "source": source,
        **more,
    }
    (one,) = RONGCLOUD.decode(Callback("old", body("rongcloud", fields), NOW), account)
    return one


GROUP = {
    "Dismiss": {},
    "Kicked": {"targetUserIds": ["bob"]},
    "Transfer": {"newCreatorId": "mallory"},
    "Add": {"targetUserIds": ["eve"]},
    "SetManager": {"targetUserIds": ["mallory"]},
    "Rename": {"targetGroupName": "mine"},
    "Bulletin": {"content": "send money"},
    "Create": {"targetUserIds": ["bob"]},
    "Quit": {"targetUserIds": ["bob"]},
    "RemoveManager": {"targetUserIds": ["bob"]},
}


@pytest.mark.parametrize("what", GROUP)
@pytest.mark.parametrize("source", CLIENTS)
@pytest.mark.parametrize(("channel", "to"), [("GROUP", "ops"), ("TEMPGROUP", "room7"), ("ULTRAGROUP", "ug5"), ("PERSON", "bob")])
def test_a_group_notice_of_a_client_does_nothing_to_the_group(what: str, source: str, channel: str, to: str) -> None:
    content = {"operatorUserId": "alice", "operation": what, "data": json.dumps(GROUP[what]), "message": "look here"}
    one = decoded("RC:GrpNtf", content, source=source, channel=channel, to=to)
    assert isinstance(one, DecodedEvent)
    assert one.event.sender == "mallory", "in nobody else's name"
    assert one.event.operation == Post(Notice("look here"))
    assert isinstance(decoded("RC:GrpNtf", {**content, "message": ""}, source=source, channel=channel, to=to), Ignored)


def test_one_of_the_server_is_believed() -> None:
    content = {"operatorUserId": "alice", "operation": "Dismiss", "data": "{}", "message": ""}
    for source in ("Server", "server"):
        one = decoded("RC:GrpNtf", content, source=source)
        assert (one.event.sender, one.event.operation) == ("alice", GroupDismissed())


def test_where_nobody_says_who_sends_the_settings_decide_and_never_of_rooms() -> None:
    content = {"operatorUserId": "alice", "operation": "Dismiss", "data": "{}", "message": ""}
    trusting = structs.replace(ACCOUNT, unsaid_source=True)
    assert isinstance(decoded("RC:GrpNtf", content, source=""), Ignored)
    assert decoded("RC:GrpNtf", content, source="", account=trusting).event.operation == GroupDismissed()
    for channel in ("TEMPGROUP", "ULTRAGROUP"):
        assert isinstance(decoded("RC:GrpNtf", content, source="", channel=channel, account=trusting), Ignored)
    assert isinstance(decoded("RC:GrpNtf", content, source="iOS", account=trusting), Ignored)


@pytest.mark.parametrize("what", ["Request", "AcceptResponse", "RejectResponse"])
@pytest.mark.parametrize(
    ("one", "other", "to"),
    [("alice", "mallory", "alice"), ("alice", "bob", "alice"), ("mallory", "bob", "alice"), ("bob", "alice", "alice")],
)
@pytest.mark.parametrize("accepts", [False, True])
def test_a_client_makes_no_friends_in_other_names(what: str, one: str, other: str, to: str, accepts: bool) -> None:
    account = structs.replace(ACCOUNT, friends_by_clients=accepts)
    content = {"operation": what, "sourceUserId": one, "targetUserId": other, "message": "hi"}
    assert isinstance(decoded("RC:ContactNtf", content, channel="PERSON", to=to, account=account), Ignored)


def test_nor_in_its_own_without_being_asked() -> None:
    content = {"operation": "AcceptResponse", "sourceUserId": "mallory", "targetUserId": "alice", "message": ""}
    assert isinstance(decoded("RC:ContactNtf", content, channel="PERSON", to="alice"), Ignored)
    asked = decoded("RC:ContactNtf", {**content, "operation": "Request"}, channel="PERSON", to="alice")
    assert (asked.event.sender, asked.event.operation) == ("mallory", FriendChanged("alice", "requested"))
    said = decoded("RC:ContactNtf", {**content, "sourceUserId": "bob"}, channel="PERSON", to="alice", source="Server")
    assert (said.event.sender, said.event.operation) == ("bob", FriendChanged("alice", "added"))


@pytest.mark.parametrize("source", CLIENTS)
@pytest.mark.parametrize("admin", [True, 1, "1", "true", False])
def test_a_recall_by_a_client_is_of_its_own_message_or_of_none(source: str, admin: object) -> None:
    content = {"messageUId": "CRER-0001-0125-KAPS", "conversationType": 3, "targetId": "ops", "sentTime": NOW, "isAdmin": admin}
    one = decoded("RC:RcCmd", content, source=source)
    assert isinstance(one.event.operation, Recall)
    assert one.event.sender == "mallory"
    assert one.event.operation.message.own, "delivery compares author and conversation"
    told = decoded("RC:RcCmd", content, source="Server")
    assert not told.event.operation.message.own


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", "nonsense", '{"messageUId": ""}', '{"messageUId": "x", "conversationType": 99}']
)
def test_an_empty_recall_of_a_client_is_nobodys_work(content: str) -> None:
    one = decoded("RC:RcCmd", content)
    assert isinstance(one, Ignored) or one.event.operation.message.own


def test_an_edit_by_a_client_is_of_its_own_message() -> None:
    one = decoded("RC:TxtMsg", {"content": "better"}, channel="ULTRAGROUP", to="ug5", source="", originalMsgUID="CRER-0001-0125-KAPS")
    assert one.event.operation.message.own


def test_a_receipt_is_its_senders() -> None:
    one = decoded("RC:ReadNtf", {"messageUId": "CRER-0001", "lastMessageSendTime": NOW, "type": 1}, channel="PERSON", to="bob")
    assert one.event.sender == "mallory"
    assert isinstance(one.event.operation, Read)
