"""What goes to RongCloud, and what its answers mean."""

import json
from urllib.parse import parse_qs

import msgspec
import pytest

from converters import PLATFORMS
from converters.core import wire
from converters.core.bodies import Custom, Notice, Text
from converters.core.model import NOTHING, Conversation, Group, Room, TargetContext, TargetMessage
from converters.core.operations import GroupCreated, MembersAdded, Muted, Post, Recall
from converters.core.outcome import Delivered, NotSent, Refused, Unsure
from converters.platform import Callback, OwnEcho, Reply, Request
from converters.platforms.rongcloud.limits import LIMITS
from tests.converters.examples import EARLIER, OPERATIONS, account_of, delivery_of, there_of
from tests.converters.shapes import NOW, as_callback, body
from tests.simulators.rongcloud.options import Options

RONGCLOUD = PLATFORMS["rongcloud"]
ACCOUNT = RONGCLOUD.example()
RANDOM = msgspec.structs.replace(ACCOUNT, msg_random=True, duplicate_code=1099)


def fields(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)


def answer(code: int, status: int = 200, **more: object) -> Reply:
    return Reply(status, {}, json.dumps({"code": code, **more}).encode())


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_every_message_of_ours_is_known_when_it_comes_back(kind: str) -> None:
    """Read receipts, typing and notices too; a notice that goes with a call is a part."""
    operation = OPERATIONS[kind]
    delivery = delivery_of(operation)
    encoded = RONGCLOUD.encode(delivery, account_of("rongcloud"), there_of("rongcloud", operation))
    for request in encoded.requests:
        if not request.api.endswith("/publish"):
            continue
        (back,) = RONGCLOUD.decode(Callback("new", body("rongcloud", as_callback("rongcloud", request)), NOW), ACCOUNT)
        assert isinstance(back, OwnEcho), request.api
        assert back.event_id == delivery.event.id


@pytest.mark.parametrize("kind", ["group-created", "group-changed", "members-added", "members-removed", "group-dismissed"])
def test_the_echo_of_a_bound_notice_is_no_evidence(kind: str) -> None:
    delivery = delivery_of(OPERATIONS[kind])
    (request,) = RONGCLOUD.encode(delivery, ACCOUNT, NOTHING).requests
    sent = {name: values[0] for name, values in fields(request).items()}
    assert sent["bindNotifyMsg"] == "true"
    routed = {
        "fromUserId": sent["fromUserId"],
        "toUserId": sent["groupId"],
        "objectName": sent["objectName"],
        "content": sent["content"],
        "channelType": "GROUP",
        "msgTimestamp": str(NOW),
        "msgUID": "A",
        "source": "Server",
    }
    (echo,) = RONGCLOUD.decode(Callback("new", body("rongcloud", routed), NOW), ACCOUNT)
    assert isinstance(echo, OwnEcho)
    assert echo.more, "of the call that makes the group it proves nothing"


def test_a_repeat_has_the_same_random_number_and_every_part_its_own() -> None:
    long = delivery_of(Post(Text("好" * 20_000)))
    requests = RONGCLOUD.encode(long, RANDOM, NOTHING).requests
    numbers = [fields(request)["msgRandom"][0] for request in requests]
    assert len(set(numbers)) == len(numbers) > 1
    assert all(0 <= int(number) < 1 << 63 for number in numbers)
    assert numbers == [fields(request)["msgRandom"][0] for request in RONGCLOUD.encode(long, RANDOM, NOTHING).requests]
    assert all(request.repeatable for request in requests)
    (plain,) = RONGCLOUD.encode(delivery_of(Post(Text("hi"))), ACCOUNT, NOTHING).requests
    assert not plain.repeatable
    assert "msgRandom" not in fields(plain)


def test_the_code_of_a_repeat_is_a_setting() -> None:
    (request,) = RONGCLOUD.encode(delivery_of(Post(Text("hi"))), RANDOM, NOTHING).requests
    assert RONGCLOUD.read_reply(request, answer(1099, 400)) == Delivered("")
    assert isinstance(RONGCLOUD.read_reply(request, answer(1098, 400)), Refused)
    (plain,) = RONGCLOUD.encode(delivery_of(Post(Text("hi"))), ACCOUNT, NOTHING).requests
    assert isinstance(RONGCLOUD.read_reply(plain, answer(1099, 400)), Refused)
    silent = msgspec.structs.replace(RANDOM, duplicate_code=0)
    (request,) = RONGCLOUD.encode(delivery_of(Post(Text("hi"))), silent, NOTHING).requests
    assert isinstance(RONGCLOUD.read_reply(request, answer(0, 200)), Refused), "0 is no code"


def test_too_many_calls_are_waited_out_whatever_was_called() -> None:
    request = Request("POST", "/", {}, b"", "group/join")
    outcome = RONGCLOUD.read_reply(request, answer(1008, 429))
    assert isinstance(outcome, NotSent)
    assert outcome.throttled
    assert isinstance(RONGCLOUD.read_reply(request, answer(1000, 500)), Unsure)


def test_a_new_group_has_the_id_that_we_gave_it() -> None:
    delivery = delivery_of(OPERATIONS["group-created"])
    (request,) = RONGCLOUD.encode(delivery, ACCOUNT, NOTHING).requests
    made = RONGCLOUD.read_reply(request, answer(200, messageUID="A", memberCount=3))
    assert made == Delivered(fields(request)["groupId"][0])
    assert isinstance(made, Delivered)
    assert made.remote_id.isalnum()
    assert len(made.remote_id) <= 64
    assert request.repeatable


def test_long_lists_go_in_calls_of_as_many_as_are_taken() -> None:
    many = tuple(f"user{number}" for number in range(2_500))
    made = RONGCLOUD.encode(delivery_of(GroupCreated("n", "alice", many)), ACCOUNT, NOTHING).requests
    assert [len(fields(request)["userId"]) for request in made] == [1000, 1000, 501]
    assert len({fields(request)["groupId"][0] for request in made}) == 1
    assert RONGCLOUD.read_reply(made[-1], answer(200)) == Delivered(fields(made[0])["groupId"][0])
    added = RONGCLOUD.encode(delivery_of(MembersAdded(many)), ACCOUNT, NOTHING).requests
    assert [len(fields(request)["userId"]) for request in added] == [1000, 1000, 500]
    assert [("content" in fields(request)) for request in added] == [True, False, False], "one notice"
    muted = RONGCLOUD.encode(delivery_of(Muted(many[:41])), ACCOUNT, NOTHING).requests
    assert [len(fields(request)["userId"]) for request in muted] == [20, 20, 1]
    for request in (*made, *added, *muted):
        assert len(request.body) < 100_000


@pytest.mark.parametrize("until", [NOW - 1, NOW + 1, NOW + 90_000, NOW + (1 << 40)])
def test_a_mute_has_minutes_that_are_taken(until: int) -> None:
    (request,) = RONGCLOUD.encode(delivery_of(Muted(("carol",), until=until)), ACCOUNT, NOTHING).requests
    assert 1 <= int(fields(request)["minute"][0]) <= 43_200


def test_an_extension_that_is_too_large_is_left_out_and_what_is_still_too_large_is_a_text() -> None:
    encoded = RONGCLOUD.encode(delivery_of(Post(Text("hi"), ext={"a": "好" * 20_000})), ACCOUNT, NOTHING)
    assert [loss.what for loss in encoded.losses] == ["ext"]
    assert len(encoded.requests[0].body) < 2_000
    encoded = RONGCLOUD.encode(delivery_of(Post(Custom("App:X", {"a": "好" * 20_000}))), ACCOUNT, NOTHING)
    assert [loss.what for loss in encoded.losses] == ["size"]
    assert fields(encoded.requests[0])["objectName"] == ["RC:TxtMsg"]
    encoded = RONGCLOUD.encode(delivery_of(Post(Notice("好" * 20_000))), ACCOUNT, NOTHING)
    assert [loss.what for loss in encoded.losses] == ["size"]
    assert all(len(request.body) < 100_000 for request in encoded.requests)


def test_a_message_without_id_cannot_be_taken_back() -> None:
    """Older deployments tell no id."""
    encoded = RONGCLOUD.encode(delivery_of(Recall(EARLIER)), ACCOUNT, TargetContext(message=(TargetMessage(""),)))
    assert encoded.requests == ()
    assert [loss.what for loss in encoded.losses] == ["message-missing"]


LOOK_UP = RONGCLOUD.look_up


@pytest.mark.parametrize(
    ("conversation", "own", "path", "who"),
    [
        (None, True, "private", ("alice", "bob")),
        (None, False, "private", ("bob", "alice")),
        (Group("team"), True, "group", ("alice", "1101")),
        (Room("team"), True, "chatroom", ("alice", "1101")),
    ],
)
def test_a_send_in_doubt_is_looked_for_in_the_history(
    conversation: Conversation | None, own: bool, path: str, who: tuple[str, str]
) -> None:
    assert LOOK_UP is not None
    account = msgspec.structs.replace(ACCOUNT, include_sender=own)
    delivery = delivery_of(Post(Text("hi")), conversation)
    asked = LOOK_UP.ask(delivery, account, NOW - 5, NOW)
    assert asked is not None
    assert asked.path == f"/v3/message/{path}/query.json"
    said = wire.load_any(asked.body)
    assert (said["userId"], said["targetId"]) == who
    assert (said["startTime"], said["endTime"]) == (str(NOW - 5), str(NOW))


@pytest.mark.parametrize("as_object", [False, True])
def test_what_is_found_there_is_ours_only_with_our_mark(as_object: bool) -> None:
    assert LOOK_UP is not None
    delivery, other = delivery_of(Post(Text("hi"))), delivery_of(OPERATIONS["custom"])
    (request,) = RONGCLOUD.encode(delivery, ACCOUNT, NOTHING).requests
    content: object = fields(request)["content"][0]
    if as_object:
        content = json.loads(str(content))
    strange = {"messageUID": "A-1", "msgTime": NOW, "content": '{"content":"hi"}'}
    ours = {"messageUID": "A-2", "msgTime": str(NOW), "content": content}
    assert LOOK_UP.read(delivery, ACCOUNT, answer(200, data=[strange, ours]), 0) == Delivered("A-2", NOW)
    assert LOOK_UP.read(delivery, ACCOUNT, answer(200, data=[strange]), 0) is None
    reply = answer(200, data=[strange, ours])
    changed = msgspec.structs.replace(other, event=msgspec.structs.replace(other.event, id="yunxin:old:direct:79:post"))
    assert LOOK_UP.read(changed, ACCOUNT, reply, 0) is None
    assert LOOK_UP.read(delivery, ACCOUNT, answer(200), 0) is None
    assert LOOK_UP.read(delivery, ACCOUNT, Reply(200, {}, b"ok"), 0) is None


def test_an_ultra_groups_channel_is_asked_for_by_its_name() -> None:
    assert LOOK_UP is not None
    delivery = msgspec.structs.replace(delivery_of(Post(Text("hi")), Group("team")), receiver="ultra-ug5/general")
    asked = LOOK_UP.ask(delivery, ACCOUNT, NOW - 5, NOW)
    assert asked is not None
    said = wire.load_any(asked.body)
    assert (said["targetId"], said["busChannel"]) == ("ug5", "general")


def test_sends_have_the_vendors_limits_each_target_counting() -> None:
    given = Options()
    rates = {api: (limit.amount / limit.seconds, limit.counts) for limit in LIMITS for api in limit.apis}
    assert rates["message/private/publish"] == (given.limit_private_messages_per_minute / 60, "messages")
    assert rates["message/group/publish"] == (given.limit_group_messages, "messages")
    assert rates["message/chatroom/publish"] == (given.limit_room_messages, "messages")
    assert rates["message/system/publish"] == (given.limit_system_messages, "messages")
    assert rates["*"] == (given.limit_calls, "calls")


def test_an_account_is_made_by_asking_for_its_token() -> None:
    assert RONGCLOUD.register is not None
    request = RONGCLOUD.register("lin01", "Lin Mei", ACCOUNT)
    assert (request.path, fields(request)) == ("/user/getToken.json", {"userId": ["lin01"], "name": ["Lin Mei"]})
    assert request.repeatable
    assert RONGCLOUD.read_reply(request, answer(200, userId="lin01", token="t")) == Delivered("")
    assert fields(RONGCLOUD.register("lin01", "", ACCOUNT))["name"] == ["lin01"], "RongCloud wants a name"
