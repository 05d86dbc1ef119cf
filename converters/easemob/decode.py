"""Callbacks of Easemob read into events. Source: "Easemob: Post-delivery callback", "Easemob: Callback events"."""

from typing import Any

from converters import mark, wire
from converters.easemob.account import Account
from converters.easemob.callback import MESSAGES, Envelope, conversation_of, payload_type
from converters.easemob.ids import plain
from converters.lenient import milliseconds, word
from converters.model import Body, Direct, Event, Loss, Post, Text, Unknown
from converters.platform import Callback, Decoded, Ignored, OwnEcho, Said

_EVENTS = {
    "recall": "recall",
    "edit": "edit",
    "read_ack": "read",
    "channel_ack": "read",
    "roster": "friend",
    "muc": "group",
}


def decode(callback: Callback, account: Account) -> tuple[Decoded, ...]:
    """What one callback says. Raises Malformed."""
    envelope = wire.load(callback.body, Envelope)
    if word(envelope.chat_type) in MESSAGES:
        said_when = word(envelope.event_type)
        if said_when == "chat_offline":
            # One more for each receiver that is away; the message itself came as `chat`.
            return (Ignored("offline-copy"),)
        if not said_when:
            return (
                Ignored("pre-delivery"),
            )  # a rule of the other stage points here; the message may yet be stopped
        return (_message(callback, envelope, account),)
    return (Ignored(_event(envelope)),)


def _event(envelope: Envelope) -> str:
    kind = word(envelope.chat_type)
    if word(envelope.event) == "group_op_event":
        return "event:group"
    if word(envelope.step) == "push":
        return "event:push"
    if word(envelope.event_type) == "keyword_alert":
        return "event:moderation"
    if envelope.status is not None and envelope.user is not None:
        return "event:online"
    if kind == "notify":
        inner = payload_type(envelope)
        return f"event:{inner}" if inner in {"reaction", "thread"} else "event:other"
    if not kind and envelope.call_id is None:
        return "probe" if envelope == Envelope() else "event:other"
    return f"event:{_EVENTS.get(kind, 'other')}"


def _message(callback: Callback, envelope: Envelope, account: Account) -> Decoded:
    conversation = conversation_of(envelope)
    sender = plain(word(envelope.sender))
    remote_id = word(envelope.msg_id)
    if conversation is None or not sender or not remote_id:
        raise wire.Malformed("message without from, to or msg_id")
    payload = envelope.payload if isinstance(envelope.payload, dict) else {}
    receiver = plain(word(envelope.to)) if isinstance(conversation, Direct) else conversation.id
    at = milliseconds(envelope.timestamp, callback.received)
    ext = payload.get("ext")
    ext = ext if isinstance(ext, dict) else {}
    echo = mark.read(ext.get(account.mark), sender, receiver)
    if echo is not None:
        event_id, more = echo
        return Ignored("echo-part") if more else OwnEcho(event_id, remote_id, at, conversation)
    body = _body(payload)
    if body is None:
        return Ignored("command")
    event = Event(
        id=mark.event_id("easemob", callback.app, str(conversation.__struct_config__.tag), remote_id),
        source=callback.app,
        remote_id=remote_id,
        conversation=conversation,
        sender=sender,
        at=at,
        operation=Post(body),
    )
    return Said(event, _losses(ext, account))


def _losses(ext: dict[str, Any], account: Account) -> tuple[Loss, ...]:
    lost = {"mentions" if key == "em_at_list" else "ext" for key in ext if key != account.mark}
    return tuple(Loss(what) for what in sorted(lost))


def _body(payload: dict[str, Any]) -> Body | None:
    """None for a command: apps talk to each other by it, people never see it."""
    bodies = payload.get("bodies")
    body = bodies[0] if isinstance(bodies, list) and bodies else None
    if not isinstance(body, dict):
        return Unknown("unknown", payload)
    kind = body.get("type")
    if kind == "cmd":
        return None
    if body.get("subType") == "sub_combine":
        return Unknown("combine", body)
    if kind == "txt" and isinstance(body.get("msg"), str):
        return Text(body["msg"])
    return Unknown(kind[:64] if isinstance(kind, str) else "unknown", body)
