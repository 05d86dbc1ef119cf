"""Every kind as it is written to Easemob: as the fidelity table says, within the limits, and known again when called back."""

import json
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters import PLATFORMS
from converters.core import bodies, operations, wire
from converters.core.bodies import File, Text
from converters.core.model import Conversation, Delivery, Event, Group, Room, StoredFile, TargetContext, TargetMessage, direct
from converters.core.operations import Post, Quote, Ref
from converters.platform import Callback, DecodedEvent, Encoded, Ignored, OwnEcho, Request
from converters.routing.identity_table import IdentityTable
from converters.routing.route import App, Deliver, route
from tests.narrowed import of_kind

EASEMOB = PLATFORMS["easemob"]
ACCOUNT = EASEMOB.example()
SOURCE = File("https://elsewhere.example/1", name="a.bin")
URL = "https://a1.easemob.com/demo/relay/chatfiles/7d3c1f90"
REF = Ref("9", "x:app:group:9:post")
THERE = TargetContext(
    message=(TargetMessage("601", "alice"),),
    quoted=(TargetMessage("600", "carol"),),
    files=(StoredFile(URL, "s"), StoredFile(f"{URL}-small")),
)
BODIES: list[bodies.Body] = [
    Text("hi"),
    bodies.Image(SOURCE),
    bodies.Gif(SOURCE),
    bodies.Voice(SOURCE, 1000),
    bodies.Video(SOURCE, 1000),
    bodies.Document(SOURCE),
    bodies.Location(31.2, 121.4),
    bodies.Custom("order", {"a": "b"}),
    bodies.Command("refresh"),
    bodies.Forwarded("History"),
    bodies.Card("carol"),
    bodies.Link("https://example.com"),
    bodies.Sticker("a", "b", SOURCE),
    bodies.Notice("carol came in"),
    bodies.Call(video=True),
    bodies.Unknown("HOLOGRAM"),
]
OPERATIONS: list[operations.Operation] = [
    operations.Recall(REF),
    operations.Edit(REF, Text("hello")),
    operations.Read(REF),
    operations.Received(REF),
    operations.Reaction(REF, "👍"),
    operations.Typing(),
    operations.GroupCreated("Team", "alice"),
    operations.GroupDismissed(),
    operations.GroupChanged(name="Team 2"),
    operations.MembersAdded(("bob",)),
    operations.MembersRemoved(("bob",)),
    operations.OwnerChanged("bob"),
    operations.AdminsChanged(("bob",)),
    operations.Muted(("bob",)),
    operations.FriendChanged("bob", "added"),
    operations.BlockChanged("bob"),
    operations.Presence(online=True),
]
CONVERSATIONS: list[Conversation] = [direct("alice", "bob"), Group("team"), Room("lobby")]


def tag(record: Any) -> str:
    return str(record.__struct_config__.tag)


def delivery(operation: operations.Operation, conversation: Conversation = CONVERSATIONS[1], **more: Any) -> Delivery:
    kind = tag(conversation)
    event = Event(
        id=f"x:app:{kind}:7:{tag(operation)}",
        source="app",
        remote_id="7",
        conversation=conversation,
        sender="alice",
        at=1,
        operation=operation,
    )
    receiver = "bob" if kind == "direct" else "270000000000001"
    return Delivery(event=event, target="there", sender="alice", receiver=receiver, received=2, **more)


def written(operation: operations.Operation, there: TargetContext = THERE, **choices: Any) -> Encoded:
    return EASEMOB.encode(delivery(operation), msgspec.structs.replace(ACCOUNT, **choices), there)


def sent(request: Request) -> dict[str, Any]:
    return of_kind(dict, json.loads(request.body))


def test_there_is_an_example_of_every_kind() -> None:
    assert {type(body) for body in BODIES} == set(typing.get_args(bodies.Body))
    assert {type(one) for one in OPERATIONS} | {Post} == set(typing.get_args(operations.Operation))
    assert set(EASEMOB.fidelity) == {tag(one) for one in (*BODIES, *OPERATIONS)} | {"quote"}


@pytest.mark.parametrize("one", [*map(Post, BODIES), *OPERATIONS], ids=operations.kind_of)
def test_the_fidelity_table_says_what_becomes_of_it(one: operations.Operation) -> None:
    kind = operations.kind_of(one)
    encoded = written(one, typing=True)
    match EASEMOB.fidelity[kind].word:
        case "full":
            assert encoded.requests
            assert not encoded.losses
        case "partial":
            assert encoded.requests
            assert encoded.losses or kind == "friend-changed"  # its end is carried in full
        case "shown":
            assert encoded.losses
            assert sent(encoded.requests[0])["type"] == "txt"
        case "refused":
            assert not encoded.requests
            assert encoded.losses


def test_a_quote_is_carried_in_full_where_its_message_is_there() -> None:
    encoded = written(Post(Text("yes"), Quote(REF, "hello")))
    assert EASEMOB.fidelity["quote"].word == "full"
    assert not encoded.losses
    assert sent(encoded.requests[0])["ext"]["msgQuote"]["msgID"] == "600"


@pytest.mark.parametrize("body", BODIES, ids=tag)
def test_no_file_of_another_host_is_written_as_if_it_were_easemobs(body: bodies.Body) -> None:
    for request in written(Post(body), TargetContext()).requests:
        assert sent(request)["type"] in {"txt", "loc", "custom", "cmd"}


@pytest.mark.parametrize("body", BODIES, ids=tag)
@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=tag)
@pytest.mark.parametrize("sender", ["alice", ""])
def test_what_we_write_is_known_when_it_is_called_back(body: bodies.Body, conversation: Conversation, sender: str) -> None:
    said = msgspec.structs.replace(delivery(Post(body, Quote(REF)), conversation), sender=sender)
    (request,) = EASEMOB.encode(said, ACCOUNT, THERE).requests
    message, kind = sent(request), tag(conversation)
    back: dict[str, Any] = {
        "eventType": "chat",
        "chat_type": "chat" if kind == "direct" else "groupchat",
        "from": message["from"],
        "to": message["to"][0],
        "msg_id": "1390000000000000101",
        "payload": {"ext": message["ext"], "bodies": [{"type": message["type"], **message["body"]}]},
    }
    if kind != "direct":
        back |= {"group_id": message["to"][0], "content_type": f"chat:{kind}:x"}
    (echo,) = EASEMOB.decode(Callback("there", json.dumps(back).encode(), 1), ACCOUNT)
    assert isinstance(echo, OwnEcho)
    assert echo.event_id == said.event.id


def test_a_group_that_we_make_is_known_when_it_is_called_back() -> None:
    (request,) = written(operations.GroupCreated("Team", "alice")).requests
    made = sent(request)
    back = {
        "callId": "demo#relay_1",
        "event": "group_op_event",
        "type": "GROUP",
        "id": "270000000000009",
        "operation": "CREATE",
        "operator": "@ppAdmin",
        "payload": {"role": {made["owner"]: "owner"}, "info": {"title": "Team", "custom": made["custom"]}},
    }
    (echo,) = EASEMOB.decode(Callback("there", json.dumps(back).encode(), 1), ACCOUNT)
    assert isinstance(echo, OwnEcho)
    assert (echo.event_id, echo.remote_id) == ("x:app:group:7:group-created", "270000000000009")


@pytest.mark.parametrize("what", ["requested", "refused"])
def test_a_friendship_that_is_asked_for_has_no_call(what: Any) -> None:
    encoded = written(operations.FriendChanged("bob", what))
    assert not encoded.requests
    assert encoded.losses


def test_typing_is_off_by_default() -> None:
    assert not written(operations.Typing()).requests


@pytest.mark.parametrize("operation", OPERATIONS, ids=tag)
def test_what_does_no_more_when_it_is_sent_twice_may_be_sent_twice(operation: operations.Operation) -> None:
    adds = isinstance(operation, operations.GroupCreated)
    assert {request.repeatable for request in written(operation).requests} <= {not adds}


@pytest.mark.parametrize("operation", OPERATIONS, ids=tag)
def test_what_does_something_to_a_message_that_is_not_there_says_so(operation: operations.Operation) -> None:
    if not isinstance(operation, operations.Recall | operations.Edit | operations.Reaction):
        return
    encoded = written(operation, TargetContext())
    assert [loss.what for loss in encoded.losses] == ["message-missing"]
    assert len(encoded.requests) == isinstance(operation, operations.Edit)


letters = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | letters,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters, inner, max_size=3),
)


@given(
    text=st.integers(0, 3000),
    character=st.sampled_from(["x", "好", "\n", "\x01", "👍"]),
    ext=st.dictionaries(letters, values, max_size=3),
    more=st.integers(0, 6000),
    mentioned=st.integers(0, 60),
    preview=st.integers(0, 200),
    name=st.sampled_from(["text", "custom", "command", "card", "link"]),
)
def test_no_message_is_larger_than_easemob_takes(
    text: int, character: str, ext: dict[str, Any], more: int, mentioned: int, preview: int, name: str
) -> None:
    long = character * text
    said: dict[str, bodies.Body] = {
        "text": Text(long, tuple(f"user-{number}-{'z' * 40}" for number in range(mentioned))),
        "custom": bodies.Custom(long, {"k": long}),
        "command": bodies.Command("refresh", long),
        "card": bodies.Card("carol", long),
        "link": bodies.Link("https://example.com", long),
    }
    post = Post(said[name], Quote(REF, character * preview), {**ext, **({"more": "y" * more} if more else {})})
    requests = written(post).requests
    for request in requests:
        message = sent(request)
        assert len(wire.dump_any(message["body"])) + len(wire.dump_any(message["ext"])) < 5000
    if name == "text":
        assert "".join(sent(request)["body"]["msg"] for request in requests) == long


KINDS = ("recall", "edit", "read_ack", "channel_ack", "roster", "muc", "notify", "chat", "groupchat", None)
NAMES = (
    "bodies",
    "ext",
    "type",
    "data",
    "operation",
    "member",
    "info",
    "role",
    "status",
    "meta",
    "from",
    "to",
    "muc_id",
    "ack_message_id",
    "edit_message_id",
    "is_chatroom",
    "reason",
    "mute",
    "admin",
    "announcement",
    "channel_type",
    "new_owner",
)
GROUPS = ("CREATE", "DELETE", "JOIN", "LEAVE", "UPDATE", "ADMIN", "MUTE", "create", "kick", "assing_owner", "add", "ban")
words = st.sampled_from([*GROUPS, "INFO", "DIRECT", "KICK", "reaction", "alice", "acme#shop_bob@easemob.com", "", "@ppAdmin"])


@given(
    kind=st.sampled_from(KINDS),
    top=st.dictionaries(
        st.sampled_from(
            [
                "event",
                "type",
                "operation",
                "operator",
                "id",
                "group_id",
                "from",
                "to",
                "msg_id",
                "callId",
                "user",
                "status",
                "recall_id",
                "timestamp",
                "eventType",
                "content_type",
            ]
        ),
        values | words | st.just("group_op_event") | st.just("1390000000000000101"),
        max_size=10,
    ),
    payload=st.dictionaries(st.sampled_from(NAMES), values | words | st.lists(st.dictionaries(words, values)), max_size=8),
)
def test_odd_events_are_read_or_malformed(kind: str | None, top: dict[str, Any], payload: dict[str, Any]) -> None:
    said = {"chat_type": kind, "from": "alice", "to": "bob", "msg_id": "1", "callId": "a_1", "payload": payload, **top}
    body = json.dumps(said).encode()
    try:
        decoded = EASEMOB.decode(Callback("there", body, 1), ACCOUNT)
    except wire.Malformed:
        return
    assert decoded
    for one in decoded:
        assert isinstance(one, DecodedEvent | OwnEcho | Ignored)
    apps = {name: App(name, EASEMOB, ACCOUNT, name) for name in ("there",)}
    for routed in route(Callback("there", body, 1), apps, IdentityTable()):
        if isinstance(routed, Deliver):
            wire.dump(routed.delivery)
            EASEMOB.encode(routed.delivery, ACCOUNT, THERE)
