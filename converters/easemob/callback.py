"""Callbacks that Easemob posts to us: their shape, and whether they are genuine.

Source: "Easemob: Callback overview", "Easemob: Post-delivery callback".
"""

from typing import Any

from msgspec import Struct, field

from converters import wire
from converters.easemob.account import Account
from converters.easemob.ids import plain
from converters.easemob.signing import signature_fits
from converters.easemob.values import flag, table, text
from converters.ids import fold
from converters.lenient import Word, word
from converters.model import Conversation, Group, Room, conversation_key, direct
from converters.platform import Accepted, Incoming, Rejected, Verdict


class Envelope(Struct, frozen=True):
    """The top level of every callback; which fields are there tells what it is."""

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


def payload_type(envelope: Envelope) -> str:
    kind = envelope.payload.get("type") if isinstance(envelope.payload, dict) else None
    return kind if isinstance(kind, str) else ""


MESSAGES = frozenset({"chat", "groupchat", "group", "chatroom"})


def conversation_of(envelope: Envelope) -> Conversation | None:
    """The conversation in Easemob's own ids; None for what belongs to none."""
    kind, group = word(envelope.chat_type), word(envelope.group_id)
    sender, to = word(envelope.sender), word(envelope.to)
    if kind == "chat" and not group:
        sender, to = plain(sender), plain(to)
        return direct(sender, to) if sender and to else None
    if word(envelope.event) == "group_op_event":
        name = fold(word(envelope.id))
        return (Room(name) if word(envelope.type) == "CHATROOM" else Group(name)) if name else None
    content = word(envelope.content_type)
    payload = envelope.payload if isinstance(envelope.payload, dict) else {}
    if kind == "edit":  # its top level may name who edited in place of who had written
        sender, to = text(payload.get("from")) or sender, text(payload.get("to")) or to
    if kind == "muc" and not group:
        group = plain(text(payload.get("muc_id")).partition("@")[0])
        if not group:
            return None
    if group or kind in {"groupchat", "group", "chatroom"} or _of_group(envelope, kind, payload, to):
        # chat_type says groupchat of rooms too; an offline copy's `to` is a member, so group_id comes first.
        name = fold(_parent(payload) or group or to)
        is_room = (
            kind == "chatroom"
            or content.startswith("chat:room")
            or "chatroom" in (payload.get("type"), payload.get("channel_type"))
            or flag(payload.get("is_chatroom")) is True
        )
        return (Room(name) if is_room else Group(name)) if name else None
    if not kind and envelope.user is not None and envelope.status is not None:
        user = plain(word(envelope.user))
        return direct(user, user) if user else None
    sender, to = plain(sender), plain(to)
    return direct(sender, to) if sender and to and kind else None


def _of_group(envelope: Envelope, kind: str, payload: dict[str, Any], to: str) -> bool:
    """Recalls, edits and receipts in a group need not have a group_id."""
    if kind in MESSAGES or kind == "roster":
        return False
    if "@conference." in word(envelope.channel) or payload.get("channel_type") in ("groupchat", "chatroom"):
        return True
    # Their `to` is a number, as users' ids hardly ever are.
    return to.isdecimal() and len(to) > 11


def _parent(payload: dict[str, Any]) -> str:
    """The group whose thread a message was said in."""
    meta = payload.get("meta")
    return text(table(meta.get("thread")).get("muc_parent_id")) if isinstance(meta, dict) else ""


def check(incoming: Incoming, account: Account, now: int) -> Verdict:
    """Whether a callback is from Easemob and for *account*; the digest covers neither payload nor age, so there is no window."""
    del now
    body = incoming.body
    try:
        envelope = wire.load(body, Envelope)
    except wire.Malformed:
        return Rejected("bad-json", malformed=True)
    app_key = word(envelope.appkey)
    if app_key and app_key.lower() != account.app_key.lower():
        return Rejected("unknown-key")
    security, call_id = word(envelope.security), word(envelope.call_id)
    if not security or not call_id:
        if not (account.unsigned_events and _may_be_unsigned(envelope)):
            return Rejected("unsigned")
    elif not signature_fits(account, call_id, word(envelope.timestamp), security):
        return Rejected("bad-signature")
    conversation = conversation_of(envelope)
    return Accepted(conversation_key(conversation) if conversation else b"?" + account.app_key.encode())


def _may_be_unsigned(envelope: Envelope) -> bool:
    """The kinds whose samples in the documentation bear no signature; of them only reactions are carried."""
    if word(envelope.chat_type) == "notify":
        return payload_type(envelope) in {"reaction", "thread"}
    return word(envelope.step) == "push" and not word(envelope.chat_type)
