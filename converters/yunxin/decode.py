"""Copies of Yunxin read into events. Source: "Yunxin: Message copy (抄送)", the table of eventType 1 and 4."""

from hashlib import blake2b
from typing import Any

from converters import mark, wire
from converters.lenient import milliseconds, word
from converters.model import Body, Conversation, Direct, Event, Loss, Post, Text, Unknown
from converters.platform import Callback, Decoded, Ignored, OwnEcho, Said
from converters.yunxin.account import Account
from converters.yunxin.callback import MESSAGE, ROOM_MESSAGE, Copy, conversation_of
from converters.yunxin.ids import SUPER

_EVENTS = {
    "2": "login", "3": "logout", "5": "call", "6": "recording", "7": "recall", "8": "recall", "9": "room-member",
    "10": "phone-call", "11": "sms", "12": "sms", "14": "room-queue", "20": "moderation", "25": "recall", "30": "read",
    "31": "signalling", "36": "upload", "42": "heartbeat", "83": "callback-failed", "84": "login-failed", "85": "read",
    "89": "edit", "90": "edit", "91": "edit",
}  # fmt: skip
_TRUE = {"true", "1"}


def decode(callback: Callback, account: Account) -> tuple[Decoded, ...]:
    """What one copy says. Raises Malformed."""
    if "type" in callback.headers:
        return (
            Ignored("other-product"),
        )  # audio and video use the same address, and the same numbers for other events
    copy = wire.load(callback.body, Copy)
    event = word(copy.event_type)
    if not event and callback.body.strip() == b"{}":
        return (Ignored("probe"),)
    if event == MESSAGE and word(copy.conv_type).upper().startswith("CUSTOM_"):
        return (Ignored("event:notice"),)
    if event not in {MESSAGE, ROOM_MESSAGE}:
        return (Ignored(f"event:{_EVENTS.get(event, 'other')}"),)
    if word(copy.blacklist).lower() in _TRUE:
        return (Ignored("blacklisted"),)
    if word(copy.antispam).lower() in _TRUE:
        return (
            Ignored("moderated"),
        )  # held back from the receiver there; it must not reach them by way of us
    if word(copy.msg_type).upper() == "NOTIFICATION":
        return (Ignored("event:group"),)
    return (_message(callback, copy, account),)


def _message(callback: Callback, copy: Copy, account: Account) -> Decoded:
    conversation = conversation_of(copy)
    sender = word(copy.from_account).lower()
    if conversation is None or not sender:
        raise wire.Malformed("message without sender, receiver or a known convType")
    receiver = _receiver(copy, conversation)
    remote_id = _remote_id(copy, callback.body)
    at = milliseconds(copy.msg_timestamp, callback.received)
    ext = _object(copy.ext) if copy.ext else None
    ours = ext.get(account.mark) if ext else None
    # Only the server API sends what is ours: a client that copied our ext along, even in place, says something of its own.
    if ours is not None and word(copy.from_client_type).upper() in {"REST", "32", ""}:
        echo = mark.read(ours, sender, receiver)
        if echo is not None:
            event_id, more = echo
            return Ignored("echo-part") if more else OwnEcho(event_id, remote_id, at, conversation)
    kind = "super" if receiver.startswith(SUPER) else str(conversation.__struct_config__.tag)
    event = Event(
        id=mark.event_id("yunxin", callback.app, kind, remote_id),
        source=callback.app,
        remote_id=remote_id,
        conversation=conversation,
        sender=sender,
        sender_name=word(copy.from_nick),
        at=at,
        operation=Post(_body(copy)),
    )
    lost = bool(copy.ext) and (ext is None or any(key != account.mark for key in ext))
    return Said(event, (Loss("ext"),) if lost else ())


def _receiver(copy: Copy, conversation: Conversation) -> str:
    if isinstance(conversation, Direct):
        return word(copy.to).lower()
    return conversation.id


def _remote_id(copy: Copy, body: bytes) -> str:
    """The server's id; the client's where the server keeps none ("0"); the body's digest where there is neither."""
    server = word(copy.msgid_server)
    if server not in {"", "0"}:
        return server
    return word(copy.msgid_client) or blake2b(body, digest_size=16).hexdigest()


def _body(copy: Copy) -> Body:
    kind = word(copy.msg_type).upper()
    if kind == "TEXT":
        # A room's text lies in attach, anybody else's in body.
        said = copy.attach if word(copy.event_type) == ROOM_MESSAGE else copy.body
        if isinstance(said, str):
            return Text(said)
    return Unknown(kind[:64] or "unknown", {"body": copy.body, "attach": copy.attach})


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, str):
        try:
            value = wire.load_any(value)
        except wire.Malformed:
            return None
    return value if isinstance(value, dict) else None
