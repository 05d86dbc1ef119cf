"""Callbacks in JSON, which are no messages: who is there, what was taken back, and what belongs to services beside the chat.

Source: "RongCloud: Online status subscription", "RongCloud: Message operation callback".
"""

from typing import Any

from converters.core import wire
from converters.core.lenient import milliseconds
from converters.core.model import Event, direct
from converters.core.operations import Operation, Presence
from converters.platform import Callback, Decoded, DecodedEvent, Ignored
from converters.platforms.rongcloud.callback import lowered, told_in
from converters.platforms.rongcloud.content import text, user
from converters.platforms.rongcloud.operations import event_id, recalled

RECALLED, DELETED = "1", "2"
ONLINE = "0"

# By a field that the others do not have.
_SERVICES = {
    "serviceProvider": "moderation",
    "resultDetail": "moderation",
    "userProfile": "profile",
    "userExtProfile": "profile",
    "operateId": "account",
    "chatroomId": "room",
    "bot": "bot",
    "toUserId": "friend",
}


def told(value: object, callback: Callback) -> tuple[Decoded, ...]:
    """Raises Malformed."""
    if isinstance(value, list):
        if not value or not all(isinstance(one, dict) for one in value):
            raise wire.Malformed("a list of no changes")
        return tuple(_presence(one, callback) for one in value)
    if not isinstance(value, dict):
        raise wire.Malformed("neither an object nor a list")
    if "conversationInfo" in value or "originalMsgInfo" in value:
        return (_operated(value, callback),)
    return (_beside(value),)


def _beside(value: dict[str, Any]) -> Ignored:
    return Ignored(next((f"event:{word}" for name, word in _SERVICES.items() if name in value), "event:other"))


def _presence(one: dict[str, Any], callback: Callback) -> Decoded:
    who, status = user(one.get("userid")), text(one.get("status"))
    if not who or status not in {"0", "1", "2"}:
        return _beside(one)
    at = milliseconds(text(one.get("time")), callback.received)
    place = direct(who, who)
    operation = Presence(status == ONLINE, text(one.get("os")))
    # A device that comes back at once does so in another session, or at another time.
    return _said(f"{who}/{one.get('sessionId')}/{at}/{status}", "presence", operation, who, at, place, callback)


def _operated(value: dict[str, Any], callback: Callback) -> Decoded:
    kind = text(value.get("eventType"))
    if kind == DELETED:
        return Ignored("event:delete")  # from one's own history; everybody else still has it
    if kind != RECALLED:
        return Ignored("event:other")
    conversation, original = told_in(value), value.get("originalMsgInfo")
    uid = text(original.get("messageId")) if isinstance(original, dict) else ""
    sender = user(value.get("fromUserId"))
    if conversation is None or not isinstance(original, dict) or not uid:
        raise wire.Malformed("recall of no message")
    sent = milliseconds(text(original.get("messageTime")), 0)
    done = recalled(uid, sender, lowered(value.get("recallMsgInfo")), sent, callback.app, conversation)
    at = milliseconds(text(value.get("optTime")), callback.received)
    return _said(uid, done.word, done.operation, sender, at, conversation, callback)


def _said(uid: str, word: str, operation: Operation, sender: str, at: int, place: Any, callback: Callback) -> DecodedEvent:
    event = Event(
        id=event_id(callback.app, place, uid, word),
        source=callback.app,
        remote_id=uid,
        conversation=place,
        sender=sender,
        at=at,
        operation=operation,
    )
    return DecodedEvent(event)
