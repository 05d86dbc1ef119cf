"""A user puts a mark on a message, so that it, or somebody else's, is taken for what the relay has sent: it is relayed as the user's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from converters import PLATFORMS
from converters.core.model import NOTHING, Delivery, Event, Group, direct
from converters.core.operations import GroupCreated, Post
from converters.platform import Callback, DecodedEvent, OwnEcho
from converters.text import echo_mark
from converters.text.echo_mark import MarkedMessage
from tests.converters.shapes import NOW, as_callback, body, message, shape

MARKED = sorted(name for name in PLATFORMS if hasattr(PLATFORMS[name].example(), "mark"))
VICTIM = "yunxin:old:direct:1700:recall"
OLD = "yunxin:old:direct:1700:post"


class _Old:
    """What somebody has who knows how release 0.1.0 made its marks."""

    mark_secret, mark_secret_previous, mark_unkeyed_until = "of nobody", "", 1


def guessed(event: str, where: MarkedMessage) -> dict[str, Any]:
    """As 0.1.0 made it."""
    made = echo_mark.make(event, where, _Old(), at=0)
    return {"id": event, "d": made["d"]}


FORGED: dict[str, Callable[[str, MarkedMessage], dict[str, Any]]] = {
    "made as releases without a key did": guessed,
    "made under a key of one's own": lambda event, where: echo_mark.make(
        event, where, structs.replace(PLATFORMS["yunxin"].example(), mark_secret="of mallory and no other")
    ),
    "without a digest worth the name": lambda event, _: {"id": event, "k": ""},
    "with an empty digest of each kind": lambda event, _: {"id": event, "k": "", "d": ""},
    "with the old digest beside a false one": lambda event, where: {**guessed(event, where), "k": "0" * 32},
}


def said(name: str, held: dict[str, Any], **more: Any) -> DecodedEvent:
    account: Any = PLATFORMS[name].example()
    sent = message(name, sender="mallory", to="bob", ext={account.mark: held}, **more)
    (one,) = PLATFORMS[name].decode(Callback("new", body(name, sent), NOW), account)
    assert isinstance(one, DecodedEvent), "it has vanished"
    return one


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("event", [OLD, VICTIM])
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_mark_makes_nothing_vanish(name: str, event: str, forge: Callable[[str, MarkedMessage], dict[str, Any]]) -> None:
    one = said(name, forge(event, MarkedMessage("new", "direct", "mallory", "bob")))
    assert one.unfit
    assert one.event.sender == "mallory"
    assert isinstance(one.event.operation, Post)
    account: Any = PLATFORMS[name].example()
    assert account.mark not in one.event.operation.ext, "nor does it travel on"


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize(
    "other",
    [
        MarkedMessage("new", "direct", "alice", "bob"),
        MarkedMessage("new", "direct", "mallory", "carol"),
        MarkedMessage("other", "direct", "mallory", "bob"),
        MarkedMessage("new", "group", "mallory", "bob"),
        MarkedMessage("new", "room", "mallory", "bob"),
        MarkedMessage("new", echo_mark.NEW_GROUP, "mallory", ""),
    ],
)
def test_a_mark_of_the_relays_own_fits_no_other_message(name: str, other: MarkedMessage) -> None:
    made = echo_mark.make(OLD, other, PLATFORMS[name].example())
    assert said(name, made).unfit == echo_mark.UNFIT


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("change", [{"id": VICTIM}, {"part": 1}, {"more": True}, {"id": OLD.replace("1700", "1701")}])
def test_nor_does_it_fit_when_a_word_of_it_is_changed(name: str, change: dict[str, Any]) -> None:
    made = echo_mark.make(OLD, MarkedMessage("new", "direct", "mallory", "bob"), PLATFORMS[name].example())
    assert said(name, {**made, **change}).unfit == echo_mark.UNFIT


@pytest.mark.parametrize("name", ["rongcloud", "yunxin"])
def test_what_a_client_sends_is_its_users_own_even_where_the_mark_fits(name: str) -> None:
    account: Any = PLATFORMS[name].example()
    made = echo_mark.make(OLD, MarkedMessage("new", "direct", "mallory", "bob"), account)
    sent = message(name, sender="mallory", to="bob", ext={account.mark: made})
    sent |= {"source": "iOS"} if name == "rongcloud" else {"fromClientType": "IOS"}
    (one,) = PLATFORMS[name].decode(Callback("new", body(name, sent), NOW), account)
    assert isinstance(one, DecodedEvent)
    assert one.unfit == echo_mark.CLIENT


def test_a_custom_notification_of_a_client_is_no_echo_on_yunxin() -> None:
    account: Any = PLATFORMS["yunxin"].example()
    for kind, held in (
        ("IOS", echo_mark.make(OLD, MarkedMessage("new", "direct", "mallory", "bob"), account)),
        ("REST", guessed(OLD, MarkedMessage("new", "direct", "mallory", "bob"))),
    ):
        copy = {
            "eventType": "1",
            "convType": "CUSTOM_PERSON",
            "msgType": "CUSTOM_P2P_MSG",
            "fromAccount": "mallory",
            "to": "bob",
            "fromClientType": kind,
            "msgTimestamp": str(NOW),
            "msgidServer": "77",
            "attach": json.dumps({"a": 1, account.mark: held}),
        }
        (one,) = PLATFORMS["yunxin"].decode(Callback("new", json.dumps(copy).encode(), NOW), account)
        assert isinstance(one, DecodedEvent)
        assert one.unfit


def _making(name: str, owner: str) -> tuple[dict[str, Any], Any]:
    """The callback of a group that the relay has made, and the account."""
    account: Any = PLATFORMS[name].example()
    event = Event(
        id="rongcloud:old:group:9:group-created",
        source="old",
        remote_id="9",
        conversation=Group("ops"),
        sender=owner,
        at=NOW,
        operation=GroupCreated("Ops", owner, ("bob",)),
    )
    delivery = Delivery(event=event, target="new", sender=owner, receiver="", received=NOW)
    (request,) = PLATFORMS[name].encode(delivery, account, NOTHING).requests
    custom = json.loads(request.body)["custom"] if name == "easemob" else ""
    return {"custom": custom}, account


def test_a_user_who_makes_a_group_with_what_lies_in_one_of_ours_has_made_a_group() -> None:
    held, account = _making("easemob", "mallory")

    def made(operator: str, custom: str) -> Any:
        told = {
            "callId": "demo#relay_1",
            "id": "271",
            "type": "GROUP",
            "event": "group_op_event",
            "operation": "CREATE",
            "operator": operator,
            "timestamp": NOW,
            "payload": {"role": {"mallory": "owner"}, "member": ["bob"], "info": {"title": "Mine", "custom": custom}},
        }
        (one,) = PLATFORMS["easemob"].decode(Callback("new", json.dumps(told).encode(), NOW), account)
        return one

    assert isinstance(made("@ppAdmin", held["custom"]), OwnEcho), "what the relay makes is known"
    assert made("mallory", held["custom"]).unfit == echo_mark.CLIENT
    old = json.dumps({account.mark: guessed(OLD, MarkedMessage("new", echo_mark.NEW_GROUP, "mallory", ""))})
    assert made("@ppAdmin", old).unfit == echo_mark.UNKEYED


@pytest.mark.parametrize(
    "relay", [{"id": OLD}, {"id": OLD, "proof": ""}, {"id": OLD, "proof": "0" * 32}, {"id": VICTIM, "app": "old", "platform": "yunxin"}]
)
def test_an_own_servers_event_with_relay_that_somebody_else_wrote_is_carried(relay: dict[str, Any]) -> None:
    own = PLATFORMS["own"]
    sent = message("own", sender="mallory", to="bob") | {"relay": relay}
    (one,) = own.decode(Callback("new", body("own", sent), NOW), own.example())
    assert isinstance(one, DecodedEvent)
    assert one.unfit
    assert one.event.sender == "mallory"


def test_and_one_that_was_moved_to_another_event_is_as_well() -> None:
    own = PLATFORMS["own"]
    event = Event(
        id=OLD, source="old", remote_id="1", conversation=direct("alice", "bob"), sender="alice", at=NOW, operation=message_of("hi")
    )
    delivery = Delivery(event=event, target="new", sender="alice", receiver="bob", received=NOW)
    (request,) = own.encode(delivery, own.example(), NOTHING).requests
    back = as_callback("own", request)
    (one,) = own.decode(Callback("new", body("own", back), NOW), own.example())
    assert isinstance(one, OwnEcho), "its own is known"
    for other in shape("own").elsewhere(back, "mallory"):
        kept = other | {"relay": back["relay"]}
        (one,) = own.decode(Callback("new", body("own", kept), NOW), own.example())
        assert isinstance(one, DecodedEvent), kept
        assert one.unfit == echo_mark.UNFIT


def message_of(text: str) -> Post:
    from converters.core.bodies import Text

    return Post(Text(text))
