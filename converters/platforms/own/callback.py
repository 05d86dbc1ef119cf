"""Webhooks of the own server: their shape, and whether they are genuine. Source: docs/own.md."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from converters.core import wire
from converters.core.model import Conversation, Direct, Group, Room, conversation_key, direct
from converters.platform import Accepted, EarlyRejection, Incoming, Probe, Rejected, Verdict
from converters.platforms.own.account import OwnAccount
from converters.platforms.own.public import MOST, OwnEvent
from converters.platforms.own.signing import fault, untimely


class _Shape(Struct, frozen=True):
    """What has to be known to store an event; the rest is read when it is converted."""

    conversation: Conversation


class _Sent(Struct, frozen=True):
    sender: str = ""


def events_of(body: bytes, shape: Any = OwnEvent) -> tuple[Any, ...]:
    """The events of a webhook, one or several. Raises Malformed."""
    # Each form is read by its own decoder: the union's errors would not say where.
    if body.lstrip()[:1] == b"[":
        return wire.load(body, tuple[shape, ...])
    return (wire.load(body, shape),)


def place(conversation: Conversation) -> Conversation:
    """*conversation* with its ids checked, two people sorted. Raises Malformed."""
    match conversation:
        case Direct(users=(one, other)):
            return direct(plain(one), plain(other))
        case Group(id=name):
            return Group(plain(name))
        case Room(id=name):
            return Room(plain(name))


def plain(given: str) -> str:
    """The id of a user, group or room, as it is spelled. Raises Malformed."""
    if not given or not given.isprintable():
        raise wire.Malformed("an id of a user, group or room is empty, or cannot be shown")
    return given


def author(body: bytes) -> str:
    """The sender of all its events."""
    try:
        senders = {one.sender for one in events_of(body, _Sent)}
    except wire.Malformed:
        return ""
    return senders.pop() if len(senders) == 1 else ""


def check_headers(headers: Mapping[str, str], query: str, account: OwnAccount, now: int) -> EarlyRejection | None:
    """Whether there is a signature at all, and of when."""
    del query
    wrong = untimely(headers, account, now)
    return EarlyRejection(wrong) if wrong else None


def check(incoming: Incoming, account: OwnAccount, now: int) -> Verdict:
    """Whether a webhook is the own server's, and can be kept; `[]` tries the address. All of one request goes under one key."""
    wrong = fault(incoming.headers, incoming.body, account, now)
    if wrong:
        return Rejected(wrong)
    try:
        shapes = events_of(incoming.body, _Shape)
        places = {place(each.conversation) for each in shapes}
    except wire.Malformed:
        return Rejected("bad-json", malformed=True)
    if not places:
        return Probe()
    if len(shapes) > MOST:
        return Rejected("too-many-events", malformed=True)
    if len(places) > 1:
        return Rejected("several-conversations", malformed=True)
    return Accepted(conversation_key(places.pop()))
