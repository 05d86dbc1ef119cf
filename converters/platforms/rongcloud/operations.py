"""What RongCloud says in messages that are none: recalls, receipts, typing, group life, friends.

Source: "RongCloud: Signalling message types", "RongCloud: Notification message types".
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, structs

from converters.core import wire
from converters.core.bodies import Body, Notice
from converters.core.event_id import new_event_id
from converters.core.lenient import milliseconds, true
from converters.core.model import Conversation, Direct, Loss, direct
from converters.core.operations import (
    AdminsChanged,
    Edit,
    FriendChanged,
    GroupChanged,
    GroupCreated,
    GroupDismissed,
    MembersAdded,
    MembersRemoved,
    Operation,
    OwnerChanged,
    Post,
    Read,
    Recall,
    Ref,
    Typing,
)
from converters.platform import Ignored
from converters.platforms.rongcloud.callback import Fields, lowered, place_in
from converters.platforms.rongcloud.content import Content, listed, read, text, user, users
from converters.platforms.rongcloud.object_names import IGNORED
from converters.routing.user_ids import fold

MOST = 100
"""Receipts that one message is read for: each makes an event, and its sender alone says how many there are."""


class ReceivedMessage(Struct, frozen=True):
    """A routed message, as far as it is understood whatever its kind."""

    app: str
    fields: Fields
    content: Content
    conversation: Conversation
    sender: str
    remote_id: str
    at: int
    vouched: bool = False
    """The customer's own server has sent it: what it says of others is believed. What a client sends says something of its user alone."""
    accepts: bool = False
    """A client is believed that its user accepts a friend."""

    def ref(self, uid: str, author: str = "") -> Ref:
        """Names the message *uid*."""
        return Ref(uid, event_id(self.app, self.conversation, uid) if uid else "", author=author)

    def edited(self, uid: str, body: Body, ext: Content) -> Edit:
        """The message *uid* says *body* now."""
        return Edit(structs.replace(self.ref(uid, self.sender), own=not self.vouched), body, ext)


class DecodedChange(Struct, frozen=True):
    """What is not None or "" stands in place of what `ReceivedMessage` has."""

    operation: Operation
    word: str
    """The operation's part of the event id."""
    remote_id: str = ""
    conversation: Conversation | None = None
    sender: str = ""
    losses: tuple[Loss, ...] = ()


def event_id(app: str, conversation: Conversation, uid: str, word: str = "post") -> str:
    return new_event_id("rongcloud", app, str(conversation.__struct_config__.tag), uid, word)


def happened(name: str, arrived: ReceivedMessage) -> tuple[DecodedChange, ...] | Ignored | None:
    """None for a message. Raises Malformed."""
    if (reason := IGNORED.get(name)) is not None:
        return Ignored(reason)
    read_as = _READ.get(name)
    return read_as(arrived) if read_as is not None else None


def recalled(uid: str, by: str, told: Content, at: int, app: str, conversation: Conversation, *, vouched: bool = True) -> DecodedChange:
    """The same whether the command is routed or the message operation callback tells it; *told* has its names in lower case.

    That its sender may recall what others said, a client cannot say.
    """
    admin = vouched and true(told.get("isadmin"))
    ref = Ref(uid, event_id(app, conversation, uid), author="" if admin else by, at=at, own=not vouched)
    return DecodedChange(Recall(ref), "recall", uid, conversation, by)


def _recall(arrived: ReceivedMessage) -> tuple[DecodedChange, ...] | Ignored:
    told = lowered(arrived.content)
    uid = text(told.get("messageuid"))
    conversation = place_in(told, arrived.fields)
    if not uid or conversation is None:
        if not arrived.vouched:
            return Ignored("recall-of-nothing")
        raise wire.Malformed("recall of no message")
    at = milliseconds(_scalar(told.get("senttime")), 0)
    return (recalled(uid, arrived.sender, told, at, arrived.app, conversation, vouched=arrived.vouched),)


def _read(arrived: ReceivedMessage) -> tuple[DecodedChange, ...]:
    uid = text(arrived.content.get("messageUId"))
    until = milliseconds(_scalar(arrived.content.get("lastMessageSendTime")), 0)
    return (DecodedChange(Read(arrived.ref(uid) if uid else None, until), "read"),)


def _read_in_group(arrived: ReceivedMessage) -> tuple[DecodedChange, ...] | Ignored:
    told = read(arrived.content.get("receiptMessageDic")) or {}
    named = [
        (user(author), uid)
        for author, uids in told.items()
        for uid in dict.fromkeys(uid for uid in listed(uids) if isinstance(uid, str) and uid)
    ]
    if not named:
        return Ignored("receipt-of-nothing")
    # The newest are the last ones, and who has read those has seen what lies before.
    lost = (Loss("read", f"{len(named) - MOST} more"),) if len(named) > MOST else ()
    return tuple(
        DecodedChange(Read(arrived.ref(uid, author)), "read", f"{arrived.remote_id}-{uid}", losses=() if place else lost)
        for place, (author, uid) in enumerate(named[-MOST:])
    )


def _typing(arrived: ReceivedMessage) -> tuple[DecodedChange, ...]:
    del arrived
    return (DecodedChange(Typing(), "typing"),)


def _friend(arrived: ReceivedMessage) -> tuple[DecodedChange, ...] | Ignored:
    held = arrived.content
    one, other = user(held.get("sourceUserId")), user(held.get("targetUserId"))
    what: Any = {"Request": "requested", "AcceptResponse": "added", "RejectResponse": "refused"}.get(text(held.get("operation")))
    if not one or not other or what is None:
        return Ignored("friend-other")
    if not arrived.vouched and (
        (what == "added" and not arrived.accepts) or one != fold(arrived.sender) or not _between(arrived.conversation, one, other)
    ):
        # A client can ask and refuse, as its own user and of whom it speaks to. Whether the other one has asked before is not known here.
        return Ignored("friend-by-client")
    changed = FriendChanged(other, what, text(held.get("message")))
    return (DecodedChange(changed, f"friend-{what}", conversation=direct(one, other), sender=one),)


def _between(conversation: Conversation, one: str, other: str) -> bool:
    return isinstance(conversation, Direct) and {fold(user) for user in conversation.users} == {one, other}


def _group(arrived: ReceivedMessage) -> tuple[DecodedChange, ...] | Ignored:
    held = arrived.content
    if not arrived.vouched:
        return _said_of_group(text(held.get("message")))
    operator = user(held.get("operatorUserId")) or arrived.sender
    data = read(held.get("data")) or {}
    operation = _group_life(text(held.get("operation")), operator, data, text(held.get("message")))
    if operation is None:
        return Ignored("group-notice")
    return (DecodedChange(operation, "post" if isinstance(operation, Post) else "group", sender=operator),)


def _said_of_group(said: str) -> tuple[DecodedChange, ...] | Ignored:
    """A notice that a client has sent: no more than words of its user, as on RongCloud itself."""
    if not said:
        return Ignored("group-notice-by-client")
    return (DecodedChange(Post(Notice(said)), "post", losses=(Loss("group-notice-by-client"),)),)


def _group_life(what: str, operator: str, data: Content, said: str) -> Operation | None:
    """An operation that we do not know is the customer's own: what it says is shown."""
    named = users(data.get("targetUserIds"))
    match what:
        case "Create":
            members = tuple(name for name in named if name != operator)
            return GroupCreated(text(data.get("targetGroupName")), operator, members)
        case "Add" if named:
            return MembersAdded(named, "joined" if named == (operator,) else "invited")
        case "Quit":
            return MembersRemoved(named or (operator,), "left")
        case "Kicked" if named:
            return MembersRemoved(named, "kicked")
        case "Rename" if name := text(data.get("targetGroupName")):
            return GroupChanged(name=name)
        case "Bulletin":
            told = next((text(data[key]) for key in ("bulletin", "content", "text") if key in data), said)
            return GroupChanged(announcement=told)
        case "Dismiss":
            return GroupDismissed()
        case "Transfer" if new := user(data.get("newCreatorId") or data.get("newOwnerId")) or "".join(named[:1]):
            return OwnerChanged(new)
        case "SetManager" | "RemoveManager" if named:
            return AdminsChanged(named, what == "SetManager")
        case _:
            return Post(Notice(said, data)) if said else None


def _scalar(value: object) -> Any:
    return value if isinstance(value, str | int | float) else None


_READ: dict[str, Callable[[ReceivedMessage], tuple[DecodedChange, ...] | Ignored]] = {
    "RC:RcCmd": _recall,
    "RC:ReadNtf": _read,
    "RC:RRRspMsg": _read_in_group,
    "RC:TypSts": _typing,
    "RC:ContactNtf": _friend,
    "RC:GrpNtf": _group,
}
