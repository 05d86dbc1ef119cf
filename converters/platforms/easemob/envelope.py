"""The top level of Easemob's callbacks, and what a callback is. Source: "Easemob: Callback overview", "Easemob: Post-delivery callback"."""

from typing import Any, Literal

from msgspec import Struct, field, json, structs

from converters.core.lenient import Word, word
from converters.core.model import Conversation, Group, Room, direct
from converters.platforms.easemob.ids import plain
from converters.platforms.easemob.values import flag, table, text
from converters.routing.user_ids import fold


class Envelope(Struct, frozen=True):
    """The top level of every callback; which fields are there tells what it is: see `what_is`."""

    call_id: Word = field(default=None, name="callId")
    event_type: Word = field(default=None, name="eventType")
    timestamp: Word = None
    chat_type: Word = None
    content_type: Word = None
    group_id: Word = None
    sender: Word = field(default=None, name="from")
    to: Word = None
    msg_id: Word = None
    payload: Any = None
    appkey: Word = None
    security: Word = None
    event: Word = None
    id: Word = None
    type: Word = None
    step: Word = None
    status: Word = None
    user: Word = None
    recall_id: Word = None
    channel: Word = field(default=None, name="channel_channel")
    operation: Word = None
    operator: Word = None


class SignedFields(Struct, frozen=True):
    """What of the top level tells whether it is genuine."""

    call_id: Word = field(default=None, name="callId")
    timestamp: Word = None
    security: Word = None
    appkey: Word = None


What = Literal[
    "message", "offline-copy", "pre-delivery", "group", "push", "moderation", "presence", "reaction", "thread", "notify",
    "group-legacy", "edit", "recall", "read", "friend", "probe", "other",
]  # fmt: skip

UNSIGNED: frozenset[What] = frozenset({"reaction", "thread", "push"})
"""What the documentation shows without a signature. The last two cause nothing; of the first see `MOST_UNSIGNED`."""

_MESSAGES = frozenset({"chat", "groupchat", "group", "chatroom"})
_BY_CHAT_TYPE: dict[str, What] = {
    "muc": "group-legacy", "edit": "edit", "recall": "recall", "read_ack": "read", "channel_ack": "read", "roster": "friend",
}  # fmt: skip


def what_is(envelope: Envelope) -> What:
    """The one place that decides it: who checks a callback and who reads it both ask here."""
    kind = word(envelope.chat_type)
    if kind in _MESSAGES:
        said_when = word(envelope.event_type)
        if said_when == "chat_offline":
            return "offline-copy"  # one more for each receiver that is away; the message itself came as `chat`
        # A rule of the other stage may point here; that message may yet be stopped.
        return "message" if said_when else "pre-delivery"
    if word(envelope.event) == "group_op_event":
        return "group"
    if word(envelope.step) == "push":
        return "push"
    if word(envelope.event_type) == "keyword_alert":
        return "moderation"
    if envelope.status is not None and envelope.user is not None:
        return "presence"
    if kind == "notify":
        match table(envelope.payload).get("type"):
            case "reaction":
                return "reaction"
            case "thread":
                return "thread"
            case _:
                return "notify"
    if kind in _BY_CHAT_TYPE:
        return _BY_CHAT_TYPE[kind]
    return "probe" if envelope == Envelope() else "other"


def is_signed(envelope: Envelope | SignedFields) -> bool:
    """Whether it has what a signature is made of; half of that is none."""
    return bool(word(envelope.security) and word(envelope.call_id))


def meaning(envelope: Envelope) -> bytes:
    """All of *envelope* that is ever read, in one form whatever the order of its fields; not what only tells how it was sent."""
    return json.encode(structs.replace(envelope, security=None), order="deterministic")


def conversation_of(envelope: Envelope) -> Conversation | None:
    """The conversation in Easemob's own ids; None for what belongs to none."""
    what, payload = what_is(envelope), table(envelope.payload)
    sender, to = word(envelope.sender), word(envelope.to)
    group, kind = word(envelope.group_id), word(envelope.chat_type)
    match what:
        case "push" | "moderation" | "probe":
            return None
        case "group":
            name = fold(word(envelope.id))
            return (Room(name) if word(envelope.type) == "CHATROOM" else Group(name)) if name else None
        case "presence":
            user = plain(word(envelope.user))
            return direct(user, user) if user else None
        case "message" | "offline-copy" | "pre-delivery":
            if kind == "chat" and not group:
                return _between(sender, to)
            return _place(envelope, payload, group or to)
        case "group-legacy":
            group = group or plain(text(payload.get("muc_id")).partition("@")[0])
            return _place(envelope, payload, group) if group else None
        case "edit":  # its top level may name who edited in place of who had written
            sender, to = text(payload.get("from")) or sender, text(payload.get("to")) or to
        case _:
            pass
    if group or (what != "friend" and _of_group(envelope, payload, to)):
        return _place(envelope, payload, group or to)
    return _between(sender, to) if kind else None


def _between(sender: str, to: str) -> Conversation | None:
    sender, to = plain(sender), plain(to)
    return direct(sender, to) if sender and to else None


def _place(envelope: Envelope, payload: dict[str, Any], group: str) -> Conversation | None:
    # chat_type says groupchat of rooms too; an offline copy's `to` is a member, so group_id comes first.
    name = fold(_parent(payload) or group)
    is_room = (
        word(envelope.chat_type) == "chatroom"
        or word(envelope.content_type).startswith("chat:room")
        or "chatroom" in (payload.get("type"), payload.get("channel_type"))
        or flag(payload.get("is_chatroom")) is True
    )
    return (Room(name) if is_room else Group(name)) if name else None


def _of_group(envelope: Envelope, payload: dict[str, Any], to: str) -> bool:
    """Recalls, edits and receipts in a group need not have a group_id."""
    if "@conference." in word(envelope.channel) or payload.get("channel_type") in ("groupchat", "chatroom"):
        return True
    # Their `to` is a number, as users' ids hardly ever are.
    return to.isdecimal() and len(to) > 11


def _parent(payload: dict[str, Any]) -> str:
    """The group whose thread a message was said in."""
    meta = payload.get("meta")
    return text(table(meta.get("thread")).get("muc_parent_id")) if isinstance(meta, dict) else ""
