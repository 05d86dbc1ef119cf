"""Callbacks that Easemob posts to us: their shape, and whether they are genuine.

Source: "Easemob: Callback overview", "Easemob: Post-delivery callback".
"""

from typing import Any

from msgspec import Struct, field

from converters import wire
from converters.easemob.account import Account
from converters.easemob.ids import plain
from converters.easemob.signing import signature_fits
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


def payload_type(envelope: Envelope) -> str:
    kind = envelope.payload.get("type") if isinstance(envelope.payload, dict) else None
    return kind if isinstance(kind, str) else ""


MESSAGES = frozenset({"chat", "groupchat", "group", "chatroom"})


def conversation_of(envelope: Envelope) -> Conversation | None:
    """The conversation in Easemob's own ids; None for what belongs to none."""
    if word(envelope.event) == "group_op_event":
        name = word(envelope.id).lower()
        return (Room(name) if word(envelope.type) == "CHATROOM" else Group(name)) if name else None
    kind, content = word(envelope.chat_type), word(envelope.content_type)
    group, to = word(envelope.group_id), word(envelope.to)
    if group or kind in {"groupchat", "group", "chatroom"}:
        # chat_type says groupchat of rooms too; an offline copy's `to` is a member, so group_id comes first.
        name = (group or to).lower()
        is_room = (
            kind == "chatroom" or content.startswith("chat:room") or payload_type(envelope) == "chatroom"
        )
        return (Room(name) if is_room else Group(name)) if name else None
    sender = plain(word(envelope.sender))
    if not sender or not to or not kind:
        return None
    # Receipts and recalls in a group have no group_id: their `to` is a number, as users' ids hardly ever are.
    if kind not in MESSAGES and to.isdecimal() and len(to) > 11:
        return Group(to)
    return direct(sender, plain(to))


def check(incoming: Incoming, account: Account, now: int) -> Verdict:
    """Whether a callback is from Easemob and for *account*; the digest covers neither payload nor age, so there is no window."""
    del now
    body = incoming.body
    try:
        envelope = wire.load(body, Envelope)
    except wire.Malformed:
        return Rejected("bad-json")
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
    """The kinds whose samples in the documentation bear no signature; none of them is carried as a message."""
    if word(envelope.chat_type) == "notify":
        return payload_type(envelope) in {"reaction", "thread"}
    return word(envelope.step) == "push" and not word(envelope.chat_type)
