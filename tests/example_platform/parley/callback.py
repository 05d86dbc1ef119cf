"""Webhooks of Parley: their form, and whether they are genuine. Source: "Webhooks"."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from converters.core import wire
from converters.core.model import Conversation, Group, Room, conversation_key, direct
from converters.platform import Accepted, EarlyRejection, Incoming, Probe, Rejected, Verdict
from tests.example_platform.parley.account import ParleyAccount
from tests.example_platform.parley.signing import fault, untimely


class Channel(Struct, frozen=True):
    type: Literal["user", "group", "room"]
    id: str


class Webhook(Struct, frozen=True, rename={"app_key": "appKey", "message_id": "messageId", "sender": "from", "at": "sentAt"}):
    event: str
    app_key: str
    channel: Channel
    sender: str
    message_id: str
    at: Annotated[int, Meta(ge=1, lt=1 << 53)]
    via: str = "client"
    content: dict[str, Any] = {}
    meta: dict[str, Any] = {}


class _Ping(Struct, frozen=True):
    event: str


def place(said: Webhook) -> Conversation:
    """Raises Malformed."""
    sender, to = plain(said.sender), plain(said.channel.id)
    match said.channel.type:
        case "user":
            return direct(sender, to)
        case "group":
            return Group(to)
        case "room":
            return Room(to)


def plain(given: str) -> str:
    """An id as it is spelled. Raises Malformed."""
    if not given or not given.isprintable():
        raise wire.Malformed("an id is empty, or cannot be shown")
    return given


def check_headers(headers: Mapping[str, str], query: str, account: ParleyAccount, now: int) -> EarlyRejection | None:
    """Whether the body is worth reading: without a timely signature it is not."""
    del query, account
    wrong = untimely(headers, now)
    return EarlyRejection(wrong) if wrong else None


def author(body: bytes) -> str:
    try:
        return wire.load(body, Webhook).sender
    except wire.Malformed:
        return ""


def check(incoming: Incoming, account: ParleyAccount, now: int) -> Verdict:
    """Whether a webhook is Parley's, and of this app."""
    wrong = fault(incoming.headers, incoming.body, account, now)
    if wrong:
        return Rejected(wrong)
    try:
        if wire.load(incoming.body, _Ping).event == "ping":
            return Probe()
        said = wire.load(incoming.body, Webhook)
        key = conversation_key(place(said))
    except wire.Malformed:
        return Rejected("bad-json", malformed=True)
    if said.app_key != account.app_key:
        return Rejected("unknown-key")
    return Accepted(key)
