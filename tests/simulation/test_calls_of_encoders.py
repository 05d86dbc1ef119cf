"""What the encoders write of Yunxin's rooms and reactions, and of RongCloud's ultra groups, rooms and mutes, is taken by a server, and does what it says."""

import time
from typing import Any

import httpx
import orjson
import pytest
from msgspec.structs import replace

from converters import PLATFORMS
from converters.core.bodies import Text
from converters.core.model import Conversation, Delivery, Direct, Event, Group, Room, TargetContext, TargetMessage
from converters.core.operations import (
    AdminsChanged,
    Edit,
    GroupChanged,
    GroupDismissed,
    MembersRemoved,
    Muted,
    Operation,
    Post,
    Reaction,
    Read,
    Recall,
    Ref,
)
from converters.core.outcome import Delivered
from converters.platform import Callback, DecodedEvent, OwnEcho, Reply
from tests.simulation.conftest import Start
from tests.simulation.receiver import Receiver
from tests.simulation.rongcloud_calls import call as call_rongcloud
from tests.simulation.rongcloud_calls import fields
from tests.simulation.yunxin_calls import call as call_yunxin
from tests.simulation.yunxin_calls import call_v2
from tests.simulators.client import SimulatorClient

HTTP = httpx.Client(trust_env=False)
NONCE = "5f1d7c0e9a3b4c2d8e6f7a8b9c0d1e2f"


class Relay:
    """Deliveries of the relay at one simulator, over real HTTP."""

    def __init__(self, platform: str, simulator: SimulatorClient, **settings: Any) -> None:
        self.platform, self.simulator = PLATFORMS[platform], simulator
        base = f"{simulator.url}/nimserver" if platform == "yunxin" else simulator.url
        self.account = replace(self.platform.example(), base_url=base, operator="alice", **settings)
        self.number = 0

    def does(
        self, operation: Operation, where: Conversation, receiver: str, there: TargetContext | None = None, *, sender: str = "alice"
    ) -> list[Delivered]:
        """What became of it; each call is done at once."""
        self.number += 1
        event = Event(
            id=f"x:app:group:{self.number}:post",
            source="app",
            remote_id=str(self.number),
            conversation=where,
            sender=sender,
            at=int(time.time() * 1000),
            operation=operation,
        )
        delivery = Delivery(event=event, target="there", sender=sender, receiver=receiver, received=event.at)
        encoded = self.platform.encode(delivery, self.account, there or TargetContext())
        assert encoded.requests, encoded.losses
        outcomes = []
        for request in encoded.requests:
            headers = self.platform.auth.headers(self.account, int(time.time()), NONCE)  # type: ignore[call-arg, arg-type]
            url = self.account.base_url + request.path
            answer = HTTP.request(request.method, url, content=request.body, headers={**request.headers, **headers})
            outcome = self.platform.read_reply(request, Reply(answer.status_code, dict(answer.headers), answer.content))
            assert isinstance(outcome, Delivered), (request.api, outcome, answer.text)
            outcomes.append(outcome)
        return outcomes

    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = self.simulator.journal("accepted")[-1]
        return found


def decoded(platform: str, got: Any) -> Any:

    (one,) = PLATFORMS[platform].decode(Callback("there", got.raw, int(time.time() * 1000), got.headers), PLATFORMS[platform].example())
    return one


ROOM = Room("room")


@pytest.fixture
def yunxin(start: Start) -> Relay:
    return Relay("yunxin", start("yunxin", room={"9911": ["alice", "bob"]}))


def room_of(relay: Relay) -> dict[str, Any]:
    found: dict[str, Any] = call_yunxin(relay.simulator, "chatroom/get", {"roomid": "9911"})["chatroom"]
    return found


def test_a_room_of_yunxin_is_renamed_and_told_the_news(yunxin: Relay) -> None:
    yunxin.does(GroupChanged(name="Hall", announcement="closed at six"), ROOM, "9911")
    assert (room_of(yunxin)["name"], room_of(yunxin)["announcement"]) == ("Hall", "closed at six")


def test_a_room_of_yunxin_is_muted_and_freed(yunxin: Relay) -> None:
    yunxin.does(Muted(), ROOM, "9911")
    assert room_of(yunxin)["muted"] is True
    with pytest.raises(ValueError, match="13004"):
        yunxin.simulator.say("bob", "9911", "hi", type="room")
    yunxin.simulator.say("alice", "9911", "the owner may", type="room")
    yunxin.does(Muted(muted=False), ROOM, "9911")
    yunxin.simulator.say("bob", "9911", "hi", type="room")


def test_somebody_in_a_room_of_yunxin_is_muted_made_manager_and_put_out(yunxin: Relay, receiver: Receiver) -> None:
    yunxin.does(Muted(("bob",)), ROOM, "9911")
    with pytest.raises(ValueError, match="13004"):
        yunxin.simulator.say("bob", "9911", "hi", type="room")
    yunxin.does(AdminsChanged(("bob",)), ROOM, "9911")
    yunxin.simulator.say("bob", "9911", "managers may", type="room")
    yunxin.does(AdminsChanged(("bob",), added=False), ROOM, "9911")
    yunxin.does(Muted(("bob",), muted=False), ROOM, "9911")
    yunxin.does(MembersRemoved(("bob",), "kicked"), ROOM, "9911")
    assert (yunxin.last()["api"], yunxin.last()["user"]) == ("chatroom.kick", "bob")
    told = decoded("yunxin", receiver.wait(2)[-1])
    assert isinstance(told, DecodedEvent)
    assert told.event.operation == MembersRemoved(("bob",), "kicked")


def test_a_room_of_yunxin_is_closed(yunxin: Relay) -> None:
    yunxin.does(GroupDismissed(), ROOM, "9911")
    assert room_of(yunxin)["valid"] is False
    with pytest.raises(ValueError, match="13002"):
        yunxin.simulator.say("alice", "9911", "hi", type="room")
    yunxin.does(GroupDismissed(), ROOM, "9911")  # a repeat is done already


def test_a_message_in_a_room_of_yunxin_is_recalled(yunxin: Relay) -> None:
    (sent,) = yunxin.does(Post(Text("oops")), ROOM, "9911")
    there = TargetContext((TargetMessage(sent.remote_id, "alice", sent.at or 0),))
    yunxin.does(Recall(Ref("5")), ROOM, "9911", there)
    assert (yunxin.last()["api"], yunxin.last()["id"]) == ("recall", sent.remote_id)


@pytest.mark.parametrize("settings", [{"api": "v1"}, {"api": "v2"}])
def test_a_reaction_is_a_quick_comment_at_yunxin(start: Start, receiver: Receiver, settings: dict[str, Any]) -> None:
    relay = Relay("yunxin", start("yunxin"), reactions={"👍": 7}, **settings)
    place = Direct(("alice", "bob"))
    said = relay.simulator.say("bob", "alice", "hi")
    copy = receiver.wait(1)[0].body
    there = TargetContext((TargetMessage(said["id"], "bob", int(copy["msgTimestamp"]), copy["msgidClient"]),))

    def comments() -> Any:
        message = {
            "conversation_type": 1,
            "sender_id": "bob",
            "receiver_id": "alice",
            "message_server_id": int(said["id"]),
            "message_client_id": copy["msgidClient"],
            "create_time": int(copy["msgTimestamp"]),
        }
        asked = call_v2(relay.simulator, "POST", "messages/actions/quick_comment", {"messages": [message]})
        return [(one["operator_id"], one["index"]) for one in asked["data"]["success_list"][0]["comments"]]

    relay.does(Reaction(Ref("5"), "👍"), place, "bob", there)
    relay.does(Reaction(Ref("5"), "👍"), place, "bob", there)
    assert comments() == [("alice", 7)]
    relay.does(Reaction(Ref("5"), "👍", added=False), place, "bob", there)
    assert comments() == []


def test_a_reaction_finds_what_the_relay_itself_sent_with_v2(start: Start) -> None:
    relay = Relay("yunxin", start("yunxin"), reactions={"👍": 7}, api="v2")
    place = Direct(("alice", "bob"))
    (sent,) = relay.does(Post(Text("hi")), place, "bob")
    there = TargetContext((TargetMessage(sent.remote_id, "alice", sent.at or 0),))
    relay.does(Reaction(Ref("1", event="x:app:group:1:post"), "👍"), place, "alice", there, sender="bob")
    assert (relay.last()["api"], relay.last()["id"], relay.last()["index"]) == ("reaction", sent.remote_id, 7)


@pytest.mark.parametrize("spelling", ["ingore_revoke_time", "ignore_revoke_time"])
def test_yunxin_takes_either_spelling(start: Start, spelling: str) -> None:
    simulator = start("yunxin", recall_window=-1.0)
    said = simulator.say("alice", "bob", "hi")
    path = f"conversations/alice|1|bob/messages/{said['id']}"
    assert call_v2(simulator, "DELETE", path, type="2")["code"] == 107314
    assert call_v2(simulator, "DELETE", path, type="2", **{spelling: "1"})["code"] == 200


def test_a_recall_of_v2_has_its_words(start: Start, receiver: Receiver) -> None:
    relay = Relay("yunxin", start("yunxin"), api="v2")
    place = Group("team")
    (sent,) = relay.does(Post(Text("oops")), place, "6001")
    relay.does(Recall(Ref("5"), "taken back & gone"), place, "6001", TargetContext((TargetMessage(sent.remote_id, "alice", sent.at or 0),)))
    assert receiver.wait(2)[-1].body["selfMsg"] == "taken back & gone"


def test_a_receipt_in_a_team_of_v2(start: Start) -> None:
    relay = Relay("yunxin", start("yunxin"), api="v2")
    said = relay.simulator.say("bob", "6001", "hi", type="group")
    relay.does(Read(Ref("5")), Group("team"), "6001", TargetContext((TargetMessage(said["id"], "bob", 1),)))
    assert relay.last()["read"] == [said["id"]]


@pytest.fixture
def rongcloud(start: Start) -> Relay:
    return Relay("rongcloud", start("rongcloud"))


@pytest.mark.parametrize(("receiver_id", "bus"), [("ultra-ug5", ""), ("ultra-ug5/general", "general")])
def test_ultra_groups_of_rongcloud(rongcloud: Relay, receiver: Receiver, receiver_id: str, bus: str) -> None:
    place = Group(receiver_id)
    (sent,) = rongcloud.does(Post(Text("frist", mentions=("bob",))), place, receiver_id)
    routed = fields(receiver.wait(1)[0])
    assert (routed["channelType"], routed["toUserId"], routed["busChannel"], routed["msgUID"]) == ("ULTRAGROUP", "ug5", bus, sent.remote_id)
    told = decoded("rongcloud", receiver.wait(1)[0])
    assert isinstance(told, OwnEcho)
    assert (told.event_id, told.conversation) == ("x:app:group:1:post", place)
    there = TargetContext((TargetMessage(sent.remote_id, "alice", int(routed["msgTimestamp"])),))
    rongcloud.does(Edit(Ref("5"), Text("first")), place, receiver_id, there)
    assert (rongcloud.last()["api"], rongcloud.last()["text"]) == ("edit", "first")
    assert fields(receiver.wait(2)[1])["originalMsgUID"] == sent.remote_id
    rongcloud.does(Recall(Ref("5")), place, receiver_id, there)
    command = orjson.loads(fields(receiver.wait(3)[2])["content"])
    assert (command["messageUId"], command["conversationType"], command["targetId"]) == (sent.remote_id, 10, "ug5")
    recalled = decoded("rongcloud", receiver.wait(3)[2])
    assert isinstance(recalled, DecodedEvent)
    assert recalled.event.conversation == place


def test_a_room_of_rongcloud_is_destroyed(rongcloud: Relay) -> None:
    rongcloud.does(Post(Text("hi")), ROOM, "room7")
    rongcloud.does(GroupDismissed(), ROOM, "room7")
    assert (rongcloud.last()["api"], rongcloud.last()["rooms"]) == ("room.destroy", ["room7"])
    with pytest.raises(ValueError, match="23410"):
        rongcloud.simulator.say("bob", "room7", "hi", type="room")


def test_a_group_of_rongcloud_is_muted_and_freed(rongcloud: Relay) -> None:
    rongcloud.does(Muted(), Group("team"), "6001")
    assert call_rongcloud(rongcloud.simulator, "group/ban/query", {"groupId": "6001"})["groupinfo"] == [{"groupId": "6001", "stat": 1}]
    with pytest.raises(ValueError, match="22408"):
        rongcloud.simulator.say("bob", "6001", "hi", type="group")
    rongcloud.does(Post(Text("the server may")), Group("team"), "6001")
    rongcloud.does(Muted(muted=False), Group("team"), "6001")
    rongcloud.simulator.say("bob", "6001", "hi", type="group")


def test_rongcloud_takes_booleans_and_times_as_sdks_write_them(rongcloud: Relay) -> None:
    form = {
        "fromUserId": "alice",
        "toUserId": "bob",
        "objectName": "RC:TxtMsg",
        "content": '{"content":"hi"}',
        "expansion": "True",
        "disablePush": "False",
    }
    (told,) = call_rongcloud(rongcloud.simulator, "message/private/publish", form)["messageUIDs"]
    recall = {"fromUserId": "alice", "conversationType": 1, "targetId": "bob", "messageUID": told["messageUID"], "sentTime": 1}
    assert call_rongcloud(rongcloud.simulator, "message/recall", recall) == {"code": 200}
