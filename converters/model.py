"""What every platform says, in the relay's own words: the canonical model.

Ids in here are canonical: the customer's own user ids, and for groups the name that `identities` gives them. A platform's
package reads its callbacks into these records and writes them out again; nothing else knows its fields. A tag, once
shipped, never changes: records of it lie in Kafka for weeks.
"""

from typing import Any

from msgspec import Struct


class Direct(Struct, frozen=True, tag="direct", tag_field="kind"):
    """Two people; *users* are sorted, so that both directions are one conversation."""

    users: tuple[str, str]


class Group(Struct, frozen=True, tag="group", tag_field="kind"):
    id: str


class Room(Struct, frozen=True, tag="room", tag_field="kind"):
    """A chat room: members come and go, nothing is kept for those who are away."""

    id: str


Conversation = Direct | Group | Room


def direct(one: str, other: str) -> Direct:
    """The conversation of two people, whoever speaks."""
    return Direct((one, other) if one <= other else (other, one))


def conversation_key(conversation: Conversation) -> bytes:
    """The key of a conversation's records in Kafka; 0x1f cannot occur in an id."""
    match conversation:
        case Direct(users=(one, other)):
            return f"direct\x1f{one}\x1f{other}".encode()
        case Group(id=name):
            return f"group\x1f{name}".encode()
        case Room(id=name):
            return f"room\x1f{name}".encode()


class Text(Struct, frozen=True, tag="text", tag_field="kind", omit_defaults=True):
    text: str


class Unknown(Struct, frozen=True, tag="unknown", tag_field="kind", omit_defaults=True):
    """A kind that we have not met, carried whole."""

    vendor_kind: str
    payload: dict[str, Any] = {}


Body = Text | Unknown


class Post(Struct, frozen=True, tag="post", tag_field="op"):
    """Somebody said something."""

    body: Body


Operation = Post
"""What an event does; recalls, edits and receipts join this union."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened on a platform."""

    id: str
    """`platform:app:conversation kind:platform message id:operation`; the same for every copy of the callback."""
    source: str
    """The app (of the settings) in which it happened."""
    remote_id: str
    """The platform's own id of the message."""
    conversation: Conversation
    sender: str
    sender_name: str = ""
    at: int
    """Milliseconds since 1970, by the platform's clock."""
    operation: Operation


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event on its way to one target, its ids already in the target's own words."""

    event: Event
    target: str
    """The app (of the settings) that receives it."""
    sender: str
    """The sender's id at the target."""
    receiver: str
    """The user, group or room at the target."""
    received: int
    """Milliseconds since 1970, by the ingress's clock."""


class Echo(Struct, frozen=True, kw_only=True):
    """The target called back with our mark: the event is there."""

    event: str
    target: str
    remote_id: str
    at: int


class Loss(Struct, frozen=True):
    """A part of an event that the target cannot carry; never shown to users, always counted."""

    what: str
    detail: str = ""
