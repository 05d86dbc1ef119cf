"""What an event must hold. Source: docs/own.md, "Operations". Fields that it does not name are refused here,
although the relay passes them over: a developer would want to know of them."""

from collections.abc import Mapping
from typing import Any

Fields = Mapping[str, Any]

FILE = {"url": str, "secret": str, "inline": str, "name": str, "size": int, "mime": str, "md5": str}
PICTURE = {"file": FILE, "width": int, "height": int, "thumbnail": FILE}
BODIES: dict[str, Fields] = {
    "text": {"text": str, "mentions": list, "everybody": bool},
    "image": PICTURE,
    "gif": PICTURE,
    "voice": {"file": FILE, "duration": int},
    "video": PICTURE | {"duration": int},
    "file": {"file": FILE},
    "location": {"latitude": float | int, "longitude": float | int, "title": str, "address": str},
    "custom": {"name": str, "data": object},
    "command": {"name": str, "data": object},
    "forwarded": {"title": str, "summary": list, "text": str, "file": FILE},
    "card": {"user": str, "name": str, "avatar": str},
    "link": {"url": str, "title": str, "text": str, "image": str},
    "sticker": {"set": str, "name": str, "file": FILE},
    "notice": {"text": str, "data": object},
    "call": {"video": bool, "state": str, "duration": int},
    "unknown": {"vendor_kind": str, "payload": dict},
}
REF = {"id": str, "event": str, "client_id": str, "author": str, "at": int}
QUOTE = {"message": REF, "text": str, "kind": str}
OPERATIONS: dict[str, Fields] = {
    "post": {"body": BODIES, "quote": QUOTE, "ext": dict},
    "recall": {"message": REF, "notice": str},
    "edit": {"message": REF, "body": BODIES, "ext": dict},
    "read": {"message": REF, "until": int},
    "received": {"message": REF},
    "reaction": {"message": REF, "emoji": str, "added": bool},
    "typing": {"active": bool},
    "group-created": {"name": str, "owner": str, "members": list, "description": str, "avatar": str},
    "group-changed": {"name": str, "description": str, "announcement": str, "avatar": str},
    "group-dismissed": {},
    "members-added": {"users": list, "how": str},
    "members-removed": {"users": list, "how": str},
    "owner-changed": {"user": str},
    "admins-changed": {"users": list, "added": bool},
    "muted": {"users": list, "muted": bool, "until": int},
    "friend-changed": {"user": str, "what": str, "message": str},
    "block-changed": {"user": str, "blocked": bool},
    "presence": {"online": bool, "device": str},
}
CONVERSATIONS: dict[str, Fields] = {"direct": {"users": list}, "group": {"id": str}, "room": {"id": str}}
RELAY = {"id": str, "app": str, "platform": str, "proof": str, "late": bool, "silent": bool}
THERE = {"message": str, "quoted": str}
EVENT: Fields = {"id": str, "sender": str, "sender_name": str, "client_id": str, "at": int, "relay": RELAY, "there": THERE}
NEEDED = ("id", "conversation", "at", "operation")


def flaw(event: Any) -> str | None:
    """What keeps *event* from being one."""
    if not isinstance(event, dict):
        return "an event is an object"
    for name in NEEDED:
        if not event.get(name):
            return f"{name} is missing"
    rest = {name: value for name, value in event.items() if name not in ("conversation", "operation")}
    return (
        wrong(rest, EVENT, "event")
        or one_of(event["conversation"], "kind", CONVERSATIONS, "conversation")
        or one_of(event["operation"], "op", OPERATIONS, "operation")
    )


def one_of(value: Any, tag: str, forms: Mapping[str, Fields], where: str) -> str | None:
    if not isinstance(value, dict) or not isinstance(value.get(tag), str) or value[tag] not in forms:
        return f"{where}: no such {tag}"
    return wrong({name: inner for name, inner in value.items() if name != tag}, forms[value[tag]], where)


def wrong(value: Mapping[str, Any], fields: Fields, where: str) -> str | None:
    for name, inner in value.items():
        kind = fields.get(name)
        if kind is None:
            return f"{where}.{name} is not known"
        if kind is BODIES:
            said = one_of(inner, "kind", BODIES, f"{where}.{name}")
        elif isinstance(kind, dict):
            said = "is no object" if not isinstance(inner, dict) else wrong(inner, kind, f"{where}.{name}")
        else:
            said = None if isinstance(inner, kind) else f"{where}.{name} is of the wrong type"
        if said:
            return said
    return None
